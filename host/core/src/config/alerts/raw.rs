//! The tables of both files that are about alerts, as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::raw::RawLimits;
use crate::alert::Importance;

/// When alerts go out, and who is on duty.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in super::super) struct RawAlerts {
    /// From one alert to the next while a service is error or critical.
    pub alert_interval: String,
    /// From one alert to the next while a service is warning.
    pub notification_interval: String,
    /// How long an acknowledgement lasts.
    pub acknowledgement_expiry: String,
    /// A calendar in iCalendar whose events are named for who is on duty: an address, or a file.
    pub calendar: Option<String>,
    /// Instead of `calendar`: the name of the environment variable or credential with the address, where that is secret.
    pub calendar_secret: Option<String>,
    /// Who is told when nobody is on duty. Default: the user that is marked so.
    pub fallback: Option<String>,
    /// How many results of each check are kept, besides those that changed a status.
    #[schemars(range(min = 1, max = 10_000))]
    pub keep_results: u32,
    /// For how many days the history of services is kept.
    #[schemars(range(min = 1, max = 3650))]
    pub keep_history_days: u32,
}

impl Default for RawAlerts {
    fn default() -> Self {
        Self {
            alert_interval: "10m".into(),
            notification_interval: "120m".into(),
            acknowledgement_expiry: "20m".into(),
            calendar: None,
            calendar_secret: None,
            fallback: None,
            keep_results: 20,
            keep_history_days: 90,
        }
    }
}

/// People who are on duty one after the other.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawRota {
    /// Who takes turns, in this order: names of users.
    #[schemars(required)]
    pub people: Option<Vec<String>>,
    /// When the first turn begins, for example `2026-01-05 09:00`. The handover is at that time of day.
    #[schemars(required)]
    pub from: Option<String>,
    /// How many days each turn has.
    #[serde(default = "week")]
    #[schemars(range(min = 1, max = 366))]
    pub days: u16,
    /// The time zone of its times. Default: that of this file.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Who is on duty instead, for a while.
    #[serde(default, rename = "override")]
    pub overrides: Vec<RawOverride>,
}

const fn week() -> u16 {
    7
}

/// Somebody is on duty instead of whose turn it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawOverride {
    /// When it begins, for example `2026-01-05 09:00`.
    #[schemars(required)]
    pub from: Option<String>,
    /// When it ends.
    #[schemars(required)]
    pub until: Option<String>,
    /// Who: the name of a user.
    #[schemars(required)]
    pub person: Option<String>,
}

/// An alert plugin.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawPlugin {
    /// A WebAssembly component of the world `alert`: a file, relative to this one, or one in a registry,
    /// `oci://HOST/NAME:TAG`.
    #[schemars(required)]
    pub component: Option<String>,
    /// The values of its settings, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Settings that are secret, by name: the names of the environment variables or credentials with their values. The host
    /// puts them into requests; the plugin does not see them.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Whom it may ask over HTTP, as `http` of a namespace.
    #[serde(default)]
    pub http: Vec<String>,
    /// What a call of it may spend at most.
    #[serde(default)]
    pub limits: RawLimits,
}

/// A service: what it consists of, and who is told of it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in super::super) struct RawService {
    /// What people call it. Default: its name in this file.
    pub name: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// What to do when it fails: an address.
    pub runbook: Option<String>,
    /// Its checks, by their names under `[checks]`.
    pub checks: Vec<String>,
    /// The users that are told, besides the duty officers, by name.
    pub users_to_notify: Vec<String>,
    /// The plugins that tell them, by their names under `[plugins]` of `innkeeper.toml`.
    pub alerts: Vec<String>,
    /// Whether anything is ever told.
    #[serde(default = "yes")]
    pub alerts_enabled: bool,
    /// From one alert to the next while it is error or critical. Default: that of `innkeeper.toml`.
    pub alert_interval: Option<String>,
    /// From one alert to the next while it is warning. Default: that of `innkeeper.toml`.
    pub notification_interval: Option<String>,
    /// How long an acknowledgement lasts. Default: that of `innkeeper.toml`.
    pub acknowledgement_expiry: Option<String>,
}

const fn yes() -> bool {
    true
}

/// A check: the job of the same name under `[jobs]`, or one of the host's own, which one of the last keys says.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawCheck {
    /// The time between two runs, for example `30s`. Default: `5m`; `1m` for `heartbeat` and `host`.
    #[serde(default)]
    pub every: Option<String>,
    /// How much it matters that it fails.
    #[serde(default)]
    pub importance: Importance,
    /// How many failures in a row are forgiven.
    #[serde(default)]
    #[schemars(range(max = 1000))]
    pub debounce: u32,
    /// Whether it runs, and counts.
    #[serde(default = "yes")]
    pub active: bool,
    /// An HTTP request and what is expected of the answer.
    #[serde(default)]
    pub http: Option<RawHttp>,
    /// A connection over TCP that is to be accepted.
    #[serde(default)]
    pub tcp: Option<RawTcp>,
    /// A host that is to answer a ping.
    #[serde(default)]
    pub ping: Option<RawPing>,
    /// A query of Prometheus whose values are to be within a limit.
    #[serde(default)]
    pub prometheus: Option<RawMetric>,
    /// A target of Graphite whose values are to be within a limit.
    #[serde(default)]
    pub graphite: Option<RawMetric>,
    /// A workflow of GitHub Actions whose last run is to have succeeded.
    #[serde(default)]
    pub github: Option<RawGithubBuild>,
    /// A job of Jenkins whose last build is to have succeeded.
    #[serde(default)]
    pub jenkins: Option<RawJenkins>,
    /// Somebody who is to send a message to `/hooks/<namespace>/<check>` again and again.
    #[serde(default)]
    pub heartbeat: Option<RawHeartbeat>,
    /// This host, which is to keep up with its work. The check runs beside the queue, so that it says so when the queue stands.
    #[serde(default)]
    pub host: Option<RawKeepsUp>,
}

/// An HTTP request and what is expected of the answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawHttp {
    /// What is asked for.
    #[schemars(required)]
    pub url: Option<String>,
    /// The status that is expected.
    #[serde(default = "ok")]
    #[schemars(range(min = 100, max = 599))]
    pub status: u16,
    /// A regular expression that the body is to match. Default: any body.
    #[serde(default)]
    pub text: Option<String>,
    /// How long it may take.
    #[serde(default = "half_a_minute")]
    pub timeout: String,
    /// Whether the certificate is to be one that is trusted.
    #[serde(default = "yes")]
    pub verify: bool,
    /// How many days the certificate is to be valid still. Default: it is to be valid now.
    #[serde(default)]
    #[schemars(range(min = 1, max = 365))]
    pub expires_within_days: Option<u16>,
    /// The user for basic authentication.
    #[serde(default)]
    pub username: Option<String>,
    /// The name of the environment variable or credential with their password.
    #[serde(default)]
    pub password_secret: Option<String>,
}

const fn ok() -> u16 {
    200
}

fn half_a_minute() -> String {
    "30s".into()
}

/// A connection over TCP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawTcp {
    /// Where to, `host:port`.
    #[schemars(required)]
    pub address: Option<String>,
    /// How long it may take.
    #[serde(default = "half_a_minute")]
    pub timeout: String,
}

/// A ping.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawPing {
    /// Whom: a name or an address.
    #[schemars(required)]
    pub host: Option<String>,
    /// How long the answer may take.
    #[serde(default = "half_a_minute")]
    pub timeout: String,
}

/// A query and a limit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawMetric {
    /// The server.
    #[schemars(required)]
    pub url: Option<String>,
    /// What is asked for, in the server's language.
    #[schemars(required)]
    pub query: Option<String>,
    /// What every value is to be, for example `< 0.9`: one of `<`, `<=`, `==`, `>=`, `>` and a number.
    #[schemars(required)]
    pub expect: Option<String>,
    /// How many series may be outside of it.
    #[serde(default)]
    #[schemars(range(max = 10_000))]
    pub allowed_failures: u32,
    /// How many series there are to be at least.
    #[serde(default = "one")]
    #[schemars(range(max = 10_000))]
    pub series: u32,
    /// How long it may take.
    #[serde(default = "half_a_minute")]
    pub timeout: String,
}

const fn one() -> u32 {
    1
}

/// A workflow of GitHub Actions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawGithubBuild {
    /// The repository, `owner/name`.
    #[schemars(required)]
    pub repo: Option<String>,
    /// The workflow's file, for example `ci.yml`.
    #[schemars(required)]
    pub workflow: Option<String>,
    /// The branch. Default: the repository's own.
    #[serde(default)]
    pub branch: Option<String>,
    /// The name of the environment variable or credential with a token. Default: none, for public repositories.
    #[serde(default)]
    pub token_secret: Option<String>,
}

/// A job of Jenkins.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawJenkins {
    /// The server.
    #[schemars(required)]
    pub url: Option<String>,
    /// The job.
    #[schemars(required)]
    pub job: Option<String>,
    /// The user that asks.
    #[serde(default)]
    pub username: Option<String>,
    /// The name of the environment variable or credential with their token.
    #[serde(default)]
    pub token_secret: Option<String>,
    /// How long a build may wait in the queue. Default: for ever.
    #[serde(default)]
    pub queued_for: Option<String>,
}

/// Somebody who is to be heard from again and again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawHeartbeat {
    /// How long it may be silent, for example `26h`.
    #[schemars(required)]
    pub within: Option<String>,
}

/// How far behind this host may be. What is not named is not looked at.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in super::super) struct RawKeepsUp {
    /// How long a request that could start may wait, for example `5m`.
    pub queue: Option<String>,
    /// How long something that was said may wait in the outbox.
    pub outbox: Option<String>,
    /// How late the clock may start a job.
    pub schedule: Option<String>,
}
