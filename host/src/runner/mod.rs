//! What executes a run: an [`Invocation`] goes in, an [`Outcome`] comes out. One implementer for each kind of program.

pub mod bash;
pub mod component;
pub mod fabfile;
pub mod log;
pub mod probe;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use innkeeper_core::BoxFuture;
use innkeeper_core::config::{Job, Namespace};
use innkeeper_core::request::{Arguments, Asking, Bytes};
use innkeeper_core::run::{Outcome, RunId};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Executes runs of one kind of program.
pub trait Runner: Send + Sync {
    /// Runs to the end. Whatever goes wrong is in the outcome; nothing that a job does is an error of the host.
    ///
    /// When `stop` is cancelled the run is ended at once and its outcome is `Ending::Interrupted`.
    fn run(&self, invocation: Invocation, stop: CancellationToken) -> BoxFuture<'static, Outcome>;
}

/// Everything that one run needs.
pub struct Invocation {
    /// Its number.
    pub run: RunId,
    /// The namespace that the job belongs to.
    pub namespace: Arc<Namespace>,
    /// What runs.
    pub job: Arc<Job>,
    /// Its arguments.
    pub arguments: Arguments,
    /// Everybody who asked for it, oldest first.
    pub askings: Vec<Asking>,
    /// What the webhook of the oldest asking sent, where the job is told.
    pub payload: Option<Bytes>,
    /// Names of variables that it does not see, whatever is granted: the host's own secrets, and where they are read from.
    pub hidden: Arc<BTreeSet<String>>,
    /// The run's log folder, absolute. The runner makes it, with the files `stdout` and `stderr`.
    pub log_folder: PathBuf,
    /// `data_dir/work/<namespace>`, absolute. The runner makes it where it is needed.
    pub work_folder: PathBuf,
    /// Told when the process was spawned or the guest's first instruction is about to run. Dropped if it never was.
    pub started: Option<oneshot::Sender<()>>,
    /// Who is told of its progress.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

/// How far a run is, in its own words.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What is done, from 0.0 to 1.0, where that can be known.
    pub fraction: Option<f64>,
    /// What is being done: one line, made safe to show.
    pub line: String,
}
