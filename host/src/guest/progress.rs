//! What a job says while it works: its progress, to whoever waits; its log, to the run's stderr.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bindings::progress::{Host, Level};
use super::context::Context;
use super::ending::tidy;
use super::output::GuestOutput;
use crate::runner::Progress;

/// How often whoever waits is told. What a job says in between is replaced by what it says later.
const EVERY: Duration = Duration::from_millis(100);
/// Lines in one call of `log`.
const LOG_LINES: usize = 1000;
/// How much of a line is shown, in characters.
const LINE: usize = 200;

/// Who is told of a run's progress.
pub type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// Where one guest's progress goes.
pub struct Progressing {
    listener: Option<Listener>,
    /// What was said since `told`, which somebody is waiting to tell.
    latest: Arc<Mutex<Option<Progress>>>,
    told: Option<Instant>,
    log: GuestOutput,
}

impl Progressing {
    /// Tells `listener`, and writes log lines into `log`.
    pub fn new(listener: Option<Listener>, log: GuestOutput) -> Self {
        Self {
            listener,
            latest: Arc::default(),
            told: None,
            log,
        }
    }

    fn update(&mut self, fraction: Option<f64>, line: &str) {
        let Some(listener) = self.listener.clone() else { return };
        let progress = Progress {
            fraction: fraction
                .filter(|fraction| !fraction.is_nan())
                .map(|fraction| fraction.clamp(0.0, 1.0)),
            line: tidy(line.trim(), LINE),
        };
        let rest = self.told.and_then(|told| EVERY.checked_sub(told.elapsed()));
        let Some(rest) = rest else {
            self.told = Some(Instant::now());
            // Older than this one.
            lock(&self.latest).take();
            return listener(progress);
        };
        // The last word is not lost, however soon after another it came.
        if lock(&self.latest).replace(progress).is_none() {
            let latest = Arc::clone(&self.latest);
            tokio::spawn(async move {
                tokio::time::sleep(rest).await;
                let last = lock(&latest).take();
                if let Some(progress) = last {
                    listener(progress);
                }
            });
        }
    }

    /// Line by line, so that what is past the log's limit is not even held.
    fn log(&self, level: &str, text: &str) {
        for line in text.trim_end().lines().take(LOG_LINES) {
            for part in [level, ": ", line, "\n"] {
                self.log.append(part.as_bytes());
            }
        }
    }
}

fn lock(latest: &Mutex<Option<Progress>>) -> MutexGuard<'_, Option<Progress>> {
    // One value, whole whatever panicked while it was held.
    latest.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host for Context {
    fn update(&mut self, fraction: Option<f64>, line: String) {
        self.progress.update(fraction, &line);
    }

    fn log(&mut self, level: Level, line: String) {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        self.progress.log(level, &line);
    }
}

impl super::bindings::types::Host for Context {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::runner::log::LogFile;

    #[test]
    fn what_a_guest_logs_counts_against_its_limit() {
        let home = tempfile::tempdir().unwrap();
        let output = GuestOutput::new(LogFile::create(home.path().join("stderr"), 16).unwrap());
        let progress = Progressing::new(None, output.clone());
        progress.log("warn", "hot\nvery hot");
        let captured = output.finish();
        assert_eq!((captured.kept, captured.lost), (16, 9));
        assert_eq!(std::fs::read(captured.path).unwrap(), b"warn: hot\nwarn: ");
    }
}
