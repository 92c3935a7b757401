//! Whether a document has the keys and types that its schema wants, in our own words. What is wrong is taken out of the
//! document's value, so that the rest can still be looked at.

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::names::{nearest, tick, ticks};
use super::problem::{Problem, Problems};
use super::schema;
use super::source::{Document, child};

/// Keys that the design names and that are not built yet. `*` is any one name or index.
const KEYS_TO_COME: &[&str] = &["/jobs/*/idempotent", "/jobs/*/retries"];

/// Values that the design names and that are not built yet.
const VALUES_TO_COME: &[(&str, &[&str])] = &[
    ("/namespaces/*/triggers/*", TRIGGERS_TO_COME),
    ("/needs/triggers/*", TRIGGERS_TO_COME),
    ("/jobs/*/needs/triggers/*", TRIGGERS_TO_COME),
];

const TRIGGERS_TO_COME: &[&str] = &["api"];

/// Checks a document against a schema, reports what is wrong, and reads what is right.
///
/// Of a document with syntax errors only keys and types are looked at, and not on the lines of those errors: what is
/// missing may be there and unreadable.
pub(super) fn read<T: DeserializeOwned + Default>(document: &mut Document, root: &Value, problems: &mut Problems) -> T {
    let validator = match jsonschema::validator_for(root) {
        Ok(validator) => validator,
        Err(error) => return refuse(document, &error.to_string(), problems),
    };
    let mut wrong = Vec::new();
    let broken = match document.whole {
        true => Default::default(),
        false => problems.lines_of(document.path()),
    };
    let mut report = |problem: Problem| {
        if document.whole || !broken.contains(&problem.place().line_and_column().0) {
            problems.push(problem);
        }
    };
    for error in validator.iter_errors(&document.value) {
        let at = error.instance_path().as_str().to_owned();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for key in unexpected {
                    report(unknown_key(document, root, &at, key));
                    wrong.push(child(&at, key));
                }
            }
            ValidationErrorKind::Required { property } => {
                if document.whole {
                    report(missing_key(document, root, &at, property.as_str().unwrap_or_default()));
                }
            }
            _ => {
                report(wrong_value(document, root, &at, &error));
                wrong.push(at);
            }
        }
    }
    for pointer in wrong {
        take_out(&mut document.value, &pointer);
    }
    match T::deserialize(&document.value) {
        Ok(raw) => raw,
        Err(error) => refuse(document, &error.to_string(), problems),
    }
}

/// For what the schema lets through and the types do not: a defect of ours, but never a panic.
fn refuse<T: Default>(document: &Document, why: &str, problems: &mut Problems) -> T {
    problems.push(Problem::error(why.replace('\n', " "), document.file("")));
    T::default()
}

fn unknown_key(document: &Document, root: &Value, table: &str, key: &str) -> Problem {
    let pointer = child(table, key);
    if KEYS_TO_COME.iter().any(|pattern| fits(pattern, &pointer)) {
        return to_come(document, &pointer, &tick(key));
    }
    let here = match table {
        "" => "at the top level".to_owned(),
        table => format!("in {}", section(document, table)),
    };
    let known = schema::at(root, table).map(schema::keys).unwrap_or_default();
    let mut advice = Vec::new();
    if let Some(meant) = nearest(key, known.iter().copied()) {
        advice.push(format!("did you mean {}?", tick(meant)));
    } else {
        let homes = schema::homes(root, key);
        let named = homes.iter().map(|home| match home.as_str() {
            "" => "at the top of the file, before the first `[table]`".to_owned(),
            home => format!("in {}", tick(home)),
        });
        match named.collect::<Vec<_>>().as_slice() {
            [] => advice.push(format!("the keys {here} are {}", ticks(known, "and"))),
            homes => advice.push(format!("{} belongs {}", tick(key), homes.join(" or "))),
        }
    }
    Problem::error(
        format!("unknown key {} {here}", tick(key)),
        document.key(&pointer, "not known here"),
    )
    .help(advice.join("; "))
}

fn missing_key(document: &Document, root: &Value, table: &str, key: &str) -> Problem {
    let about = schema::at(root, &child(table, key))
        .filter(|schema| schema::choices(schema).is_empty())
        .and_then(|schema| schema.get("description"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let title = format!("{} has no {}", section(document, table), tick(key));
    let about = about.trim_end_matches('.');
    let help = if about.is_empty() {
        String::new()
    } else {
        format!("{}: {}", tick(key), lower_first(about))
    };
    Problem::error(title, document.value(table, format!("add {}", tick(key)))).help(help)
}

fn wrong_value(document: &Document, root: &Value, at: &str, error: &ValidationError<'_>) -> Problem {
    let schema = schema::at(root, at).unwrap_or(&Value::Null);
    let value = document.value.pointer(at).unwrap_or(&Value::Null);
    let name = tick(name_of(at));
    if is_to_come(at, value) {
        let what = value.as_str().map_or_else(|| name.clone(), tick);
        return to_come(document, at, &what);
    }
    let choices = schema::choices(schema);
    if let (Some(said), false) = (value.as_str(), choices.is_empty()) {
        let expected = format!("expected {}", ticks(choices.iter().copied(), "or"));
        let meant = nearest(said, choices).map(|meant| format!("did you mean {}?", tick(meant)));
        return Problem::error(
            format!("{} is not a value of {name}", tick(said)),
            document.value(at, expected),
        )
        .help(meant.unwrap_or_default());
    }
    let wanted = match error.kind() {
        ValidationErrorKind::Minimum { limit } => {
            return Problem::error(
                format!("{name} is too small"),
                document.value(at, format!("must be at least {limit}")),
            );
        }
        ValidationErrorKind::Maximum { limit } => {
            return Problem::error(
                format!("{name} is too large"),
                document.value(at, format!("must be at most {limit}")),
            );
        }
        ValidationErrorKind::Type {
            kind: TypeKind::Single(kind),
        } => kind.as_str(),
        ValidationErrorKind::Type {
            kind: TypeKind::Multiple(_),
        } => {
            let label = format!("expected a string or a list of strings, found {}", document.kind(at));
            return Problem::error(format!("wrong type for {name}"), document.value(at, label))
                .help(remedy("string", value));
        }
        _ if !choices.is_empty() => "string",
        _ => return Problem::error(error.masked().to_string(), document.value(at, "")),
    };
    let (expected, help) = match choices.as_slice() {
        [] => (in_words(wanted).to_owned(), remedy(wanted, value)),
        choices => (ticks(choices.iter().copied(), "or"), "put it in quotes".into()),
    };
    let label = format!("expected {expected}, found {}", document.kind(at));
    Problem::error(format!("wrong type for {name}"), document.value(at, label)).help(help)
}

fn to_come(document: &Document, pointer: &str, what: &str) -> Problem {
    Problem::error(
        format!("{what} is not available in this version"),
        document.key(pointer, "not built yet"),
    )
    .help("leave it out: it would do nothing")
}

fn is_to_come(at: &str, value: &Value) -> bool {
    VALUES_TO_COME
        .iter()
        .any(|(pattern, values)| fits(pattern, at) && value.as_str().is_some_and(|value| values.contains(&value)))
}

/// Whether `pointer` is one of those that `pattern` stands for.
fn fits(pattern: &str, pointer: &str) -> bool {
    let mut segments = pointer.split('/');
    pattern.split('/').all(|wanted| {
        segments
            .next()
            .is_some_and(|segment| wanted == "*" || wanted == segment)
    }) && segments.next().is_none()
}

/// The table at `pointer` as it is headed in the file: `[jobs.hello]`, `[[slack]]`.
fn section(document: &Document, pointer: &str) -> String {
    let names: Vec<&str> = pointer
        .split('/')
        .skip(1)
        .filter(|segment| segment.parse::<usize>().is_err())
        .collect();
    let list = pointer
        .rsplit_once('/')
        .is_some_and(|(parent, _)| document.kind(parent) == "a list");
    let path = names.join(".").replace("~1", "/").replace("~0", "~");
    tick(&if list {
        format!("[[{path}]]")
    } else {
        format!("[{path}]")
    })
}

/// The last name in a pointer; of an element of a list, the list's.
fn name_of(pointer: &str) -> &str {
    pointer
        .rsplit('/')
        .find(|segment| segment.parse::<usize>().is_err())
        .unwrap_or_default()
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "boolean" => "true or false",
        "string" => "a string",
        "integer" => "a whole number",
        "array" => "a list",
        "object" => "a table",
        _ => "something else",
    }
}

/// How to write what was probably meant.
fn remedy(wanted: &str, value: &Value) -> String {
    match (wanted, value) {
        ("boolean", Value::String(text)) if text == "true" || text == "false" => {
            format!("write it without quotes: {text}")
        }
        ("integer", Value::String(text)) if text.parse::<u64>().is_ok() => {
            format!("write it without quotes: {text}")
        }
        ("array", Value::String(text)) if text.len() < 100 => {
            format!("put it in brackets: {}", super::names::toml_list([text.as_str()]))
        }
        ("array", Value::Object(_)) => "put it in brackets: [{ … }], or head it with [[…]]".into(),
        ("string", Value::Bool(_) | Value::Number(_)) => format!("put it in quotes: \"{value}\""),
        _ => String::new(),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Removes the key at `pointer`, or the key whose list it is in.
fn take_out(value: &mut Value, pointer: &str) {
    let mut pointer = pointer;
    while let Some((parent, last)) = pointer.rsplit_once('/') {
        match value.pointer_mut(parent) {
            Some(Value::Object(table)) => {
                table.shift_remove(&last.replace("~1", "/").replace("~0", "~"));
                return;
            }
            Some(Value::Array(_)) => pointer = parent,
            _ => return,
        }
    }
    // The whole document is wrong: nothing of it is read.
    *value = Value::Object(serde_json::Map::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_pointers() {
        assert!(fits("/jobs/*/retries", "/jobs/hello/retries"));
        assert!(!fits("/jobs/*/retries", "/jobs/hello/retries/0"));
        assert!(!fits("/plugins", "/jobs/plugins"));
    }

    #[test]
    fn what_is_wrong_is_taken_out_and_its_neighbours_stay() {
        let mut value = serde_json::json!({"a": {"b": [1, 2], "c": 3}, "d/e": 4});
        take_out(&mut value, "/a/b/1");
        take_out(&mut value, "/d~1e");
        assert_eq!(value, serde_json::json!({"a": {"c": 3}}));
    }
}
