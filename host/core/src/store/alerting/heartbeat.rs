//! When checks were heard from: a function a statement.

use rusqlite::{Connection, Result as Sql};

use super::super::statement::{change, one};
use crate::alert::Heartbeat;
use crate::clock::Timestamp;
use crate::run::RunId;

/// It was heard from, and said this of its failure.
pub(super) fn note(c: &Connection, job: i64, failure: Option<&str>, at: Timestamp) -> Sql<usize> {
    change(
        c,
        "INSERT INTO heartbeat (job, at, heard, failure) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (job) DO UPDATE SET at = ?2, heard = 1, failure = ?3",
        (job, at, failure),
    )
}

/// When it was heard from; where nothing is known of it, it is waited for from now on.
pub(super) fn begin(c: &Connection, job: i64, now: Timestamp) -> Sql<Heartbeat> {
    change(
        c,
        "INSERT INTO heartbeat (job, at, heard) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
        (job, now),
    )?;
    // Noted by a clock that was put back since: it would be waited for until that day.
    change(c, "UPDATE heartbeat SET at = ?2 WHERE job = ?1 AND at > ?2", (job, now))?;
    one(
        c,
        "SELECT at, heard, failure FROM heartbeat WHERE job = ?1",
        [job],
        |row| {
            Ok(Heartbeat {
                at: row.get(0)?,
                heard: row.get(1)?,
                failure: row.get(2)?,
            })
        },
    )
}

/// Whether the check of a run was heard from since the run began.
pub(super) fn is_newer(c: &Connection, run: RunId) -> Sql<bool> {
    one(
        c,
        "SELECT EXISTS (SELECT 1 FROM run JOIN heartbeat ON heartbeat.job = run.job
         WHERE run.id = ?1 AND heard = 1 AND heartbeat.at >= run.started_at)",
        [run],
        |row| row.get(0),
    )
}

/// It is waited for anew, once somebody asks.
pub(super) fn forget(c: &Connection, namespace: &str, check: &str) -> Sql<usize> {
    change(
        c,
        "DELETE FROM heartbeat WHERE job = (SELECT id FROM job WHERE namespace = ?1 AND name = ?2)",
        (namespace, check),
    )
}
