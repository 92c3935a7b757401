//! What a job says while it works: its progress, to whoever waits; its log, to the run's stderr.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bindings::progress::{Host, Level};
use super::context::Context;
use super::ending::tidy;
use super::output::GuestOutput;
use crate::runner::Progress;

/// How often whoever waits is told. What a job says in between is replaced by what it says later.
const EVERY: Duration = Duration::from_millis(100);
/// How much of a line is shown, in characters.
const LINE: usize = 200;

/// Who is told of a run's progress.
pub type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// Where one guest's progress goes.
pub struct Progressing {
    listener: Option<Listener>,
    told: Option<Instant>,
    log: GuestOutput,
}

impl Progressing {
    /// Tells `listener`, and writes log lines into `log`.
    pub fn new(listener: Option<Listener>, log: GuestOutput) -> Self {
        Self {
            listener,
            told: None,
            log,
        }
    }

    fn update(&mut self, fraction: Option<f64>, line: &str) {
        let Some(listener) = &self.listener else { return };
        if self.told.is_some_and(|told| told.elapsed() < EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        listener(Progress {
            fraction: fraction
                .filter(|fraction| !fraction.is_nan())
                .map(|fraction| fraction.clamp(0.0, 1.0)),
            line: tidy(line.trim(), LINE),
        });
    }

    fn log(&self, level: &str, line: &str) {
        let mut text = String::with_capacity(line.len() + 8);
        for line in line.trim_end().lines() {
            text.push_str(level);
            text.push_str(": ");
            text.push_str(line);
            text.push('\n');
        }
        self.log.say(&text);
    }
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
