//! Webhooks of a namespace's own.

use innkeeper_tests::http;
use innkeeper_tests::{FakeSlack, Host};

use crate::bash;

const GRANTS: &str = "trust = 'trusted'\nhooks.bell = { secret = 'BELL_TOKEN', scheme = 'token' }\n";

/// A job `ring` that says what was rung, and the webhook that starts it.
fn bell(more: &str) -> String {
    let hook = "[hooks.bell]\njob_type = 'ring'\nargs = { what = '/what' }\n";
    format!("{hook}{more}\n{}", bash("ring [what]", "echo Rang {what}"))
}

async fn ring(inn: &Host, token: &str, body: &str) -> http::Reply {
    let token = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
    http::post(&format!("{}/hooks/hall/bell", inn.url()), &headers, body.to_owned()).await
}

#[tokio::test]
async fn a_webhook_starts_its_job_and_the_report_goes_to_the_channel() {
    let slack = FakeSlack::start().await;
    let namespace = bell("channel = '#tech'");
    let setup = Host::setup().slack(&slack).env("BELL_TOKEN", "s3cret");
    let inn = setup.namespace("hall", &namespace, GRANTS).start().await;
    assert_eq!(ring(&inn, "guessed", r#"{"what": "gong"}"#).await.status, 401);
    assert_eq!(ring(&inn, "s3cret", "{").await.status, 400);
    assert_eq!(ring(&inn, "s3cret", "{}").await.status, 422);
    let reply = ring(&inn, "s3cret", r#"{"what": "$(date) gong"}"#).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let report = slack.await_post("the report", |post| post.text.contains("Rang")).await;
    assert_eq!(
        (report.channel_name.as_str(), report.text.trim()),
        ("#tech", "Rang $(date) gong")
    );
    let nobody = http::post(&format!("{}/hooks/hall/door", inn.url()), &[], "{}").await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_sender_that_waits_is_answered_with_the_report() {
    let setup = Host::setup().env("BELL_TOKEN", "s3cret");
    let inn = setup.namespace("hall", &bell("wait = '30s'"), GRANTS).start().await;
    let reply = ring(&inn, "s3cret", r#"{"what": "gong"}"#).await;
    assert_eq!((reply.status, reply.body.trim()), (200, "Rang gong"));
}
