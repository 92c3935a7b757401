//! `innkeeper run --watch`: builds the job's guest and runs it, and does so again whenever its source changes.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use notify_debouncer_mini::notify::RecursiveMode;
use notify_debouncer_mini::{DebounceEventResult, new_debouncer};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::build::{self, Shop, Source};
use super::{Ended, load, order};

/// An editor writes a file in several steps; this long after the last of them it is done.
const SETTLED: Duration = Duration::from_millis(200);

/// What is run, and how it is shown.
pub(super) struct Watched {
    pub(super) namespace: String,
    pub(super) job: String,
    pub(super) arguments: Vec<(String, String)>,
    pub(super) json: bool,
}

pub(super) async fn run(config: &Path, watched: Watched) -> anyhow::Result<Ended> {
    let places = build::places(config)?;
    let source = Source::of_job(build::home(&places, &watched.namespace)?, &watched.job)?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let (changed, mut changes) = mpsc::channel(1);
    let mut watcher = new_debouncer(SETTLED, move |_: DebounceEventResult| {
        // One that waits to be seen stands for all.
        let _ = changed.try_send(());
    })?;
    watcher
        .watcher()
        .watch(&source.folder, RecursiveMode::Recursive)
        .with_context(|| format!("{} cannot be watched", source.folder.display()))?;
    let mut seen = None;
    loop {
        // What a build leaves beside the sources changes nothing that counts.
        let now = build::fingerprint(&source.folder, "").ok();
        if now.is_none() || now != seen {
            seen = now;
            tokio::select! {
                built = built(&places.data_dir, &source) => if built? {
                    // Ctrl-C ends the run, which is then reported; it ends this after that.
                    give(config, &watched).await;
                },
                _ = interrupted.recv() => return Ok(Ended::Done),
            }
            eprintln!("watching {}; Ctrl-C ends it", source.folder.display());
        }
        tokio::select! {
            biased;
            _ = interrupted.recv() => return Ok(Ended::Done),
            Some(()) = changes.recv() => {}
        }
    }
}

/// Builds, and says what came of it.
async fn built(data_dir: &Path, source: &Source) -> anyhow::Result<bool> {
    let (folder, made) = (data_dir.to_owned(), source.clone());
    let build = move || anyhow::Ok(build::build(&Shop::open(&folder)?, &made));
    build::tell(source, &tokio::task::spawn_blocking(build).await??)
}

/// Gives the order. What fails is said, and waits for the next change.
async fn give(config: &Path, watched: &Watched) {
    let order = order::job(
        watched.namespace.clone(),
        watched.job.clone(),
        watched.arguments.clone(),
    );
    let given = async { order::give(&load(config)?, order, watched.json).await };
    if let Err(error) = given.await {
        eprintln!("innkeeper: {error:#}");
    }
}
