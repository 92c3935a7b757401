//! Requests and runs: a function an operation, and below them a function a statement.

use rusqlite::{Connection, Result as Sql, Row};
use sha2::{Digest, Sha256};

use super::asking::{askings_of, link};
use super::column::{Json, Micros, Whole};
use super::data::{Cancel, Claim, ClaimOne, Queued, RunEnd};
use super::error::StoreError;
use super::statement::{all, change, maybe, one};
use super::{job, outbox, progress, suppression};
use crate::clock::Timestamp;
use crate::message::NewDelivery;
use crate::queue::{RequestMove, RequestState};
use crate::report::status::{self, About};
use crate::request::{AskingId, Bytes, NewRequest, RequestId};
use crate::run::{Run, RunId};

/// Makes a request, or joins the one of the same job and arguments that is pending.
pub(super) fn enqueue(c: &Connection, asking: AskingId, new: &NewRequest, now: Timestamp) -> Sql<Queued> {
    let arguments = written(new)?;
    let hash = hash_of(&arguments, new.payload.as_ref());
    let job = job::find_or_insert(c, &new.namespace, &new.job)?;
    let (id, joined) = match move_due(c, job.id, &hash, new.due)? {
        Some(id) => (id, true),
        None => {
            let id = insert_request(c, job.id, RequestState::Pending, new.due, now, &hash, &arguments)?;
            if let Some(payload) = &new.payload {
                insert_payload(c, id, payload)?;
            }
            (id, false)
        }
    };
    link(c, id, asking)?;
    match job.first {
        Some((_, first)) if first == id => job::refresh_first(c, job.id, id)?,
        Some(first) if first <= (new.due, id) => {}
        _ => job::set_first(c, job.id, new.due, id)?,
    }
    Ok(Queued {
        id,
        joined,
        due: new.due,
        busy: job.running,
        suppressed: suppression::until(c, job.id, new.due.max(now))?,
    })
}

/// What requests are the same by: the arguments, and what the job is given besides. A payload that waits is not thrown away
/// for another one.
fn hash_of(arguments: &str, payload: Option<&Bytes>) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(arguments);
    if let Some(payload) = payload {
        // No JSON ends with it.
        hash.update([0]);
        hash.update(payload);
    }
    hash.finalize().into()
}

/// Takes the first request that may start, if it is due, and marks it as running.
pub(super) fn claim(c: &Connection, now: Timestamp, crowded: &[String]) -> Result<Claim, StoreError> {
    let mut first = job::startable(c, now, crowded)?;
    let mut run = None;
    if let Some(due) = first.take_if(|first| first.due <= now) {
        run = Some(start(c, due.job, due.request, now)?);
        first = job::startable(c, now, crowded)?;
    }
    let due = first.map(|first| first.due);
    let released = suppression::first_release(c, now)?;
    let next_due = due.into_iter().chain(released).min();
    Ok(Claim { run, next_due })
}

/// Takes this request, if it may start.
pub(super) fn claim_request(c: &Connection, request: RequestId, now: Timestamp) -> Result<ClaimOne, StoreError> {
    let Some(found) = place_of(c, request)? else {
        return Ok(ClaimOne::Unknown);
    };
    if found.state != RequestMove::Start.from() {
        return Ok(ClaimOne::Gone(found.state));
    }
    if let Some(run) = found.running {
        return Ok(ClaimOne::Busy(run));
    }
    if found.due > now {
        return Ok(ClaimOne::NotYet(found.due));
    }
    if let Some(end) = suppression::until(c, found.job, now)? {
        return Ok(ClaimOne::NotYet(end));
    }
    let run = start(c, found.job, request, now)?;
    Ok(ClaimOne::Started(Box::new(run)))
}

/// Begins a run past the queue, of a request of its own: what waits or runs of the job is left alone. Whoever begins it ends
/// it in the same transaction.
pub(super) fn begin_apart(c: &Connection, asking: AskingId, new: &NewRequest, now: Timestamp) -> Sql<RunId> {
    let arguments = written(new)?;
    let hash = hash_of(&arguments, new.payload.as_ref());
    let job = job::find_or_insert(c, &new.namespace, &new.job)?.id;
    let request = insert_request(c, job, RequestState::Running, new.due, now, &hash, &arguments)?;
    link(c, request, asking)?;
    insert_run(c, request, job, now)
}

/// The arguments of a request, as they are kept.
fn written(new: &NewRequest) -> Sql<String> {
    serde_json::to_string(&new.arguments).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn start(c: &Connection, job: i64, request: RequestId, now: Timestamp) -> Sql<Run> {
    move_request(c, request, RequestMove::Start, None)?;
    let run = insert_run(c, request, job, now)?;
    job::occupy(c, job, run)?;
    let run = one(c, &format!("{RUN} WHERE run.id = ?1"), [run], read_run(c))?;
    let payload = payload_of(c, request)?;
    Ok(Run { payload, ..run })
}

/// Ends a run and its request, frees the job, and puts the report into the outbox. Says which job it was.
pub(super) fn end(c: &Connection, run: RunId, end: &RunEnd, deliveries: &[NewDelivery]) -> Result<i64, StoreError> {
    let Some((request, job)) = end_run(c, run, end)? else {
        return Err(match exists_run(c, run)? {
            true => StoreError::RunEnded(run),
            false => StoreError::UnknownRun(run),
        });
    };
    move_request(c, request, RequestMove::End, Some(end.at))?;
    forget_payload(c, request)?;
    job::free(c, job, run)?;
    // The report first: it does not wait behind an edit.
    outbox::append(c, deliveries, end.at)?;
    progress::finish(c, run, end.shown.as_ref(), end.at)?;
    Ok(job)
}

/// Every run that is marked as running.
pub(super) fn running(c: &Connection) -> Sql<Vec<Run>> {
    all(
        c,
        &format!("{RUN} WHERE run.id IN (SELECT running FROM job WHERE running IS NOT NULL) ORDER BY run.id"),
        [],
        read_run(c),
    )
}

/// Cancels one request, if it is pending.
pub(super) fn cancel(c: &Connection, request: RequestId, now: Timestamp) -> Result<Cancel, StoreError> {
    let Some(found) = place_of(c, request)? else {
        return Ok(Cancel::Unknown);
    };
    Ok(match found.state {
        RequestState::Pending => {
            move_request(c, request, RequestMove::Cancel, Some(now))?;
            forget_payload(c, request)?;
            job::refresh_first(c, found.job, request)?;
            let (namespace, job) = job::name_of(c, found.job)?;
            tell_cancelled(c, (&namespace, &job), request, now)?;
            Cancel::Cancelled { namespace, job }
        }
        // A request runs exactly as long as its job's row names its run.
        RequestState::Running => found.running.map_or(Cancel::Ended, |run| Cancel::Running { run }),
        RequestState::Ended | RequestState::Cancelled => Cancel::Ended,
    })
}

/// Cancels every pending request of a job. Says which.
pub(super) fn cancel_job(c: &Connection, namespace: &str, name: &str, now: Timestamp) -> Sql<Vec<RequestId>> {
    let Some(job) = job::find(c, namespace, name)? else {
        return Ok(Vec::new());
    };
    let cancelled = all(c, CANCEL_JOB, (job.id, RequestMove::Cancel.to(), now), |row| row.get(0))?;
    for request in &cancelled {
        forget_payload(c, *request)?;
        tell_cancelled(c, (namespace, name), *request, now)?;
    }
    job::clear_first(c, job.id)?;
    Ok(cancelled)
}

/// A commit whose status says that something waits hears that it does not any more.
fn tell_cancelled(c: &Connection, (namespace, job): (&str, &str), request: RequestId, now: Timestamp) -> Sql<()> {
    let askings = askings_of(c, request)?;
    let arguments = one(c, "SELECT arguments FROM request WHERE id = ?1", [request], |row| {
        row.get::<_, Json<_>>(0)
    })?;
    let about = About {
        namespace,
        job,
        arguments: &arguments.0,
    };
    outbox::append(c, &status::cancelled(about, request, &askings), now)
}

pub(super) const CANCEL_JOB: &str = "UPDATE request INDEXED BY request_pending_due SET state = ?2, ended_at = ?3
     WHERE job = ?1 AND state = 'pending' RETURNING id";

/// Moves the due time of the pending request of this job with these arguments, where there is one.
fn move_due(c: &Connection, job: i64, arguments_hash: &[u8; 32], due: Timestamp) -> Sql<Option<RequestId>> {
    maybe(c, MOVE_DUE, (job, arguments_hash, due), |row| row.get(0))
}

pub(super) const MOVE_DUE: &str = "UPDATE request INDEXED BY request_pending_once SET due_at = ?3
     WHERE job = ?1 AND arguments_hash = ?2 AND state = 'pending' RETURNING id";

fn insert_request(
    c: &Connection,
    job: i64,
    state: RequestState,
    due: Timestamp,
    now: Timestamp,
    arguments_hash: &[u8; 32],
    arguments: &str,
) -> Sql<RequestId> {
    one(
        c,
        "INSERT INTO request (job, state, due_at, created_at, arguments_hash, arguments)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        (job, state, due, now, arguments_hash, arguments),
        |row| row.get(0),
    )
}

fn insert_payload(c: &Connection, request: RequestId, payload: &Bytes) -> Sql<usize> {
    change(
        c,
        "INSERT INTO payload (request, body) VALUES (?1, ?2)",
        (request, &payload[..]),
    )
}

fn payload_of(c: &Connection, request: RequestId) -> Sql<Option<Bytes>> {
    maybe(c, "SELECT body FROM payload WHERE request = ?1", [request], |row| {
        Ok(Bytes::from(row.get_ref(0)?.as_blob()?))
    })
}

fn forget_payload(c: &Connection, request: RequestId) -> Sql<usize> {
    change(c, "DELETE FROM payload WHERE request = ?1", [request])
}

/// Makes a move. A request that is not in the state that the move starts from is an error: callers look first.
fn move_request(c: &Connection, request: RequestId, step: RequestMove, ended: Option<Timestamp>) -> Sql<()> {
    let moved = change(
        c,
        "UPDATE request SET state = ?2, ended_at = ?3 WHERE id = ?1 AND state = ?4",
        (request, step.to(), ended, step.from()),
    )?;
    match moved {
        1 => Ok(()),
        other => Err(rusqlite::Error::StatementChangedRows(other)),
    }
}

struct Place {
    state: RequestState,
    due: Timestamp,
    job: i64,
    running: Option<RunId>,
}

fn place_of(c: &Connection, request: RequestId) -> Sql<Option<Place>> {
    maybe(
        c,
        "SELECT state, due_at, job.id, running FROM request JOIN job ON job.id = request.job WHERE request.id = ?1",
        [request],
        |row| {
            Ok(Place {
                state: row.get(0)?,
                due: row.get(1)?,
                job: row.get(2)?,
                running: row.get(3)?,
            })
        },
    )
}

fn insert_run(c: &Connection, request: RequestId, job: i64, now: Timestamp) -> Sql<RunId> {
    one(
        c,
        "INSERT INTO run (request, job, started_at) VALUES (?1, ?2, ?3) RETURNING id",
        (request, job, now),
        |row| row.get(0),
    )
}

const RUN: &str = "SELECT run.id, request.id, namespace, name, arguments, started_at
     FROM run JOIN request ON request.id = run.request JOIN job ON job.id = run.job";

/// A run without its payload, which may be large and is only for the run itself.
fn read_run(c: &Connection) -> impl Fn(&Row<'_>) -> Sql<Run> + '_ {
    |row| {
        let request = row.get(1)?;
        Ok(Run {
            id: row.get(0)?,
            request,
            namespace: row.get(2)?,
            job: row.get(3)?,
            arguments: row.get::<_, Json<_>>(4)?.0,
            started: row.get(5)?,
            askings: askings_of(c, request)?,
            payload: None,
        })
    }
}

fn end_run(c: &Connection, run: RunId, end: &RunEnd) -> Sql<Option<(RequestId, i64)>> {
    maybe(
        c,
        "UPDATE run SET ended_at = ?2, duration = ?3, stdout_kept = ?4, stdout_lost = ?5, stderr_kept = ?6,
             stderr_lost = ?7, log_folder = ?8, ending = ?9
         WHERE id = ?1 AND ended_at IS NULL RETURNING request, job",
        (
            run,
            end.at,
            Micros(end.duration),
            Whole(end.stdout.kept),
            Whole(end.stdout.lost),
            Whole(end.stderr.kept),
            Whole(end.stderr.lost),
            &end.log_folder,
            Json(&end.ending),
        ),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn exists_run(c: &Connection, run: RunId) -> Sql<bool> {
    one(c, "SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1)", [run], |row| {
        row.get(0)
    })
}
