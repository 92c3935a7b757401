//! Checks that are to be heard from: whether they were, in time, and that all is well. Pure.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::report::units::span;

/// When a check was heard from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When, last. Where it never was: from when on it is waited for.
    pub at: Timestamp,
    /// Whether it ever was.
    pub heard: bool,
    /// What it said of its failure, which may be nothing. None: that all is well.
    pub failure: Option<String>,
}

impl Heartbeat {
    /// It is heard from now, and says this.
    pub const fn now(failure: Option<String>, now: Timestamp) -> Self {
        Self {
            at: now,
            heard: true,
            failure,
        }
    }

    /// Whether it was heard from within this time, and is well.
    ///
    /// # Errors
    /// Why not, in a sentence without a full stop.
    pub fn verdict(&self, within: Duration, now: Timestamp) -> Result<(), String> {
        let silent = now.since(self.at);
        match &self.failure {
            Some(nothing) if nothing.is_empty() => return Err("it said that it failed".into()),
            Some(why) => return Err(format!("it said that it failed: {why}")),
            None if silent <= within => return Ok(()),
            None => {}
        }
        let (ago, due) = (span(silent), span(within));
        Err(match self.heard {
            true => format!("nothing was heard from it for {ago}, and is to be within {due}"),
            false => format!("nothing was heard from it yet, in {ago}, and is to be within {due}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn said(heard: bool, failure: Option<&str>, hours: i64) -> Result<(), String> {
        let heartbeat = Heartbeat {
            at: Timestamp::from_micros(0),
            heard,
            failure: failure.map(str::to_owned),
        };
        heartbeat.verdict(DAY, Timestamp::from_micros(hours * HOUR))
    }

    #[test]
    fn silence_is_a_failure_once_it_is_too_long() {
        assert_eq!(said(true, None, 24), Ok(()));
        assert_eq!(
            said(true, None, 25),
            Err("nothing was heard from it for 25 h, and is to be within 24 h".into())
        );
        assert_eq!(said(false, None, 24), Ok(()), "it is waited for since then");
        assert_eq!(
            said(false, None, 25),
            Err("nothing was heard from it yet, in 25 h, and is to be within 24 h".into())
        );
    }

    #[test]
    fn what_says_that_it_failed_has() {
        assert_eq!(said(true, Some(""), 1), Err("it said that it failed".into()));
        assert_eq!(
            said(true, Some("disk full"), 30),
            Err("it said that it failed: disk full".into())
        );
    }

    #[test]
    fn a_clock_that_was_put_back_makes_nobody_late() {
        assert_eq!(said(true, None, -5), Ok(()));
    }
}
