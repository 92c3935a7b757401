//! What a plugin says of itself, read and validated: people are shown it, and asked for it.

use std::collections::BTreeSet;

use innkeeper_core::alert::plugin::{About, Field, FieldKind, Metadata, UserFields};

use super::super::bindings::alerting as wit;
use super::super::convert::nothing_extra;
use super::super::ending::tidy;

/// How long its texts may be, in characters. A label and a title are shown in a form of Slack's.
const NAME: usize = 64;
const LINE: usize = 150;
const DESCRIPTION: usize = 500;
/// What Slack takes in one field of a form.
const ENTERED: u32 = 3000;
/// How many fields there may be: a form has no room for more.
const FIELDS: usize = 25;

type Read<T> = Result<T, String>;

/// What the plugin says of itself.
///
/// # Errors
/// What makes no sense, as a sentence without its full stop.
pub(super) fn read((metadata, user_fields): (wit::Metadata, Option<wit::UserFields>)) -> Read<About> {
    Ok(About {
        metadata: read_metadata(metadata)?,
        user_fields: user_fields.map(read_user_fields).transpose()?,
    })
}

fn read_metadata(metadata: wit::Metadata) -> Read<Metadata> {
    let wit::Metadata {
        name,
        author,
        version,
        description,
        wants_updates,
        settings,
        extra,
    } = metadata;
    nothing_extra(&extra)?;
    Ok(Metadata {
        name: named("its name", &name, NAME)?,
        author: line("its author", &author, LINE)?,
        version: line("its version", &version, NAME)?,
        description: line("its description", &description, DESCRIPTION)?,
        wants_updates,
        settings: fields("its settings", settings)?,
    })
}

fn read_user_fields(user_fields: wit::UserFields) -> Read<UserFields> {
    let wit::UserFields {
        title,
        fields: of_users,
        extra,
    } = user_fields;
    nothing_extra(&extra)?;
    Ok(UserFields {
        title: named("the title of its fields", &title, LINE)?,
        fields: fields("its fields", of_users)?,
    })
}

fn fields(what: &str, fields: Vec<wit::Field>) -> Read<Vec<Field>> {
    if fields.len() > FIELDS {
        return Err(format!("{what} are {}, and may be {FIELDS}", fields.len()));
    }
    let read: Vec<Field> = fields.into_iter().map(field).collect::<Read<_>>()?;
    let mut names = BTreeSet::new();
    match read.iter().find(|field| !names.insert(&field.name)) {
        Some(twice) => Err(format!("two of {what} are called `{}`", twice.name)),
        None => Ok(read),
    }
}

fn field(field: wit::Field) -> Read<Field> {
    let wit::Field {
        name,
        label,
        kind,
        max_length,
        optional,
        secret,
        default,
        extra,
    } = field;
    nothing_extra(&extra)?;
    if !is_name(&name) {
        return Err(format!(
            "no field can be called `{}`: letters, digits, `-` and `_`, beginning with a letter, at most {NAME}",
            tidy(&name, NAME)
        ));
    }
    let kind = match kind {
        wit::FieldKind::Text => FieldKind::Text,
        wit::FieldKind::Number => FieldKind::Number,
        wit::FieldKind::Boolean => FieldKind::Boolean,
    };
    if kind == FieldKind::Text && !(1..=ENTERED).contains(&max_length) {
        return Err(format!(
            "the field `{name}` has a `max-length` of {max_length}, and may have 1 to {ENTERED}"
        ));
    }
    if secret && default.is_some() {
        return Err(format!(
            "the field `{name}` is a secret, and has a default that is none: leave it out"
        ));
    }
    let field = Field {
        label: named(&format!("the label of the field `{name}`"), &label, LINE)?,
        name,
        kind,
        max_length: if kind == FieldKind::Text { max_length } else { 0 },
        optional,
        secret,
        default,
    };
    let fault = field.default.as_deref().and_then(|default| field.fault(default));
    match fault {
        Some(fault) => Err(format!("the default of the field `{}` {fault}", field.name)),
        None => Ok(field),
    }
}

fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.len() <= NAME && name.bytes().all(good)
}

/// One line of text, fit for people; it may be empty.
fn line(what: &str, text: &str, most: usize) -> Read<String> {
    let text = text.trim();
    match text.chars().count() {
        length if length > most => Err(format!("{what} has {length} characters, and may have {most}")),
        _ => Ok(tidy(text, most)),
    }
}

/// One that may not be empty.
fn named(what: &str, text: &str, most: usize) -> Read<String> {
    match line(what, text, most)? {
        empty if empty.trim().is_empty() => Err(format!("{what} is empty")),
        named => Ok(named),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn phone() -> wit::Field {
        wit::Field {
            name: "phone".into(),
            label: "Mobile telephone".into(),
            kind: wit::FieldKind::Text,
            max_length: 20,
            optional: false,
            secret: false,
            default: None,
            extra: Vec::new(),
        }
    }

    fn metadata(name: &str, settings: Vec<wit::Field>) -> wit::Metadata {
        wit::Metadata {
            name: name.into(),
            author: String::new(),
            version: "1.0".into(),
            description: "Says\nit".into(),
            wants_updates: true,
            settings,
            extra: Vec::new(),
        }
    }

    fn wrong(settings: Vec<wit::Field>) -> String {
        read((metadata("Pager", settings), None)).unwrap_err()
    }

    #[test]
    fn what_makes_sense_is_read_and_made_fit_for_people() {
        let about = read((metadata(" Pager\u{202e} ", vec![phone()]), None)).unwrap();
        assert_eq!(about.metadata.name, "Pager ");
        assert_eq!(about.metadata.description, "Says it");
        assert_eq!(about.metadata.settings[0].max_length, 20);
        assert_eq!(about.user_fields, None);
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_a_sentence() {
        let with = |change: fn(&mut wit::Field)| {
            let mut field = phone();
            change(&mut field);
            wrong(vec![field])
        };
        insta::assert_snapshot!(read((metadata(" ", vec![]), None)).unwrap_err(), @"its name is empty");
        insta::assert_snapshot!(read((metadata(&"x".repeat(65), vec![]), None)).unwrap_err(), @"its name has 65 characters, and may have 64");
        insta::assert_snapshot!(with(|field| field.name = "a b".into()), @"no field can be called `a b`: letters, digits, `-` and `_`, beginning with a letter, at most 64");
        insta::assert_snapshot!(with(|field| field.label = "\n".into()), @"the label of the field `phone` is empty");
        insta::assert_snapshot!(with(|field| field.max_length = 0), @"the field `phone` has a `max-length` of 0, and may have 1 to 3000");
        insta::assert_snapshot!(with(|field| field.default = Some("0".repeat(21))), @"the default of the field `phone` has at most 20 characters");
        insta::assert_snapshot!(with(|field| { field.secret = true; field.default = Some("x".into()); }), @"the field `phone` is a secret, and has a default that is none: leave it out");
        insta::assert_snapshot!(with(|field| field.extra = vec![("color".into(), "red".into())]), @"this version of the host does not know `color` in `extra` of what it returns");
        insta::assert_snapshot!(wrong(vec![phone(), phone()]), @"two of its settings are called `phone`");
        insta::assert_snapshot!(wrong(vec![phone(); 26]), @"its settings are 26, and may be 25");
    }
}
