//! Calls of plugins that are still to be made: a function an operation, and below them a function a statement.

use rusqlite::{Connection, Result as Sql};
use uuid::Uuid;

use super::super::column::Json;
use super::super::outbox;
use super::super::statement::{all, change, maybe};
use super::data::{AlertCall, CallSettled, DueCall, NewCall};
use crate::clock::Timestamp;
use crate::message::{Content, Message, NewDelivery};

/// Adds a call behind the others of its plugin and service. What waits there and says no more than this one is not worth a
/// call any more: a plugin that was down for a night is not called with a hundred repetitions.
pub(super) fn order(c: &Connection, new: &NewCall<'_>) -> Sql<()> {
    change(c, SUPERSEDE, (new.plugin, new.service))?;
    change(
        c,
        "INSERT INTO alert_call (plugin, service, kind, key, alert) VALUES (?1, ?2, ?3, ?4, ?5)",
        (
            new.plugin,
            new.service,
            new.kind,
            Uuid::now_v7().as_bytes(),
            Json(new.alert),
        ),
    )?;
    Ok(())
}

/// Those that were tried may have been heard, and are made to their end. One that says that it is over closes an incident, and
/// is said.
pub(in super::super) const SUPERSEDE: &str = "DELETE FROM alert_call INDEXED BY alert_call_of_plugin
     WHERE plugin = ?1 AND service = ?2 AND kind IN ('again', 'update') AND attempts = 0
     AND json_extract(alert, '$.new') <> 'passing'";

/// The first of each plugin and service.
pub(super) fn due(c: &Connection) -> Sql<Vec<DueCall>> {
    all(c, DUE, [], |row| {
        Ok(DueCall {
            id: row.get(0)?,
            plugin: row.get(1)?,
            service: row.get(2)?,
            due: row.get(3)?,
        })
    })
}

pub(in super::super) const DUE: &str = "SELECT first.id, alert_call.plugin, alert_call.service, alert_call.due_at
     FROM (SELECT min(id) AS id FROM alert_call INDEXED BY alert_call_of_plugin GROUP BY plugin, service) AS first
     CROSS JOIN alert_call ON alert_call.id = first.id ORDER BY first.id";

/// Counts an attempt, and reads what it is made with.
pub(super) fn begin(c: &Connection, id: i64) -> Sql<Option<AlertCall>> {
    maybe(
        c,
        "UPDATE alert_call SET attempts = attempts + 1 WHERE id = ?1
         RETURNING plugin, service, attempts, key, alert",
        [id],
        |row| {
            Ok(AlertCall {
                id,
                plugin: row.get(0)?,
                service: row.get(1)?,
                attempts: row.get(2)?,
                key: Uuid::from_bytes(row.get(3)?),
                alert: row.get::<_, Json<_>>(4)?.0,
            })
        },
    )
}

/// Keeps how an attempt ended, and what it gave.
pub(super) fn settle(
    c: &Connection,
    id: i64,
    settled: CallSettled,
    deliveries: &[NewDelivery],
    now: Timestamp,
) -> Sql<bool> {
    let changed = match settled {
        CallSettled::Done => change(c, "DELETE FROM alert_call WHERE id = ?1", [id])?,
        CallSettled::Retry(at) => change(c, "UPDATE alert_call SET due_at = ?2 WHERE id = ?1", (id, at))?,
    };
    if changed > 0 {
        for delivery in deliveries {
            match incident_again(c, delivery)? {
                Some(edit) => outbox::append(c, &[edit], now)?,
                None => outbox::append(c, std::slice::from_ref(delivery), now)?,
            }
        }
    }
    Ok(changed > 0)
}

/// The message of an incident has an id of its own, the same for each of its alerts: where it was decided before, it is
/// edited.
fn incident_again(c: &Connection, delivery: &NewDelivery) -> Sql<Option<NewDelivery>> {
    let Content::Message(Message::Post(post)) = &delivery.content else {
        return Ok(None);
    };
    Ok(outbox::exists(c, delivery.id)?.then(|| NewDelivery {
        id: Uuid::now_v7(),
        content: Content::Edit {
            of: delivery.id,
            post: post.clone(),
            last: true,
        },
        ..delivery.clone()
    }))
}

/// Takes away what was to be told of a service.
pub(super) fn forget(c: &Connection, service: &str) -> Sql<usize> {
    change(c, "DELETE FROM alert_call WHERE service = ?1", [service])
}
