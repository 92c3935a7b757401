//! What `status`, `logs` and the API show: a function a question. Nothing here changes anything.

use rusqlite::{Connection, Result as Sql, Row};

use super::asking::askings_of;
use super::column::{Json, Micros, Whole};
use super::data::Written;
use super::statement::{all, maybe, one};
use super::suppression;
use super::view::{AskingView, OutboxView, PENDING_SHOWN, PendingView, RequestView, RunEndView, RunView, StatusView};
use crate::clock::Timestamp;
use crate::request::RequestId;
use crate::run::RunId;

pub(super) fn status(c: &Connection, at: Timestamp) -> Sql<StatusView> {
    Ok(StatusView {
        at,
        running: running(c)?,
        pending: pending(c)?,
        pending_count: count(c, PENDING_COUNT)?,
        suppressions: suppression::list(c, None, at)?,
        outbox: outbox(c)?,
        undecided: count(c, "SELECT count(*) FROM asking WHERE state = 'undecided'")?,
    })
}

pub(super) const PENDING_COUNT: &str = "SELECT count(*) FROM request WHERE state = 'pending'";

fn count(c: &Connection, sql: &str) -> Sql<u64> {
    one(c, sql, [], |row| row.get(0)).map(|Whole(count)| count)
}

fn running(c: &Connection) -> Sql<Vec<RunView>> {
    all(
        c,
        &format!("{RUN} WHERE run.id IN (SELECT running FROM job WHERE running IS NOT NULL) ORDER BY run.id"),
        [],
        read_run,
    )
}

fn pending(c: &Connection) -> Sql<Vec<PendingView>> {
    all(c, PENDING, [PENDING_SHOWN], |row| {
        Ok(PendingView {
            id: row.get(0)?,
            namespace: row.get(1)?,
            job: row.get(2)?,
            arguments: row.get::<_, Json<_>>(3)?.0,
            due: row.get(4)?,
            busy: row.get(5)?,
        })
    })
}

/// The first few of each job, and of those the first few: no request further back is looked at.
pub(super) const PENDING: &str = "SELECT request.id, namespace, name, arguments, due_at, running
     FROM job CROSS JOIN request ON request.id IN (
         SELECT first.id FROM request AS first INDEXED BY request_pending_due
         WHERE first.job = job.id AND first.state = 'pending' ORDER BY first.due_at, first.id LIMIT ?1)
     WHERE next_due IS NOT NULL ORDER BY due_at, request.id LIMIT ?1";

fn outbox(c: &Connection) -> Sql<OutboxView> {
    let (unsettled, oldest) = one(
        c,
        "SELECT count(*), min(created_at) FROM delivery WHERE settled_at IS NULL",
        [],
        |row| Ok((row.get::<_, Whole>(0)?.0, row.get(1)?)),
    )?;
    let oldest_error = maybe(
        c,
        "SELECT last_error FROM delivery INDEXED BY delivery_unsettled
         WHERE settled_at IS NULL AND last_error IS NOT NULL ORDER BY seq LIMIT 1",
        [],
        |row| row.get(0),
    )?;
    Ok(OutboxView {
        unsettled,
        oldest,
        oldest_error,
    })
}

const RUN: &str = "SELECT run.id, request.id, namespace, name, arguments, started_at, run.ended_at, ending, duration,
         stdout_kept, stdout_lost, stderr_kept, stderr_lost, log_folder
     FROM run JOIN request ON request.id = run.request JOIN job ON job.id = run.job";

fn read_run(row: &Row<'_>) -> Sql<RunView> {
    Ok(RunView {
        id: row.get(0)?,
        request: row.get(1)?,
        namespace: row.get(2)?,
        job: row.get(3)?,
        arguments: row.get::<_, Json<_>>(4)?.0,
        started: row.get(5)?,
        end: read_end(row)?,
    })
}

fn read_end(row: &Row<'_>) -> Sql<Option<RunEndView>> {
    let Some(ended) = row.get(6)? else { return Ok(None) };
    let bytes = |column| row.get::<_, Whole>(column).map(|Whole(bytes)| bytes);
    Ok(Some(RunEndView {
        ended,
        ending: row.get::<_, Json<_>>(7)?.0,
        duration_seconds: row.get::<_, Micros>(8)?.0.as_secs_f64(),
        stdout: Written {
            kept: bytes(9)?,
            lost: bytes(10)?,
        },
        stderr: Written {
            kept: bytes(11)?,
            lost: bytes(12)?,
        },
        log_folder: row.get(13)?,
    }))
}

pub(super) fn run(c: &Connection, run: RunId) -> Sql<Option<RunView>> {
    maybe(c, &format!("{RUN} WHERE run.id = ?1"), [run], read_run)
}

pub(super) fn runs_of_request(c: &Connection, request: RequestId) -> Sql<Vec<RunView>> {
    all(
        c,
        &format!("{RUN} WHERE run.request = ?1 ORDER BY run.id"),
        [request],
        read_run,
    )
}

pub(super) fn recent_runs(c: &Connection, limit: u32) -> Sql<Vec<RunView>> {
    all(c, &format!("{RUN} ORDER BY run.id DESC LIMIT ?1"), [limit], read_run)
}

pub(super) fn request(c: &Connection, request: RequestId) -> Sql<Option<RequestView>> {
    maybe(
        c,
        "SELECT request.id, namespace, name, arguments, state, due_at, created_at, ended_at
         FROM request JOIN job ON job.id = request.job WHERE request.id = ?1",
        [request],
        |row| {
            Ok(RequestView {
                id: row.get(0)?,
                namespace: row.get(1)?,
                job: row.get(2)?,
                arguments: row.get::<_, Json<_>>(3)?.0,
                state: row.get(4)?,
                due: row.get(5)?,
                created: row.get(6)?,
                ended: row.get(7)?,
                askings: askings_of(c, request)?.into_iter().map(AskingView::from).collect(),
                runs: run_ids(c, request)?,
            })
        },
    )
}

fn run_ids(c: &Connection, request: RequestId) -> Sql<Vec<RunId>> {
    all(
        c,
        "SELECT id FROM run WHERE request = ?1 ORDER BY id",
        [request],
        |row| row.get(0),
    )
}
