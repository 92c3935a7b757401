//! HTTP requests of alert plugins: made with secrets that nobody else sees, again and again until they are taken, and by their
//! ids no more than once.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use innkeeper_tests::receiver::Reply;
use innkeeper_tests::{FakeSlack, Host, Receiver, guests};
use serde_json::{Value, json};

use crate::decide;

const LANE: &str = "http:pager:web";
const SECRET: &str = "hunter2-is-a-secret";

/// A host that knows a plugin, and does not run: as it is after its first start.
async fn inn(slack: &FakeSlack, receiver: &Receiver) -> Host {
    let plugin = format!(
        "[plugins.pager]\ncomponent = 'pager.wasm'\nsecrets = {{ token = 'PAGER_TOKEN' }}\nhttp = ['{}']\n",
        receiver.url()
    );
    let component = std::fs::read(guests::rust("alert-skeleton")).unwrap();
    let setup = Host::setup()
        .slack(slack)
        .setting(&plugin)
        .file("pager.wasm", component);
    let mut inn = setup.env("PAGER_TOKEN", SECRET).start().await;
    inn.kill_9().await;
    inn
}

fn address() -> Value {
    json!({ "to": "http", "plugin": "pager", "service": "web" })
}

fn request(url: &str, body: &str) -> Value {
    json!({
        "what": "request", "method": "POST", "url": url, "body": STANDARD.encode(body),
        "headers": [["content-type", "application/json"], ["x-token", "{{secret:token}}"]],
        "idempotency_key": "idempotency-key",
    })
}

#[tokio::test]
async fn a_request_that_nobody_answered_is_made_again_with_its_id_and_its_secret_stays_here() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let mut inn = inn(&slack, &receiver).await;
    let url = format!("{}/alert?key={{{{secret:token}}}}", receiver.url());
    let id = decide(
        &inn,
        LANE,
        &address(),
        &request(&url, "{\"token\":\"{{secret:token}}\"}"),
    );
    receiver.answers(Reply::Never);
    inn.serve().await;
    receiver.await_requests(1).await;
    inn.kill_9().await;
    inn.serve().await;
    let requests = receiver.await_requests(2).await;
    inn.await_log(&["delivered", &id.to_string()]).await;
    for request in &requests {
        assert_eq!(request.headers["idempotency-key"], id.to_string());
        assert_eq!(request.headers["x-token"], SECRET);
        assert_eq!(request.path, format!("/alert?key={SECRET}"));
        assert_eq!(request.body, format!("{{\"token\":\"{SECRET}\"}}"));
    }
    assert_eq!(receiver.received().len(), 2);
    let rows: Vec<String> = inn
        .database()
        .prepare("SELECT content || coalesce(last_error, '') || coalesce(receipt, '') FROM delivery")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(rows.concat().contains("{{secret:token}}"));
    assert!(!(rows.concat() + &inn.log_text()).contains(SECRET));
}

#[tokio::test]
async fn who_is_busy_is_left_alone_for_as_long_as_they_ask_and_who_refuses_is_asked_once() {
    let (slack, receiver) = (FakeSlack::start().await, Receiver::start().await);
    let mut inn = inn(&slack, &receiver).await;
    let busy = Reply::Status(429, vec![("retry-after", "2".into())], String::new());
    receiver.answers(busy);
    receiver.answers(Reply::Status(
        302,
        vec![("location", receiver.url().into())],
        String::new(),
    ));
    let said = format!("who is {SECRET}?");
    receiver.answers(Reply::Status(403, vec![], said));
    for path in ["/first", "/moved", "/refused"] {
        decide(
            &inn,
            LANE,
            &address(),
            &request(&format!("{}{path}", receiver.url()), "{}"),
        );
    }
    let began = std::time::Instant::now();
    inn.serve().await;
    let requests = receiver.await_requests(4).await;
    assert!(began.elapsed() >= Duration::from_secs(2));
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/first", "/first", "/moved", "/refused"]);
    let told = slack
        .await_posts("what was refused", 2, |post| {
            post.channel_name == "#bot-logs" && post.text.contains("pager")
        })
        .await;
    assert!(
        told[0].text.contains("302: redirects are not followed"),
        "{}",
        told[0].text
    );
    assert!(told[1].text.contains("who is {{secret:token}}?"), "{}", told[1].text);
}

#[tokio::test]
async fn what_is_not_granted_any_more_is_not_asked() {
    let (slack, receiver, other) = (
        FakeSlack::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    let mut inn = inn(&slack, &receiver).await;
    decide(&inn, LANE, &address(), &request(other.url(), "{}"));
    let named = receiver.url().replace("127.0.0.1", "localhost");
    decide(&inn, LANE, &address(), &request(&named, "{}"));
    inn.serve().await;
    slack
        .await_posts("that they are not granted", 2, |post| post.text.contains("granted by"))
        .await;
    assert!(other.received().is_empty() && receiver.received().is_empty());
}
