//! The command line as a trigger: what `say`, `chat` and `run` order, and the conversation that follows. The same code
//! serves a client of `innkeeper.sock` and a command that owns the data folder itself.

use std::sync::Arc;

use innkeeper_core::clock::Clock;
use innkeeper_core::command::check_argument;
use innkeeper_core::message::Address;
use innkeeper_core::request::{Arguments, CliOrigin, NewAsking, NewRequest, Origin, RequestId};
use serde::{Deserialize, Serialize};

use super::{Heard, Intake, Said};
use crate::current::Current;
use crate::deliver::terminal::{Event, Session, Terminals};

/// What the command line asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum Order {
    /// A command as a chat message would have it.
    Say {
        /// The text.
        text: String,
    },
    /// One job.
    Run {
        /// The namespace's name.
        namespace: String,
        /// The job's short name.
        job: String,
        /// Its arguments, by name.
        arguments: Arguments,
    },
}

/// Orders from the command line.
#[derive(Clone)]
pub struct CommandLine {
    /// What there is to ask for.
    pub current: Current,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The door.
    pub intake: Arc<Intake>,
    /// Where answers come out.
    pub terminals: Terminals,
}

/// An order that was accepted, and what is still to be heard of it.
pub struct Conversation {
    session: Session,
    first: Option<Event>,
    open: Vec<RequestId>,
    /// Below zero where a report came before it was told that there is one.
    messages_due: i64,
}

/// An order that makes no sense; the sentence says why and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadOrder(pub String);

impl CommandLine {
    /// Gives an order. It is durable when this returns.
    ///
    /// # Errors
    /// [`BadOrder`] where the job or an argument does not exist; else the store's.
    pub async fn give(&self, order: Order, user: String) -> anyhow::Result<Conversation> {
        let session = self.terminals.open();
        let origin = Origin::Cli(CliOrigin {
            user,
            session: Some(session.id()),
        });
        let heard = match order {
            Order::Say { text } => {
                self.intake
                    .hear(Said {
                        key: None,
                        origin,
                        text,
                        edit: false,
                    })
                    .await?
            }
            Order::Run {
                namespace,
                job,
                arguments,
            } => {
                let request = self.request(namespace, job, arguments)?;
                let asking = NewAsking {
                    key: None,
                    origin,
                    text: None,
                    edit: false,
                    at: self.clock.now(),
                };
                self.intake.order(asking, vec![request]).await?
            }
        };
        Ok(Conversation::new(session, heard))
    }

    fn request(&self, namespace: String, job: String, given: Arguments) -> Result<NewRequest, BadOrder> {
        let config = self.current.get();
        let found = config.namespaces.get(&namespace).ok_or_else(|| {
            let known: Vec<&str> = config.namespaces.keys().map(String::as_str).collect();
            BadOrder(format!(
                "there is no namespace `{namespace}`; there are: {}",
                known.join(", ")
            ))
        })?;
        let found = found.jobs.get(&job).ok_or_else(|| {
            let known: Vec<&str> = found.jobs.keys().map(String::as_str).collect();
            BadOrder(format!(
                "the namespace `{namespace}` has no job `{job}`; it has: {}",
                known.join(", ")
            ))
        })?;
        let arguments =
            arrange(found.parameters(), given).map_err(|why| BadOrder(format!("`{namespace}_{job}`: {why}")))?;
        Ok(NewRequest {
            namespace,
            job,
            arguments,
            due: self.clock.now(),
            payload: None,
        })
    }
}

/// Puts arguments in the order of the job's parameters. A job without parameters of its own takes them as they come.
fn arrange(parameters: Vec<&str>, given: Arguments) -> Result<Arguments, String> {
    for (name, value) in &given.0 {
        check_argument(name, value).map_err(|error| error.to_string())?;
    }
    if parameters.is_empty() {
        return Ok(given);
    }
    if let Some((stray, _)) = given.0.iter().find(|(name, _)| !parameters.contains(&name.as_str())) {
        return Err(format!(
            "it has no parameter `{stray}`; it has: {}",
            parameters.join(", ")
        ));
    }
    let value = |name: &&str| {
        let value = given
            .get(name)
            .ok_or_else(|| format!("the argument `{name}` is missing: add --arg {name}=VALUE"))?;
        Ok(((*name).to_owned(), value.to_owned()))
    };
    parameters.iter().map(value).collect()
}

impl Conversation {
    /// Listens for what becomes of an order.
    pub(super) fn new(session: Session, heard: Heard) -> Self {
        let suppressed_until = match &heard {
            Heard::Accepted { requests, .. } => requests.iter().filter_map(|request| request.suppressed).max(),
            _ => None,
        };
        let (open, answered, refused) = match heard {
            Heard::Accepted { requests, .. } => (requests.iter().map(|request| request.id).collect(), false, false),
            Heard::Answered { done, .. } => (Vec::new(), true, !done),
            // Neither comes of a command line: it has no key, and its owner may do everything.
            Heard::Repeated | Heard::Undecided { .. } => (Vec::new(), false, false),
        };
        let first = Event::Accepted {
            requests: Vec::clone(&open),
            answered,
            refused,
            suppressed_until,
        };
        Self {
            session,
            first: Some(first),
            open,
            messages_due: i64::from(answered),
        }
    }

    /// The lane of the outbox that its answers are in.
    pub fn lane(&self) -> String {
        Address::Terminal {
            session: self.session.id(),
        }
        .lane()
    }

    /// The requests that came of the order and have not ended.
    pub fn open_requests(&self) -> &[RequestId] {
        &self.open
    }

    /// The next thing to be heard; none once everything has ended and been reported.
    pub async fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let event = loop {
            if self.open.is_empty() && self.messages_due <= 0 {
                return None;
            }
            match self.session.next().await? {
                // Everybody is told; this is not one of ours.
                Event::Cancelled { request } if !self.open.contains(&request) => {}
                event => break event,
            }
        };
        match &event {
            Event::Cancelled { request } => self.open.retain(|open| open != request),
            Event::Ended { request, reported, .. } => {
                self.open.retain(|open| open != request);
                self.messages_due += i64::from(*reported);
            }
            Event::Message { .. } => self.messages_due -= 1,
            Event::Accepted { .. } | Event::Started { .. } | Event::Progress { .. } => {}
        }
        Some(event)
    }
}

/// The name of the user who runs this process, for the record. A user without a name is called by number.
pub fn user_name() -> String {
    std::env::var("USER")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}
