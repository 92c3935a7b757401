//! When a delivery is tried again, and when it is given up.

use std::time::Duration;

use super::Failure;
use crate::clock::Timestamp;

/// A delivery that has failed for this long is given up, aloud.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 60 * 60);

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// What is done with a delivery that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again, not before this moment.
    Retry(Timestamp),
    /// It is given up.
    GiveUp,
}

/// Decides what follows the failure of attempt number `attempts` of a delivery that was decided at `created`.
///
/// Waits double from one second to five minutes, with `jitter` (0 to 1) taking up to a quarter off so that channels
/// that failed together do not come back together. What the other side asks for is the least that is waited.
pub fn next(failure: &Failure, attempts: u32, created: Timestamp, now: Timestamp, jitter: f64) -> Next {
    let Failure::Later { after, .. } = failure else {
        return Next::GiveUp;
    };
    if now.since(created) >= GIVE_UP_AFTER {
        return Next::GiveUp;
    }
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    let wait = wait.mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0));
    // Who asks for longer than that gets a last attempt at the end of it.
    let asked = after.map_or(wait, |asked| asked.max(wait).min(GIVE_UP_AFTER));
    Next::Retry(now.plus(asked))
}

#[cfg(test)]
#[expect(clippy::panic, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn later(after: Option<u64>) -> Failure {
        Failure::Later {
            after: after.map(Duration::from_secs),
            why: "busy".into(),
        }
    }

    fn wait(failure: &Failure, attempts: u32) -> Duration {
        match next(failure, attempts, NOW, NOW, 0.0) {
            Next::Retry(at) => at.since(NOW),
            Next::GiveUp => panic!("gave up"),
        }
    }

    #[test]
    fn waits_double_up_to_five_minutes() {
        let waits: Vec<u64> = (1..=11)
            .map(|attempts| wait(&later(None), attempts).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(wait(&later(None), u32::MAX).as_secs(), 300);
    }

    #[test]
    fn what_the_other_side_asks_for_is_the_least_that_is_waited() {
        assert_eq!(wait(&later(Some(30)), 1).as_secs(), 30);
        assert_eq!(wait(&later(Some(1)), 5).as_secs(), 16);
        assert_eq!(wait(&later(Some(900)), 1).as_secs(), 900);
        assert_eq!(wait(&later(Some(u64::MAX)), 1), GIVE_UP_AFTER);
    }

    #[test]
    fn a_refusal_is_final_and_so_is_three_days_of_failure() {
        let refused = Failure::Refused {
            why: "channel_not_found".into(),
        };
        assert_eq!(next(&refused, 1, NOW, NOW, 0.0), Next::GiveUp);
        let old = NOW.plus(GIVE_UP_AFTER);
        assert_eq!(next(&later(None), 90, NOW, old, 0.0), Next::GiveUp);
    }

    #[test]
    fn jitter_takes_at_most_a_quarter_off() {
        match next(&later(None), 3, NOW, NOW, 1.0) {
            Next::Retry(at) => assert_eq!(at.since(NOW), Duration::from_secs(3)),
            Next::GiveUp => panic!("gave up"),
        }
    }
}
