//! Where progress and log lines go: to stderr, unless a job's host or a test takes them.
//!
//! The host is not called directly, but through what [`listen`] was given: only the world `job` has `progress`, and a
//! report format that logs a line must not import it.

use std::cell::RefCell;

use crate::log::Level;

/// What a job said while it worked.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// [`progress::update`](crate::progress::update) or [`progress::say`](crate::progress::say).
    Progress {
        /// What is done, where it was said.
        fraction: Option<f64>,
        /// What is being done.
        line: String,
    },
    /// A line of the log.
    Log {
        /// How much it matters.
        level: Level,
        /// The line.
        line: String,
    },
}

type Listener = Box<dyn FnMut(Said)>;

thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// Hands everything that is said on this thread to `listener`, and returns who listened before.
pub(crate) fn listen(listener: Option<Listener>) -> Option<Listener> {
    LISTENER.replace(listener)
}

pub(crate) fn say(said: Said) {
    LISTENER.with_borrow_mut(|listener| match listener {
        Some(listener) => listener(said),
        None => eprintln!("{said}"),
    });
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Progress {
                fraction: Some(fraction),
                line,
            } => write!(f, "{:3.0}% {line}", fraction * 100.0),
            Self::Progress { fraction: None, line } => write!(f, "  …  {line}"),
            Self::Log { level, line } => write!(f, "{}: {line}", level.as_str()),
        }
    }
}
