//! Up to where messages were looked through.

use std::collections::HashSet;

use rusqlite::{Connection, Result as Sql};

use super::data::Looked;
use super::statement::{all, change, one};
use crate::clock::Timestamp;

/// Where each of these places was, in their order; those that are new begin at `now`. Others of their kind are taken
/// away, but for those of `left_out` namespaces: whose channels and words they are is not known, so all of those stay.
pub(super) fn resume(
    c: &Connection,
    kind: Looked,
    places: &[String],
    left_out: &[String],
    now: Timestamp,
) -> Sql<Vec<Timestamp>> {
    let known: HashSet<&String> = places.iter().collect();
    let is_left_out = |place: &str| {
        if kind != Looked::Rule {
            return !left_out.is_empty();
        }
        let owner = place.split_once('/').map(|(owner, _)| owner);
        owner.is_some_and(|owner| left_out.iter().any(|name| name == owner))
    };
    for place in kept(c, kind)? {
        if !known.contains(&place) && !is_left_out(&place) {
            change(
                c,
                "DELETE FROM caught_up WHERE kind = ?1 AND place = ?2",
                (kind.as_str(), place),
            )?;
        }
    }
    places.iter().map(|place| begin(c, kind, place, now)).collect()
}

fn kept(c: &Connection, kind: Looked) -> Sql<Vec<String>> {
    all(
        c,
        "SELECT place FROM caught_up WHERE kind = ?1",
        [kind.as_str()],
        |row| row.get(0),
    )
}

fn begin(c: &Connection, kind: Looked, place: &str, now: Timestamp) -> Sql<Timestamp> {
    change(
        c,
        "INSERT INTO caught_up (kind, place, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (kind.as_str(), place, now),
    )?;
    one(
        c,
        "SELECT at FROM caught_up WHERE kind = ?1 AND place = ?2",
        (kind.as_str(), place),
        |row| row.get(0),
    )
}

/// Moves where a place is that is kept. One that is not is gone, and stays so.
pub(super) fn note(c: &Connection, kind: Looked, place: &str, at: Timestamp) -> Sql<usize> {
    change(
        c,
        "UPDATE caught_up SET at = ?3 WHERE kind = ?1 AND place = ?2 AND at < ?3",
        (kind.as_str(), place, at),
    )
}
