//! A service: what it consists of, and who is told of it. Plain data, as the configuration says it.

use std::collections::BTreeMap;

use super::check::CheckRules;
use super::rules::Rules;

/// A service. Its name is unique in the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// By what it is known.
    pub name: String,
    /// The namespace that it belongs to.
    pub namespace: String,
    /// What people call it. None: its name.
    pub title: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// What to do when it fails.
    pub runbook: Option<String>,
    /// Its checks, by the short names of their jobs in its namespace.
    pub checks: BTreeMap<String, CheckRules>,
    /// The names of the users that are told, besides the duty officers.
    pub users_to_notify: Vec<String>,
    /// The plugins that tell them.
    pub plugins: Vec<PluginUse>,
    /// When alerts go out.
    pub rules: Rules,
}

/// A plugin of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PluginUse {
    /// Its name, as in `[plugins.<name>]`.
    pub name: String,
    /// Whether its metadata says that it wants updates. Only the plugin itself knows: until it was asked it is taken not to.
    pub wants_updates: bool,
}
