//! Every bad message, payload, component and argument gets a clear answer, and the host goes on.

use innkeeper_tests::github::Delivery;
use innkeeper_tests::http;
use innkeeper_tests::{FakeSlack, Host};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{bash, guest};

fn hello() -> String {
    bash("hello [name]", "echo Hello {name}")
}

#[tokio::test]
async fn what_no_route_can_read_is_refused_and_the_host_goes_on() {
    let slack = FakeSlack::start().await;
    let setup = Host::setup().slack(&slack).by_http().trusted("demo", &hello());
    let mut inn = setup.start().await;
    let json = [("content-type", "application/json")];
    for path in [
        "/slack/events",
        "/slack/commands",
        "/github/demo/",
        "/github/",
        "/hooks/demo/x",
        "/nowhere",
    ] {
        for body in ["", "not json", "{\"type\":", "[1,2", "\0\u{fffd}"] {
            let reply = http::post(&format!("{}{path}", inn.url()), &json, body).await;
            assert!((400..500).contains(&reply.status), "{path} {body:?}: {reply:?}");
        }
    }
    assert!(inn.is_running());
    assert_eq!(http::get(&format!("{}/healthz", inn.url())).await.status, 200);
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
}

#[tokio::test]
async fn a_signed_payload_that_makes_no_sense_is_answered() {
    let inn = Host::setup()
        .trusted("demo", &bash("deploy", "echo Deployed"))
        .start()
        .await;
    for payload in [
        json!({}),
        json!([]),
        json!({"action": "closed", "pull_request": 7}),
        json!({"action": "closed", "pull_request": {"merged": true}, "repository": null}),
    ] {
        let reply = Delivery::new("pull_request", &payload).post_to(inn.url(), "demo").await;
        assert!(reply.status < 500, "{payload}: {reply:?}");
    }
    assert_eq!(http::get(&format!("{}/healthz", inn.url())).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    let inn = Host::setup().trusted("demo", &hello()).start().await;
    let address = inn.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("POST /github/demo/ HTTP/1.1\r\nhost: {address}\r\ncontent-length: 30000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    innkeeper_tests::within("an answer before the body", stream.read_exact(&mut answer))
        .await
        .unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 4"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn half_a_request_keeps_nobody_else_waiting() {
    let inn = Host::setup().trusted("demo", &hello()).start().await;
    let address = inn.url().trim_start_matches("http://");
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"POST /github/demo/ HTTP/1.1\r\nhost: x\r\nx-half")
            .await
            .unwrap();
        silent.push(stream);
    }
    assert_eq!(http::get(&format!("{}/healthz", inn.url())).await.status, 200);
}

#[tokio::test]
async fn a_frame_that_is_no_event_is_survived() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("demo", &hello()).start().await;
    slack.await_connections(1).await;
    for frame in ["not json", "{}", "{\"type\":\"something_new\",\"payload\":1}"] {
        slack.send_frame(frame);
    }
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo hello Bob").await;
    ada.says("#general", "@innkeeper").await;
    ada.says("#general", "@innkeeper demo hello \u{0}").await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
}

#[tokio::test]
async fn a_file_that_is_no_component_is_named_before_anything_runs() {
    let namespace = guest("go", "go.wasm", "");
    let missing = Host::setup().untrusted("lab", &namespace).write();
    let garbage = Host::setup()
        .untrusted("lab", &namespace)
        .file("workspace/lab/go.wasm", "this is text")
        .write();
    for inn in [missing, garbage] {
        let output = inn.cli(&["check"]).await;
        assert_ne!(output.code, 0);
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(said.contains("go.wasm"), "{said}");
    }
}

#[tokio::test]
async fn two_hosts_do_not_share_a_data_folder() {
    let inn = Host::setup().trusted("demo", &hello()).start().await;
    let second = inn.cli(&["serve"]).await;
    assert_ne!(second.code, 0, "{second:?}");
    assert!(second.stderr.contains("data"), "{second:?}");
    assert!(inn.say("demo hello Bob").await.success().contains("Hello Bob"));
}
