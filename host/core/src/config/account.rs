//! What each namespace asks and what it gets, side by side: for whoever runs the host to read.

use std::collections::BTreeSet;
use std::fmt;

use super::fabfile::FabfileUrl;
use super::grants::Asked;
use super::model::{Allowed, FilesGrant, GithubGrant, Grants, Mentions};
use super::oci::RegistryGrants;
use crate::request::Trigger;

/// One kind of grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLine {
    /// The key, for example `http`.
    pub key: &'static str,
    /// What `[needs]` says. None: nothing, so that all that is granted is meant.
    pub asks: Option<String>,
    /// What takes effect. Empty: nothing.
    pub gets: String,
}

/// What is asked for by name, or by being there: alert plugins, a fabfile, webhooks.
pub(super) struct ByName<'a> {
    /// Where there is a plugin.
    pub notify: Option<Notify<'a>>,
    /// Where it is fetched from, if it may be.
    pub fabfile: Option<&'a FabfileUrl>,
    pub hooks_asked: Vec<&'a str>,
    pub hooks_granted: Vec<&'a str>,
}

/// By which plugins a namespace notifies people.
pub(super) struct Notify<'a> {
    /// None: by what is granted.
    pub asked: Option<&'a [String]>,
    pub granted: Allowed,
}

/// A line a kind of grant, in the order of the documentation. Kinds that are neither asked nor had are left out.
pub(super) fn account(asked: &Asked, grants: &Grants, by_name: &ByName<'_>) -> Vec<AccountLine> {
    let files = asked.files.as_ref().map(|files| {
        list(
            files
                .iter()
                .map(|folder| format!("{}{}", folder.guest, writable(folder.write))),
        )
    });
    let http = asked.http.as_ref();
    let lines = [
        (
            "triggers",
            asked.triggers.as_ref().map(triggers),
            triggers(&grants.triggers),
        ),
        ("channels", asked.channels.as_ref().map(list), names(&grants.channels)),
        (
            "mentions",
            asked.mentions.map(|mentions| mention(mentions).to_owned()),
            mention(grants.mentions).to_owned(),
        ),
        ("env", asked.env.as_ref().map(list), names(&grants.env)),
        ("files", files, list(grants.files.iter().map(folder))),
        ("http", http.map(list), list(grants.http.entries())),
        (
            "github",
            github_asked(asked),
            grants.github.as_ref().map(repositories).unwrap_or_default(),
        ),
        (
            "hooks",
            (!by_name.hooks_asked.is_empty()).then(|| list(&by_name.hooks_asked)),
            list(&by_name.hooks_granted),
        ),
        (
            "notify",
            by_name.notify.as_ref().and_then(|notify| notify.asked.map(list)),
            by_name.notify.as_ref().map(notified).unwrap_or_default(),
        ),
        (
            "fabfile",
            by_name.fabfile.map(|_| "to have one fetched".to_owned()),
            by_name.fabfile.map(ToString::to_string).unwrap_or_default(),
        ),
        (
            "registries",
            asked.registries.as_ref().map(list),
            registries(&grants.registries),
        ),
        (
            "wasi",
            None,
            if grants.async_commands {
                "0.3".to_owned()
            } else {
                String::new()
            },
        ),
    ];
    let lines = lines
        .into_iter()
        .filter(|(_, asks, gets)| asks.is_some() || !gets.is_empty())
        .map(|(key, asks, gets)| AccountLine { key, asks, gets });
    lines.collect()
}

fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items = items.into_iter().map(|item| item.to_string());
    items.collect::<Vec<_>>().join(", ")
}

fn names(allowed: &Allowed) -> String {
    match allowed {
        Allowed::All => "all".to_owned(),
        Allowed::Only(names) => list(names),
    }
}

/// The plugins that are granted, of those that are asked for.
fn notified(notify: &Notify<'_>) -> String {
    match notify.asked {
        None => names(&notify.granted),
        Some(asked) => list(asked.iter().filter(|name| notify.granted.allows(name))),
    }
}

fn triggers(triggers: &BTreeSet<Trigger>) -> String {
    list(triggers.iter().map(|trigger| trigger.as_str()))
}

const fn mention(mentions: Mentions) -> &'static str {
    match mentions {
        Mentions::None => "nobody",
        Mentions::Users => "users",
        Mentions::Channel => "channel",
    }
}

fn folder(files: &FilesGrant) -> String {
    format!("{} as {}{}", files.host.display(), files.guest, writable(files.write))
}

const fn writable(write: bool) -> &'static str {
    if write { " (to write)" } else { "" }
}

fn github_asked(asked: &Asked) -> Option<String> {
    let write = asked.github_write == Some(true);
    match &asked.repos {
        Some(repos) => Some(list(repos) + writable(write)),
        None => write.then(|| "to write".to_owned()),
    }
}

fn repositories(github: &GithubGrant) -> String {
    match &github.repos {
        Allowed::All => "webhooks of every repository".to_owned(),
        Allowed::Only(repos) => list(repos) + writable(github.write),
    }
}

fn registries(registries: &RegistryGrants) -> String {
    match registries {
        RegistryGrants::All => "all".to_owned(),
        RegistryGrants::Only(entries) => list(entries),
    }
}
