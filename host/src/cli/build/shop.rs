//! Where guests are built: `data_dir/tools` for what is installed, `data_dir/build` for what is made on the way.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use innkeeper_core::config::secrets::HOST_SECRETS;
use innkeeper_core::report;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::Source;
use crate::files::replace;

/// The folders, and the right to use them: one build at a time.
pub(in super::super) struct Shop {
    tools: PathBuf,
    scratch: PathBuf,
    _lock: File,
}

/// Why there is no component.
#[derive(Debug)]
pub(in super::super) struct Failed {
    /// A sentence for the author: what failed, and what to do.
    pub(super) why: String,
    /// What the tool wrote, safe to show.
    pub(super) said: String,
}

impl Failed {
    pub(super) fn because(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            said: String::new(),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::because(format!("{:#}", error.into()))
    }
}

impl Shop {
    /// Makes the folders, and waits for another build to end.
    pub(in super::super) fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let (tools, scratch) = (data_dir.join("tools"), data_dir.join("build"));
        for folder in [&tools, &scratch] {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        let lock = File::create(scratch.join("lock"))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            eprintln!("another build is at work; waiting for it");
            flock(&lock, FlockOperation::LockExclusive)?;
        }
        Ok(Self {
            tools,
            scratch,
            _lock: lock,
        })
    }

    /// The folder of an installed tool. `install` is called where it is not there as a whole.
    pub(super) fn tool(
        &self,
        name: &str,
        install: impl FnOnce(&Path) -> Result<(), Failed>,
    ) -> Result<PathBuf, Failed> {
        let folder = self.tools.join(name);
        let whole = folder.join(".whole");
        if whole.exists() {
            return Ok(folder);
        }
        eprintln!("installing {name} into {}; this happens once", self.tools.display());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        install(&folder)?;
        fs::write(whole, "")?;
        Ok(folder)
    }

    /// A folder that outlives the build, for caches of tools.
    pub(super) fn cache(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// Where a tool may write the component of this source.
    pub(super) fn draft(&self, source: &Source) -> Result<PathBuf, Failed> {
        let folder = self.scratch.join(&source.namespace);
        fs::create_dir_all(&folder)?;
        Ok(folder.join(format!("{}.wasm", source.name)))
    }

    /// Puts a component in its place, whole or not at all. Whether it differs from what was there.
    pub(super) fn put(&self, source: &Source, made: &Path) -> Result<bool, Failed> {
        let bytes = fs::read(made)?;
        if fs::read(&source.output).is_ok_and(|old| old == bytes) {
            return Ok(false);
        }
        replace(&source.output, &bytes)?;
        Ok(true)
    }

    /// Whether the component is there as it was made of these sources.
    pub(super) fn is_current(&self, source: &Source, stamp: &str) -> bool {
        let Ok(bytes) = fs::read(&source.output) else {
            return false;
        };
        fs::read_to_string(self.stamp_file(source)).is_ok_and(|kept| kept == remembered(stamp, &bytes))
    }

    /// Remembers what the component was made of.
    pub(super) fn remember(&self, source: &Source, stamp: &str) -> Result<(), Failed> {
        let bytes = fs::read(&source.output)?;
        Ok(fs::write(self.stamp_file(source), remembered(stamp, &bytes))?)
    }

    fn stamp_file(&self, source: &Source) -> PathBuf {
        self.scratch
            .join(&source.namespace)
            .join(format!("{}.sources", source.name))
    }
}

/// Sources and result in one line: a component that somebody else put there is not taken for ours.
fn remembered(stamp: &str, output: &[u8]) -> String {
    format!("{stamp} {}\n", hex::encode(Sha256::digest(output)))
}

/// A program to run. It sees everything of the environment but the host's own secrets.
pub(in crate::cli) fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
    for secret in HOST_SECRETS {
        command.env_remove(secret).env_remove(format!("{secret}_FILE"));
    }
    command
}

/// Runs a program to its end, and returns what it wrote to stdout. `missing` says how to get it.
pub(super) fn run(command: &mut Command, missing: &str) -> Result<Vec<u8>, Failed> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failed::because(format!("{name} is missing: {missing}")));
        }
        Err(error) => return Err(Failed::because(format!("{name} cannot be run: {error}"))),
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Failed {
        why: format!("{name} ended with {}", output.status),
        said: report::readable(&[output.stdout, output.stderr].concat()),
    })
}

/// The first line of what a program says about its version; none where it is not there.
pub(super) fn version_of(name: impl AsRef<std::ffi::OsStr>) -> Option<String> {
    let said = run(program(name).arg("--version"), "").ok()?;
    String::from_utf8_lossy(&said)
        .lines()
        .next()
        .map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn a_missing_program_is_named_with_how_to_get_it() {
        let failed = run(&mut program("no-such-tool"), "get it at its shop").unwrap_err();
        assert_eq!(failed.why, "no-such-tool is missing: get it at its shop");
    }

    #[test]
    fn a_tool_is_installed_once_and_again_where_it_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop::open(folder.path()).unwrap();
        let broke_off = shop.tool("zig-1", |at| {
            fs::write(at.join("half"), "").unwrap();
            Err(Failed::because("no network"))
        });
        assert_eq!(broke_off.unwrap_err().why, "no network");
        let at = shop.tool("zig-1", |at| Ok(fs::write(at.join("zig"), "")?)).unwrap();
        assert!(at.join("zig").exists() && !at.join("half").exists());
        shop.tool("zig-1", |_| Err(Failed::because("installed again"))).unwrap();
    }
}
