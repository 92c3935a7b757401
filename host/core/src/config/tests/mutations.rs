//! No text makes `load` panic, and whatever it says can be drawn.

use proptest::prelude::*;

use super::World;

const HOST: &str = r##"
workspace = "workspace"
timezone = "Europe/London"
max_runs = 8
[slack]
mode = "socket"
logs_channel = "#bot-logs"
[namespaces.demo]
trust = "trusted"
env = ["A"]
files = [{ host = "/tmp", guest = "/data", write = true }]
github = { secret = "S", repos = ["a/b"] }
http = ["api.example.com/v1", "http://127.0.0.1:8080"]
limits = { memory_mb = 64 }
"##;

const NAMESPACE: &str = r##"
description = "é"
default_channel = "#tech"
[needs]
env = ["A"]
http = ["api.example.com/v1"]
[jobs.hello_to]
run_args_template = "echo Hello {name}"
report_format = "text"
[jobs.hello_to.needs]
limits = { timeout_seconds = 5 }
[[slack]]
command = "say hello to [name]"
help = "Says hello"
job_type = "hello_to"
[[github]]
event = "push"
job_type = "hello_to"
args = { name = "/ref" }
"##;

/// A change to a text: some characters somewhere are replaced by something that TOML cares about.
#[derive(Clone, Debug)]
struct Change {
    at: prop::sample::Index,
    remove: usize,
    insert: String,
}

fn change() -> impl Strategy<Value = Change> {
    let insert = prop_oneof![
        "[\\PC]{0,3}",
        prop::sample::select(vec![
            "[",
            "]",
            "[[",
            "]]",
            "=",
            ".",
            "\"",
            "'",
            "\"\"\"",
            "{",
            "}",
            "\n",
            "\r",
            "\\",
            "\\u00e9",
            "~",
            "/",
            "0",
            "-1",
            "1e9",
            "99999999999999999999",
            "true",
            "2026-01-01",
            "[jobs.x]\n",
            "[[jobs]]\n",
            "slack = 1\n",
            "a.b.c = 1\n",
            "\"\" = 1\n",
            "\u{0}",
            "\u{feff}",
            "🦀",
        ])
        .prop_map(str::to_owned),
    ];
    (any::<prop::sample::Index>(), 0..20usize, insert).prop_map(|(at, remove, insert)| Change { at, remove, insert })
}

fn apply(text: &str, changes: &[Change]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for change in changes {
        let at = change.at.index(letters.len() + 1);
        let end = (at + change.remove).min(letters.len());
        letters.splice(at..end, change.insert.chars());
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_load_panic(
        host in prop::collection::vec(change(), 0..3),
        namespace in prop::collection::vec(change(), 0..6),
        colour: bool,
    ) {
        let world = World::new(&apply(HOST, &host)).namespace("demo", &apply(NAMESPACE, &namespace));
        let problems = match world.load() {
            Ok(loaded) => loaded.problems,
            Err(problems) => {
                prop_assert!(problems.has_errors());
                problems
            }
        };
        prop_assert_eq!(problems.render(colour).is_empty(), problems.is_empty());
        prop_assert!(problems.to_json().is_array());
    }
}
