//! The clock: waits for the next start of any schedule, and hands it to the intake.
//!
//! What is due, and what became of starts that were missed, is decided by the core's timetable. A start is kept in one
//! commit with its request and its mark; only then is it decided about here, so that a failure tries again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::schedule::{Start, Timetable};
use tokio_util::sync::CancellationToken;

use super::{Heard, Intake};
use crate::bell;
use crate::current::Current;
use crate::vitals::Pulse;

/// How long the clock rests after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(5);

/// Starts that are decided about together: they are due at the same time, and wait for one commit.
const AT_ONCE: usize = 100;

/// Starts jobs by the clock.
pub struct ScheduleTrigger {
    current: Current,
    table: Timetable,
    intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
    pulse: Arc<Pulse>,
}

impl ScheduleTrigger {
    /// The trigger for the schedules of the configuration, which goes on where an earlier host left them, and says what is
    /// next.
    ///
    /// # Errors
    /// The store's.
    pub async fn resume(
        current: Current,
        intake: Arc<Intake>,
        clock: Arc<dyn Clock>,
        pulse: Arc<Pulse>,
    ) -> anyhow::Result<Self> {
        let table = timetable(&current, &intake, &*clock).await?;
        Ok(Self {
            current,
            table,
            intake,
            clock,
            pulse,
        })
    }

    /// Starts what is due until `stop`. Without schedules it sleeps until then.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            // A start that was begun is seen through.
            let rest = self.start_what_is_due().await;
            let replaced = tokio::select! {
                () = stop.cancelled() => false,
                () = bell::rest(rest) => false,
                () = self.current.changed() => true,
            };
            if replaced {
                self.read_again(&stop).await;
            }
        }
    }

    /// Goes on by the schedules of the configuration as it is now; for as long as they cannot be looked up, by those before.
    async fn read_again(&mut self, stop: &CancellationToken) {
        loop {
            match timetable(&self.current, &self.intake, &*self.clock).await {
                Ok(table) => {
                    self.table = table;
                    return;
                }
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "new schedules are not known yet; trying again"
                ),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(STORE_RETRY) => {}
            }
        }
    }

    /// Says how long there is nothing to do. None: for ever.
    async fn start_what_is_due(&mut self) -> Option<Duration> {
        let now = self.clock.now();
        self.pulse.next_start.set(self.table.next());
        for starts in self.table.due(now).chunks(AT_ONCE) {
            // The store commits together what comes together.
            let decided = join_all(starts.iter().map(|start| self.decide(start, now))).await;
            let mut failed = false;
            for (start, decided) in starts.iter().zip(decided) {
                match decided {
                    Ok(()) => self.table.decided(start),
                    Err(error) => {
                        failed = true;
                        tracing::error!(
                            namespace = start.mark.namespace,
                            schedule = start.schedule(),
                            error = format!("{error:#}"),
                            "a start by the clock could not be kept; trying again"
                        );
                    }
                }
            }
            if failed {
                return Some(STORE_RETRY);
            }
        }
        let next = self.table.next();
        self.pulse.next_start.set(next);
        Some(next?.nap_from(self.clock.now()))
    }

    async fn decide(&self, start: &Start, now: Timestamp) -> anyhow::Result<()> {
        let (namespace, schedule, due) = (&start.mark.namespace, start.schedule(), start.mark.at);
        if start.is_skipped() {
            self.intake.skip(start.mark.clone()).await?;
            tracing::info!(namespace, schedule, %due, "a start was missed, and is skipped");
            return Ok(());
        }
        let (asking, request) = start.order(now);
        match self.intake.start(start.mark.clone(), asking, request).await? {
            Heard::Repeated => tracing::info!(namespace, schedule, %due, "this start had been taken before"),
            _ if start.missed => tracing::info!(namespace, schedule, %due, "a start was missed, and is made up for"),
            _ => tracing::debug!(namespace, schedule, %due, "a start was due"),
        }
        Ok(())
    }
}

/// Every schedule with its next start, from where an earlier table was.
async fn timetable(current: &Current, intake: &Intake, clock: &dyn Clock) -> anyhow::Result<Timetable> {
    let config = current.get();
    let mut table = Timetable::new(&config, clock.now());
    let marks = intake.resume_schedules(table.marks(), config.left_out.clone()).await?;
    table.resume(&marks);
    Ok(table)
}

#[cfg(test)]
mod tests;
