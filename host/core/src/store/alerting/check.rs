//! Checks and their results: a function an operation, and below them a function a statement.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, Result as Sql, Row};

use super::super::column::{Json, Micros};
use super::super::statement::{all, change, maybe};
use super::data::{CheckView, ResultView};
use crate::alert::{CheckRules, CheckState};
use crate::clock::Timestamp;
use crate::run::RunId;

/// Adds a result to what is known of a check. Says what was known before, and what is now.
pub(super) fn note(c: &Connection, job: i64, run: RunId, passed: bool, at: Timestamp) -> Sql<[CheckState; 2]> {
    let known = state(c, job)?.unwrap_or_default();
    let state = known.after(passed, run, at);
    change(
        c,
        "INSERT INTO check_state (job, failures, since, run, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (job) DO UPDATE SET failures = ?2, since = ?3, run = ?4, at = ?5",
        (job, state.failures, state.since, state.run, state.at),
    )?;
    Ok([known, state])
}

/// What is known of a check.
pub(super) fn state(c: &Connection, job: i64) -> Sql<Option<CheckState>> {
    maybe(c, STATE, [job], read_state)
}

/// Whether a check had so many results in the minute before `now`.
pub(super) fn is_busy(c: &Connection, job: i64, results: u32, now: Timestamp) -> Sql<bool> {
    let nth: Option<Timestamp> = maybe(c, NTH, (job, results.saturating_sub(1)), |row| row.get(0))?;
    Ok(nth.is_some_and(|nth| nth <= now && now.since(nth) < Duration::from_secs(60)))
}

pub(in super::super) const NTH: &str = "SELECT at FROM check_result INDEXED BY check_result_of_job
     WHERE job = ?1 ORDER BY run DESC LIMIT 1 OFFSET ?2";

/// Forgets what a check found, but not how much is kept of it.
pub(super) fn begin_anew(c: &Connection, namespace: &str, name: &str) -> Sql<usize> {
    change(
        c,
        "UPDATE check_state SET failures = 0, since = NULL, run = NULL, at = NULL
         WHERE job = (SELECT id FROM job WHERE namespace = ?1 AND name = ?2)",
        (namespace, name),
    )
}

/// Keeps a result: for good where it changed a status.
pub(super) fn keep_result(c: &Connection, job: i64, run: RunId, passed: bool, changed: bool, at: Timestamp) -> Sql<()> {
    change(
        c,
        "INSERT INTO check_result (run, job, at, passed, spare) VALUES (?1, ?2, ?3, ?4, ?5)",
        (run, job, at, passed, !changed),
    )?;
    if !changed {
        add_spare(c, job, 1)?;
    }
    Ok(())
}

/// Counts results of a check that changed no status.
pub(super) fn add_spare(c: &Connection, job: i64, more: i64) -> Sql<usize> {
    change(
        c,
        "UPDATE check_state SET spare = spare + ?2 WHERE job = ?1",
        (job, more),
    )
}

/// What is known of these checks of a namespace, by name. Those of which nothing is known are left out.
pub(super) fn known(
    c: &Connection,
    namespace: &str,
    rules: &BTreeMap<String, CheckRules>,
) -> Sql<BTreeMap<String, CheckState>> {
    let mut known = BTreeMap::new();
    for name in rules.keys() {
        if let Some(state) = maybe(c, STATE_NAMED, (namespace, name), read_state)? {
            known.insert(name.clone(), state);
        }
    }
    Ok(known)
}

/// The same, with where their logs are.
pub(super) fn views(c: &Connection, namespace: &str, rules: &BTreeMap<String, CheckRules>) -> Sql<Vec<CheckView>> {
    let known = known(c, namespace, rules)?.into_iter();
    known
        .map(|(name, state)| {
            let last = match state.run {
                Some(run) => maybe(c, LAST, [run], |row| {
                    let ending: Option<Json<_>> = row.get(1)?;
                    let Micros(took) = row.get::<_, Option<_>>(2)?.unwrap_or_default();
                    Ok((row.get(0)?, ending.map(|Json(ending)| (ending, took))))
                })?,
                None => None,
            };
            let (log_folder, ended) = last.unwrap_or_default();
            Ok(CheckView {
                name,
                ended,
                log_folder,
                state,
            })
        })
        .collect()
}

const LAST: &str = "SELECT log_folder, ending, duration FROM run WHERE id = ?1";

/// The last results of a check, newest first.
pub(super) fn results(c: &Connection, namespace: &str, check: &str, limit: u32) -> Sql<Vec<ResultView>> {
    all(c, RESULTS, (namespace, check, limit), |row| {
        Ok(ResultView {
            run: row.get(0)?,
            at: row.get(1)?,
            passed: row.get(2)?,
            changed: !row.get::<_, bool>(3)?,
        })
    })
}

pub(in super::super) const RESULTS: &str = "SELECT run, at, passed, spare
     FROM job CROSS JOIN check_result INDEXED BY check_result_of_job ON check_result.job = job.id
     WHERE namespace = ?1 AND name = ?2 ORDER BY run DESC LIMIT ?3";

const STATE: &str = "SELECT failures, since, run, at FROM check_state WHERE job = ?1";

pub(in super::super) const STATE_NAMED: &str = "SELECT failures, since, run, at
     FROM job CROSS JOIN check_state ON check_state.job = job.id WHERE namespace = ?1 AND name = ?2";

fn read_state(row: &Row<'_>) -> Sql<CheckState> {
    Ok(CheckState {
        failures: row.get(0)?,
        since: row.get(1)?,
        run: row.get(2)?,
        at: row.get(3)?,
    })
}
