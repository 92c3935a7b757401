//! Guests: what a component is given and may spend.
//!
//! ```text
//!   inspect   is the file a component that can be a job          (reads a file, follows nothing in it)
//!   compile   component -> machine code, in a bounded child      (the binary with a hidden verb)
//!   cache     file -> a component that is ready to instantiate
//!   wing      an engine, what guests are linked with on it, its ticker: one for WASI 0.2, one for WASI 0.3
//!   engine    the engines' settings and pools, the epoch's ticker
//!   context   what a guest sees: arguments, environment, folders; the doors that are shut
//!   limits    what it may spend; the count of its memory
//!   cpu       its CPU time, and whose turn it is
//!   shares    what guests hold together, and a namespace's part of it
//!   files     what it writes into granted folders, counted
//!   output    its stdout and stderr, into the run's log
//!   progress  what it says while it works
//!   run       one run of a job, whatever its world
//!   command job report_format alert      one world of `wit/` each
//!   bindings  generated from `wit/`; convert: its types and the core's
//!   http      outbound HTTP, as far as it is granted
//!   refusals  what a run was refused, for its report
//!   ending    wasmtime's errors in words
//!   describe  what a stranger's component is and could ask for
//! ```
//!
//! [`Guests`] owns what guests share: a runtime apart from the host's own, on which a guest that misbehaves can delay
//! only other guests, the engines, the cache, and how much memory all of them may take together. It is built when the
//! first component is needed; a host without components pays nothing.

pub mod alert;
pub mod bindings;
pub mod cache;
pub mod command;
pub mod compile;
pub mod context;
pub mod convert;
pub mod cpu;
pub mod describe;
pub mod ending;
pub mod engine;
pub mod files;
pub mod http;
pub mod inspect;
pub mod job;
pub mod limits;
pub mod output;
pub mod progress;
pub mod refusals;
pub mod report_format;
pub mod run;
pub mod shares;
pub mod wing;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use innkeeper_core::clock::Clock;
use innkeeper_core::config::{Capacity, ComponentSource};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

use cache::{Cache, Owner};
use compile::CompilerCommand;
use context::Environment;
use cpu::Turns;
use http::Network;
use shares::{Held, Shares};

use crate::files::leads_elsewhere;
use crate::memory;
use crate::registry::Registries;

const MIB: u64 = 1024 * 1024;
/// Threads that may block in file operations of guests, or in loading and mapping.
const BLOCKING_THREADS: usize = 64;

/// What [`Guests`] is built from.
#[derive(Clone)]
pub struct GuestSettings {
    /// `data_dir/cache`, absolute. It is made, and made private.
    pub cache_folder: PathBuf,
    /// How many guests run at once, and how much memory they may take together.
    pub capacity: Capacity,
    /// What guests may be given of the environment, as far as they are granted it.
    pub environment: Environment,
    /// Where components are pulled to, and from.
    pub registries: Arc<Registries>,
    /// How a child is started that compiles.
    pub compiler: CompilerCommand,
    /// For how long things took.
    pub clock: Arc<dyn Clock>,
}

/// What all guests of a host share.
pub struct Guests {
    settings: GuestSettings,
    memory: Shares,
    network: Arc<Network>,
    house: OnceLock<Result<House, String>>,
}

/// What exists once there are guests.
struct House {
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
    cache: Cache,
    turns: Turns,
}

impl Guests {
    /// A host's guests. Nothing is started yet.
    pub fn new(settings: GuestSettings) -> Self {
        let memory = Shares::new(megabytes(settings.capacity.guest_memory));
        Self {
            settings,
            memory,
            network: Arc::default(),
            house: OnceLock::new(),
        }
    }

    /// Loads components, each with the namespace that it belongs to, one after the other and in the background, so that
    /// their first runs need not wait for the compiler. A component that cannot be loaded is logged; its runs will say the same.
    pub fn preload(self: &Arc<Self>, components: Vec<(ComponentSource, Owner)>) {
        let guests = Arc::clone(self);
        let work = async move {
            for (component, owner) in components {
                let namespace = &owner.name;
                match guests.load(&component, &owner).await {
                    Ok(_) => tracing::info!(%component, namespace, "component loaded"),
                    Err(why) => tracing::warn!(%component, namespace, "{why}"),
                }
            }
            memory::give_back();
        };
        match self.house() {
            Ok(house) => drop(house.handle.spawn(work)),
            Err(why) => tracing::warn!("{why}"),
        }
    }

    /// Ends the guests' runtime: what still runs is dropped at its next yield. A thread that hangs in a file operation
    /// (a FIFO in a granted folder) is left behind after `grace`; it does not hold up the host. Blocks.
    pub fn shutdown(&self, grace: Duration) {
        if let Some(runtime) = self.take_runtime() {
            runtime.shutdown_timeout(grace);
        }
    }

    /// Starts `work` on the guests' runtime. It ends when what is returned is dropped.
    ///
    /// # Errors
    /// A sentence: the engine or the runtime could not be built.
    pub fn spawn<F>(&self, work: F) -> Result<AbortOnDropHandle<F::Output>, String>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Ok(AbortOnDropHandle::new(self.house()?.handle.spawn(work)))
    }

    /// The clock that durations are measured by.
    pub fn clock(&self) -> &dyn Clock {
        &*self.settings.clock
    }

    /// The component that `source` names, of `owner`; pulled, where it is from a registry and not here.
    async fn load(&self, source: &ComponentSource, owner: &Owner) -> Result<Arc<cache::Ready>, String> {
        if let ComponentSource::File(file) = source
            && !owner.trusted
            && leads_elsewhere(file)
        {
            let why = "is a link now, and was none when the host started: put the component itself there";
            return Err(named(source, why));
        }
        let cache = &self.house()?.cache;
        let loaded = match source {
            ComponentSource::File(file) => cache.get(file, owner).await,
            ComponentSource::Registry(reference) => match self.settings.registries.file(reference).await {
                Ok(file) => cache.get(&file, owner).await,
                Err(why) => Err(why),
            },
        };
        loaded.map_err(|why| named(source, &why))
    }

    /// Waits until `bytes` of memory are free among all guests', and holds them until what is returned is dropped. An
    /// untrusted namespace has a quarter of the memory at a time: its guests that sleep must not keep out all others.
    async fn room(&self, bytes: u64, owner: &Owner) -> Result<Held, String> {
        let (wanted, all) = (megabytes(bytes), megabytes(self.settings.capacity.guest_memory));
        if wanted > all {
            return Err(format!(
                "may take {wanted} MB of memory, but all guests together have {all} MB: lower `memory_mb`, or raise `max_guest_memory_mb` in innkeeper.toml"
            ));
        }
        let share = if owner.trusted { all } else { (all / 4).max(1) };
        let held = self.memory.take(&owner.name, share, wanted).await;
        held.ok_or_else(|| "the host is stopping".to_owned())
    }

    fn house(&self) -> Result<&House, String> {
        self.house
            .get_or_init(|| {
                House::build(&self.settings).map_err(|error| format!("this host cannot run components: {error:#}"))
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    fn take_runtime(&self) -> Option<Runtime> {
        let house = self.house.get()?.as_ref().ok()?;
        house.runtime.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        if let Some(runtime) = self.take_runtime() {
            runtime.shutdown_background();
        }
    }
}

impl House {
    fn build(settings: &GuestSettings) -> wasmtime::Result<Self> {
        let cache = Cache::open(
            &settings.cache_folder,
            settings.capacity.runs,
            settings.compiler.clone(),
        )?;
        let processors = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4) as u32);
        let runtime = Builder::new_multi_thread()
            .thread_name("guest")
            // One more than there are turns to compute: it is for guests that begin, or do not compute much.
            .worker_threads(processors as usize + 1)
            .max_blocking_threads(BLOCKING_THREADS)
            // Where guests keep every worker busy, timers are looked at only so often: after this many yields of guests.
            .event_interval(8)
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            cache,
            turns: Turns::new(processors),
        })
    }
}

/// The sentence that begins with a component's name and goes on with `why`.
fn named(source: &ComponentSource, why: &str) -> String {
    match source {
        ComponentSource::File(file) => inspect::sentence(file, why),
        ComponentSource::Registry(reference) => format!("{reference} {why}"),
    }
}

/// Bytes in whole mebibytes, rounded up.
fn megabytes(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
