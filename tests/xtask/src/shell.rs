//! Runs programs and says which one failed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::Places;

/// A program to run.
pub(crate) struct Step(Command);

impl Step {
    pub(crate) fn program(program: impl AsRef<OsStr>) -> Self {
        Self(Command::new(program))
    }

    /// Cargo in the repository, with the toolchain that runs this program and the same target folder.
    pub(crate) fn cargo(places: &Places) -> Self {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(&places.root)
            .env("CARGO_TARGET_DIR", &places.target);
        Self(command)
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.0.current_dir(directory);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.0.env_remove(name);
        self
    }

    /// Runs it, with its output where this program's is. An exit code other than 0 is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        let status = self.0.status().with_context(|| self.failed("could not be started"))?;
        if !status.success() {
            bail!(self.failed(&format!("failed ({status})")));
        }
        Ok(())
    }

    /// Runs it and returns its stdout. An exit code other than 0 is an error that holds its stderr.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self
            .0
            .stdin(Stdio::null())
            .output()
            .with_context(|| self.failed("could not be started"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(self.failed(&format!("failed ({}): {}", output.status, said.trim())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it runs and succeeds. Its output is not shown.
    pub(crate) fn works(mut self) -> bool {
        self.0
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn failed(&self, how: &str) -> String {
        let arguments: Vec<_> = self.0.get_args().map(OsStr::to_string_lossy).collect();
        format!(
            "`{} {}` {how}",
            self.0.get_program().to_string_lossy(),
            arguments.join(" ")
        )
    }
}
