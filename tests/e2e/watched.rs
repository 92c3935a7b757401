//! Watching the watcher: jobs of others that say how they are, and the host that says when it falls behind.

use innkeeper_tests::{FakeSlack, Host, Post, http};

use crate::bash;

const BACKUP: &str = r#"
[checks.nightly]
every = '1h'
importance = 'critical'
heartbeat = { within = '26h' }

[services.backup]
checks = ['nightly']
users_to_notify = ['Ann']
alerts = ['slack']
"#;

const GRANTS: &str = "trust = 'trusted'\nhooks.nightly = { secret = 'BACKUP_TOKEN', scheme = 'token' }\n";

async fn beat(inn: &Host, path: &str, body: &str) -> http::Reply {
    let headers = [("authorization", "Bearer s3cret")];
    http::post(&format!("{}/hooks/ops/{path}", inn.url()), &headers, body.to_owned()).await
}

fn says<'a>(words: &'a str) -> impl Fn(&Post) -> bool + 'a {
    move |post| post.text.contains(words)
}

#[tokio::test]
async fn a_backup_that_says_it_failed_is_an_incident_until_it_says_that_all_is_well() {
    let slack = FakeSlack::start().await;
    let mut inn = Host::setup()
        .slack(&slack)
        .env("BACKUP_TOKEN", "s3cret")
        .plugin("slack", "settings = { channel = '#tech' }")
        .namespace("ops", BACKUP, GRANTS)
        .start()
        .await;
    let reply = beat(&inn, "nightly", "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"message":"noted"}"#));
    let stranger = http::post(&format!("{}/hooks/ops/nightly/fail", inn.url()), &[], "").await;
    assert_eq!(stranger.status, 401);
    assert_eq!(beat(&inn, "backup/fail", "").await.status, 404);

    // Acknowledged means durable: it dies before anything is made of it, or after, and it is told all the same.
    assert_eq!(
        beat(&inn, "nightly/fail", "copying\nno space left on /backup\n")
            .await
            .status,
        200
    );
    inn.kill_9().await;
    inn.serve().await;
    slack.await_post("the incident", says("*backup* is *critical*")).await;
    let why = slack.await_post("why", says("no space left on /backup")).await;
    assert!(why.thread.is_some(), "{}", why.text);

    assert_eq!(beat(&inn, "nightly", "").await.status, 200);
    slack.await_post("that it is over", says("backup is passing")).await;
}

#[tokio::test]
async fn a_host_whose_queue_stands_tells_people_nonetheless() {
    let slack = FakeSlack::start().await;
    let blocks = bash("block", r#"while [ ! -e "$NAMESPACE_DIR/go" ]; do sleep 0.1; done"#);
    let checks = r#"
[checks.keeps-up]
every = '10s'
host = { queue = '1s' }

[services.innkeeper]
checks = ['keeps-up']
users_to_notify = ['Ann']
alerts = ['slack']
"#;
    let mut inn = Host::setup()
        .slack(&slack)
        .setting("max_runs = 1")
        .plugin("slack", "settings = { channel = '#tech' }")
        .trusted("ops", &format!("{blocks}{}{checks}", bash("next", "true")))
        .start()
        .await;
    slack.user("U1").says("#tech", "@innkeeper ops block").await;
    slack.user("U1").says("#tech", "@innkeeper ops next").await;
    slack.await_post("the incident", says("*innkeeper* is *error*")).await;
    slack
        .await_post(
            "why",
            says("the queue is behind: every place for runs is taken, and ops_next has waited"),
        )
        .await;
    std::fs::write(inn.path("workspace/ops/go"), "").unwrap();
    slack.await_post("that it is over", says("innkeeper is passing")).await;
    inn.sigterm();
    assert!(inn.ended().await.success());
}
