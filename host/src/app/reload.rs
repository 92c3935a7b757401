//! Reads the configuration anew: on SIGHUP, and when one of its files changes. What is read replaces what was in force as a
//! whole, or not at all: where it has errors, or asks for what only a restart can do, everything stays as it was and the logs
//! channel is told. Running work goes on with what it began with.
//!
//! An untrusted namespace whose own file has errors keeps nobody else from being read. It stays as it was, too, as long as
//! `innkeeper.toml` did not change: a stranger who breaks a file must not keep what was just taken from him.
//!
//! ```text
//!   watch   which changes of which files matter
//!   read    files -> a configuration that can replace the one in force
//!   news    what the logs channel is told of it, and how often
//! ```

mod news;
mod read;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use innkeeper_core::config::Config;
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::report::notice;
use tokio::signal::unix::Signal;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

pub(super) use self::news::News;
pub(super) use self::read::readable_secrets;
use self::read::{Refused, Settled};
use self::watch::Watch;
use super::notices::LogsChannel;
use crate::bell::Bells;
use crate::current::{Current, Replace};
use crate::guest::Guests;
use crate::notices::Notices;
use crate::registry::Registries;

/// The least time from one reading to the next, where a file changed; SIGHUP does not wait.
const PAUSE: Duration = Duration::from_secs(1);
/// The same while what is read has errors: it doubles up to this, since somebody may be breaking a file all the time.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is known from before the configuration was read, so that what changes while the host starts is seen.
pub struct Begun {
    at: SystemTime,
    file: Vec<u8>,
}

impl Begun {
    /// About to read this configuration.
    pub fn to_read(file: &Path) -> Self {
        Self {
            at: SystemTime::now(),
            file: bytes_of(file),
        }
    }
}

/// Reads the configuration anew.
pub(super) struct Reloader {
    pub(super) replace: Replace,
    pub(super) current: Current,
    pub(super) secrets: Arc<Secrets>,
    pub(super) bells: Bells,
    pub(super) logs_channel: Arc<LogsChannel>,
    pub(super) guests: Arc<Guests>,
    pub(super) registries: Arc<Registries>,
    /// `innkeeper.toml` as it was when it was put in force, and when that was read.
    pub(super) begun: Begun,
    pub(super) news: News,
}

impl Reloader {
    /// Reads again at every `hangup` and change, until `stop`.
    ///
    /// # Errors
    /// None.
    pub(super) async fn run(mut self, mut hangup: Signal, stop: CancellationToken) -> anyhow::Result<()> {
        let mut watch = Watch::new(&self.current.get());
        if watch.changed_since(self.begun.at) {
            // A folder that came just before the workspace was watched is not watched itself yet.
            tokio::task::block_in_place(|| watch.follow(&self.current.get()));
            self.reload("a file changed while the host started").await;
        }
        let mut pause = PAUSE;
        let mut rested = Instant::now();
        loop {
            let (why, hurried) = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(()) = hangup.recv() => ("SIGHUP", true),
                () = async { sleep_until(rested).await; watch.changed().await } => ("a file changed", false),
                () = self.news.wait() => {
                    self.deliver_news().await;
                    continue;
                }
            };
            // Before it is read: what changes from here on is seen. It asks the disk.
            tokio::task::block_in_place(|| watch.follow(&self.current.get()));
            let well = self.reload(why).await;
            pause = match well || hurried {
                true => PAUSE,
                false => (pause * 2).min(LONGEST_PAUSE),
            };
            rested = Instant::now() + pause;
        }
    }

    /// Whether all of it was well.
    async fn reload(&mut self, why: &str) -> bool {
        tracing::info!(why, "reading the configuration again");
        let old = self.current.get();
        let said = match read::read_again(&old, &self.begun.file, self.secrets.clone()).await {
            Ok(Settled {
                config,
                host_file,
                said,
            }) => {
                self.begun.file = host_file;
                self.put_in_force(&old, config, why);
                said
            }
            Err(Refused { why, detail, brief }) => {
                tracing::error!(why, detail, "the configuration stays as it was");
                Some(notice::not_reloaded(&why, &brief))
            }
        };
        let well = said.is_none();
        self.news.is_now(said);
        self.deliver_news().await;
        well
    }

    fn put_in_force(&self, old: &Config, config: Config, why: &str) {
        let known = super::components(old);
        let mut new = super::components(&config);
        new.retain(|component| !known.contains(component));
        let namespaces = config.namespaces.len();
        self.registries.look_again();
        self.replace.with(Arc::new(config));
        tracing::info!(namespaces, why, "the configuration is replaced");
        if !new.is_empty() {
            self.guests.preload(new);
        }
        // A namespace may have been given room for more runs, or is not left out any more.
        self.bells.ring_queue();
    }

    /// Tells the logs channel what it is time to tell.
    async fn deliver_news(&mut self) {
        let Some(text) = self.news.take(Instant::now()) else {
            return;
        };
        if let Err(error) = self.logs_channel.tell(text).await {
            tracing::error!(%error, "the logs channel could not be told of the configuration");
        }
    }
}

/// The bytes of a file, to see whether it changed. One that cannot be read is like an empty one, and unlike all others.
fn bytes_of(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap_or_default()
}

/// Whether two paths lead to one folder; `here` is in its one spelling.
fn same_folder(here: &PathBuf, there: &PathBuf) -> bool {
    here == there || there.canonicalize().is_ok_and(|there| there == *here)
}
