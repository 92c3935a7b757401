//! The alert plugins that ship, as components in their sandbox: what each sends arrives where it is to arrive, with its secrets.

use innkeeper_tests::receiver::Received;
use innkeeper_tests::{FakeSlack, Host, Receiver};
use serde_json::{Value, json};

/// A host with one of the plugins, and Ann, who filled these in. It serves.
async fn with(slack: &FakeSlack, receiver: &Receiver, plugin: &str, lines: &str, fields: &[(&str, &str)]) -> Host {
    let url = receiver.url();
    let lines = format!("http = ['{url}']\n{}", lines.replace("URL", url));
    let setup = Host::setup().slack(slack).plugin(plugin, &lines);
    let signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let inn = setup.env("TOKEN", "hunter2").env("SIGNING", signing).start().await;
    let database = inn.database();
    let ann = "INSERT INTO person (id, fold, slack, active, fallback, name, email) VALUES (1, 'ann', 'U1', 1, 0, 'Ann', 'ann@example.com')";
    database.execute(ann, []).unwrap();
    for (field, value) in fields {
        let field_of =
            "INSERT INTO person_field (person, plugin, field, secret, value) VALUES (1, ?1, ?2, 0, CAST(?3 AS BLOB))";
        database.execute(field_of, (plugin, field, value)).unwrap();
    }
    inn
}

async fn try_out(inn: &Host, plugin: &str, old: &str, new: &str) {
    let arguments = [
        "alert", "test", plugin, "--user", "Ann", "--old", old, "--new", new, "--send",
    ];
    inn.cli(&arguments).await.success();
}

fn json_of(received: &Received) -> Value {
    serde_json::from_str(&received.body).unwrap()
}

#[tokio::test]
async fn pagerduty_is_told_of_a_failure_and_of_its_end() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let lines = "settings = { url = 'URL/v2/enqueue' }\nsecrets = { routing_key = 'TOKEN' }";
    let inn = with(&slack, &receiver, "pagerduty", lines, &[]).await;
    // What a test triggers, it resolves.
    try_out(&inn, "pagerduty", "passing", "critical").await;
    let events: Vec<Value> = receiver.await_requests(2).await.iter().map(json_of).collect();
    assert_eq!(events[0]["routing_key"], "hunter2");
    assert_eq!(events[0]["payload"]["severity"], "critical");
    assert_eq!(
        (&events[0]["event_action"], &events[1]["event_action"]),
        (&json!("trigger"), &json!("resolve"))
    );
}

#[tokio::test]
async fn ntfy_notifies_the_topic_of_a_user_and_not_everybody_of_a_test() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let lines = "settings = { server = 'URL', topic = 'ops' }\nsecrets = { token = 'TOKEN' }";
    let inn = with(&slack, &receiver, "ntfy", lines, &[("topic", "ann")]).await;
    try_out(&inn, "ntfy", "passing", "critical").await;
    let request = &receiver.await_requests(1).await[0];
    assert_eq!(request.headers["authorization"], "Bearer hunter2");
    assert_eq!(
        (&json_of(request)["topic"], &json_of(request)["priority"]),
        (&json!("ann"), &json!(5))
    );
}

#[tokio::test]
async fn twilio_sends_a_text_message() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let lines = "settings = { url = 'URL', account_sid = 'AC1', from = '+1500' }\nsecrets = { auth_token = 'TOKEN' }";
    let inn = with(&slack, &receiver, "twilio", lines, &[("phone", "+44 20 7946 0000")]).await;
    try_out(&inn, "twilio", "passing", "critical").await;
    let request = &receiver.await_requests(1).await[0];
    assert_eq!(request.path, "/2010-04-01/Accounts/AC1/Messages.json");
    // AC1:hunter2
    assert_eq!(request.headers["authorization"], "Basic QUMxOmh1bnRlcjI=");
    assert!(
        request.body.starts_with("To=%2B442079460000&From=%2B1500&Body="),
        "{}",
        request.body
    );
}

#[tokio::test]
async fn a_webhook_is_signed() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let lines = "settings = { url = 'URL/hook' }\nsecrets = { secret = 'SIGNING' }";
    let inn = with(&slack, &receiver, "webhook", lines, &[]).await;
    try_out(&inn, "webhook", "passing", "error").await;
    let request = &receiver.await_requests(1).await[0];
    assert_eq!(json_of(request)["type"], "service.failing");
    assert!(request.headers["webhook-signature"].starts_with("v1,"));
    assert_eq!(request.headers["webhook-id"].len(), 36);
}

#[tokio::test]
async fn slack_tells_the_user_of_a_test_and_no_channel() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let lines = "settings = { channel = '#tech' }";
    let inn = with(&slack, &receiver, "slack", lines, &[]).await;
    try_out(&inn, "slack", "passing", "critical").await;
    let posts = slack.await_posts("a message and its details", 2, |_| true).await;
    assert!(posts[0].text.contains("Test: "), "{posts:?}");
    let places: Vec<&str> = posts.iter().map(|post| post.channel_name.as_str()).collect();
    assert_eq!(places, ["@U1", "@U1"]);
}
