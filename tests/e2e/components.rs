//! Components as their toolchains make them, and what they may not do.

use innkeeper_tests::{Host, Output, guests};
use serde_json::Value;

use crate::guest;

/// An untrusted namespace with one guest of the tests or of `jobs/`, with more lines about its job.
fn lab(command: &str, name: &str, more: &str) -> Host {
    Host::setup()
        .untrusted("lab", &guest(command, &format!("{name}.wasm"), more))
        .component("lab", &guests::rust(name))
        .write()
}

/// What a guest printed, as JSON.
fn printed(output: Output) -> Value {
    let text = output.success();
    let json = text
        .lines()
        .map(str::trim_start)
        .find(|line| line.starts_with(['{', '[']))
        .unwrap();
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn a_plain_main_of_rust_runs() {
    let inn = lab("greet [name]", "hello", "");
    let report = inn.say("lab greet Ada Lovelace").await.success();
    assert!(report.contains("Hello, Ada Lovelace"), "{report}");
}

#[tokio::test]
async fn a_table_is_shown_as_a_terminal_would_like_it() {
    let inn = lab("rota", "table", "report_format = 'blocks'");
    let report = inn.say("lab rota").await.success();
    assert!(report.contains("Support rota") && report.contains("Cora"), "{report}");
    assert!(!report.contains("raw_text"), "{report}");
}

#[tokio::test]
async fn a_line_a_second_is_kept_to_the_last() {
    let inn = lab("tick", "ticker", "");
    let report = inn.say("lab tick").await.success();
    assert!(
        report.contains("tick 1 of 5") && report.contains("tick 5 of 5"),
        "{report}"
    );
}

#[tokio::test]
async fn without_grants_a_guest_sees_its_arguments_and_nothing_else() {
    let inn = lab("look", "env", "report_format = 'code'");
    let seen = printed(inn.say("lab look").await);
    assert_eq!(seen["env"], serde_json::json!({}));
    for folder in ["/", ".", "/data"] {
        let refused = seen[folder]["refused"].is_string();
        assert!(refused || seen[folder] == serde_json::json!([]), "{seen}");
    }
}

#[tokio::test]
async fn every_door_is_there_and_shut() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let inn = lab("try [address]", "reach_out", "report_format = 'code'");
    let doors = printed(inn.say(&format!("lab try {address}")).await);
    let open: Vec<_> = doors
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, passed)| **passed == Value::Bool(true))
        .collect();
    assert!(open.is_empty(), "{open:?}");
}

#[tokio::test]
async fn who_does_not_end_is_ended() {
    for (name, word) in [("spin", "spinning"), ("sleep_forever", "sleeping")] {
        let inn = lab("go", name, "needs = { limits = { timeout_seconds = 1 } }");
        let output = inn.say("lab go").await;
        assert_eq!(output.code, 1, "{output:?}");
        assert!(output.stdout.contains("limit"), "{output:?}");
        assert_eq!(inn.cli(&["logs", "1"]).await.success(), format!("{word}\n"));
    }
}

#[tokio::test]
async fn who_hoards_is_told_how_much_is_enough() {
    let inn = lab("go", "hoard", "");
    let output = inn.say("lab go").await;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains("64"), "{output:?}");
    assert!(!output.stdout.contains("nobody minded"), "{output:?}");
}

#[tokio::test]
async fn who_floods_ends_well_and_loses_what_is_too_much() {
    let inn = lab("go [megabytes]", "flood", "report_format = 'file'");
    let output = inn.say("lab go 40").await;
    assert!(output.stdout.len() < 20 << 20, "{} bytes", output.stdout.len());
    output.success();
    let stderr = inn.cli(&["logs", "1", "--stderr"]).await.success();
    assert_eq!(stderr, "wrote 40 MB\n", "the guest ran to its end");
}

#[tokio::test]
async fn who_traps_ends_its_own_run_only() {
    let trap = guest("go", "trap.wasm", "");
    let hello = guest("greet [name]", "hello.wasm", "");
    let inn = Host::setup()
        .untrusted("lab", &format!("{trap}{hello}"))
        .component("lab", &guests::rust("trap"))
        .component("lab", &guests::rust("hello"))
        .start()
        .await;
    let output = inn.say("lab go").await;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains("last words"), "{output:?}");
    assert!(!output.stdout.contains('\u{1b}'), "{output:?}");
    assert!(inn.say("lab greet Bob").await.success().contains("Hello, Bob"));
}

#[tokio::test]
async fn a_failure_shows_the_last_lines_of_stderr() {
    let inn = lab("go [lines]", "stderr_lines", "");
    let output = inn.say("lab go 200").await;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains("stderr line 200"), "{output:?}");
    assert!(!output.stdout.contains("stderr line 1\n"), "{output:?}");
}

#[tokio::test]
async fn an_exit_code_other_than_zero_is_a_failure() {
    let inn = lab("go [code]", "exit_code", "");
    assert_eq!(inn.say("lab go 3").await.code, 1);
    inn.say("lab go 0").await.success();
}

/// Guests of other toolchains; tests in these modules are left out, by name, where the tool cannot be had.
mod needs_python_tools {
    use super::*;

    #[tokio::test]
    async fn a_python_program_runs() {
        let inn = Host::setup()
            .untrusted("lab", &guest("greet [name]", "python.wasm", ""))
            .component("lab", &guests::python())
            .write();
        let report = inn.say("lab greet Ada").await.success();
        assert!(report.contains("Hello Ada from Python"), "{report}");
        let failed = inn.say("lab greet --fail").await;
        assert_eq!(failed.code, 1);
        assert!(failed.stdout.contains("told to fail"), "{failed:?}");
    }
}

mod needs_javascript_tools {
    use super::*;

    #[tokio::test]
    async fn a_javascript_program_runs() {
        let inn = Host::setup()
            .untrusted("lab", &guest("greet [name]", "js.wasm", ""))
            .component("lab", &guests::javascript())
            .write();
        let report = inn.say("lab greet Ada").await.success();
        assert!(report.contains("Hello Ada from JavaScript"), "{report}");
        let failed = inn.say("lab greet --fail").await;
        assert_eq!(failed.code, 1);
        assert!(failed.stdout.contains("told to fail"), "{failed:?}");
    }
}
