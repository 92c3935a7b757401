//! Each kind of check against servers on loopback: what passes, what fails, and what is said of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

mod builds;
mod web;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use axum::Router;
use innkeeper_core::alert::KeepsUp;
use innkeeper_core::clock::{ManualClock, Timestamp};
use innkeeper_core::config::{
    Allowed, Expectation, Format, Grants, HttpGrant, HttpProbe, Job, Limits, MetricProbe, ReportRules,
};
use innkeeper_core::request::Arguments;
use innkeeper_core::run::RunId;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::current::Current;
use crate::testing::config;

/// Much longer than any test here takes. None waits for it.
const FOR_EVER: Duration = Duration::from_secs(60);

/// A host with one namespace, `demo`, and its check `x`.
struct Host {
    home: TempDir,
    grants: Grants,
    secrets: BTreeMap<&'static str, &'static str>,
    clock: Arc<ManualClock>,
    github: String,
    ping: Option<PathBuf>,
    trust: Option<tls::Trust>,
    vitals: Arc<Vitals>,
}

impl Host {
    /// One whose namespace is trusted.
    fn new() -> Self {
        let now: jiff::Timestamp = "2098-12-25T00:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_micros(now.as_microsecond())));
        let home = tempfile::tempdir().unwrap();
        let vitals = Vitals {
            current: Current::fixed(Arc::new(config(home.path()))),
            store: Arc::new(Store::open(home.path()).unwrap()),
            clock: clock.clone(),
            pulse: Arc::default(),
        };
        Self {
            home,
            vitals: Arc::new(vitals),
            grants: Grants {
                trusted: true,
                env: Allowed::All,
                ..Grants::default()
            },
            secrets: BTreeMap::from([("PASSWORD", "hunter2")]),
            clock,
            github: "http://127.0.0.1:9".into(),
            ping: None,
            trust: None,
        }
    }

    /// One whose namespace is a stranger's, with these grants of HTTP.
    fn of_a_stranger(http: &[String]) -> Self {
        let mut host = Self::new();
        host.grants.trusted = false;
        host.grants.env = Allowed::default();
        host.grants.http = http.iter().map(|grant| HttpGrant::parse(grant).unwrap()).collect();
        host
    }

    fn runner(&mut self) -> ProbeRunner {
        let secrets = self.secrets.clone();
        let mut runner = ProbeRunner::new(ProbeSettings {
            secrets: Arc::new(Secrets::new(move |name| secrets.get(name).map(OsString::from))),
            clock: self.clock.clone(),
            github_api: self.github.clone(),
            ping: self.ping.clone(),
            store: self.vitals.store.clone(),
            vitals: self.vitals.clone(),
        });
        if let Some(trust) = self.trust.take() {
            runner.web = Arc::new(Web::with_trust(trust));
        }
        runner
    }

    fn invocation(&self, probe: Probe) -> Invocation {
        let job = Job {
            namespace: "demo".into(),
            name: "x".into(),
            program: Program::Probe(probe),
            report: ReportRules {
                stdout: false,
                success: true,
                format: Format::Text,
                formatter: None,
                suppress_empty: false,
                call_tech_support_on_error: false,
            },
            limits: Limits {
                wall_time: FOR_EVER,
                cpu_time: Duration::ZERO,
                memory: 0,
                disk: 0,
                stdout: 1 << 10,
                stderr: 1 << 10,
            },
            grants: self.grants.clone(),
        };
        let namespace = Namespace::bare("demo", self.home.path().join("workspace/demo"), self.grants.clone());
        Invocation {
            run: RunId(1),
            hidden: Arc::default(),
            namespace: Arc::new(namespace),
            job: Arc::new(job),
            arguments: Arguments::default(),
            log_folder: self.home.path().join("logs/demo_x/1"),
            work_folder: self.home.path().join("work/demo"),
            started: None,
            progress: None,
            askings: Vec::new(),
            payload: None,
        }
    }

    async fn run(&mut self, probe: Probe) -> Outcome {
        let invocation = self.invocation(probe);
        self.runner().run(invocation, CancellationToken::new()).await
    }

    /// Why the check fails. Empty where it does not.
    async fn why(&mut self, probe: Probe) -> String {
        match self.run(probe).await.ending {
            Ending::Exited { code: 0 } => String::new(),
            Ending::Failed { message } => message,
            other => panic!("{other:?}"),
        }
    }
}

/// A server on loopback, and its address.
async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

/// An address where nobody listens.
async fn nobody() -> (String, u16) {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    (address.ip().to_string(), address.port())
}

fn http(url: impl Into<String>) -> HttpProbe {
    HttpProbe {
        url: url.into(),
        status: 200,
        text: None,
        timeout: FOR_EVER,
        verify: true,
        valid_for: None,
        login: None,
    }
}

fn metric(url: impl Into<String>, expect: &str) -> MetricProbe {
    MetricProbe {
        url: url.into(),
        query: "load{job=\"a b\"}".into(),
        expect: Expectation::parse(expect).unwrap(),
        allowed_failures: 0,
        series: 1,
        timeout: FOR_EVER,
    }
}

fn program(folder: &Path, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join("ping");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

#[tokio::test]
async fn a_check_that_passes_leaves_no_folder_and_one_that_fails_says_why_in_its_log() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = |port| Probe::Tcp {
        host: "127.0.0.1".into(),
        port,
        timeout: FOR_EVER,
    };
    let mut host = Host::new();
    let passed = host.run(tcp(listener.local_addr().unwrap().port())).await;
    assert_eq!(passed.ending, Ending::Exited { code: 0 });
    assert!(!host.home.path().join("logs").exists());

    let (_, port) = nobody().await;
    let failed = host.run(tcp(port)).await;
    let why = format!("127.0.0.1:{port} cannot be reached: Connection refused (os error 111)");
    assert_eq!(failed.ending, Ending::Failed { message: why.clone() });
    assert_eq!(std::fs::read_to_string(failed.stdout.path).unwrap(), why + "\n");
    assert_eq!(failed.stderr.kept, 0);
}

#[tokio::test]
async fn a_check_that_is_stopped_was_interrupted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let mut host = Host::new();
    let stop = CancellationToken::new();
    let running = host
        .runner()
        .run(host.invocation(Probe::Http(http(silent))), stop.clone());
    let running = tokio::spawn(running);
    let _asked = listener.accept().await.unwrap();
    stop.cancel();
    assert_eq!(running.await.unwrap().ending, Ending::Interrupted);
}

#[tokio::test]
async fn who_does_not_answer_in_time_fails_the_check() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let mut probe = http(format!("{silent}/x?token=secret"));
    probe.timeout = Duration::from_millis(20);
    let why = Host::new().why(Probe::Http(probe)).await;
    assert_eq!(why, format!("{silent}/x did not answer within 0.02 s"));
}

#[tokio::test]
async fn who_is_silent_for_too_long_fails_the_check() {
    let hour = Duration::from_secs(60 * 60);
    let mut host = Host::new();
    let probe = || Probe::Heartbeat { within: 26 * hour };
    assert_eq!(host.why(probe()).await, "", "it is waited for since now");
    host.clock.advance(27 * hour);
    assert_eq!(
        host.why(probe()).await,
        "nothing was heard from it yet, in 27 h, and is to be within 26 h"
    );
}

#[tokio::test]
async fn a_host_whose_clock_stands_is_behind() {
    let minute = Duration::from_secs(60);
    let mut host = Host::new();
    let limits = KeepsUp {
        schedule: Some(minute),
        ..KeepsUp::default()
    };
    assert_eq!(host.why(Probe::Host(limits)).await, "", "nothing is to be started");
    host.vitals.pulse.next_start.set(Some(host.clock.now()));
    host.clock.advance(5 * minute);
    assert_eq!(
        host.why(Probe::Host(limits)).await,
        "the clock is behind: a job was to be started 5 min ago"
    );
}

#[tokio::test]
async fn a_ping_is_the_systems() {
    let mut host = Host::new();
    let ping = || Probe::Ping {
        host: "db.example".into(),
        timeout: Duration::from_secs(3),
    };
    assert_eq!(
        host.why(ping()).await,
        "there is no `ping` on this machine: install it (on Debian, `iputils-ping`)"
    );
    let scripts = [
        ("test \"$*\" = '-n -c 1 -W 3 db.example'", ""),
        (
            "echo 1 packets transmitted; exit 1",
            "db.example did not answer a ping within 3 s",
        ),
        (
            "echo 'ping: db.example: Name or service not known' >&2; exit 2",
            "db.example cannot be pinged: ping: db.example: Name or service not known",
        ),
    ];
    for (script, why) in scripts {
        host.ping = Some(program(host.home.path(), script));
        assert_eq!(host.why(ping()).await, why);
    }
}
