//! Whether a host keeps up with its work. Pure.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::report::units::span;

/// How far behind a host may be. None: it is not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepsUp {
    /// How long a request that could start may wait.
    pub queue: Option<Duration>,
    /// How long something that was said may wait in the outbox.
    pub outbox: Option<Duration>,
    /// How late the clock may start a job.
    pub schedule: Option<Duration>,
}

/// What waits in a host, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// The first request of all that could start.
    pub queue: Option<Unstarted>,
    /// What waits in the outbox for the longest time.
    pub outbox: Option<Unsent>,
    /// When the clock is to start a job next. It may be past.
    pub schedule: Option<Timestamp>,
}

/// A request that could start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unstarted {
    /// Its job, as `<namespace>_<job>`.
    pub job: String,
    /// When it was due.
    pub due: Timestamp,
}

/// A delivery that nobody has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Its lane.
    pub lane: String,
    /// When it was put into the outbox.
    pub since: Timestamp,
    /// What went wrong at the last attempt, if there was one.
    pub why: Option<String>,
}

impl KeepsUp {
    /// Whether no more waits than may.
    ///
    /// # Errors
    /// What does, in sentences without a full stop.
    pub fn verdict(&self, lag: &Lag, now: Timestamp) -> Result<(), String> {
        let late = |most: Option<Duration>, since: Timestamp| {
            let waited = now.since(since);
            most.filter(|most| waited > *most).map(|_| span(waited))
        };
        let queue = lag.queue.as_ref().and_then(|first| {
            let waited = late(self.queue, first.due)?;
            Some(format!(
                "the queue is behind: {} could have started {waited} ago",
                first.job
            ))
        });
        let outbox = lag.outbox.as_ref().and_then(|first| {
            let waited = late(self.outbox, first.since)?;
            let why = first.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
            Some(format!(
                "the outbox is behind: what is to go to {} waits for {waited}{why}",
                first.lane
            ))
        });
        let schedule = lag.schedule.and_then(|next| {
            let waited = late(self.schedule, next)?;
            Some(format!("the clock is behind: a job was to be started {waited} ago"))
        });
        let wrong: Vec<String> = [schedule, queue, outbox].into_iter().flatten().collect();
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(wrong.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn minutes(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * 60_000_000)
    }

    fn everything_since_the_first_minute() -> Lag {
        Lag {
            queue: Some(Unstarted {
                job: "demo_hello".into(),
                due: minutes(1),
            }),
            outbox: Some(Unsent {
                lane: "slack:C1".into(),
                since: minutes(1),
                why: Some("Slack does not answer".into()),
            }),
            schedule: Some(minutes(1)),
        }
    }

    #[test]
    fn what_waits_for_longer_than_it_may_is_named() {
        let limits = KeepsUp {
            queue: Some(5 * MINUTE),
            outbox: Some(10 * MINUTE),
            schedule: Some(MINUTE),
        };
        let lag = everything_since_the_first_minute();
        assert_eq!(limits.verdict(&lag, minutes(2)), Ok(()));
        let clock = "the clock is behind: a job was to be started";
        assert_eq!(limits.verdict(&lag, minutes(6)), Err(format!("{clock} 5 min ago")));
        assert_eq!(
            limits.verdict(&lag, minutes(20)),
            Err(format!(
                "{clock} 19 min ago; the queue is behind: demo_hello could have started 19 min ago; \
                 the outbox is behind: what is to go to slack:C1 waits for 19 min (Slack does not answer)"
            ))
        );
        assert_eq!(limits.verdict(&Lag::default(), minutes(20)), Ok(()), "nothing waits");
    }

    #[test]
    fn what_is_not_named_may_wait_for_ever() {
        let limits = KeepsUp::default();
        assert_eq!(
            limits.verdict(&everything_since_the_first_minute(), minutes(9999)),
            Ok(())
        );
    }
}
