//! Where things are, for verbs that work on jobs which cannot run yet: a component that is still to be built is an error
//! of the configuration, and no reason not to build it.

use std::path::{Path, PathBuf};

use super::Problems;
use super::host::Host;
use super::namespace_fault;
use super::workspace::FILE;

/// What `innkeeper.toml` says of folders and of trust. The namespaces themselves are not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// `innkeeper.toml`, absolute.
    pub file: PathBuf,
    /// The folder with a folder for each namespace, absolute.
    pub workspace: PathBuf,
    /// The folder that `serve` owns, absolute.
    pub data_dir: PathBuf,
    /// The folders that are namespaces, sorted.
    pub namespaces: Vec<Home>,
}

/// A namespace that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Its name.
    pub name: String,
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// Whether `innkeeper.toml` says that it is trusted.
    pub trusted: bool,
}

impl Places {
    /// Reads `innkeeper.toml`, and which folders are in its workspace.
    ///
    /// # Errors
    /// Every problem of the file, where at least one is an error.
    pub fn read(file: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let host = Host::read(file, &mut problems);
        problems.sort(&file.display().to_string());
        match host {
            Some(host) if !problems.has_errors() => Ok(Self {
                namespaces: namespaces(&host),
                workspace: host.workspace,
                file: host.file,
                data_dir: host.data_dir,
            }),
            _ => Err(problems),
        }
    }

    /// The namespace of this name.
    pub fn namespace(&self, name: &str) -> Option<&Home> {
        self.namespaces.iter().find(|namespace| namespace.name == name)
    }
}

/// The namespaces with good names. Of others `check` tells.
fn namespaces(host: &Host) -> Vec<Home> {
    let entries = std::fs::read_dir(&host.workspace).into_iter().flatten().flatten();
    let mut found: Vec<Home> = entries
        .filter(|entry| entry.path().join(FILE).symlink_metadata().is_ok())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            namespace_fault(&name).is_none().then(|| Home {
                folder: entry.path(),
                trusted: host.given(&name).is_some_and(|given| given.trusted),
                name,
            })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
