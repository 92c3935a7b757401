//! What goes into the store's operations and comes out of them. Plain data.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::alerting::Noted;
use crate::alert::{Event, Refused, Service};
use crate::clock::Timestamp;
use crate::message::{Delivery, Post};
use crate::outbox::Receipt;
use crate::queue::RequestState;
use crate::request::{AskingId, NewRequest, RequestId};
use crate::run::{Captured, Ending, Outcome, Run, RunId};
use crate::suppression::Suppression;

/// What an asking causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// These requests are made, or joined where they are pending already. There may be none.
    Requests(Vec<NewRequest>),
    /// Every pending request of a job is cancelled, whatever its arguments. One that runs goes on.
    CancelJob {
        /// The namespace's name.
        namespace: String,
        /// The job's short name.
        job: String,
    },
    /// A request is cancelled, if it is pending.
    CancelRequest(RequestId),
    /// A job does not start for a while. What waits goes on waiting; what runs goes on.
    Suppress {
        /// The namespace's name.
        namespace: String,
        /// The job's short name.
        job: String,
        /// For how long.
        span: Suppression,
    },
    /// Every suppression of a job is taken away, those too that have not begun.
    LiftSuppressions {
        /// The namespace's name.
        namespace: String,
        /// The job's short name.
        job: String,
    },
    /// Something happens to a service: somebody is on it, or is not to be disturbed.
    Service {
        /// The service.
        service: Arc<Service>,
        /// What happens.
        event: Event,
    },
    /// Nothing but an answer.
    Answer,
    /// Nothing yet: it waits until [`decide`](super::Store::decide) is called.
    Undecided,
}

/// What became of an asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It had been heard, or decided, before; nothing changed.
    Repeated,
    /// It is kept, with all that it caused.
    New(Caused),
}

/// All that an asking caused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caused {
    /// Its number.
    pub asking: AskingId,
    /// One for each request of [`Cause::Requests`], in their order.
    pub requests: Vec<Queued>,
    /// The requests that [`Cause::CancelJob`] or [`Cause::CancelRequest`] cancelled.
    pub cancelled: Vec<RequestId>,
    /// How many suppressions [`Cause::LiftSuppressions`] took away.
    pub lifted: u64,
    /// What became of the service of [`Cause::Service`], or why nothing did.
    pub service: Option<Box<Result<Noted, Refused>>>,
}

/// A request on the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its number.
    pub id: RequestId,
    /// Whether it was pending before, and this asking joined it.
    pub joined: bool,
    /// When it may start at the earliest.
    pub due: Timestamp,
    /// The run of the same job that goes on, and that it has to wait for.
    pub busy: Option<RunId>,
    /// Where its job is suppressed when it is due: until when, as far as that is known now.
    pub suppressed: Option<Timestamp>,
}

/// What a claim found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is to be run, marked as running. None: nothing can start now.
    pub run: Option<Run>,
    /// When the next request of a job that is free is due, or its suppression ends, after this claim. It may be past: then
    /// claim again. None: nothing waits but requests of jobs that run.
    pub next_due: Option<Timestamp>,
}

/// What became of the claim of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimOne {
    /// It is to be run, and marked as running.
    Started(Box<Run>),
    /// It is due, or its job is suppressed, until this moment.
    NotYet(Timestamp),
    /// This run of the same job goes on.
    Busy(RunId),
    /// It is not pending: it runs, has ended, or was cancelled.
    Gone(RequestState),
    /// There is no such request.
    Unknown,
}

/// How a run ended, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// When.
    pub at: Timestamp,
    /// How.
    pub ending: Ending,
    /// From the start of the work to its end, by the monotonic clock. Zero where nobody measured it.
    pub duration: Duration,
    /// What it wrote to stdout.
    pub stdout: Written,
    /// What it wrote to stderr.
    pub stderr: Written,
    /// The run's log folder, relative to `data_dir/logs`. None where it never had one.
    pub log_folder: Option<String>,
    /// The last word of the messages that showed how far it was, where there are some.
    pub shown: Option<Post>,
}

impl RunEnd {
    /// The end of a run that a runner watched.
    pub fn of(outcome: &Outcome, at: Timestamp, log_folder: Option<String>) -> Self {
        Self {
            at,
            ending: outcome.ending.clone(),
            duration: outcome.duration,
            stdout: Written::from(&outcome.stdout),
            stderr: Written::from(&outcome.stderr),
            log_folder,
            shown: None,
        }
    }

    /// The end of a run that died with its host.
    pub fn interrupted(at: Timestamp, log_folder: Option<String>) -> Self {
        Self {
            at,
            ending: Ending::Interrupted,
            duration: Duration::ZERO,
            stdout: Written::default(),
            stderr: Written::default(),
            log_folder,
            shown: None,
        }
    }
}

impl RunEnd {
    /// The end of a look that wrote nothing, and took no time that matters.
    pub fn of_verdict(verdict: Result<(), String>, at: Timestamp) -> Self {
        Self {
            ending: Ending::of_verdict(verdict),
            ..Self::interrupted(at, None)
        }
    }
}

/// How much a run wrote to one stream. Bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// In the log file.
    pub kept: u64,
    /// Past the limit, and lost.
    pub lost: u64,
}

impl From<&Captured> for Written {
    fn from(stream: &Captured) -> Self {
        Self {
            kept: stream.kept,
            lost: stream.lost,
        }
    }
}

/// What became of the cancelling of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "became", rename_all = "kebab-case")]
pub enum Cancel {
    /// It is cancelled and will not start.
    Cancelled {
        /// The namespace's name.
        namespace: String,
        /// The job's short name.
        job: String,
    },
    /// It is too late: this run of it goes on.
    Running {
        /// The run.
        run: RunId,
    },
    /// It has ended, or was cancelled before.
    Ended,
    /// There is no such request.
    Unknown,
}

/// What the outbox has for a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// Nothing is unsettled.
    Nothing,
    /// The lane's first delivery waits until this moment, and all others behind it.
    NotYet(Timestamp),
    /// The lane's first delivery, marked as in flight, this attempt counted.
    Due {
        /// What to send.
        delivery: Box<Delivery>,
        /// Whether it was in flight before: an attempt was cut short, and nobody knows whether it arrived.
        was_in_flight: bool,
    },
}

/// How an attempt at a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The other side confirmed it.
    Sent(Receipt),
    /// It is tried again.
    Retry {
        /// Not before this moment.
        at: Timestamp,
        /// What went wrong.
        why: String,
    },
    /// It is never tried again.
    GivenUp {
        /// What went wrong.
        why: String,
    },
}

/// What was looked through for keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// A rule, from when on it holds. Its place is `<namespace>/<key>`.
    Rule,
    /// All messages, by searching for a word. Its place is the word.
    Search,
    /// A channel. Its place is the channel's id.
    Channel,
}

impl Looked {
    /// The word for it in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Search => "search",
            Self::Channel => "channel",
        }
    }
}
