//! `innkeeper serve`: everything at once, until SIGTERM or SIGINT.

use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Ended, load};
use crate::app::{App, Begun};

/// Begins. `file` is read after SIGHUP is listened to, which until then ends the process.
pub(super) async fn run(file: &Path) -> anyhow::Result<Ended> {
    let hangup = signal(SignalKind::hangup())?;
    let begun = Begun::to_read(file);
    let config = load(file)?;
    let (stop, hurry) = (CancellationToken::new(), CancellationToken::new());
    tokio::spawn(stop_on_signal(
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        stop.clone(),
        hurry.clone(),
    ));
    App::open(config).await?.serve(stop, hurry, begun, hangup).await?;
    Ok(Ended::Done)
}

/// How long the host goes on after a second signal: for running work to be ended, and written down as interrupted.
const AT_ONCE: Duration = Duration::from_secs(3);

/// The first signal begins to drain. A second one is for whoever cannot wait: what runs is ended, and what could not be
/// sent any more is sent after the next start.
async fn stop_on_signal(
    mut terminate: tokio::signal::unix::Signal,
    mut interrupt: tokio::signal::unix::Signal,
    stop: CancellationToken,
    hurry: CancellationToken,
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
    tracing::warn!("{signal} again: running work is ended");
    hurry.cancel();
    tokio::time::sleep(AT_ONCE).await;
    tracing::warn!("not done yet; ended all the same");
    std::process::exit(130);
}
