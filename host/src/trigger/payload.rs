//! What is wanted of a webhook's payload: JSON pointers (RFC 6901), all followed in one pass over the text.
//!
//! A payload is some 24 kB, and a rule wants a dozen words of it: nothing else is built in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What one argument may be at most, in bytes.
const LONGEST_ARGUMENT: usize = 32 * 1024;

/// What it may be in JSON: a byte takes six at most (`\u0041`), and there are quotes.
const LONGEST_RAW: usize = 6 * LONGEST_ARGUMENT + 2;

/// Why what stands in a payload is no argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// There is nothing.
    Absent,
    /// It is `null`.
    Null,
    /// It is a string that is no text, for example half of a surrogate pair.
    NoText,
    /// It holds a NUL.
    Nul,
    /// It is longer than any argument.
    TooLong,
}

/// What stands in a payload as an argument: a string as it is, everything else as its JSON.
pub(super) fn argument(raw: Option<&RawValue>) -> Result<String, Unfit> {
    let text = match raw.map(RawValue::get) {
        None => return Err(Unfit::Absent),
        Some("null") => return Err(Unfit::Null),
        // Whatever it holds: it is not decoded to learn that.
        Some(text) if text.len() > LONGEST_RAW => return Err(Unfit::TooLong),
        Some(text) if text.starts_with('"') => serde_json::from_str(text).map_err(|_| Unfit::NoText)?,
        Some(text) => text.to_owned(),
    };
    if text.contains('\0') {
        return Err(Unfit::Nul);
    }
    if text.len() > LONGEST_ARGUMENT {
        return Err(Unfit::TooLong);
    }
    Ok(text)
}

/// A JSON pointer, for example `/pull_request/head/ref`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    key: String,
    /// The same, where it can also be the number of an item.
    index: Option<usize>,
}

impl Pointer {
    /// Reads `text`; the empty text points at the whole document. What does not begin with `/` points at nothing:
    /// `check` has refused it.
    pub(super) fn parse(text: &str) -> Self {
        Self(text.split('/').skip(1).map(Step::parse).collect())
    }
}

impl Step {
    fn parse(text: &str) -> Self {
        let key = text.replace("~1", "/").replace("~0", "~");
        let plain = key == "0" || (key.starts_with(|first: char| first.is_ascii_digit()) && !key.starts_with('0'));
        let index = if plain { key.parse().ok() } else { None };
        Self { key, index }
    }
}

/// Finds what each of `wanted` points at, as the text that stands there. Where a key is repeated, the last one counts.
///
/// # Errors
/// `json` is not one JSON document.
pub(super) fn pick<'de>(json: &'de [u8], wanted: &[&Pointer]) -> serde_json::Result<Vec<Option<&'de RawValue>>> {
    let mut found = vec![None; wanted.len()];
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let walk = Walk {
        wanted,
        through: (0..wanted.len()).collect(),
        depth: 0,
        found: &mut found,
    };
    walk.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(found)
}

/// Hands every string in `raw` to `each` that stands in a list, or under one of `keys`, as deep as these lead; until it says
/// that it has seen enough. Nothing is built in memory. What is no JSON ends it, too.
pub(super) fn strings(raw: &RawValue, keys: &[&str], each: &mut dyn FnMut(&str) -> bool) {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    // An error is the end, of whatever kind: the document was read before, and is JSON.
    let _ = Strings { keys, each }.deserialize(&mut deserializer);
}

struct Strings<'s> {
    keys: &'s [&'s str],
    each: &'s mut dyn FnMut(&str) -> bool,
}

impl<'de> DeserializeSeed<'de> for Strings<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strings<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(wanted) = map.next_key_seed(OneOf(self.keys))? {
            if wanted {
                map.next_value_seed(Strings {
                    keys: self.keys,
                    each: &mut *self.each,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items
            .next_element_seed(Strings {
                keys: self.keys,
                each: &mut *self.each,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match (self.each)(text) {
            true => Ok(()),
            false => Err(E::custom("enough")),
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Whether a key is one of these.
struct OneOf<'k>(&'k [&'k str]);

impl<'de> DeserializeSeed<'de> for OneOf<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for OneOf<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(self.0.contains(&key))
    }
}

/// The value at one place, with the pointers that lead to it or through it.
struct Walk<'w, 'de> {
    wanted: &'w [&'w Pointer],
    through: Vec<usize>,
    depth: usize,
    found: &'w mut Vec<Option<&'de RawValue>>,
}

impl<'w> Walk<'w, '_> {
    /// The pointers whose next step is taken by `step`.
    fn onward(&self, step: impl Fn(&Step) -> bool) -> Vec<usize> {
        let taken = |pointer: &usize| self.wanted[*pointer].0.get(self.depth).is_some_and(&step);
        self.through.iter().copied().filter(taken).collect()
    }

    fn ends_here(&self, pointer: usize) -> bool {
        self.wanted[pointer].0.len() == self.depth
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        if !self.through.iter().any(|pointer| self.ends_here(*pointer)) {
            return deserializer.deserialize_any(self);
        }
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
        let (ending, going): (Vec<_>, Vec<_>) = self.through.iter().partition(|pointer| self.ends_here(**pointer));
        for pointer in ending {
            self.found[pointer] = Some(raw);
        }
        if going.is_empty() {
            return Ok(());
        }
        self.through = going;
        serde_json::Deserializer::from_str(raw.get())
            .deserialize_any(self)
            .map_err(D::Error::custom)
    }
}

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(through) = map.next_key_seed(Key(&self))? {
            if through.is_empty() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            map.next_value_seed(Walk {
                wanted: self.wanted,
                through,
                depth: self.depth + 1,
                found: &mut *self.found,
            })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            let through = self.onward(|step| step.index == Some(index));
            let more = if through.is_empty() {
                items.next_element::<IgnoredAny>()?.is_some()
            } else {
                let walk = Walk {
                    wanted: self.wanted,
                    through,
                    depth: self.depth + 1,
                    found: &mut *self.found,
                };
                items.next_element_seed(walk)?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    // A pointer that leads through a word or a number leads nowhere.

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Compares a key where it stands, without a copy of it.
struct Key<'k, 'w, 'de>(&'k Walk<'w, 'de>);

impl<'de> DeserializeSeed<'de> for Key<'_, '_, '_> {
    type Value = Vec<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_, '_> {
    type Value = Vec<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Vec<usize>, E> {
        Ok(self.0.onward(|step| step.key == key))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn find(json: &str, pointers: &[&str]) -> Vec<Option<String>> {
        let pointers: Vec<Pointer> = pointers.iter().map(|text| Pointer::parse(text)).collect();
        let wanted: Vec<&Pointer> = pointers.iter().collect();
        let found = pick(json.as_bytes(), &wanted).unwrap();
        found.iter().map(|raw| raw.map(|raw| raw.get().to_owned())).collect()
    }

    #[test]
    fn a_value_is_found_as_it_stands() {
        let json = r#"{"a": {"b": "x\ny", "c": [1, {"d": 2.50}]}, "e/f": true, "~": null, "": 0}"#;
        let found = find(json, &["/a/b", "/a/c/1/d", "/e~1f", "/~0", "/", "/a/c"]);
        let expected = [r#""x\ny""#, "2.50", "true", "null", "0", r#"[1, {"d": 2.50}]"#];
        assert_eq!(found, expected.map(|text| Some(text.to_owned())));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let json = r#"{"a": {"b": "x"}, "c": [1, 2]}"#;
        let pointers = ["/a/x", "/a/b/c", "/b", "/c/2", "/c/01", "/c/-", "/c/b", "/A"];
        assert_eq!(find(json, &pointers), vec![None; pointers.len()]);
    }

    #[test]
    fn one_pointer_may_lead_through_what_another_points_at() {
        let json = r#"{"a": {"b": [{"c": 1}]}}"#;
        let found = find(json, &["", "/a", "/a/b/0/c", "/a/b"]);
        assert_eq!(
            found,
            [json, r#"{"b": [{"c": 1}]}"#, "1", r#"[{"c": 1}]"#].map(|text| Some(text.to_owned()))
        );
    }

    #[test]
    fn an_escaped_key_is_the_key() {
        assert_eq!(find(r#"{"\u0061": 1}"#, &["/a"]), [Some("1".into())]);
    }

    #[test]
    fn what_is_not_one_document_is_an_error() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(1000), "[".repeat(100_000));
        for json in ["", "{", r#"{"a": 1} x"#, r#"{"a": tru}"#, "\u{feff}{}", &deep] {
            let pointer = Pointer::parse("/a/b");
            assert!(pick(json.as_bytes(), &[&pointer]).is_err(), "{json:.20}");
        }
    }

    #[test]
    fn strings_are_handed_over_until_there_were_enough() {
        let text = r#"[{"added": ["a", "b\/c"], "id": "x", "n": 1}, {"removed": ["d"], "added": [null, true]}, {"added": "e"}]"#;
        let seen = |most: usize| {
            let mut seen = Vec::new();
            let raw: &RawValue = serde_json::from_str(text).unwrap();
            strings(raw, &["added", "removed"], &mut |name| {
                seen.push(name.to_owned());
                seen.len() < most
            });
            seen.join(" ")
        };
        assert_eq!(seen(100), "a b/c d e");
        assert_eq!(seen(2), "a b/c");
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,5}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[abc~/0-2]{0,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_finds_what_serde_json_finds(document in json(), pointers in prop::collection::vec("(/([abc0-2]|~0|~1){0,2}){0,4}", 0..6)) {
            let text = document.to_string();
            let texts: Vec<&str> = pointers.iter().map(String::as_str).collect();
            for (pointer, found) in pointers.iter().zip(find(&text, &texts)) {
                let expected = document.pointer(pointer).map(ToString::to_string);
                prop_assert_eq!(found, expected, "{} in {}", pointer, text);
            }
        }
    }
}
