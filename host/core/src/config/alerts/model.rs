//! What the configuration says about alerts, checked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::http::HttpGrants;
use super::super::model::{ComponentSource, Limits};
use crate::alert::rota::Rotation;
use crate::alert::{CheckRules, KeepsUp, Service};
use crate::schedule::When;

/// Services, checks, plugins, and who is on duty.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    /// By name, which is unique in the workspace.
    pub services: BTreeMap<String, Arc<Service>>,
    /// By namespace and short name.
    pub checks: BTreeMap<(String, String), Arc<Check>>,
    /// `[plugins.<name>]`, by name.
    pub plugins: BTreeMap<String, Arc<Plugin>>,
    /// `[[rota]]`.
    pub rota: Vec<Rotation>,
    /// Where the calendar of who is on duty comes from.
    pub calendar: Option<CalendarSource>,
    /// Who is told when nobody is on duty. None: the user that is marked so.
    pub fallback: Option<String>,
    /// How many results of each check are kept.
    pub keep_results: u32,
    /// How long the history of services is kept.
    pub keep_history: Duration,
}

/// Where a calendar comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarSource {
    /// A file, absolute.
    File(std::path::PathBuf),
    /// An address.
    Url(String),
    /// The address is the value of this secret.
    Secret(String),
}

/// A check.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The namespace that it belongs to.
    pub namespace: String,
    /// Its short name: its job's.
    pub name: String,
    /// How it counts.
    pub rules: CheckRules,
    /// The time between two runs.
    pub every: Duration,
    /// What it does. None: it is the job of the same name.
    pub probe: Option<Probe>,
}

impl Check {
    /// Whether it looks at this host. Then neither the clock of schedules nor the queue starts it: it says when they stand.
    pub fn watches_host(&self) -> bool {
        matches!(self.probe, Some(Probe::Host(_)))
    }

    /// How often it runs, for people: `every 5m`.
    pub fn written(&self) -> String {
        let every = jiff::SignedDuration::try_from(self.every).unwrap_or_default();
        format!("every {every:#}")
    }

    /// At which moments it runs: every so often, at a place of its own.
    pub fn when(&self) -> When {
        When::spread(self.every, &format!("{}_{}", self.namespace, self.name))
    }
}

/// A check of the host's own.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe {
    /// An HTTP request.
    Http(HttpProbe),
    /// A connection over TCP that is to be accepted.
    Tcp {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
        /// How long it may take.
        timeout: Duration,
    },
    /// A ping that is to be answered.
    Ping {
        /// A name or an address. It begins with no `-`: it is an argument of the system's `ping`.
        host: String,
        /// How long the answer may take.
        timeout: Duration,
    },
    /// A query of Prometheus.
    Prometheus(MetricProbe),
    /// A target of Graphite.
    Graphite(MetricProbe),
    /// The last run of a workflow of GitHub Actions.
    Github {
        /// `owner/name`.
        repo: String,
        /// The workflow's file.
        workflow: String,
        /// None: the repository's own.
        branch: Option<String>,
        /// The name of the secret with a token.
        token: Option<String>,
    },
    /// The last build of a job of Jenkins.
    Jenkins {
        /// The server.
        url: String,
        /// The job.
        job: String,
        /// Who asks, and the name of the secret with their token.
        login: Option<(String, String)>,
        /// How long a build may wait in the queue.
        queued_for: Option<Duration>,
    },
    /// Somebody who is to be heard from again and again.
    Heartbeat {
        /// How long it may be silent.
        within: Duration,
    },
    /// This host, which is to keep up with its work.
    Host(KeepsUp),
}

/// How long the servers of builds may take.
const BUILD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the host may take to look at itself.
const OWN_TIMEOUT: Duration = Duration::from_secs(30);

impl Probe {
    /// How long it may take, all in all.
    pub fn timeout(&self) -> Duration {
        match self {
            Self::Http(HttpProbe { timeout, .. })
            | Self::Tcp { timeout, .. }
            | Self::Ping { timeout, .. }
            | Self::Prometheus(MetricProbe { timeout, .. })
            | Self::Graphite(MetricProbe { timeout, .. }) => *timeout,
            Self::Github { .. } | Self::Jenkins { .. } => BUILD_TIMEOUT,
            Self::Heartbeat { .. } | Self::Host(_) => OWN_TIMEOUT,
        }
    }
}

/// An HTTP request and what is expected of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpProbe {
    /// What is asked for.
    pub url: String,
    /// The status that is expected.
    pub status: u16,
    /// What the body is to match: a regular expression that was read once.
    pub text: Option<String>,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether the certificate is to be one that is trusted.
    pub verify: bool,
    /// How long the certificate is to be valid still.
    pub valid_for: Option<Duration>,
    /// The user, and the name of the secret with their password.
    pub login: Option<(String, String)>,
}

impl HttpProbe {
    /// Whether this body is as expected. It may take a while: the expression is the namespace's.
    ///
    /// # Errors
    /// The expression cannot be read. It was when the configuration was.
    pub fn matches(&self, body: &str) -> Result<bool, regex::Error> {
        match &self.text {
            None => Ok(true),
            Some(text) => Ok(super::probes::pattern(text)?.is_match(body)),
        }
    }
}

/// A query and a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricProbe {
    /// The server.
    pub url: String,
    /// What is asked for.
    pub query: String,
    /// What every value is to be.
    pub expect: Expectation,
    /// How many series may be outside of it.
    pub allowed_failures: u32,
    /// How many series there are to be at least.
    pub series: u32,
    /// How long it may take.
    pub timeout: Duration,
}

/// What a value is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expectation {
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub limit: f64,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

impl Expectation {
    /// Reads `< 0.9`. None where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let signs = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("==", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::More),
        ];
        let (sign, comparison) = signs.into_iter().find(|(sign, _)| text.starts_with(sign))?;
        let limit: f64 = text[sign.len()..].trim().parse().ok()?;
        limit.is_finite().then_some(Self { comparison, limit })
    }

    /// Whether a value is what it is to be. What is no number is not.
    pub fn is_met_by(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Less => value < self.limit,
            Comparison::AtMost => value <= self.limit,
            Comparison::Equal => value == self.limit,
            Comparison::AtLeast => value >= self.limit,
            Comparison::More => value > self.limit,
        }
    }
}

/// `[plugins.<name>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// Its name, which is how services choose it.
    pub name: String,
    /// Where it comes from.
    pub component: ComponentSource,
    /// The values of its settings.
    pub settings: BTreeMap<String, String>,
    /// The names of the secrets with the values of its secret settings.
    pub secrets: BTreeMap<String, String>,
    /// Whom it may ask over HTTP.
    pub http: HttpGrants,
    /// What a call may spend.
    pub limits: Limits,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_with_a_limit() {
        let met = |text: &str, value| Expectation::parse(text).unwrap().is_met_by(value);
        assert!(met("< 0.9", 0.8) && !met("<0.9", 0.9));
        assert!(met("<= 0.9", 0.9) && met(">= -1", -1.0) && !met("> 5", 5.0) && met("== 1e3", 1000.0));
        assert!(!met("< 1", f64::NAN) && !met("> 1", f64::NAN));
        for wrong in ["", "<", "0.9", "< many", "=> 1", "= 1", "< NaN", "< inf"] {
            assert_eq!(Expectation::parse(wrong), None, "{wrong}");
        }
    }
}
