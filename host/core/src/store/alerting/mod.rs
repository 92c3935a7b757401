//! Services, their checks, and what was decided to be told of them.
//!
//! ```text
//!   end of a check's run ─┐
//!   something happens ────┼─► service: state, history ─► call: a plugin is to be called ─► settled ─► outbox
//!   time has passed ──────┘
//! ```
//!
//! The state of a service is read, stepped by the rules of [`crate::alert`] and written in one transaction, so that no two
//! events meet, and what was decided is durable with what caused it. `call` keeps a decided alert for each plugin until it
//! gave its deliveries; those go into the outbox in the commit that settles the call.

pub(super) mod call;
pub(super) mod check;
mod data;
mod heartbeat;
pub(super) mod person;
pub(super) mod prune;
pub(super) mod service;

use std::sync::Arc;

pub use data::{
    AcknowledgementView, AlertCall, CallSettled, CheckView, DueCall, DueServices, FieldValue, Look, NewPerson, Noted,
    Person, PersonChange, PersonId, PersonRefused, Prunable, ResultView, ServiceView, StatusChangeView,
};
pub(super) use service::happen;

use rusqlite::Connection;

use super::{Accepted, Cause, Caused, RunEnd, Store, StoreError, asking, job, queue};
use crate::alert::{Event, Heartbeat, Refused, Service};
use crate::clock::Timestamp;
use crate::message::NewDelivery;
use crate::run::RunId;

/// How often in a minute a check may have news by itself: whoever may send messages could page people with each otherwise.
const NEWS: u32 = 6;

/// Alerts.
impl Store {
    /// Ends the run of a check, as [`end`](Self::end) does; keeps its result; and for each of the services that have the
    /// check: their states, the changes of their statuses with the run that caused them, and whom to call. One commit.
    ///
    /// A service is looked at where the check fails in it and did not before, or the other way round: whatever else there is
    /// to say of it comes by the clock, and a service of a thousand checks is not summed up at the end of each.
    ///
    /// A run that was interrupted has no result, and changes nothing of its check; nor has one during which the check was heard
    /// from.
    ///
    /// # Errors
    /// Those of [`end`](Self::end): nothing changed.
    pub async fn end_check(
        &self,
        run: RunId,
        end: RunEnd,
        deliveries: Vec<NewDelivery>,
        services: Vec<Arc<Service>>,
    ) -> Result<Vec<Noted>, StoreError> {
        self.write("end the run of a check", move |c| {
            // What it said itself meanwhile is newer than what the run found.
            if heartbeat::is_newer(c, run)? {
                queue::end(c, run, &end, &deliveries)?;
                return Ok(Vec::new());
            }
            end_check(c, run, &end, &deliveries, services)
        })
        .await
    }

    /// Keeps what a look at a check found that went past the queue, as if its run had begun and ended now: what asked for
    /// it, the request, the run and its end, and all that [`end_check`](Self::end_check) keeps. One commit. What waits or runs
    /// of the same job is left alone.
    ///
    /// # Errors
    /// The database's: nothing was kept.
    pub async fn keep_look(&self, look: Look) -> Result<Vec<Noted>, StoreError> {
        self.write("keep a look at a check", move |c| keep_look(c, look)).await
    }

    /// Keeps that a check was heard from, and what it said of its `failure`; none where all is well. Where that is news, it is
    /// kept as a `look` at it, too. One commit. None: it is no news, or there was so much of it in the last minute that the
    /// clock's next look is to tell.
    ///
    /// # Errors
    /// The database's: nothing was kept, and nothing may be acknowledged.
    pub async fn heard_from(&self, failure: Option<String>, look: Look) -> Result<Option<Vec<Noted>>, StoreError> {
        self.write("keep that a check was heard from", move |c| {
            let job = job::find_or_insert(c, &look.request.namespace, &look.request.job)?.id;
            heartbeat::note(c, job, failure.as_deref(), look.asking.at)?;
            let known = check::state(c, job)?;
            match known {
                Some(known) if known.failed_last() == failure.is_some() => Ok(None),
                _ if check::is_busy(c, job, NEWS, look.asking.at)? => Ok(None),
                _ => keep_look(c, look).map(Some),
            }
        })
        .await
    }

    /// When a check was heard from. Where it never was, it is waited for since this was asked first.
    ///
    /// # Errors
    /// The database's.
    pub async fn heartbeat(&self, namespace: &str, check: &str, now: Timestamp) -> Result<Heartbeat, StoreError> {
        let (namespace, check) = (namespace.to_owned(), check.to_owned());
        self.write("read when a check was heard from", move |c| {
            let job = job::find_or_insert(c, &namespace, &check)?.id;
            Ok(heartbeat::begin(c, job, now)?)
        })
        .await
    }

    /// Goes on with these services where an earlier host, or another configuration, left them: looks at each. All others are
    /// forgotten with what is to be told of them, but for those of namespaces that are `left_out`. Their history stays. A check
    /// that is not active begins anew: what it found before it was switched off says nothing of the day when it is switched on.
    ///
    /// # Errors
    /// The database's: nothing changed.
    pub async fn resume_services(
        &self,
        services: Vec<Arc<Service>>,
        left_out: Vec<String>,
        now: Timestamp,
    ) -> Result<Vec<Noted>, StoreError> {
        self.write("go on with the services", move |c| {
            service::forget_others(c, &services, &left_out)?;
            for service in &services {
                let inactive = service.checks.iter().filter(|(_, rules)| !rules.active);
                for (check, _) in inactive {
                    check::begin_anew(c, &service.namespace, check)?;
                    heartbeat::forget(c, &service.namespace, check)?;
                }
            }
            Ok(service::look(c, &services, None, now)?)
        })
        .await
    }

    /// The first services, by time, that are to be looked at until `now`; and when to ask again.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_services(&self, now: Timestamp, limit: u32) -> Result<DueServices, StoreError> {
        let reading = move |c: &Connection| service::due(c, now, limit);
        self.inner.readers.read("find services to look at", reading).await
    }

    /// Looks at services, because their time has come.
    ///
    /// # Errors
    /// The database's: nothing changed.
    pub async fn look_at_services(
        &self,
        services: Vec<Arc<Service>>,
        now: Timestamp,
    ) -> Result<Vec<Noted>, StoreError> {
        self.write("look at services", move |c| Ok(service::look(c, &services, None, now)?))
            .await
    }

    /// Keeps that something happens to a service: somebody is on it, or is not to be disturbed. `answer` makes the
    /// deliveries that say what became of it; it is called inside the transaction. What people ask for by a command is
    /// [`Cause::Service`].
    ///
    /// # Errors
    /// The database's: nothing changed.
    pub async fn tell_service(
        &self,
        service: Arc<Service>,
        event: Event,
        now: Timestamp,
        answer: impl FnOnce(&Result<Noted, Refused>) -> Vec<NewDelivery> + Send + 'static,
    ) -> Result<Result<Noted, Refused>, StoreError> {
        self.write("change a service", move |c| {
            let noted = happen(c, &service, &event, None, now)?;
            super::outbox::append(c, &answer(&noted), now)?;
            Ok(noted)
        })
        .await
    }

    /// Every service that was looked at, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn services(&self) -> Result<Vec<ServiceView>, StoreError> {
        self.inner.readers.read("list services", service::list).await
    }

    /// The last changes of a service's status, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn status_changes(&self, service: &str, limit: u32) -> Result<Vec<StatusChangeView>, StoreError> {
        let service = service.to_owned();
        let reading = move |c: &Connection| service::changes(c, &service, limit);
        self.inner.readers.read("read the history of a service", reading).await
    }

    /// The last acknowledgements of a service, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn acknowledgements(&self, service: &str, limit: u32) -> Result<Vec<AcknowledgementView>, StoreError> {
        let service = service.to_owned();
        let reading = move |c: &Connection| service::acknowledgements(c, &service, limit);
        self.inner.readers.read("read acknowledgements", reading).await
    }

    /// What is known of the checks of a service, by name; of those that never ran nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn checks(&self, service: &Service) -> Result<Vec<CheckView>, StoreError> {
        let (namespace, rules) = (service.namespace.clone(), service.checks.clone());
        let reading = move |c: &Connection| check::views(c, &namespace, &rules);
        self.inner.readers.read("read the checks of a service", reading).await
    }

    /// The last results of a check, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn results(&self, namespace: &str, check: &str, limit: u32) -> Result<Vec<ResultView>, StoreError> {
        let (namespace, check) = (namespace.to_owned(), check.to_owned());
        let reading = move |c: &Connection| check::results(c, &namespace, &check, limit);
        self.inner.readers.read("read the results of a check", reading).await
    }
}

fn keep_look(c: &Connection, look: Look) -> Result<Vec<Noted>, StoreError> {
    match asking::accept(c, &look.asking, &Cause::Answer, |_| Vec::new())? {
        Accepted::Repeated => Ok(Vec::new()),
        Accepted::New(Caused { asking, .. }) => {
            let run = queue::begin_apart(c, asking, &look.request, look.asking.at)?;
            end_check(c, run, &look.end, &[], look.services)
        }
    }
}

fn end_check(
    c: &Connection,
    run: RunId,
    end: &RunEnd,
    deliveries: &[NewDelivery],
    services: Vec<Arc<Service>>,
) -> Result<Vec<Noted>, StoreError> {
    let job = queue::end(c, run, end, deliveries)?;
    let Some(passed) = crate::alert::result_of(&end.ending) else {
        return Ok(Vec::new());
    };
    let known = check::note(c, job, run, passed, end.at)?;
    let mut touched = Vec::new();
    for service in services {
        if service::is_touched(c, &service, job, &known)? {
            touched.push(service);
        }
    }
    let noted = service::look(c, &touched, Some(run), end.at)?;
    let changed = noted.iter().any(|noted| noted.change.is_some());
    check::keep_result(c, job, run, passed, changed, end.at)?;
    Ok(noted)
}

/// Calls of plugins.
impl Store {
    /// For each plugin and service the first call that is still to be made, and when it is due: one after the other, so that
    /// a recovery is told after the failure. The calls of the others wait for nobody.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_calls(&self) -> Result<Vec<DueCall>, StoreError> {
        self.inner.readers.read("list calls of plugins", call::due).await
    }

    /// One that is still to be made, with all that it says; this attempt is counted. None where it is settled.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_call(&self, id: i64) -> Result<Option<AlertCall>, StoreError> {
        self.write("begin the call of a plugin", move |c| Ok(call::begin(c, id)?))
            .await
    }

    /// Keeps how a call ended, and puts what it gave, or what is to be said about it, into the outbox: one commit. A message
    /// whose id was decided before is that of an incident, and edits it. Whether the call was still to be made; nothing is kept of one that was settled before, or whose service was forgotten.
    ///
    /// # Errors
    /// The database's: nothing changed.
    pub async fn settle_call(
        &self,
        id: i64,
        settled: CallSettled,
        deliveries: Vec<NewDelivery>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write("settle the call of a plugin", move |c| {
            Ok(call::settle(c, id, settled, &deliveries, now)?)
        })
        .await
    }
}

/// What is kept no longer.
impl Store {
    /// Runs of checks that are to be forgotten, at most `limit`, oldest first of each check: those before the last `keep`
    /// of a check that changed no status, and of which nothing is still to be delivered. Their folders are taken away first,
    /// then [`forget_check_runs`](Self::forget_check_runs) is told.
    ///
    /// # Errors
    /// The database's.
    pub async fn prunable_check_runs(&self, keep: u32, limit: u32) -> Result<Vec<Prunable>, StoreError> {
        let reading = move |c: &Connection| prune::prunable(c, keep, limit);
        self.inner.readers.read("find runs of checks to forget", reading).await
    }

    /// Forgets these runs of checks, with their requests, and what asked for nothing else. Those that are kept after all stay.
    /// Says how many are gone.
    ///
    /// # Errors
    /// The database's: nothing changed.
    pub async fn forget_check_runs(&self, runs: Vec<RunId>) -> Result<u64, StoreError> {
        self.write("forget runs of checks", move |c| Ok(prune::forget_runs(c, &runs)?))
            .await
    }

    /// Forgets changes of statuses and ended acknowledgements from before `before`, at most `limit` of each. The runs that
    /// caused them are kept by count from then on. Says how many are gone.
    ///
    /// # Errors
    /// The database's: nothing changed.
    pub async fn forget_history(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.write("forget the history of services", move |c| {
            Ok(prune::forget_history(c, before, limit)?)
        })
        .await
    }
}

/// People.
impl Store {
    /// Makes a user. The first that is `fallback` from now on is the only one.
    ///
    /// # Errors
    /// The database's. What is wrong with the user is in the result.
    pub async fn add_person(&self, new: NewPerson) -> Result<Result<PersonId, PersonRefused>, StoreError> {
        self.write("add a user", move |c| Ok(person::add(c, &new)?)).await
    }

    /// Changes what `change` says, and nothing else.
    ///
    /// # Errors
    /// The database's. What is wrong with the change is in the result.
    pub async fn change_person(
        &self,
        id: PersonId,
        change: PersonChange,
    ) -> Result<Result<(), PersonRefused>, StoreError> {
        self.write("change a user", move |c| Ok(person::change_person(c, id, &change)?))
            .await
    }

    /// Forgets a user and what they filled in. Whether there was one.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_person(&self, id: PersonId) -> Result<bool, StoreError> {
        self.write("remove a user", move |c| Ok(person::remove(c, id)?)).await
    }

    /// Every user, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.inner.readers.read("list users", person::list).await
    }

    /// The user of this name, whatever its case.
    ///
    /// # Errors
    /// The database's.
    pub async fn person_named(&self, name: &str) -> Result<Option<Person>, StoreError> {
        let name = name.to_owned();
        let reading = move |c: &Connection| person::named(c, &name);
        self.inner.readers.read("find a user", reading).await
    }

    /// The user with this Slack id.
    ///
    /// # Errors
    /// The database's.
    pub async fn person_in_slack(&self, id: &str) -> Result<Option<Person>, StoreError> {
        let id = id.to_owned();
        let reading = move |c: &Connection| person::in_slack(c, &id);
        self.inner.readers.read("find a user", reading).await
    }

    /// Keeps what a user filled in for a plugin: `Some` sets a field, `None` empties it. Other fields stay.
    ///
    /// # Errors
    /// The database's. That there is no such user is in the result.
    pub async fn set_fields(
        &self,
        id: PersonId,
        plugin: &str,
        fields: Vec<(String, Option<FieldValue>)>,
    ) -> Result<Result<(), PersonRefused>, StoreError> {
        let plugin = plugin.to_owned();
        self.write("keep what a user filled in", move |c| {
            Ok(person::set_fields(c, id, &plugin, &fields)?)
        })
        .await
    }

    /// What a user filled in for a plugin, by field.
    ///
    /// # Errors
    /// The database's.
    pub async fn fields(&self, id: PersonId, plugin: &str) -> Result<Vec<(String, FieldValue)>, StoreError> {
        let plugin = plugin.to_owned();
        let reading = move |c: &Connection| person::fields(c, id, &plugin);
        self.inner.readers.read("read what a user filled in", reading).await
    }
}
