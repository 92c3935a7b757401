//! A trigger delivered twice makes one asking.

use innkeeper_tests::github::{Delivery, pull_request};
use innkeeper_tests::{FakeSlack, Host, Post};

use crate::bash;

fn hello() -> String {
    bash("hello [name]", "echo Hello {name}")
}

/// The job has one run at a time and reports in order: when the last greeting is there, every other one is.
async fn greetings_until_last(slack: &FakeSlack) -> Vec<String> {
    slack.user("U2").says("#general", "@innkeeper demo hello last").await;
    slack
        .await_post("the last greeting", |post| post.text.contains("Hello last"))
        .await;
    let greeting = |post: Post| post.text.contains("Hello").then(|| post.text.trim().to_owned());
    slack.posts().into_iter().filter_map(greeting).collect()
}

#[tokio::test]
async fn a_mention_is_two_events_and_its_redelivery_two_more() {
    let slack = FakeSlack::start().await;
    let mut inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    let sent = slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    sent.redeliver().await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
    sent.redeliver().await;
    inn.kill_9().await;
    inn.serve().await;
    sent.redeliver().await;
    assert_eq!(greetings_until_last(&slack).await, ["Hello Bob", "Hello last"]);
}

#[tokio::test]
async fn a_slash_command_is_known_by_its_trigger() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    let sent = slack.user("U1").slash_command("#general", "demo hello Bob").await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
    sent.redeliver().await;
    assert_eq!(greetings_until_last(&slack).await, ["Hello Bob", "Hello last"]);
}

#[tokio::test]
async fn an_edit_runs_only_what_had_not_run() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    let ada = slack.user("U1");
    let said = ada.says("#general", "@innkeeper demo hello Bob").await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
    ada.edits(&said, "@innkeeper demo hello Eve").await;

    let mistyped = ada.says("#general", "@innkeeper demo helo Cora").await;
    let before = slack.await_posts("an apology", 2, |_| true).await.len();
    ada.edits(&mistyped, "@innkeeper demo hello Cora").await;
    slack
        .await_post("the other greeting", |post| post.text.contains("Hello Cora"))
        .await;
    assert!(before >= 2);
    assert_eq!(
        greetings_until_last(&slack).await,
        ["Hello Bob", "Hello Cora", "Hello last"]
    );
}

#[tokio::test]
async fn a_redelivery_of_github_is_known_by_its_id() {
    let slack = FakeSlack::start().await;
    let rule = "[[github]]\nevent = 'pull_request'\njob_type = 'hello'\nchannel = '#general'\n\
                args = { name = '/action' }\n";
    let namespace = format!("{}{rule}", hello());
    let inn = Host::setup().slack(&slack).trusted("demo", &namespace).start().await;
    let opened = Delivery::new("pull_request", &pull_request("opened", false, "main"));
    assert!(opened.post_to(inn.url(), "demo").await.is_success());
    slack
        .await_post("the greeting", |post| post.text.contains("Hello opened"))
        .await;
    assert!(opened.post_to(inn.url(), "demo").await.is_success());
    assert_eq!(greetings_until_last(&slack).await, ["Hello opened", "Hello last"]);
}
