//! Up to where schedules were decided about.

use std::collections::HashSet;

use rusqlite::{Connection, Result as Sql};

use super::statement::{all, change, one};
use crate::clock::Timestamp;
use crate::schedule::Mark;

/// Where each of these was, and where it is from now on: those that are new begin at their marks. Others are taken away: one
/// that comes back another day has missed nothing.
///
/// Those of `left_out` namespaces stay: their configuration has errors, and says nothing for now.
pub(super) fn resume(c: &Connection, marks: &[Mark], left_out: &[String]) -> Sql<Vec<Timestamp>> {
    let known: HashSet<(&str, &str)> = marks
        .iter()
        .map(|mark| (mark.namespace.as_str(), mark.key.as_str()))
        .collect();
    for (namespace, key) in kept(c)? {
        if !known.contains(&(namespace.as_str(), key.as_str())) && !left_out.contains(&namespace) {
            change(
                c,
                "DELETE FROM schedule WHERE namespace = ?1 AND key = ?2",
                (namespace, key),
            )?;
        }
    }
    marks.iter().map(|mark| begin(c, mark)).collect()
}

fn kept(c: &Connection) -> Sql<Vec<(String, String)>> {
    all(c, "SELECT namespace, key FROM schedule", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

fn begin(c: &Connection, mark: &Mark) -> Sql<Timestamp> {
    change(
        c,
        "INSERT INTO schedule (namespace, key, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (&mark.namespace, mark.key.as_str(), mark.at),
    )?;
    one(
        c,
        "SELECT at FROM schedule WHERE namespace = ?1 AND key = ?2",
        (&mark.namespace, mark.key.as_str()),
        |row| row.get(0),
    )
}

/// Moves a mark, and makes it where it is missing.
pub(super) fn note(c: &Connection, mark: &Mark) -> Sql<usize> {
    change(
        c,
        "INSERT INTO schedule (namespace, key, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (namespace, key) DO UPDATE SET at = excluded.at",
        (&mark.namespace, mark.key.as_str(), mark.at),
    )
}
