//! A delivery is retried with backoff, honours `Retry-After`, stays in order per channel, and survives restarts.

use std::time::Duration;

use innkeeper_tests::github::{Delivery, pull_request};
use innkeeper_tests::slack::Call;
use innkeeper_tests::{FakeSlack, Fault, Host, Post};

use crate::bash;

const POST: &str = "chat.postMessage";

fn hello() -> String {
    bash("hello [name]", "echo Hello {name}")
}

fn says(name: &str) -> impl Fn(&Post) -> bool {
    let greeting = format!("Hello {name}");
    move |post| post.text.contains(&greeting)
}

/// The time between one attempt and the next.
fn pauses(calls: &[Call]) -> Vec<Duration> {
    calls.windows(2).map(|two| two[1].at - two[0].at).collect()
}

#[tokio::test]
async fn slack_is_left_alone_for_as_long_as_it_asks() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    slack.fail_next(POST, Fault::RateLimited(3));
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack.await_post("the greeting", says("Bob")).await;
    let calls = slack.calls(POST);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(pauses(&calls)[0] >= Duration::from_secs(3), "{:?}", pauses(&calls));
}

#[tokio::test]
async fn what_fails_is_tried_again_after_longer_and_longer_pauses() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    slack.fail_next(POST, Fault::Status(500));
    slack.fail_next(POST, Fault::DropConnection);
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack.await_post("the greeting", says("Bob")).await;
    let pauses = pauses(&slack.calls(POST));
    // One second, then two, less a quarter at most.
    assert!(pauses[0] >= Duration::from_millis(750), "{pauses:?}");
    assert!(pauses[1] >= Duration::from_millis(1500), "{pauses:?}");
    assert_eq!(slack.posts().len(), 1);
}

#[tokio::test]
async fn a_channel_keeps_its_order_and_holds_up_no_other() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    slack.fail_next(POST, Fault::RateLimited(2));
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo hello first").await;
    slack.await_calls(POST, 1).await;
    ada.says("#general", "@innkeeper demo hello second").await;
    ada.says("#tech", "@innkeeper demo hello elsewhere").await;
    slack
        .await_posts("all three", 3, |post| post.text.contains("Hello"))
        .await;
    // Who asked while the job was running was also told so.
    let order: Vec<String> = slack
        .posts()
        .into_iter()
        .map(|post| post.text.trim().to_owned())
        .filter(|text| text.starts_with("Hello"))
        .collect();
    assert_eq!(order, ["Hello elsewhere", "Hello first", "Hello second"]);
}

#[tokio::test]
async fn what_was_not_confirmed_survives_a_restart() {
    let slack = FakeSlack::start().await;
    let mut inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    slack.fail_next(POST, Fault::RateLimited(1));
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack.await_calls(POST, 1).await;
    inn.kill_9().await;
    inn.serve().await;
    slack.await_post("the greeting", says("Bob")).await;
    assert_eq!(slack.posts().len(), 1);
}

#[tokio::test]
async fn what_slack_refuses_for_good_is_given_up_aloud() {
    let slack = FakeSlack::start().await;
    let rule = "[[github]]\nevent = 'pull_request'\njob_type = 'hello'\nchannel = '#elsewhere'\n\
                args = { name = '/action' }\n";
    let namespace = format!("{}{rule}", hello());
    let inn = Host::setup().slack(&slack).trusted("demo", &namespace).start().await;
    let opened = Delivery::new("pull_request", &pull_request("opened", false, "main"));
    assert!(opened.post_to(inn.url(), "demo").await.is_success());
    inn.await_log(&["not_in_channel"]).await;
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack.await_post("the greeting", says("Bob")).await;
    let attempts = slack.calls(POST).into_iter();
    assert_eq!(attempts.filter(|call| call.outcome == "not_in_channel").count(), 1);
}

#[tokio::test]
async fn every_post_carries_the_id_of_its_delivery() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    let post = slack.await_post("the greeting", says("Bob")).await;
    let id = post.metadata.unwrap()["id"].as_str().unwrap().to_owned();
    let id = uuid::Uuid::parse_str(&id).unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert!(!post.unfurls);
}
