//! Alert plugins: how one is begun, and what it makes of an alert, as `innkeeper alert test` shows it.

use std::fs;

use innkeeper_tests::{Host, guests};
use serde_json::Value;

/// Tries a plugin on Ann.
async fn test(inn: &Host, plugin: &str, more: &[&str]) -> innkeeper_tests::host::Output {
    let arguments = ["alert", "test", plugin, "--user", "Ann"];
    inn.cli(&[&arguments, more].concat()).await
}

/// Makes a user: there is nobody before. What somebody filled in for a plugin, too.
async fn add_ann(inn: &Host, plugin: &str) {
    let nobody = test(inn, plugin, &[]).await;
    assert_eq!(nobody.code, 2, "{nobody:?}");
    assert!(nobody.stderr.contains("there is no user \"Ann\""), "{nobody:?}");
    let database = inn.database();
    let ann = "INSERT INTO person (fold, slack, active, fallback, name, email) VALUES ('ann', 'U1', 1, 0, 'Ann', 'ann@example.com')";
    database.execute(ann, []).unwrap();
    let fields = "INSERT INTO person_field (person, plugin, field, secret, value) VALUES (1, 'test', 'phone', 0, CAST('+44 {{secret:token}}' AS BLOB)), (1, 'test', 'pin', 1, x'00')";
    database.execute(fields, []).unwrap();
}

/// Begins a plugin, builds it, and sees what it would send.
pub(crate) async fn from_nothing_to_an_alert(inn: &Host, language: &str) {
    let begun = inn.cli(&["new", "alert", "pager", "--lang", language]).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    assert!(begun.stderr.contains("alert test pager --user NAME"), "{begun:?}");
    let built = inn.build("jobs", "pager").await;
    assert_eq!(built.code, 0, "{built:?}");
    inn.cli(&["check"]).await.success();
    add_ann(inn, "pager").await;
    let said = test(inn, "pager", &[]).await.success();
    assert!(
        said.starts_with("pager 0.1.0: 1 delivery\n\n1. Slack message to U1\n"),
        "{said}"
    );
    assert!(said.contains("*A service that is made up* fails"), "{said}");
    let said = test(inn, "pager", &["--old", "critical", "--new", "passing"])
        .await
        .success();
    assert!(said.contains("*A service that is made up* works again"), "{said}");
}

#[tokio::test]
async fn a_plugin_in_rust_goes_from_nothing_to_an_alert() {
    from_nothing_to_an_alert(&crate::authoring::nothing_yet(), "rust").await;
}

/// A host with the plugin of the tests.
fn with_plugin(more: &str) -> Host {
    let inn = Host::setup().write();
    fs::copy(guests::rust("test-plugin"), inn.path("test.wasm")).unwrap();
    let file = inn.path("innkeeper.toml");
    let plugin = "\n[plugins.test]\ncomponent = 'test.wasm'\nsecrets = { token = 'TEST_TOKEN' }\n";
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}{plugin}{more}")).unwrap();
    inn
}

#[tokio::test]
async fn deliveries_are_shown_with_placeholders_and_nothing_that_only_looks_like_one() {
    let inn = with_plugin("http = ['alerts.example']\n");
    add_ann(&inn, "test").await;
    let said = test(&inn, "test", &[]).await.success();
    assert!(said.contains("1. Slack message to U1\n"), "{said}");
    assert!(
        said.contains("2. mail to ann@example.com\n   Subject: Test: A service"),
        "{said}"
    );
    assert!(said.contains("3. POST https://alerts.example/calls\n"), "{said}");
    assert!(said.contains("Authorization: Bearer {{secret:token}}"), "{said}");
    assert!(said.contains("\"pin\":\"{{secret:1/pin}}\""), "{said}");
    assert!(said.contains("\"to\":\"+44 { {secret:token}}\""), "{said}");
}

#[tokio::test]
async fn a_test_is_sent_where_that_is_asked_for_and_not_where_it_is_not() {
    let inn = with_plugin("http = ['alerts.example']\n");
    add_ann(&inn, "test").await;
    let waiting = || -> u32 {
        let count = "SELECT count(*) FROM delivery";
        inn.database().query_row(count, [], |row| row.get(0)).unwrap()
    };
    test(&inn, "test", &[]).await.success();
    assert_eq!(waiting(), 0);
    let sent = test(&inn, "test", &["--send", "--json"]).await.success();
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!((sent["sent"].as_bool(), waiting()), (Some(true), 3));
}

#[tokio::test]
async fn what_is_not_granted_is_not_sent_and_settings_are_checked() {
    let inn = with_plugin("settings = { server = 'https://evil.example', colour = 'red' }\n");
    add_ann(&inn, "test").await;
    let wrong = test(&inn, "test", &[]).await;
    assert_eq!(wrong.code, 1, "{wrong:?}");
    let why = "`colour` under `[plugins.test.settings]` is no setting of the plugin";
    assert!(wrong.stderr.contains(why), "{wrong:?}");
    let file = inn.path("innkeeper.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(", colour = 'red'", "")).unwrap();
    let refused = test(&inn, "test", &[]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("outbound HTTP to evil.example (not granted)"),
        "{refused:?}"
    );
    let other = inn.cli(&["alert", "test", "other", "--user", "Ann"]).await;
    assert_eq!(other.code, 2, "{other:?}");
    assert!(
        other.stderr.contains("there is no plugin \"other\"; there are: test"),
        "{other:?}"
    );
}
