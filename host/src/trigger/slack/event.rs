//! What Slack sent, read: who said what to the bot, if anything. Pure.
//!
//! Events are read from their JSON and not through slack-morphism's types, which leave out what permissions need
//! (`user_team`, `source_team`) and fail on blocks that they do not know.

use innkeeper_core::request::{Origin, SlackOrigin};
use serde::Deserialize;
use serde_json::Value;

use super::catch_up::FURTHEST;
use super::keyword::{Overheard, moment};
use crate::slack::Identity;
use crate::trigger::Said;

/// Slack's own account. It posts the reminders that people set, and those may hold commands.
pub(super) const SLACKBOT: &str = "USLACKBOT";

/// Subtypes that are still somebody saying something. A message that has none is too.
const SAYING: &[&str] = &["file_share", "thread_broadcast"];

/// The fields of `message` and `app_mention` events that matter here. Everything may be missing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    subtype: Option<String>,
    channel: Option<String>,
    channel_type: Option<String>,
    user: Option<String>,
    user_team: Option<String>,
    source_team: Option<String>,
    bot_id: Option<String>,
    text: Option<String>,
    ts: Option<String>,
    thread_ts: Option<String>,
    edited: Option<Value>,
    /// Of `message_changed`: the message as it is now.
    message: Option<Box<Event>>,
    /// Of `message_changed`: the message as it was.
    previous_message: Option<Box<Event>>,
    /// Of an edit, once it is read: the text before it.
    #[serde(skip)]
    before: Option<String>,
}

/// Reads an `event_callback`. None: nothing was said to the bot.
///
/// A mention comes twice, as `app_mention` and as `message`, and again when it is edited: all of them have one key.
///
/// # Errors
/// A sentence about what is missing in a message that somebody may have meant for the bot.
pub fn hear_event(callback: &Value, identity: &Identity) -> Result<Option<Said>, String> {
    match read_event(callback)? {
        Some(message) => hear_message(message, identity),
        None => Ok(None),
    }
}

/// Reads an `event_callback`. None: no person said anything in a channel.
///
/// An edit counts by its `message_changed`, which says what the text was before; that of a message which the catch-up
/// pass would not look at either does not.
///
/// # Errors
/// A sentence about what is missing.
pub(super) fn overhear_event(callback: &Value, identity: &Identity) -> Result<Option<Overheard>, String> {
    match read_event(callback)? {
        Some(message) if message.edited.is_none() || is_fresh_edit(&message) => overhear(message, identity),
        _ => Ok(None),
    }
}

/// Reads a message of a channel, as `conversations.history` lists it. None: it is no person's.
pub(super) fn overhear_message(message: &Value, channel: &str, identity: &Identity) -> Option<Overheard> {
    let mut message = Event::deserialize(message).ok().filter(says)?;
    message.channel = Some(channel.to_owned());
    overhear(message, identity).ok().flatten()
}

fn read_event(callback: &Value) -> Result<Option<Event>, String> {
    let event = &callback["event"];
    let Some(kind) = event["type"].as_str() else {
        return Err("an event without a type".to_owned());
    };
    if !matches!(kind, "message" | "app_mention") {
        return Ok(None);
    }
    let event = Event::deserialize(event).map_err(|error| format!("a {kind} event in an unknown form: {error}"))?;
    match event.subtype.as_deref() {
        Some("message_changed") => read_edit(event),
        _ => Ok(Some(event).filter(says)),
    }
}

/// Whether somebody says something by it.
fn says(message: &Event) -> bool {
    let subtype = message.subtype.as_deref();
    subtype.is_none_or(|subtype| SAYING.contains(&subtype))
}

fn overhear(message: Event, identity: &Identity) -> Result<Option<Overheard>, String> {
    let Some(user) = speaker(&message, identity).filter(|user| user != SLACKBOT) else {
        return Ok(None);
    };
    let channel = message.channel.as_deref().ok_or("a message without a channel")?;
    if is_direct(&message, channel) {
        return Ok(None);
    }
    let (channel, ts) = (channel.to_owned(), message.ts.ok_or("a message without a ts")?);
    Ok(Some(Overheard {
        channel,
        user,
        user_team: message.user_team.or(message.source_team),
        text: message.text.unwrap_or_default(),
        before: message.before,
        thread: message.thread_ts.filter(|thread| *thread != ts),
        ts,
    }))
}

fn is_fresh_edit(message: &Event) -> bool {
    let edited = message.edited.as_ref().and_then(|edited| edited["ts"].as_str());
    let (Some(said), Some(edited)) = (message.ts.as_deref().and_then(moment), edited.and_then(moment)) else {
        return message.before.is_some();
    };
    message.before.is_some() && edited <= said.plus(FURTHEST)
}

fn is_direct(message: &Event, channel: &str) -> bool {
    // With several people it is as private; the bot gets no events of those.
    matches!(message.channel_type.as_deref(), Some("im" | "mpim")) || channel.starts_with('D')
}

fn hear_message(message: Event, identity: &Identity) -> Result<Option<Said>, String> {
    let Some(user) = speaker(&message, identity) else {
        return Ok(None);
    };
    let channel = message.channel.ok_or("a message without a channel")?;
    let direct = message.channel_type.as_deref() == Some("im") || channel.starts_with('D');
    let text = message.text.unwrap_or_default();
    let Some(text) = addressed(&text, direct, &identity.user) else {
        return Ok(None);
    };
    let ts = message.ts.ok_or("a message without a ts")?;
    Ok(Some(Said {
        key: Some(format!("slack:{}:{channel}:{ts}", identity.team)),
        text: text.to_owned(),
        edit: message.edited.is_some(),
        origin: Origin::Slack(SlackOrigin {
            // Not the callback's `team_id`: in a shared channel that can be the other workspace.
            team: identity.team.clone(),
            channel,
            user,
            user_team: message.user_team.or(message.source_team),
            // The first message of a thread has its own ts there once somebody has answered.
            thread: message.thread_ts.filter(|thread| *thread != ts),
            message: Some(ts),
            direct,
        }),
    }))
}

/// `message_changed` also comes when Slack adds a preview or an answer to a message; only a new text is an edit.
fn read_edit(event: Event) -> Result<Option<Event>, String> {
    let mut message = *event.message.ok_or("a message_changed event without its message")?;
    let before = event.previous_message.and_then(|message| message.text);
    if message.edited.is_none() || before == message.text {
        return Ok(None);
    }
    message.before = Some(before.unwrap_or_default());
    message.channel = event.channel;
    message.channel_type = event.channel_type;
    Ok(Some(message).filter(says))
}

/// Who said it, unless it was a bot (this one above all). Slack's own reminders count as said by Slackbot.
fn speaker(message: &Event, identity: &Identity) -> Option<String> {
    let user = message.user.clone()?;
    let by_a_bot = message.bot_id.is_some() && user != SLACKBOT;
    (!by_a_bot && user != identity.user).then_some(user)
}

/// What of `text` is for the bot: what follows the last mention of it, or all of a direct message without one.
fn addressed<'a>(text: &'a str, direct: bool, bot: &str) -> Option<&'a str> {
    after_last_mention(text, bot).or(direct.then_some(text)).map(str::trim)
}

/// What follows the last `<@BOT>` or `<@BOT|name>`.
fn after_last_mention<'a>(text: &'a str, bot: &str) -> Option<&'a str> {
    let opening = format!("<@{bot}");
    text.rmatch_indices(&opening).find_map(|(at, _)| {
        let rest = &text[at + opening.len()..];
        match rest.strip_prefix('|') {
            Some(label) => label.split_once('>').map(|(_, rest)| rest),
            None => rest.strip_prefix('>'),
        }
    })
}

/// A slash command, as Slack sends it: as a form over HTTP, with the same names as JSON over Socket Mode.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SlashCommand {
    /// The workspace of whoever typed it.
    #[serde(default)]
    pub(super) team_id: Option<String>,
    channel_id: String,
    pub(super) user_id: String,
    pub(super) trigger_id: String,
    #[serde(default)]
    text: Option<String>,
}

impl SlashCommand {
    /// What was typed after the command.
    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Reads the fields of a command.
    ///
    /// # Errors
    /// A sentence about what is missing.
    pub fn read(fields: Value) -> Result<Self, String> {
        serde_json::from_value(fields).map_err(|error| format!("a slash command in an unknown form: {error}"))
    }
}

/// What a slash command says. It leaves no message to react to or to answer in a thread of.
pub fn hear_command(command: SlashCommand, identity: &Identity) -> Said {
    Said {
        key: Some(format!("slack-command:{}", command.trigger_id)),
        text: command.text.unwrap_or_default(),
        edit: false,
        origin: Origin::Slack(SlackOrigin {
            team: identity.team.clone(),
            direct: command.channel_id.starts_with('D'),
            channel: command.channel_id,
            user: command.user_id,
            user_team: command.team_id,
            message: None,
            thread: None,
        }),
    }
}

#[cfg(test)]
mod tests;
