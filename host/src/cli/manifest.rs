//! `innkeeper slack-manifest`: the Slack app that this configuration needs, no more.

use std::collections::BTreeSet;

use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::config::{Config, Join, SlackMode};
use innkeeper_core::keyword::Rule;
use serde_json::{Value, json};

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
    let needs = Needs {
        search: search || Secrets::from_env().get("SLACK_USER_TOKEN")?.is_some(),
        ..Needs::of(config)
    };
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
    // Buttons.
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
            "app_home": { "home_tab_enabled": false, "messages_tab_enabled": true, "messages_tab_read_only_enabled": false },
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

/// What there is in the configuration that needs more than talking to the bot does.
#[derive(Default)]
struct Needs {
    /// Keyword rules: messages that are not for the bot are heard, and read where events missed them.
    keywords: bool,
    /// Rules that name a channel by `#name`, which may be renamed.
    names_in_keywords: bool,
    /// Keywords are searched for in the name of a user, too.
    search: bool,
    /// Public channels are joined.
    joins: bool,
}

impl Needs {
    fn of(config: &Config) -> Self {
        let namespaces = || config.namespaces.values();
        let rules = || namespaces().flat_map(|namespace| &namespace.keywords);
        let names = |rule: &Rule| {
            let mut channels = rule.channels.iter().chain([&rule.support_channel]);
            channels.any(|channel| channel.starts_with('#'))
        };
        Self {
            keywords: rules().next().is_some(),
            names_in_keywords: rules().any(|rule| names(rule)),
            search: false,
            joins: config.slack.join != Join::None,
        }
    }

    /// Without rules there is nothing to search for.
    fn searches(&self) -> bool {
        self.search && self.keywords
    }

    fn events(&self) -> BTreeSet<&'static str> {
        // Who becomes a guest is no member from then on.
        let mut events = BTreeSet::from(["app_mention", "message.im", "team_join", "user_change"]);
        if self.keywords {
            events.extend(["message.channels", "message.groups"]);
        }
        if self.names_in_keywords {
            events.extend(["channel_rename", "group_rename"]);
        }
        if self.joins {
            events.insert("channel_created");
        }
        events
    }

    /// The bot token's scopes; docs/slack.md says what each is for.
    fn scopes(&self, config: &Config) -> BTreeSet<&'static str> {
        let mut scopes = BTreeSet::from([
            "app_mentions:read",
            "chat:write",
            "commands",
            // The whole log of a run, and what is too long for a message.
            "files:write",
            "im:history",
            "im:write",
            "reactions:write",
            // Logs are for members, and so are restricted namespaces.
            "users:read",
        ]);
        if self.keywords {
            scopes.extend(["channels:history", "groups:history"]);
        }
        if self.keywords || names_a_channel(config) {
            scopes.extend(["channels:read", "groups:read"]);
        }
        if self.joins {
            scopes.extend(["channels:join", "channels:read"]);
        }
        scopes
    }
}

/// Whether some channel is written as `#name`, which Slack has to be asked about.
fn names_a_channel(config: &Config) -> bool {
    let of_host = [&config.slack.logs_channel, &config.slack.support_channel];
    let of_namespaces = config.namespaces.values().flat_map(|namespace| {
        let rules = namespace.github.iter().map(|rule| &rule.channel);
        let schedules = namespace.schedules.iter().map(|schedule| &schedule.channel);
        let hooks = namespace.hooks.values().map(|hook| &hook.channel);
        let comments = namespace.comment_commands.iter().map(|commands| &commands.channel);
        rules
            .chain(comments)
            .chain(schedules)
            .chain(hooks)
            .chain([&namespace.default_channel])
    });
    let mut named = of_host.into_iter().chain(of_namespaces).flatten();
    named.any(|channel| channel.starts_with('#'))
}
