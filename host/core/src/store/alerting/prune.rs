//! What is kept no longer: runs of checks by their number, history by its age. Each call does a bounded piece of it.

use rusqlite::{Connection, Result as Sql};

use super::super::statement::{all, change, maybe};
use super::check;
use super::data::Prunable;
use crate::clock::Timestamp;
use crate::request::RequestId;
use crate::run::RunId;

/// Runs before the last `keep` of their checks that changed no status.
pub(super) fn prunable(c: &Connection, keep: u32, limit: u32) -> Sql<Vec<Prunable>> {
    let mut found = Vec::new();
    let crowded: Vec<(i64, u32)> = all(c, CROWDED, (keep, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (job, spare) in crowded {
        let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        let of_this = spare.saturating_sub(keep).min(left);
        found.extend(all(c, OLDEST_SPARE, (job, of_this), |row| {
            Ok(Prunable {
                run: row.get(0)?,
                log_folder: row.get(1)?,
            })
        })?);
    }
    Ok(found)
}

pub(in super::super) const CROWDED: &str = "SELECT job, spare FROM check_state INDEXED BY check_state_spare
     WHERE spare > ?1 ORDER BY spare DESC LIMIT ?2";

pub(in super::super) const OLDEST_SPARE: &str = "SELECT check_result.run, log_folder
     FROM check_result INDEXED BY check_result_spare CROSS JOIN run ON run.id = check_result.run
     WHERE check_result.job = ?1 AND spare = 1 AND NOT EXISTS (
         SELECT 1 FROM delivery INDEXED BY delivery_run
         WHERE delivery.run = check_result.run AND settled_at IS NULL)
     ORDER BY check_result.run LIMIT ?2";

/// Forgets these runs. One that is kept after all, or that something is still to be delivered of, stays.
pub(in super::super) fn forget_runs(c: &Connection, runs: &[RunId]) -> Sql<u64> {
    let mut forgotten = 0;
    for run in runs {
        if let Some((request, job)) = spare(c, *run)? {
            forget_run(c, *run, request)?;
            check::add_spare(c, job, -1)?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

fn spare(c: &Connection, run: RunId) -> Sql<Option<(RequestId, i64)>> {
    maybe(
        c,
        "SELECT request, run.job FROM check_result JOIN run ON run.id = check_result.run
         WHERE check_result.run = ?1 AND spare = 1 AND ended_at IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM delivery INDEXED BY delivery_run WHERE delivery.run = ?1 AND settled_at IS NULL)",
        [run],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn forget_run(c: &Connection, run: RunId, request: RequestId) -> Sql<()> {
    change(
        c,
        "UPDATE delivery INDEXED BY delivery_run SET run = NULL WHERE run = ?1",
        [run],
    )?;
    change(c, "DELETE FROM check_result WHERE run = ?1", [run])?;
    change(c, DELETE_RUN, [run])?;
    // A request that ran again after a crash has other runs.
    let others = maybe(c, "SELECT 1 FROM run WHERE request = ?1 LIMIT 1", [request], |_| Ok(()))?;
    if others.is_none() {
        let askings: Vec<i64> = all(
            c,
            "SELECT asking FROM asking_request WHERE request = ?1",
            [request],
            |row| row.get(0),
        )?;
        change(c, "DELETE FROM asking_request WHERE request = ?1", [request])?;
        change(c, DELETE_REQUEST, [request])?;
        for asking in askings {
            change(c, DELETE_ASKING, [asking])?;
        }
    }
    Ok(())
}

pub(in super::super) const DELETE_RUN: &str = "DELETE FROM run WHERE id = ?1";

pub(in super::super) const DELETE_REQUEST: &str = "DELETE FROM request WHERE id = ?1";

/// Only the clock's, and messages that nobody repeats: that a person asked is remembered.
pub(in super::super) const DELETE_ASKING: &str = "DELETE FROM asking WHERE id = ?1
     AND (trigger = 'schedule' OR (trigger = 'hook' AND dedupe_key IS NULL))
     AND NOT EXISTS (SELECT 1 FROM asking_request INDEXED BY asking_request_asking WHERE asking = ?1)
     AND NOT EXISTS (SELECT 1 FROM suppression INDEXED BY suppression_asking WHERE asking = ?1)";

/// Forgets what happened before `before`.
pub(super) fn forget_history(c: &Connection, before: Timestamp, limit: u32) -> Sql<u64> {
    let changes: Vec<Option<RunId>> = all(c, FORGET_CHANGES, (before, limit), |row| row.get(0))?;
    for run in changes.iter().flatten() {
        let spared: Option<i64> = maybe(c, SPARE_AGAIN, [run], |row| row.get(0))?;
        if let Some(job) = spared {
            check::add_spare(c, job, 1)?;
        }
    }
    let acknowledgements = change(c, FORGET_ACKNOWLEDGEMENTS, (before, limit))?;
    Ok((changes.len() + acknowledgements) as u64)
}

pub(in super::super) const FORGET_CHANGES: &str = "DELETE FROM status_change WHERE id IN (
         SELECT id FROM status_change INDEXED BY status_change_at WHERE at < ?1 ORDER BY at LIMIT ?2)
     RETURNING run";

/// A run that no change refers to any more is kept by count.
pub(in super::super) const SPARE_AGAIN: &str = "UPDATE check_result SET spare = 1
     WHERE run = ?1 AND spare = 0 AND NOT EXISTS (
         SELECT 1 FROM status_change INDEXED BY status_change_run WHERE status_change.run = ?1)
     RETURNING job";

pub(in super::super) const FORGET_ACKNOWLEDGEMENTS: &str = "DELETE FROM acknowledgement WHERE id IN (
         SELECT id FROM acknowledgement INDEXED BY acknowledgement_ended WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
