//! Where orders come from, and the one door that all of them go through: [`intake`].

pub mod answers;
pub mod cli;
mod desk;
pub mod github;
pub mod hook;
pub mod intake;
mod payload;
pub mod schedule;
pub mod signature;
pub mod slack;
mod waiting;

use innkeeper_core::BoxFuture;
use innkeeper_core::request::{AskingId, NewAsking, NewRequest, Origin, SlackOrigin};
use innkeeper_core::store::Queued;

pub use intake::Intake;

/// Something that somebody said to the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// By what a repetition is recognised; see [`NewAsking::key`](innkeeper_core::request::NewAsking::key).
    pub key: Option<String>,
    /// Who said it and where.
    pub origin: Origin,
    /// What was said, without the mention of the bot, as Slack sent it (escaped).
    pub text: String,
    /// Whether it is an edit of something said before.
    pub edit: bool,
}

/// What became of an asking. It is durable when this is returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It had been heard before; nothing new came of it.
    Repeated,
    /// Requests were accepted or joined.
    Accepted {
        /// The asking's number.
        asking: AskingId,
        /// What it caused.
        requests: Vec<Queued>,
    },
    /// It was answered without a run. The answer is in the outbox.
    Answered {
        /// The asking's number.
        asking: AskingId,
        /// Whether the answer does what was asked (help, status), and is no refusal or apology.
        done: bool,
    },
    /// It is kept, and will be decided when the directory of users has answered.
    Undecided {
        /// The asking's number.
        asking: AskingId,
    },
}

/// The part of the [`Intake`] that takes orders which name their jobs.
pub trait Orders: Send + Sync {
    /// See [`Intake::order`].
    fn order(&self, asking: NewAsking, orders: Vec<NewRequest>) -> BoxFuture<'_, anyhow::Result<Heard>>;

    /// See [`Intake::heard_from`].
    fn heard_from(
        &self,
        failure: Option<String>,
        asking: NewAsking,
        request: NewRequest,
    ) -> BoxFuture<'_, anyhow::Result<()>>;
}

impl Orders for Intake {
    fn heard_from(
        &self,
        failure: Option<String>,
        asking: NewAsking,
        request: NewRequest,
    ) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(Self::heard_from(self, failure, asking, request))
    }

    fn order(&self, asking: NewAsking, orders: Vec<NewRequest>) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(Self::order(self, asking, orders))
    }
}

/// The part of the [`Intake`] that takes GitHub's deliveries, which order and speak.
pub trait Reception: Send + Sync {
    /// See [`Intake::order_together`].
    fn order_together(&self, orders: Vec<(NewAsking, Vec<NewRequest>)>) -> BoxFuture<'_, anyhow::Result<Vec<Heard>>>;

    /// See [`Intake::hear`].
    fn hear(&self, said: Said) -> BoxFuture<'_, anyhow::Result<Heard>>;

    /// See [`Intake::refuse`].
    fn refuse(&self, asking: NewAsking) -> BoxFuture<'_, anyhow::Result<Heard>>;
}

impl Reception for Intake {
    fn order_together(&self, orders: Vec<(NewAsking, Vec<NewRequest>)>) -> BoxFuture<'_, anyhow::Result<Vec<Heard>>> {
        Box::pin(Self::order_together(self, orders))
    }

    fn hear(&self, said: Said) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(Self::hear(self, said))
    }

    fn refuse(&self, asking: NewAsking) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(Self::refuse(self, asking))
    }
}

/// Who somebody in Slack is, as far as permissions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A full member of this workspace.
    Member,
    /// A guest, a stranger from a shared channel, a bot, or a deactivated account.
    Outsider,
}

/// The directory of users, cached.
pub trait Directory: Send + Sync {
    /// What is known of the user without asking anybody. None: nothing, or it is too old.
    fn known(&self, who: &SlackOrigin) -> Option<Standing>;

    /// Asks Slack (`users.info`), and remembers.
    ///
    /// # Errors
    /// A sentence that says why Slack could not be asked. The caller tries again.
    fn look_up<'a>(&'a self, who: &'a SlackOrigin) -> BoxFuture<'a, Result<Standing, String>>;
}
