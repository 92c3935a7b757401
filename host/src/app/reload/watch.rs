//! Watches the files of the configuration: `innkeeper.toml`, what lies beside it, and the folders of the namespaces. A folder
//! is watched and not a file, since editors put a new file in the place of the old one.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use innkeeper_core::config::Config;
use innkeeper_core::config::oci::lock_file;
use notify_debouncer_mini::notify::{self, Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// An editor, or a deployment, writes in several steps; this long after the last of them it is done.
const SETTLED: Duration = Duration::from_millis(300);
/// File systems stamp changes by a clock that ticks more coarsely than the one that is asked for the time.
const TICK: Duration = Duration::from_millis(20);
/// How long a folder in which something changes all the time keeps others waiting.
const PATIENCE: Duration = Duration::from_secs(3);

/// Watches, where the operating system lets it.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    changes: mpsc::Receiver<()>,
    folders: BTreeSet<PathBuf>,
    matters: Matters,
}

impl Watch {
    /// Watches the files of `config`.
    pub(super) fn new(config: &Config) -> Self {
        let (changed, changes) = mpsc::channel(1);
        let matters = Matters::of(config);
        let seen = matters.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let matters = match event {
                Ok(event) => seen.is_change(&event),
                // Something was missed: look.
                Err(_) => true,
            };
            if matters {
                // One that waits to be seen stands for all.
                let _ = changed.try_send(());
            }
        });
        let watcher = watcher.inspect_err(|error| {
            tracing::warn!(%error, "the configuration's files cannot be watched: send SIGHUP after a change");
        });
        let mut watch = Self {
            watcher: watcher.ok(),
            changes,
            folders: BTreeSet::new(),
            matters,
        };
        watch.follow(config);
        watch
    }

    /// Waits for a change, and until it is over.
    pub(super) async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && timeout(SETTLED, self.changes.recv()).await.is_ok() {}
    }

    /// Whether something changed since then: before it was watched.
    pub(super) fn changed_since(&self, then: SystemTime) -> bool {
        let then = then.checked_sub(TICK).unwrap_or(then);
        let entries = self.folders.iter().flat_map(|folder| {
            let inside = std::fs::read_dir(folder).into_iter().flatten().flatten();
            inside.map(|entry| entry.path())
        });
        let changes = entries
            .filter(|path| self.matters.matters(path))
            // What was removed from it.
            .chain([self.matters.workspace.clone()]);
        let mut changes = changes.filter_map(|path| changed_at(&path));
        changes.any(|at| at > then)
    }

    /// Watches what has come since, and no longer what has gone.
    pub(super) fn follow(&mut self, config: &Config) {
        let folders = folders(config);
        let Some(watcher) = &mut self.watcher else {
            self.folders = folders;
            return;
        };
        for gone in self.folders.difference(&folders) {
            // Where it does not exist any more, there is nothing to unwatch.
            let _ = watcher.unwatch(gone);
        }
        let mut watched = BTreeSet::new();
        for folder in folders {
            // A folder that was removed and made again is another one: those that are known are watched anew, too.
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => drop(watched.insert(folder)),
                Err(error) => tracing::warn!(
                    folder = %folder.display(), %error,
                    "a folder of the configuration cannot be watched: send SIGHUP after a change in it"
                ),
            }
        }
        self.folders = watched;
    }
}

/// When a file, or what is said of it, changed last; none where it is gone. Unlike the time of its content, nobody can set it.
fn changed_at(path: &Path) -> Option<SystemTime> {
    let file = std::fs::metadata(path).ok()?;
    let seconds = Duration::from_secs(u64::try_from(file.ctime()).ok()?);
    let nanoseconds = Duration::from_nanos(u64::try_from(file.ctime_nsec()).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(seconds + nanoseconds)
}

/// The folder of `innkeeper.toml`, the workspace, and each folder in it.
fn folders(config: &Config) -> BTreeSet<PathBuf> {
    let home = config.file.parent().map(Path::to_owned);
    let workspace = config.workspace.clone();
    let namespaces = std::fs::read_dir(&workspace).into_iter().flatten().flatten();
    let namespaces = namespaces.map(|entry| entry.path()).filter(|path| path.is_dir());
    home.into_iter().chain([workspace]).chain(namespaces).collect()
}

/// What of all that happens in these folders is of the configuration.
#[derive(Clone)]
struct Matters {
    file: PathBuf,
    lock: PathBuf,
    workspace: PathBuf,
}

impl Matters {
    fn of(config: &Config) -> Self {
        Self {
            file: config.file.clone(),
            lock: lock_file(&config.file),
            workspace: config.workspace.clone(),
        }
    }

    /// Whether what happened changes the configuration, or may have been missed among too much else.
    fn is_change(&self, event: &Event) -> bool {
        // Whoever reads a file opens it: this host, above all. (The debouncer that comes with the watcher cannot tell.)
        let changes = !event.kind.is_access() && event.paths.iter().any(|path| self.matters(path));
        changes || event.need_rescan()
    }

    /// Whether a change of `path` is one of the configuration: its two files, a folder of the workspace, and in these a
    /// `namespace.toml` or a component. Jobs write other files there.
    fn matters(&self, path: &Path) -> bool {
        let name = path.file_name();
        path == self.file
            || path == self.lock
            || path.parent() == Some(&self.workspace)
            || name == Some(OsStr::new("namespace.toml"))
            // Where Kubernetes mounts files, each is a link into a folder that a link of this name leads to.
            || name == Some(OsStr::new("..data"))
            || path.extension() == Some(OsStr::new("wasm"))
    }
}

#[cfg(test)]
mod tests {
    use notify::EventKind;
    use notify::event::{AccessKind, Flag};

    use super::*;

    #[test]
    fn what_was_missed_among_too_much_else_is_looked_for() {
        let matters = Matters {
            file: "/etc/inn/innkeeper.toml".into(),
            lock: "/etc/inn/innkeeper.lock".into(),
            workspace: "/srv/work".into(),
        };
        let missed = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(matters.is_change(&missed));
        let read = Event::new(EventKind::Access(AccessKind::Any)).add_path("/etc/inn/innkeeper.toml".into());
        assert!(!matters.is_change(&read));
        let written = Event::new(EventKind::Any).add_path("/etc/inn/innkeeper.toml".into());
        assert!(matters.is_change(&written));
    }

    #[test]
    fn what_jobs_write_beside_their_configuration_does_not_matter() {
        let matters = Matters {
            file: "/etc/inn/innkeeper.toml".into(),
            lock: "/etc/inn/innkeeper.lock".into(),
            workspace: "/srv/work".into(),
        };
        for path in [
            "/etc/inn/innkeeper.toml",
            "/etc/inn/innkeeper.lock",
            "/srv/work/demo",
            "/srv/work/demo/namespace.toml",
            "/srv/work/demo/tool.wasm",
            "/srv/work/demo/..data",
        ] {
            assert!(matters.matters(Path::new(path)), "{path}");
        }
        for path in ["/etc/inn/data", "/etc/inn", "/srv/work/demo/out.csv", "/srv/work"] {
            assert!(!matters.matters(Path::new(path)), "{path}");
        }
    }
}
