//! Two TOML files and a folder become a [`Config`] that cannot be wrong; or every problem in them, at once.
//!
//! ```text
//!   source      a file -> its text, its values, and where each of them stands
//!   shape       keys and types, by the JSON Schema that `schema` derives from `raw`
//!   host        innkeeper.toml: settings, paths; given: what is given to whom
//!   places      where things are, for those who write jobs that do not work yet
//!   workspace   the folders that are namespaces
//!   namespace   one namespace.toml, with needs, jobs and commands
//!   alerts      services, checks, plugins, and who is on duty
//!   mail        [mail]: the server that takes mail for the host
//!   github      [[github]]: which of GitHub's events starts which job, and what else must be true of it
//!   hooks       [hooks.X]: which webhook starts which job, and how its sender proves who it is
//!   fabfile     where a namespace's fabfile is fetched from
//!   schedules   [[schedule]]: when the clock starts which job
//!   keywords    [[keyword]]: which word in a message calls whom
//!   grants      what is asked against what is given (pure)
//!   http        grants of outbound HTTP, and whether a request is within them (pure)
//!   oci         components in registries: names, grants, what a name was pinned to
//!   pulled      a job's component that comes from a registry
//!   problem     what is wrong, where, and what to do about it
//! ```
//!
//! A mistake is reported once, where it was made: what is wrong is taken out and the rest is looked at; a file with
//! syntax errors has its other keys looked at and no more; a namespace whose grants are unclear is not told that it has
//! none. Nothing runs: components are looked at by a [`ComponentInspector`], which the edge brings along.

mod account;
mod alerts;
mod checks;
mod commands;
mod fabfile;
mod github;
mod given;
mod globs;
mod grants;
mod hooks;
mod host;
mod http;
mod jobs;
mod keywords;
mod mail;
mod model;
mod names;
mod namespace;
mod needs;
pub mod oci;
mod places;
mod problem;
mod pulled;
mod raw;
mod schedules;
mod schema;
pub mod secrets;
mod shape;
mod source;
mod workspace;

use std::collections::BTreeMap;
use std::path::Path;

pub use account::AccountLine;
pub use alerts::{Alerts, CalendarSource, Check, Comparison, Expectation, HttpProbe, MetricProbe, Plugin, Probe};
pub use fabfile::FabfileUrl;
pub use github::{Author, CommentCommands, GithubFields, GithubFilters, GithubRule, ReportTo};
pub use globs::Globs;
pub use http::{Denied, HostName, HttpGrant, HttpGrants, Origin, Scheme};
pub use mail::{MailSecurity, MailServer};
pub use model::*;
pub use names::{job_fault, namespace_fault, nearest as nearest_name};
pub use places::{Home, Places};
pub use problem::{Place, Problem, Problems, Severity};
pub use schema::{schema_host, schema_namespace};

/// Looks at a file that is to run as a component.
pub trait ComponentInspector {
    /// Looks at the file, without running or compiling it. It is there, and a regular file of a bearable size.
    ///
    /// # Errors
    /// A short sentence that says why the host cannot run it: `is no component`, `imports an unknown package …`.
    fn inspect(&self, file: &Path) -> Result<World, String>;
}

/// A configuration that a host can run with.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is odd about it and does not refuse the start; the errors of what is left out, too.
    pub problems: Problems,
    /// What each of its namespaces asks and gets, by its name.
    pub accounts: BTreeMap<String, Vec<AccountLine>>,
}

impl Config {
    /// Reads `innkeeper.toml` and every `namespace.toml` of its workspace. Runs nothing.
    ///
    /// # Errors
    /// Every problem in all of the files, warnings too, where at least one of them is an error.
    pub fn load(file: &Path, inspector: &dyn ComponentInspector) -> Result<Loaded, Problems> {
        let loaded = Self::load_what_runs(file, inspector)?;
        if loaded.config.left_out.is_empty() {
            Ok(loaded)
        } else {
            Err(loaded.problems)
        }
    }

    /// Reads the same, and leaves out the untrusted namespaces that have errors: what a stranger wrote keeps nobody
    /// else's jobs from running. Runs nothing.
    ///
    /// # Errors
    /// Every problem in all of the files, where an error is in `innkeeper.toml` or in a trusted namespace.
    pub fn load_what_runs(file: &Path, inspector: &dyn ComponentInspector) -> Result<Loaded, Problems> {
        let mut problems = Problems::default();
        let mut host = host::Host::read(file, &mut problems);
        if let Some(host) = &mut host {
            host.read_lock(&mut problems);
        }
        // Before the workspace: an error of the owner's keeps the host from starting.
        let owner = host.as_ref().map(|host| {
            let alerts = alerts::check_owner(host, inspector, &mut problems);
            (alerts, host.mail(&mut problems))
        });
        let workspace = match &host {
            Some(host) => workspace::read(host, inspector, &mut problems),
            None => workspace::Workspace::default(),
        };
        let (mut alerts, mail) = owner.unwrap_or_default();
        workspace.alerts.into_iter().for_each(|local| alerts.add(local));
        problems.sort(&file.display().to_string());
        match host {
            Some(host) if workspace.bearable => Ok(Loaded {
                config: Self {
                    slack: host.slack(),
                    capacity: host.capacity(),
                    file: host.file,
                    workspace: host.workspace,
                    data_dir: host.data_dir,
                    timezone: host.timezone,
                    server: host.server,
                    namespaces: workspace.namespaces,
                    alerts,
                    mail,
                    webhook_secrets: host.webhook_secrets,
                    left_out: workspace.left_out,
                },
                problems,
                accounts: workspace.accounts,
            }),
            _ => Err(problems),
        }
    }

    /// Every component of every job, with the namespace that it belongs to. One that two jobs name comes twice.
    pub fn components(&self) -> impl Iterator<Item = (&Namespace, &ComponentSource)> {
        self.namespaces.values().flat_map(|namespace| {
            let jobs = namespace.jobs.values();
            jobs.flat_map(|job| job.components())
                .map(move |source| (&**namespace, source))
        })
    }
}

#[cfg(test)]
mod tests;
