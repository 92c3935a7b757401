//! The loops of a serving host: started together, watched, and ended together.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The loops of a serving host.
#[derive(Default)]
pub(super) struct Tasks {
    running: JoinSet<(&'static str, anyhow::Result<()>)>,
    names: Vec<&'static str>,
}

impl Tasks {
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.names.push(name);
        self.running.spawn(async move { (name, task.await) });
    }

    /// Waits for `stop`, or for a loop that ends by itself, which is an error.
    pub(super) async fn until(&mut self, stop: &CancellationToken) -> anyhow::Result<()> {
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            Some(ended) = self.running.join_next() => {
                if stop.is_cancelled() {
                    return Ok(());
                }
                let (name, result) = ended.context("a part of the host panicked")?;
                result.with_context(|| format!("the part `{name}` failed"))?;
                bail!("the part `{name}` ended by itself")
            }
        }
    }

    /// Waits for the loops to end; after `patience`, they are dropped.
    pub(super) async fn end(mut self, patience: Duration) {
        let all = async {
            while let Some(ended) = self.running.join_next().await {
                match ended {
                    Ok((name, _)) => self.names.retain(|other| *other != name),
                    Err(error) => tracing::error!(%error, "a part of the host panicked while it was stopping"),
                }
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!(parts = self.names.join(", "), "not ended in time: they are cut off");
        }
    }
}
