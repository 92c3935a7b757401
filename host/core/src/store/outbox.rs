//! Deliveries: a function an operation, and below them a function a statement.

use rusqlite::{Connection, Result as Sql};
use uuid::Uuid;

use super::column::Json;
use super::data::{Settled, Take};
use super::error::StoreError;
use super::statement::{all, change, maybe, one};
use crate::clock::Timestamp;
use crate::message::{Content, Delivery, Message, NewDelivery};
use crate::outbox::Receipt;
use crate::queue::DeliveryState;

/// Puts deliveries at the end of their lanes, in their order. An edit takes the place of one of the same message that was not
/// sent yet.
pub(super) fn append(c: &Connection, deliveries: &[NewDelivery], now: Timestamp) -> Sql<()> {
    for delivery in deliveries {
        if let Content::Edit { of, .. } = &delivery.content
            && replace_edit(c, *of, &delivery.content)? > 0
        {
            continue;
        }
        let seq = insert_delivery(c, delivery, now)?;
        if let Content::Message(Message::File(file)) = &delivery.content {
            insert_attachment(c, seq, &file.content)?;
        }
    }
    Ok(())
}

/// Marks the first unsettled delivery of a lane as in flight, if it is due. No other of the lane is ever taken.
pub(super) fn take(c: &Connection, lane: &str, now: Timestamp) -> Result<Take, StoreError> {
    let Some(first) = first_of(c, lane)? else {
        return Ok(Take::Nothing);
    };
    if first.due > now {
        return Ok(Take::NotYet(first.due));
    }
    let mut delivery = first.delivery;
    delivery.attempts = delivery.attempts.saturating_add(1);
    mark_in_flight(c, first.seq, delivery.attempts)?;
    match &mut delivery.content {
        Content::Message(Message::File(file)) => file.content = attachment_of(c, first.seq)?,
        Content::Edit { of, .. } | Content::Reply { of, .. } => delivery.edited = receipt_of(c, *of)?,
        Content::Message(Message::Post(_))
        | Content::Progress(_)
        | Content::Reaction { .. }
        | Content::Status(_)
        | Content::Request(_)
        | Content::Mail(_) => {}
    }
    Ok(Take::Due {
        delivery: Box::new(delivery),
        was_in_flight: first.state == DeliveryState::InFlight,
    })
}

/// Keeps how an attempt ended, and what is to be said about that.
pub(super) fn settle(
    c: &Connection,
    id: Uuid,
    settled: &Settled,
    now: Timestamp,
    deliveries: &[NewDelivery],
) -> Result<(), StoreError> {
    let changed = match settled {
        Settled::Sent(receipt) => mark_sent(c, id, now, &Json(receipt))?,
        Settled::Retry { at, why } => mark_pending(c, id, *at, why)?,
        Settled::GivenUp { why } => mark_given_up(c, id, now, why)?,
    };
    if changed == 0 {
        return Err(StoreError::NotInFlight(id));
    }
    if !matches!(settled, Settled::Retry { .. }) {
        // Nobody reads it again: the run's log has it.
        forget_attachment(c, id)?;
        forget_edit(c, id)?;
    }
    append(c, deliveries, now)?;
    Ok(())
}

fn insert_delivery(c: &Connection, delivery: &NewDelivery, now: Timestamp) -> Sql<i64> {
    one(
        c,
        "INSERT INTO delivery (id, lane, run, state, created_at, address, content, edits)
         VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7) RETURNING seq",
        (
            delivery.id.as_bytes(),
            delivery.address.lane(),
            delivery.run,
            now,
            Json(&delivery.address),
            Json(&delivery.content),
            match &delivery.content {
                Content::Edit { of, .. } => Some(of.as_bytes()),
                Content::Message(_)
                | Content::Progress(_)
                | Content::Reply { .. }
                | Content::Reaction { .. }
                | Content::Status(_)
                | Content::Request(_)
                | Content::Mail(_) => None,
            },
        ),
        |row| row.get(0),
    )
}

fn insert_attachment(c: &Connection, seq: i64, content: &[u8]) -> Sql<usize> {
    change(
        c,
        "INSERT INTO attachment (delivery, content) VALUES (?1, ?2)",
        (seq, content),
    )
}

fn forget_attachment(c: &Connection, id: Uuid) -> Sql<usize> {
    change(
        c,
        "DELETE FROM attachment WHERE delivery = (SELECT seq FROM delivery WHERE id = ?1)",
        [id.as_bytes()],
    )
}

fn attachment_of(c: &Connection, seq: i64) -> Sql<Vec<u8>> {
    one(c, "SELECT content FROM attachment WHERE delivery = ?1", [seq], |row| {
        row.get(0)
    })
}

/// Has the edit of `of` that was not sent yet say this instead, where there is one.
fn replace_edit(c: &Connection, of: Uuid, content: &Content) -> Sql<usize> {
    change(c, REPLACE_EDIT, (of.as_bytes(), Json(content)))
}

pub(super) const REPLACE_EDIT: &str =
    "UPDATE delivery INDEXED BY delivery_edit_pending SET content = ?2 WHERE edits = ?1 AND state = 'pending'";

/// Edits are not kept: what they said was past with the next.
fn forget_edit(c: &Connection, id: Uuid) -> Sql<usize> {
    change(
        c,
        "DELETE FROM delivery WHERE id = ?1 AND edits IS NOT NULL",
        [id.as_bytes()],
    )
}

/// Takes a delivery away that was not tried yet. Whether it was there.
pub(super) fn withdraw(c: &Connection, id: Uuid) -> Sql<bool> {
    let withdrawn = change(
        c,
        "DELETE FROM delivery WHERE id = ?1 AND state = 'pending' AND attempts = 0",
        [id.as_bytes()],
    )?;
    if withdrawn > 0 {
        change(
            c,
            "DELETE FROM delivery INDEXED BY delivery_edit_pending WHERE edits = ?1 AND state = 'pending'",
            [id.as_bytes()],
        )?;
    }
    Ok(withdrawn > 0)
}

/// Whether a delivery was decided before.
pub(super) fn exists(c: &Connection, id: Uuid) -> Sql<bool> {
    one(
        c,
        "SELECT EXISTS (SELECT 1 FROM delivery WHERE id = ?1)",
        [id.as_bytes()],
        |row| row.get(0),
    )
}

/// Whether a delivery was given up.
pub(super) fn is_given_up(c: &Connection, id: Uuid) -> Sql<bool> {
    one(
        c,
        "SELECT EXISTS (SELECT 1 FROM delivery WHERE id = ?1 AND state = 'given-up')",
        [id.as_bytes()],
        |row| row.get(0),
    )
}

fn receipt_of(c: &Connection, id: Uuid) -> Sql<Option<Receipt>> {
    let receipt = maybe(
        c,
        "SELECT receipt FROM delivery WHERE id = ?1 AND state = 'sent'",
        [id.as_bytes()],
        |row| row.get::<_, Option<Json<Receipt>>>(0),
    )?;
    Ok(receipt.flatten().map(|receipt| receipt.0))
}

struct First {
    seq: i64,
    state: DeliveryState,
    due: Timestamp,
    delivery: Delivery,
}

fn first_of(c: &Connection, lane: &str) -> Sql<Option<First>> {
    maybe(c, FIRST, [lane], |row| {
        Ok(First {
            seq: row.get(0)?,
            state: row.get(1)?,
            due: row.get(2)?,
            delivery: Delivery {
                id: Uuid::from_bytes(row.get(3)?),
                run: row.get(4)?,
                attempts: row.get(5)?,
                created: row.get(6)?,
                address: row.get::<_, Json<_>>(7)?.0,
                content: row.get::<_, Json<_>>(8)?.0,
                edited: None,
            },
        })
    })
}

pub(super) const FIRST: &str = "SELECT seq, state, due_at, id, run, attempts, created_at, address, content
     FROM delivery INDEXED BY delivery_unsettled WHERE lane = ?1 AND settled_at IS NULL ORDER BY seq LIMIT 1";

fn mark_in_flight(c: &Connection, seq: i64, attempts: u32) -> Sql<usize> {
    change(
        c,
        "UPDATE delivery SET state = 'in-flight', attempts = ?2 WHERE seq = ?1",
        (seq, attempts),
    )
}

fn mark_sent(c: &Connection, id: Uuid, now: Timestamp, receipt: &Json<&Receipt>) -> Sql<usize> {
    change(
        c,
        "UPDATE delivery SET state = 'sent', settled_at = ?2, receipt = ?3 WHERE id = ?1 AND state = 'in-flight'",
        (id.as_bytes(), now, receipt),
    )
}

fn mark_pending(c: &Connection, id: Uuid, due: Timestamp, why: &str) -> Sql<usize> {
    change(
        c,
        "UPDATE delivery SET state = 'pending', due_at = ?2, last_error = ?3 WHERE id = ?1 AND state = 'in-flight'",
        (id.as_bytes(), due, why),
    )
}

fn mark_given_up(c: &Connection, id: Uuid, now: Timestamp, why: &str) -> Sql<usize> {
    change(
        c,
        "UPDATE delivery SET state = 'given-up', settled_at = ?2, last_error = ?3 WHERE id = ?1 AND state = 'in-flight'",
        (id.as_bytes(), now, why),
    )
}

/// Every lane with an unsettled delivery.
pub(super) fn lanes_with_work(c: &Connection) -> Sql<Vec<String>> {
    all(c, LANES_WITH_WORK, [], |row| row.get(0))
}

pub(super) const LANES_WITH_WORK: &str =
    "SELECT DISTINCT lane FROM delivery INDEXED BY delivery_unsettled WHERE settled_at IS NULL ORDER BY lane";
