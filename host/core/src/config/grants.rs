//! What is asked against what is granted. Pure.
//!
//! `innkeeper.toml` **gives**: a key under `[namespaces.X]` is in effect as it stands; a key that is not there has the
//! default of the namespace's trust. `[needs]` in `namespace.toml` **asks**: a key that is there narrows what was given
//! to what is asked, and what is asked and not given is a [`Refusal`]; a key that is not there asks nothing and narrows
//! nothing. `[jobs.X.needs]` narrows what the namespace has in the same way, for that job. So
//!
//! - a namespace without `[needs]` has what it was given, or the defaults;
//! - `needs.env = ["A"]` leaves `A`, also where everything was given;
//! - `needs.env = []` leaves nothing;
//! - what takes effect is never more than what was given.
//!
//! Limits are the same with numbers: given is a ceiling (by default the default limit), asked is at most that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::github::write_line;
use super::http::{HttpGrant, HttpGrants};
use super::model::{Allowed, FilesGrant, Format, GithubGrant, Grants, HookGrant, Limits, Mentions};
use super::names::{toml_list, toml_string};
use super::oci::{RegistryGrants, RegistryPrefix};
use super::raw::RawLimits;
use crate::request::Trigger;

/// The secret that serves trusted namespaces which name none.
pub(super) const WEBHOOK_SECRET: &str = "GITHUB_WEBHOOK_SECRET";

/// The token that writes to GitHub where a grant names none.
pub(super) const GITHUB_TOKEN: &str = "GITHUB_TOKEN";

/// Every trigger there is.
const ALL_TRIGGERS: [Trigger; 7] = [
    Trigger::Slack,
    Trigger::Github,
    Trigger::Hook,
    Trigger::Schedule,
    Trigger::Keyword,
    Trigger::Cli,
    Trigger::Api,
];

/// What `innkeeper.toml` says of a namespace, checked. `None` is a key that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub trusted: bool,
    pub triggers: Option<BTreeSet<Trigger>>,
    pub channels: Option<BTreeSet<String>>,
    pub mentions: Option<Mentions>,
    pub env: Option<BTreeSet<String>>,
    pub files: Vec<FilesGrant>,
    pub http: HttpGrants,
    pub github: Option<GithubGrant>,
    pub hooks: BTreeMap<String, HookGrant>,
    pub registries: Option<Vec<RegistryPrefix>>,
    pub notify: Option<BTreeSet<String>>,
    pub fabfile: Option<bool>,
    pub async_commands: bool,
    pub max_runs: Option<u64>,
    pub limits: RawLimits,
}

/// What `[needs]` or `[jobs.X.needs]` says. `None` is a key that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub trusted: bool,
    pub triggers: Option<BTreeSet<Trigger>>,
    pub channels: Option<BTreeSet<String>>,
    pub mentions: Option<Mentions>,
    pub env: Option<BTreeSet<String>>,
    pub files: Option<Vec<FilesAsked>>,
    pub http: Option<Vec<HttpGrant>>,
    pub repos: Option<BTreeSet<String>>,
    /// Whether results are written back to GitHub.
    pub github_write: Option<bool>,
    pub registries: Option<Vec<RegistryPrefix>>,
}

/// A folder that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilesAsked {
    /// The folder on the host, links resolved, where only this one will do.
    pub host: Option<PathBuf>,
    pub guest: String,
    pub write: bool,
}

/// A need that is not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The key in `[needs]`, and the path to it in a table: `env`, `limits/memory_mb`.
    pub key: &'static str,
    /// What of it is not granted.
    pub what: Vec<String>,
    /// The line that would grant it.
    pub line: String,
}

impl Given {
    /// How many of its runs may go on at once, of a host that has this many.
    pub(super) fn share(&self, of: usize) -> usize {
        let most = self.max_runs.map(|runs| usize::try_from(runs).unwrap_or(usize::MAX));
        let default = if self.trusted { of } else { of / 4 };
        most.unwrap_or(default).clamp(1, of.max(1))
    }

    /// By which plugins its services may notify people.
    pub(super) fn notify(&self) -> Allowed {
        match (&self.notify, self.trusted) {
            (Some(names), _) => Allowed::Only(names.clone()),
            (None, true) => Allowed::All,
            (None, false) => Allowed::default(),
        }
    }

    /// What is in effect before anything is asked. The command line may start everything: it is the host's owner.
    pub(super) fn grants(&self) -> Grants {
        let by_trust = |names: &Option<BTreeSet<String>>| match (names, self.trusted) {
            (Some(names), _) => Allowed::Only(names.clone()),
            (None, true) => Allowed::All,
            (None, false) => Allowed::Only(BTreeSet::new()),
        };
        let default_triggers = match self.trusted {
            true => BTreeSet::from(ALL_TRIGGERS),
            false => BTreeSet::from([Trigger::Slack]),
        };
        let default_github = self.trusted.then(|| GithubGrant {
            secret: WEBHOOK_SECRET.into(),
            repos: Allowed::All,
            sha1: false,
            write: false,
            token: GITHUB_TOKEN.into(),
        });
        let default_mentions = if self.trusted { Mentions::Users } else { Mentions::None };
        Grants {
            trusted: self.trusted,
            triggers: with_cli(self.triggers.clone().unwrap_or(default_triggers)),
            channels: by_trust(&self.channels),
            mentions: self.mentions.unwrap_or(default_mentions),
            env: by_trust(&self.env),
            files: self.files.clone(),
            http: self.http.clone(),
            github: self.github.clone().or(default_github),
            registries: match (&self.registries, self.trusted) {
                (Some(entries), _) => RegistryGrants::Only(entries.clone()),
                (None, true) => RegistryGrants::All,
                (None, false) => RegistryGrants::Only(Vec::new()),
            },
            // Only bash jobs use one, and bash needs trust.
            fabfile: self.trusted && self.fabfile.unwrap_or(true),
            async_commands: self.async_commands,
        }
    }
}

/// What is in effect of `have` when `asked` is asked, and what of it is refused.
pub(super) fn narrow(have: &Grants, asked: &Asked) -> (Grants, Vec<Refusal>) {
    let mut refused = Vec::new();
    if asked.trusted && !have.trusted {
        refused.push(refusal("trust", ["trusted".into()], "trust = \"trusted\""));
    }
    let grants = Grants {
        trusted: have.trusted,
        triggers: narrow_triggers(&have.triggers, asked.triggers.as_ref(), &mut refused),
        channels: narrow_names("channels", &have.channels, asked.channels.as_ref(), &mut refused),
        mentions: narrow_mentions(have.mentions, asked.mentions, &mut refused),
        env: narrow_names("env", &have.env, asked.env.as_ref(), &mut refused),
        files: match &asked.files {
            Some(asked) => narrow_files(&have.files, asked, &mut refused),
            None => have.files.clone(),
        },
        http: narrow_http(&have.http, asked.http.as_deref(), &mut refused),
        github: narrow_github(have.github.as_ref(), asked, &mut refused),
        registries: narrow_registries(&have.registries, asked.registries.as_deref(), &mut refused),
        fabfile: have.fabfile,
        async_commands: have.async_commands,
    };
    (grants, refused)
}

fn narrow_triggers(
    have: &BTreeSet<Trigger>,
    asked: Option<&BTreeSet<Trigger>>,
    refused: &mut Vec<Refusal>,
) -> BTreeSet<Trigger> {
    let Some(asked) = asked else {
        return have.clone();
    };
    let missing: Vec<Trigger> = asked.difference(have).copied().collect();
    if !missing.is_empty() {
        refused.push(Refusal {
            key: "triggers",
            what: missing.iter().map(|trigger| trigger.as_str().to_owned()).collect(),
            line: triggers_line(have, &missing),
        });
    }
    with_cli(asked.intersection(have).copied().collect())
}

/// The line that grants `more` besides what is granted.
pub(super) fn triggers_line(have: &BTreeSet<Trigger>, more: &[Trigger]) -> String {
    let all: BTreeSet<Trigger> = have.iter().chain(more).copied().collect();
    let names = all.iter().filter(|trigger| **trigger != Trigger::Cli);
    format!("triggers = {}", toml_list(names.map(|trigger| trigger.as_str())))
}

/// The line that grants `more` besides what is granted.
pub(super) fn names_line<'a>(key: &str, have: &Allowed, more: impl IntoIterator<Item = &'a str>) -> String {
    let mut all: BTreeSet<&str> = more.into_iter().collect();
    if let Allowed::Only(names) = have {
        all.extend(names.iter().map(String::as_str));
    }
    format!("{key} = {}", toml_list(all))
}

fn narrow_names(
    key: &'static str,
    have: &Allowed,
    asked: Option<&BTreeSet<String>>,
    refused: &mut Vec<Refusal>,
) -> Allowed {
    let Some(asked) = asked else {
        return have.clone();
    };
    let (granted, missing): (BTreeSet<String>, BTreeSet<String>) =
        asked.iter().cloned().partition(|name| have.allows(name));
    if !missing.is_empty() {
        let line = names_line(key, have, asked.iter().map(String::as_str));
        refused.push(refusal(key, missing, &line));
    }
    Allowed::Only(granted)
}

fn narrow_mentions(have: Mentions, asked: Option<Mentions>, refused: &mut Vec<Refusal>) -> Mentions {
    let Some(asked) = asked else {
        return have;
    };
    if asked > have {
        let word = mentions_word(asked);
        refused.push(refusal("mentions", [word.into()], &format!("mentions = \"{word}\"")));
    }
    asked.min(have)
}

const fn mentions_word(mentions: Mentions) -> &'static str {
    match mentions {
        Mentions::None => "none",
        Mentions::Users => "users",
        Mentions::Channel => "channel",
    }
}

fn narrow_files(have: &[FilesGrant], asked: &[FilesAsked], refused: &mut Vec<Refusal>) -> Vec<FilesGrant> {
    let serves = |grant: &FilesGrant, want: &FilesAsked| {
        grant.guest == want.guest
            && want.host.as_ref().is_none_or(|host| *host == grant.host)
            && (grant.write || !want.write)
    };
    let mut granted = Vec::new();
    let mut missing = Vec::new();
    for want in asked {
        match have.iter().find(|grant| serves(grant, want)) {
            Some(grant) => granted.push(FilesGrant {
                write: want.write,
                ..grant.clone()
            }),
            None => missing.push(want),
        }
    }
    if !missing.is_empty() {
        let kept = have
            .iter()
            .filter(|grant| missing.iter().all(|want| want.guest != grant.guest));
        let kept = kept.map(|grant| files_line(&grant.host.to_string_lossy(), &grant.guest, grant.write));
        let added = missing.iter().map(|want| {
            let known = have
                .iter()
                .find(|grant| grant.guest == want.guest)
                .map(|grant| &grant.host);
            let host = want.host.as_ref().or(known);
            let host = host.map_or("/a/folder/of/the/host".into(), |host| host.to_string_lossy());
            files_line(&host, &want.guest, want.write)
        });
        let all: Vec<String> = kept.chain(added).collect();
        refused.push(Refusal {
            key: "files",
            what: missing.iter().map(|want| describe(want)).collect(),
            line: format!("files = [{}]", all.join(", ")),
        });
    }
    granted
}

fn describe(want: &FilesAsked) -> String {
    let how = if want.write { " (to write)" } else { "" };
    format!("{}{how}", want.guest)
}

fn files_line(host: &str, guest: &str, write: bool) -> String {
    let write = if write { ", write = true" } else { "" };
    format!(
        "{{ host = {}, guest = {}{write} }}",
        toml_string(host),
        toml_string(guest)
    )
}

fn narrow_http(have: &HttpGrants, asked: Option<&[HttpGrant]>, refused: &mut Vec<Refusal>) -> HttpGrants {
    let Some(asked) = asked else {
        return have.clone();
    };
    let (granted, missing) = have.narrow(asked);
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let all: Vec<String> = have.entries().iter().map(ToString::to_string).collect();
        let line = toml_list(all.iter().chain(&missing).map(String::as_str));
        refused.push(refusal("http", missing, &format!("http = {line}")));
    }
    granted
}

fn narrow_github(have: Option<&GithubGrant>, asked: &Asked, refused: &mut Vec<Refusal>) -> Option<GithubGrant> {
    let nothing = Allowed::Only(BTreeSet::new());
    let repos = have.map_or(&nothing, |have| &have.repos);
    let may_write = have.is_some_and(|have| have.write);
    let secret = have.map_or("NAME_OF_A_SECRET", |have| have.secret.as_str());
    let mut missing = Vec::new();
    let granted = match &asked.repos {
        Some(asked) => narrow_names("github", repos, Some(asked), &mut missing),
        None => repos.clone(),
    };
    let more: Vec<&str> = asked.repos.iter().flatten().map(String::as_str).collect();
    for mut refusal in missing {
        let line = names_line("repos", repos, more.iter().copied());
        refusal.line = format!("github = {{ secret = {}, {line} }}", toml_string(secret));
        refused.push(refusal);
    }
    if asked.github_write == Some(true) && !may_write {
        let line = write_line(have.map(|have| (have.secret.as_str(), &have.repos)), &more);
        refused.push(refusal("github", ["write".into()], &line));
    }
    have.map(|have| GithubGrant {
        repos: granted,
        write: have.write && asked.github_write.unwrap_or(true),
        ..have.clone()
    })
}

fn narrow_registries(
    have: &RegistryGrants,
    asked: Option<&[RegistryPrefix]>,
    refused: &mut Vec<Refusal>,
) -> RegistryGrants {
    let Some(asked) = asked else {
        return have.clone();
    };
    let (granted, missing) = have.narrow(asked);
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let line = registries_line(have, missing.iter().map(String::as_str));
        refused.push(refusal("registries", missing, &line));
    }
    granted
}

/// The line that grants `more` besides what is granted.
pub(super) fn registries_line<'a>(have: &RegistryGrants, more: impl IntoIterator<Item = &'a str>) -> String {
    let all = have.entries().iter().map(ToString::to_string);
    let all: Vec<String> = all.chain(more.into_iter().map(str::to_owned)).collect();
    format!("registries = {}", toml_list(all.iter().map(String::as_str)))
}

fn with_cli(mut triggers: BTreeSet<Trigger>) -> BTreeSet<Trigger> {
    triggers.insert(Trigger::Cli);
    triggers
}

fn refusal(key: &'static str, what: impl IntoIterator<Item = String>, line: &str) -> Refusal {
    Refusal {
        key,
        what: what.into_iter().collect(),
        line: line.into(),
    }
}

/// What kind of program a job's limits are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bash,
    Component,
}

/// The limits that hold where nothing is written. CPU time, memory and disk are not limited for bash.
pub(super) fn default_limits(kind: Kind, format: Format) -> Limits {
    const MIB: u64 = 1 << 20;
    match kind {
        Kind::Bash => Limits {
            wall_time: Duration::from_secs(60 * 60),
            cpu_time: Duration::ZERO,
            memory: 0,
            disk: 0,
            stdout: 16 * MIB,
            stderr: MIB,
        },
        Kind::Component => Limits {
            wall_time: Duration::from_secs(60),
            cpu_time: Duration::from_secs(30),
            memory: 64 * MIB,
            disk: 256 * MIB,
            stdout: if format == Format::File { 16 * MIB } else { MIB },
            stderr: 64 << 10,
        },
    }
}

/// A job's limits: what it asks, or else what its namespace asks, at most what is given. And which of those two asks
/// for more than is given, by key.
pub(super) fn limits(
    kind: Kind,
    format: Format,
    given: &RawLimits,
    by_namespace: &RawLimits,
    by_job: &RawLimits,
) -> (Limits, Vec<Refusal>) {
    let defaults = default_limits(kind, format);
    let mut refused = Vec::new();
    let mut one = |key: &'static str, name: &str, default: u64, pick: fn(&RawLimits) -> Option<u64>| {
        let ceiling = pick(given).unwrap_or(default);
        let mut effective = ceiling;
        for asked in [by_namespace, by_job] {
            let Some(asked) = pick(asked) else { continue };
            if asked > ceiling {
                refused.push(refusal(key, [asked.to_string()], &limits_line(given, name, asked)));
            }
            effective = asked.min(ceiling);
        }
        effective
    };
    let (memory, cpu_time, disk) = match kind {
        Kind::Bash => (0, 0, 0),
        Kind::Component => (
            one("limits/memory_mb", "memory_mb", defaults.memory >> 20, |limits| {
                limits.memory_mb
            }) << 20,
            one(
                "limits/cpu_seconds",
                "cpu_seconds",
                defaults.cpu_time.as_secs(),
                |limits| limits.cpu_seconds,
            ),
            one("limits/disk_mb", "disk_mb", defaults.disk >> 20, |limits| {
                limits.disk_mb
            }) << 20,
        ),
    };
    let limits = Limits {
        wall_time: Duration::from_secs(one(
            "limits/timeout_seconds",
            "timeout_seconds",
            defaults.wall_time.as_secs(),
            |limits| limits.timeout_seconds,
        )),
        cpu_time: Duration::from_secs(cpu_time),
        memory,
        disk,
        stdout: one("limits/stdout_bytes", "stdout_bytes", defaults.stdout, |limits| {
            limits.stdout_bytes
        }),
        stderr: one("limits/stderr_bytes", "stderr_bytes", defaults.stderr, |limits| {
            limits.stderr_bytes
        }),
    };
    (limits, refused)
}

/// The line that gives `value` for `name` besides what is given.
fn limits_line(given: &RawLimits, name: &str, value: u64) -> String {
    let known = [
        ("memory_mb", given.memory_mb),
        ("timeout_seconds", given.timeout_seconds),
        ("cpu_seconds", given.cpu_seconds),
        ("disk_mb", given.disk_mb),
        ("stdout_bytes", given.stdout_bytes),
        ("stderr_bytes", given.stderr_bytes),
    ];
    let pairs = known.into_iter().filter_map(|(key, old)| {
        let value = if key == name { Some(value) } else { old };
        value.map(|value| format!("{key} = {value}"))
    });
    format!("limits = {{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
