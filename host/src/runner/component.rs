//! Runs components: of the world `command`, any `wasi:cli` program, and of the world `job`.
//!
//! Owns the run's log and the hop to the guests' runtime. What happens there is in [`crate::guest`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::run::{Captured, Ending, Outcome};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::log::RunLog;
use super::{Invocation, Runner};
use crate::guest::output::GuestOutput;
use crate::guest::refusals::Refusals;
use crate::guest::{Guests, run};

/// The runner of components.
pub struct ComponentRunner {
    guests: Arc<Guests>,
}

impl ComponentRunner {
    /// A runner of `guests`.
    pub fn new(guests: Arc<Guests>) -> Self {
        Self { guests }
    }
}

impl Runner for ComponentRunner {
    fn run(&self, invocation: Invocation, stop: CancellationToken) -> BoxFuture<'static, Outcome> {
        let guests = Arc::clone(&self.guests);
        Box::pin(async move {
            let folder = invocation.log_folder.clone();
            let work = execute(Arc::clone(&guests), invocation, stop);
            match guests.spawn(work) {
                Ok(task) => task.await.unwrap_or_else(|error| lost(&folder, &error)),
                Err(why) => unlogged(&folder, Ending::NotStarted { why }),
            }
        })
    }
}

/// One run, on the guests' runtime.
async fn execute(guests: Arc<Guests>, mut invocation: Invocation, stop: CancellationToken) -> Outcome {
    let log = RunLog::when_written(&invocation.log_folder, &invocation.job.limits);
    let (stdout, stderr) = (GuestOutput::new(log.stdout), GuestOutput::new(log.stderr));
    let refusals = Refusals::default();
    let (out, err) = (stdout.clone(), stderr.clone());
    let (lived, duration) = run::run(&guests, &mut invocation, out, err, &refusals, &stop).await;
    // Here, not in the run: one that is stopped at its time limit was refused what it was refused.
    stderr.say(&refusals.lines());
    Outcome {
        ending: lived.ending,
        duration,
        stdout: stdout.finish(),
        stderr: stderr.finish(),
        report: lived.report,
    }
}

fn unlogged(folder: &Path, ending: Ending) -> Outcome {
    let (stdout, stderr) = RunLog::nothing(folder);
    Outcome {
        ending,
        duration: Duration::ZERO,
        stdout,
        stderr,
        report: None,
    }
}

/// The outcome of a run whose task is gone: the guests' runtime ended, or the host's own code panicked.
fn lost(folder: &Path, error: &JoinError) -> Outcome {
    let ending = if error.is_cancelled() {
        Ending::Interrupted
    } else {
        tracing::error!(%error, folder = %folder.display(), "the sandbox failed while it ran a guest");
        Ending::Trapped {
            why: "the host's sandbox failed while it ran; the host's log has more".into(),
        }
    };
    let mut outcome = unlogged(folder, ending);
    for captured in [&mut outcome.stdout, &mut outcome.stderr] {
        count_what_is_there(captured);
    }
    outcome
}

fn count_what_is_there(captured: &mut Captured) {
    captured.kept = captured.path.metadata().map_or(0, |file| file.len());
}
