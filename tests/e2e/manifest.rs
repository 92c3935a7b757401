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
        json!({ "bot_events": ["app_mention", "message.im", "team_join", "user_change"] })
    );
    let few = [
        "app_mentions:read",
        "channels:history",
        "chat:write",
        "commands",
        "files:write",
        "groups:history",
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

#[tokio::test]
async fn whoever_is_told_by_a_plugin_says_how_in_the_app_s_home() {
    let plugin = "[plugins.pager]\ncomponent = 'oci://registry.example/pager:1'\n";
    let inn = Host::setup().file("innkeeper.toml", plugin).write();
    let manifest = inn.cli(&["slack-manifest"]).await.json();
    assert_eq!(manifest["features"]["app_home"]["home_tab_enabled"], true);
    let events = manifest["settings"]["event_subscriptions"]["bot_events"].to_string();
    assert!(events.contains("app_home_opened"), "{events}");
    let scopes = manifest["oauth_config"]["scopes"]["bot"].to_string();
    assert!(scopes.contains("users:read.email"), "{scopes}");
}

#[tokio::test]
async fn keywords_and_joining_need_more_and_nothing_else_does() {
    let manifest = async |namespace: &str, setting: &str, arguments: &[&str]| {
        let setup = Host::setup().slack_setting(setting).trusted("desk", namespace);
        let verb = [&["slack-manifest"], arguments].concat();
        let manifest = setup.write().cli(&verb).await.json();
        let words = |value: &serde_json::Value| {
            let words = value.as_array().into_iter().flatten();
            words.map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        (
            words(&manifest["oauth_config"]["scopes"]["bot"]),
            words(&manifest["oauth_config"]["scopes"]["user"]),
            words(&manifest["settings"]["event_subscriptions"]["bot_events"]),
        )
    };
    // The host's own channels are written as names in every test.
    let plain = manifest("", "", &["--search"]).await;
    assert_eq!(plain.2, ["app_mention", "message.im", "team_join", "user_change"]);
    assert!(plain.1.is_empty(), "nothing to search for");
    let more = |had: &[String], has: &[String]| -> Vec<String> {
        assert!(had.iter().all(|word| has.contains(word)), "{had:?} in {has:?}");
        has.iter().filter(|word| !had.contains(word)).cloned().collect()
    };

    let by_id = "[[keyword]]\nwords = ['help']\nsupport_channel = 'C0SUPPORT'\n";
    let keywords = manifest(by_id, "", &[]).await;
    assert!(
        more(&plain.0, &keywords.0).is_empty(),
        "what is looked up needs it, too"
    );
    assert_eq!(
        more(&plain.2, &keywords.2),
        ["member_joined_channel", "message.channels", "message.groups"]
    );
    assert!(keywords.1.is_empty());

    let by_name = manifest("[[keyword]]\nwords = ['help']\n", "", &["--search"]).await;
    assert!(more(&keywords.0, &by_name.0).is_empty());
    assert_eq!(more(&keywords.2, &by_name.2), ["channel_rename", "group_rename"]);
    assert_eq!(by_name.1, ["search:read"]);

    let joins = manifest("", "join_public_channels = true", &[]).await;
    assert_eq!(more(&plain.0, &joins.0), ["channels:join"]);
    assert_eq!(more(&plain.2, &joins.2), ["channel_created"]);
}
