//! The fabfile of a namespace: fetched before its bash jobs run, into the folder that they run in.
//!
//! ```text
//!   refresh    one fetch at a time for each namespace: ask, check, keep, tell, place
//! ```
//!
//! The last good copy, and what is known of it, is kept where no job works (`cache/fabfiles` in the data folder). Jobs may
//! change or clear their own folder as they like: the copy there is compared with the kept one before each run.
//!
//! A file that was fetched is kept until a good one comes: a server that is down stops nobody's work. What is fetched is
//! code that runs with the host's rights. Who may name one, and from where, is decided by the configuration.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::config::FabfileUrl;
use innkeeper_core::report;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use crate::fetch::Wanted;
pub use crate::fetch::{Fetched, HttpFetch, Validators};
use crate::files::{digest, off_thread, replace};
use crate::notices::Notices;

/// What `fab` looks for in the folder that it runs in.
const FILE: &str = "fabfile.py";
/// What is remembered of it, beside the kept copy.
const STATE: &str = "state.json";
/// How long a fetch may take in all.
const FETCH_TIME: Duration = Duration::from_secs(10);
/// The longest fabfile, in bytes.
pub const LONGEST: usize = 1024 * 1024;
const WANTED: Wanted = Wanted {
    mib: 1,
    no_web_page: "it is a web page, not a file of Python: take the address of the raw file",
};

/// Asks a server for a file.
pub trait Fetch: Send + Sync {
    /// Asks for the file at `url`; if there are validators, only for one that they do not fit.
    ///
    /// The error says why there is none, as the end of a sentence.
    fn fetch<'f>(&'f self, url: &'f FabfileUrl, have: Option<&'f Validators>)
    -> BoxFuture<'f, Result<Fetched, String>>;
}

impl Fetch for HttpFetch {
    fn fetch<'f>(
        &'f self,
        url: &'f FabfileUrl,
        have: Option<&'f Validators>,
    ) -> BoxFuture<'f, Result<Fetched, String>> {
        Box::pin(self.get(url.as_str(), have, WANTED))
    }
}

/// A fabfile that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    /// It is what its server has.
    Fresh,
    /// It is the last copy that could be had. Says why, as the end of a sentence.
    Stale(String),
}

/// Keeps the fabfiles of all namespaces.
#[derive(Clone)]
pub struct Fabfiles {
    fetch: Arc<dyn Fetch>,
    notices: Arc<dyn Notices>,
    /// Where the last good copies are kept, in a folder for each namespace.
    kept: PathBuf,
    /// How long a fetch may take in all.
    patience: Duration,
    /// By namespace.
    last: Arc<Mutex<HashMap<String, OfNamespace>>>,
}

/// The last fetch for a namespace. Held while one goes on.
type OfNamespace = Arc<tokio::sync::Mutex<Option<Last>>>;

/// A fetch that is over.
struct Last {
    begun: Instant,
    url: FabfileUrl,
    came_of_it: Result<Ready, String>,
}

impl Fabfiles {
    /// Fabfiles that `fetch` fetches, and of whose trouble `notices` tells. The last good ones are kept in the folder
    /// `kept`, which is made where it is missing.
    pub fn new(fetch: Arc<dyn Fetch>, notices: Arc<dyn Notices>, kept: PathBuf) -> Self {
        Self {
            fetch,
            notices,
            kept,
            patience: FETCH_TIME,
            last: Arc::default(),
        }
    }

    /// Fetches the fabfile of `namespace` from `url` into `folder`, which is made where it is missing. Who comes while it
    /// is fetched waits, and shares what comes of the next fetch with everybody else who waits.
    ///
    /// # Errors
    /// There is none: it cannot be fetched, and no copy of it is here; or it cannot be put into `folder`. Says so and what to
    /// do, for people to read.
    pub async fn refresh(&self, namespace: &str, url: &FabfileUrl, folder: &Path) -> Result<Ready, String> {
        let came = Instant::now();
        let of_namespace = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(last.entry(namespace.to_owned()).or_default())
        };
        let mut last = of_namespace.lock().await;
        if let Some(last) = &*last
            && last.begun >= came
            && last.url == *url
        {
            return last.came_of_it.clone();
        }
        let begun = Instant::now();
        let came_of_it = self.fetch_now(namespace, url, folder).await;
        *last = Some(Last {
            begun,
            url: url.clone(),
            came_of_it: came_of_it.clone(),
        });
        came_of_it
    }

    async fn fetch_now(&self, namespace: &str, url: &FabfileUrl, folder: &Path) -> Result<Ready, String> {
        let here = Here::look(&self.kept.join(namespace), url).await?;
        let asking = self.fetch.fetch(url, here.validators());
        let fetched = match timeout(self.patience, asking).await {
            Ok(fetched) => fetched,
            Err(_) => Err(format!("there was no whole answer within {:?}", self.patience)),
        };
        let taken = match fetched {
            Ok(fetched) => here.take(fetched).await,
            Err(why) => Err(why),
        };
        match taken {
            Ok(taken) => {
                self.works(namespace, &taken).await;
                taken.place(folder).await?;
                Ok(Ready::Fresh)
            }
            Err(why) => {
                self.fails(namespace, url, &here, &why).await;
                if !here.is_good() {
                    return Err(report::fabfile_missing(url, &why));
                }
                here.place(folder).await?;
                Ok(Ready::Stale(why))
            }
        }
    }

    /// Tells of the first failure after a success. It is written down only when it was told: better twice than never.
    async fn fails(&self, namespace: &str, url: &FabfileUrl, here: &Here, why: &str) {
        tracing::warn!(namespace, %url, why, copy = here.is_good(), "a fabfile could not be fetched");
        if here.state.failing {
            return;
        }
        let text = report::fabfile_fails(namespace, url, why, here.is_good());
        if self.tell(text).await {
            here.remember(State {
                failing: true,
                ..here.state.clone()
            })
            .await;
        }
    }

    async fn works(&self, namespace: &str, here: &Here) {
        if !here.state.failing {
            return;
        }
        tracing::info!(namespace, "its fabfile can be fetched again");
        if self.tell(report::fabfile_works_again(namespace)).await {
            here.remember(State {
                failing: false,
                ..here.state.clone()
            })
            .await;
        }
    }

    async fn tell(&self, text: String) -> bool {
        let told = self.notices.tell(text).await;
        if let Err(error) = &told {
            tracing::error!(
                error = format!("{error:#}"),
                "the logs channel could not be told of a fabfile"
            );
        }
        told.is_ok()
    }
}

impl fmt::Debug for Fabfiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fabfiles").finish_non_exhaustive()
    }
}

/// What is remembered of a fabfile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Where it came from, or was to come from. As a digest: the address may hold a token.
    source: String,
    #[serde(flatten)]
    validators: Validators,
    /// Of the file that was fetched. Whoever changed it since has changed another file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Whether it was told that it cannot be fetched, and not yet that it can.
    #[serde(default)]
    failing: bool,
}

/// What is kept of a fabfile.
struct Here {
    folder: PathBuf,
    state: State,
    /// The last good copy, where there is one that was fetched from this address.
    good: Option<Arc<[u8]>>,
}

impl Here {
    async fn look(folder: &Path, url: &FabfileUrl) -> Result<Self, String> {
        let (folder, source) = (folder.to_owned(), digest(url.as_str().as_bytes()));
        off_thread(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let state = read_state(&folder).filter(|state| state.source == source);
            let good = state.as_ref().and_then(|state| {
                let file = read(&folder.join(FILE)).ok()?;
                (Some(digest(&file)) == state.sha256).then(|| file.into())
            });
            let state = state.unwrap_or_else(|| State {
                source,
                ..State::default()
            });
            Ok(Self { folder, state, good })
        })
        .await
        .map_err(|error| {
            format!("the folder that keeps its fabfile cannot be made ({error}): check `cache` in the data folder, and the disk")
        })
    }

    fn is_good(&self) -> bool {
        self.good.is_some()
    }

    fn validators(&self) -> Option<&Validators> {
        Some(&self.state.validators).filter(|validators| self.is_good() && **validators != Validators::default())
    }

    /// Keeps what was fetched, and returns what is here then.
    async fn take(&self, fetched: Fetched) -> Result<Self, String> {
        let (content, validators) = match fetched {
            Fetched::New { content, validators } => (content, validators),
            Fetched::Unchanged if self.is_good() => return Ok(self.with(self.state.clone(), self.good.clone())),
            Fetched::Unchanged => return Err("the server says that it has not changed, and was not asked that".into()),
        };
        if content.len() > LONGEST {
            return Err("it is longer than 1 MiB".into());
        }
        if std::str::from_utf8(&content).is_err() {
            return Err("it is not UTF-8, so it is no Python".into());
        }
        let state = State {
            validators,
            sha256: Some(digest(&content)),
            ..self.state.clone()
        };
        let content: Arc<[u8]> = content.into();
        let (file, bytes) = (self.folder.join(FILE), content.clone());
        // The file first: where the host dies in between, the file is none that is remembered, and is fetched again.
        off_thread(move || replace(&file, &bytes).map_err(io::Error::other))
            .await
            .map_err(|error| format!("it cannot be written ({error:#})"))?;
        self.remember(state.clone()).await;
        Ok(self.with(state, Some(content)))
    }

    fn with(&self, state: State, good: Option<Arc<[u8]>>) -> Self {
        Self {
            folder: self.folder.clone(),
            state,
            good,
        }
    }

    /// Puts the good copy into the folder that the jobs run in, where there is another one, or what is no file.
    async fn place(&self, folder: &Path) -> Result<(), String> {
        let Some(good) = self.good.clone() else {
            return Ok(());
        };
        let file = folder.join(FILE);
        off_thread(move || {
            if let Some(folder) = file.parent() {
                DirBuilder::new().recursive(true).create(folder)?;
            }
            if read(&file).is_ok_and(|there| *there == *good) {
                return Ok(());
            }
            replace(&file, &good).map_err(io::Error::other)?;
            forget_compiled(&file);
            Ok(())
        })
        .await
        .map_err(|error| {
            format!(
                "the namespace's fabfile cannot be put into the folder that its jobs run in ({error:#}): check what is at \
                 {FILE} there, its permissions and the disk"
            )
        })
    }

    /// Writes down what is known. Where that fails, the file is fetched, and a failure told, once more than needed.
    async fn remember(&self, state: State) {
        let file = self.folder.join(STATE);
        let written = off_thread(move || {
            let text = serde_json::to_vec(&state)?;
            replace(&file, &text).map_err(io::Error::other)
        });
        if let Err(error) = written.await {
            tracing::warn!(folder = %self.folder.display(), %error, "what is known of a fabfile cannot be written down");
        }
    }
}

/// Python takes its compiled copy for that of a new file which is as long, and was written in the same second. What cannot
/// be removed stops nobody's work: it is seldom taken, and jobs may put there what they like.
fn forget_compiled(file: &Path) {
    let folder = file.with_file_name("__pycache__");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b"fabfile.")
            && let Err(error) = std::fs::remove_file(entry.path())
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %entry.path().display(), %error, "a compiled fabfile cannot be removed");
        }
    }
}

/// What is remembered; nothing where that cannot be read.
fn read_state(folder: &Path) -> Option<State> {
    let text = read(&folder.join(STATE)).ok()?;
    serde_json::from_slice(&text)
        .inspect_err(|error| tracing::warn!(folder = %folder.display(), %error, "what was known of a fabfile is not understood; it is fetched anew"))
        .ok()
}

/// Reads a fabfile, or what is known of one, from a folder that jobs may write.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    crate::files::read(file, LONGEST)
}
