//! What people enter in Slack for the plugins that ship, and how they are told then.

use innkeeper_tests::host::Setup;
use innkeeper_tests::receiver::Received;
use innkeeper_tests::{FakeSlack, Host, Receiver};
use serde_json::{Value, json};

use crate::bash;

/// A service that is critical once somebody looks at it.
fn service(plugin: &str) -> String {
    let lines = format!(
        "[checks.probe]\nevery = '1h'\nimportance = 'critical'\n[services.web]\nchecks = ['probe']\nalerts = ['{plugin}']\n"
    );
    format!("{}{lines}", bash("probe", "exit 3"))
}

/// A host with one of the plugins. Whoever has the Slack id U1 is on duty, once they are a user.
fn with(slack: &FakeSlack, receiver: &Receiver, plugin: &str, lines: &str) -> Setup {
    let url = receiver.url();
    let lines = lines.replace("URL", url);
    Host::setup()
        .slack(slack)
        .setting("[[rota]]\npeople = ['Member U1']\nfrom = '2026-01-05 09:00'")
        .plugin(plugin, &format!("http = ['{url}']\n{lines}"))
        .env("TOKEN", "hunter2")
        .env("INNKEEPER_SECRET_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
        .trusted("ops", &service(plugin))
}

fn json_of(received: &Received) -> Value {
    serde_json::from_str(&received.body).unwrap()
}

#[tokio::test]
async fn who_enters_a_number_is_texted_and_called() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let lines = "settings = { url = 'URL', account_sid = 'AC1', from = '+1500' }\nsecrets = { auth_token = 'TOKEN' }";
    let inn = with(&slack, &receiver, "twilio", lines).start().await;
    let ann = slack.user("U1");

    ann.slash_command("#tech", "me").await;
    let modal = slack.await_modal("U1", 1).await;
    assert!(modal.text().contains("Text messages and calls"), "{}", modal.text());
    assert_eq!(modal.inputs(), ["twilio:phone", "twilio:call"]);
    let too_long = "0".repeat(31);
    let faults = ann.submits(&modal, &[("twilio:phone", &too_long)]).await;
    assert_eq!(faults["response_action"], "errors", "{faults}");
    let kept = ann.submits(&modal, &[("twilio:phone", "+44 20 7946 0000")]).await;
    assert_eq!(kept, json!({}));
    ann.slash_command("#tech", "me").await;
    let again = slack.await_modal("U1", 2).await;
    assert_eq!(again.initial("twilio:phone"), Some("+44 20 7946 0000"));

    inn.cli(&["run", "ops", "probe"]).await;
    let mut told = receiver.await_requests(2).await;
    told.sort_by(|one, other| one.path.cmp(&other.path));
    let paths: Vec<&str> = told.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/2010-04-01/Accounts/AC1/Calls.json",
            "/2010-04-01/Accounts/AC1/Messages.json"
        ]
    );
    for request in &told {
        assert!(
            request.body.starts_with("To=%2B442079460000&From=%2B1500&"),
            "{}",
            request.body
        );
    }
    assert!(told[0].body.contains("Twiml=%3CResponse%3E"), "{}", told[0].body);
}

#[tokio::test]
async fn a_secret_topic_is_seen_by_its_server_and_nobody_else() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let lines = "settings = { server = 'URL' }\nsecrets = { token = 'TOKEN' }";
    let mut inn = with(&slack, &receiver, "ntfy", lines).start().await;
    let ann = slack.user("U1");

    ann.slash_command("#tech", "me").await;
    let modal = slack.await_modal("U1", 1).await;
    let kept = ann.submits(&modal, &[("ntfy:topic", "ann-4711")]).await;
    assert_eq!(kept, json!({}));
    ann.slash_command("#tech", "me").await;
    let again = slack.await_modal("U1", 2).await;
    assert_eq!(again.initial("ntfy:topic"), None, "it is never shown");

    inn.cli(&["run", "ops", "probe"]).await;
    let told = receiver.await_requests(1).await;
    assert_eq!(json_of(&told[0])["topic"], "ann-4711");
    assert_eq!(told[0].headers["authorization"], "Bearer hunter2");

    inn.sigterm();
    assert!(inn.ended().await.success());
    assert!(!inn.log_text().contains("ann-4711"));
    for file in std::fs::read_dir(inn.path("data")).unwrap() {
        let file = file.unwrap().path();
        if file.is_file() {
            let content = std::fs::read(&file).unwrap();
            let content = String::from_utf8_lossy(&content);
            assert!(!content.contains("ann-4711"), "{}", file.display());
        }
    }
}
