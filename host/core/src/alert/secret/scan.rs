//! Placeholders in bytes: `{{secret:NAME}}`, `{{secret:5/NAME}}`, and the same percent-encoded, as libraries that build
//! addresses and forms write them.

use std::ops::Range;

use super::SecretName;
use crate::store::PersonId;

const BEGINNING: &str = "{{secret:";
const END: &str = "}}";
/// What a name may have, in characters.
const LONGEST: usize = 64;

/// A placeholder and where it stands.
pub(super) struct Found {
    pub(super) name: SecretName,
    pub(super) at: Range<usize>,
}

/// Every placeholder, in order. What only resembles one is text.
pub(super) fn scan(bytes: &[u8], encoded: bool) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match read(bytes, at, encoded) {
            Some((name, end)) => {
                found.push(Found { name, at: at..end });
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn read(bytes: &[u8], from: usize, encoded: bool) -> Option<(SecretName, usize)> {
    let next = |at| character(bytes, at, encoded);
    let word = |mut at: usize, word: &str| {
        for expected in word.bytes() {
            let (byte, end) = next(at)?;
            (byte == expected).then_some(())?;
            at = end;
        }
        Some(at)
    };
    let mut at = word(from, BEGINNING)?;
    let mut name = String::new();
    loop {
        if let Some(end) = word(at, END) {
            return Some((named(&name)?, end));
        }
        let (byte, end) = next(at)?;
        let good = byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
        (good && name.len() < LONGEST).then_some(())?;
        name.push(char::from(byte));
        at = end;
    }
}

fn named(name: &str) -> Option<SecretName> {
    let (person, field) = match name.split_once('/') {
        Some((person, field)) => (Some(person), field),
        None => (None, name),
    };
    (!field.is_empty() && !field.contains('/')).then_some(())?;
    let field = field.to_owned();
    Some(match person {
        Some(person) => SecretName::Field {
            person: PersonId(person.parse().ok()?),
            field,
        },
        None => SecretName::Setting(field),
    })
}

/// The byte at `at`, and where the next one is.
fn character(bytes: &[u8], at: usize, encoded: bool) -> Option<(u8, usize)> {
    let byte = *bytes.get(at)?;
    if !(encoded && byte == b'%') {
        return Some((byte, at + 1));
    }
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let byte = u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()?;
    Some((byte, at + 3))
}

/// Whether something in a text begins like a placeholder, as it is or percent-encoded.
pub(super) fn begins_in(text: &str) -> bool {
    beginnings(text).next().is_some()
}

/// The text, where nothing begins like a placeholder any more.
pub(super) fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 8);
    let mut from = 0;
    for at in beginnings(text) {
        spaced.push_str(&text[from..at]);
        spaced.push(' ');
        from = at;
    }
    spaced.push_str(&text[from..]);
    spaced
}

/// Where the second brace of each beginning stands.
fn beginnings(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).filter_map(|from| {
        let (_, second) = character(bytes, from, true)?;
        let mut at = from;
        for expected in BEGINNING.bytes() {
            let (byte, end) = character(bytes, at, true)?;
            byte.eq_ignore_ascii_case(&expected).then_some(())?;
            at = end;
        }
        Some(second)
    })
}
