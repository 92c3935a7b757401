//! What waits for longest.

use rusqlite::{Connection, Result as Sql};

use super::column::Whole;
use super::job;
use super::statement::{all, maybe};
use crate::alert::{Lag, Unsent, Unstarted};
use crate::clock::Timestamp;

pub(super) fn lag(
    c: &Connection,
    now: Timestamp,
    left_out: Vec<String>,
    is_crowded: impl Fn(&str, usize) -> bool,
) -> Sql<Lag> {
    let running: Vec<(String, u64)> = all(c, RUNNING, [], |row| {
        let Whole(runs) = row.get(1)?;
        Ok((row.get(0)?, runs))
    })?;
    let crowded = running.into_iter().filter(|(namespace, runs)| {
        let runs = usize::try_from(*runs).unwrap_or(usize::MAX);
        is_crowded(namespace, runs)
    });
    let crowded: Vec<String> = crowded.map(|(namespace, _)| namespace).chain(left_out).collect();
    let queue = match job::startable(c, now, &crowded)? {
        None => None,
        Some(first) => {
            let (namespace, name) = job::name_of(c, first.job)?;
            Some(Unstarted {
                job: format!("{namespace}_{name}"),
                due: first.due,
            })
        }
    };
    let outbox = maybe(c, LONGEST, [], |row| {
        Ok(Unsent {
            lane: row.get(0)?,
            since: row.get(1)?,
            why: row.get(2)?,
        })
    })?;
    Ok(Lag {
        queue,
        outbox,
        ..Lag::default()
    })
}

pub(super) const RUNNING: &str = "SELECT namespace, count(*) FROM job INDEXED BY job_running
     WHERE running IS NOT NULL GROUP BY namespace";

/// Looks through what is not sent, and not at what was.
pub(super) const LONGEST: &str = "SELECT lane, created_at, last_error FROM delivery INDEXED BY delivery_unsettled
     WHERE settled_at IS NULL ORDER BY created_at, seq LIMIT 1";
