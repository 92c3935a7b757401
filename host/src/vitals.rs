//! Whether this host keeps up with its work: what waits, and what the clock has not started. Looked at past the queue and past
//! the clock of schedules, so that it can be said when they stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use innkeeper_core::alert::{KeepsUp, Lag};
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::store::Store;

use crate::current::Current;

/// How long the store may take to say what waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// A moment that one part of the house tells and another reads.
#[derive(Debug)]
pub struct Moment(AtomicI64);

impl Default for Moment {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MAX))
    }
}

impl Moment {
    /// It is this one from now on. None: there is none.
    pub fn set(&self, moment: Option<Timestamp>) {
        let moment = moment.map_or(i64::MAX, Timestamp::as_micros);
        self.0.store(moment, Ordering::Relaxed);
    }

    /// The moment, where there is one.
    pub fn get(&self) -> Option<Timestamp> {
        let moment = self.0.load(Ordering::Relaxed);
        (moment != i64::MAX).then(|| Timestamp::from_micros(moment))
    }
}

/// What the parts of the house tell of themselves.
#[derive(Debug, Default)]
pub struct Pulse {
    /// When the clock of schedules is to start a job next. It may be past: then it is behind.
    pub next_start: Moment,
    /// Since when the dispatcher waits for a place for a run. None: it has one.
    pub full: Moment,
}

/// Looks at the host.
pub struct Vitals {
    /// How much a namespace may run at once.
    pub current: Current,
    /// What waits.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What the clock of schedules and the dispatcher say.
    pub pulse: Arc<Pulse>,
}

impl Vitals {
    /// Whether no more waits than may.
    ///
    /// # Errors
    /// What does, or that it cannot be known, in a sentence without a full stop.
    pub async fn look(&self, limits: &KeepsUp) -> Result<(), String> {
        let now = self.clock.now();
        let config = self.current.get();
        let left_out = config.left_out.clone();
        let is_crowded = move |namespace: &str, runs: usize| {
            // One that has the whole host is not kept back by its share: then the host is full.
            let shares = |most: usize| most < config.capacity.runs && runs >= most;
            let namespace = config.namespaces.get(namespace);
            namespace.is_some_and(|namespace| shares(namespace.max_runs))
        };
        let looking = self.store.lag(now, left_out, is_crowded);
        let lag = match tokio::time::timeout(PATIENCE, looking).await {
            Ok(Ok(lag)) => lag,
            Ok(Err(error)) => return Err(format!("what waits cannot be known: {error}")),
            Err(_) => return Err("the queue does not answer: look at the disk of the data folder".into()),
        };
        let (schedule, full) = (self.pulse.next_start.get(), self.pulse.full.get());
        limits.verdict(&Lag { schedule, full, ..lag }, now)
    }
}
