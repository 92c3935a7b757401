//! Starts by the clock: which moments a schedule names, which of them are due, and what is asked for then. Pure.
//!
//! A start is known by its moment, so that it can be told from the next one, and never happens twice: what asks for it
//! has that moment in its key. What a host has to remember is one moment for each schedule, its [`Mark`]: the last start
//! that was decided about. What lies between a mark and now was missed, by a host that was down, by one that was
//! suspended, or by a clock that was put forward; they are all the same here.

mod agenda;
mod cron;
mod table;
mod view;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

pub use cron::{Cron, CronFault};
pub use table::{Start, Timetable};
pub use view::{ScheduleView, listing, views};

use crate::clock::Timestamp;
use crate::request::Arguments;

/// A job that the clock starts.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// By what it is recognised after a restart.
    pub key: ScheduleKey,
    /// `cron`, or `every …`, for people.
    pub written: String,
    /// Which moments it names.
    pub when: When,
    /// The short name of the job.
    pub job: String,
    /// The job's arguments.
    pub arguments: Arguments,
    /// Up to how much later the job may start, chosen anew for each start.
    pub jitter: Duration,
    /// What is done about starts that were missed.
    pub missed: Missed,
    /// Where the report goes. None: nobody is told.
    pub channel: Option<String>,
}

/// By what a schedule is recognised in its namespace. It is made of what it starts and when: a schedule that was changed
/// is another one, and has missed nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleKey(Arc<str>);

impl ScheduleKey {
    /// The key of what starts `job` with these arguments, for this channel, at these times.
    pub fn new(when: &str, zone: &TimeZone, job: &str, arguments: &Arguments, channel: Option<&str>) -> Self {
        let zone = zone.iana_name().unwrap_or_default();
        let mut hash = Sha256::new();
        let parts = [when, zone, job, channel.unwrap_or_default()];
        let arguments = arguments
            .0
            .iter()
            .flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        for part in parts.into_iter().chain(arguments) {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self(hex.into())
    }

    /// As it was kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Up to where a schedule was decided about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The namespace's name.
    pub namespace: String,
    /// The schedule.
    pub key: ScheduleKey,
    /// The last start that was decided about; before the first one, when the schedule was first seen.
    pub at: Timestamp,
}

/// What is done about starts that were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// The job starts once, as soon as it can, however many starts were missed.
    #[default]
    RunOnce,
    /// Nothing: the next start is the next one.
    Skip,
}

/// Which moments a schedule names.
#[derive(Clone, Debug)]
pub enum When {
    /// Those of a line of cron.
    Cron {
        /// The line.
        line: Box<Cron>,
        /// Where its clock hangs.
        zone: TimeZone,
    },
    /// The multiples of this span since 1970-01-01T00:00:00Z: a restart moves none of them.
    Every(Duration),
    /// The same, and each this much later: so that not all that comes every minute comes at once.
    Spread {
        /// The span.
        every: Duration,
        /// How much later. Less than the span.
        later: Duration,
    },
}

impl When {
    /// Every `span`, at a place in it that depends on `name` only.
    pub fn spread(every: Duration, name: &str) -> Self {
        let later = share_of(every, Sha256::new_with_prefix(name));
        Self::Spread { every, later }
    }
}

/// A part of `span` that depends on what was hashed only, and is any part as likely as any other.
fn share_of(span: Duration, hash: Sha256) -> Duration {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = hash.finalize().into();
    let chance = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let micros = span.as_micros().saturating_mul(chance.into()) >> 64;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

impl When {
    /// The first moment after `after`. None: there is none any more.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron { line, zone } => Some(line.next_after(after.to_jiff(), zone)?.into()),
            Self::Every(span) => Some(multiple(after, *span, Duration::ZERO)?.plus(*span)),
            Self::Spread { every, later } => Some(multiple(after, *every, *later)?.plus(*every)),
        }
    }

    /// The last moment up to `until`. None: there was none yet.
    pub fn last_until(&self, until: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron { line, zone } => Some(line.last_until(until.to_jiff(), zone)?.into()),
            Self::Every(span) => multiple(until, *span, Duration::ZERO),
            Self::Spread { every, later } => multiple(until, *every, *later),
        }
    }
}

/// The last multiple of `span`, and this much `later`, up to `until`. None where `span` is nothing, which `check` refuses.
fn multiple(until: Timestamp, span: Duration, later: Duration) -> Option<Timestamp> {
    let span = i64::try_from(span.as_micros()).ok()?;
    let later = i64::try_from(later.as_micros()).ok()?;
    let into = until.as_micros().checked_sub(later)?.checked_rem_euclid(span)?;
    Some(Timestamp::from_micros(until.as_micros() - into))
}

impl Schedule {
    /// How much later than at `start` its job is due: anything up to its jitter, and always the same for one start.
    fn delay_of(&self, start: Timestamp) -> Duration {
        let mut hash = Sha256::new();
        hash.update(self.key.as_str());
        hash.update(start.as_micros().to_le_bytes());
        share_of(self.jitter, hash)
    }
}

#[cfg(test)]
mod tests;
