//! One execution of a request and what came of it. Plain data.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::message::{File, Post};
use crate::request::{Arguments, Asking, Bytes, RequestId, id};

id! {
    /// The number of a run. People type it (`logs 12`).
    RunId
}

/// A run as the queue hands it to the dispatcher: claimed, and marked as running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
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
    /// Everybody who asked for it, oldest first.
    pub askings: Vec<Asking>,
    /// What the webhook of the oldest asking sent, where the job is told.
    pub payload: Option<Bytes>,
}

impl Run {
    /// The job's full name, as people see it: `<namespace>_<job>`.
    pub fn full_name(&self) -> String {
        format!("{}_{}", self.namespace, self.job)
    }
}

/// Where a run's log is, below `data_dir/logs`: `<namespace>_<job>/<UTC time>-<run id>`. In it are the files `stdout` and
/// `stderr`.
pub fn log_folder(namespace: &str, job: &str, started: Timestamp, run: RunId) -> String {
    let time = started.to_jiff().strftime("%Y%m%dT%H%M%SZ");
    format!("{namespace}_{job}/{time}-{run}")
}

/// What a runner returns: how a run ended, how long it took, and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// From the start of the work to its end, by the monotonic clock.
    pub duration: Duration,
    /// What it wrote to stdout.
    pub stdout: Captured,
    /// What it wrote to stderr.
    pub stderr: Captured,
    /// What a component of the world `job` returned. Everybody else's stdout is the report.
    pub report: Option<Report>,
}

impl Outcome {
    /// The outcome of a run of which there is no output, and whose time nobody measured.
    pub fn without_output(ending: Ending) -> Self {
        Self {
            ending,
            duration: Duration::ZERO,
            stdout: Captured::default(),
            stderr: Captured::default(),
            report: None,
        }
    }
}

/// What a job says of itself when it did what it was asked. The same cases as `report` in `wit/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Slack's mrkdwn from a trusted namespace, plain text from any other.
    Text(String),
    /// Block Kit blocks. Not validated yet.
    Blocks(Post),
    /// A code block.
    Code(String),
    /// A file.
    File(File),
}

/// How a run ended. A failed run is an outcome, not an error of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Ending {
    /// It exited by itself. Code 0 is success; every other ending is a failure.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// It said itself that it failed, and why, in words for the people who asked. Only components of the world `job` do.
    Failed {
        /// What it said. Not made safe to show yet.
        message: String,
    },
    /// A signal that the host did not send ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It was stopped at its wall-time limit.
    TimedOut {
        /// The limit, in milliseconds.
        after_ms: u64,
    },
    /// It hit another limit; `what` is a sentence for people, for example `asked for 65 MB of memory, may have 64 MB`.
    LimitReached {
        /// What it hit.
        what: String,
    },
    /// A component trapped; `why` is wasmtime's reason, made safe to show.
    Trapped {
        /// The reason.
        why: String,
    },
    /// It could not be started; `why` says what to do.
    NotStarted {
        /// The reason.
        why: String,
    },
    /// The host ended while it ran: it was stopped at shutdown, or died with the host.
    Interrupted,
}

impl Ending {
    /// How something ended that either is well or can say why not.
    pub fn of_verdict(verdict: Result<(), String>) -> Self {
        match verdict {
            Ok(()) => Self::Exited { code: 0 },
            Err(message) => Self::Failed { message },
        }
    }

    /// Whether the run did what it was asked.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// One output stream of a run, as far as it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Captured {
    /// The file in the run's log folder.
    pub path: PathBuf,
    /// Bytes in that file.
    pub kept: u64,
    /// Bytes that were written past the limit and are lost.
    pub lost: u64,
}
