//! Where orders come from, and the one door that all of them go through: [`Intake`].

use innkeeper_core::BoxFuture;
use innkeeper_core::request::{AskingId, NewAsking, NewRequest, Origin, RequestId, SlackOrigin};

/// The one door to the queue: recognise repetitions, read, authorise, accept, answer.
pub struct Intake {}

/// Something that somebody said to the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// By what a repetition is recognised; see [`NewAsking::key`].
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
        requests: Vec<RequestId>,
    },
    /// It was answered without a run: help, a refusal, an apology. The answer is in the outbox.
    Answered {
        /// The asking's number.
        asking: AskingId,
    },
    /// It is kept, and will be decided when the directory of users has answered.
    Undecided {
        /// The asking's number.
        asking: AskingId,
    },
}

impl Intake {
    /// Hears what somebody said. When this returns, it is durable and may be acknowledged.
    ///
    /// # Errors
    /// The store's: nothing was kept, and nothing may be acknowledged.
    pub async fn hear(&self, said: Said) -> anyhow::Result<Heard> {
        let _ = said;
        anyhow::bail!("not built yet")
    }

    /// Accepts orders that name their jobs (webhooks). An empty list is kept and answered by nothing.
    ///
    /// # Errors
    /// The store's: nothing was kept, and nothing may be acknowledged.
    pub async fn order(&self, asking: NewAsking, orders: Vec<NewRequest>) -> anyhow::Result<Heard> {
        let _ = (asking, orders);
        anyhow::bail!("not built yet")
    }

    /// Keeps what a source sent and nobody could read, so that it is not lost, and says so in the log.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    pub async fn keep_unreadable(&self, source: &str, body: &str, why: &str) -> anyhow::Result<()> {
        let _ = (source, body, why);
        anyhow::bail!("not built yet")
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
