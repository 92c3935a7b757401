//! Secrets that plugins name and never see: a placeholder stands for each, until the request that it is in is sent.

use std::fmt;

use crate::BoxFuture;
use crate::store::PersonId;

/// What a placeholder stands for. Shows as the placeholder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// Where the secrets of plugins are.
pub trait PluginSecrets: Send + Sync {
    /// The secret that `plugin` means.
    ///
    /// # Errors
    /// A sentence: there is none, or it cannot be read.
    fn reveal<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> BoxFuture<'a, Result<String, String>>;
}
