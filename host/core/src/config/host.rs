//! `innkeeper.toml`: its values checked, its paths resolved, its grants made ready for `grants`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::checks::{check_name, check_names, check_timezone, overlap, resolve};
use super::given::{Table, protected};
use super::grants::Given;
use super::mail::{self, MailServer};
use super::model::{Capacity, Join, Server, Slack, SlackMode};
use super::names::{channel_fault, namespace_fault, tick, variable_fault};
use super::oci::{Lock, lock_file};
use super::problem::{Place, Problem, Problems};
use super::raw::{RawHost, RawSlackMode};
use super::secrets::HOST_SECRETS;
use super::source::{Document, Source, child};
use super::{schema, shape};

/// `innkeeper.toml`, read.
pub(super) struct Host {
    pub document: Document,
    pub raw: RawHost,
    /// Absolute.
    pub file: PathBuf,
    /// The folder of the file, absolute: what relative paths are relative to.
    pub folder: PathBuf,
    /// Absolute.
    pub workspace: PathBuf,
    /// As problems show it.
    pub shown_workspace: PathBuf,
    /// Absolute.
    pub data_dir: PathBuf,
    pub timezone: TimeZone,
    pub server: Server,
    /// The names of the secrets that sign webhooks, of tokens for GitHub, of plugins' secrets, and of the mail server's
    /// password.
    pub webhook_secrets: BTreeSet<String>,
    /// What components from registries were pinned to.
    pub lock: Lock,
    given: BTreeMap<String, Given>,
    unclear: Unclear,
}

/// Whose grants cannot be judged, because what the file says of them is wrong. It is reported once, where it is wrong.
enum Unclear {
    Everybody,
    These(BTreeSet<String>),
}

impl Host {
    /// Reads the file. None where there is nothing to go on with.
    pub(super) fn read(file: &Path, problems: &mut Problems) -> Option<Self> {
        let mut document = Document::read(file, file, None, problems)?;
        let written = document.value.clone();
        let raw: RawHost = shape::read(&mut document, &schema::schema_host(), problems);
        let absolute = match std::path::absolute(file) {
            Ok(absolute) => absolute,
            Err(error) => {
                problems.push(Problem::error(
                    format!("cannot find the folder of the file: {error}"),
                    document.file(""),
                ));
                return None;
            }
        };
        let folder = absolute.parent().unwrap_or(&absolute).to_owned();
        let mut host = Self {
            workspace: folder.join(&raw.workspace),
            shown_workspace: file.parent().unwrap_or(Path::new("")).join(&raw.workspace),
            data_dir: folder.join(&raw.data_dir),
            timezone: TimeZone::UTC,
            server: Server {
                listen: SocketAddr::from(([127, 0, 0, 1], 9999)),
            },
            webhook_secrets: BTreeSet::new(),
            lock: Lock::default(),
            given: BTreeMap::new(),
            unclear: Unclear::These(BTreeSet::new()),
            file: absolute,
            folder,
            raw,
            document,
        };
        host.check_settings(problems);
        host.check_grants(&written, problems);
        Some(host)
    }

    /// What the file gives a namespace. None where that is unclear.
    pub(super) fn given(&self, namespace: &str) -> Option<Given> {
        match &self.unclear {
            Unclear::Everybody => None,
            Unclear::These(names) if names.contains(namespace) => None,
            Unclear::These(_) => Some(self.given.get(namespace).cloned().unwrap_or_default()),
        }
    }

    /// The place that grants, or does not grant, `key` to a namespace.
    pub(super) fn granted_at(&self, namespace: &str, key: &str) -> Place {
        let table = child("/namespaces", namespace);
        let pointer = format!("{table}/{key}");
        if self.document.has(&pointer) {
            self.document.value(&pointer, "all that is granted")
        } else if self.document.has(&table) {
            let key = key.rsplit('/').next().unwrap_or_default();
            self.document.key(&table, format!("says nothing of {}", tick(key)))
        } else {
            let label = format!(
                "{} is not named here, so it has the untrusted defaults",
                tick(namespace)
            );
            self.document.file(label)
        }
    }

    /// Says which line grants something to a namespace, and where it goes.
    pub(super) fn how_to_grant(&self, namespace: &str, line: &str) -> String {
        let file = self.file.file_name().unwrap_or_default().display();
        let table = child("/namespaces", namespace);
        let key = line.split(' ').next().unwrap_or_default();
        if self.document.has(&format!("{table}/{key}")) {
            format!("to grant it, let `[namespaces.{namespace}]` in `{file}` say\n{line}")
        } else if self.document.has(&table) {
            format!("to grant it, add to `[namespaces.{namespace}]` in `{file}`\n{line}")
        } else {
            format!("to grant it, add to `{file}`\n[namespaces.{namespace}]\n{line}")
        }
    }

    /// Reads the lock file beside the configuration, where there is one.
    pub(super) fn read_lock(&mut self, problems: &mut Problems) {
        let file = lock_file(&self.file);
        match Lock::read(&file) {
            Ok(lock) => self.lock = lock,
            Err(why) => {
                let place = Place::file(Source::unread(&file), "not understood");
                let title = format!("the lock file cannot be read: {}", why.replace('\n', " "));
                problems.push(
                    Problem::error(title, place).help(
                        "correct it, or take out the `[[component]]` that is wrong: `innkeeper pull` pins it anew",
                    ),
                );
            }
        }
    }

    /// `[slack]`, checked.
    pub(super) fn slack(&self) -> Slack {
        Slack {
            mode: match self.raw.slack.mode {
                RawSlackMode::Socket => SlackMode::Socket,
                RawSlackMode::Http => SlackMode::Http,
            },
            progress_after: match self.raw.slack.progress_after_seconds {
                0 => None,
                seconds => Some(Duration::from_secs(seconds)),
            },
            logs_channel: self.raw.slack.logs_channel.clone(),
            support_channel: self.raw.slack.support_channel.clone(),
            join: match (self.raw.slack.join_public_channels, self.raw.slack.join_shared_channels) {
                (false, _) => Join::None,
                (true, false) => Join::Public,
                (true, true) => Join::PublicAndShared,
            },
        }
    }

    /// `[mail]`, checked. None where there is none, or it has errors.
    pub(super) fn mail(&self, problems: &mut Problems) -> Option<MailServer> {
        mail::check(&self.document, self.raw.mail.as_ref()?, problems)
    }

    /// How much may run at once.
    pub(super) fn capacity(&self) -> Capacity {
        Capacity {
            runs: usize::try_from(self.raw.max_runs).unwrap_or(usize::MAX),
            guest_memory: self.raw.max_guest_memory_mb << 20,
            shutdown_grace: Duration::from_secs(self.raw.shutdown_grace_seconds),
        }
    }

    /// Reports what is listed at `pointer` and is no variable, or the host's own secret.
    pub(super) fn check_env(
        &self,
        document: &Document,
        pointer: &str,
        names: Option<&[String]>,
        problems: &mut Problems,
    ) {
        check_names(document, pointer, names, "variable", variable_fault, problems);
        for name in names.unwrap_or_default() {
            let secret = name.strip_suffix("_FILE").unwrap_or(name);
            if HOST_SECRETS.contains(&secret) || self.webhook_secrets.contains(secret) {
                let place = document.element(pointer, name, "no job gets this");
                problems.push(
                    Problem::error(format!("{} is the host's own secret", tick(name)), place)
                        .help("give the job a secret of its own, under another name"),
                );
            }
        }
    }

    fn check_settings(&mut self, problems: &mut Problems) {
        if let Some(zone) = check_timezone(&self.document, "/timezone", &self.raw.timezone, problems) {
            self.timezone = zone;
        }
        match self.raw.server.listen.parse() {
            Ok(listen) => self.server.listen = listen,
            Err(_) => problems.push(
                Problem::error(
                    format!("{} is not an address to listen on", tick(&self.raw.server.listen)),
                    self.document
                        .value("/server/listen", "expected an IP address and a port"),
                )
                .help("for example `127.0.0.1:9999`, or `[::]:9999` for every network"),
            ),
        }
        for (key, channel) in [
            ("/slack/logs_channel", &self.raw.slack.logs_channel),
            ("/slack/support_channel", &self.raw.slack.support_channel),
        ] {
            if let Some(channel) = channel {
                check_name(&self.document, key, channel, "channel", channel_fault, problems);
            }
        }
        if self.raw.slack.join_shared_channels && !self.raw.slack.join_public_channels {
            let place = self
                .document
                .key("/slack/join_shared_channels", "only besides `join_public_channels`");
            problems.push(
                Problem::error("`join_shared_channels` has no effect", place)
                    .help("add `join_public_channels = true`, or remove it"),
            );
        }
        let (data, workspace) = (resolve(&self.data_dir), resolve(&self.workspace));
        if let Some(how) = overlap(&data, &workspace) {
            let label = format!("`{}` {how} `{}`", data.display(), workspace.display());
            problems.push(
                Problem::error(
                    "`data_dir` and `workspace` overlap",
                    self.document.value("/data_dir", label),
                )
                .help("give each a folder of its own"),
            );
        }
    }

    /// A folder inside one that a guest may write to can be renamed, and a link put in its place.
    fn check_nested_folders(&self, unclear: &mut BTreeSet<String>, problems: &mut Problems) {
        let grants = || {
            self.given
                .iter()
                .flat_map(|(name, given)| given.files.iter().map(move |files| (name, files)))
        };
        for (name, inner) in grants() {
            let outer = grants()
                .find(|(_, outer)| outer.write && outer.host != inner.host && inner.host.starts_with(&outer.host));
            let Some((owner, outer)) = outer else { continue };
            let place = |name: &str, label: String| {
                self.document
                    .value(&format!("{}/files", child("/namespaces", name)), label)
            };
            let title = format!(
                "{} is granted inside a folder that guests may write to",
                tick(&inner.host.display().to_string())
            );
            let label = format!("`{}` with `write = true`", outer.host.display());
            let problem = Problem::error(title, place(name, "this one".into()))
                .also(place(owner, label))
                .help("a guest could put a link in its place, and lead another one out: grant folders that are apart");
            unclear.insert(name.clone());
            problems.push(problem);
        }
    }

    fn check_grants(&mut self, written: &serde_json::Value, problems: &mut Problems) {
        let keys = |value: &serde_json::Value| value.as_object().map(|table| table.keys().cloned().collect::<Vec<_>>());
        let mut unclear = BTreeSet::new();
        let grants = self.raw.namespaces.values();
        self.webhook_secrets = grants
            .flat_map(|raw| {
                let hooks = raw.hooks.values().map(|hook| &hook.secret);
                let github = raw.github.iter().flat_map(|github| [&github.secret, &github.token]);
                hooks.chain(github)
            })
            .flatten()
            .cloned()
            .collect();
        let plugins = self.raw.plugins.values().flat_map(|plugin| plugin.secrets.values());
        self.webhook_secrets
            .extend(plugins.chain(&self.raw.alerts.calendar_secret).cloned());
        let mail = self.raw.mail.iter();
        self.webhook_secrets
            .extend(mail.filter_map(|mail| mail.password_secret.clone()));
        let protected = protected(self);
        for (name, raw) in &self.raw.namespaces {
            let pointer = child("/namespaces", name);
            let mut found = Problems::default();
            if let Some(fault) = namespace_fault(name) {
                let place = self.document.key(&pointer, "cannot be a namespace");
                found.push(Problem::error(format!("bad name {}", tick(name)), place).help(fault));
            }
            let table = Table {
                host: self,
                pointer: pointer.clone(),
                protected: &protected,
            };
            let given = table.check(raw, &mut found);
            if found.has_errors() || written.pointer(&pointer) != self.document.value.pointer(&pointer) {
                unclear.insert(name.clone());
            }
            problems.extend(found);
            self.given.insert(name.clone(), given);
        }
        self.check_nested_folders(&mut unclear, problems);
        // A table of grants may be there under a wrong name.
        let all_known = self.document.whole && keys(written) == keys(&self.document.value);
        let lost = |(name, _): (&String, _)| !self.raw.namespaces.contains_key(name);
        let tables = written.get("namespaces").and_then(serde_json::Value::as_object);
        unclear.extend(
            tables
                .into_iter()
                .flatten()
                .filter(|entry| lost(*entry))
                .map(|(name, _)| name.clone()),
        );
        self.unclear = if all_known {
            Unclear::These(unclear)
        } else {
            Unclear::Everybody
        };
    }
}
