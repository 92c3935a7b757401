//! Components that come from registries: pulled once, pinned, and from then on read from the disk.
//!
//! ```text
//!   reference -> lock        what content it stands for, if that is settled
//!             -> store       data_dir/cache/components: that content, if it is here
//!             -> pull        else the registry, and what came is checked, kept and pinned
//!   component -> push        into a registry; what was pushed is kept and pinned, too
//!   client, credentials      how registries are spoken to, and as whom
//! ```
//!
//! What is pinned and kept needs no network, and a tag that leads elsewhere by now changes nothing: `innkeeper pull
//! --update` moves pins, and nothing else does. A host goes on with what it found first; a moved pin counts from its next
//! start.

mod client;
mod credentials;
mod lock;
mod pull;
mod push;
mod store;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use innkeeper_core::config::oci::{Digest, Lock, OciReference, Pin};
use tokio_util::task::AbortOnDropHandle;

pub use lock::LockFile;
pub use push::Artifact;
use store::Store;

/// How long a component may take to be pulled.
const PULL_TIME: Duration = Duration::from_secs(60);
/// How long one may take to be pushed: whoever pushes waits for it, and nobody else does.
const PUSH_TIME: Duration = Duration::from_secs(300);

/// Why the component in a file cannot run on this host, in words that follow its name. The edge brings it along.
pub type Judge = fn(&Path) -> Result<(), String>;

/// A component that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// Its file.
    pub file: PathBuf,
    /// What it is.
    pub pin: Pin,
    /// Whether it had to be pulled, or pinned.
    pub anew: bool,
}

/// The way to components in registries.
#[derive(Clone)]
pub struct Registries {
    lock: LockFile,
    store: Store,
    judge: Judge,
    pull_time: Duration,
    found: Arc<Mutex<HashMap<OciReference, Slot>>>,
}

/// Where a component was found; held while it is looked for.
type Slot = Arc<tokio::sync::Mutex<Option<PathBuf>>>;

impl Registries {
    /// Components pinned in the file `lock` and kept in `data_dir`. Nothing is made or read yet. What `judge` refuses is never
    /// pinned by itself: it would be a mistake in the configuration, which keeps a host from starting.
    pub fn new(lock: PathBuf, data_dir: &Path, judge: Judge) -> Self {
        Self {
            lock: LockFile::new(lock),
            store: Store::new(data_dir),
            judge,
            pull_time: PULL_TIME,
            found: Arc::default(),
        }
    }

    /// The file of a component; it is pulled where it is not here. Whoever asks for the same one meanwhile waits for it.
    ///
    /// # Errors
    /// Why it cannot be had, in words that follow the reference.
    pub async fn file(&self, reference: &OciReference) -> Result<PathBuf, String> {
        let slot = self.slot(reference);
        let mut found = slot.lock().await;
        if let Some(file) = found.as_ref().filter(|file| file.exists()) {
            return Ok(file.clone());
        }
        let file = self.ensure(reference).await?.file;
        *found = Some(file.clone());
        Ok(file)
    }

    /// Makes sure that a component is here: the pinned one, or else what its reference leads to now, which is pinned.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub async fn ensure(&self, reference: &OciReference) -> Result<Pulled, String> {
        let pin = match self.pins().await?.pin(reference) {
            Some(pin) => pin.clone(),
            None => {
                let fetched = self.fetch(reference).await?;
                self.judge(&fetched).await?;
                let first = self.pin_first(reference, fetched.pin.clone()).await?;
                if first == fetched.pin {
                    return Ok(Pulled { anew: true, ..fetched });
                }
                // Another process was faster, and the tag moved between the two.
                first
            }
        };
        if let Some(file) = self.store.find(&pin.digest).await? {
            let anew = false;
            return Ok(Pulled { file, pin, anew });
        }
        let file = self.pull(&reference.at(&pin.manifest), Some(&pin.digest)).await?.file;
        let anew = true;
        Ok(Pulled { file, pin, anew })
    }

    /// Pulls what a reference leads to now, whatever it is pinned to. It is kept, and nothing is pinned.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub async fn fetch(&self, reference: &OciReference) -> Result<Pulled, String> {
        self.pull(reference, None).await
    }

    /// Whether what was fetched can run here.
    ///
    /// # Errors
    /// Why not, in words that follow the reference.
    pub async fn judge(&self, fetched: &Pulled) -> Result<(), String> {
        let (judge, file) = (self.judge, fetched.file.clone());
        blocking(move || judge(&file)).await
    }

    /// What is pinned.
    ///
    /// # Errors
    /// The lock file cannot be read; in words that follow a reference.
    pub async fn pins(&self) -> Result<Lock, String> {
        let lock = self.lock.clone();
        blocking(move || lock.read()).await
    }

    /// Settles what a reference stands for.
    ///
    /// # Errors
    /// The lock file cannot be written; in words that follow the reference.
    pub async fn pin(&self, reference: &OciReference, pin: Pin) -> Result<(), String> {
        let reference = reference.clone();
        self.change_pins(move |lock| drop(lock.set(reference, pin))).await
    }

    /// Forgets pins that are not for one of these. Returns what was forgotten.
    ///
    /// # Errors
    /// The lock file cannot be written.
    pub async fn keep_pins(&self, of: Vec<OciReference>) -> Result<Vec<OciReference>, String> {
        if self.pins().await?.retain(|reference| of.contains(reference)).is_empty() {
            return Ok(Vec::new());
        }
        self.change_pins(move |lock| lock.retain(|reference| of.contains(reference)))
            .await
    }

    /// Pushes a component, keeps it and pins it. Returns its reference with the digest that it has there.
    ///
    /// # Errors
    /// Why not, in words that follow the reference.
    pub async fn push(&self, reference: &OciReference, artifact: Artifact) -> Result<OciReference, String> {
        let (to, content) = (reference.clone(), artifact.component.clone());
        let session = client::open(reference).await?;
        let pushed = within(PUSH_TIME, reference, async move {
            push::push(&session, &to, &artifact).await
        })
        .await?;
        self.store.put(&content, &pushed.digest).await?;
        let reference = reference.at(&pushed.manifest);
        self.pin(&reference, pushed).await?;
        Ok(reference)
    }

    /// Pulls, on a task of its own: what the network sends can end that, and nothing else.
    async fn pull(&self, reference: &OciReference, expected: Option<&Digest>) -> Result<Pulled, String> {
        let (from, expected, store) = (reference.clone(), expected.cloned(), self.store.clone());
        let work = async move {
            let session = client::open(&from).await?;
            pull::pull(&session, &from, expected.as_ref(), &store).await
        };
        within(self.pull_time, reference, work).await
    }

    async fn pin_first(&self, reference: &OciReference, pin: Pin) -> Result<Pin, String> {
        let reference = reference.clone();
        self.change_pins(move |lock| match lock.pin(&reference) {
            Some(first) => first.clone(),
            None => {
                lock.set(reference, pin.clone());
                pin
            }
        })
        .await
    }

    async fn change_pins<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Lock) -> T + Send + 'static,
    ) -> Result<T, String> {
        let file = self.lock.clone();
        let changed = blocking(move || file.change_pins(change).map_err(|error| format!("{error:#}"))).await;
        changed.map_err(|why| format!("cannot be pinned: {why}"))
    }

    /// Looks again where each component is: what it is pinned to may have changed.
    pub fn look_again(&self) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn slot(&self, reference: &OciReference) -> Slot {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(found.entry(reference.clone()).or_default())
    }
}

/// Talks to a registry, for so long.
async fn within<T: Send + 'static>(
    time: Duration,
    reference: &OciReference,
    work: impl Future<Output = Result<T, String>> + Send + 'static,
) -> Result<T, String> {
    let task = AbortOnDropHandle::new(tokio::spawn(work));
    let registry = reference.registry();
    match tokio::time::timeout(time, task).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => {
            tracing::error!(%error, %reference, "talking to a registry failed in the host's own code");
            Err(format!(
                "broke the client with what {registry} answered; the host's log has more"
            ))
        }
        Err(_) => Err(format!("took longer than {} s: {registry} is too slow", time.as_secs())),
    }
}

/// Work on files, off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(format!("was given up: {error}")),
    }
}

#[cfg(test)]
mod tests;
