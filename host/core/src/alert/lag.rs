//! Whether a host keeps up with its work. Pure.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::message::lane_parts;
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
    /// Since when every place for runs has been taken. None: one is free, and what could start is about to.
    pub full: Option<Timestamp>,
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
        // A request that is asked for again and again is due anew each time: then it is the places that tell.
        let queue = Option::zip(lag.queue.as_ref(), lag.full).filter(|(first, _)| first.due <= now);
        let queue = queue.and_then(|(first, full)| {
            let waited = late(self.queue, first.due.min(full))?;
            let job = &first.job;
            Some(format!(
                "the queue is behind: every place for runs is taken, and {job} has waited for one, or others like it, for {waited}"
            ))
        });
        let outbox = lag.outbox.as_ref().and_then(|first| {
            let waited = late(self.outbox, first.since)?;
            let why = first.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
            Some(format!(
                "the outbox is behind: what is to go to {} waits for {waited}{why}",
                place(&first.lane)
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

/// A lane, as it may be shown to everybody: of mail without the address of whoever gets it.
fn place(lane: &str) -> &str {
    match lane.starts_with("mail:") {
        true => lane_parts(lane, 3),
        false => lane,
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
            full: Some(minutes(1)),
            outbox: Some(Unsent {
                lane: "mail:smtp:web:ann@example.com".into(),
                since: minutes(1),
                why: Some("it does not answer".into()),
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
                "{clock} 19 min ago; the queue is behind: every place for runs is taken, and demo_hello has waited for one, or others \
                 like it, for 19 min; the outbox is behind: what is to go to mail:smtp:web waits for 19 min (it does not answer)"
            ))
        );
        assert_eq!(limits.verdict(&Lag::default(), minutes(20)), Ok(()), "nothing waits");
    }

    #[test]
    fn a_queue_is_behind_where_all_places_are_taken_and_not_while_it_moves() {
        let limits = KeepsUp {
            queue: Some(5 * MINUTE),
            ..KeepsUp::default()
        };
        let verdict = |due, full: Option<i64>| {
            let queue = Some(Unstarted {
                job: "demo_hello".into(),
                due: minutes(due),
            });
            let lag = Lag {
                queue,
                full: full.map(minutes),
                ..Lag::default()
            };
            limits.verdict(&lag, minutes(60)).is_ok()
        };
        assert!(!verdict(1, Some(59)), "it is full now, and it has waited long");
        assert!(
            !verdict(59, Some(1)),
            "it was asked for anew, and nothing has started for long"
        );
        assert!(verdict(59, Some(59)));
        assert!(verdict(1, None), "a place is free: it is about to start");
        assert!(verdict(61, Some(1)), "nothing is due");
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
