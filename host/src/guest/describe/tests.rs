#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use proptest::prelude::*;

use super::*;

fn described(text: &str) -> Description {
    describe_bytes(&wat::parse_str(text).unwrap()).unwrap()
}

/// A component with these imports and these exports of a function.
fn with(imports: &[&str], export: &str) -> Description {
    let imports: String = imports
        .iter()
        .map(|name| format!("(import \"{name}\" (instance))"))
        .collect();
    described(&format!(
        r#"(component {imports}
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $n)
            (export "{export}" ({} {})))"#,
        if export.contains(':') { "instance" } else { "func" },
        if export.contains(':') { "$n" } else { "$f" },
    ))
}

#[test]
fn the_world_is_told_by_what_is_exported() {
    for (export, world) in [
        ("wasi:cli/run@0.2.3", Some("command")),
        ("wasi:cli/run@0.3.0", Some("command")),
        ("run", Some("job")),
        ("format", Some("report-format")),
        ("send-alert", Some("alert")),
        ("wasi:http/incoming-handler@0.2.0", Some("an HTTP server")),
        ("something-else", None),
    ] {
        assert_eq!(with(&[], export).world, world, "{export}");
    }
}

#[test]
fn what_is_imported_is_what_could_be_asked_for() {
    let description = with(
        &[
            "wasi:cli/environment@0.2.3",
            "wasi:cli/stdout@0.2.3",
            "wasi:sockets/tcp@0.2.3",
            "wasi:filesystem/preopens@0.2.3",
            "wasi:http/outgoing-handler@0.2.3",
            "innkeeper:guest/progress@0.1.0-dev",
        ],
        "run",
    );
    let all = [
        Ask::Http,
        Ask::Files,
        Ask::Environment,
        Ask::Sockets,
        Ask::Basics,
        Ask::Innkeeper,
    ];
    assert_eq!(description.asks, BTreeSet::from(all));
    assert_eq!(description.unknown, Vec::<String>::new());
}

#[test]
fn what_nobody_has_is_named_and_keeps_it_from_starting() {
    let description = with(&["wasi:keyvalue/store@0.2.0-draft"], "wasi:cli/run@0.2.3");
    assert_eq!(description.unknown, ["wasi:keyvalue/store@0.2.0-draft"]);
    let refused = description.refused.unwrap();
    assert!(refused.contains("`wasi:keyvalue/store@0.2.0-draft`"), "{refused}");
}

/// What `printf '\0asm\015\0\1\0' | sha256sum` says.
const SHA256SUM: &str = "sha256:24eaf3439a60c96764c4f2c92a0a81b52bd4fe5d5b91f090184a0f6486b1bf29";

#[test]
fn size_and_digest_are_of_the_whole_file() {
    let description = described("(component)");
    assert_eq!(description.bytes, 8);
    assert_eq!(description.digest, SHA256SUM);
}

/// A custom section `producers` with one field.
fn producers(field: &str, entries: &[(&str, &str)]) -> String {
    let mut bytes = vec![1];
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.push(u8::try_from(text.len()).unwrap());
        bytes.extend(text.bytes());
    };
    text(&mut bytes, field);
    bytes.push(u8::try_from(entries.len()).unwrap());
    for (name, version) in entries {
        text(&mut bytes, name);
        text(&mut bytes, version);
    }
    let escaped: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(@custom \"producers\" \"{escaped}\")")
}

#[test]
fn producers_are_read_of_what_is_nested_too() {
    let rust = producers("language", &[("Rust", "")]);
    let tools = producers("processed-by", &[("rustc", "1.95.0"), ("evil\u{1b}[2J", "")]);
    let text = format!("(component (component (component (core module {rust} {tools}))))");
    let description = described(&text);
    assert_eq!(description.language.as_deref(), Some("Rust"));
    let made: Vec<&str> = description.producers.iter().map(String::as_str).collect();
    assert_eq!(made, ["evil [2J", "rustc 1.95.0"]);
}

#[test]
fn an_adapter_does_not_tell_the_language() {
    let adapter = producers("processed-by", &[("rustc", "1.97.0")]);
    let text = format!("(component (core module) (core module {adapter}))");
    assert_eq!(described(&text).language, None);
    let clang = producers("processed-by", &[("clang", "19")]);
    let text = format!("(component (core module {clang}) (core module {adapter}))");
    assert_eq!(described(&text).language.as_deref(), Some("C or C++"));
}

#[test]
fn a_python_component_is_known_by_its_runtime() {
    let text = r#"(component (core module
        (import "GOT.mem" "libcomponentize_py_runtime.so:memory_base" (global i32))))"#;
    assert_eq!(described(text).language.as_deref(), Some("Python"));
}

#[test]
fn a_nesting_bomb_is_looked_at_in_one_go() {
    let mut inner = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..3000 {
        let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
        let mut length = inner.len();
        while length >= 0x80 {
            outer.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend_from_slice(&inner);
        inner = outer;
    }
    assert_eq!(describe_bytes(&inner).unwrap().world, None);
}

#[test]
fn a_thousand_names_are_not_all_listed() {
    let names: Vec<String> = (0..1000).map(|number| format!("a{number}:b/c")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(with(&names, "run").unknown.len(), MOST_NAMES);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend(tail);
        let _ = describe_bytes(&bytes);
    }
}
