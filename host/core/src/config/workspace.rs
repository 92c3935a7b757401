//! The folders of the workspace: which of them are namespaces, and which namespaces are only named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ComponentInspector;
use super::account::AccountLine;
use super::alerts::{Claimed, Local};
use super::host::Host;
use super::model::Namespace;
use super::names::{namespace_fault, nearest, tick};
use super::namespace;
use super::problem::{Place, Problem, Problems};
use super::source::{Source, child};

/// The file that makes a folder a namespace.
pub(super) const FILE: &str = "namespace.toml";

/// What was read of a workspace.
#[derive(Default)]
pub(super) struct Workspace {
    /// The namespaces without errors.
    pub namespaces: BTreeMap<String, Arc<Namespace>>,
    /// What each of them asks and gets.
    pub accounts: BTreeMap<String, Vec<AccountLine>>,
    /// What they say of alerts.
    pub alerts: Vec<Local>,
    /// The untrusted ones with errors.
    pub left_out: Vec<String>,
    /// Whether all errors met are those of namespaces that are left out.
    pub bearable: bool,
}

/// Reads every namespace. One that has errors is left out, and does not keep others from being read.
pub(super) fn read(host: &Host, inspector: &dyn ComponentInspector, problems: &mut Problems) -> Workspace {
    let mut namespaces = BTreeMap::new();
    let mut accounts = BTreeMap::new();
    let mut alerts = Vec::new();
    let mut claimed = Claimed::new();
    let mut left_out = Vec::new();
    let mut strangers_errors = 0;
    let mut found = Vec::new();
    for folder in folders(host, problems) {
        let shown = host
            .shown_workspace
            .join(folder.file_name().unwrap_or_default())
            .join(FILE);
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
            let place = Place::file(Source::unread(&shown), "");
            problems.push(Problem::error("the name of this folder is not UTF-8", place).help("rename the folder"));
            continue;
        };
        if let Some(fault) = namespace_fault(name) {
            let place = Place::file(Source::unread(&shown), "the folder's name is the namespace's");
            problems.push(Problem::error(format!("bad name {}", tick(name)), place).help(fault));
        }
        found.push(name.to_owned());
        let before = problems.errors_met();
        let namespace = namespace::read(host, name, &folder, &shown, inspector, &mut claimed, problems);
        let errors = problems.errors_met() - before;
        if errors > 0 && host.given(name).is_some_and(|given| !given.trusted) {
            left_out.push(name.to_owned());
            strangers_errors += errors;
        } else if let Some((namespace, account, local)) = namespace {
            alerts.push(local);
            namespaces.insert(name.to_owned(), Arc::new(namespace));
            accounts.insert(name.to_owned(), account);
        }
    }
    warn_of_absent(host, &found, problems);
    Workspace {
        namespaces,
        accounts,
        alerts,
        left_out,
        bearable: strangers_errors == problems.errors_met(),
    }
}

/// The folders with a `namespace.toml`, by name.
fn folders(host: &Host, problems: &mut Problems) -> Vec<PathBuf> {
    let entries = match std::fs::read_dir(&host.workspace) {
        Ok(entries) => entries,
        Err(error) => {
            // Of a file with syntax errors the right path may be unreadable.
            if host.document.whole {
                let title = format!("cannot read the workspace {}: {error}", tick(&host.raw.workspace));
                let place = host
                    .document
                    .value("/workspace", "expected a folder with a folder for each namespace");
                problems
                    .push(Problem::error(title, place).help("make the folder, or name it with `workspace = \"…\"`"));
            }
            return Vec::new();
        }
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|folder| is_there(&folder.join(FILE)))
        .collect();
    // Those that are trusted come first: a name that is one's in the whole workspace is theirs.
    let is_stranger = |folder: &PathBuf| {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        !host.given(name).is_some_and(|given| given.trusted)
    };
    folders.sort_by_cached_key(|folder| (is_stranger(folder), folder.clone()));
    folders
}

/// Whether there is something, be it a link to nowhere: then it is reported where it is read.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn warn_of_absent(host: &Host, found: &[String], problems: &mut Problems) {
    for name in host.raw.namespaces.keys() {
        if found.contains(name) || namespace_fault(name).is_some() {
            continue;
        }
        let shown = host.shown_workspace.join(name);
        let place = host
            .document
            .key(&child("/namespaces", name), "these grants go to nobody");
        let (title, help) = if host.workspace.join(name).is_dir() {
            let title = format!("`{}` has no `{FILE}`", shown.display());
            (title, "write one, or remove these grants".to_owned())
        } else {
            let help = match nearest(name, found.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean {}?", tick(meant)),
                None => format!("make `{}`, or remove these grants", shown.join(FILE).display()),
            };
            (format!("there is no namespace {}", tick(name)), help)
        };
        problems.push(Problem::warning(title, place).help(help));
    }
}
