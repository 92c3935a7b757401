//! What a bash job sees of the host's environment, and what is put into it.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::Context;
use innkeeper_core::config::Allowed;

use super::BashSettings;
use super::left_behind::RUN_FOLDER;

/// Where programs are looked for on a host that has no `PATH`.
const PLAIN_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Where systemd puts a service's credentials: the host's secrets among them.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The folders that a run is told of.
pub(super) struct Folders<'e> {
    /// Its namespace's own.
    pub(super) namespace: &'e Path,
    /// The one that it may write to.
    pub(super) work: &'e Path,
    /// That of its log.
    pub(super) log: &'e Path,
}

/// The environment of all bash jobs, as far as it is the same for all.
#[derive(Debug)]
pub(super) struct Environment {
    /// What the host has, less what is set for each job.
    host: Vec<(OsString, OsString)>,
    path: OsString,
    workspace: PathBuf,
    /// `bash`, as an absolute path: a name alone would be looked for anew by a slower way to spawn.
    pub(super) bash: Option<PathBuf>,
}

impl Environment {
    pub(super) fn new(settings: BashSettings) -> anyhow::Result<Self> {
        let host_path = settings.environment.iter().find(|(name, _)| name == "PATH");
        let host_path = host_path.map_or_else(|| OsString::from(PLAIN_PATH), |(_, value)| value.clone());
        let bash = find(&host_path, "bash");
        if bash.is_none() {
            tracing::warn!("there is no bash on the host's PATH: bash jobs will not start");
        }
        Ok(Self {
            path: with_python(host_path, &settings.links)?,
            bash,
            workspace: settings.workspace,
            host: settings
                .environment
                .into_iter()
                .filter(|(name, _)| !is_ours(name))
                .collect(),
        })
    }

    /// The whole environment of a job of a namespace that sees what is `granted`, less what is `hidden` from all.
    pub(super) fn of<'e>(
        &'e self,
        granted: &'e Allowed,
        hidden: &'e BTreeSet<String>,
        folders: &Folders<'e>,
    ) -> impl Iterator<Item = (&'e OsStr, &'e OsStr)> {
        let ours = [
            ("PATH", self.path.as_os_str()),
            ("PYTHONPATH", self.workspace.as_os_str()),
            ("NAMESPACE_DIR", folders.namespace.as_os_str()),
            ("WRITEABLE_DIR", folders.work.as_os_str()),
            (RUN_FOLDER, folders.log.as_os_str()),
        ];
        let seen = |(name, _): &&(OsString, OsString)| match name.to_str() {
            _ if is_hidden(name, hidden) => false,
            Some(name) => granted.allows(name),
            None => *granted == Allowed::All,
        };
        self.host
            .iter()
            .filter(seen)
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
            .chain(ours.map(|(name, value)| (OsStr::new(name), value)))
    }
}

/// A secret is hidden with everything that says where it is read from.
fn is_hidden(name: &OsStr, hidden: &BTreeSet<String>) -> bool {
    let Some(name) = name.to_str() else { return false };
    let secret = name.strip_suffix("_FILE").unwrap_or(name);
    hidden.contains(name) || hidden.contains(secret) || name == CREDENTIALS
}

fn is_ours(name: &OsStr) -> bool {
    ["PATH", "PYTHONPATH", "NAMESPACE_DIR", "WRITEABLE_DIR", RUN_FOLDER]
        .iter()
        .any(|ours| name == *ours)
}

fn find(path: &OsStr, program: &str) -> Option<PathBuf> {
    let is_program = |file: &PathBuf| {
        file.metadata()
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(path)
        .map(|folder| folder.join(program))
        .filter(|file| file.is_absolute())
        .find(is_program)
}

/// Puts a folder with `python` first where the machine has only `python3`.
fn with_python(path: OsString, links: &Path) -> anyhow::Result<OsString> {
    if find(&path, "python").is_some() {
        return Ok(path);
    }
    let Some(python3) = find(&path, "python3") else {
        return Ok(path);
    };
    link(&python3, links)
        .with_context(|| format!("the folder {} for a link to python3 cannot be made", links.display()))?;
    let folders = std::iter::once(links.to_owned()).chain(env::split_paths(&path));
    env::join_paths(folders).with_context(|| format!("the path of {} cannot be put on PATH", links.display()))
}

/// Makes or renews `links/python`. Renewed by renaming: a job of another verb may be looking at it.
fn link(python3: &Path, links: &Path) -> io::Result<()> {
    let python = links.join("python");
    if fs::read_link(&python).is_ok_and(|target| target == python3) {
        return Ok(());
    }
    fs::create_dir_all(links)?;
    let new = links.join(format!("python.{}", std::process::id()));
    symlink(python3, &new)?;
    fs::rename(&new, &python)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use std::collections::BTreeMap;

    use super::*;

    fn program(folder: &Path, name: &str) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let file = folder.join(name);
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    fn environment(home: &Path, pairs: &[(&str, &str)]) -> Environment {
        Environment::new(BashSettings {
            workspace: "/srv/workspace".into(),
            environment: pairs.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            links: home.join("cache/bin"),
            fabfiles: super::super::tests::no_fabfiles(),
            grace: super::super::Grace::default(),
        })
        .unwrap()
    }

    fn seen(environment: &Environment, granted: &Allowed) -> BTreeMap<String, String> {
        let text = |text: &OsStr| text.to_str().unwrap().to_owned();
        let hidden = BTreeSet::from(["SLACK_BOT_TOKEN".to_owned()]);
        let folders = Folders {
            namespace: Path::new("/srv/workspace/demo"),
            work: Path::new("/data/work/demo"),
            log: Path::new("/data/logs/demo_x/1"),
        };
        environment
            .of(granted, &hidden, &folders)
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    const HOST: &[(&str, &str)] = &[
        ("HOME", "/home/me"),
        ("TOKEN", "granted"),
        ("SLACK_BOT_TOKEN", "xoxb"),
        ("SLACK_BOT_TOKEN_FILE", "/run/secrets/slack"),
        ("CREDENTIALS_DIRECTORY", "/run/credentials"),
        ("PYTHONPATH", "/elsewhere"),
        ("PATH", "/nowhere"),
    ];

    #[test]
    fn everything_but_the_hosts_own_secrets() {
        let home = tempfile::tempdir().unwrap();
        let environment = environment(home.path(), HOST);
        let names: Vec<String> = seen(&environment, &Allowed::All).into_keys().collect();
        assert_eq!(
            names,
            [
                "HOME",
                "INNKEEPER_RUN_FOLDER",
                "NAMESPACE_DIR",
                "PATH",
                "PYTHONPATH",
                "TOKEN",
                "WRITEABLE_DIR"
            ]
        );
    }

    #[test]
    fn only_what_is_granted_and_never_a_secret_of_the_host() {
        let home = tempfile::tempdir().unwrap();
        let environment = environment(home.path(), HOST);
        let granted = Allowed::Only(["TOKEN".to_owned(), "SLACK_BOT_TOKEN".to_owned()].into());
        let seen = seen(&environment, &granted);
        assert_eq!(
            seen.keys().collect::<Vec<_>>(),
            [
                "INNKEEPER_RUN_FOLDER",
                "NAMESPACE_DIR",
                "PATH",
                "PYTHONPATH",
                "TOKEN",
                "WRITEABLE_DIR"
            ]
        );
        assert_eq!(seen["NAMESPACE_DIR"], "/srv/workspace/demo");
        assert_eq!(seen["PYTHONPATH"], "/srv/workspace");
        assert_eq!(seen["WRITEABLE_DIR"], "/data/work/demo");
        assert_eq!(seen["PATH"], "/nowhere");
    }

    #[test]
    fn python_is_python3_where_there_is_no_other() {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        let python3 = program(&bin, "python3");
        let path = bin.to_str().unwrap();
        let links = home.path().join("cache/bin");

        let first = environment(home.path(), &[("PATH", path)]);
        assert_eq!(fs::read_link(links.join("python")).unwrap(), python3);
        assert_eq!(
            seen(&first, &Allowed::All)["PATH"],
            format!("{}:{path}", links.display())
        );

        fs::remove_file(links.join("python")).unwrap();
        symlink("/old/python3", links.join("python")).unwrap();
        environment(home.path(), &[("PATH", path)]);
        assert_eq!(fs::read_link(links.join("python")).unwrap(), python3);
    }

    #[test]
    fn a_machine_with_python_keeps_its_path() {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        program(&bin, "python3");
        program(&bin, "python");
        let path = bin.to_str().unwrap();
        let environment = environment(home.path(), &[("PATH", path)]);
        assert_eq!(seen(&environment, &Allowed::All)["PATH"], path);
        assert!(!home.path().join("cache").exists());
    }
}
