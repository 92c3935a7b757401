//! The way out to terminals: a client that waits for its answer is told what happens, in order. A client that went
//! away is no failure of the host: its report stays in the run's log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::Timestamp;
use innkeeper_core::message::{Address, Content, Delivery, Message};
use innkeeper_core::outbox::{Failure, Receipt, Target};
use innkeeper_core::request::RequestId;
use innkeeper_core::run::{Ending, RunId};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;

/// What a waiting client is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The order is durable. These requests came of it; none where it is answered at once.
    Accepted {
        /// The requests, each of which ends with `Ended`.
        requests: Vec<RequestId>,
        /// Whether an answer comes at once.
        answered: bool,
        /// Whether that answer is a refusal or an apology.
        #[serde(default)]
        refused: bool,
        /// Where the job of one is suppressed: until when, at least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suppressed_until: Option<Timestamp>,
    },
    /// A run began.
    Started {
        /// The run.
        run: RunId,
        /// The request that it executes.
        request: RequestId,
    },
    /// A run said how far it is.
    Progress {
        /// The run.
        run: RunId,
        /// What is done, from 0.0 to 1.0, where that can be known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fraction: Option<f64>,
        /// What is being done.
        line: String,
    },
    /// A run ended. Its report, where there is one, follows.
    Ended {
        /// The run.
        run: RunId,
        /// The request that it executed.
        request: RequestId,
        /// How.
        ending: Ending,
        /// How many messages follow: its report.
        reported: u32,
    },
    /// A request was cancelled before it started: nothing more comes of it.
    Cancelled {
        /// The request.
        request: RequestId,
    },
    /// A report or an answer.
    Message {
        /// What it says.
        message: Message,
        /// The content of a file, as text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
}

/// The terminals that wait.
#[derive(Clone, Default)]
pub struct Terminals {
    waiting: Arc<Mutex<HashMap<Uuid, mpsc::UnboundedSender<Event>>>>,
}

/// A terminal that waits. Dropping it ends the wait.
pub struct Session {
    id: Uuid,
    events: mpsc::UnboundedReceiver<Event>,
    terminals: Terminals,
}

impl Terminals {
    /// Begins to wait. Must come before the order, so that nothing is missed.
    pub fn open(&self) -> Session {
        let id = Uuid::now_v7();
        let (sender, events) = mpsc::unbounded_channel();
        self.lock().insert(id, sender);
        Session {
            id,
            events,
            terminals: self.clone(),
        }
    }

    /// Tells a terminal; false where it does not wait any more.
    pub fn tell(&self, session: Uuid, event: Event) -> bool {
        self.lock()
            .get(&session)
            .is_some_and(|sender| sender.send(event).is_ok())
    }

    /// Tells every terminal that a request was cancelled. Those that wait for it know its number.
    pub fn tell_cancelled(&self, request: RequestId) {
        for sender in self.lock().values() {
            // Whoever does not wait any more need not know.
            let _ = sender.send(Event::Cancelled { request });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, mpsc::UnboundedSender<Event>>> {
        // A map of senders is whole whatever panicked while it was held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// The number by which it is addressed.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The next thing that it is told. Never ends by itself.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.terminals.lock().remove(&self.id);
    }
}

impl Target for Terminals {
    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, Failure>> {
        let told = match (&delivery.address, &delivery.content) {
            (Address::Terminal { session }, Content::Message(message)) => {
                let file = match message {
                    Message::File(file) => Some(String::from_utf8_lossy(&file.content).into_owned()),
                    Message::Post(_) => None,
                };
                self.tell(
                    *session,
                    Event::Message {
                        message: message.clone(),
                        file,
                    },
                )
            }
            _ => false,
        };
        let result = if told {
            Ok(Receipt::default())
        } else {
            Err(Failure::Refused {
                why: "the terminal that asked does not wait any more".into(),
            })
        };
        Box::pin(std::future::ready(result))
    }
}
