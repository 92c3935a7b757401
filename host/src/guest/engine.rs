//! The engines that guests run on, and the ticker that makes them yield.
//!
//! Everything that changes compiled code is in `settings`, since the process that compiles and the process that runs
//! must agree on it. What only running needs (the pool of memories, tables and stacks) is in [`for_running`].

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails, WasmFeatures,
};

use super::limits;
use super::wing::Edition;

/// The parts of WebAssembly that a plain `wasi:cli` program does not need and a hostile one could use: new, large, or
/// (shared memories) outside what the memory limit is asked about.
const OFF: WasmFeatures = WasmFeatures::GC
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::SHARED_EVERYTHING_THREADS)
    .union(WasmFeatures::STACK_SWITCHING)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// The settings that compiled code depends on. Spectre mitigations and guard regions keep their defaults: on.
fn settings(edition: Edition) -> Config {
    let mut config = Config::new();
    let with_async = edition == Edition::Wasi03;
    config
        .wasm_features(OFF, false)
        .wasm_features(WasmFeatures::CM_ASYNC, with_async)
        .shared_memory(false)
        .concurrency_support(with_async)
        .epoch_interruption(true)
        .max_wasm_stack(limits::WASM_STACK)
        .async_stack_size(limits::ASYNC_STACK)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}

/// The engine of the process that compiles: it reserves no pool, since it runs nothing and its address space is bounded.
pub fn for_compiling(edition: Edition) -> wasmtime::Result<Engine> {
    Engine::new(&settings(edition))
}

/// The engine that runs up to `runs` guests at once. The pool is reserved address space, not memory.
pub fn for_running(edition: Edition, runs: usize) -> wasmtime::Result<Engine> {
    let runs = u32::try_from(runs.clamp(1, 4096)).unwrap_or(4096);
    let (instances, stacks) = match edition {
        Edition::Wasi02 => (limits::CORE_INSTANCES, 2),
        Edition::Wasi03 => (limits::CORE_INSTANCES_03, limits::CORE_INSTANCES_03 + 1),
    };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(runs)
        .total_core_instances((runs * instances).min(65_536))
        .total_memories((runs * limits::MEMORIES).min(4096))
        .total_tables((runs * limits::TABLES).min(8192))
        .total_stacks((runs * stacks).min(65_536))
        .max_memories_per_component(limits::MEMORIES)
        .max_tables_per_component(limits::TABLES)
        .max_core_instances_per_component(instances)
        .max_tables_per_module(8)
        .table_elements(limits::TABLE_ELEMENTS)
        .linear_memory_keep_resident(limits::KEPT_RESIDENT)
        .max_unused_warm_slots(limits::WARM_SLOTS)
        .pagemap_scan(Enabled::Auto)
        .max_core_instance_size(4 * 1024 * 1024)
        .max_component_instance_size(8 * 1024 * 1024);
    let mut config = settings(edition);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// How long the ticker goes on after the last guest has ended, so that runs in quick succession need not wake it.
const LINGER_TICKS: u32 = 10;

/// Advances the engine's epoch while guests run, and sleeps without a timer while none does.
pub struct Ticker(Arc<TickerState>);

struct TickerState {
    now: Mutex<Now>,
    wake: Condvar,
}

#[derive(Default)]
struct Now {
    guests: usize,
    asleep: bool,
    closed: bool,
}

impl Ticker {
    /// Starts the ticker's thread. It ends some ticks after the ticker is dropped and the last guest has ended.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(engine: &Engine) -> std::io::Result<Self> {
        let state = Arc::new(TickerState {
            now: Mutex::default(),
            wake: Condvar::new(),
        });
        let (engine, shared) = (engine.clone(), Arc::clone(&state));
        std::thread::Builder::new()
            .name("guest-epoch".into())
            .spawn(move || shared.tick(&engine, limits::EPOCH))?;
        Ok(Self(state))
    }

    /// Keeps the ticker awake until what is returned is dropped.
    pub fn guest(&self) -> Ticking {
        let mut now = self.0.lock();
        now.guests += 1;
        if now.asleep {
            self.0.wake.notify_one();
        }
        Ticking(Arc::clone(&self.0))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.wake.notify_one();
    }
}

/// While this lives, the epoch advances.
pub struct Ticking(Arc<TickerState>);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.lock().guests -= 1;
    }
}

impl TickerState {
    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self, engine: &Engine, period: Duration) {
        let mut quiet = 0;
        loop {
            std::thread::sleep(period);
            engine.increment_epoch();
            let mut now = self.lock();
            quiet = if now.guests == 0 { quiet + 1 } else { 0 };
            if quiet < LINGER_TICKS {
                continue;
            }
            now.asleep = true;
            while now.guests == 0 && !now.closed {
                now = self.wake.wait(now).unwrap_or_else(PoisonError::into_inner);
            }
            now.asleep = false;
            if now.guests == 0 {
                return;
            }
            quiet = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use std::hash::{DefaultHasher, Hash, Hasher};
    use std::time::Instant;

    use super::*;

    fn compatibility(engine: &Engine) -> u64 {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn what_one_engine_compiles_the_other_runs() {
        let hashes = [Edition::Wasi02, Edition::Wasi03].map(|edition| {
            let compiling = for_compiling(edition).unwrap();
            let running = for_running(edition, 4).unwrap();
            assert_eq!(compatibility(&compiling), compatibility(&running));
            compatibility(&running)
        });
        assert_ne!(hashes[0], hashes[1], "an engine maps nothing of the other one's");
    }

    #[test]
    fn parts_of_webassembly_that_are_off_are_refused() {
        let (engine, with_async) = (
            for_compiling(Edition::Wasi02).unwrap(),
            for_compiling(Edition::Wasi03).unwrap(),
        );
        for (what, text) in [
            ("memory64", "(component (core module (memory i64 1)))"),
            ("multi-memory", "(component (core module (memory 1) (memory 1)))"),
            ("threads", "(component (core module (memory 1 1 shared)))"),
            ("gc", "(component (core module (type (struct))))"),
            ("exceptions", "(component (core module (tag)))"),
            ("async", "(component (import \"x\" (func async)))"),
        ] {
            let bytes = wat::parse_str(text).unwrap();
            assert!(engine.precompile_component(&bytes).is_err(), "{what}");
            assert_eq!(
                with_async.precompile_component(&bytes).is_ok(),
                what == "async",
                "{what}"
            );
        }
    }

    #[test]
    fn the_ticker_sleeps_while_no_guest_runs_and_wakes_for_the_next() {
        let engine = for_compiling(Edition::Wasi02).unwrap();
        let ticker = Ticker::start(&engine).unwrap();
        let wait_until = |asleep: bool| {
            let begin = Instant::now();
            while ticker.0.lock().asleep != asleep {
                assert!(
                    begin.elapsed() < Duration::from_secs(10),
                    "asleep should become {asleep}"
                );
                std::thread::yield_now();
            }
        };
        wait_until(true);
        let guest = ticker.guest();
        wait_until(false);
        drop(guest);
        wait_until(true);
    }
}
