//! A wing of the house: the engine of one edition of WASI, what guests are linked with on it, and the ticker that makes
//! them yield.
//!
//! Nearly every guest lives in the first, of WASI 0.2. The second is opened when a program of WASI 0.3 is first loaded,
//! for a namespace that is trusted and granted it. Its engine has the component model's async part, which is new and which wasmtime calls
//! experimental; so nothing of it is in the engine that strangers' guests run on.

use std::hash::{DefaultHasher, Hash, Hasher};

use innkeeper_core::config::World;
use wasmtime::component::{HasData, HasSelf, Linker, Resource};
use wasmtime::{Engine, Store};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types;
use wasmtime_wasi::p3::bindings::filesystem::preopens;

use super::bindings::job::Job;
use super::context::Context;
use super::engine::{self, Ticker, Ticking};
use super::files::{self, MeteredFiles};
use super::limits;

/// Part of every artefact's name; changed when what is beside the artefact changes.
const LAYOUT: u32 = 1;

/// An edition of WASI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// WASI 0.2: what guests are mostly built for.
    Wasi02,
    /// WASI 0.3, and with it the component model's async part.
    Wasi03,
}

impl Edition {
    /// The edition that a guest of this world needs.
    pub const fn of(world: World) -> Self {
        match world {
            World::Command | World::Job | World::ReportFormat | World::Alert => Self::Wasi02,
            World::AsyncCommand => Self::Wasi03,
        }
    }

    /// Its number.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wasi02 => "0.2",
            Self::Wasi03 => "0.3",
        }
    }

    /// What its artefacts' names end with.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Wasi02 => ".cwasm",
            Self::Wasi03 => ".cwasm3",
        }
    }
}

impl std::str::FromStr for Edition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Wasi02, Self::Wasi03]
            .into_iter()
            .find(|edition| edition.as_str() == text)
            .ok_or_else(|| format!("there is no WASI {text}"))
    }
}

/// One wing.
pub struct Wing {
    edition: Edition,
    engine: Engine,
    linker: Linker<Context>,
    ticker: Ticker,
    suffix: String,
}

impl Wing {
    /// Opens it for up to `runs` guests at once.
    ///
    /// # Errors
    /// The engine cannot be made, the linker refuses an interface, or there is no thread for the ticker.
    pub fn open(edition: Edition, runs: usize) -> wasmtime::Result<Self> {
        let engine = engine::for_running(edition, runs)?;
        Ok(Self {
            edition,
            linker: linker(edition, &engine)?,
            ticker: Ticker::start(&engine)?,
            suffix: suffix(edition, &engine),
            engine,
        })
    }

    /// Its edition of WASI.
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// Its engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What its guests are linked with.
    pub(super) const fn linker(&self) -> &Linker<Context> {
        &self.linker
    }

    /// What the names of artefacts end with that its engine can map.
    pub(super) fn suffix(&self) -> &str {
        &self.suffix
    }

    /// A store for one guest, with all its limits.
    pub fn store(&self, context: Context) -> Store<Context> {
        let mut store = Store::new(&self.engine, context);
        store.limiter(|context| &mut context.memory);
        store.set_max_component_handles(limits::HANDLES);
        if let Some(tasks) = store.concurrent_resource_table() {
            tasks.set_max_capacity(limits::TASKS);
        }
        store.set_hostcall_fuel(limits::HOSTCALL_BYTES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    /// Keeps the engine's epoch going until what is returned is dropped: while a guest runs.
    pub fn ticking(&self) -> Ticking {
        self.ticker.guest()
    }
}

fn linker(edition: Edition, engine: &Engine) -> wasmtime::Result<Linker<Context>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    // In front of the files that were just linked.
    linker.allow_shadowing(true);
    types::add_to_linker::<_, MeteredFiles>(&mut linker, files::metered)?;
    linker.allow_shadowing(false);
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    match edition {
        Edition::Wasi02 => Job::add_to_linker::<_, HasSelf<_>>(&mut linker, |context| context)?,
        Edition::Wasi03 => {
            wasmtime_wasi::p3::add_to_linker(&mut linker)?;
            // Calls of 0.3 can be begun and given up by the hundred, and what they hold in the host (a thread that
            // lists a folder, a path that waits for one) is counted by nobody. So folders are there by 0.2 only.
            linker.allow_shadowing(true);
            preopens::add_to_linker::<_, NoFolders>(&mut linker, |_| NoFolders)?;
            linker.allow_shadowing(false);
        }
    }
    Ok(linker)
}

/// The folders of WASI 0.3: none.
struct NoFolders;

impl HasData for NoFolders {
    type Data<'a> = Self;
}

impl preopens::Host for NoFolders {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        Ok(Vec::new())
    }
}

fn suffix(edition: Edition, engine: &Engine) -> String {
    // Not the same in every release of Rust; then what was cached is compiled again, once.
    let mut hasher = DefaultHasher::new();
    LAYOUT.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("-{:016x}{}", hasher.finish(), edition.ending())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;
    use crate::guest::inspect;

    /// One item of each interface, in the order of the lists.
    const ITEMS: &[&str] = &[
        "get-arguments",
        "exit",
        "get-stderr",
        "get-stdin",
        "get-stdout",
        "terminal-input",
        "terminal-output",
        "get-terminal-stderr",
        "get-terminal-stdin",
        "get-terminal-stdout",
        "now",
        "now",
        "get-directories",
        "descriptor",
        "handle",
        "fields",
        "error",
        "pollable",
        "input-stream",
        "get-insecure-random-u64",
        "insecure-seed",
        "get-random-u64",
        "instance-network",
        "resolve-addresses",
        "network",
        "tcp-socket",
        "create-tcp-socket",
        "udp-socket",
        "create-udp-socket",
    ];
    const ITEMS_03: &[&str] = &[
        "get-arguments",
        "exit",
        "write-via-stream",
        "read-via-stream",
        "write-via-stream",
        "terminal-input",
        "terminal-output",
        "get-terminal-stderr",
        "get-terminal-stdin",
        "get-terminal-stdout",
        "now",
        "now",
        "get-directories",
        "descriptor",
        "get-insecure-random-u64",
        "get-insecure-seed",
        "get-random-u64",
        "resolve-addresses",
        "tcp-socket",
    ];

    /// What is there already cannot be defined again.
    fn is_there(wing: &mut Wing, interface: &str, version: &str, item: &str) -> bool {
        let mut interface = wing.linker.instance(&format!("{interface}@{version}")).unwrap();
        interface.func_wrap(item, |_, (): ()| Ok(())).is_err()
    }

    #[test]
    fn every_interface_that_inspection_lets_pass_is_linked() {
        let mut first = Wing::open(Edition::Wasi02, 1).unwrap();
        let mut second = Wing::open(Edition::Wasi03, 1).unwrap();
        assert_eq!(ITEMS.len(), inspect::LINKED.len());
        for (interface, item) in inspect::LINKED.iter().zip(ITEMS) {
            assert!(is_there(&mut first, interface, "0.2.12", item), "{interface} {item}");
            assert!(is_there(&mut second, interface, "0.2.12", item), "{interface} {item}");
        }
        assert_eq!(ITEMS_03.len(), inspect::LINKED_03.len());
        for (interface, item) in inspect::LINKED_03.iter().zip(ITEMS_03) {
            assert!(is_there(&mut second, interface, "0.3.0", item), "{interface} {item}");
            assert!(!is_there(&mut first, interface, "0.3.0", item), "{interface} {item}");
        }
        assert!(!is_there(&mut first, "wasi:keyvalue/store", "0.2.12", "open"));
    }
}
