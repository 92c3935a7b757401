//! What was asked: a function an operation, and below them a function a statement.

use rusqlite::{Connection, Result as Sql, Row};

use super::column::Json;
use super::data::{Accepted, Cancel, Cause, Caused};
use super::error::StoreError;
use super::statement::{all, change, maybe};
use super::{alerting, outbox, queue, suppression};
use crate::clock::Timestamp;
use crate::message::NewDelivery;
use crate::queue::AskingState;
use crate::request::{Asking, AskingId, NewAsking, RequestId};

/// Keeps an asking and all that it causes, unless it is a repetition.
pub(super) fn accept(
    c: &Connection,
    asking: &NewAsking,
    cause: &Cause,
    answer: impl FnOnce(&Caused) -> Vec<NewDelivery>,
) -> Result<Accepted, StoreError> {
    let state = state_after(cause);
    let id = match insert_asking(c, asking, state)? {
        None if asking.edit => edit_asking(c, asking, state)?,
        inserted => inserted,
    };
    match id {
        None => Ok(Accepted::Repeated),
        Some(id) => carry_out(c, id, cause, asking.at, answer),
    }
}

/// Does for an undecided asking what `accept` would have done. One that is decided stays as it is.
pub(super) fn decide(
    c: &Connection,
    asking: AskingId,
    cause: &Cause,
    now: Timestamp,
    answer: impl FnOnce(&Caused) -> Vec<NewDelivery>,
) -> Result<Accepted, StoreError> {
    match asking_state(c, asking)? {
        None => Err(StoreError::UnknownAsking(asking)),
        Some(AskingState::Undecided) => {
            set_asking_state(c, asking, state_after(cause))?;
            carry_out(c, asking, cause, now, answer)
        }
        Some(AskingState::Answered | AskingState::Acted) => Ok(Accepted::Repeated),
    }
}

/// The state of an asking with this cause, as far as it is known before the cause is carried out.
fn state_after(cause: &Cause) -> AskingState {
    match cause {
        Cause::Requests(requests) if requests.is_empty() => AskingState::Answered,
        Cause::Requests(_) => AskingState::Acted,
        Cause::Suppress { .. } => AskingState::Acted,
        Cause::CancelJob { .. }
        | Cause::CancelRequest(_)
        | Cause::LiftSuppressions { .. }
        | Cause::Service { .. }
        | Cause::Answer => AskingState::Answered,
        Cause::Undecided => AskingState::Undecided,
    }
}

fn carry_out(
    c: &Connection,
    asking: AskingId,
    cause: &Cause,
    now: Timestamp,
    answer: impl FnOnce(&Caused) -> Vec<NewDelivery>,
) -> Result<Accepted, StoreError> {
    let mut caused = Caused {
        asking,
        requests: Vec::new(),
        cancelled: Vec::new(),
        lifted: 0,
        service: None,
    };
    match cause {
        Cause::Requests(requests) => {
            for request in requests {
                caused.requests.push(queue::enqueue(c, asking, request, now)?);
            }
        }
        Cause::CancelJob { namespace, job } => caused.cancelled = queue::cancel_job(c, namespace, job, now)?,
        Cause::CancelRequest(request) => {
            if matches!(queue::cancel(c, *request, now)?, Cancel::Cancelled { .. }) {
                caused.cancelled.push(*request);
            }
        }
        Cause::Suppress { namespace, job, span } => {
            suppression::suppress(c, asking, (namespace.as_str(), job.as_str()), span, now)?;
        }
        Cause::LiftSuppressions { namespace, job } => caused.lifted = suppression::lift(c, namespace, job, now)?,
        Cause::Service { service, event } => {
            caused.service = Some(Box::new(alerting::happen(c, service, event, None, now)?));
        }
        Cause::Answer | Cause::Undecided => {}
    }
    let happened = caused.service.as_ref().is_some_and(|service| service.is_ok());
    if !caused.cancelled.is_empty() || caused.lifted > 0 || happened {
        set_asking_state(c, asking, AskingState::Acted)?;
    }
    outbox::append(c, &answer(&caused), now)?;
    Ok(Accepted::New(caused))
}

fn insert_asking(c: &Connection, new: &NewAsking, state: AskingState) -> Sql<Option<AskingId>> {
    maybe(
        c,
        "INSERT INTO asking (dedupe_key, trigger, state, at, origin, said) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (dedupe_key) DO NOTHING RETURNING id",
        (
            &new.key,
            new.origin.trigger().as_str(),
            state,
            new.at,
            Json(&new.origin),
            &new.text,
        ),
        |row| row.get(0),
    )
}

/// Replaces what was said, unless it has acted, or is the same: one edit arrives as two events and may be sent again.
fn edit_asking(c: &Connection, new: &NewAsking, state: AskingState) -> Sql<Option<AskingId>> {
    let earlier: Option<(AskingId, AskingState)> = maybe(
        c,
        "SELECT id, state FROM asking WHERE dedupe_key = ?1 AND said IS NOT ?2",
        (&new.key, &new.text),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((id, _)) = earlier.filter(|(_, state)| state.may_be_edited()) else {
        return Ok(None);
    };
    change(
        c,
        "UPDATE asking SET state = ?2, at = ?3, origin = ?4, said = ?5 WHERE id = ?1",
        (id, state, new.at, Json(&new.origin), &new.text),
    )?;
    Ok(Some(id))
}

fn asking_state(c: &Connection, asking: AskingId) -> Sql<Option<AskingState>> {
    maybe(c, "SELECT state FROM asking WHERE id = ?1", [asking], |row| row.get(0))
}

fn set_asking_state(c: &Connection, asking: AskingId, state: AskingState) -> Sql<usize> {
    change(c, "UPDATE asking SET state = ?2 WHERE id = ?1", (asking, state))
}

/// Every asking that is not decided, oldest first.
pub(super) fn undecided(c: &Connection) -> Sql<Vec<Asking>> {
    all(
        c,
        "SELECT id, origin, said, at FROM asking WHERE state = 'undecided' ORDER BY id",
        [],
        read_asking,
    )
}

/// Everybody who asked for a request, oldest first.
pub(super) fn askings_of(c: &Connection, request: RequestId) -> Sql<Vec<Asking>> {
    all(
        c,
        "SELECT asking.id, origin, said, at FROM asking_request JOIN asking ON asking.id = asking_request.asking
         WHERE request = ?1 ORDER BY asking_request.asking",
        [request],
        read_asking,
    )
}

fn read_asking(row: &Row<'_>) -> Sql<Asking> {
    Ok(Asking {
        id: row.get(0)?,
        origin: row.get::<_, Json<_>>(1)?.0,
        text: row.get(2)?,
        at: row.get(3)?,
    })
}

pub(super) fn link(c: &Connection, request: RequestId, asking: AskingId) -> Sql<usize> {
    change(
        c,
        "INSERT INTO asking_request (request, asking) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        (request, asking),
    )
}

/// Takes the keys of old webhooks and starts by the clock away, a batch of them. Says how many.
pub(super) fn forget(c: &Connection, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
    let forgotten = change(c, FORGET, (before, batch))?;
    Ok(forgotten as u64)
}

pub(super) const FORGET: &str = "UPDATE asking SET dedupe_key = NULL WHERE id IN (
        SELECT id FROM asking INDEXED BY asking_old_key
        WHERE trigger IN ('github', 'hook', 'schedule') AND dedupe_key IS NOT NULL AND at < ?1 ORDER BY at LIMIT ?2)";

/// Keeps what nobody could read.
pub(super) fn keep_unreadable(
    c: &Connection,
    source: &str,
    body: &str,
    why: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    change(
        c,
        "INSERT INTO unreadable (source, at, why, body) VALUES (?1, ?2, ?3, ?4)",
        (source, at, why, body),
    )?;
    Ok(())
}
