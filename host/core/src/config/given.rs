//! `[namespaces.X]` in `innkeeper.toml`: what is given to one namespace, checked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::checks::{check_guest_path, check_http, check_names, check_registries, check_secret, overlap, resolve};
use super::grants::{GITHUB_TOKEN, Given, WEBHOOK_SECRET, triggers_line};
use super::hooks;
use super::host::Host;
use super::model::{Allowed, FilesGrant, GithubGrant};
use super::names::{channel_fault, repository_fault, tick};
use super::problem::{Problem, Problems};
use super::raw::{RawFiles, RawGithubGrant, RawGrants, RawTrust, RawWasi};
use crate::request::Trigger;

/// One table of grants under check.
pub(super) struct Table<'a> {
    pub host: &'a Host,
    pub pointer: String,
    pub protected: &'a [(&'static str, PathBuf)],
}

impl Table<'_> {
    pub(super) fn at(&self, key: &str) -> String {
        format!("{}/{key}", self.pointer)
    }

    /// Reports what is wrong with it, and makes the rest ready.
    pub(super) fn check(&self, raw: &RawGrants, problems: &mut Problems) -> Given {
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
        self.host
            .check_env(document, &self.at("env"), raw.env.as_deref(), problems);
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
        let triggers_allow_hooks = triggers.as_ref().map_or(trusted, |triggers: &BTreeSet<Trigger>| {
            triggers.contains(&Trigger::Hook)
        });
        self.check_github_trigger(trusted, triggers.as_ref(), raw.github.is_some(), problems);
        let async_commands = raw.wasi == RawWasi::Wasi03;
        if async_commands && !trusted {
            let place = document.value(&self.at("wasi"), "for trusted namespaces only");
            problems.push(
                Problem::error("WASI 0.3 is granted to an untrusted namespace", place).help(
                    "take `wasi` away: wasmtime calls its support of WASI 0.3 experimental, and does not mend its flaws at once",
                ),
            );
        }
        if raw.fabfile == Some(true) && !trusted {
            let place = document.value(&self.at("fabfile"), "for trusted namespaces only");
            problems.push(
                Problem::error("a fabfile is granted to an untrusted namespace", place)
                    .help("take `fabfile` away: only bash jobs use one, and bash needs `trust = \"trusted\"`"),
            );
        }
        Given {
            trusted,
            triggers,
            channels: raw.channels.clone().map(BTreeSet::from_iter),
            mentions: raw.mentions.map(Into::into),
            env: raw.env.clone().map(BTreeSet::from_iter),
            files: self.check_files(&raw.files, problems),
            http: check_http(document, &self.at("http"), &raw.http, problems)
                .into_iter()
                .collect(),
            github: raw
                .github
                .as_ref()
                .and_then(|github| self.check_github(github, trusted, problems)),
            hooks: hooks::check_grants(self, raw, triggers_allow_hooks, problems),
            registries: raw
                .registries
                .as_ref()
                .map(|entries| check_registries(document, &self.at("registries"), entries, problems)),
            notify: raw.notify.clone().map(BTreeSet::from_iter),
            fabfile: raw.fabfile,
            async_commands: async_commands && trusted,
            max_runs: raw.max_runs,
            limits: raw.limits.clone(),
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
                    .help(format!("add {}", tick(&triggers_line(&also, &[])))),
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
        check_secret(document, &at, "secret", &secret, problems);
        let token = raw.token.clone().unwrap_or_else(|| GITHUB_TOKEN.to_owned());
        check_secret(document, &at, "token", &token, problems);
        if raw.write && raw.repos.is_none() && !written("repos") {
            let place = document.key(&format!("{at}/write"), "to which of them?");
            problems.push(Problem::error("`write` without `repos`", place).help(
                "name the repositories: whoever knows the secret could have the host write to every one that the token \
                     reaches",
            ));
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
            write: raw.write,
            token,
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
        for (what, protected) in self.protected {
            if let Some(how) = overlap(&resolve(&path), protected) {
                let title = format!("a files grant reaches {what}");
                let label = format!("{} {how} `{}`", tick(host), protected.display());
                problems.push(refuse(
                    title,
                    label,
                    "grant a folder that is apart from what the host itself lives on",
                ));
                return None;
            }
        }
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
        match special_file(&real) {
            Some(special) => {
                // Anybody who writes there could keep the host from starting, were it an error.
                let title = format!("{} holds something that is no file", tick(host));
                let label = format!("`{}` is a pipe, a socket or a device", special.display());
                let place = self.host.document.value(&at, label);
                problems.push(Problem::warning(title, place).help(
                    "a component that opens it waits until its time is over, and a thread of the host with it: move it",
                ));
                Some(real)
            }
            None => Some(real),
        }
    }
}

/// Looks so far for what is no file: a granted folder may be large, and `check` is run often.
const LOOKED_AT: usize = 20_000;

/// The first pipe, socket or device below `folder`. Links are not followed: a component cannot follow them out either.
fn special_file(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            looked_at += 1;
            if looked_at > LOOKED_AT {
                return None;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() || kind.is_symlink() => {}
                Ok(_) => return Some(entry.path()),
                Err(_) => {}
            }
        }
    }
    None
}

/// What no component may reach, links resolved.
pub(super) fn protected(host: &Host) -> Vec<(&'static str, PathBuf)> {
    let mut paths = vec![
        ("the data folder", resolve(&host.data_dir)),
        ("the workspace", resolve(&host.workspace)),
        ("the configuration", resolve(&host.file)),
        (
            "the configuration",
            resolve(&host.folder).join(host.file.file_name().unwrap_or_default()),
        ),
    ];
    paths.extend(["/proc", "/sys", "/dev"].map(|kernel| ("the kernel's own files", PathBuf::from(kernel))));
    // A namespace's folder, and the file in it, may be links to somewhere else.
    for entry in std::fs::read_dir(&host.workspace).into_iter().flatten().flatten() {
        let folder = entry.path();
        let file = folder.join("namespace.toml");
        if file.exists() {
            paths.push(("the workspace", resolve(&folder)));
            paths.push(("the configuration", resolve(&file)));
        }
    }
    paths
}
