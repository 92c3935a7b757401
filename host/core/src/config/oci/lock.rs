//! `innkeeper.lock`: which content each reference stands for. It is beside the configuration, so that it is reviewed and
//! kept with it.
//!
//! ```toml
//! [[component]]
//! reference = "oci://ghcr.io/owner/name:1.0"
//! digest = "sha256:…"      # of the component
//! manifest = "sha256:…"    # what the registry calls it
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Digest, OciReference};

/// The lock file of a configuration file.
pub fn lock_file(configuration: &Path) -> PathBuf {
    configuration.with_extension("lock")
}

/// What a reference stands for, wherever its tag leads by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Of the component itself.
    pub digest: Digest,
    /// Of the manifest that names it: what `@sha256:…` in a reference means.
    pub manifest: Digest,
}

/// Every pin, by reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pins: BTreeMap<OciReference, Pin>,
}

/// The part of the file that is about pins.
#[derive(Default, Deserialize)]
struct Written {
    #[serde(default)]
    component: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    reference: OciReference,
    #[serde(flatten)]
    pin: Pin,
}

impl Lock {
    /// Reads the file. One that is not there has no pins.
    ///
    /// # Errors
    /// Why it cannot be read, as a sentence.
    pub fn read(file: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let mut lock = Self::default();
        for Line { reference, pin } in written.component {
            if reference.digest().is_some_and(|digest| *digest != pin.manifest) {
                return Err(format!("{reference} is pinned to another manifest than it names"));
            }
            match lock.pins.entry(reference) {
                Entry::Occupied(twice) => return Err(format!("{} is pinned twice", twice.key())),
                Entry::Vacant(place) => drop(place.insert(pin)),
            }
        }
        Ok(lock)
    }

    /// What the file says of pins, for its key `component`; sorted.
    ///
    /// # Errors
    /// TOML cannot say it.
    pub fn to_toml(&self) -> Result<toml::Value, toml::ser::Error> {
        let lines = self.pins.iter().map(|(reference, pin)| Line {
            reference: reference.clone(),
            pin: pin.clone(),
        });
        toml::Value::try_from(lines.collect::<Vec<_>>())
    }

    /// What a reference stands for, where that is settled.
    pub fn pin(&self, reference: &OciReference) -> Option<&Pin> {
        self.pins.get(reference)
    }

    /// Settles what a reference stands for. Returns what it stood for.
    pub fn set(&mut self, reference: OciReference, pin: Pin) -> Option<Pin> {
        self.pins.insert(reference, pin)
    }

    /// Forgets what is not kept. Returns what was forgotten.
    pub fn retain(&mut self, keep: impl Fn(&OciReference) -> bool) -> Vec<OciReference> {
        let gone: Vec<OciReference> = self.pins.keys().filter(|reference| !keep(reference)).cloned().collect();
        self.pins.retain(|reference, _| keep(reference));
        gone
    }
}
