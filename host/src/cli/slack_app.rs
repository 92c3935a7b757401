//! What the Slack app has to be allowed, and which channels the bot has to be in: by what the configuration says.

use std::collections::{BTreeMap, BTreeSet};

use innkeeper_core::config::Config;

/// The bot token's scopes; docs/slack.md says what each is for.
pub(super) fn scopes(config: &Config) -> BTreeSet<&'static str> {
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
    if channels(config).keys().any(|channel| channel.starts_with('#')) {
        // A name, which Slack has to be asked about.
        scopes.extend(["channels:read", "groups:read"]);
    }
    scopes
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
        for schedule in &its.schedules {
            name(&schedule.channel, format!("a schedule of {namespace}"));
        }
        for hook in its.hooks.values() {
            name(&hook.channel, format!("the hook {} of {namespace}", hook.name));
        }
    }
    channels
}
