//! Alerts in both files: services, their checks, plugins, and who is on duty.
//!
//! ```text
//!   raw        the tables, as they are written
//!   owner      [alerts] and [[rota]] of innkeeper.toml; plugins: [plugins.X]
//!   services   [services.X] of a namespace, and whom it may notify
//!   checks     [checks.X] of a namespace; probes: what those of the host's own do
//!   model      what becomes of it
//! ```

mod checks;
mod model;
mod owner;
mod plugins;
mod probes;
mod raw;
mod services;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use model::{Alerts, CalendarSource, Check, Comparison, Expectation, HttpProbe, MetricProbe, Plugin, Probe};
pub(super) use owner::check as check_owner;
pub(super) use raw::{RawAlerts, RawCheck, RawPlugin, RawRota, RawService};

use super::hooks;
use super::model::{Hook, Job};
use super::namespace::Room;
use super::problem::{Place, Problems};
use crate::alert::Service;
use crate::schedule::Schedule;

/// What a namespace says of alerts.
#[derive(Default)]
pub(super) struct Local {
    pub services: Vec<Arc<Service>>,
    pub checks: Vec<Arc<Check>>,
    /// Those of the checks that are the host's own, by name.
    pub jobs: Vec<(String, Arc<Job>)>,
    /// Where heartbeats arrive, by name.
    pub hooks: Vec<(String, Arc<Hook>)>,
}

/// The services of the namespaces that were read, by name, with where they are.
pub(super) type Claimed = BTreeMap<String, Place>;

/// Checks the checks and the services of a namespace. Those with errors are left out. What starts the checks is added to the
/// `schedules`.
pub(super) fn check_local(
    room: &Room<'_>,
    jobs: &BTreeMap<String, Job>,
    claimed: &mut Claimed,
    schedules: &mut Vec<Arc<Schedule>>,
    problems: &mut Problems,
) -> Local {
    let checks = checks::check(room, jobs, problems);
    let services = services::check(room, &checks, claimed, problems);
    let by_clock = checks
        .values()
        .filter(|check| check.rules.active && !check.watches_host());
    schedules.extend(by_clock.map(|check| Arc::new(checks::schedule(check))));
    let heard = checks
        .values()
        .filter(|check| matches!(check.probe, Some(Probe::Heartbeat { .. })));
    let hooks = heard.filter_map(|check| hooks::of_heartbeat(room, &check.name));
    let hooks = hooks.map(|hook| (hook.name.clone(), Arc::new(hook))).collect();
    let of_the_host = checks.values().filter_map(|check| checks::job(room, check));
    let jobs = of_the_host.map(|job| (job.name.clone(), Arc::new(job))).collect();
    Local {
        jobs,
        hooks,
        services: services.into_iter().map(Arc::new).collect(),
        checks: checks.into_values().map(Arc::new).collect(),
    }
}

impl Alerts {
    /// Adds what a namespace says.
    pub(super) fn add(&mut self, local: Local) {
        let services = local.services.into_iter();
        self.services
            .extend(services.map(|service| (service.name.clone(), service)));
        let checks = local.checks.into_iter();
        self.checks
            .extend(checks.map(|check| ((check.namespace.clone(), check.name.clone()), check)));
    }
}
