//! The two files as they are written: the keys, their types and their defaults. What the doc comments say here is what
//! editors show. Whether values make sense is left to `host` and `namespace`.
//!
//! A key that must be there is an `Option` with `#[schemars(required)]`: its absence is found by the shape check, and
//! the rest of the file is still looked at.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::alerts::{RawAlerts, RawCheck, RawPlugin, RawRota, RawService};
use super::github::Author;
use super::mail::RawMail;
use super::model::{Encoding, Format, Mentions, PROGRESS_AFTER_SECONDS};
use crate::request::Trigger;
use crate::schedule::Missed;

/// Who runs Innkeeper, where it keeps things, and what each namespace is granted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "innkeeper.toml")]
pub(super) struct RawHost {
    /// The folder with a folder for each namespace. Relative paths are relative to this file.
    pub workspace: String,
    /// The folder for the queue, logs, cache and work folders. `serve` owns it.
    pub data_dir: String,
    /// The time zone of what people type and read, a name of the IANA database such as `Europe/London`.
    pub timezone: String,
    /// The HTTP server for webhooks.
    pub server: RawServer,
    /// How the host talks to Slack.
    pub slack: RawSlack,
    /// Memory of all components that run at once, in MiB.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_guest_memory_mb: u64,
    /// Runs at once, of every kind.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_runs: u64,
    /// How long running work may go on after SIGTERM, in seconds.
    #[schemars(range(max = 3600))]
    pub shutdown_grace_seconds: u64,
    /// What each namespace is granted. One that is not named here is untrusted and has the untrusted defaults.
    pub namespaces: BTreeMap<String, RawGrants>,
    /// When alerts go out, and who is on duty.
    pub alerts: RawAlerts,
    /// People who are on duty one after the other.
    pub rota: Vec<RawRota>,
    /// Alert plugins, by the names by which services choose them.
    pub plugins: BTreeMap<String, RawPlugin>,
    /// The server that takes mail for the host. Default: none, and mail waits.
    pub mail: Option<RawMail>,
}

impl Default for RawHost {
    fn default() -> Self {
        Self {
            workspace: "workspace".into(),
            data_dir: "data".into(),
            timezone: "UTC".into(),
            server: RawServer::default(),
            slack: RawSlack::default(),
            max_guest_memory_mb: 1024,
            max_runs: 64,
            shutdown_grace_seconds: 30,
            namespaces: BTreeMap::new(),
            alerts: RawAlerts::default(),
            rota: Vec::new(),
            plugins: BTreeMap::new(),
            mail: None,
        }
    }
}

/// The HTTP server for webhooks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawServer {
    /// Address and port to listen on.
    pub listen: String,
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9999".into(),
        }
    }
}

/// How the host talks to Slack.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSlack {
    /// How Slack's events reach the host.
    pub mode: RawSlackMode,
    /// Where the host itself says what went wrong: `#name` or an id.
    pub logs_channel: Option<String>,
    /// Where failures and keywords call for help: `#name` or an id.
    pub support_channel: Option<String>,
    /// Whether the bot joins every public channel, those too that are made later. Default: it is invited.
    pub join_public_channels: bool,
    /// Whether it joins those too that are shared with other workspaces.
    pub join_shared_channels: bool,
    /// How long a run that somebody in Slack asked for may take, in seconds, before a message there shows how far it is; 0 for
    /// never.
    #[schemars(range(max = 86_400))]
    pub progress_after_seconds: u64,
}

impl Default for RawSlack {
    fn default() -> Self {
        Self {
            mode: RawSlackMode::default(),
            logs_channel: None,
            support_channel: None,
            join_public_channels: false,
            join_shared_channels: false,
            progress_after_seconds: PROGRESS_AFTER_SECONDS,
        }
    }
}

/// How Slack's events reach the host.
#[derive(Clone, Copy, Debug, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawSlackMode {
    /// Over a WebSocket that the host opens: no inbound port.
    #[default]
    Socket,
    /// To `/slack/events` and `/slack/commands`.
    Http,
}

/// What a namespace is granted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawGrants {
    /// `trusted` allows bash jobs and the trusted defaults. It must be written out.
    pub trust: Option<RawTrust>,
    /// What may start its jobs. Default: `slack`; everything for a trusted namespace.
    pub triggers: Option<Vec<RawTrigger>>,
    /// Where it may post besides where it was asked: `#name` or ids. Default: nowhere; everywhere for a trusted one.
    pub channels: Option<Vec<String>>,
    /// Whom it may mention in what it writes. Default: nobody; users for a trusted namespace.
    pub mentions: Option<RawMentions>,
    /// Names of the environment variables and secrets that it sees. Default: none; for a trusted namespace all but
    /// the host's own secrets.
    pub env: Option<Vec<String>>,
    /// Folders that its components see.
    pub files: Vec<RawFiles>,
    /// Whom its components may ask over HTTP: `host`, `host:port` or `host/path/prefix`, https unless `http://` stands
    /// in front. A private address only where it is written as a number. Default: nobody.
    pub http: Vec<String>,
    /// Which GitHub webhooks it gets.
    pub github: Option<RawGithubGrant>,
    /// How the senders of its other webhooks prove who they are, by the names of the hooks.
    pub hooks: BTreeMap<String, RawHookGrant>,
    /// From which registries its components may be pulled: `host`, `host:port` or `host/path/prefix`. Default: none;
    /// all for a trusted namespace.
    pub registries: Option<Vec<String>>,
    /// Whether it may have a file fetched before its bash jobs run. Default: only a trusted namespace may.
    pub fabfile: Option<bool>,
    /// By which alert plugins it may notify people, by name. Default: none; all for a trusted namespace.
    pub notify: Option<Vec<String>>,
    /// Up to which WASI its programs may be. Default `0.2`; `0.3` for trusted namespaces only, since wasmtime calls its
    /// own support of it experimental.
    pub wasi: RawWasi,
    /// How many of its runs may go on at once. Default: all that the host runs; a quarter of them, and at least one, for an
    /// untrusted namespace.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_runs: Option<u64>,
    /// What its runs may spend at most.
    pub limits: RawLimits,
}

/// An edition of WASI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum RawWasi {
    /// What guests are mostly built for.
    #[default]
    #[serde(rename = "0.2")]
    Wasi02,
    /// Besides it, programs with an asynchronous `main`.
    #[serde(rename = "0.3")]
    Wasi03,
}

/// Whether a namespace is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawTrust {
    /// Its jobs are the host's owner's own code.
    Trusted,
    /// Components only, with what is granted by name.
    Untrusted,
}

/// What may start jobs. The command line always may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawTrigger {
    /// A Slack message or slash command.
    Slack,
    /// A GitHub webhook.
    Github,
    /// Any other webhook.
    Hook,
    /// The clock.
    Schedule,
    /// A word in a channel.
    Keyword,
}

impl From<RawTrigger> for Trigger {
    fn from(raw: RawTrigger) -> Self {
        match raw {
            RawTrigger::Slack => Self::Slack,
            RawTrigger::Github => Self::Github,
            RawTrigger::Hook => Self::Hook,
            RawTrigger::Schedule => Self::Schedule,
            RawTrigger::Keyword => Self::Keyword,
        }
    }
}

/// Whom a namespace may mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawMentions {
    /// Nobody.
    None,
    /// People and groups.
    Users,
    /// Also `@here`, `@channel` and `@everyone`.
    Channel,
}

impl From<RawMentions> for Mentions {
    fn from(raw: RawMentions) -> Self {
        match raw {
            RawMentions::None => Self::None,
            RawMentions::Users => Self::Users,
            RawMentions::Channel => Self::Channel,
        }
    }
}

/// A folder that components see.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFiles {
    /// The folder on the host.
    #[schemars(required)]
    pub host: Option<String>,
    /// Its path in the guest, for example `/data`.
    #[schemars(required)]
    pub guest: Option<String>,
    /// Whether the guest may write to it.
    #[serde(default)]
    pub write: bool,
}

/// Which GitHub webhooks a namespace gets.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawGithubGrant {
    /// The name of the environment variable or credential with the secret that signs them. Default for a trusted
    /// namespace: `GITHUB_WEBHOOK_SECRET`.
    pub secret: Option<String>,
    /// The repositories, `owner/name`. Default for a trusted namespace: all that know the secret.
    pub repos: Option<Vec<String>>,
    /// Whether the legacy SHA-1 signature (`X-Hub-Signature`) is enough.
    pub sha1: bool,
    /// Whether results may be written back to these repositories: commit statuses, comments, reactions.
    pub write: bool,
    /// The name of the environment variable or credential with the token that writes back and asks for missed deliveries.
    /// Default: `GITHUB_TOKEN`.
    pub token: Option<String>,
}

/// How the sender of a webhook proves who it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHookGrant {
    /// The name of the environment variable or credential with the secret.
    #[schemars(required)]
    pub secret: Option<String>,
    /// What the sender does with it.
    #[schemars(required)]
    pub scheme: Option<RawHookScheme>,
    /// The header with the signature or the token. `hmac-sha256` needs it; `token` has `Authorization: Bearer` without it.
    #[serde(default)]
    pub header: Option<String>,
    /// What stands before the signature in the header of `hmac-sha256`, for example `sha256=`. Default: nothing.
    #[serde(default)]
    pub prefix: Option<String>,
    /// How the signature of `hmac-sha256` is written. Default: `hex`.
    #[serde(default)]
    pub encoding: Option<Encoding>,
}

/// What the sender of a webhook does with its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawHookScheme {
    /// Signs as Standard Webhooks do.
    StandardWebhooks,
    /// Signs as GitHub does.
    Github,
    /// Signs as Stripe does.
    Stripe,
    /// Signs as Slack does.
    Slack,
    /// Signs the body, in a header of its own.
    HmacSha256,
    /// Sends the secret itself.
    Token,
}

impl RawHookScheme {
    /// The word for it in the file.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::StandardWebhooks => "standard-webhooks",
            Self::Github => "github",
            Self::Stripe => "stripe",
            Self::Slack => "slack",
            Self::HmacSha256 => "hmac-sha256",
            Self::Token => "token",
        }
    }
}

/// What a run may spend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    /// Memory of a component, all its memories and tables together, in MiB. Default 64.
    #[schemars(range(min = 1, max = 4096))]
    pub memory_mb: Option<u64>,
    /// Wall time in seconds. Default 60 for a component, 3600 for bash.
    #[schemars(range(min = 1, max = 604_800))]
    pub timeout_seconds: Option<u64>,
    /// CPU time of a component, in seconds. Default 30.
    #[schemars(range(min = 1, max = 604_800))]
    pub cpu_seconds: Option<u64>,
    /// What a component may write into granted folders in one run, in MiB. Default 256.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub disk_mb: Option<u64>,
    /// Bytes kept of stdout. Default 1 MiB for a component (16 MiB for the format `file`), 16 MiB for bash.
    #[schemars(range(min = 1, max = 1_073_741_824))]
    pub stdout_bytes: Option<u64>,
    /// Bytes kept of stderr. Default 64 KiB for a component, 1 MiB for bash.
    #[schemars(range(min = 1, max = 1_073_741_824))]
    pub stderr_bytes: Option<u64>,
}

/// A category of jobs, the commands that start them, and what they need.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "namespace.toml")]
pub(super) struct RawNamespace {
    /// What `help` says about the namespace.
    pub description: Option<String>,
    /// Whether it is for members of the Slack workspace only, no guests.
    pub restricted: bool,
    /// Where reports go that nobody in Slack asked for: `#name` or an id.
    pub default_channel: Option<String>,
    /// Where a `fabfile.py` is fetched from before each run of its bash jobs, which run beside it: an `https://` address.
    pub fabfile: Option<String>,
    /// What its jobs need. `innkeeper.toml` must grant it; a key that is here narrows what was granted.
    pub needs: RawNeeds,
    /// What can be run, by name.
    pub jobs: BTreeMap<String, RawJob>,
    /// Slack commands.
    pub slack: Vec<RawCommand>,
    /// What GitHub webhooks start.
    pub github: Vec<RawGithubRule>,
    /// What the clock starts.
    pub schedule: Vec<RawSchedule>,
    /// Which words in messages call for help.
    pub keyword: Vec<RawKeyword>,
    /// What other webhooks start, by the name at the end of `/hooks/<namespace>/<hook>`.
    pub hooks: BTreeMap<String, RawHook>,
    /// Services that people are told of, by name.
    pub services: BTreeMap<String, RawService>,
    /// What services consist of, by name.
    pub checks: BTreeMap<String, RawCheck>,
}

/// What a namespace needs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawNeeds {
    /// `trusted`, where it cannot do without.
    pub trust: Option<RawTrust>,
    /// What must be able to start its jobs.
    pub triggers: Option<Vec<RawTrigger>>,
    /// Where it posts besides where it was asked.
    pub channels: Option<Vec<String>>,
    /// Whom it mentions.
    pub mentions: Option<RawMentions>,
    /// Names of the environment variables and secrets that it reads.
    pub env: Option<Vec<String>>,
    /// Folders that its components see.
    pub files: Option<Vec<RawFilesNeed>>,
    /// Whom its components ask over HTTP: `host`, `host:port` or `host/path/prefix`, https unless `http://` stands in
    /// front.
    pub http: Option<Vec<String>>,
    /// Which GitHub webhooks it waits for.
    pub github: Option<RawGithubNeed>,
    /// From which registries its components are pulled: `host`, `host:port` or `host/path/prefix`.
    pub registries: Option<Vec<String>>,
    /// By which alert plugins it notifies people.
    pub notify: Option<Vec<String>>,
    /// What its runs spend at most.
    pub limits: RawLimits,
}

/// What one job needs, of what its namespace has.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawJobNeeds {
    /// What must be able to start it.
    pub triggers: Option<Vec<RawTrigger>>,
    /// Where it posts besides where it was asked.
    pub channels: Option<Vec<String>>,
    /// Whom it mentions.
    pub mentions: Option<RawMentions>,
    /// Names of the environment variables and secrets that it reads.
    pub env: Option<Vec<String>>,
    /// Folders that it sees, where it is a component.
    pub files: Option<Vec<RawFilesNeed>>,
    /// Whom it asks over HTTP, where it is a component.
    pub http: Option<Vec<String>>,
    /// From which registries its components are pulled.
    pub registries: Option<Vec<String>>,
    /// What a run of it spends at most.
    pub limits: RawLimits,
}

/// A folder that a component wants to see.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFilesNeed {
    /// The folder on the host, where only this one will do.
    #[serde(default)]
    pub host: Option<String>,
    /// Its path in the guest, as it is granted.
    #[schemars(required)]
    pub guest: Option<String>,
    /// Whether it writes to it.
    #[serde(default)]
    pub write: bool,
}

/// Which GitHub webhooks a namespace waits for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawGithubNeed {
    /// The repositories, `owner/name`.
    pub repos: Option<Vec<String>>,
    /// Whether results are written back to them.
    pub write: Option<bool>,
}

/// What can be run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawJob {
    /// Bash, with `{name}` for an argument, which arrives quoted. With `component`: its arguments, no shell.
    pub run_args_template: Option<String>,
    /// A WebAssembly component to run: a file in the namespace's folder, or one in a registry,
    /// `oci://HOST/NAME:TAG`.
    pub component: Option<String>,
    /// Whether to post what it writes to stdout.
    pub report_stdout: bool,
    /// Whether to say that it succeeded, where its stdout is not posted.
    #[serde(default = "yes")]
    pub report_success: bool,
    /// How stdout is posted: one of these formats, or `{ component = "format.wasm" }`.
    pub report_format: RawFormat,
    /// Whether nothing is posted where stdout is empty.
    pub suppress_empty: bool,
    /// Whether a failure calls the support channel.
    #[serde(default = "yes")]
    pub call_tech_support_on_error: bool,
    /// What this job needs, of what its namespace has.
    pub needs: RawJobNeeds,
}

/// A format of the host's own, or a component.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(untagged)]
pub(super) enum RawFormat {
    /// A format of the host's own.
    BuiltIn(Format),
    /// A component of the world `report-format`.
    Guest(RawFormatGuest),
}

/// A report format that is a guest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFormatGuest {
    /// A WebAssembly component of the world `report-format`: a file in the namespace's folder, or one in a registry.
    pub component: String,
}

impl JsonSchema for RawFormat {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RawFormat".into()
    }

    /// By hand, so that the words stand where `check` looks for them.
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "enum": ["text", "blocks", "code", "file"], "type": "string" },
                {
                    "type": "object",
                    "description": "A format that is a guest.",
                    "properties": {
                        "component": {
                            "type": "string",
                            "description": "A WebAssembly component of the world `report-format`: a file in the namespace's folder, or one in a registry, `oci://HOST/NAME:TAG`."
                        }
                    },
                    "required": ["component"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

impl Default for RawFormat {
    fn default() -> Self {
        Self::BuiltIn(Format::default())
    }
}

impl RawFormat {
    /// The host's own format; what a guest cannot make a message of is posted as text.
    pub(super) fn built_in(&self) -> Format {
        match self {
            Self::BuiltIn(format) => *format,
            Self::Guest(_) => Format::Text,
        }
    }

    pub(super) fn component(&self) -> Option<&str> {
        match self {
            Self::BuiltIn(_) => None,
            Self::Guest(guest) => Some(&guest.component),
        }
    }
}

const fn yes() -> bool {
    true
}

/// A Slack command.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommand {
    /// What is typed after the namespace's name, with `[name]` for a parameter.
    #[schemars(required)]
    pub command: Option<String>,
    /// What `help` says about it.
    #[schemars(required)]
    pub help: Option<String>,
    /// What it does.
    #[serde(default)]
    pub action: RawAction,
    /// The job, by its name under `[jobs]`.
    #[schemars(required)]
    pub job_type: Option<String>,
    /// How many seconds later the job may start.
    #[serde(default)]
    #[schemars(range(max = 31_536_000))]
    pub delay_seconds: u64,
}

/// What a Slack command does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawAction {
    /// Puts the job on the queue.
    #[default]
    ScheduleJob,
    /// Cancels every pending request of the job.
    CancelJob,
    /// Keeps the job from starting for a while: `[start_time]`, `[end_time]` or `[duration]`.
    ScheduleSuppression,
    /// Takes every suppression of the job away.
    CancelSuppression,
}

/// What a GitHub webhook starts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGithubRule {
    /// The event, as GitHub names it in `X-GitHub-Event`, for example `pull_request`.
    #[schemars(required)]
    pub event: Option<String>,
    /// The payload's `action`, for example `closed`; one or a list. Default: every action.
    #[serde(default)]
    pub action: Option<OneOrMany>,
    /// The branch, a glob or a list of them: that of a push, or the one that a pull request is for. Default: every branch.
    #[serde(default)]
    pub branch: Option<OneOrMany>,
    /// A label of the pull request or issue, or one of a list. Default: any, or none.
    #[serde(default)]
    pub label: Option<OneOrMany>,
    /// A file that a push changes, a glob or a list of them. Default: every push.
    #[serde(default)]
    pub path: Option<OneOrMany>,
    /// The login of who caused it, or one of a list. Default: everybody.
    #[serde(default)]
    pub sender: Option<OneOrMany>,
    /// Whether the pull request must have been merged, or must not. Default: either.
    #[serde(default)]
    pub merged: Option<bool>,
    /// Instead of `job_type`: a line of a comment that begins with `/` is a command of the namespace.
    #[serde(default)]
    pub commands: bool,
    /// Whose comments are commands, by what they are to the repository. Default: `OWNER`, `MEMBER` and `COLLABORATOR`.
    #[serde(default)]
    pub authors: Option<Vec<Author>>,
    /// The job, by its name under `[jobs]`.
    #[serde(default)]
    pub job_type: Option<String>,
    /// Arguments of the job by name: JSON pointers into the payload, for example `/pull_request/number`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub args: Map<String, Value>,
    /// How many seconds later the job may start.
    #[serde(default)]
    #[schemars(range(max = 31_536_000))]
    pub delay_seconds: u64,
    /// Where the report goes. Default: the namespace's `default_channel`.
    #[serde(default)]
    pub channel: Option<String>,
    /// Who gets the report. Default: `slack`.
    #[serde(default)]
    pub report_to: Option<Vec<RawReportTo>>,
}

/// Who gets the report of what a GitHub webhook started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawReportTo {
    /// The channel.
    Slack,
    /// A commit status, and a comment on the pull request, issue or commit.
    Github,
}

/// A string, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them, in their order.
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// By hand, so that `check` can say what it expects.
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array"], "items": { "type": "string" } })
    }
}

/// What the clock starts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchedule {
    /// When, as a line of cron: minute, hour, day of the month, month, day of the week; or `@hourly`, `@daily`, `@weekly`,
    /// `@monthly`, `@yearly`.
    #[serde(default)]
    pub cron: Option<String>,
    /// Instead of `cron`: the time between two starts, for example `5m` or `1h 30m`.
    #[serde(default)]
    pub every: Option<String>,
    /// The time zone of `cron`. Default: that of `innkeeper.toml`.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Up to how much later the job may start, chosen anew each time, for example `30s`. Default: not at all.
    #[serde(default)]
    pub jitter: Option<String>,
    /// What is done about starts that were missed while the host was down.
    #[serde(default)]
    pub missed: Missed,
    /// The job, by its name under `[jobs]`.
    #[schemars(required)]
    pub job_type: Option<String>,
    /// Arguments of the job by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub args: Map<String, Value>,
    /// Where the report goes. Default: the namespace's `default_channel`.
    #[serde(default)]
    pub channel: Option<String>,
}

/// Which words in messages call for help.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawKeyword {
    /// What calls: whole words, in any case. A word may have hyphens and spaces.
    pub words: Option<Vec<String>>,
    /// Instead of `words`: a regular expression, in any case, that a whole word matches.
    pub pattern: Option<String>,
    /// The channels that it listens in: `#name` or ids. Default: every one that the bot is in.
    pub channels: Vec<String>,
    /// The emoji that is put on the message, by its name without colons. Default: `sos`.
    pub reaction: Option<String>,
    /// Where a link to the message is posted: `#name` or an id. Default: `support_channel` of `innkeeper.toml`.
    pub support_channel: Option<String>,
    /// What is said there with the link. Default: who wrote what, and where.
    pub text: Option<String>,
    /// When nobody is there, and what who calls is told then.
    pub out_of_office: Vec<RawAway>,
    /// The time zone of `out_of_office`. Default: that of `innkeeper.toml`.
    pub timezone: Option<String>,
    /// A job to start, by its name under `[jobs]`. Default: none.
    pub job_type: Option<String>,
    /// Arguments of the job by name, and what of the message they are: `keyword`, `text`, `user`, `channel`, `message`,
    /// `thread` or `link`.
    #[schemars(with = "BTreeMap<String, String>")]
    pub args: Map<String, Value>,
}

/// A window in which nobody is there. All that it says must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAway {
    /// From when on: `2026-12-24` or `2026-12-24 18:00`. Default: always.
    #[serde(default)]
    pub from: Option<String>,
    /// Until when: `2027-01-02`, a day that belongs to it, or `2027-01-02 09:00`. Default: for ever.
    #[serde(default)]
    pub until: Option<String>,
    /// On which days of the week: `MON` to `SUN`. Default: on every day.
    #[serde(default)]
    pub days: Vec<String>,
    /// At which hours: `18:00-09:00`. Over midnight they belong to the day that they begin on. Default: all day.
    #[serde(default)]
    pub hours: Option<String>,
    /// What who calls is told, in the thread of their message.
    #[schemars(required)]
    pub text: Option<String>,
}

/// What a webhook starts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHook {
    /// The job, by its name under `[jobs]`.
    #[schemars(required)]
    pub job_type: Option<String>,
    /// Arguments of the job by name: JSON pointers into the payload, for example `/event/title`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub args: Map<String, Value>,
    /// How many seconds later the job may start.
    #[serde(default)]
    #[schemars(range(max = 31_536_000))]
    pub delay_seconds: u64,
    /// How long the sender waits for the report, for example `10s`. Default: it is answered at once.
    #[serde(default)]
    pub wait: Option<String>,
    /// Where the report goes. Default: the namespace's `default_channel`.
    #[serde(default)]
    pub channel: Option<String>,
}
