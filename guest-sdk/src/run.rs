//! A run that is over: what a report format gets.

use std::borrow::Cow;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::{Arguments, Result};

/// A run that is over, with what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// The number of the run.
    pub run: i64,
    /// The namespace.
    pub namespace: String,
    /// The job's short name.
    pub job: String,
    /// Names and values, in the order of the command's parameters.
    pub arguments: Arguments,
    /// How it ended, and how long it took.
    pub outcome: Outcome,
    /// What was kept of its stdout. Not always UTF-8: [`Finished::text`] reads it as text.
    pub stdout: Vec<u8>,
    /// What was kept of its stderr. Not always UTF-8.
    pub stderr: Vec<u8>,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// From the start of the work to its end.
    pub duration: Duration,
    /// What it wrote to stdout.
    pub stdout: Captured,
    /// What it wrote to stderr.
    pub stderr: Captured,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// One output stream of a run, as far as it was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captured {
    /// Bytes that were kept: the first ones.
    pub kept: u64,
    /// Bytes that were written past the limit and are lost.
    pub lost: u64,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// How a run ended. `Exited(0)` is success, everything else is a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited by itself, with this exit code.
    Exited(i32),
    /// It said itself that it failed, and why. Only jobs of the world `job` do.
    Failed(String),
    /// A signal that the host did not send ended it; its number. Only runs of bash end so.
    Signalled(i32),
    /// It was stopped at its limit of wall time; the limit.
    TimedOut(Duration),
    /// It hit another limit. A sentence for people, for example `asked for 65 MB of memory, may have 64 MB`.
    LimitReached(String),
    /// The component trapped; the reason, made safe to show.
    Trapped(String),
    /// It could not be started; the reason, with what to do about it.
    NotStarted(String),
    /// The host ended while it ran.
    Interrupted,
}

impl Ending {
    /// Whether the run did what it was asked.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Exited(0))
    }
}

impl Finished {
    /// Its stdout as text: what is no UTF-8 becomes `�`, and a byte order mark is left out.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.stdout.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&self.stdout))
    }

    /// Its arguments as a struct of the format's own: see [`Arguments::parse`].
    ///
    /// # Errors
    /// Which argument is wrong, and what it has to be.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T> {
        self.arguments.parse()
    }

    /// A run for a unit test, that wrote this to stdout and succeeded after a second. Change what matters to the test.
    ///
    /// ```
    /// use innkeeper_guest::{Ending, Finished};
    ///
    /// let mut run = Finished::for_test("a,b\n1,2\n");
    /// run.outcome.ending = Ending::Exited(3);
    /// assert!(!run.outcome.ending.is_success());
    /// ```
    pub fn for_test(stdout: impl Into<Vec<u8>>) -> Self {
        let stdout = stdout.into();
        Self {
            run: 1,
            namespace: "test".to_owned(),
            job: "test".to_owned(),
            arguments: Arguments::default(),
            outcome: Outcome {
                ending: Ending::Exited(0),
                duration: Duration::from_secs(1),
                stdout: Captured {
                    kept: stdout.len() as u64,
                    ..Captured::default()
                },
                stderr: Captured::default(),
                extra: Vec::new(),
            },
            stdout,
            stderr: Vec::new(),
            extra: Vec::new(),
        }
    }
}
