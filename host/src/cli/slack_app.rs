//! What the Slack app has to be allowed, and which channels the bot has to be in: by what the configuration says.

use std::collections::{BTreeMap, BTreeSet};

use innkeeper_core::config::{Config, Join};
use innkeeper_core::keyword::Rule;

/// What there is in the configuration that needs more than talking to the bot does.
#[derive(Default)]
pub(super) struct Needs {
    /// Keyword rules: messages that are not for the bot are heard, and read where events missed them.
    keywords: bool,
    /// Rules that name a channel by `#name`, which may be renamed.
    names_in_keywords: bool,
    /// Keywords are searched for in the name of a user, too.
    pub(super) search: bool,
    /// Public channels are joined.
    joins: bool,
    /// People say how they are told of services, in the app's home and in a modal.
    pub(super) preferences: bool,
}

impl Needs {
    pub(super) fn of(config: &Config) -> Self {
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
            preferences: !config.alerts.plugins.is_empty(),
        }
    }

    /// Without rules there is nothing to search for.
    pub(super) fn searches(&self) -> bool {
        self.search && self.keywords
    }

    pub(super) fn events(&self) -> BTreeSet<&'static str> {
        // Who becomes a guest is no member from then on.
        let mut events = BTreeSet::from(["app_mention", "message.im", "team_join", "user_change"]);
        if self.keywords {
            events.extend(["message.channels", "message.groups", "member_joined_channel"]);
        }
        if self.names_in_keywords {
            events.extend(["channel_rename", "group_rename"]);
        }
        if self.joins {
            events.insert("channel_created");
        }
        if self.preferences {
            events.insert("app_home_opened");
        }
        events
    }

    /// The bot token's scopes; docs/slack.md says what each is for.
    pub(super) fn scopes(&self, config: &Config) -> BTreeSet<&'static str> {
        let mut scopes = BTreeSet::from([
            "app_mentions:read",
            // What may have been posted already is looked for before it is posted again.
            "channels:history",
            "chat:write",
            "commands",
            // The whole log of a run, and what is too long for a message.
            "files:write",
            "groups:history",
            "im:history",
            "im:write",
            "reactions:write",
            // Logs are for members, and so are restricted namespaces.
            "users:read",
        ]);
        // A name, which Slack has to be asked about.
        if self.keywords || channels(config).keys().any(|channel| channel.starts_with('#')) {
            scopes.extend(["channels:read", "groups:read"]);
        }
        if self.joins {
            scopes.extend(["channels:join", "channels:read"]);
        }
        if self.preferences {
            // Where whoever is told gets mail.
            scopes.insert("users:read.email");
        }
        scopes
    }
}

/// The channels that the configuration names, as it writes them, with what each is for.
pub(super) fn channels(config: &Config) -> BTreeMap<String, BTreeSet<String>> {
    let mut channels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut name = |channel: &Option<String>, what: String| {
        if let Some(channel) = channel {
            channels.entry(channel.clone()).or_default().insert(what);
        }
    };
    name(&config.slack.logs_channel, "logs_channel".to_owned());
    name(&config.slack.support_channel, "support_channel".to_owned());
    for (namespace, its) in &config.namespaces {
        name(&its.default_channel, format!("default_channel of {namespace}"));
        for rule in &its.github {
            name(&rule.channel, format!("a GitHub rule of {namespace}"));
        }
        if let Some(comments) = &its.comment_commands {
            name(&comments.channel, format!("commands in comments of {namespace}"));
        }
        for rule in &its.keywords {
            for channel in &rule.channels {
                name(&Some(channel.clone()), format!("a keyword of {namespace}"));
            }
            let calls = format!("where a keyword of {namespace} calls");
            name(&Some(rule.support_channel.clone()), calls);
        }
        for schedule in &its.schedules {
            name(&schedule.channel, format!("a schedule of {namespace}"));
        }
        for hook in its.hooks.values() {
            name(&hook.channel, format!("the hook {} of {namespace}", hook.name));
        }
    }
    channels
}
