//! Lines for the run's log, which nobody sees who does not look for them: `innkeeper logs 7` shows it, on the host.
//!
//! ```
//! use innkeeper_guest::{debug, info, log, warn};
//!
//! let (done, missing) = (3, 1);
//! debug!("asking for page {}", 2);
//! info!("copied {done}");
//! if missing > 0 {
//!     warn!("{missing} of them are not there");
//! }
//! log::write(log::Level::Info, "the same without a macro");
//! ```
//!
//! In unit tests it is printed to stderr; [`testing::capture`](crate::testing::capture) returns it instead. So it is
//! in programs of the world `command` and in report formats.

pub use crate::{debug, error, info, warn};

use crate::said::{self, Said};

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks for a mistake in the job.
    Debug,
    /// What a reader of the log wants to know.
    Info,
    /// Something is not as it should be; the job goes on.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Writes a line to the log.
pub fn write(level: Level, line: impl AsRef<str>) {
    said::say(Said::Log {
        level,
        line: line.as_ref().to_owned(),
    });
}

/// Writes a line for whoever looks for a mistake in the job: `debug!("page {n}")`.
#[macro_export]
macro_rules! debug {
    ($($line:tt)+) => { $crate::log::write($crate::log::Level::Debug, ::std::format!($($line)+)) };
}

/// Writes a line that a reader of the log wants to know: `info!("copied {n} files")`.
#[macro_export]
macro_rules! info {
    ($($line:tt)+) => { $crate::log::write($crate::log::Level::Info, ::std::format!($($line)+)) };
}

/// Writes a line about something that is not as it should be: `warn!("{name} is not there")`.
#[macro_export]
macro_rules! warn {
    ($($line:tt)+) => { $crate::log::write($crate::log::Level::Warn, ::std::format!($($line)+)) };
}

/// Writes a line about something that failed: `error!("no answer from {host}")`. The job goes on; to end it, return an
/// error.
#[macro_export]
macro_rules! error {
    ($($line:tt)+) => { $crate::log::write($crate::log::Level::Error, ::std::format!($($line)+)) };
}
