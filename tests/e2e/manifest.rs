//! The Slack app that a configuration needs.

use innkeeper_tests::Host;
use serde_json::json;

use crate::bash;

#[tokio::test]
async fn the_manifest_has_what_the_configuration_needs_and_no_more() {
    let silent = bash("hello", "echo hello").replace("report_stdout = true", "");
    let inn = Host::setup()
        .trusted("demo", &silent)
        .file("innkeeper.toml", "[namespaces.demo]\ntrust = 'trusted'\n")
        .write();
    let manifest = inn.cli(&["slack-manifest", "--name", "Bob"]).await.json();
    assert_eq!(manifest["display_information"]["name"], "Bob");
    assert_eq!(manifest["settings"]["socket_mode_enabled"], true);
    assert_eq!(
        manifest["settings"]["event_subscriptions"],
        json!({ "bot_events": ["app_mention", "message.im"] })
    );
    let few = [
        "app_mentions:read",
        "chat:write",
        "commands",
        "files:write",
        "im:history",
        "im:write",
        "reactions:write",
        "users:read",
    ];
    assert_eq!(manifest["oauth_config"]["scopes"]["bot"], json!(few));

    let more = format!(
        "restricted = true\ndefault_channel = '#team'\n{}",
        bash("hello", "echo hello")
    );
    let inn = Host::setup().trusted("demo", &more).by_http().write();
    let refused = inn.cli(&["slack-manifest"]).await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("--url"), "{refused:?}");
    let manifest = inn
        .cli(&["slack-manifest", "--url", "https://bot.example.com/"])
        .await
        .json();
    let scopes = manifest["oauth_config"]["scopes"]["bot"].to_string();
    for scope in ["channels:read", "groups:read"] {
        assert!(scopes.contains(scope), "{scope} in {scopes}");
    }
    assert_eq!(
        manifest["settings"]["event_subscriptions"]["request_url"],
        "https://bot.example.com/slack/events"
    );
    assert_eq!(
        manifest["settings"]["interactivity"],
        json!({ "is_enabled": true, "request_url": "https://bot.example.com/slack/interactive" })
    );
    assert_eq!(
        manifest["features"]["slash_commands"][0]["url"],
        "https://bot.example.com/slack/commands"
    );
}
