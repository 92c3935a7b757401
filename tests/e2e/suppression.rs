//! A job that must not start for a while: from chat, for chat and for webhooks.

use innkeeper_tests::github::Delivery;
use innkeeper_tests::{FakeSlack, Host};

use crate::bash;

/// A job `deploy`, and commands to keep it from starting and to let it go on.
fn shop() -> String {
    let command = |text: &str, action: &str| {
        format!("[[slack]]\ncommand = '{text}'\nhelp = 'x'\naction = '{action}'\njob_type = 'deploy'\n\n")
    };
    [
        "default_channel = '#tech'\n\n".to_owned(),
        bash("deploy", "echo Deployed"),
        command("hold from [start_time] to [end_time]", "schedule_suppression"),
        command("hold for [duration]", "schedule_suppression"),
        command("go on", "cancel_suppression"),
    ]
    .concat()
}

#[tokio::test]
async fn a_suppressed_job_waits_until_it_is_let_go_on() {
    let slack = FakeSlack::start().await;
    let inn = Host::setup().slack(&slack).trusted("shop", &shop()).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper shop hold for 2 hours").await;
    let held = slack
        .await_post("what is suppressed", |post| post.text.contains("does not start from"))
        .await;
    assert!(
        held.text.contains("`shop_deploy`") && held.text.contains("UTC"),
        "{}",
        held.text
    );

    ada.says("#general", "@innkeeper shop deploy").await;
    let waits = slack
        .await_post("that it waits", |post| post.text.contains("is suppressed until"))
        .await;
    assert!(waits.text.contains("`@bot shop go on`"), "{}", waits.text);
    ada.says("#general", "@innkeeper status").await;
    let status = slack
        .await_post("the status", |post| post.text.starts_with("It is"))
        .await;
    assert!(status.text.contains("There is 1 suppression"), "{}", status.text);
    assert!(status.text.contains("There is 1 request waiting"), "{}", status.text);
    let json = inn.cli(&["status", "--json"]).await.json();
    assert_eq!(json["suppressions"][0]["job"], "deploy", "{json}");
    ada.says("#general", "@innkeeper shop help").await;
    slack
        .await_post("the help", |post| {
            post.text.contains("These are the commands") && post.text.contains("There is 1 suppression")
        })
        .await;
    assert!(slack.posts().iter().all(|post| !post.text.contains("Deployed")));

    ada.says("#general", "@innkeeper shop go on").await;
    slack
        .await_post("the report", |post| post.text.contains("Deployed"))
        .await;
    ada.says("#general", "@innkeeper shop go on").await;
    slack
        .await_post("that nothing is left", |post| post.text.contains("was not suppressed"))
        .await;
}

#[tokio::test]
async fn the_dispatcher_wakes_when_a_suppression_ends() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("shop", &shop()).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper shop hold for 3s").await;
    slack
        .await_post("what is suppressed", |post| post.text.contains("does not start from"))
        .await;
    ada.says("#general", "@innkeeper shop deploy").await;
    slack
        .await_post("the report", |post| post.text.contains("Deployed"))
        .await;
    assert!(
        slack
            .posts()
            .iter()
            .any(|post| post.text.contains("is suppressed until"))
    );
}

#[tokio::test]
async fn what_is_no_time_is_answered_with_what_was_expected() {
    let slack = FakeSlack::start().await;
    let setup = Host::setup().setting("timezone = \"Europe/London\"").slack(&slack);
    let _inn = setup.trusted("shop", &shop()).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper shop hold from soon to 25:00").await;
    let answer = slack.await_post("an answer", |_| true).await;
    assert!(
        answer.text.contains("`soon` is not a time") && answer.text.contains("tomorrow 9:00"),
        "{}",
        answer.text
    );
    ada.says("#general", "@innkeeper shop hold from tomorrow 9:00 to 17:00")
        .await;
    let held = slack
        .await_post("what is suppressed", |post| post.text.contains("does not start from"))
        .await;
    assert!(held.text.contains("GMT") || held.text.contains("BST"), "{}", held.text);
}

#[tokio::test]
async fn a_merge_meanwhile_is_announced_with_how_to_let_it_deploy() {
    let slack = FakeSlack::start().await;
    let inn = Host::setup().slack(&slack).trusted("shop", &shop()).start().await;
    slack
        .user("U1")
        .says("#general", "@innkeeper shop hold for 2 hours")
        .await;
    slack
        .await_post("what is suppressed", |post| post.text.contains("does not start from"))
        .await;
    let merged = Delivery::merged_into("main");
    assert!(merged.post_to(inn.url(), "shop").await.is_success());
    let told = slack
        .await_post("the announcement", |post| post.channel_name == "#tech")
        .await;
    assert!(told.text.contains("is suppressed until"), "{}", told.text);
    assert!(told.text.contains("`@bot shop go on`"), "{}", told.text);
}
