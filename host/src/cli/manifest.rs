//! `innkeeper slack-manifest`: the Slack app that this configuration needs, no more.

use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::config::{Config, SlackMode};
use serde_json::{Value, json};

use super::slack_app::Needs;
use super::{Ended, Misuse, print};

/// `search`: whether the app may search in the name of who installs it; also where a user's token is there already.
pub(super) fn run(config: &Config, name: &str, url: Option<&str>, search: bool) -> anyhow::Result<Ended> {
    let url = match (config.slack.mode, url) {
        (SlackMode::Socket, _) => None,
        (SlackMode::Http, Some(url)) => Some(url.trim_end_matches('/')),
        (SlackMode::Http, None) => {
            let why = "with `mode = \"http\"` Slack has to be told where the host is: --url https://bot.example.com";
            return Err(Misuse(why.to_owned()).into());
        }
    };
    let mut needs = Needs::of(config);
    needs.search = search || Secrets::from_env().get("SLACK_USER_TOKEN")?.is_some();
    print(serde_json::to_string_pretty(&manifest(&needs, config, name, url))?)?;
    Ok(Ended::Done)
}

/// The manifest, as <https://docs.slack.dev/reference/app-manifest> has it. `url`: where Slack reaches the host; none with
/// Socket Mode.
fn manifest(needs: &Needs, config: &Config, name: &str, url: Option<&str>) -> Value {
    let at = |path: &str| url.map(|url| format!("{url}{path}"));
    let mut command = json!({
        "command": "/innkeeper",
        "description": "Runs a command",
        "usage_hint": "help",
        "should_escape": true,
    });
    let mut events = json!({ "bot_events": needs.events() });
    let mut scopes = json!({ "bot": needs.scopes(config) });
    if needs.searches() {
        scopes["user"] = json!(["search:read"]);
    }
    // Buttons and modals.
    let mut interactivity = json!({ "is_enabled": true });
    for (part, key, path) in [
        (&mut command, "url", "/slack/commands"),
        (&mut events, "request_url", "/slack/events"),
        (&mut interactivity, "request_url", "/slack/interactive"),
    ] {
        if let Some(url) = at(path) {
            part[key] = url.into();
        }
    }
    json!({
        "display_information": { "name": name },
        "features": {
            "app_home": { "home_tab_enabled": needs.preferences, "messages_tab_enabled": true, "messages_tab_read_only_enabled": false },
            "bot_user": { "display_name": name, "always_online": true },
            "slash_commands": [command],
        },
        "oauth_config": { "scopes": scopes },
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": false,
            "socket_mode_enabled": url.is_none(),
            "token_rotation_enabled": false,
        },
    })
}
