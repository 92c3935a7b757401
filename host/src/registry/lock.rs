//! `innkeeper.lock` as a file: read by all, changed by one process at a time, and replaced as a whole.
//!
//! Two records share it: what references are pinned to (`[[component]]`), and what `innkeeper check --accept` accepted
//! (`[accepted]`). Whoever writes one leaves the other as it is.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use innkeeper_core::config::oci::Lock;

use crate::files::replace;

const HEAD: &str = "# Written by `innkeeper`; keep it beside the configuration.
# `component`: what references to registries stand for. `innkeeper pull --update` moves them.
# `accepted`: what each component could ask for when somebody ran `innkeeper check --accept`.\n\n";

/// The key of the pins.
const PINS: &str = "component";

/// A lock file, by its path.
#[derive(Clone, Debug)]
pub struct LockFile {
    file: PathBuf,
}

impl LockFile {
    /// The lock file at this path; it need not be there.
    pub fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// What is pinned.
    pub(super) fn read(&self) -> Result<Lock, String> {
        Lock::read(&self.file).map_err(|why| format!("cannot be looked up in {}: {why}", self.file.display()))
    }

    /// Changes what is pinned.
    pub(super) fn change_pins<T>(&self, change: impl FnOnce(&mut Lock) -> T) -> anyhow::Result<T> {
        self.change(|table| {
            let mut lock = Lock::read(&self.file).map_err(anyhow::Error::msg)?;
            let changed = change(&mut lock);
            table.insert(PINS.to_owned(), lock.to_toml()?);
            Ok(changed)
        })
    }

    /// Changes what is written in it. No other process changes it meanwhile.
    ///
    /// # Errors
    /// It cannot be read, understood or written; or `change` failed. Then it is as it was.
    pub fn change<T>(&self, change: impl FnOnce(&mut toml::Table) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let shown = self.file.display();
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        // The folder stands for the file, which is another one after each change.
        let folder = File::open(folder).with_context(|| format!("{} cannot be opened", folder.display()))?;
        folder.lock().with_context(|| format!("{shown} cannot be locked"))?;
        let old = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("{shown} cannot be read")),
        };
        let mut table: toml::Table = toml::from_str(&old).with_context(|| format!("{shown} is not understood"))?;
        let changed = change(&mut table)?;
        let new = format!("{HEAD}{}", toml::to_string_pretty(&table)?);
        if new != old {
            replace(&self.file, new.as_bytes())?;
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use innkeeper_core::config::oci::{Digest, OciReference, Pin};

    use super::*;

    fn pin(content: &[u8]) -> Pin {
        Pin {
            digest: Digest::of(content),
            manifest: Digest::of(b"manifest"),
        }
    }

    #[test]
    fn each_record_is_changed_and_the_other_stays() {
        let home = tempfile::tempdir().unwrap();
        let lock = LockFile::new(home.path().join("innkeeper.lock"));
        std::fs::write(lock.path(), "[accepted.\"lab/x.wasm\"]\ndigest = \"d\"\n").unwrap();
        let reference = OciReference::parse("oci://x/a:1").unwrap();
        let first = lock
            .change_pins(|pins| pins.set(reference.clone(), pin(b"one")))
            .unwrap();
        let second = lock
            .change_pins(|pins| pins.set(reference.clone(), pin(b"two")))
            .unwrap();
        assert_eq!((first, second), (None, Some(pin(b"one"))));
        let accepted = lock.change(|table| Ok(table["accepted"]["lab/x.wasm"]["digest"].to_string()));
        assert_eq!(accepted.unwrap(), "\"d\"");
        assert_eq!(lock.read().unwrap().pin(&reference), Some(&pin(b"two")));
    }

    #[test]
    fn what_is_not_understood_is_not_written_over() {
        let home = tempfile::tempdir().unwrap();
        let lock = LockFile::new(home.path().join("innkeeper.lock"));
        std::fs::write(lock.path(), "<<<<<<< HEAD").unwrap();
        let why = lock.change(|_| Ok(())).unwrap_err();
        assert!(format!("{why:#}").contains("is not understood"), "{why:#}");
        assert_eq!(std::fs::read_to_string(lock.path()).unwrap(), "<<<<<<< HEAD");
    }
}
