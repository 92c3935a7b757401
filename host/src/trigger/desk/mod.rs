//! Where it is decided what is done about an asking: what was said, who may, and what is answered. It changes nothing: what
//! it decides is one commit of the intake's.
//!
//! ```text
//!   case      one asking: what it says, whether who says it may, what is answered
//!   orders    commands of namespaces, and the cancelling of requests
//!   logs      what a run wrote
//!   services  how services are, who is on them, who is on duty
//!   people    who is told of services
//!   calls     messages that call by a keyword
//!   ration    how often those of namespaces that are not trusted do
//! ```

mod calls;
mod case;
mod logs;
mod orders;
mod people;
mod ration;
mod services;

use std::sync::Arc;

use innkeeper_core::command::Catalogue;
use innkeeper_core::config::Config;
use innkeeper_core::keyword::Book;
use innkeeper_core::message::{Message, NewDelivery, Post};
use innkeeper_core::request::Origin;
use innkeeper_core::store::{Cause, Caused};

use self::case::Case;
use self::ration::Ration;
use super::intake::IntakeParts;
use super::{Standing, waiting};
use crate::current::Derived;

pub(super) use innkeeper_core::store::Answer;

/// The reaction on a message that is not listened to.
pub(super) const REFUSED: &str = "x";

/// What is to be done about an asking.
pub(super) enum Decision {
    /// This, in one commit, with an answer that may depend on what came of it. `refused`: the answer is a refusal.
    Do {
        cause: Cause,
        answer: Answer,
        refused: bool,
    },
    /// It depends on who asks, and the directory has to be asked first.
    AskDirectory,
}

/// Where it is decided what is done about an asking. Shared with look-ups that go on after a trigger was answered.
pub(super) struct Desk {
    pub(super) parts: IntakeParts,
    menu: Derived<Menu>,
    ration: Ration,
}

/// What there is to ask for.
struct Menu {
    config: Arc<Config>,
    catalogue: Catalogue,
    /// Without the restricted namespaces.
    for_everybody: Catalogue,
    /// Which words call whom.
    keywords: Arc<Book>,
}

impl Menu {
    fn of(config: &Arc<Config>) -> Self {
        let catalogue = Catalogue::new(config);
        let for_everybody = catalogue.namespaces().filter(|namespace| !namespace.restricted);
        Self {
            config: config.clone(),
            for_everybody: for_everybody.cloned().collect(),
            keywords: Arc::new(Book::new(config)),
            catalogue,
        }
    }

    /// Of this, what there is to ask of one namespace.
    fn only(&self, namespace: &str) -> Self {
        Self {
            config: self.config.clone(),
            catalogue: self.catalogue.only(namespace),
            for_everybody: self.for_everybody.only(namespace),
            keywords: self.keywords.clone(),
        }
    }
}

impl Desk {
    pub(super) fn new(parts: IntakeParts) -> Self {
        Self {
            menu: Derived::new(parts.current.clone(), Menu::of),
            ration: Ration::default(),
            parts,
        }
    }

    /// Who asks, as far as it is known without asking Slack.
    pub(super) fn known_standing(&self, origin: &Origin) -> Option<Standing> {
        let directory = self.parts.directory.as_ref()?;
        directory.known(&*origin.in_slack()?)
    }

    /// Which words in messages call whom.
    pub(super) fn keywords(&self) -> Arc<Book> {
        self.menu.get().keywords.clone()
    }

    /// Reads a text and decides what is done about it. `standing` is who asks, as far as is known.
    pub(super) async fn decide(
        &self,
        origin: &Origin,
        said: &str,
        standing: Option<Standing>,
    ) -> anyhow::Result<Decision> {
        let menu = self.menu.get();
        let only_its_own;
        let case = Case {
            parts: &self.parts,
            ration: &self.ration,
            menu: match origin {
                // A comment speaks to the namespace that its repository is granted to, which is the first word, and to no
                // other.
                Origin::Github(_) => {
                    only_its_own = menu.only(said.split_whitespace().next().unwrap_or_default());
                    &only_its_own
                }
                Origin::Slack(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Keyword(_) | Origin::Cli(_) => &menu,
            },
            origin,
            standing,
        };
        case.decide(said).await
    }

    /// What is said at once about orders that have to wait.
    pub(super) fn told_to_wait(&self, origin: &Origin, cause: &Cause) -> Answer {
        told_to_wait(&self.parts, &self.menu.get(), origin, cause)
    }
}

fn told_to_wait(parts: &IntakeParts, menu: &Menu, origin: &Origin, cause: &Cause) -> Answer {
    match cause {
        Cause::Requests(orders) => waiting::notices(&menu.config, origin, orders, parts.clock.now()),
        _ => silence(),
    }
}

pub(super) fn reply(origin: &Origin, text: impl Into<String>) -> Vec<NewDelivery> {
    reply_with(origin, Post::text(text))
}

pub(super) fn reply_with(origin: &Origin, post: Post) -> Vec<NewDelivery> {
    reply_message(origin, Message::Post(post))
}

fn reply_message(origin: &Origin, message: Message) -> Vec<NewDelivery> {
    let address = origin.reply_to().into_iter();
    address
        .map(|address| NewDelivery::message(address, message.clone(), None))
        .collect()
}

pub(super) fn silence() -> Answer {
    Box::new(|_| Vec::new())
}

impl Decision {
    /// This is done, and answered by what came of it.
    fn done(cause: Cause, answer: impl FnOnce(&Caused) -> Vec<NewDelivery> + Send + 'static) -> Self {
        Self::Do {
            cause,
            answer: Box::new(answer),
            refused: false,
        }
    }

    fn answer(origin: &Origin, text: impl Into<String>) -> Self {
        Self::only_said(reply(origin, text), false)
    }

    fn refusal(origin: &Origin, text: impl Into<String>) -> Self {
        Self::refusal_with(origin, Post::text(text))
    }

    fn refusal_with(origin: &Origin, post: Post) -> Self {
        Self::only_said(reply_with(origin, post), true)
    }

    fn only_said(said: Vec<NewDelivery>, refused: bool) -> Self {
        Self::Do {
            cause: Cause::Answer,
            answer: Box::new(|_| said),
            refused,
        }
    }
}
