//! Services: a function an operation, and below them a function a statement.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, Result as Sql};

use super::super::column::Json;
use super::super::statement::{all, change, maybe};
use super::data::{AcknowledgementView, DueServices, NewCall, Noted, ServiceView, StatusChangeView};
use super::{call, check};
use crate::alert::{Acknowledgement, Alert, CheckState, Event, Refused, Service, State, status_of};
use crate::clock::Timestamp;
use crate::run::RunId;

/// Looks at what is known of the checks of these services, and at the time.
pub(super) fn look(c: &Connection, services: &[Arc<Service>], run: Option<RunId>, now: Timestamp) -> Sql<Vec<Noted>> {
    let mut noted = Vec::with_capacity(services.len());
    for service in services {
        let known = check::known(c, &service.namespace, &service.checks)?;
        let event = Event::Status(status_of(&service.checks, &known));
        // A status is refused by no rule.
        noted.extend(happen(c, service, &event, run, now)?);
    }
    Ok(noted)
}

/// Whether a result of the check that is this job can change a service: `known` is what was known before it, and since.
pub(super) fn is_touched(c: &Connection, service: &Service, job: i64, known: &[CheckState; 2]) -> Sql<bool> {
    let name: Option<String> = maybe(c, "SELECT name FROM job WHERE id = ?1", [job], |row| row.get(0))?;
    let rules = name.and_then(|name| service.checks.get(&name));
    let [before, after] = known;
    let turns = rules.is_some_and(|rules| before.is_failing(rules) != after.is_failing(rules));
    Ok(turns || state_of(c, &service.name)?.is_none())
}

/// Lets something happen to a service, and keeps what comes of it.
pub(in super::super) fn happen(
    c: &Connection,
    service: &Service,
    event: &Event,
    run: Option<RunId>,
    now: Timestamp,
) -> Sql<Result<Noted, Refused>> {
    let before = state_of(c, &service.name)?;
    let known = before.as_ref();
    let state = known.map_or_else(State::default, |(state, _)| state.clone());
    let step = match state.step(&service.rules, event, now) {
        Ok(step) => step,
        Err(refused) => return Ok(Err(refused)),
    };
    if known.is_none_or(|(state, next)| (state, next) != (&step.state, &step.next)) {
        set_state(c, service, &step.state, step.next)?;
    }
    if let Some(changed) = step.change {
        change(
            c,
            "INSERT INTO status_change (service, at, old, new, run) VALUES (?1, ?2, ?3, ?4, ?5)",
            (&service.name, now, changed.from, changed.to, run),
        )?;
    }
    note_acknowledgement(c, &service.name, [&state, &step.state], event, now)?;
    let mut calls = 0;
    for alert in &step.alerts {
        calls += order_calls(c, service, alert)?;
    }
    Ok(Ok(Noted {
        service: service.name.clone(),
        state: step.state,
        change: step.change,
        alerts: step.alerts,
        calls,
        next: step.next,
    }))
}

/// A call of each plugin that the alert goes to.
fn order_calls(c: &Connection, service: &Service, alert: &Alert) -> Sql<usize> {
    let to = service.plugins.iter();
    let to = to.filter(|plugin| alert.to.includes(plugin.wants_updates));
    let mut calls = 0;
    for plugin in to {
        let (plugin, kind) = (plugin.name.as_str(), alert.kind);
        let service = service.name.as_str();
        let new = NewCall {
            plugin,
            service,
            kind,
            alert,
        };
        call::order(c, &new)?;
        calls += 1;
    }
    Ok(calls)
}

/// Keeps who acknowledged a service, from when to when.
fn note_acknowledgement(
    c: &Connection,
    service: &str,
    [before, after]: [&State; 2],
    event: &Event,
    now: Timestamp,
) -> Sql<()> {
    let goes_on = |acknowledged: &Acknowledgement| after.acknowledged.as_ref() == Some(acknowledged);
    if before.acknowledged.as_ref().is_some_and(|earlier| !goes_on(earlier)) {
        let by = match event {
            Event::Withdraw { by } => Some(by),
            _ => None,
        };
        change(
            c,
            "UPDATE acknowledgement INDEXED BY acknowledgement_once SET ended_at = ?2, ended_by = ?3
             WHERE service = ?1 AND ended_at IS NULL",
            (service, now, by),
        )?;
    }
    if let Some(made) = &after.acknowledged
        && before.acknowledged.as_ref() != Some(made)
    {
        change(
            c,
            "INSERT INTO acknowledgement (service, at, until, made_by) VALUES (?1, ?2, ?3, ?4)",
            (service, made.at, made.until, &made.by),
        )?;
    }
    Ok(())
}

/// Forgets services that are no more, and what is still to be told of them.
pub(super) fn forget_others(c: &Connection, services: &[Arc<Service>], left_out: &[String]) -> Sql<()> {
    let names: HashSet<&str> = services.iter().map(|service| service.name.as_str()).collect();
    let kept: Vec<(String, String)> = all(c, "SELECT name, namespace FROM service", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    for (name, namespace) in kept {
        if !names.contains(name.as_str()) && !left_out.contains(&namespace) {
            change(c, "DELETE FROM service WHERE name = ?1", [&name])?;
            change(
                c,
                "UPDATE acknowledgement INDEXED BY acknowledgement_once SET ended_at = at
                 WHERE service = ?1 AND ended_at IS NULL",
                [&name],
            )?;
            call::forget(c, &name)?;
        }
    }
    Ok(())
}

/// The services to look at, and when the next is due.
pub(super) fn due(c: &Connection, now: Timestamp, limit: u32) -> Sql<DueServices> {
    let names: Vec<String> = all(c, DUE, (now, limit), |row| row.get(0))?;
    let next = maybe(c, NEXT, [i64::try_from(names.len()).unwrap_or(i64::MAX)], |row| {
        row.get(0)
    })?;
    Ok(DueServices { names, next })
}

pub(in super::super) const DUE: &str = "SELECT name FROM service INDEXED BY service_next
     WHERE next_at IS NOT NULL AND next_at <= ?1 ORDER BY next_at, name LIMIT ?2";

pub(in super::super) const NEXT: &str = "SELECT next_at FROM service INDEXED BY service_next
     WHERE next_at IS NOT NULL ORDER BY next_at, name LIMIT 1 OFFSET ?1";

pub(super) fn list(c: &Connection) -> Sql<Vec<ServiceView>> {
    all(
        c,
        "SELECT name, namespace, next_at, state FROM service ORDER BY name",
        [],
        |row| {
            Ok(ServiceView {
                name: row.get(0)?,
                namespace: row.get(1)?,
                next: row.get(2)?,
                state: row.get::<_, Json<_>>(3)?.0,
            })
        },
    )
}

pub(super) fn changes(c: &Connection, service: &str, limit: u32) -> Sql<Vec<StatusChangeView>> {
    all(c, CHANGES, (service, limit), |row| {
        Ok(StatusChangeView {
            at: row.get(0)?,
            old: row.get(1)?,
            new: row.get(2)?,
            run: row.get(3)?,
        })
    })
}

pub(in super::super) const CHANGES: &str = "SELECT at, old, new, run
     FROM status_change INDEXED BY status_change_of_service WHERE service = ?1 ORDER BY id DESC LIMIT ?2";

pub(super) fn acknowledgements(c: &Connection, service: &str, limit: u32) -> Sql<Vec<AcknowledgementView>> {
    all(c, ACKNOWLEDGEMENTS, (service, limit), |row| {
        Ok(AcknowledgementView {
            by: row.get(0)?,
            at: row.get(1)?,
            until: row.get(2)?,
            ended: row.get(3)?,
            ended_by: row.get(4)?,
        })
    })
}

pub(in super::super) const ACKNOWLEDGEMENTS: &str = "SELECT made_by, at, until, ended_at, ended_by
     FROM acknowledgement INDEXED BY acknowledgement_of_service WHERE service = ?1 ORDER BY id DESC LIMIT ?2";

/// What it is, and when to look again.
fn state_of(c: &Connection, service: &str) -> Sql<Option<(State, Option<Timestamp>)>> {
    maybe(
        c,
        "SELECT state, next_at FROM service WHERE name = ?1",
        [service],
        |row| Ok((row.get::<_, Json<_>>(0)?.0, row.get(1)?)),
    )
}

fn set_state(c: &Connection, service: &Service, state: &State, next: Option<Timestamp>) -> Sql<()> {
    change(
        c,
        "INSERT INTO service (name, namespace, next_at, state) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET namespace = ?2, next_at = ?3, state = ?4",
        (&service.name, &service.namespace, next, Json(state)),
    )?;
    Ok(())
}
