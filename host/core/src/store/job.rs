//! The rows of jobs: a function a statement.
//!
//! A job's row names its first pending request (`next_due`, `next_request`) and its run. Whoever changes what is pending
//! keeps that true through these functions; a claim relies on it, and looks at no request but the one that it takes.

use rusqlite::{Connection, Result as Sql, Row};

use super::column::Json;
use super::statement::{change, maybe, one};
use crate::clock::Timestamp;
use crate::request::RequestId;
use crate::run::RunId;

/// What a new request needs to know of its job.
pub(super) struct JobRow {
    pub(super) id: i64,
    pub(super) first: Option<(Timestamp, RequestId)>,
    pub(super) running: Option<RunId>,
}

/// The row of a job, where anybody asked for it before.
pub(super) fn find(c: &Connection, namespace: &str, name: &str) -> Sql<Option<JobRow>> {
    maybe(
        c,
        "SELECT id, next_due, next_request, running FROM job WHERE namespace = ?1 AND name = ?2",
        (namespace, name),
        |row| {
            Ok(JobRow {
                id: row.get(0)?,
                first: Option::zip(row.get(1)?, row.get(2)?),
                running: row.get(3)?,
            })
        },
    )
}

/// The row of a job, made where there is none.
pub(super) fn find_or_insert(c: &Connection, namespace: &str, name: &str) -> Sql<JobRow> {
    match find(c, namespace, name)? {
        Some(job) => Ok(job),
        None => Ok(JobRow {
            id: insert(c, namespace, name)?,
            first: None,
            running: None,
        }),
    }
}

fn insert(c: &Connection, namespace: &str, name: &str) -> Sql<i64> {
    one(
        c,
        "INSERT INTO job (namespace, name) VALUES (?1, ?2) RETURNING id",
        (namespace, name),
        |row| row.get(0),
    )
}

/// Namespace and name.
pub(super) fn name_of(c: &Connection, job: i64) -> Sql<(String, String)> {
    one(c, "SELECT namespace, name FROM job WHERE id = ?1", [job], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// A request that may start when it is due.
pub(super) struct Startable {
    pub(super) job: i64,
    pub(super) request: RequestId,
    pub(super) due: Timestamp,
}

/// The first request of all jobs that are free and not suppressed at `now`, by due time and then by number; of `crowded`
/// namespaces none.
pub(super) fn startable(c: &Connection, now: Timestamp, crowded: &[String]) -> Sql<Option<Startable>> {
    let read = |row: &Row<'_>| {
        Ok(Startable {
            job: row.get(0)?,
            request: row.get(1)?,
            due: row.get(2)?,
        })
    };
    match crowded {
        [] => maybe(c, STARTABLE, [now], read),
        crowded => maybe(c, STARTABLE_ELSEWHERE, (now, Json(crowded)), read),
    }
}

/// Passes over jobs that are suppressed, not over their requests.
pub(super) const STARTABLE: &str = "SELECT id, next_request, next_due FROM job INDEXED BY job_startable
     WHERE running IS NULL AND next_due IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM suppression INDEXED BY suppression_of_job
         WHERE suppression.job = job.id AND end_at > ?1 AND start_at <= ?1)
     ORDER BY next_due, next_request LIMIT 1";

/// The same; and over the jobs of crowded namespaces.
pub(super) const STARTABLE_ELSEWHERE: &str = "SELECT id, next_request, next_due FROM job INDEXED BY job_startable
     WHERE running IS NULL AND next_due IS NOT NULL AND namespace NOT IN (SELECT value FROM json_each(?2))
     AND NOT EXISTS (
         SELECT 1 FROM suppression INDEXED BY suppression_of_job
         WHERE suppression.job = job.id AND end_at > ?1 AND start_at <= ?1)
     ORDER BY next_due, next_request LIMIT 1";

/// This pending request comes first now.
pub(super) fn set_first(c: &Connection, job: i64, due: Timestamp, request: RequestId) -> Sql<()> {
    change(
        c,
        "UPDATE job SET next_due = ?2, next_request = ?3 WHERE id = ?1",
        (job, due, request),
    )?;
    Ok(())
}

/// Nothing of the job is pending any more.
pub(super) fn clear_first(c: &Connection, job: i64) -> Sql<()> {
    change(
        c,
        "UPDATE job SET next_due = NULL, next_request = NULL WHERE id = ?1",
        [job],
    )?;
    Ok(())
}

/// Looks for the job's first pending request again, if `request` was it.
pub(super) fn refresh_first(c: &Connection, job: i64, request: RequestId) -> Sql<()> {
    change(c, REFRESH_FIRST, (job, request))?;
    Ok(())
}

pub(super) const REFRESH_FIRST: &str = "UPDATE job SET (next_due, next_request) = (
        SELECT due_at, id FROM request INDEXED BY request_pending_due
        WHERE request.job = ?1 AND state = 'pending' ORDER BY due_at, id LIMIT 1)
     WHERE id = ?1 AND next_request = ?2";

/// Marks the job as running, and finds the request that comes after it.
pub(super) fn occupy(c: &Connection, job: i64, run: RunId) -> Sql<usize> {
    change(c, OCCUPY, (job, run))
}

pub(super) const OCCUPY: &str = "UPDATE job SET running = ?2, (next_due, next_request) = (
        SELECT due_at, id FROM request INDEXED BY request_pending_due
        WHERE request.job = ?1 AND state = 'pending' ORDER BY due_at, id LIMIT 1)
     WHERE id = ?1";

/// The run has ended: the next may start.
pub(super) fn free(c: &Connection, job: i64, run: RunId) -> Sql<usize> {
    change(
        c,
        "UPDATE job SET running = NULL WHERE id = ?1 AND running = ?2",
        (job, run),
    )
}
