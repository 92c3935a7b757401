//! Time: UTC microseconds for what is written down, a monotonic instant for deadlines, both from one injected clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The longest that anything sleeps for a due time.
const LONGEST_NAP: Duration = Duration::from_secs(60);

/// A moment of the wall clock: microseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The moment `span` later; the end of time where that overflows.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// How long it is from `earlier` to this moment; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// How long to sleep at `now` for what is due at this moment: a minute at most, and then the clock is looked at
    /// again. Clocks are set, and due times are the clock's.
    pub fn nap_from(self, now: Self) -> Duration {
        self.since(now).min(LONGEST_NAP)
    }

    /// The same moment as a jiff timestamp, clamped to jiff's range.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Self {
        Self(moment.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, as in JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let moment = jiff::Timestamp::deserialize(deserializer)?;
        Ok(Self(moment.as_microsecond()))
    }
}

/// Where the time comes from. One is built in `app.rs` and handed to every part that asks for the time.
pub trait Clock: Send + Sync {
    /// The wall clock: due times, what is written down.
    fn now(&self) -> Timestamp;
    /// The monotonic clock: deadlines and durations.
    fn monotonic(&self) -> Instant;
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that moves when it is told to. For tests.
#[derive(Clone, Debug)]
pub struct ManualClock {
    micros: Arc<AtomicI64>,
    base: (i64, Instant),
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            micros: Arc::new(AtomicI64::new(start.0)),
            base: (start.0, Instant::now()),
        }
    }

    /// Moves the clock back, as whoever sets it may.
    pub fn put_back(&self, span: Duration) {
        self.micros
            .fetch_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.micros
            .fetch_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.micros.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Instant {
        let passed = self.micros.load(Ordering::SeqCst).saturating_sub(self.base.0);
        self.base.1 + Duration::from_micros(u64::try_from(passed).unwrap_or(0))
    }
}
