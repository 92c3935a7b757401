//! `innkeeper serve`: everything at once, until SIGTERM or SIGINT.

use innkeeper_core::config::Config;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Ended;
use crate::app::App;

pub(super) async fn run(config: &Config) -> anyhow::Result<Ended> {
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        stop.clone(),
    ));
    App::open(config.clone()).await?.serve(stop).await?;
    Ok(Ended::Done)
}

/// The first signal begins to drain. A second one is for whoever cannot wait: what runs is reported after the next start.
async fn stop_on_signal(
    mut terminate: tokio::signal::unix::Signal,
    mut interrupt: tokio::signal::unix::Signal,
    stop: CancellationToken,
) {
    let mut next = async || {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    };
    let signal = next().await;
    tracing::info!("{signal}: stopping, nothing new starts; a second signal ends at once");
    stop.cancel();
    let signal = next().await;
    tracing::warn!("{signal} again: ended at once");
    std::process::exit(130);
}
