//! `innkeeper.toml`: its values checked, its paths resolved, its grants made ready for `grants`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::grants::{Given, WEBHOOK_SECRET};
use super::model::{Allowed, Capacity, FilesGrant, GithubGrant, Server, Slack, SlackMode};
use super::names::{channel_fault, namespace_fault, nearest, repository_fault, tick, variable_fault};
use super::problem::{Place, Problem, Problems};
use super::raw::{RawFiles, RawGithubGrant, RawGrants, RawHost, RawSlackMode, RawTrust};
use super::secrets::HOST_SECRETS;
use super::source::{Document, child};
use super::{schema, shape};
use crate::request::Trigger;

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
        let mut document = Document::read(file, file, problems)?;
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

    /// `[slack]`, checked.
    pub(super) fn slack(&self) -> Slack {
        Slack {
            mode: match self.raw.slack.mode {
                RawSlackMode::Socket => SlackMode::Socket,
                RawSlackMode::Http => SlackMode::Http,
            },
            logs_channel: self.raw.slack.logs_channel.clone(),
            support_channel: self.raw.slack.support_channel.clone(),
        }
    }

    /// How much may run at once.
    pub(super) fn capacity(&self) -> Capacity {
        Capacity {
            runs: usize::try_from(self.raw.max_runs).unwrap_or(usize::MAX),
            guest_memory: self.raw.max_guest_memory_mb << 20,
            shutdown_grace: Duration::from_secs(self.raw.shutdown_grace_seconds),
        }
    }

    fn check_settings(&mut self, problems: &mut Problems) {
        let name = &self.raw.timezone;
        match TimeZone::get(name) {
            Ok(zone) => self.timezone = zone,
            Err(_) => problems.push(self.unknown_timezone(name)),
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

    fn unknown_timezone(&self, name: &str) -> Problem {
        let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {}?", tick(meant)),
            None => "use a name of the IANA database, for example `Europe/London`, or `UTC`".into(),
        };
        Problem::error(
            format!("unknown time zone {}", tick(name)),
            self.document.value("/timezone", "not in the time zone database"),
        )
        .help(help)
    }

    fn check_grants(&mut self, written: &serde_json::Value, problems: &mut Problems) {
        let keys = |value: &serde_json::Value| value.as_object().map(|table| table.keys().cloned().collect::<Vec<_>>());
        let mut unclear = BTreeSet::new();
        let secrets: BTreeSet<String> = self
            .raw
            .namespaces
            .values()
            .filter_map(|raw| raw.github.as_ref()?.secret.clone())
            .collect();
        let protected = self.protected();
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
                secrets: &secrets,
                protected: &protected,
            };
            let given = table.check(raw, &mut found);
            if found.has_errors() || written.pointer(&pointer) != self.document.value.pointer(&pointer) {
                unclear.insert(name.clone());
            }
            problems.extend(found);
            self.given.insert(name.clone(), given);
        }
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

    /// What no component may reach, links resolved.
    fn protected(&self) -> Vec<(&'static str, PathBuf)> {
        let mut paths = vec![
            ("the data folder", resolve(&self.data_dir)),
            ("the workspace", resolve(&self.workspace)),
            ("the configuration", resolve(&self.file)),
            (
                "the configuration",
                resolve(&self.folder).join(self.file.file_name().unwrap_or_default()),
            ),
        ];
        // A namespace's folder, and the file in it, may be links to somewhere else.
        for entry in std::fs::read_dir(&self.workspace).into_iter().flatten().flatten() {
            let folder = entry.path();
            let file = folder.join("namespace.toml");
            if file.exists() {
                paths.push(("the workspace", resolve(&folder)));
                paths.push(("the configuration", resolve(&file)));
            }
        }
        paths
    }
}

/// One table of grants under check.
struct Table<'a> {
    host: &'a Host,
    pointer: String,
    secrets: &'a BTreeSet<String>,
    protected: &'a [(&'static str, PathBuf)],
}

impl Table<'_> {
    fn at(&self, key: &str) -> String {
        format!("{}/{key}", self.pointer)
    }

    fn check(&self, raw: &RawGrants, problems: &mut Problems) -> Given {
        let document = &self.host.document;
        let trusted = raw.trust == Some(RawTrust::Trusted);
        check_names(
            document,
            &self.at("channels"),
            raw.channels.as_deref(),
            "channel",
            channel_fault,
            problems,
        );
        check_names(
            document,
            &self.at("env"),
            raw.env.as_deref(),
            "variable",
            variable_fault,
            problems,
        );
        self.check_env(raw.env.as_deref().unwrap_or_default(), problems);
        let most = self.host.raw.max_guest_memory_mb;
        if raw.limits.memory_mb.is_some_and(|memory| memory > most) {
            let place = document.value(&self.at("limits/memory_mb"), format!("more than {most}"));
            problems.push(
                Problem::error("`memory_mb` is beyond `max_guest_memory_mb`", place)
                    .help("no such run could ever start: lower it, or raise `max_guest_memory_mb`"),
            );
        }
        let triggers = raw
            .triggers
            .as_ref()
            .map(|list| list.iter().map(|trigger| Trigger::from(*trigger)).collect());
        self.check_github_trigger(trusted, triggers.as_ref(), raw.github.is_some(), problems);
        Given {
            trusted,
            triggers,
            channels: raw.channels.clone().map(BTreeSet::from_iter),
            mentions: raw.mentions.map(Into::into),
            env: raw.env.clone().map(BTreeSet::from_iter),
            files: self.check_files(&raw.files, problems),
            github: raw
                .github
                .as_ref()
                .and_then(|github| self.check_github(github, trusted, problems)),
            limits: raw.limits.clone(),
        }
    }

    fn check_env(&self, names: &[String], problems: &mut Problems) {
        for name in names {
            let own = HOST_SECRETS.contains(&name.as_str()) || self.secrets.contains(name);
            if own {
                let place = self.host.document.element(&self.at("env"), name, "no job gets this");
                problems.push(
                    Problem::error(format!("{} is the host's own secret", tick(name)), place)
                        .help("give the job a secret of its own, under another name"),
                );
            }
        }
    }

    /// A grant of webhooks and the trigger that they are go together.
    fn check_github_trigger(
        &self,
        trusted: bool,
        triggers: Option<&BTreeSet<Trigger>>,
        grant: bool,
        problems: &mut Problems,
    ) {
        let document = &self.host.document;
        let allowed = triggers.map_or(trusted, |triggers| triggers.contains(&Trigger::Github));
        if grant && !allowed {
            let also = triggers.into_iter().flatten().chain([&Trigger::Github]);
            let also: BTreeSet<Trigger> = match triggers {
                Some(_) => also.copied().collect(),
                None => BTreeSet::from([Trigger::Slack, Trigger::Github]),
            };
            let place = document.key(&self.at("github"), "no webhook would start anything");
            problems.push(
                Problem::error("webhooks are granted, the trigger `github` is not", place)
                    .help(format!("add {}", tick(&super::grants::triggers_line(&also, &[])))),
            );
        } else if !grant && allowed && !trusted {
            let place = document.element(&self.at("triggers"), "github", "nobody could sign a webhook");
            problems.push(
                Problem::error("the trigger `github` is granted, no webhook is", place)
                    .help("add `github = { secret = \"NAME_OF_A_SECRET\", repos = [\"owner/name\"] }`"),
            );
        }
    }

    fn check_github(&self, raw: &RawGithubGrant, trusted: bool, problems: &mut Problems) -> Option<GithubGrant> {
        let document = &self.host.document;
        let at = self.at("github");
        let written = |key: &str| document.has(&format!("{at}/{key}"));
        for (key, said) in [("secret", raw.secret.is_some()), ("repos", raw.repos.is_some())] {
            if !trusted && !said && !written(key) {
                let place = document.value(&at, format!("add {}", tick(key)));
                problems.push(
                    Problem::error(
                        format!("`github` of an untrusted namespace has no {}", tick(key)),
                        place,
                    )
                    .help("for example `github = { secret = \"NAME_OF_A_SECRET\", repos = [\"owner/name\"] }`"),
                );
            }
        }
        let repos = raw.repos.as_deref();
        check_names(
            document,
            &format!("{at}/repos"),
            repos,
            "repository",
            repository_fault,
            problems,
        );
        let secret = raw
            .secret
            .clone()
            .or_else(|| trusted.then(|| WEBHOOK_SECRET.to_owned()))?;
        if let Some(fault) = variable_fault(&secret) {
            let place = document.value(&format!("{at}/secret"), "expected a name, not the secret itself");
            problems.push(
                Problem::error("`secret` is not the name of an environment variable", place).help(format!(
                    "{fault}; the secret itself never stands in a configuration file"
                )),
            );
        }
        let repos = match &raw.repos {
            Some(repos) => Allowed::Only(repos.iter().cloned().collect()),
            None if trusted => Allowed::All,
            None => return None,
        };
        Some(GithubGrant {
            secret,
            repos,
            sha1: raw.sha1,
        })
    }

    fn check_files(&self, files: &[RawFiles], problems: &mut Problems) -> Vec<FilesGrant> {
        let mut granted: Vec<FilesGrant> = Vec::new();
        for (index, raw) in files.iter().enumerate() {
            let at = self.at(&format!("files/{index}"));
            // What is missing was reported with the shape.
            let (Some(host), Some(guest)) = (&raw.host, &raw.guest) else {
                continue;
            };
            let guest = check_guest_path(&self.host.document, &at, guest, problems);
            let host = self.check_folder(&at, host, problems);
            let (Some(guest), Some(host)) = (guest, host) else {
                continue;
            };
            if granted.iter().any(|other| other.guest == guest) {
                let place = self
                    .host
                    .document
                    .value(&format!("{at}/guest"), "granted above already");
                problems.push(
                    Problem::error(format!("two folders at {} in the guest", tick(&guest)), place)
                        .help("give each its own path"),
                );
            }
            granted.push(FilesGrant {
                host,
                guest,
                write: raw.write,
            });
        }
        granted
    }

    /// The folder with its links resolved, if it is one and reaches nothing of the host's own.
    fn check_folder(&self, at: &str, host: &str, problems: &mut Problems) -> Option<PathBuf> {
        let path = self.host.folder.join(host);
        let at = format!("{at}/host");
        let refuse = |title: String, label: String, help: &str| {
            Problem::error(title, self.host.document.value(&at, label)).help(help)
        };
        let real = match path.canonicalize() {
            Ok(real) if real.is_dir() => real,
            Ok(_) => {
                let title = format!("{} is not a folder", tick(host));
                problems.push(refuse(
                    title,
                    "expected a folder".into(),
                    "grant the folder that it is in",
                ));
                return None;
            }
            Err(error) => {
                let title = format!("cannot grant {}: {error}", tick(host));
                problems.push(refuse(
                    title,
                    "expected a folder".into(),
                    "make the folder, or correct the path",
                ));
                return None;
            }
        };
        for (what, path) in self.protected {
            if let Some(how) = overlap(&real, path) {
                let title = format!("a files grant reaches {what}");
                let label = format!("{} {how} `{}`", tick(host), path.display());
                problems.push(refuse(
                    title,
                    label,
                    "grant a folder that is apart from what the host itself lives on",
                ));
                return None;
            }
        }
        Some(real)
    }
}

/// How `a` stands to `b`, where one holds the other.
fn overlap(a: &Path, b: &Path) -> Option<&'static str> {
    if a == b {
        Some("is")
    } else if a.starts_with(b) {
        Some("lies in")
    } else if b.starts_with(a) {
        Some("holds")
    } else {
        None
    }
}

/// A path with the links in it resolved, as far as it exists.
pub(super) fn resolve(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) else {
            continue;
        };
        return rest.components().fold(real, |mut path, part| {
            match part {
                Component::ParentDir => {
                    path.pop();
                }
                Component::Normal(name) => path.push(name),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
            path
        });
    }
    path.to_owned()
}

/// A path in a guest without its last slash, if it is absolute and plain.
pub(super) fn check_guest_path(document: &Document, at: &str, guest: &str, problems: &mut Problems) -> Option<String> {
    let trimmed = guest.trim_end_matches('/');
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
    let good = trimmed.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain));
    if good {
        return Some(trimmed.to_owned());
    }
    let place = document.value(&format!("{at}/guest"), "expected an absolute path");
    problems.push(
        Problem::error(format!("{} is not a path for a guest", tick(guest)), place)
            .help("for example `/data`: absolute, without `.` and `..`, and not `/` itself"),
    );
    None
}

/// Reports the names of a list that have a fault.
pub(super) fn check_names(
    document: &Document,
    pointer: &str,
    names: Option<&[String]>,
    what: &str,
    fault: impl Fn(&str) -> Option<String>,
    problems: &mut Problems,
) {
    for (index, name) in names.unwrap_or_default().iter().enumerate() {
        check_name(document, &format!("{pointer}/{index}"), name, what, &fault, problems);
    }
}

/// Reports a name that has a fault.
pub(super) fn check_name(
    document: &Document,
    pointer: &str,
    name: &str,
    what: &str,
    fault: impl Fn(&str) -> Option<String>,
    problems: &mut Problems,
) {
    if let Some(fault) = fault(name) {
        let place = document.value(pointer, format!("not a {what}"));
        problems.push(Problem::error(format!("bad {what} {}", tick(name)), place).help(fault));
    }
}
