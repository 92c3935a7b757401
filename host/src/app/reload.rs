//! Reads the configuration anew: on SIGHUP, and when one of its files changes. What is read replaces what was in force as a
//! whole, or not at all: where it has errors, or asks for what only a restart can do, everything stays as it was and the logs
//! channel is told. Running work goes on with what it began with.
//!
//! An untrusted namespace whose own file has errors keeps nobody else from being read. It stays as it was, too, as long as
//! `innkeeper.toml` did not change: a stranger who breaks a file must not keep what was just taken from him.

mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use innkeeper_core::clock::Clock;
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::config::{Config, Loaded};
use innkeeper_core::message::{Address, Message, NewDelivery, Post};
use innkeeper_core::report::notice;
use innkeeper_core::store::Store;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::watch::Watch;
use crate::bell::{Bells, lanes_of};
use crate::current::{Current, Replace};
use crate::guest::Guests;
use crate::guest::inspect::Inspector;

/// Reads the configuration anew.
pub(super) struct Reloader {
    pub(super) replace: Replace,
    pub(super) current: Current,
    pub(super) secrets: Arc<Secrets>,
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bells: Bells,
    pub(super) guests: Arc<Guests>,
    /// `innkeeper.toml` as it was when it was put in force.
    pub(super) host_file: Vec<u8>,
    /// What the logs channel was told last. None: that all is well, or nothing yet.
    pub(super) told: Option<String>,
}

/// What was read.
struct Read {
    loaded: Loaded,
    host_file: Vec<u8>,
}

/// Why nothing changed: a sentence, and what there is to say besides.
struct Refused {
    why: String,
    detail: String,
}

impl Reloader {
    /// Reads again at every SIGHUP and change, until `stop`.
    ///
    /// # Errors
    /// SIGHUP cannot be listened to.
    pub(super) async fn run(mut self, mut hangup: Signal, stop: CancellationToken) -> anyhow::Result<()> {
        let mut watch = Watch::new(&self.current.get());
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(()) = hangup.recv() => tracing::info!("SIGHUP: reading the configuration again"),
                () = watch.changed() => tracing::info!("a file of the configuration changed: reading it again"),
            }
            // Before it is read: what changes from here on is seen.
            watch.follow(&self.current.get());
            self.reload().await;
        }
    }

    async fn reload(&mut self) {
        let old = self.current.get();
        let said = match self.read_and_settle(&old).await {
            Ok((config, said)) => {
                self.put_in_force(&old, config);
                said
            }
            Err(Refused { why, detail }) => {
                tracing::error!(why, detail, "the configuration stays as it was");
                Some(notice::not_reloaded(&why, &detail))
            }
        };
        self.tell(said).await;
    }

    /// The configuration to put in force, and what is to be told of it.
    async fn read_and_settle(&mut self, old: &Arc<Config>) -> Result<(Config, Option<String>), Refused> {
        let file = old.file.clone();
        let reading = tokio::task::spawn_blocking(move || read(&file));
        let Read { loaded, host_file } = reading.await.map_err(|panic| Refused {
            why: format!("reading it made the host panic: {panic}"),
            detail: String::new(),
        })??;
        let problems = loaded.problems.render(false);
        let mut config = loaded.config;
        only_what_can_change(old, &mut config)?;
        self.readable_secrets(&config)?;
        let broken = config.left_out.clone();
        let kept = match host_file == self.host_file {
            true => keep_what_broke(old, &mut config),
            false => Vec::new(),
        };
        self.host_file = host_file;
        let said = (!broken.is_empty()).then(|| {
            tracing::warn!(namespaces = ?broken, ?kept, detail = problems, "namespaces have errors");
            notice::reloaded_without(&broken, &kept, &problems)
        });
        Ok((config, said))
    }

    fn readable_secrets(&self, config: &Config) -> Result<(), Refused> {
        let unreadable = config
            .webhook_secrets
            .iter()
            .find_map(|name| self.secrets.get(name).err());
        match unreadable {
            Some(error) => Err(Refused {
                why: error.to_string(),
                detail: String::new(),
            }),
            None => Ok(()),
        }
    }

    fn put_in_force(&self, old: &Config, config: Config) {
        let known = super::components(old);
        let mut new = super::components(&config);
        new.retain(|component| !known.contains(component));
        let namespaces = config.namespaces.len();
        self.replace.with(Arc::new(config));
        tracing::info!(namespaces, "the configuration is replaced");
        if !new.is_empty() {
            self.guests.preload(new);
        }
        // A namespace may have been given room for more runs.
        self.bells.ring_queue();
    }

    /// Tells the logs channel what it has not been told yet, and once that all is well again.
    async fn tell(&mut self, said: Option<String>) {
        if said == self.told {
            return;
        }
        let channel = self.current.get().slack.logs_channel.clone();
        let text = said.clone().unwrap_or_else(notice::reloaded);
        self.told = said;
        let Some(channel) = channel else { return };
        let message = Message::Post(Post::text(text));
        let deliveries = vec![NewDelivery::message(Address::slack_channel(channel), message, None)];
        let lanes = lanes_of(&deliveries);
        match self.store.append(deliveries, self.clock.now()).await {
            Ok(()) => self.bells.ring_outbox(lanes),
            Err(error) => tracing::error!(%error, "the logs channel could not be told of the configuration"),
        }
    }
}

/// Listens to SIGHUP from now on: until somebody does, it ends the process.
///
/// # Errors
/// The operating system's.
pub(super) fn hangups() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("SIGHUP cannot be listened to")
}

/// The bytes of a file, to see whether it changed. One that cannot be read is like an empty one, and unlike all others.
pub(super) fn bytes_of(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap_or_default()
}

fn read(file: &Path) -> Result<Read, Refused> {
    // Before the rest: a change in between is read again.
    let host_file = bytes_of(file);
    match Config::load_what_runs(file, &Inspector) {
        Ok(loaded) => Ok(Read { loaded, host_file }),
        Err(problems) => Err(Refused {
            why: format!("it has {}", problems.summary()),
            detail: problems.render(false),
        }),
    }
}

/// Refuses what only a restart can change. `data_dir` is taken in its one spelling.
fn only_what_can_change(old: &Config, new: &mut Config) -> Result<(), Refused> {
    let same_folder =
        |one: &PathBuf, other: &PathBuf| one == other || other.canonicalize().is_ok_and(|other| other == *one);
    let checks = [
        ("data_dir", same_folder(&old.data_dir, &new.data_dir)),
        ("workspace", old.workspace == new.workspace),
        ("server.listen", old.server == new.server),
        ("slack.mode", old.slack.mode == new.slack.mode),
        ("max_runs", old.capacity.runs == new.capacity.runs),
        (
            "max_guest_memory_mb",
            old.capacity.guest_memory == new.capacity.guest_memory,
        ),
    ];
    let changed: Vec<String> = checks
        .iter()
        .filter(|(_, same)| !same)
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    if !changed.is_empty() {
        return Err(Refused {
            why: format!(
                "it changes {}, which only a restart can; until then, nothing of it is in force",
                changed.join(", ")
            ),
            detail: String::new(),
        });
    }
    new.data_dir.clone_from(&old.data_dir);
    Ok(())
}

/// Keeps the namespaces that are left out as they were. Says which.
fn keep_what_broke(old: &Config, new: &mut Config) -> Vec<String> {
    let mut kept = Vec::new();
    new.left_out.retain(|name| match old.namespaces.get(name) {
        Some(namespace) => {
            new.namespaces.insert(name.clone(), Arc::clone(namespace));
            kept.push(name.clone());
            false
        }
        None => true,
    });
    kept
}
