//! Users: a function an operation, and below them a function a statement.

use rusqlite::{Connection, Result as Sql, Row};

use super::super::statement::{all, change, maybe, one};
use super::data::{FieldValue, NewPerson, Person, PersonChange, PersonId, PersonRefused};
use crate::alert::fold_name;

/// Makes a user.
pub(super) fn add(c: &Connection, new: &NewPerson) -> Sql<Result<PersonId, PersonRefused>> {
    let refused = fault(c, None, &new.name, new.slack.as_deref())?;
    if let Some(refused) = refused {
        return Ok(Err(refused));
    }
    if new.fallback {
        leave_fallback(c)?;
    }
    let (name, fold) = (new.name.trim(), fold_name(&new.name));
    let id = one(
        c,
        "INSERT INTO person (fold, slack, active, fallback, name, email) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        (fold, &new.slack, new.active, new.fallback, name, &new.email),
        |row| row.get(0),
    )?;
    Ok(Ok(id))
}

/// Changes a user.
pub(super) fn change_person(c: &Connection, id: PersonId, wanted: &PersonChange) -> Sql<Result<(), PersonRefused>> {
    let Some(mut person) = maybe(c, &format!("{PERSON} WHERE id = ?1"), [id], read)? else {
        return Ok(Err(PersonRefused::Unknown));
    };
    person.name = wanted.name.clone().unwrap_or(person.name);
    person.email = wanted.email.clone().unwrap_or(person.email);
    person.slack = wanted.slack.clone().unwrap_or(person.slack);
    person.active = wanted.active.unwrap_or(person.active);
    person.fallback = wanted.fallback.unwrap_or(person.fallback);
    if let Some(refused) = fault(c, Some(id), &person.name, person.slack.as_deref())? {
        return Ok(Err(refused));
    }
    if person.fallback {
        leave_fallback(c)?;
    }
    change(
        c,
        "UPDATE person SET fold = ?2, slack = ?3, active = ?4, fallback = ?5, name = ?6, email = ?7 WHERE id = ?1",
        (
            id,
            fold_name(&person.name),
            person.slack,
            person.active,
            person.fallback,
            person.name.trim(),
            person.email,
        ),
    )?;
    Ok(Ok(()))
}

/// Why a user cannot be called so, or have this Slack id.
fn fault(c: &Connection, id: Option<PersonId>, name: &str, slack: Option<&str>) -> Sql<Option<PersonRefused>> {
    if name.trim().is_empty() {
        return Ok(Some(PersonRefused::NoName));
    }
    let other = |person: &Person| Some(person.id) != id;
    if let Some(other) = named(c, name)?.filter(other) {
        return Ok(Some(PersonRefused::NameTaken(other.name)));
    }
    let taken = match slack {
        Some(slack) => in_slack(c, slack)?.filter(other),
        None => None,
    };
    Ok(taken.map(|other| PersonRefused::SlackTaken(other.name)))
}

pub(super) fn remove(c: &Connection, id: PersonId) -> Sql<bool> {
    Ok(change(c, "DELETE FROM person WHERE id = ?1", [id])? > 0)
}

pub(super) fn list(c: &Connection) -> Sql<Vec<Person>> {
    all(c, &format!("{PERSON} ORDER BY fold"), [], read)
}

pub(super) fn named(c: &Connection, name: &str) -> Sql<Option<Person>> {
    maybe(c, &format!("{PERSON} WHERE fold = ?1"), [fold_name(name)], read)
}

pub(super) fn in_slack(c: &Connection, id: &str) -> Sql<Option<Person>> {
    maybe(c, &format!("{PERSON} WHERE slack = ?1"), [id], read)
}

/// Sets and empties fields.
pub(super) fn set_fields(
    c: &Connection,
    id: PersonId,
    plugin: &str,
    fields: &[(String, Option<FieldValue>)],
) -> Sql<Result<(), PersonRefused>> {
    if maybe(c, "SELECT 1 FROM person WHERE id = ?1", [id], |_| Ok(()))?.is_none() {
        return Ok(Err(PersonRefused::Unknown));
    }
    for (field, value) in fields {
        let (secret, bytes) = match value {
            None => {
                let key = (id, plugin, field);
                change(
                    c,
                    "DELETE FROM person_field WHERE person = ?1 AND plugin = ?2 AND field = ?3",
                    key,
                )?;
                continue;
            }
            Some(FieldValue::Plain(text)) => (false, text.as_bytes()),
            Some(FieldValue::Secret(bytes)) => (true, bytes.as_slice()),
        };
        change(
            c,
            "INSERT INTO person_field (person, plugin, field, secret, value) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (person, plugin, field) DO UPDATE SET secret = ?4, value = ?5",
            (id, plugin, field, secret, bytes),
        )?;
    }
    Ok(Ok(()))
}

pub(super) fn fields(c: &Connection, id: PersonId, plugin: &str) -> Sql<Vec<(String, FieldValue)>> {
    all(c, FIELDS, (id, plugin), |row| {
        let value = row.get_ref(2)?.as_blob()?;
        let value = match row.get(1)? {
            true => FieldValue::Secret(value.to_vec()),
            false => FieldValue::Plain(String::from_utf8_lossy(value).into_owned()),
        };
        Ok((row.get(0)?, value))
    })
}

pub(in super::super) const FIELDS: &str =
    "SELECT field, secret, value FROM person_field WHERE person = ?1 AND plugin = ?2 ORDER BY field";

const PERSON: &str = "SELECT id, name, email, slack, active, fallback FROM person";

fn read(row: &Row<'_>) -> Sql<Person> {
    Ok(Person {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        slack: row.get(3)?,
        active: row.get(4)?,
        fallback: row.get(5)?,
    })
}

fn leave_fallback(c: &Connection) -> Sql<usize> {
    change(
        c,
        "UPDATE person INDEXED BY person_fallback SET fallback = 0 WHERE fallback = 1",
        [],
    )
}
