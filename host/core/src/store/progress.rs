//! Messages that show how far a run is.

use rusqlite::{Connection, Result as Sql};
use uuid::Uuid;

use super::column::Json;
use super::outbox;
use super::statement::{all, change, maybe, one};
use crate::clock::Timestamp;
use crate::message::{Address, NewDelivery, Post};
use crate::run::RunId;

/// Shows `post` at each of `places`, in a message of its own: posted the first time, edited from then on. Nothing where the
/// run has ended. Says in which lanes there is work.
pub(super) fn show(c: &Connection, run: RunId, places: &[Address], post: &Post, now: Timestamp) -> Sql<Vec<String>> {
    if !goes_on(c, run)? {
        return Ok(Vec::new());
    }
    for place in places {
        let delivery = match shown_at(c, run, place)? {
            // There it cannot be shown.
            Some(id) if outbox::is_given_up(c, id)? => continue,
            Some(id) => NewDelivery::edit(place.clone(), id, post.clone(), false, run),
            None => {
                let first = NewDelivery::progress(place.clone(), post.clone(), run);
                note(c, run, place, first.id)?;
                first
            }
        };
        outbox::append(c, &[delivery], now)?;
    }
    Ok(places.iter().map(Address::lane).collect())
}

/// Edits the messages of a run for the last time, and forgets them. One that was not sent yet is not sent any more: what it
/// would say is past.
pub(super) fn finish(c: &Connection, run: RunId, post: Option<&Post>, now: Timestamp) -> Sql<()> {
    for (id, address) in shown(c, run)? {
        if outbox::withdraw(c, id)? || outbox::is_given_up(c, id)? {
            continue;
        }
        if let Some(post) = post {
            let last = NewDelivery::edit(address, id, post.clone(), true, run);
            outbox::append(c, &[last], now)?;
        }
    }
    change(c, "DELETE FROM progress WHERE run = ?1", [run])?;
    Ok(())
}

fn goes_on(c: &Connection, run: RunId) -> Sql<bool> {
    one(
        c,
        "SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1 AND ended_at IS NULL)",
        [run],
        |row| row.get(0),
    )
}

fn shown_at(c: &Connection, run: RunId, place: &Address) -> Sql<Option<Uuid>> {
    maybe(
        c,
        "SELECT delivery FROM progress WHERE run = ?1 AND place = ?2",
        (run, Json(place.place())),
        |row| Ok(Uuid::from_bytes(row.get(0)?)),
    )
}

fn note(c: &Connection, run: RunId, place: &Address, id: Uuid) -> Sql<usize> {
    change(
        c,
        "INSERT INTO progress (run, place, delivery, address) VALUES (?1, ?2, ?3, ?4)",
        (run, Json(place.place()), id.as_bytes(), Json(place)),
    )
}

fn shown(c: &Connection, run: RunId) -> Sql<Vec<(Uuid, Address)>> {
    all(
        c,
        "SELECT delivery, address FROM progress WHERE run = ?1",
        [run],
        |row| Ok((Uuid::from_bytes(row.get(0)?), row.get::<_, Json<_>>(1)?.0)),
    )
}
