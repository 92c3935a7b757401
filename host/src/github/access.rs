//! Who may do what at GitHub: all that is derived from the configuration for it, in one piece.

use std::collections::BTreeMap;

use innkeeper_core::config::secrets::Secret;
use innkeeper_core::config::{Allowed, Config, Mentions, Namespace};
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
    mentions: bool,
    repositories: Vec<String>,
    all_repositories: bool,
}

/// What a namespace writes with.
#[derive(Clone, Copy, Debug)]
pub struct Pen<'a> {
    /// Its token.
    pub token: &'a Secret,
    /// Whether what it writes may mention people.
    pub mentions: bool,
}

/// Why a namespace writes nothing to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It may not write at all, or has no token: the owner of the host can mend that.
    NoToken,
    /// Its grant does not name the repository.
    Repository,
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
                mentions: namespace.grants.mentions >= Mentions::Users,
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
        self.writer(namespace).is_some()
    }

    /// What the namespace writes to the repository with. A grant may have changed since the writing was decided.
    ///
    /// # Errors
    /// Why it may not.
    pub fn pen(&self, namespace: &str, repository: &str) -> Result<Pen<'_>, Denied> {
        let (entry, token) = self.writer(namespace).ok_or(Denied::NoToken)?;
        let mut names = entry.repositories.iter();
        // Two names on GitHub never differ in case alone.
        if !entry.all_repositories && !names.any(|name| name.eq_ignore_ascii_case(repository)) {
            return Err(Denied::Repository);
        }
        Ok(Pen {
            token,
            mentions: entry.mentions,
        })
    }

    fn writer(&self, namespace: &str) -> Option<(&Entry, &Secret)> {
        let entry = self.namespaces.get(namespace).filter(|entry| entry.write)?;
        Some((entry, entry.token.as_ref()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pen_is_for_the_repositories_that_are_granted_now() {
        let access = |write, repositories: &[&str]| {
            let entry = Entry {
                token: Some(Secret::new("token")),
                token_name: "TOKEN".to_owned(),
                write,
                mentions: false,
                repositories: repositories.iter().map(|name| (*name).to_owned()).collect(),
                all_repositories: false,
            };
            Access {
                namespaces: BTreeMap::from([("shop".to_owned(), entry)]),
            }
        };
        let denied = |access: &Access, namespace: &str| {
            let pen = access.pen(namespace, "octo/shop");
            pen.map(|pen| pen.mentions).err()
        };
        let granted = access(true, &["Octo/Shop"]);
        assert_eq!(granted.pen("shop", "octo/shop").map(|pen| pen.mentions), Ok(false));
        assert_eq!(denied(&granted, "other"), Some(Denied::NoToken));
        assert_eq!(denied(&access(false, &["octo/shop"]), "shop"), Some(Denied::NoToken));
        assert_eq!(denied(&access(true, &["octo/other"]), "shop"), Some(Denied::Repository));
    }
}
