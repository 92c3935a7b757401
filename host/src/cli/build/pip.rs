//! Tools from PyPI, each in a virtual environment of its own under `data_dir/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::shop::{Failed, Shop, program, run};

const INSTALL: &[&str] = &[
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--only-binary",
    ":all:",
];

/// A package and its version. Installed when it is first needed.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

impl Package {
    /// One of its programs.
    pub(super) fn program(&self, shop: &Shop, name: &str) -> Result<Command, Failed> {
        let folder = self.folder(shop)?;
        Ok(with_path(program(folder.join("bin").join(name)), &folder))
    }

    /// Python, which knows its modules.
    pub(super) fn python(&self, shop: &Shop) -> Result<Command, Failed> {
        let folder = self.folder(shop)?;
        let own = folder.join("bin/python");
        Ok(with_path(
            program(if own.exists() { own } else { "python3".into() }),
            &folder,
        ))
    }

    /// As it is told and remembered.
    pub(super) fn version(&self) -> String {
        format!("{} {} of PyPI", self.name, self.version)
    }

    fn folder(&self, shop: &Shop) -> Result<PathBuf, Failed> {
        shop.tool(&format!("{}-{}", self.name, self.version), |folder| {
            self.install(folder)
        })
    }

    /// Into a virtual environment; beside one where Python has no `venv` (Debian keeps it in a package).
    fn install(&self, folder: &Path) -> Result<(), Failed> {
        let missing = format!(
            "install Python 3 with pip (Debian: apt-get install python3-venv), or {} yourself",
            self.name
        );
        let package = format!("{}=={}", self.name, self.version);
        let venv = run(program("python3").args(["-m", "venv"]).arg(folder), &missing);
        let installed = match venv {
            Ok(_) => run(program(folder.join("bin/python")).args(INSTALL).arg(&package), &missing),
            Err(_) => run(
                program("python3")
                    .args(INSTALL)
                    .arg("--target")
                    .arg(folder)
                    .arg(&package),
                &missing,
            ),
        };
        installed.map(drop).map_err(|failed| Failed {
            why: format!("{package} cannot be installed from PyPI ({}): {missing}", failed.why),
            ..failed
        })
    }
}

fn with_path(mut command: Command, folder: &Path) -> Command {
    if !folder.join("bin/python").exists() {
        command.env("PYTHONPATH", folder);
    }
    command
}
