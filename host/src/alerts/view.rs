//! What people are shown of services: what the store knows of them, joined with what the configuration says.

use std::collections::BTreeMap;
use std::sync::Arc;

use innkeeper_core::alert::{
    Acknowledgement, CheckRules, CheckState, Importance, Service, Shown, Silence, State, Status, told, unknown,
};
use innkeeper_core::clock::Timestamp;
use innkeeper_core::run::RunId;
use innkeeper_core::store::{Person, StatusChangeView, Store, StoreError};
use serde::Serialize;

use super::duty::OnCall;

/// How many of its last changes are shown of a service.
const CHANGES: u32 = 10;

/// A service among others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceLine {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What people call it.
    pub title: Option<String>,
    /// What is shown of it.
    pub shown: Shown,
    /// The worst importance among its failing active checks.
    pub status: Status,
    /// Since when. None: it has been passing from the start.
    pub since: Option<Timestamp>,
    /// Who is on it.
    pub acknowledged: Option<Acknowledgement>,
    /// Until when nobody is told of it.
    pub silenced: Option<Silence>,
}

impl ServiceLine {
    /// Its state, as far as people are shown it.
    pub fn state(&self) -> State {
        let mut state = State::default();
        state.status = self.status;
        state.since = self.since;
        state.acknowledged = self.acknowledged.clone();
        state.silenced = self.silenced.clone();
        state
    }
}

/// All that is known of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceDetail {
    /// What is shown in a list.
    #[serde(flatten)]
    pub line: ServiceLine,
    /// Where it is.
    pub url: Option<String>,
    /// What to do when it fails.
    pub runbook: Option<String>,
    /// Its checks, by name.
    pub checks: Vec<CheckLine>,
    /// Who is told of it now.
    pub told: WhoIsTold,
    /// The plugins that tell them.
    pub plugins: Vec<String>,
    /// The last changes of its status, newest first.
    pub changes: Vec<StatusChangeView>,
}

/// A check of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    /// Its short name.
    pub name: String,
    /// How much it matters.
    pub importance: Importance,
    /// How many failures in a row are forgiven.
    pub debounce: u32,
    /// Whether it counts.
    pub active: bool,
    /// Whether it fails: more often in a row than is forgiven.
    pub failing: bool,
    /// How many of its last results, in a row, were failures.
    pub failures: u32,
    /// When the first of these was.
    pub since: Option<Timestamp>,
    /// The last run that gave a result.
    pub run: Option<RunId>,
    /// When that was.
    pub at: Option<Timestamp>,
}

/// Who is told of a service: names of users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WhoIsTold {
    /// Its own people.
    pub users: Vec<String>,
    /// Who is on duty, or stands in for them.
    pub on_duty: Vec<String>,
    /// Names that are to be told and that no active user has.
    pub unknown: Vec<String>,
}

/// These services, the worst first.
///
/// # Errors
/// The database's.
pub async fn list(
    store: &Store,
    services: impl IntoIterator<Item = Arc<Service>>,
    now: Timestamp,
) -> Result<Vec<ServiceLine>, StoreError> {
    let views = store.services().await?.into_iter();
    let mut states: BTreeMap<String, State> = views.map(|view| (view.name, view.state)).collect();
    let services = services.into_iter();
    let mut lines: Vec<ServiceLine> = services
        .map(|service| line(&service, states.remove(&service.name).unwrap_or_default(), now))
        .collect();
    lines.sort_by_key(|line| (badness(line), line.since, line.name.clone()));
    Ok(lines)
}

/// A service with all that is known of it, and who is told while these are `on_call`.
///
/// # Errors
/// The database's.
pub async fn detail(
    store: &Store,
    service: &Service,
    on_call: &OnCall,
    now: Timestamp,
) -> Result<ServiceDetail, StoreError> {
    let views = store.services().await?.into_iter();
    let state = views
        .filter(|view| view.name == service.name)
        .map(|view| view.state)
        .next();
    let known = store.checks(service).await?.into_iter();
    let mut known: BTreeMap<String, CheckState> = known.map(|check| (check.name, check.state)).collect();
    let checks = service.checks.iter();
    let checks = checks.map(|(name, rules)| check(name, rules, known.remove(name).unwrap_or_default()));
    Ok(ServiceDetail {
        line: line(service, state.unwrap_or_default(), now),
        url: service.url.clone(),
        runbook: service.runbook.clone(),
        checks: checks.collect(),
        told: who_is_told(store, service, on_call).await?,
        plugins: service.plugins.iter().map(|plugin| plugin.name.clone()).collect(),
        changes: store.status_changes(&service.name, CHANGES).await?,
    })
}

/// What a state means at `now`: what has lasted its time is over, whether somebody looked at the service since or not.
fn line(service: &Service, mut state: State, now: Timestamp) -> ServiceLine {
    state.acknowledged.take_if(|acknowledged| acknowledged.until <= now);
    state.silenced.take_if(|silence| silence.until <= now);
    ServiceLine {
        name: service.name.clone(),
        namespace: service.namespace.clone(),
        title: service.title.clone(),
        shown: state.shown(&service.rules),
        status: state.status,
        since: state.since,
        acknowledged: state.acknowledged,
        silenced: state.silenced,
    }
}

fn badness(line: &ServiceLine) -> u8 {
    match line.shown {
        Shown::Critical => 0,
        Shown::Error => 1,
        Shown::Warning => 2,
        Shown::Acknowledged => 3,
        Shown::Disabled if line.status.is_failing() => 4,
        Shown::Passing => 5,
        Shown::Disabled => 6,
    }
}

fn check(name: &str, rules: &CheckRules, state: CheckState) -> CheckLine {
    CheckLine {
        name: name.to_owned(),
        importance: rules.importance,
        debounce: rules.debounce,
        active: rules.active,
        failing: rules.active && state.is_failing(rules),
        failures: state.failures,
        since: state.since,
        run: state.run,
        at: state.at,
    }
}

async fn who_is_told(store: &Store, service: &Service, on_call: &OnCall) -> Result<WhoIsTold, StoreError> {
    let people = store.people().await?;
    let fallback = on_call.fallback.as_deref();
    let told = told(&people, &service.users_to_notify, &on_call.officers(), fallback);
    let names = |people: Vec<&Person>| people.into_iter().map(|person| person.name.clone()).collect();
    Ok(WhoIsTold {
        unknown: unknown(&people, service.users_to_notify.iter().chain(&on_call.names())),
        users: names(told.users),
        on_duty: names(told.duty_officers),
    })
}
