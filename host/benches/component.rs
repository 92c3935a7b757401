//! A warm run of a component through the runner, against bare wasmtime: the same engine, `instantiate_async` and the
//! call on the caller's task, and the same two log files written. Both are measured in turns, in one run, so that
//! what else the machine does hits both alike; the ratio of the medians is what the project holds itself to.
//!
//! ```sh
//! cargo build --release -p hello --target wasm32-wasip2 --target-dir target/guests
//! cargo bench --bench component
//! ```
//!
//! Another component is measured with `INNKEEPER_BENCH_COMPONENT=/path/to/it.wasm`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use criterion::Criterion;
use innkeeper::guest::compile::{self, CompilerCommand};
use innkeeper::guest::context::Environment;
use innkeeper::guest::inspect::judge;
use innkeeper::guest::{GuestSettings, Guests, engine};
use innkeeper::registry::Registries;
use innkeeper::runner::component::ComponentRunner;
use innkeeper::runner::{Invocation, Runner};
use innkeeper_core::clock::SystemClock;
use innkeeper_core::config::{
    Allowed, Capacity, Format, Grants, Job, Limits, Mentions, Namespace, Program, ReportRules,
};
use innkeeper_core::request::Arguments;
use innkeeper_core::run::{Ending, RunId};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

const BAR: f64 = 1.5;
const WARM_UP: usize = 200;
const PAIRS: usize = 2000;
const RUNS_AT_ONCE: usize = 16;
const STDOUT_BYTES: usize = 1 << 20;
const STDERR_BYTES: usize = 64 << 10;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|verb| verb == compile::VERB) {
        return compile::child_main(Path::new(&args.next().unwrap_or_default()));
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> anyhow::Result<()> {
    let component = component()?;
    let home = tempfile::tempdir()?;
    let host = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bare = Bare::new(&component, home.path()).map_err(wrong)?;
    let inn = Inn::new(&component, home.path());
    for _ in 0..WARM_UP {
        host.block_on(bare.run())?;
        host.block_on(inn.run())?;
    }
    print_ratio(&host, &bare, &inn)?;
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("component");
    group.measurement_time(Duration::from_secs(3));
    group.bench_function("bare", |bencher| bencher.to_async(&host).iter(|| bare.run()));
    group.bench_function("runner", |bencher| bencher.to_async(&host).iter(|| inn.run()));
    group.finish();
    Ok(())
}

fn print_ratio(host: &Runtime, bare: &Bare, inn: &Inn) -> anyhow::Result<()> {
    let (mut without, mut with) = (Vec::with_capacity(PAIRS), Vec::with_capacity(PAIRS));
    for _ in 0..PAIRS {
        let begin = Instant::now();
        host.block_on(bare.run())?;
        without.push(begin.elapsed());
        let begin = Instant::now();
        host.block_on(inn.run())?;
        with.push(begin.elapsed());
    }
    let (without, with) = (median(&mut without), median(&mut with));
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    println!("bare wasmtime {without:?}, through the runner {with:?}: {ratio:.2} times (bar {BAR})");
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn component() -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("INNKEEPER_BENCH_COMPONENT").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests/wasm32-wasip2/release/hello.wasm"),
        PathBuf::from,
    );
    path.canonicalize().with_context(|| {
        format!(
            "there is no {}: build it with `cargo build --release -p hello --target wasm32-wasip2 --target-dir target/guests`",
            path.display()
        )
    })
}

/// Wasmtime without a host around it.
struct Bare {
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
    fn new(component: &Path, home: &Path) -> wasmtime::Result<Self> {
        let engine = engine::for_running(RUNS_AT_ONCE)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let component = Component::from_file(&engine, component)?;
        Ok(Self {
            component: CommandPre::new(linker.instantiate_pre(&component)?)?,
            logs: home.join("bare"),
            runs: AtomicI64::new(0),
        })
    }

    async fn run(&self) -> anyhow::Result<()> {
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

fn wrong(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// The host's own way.
struct Inn {
    runner: ComponentRunner,
    namespace: Arc<Namespace>,
    job: Arc<Job>,
    logs: PathBuf,
    runs: AtomicI64,
}

impl Inn {
    fn new(component: &Path, home: &Path) -> Self {
        let settings = GuestSettings {
            cache_folder: home.join("cache"),
            capacity: Capacity {
                runs: RUNS_AT_ONCE,
                guest_memory: 1 << 30,
                shutdown_grace: Duration::from_secs(1),
            },
            environment: Environment::default(),
            registries: Arc::new(Registries::new(home.join("innkeeper.lock"), home, judge)),
            compiler: CompilerCommand::this_program(),
            clock: Arc::new(SystemClock),
        };
        Self {
            runner: ComponentRunner::new(Arc::new(Guests::new(settings))),
            namespace: Arc::new(namespace()),
            job: Arc::new(job(component)),
            logs: home.join("logs"),
            runs: AtomicI64::new(0),
        }
    }

    async fn run(&self) -> anyhow::Result<()> {
        let run = RunId(self.runs.fetch_add(1, Ordering::Relaxed));
        let invocation = Invocation {
            run,
            namespace: Arc::clone(&self.namespace),
            job: Arc::clone(&self.job),
            arguments: Arguments::default(),
            log_folder: self.logs.join(run.to_string()),
            work_folder: self.logs.join("work"),
            started: None,
            progress: None,
            askings: Vec::new(),
            payload: None,
        };
        let outcome = self.runner.run(invocation, CancellationToken::new()).await;
        ensure!(
            outcome.ending == Ending::Exited { code: 0 },
            "the component did not succeed: {:?}",
            outcome.ending
        );
        Ok(())
    }
}

fn namespace() -> Namespace {
    Namespace {
        max_runs: 64,
        name: "bench".into(),
        description: None,
        restricted: false,
        default_channel: None,
        folder: PathBuf::new(),
        grants: grants(),
        jobs: BTreeMap::new(),
        commands: Vec::new(),
        github: Vec::new(),
    }
}

fn grants() -> Grants {
    Grants {
        trusted: false,
        triggers: BTreeSet::new(),
        channels: Allowed::Only(BTreeSet::new()),
        mentions: Mentions::None,
        env: Allowed::Only(BTreeSet::new()),
        files: Vec::new(),
        http: Default::default(),
        github: None,
        registries: innkeeper_core::config::oci::RegistryGrants::Only(Vec::new()),
    }
}

fn job(component: &Path) -> Job {
    Job {
        namespace: "bench".into(),
        name: "hello".into(),
        program: Program::Component {
            source: component.to_owned().into(),
            arguments: None,
            world: Some(innkeeper_core::config::World::Command),
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
            memory: 64 << 20,
            disk: 256 << 20,
            stdout: STDOUT_BYTES as u64,
            stderr: STDERR_BYTES as u64,
        },
        grants: grants(),
    }
}
