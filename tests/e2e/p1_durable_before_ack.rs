//! What was acknowledged is durable: Slack's ack and a webhook's 2xx come after the commit.

use std::time::Duration;

use innkeeper_tests::github::{Delivery, pull_request};
use innkeeper_tests::{FakeSlack, Host, not_within};

use crate::{bash, delayed};

/// Starts a second after it is asked for, so that a kill at the acknowledgement comes before the run.
fn later() -> String {
    delayed(&bash("hello [name]", "echo Hello {name}"), 1)
}

#[tokio::test]
async fn what_slack_saw_acknowledged_survives_a_kill() {
    let slack = FakeSlack::start().await;
    let mut inn = Host::setup().slack(&slack).trusted("demo", &later()).start().await;
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    inn.kill_9().await;
    assert_eq!(slack.posts().len(), 0);
    inn.serve().await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
}

#[tokio::test]
async fn what_slack_saw_answered_by_http_survives_a_kill() {
    let slack = FakeSlack::start().await;
    let setup = Host::setup().slack(&slack).by_http().trusted("demo", &later());
    let mut inn = setup.start().await;
    slack.user("U1").slash_command("#general", "demo hello Bob").await;
    inn.kill_9().await;
    inn.serve().await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
}

#[tokio::test]
async fn what_github_saw_accepted_survives_a_kill() {
    let slack = FakeSlack::start().await;
    let rule = "[[github]]\nevent = 'pull_request'\naction = 'opened'\njob_type = 'hello'\nchannel = '#tech'\n\
                delay_seconds = 1\nargs = { name = '/pull_request/head/ref' }\n";
    let setup = Host::setup()
        .slack(&slack)
        .trusted("demo", &format!("{}{rule}", later()));
    let mut inn = setup.start().await;
    let opened = Delivery::new("pull_request", &pull_request("opened", false, "main"));
    assert!(opened.post_to(inn.url(), "demo").await.is_success());
    inn.kill_9().await;
    inn.serve().await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello cellar"))
        .await;
}

#[tokio::test]
async fn nothing_is_acknowledged_while_nothing_can_be_kept() {
    let slack = FakeSlack::start().await;
    let namespace = bash("hello [name]", "echo Hello {name}");
    let inn = Host::setup().slack(&slack).trusted("demo", &namespace).start().await;
    slack.await_connections(1).await;

    let database = inn.database();
    database.busy_timeout(innkeeper_tests::DEADLINE).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let sent = slack
        .user("U1")
        .starts_to_say("#general", "@innkeeper demo hello Bob")
        .await;
    not_within(
        "an acknowledgement of what is not kept",
        Duration::from_millis(500),
        sent.acked(),
    )
    .await;
    database.execute_batch("ROLLBACK").unwrap();

    sent.redeliver().await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
}
