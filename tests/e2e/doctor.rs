//! `doctor`: a good set-up is well, and each thing that is broken is told with what to do.

use innkeeper_tests::host::Setup;
use innkeeper_tests::{FakeSlack, Host, Output};
use serde_json::Value;

use crate::bash;

/// A set-up in which nothing is missing.
fn well(slack: &FakeSlack) -> Setup {
    let demo = format!(
        "restricted = true\ndefault_channel = '#general'\n{}",
        bash("hello", "echo hello")
    );
    Host::setup().slack(slack).trusted("demo", &demo)
}

/// The findings of `doctor`, and its exit code.
struct Findings(Vec<Value>, i32);

impl Findings {
    async fn of(inn: &Host) -> Self {
        let Output { code, stdout, stderr } = inn.cli(&["doctor", "--json"]).await;
        let found: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout} {stderr}"));
        Self(found["findings"].as_array().unwrap().clone(), code)
    }

    /// What was said about something, in this state.
    fn says(&self, state: &str, about: &str) -> Vec<&str> {
        let findings = self.0.iter();
        let right = findings.filter(|finding| finding["state"] == state && finding["about"] == about);
        right.map(|finding| finding["says"].as_str().unwrap()).collect()
    }

    fn problems(&self) -> Vec<&Value> {
        self.0.iter().filter(|finding| finding["state"] == "problem").collect()
    }

    /// There is this problem and no other; and a way out of it.
    fn only_problem(&self, about: &str, says: &str) {
        assert_eq!(self.1, 1, "{:?}", self.0);
        let [problem] = self.problems()[..] else {
            panic!("{:?}", self.problems())
        };
        assert_eq!(problem["about"], about, "{problem}");
        assert!(
            problem["says"].as_str().unwrap().contains(says),
            "{says:?} in {problem}"
        );
        assert!(
            problem["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_good_set_up_is_well() {
    let slack = FakeSlack::start().await;
    let inn = well(&slack).write();
    let found = Findings::of(&inn).await;
    assert_eq!((found.1, found.problems()), (0, vec![]));
    for about in [
        "configuration",
        "Slack token",
        "Slack scopes",
        "Slack events",
        "data folder",
        "host",
        "bash",
        "clock",
        "address",
    ] {
        assert_eq!(found.says("ok", about).len(), 1, "{about} in {:?}", found.0);
    }
    assert_eq!(found.says("ok", "Slack channels").len(), 3, "{:?}", found.0);
    assert!(!inn.path("data").exists(), "it made something");
    let text = inn.cli(&["doctor"]).await.success();
    assert!(text.lines().last().unwrap().starts_with("All is well"), "{text}");
    assert!(slack.posts().is_empty());
}

#[tokio::test]
async fn beside_a_serve_that_runs_it_is_well_too() {
    let slack = FakeSlack::start().await;
    let inn = well(&slack).start().await;
    let found = Findings::of(&inn).await;
    assert_eq!((found.1, found.problems()), (0, vec![]));
    let host = found.says("ok", "host").concat();
    assert!(host.contains("`serve` is at work"), "{host}");
    slack.user("U1").says("#general", "@innkeeper demo hello").await;
    slack.await_post("the report", |post| post.text == "hello").await;
}

#[tokio::test]
async fn a_configuration_with_errors_is_told_first() {
    let slack = FakeSlack::start().await;
    let inn = well(&slack).trusted("broken", "jbos = 1").write();
    Findings::of(&inn).await.only_problem("configuration", "1 error");
    let inn = well(&slack).untrusted("broken", "jbos = 1").write();
    Findings::of(&inn).await.only_problem("configuration", "left out");
    let output = inn.cli(&["doctor", "--jsno"]).await;
    assert_eq!(output.code, 2, "wrong use");
}

#[tokio::test]
async fn tokens() {
    let slack = FakeSlack::start().await;
    let inn = well(&slack).env("SLACK_BOT_TOKEN", "").write();
    Findings::of(&inn)
        .await
        .only_problem("Slack token", "there is no SLACK_BOT_TOKEN");
    let inn = well(&slack).env("SLACK_BOT_TOKEN", "xoxb-old").write();
    Findings::of(&inn).await.only_problem("Slack token", "invalid_auth");
    let inn = well(&slack).env("SLACK_API_URL", "http://127.0.0.1:1/api").write();
    Findings::of(&inn)
        .await
        .only_problem("Slack token", "could not be reached");
    let inn = well(&slack).env("SLACK_APP_TOKEN", "").write();
    Findings::of(&inn)
        .await
        .only_problem("Slack events", "there is no SLACK_APP_TOKEN");
    let inn = well(&slack).env("SLACK_APP_TOKEN", "xapp-old").write();
    Findings::of(&inn).await.only_problem("Slack events", "invalid_auth");
    let inn = well(&slack).by_http().env("SLACK_SIGNING_SECRET", "").write();
    Findings::of(&inn)
        .await
        .only_problem("Slack events", "there is no SLACK_SIGNING_SECRET");
    let inn = well(&slack).by_http().write();
    assert_eq!(Findings::of(&inn).await.1, 0);
}

#[tokio::test]
async fn scopes_are_those_of_the_manifest() {
    let slack = FakeSlack::start().await;
    let inn = well(&slack).write();
    let manifest = inn.cli(&["slack-manifest"]).await.json();
    let scopes: Vec<&str> = manifest["oauth_config"]["scopes"]["bot"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope.as_str().unwrap())
        .collect();
    slack.says_scopes(&scopes);
    let found = Findings::of(&inn).await;
    assert_eq!(
        (found.1, found.says("ok", "Slack scopes").len()),
        (0, 1),
        "{:?}",
        found.0
    );

    let without: Vec<&str> = scopes.iter().copied().filter(|scope| *scope != "users:read").collect();
    slack.says_scopes(&without);
    Findings::of(&inn)
        .await
        .only_problem("Slack scopes", "lacks `users:read`");

    let more = [&scopes[..], &["search:read"]].concat();
    slack.says_scopes(&more);
    let found = Findings::of(&inn).await;
    assert_eq!(found.1, 0);
    assert!(
        found.says("note", "Slack scopes").concat().contains("`search:read`"),
        "{:?}",
        found.0
    );
}

#[tokio::test]
async fn channels_that_the_bot_could_not_post_to() {
    let slack = FakeSlack::start().await;
    let in_channel = |channel: &str| {
        let demo = format!("default_channel = '{channel}'\n{}", bash("hello", "echo hello"));
        Host::setup().slack(&slack).trusted("demo", &demo).write()
    };
    for (channel, says) in [
        ("#elsewhere", "the bot is not in it"),
        ("#archived", "it is archived"),
        ("#missing", "there is no such channel"),
        ("C0ELSE", "the bot is not in it"),
        ("C0MISSING", "there is no such channel"),
    ] {
        let found = Findings::of(&in_channel(channel)).await;
        found.only_problem(
            "Slack channels",
            &format!("{channel} (default_channel of demo): {says}"),
        );
    }
    assert_eq!(Findings::of(&in_channel("C0GENERAL")).await.1, 0);
}

#[tokio::test]
async fn secrets_of_webhooks() {
    let slack = FakeSlack::start().await;
    let rule = "[[github]]\nevent = 'push'\njob_type = 'hello'\n";
    let demo = format!("{}{rule}", bash("hello", "echo hello"));
    let inn = Host::setup().slack(&slack).trusted("demo", &demo);
    let inn = inn.env("GITHUB_WEBHOOK_SECRET", "").write();
    Findings::of(&inn).await.only_problem(
        "webhooks",
        "GITHUB_WEBHOOK_SECRET is missing: webhooks to /github/demo/",
    );

    // A job that is only called so.
    let inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("deploy", "echo hello"));
    let inn = inn.env("GITHUB_WEBHOOK_SECRET", "").write();
    let found = Findings::of(&inn).await;
    assert_eq!((found.1, found.says("note", "webhooks").len()), (0, 1), "{:?}", found.0);

    let bell = format!("{}[hooks.bell]\njob_type = 'hello'\n", bash("hello", "echo hello"));
    let grants = "trust = 'trusted'\n[namespaces.demo.hooks.bell]\nsecret = 'BELL_SECRET'\nscheme = 'token'";
    let inn = Host::setup().slack(&slack).namespace("demo", &bell, grants).write();
    Findings::of(&inn)
        .await
        .only_problem("webhooks", "BELL_SECRET is missing: webhooks to /hooks/demo/bell");
}

#[tokio::test]
async fn the_data_folder_and_the_address() {
    let slack = FakeSlack::start().await;
    let inn = well(&slack).file("data", "I am a file").write();
    Findings::of(&inn).await.only_problem("data folder", "is no folder");

    use std::os::unix::fs::PermissionsExt;
    let inn = well(&slack).write();
    std::fs::create_dir(inn.path("data")).unwrap();
    std::fs::set_permissions(inn.path("data"), std::fs::Permissions::from_mode(0o777)).unwrap();
    Findings::of(&inn)
        .await
        .only_problem("data folder", "others than its owner may enter");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let demo = bash("hello", "echo hello");
    let file = format!("[server]\nlisten = '{address}'\n[namespaces.demo]\ntrust = 'trusted'\n");
    let inn = Host::setup().slack(&slack).trusted("demo", &demo);
    let inn = inn.file("innkeeper.toml", file).write();
    Findings::of(&inn)
        .await
        .only_problem("address", "something else listens");
}

#[tokio::test]
async fn tools_that_are_missing_are_notes_unless_a_job_runs_them() {
    let slack = FakeSlack::start().await;
    let inn = well(&slack).env("PATH", "/nowhere").write();
    let found = Findings::of(&inn).await;
    let about: Vec<&Value> = found.problems().iter().map(|problem| &problem["about"]).collect();
    assert_eq!(about, ["bash"], "{:?}", found.0);
    for tool in [
        "python3",
        "git",
        "fab",
        "cargo",
        "wasm32-wasip2",
        "node",
        "componentize-py",
    ] {
        assert_eq!(found.says("note", tool).len(), 1, "{tool} in {:?}", found.0);
    }
    let inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("hello", "fab hello"))
        .env("PATH", "/bin:/usr/bin")
        .write();
    Findings::of(&inn).await.only_problem("fab", "a job runs it");
}
