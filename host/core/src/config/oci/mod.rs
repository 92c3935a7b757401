//! Components in registries: how one is named, from which registries a namespace may have them, and which content a name
//! was pinned to. Pure, but for reading the lock file and what was pulled: who pulls is outside the core.

mod lock;
mod reference;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::http::{Origin, Scheme};

pub use lock::{Lock, Pin, lock_file};
pub use reference::{Digest, OciReference};

/// The longest component, in bytes: what is pulled, and what the compiler is given, at most.
pub const LONGEST_COMPONENT: u64 = 32 << 20;

/// Where the content of a pulled component is kept, below the data folder.
pub fn pulled_components(data_dir: &Path) -> PathBuf {
    data_dir.join("cache").join("components")
}

/// The file that holds a component of this content once it was pulled.
pub fn pulled_component(data_dir: &Path, content: &Digest) -> PathBuf {
    pulled_components(data_dir).join(format!("sha256-{}.wasm", content.hex()))
}

/// What of a pulled component is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// All of it.
    Whole,
    /// Something else, under its name.
    Damaged,
    /// Nothing.
    Missing,
}

/// Looks whether a file has the content that it is named for.
///
/// # Errors
/// It is there and cannot be read.
pub fn look(file: &Path, content: &Digest) -> io::Result<Here> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LONGEST_COMPONENT + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if Digest::of(&bytes) == *content => Ok(Here::Whole),
        Ok(_) => Ok(Here::Damaged),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Here::Missing),
        Err(error) => Err(error),
    }
}

/// One entry of a `registries` grant, `host[:port][/path/prefix]`. It covers one registry exactly, and every name below
/// the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryPrefix {
    registry: String,
    /// The segments that a name begins with. Empty: every name.
    path: Vec<String>,
}

impl RegistryPrefix {
    /// Reads an entry.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without its full stop.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains("://") {
            return Err("a registry is written without `oci://`");
        }
        let (registry, path) = match text.split_once('/') {
            None => (text, Vec::new()),
            Some((registry, path)) => {
                let path: Vec<String> = path.split('/').map(str::to_owned).collect();
                if !path.iter().all(|segment| reference::is_segment(segment)) {
                    return Err(reference::SEGMENTS);
                }
                (registry, path)
            }
        };
        Ok(Self {
            registry: authority(registry)?,
            path,
        })
    }

    /// Whether it covers this component.
    pub fn covers(&self, reference: &OciReference) -> bool {
        let mut segments = reference.name().split('/');
        self.registry == reference.registry() && self.path.iter().all(|mine| segments.next() == Some(mine))
    }

    /// The name of something below it: `PREFIX/a/b:tag`.
    ///
    /// # Errors
    /// Why there can be no such name, as a sentence without its full stop.
    pub fn reference(&self, below: &[&str], tag: &str) -> Result<OciReference, String> {
        OciReference::parse(&format!("oci://{self}/{}:{tag}", below.join("/")))
    }

    /// What both cover. None where that is nothing.
    fn and(&self, other: &Self) -> Option<Self> {
        let (short, long) = if self.path.len() <= other.path.len() {
            (self, other)
        } else {
            (other, self)
        };
        (short.registry == long.registry && long.path.starts_with(&short.path)).then(|| long.clone())
    }
}

/// As it is written, without what goes without saying.
impl fmt::Display for RegistryPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.registry)?;
        self.path.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

/// From which registries components may be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryGrants {
    /// From every registry.
    All,
    /// From what these cover.
    Only(Vec<RegistryPrefix>),
}

impl Default for RegistryGrants {
    /// From none.
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

impl RegistryGrants {
    /// Whether this component may be pulled.
    pub fn allows(&self, reference: &OciReference) -> bool {
        match self {
            Self::All => true,
            Self::Only(entries) => entries.iter().any(|entry| entry.covers(reference)),
        }
    }

    /// What is granted by name.
    pub fn entries(&self) -> &[RegistryPrefix] {
        match self {
            Self::All => &[],
            Self::Only(entries) => entries,
        }
    }

    /// What is left when `asked` is asked, and what of that is not granted.
    pub(super) fn narrow(&self, asked: &[RegistryPrefix]) -> (Self, Vec<RegistryPrefix>) {
        let Self::Only(entries) = self else {
            return (Self::Only(asked.to_vec()), Vec::new());
        };
        let both = |asked: &RegistryPrefix| entries.iter().filter_map(|entry| entry.and(asked)).collect();
        let parts: Vec<Vec<RegistryPrefix>> = asked.iter().map(both).collect();
        let missing = asked
            .iter()
            .zip(&parts)
            .filter(|(asked, parts)| !parts.contains(asked))
            .map(|(asked, _)| asked.clone());
        let missing = missing.collect();
        (Self::Only(parts.concat()), missing)
    }
}

/// A registry's host and port, spelled in one way only: in lower case, and without the port where it is the scheme's own.
fn authority(text: &str) -> Result<String, &'static str> {
    let origin = Origin::parse(Scheme::Https, text)?;
    let origin = match is_loopback(&origin) {
        // It is spoken to in the clear, where another port goes without saying.
        true => Origin::parse(Scheme::Http, text)?,
        false => origin,
    };
    Ok(origin.authority())
}

fn is_loopback(origin: &Origin) -> bool {
    match &origin.host {
        super::HostName::Name(name) => name == "localhost",
        super::HostName::Address(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests;
