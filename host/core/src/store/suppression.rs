//! Suppressions: a function an operation, and below them a function a statement.

use rusqlite::{Connection, Result as Sql};

use super::job;
use super::statement::{all, change, one};
use super::view::{SUPPRESSIONS_SHOWN, SuppressionView};
use crate::clock::Timestamp;
use crate::request::AskingId;
use crate::suppression::Suppression;

/// Keeps a suppression of a job.
pub(super) fn suppress(
    c: &Connection,
    asking: AskingId,
    (namespace, name): (&str, &str),
    span: &Suppression,
    now: Timestamp,
) -> Sql<()> {
    forget_ended(c, now)?;
    let job = job::find_or_insert(c, namespace, name)?;
    change(
        c,
        "INSERT INTO suppression (job, start_at, end_at, asking) VALUES (?1, ?2, ?3, ?4)",
        (job.id, span.start, span.end, asking),
    )?;
    Ok(())
}

/// Takes every suppression of a job away, those too that have not begun. Says how many.
pub(super) fn lift(c: &Connection, namespace: &str, name: &str, now: Timestamp) -> Sql<u64> {
    forget_ended(c, now)?;
    let Some(job) = job::find(c, namespace, name)? else {
        return Ok(0);
    };
    let lifted = change(c, "DELETE FROM suppression WHERE job = ?1", [job.id])?;
    Ok(lifted as u64)
}

/// Until when a job does not start at `moment`; none where it may.
pub(super) fn until(c: &Connection, job: i64, moment: Timestamp) -> Sql<Option<Timestamp>> {
    one(c, UNTIL, (job, moment), |row| row.get(0))
}

pub(super) const UNTIL: &str = "SELECT max(end_at) FROM suppression INDEXED BY suppression_of_job
     WHERE job = ?1 AND end_at > ?2 AND start_at <= ?2";

/// When the first suppression ends that holds a request back at `now`: not before the request is due. Its job may be
/// suppressed further, which is found then.
pub(super) fn first_release(c: &Connection, now: Timestamp) -> Sql<Option<Timestamp>> {
    one(c, FIRST_RELEASE, [now], |row| row.get(0))
}

pub(super) const FIRST_RELEASE: &str = "SELECT min(max(end_at, next_due))
     FROM suppression INDEXED BY suppression_end CROSS JOIN job ON job.id = suppression.job
     WHERE end_at > ?1 AND start_at <= ?1 AND running IS NULL AND next_due IS NOT NULL";

/// The suppressions that have not ended, of one namespace or of all, by their start.
pub(super) fn list(c: &Connection, namespace: Option<&str>, now: Timestamp) -> Sql<Vec<SuppressionView>> {
    all(
        c,
        "SELECT namespace, name, start_at, end_at FROM suppression JOIN job ON job.id = suppression.job
         WHERE end_at > ?1 AND (?2 IS NULL OR namespace = ?2) ORDER BY start_at, suppression.id LIMIT ?3",
        (now, namespace, SUPPRESSIONS_SHOWN),
        |row| {
            Ok(SuppressionView {
                namespace: row.get(0)?,
                job: row.get(1)?,
                start: row.get(2)?,
                end: row.get(3)?,
            })
        },
    )
}

fn forget_ended(c: &Connection, now: Timestamp) -> Sql<usize> {
    change(c, "DELETE FROM suppression WHERE end_at <= ?1", [now])
}
