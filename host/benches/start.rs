//! How instant it is: from a request that is durable to a process that was spawned or a guest whose first instruction
//! runs, through the real queue, dispatcher and runners: on an idle host, and on one that a stranger's namespace floods
//! with guests that compute.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

mod measure;

use std::sync::Arc;
use std::time::Instant;

use innkeeper::alerts::Services;
use innkeeper::bell::Bells;
use innkeeper::current::Current;
use innkeeper::deliver::terminal::Terminals;
use innkeeper::dispatcher::{Dispatcher, Parts, Runners};
use innkeeper::guest::compile::{CompilerCommand, VERB};
use innkeeper::guest::context::Environment;
use innkeeper::guest::inspect::judge;
use innkeeper::guest::{GuestSettings, Guests};
use innkeeper::registry::Registries;
use innkeeper::runner::bash::{BashRunner, BashSettings, Grace};
use innkeeper::runner::component::ComponentRunner;
use innkeeper::runner::fabfile::{Fabfiles, HttpFetch};
use innkeeper::runner::{Invocation, Runner};
use innkeeper_core::BoxFuture;
use innkeeper_core::clock::{Clock, SystemClock};
use innkeeper_core::config::{ComponentInspector, Config};
use innkeeper_core::request::{CliOrigin, NewAsking, NewRequest, Origin};
use innkeeper_core::run::Outcome;
use innkeeper_core::store::{Cause, Store};
use measure::percentile;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

const RUNS: usize = 500;
/// Guests that a stranger asks for, and how many of them run at once: a quarter of the host's runs.
const FLOOD: usize = 100;
const NOISY_RUNS: usize = 16;

#[tokio::main]
async fn main() {
    let mut host = Host::start();
    host.print_starts("idle host").await;
    host.flood().await;
    host.print_starts("flooded by another namespace").await;
}

struct Host {
    store: Arc<Store>,
    bells: Bells,
    started: mpsc::UnboundedReceiver<Instant>,
    ended: mpsc::UnboundedReceiver<()>,
    noise: mpsc::UnboundedReceiver<Instant>,
    _folder: TempDir,
}

impl Host {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let config = Arc::new(configuration(&folder));
        let store = Arc::new(Store::open(&config.data_dir).unwrap());
        let (bells, _lanes) = Bells::new();
        let (told, started) = mpsc::unbounded_channel();
        let (over, ended) = mpsc::unbounded_channel();
        let (noisy, noise) = mpsc::unbounded_channel();
        let timed = |runner: Arc<dyn Runner>| -> Arc<dyn Runner> {
            Arc::new(Timed {
                runner,
                told: told.clone(),
                over: over.clone(),
                noisy: noisy.clone(),
            })
        };
        let guests = Guests::new(GuestSettings {
            cache_folder: config.data_dir.join("cache"),
            capacity: config.capacity,
            environment: Environment::default(),
            registries: Arc::new(Registries::new(
                config.data_dir.join("innkeeper.lock"),
                &config.data_dir,
                judge,
            )),
            compiler: CompilerCommand {
                program: env!("CARGO_BIN_EXE_innkeeper").into(),
                args: vec![VERB.into()],
            },
            clock: Arc::new(SystemClock),
        });
        let settings = BashSettings {
            workspace: config.workspace.clone(),
            environment: std::env::vars_os().collect(),
            fabfiles: Fabfiles::new(
                Arc::<HttpFetch>::default(),
                Arc::new(()),
                config.data_dir.join("cache/fabfiles"),
            ),
            links: config.data_dir.join("cache/bin"),
            grace: Grace::default(),
        };
        let component = timed(Arc::new(ComponentRunner::new(Arc::new(guests))));
        let runners = Runners {
            bash: timed(Arc::new(BashRunner::new(settings).unwrap())),
            // There is no check of the host's own here.
            probe: component.clone(),
            component,
        };
        let current = Current::fixed(config);
        let dispatcher = Arc::new(Dispatcher::new(Parts {
            pulse: Arc::default(),
            current: current.clone(),
            store: store.clone(),
            clock: Arc::new(SystemClock),
            runners,
            formatter: Arc::new(innkeeper_core::report::NoFormatter),
            bells: bells.clone(),
            services: Arc::new(Services::new(current.clone())),
            terminals: Terminals::default(),
        }));
        tokio::spawn(dispatcher.run(CancellationToken::new()));
        Self {
            store,
            bells,
            started,
            ended,
            noise,
            _folder: folder,
        }
    }

    async fn print_starts(&mut self, when: &str) {
        for job in ["bash", "component"] {
            let mut samples = Vec::new();
            for number in 0..RUNS + 20 {
                let took = self.time_one(job).await;
                if number >= 20 {
                    samples.push(took);
                }
            }
            println!(
                "{when}: durable request to a started {job}: p50 {:.2} ms, p99 {:.2} ms; the bar is 2 ms and 10 ms",
                percentile(&mut samples, 0.5) * 1e3,
                percentile(&mut samples, 0.99) * 1e3
            );
        }
    }

    /// Asks for more guests that never end than the namespace may have at once.
    async fn flood(&mut self) {
        for number in 0..FLOOD {
            self.ask("noisy", &format!("spin{number}")).await;
        }
        self.bells.ring_queue();
        for _ in 0..NOISY_RUNS {
            self.noise.recv().await.unwrap();
        }
    }

    async fn time_one(&mut self, job: &str) -> f64 {
        self.ask("bench", job).await;
        let durable = Instant::now();
        self.bells.ring_queue();
        let started = self.started.recv().await.unwrap();
        self.ended.recv().await.unwrap();
        started.duration_since(durable).as_secs_f64()
    }

    async fn ask(&self, namespace: &str, job: &str) {
        let origin = Origin::Cli(CliOrigin {
            user: "bench".into(),
            session: None,
        });
        let now = SystemClock.now();
        let asking = NewAsking {
            key: None,
            origin,
            text: None,
            edit: false,
            at: now,
        };
        let request = NewRequest {
            namespace: namespace.into(),
            job: job.into(),
            arguments: Default::default(),
            due: now,
            payload: None,
        };
        self.store
            .accept(asking, Cause::Requests(vec![request]), Vec::new())
            .await
            .unwrap();
    }
}

fn configuration(folder: &TempDir) -> Config {
    let guest = std::env::var("INNKEEPER_BENCH_COMPONENT").unwrap_or_else(|_| {
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../target/guests/wasm32-wasip2/release/hello.wasm"
        )
        .into()
    });
    let namespace = folder.path().join("workspace/bench");
    std::fs::create_dir_all(&namespace).unwrap();
    std::fs::copy(&guest, namespace.join("hello.wasm"))
        .unwrap_or_else(|error| panic!("{guest}: {error}; run `cargo xtask guests` first"));
    let noisy = folder.path().join("workspace/noisy");
    std::fs::create_dir_all(&noisy).unwrap();
    let spin = std::path::Path::new(&guest).with_file_name("spin.wasm");
    std::fs::copy(&spin, noisy.join("spin.wasm"))
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask guests --all` first", spin.display()));
    let spins = (0..FLOOD).map(|number| format!("[jobs.spin{number}]\ncomponent = \"spin.wasm\"\n"));
    std::fs::write(noisy.join("namespace.toml"), spins.collect::<String>()).unwrap();
    std::fs::write(
        folder.path().join("innkeeper.toml"),
        "max_guest_memory_mb = 4096\n[namespaces.bench]\ntrust = \"trusted\"\n\
         [namespaces.noisy]\nlimits = { timeout_seconds = 600, cpu_seconds = 600 }\n",
    )
    .unwrap();
    let jobs = "[jobs.bash]\nrun_args_template = \"true\"\n[jobs.component]\ncomponent = \"hello.wasm\"\n";
    std::fs::write(namespace.join("namespace.toml"), jobs).unwrap();
    Config::load(&folder.path().join("innkeeper.toml"), &Anything)
        .expect("the benchmark's own configuration")
        .config
}

/// The benchmark's own components need no inspection.
struct Anything;

impl ComponentInspector for Anything {
    fn inspect(&self, _file: &std::path::Path) -> Result<innkeeper_core::config::World, String> {
        Ok(innkeeper_core::config::World::Command)
    }
}

/// A runner that says when a run started and ended.
struct Timed {
    runner: Arc<dyn Runner>,
    told: mpsc::UnboundedSender<Instant>,
    over: mpsc::UnboundedSender<()>,
    noisy: mpsc::UnboundedSender<Instant>,
}

impl Runner for Timed {
    fn run(&self, mut invocation: Invocation, stop: CancellationToken) -> BoxFuture<'static, Outcome> {
        let (started, start) = oneshot::channel();
        invocation.started = Some(started);
        let quiet = invocation.namespace.name == "bench";
        let running = self.runner.run(invocation, stop);
        let told = if quiet { self.told.clone() } else { self.noisy.clone() };
        let over = self.over.clone();
        Box::pin(async move {
            let watch = async {
                if start.await.is_ok() {
                    let _ = told.send(Instant::now());
                }
            };
            let (outcome, ()) = tokio::join!(running, watch);
            if quiet {
                assert!(outcome.ending.is_success(), "{:?}", outcome.ending);
                let _ = over.send(());
            }
            outcome
        })
    }
}
