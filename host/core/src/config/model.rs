//! The configuration as the rest of the host sees it: parsed, checked, and impossible to get wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::alerts::{Alerts, Probe};
use super::fabfile::FabfileUrl;
use super::github::{CommentCommands, GithubRule};
use super::http::HttpGrants;
use super::mail::MailServer;
use super::oci::{OciReference, RegistryGrants};
use crate::command::Pattern;
use crate::command::template::{ArgumentTemplate, ScriptTemplate};
use crate::keyword::Rule;
use crate::request::Trigger;
use crate::schedule::Schedule;

/// Everything that `innkeeper.toml` and the namespaces of its workspace say.
#[derive(Clone, Debug)]
pub struct Config {
    /// `innkeeper.toml`, as an absolute path.
    pub file: PathBuf,
    /// The folder with a folder for each namespace, absolute.
    pub workspace: PathBuf,
    /// The folder that `serve` owns: queue, logs, cache, work folders. Absolute.
    pub data_dir: PathBuf,
    /// For what people type and read.
    pub timezone: jiff::tz::TimeZone,
    /// `[server]`.
    pub server: Server,
    /// `[slack]`.
    pub slack: Slack,
    /// How much may run at once.
    pub capacity: Capacity,
    /// By name.
    pub namespaces: BTreeMap<String, Arc<Namespace>>,
    /// Services, checks, alert plugins, and who is on duty.
    pub alerts: Alerts,
    /// `[mail]`. None: mail waits.
    pub mail: Option<MailServer>,
    /// The names of the variables whose values sign webhooks, of tokens for GitHub, of plugins' secrets and of the mail server's
    /// password; of namespaces that have no folder, too. No job sees them.
    pub webhook_secrets: BTreeSet<String>,
    /// The namespaces that are not in it, since their files have errors. By [`Config::load`] none.
    pub left_out: Vec<String>,
}

/// `[server]`: the HTTP server for webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it listens. Default `127.0.0.1:9999`.
    pub listen: SocketAddr,
}

/// How long a run may take, in seconds, before it is shown how far it is; unless `[slack]` says otherwise.
pub(super) const PROGRESS_AFTER_SECONDS: u64 = 10;

/// `[slack]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slack {
    /// How Slack's events reach the host.
    pub mode: SlackMode,
    /// Where the host itself says what went wrong, `#name` or id.
    pub logs_channel: Option<String>,
    /// Where failures and keywords call for help, `#name` or id.
    pub support_channel: Option<String>,
    /// Which channels the bot joins by itself.
    pub join: Join,
    /// How long a run that somebody in Slack asked for may take before it is shown how far it is. None: that is never shown.
    pub progress_after: Option<Duration>,
}

impl Default for Slack {
    fn default() -> Self {
        Self {
            mode: SlackMode::default(),
            logs_channel: None,
            support_channel: None,
            join: Join::default(),
            progress_after: Some(Duration::from_secs(PROGRESS_AFTER_SECONDS)),
        }
    }
}

/// Which channels the bot joins by itself: at the start, and when they are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// None: it is invited.
    #[default]
    None,
    /// Every public one of the workspace.
    Public,
    /// Those that are shared with other workspaces, too.
    PublicAndShared,
}

/// How Slack's events reach the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlackMode {
    /// Over a WebSocket that the host opens: no inbound port.
    #[default]
    Socket,
    /// To `/slack/events` and `/slack/commands`.
    Http,
}

/// How much may run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Runs at once, of every kind. `max_runs`, default 64.
    pub runs: usize,
    /// Memory of all guests that run at once, in bytes. `max_guest_memory_mb`, default 1024 MB.
    pub guest_memory: u64,
    /// How long running work may go on after SIGTERM. `shutdown_grace_seconds`, default 30.
    pub shutdown_grace: Duration,
}

/// A namespace: its jobs, what starts them, and what it was granted.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// What `help` says about it.
    pub description: Option<String>,
    /// Whether it is for members of the Slack workspace only.
    pub restricted: bool,
    /// Where reports go that nobody in Slack asked for, `#name` or id.
    pub default_channel: Option<String>,
    /// Where a `fabfile.py` is fetched from before each run of its bash jobs.
    pub fabfile: Option<FabfileUrl>,
    /// `workspace/<name>`, absolute.
    pub folder: PathBuf,
    /// What takes effect: what it needs, as far as it was granted.
    pub grants: Grants,
    /// How many of its runs go on at once. More wait, while other namespaces' start.
    pub max_runs: usize,
    /// By short name.
    pub jobs: BTreeMap<String, Arc<Job>>,
    /// `[[slack]]`.
    pub commands: Vec<Command>,
    /// `[[github]]`.
    pub github: Vec<GithubRule>,
    /// The rule of `[[github]]` that makes commands of comments.
    pub comment_commands: Option<CommentCommands>,
    /// `[[schedule]]`.
    pub schedules: Vec<Arc<Schedule>>,
    /// `[[keyword]]`.
    pub keywords: Vec<Arc<Rule>>,
    /// `[hooks.<name>]`, by name.
    pub hooks: BTreeMap<String, Arc<Hook>>,
}

impl Namespace {
    /// One that has nothing yet, as tests and benchmarks begin with.
    pub fn bare(name: &str, folder: PathBuf, grants: Grants) -> Self {
        Self {
            name: name.to_owned(),
            description: None,
            restricted: false,
            default_channel: None,
            fabfile: None,
            folder,
            grants,
            max_runs: 64,
            jobs: BTreeMap::new(),
            commands: Vec::new(),
            github: Vec::new(),
            comment_commands: None,
            schedules: Vec::new(),
            keywords: Vec::new(),
            hooks: BTreeMap::new(),
        }
    }

    /// Whether this job gets its request as types, and a webhook's payload with it. Of one that is still to be pulled it is
    /// not known: it may.
    pub fn tells(&self, job: &str) -> bool {
        let program = self.jobs.get(job).map(|job| &job.program);
        matches!(
            program,
            Some(Program::Component {
                world: Some(World::Job) | None,
                ..
            })
        )
    }
}

/// What a namespace may do. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// `trust = "trusted"`: bash jobs, and the trusted defaults.
    pub trusted: bool,
    /// What may start its jobs. The command line always may: it is the host's owner.
    pub triggers: BTreeSet<Trigger>,
    /// Where it may post besides where it was asked.
    pub channels: Allowed,
    /// Whom it may mention.
    pub mentions: Mentions,
    /// Names of environment variables that it sees. `Allowed::All` is everything but the host's own secrets.
    pub env: Allowed,
    /// Folders that its components see.
    pub files: Vec<FilesGrant>,
    /// Whom its components may ask over HTTP.
    pub http: HttpGrants,
    /// The GitHub webhook, where granted.
    pub github: Option<GithubGrant>,
    /// From which registries its components may be pulled.
    pub registries: RegistryGrants,
    /// Whether a fabfile may be fetched for it. Only a trusted namespace may have one.
    pub fabfile: bool,
    /// `wasi = "0.3"`: its programs may be of WASI 0.3, besides 0.2.
    pub async_commands: bool,
}

/// A set of names, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Every name.
    All,
    /// These names.
    Only(BTreeSet<String>),
}

impl Default for Allowed {
    /// None.
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

impl Allowed {
    /// Whether `name` is allowed.
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// Whom a namespace may mention in what it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mentions {
    /// Nobody.
    #[default]
    None,
    /// People and groups.
    Users,
    /// Also `@here`, `@channel`, `@everyone`.
    Channel,
}

/// A folder that components of a namespace see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesGrant {
    /// The folder on the host, absolute, links resolved.
    pub host: PathBuf,
    /// Its path in the guest, absolute.
    pub guest: String,
    /// Whether the guest may write to it.
    pub write: bool,
}

/// Who may send a namespace GitHub webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubGrant {
    /// The name of the secret that signs them.
    pub secret: String,
    /// `owner/name`; `Allowed::All` for trusted namespaces that name none.
    pub repos: Allowed,
    /// Whether the legacy SHA-1 header `X-Hub-Signature` is enough. Default false.
    pub sha1: bool,
    /// Whether results may be written back to the repositories. Default false.
    pub write: bool,
    /// The name of the token for that, and for asking for deliveries that were missed.
    pub token: String,
}

/// A job: what runs, and what is said of it.
#[derive(Clone, Debug)]
pub struct Job {
    /// The namespace's name.
    pub namespace: String,
    /// Its short name.
    pub name: String,
    /// What runs.
    pub program: Program,
    /// What is reported.
    pub report: ReportRules,
    /// What it may spend.
    pub limits: Limits,
    /// What takes effect for it: its namespace's grants, narrowed by `[jobs.X.needs]`. `github` is the namespace's.
    pub grants: Grants,
}

impl Job {
    /// Its full name, as people see it: `<namespace>_<job>`.
    pub fn full_name(&self) -> String {
        format!("{}_{}", self.namespace, self.name)
    }

    /// Its components: what runs, and what makes its messages.
    pub fn components(&self) -> impl Iterator<Item = &ComponentSource> {
        let program = match &self.program {
            Program::Component { source, .. } => Some(source),
            Program::Bash { .. } | Program::Probe(_) => None,
        };
        program.into_iter().chain(&self.report.formatter)
    }

    /// The names of its parameters, each once, in the order of the template.
    pub fn parameters(&self) -> Vec<&str> {
        match &self.program {
            Program::Bash { script } => script.parameters(),
            Program::Component {
                arguments: Some(arguments),
                ..
            } => arguments.parameters(),
            Program::Component { arguments: None, .. } | Program::Probe(_) => Vec::new(),
        }
    }
}

/// What a job runs.
#[derive(Clone, Debug)]
pub enum Program {
    /// `bash -c`, with arguments quoted.
    Bash {
        /// `run_args_template`.
        script: ScriptTemplate,
    },
    /// A WebAssembly component.
    Component {
        /// Where it comes from.
        source: ComponentSource,
        /// `run_args_template`, split into words; no shell. None: the values of the arguments in their order.
        arguments: Option<ArgumentTemplate>,
        /// What it was when the configuration was read. None: it has not been pulled yet.
        world: Option<World>,
    },
    /// A check of the host's own. It is a job so that it waits, runs and is looked up like one; what starts other jobs does not
    /// know it.
    Probe(Probe),
}

/// Where a component comes from. Shows as the file's name, or as the reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComponentSource {
    /// A file in the namespace's folder, absolute.
    File(PathBuf),
    /// A registry. What was pulled is kept in the data folder.
    Registry(OciReference),
}

impl From<PathBuf> for ComponentSource {
    fn from(file: PathBuf) -> Self {
        Self::File(file)
    }
}

impl fmt::Display for ComponentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()),
            Self::Registry(reference) => write!(f, "{reference}"),
        }
    }
}

/// What a component is made for: the worlds of `wit/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// A program with a `main`: it exports `wasi:cli/run`.
    Command,
    /// A program with an asynchronous `main`: it exports `wasi:cli/run` of WASI 0.3. Of the world `command`, too.
    AsyncCommand,
    /// A job that gets its request as types: it exports `run`.
    Job,
    /// A report format: it exports `format`.
    ReportFormat,
    /// An alert plugin: it exports `send-alert`.
    Alert,
}

impl World {
    /// Its name in `wit/`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command | Self::AsyncCommand => "command",
            Self::Job => "job",
            Self::ReportFormat => "report-format",
            Self::Alert => "alert",
        }
    }
}

/// What is reported of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRules {
    /// Whether stdout is posted. Default false.
    pub stdout: bool,
    /// Whether a success without output to post is said. Default true.
    pub success: bool,
    /// How stdout is posted.
    pub format: Format,
    /// The component that makes the message instead, `report_format = { component = "…" }`.
    pub formatter: Option<ComponentSource>,
    /// Whether nothing is posted where stdout is empty. Default false.
    pub suppress_empty: bool,
    /// Whether a failure calls the support channel. Default true.
    pub call_tech_support_on_error: bool,
}

/// How stdout becomes a message. The same cases as `format` in `wit/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Slack's mrkdwn.
    #[default]
    Text,
    /// A JSON array of Block Kit blocks.
    Blocks,
    /// A code block; a file where it is too long for one.
    Code,
    /// A file.
    File,
}

/// What one run may spend. Bytes and durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time. Default 60 s for a component, 1 h for bash.
    pub wall_time: Duration,
    /// CPU time of a component. Default 30 s. Zero for bash, which has no such limit.
    pub cpu_time: Duration,
    /// All memories and tables of a component together. Default 64 MB (64,000,000 is not meant: 64 MiB).
    pub memory: u64,
    /// What a component may write into granted folders. Default 256 MiB. Zero for bash, which has no such limit.
    pub disk: u64,
    /// What is kept of stdout. Default 1 MiB for a component (16 MiB where the format is `file`), 16 MiB for bash.
    pub stdout: u64,
    /// What is kept of stderr. Default 64 KiB for a component, 1 MiB for bash.
    pub stderr: u64,
}

/// A Slack command.
#[derive(Clone, Debug)]
pub struct Command {
    /// What is typed after the namespace's name.
    pub pattern: Pattern,
    /// What `help` says about it.
    pub help: String,
    /// What it does.
    pub action: Action,
    /// The short name of the job.
    pub job: String,
}

/// What a Slack command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Puts the job on the queue, to start after this delay.
    ScheduleJob {
        /// `delay_seconds`.
        delay: Duration,
    },
    /// Cancels every pending request of the job, whatever its arguments.
    CancelJob,
    /// Keeps the job from starting for the time that its parameters say; see [`crate::suppression`].
    ScheduleSuppression,
    /// Takes every suppression of the job away.
    CancelSuppression,
}

/// A webhook of a namespace's own, `POST /hooks/<namespace>/<hook>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// How its sender proves who it is.
    pub grant: HookGrant,
    /// The short name of the job.
    pub job: String,
    /// Arguments of the job by name: JSON pointers into the payload, in the order of the file.
    pub args: Vec<(String, String)>,
    /// How long after the message it may start.
    pub delay: Duration,
    /// How long the sender waits for the report. None: it is answered at once.
    pub wait: Option<Duration>,
    /// Where the report goes. None: nobody is told but a sender that waits.
    pub channel: Option<String>,
    /// Whether `job` is a check that is to be heard from: a message says that all is well, and starts nothing else.
    pub beats: bool,
}

/// How the sender of a webhook proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookGrant {
    /// The name of the secret.
    pub secret: String,
    /// What is done with it.
    pub scheme: HookScheme,
}

/// What a sender does with its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookScheme {
    /// That of <https://www.standardwebhooks.com>.
    StandardWebhooks,
    /// GitHub's, and that of those who sign like it: `X-Hub-Signature-256`.
    Github,
    /// Stripe's: `Stripe-Signature`.
    Stripe,
    /// Slack's: `X-Slack-Signature`.
    Slack,
    /// An HMAC-SHA256 of the body in a header.
    HmacSha256 {
        /// The header's name.
        header: String,
        /// What stands before the signature in it.
        prefix: String,
        /// How the signature is written.
        encoding: Encoding,
    },
    /// It sends the secret itself.
    Token {
        /// In this header. None: `Authorization: Bearer`.
        header: Option<String>,
    },
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Two digits a byte.
    #[default]
    Hex,
    /// Base64, of either alphabet, with or without `=` at the end.
    Base64,
}
