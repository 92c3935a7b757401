//! The end of a run and its report are one commit: nothing that ended goes unreported, whatever crashes when.

use innkeeper_tests::{FakeSlack, Fault, Host};

use crate::bash;

#[tokio::test]
async fn a_report_that_was_being_sent_when_the_host_died_is_sent_by_the_next() {
    let slack = FakeSlack::start().await;
    let script = "echo once >> $WRITEABLE_DIR/runs; echo Hello {name}";
    let setup = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("hello [name]", script));
    let mut inn = setup.start().await;
    slack.fail_next("chat.postMessage", Fault::Held);
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack.await_held().await;
    inn.kill_9().await;
    assert_eq!(slack.posts().len(), 0);
    inn.serve().await;
    slack
        .await_post("the report", |post| post.text.contains("Hello Bob"))
        .await;
    let runs = std::fs::read_to_string(inn.path("data/work/demo/runs")).unwrap();
    assert_eq!(runs, "once\n", "the run had ended: only its report was missing");
}

#[tokio::test]
async fn a_failure_is_reported_and_calls_for_help() {
    let slack = FakeSlack::start().await;
    let script = "echo cellar door is stuck >&2; exit 3";
    let _inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("open", script))
        .start()
        .await;
    slack.user("U1").says("#general", "@innkeeper demo open").await;
    let in_general = |post: &innkeeper_tests::Post| post.channel_name == "#general";
    let report = slack.await_post("the report", in_general).await;
    for part in ["demo_open", "failed", "3", "cellar door is stuck", "logs"] {
        assert!(report.text.contains(part), "{part} is missing in {}", report.text);
    }
    slack
        .await_post("the call for help", |post| {
            post.channel_name == "#tech-support" && post.text.contains("demo_open")
        })
        .await;
}

#[tokio::test]
async fn a_failure_in_a_direct_message_calls_nobody() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("open", "exit 3"))
        .start()
        .await;
    let ada = slack.user("U1");
    ada.direct_message("demo open").await;
    let told = slack.await_post("the report", |post| post.channel_name == "@U1").await;
    assert!(!told.text.contains("Calling tech support"), "{}", told.text);
    // What is asked for in a channel calls, and is the first to do so.
    ada.says("#general", "@innkeeper demo open").await;
    slack
        .await_post("the call for help", |post| post.channel_name == "#tech-support")
        .await;
    let calls = slack.posts_in("#tech-support");
    assert!(
        matches!(calls.as_slice(), [call] if call.text.contains("run 2")),
        "{calls:?}"
    );
}
