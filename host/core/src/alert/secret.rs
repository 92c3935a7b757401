//! Secrets that plugins name and never see: a placeholder stands for each, until the request that it is in is sent.
//!
//! ```text
//!   disarm     what others wrote names no secret: it is made harmless before a plugin sees it
//!   names_in   which secrets a request names
//!   fill       a request and their values -> what goes over the wire
//!   conceal    what the other side said, without them
//! ```

mod fill;
mod scan;

use std::borrow::Cow;
use std::fmt;

pub use fill::{Filled, Values, conceal, fill, names_in};

use crate::BoxFuture;
use crate::store::PersonId;

/// What a placeholder stands for. Shows as the placeholder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretName {
    /// A setting of the plugin, under `secrets` of `[plugins.<name>]`.
    Setting(String),
    /// What somebody entered into a secret field of the plugin.
    Field {
        /// Who.
        person: PersonId,
        /// The field.
        field: String,
    },
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(name) => write!(f, "{{{{secret:{name}}}}}"),
            Self::Field { person, field } => write!(f, "{{{{secret:{}/{field}}}}}", person.0),
        }
    }
}

/// Why a secret is not to be had. Each is a sentence that shows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrevealed {
    /// Whoever runs the host can mend that, and others need it, too: what needs it waits.
    #[error("{0}")]
    NotNow(String),
    /// It is one person's to mend, or nobody's: nothing waits for it.
    #[error("{0}")]
    Never(String),
}

/// Where the secrets of plugins are.
pub trait PluginSecrets: Send + Sync {
    /// The secret that `plugin` means.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    fn reveal<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> BoxFuture<'a, Result<String, Unrevealed>>;
}

/// A text that somebody else wrote, as a plugin may be told of it. What looks like the beginning of a placeholder gets a
/// space: a check could print one otherwise, and the plugin would have its secret written into a message.
pub fn disarm(text: &str) -> Cow<'_, str> {
    if scan::begins_in(text) {
        Cow::Owned(scan::spaced(text))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
