//! Who may do what at GitHub: all that is derived from the configuration for it, in one piece.

use std::collections::BTreeMap;

use innkeeper_core::config::secrets::Secret;
use innkeeper_core::config::{Allowed, Config, Namespace};
use innkeeper_core::request::Trigger;

/// The tokens of the namespaces, and what they are for.
#[derive(Clone, Debug, Default)]
pub struct Access {
    namespaces: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    token: Option<Secret>,
    token_name: String,
    write: bool,
    repositories: Vec<String>,
    all_repositories: bool,
}

/// A namespace whose missed deliveries can be asked for.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Its name.
    pub namespace: String,
    /// `owner/name`.
    pub repositories: Vec<String>,
    /// What it asks with.
    pub token: Secret,
}

/// Something that cannot be done at GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What, and for want of what: a sentence without its full stop.
    pub says: String,
    /// The name of the token.
    pub token: String,
    /// Whether it is something that the configuration asks for: results that are to be written back.
    pub is_asked_for: bool,
}

impl Access {
    /// That of the namespaces which take webhooks from GitHub; `secret` gives a secret's value by its name.
    pub fn of(config: &Config, secret: impl Fn(&str) -> Option<Secret>) -> Self {
        let namespaces = config.namespaces.values().filter(|namespace| takes_webhooks(namespace));
        let entries = namespaces.filter_map(|namespace| {
            let grant = namespace.grants.github.as_ref()?;
            let (repositories, all_repositories) = match &grant.repos {
                Allowed::All => (Vec::new(), true),
                Allowed::Only(names) => (names.iter().cloned().collect(), false),
            };
            let entry = Entry {
                token: secret(&grant.token).filter(|token| !token.expose().is_empty()),
                token_name: grant.token.clone(),
                write: grant.write,
                repositories,
                all_repositories,
            };
            Some((namespace.name.clone(), entry))
        });
        Self {
            namespaces: entries.collect(),
        }
    }

    /// Whether results of the namespace may be written back, and there is a token for it.
    pub fn may_write(&self, namespace: &str) -> bool {
        self.token(namespace).is_some()
    }

    /// What the namespace writes with, where it may.
    pub fn token(&self, namespace: &str) -> Option<&Secret> {
        let entry = self.namespaces.get(namespace).filter(|entry| entry.write)?;
        entry.token.as_ref()
    }

    /// The namespaces whose missed deliveries can be asked for.
    pub fn watched(&self) -> Vec<Watch> {
        let watch = |(name, entry): (&String, &Entry)| {
            Some(Watch {
                namespace: name.clone(),
                repositories: Some(entry.repositories.clone()).filter(|names| !names.is_empty())?,
                token: entry.token.clone()?,
            })
        };
        self.namespaces.iter().filter_map(watch).collect()
    }

    /// What cannot be done for want of a token or of names, one for each namespace.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (name, entry) in &self.namespaces {
            let token = &entry.token_name;
            let says = match (&entry.token, entry.all_repositories) {
                (None, _) if entry.write => format!(
                    "`{name}` writes nothing back to GitHub, and its missed deliveries are not asked for again: the token \
                     {token} is not set"
                ),
                (None, _) => format!(
                    "deliveries for `{name}` that were missed are not asked for again: the token {token} is not set"
                ),
                (Some(_), true) => format!(
                    "deliveries for `{name}` that were missed are not asked for again: its grant `github` names no `repos`"
                ),
                (Some(_), false) => continue,
            };
            gaps.push(Gap {
                says,
                token: token.clone(),
                is_asked_for: entry.token.is_none() && entry.write,
            });
        }
        gaps
    }
}

/// Whether anything of it is started by GitHub.
fn takes_webhooks(namespace: &Namespace) -> bool {
    namespace.grants.triggers.contains(&Trigger::Github)
        && (!namespace.github.is_empty() || namespace.comment_commands.is_some())
}
