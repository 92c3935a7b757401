//! The JSON Schemas of both files, derived from `raw`: editors complete with them, and `shape` validates with them.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::raw::{RawHost, RawNamespace};

/// The JSON Schema (draft 2020-12) of `innkeeper.toml`.
pub fn schema_host() -> Value {
    schema_of::<RawHost>()
}

/// The JSON Schema (draft 2020-12) of `namespace.toml`.
pub fn schema_namespace() -> Value {
    schema_of::<RawNamespace>()
}

fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(without_null))
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// TOML has no null: an optional value is there or it is not.
fn without_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    if object.get("default").is_some_and(Value::is_null) {
        object.shift_remove("default");
    }
    if let Some(Value::Array(kinds)) = object.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| !is_null(choice));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.shift_remove("anyOf");
            object.extend(only);
        }
    }
}

/// The schema that holds at `pointer` in a document, references followed.
pub(super) fn at<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut schema = follow(root, root);
    for segment in pointer.split('/').skip(1) {
        let key = segment.replace("~1", "/").replace("~0", "~");
        let next = schema
            .get("properties")
            .and_then(|properties| properties.get(&key))
            .or_else(|| schema.get("additionalProperties").filter(|other| other.is_object()))
            .or_else(|| schema.get("items"))?;
        schema = follow(root, next);
    }
    Some(schema)
}

fn follow<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?))
        .unwrap_or(schema)
}

/// The keys that a table of this schema may have by name.
pub(super) fn keys(schema: &Value) -> Vec<&str> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

/// The strings that a value of this schema may be; empty where it is free.
pub(super) fn choices(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array);
    let described = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|key| schema.get(key)?.as_array());
    let listed = listed.into_iter().flatten();
    let described = described.into_iter().flatten();
    let constants = described.clone().filter_map(|choice| choice.get("const"));
    let nested = described
        .filter_map(|choice| choice.get("enum").and_then(Value::as_array))
        .flatten();
    listed
        .chain(nested)
        .chain(constants)
        .filter_map(Value::as_str)
        .collect()
}

/// The tables in which `key` is allowed, as they are headed: `[jobs.<name>]`. The file's top is an empty text.
pub(super) fn homes(root: &Value, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    find_homes(root, follow(root, root), "", false, key, &mut found);
    found
}

fn find_homes(root: &Value, schema: &Value, path: &str, list: bool, key: &str, found: &mut Vec<String>) {
    if keys(schema).contains(&key) {
        found.push(match (path.is_empty(), list) {
            (true, _) => String::new(),
            (false, false) => format!("[{path}]"),
            (false, true) => format!("[[{path}]]"),
        });
    }
    let join = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let property = follow(root, property);
        let (property, list) = match property.get("items") {
            Some(items) => (follow(root, items), true),
            None => (property, false),
        };
        find_homes(root, property, &join(name), list, key, found);
    }
    if let Some(other) = schema.get("additionalProperties").filter(|other| other.is_object()) {
        find_homes(root, follow(root, other), &join("<name>"), false, key, found);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_valid_and_say_what_they_are() {
        for (schema, title) in [
            (schema_host(), "innkeeper.toml"),
            (schema_namespace(), "namespace.toml"),
        ] {
            assert!(jsonschema::meta::is_valid(&schema));
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
            assert_eq!(schema["title"], title);
            assert_eq!(schema["additionalProperties"], false);
            assert!(!schema.to_string().contains("null"), "{schema:#}");
        }
    }

    #[test]
    fn schemas_carry_defaults_and_descriptions() {
        let schema = schema_host();
        assert_eq!(schema["properties"]["timezone"]["default"], "UTC");
        let schema = schema_namespace();
        let job = at(&schema, "/jobs/any").unwrap();
        assert_eq!(job["properties"]["report_success"]["default"], true);
        assert_eq!(job["properties"]["report_format"]["default"], "text");
        let command = at(&schema, "/slack/3").unwrap();
        assert_eq!(command["required"], serde_json::json!(["command", "help", "job_type"]));
        for property in command["properties"].as_object().unwrap().values() {
            assert!(property["description"].is_string(), "{property}");
        }
    }

    #[test]
    fn keys_know_their_tables() {
        let schema = schema_namespace();
        assert_eq!(homes(&schema, "report_stdout"), ["[jobs.<name>]"]);
        assert_eq!(homes(&schema, "restricted"), [""]);
        assert_eq!(
            homes(&schema, "job_type"),
            [
                "[[slack]]",
                "[[github]]",
                "[[schedule]]",
                "[[keyword]]",
                "[hooks.<name>]"
            ]
        );
        assert_eq!(
            choices(at(&schema, "/jobs/x/report_format").unwrap()),
            ["text", "blocks", "code", "file"]
        );
    }
}
