//! How far the work is. Whoever waits for the report sees the latest; call it as often as you like.
//!
//! ```
//! use innkeeper_guest::progress;
//!
//! progress::say("looking at what is there");
//! for n in 1..=12 {
//!     progress::update(f64::from(n) / 12.0, format!("copying {n} of 12"));
//! }
//! ```
//!
//! In unit tests it is printed to stderr; [`testing::capture`](crate::testing::capture) returns it instead. So it is
//! in programs of the world `command` and in report formats, which have no progress to report.

use crate::said::{self, Said};

/// Says how much is done, from 0.0 to 1.0, and what is being done: one line of at most 200 characters.
pub fn update(fraction: f64, line: impl AsRef<str>) {
    said::say(Said::Progress {
        fraction: Some(fraction),
        line: line.as_ref().to_owned(),
    });
}

/// Says what is being done, where nobody can know how much that is of the whole.
pub fn say(line: impl AsRef<str>) {
    said::say(Said::Progress {
        fraction: None,
        line: line.as_ref().to_owned(),
    });
}
