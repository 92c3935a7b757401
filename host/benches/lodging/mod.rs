//! A guest with and without a host around it: what the benchmarks of components compare.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use innkeeper::guest::compile::CompilerCommand;
use innkeeper::guest::context::Environment;
use innkeeper::guest::inspect::judge;
use innkeeper::guest::wing::Edition;
use innkeeper::guest::{GuestSettings, Guests, engine};
use innkeeper::registry::Registries;
use innkeeper::runner::component::ComponentRunner;
use innkeeper::runner::{Invocation, Runner};
use innkeeper_core::clock::SystemClock;
use innkeeper_core::config::{Capacity, Format, Grants, Job, Limits, Namespace, Program, ReportRules, World};
use innkeeper_core::request::Arguments;
use innkeeper_core::run::{Ending, RunId};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

const STDOUT_BYTES: usize = 1 << 20;
const STDERR_BYTES: usize = 64 << 10;

/// The component that `cargo xtask guests --all` made, below its folder.
pub(crate) fn built(file: &str) -> anyhow::Result<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/guests")
        .join(file);
    path.canonicalize()
        .with_context(|| format!("there is no {}: run `cargo xtask guests --all` first", path.display()))
}

/// Wasmtime without a host around it.
pub(crate) struct Bare {
    component: CommandPre<BareContext>,
    logs: PathBuf,
    runs: AtomicI64,
}

struct BareContext {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for BareContext {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Bare {
    pub(crate) fn new(component: &Path, home: &Path, at_once: usize) -> wasmtime::Result<Self> {
        let engine = engine::for_running(Edition::Wasi02, at_once)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let component = Component::from_file(&engine, component)?;
        Ok(Self {
            component: CommandPre::new(linker.instantiate_pre(&component)?)?,
            logs: home.join("bare"),
            runs: AtomicI64::new(0),
        })
    }

    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        let folder = self.logs.join(self.runs.fetch_add(1, Ordering::Relaxed).to_string());
        let (stdout, stderr) = (MemoryOutputPipe::new(STDOUT_BYTES), MemoryOutputPipe::new(STDERR_BYTES));
        let context = BareContext {
            wasi: WasiCtx::builder()
                .arg("hello")
                .stdout(stdout.clone())
                .stderr(stderr.clone())
                .build(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(self.component.engine(), context);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let command = self.component.instantiate_async(&mut store).await.map_err(wrong)?;
        let result = command.wasi_cli_run().call_run(&mut store).await.map_err(wrong)?;
        ensure!(result.is_ok(), "the component failed");
        drop(store);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("stdout"), stdout.contents())?;
        std::fs::write(folder.join("stderr"), stderr.contents())?;
        Ok(())
    }
}

pub(crate) fn wrong(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// The host's own way.
pub(crate) struct Inn {
    runner: ComponentRunner,
    guests: Arc<Guests>,
    namespace: Arc<Namespace>,
    job: Arc<Job>,
    logs: PathBuf,
    runs: AtomicI64,
}

impl Inn {
    /// A host for runs of `component`, each of which may take `megabytes` of memory.
    pub(crate) fn new(component: &Path, home: &Path, at_once: usize, megabytes: u64) -> Self {
        let settings = GuestSettings {
            cache_folder: home.join("cache"),
            capacity: Capacity {
                runs: at_once,
                guest_memory: (at_once as u64 * megabytes) << 20,
                shutdown_grace: Duration::from_secs(1),
            },
            environment: Environment::default(),
            registries: Arc::new(Registries::new(home.join("innkeeper.lock"), home, judge)),
            compiler: CompilerCommand::this_program(),
            clock: Arc::new(SystemClock),
        };
        let guests = Arc::new(Guests::new(settings));
        Self {
            runner: ComponentRunner::new(Arc::clone(&guests)),
            guests,
            namespace: Arc::new(Namespace::bare("bench", PathBuf::new(), grants())),
            job: Arc::new(job(component, megabytes)),
            logs: home.join("logs"),
            runs: AtomicI64::new(0),
        }
    }

    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        let ending = self.begin(None, CancellationToken::new()).await;
        ensure!(
            ending == Ending::Exited { code: 0 },
            "the component did not succeed: {ending:?}"
        );
        Ok(())
    }

    /// One run, until it ends or is stopped. `started` is told when the guest begins.
    pub(crate) async fn begin(&self, started: Option<oneshot::Sender<()>>, stop: CancellationToken) -> Ending {
        let run = RunId(self.runs.fetch_add(1, Ordering::Relaxed));
        let invocation = Invocation {
            hidden: Arc::default(),
            run,
            namespace: Arc::clone(&self.namespace),
            job: Arc::clone(&self.job),
            arguments: Arguments::default(),
            log_folder: self.logs.join(run.to_string()),
            work_folder: self.logs.join("work"),
            started,
            progress: None,
            askings: Vec::new(),
            payload: None,
        };
        self.runner.run(invocation, stop).await.ending
    }
}

fn grants() -> Grants {
    Grants {
        trusted: true,
        ..Grants::default()
    }
}

fn job(component: &Path, megabytes: u64) -> Job {
    Job {
        namespace: "bench".into(),
        name: "hello".into(),
        program: Program::Component {
            source: component.to_owned().into(),
            arguments: None,
            world: Some(World::Command),
        },
        report: ReportRules {
            stdout: true,
            success: true,
            format: Format::Text,
            formatter: None,
            suppress_empty: false,
            call_tech_support_on_error: false,
        },
        limits: Limits {
            wall_time: Duration::from_secs(60),
            cpu_time: Duration::from_secs(30),
            memory: megabytes << 20,
            disk: 256 << 20,
            stdout: STDOUT_BYTES as u64,
            stderr: STDERR_BYTES as u64,
        },
        grants: grants(),
    }
}
