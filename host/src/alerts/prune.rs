//! Forgets what is kept no longer: runs of checks by their number, with their folders, and the history of services by its
//! age. A piece at a time, so that nothing else waits for it.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::clock::Clock;
use innkeeper_core::store::{Prunable, Store};
use tokio_util::sync::CancellationToken;

use crate::current::Current;

/// What is forgotten in one transaction.
const PIECE: u32 = 500;
/// The pause once nothing is left to forget.
const PAUSE: Duration = Duration::from_secs(60);

/// Forgets what is kept no longer.
pub struct Pruner {
    /// How much is kept.
    pub current: Current,
    /// Where.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Pruner {
    /// Forgets until `stop`.
    ///
    /// # Errors
    /// None.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        while !stop.is_cancelled() {
            let rest = match self.piece().await {
                Ok(true) => Duration::ZERO,
                Ok(false) => PAUSE,
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "old runs of checks could not be forgotten; tried again"
                    );
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        Ok(())
    }

    /// Forgets a piece. Whether there may be more.
    ///
    /// # Errors
    /// The store's.
    pub async fn piece(&self) -> anyhow::Result<bool> {
        let config = self.current.get();
        let runs = self
            .store
            .prunable_check_runs(config.alerts.keep_results, PIECE)
            .await?;
        let mut more = false;
        if !runs.is_empty() {
            let logs = config.data_dir.join("logs");
            let gone = tokio::task::spawn_blocking(move || take_away_logs(&logs, runs)).await?;
            // Where folders cannot be removed the same runs come again: that can wait.
            more = self.store.forget_check_runs(gone).await? >= u64::from(PIECE);
        }
        let before =
            self.clock.now().as_micros() - i64::try_from(config.alerts.keep_history.as_micros()).unwrap_or(i64::MAX);
        let before = innkeeper_core::clock::Timestamp::from_micros(before);
        more |= self.store.forget_history(before, PIECE).await? >= u64::from(PIECE);
        Ok(more)
    }
}

/// Takes the folders of these runs away, and says of which that is done.
fn take_away_logs(logs: &Path, runs: Vec<Prunable>) -> Vec<innkeeper_core::run::RunId> {
    let gone = runs.into_iter().filter(|run| {
        let Some(folder) = &run.log_folder else {
            return true;
        };
        let Some(folder) = below(logs, folder) else {
            tracing::error!(
                run.id = run.run.0,
                folder,
                "the log folder of a run is not below the logs; it is left alone"
            );
            return true;
        };
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::error!(folder = %folder.display(), %error, "the log of an old run cannot be removed");
                false
            }
            _ => true,
        }
    });
    gone.map(|run| run.run).collect()
}

/// The folder of a run, which the database names: nothing else is ever taken away.
fn below(logs: &Path, folder: &str) -> Option<PathBuf> {
    let plain = |part| matches!(part, Component::Normal(_));
    let path = Path::new(folder);
    (path.components().count() > 1 && path.components().all(plain)).then(|| logs.join(path))
}
