//! Runs that died with a host: at start, everything that is still marked as running is dead, since a data folder has
//! one owner. Each is ended as interrupted and reported. It is not run again: nobody but its author knows whether that
//! would do harm.

use innkeeper_core::run::{Captured, Ending, Outcome};

use super::Dispatcher;
use crate::runner::log_folder;

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
            let files = self.parts.config.data_dir.join("logs").join(&folder);
            let outcome = Outcome {
                ending: Ending::Interrupted,
                duration: self.parts.clock.now().since(run.started),
                stdout: left_behind(files.join("stdout")),
                stderr: left_behind(files.join("stderr")),
            };
            let job = found.as_ref().map(|(_, job)| &**job);
            self.end(&run, job, outcome, folder).await;
        }
        Ok(())
    }
}

/// What a dead run had written.
fn left_behind(path: std::path::PathBuf) -> Captured {
    let kept = std::fs::metadata(&path).map_or(0, |file| file.len());
    Captured { path, kept, lost: 0 }
}
