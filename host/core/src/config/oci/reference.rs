//! `oci://HOST[:PORT]/NAME[:TAG][@sha256:HEX]`, read strictly: what is accepted here can stand in a request as it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{authority, is_loopback};
use crate::config::http::{Origin, Scheme};

const SCHEME: &str = "oci://";

/// What registries take at most.
const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;

pub(super) const SEGMENTS: &str =
    "a name is parts between `/`, each of lower-case letters and digits, with `.`, `_` or `-` only between them";

/// The name of a component in a registry. Shows as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OciReference {
    registry: String,
    name: String,
    tag: Option<String>,
    digest: Option<Digest>,
    plain: bool,
}

impl OciReference {
    /// Reads a reference.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without its full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix(SCHEME) else {
            return Err(match text.contains("://") {
                true => "only `oci://` leads to a registry".into(),
                false => format!("a component in a registry is written with `{SCHEME}` in front"),
            });
        };
        let (rest, digest) = match rest.split_once('@') {
            None => (rest, None),
            Some((rest, digest)) => (rest, Some(Digest::parse(digest)?)),
        };
        let Some((registry, name)) = rest.split_once('/') else {
            return Err(format!("the registry is followed by a name, `{SCHEME}HOST/NAME:TAG`"));
        };
        let (name, tag) = match name.rsplit_once(':') {
            None => (name, None),
            Some((name, tag)) if is_tag(tag) => (name, Some(tag.to_owned())),
            Some(_) => {
                return Err(format!(
                    "a tag is up to {LONGEST_TAG} letters, digits, `_`, `.` and `-`, and begins with none of the last two"
                ));
            }
        };
        if tag.is_none() && digest.is_none() {
            return Err("it says not which version: add a tag, `:1.0`, or a digest, `@sha256:…`".into());
        }
        if name.len() > LONGEST_NAME || !name.split('/').all(is_segment) {
            return Err(SEGMENTS.into());
        }
        let origin = Origin::parse(Scheme::Https, registry)?;
        Ok(Self {
            registry: authority(registry)?,
            name: name.to_owned(),
            tag,
            digest,
            plain: is_loopback(&origin),
        })
    }

    /// Host, and port where one is needed.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// What it is called in the registry, `owner/name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its tag, which may lead somewhere else tomorrow.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of its manifest.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Whether the registry is on this machine, and spoken to in the clear. All others are spoken to by TLS.
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// The same with this manifest and no other.
    #[must_use]
    pub fn at(&self, manifest: &Digest) -> Self {
        Self {
            digest: Some(manifest.clone()),
            ..self.clone()
        }
    }
}

impl fmt::Display for OciReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for OciReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl TryFrom<String> for OciReference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<OciReference> for String {
    fn from(reference: OciReference) -> Self {
        reference.to_string()
    }
}

/// Lower-case letters and digits, and single separators between them: `.`, `_`, `__`, or any number of `-`.
pub(super) fn is_segment(segment: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = segment.split(is_letter).filter(|between| !between.is_empty());
    segment.starts_with(is_letter)
        && segment.ends_with(is_letter)
        && separators
            .into_iter()
            .all(|between| matches!(between, "." | "_" | "__") || between.chars().all(|c| c == '-'))
}

fn is_tag(tag: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= LONGEST_TAG && tag.starts_with(is_letter) && tag.chars().all(|c| is_letter(c) || c == '.' || c == '-')
}

/// The SHA-256 of some content. Shows as `sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    hex: String,
}

impl Digest {
    /// Of this content.
    pub fn of(content: &[u8]) -> Self {
        let hash = Sha256::digest(content);
        Self {
            hex: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// Reads `sha256:` and 64 digits.
    ///
    /// # Errors
    /// What a digest is, as a sentence without its full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        match text.strip_prefix("sha256:") {
            Some(hex) if hex.len() == 64 && hex.chars().all(is_digit) => Ok(Self { hex: hex.to_owned() }),
            _ => Err("a digest is `sha256:` and 64 digits from 0 to f, in lower case".into()),
        }
    }

    /// Its 64 digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex)
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}
