//! Guests of the worlds `job` and `report-format`: requests and runs as types, reports and messages as types.

use innkeeper_tests::github::Delivery;
use innkeeper_tests::host::Setup;
use innkeeper_tests::{FakeSlack, Host, guests};
use serde_json::json;

use crate::{bash_with, guest};

const DEPLOY: &str = "deploy [service] to [environment] on [count]";

/// A trusted namespace with the sample job `deploy-note` and a command for it.
fn deploys() -> Setup {
    let job = guest(DEPLOY, "deploy-note.wasm", "");
    Host::setup()
        .trusted("shop", &format!("default_channel = '#tech'\n{job}{RULE}"))
        .component("shop", &guests::rust("deploy-note"))
}

const RULE: &str = "[[github]]\nevent = 'push'\njob_type = 'deploy'\n\
    args = { service = '/repository/name', environment = '/environment', count = '/count' }\n";

/// A bash job whose output becomes a message by a format guest.
fn formatted(format: &str, script: &str) -> Host {
    let rules = format!("report_format = {{ component = '{format}.wasm' }}");
    Host::setup()
        .trusted("lab", &bash_with("look", script, &rules))
        .component("lab", &guests::rust(format))
        .write()
}

#[tokio::test]
async fn a_job_gets_its_arguments_as_types_and_returns_blocks() {
    let inn = deploys().write();
    let output = inn.say("shop deploy web to production on 3").await;
    let said = output.success();
    assert!(
        said.contains("Deploys web") && said.contains("on the command line"),
        "{said}"
    );
    let log = inn.cli(&["logs", "1", "--stderr"]).await.success();
    assert_eq!(log, "info: 3 machines looked at\n");
}

#[tokio::test]
async fn a_job_is_told_who_asked_in_slack() {
    let slack = FakeSlack::start().await;
    let _inn = deploys().slack(&slack).start().await;
    slack
        .user("U1")
        .says("#general", "@innkeeper shop deploy web to staging on 1")
        .await;
    let post = slack
        .await_post("the note", |post| post.text.contains("Deploys web"))
        .await;
    let blocks = json!(post.blocks).to_string();
    assert!(blocks.contains("<@U1>"), "{blocks}");
}

#[tokio::test]
async fn a_job_is_told_what_github_sent() {
    let slack = FakeSlack::start().await;
    let inn = deploys().slack(&slack).start().await;
    let push = json!({
        "repository": { "full_name": "octo/shop", "name": "shop" },
        "environment": "staging",
        "count": "2",
        "compare": "https://github.example/octo/shop/compare/1...2",
        "sender": { "login": "octocat" },
    });
    assert!(
        Delivery::new("push", &push)
            .post_to(inn.url(), "shop")
            .await
            .is_success()
    );
    let post = slack
        .await_post("the note", |post| post.text.contains("Deploys shop"))
        .await;
    let blocks = json!(post.blocks).to_string();
    assert!(
        blocks.contains("octocat on GitHub: https://github.example/octo/shop/compare/1...2"),
        "{blocks}"
    );
    let kept: u32 = inn
        .database()
        .query_row("SELECT count(*) FROM payload", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 0, "a payload goes with the end of its request");
}

#[tokio::test]
async fn a_job_says_in_its_own_words_why_it_failed() {
    let inn = deploys().write();
    for (order, why) in [
        ("shop deploy web to staging on 0", "nothing to deploy to: `count` is 0"),
        ("shop deploy web to staging on many", "`count` is"),
        ("shop deploy web to mars on 1", "`environment`"),
    ] {
        let output = inn.say(order).await;
        assert_eq!(output.code, 1, "{output:?}");
        assert!(
            output.stdout.contains("`shop_deploy` failed") || output.stdout.contains("shop_deploy failed"),
            "{output:?}"
        );
        assert!(
            output.stdout.replace('`', "").contains(&why.replace('`', "")),
            "{output:?}"
        );
    }
}

#[tokio::test]
async fn a_format_makes_a_table_of_what_a_bash_job_wrote() {
    let inn = formatted("csv-table", "printf 'name,count\\nlamps,3\\nropes,12\\n'");
    let said = inn.say("lab look").await.success();
    assert!(
        said.contains("lamps") && said.contains("ropes") && !said.contains("lamps,3"),
        "{said}"
    );
    let json = inn.cli(&["say", "--json", "lab look"]).await.success();
    assert!(json.contains(r#""type":"table""#), "{json}");
}

#[tokio::test]
async fn a_failing_run_shows_its_formatted_output_and_that_it_failed() {
    let results = "<testsuite tests=\"2\" failures=\"1\"><testcase name=\"good\"/><testcase name=\"bad\"><failure message=\"lamps are out\"/></testcase></testsuite>";
    let inn = formatted("junit-summary", &format!("echo '{results}'; exit 3"));
    let output = inn.say("lab look").await;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(
        output.stdout.contains("1 of 2 tests failed") && output.stdout.contains("lamps are out"),
        "{output:?}"
    );
    assert!(output.stdout.contains("exit code 3"), "{output:?}");
}

#[tokio::test]
async fn what_a_format_cannot_read_is_not_lost() {
    let inn = formatted("junit-summary", "echo 'not XML at all <'");
    let said = inn.say("lab look").await.success();
    assert!(
        said.contains("junit-summary.wasm") && said.contains("not XML at all"),
        "{said}"
    );
}

#[tokio::test]
async fn a_job_is_no_format_and_a_format_is_no_job() {
    let swapped = format!(
        "{}{}",
        guest("a", "csv-table.wasm", ""),
        bash_with("b", "echo x", "report_format = { component = 'hello.wasm' }")
    );
    let inn = Host::setup()
        .trusted("lab", &swapped)
        .component("lab", &guests::rust("csv-table"))
        .component("lab", &guests::rust("hello"))
        .write();
    let output = inn.cli(&["check"]).await;
    assert_eq!(output.code, 2, "{output:?}");
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(
        said.contains("`csv-table.wasm` is a report format, not a job"),
        "{said}"
    );
    assert!(said.contains("`hello.wasm` is a job, not a report format"), "{said}");
}
