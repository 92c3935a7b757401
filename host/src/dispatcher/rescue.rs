//! Runs that died with a host: at start, everything that is still marked as running is dead, since a data folder has
//! one owner. Each is ended as interrupted and reported. It is not run again: nobody but its author knows whether that
//! would do harm.

use std::path::Path;
use std::time::Duration;

use innkeeper_core::run::{Captured, Ending, Outcome, log_folder};

use super::Dispatcher;
use crate::runner::bash::kill_left_behind;

impl Dispatcher {
    /// Ends and reports every run that died with an earlier process.
    ///
    /// # Errors
    /// The store's, where it cannot say which runs those are.
    pub async fn rescue(&self) -> anyhow::Result<()> {
        for run in self.parts.store.dead_runs().await? {
            tracing::warn!(
                run.id = run.id.0,
                namespace = run.namespace,
                job = run.job,
                "a run died with the host"
            );
            let found = self.find(&run);
            let folder = log_folder(&run.namespace, &run.job, run.started, run.id);
            let files = self.parts.current.get().data_dir.join("logs").join(&folder);
            end_what_lives(&files).await;
            let outcome = Outcome {
                ending: Ending::Interrupted,
                // When it died nobody knows.
                duration: Duration::ZERO,
                stdout: left_behind(files.join("stdout")),
                stderr: left_behind(files.join("stderr")),
                report: None,
            };
            let job = found.as_ref().map(|(_, job)| &**job);
            self.end(&run, job, outcome, folder).await;
        }
        Ok(())
    }
}

/// Kills what a killed host left running: the run is about to be called interrupted, and its job free.
async fn end_what_lives(files: &Path) {
    let files = files.to_owned();
    let killed = tokio::task::spawn_blocking(move || kill_left_behind(&files)).await;
    match killed {
        Ok(0) => {}
        Ok(processes) => tracing::warn!(processes, "the run was still going; it is ended"),
        Err(error) => tracing::error!(%error, "what is left of a run could not be looked for"),
    }
}

/// What a dead run had written.
fn left_behind(path: std::path::PathBuf) -> Captured {
    let kept = std::fs::metadata(&path).map_or(0, |file| file.len());
    Captured { path, kept, lost: 0 }
}
