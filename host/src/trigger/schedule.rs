//! The clock: waits for the next start of any schedule, and hands it to the intake.
//!
//! What is due, and what became of starts that were missed, is decided by the core's timetable. A start is kept in one
//! commit with its request and its mark; only then is it decided about here, so that a failure tries again.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::config::Config;
use innkeeper_core::schedule::{Start, Timetable};
use tokio_util::sync::CancellationToken;

use super::{Heard, Intake};

/// How long the clock rests after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(5);

/// Starts jobs by the clock.
pub struct ScheduleTrigger {
    table: Timetable,
    intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
}

impl ScheduleTrigger {
    /// The trigger for the schedules of `config`, which goes on where an earlier host left them.
    ///
    /// # Errors
    /// The store's.
    pub async fn resume(config: &Config, intake: Arc<Intake>, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let mut table = Timetable::new(config, clock.now());
        let marks = intake.resume_schedules(table.marks()).await?;
        table.resume(&marks);
        Ok(Self { table, intake, clock })
    }

    /// Starts what is due until `stop`. Without schedules it sleeps until then.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            // A start that was begun is seen through.
            let rest = self.start_what_is_due().await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = pause(rest) => {}
            }
        }
    }

    /// Says how long there is nothing to do. None: for ever.
    async fn start_what_is_due(&mut self) -> Option<Duration> {
        let now = self.clock.now();
        for start in self.table.due(now) {
            if let Err(error) = self.decide(&start, now).await {
                tracing::error!(
                    namespace = start.mark.namespace,
                    schedule = start.schedule(),
                    error = format!("{error:#}"),
                    "a start by the clock could not be kept; trying again"
                );
                return Some(STORE_RETRY);
            }
            self.table.decided(&start);
        }
        Some(self.table.next()?.nap_from(self.clock.now()))
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

async fn pause(rest: Option<Duration>) {
    match rest {
        Some(rest) => tokio::time::sleep(rest).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
