//! The first minutes: from an empty folder to a bot that answers.

use std::fs;

use innkeeper_tests::{FakeSlack, Host};

fn empty(inn: &Host) {
    fs::remove_file(inn.path("innkeeper.toml")).unwrap();
    fs::remove_dir(inn.path("workspace")).unwrap();
}

#[tokio::test]
async fn from_an_empty_folder_to_a_bot_that_answers() {
    let slack = FakeSlack::start().await;
    let mut inn = Host::setup().slack(&slack).write();
    empty(&inn);
    inn.cli(&["init"]).await.success();
    inn.cli(&["check"]).await.success();
    assert_eq!(inn.say("first hello Bob").await.success(), "Hello Bob\n");
    inn.cli(&["slack-manifest"]).await.success();

    // The address that it listens on by default may be another test's.
    let file = inn.path("innkeeper.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n[server]\nlisten = '127.0.0.1:0'\n")).unwrap();
    inn.cli(&["doctor"]).await.success();
    inn.serve().await;
    slack.user("U1").says("#general", "@innkeeper first hello Ann").await;
    slack.await_post("the greeting", |post| post.text == "Hello Ann").await;
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let inn = Host::setup().trusted("demo", "").write();
    let before = fs::read_to_string(inn.path("innkeeper.toml")).unwrap();
    let output = inn.cli(&["init"]).await;
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stderr.contains("innkeeper.toml is there already"), "{output:?}");
    assert_eq!(fs::read_to_string(inn.path("innkeeper.toml")).unwrap(), before);
    assert!(!inn.path("workspace/first").exists());

    fs::remove_file(inn.path("innkeeper.toml")).unwrap();
    let output = inn.cli(&["init", "demo"]).await;
    assert_eq!(output.code, 2, "{output:?}");
    assert!(!inn.path("innkeeper.toml").exists());
    let output = inn.cli(&["init", "Not_a_name"]).await;
    assert_eq!(output.code, 2, "{output:?}");
}
