//! Components that are ready to run: compiled once, kept on disk, mapped into memory, linked.
//!
//! On disk an artefact is named for what it was made from: the SHA-256 of the component and a hash of the engine's
//! version and settings. The folder is 0700, and no grant may reach it, so nobody but the host's own user writes there;
//! what is left is damage (a torn write, a failing disk), and against that a second file holds the artefact's own
//! SHA-256, which is checked before the artefact is mapped. It also makes syncing needless: what did not survive a
//! power cut is compiled again.
//!
//! In memory a component is found by its path. A look at the file's metadata at each run notices a change.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use innkeeper_core::config::{Namespace, Plugin, World};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};
use wasmtime::component::Component;
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p3::bindings::CommandPre as AsyncCommandPre;

use super::bindings::alert::AlertPre;
use super::bindings::job::JobPre;
use super::bindings::report_format::ReportFormatPre;
use super::compile::{self, CompilerCommand};
use super::context::Context;
use super::ending::tidy;
use super::inspect;
use super::wing::{Edition, Wing};
use crate::memory;

/// Components held in memory at once. Each is mostly a mapping of its artefact, which the kernel may drop.
const IN_MEMORY: usize = 128;
/// Artefacts left on disk, by number and by bytes: the queue is on the same disk, and must not meet a full one.
const ON_DISK: usize = 256;
const BYTES_ON_DISK: u64 = 4 << 30;
/// Compilers at once: two, so that one slow component does not hold up all others.
const COMPILERS: usize = 2;
/// How long a refusal stands for a file that has not changed: runs that queue up behind it are spared the wait.
const REFUSAL_STANDS: Duration = Duration::from_secs(60);

/// A component that is compiled and linked: all that is left is to instantiate it.
pub struct Ready {
    /// Where its guests live.
    pub wing: Arc<Wing>,
    /// What it is.
    pub program: Linked,
}

/// Whose component it is, and what follows from that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The namespace, or the table of the plugin.
    pub name: String,
    /// Whether it is trusted.
    pub trusted: bool,
    /// Whether its programs may be of WASI 0.3.
    pub async_commands: bool,
}

impl From<&Namespace> for Owner {
    fn from(namespace: &Namespace) -> Self {
        Self {
            name: namespace.name.clone(),
            trusted: namespace.grants.trusted,
            async_commands: namespace.grants.async_commands,
        }
    }
}

/// Whoever runs the host installed it, where they wanted it: its file may be a link.
impl From<&Plugin> for Owner {
    fn from(plugin: &Plugin) -> Self {
        Self {
            // No namespace can be called so.
            name: format!("[plugins.{}]", plugin.name),
            trusted: true,
            async_commands: false,
        }
    }
}

/// A linked component, by how it is called.
pub enum Linked {
    /// Of the world `command`.
    Command(CommandPre<Context>),
    /// Of the world `command`, of WASI 0.3.
    AsyncCommand(AsyncCommandPre<Context>),
    /// Of the world `job`.
    Job(JobPre<Context>),
    /// Of the world `report-format`.
    ReportFormat(ReportFormatPre<Context>),
    /// Of the world `alert`.
    Alert(AlertPre<Context>),
}

/// Components that are ready to run, or will be.
pub struct Cache {
    folder: PathBuf,
    wing: Arc<Wing>,
    /// Opened when the first program of WASI 0.3 is loaded.
    second_wing: OnceCell<Arc<Wing>>,
    runs: usize,
    compiler: CompilerCommand,
    compilers: Semaphore,
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    known: Mutex<HashMap<Place, Known>>,
    uses: AtomicU64,
}

/// Where a component is found in memory: by its file, and by whether it may be of WASI 0.3. What was pulled is one file for
/// all who pulled it, and the answer to one of them is not the answer to all.
type Place = (PathBuf, bool);

struct Known {
    stamp: Stamp,
    slot: Arc<Slot>,
    used: u64,
}

/// Where a component will be once it is loaded; who comes meanwhile waits here.
type Slot = OnceCell<Result<Arc<Ready>, Refusal>>;

#[derive(Clone)]
struct Refusal {
    why: String,
    at: Instant,
}

/// What changes when a file does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<&Metadata> for Stamp {
    fn from(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

impl Cache {
    /// Opens the cache in `folder`, which it makes if need be, for up to `runs` guests at once, and removes what this
    /// version's engine cannot use.
    ///
    /// # Errors
    /// The folder cannot be made private, or the engine cannot be made.
    pub fn open(folder: &Path, runs: usize, compiler: CompilerCommand) -> wasmtime::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o700))?;
        let wing = Wing::open(Edition::Wasi02, runs)?;
        clean_up(folder, &wing)?;
        Ok(Self {
            folder: folder.to_owned(),
            wing: Arc::new(wing),
            second_wing: OnceCell::new(),
            runs,
            compiler,
            compilers: Semaphore::new(COMPILERS),
            turns: Mutex::default(),
            known: Mutex::default(),
            uses: AtomicU64::new(0),
        })
    }

    /// Where guests of an edition live.
    async fn wing(&self, edition: Edition) -> Result<Arc<Wing>, String> {
        if edition == Edition::Wasi02 {
            return Ok(Arc::clone(&self.wing));
        }
        let open = || async {
            let (folder, runs) = (self.folder.clone(), self.runs);
            blocking(move || {
                let wing = Wing::open(edition, runs).map_err(|error| error.to_string())?;
                clean_up(&folder, &wing).map_err(|error| error.to_string())?;
                Ok(Arc::new(wing))
            })
            .await
            .map_err(|why| format!("needs WASI {}, which this host cannot offer ({why})", edition.as_str()))
        };
        self.second_wing.get_or_try_init(open).await.map(Arc::clone)
    }

    /// The component in the file at `path`: at once where it is known and unchanged, else after loading or compiling.
    /// Whoever asks for the same file meanwhile gets the same answer. Of one `owner` one component is compiled at a time.
    ///
    /// # Errors
    /// Why not, in words that follow its name. It stands for a minute, or until the file changes.
    pub async fn get(&self, path: &Path, owner: &Owner) -> Result<Arc<Ready>, String> {
        let slot = match std::fs::metadata(path) {
            Ok(file) => self.slot((path.to_owned(), owner.async_commands), Stamp::from(&file)),
            Err(_) => Arc::default(),
        };
        let answer = slot
            .get_or_init(|| async {
                self.load(path, owner).await.map_err(|why| Refusal {
                    why,
                    at: Instant::now(),
                })
            })
            .await;
        answer.clone().map_err(|refusal| refusal.why)
    }

    fn slot(&self, place: Place, stamp: Stamp) -> Arc<Slot> {
        let used = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get_mut(&place)
            && entry.stamp == stamp
            && !entry.slot.get().is_some_and(is_stale)
        {
            entry.used = used;
            return Arc::clone(&entry.slot);
        }
        let slot = Arc::new(Slot::new());
        let entry = Known {
            stamp,
            slot: Arc::clone(&slot),
            used,
        };
        known.insert(place, entry);
        if known.len() > IN_MEMORY {
            let oldest = known
                .iter()
                .min_by_key(|(_, entry)| entry.used)
                .map(|(place, _)| place.clone());
            oldest.and_then(|place| known.remove(&place));
        }
        slot
    }

    async fn load(&self, path: &Path, owner: &Owner) -> Result<Arc<Ready>, String> {
        let path = path.to_owned();
        let (component, world) = blocking(move || {
            let bytes = inspect::read(&path)?;
            let world = inspect::inspect_bytes(&bytes)?.world;
            Ok((bytes, world))
        })
        .await?;
        let edition = Edition::of(world);
        if edition == Edition::Wasi03 && !owner.async_commands {
            let why = "is a program of WASI 0.3, which is not granted: build it for WASI 0.2, or grant its namespace `wasi = \"0.3\"` in innkeeper.toml; it must be trusted";
            return Err(why.to_owned());
        }
        let wing = self.wing(edition).await?;
        let artefact = self.folder.join(format!("{}{}", hex(&component), wing.suffix()));
        if !is_whole(artefact.clone()).await {
            let of_owner = self.turn_of(&owner.name);
            let _turn_of_owner = of_owner.lock().await;
            let _turn = self
                .compilers
                .acquire()
                .await
                .map_err(|_| "cannot be compiled: the host is stopping")?;
            // The same component under another name may have been compiled meanwhile.
            if !is_whole(artefact.clone()).await {
                self.compile(wing.edition(), &component, &artefact).await?;
            }
        }
        blocking(move || map(wing, &artefact, world)).await
    }

    /// Whose turn it is among the components of one owner: one that is slow to compile holds up its owner's others only.
    fn turn_of(&self, owner: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(owner.to_owned()).or_default())
    }

    async fn compile(&self, edition: Edition, component: &[u8], artefact: &Path) -> Result<(), String> {
        let number = self.uses.fetch_add(1, Ordering::Relaxed);
        let draft = Draft(self.folder.join(format!("{}-{number}.tmp", std::process::id())));
        let begin = Instant::now();
        compile::compile(&self.compiler, edition, component, &draft.0, compile::WALL_TIME).await?;
        tracing::debug!(
            bytes = component.len(),
            milliseconds = begin.elapsed().as_millis(),
            "component compiled"
        );
        let (draft, artefact) = (draft, artefact.to_owned());
        let folder = self.folder.clone();
        blocking(move || {
            hash_file(&draft.0)
                .and_then(|hash| std::fs::write(hash_beside(&artefact), hash))
                .and_then(|()| std::fs::rename(&draft.0, &artefact))
                .map_err(|error| format!("cannot be kept when compiled: {error}"))?;
            // What is compiled is good, also where old artefacts stay.
            if let Err(error) = shed(&folder, ON_DISK, BYTES_ON_DISK) {
                tracing::warn!(%error, "old compiled components cannot be removed");
            }
            Ok(())
        })
        .await
    }
}

/// Removes drafts, what other engines of the wing's edition left, and the oldest beyond what is kept.
fn clean_up(folder: &Path, wing: &Wing) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // The runner of bash jobs keeps a folder with links here.
        if !entry.file_type()?.is_dir() && is_left_over(&entry.file_name().to_string_lossy(), wing) {
            remove_if_there(&entry.path())?;
        }
    }
    shed(folder, ON_DISK, BYTES_ON_DISK)
}

fn is_left_over(name: &str, wing: &Wing) -> bool {
    let artefact = name.strip_suffix(HASH).unwrap_or(name);
    let of_second = artefact.ends_with(Edition::Wasi03.ending());
    // The first wing is opened first, before there are drafts of this process.
    let its_own = of_second == (wing.edition() == Edition::Wasi03);
    its_own && !artefact.ends_with(wing.suffix())
}

/// Whether the file of this name is an artefact, of whatever edition.
fn is_artefact(name: &str) -> bool {
    name.ends_with(Edition::Wasi02.ending()) || name.ends_with(Edition::Wasi03.ending())
}

/// Removes the oldest artefacts beyond `most` of them, or `bytes` of them together. One that is mapped stays with whoever
/// runs it.
fn shed(folder: &Path, most: usize, bytes: u64) -> io::Result<()> {
    let mut artefacts = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if is_artefact(&entry.file_name().to_string_lossy()) {
            // Another one may shed it at the same time.
            let about = match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                about => about?,
            };
            artefacts.push((about.modified()?, about.len(), entry.path()));
        }
    }
    artefacts.sort();
    let mut kept = 0_u64;
    for (rank, (_, size, artefact)) in artefacts.iter().rev().enumerate() {
        kept = kept.saturating_add(*size);
        // The newest is what somebody waits for.
        if rank > 0 && (rank >= most || kept > bytes) {
            remove_if_there(&hash_beside(artefact))?;
            remove_if_there(artefact)?;
        }
    }
    Ok(())
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A file that is removed unless it was moved to where it belongs.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // It is not there after the move; a draft that cannot be removed now is removed at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn is_stale(answer: &Result<Arc<Ready>, Refusal>) -> bool {
    answer
        .as_ref()
        .is_err_and(|refusal| refusal.at.elapsed() >= REFUSAL_STANDS)
}

const HASH: &str = ".sha256";

fn hash_beside(artefact: &Path) -> PathBuf {
    let mut path = artefact.as_os_str().to_owned();
    path.push(HASH);
    path.into()
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// Whether the artefact is there and is what it was when it was made.
async fn is_whole(artefact: PathBuf) -> bool {
    blocking(move || {
        let made = std::fs::read_to_string(hash_beside(&artefact)).map_err(|error| error.to_string())?;
        Ok(hash_file(&artefact).is_ok_and(|hash| hash == made))
    })
    .await
    .unwrap_or(false)
}

/// Maps an artefact into memory and links it.
fn map(wing: Arc<Wing>, artefact: &Path, world: World) -> Result<Arc<Ready>, String> {
    let does_not_fit = |error: wasmtime::Error| {
        let why = tidy(&format!("{error:#}"), 300);
        format!("does not fit this host: {why}")
    };
    #[expect(unsafe_code, reason = "mapping compiled code is what the cache is for")]
    // SAFETY: the file is what `precompile_component` of this version of wasmtime wrote: its name holds the engine's
    // compatibility hash, its SHA-256 was checked against the one taken when it was made, and the folder is writable
    // for the host's own user only, so that nobody changes it while it is mapped.
    let component = unsafe { Component::deserialize_file(wing.engine(), artefact) }.map_err(does_not_fit)?;
    let linked = wing.linker().instantiate_pre(&component).map_err(does_not_fit)?;
    // Reading what the artefact says of itself has touched much of it, which no run needs.
    memory::page_out(component.image_range());
    let program = match world {
        World::Command => CommandPre::new(linked).map(Linked::Command),
        World::AsyncCommand => AsyncCommandPre::new(linked).map(Linked::AsyncCommand),
        World::Job => JobPre::new(linked).map(Linked::Job),
        World::ReportFormat => ReportFormatPre::new(linked).map(Linked::ReportFormat),
        World::Alert => AlertPre::new(linked).map(Linked::Alert),
    };
    let program = program.map_err(does_not_fit)?;
    Ok(Arc::new(Ready { wing, program }))
}

/// Runs `work` where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(format!("cannot be loaded: {error}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    fn open(folder: &Path) -> Cache {
        Cache::open(folder, 1, CompilerCommand::this_program()).unwrap()
    }

    #[test]
    fn the_oldest_artefacts_go_by_number_and_by_bytes() {
        let left = |most, bytes| {
            let home = tempfile::tempdir().unwrap();
            for (age, name) in ["newest", "middle", "oldest"].into_iter().enumerate() {
                let artefact = home.path().join(format!("{name}.cwasm"));
                std::fs::write(hash_beside(&artefact), "hash").unwrap();
                let file = File::create(&artefact).unwrap();
                file.set_len(10).unwrap();
                let made = std::time::SystemTime::now() - Duration::from_secs(60 * age as u64);
                file.set_modified(made).unwrap();
            }
            shed(home.path(), most, bytes).unwrap();
            std::fs::read_dir(home.path()).unwrap().count() / 2
        };
        assert_eq!(left(3, 30), 3);
        assert_eq!(left(2, 30), 2);
        assert_eq!(left(3, 29), 2);
        assert_eq!(left(3, 9), 1, "the newest is what somebody waits for");
    }

    #[test]
    fn the_clean_up_removes_drafts_and_what_other_engines_left() {
        let home = tempfile::tempdir().unwrap();
        let suffix = open(home.path()).wing.suffix().to_owned();
        let ours = format!("aa{suffix}");
        for name in [
            &ours,
            &format!("{ours}.sha256"),
            "bb-0.cwasm",
            "bb-0.cwasm.sha256",
            "1-2.tmp",
        ] {
            std::fs::write(home.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(home.path().join("bin")).unwrap();
        open(home.path());
        assert!(home.path().join("bin").is_dir(), "a folder is somebody else's");
        std::fs::remove_dir(home.path().join("bin")).unwrap();
        let mut left: Vec<String> = std::fs::read_dir(home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [ours.clone(), format!("{ours}.sha256")]);
    }
}
