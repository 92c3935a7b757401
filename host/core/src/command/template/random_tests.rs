//! Random templates: whatever is accepted, no argument of it is ever code. Asked of the real bash.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::ScriptTemplate;

/// Pieces of scripts, to be put together at random.
const FRAGMENTS: &[&str] = &[
    "{a}",
    "{a}",
    "{a}",
    "{a}",
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "'",
    "\"",
    "\\",
    "$(",
    ")",
    "`",
    "#",
    " # ",
    "<<EOF\n",
    "\nEOF\n",
    "<<-'E F'\n",
    "<<<",
    "$((",
    "))",
    "((",
    "${{x:-",
    "}}",
    "${{x",
    ";",
    ";",
    "|",
    " && ",
    "x=",
    "x+=",
    "x=(",
    "x[",
    "]=",
    "]",
    "[[ ",
    " ]]",
    " == ",
    " -eq ",
    "[ ",
    " ]",
    "case x in ",
    " in ",
    ") :;; ",
    " esac",
    "(",
    "{{ ",
    "; }}",
    "echo ",
    "echo ",
    "echo ",
    "printf %s ",
    "<",
    ">",
    "2>&1 ",
    "<(",
    "$'",
    "$\"",
    "$",
    "$x",
    "!",
    "=",
    "for i in ",
    "; do ",
    "; done",
    "if :; then ",
    "; fi",
    "eval ",
    "bash -c ",
    "test ",
    "let ",
    "declare ",
    "unset ",
    "read ",
    "f() ",
    "~",
    "*",
    "1",
    "-v ",
    "-c ",
    "x",
    "\\\n",
    "\t",
    "@(",
    "?",
    "\"$(",
    ")\"",
    "^",
    ",",
];

/// Values that make the file `canary` when they are run.
const CANARIES: &[&str] = &[
    "\n:>canary\n",
    ";:>canary;",
    "';:>canary;'",
    "\";:>canary;\"",
    "$(:>canary)",
    "`:>canary`",
    "\nEOF\n:>canary\n",
    "\nE F\n:>canary\n",
    "a[$(:>canary)]",
    ");:>canary;(",
    "));:>canary;((",
    "}; :>canary; {",
    "\\",
    "-v",
];

/// The templates that are accepted of `count` that are put together at random.
fn accepted_by_chance(runner: &mut TestRunner, count: usize) -> Vec<(String, ScriptTemplate)> {
    let fragments = proptest::collection::vec(proptest::sample::select(FRAGMENTS), 2..12);
    (0..count)
        .map(|_| fragments.new_tree(runner).unwrap().current().concat())
        .filter_map(|template| ScriptTemplate::parse(&template).ok().map(|parsed| (template, parsed)))
        .filter(|(_, parsed)| !parsed.parameters().is_empty())
        .collect()
}

/// Whatever is accepted, no argument is ever code. One bash runs it all, each script in a shell of its own.
#[test]
fn no_argument_of_a_random_template_is_ever_code() {
    let count = std::env::var("RANDOM_TEMPLATES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(6_000);
    let mut runner = if count == 6_000 {
        TestRunner::deterministic()
    } else {
        TestRunner::default()
    };
    let accepted = accepted_by_chance(&mut runner, count);
    assert!(
        accepted.len() > count / 200,
        "{} are too few to say anything",
        accepted.len()
    );
    let scripts: Vec<(&str, String)> = accepted
        .iter()
        .flat_map(|(template, parsed)| CANARIES.iter().map(move |canary| (template, parsed, canary)))
        .map(|(template, parsed, canary)| {
            (
                template.as_str(),
                parsed.render(&[("a", *canary)].into_iter().collect()).unwrap(),
            )
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let driver = "n=0; while IFS= read -r -d '' script; do \
                  ( cd \"$(mktemp -d -p .)\" && eval \"$script\"; [ -e canary ] && : >../canary ) </dev/null >/dev/null 2>&1; \
                  [ -e canary ] && { rm canary; echo $n; }; n=$((n + 1)); done";
    let mut child = Command::new("bash")
        .args(["-c", driver])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let all: Vec<u8> = scripts
        .iter()
        .flat_map(|(_, script)| script.bytes().chain([0]))
        .collect();
    let writer = std::thread::spawn(move || input.write_all(&all));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let ran: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| &scripts[line.parse::<usize>().unwrap()])
        .map(|(template, script)| format!("{template:?}: {script:?}"))
        .collect();
    assert!(
        ran.is_empty(),
        "{} of {} ran:\n{}",
        ran.len(),
        scripts.len(),
        ran.join("\n")
    );
}
