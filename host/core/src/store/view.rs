//! What `status`, `logs` and the API show of the store. Plain data; times are RFC 3339 in JSON.

use std::time::Duration;

use serde::Serialize;

use super::data::Written;
use crate::clock::Timestamp;
use crate::queue::RequestState;
use crate::request::{Arguments, Asking, AskingId, Origin, RequestId};
use crate::run::{Ending, RunId};

/// What goes on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusView {
    /// When this was so.
    pub at: Timestamp,
    /// Every run that goes on, oldest first.
    pub running: Vec<RunView>,
    /// The first [`PENDING_SHOWN`] pending requests, by due time.
    pub pending: Vec<PendingView>,
    /// How many requests are pending.
    pub pending_count: u64,
    /// The first [`SUPPRESSIONS_SHOWN`] suppressions that have not ended, by their start.
    pub suppressions: Vec<SuppressionView>,
    /// What is decided to be sent and not yet confirmed.
    pub outbox: OutboxView,
    /// How many askings wait until it is known who asks.
    pub undecided: u64,
}

/// How many pending requests `status` shows.
pub const PENDING_SHOWN: u32 = 50;

/// How many suppressions `status` shows.
pub const SUPPRESSIONS_SHOWN: u32 = 50;

/// A span of time in which a job does not start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuppressionView {
    /// The namespace's name.
    pub namespace: String,
    /// The job's short name.
    pub job: String,
    /// From when on it does not start.
    pub start: Timestamp,
    /// When it may start again.
    pub end: Timestamp,
}

/// A pending request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PendingView {
    /// Its number.
    pub id: RequestId,
    /// The namespace's name.
    pub namespace: String,
    /// The job's short name.
    pub job: String,
    /// Its arguments.
    pub arguments: Arguments,
    /// When it may start at the earliest.
    pub due: Timestamp,
    /// The run of the same job that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy: Option<RunId>,
}

/// The outbox in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutboxView {
    /// How many deliveries are not settled.
    pub unsettled: u64,
    /// When the oldest of them was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// What went wrong last with the oldest of them that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_error: Option<String>,
}

/// A run, in progress or ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunView {
    /// Its number.
    pub id: RunId,
    /// The request that it executes.
    pub request: RequestId,
    /// The namespace's name.
    pub namespace: String,
    /// The job's short name.
    pub job: String,
    /// The request's arguments.
    pub arguments: Arguments,
    /// When it was claimed.
    pub started: Timestamp,
    /// How it ended. None: it goes on.
    #[serde(flatten)]
    pub end: Option<RunEndView>,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunEndView {
    /// When it ended.
    pub ended: Timestamp,
    /// How it ended.
    pub ending: Ending,
    /// From the start of the work to its end, in seconds.
    pub duration_seconds: f64,
    /// What it wrote to stdout.
    pub stdout: Written,
    /// What it wrote to stderr.
    pub stderr: Written,
    /// Its log folder, relative to `data_dir/logs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_folder: Option<String>,
}

impl RunEndView {
    /// From the start of the work to its end.
    pub fn took(&self) -> Duration {
        Duration::try_from_secs_f64(self.duration_seconds).unwrap_or_default()
    }
}

/// A request, whatever its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestView {
    /// Its number.
    pub id: RequestId,
    /// The namespace's name.
    pub namespace: String,
    /// The job's short name.
    pub job: String,
    /// Its arguments.
    pub arguments: Arguments,
    /// How far it is.
    pub state: RequestState,
    /// When it may start, or might have started, at the earliest.
    pub due: Timestamp,
    /// When it was first asked for.
    pub created: Timestamp,
    /// When it ended or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Everybody who asked for it, oldest first.
    pub askings: Vec<AskingView>,
    /// Its runs, oldest first.
    pub runs: Vec<RunId>,
}

/// An asking of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskingView {
    /// Its number.
    pub id: AskingId,
    /// Who asked and where.
    pub origin: Origin,
    /// What was said, where something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it came in.
    pub at: Timestamp,
}

impl From<Asking> for AskingView {
    fn from(asking: Asking) -> Self {
        let Asking { id, origin, text, at } = asking;
        Self { id, origin, text, at }
    }
}
