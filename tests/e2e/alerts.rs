//! Alerts, end to end: a check fails, a plugin is called, and people are told; they acknowledge, and it is over.

use innkeeper_tests::host::Setup;
use innkeeper_tests::{FakeSlack, Host, Post};

use crate::bash;

/// A service whose one check passes while there is a file `up` in its namespace, told of in `#tech`.
const SERVICE: &str = r#"
[checks.probe]
every = '1h'
importance = 'critical'

[services.web]
name = 'The web site'
checks = ['probe']
users_to_notify = ['Ann']
alerts = ['slack']
"#;

fn host(slack: &FakeSlack) -> Setup {
    let probe = bash(
        "probe",
        r#"cat "$NAMESPACE_DIR/up" || { echo nothing answers; exit 3; }"#,
    );
    Host::setup()
        .slack(slack)
        .plugin("slack", "settings = { channel = '#tech' }")
        .trusted("ops", &format!("{probe}{SERVICE}"))
}

/// Looks whether it is up, as the clock would.
async fn look(inn: &Host) {
    inn.cli(&["run", "ops", "probe"]).await;
}

fn set_up(inn: &Host, up: bool) {
    let file = inn.path("workspace/ops/up");
    match up {
        true => std::fs::write(file, "up\n").unwrap(),
        false => std::fs::remove_file(file).unwrap(),
    }
}

fn in_thread_of<'a>(incident: &'a Post, says: &'a str) -> impl Fn(&Post) -> bool + 'a {
    move |post| post.thread.as_deref() == Some(&incident.ts) && post.text.contains(says)
}

#[tokio::test]
async fn an_outage_is_told_acknowledged_and_over() {
    let slack = FakeSlack::start().await;
    let mut inn = host(&slack).start().await;
    set_up(&inn, true);
    look(&inn).await;
    set_up(&inn, false);
    look(&inn).await;
    let incident = slack
        .await_post("the incident", |post| {
            post.text.contains("*The web site* is *critical*") && post.thread.is_none()
        })
        .await;
    assert_eq!(incident.channel_name, "#tech");
    let details = slack
        .await_post("its details", in_thread_of(&incident, "nothing answers"))
        .await;
    assert!(details.text.contains("*probe*, `logs 2`"), "{}", details.text);

    slack.user("U1").presses(&incident, "Acknowledge").await;
    slack
        .await_post(
            "that somebody is on it",
            in_thread_of(&incident, "The web site is acknowledged"),
        )
        .await;

    // What was told is known after a crash.
    inn.kill_9().await;
    inn.serve().await;
    set_up(&inn, true);
    look(&inn).await;
    slack
        .await_post("that it is over", in_thread_of(&incident, "The web site is passing"))
        .await;
    let edits = slack.await_calls("chat.update", 2).await;
    let last = edits.last().unwrap();
    assert!(
        last.arguments["text"]
            .as_str()
            .unwrap()
            .contains("*The web site* is *passing*"),
        "{last:?}"
    );
    let incidents = slack.posts_in("#tech").into_iter().filter(|post| post.thread.is_none());
    assert_eq!(incidents.count(), 1, "an incident is one message");
}
