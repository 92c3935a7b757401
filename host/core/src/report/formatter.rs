//! The contract of report formats that are guests. Who fulfils it is outside the core.

use crate::BoxFuture;
use crate::config::ComponentSource;
use crate::message::Message;
use crate::request::Arguments;
use crate::run::{Outcome, RunId};

/// Makes messages with a component of the world `report-format`.
pub trait Formatter: Send + Sync {
    /// Has the component `format` make the message that reports `run`, of a namespace that is `trusted` or not.
    ///
    /// # Errors
    /// Why there is no message: a sentence, perhaps in the format's own words.
    fn format(&self, format: ComponentSource, trusted: bool, run: Finished) -> BoxFuture<'_, Result<Message, String>>;
}

/// A run that is over, with what it wrote. The same fields as `finished` in `wit/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The number of the run.
    pub run: RunId,
    /// The namespace's name.
    pub namespace: String,
    /// The job's short name.
    pub job: String,
    /// The request's arguments.
    pub arguments: Arguments,
    /// How it ended, and how long it took.
    pub outcome: Outcome,
    /// What was kept of its stdout.
    pub stdout: Vec<u8>,
    /// What was kept of its stderr.
    pub stderr: Vec<u8>,
}

/// A host without components.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFormatter;

impl Formatter for NoFormatter {
    fn format(&self, format: ComponentSource, _: bool, _: Finished) -> BoxFuture<'_, Result<Message, String>> {
        let why = format!("{format} cannot be run here");
        Box::pin(std::future::ready(Err(why)))
    }
}
