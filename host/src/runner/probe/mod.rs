//! Runs the host's own checks: those that a namespace configures instead of writing a job.
//!
//! ```text
//!   http         an address answers as it is expected to      tcp, ping    a host is there
//!   prometheus   values of a query are within a limit         graphite     the same
//!   github       a workflow's last run succeeded              jenkins      a job's last build did
//!   heartbeat    somebody was heard from in time              host         this host keeps up with its work
//!
//!   web          every HTTP request of these: grants, redirects, bounds      tls    whom it trusts
//!   series       values against a limit (pure)                               words  what is said (pure)
//! ```
//!
//! The host acts for a namespace here. A stranger's requests go through the guard of guests' requests (`guest/http`), so a
//! check reaches nothing that a component of the same namespace would not.
//!
//! A check that passes says nothing, so that its run has no folder. One that fails says why in one line, which is both
//! its message and its log.

mod github;
mod graphite;
mod http;
mod jenkins;
mod ping;
mod prometheus;
mod series;
mod tcp;
mod tls;
mod web;
mod words;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::Clock;
use innkeeper_core::config::secrets::{Secret, Secrets};
use innkeeper_core::config::{HttpGrants, Job, Namespace, Probe, Program};
use innkeeper_core::run::{Ending, Outcome};
use innkeeper_core::store::Store;
use tokio_util::sync::CancellationToken;

use self::web::Web;
use self::words::{seconds, tidy_line};
use super::log::RunLog;
use super::{Invocation, Runner};
use crate::vitals::Vitals;

/// What a check found: nothing to say, or why it fails, in a sentence for people without a full stop.
type Verdict = Result<(), String>;

/// What checks of the host's own need.
pub struct ProbeSettings {
    /// Where passwords and tokens come from.
    pub secrets: Arc<Secrets>,
    /// What time it is: certificates expire, builds wait.
    pub clock: Arc<dyn Clock>,
    /// Where GitHub's API is.
    pub github_api: String,
    /// The system's `ping`. None: it has none.
    pub ping: Option<PathBuf>,
    /// Who was heard from.
    pub store: Arc<Store>,
    /// How this host is.
    pub vitals: Arc<Vitals>,
}

/// The runner of the host's own checks. Its clones share connections' trust and look-ups.
#[derive(Clone)]
pub struct ProbeRunner {
    settings: Arc<ProbeSettings>,
    web: Arc<Web>,
}

impl ProbeRunner {
    /// A runner that needs nothing of the network until it runs something.
    pub fn new(settings: ProbeSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            web: Arc::new(Web::default()),
        }
    }
}

impl Runner for ProbeRunner {
    fn run(&self, invocation: Invocation, stop: CancellationToken) -> BoxFuture<'static, Outcome> {
        let this = self.clone();
        Box::pin(async move { this.execute(invocation, stop).await })
    }
}

impl ProbeRunner {
    async fn execute(&self, mut invocation: Invocation, stop: CancellationToken) -> Outcome {
        let begin = self.settings.clock.monotonic();
        let mut log = RunLog::when_written(&invocation.log_folder, &invocation.job.limits);
        if let Some(started) = invocation.started.take() {
            // Nobody has to wait for it.
            let _ = started.send(());
        }
        let ending = match &invocation.job.program {
            Program::Probe(probe) => tokio::select! {
                biased;
                () = stop.cancelled() => Ending::Interrupted,
                verdict = self.look(&invocation, probe) => Ending::of_verdict(verdict.map_err(|why| tidy_line(&why))),
            },
            Program::Bash { .. } | Program::Component { .. } => Ending::NotStarted {
                why: "is no check of the host's own".into(),
            },
        };
        if let Ending::Failed { message } = &ending {
            log.stdout.say(&format!("{message}\n"));
        }
        let duration = self.settings.clock.monotonic().saturating_duration_since(begin);
        let (stdout, stderr) = log.finish();
        Outcome {
            ending,
            duration,
            stdout,
            stderr,
            report: None,
        }
    }

    /// Does what the check does, within its time.
    async fn look(&self, invocation: &Invocation, probe: &Probe) -> Verdict {
        let room = Room {
            runner: self,
            namespace: &invocation.namespace,
        };
        let patience = probe.timeout();
        let looking = async {
            match probe {
                Probe::Http(probe) => http::look(&room, probe).await,
                Probe::Tcp { host, port, .. } => tcp::look(host, *port).await,
                Probe::Ping { host, timeout } => ping::look(self.settings.ping.as_deref(), host, *timeout).await,
                Probe::Prometheus(probe) => prometheus::look(&room, probe).await,
                Probe::Graphite(probe) => graphite::look(&room, probe).await,
                Probe::Github {
                    repo,
                    workflow,
                    branch,
                    token,
                } => github::look(&room, repo, workflow, branch.as_deref(), token.as_deref()).await,
                Probe::Jenkins {
                    url,
                    job,
                    login,
                    queued_for,
                } => jenkins::look(&room, url, job, login.as_ref(), *queued_for).await,
                Probe::Heartbeat { within } => self.heard(&invocation.job, *within).await,
                Probe::Host(limits) => self.settings.vitals.look(limits).await,
            }
        };
        match tokio::time::timeout(patience + slack(probe), looking).await {
            Ok(verdict) => verdict,
            Err(_) => Err(format!(
                "{} did not answer within {}",
                asked(self, probe),
                seconds(patience)
            )),
        }
    }
}

impl ProbeRunner {
    /// Whether a check was heard from in time.
    async fn heard(&self, check: &Job, within: Duration) -> Verdict {
        let now = self.settings.clock.now();
        let heartbeat = self.settings.store.heartbeat(&check.namespace, &check.name, now).await;
        let heartbeat = heartbeat.map_err(|error| format!("it cannot be known whether it was heard from: {error}"))?;
        heartbeat.verdict(within, now)
    }
}

/// `ping` counts itself, and says more than that there was no answer.
fn slack(probe: &Probe) -> Duration {
    match probe {
        Probe::Ping { .. } => Duration::from_secs(2),
        _ => Duration::ZERO,
    }
}

/// Who was asked.
fn asked(runner: &ProbeRunner, probe: &Probe) -> String {
    match probe {
        Probe::Http(probe) => words::without_query(&probe.url),
        Probe::Tcp { host, port, .. } => words::host_and_port(host, *port),
        Probe::Ping { host, .. } => host.clone(),
        Probe::Prometheus(probe) | Probe::Graphite(probe) => words::without_query(&probe.url),
        Probe::Github { .. } => runner.settings.github_api.clone(),
        Probe::Jenkins { url, .. } => words::without_query(url),
        Probe::Heartbeat { .. } | Probe::Host(_) => "the queue".into(),
    }
}

/// For whom something is looked at, and with what.
struct Room<'a> {
    runner: &'a ProbeRunner,
    namespace: &'a Namespace,
}

impl Room<'_> {
    /// Whom the namespace may ask. None: everybody, as its bash jobs may.
    fn grants(&self) -> Option<&HttpGrants> {
        let grants = &self.namespace.grants;
        (!grants.trusted).then_some(&grants.http)
    }

    fn web(&self) -> &Web {
        &self.runner.web
    }

    fn clock(&self) -> &dyn Clock {
        &*self.runner.settings.clock
    }

    /// The value of a secret of the namespace's.
    fn secret(&self, name: &str) -> Result<Secret, String> {
        if !self.namespace.grants.env.allows(name) {
            return Err(format!("the secret `{name}` is not granted to {}", self.namespace.name));
        }
        match self.runner.settings.secrets.get(name) {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(format!(
                "there is no secret `{name}`: set that environment variable, `{name}_FILE`, or a credential of that name"
            )),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The user and password of a login.
    fn login(&self, login: Option<&(String, String)>) -> Result<Option<web::Login>, String> {
        let with_secret = |(user, name): &(String, String)| {
            let password = self.secret(name)?;
            Ok(web::Login::Basic {
                user: user.clone(),
                password,
            })
        };
        login.map(with_secret).transpose()
    }
}
