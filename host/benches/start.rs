//! How instant it is: from a request that is durable to a process that was spawned or a guest whose first instruction
//! runs, on an idle host, through the real queue, dispatcher and runners.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

mod measure;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use innkeeper::bell::Bells;
use innkeeper::deliver::terminal::Terminals;
use innkeeper::dispatcher::{Dispatcher, Parts, Runners};
use innkeeper::guest::compile::{CompilerCommand, VERB};
use innkeeper::guest::context::Environment;
use innkeeper::guest::inspect::judge;
use innkeeper::guest::{GuestSettings, Guests};
use innkeeper::registry::Registries;
use innkeeper::runner::bash::{BashRunner, BashSettings, Grace};
use innkeeper::runner::component::ComponentRunner;
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

#[tokio::main]
async fn main() {
    let mut host = Host::start();
    for (what, job) in [("bash", "bash"), ("component", "component")] {
        let mut samples = Vec::new();
        for number in 0..RUNS + 20 {
            let took = host.time_one(job).await;
            if number >= 20 {
                samples.push(took);
            }
        }
        println!(
            "durable request to a started {what}: p50 {:.2} ms, p99 {:.2} ms; the bar is 2 ms and 10 ms",
            percentile(&mut samples, 0.5) * 1e3,
            percentile(&mut samples, 0.99) * 1e3
        );
    }
}

struct Host {
    store: Arc<Store>,
    bells: Bells,
    started: mpsc::UnboundedReceiver<Instant>,
    ended: mpsc::UnboundedReceiver<()>,
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
        let timed = |runner: Arc<dyn Runner>| -> Arc<dyn Runner> {
            Arc::new(Timed {
                runner,
                told: told.clone(),
                over: over.clone(),
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
            hidden: BTreeSet::new(),
            links: config.data_dir.join("cache/bin"),
            grace: Grace::default(),
        };
        let runners = Runners {
            bash: timed(Arc::new(BashRunner::new(settings).unwrap())),
            component: timed(Arc::new(ComponentRunner::new(Arc::new(guests)))),
        };
        let dispatcher = Arc::new(Dispatcher::new(Parts {
            config,
            store: store.clone(),
            clock: Arc::new(SystemClock),
            runners,
            formatter: Arc::new(innkeeper_core::report::NoFormatter),
            bells: bells.clone(),
            terminals: Terminals::default(),
        }));
        tokio::spawn(dispatcher.run(CancellationToken::new()));
        Self {
            store,
            bells,
            started,
            ended,
            _folder: folder,
        }
    }

    async fn time_one(&mut self, job: &str) -> f64 {
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
            namespace: "bench".into(),
            job: job.into(),
            arguments: Default::default(),
            due: now,
            payload: None,
        };
        self.store
            .accept(asking, Cause::Requests(vec![request]), Vec::new())
            .await
            .unwrap();
        let durable = Instant::now();
        self.bells.ring_queue();
        let started = self.started.recv().await.unwrap();
        self.ended.recv().await.unwrap();
        started.duration_since(durable).as_secs_f64()
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
    std::fs::write(
        folder.path().join("innkeeper.toml"),
        "[namespaces.bench]\ntrust = \"trusted\"\n",
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
}

impl Runner for Timed {
    fn run(&self, mut invocation: Invocation, stop: CancellationToken) -> BoxFuture<'static, Outcome> {
        let (started, start) = oneshot::channel();
        invocation.started = Some(started);
        let running = self.runner.run(invocation, stop);
        let (told, over) = (self.told.clone(), self.over.clone());
        Box::pin(async move {
            let watch = async {
                if start.await.is_ok() {
                    let _ = told.send(Instant::now());
                }
            };
            let (outcome, ()) = tokio::join!(running, watch);
            assert!(outcome.ending.is_success(), "{:?}", outcome.ending);
            let _ = over.send(());
            outcome
        })
    }
}
