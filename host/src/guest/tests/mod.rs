//! Guests that behave and guests that do not, through the runner. Each guest is a few lines of WebAssembly text.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

mod behaviour;
mod loading;
mod plugins;
mod wat_guests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::clock::SystemClock;
use innkeeper_core::config::{
    Allowed, Capacity, FilesGrant, Format, Grants, HttpGrants, Job, Limits, Namespace, Program, ReportRules,
};
use innkeeper_core::request::Arguments;
use innkeeper_core::run::{Ending, Outcome, RunId};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::runner::component::ComponentRunner;
use crate::runner::{Invocation, Runner};

/// A host's guests in a folder of their own, and a namespace without grants.
struct Inn {
    home: tempfile::TempDir,
    guests: Arc<Guests>,
    limits: Limits,
    env: Allowed,
    files: Vec<FilesGrant>,
    http: HttpGrants,
}

impl Inn {
    fn new() -> Self {
        Self::with_memory(1024)
    }

    fn with_memory(megabytes: u64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let variables = [("HOME", "/root"), ("TOKEN", "t"), ("SLACK_BOT_TOKEN", "s")];
        let settings = GuestSettings {
            cache_folder: home.path().join("cache"),
            capacity: Capacity {
                runs: 16,
                guest_memory: megabytes << 20,
                shutdown_grace: Duration::from_secs(1),
            },
            environment: Environment::new(variables.map(|(name, value)| (name.into(), value.into()))),
            registries: Arc::new(crate::registry::Registries::new(
                home.path().join("innkeeper.lock"),
                home.path(),
                crate::guest::inspect::judge,
            )),
            compiler: compile::tests::this_test_binary(),
            clock: Arc::new(SystemClock),
        };
        Self {
            home,
            guests: Arc::new(Guests::new(settings)),
            limits: Limits {
                wall_time: Duration::from_secs(30),
                cpu_time: Duration::from_secs(30),
                memory: 8 << 20,
                disk: 1 << 20,
                stdout: 1 << 20,
                stderr: 64 << 10,
            },
            env: Allowed::default(),
            files: Vec::new(),
            http: HttpGrants::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn install(&self, bytes: &[u8]) -> PathBuf {
        let path = self.path("guest.wasm");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn invocation(&self, component: &Path, arguments: Arguments) -> Invocation {
        let grants = Grants {
            trusted: false,
            env: self.env.clone(),
            files: self.files.clone(),
            http: self.http.clone(),
            ..Grants::default()
        };
        let job = Arc::new(Job {
            namespace: "demo".into(),
            name: "guest".into(),
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
                call_tech_support_on_error: true,
            },
            limits: self.limits,
            grants,
        });
        let namespace = Arc::new(Namespace::bare("demo", self.path("workspace/demo"), job.grants.clone()));
        static RUNS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(1);
        let run = RunId(RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        Invocation {
            run,
            hidden: Arc::new(["SLACK_BOT_TOKEN".to_owned()].into()),
            namespace,
            job,
            arguments,
            log_folder: self.path(&format!("logs/demo_guest/{run}")),
            work_folder: self.path("work/demo"),
            started: None,
            progress: None,
            askings: Vec::new(),
            payload: None,
        }
    }

    fn start(&self, invocation: Invocation, stop: CancellationToken) -> innkeeper_core::BoxFuture<'static, Outcome> {
        ComponentRunner::new(Arc::clone(&self.guests)).run(invocation, stop)
    }

    async fn run_bytes(&self, bytes: &[u8]) -> Outcome {
        let invocation = self.invocation(&self.install(bytes), Arguments::default());
        self.start(invocation, CancellationToken::new()).await
    }

    async fn run(&self, wat: &str) -> Outcome {
        self.run_bytes(&wat::parse_str(wat).unwrap()).await
    }
}

fn stdout(outcome: &Outcome) -> String {
    std::fs::read_to_string(&outcome.stdout.path).unwrap()
}

fn stderr(outcome: &Outcome) -> String {
    std::fs::read_to_string(&outcome.stderr.path).unwrap()
}

fn trapped(outcome: &Outcome) -> &str {
    match &outcome.ending {
        Ending::Trapped { why } => why,
        other => panic!("did not trap: {other:?}"),
    }
}

fn limit_reached(outcome: &Outcome) -> &str {
    match &outcome.ending {
        Ending::LimitReached { what } => what,
        other => panic!("hit no limit: {other:?}"),
    }
}

fn not_started(outcome: &Outcome) -> &str {
    match &outcome.ending {
        Ending::NotStarted { why } => why,
        other => panic!("was started: {other:?}"),
    }
}
