//! Keeps what a block says within what its namespace may say.

use serde_json::{Map, Value};

use super::super::text::{Voice, Whom, ZERO_WIDTH_SPACE};
use super::clean;
use crate::config::Mentions;

/// Changes an object that was checked, or says why it may not be said.
pub(super) type Tame = fn(&mut Map<String, Value>, Voice) -> Result<(), String>;

/// A `mrkdwn` text object. Where no mention at all is granted, Slack is told not to look for any in plain words.
pub(super) fn mrkdwn(object: &mut Map<String, Value>, voice: Voice) -> Result<(), String> {
    if let Some(Value::String(text)) = object.get_mut("text") {
        *text = voice.say(&clean(text));
    }
    if !voice.trusted || voice.mentions == Mentions::None {
        object.insert("verbatim".to_owned(), Value::Bool(true));
    }
    Ok(())
}

/// The text of a `markdown` block, which only trusted namespaces write.
pub(super) fn markdown(value: &mut Value, voice: Voice) {
    if let Value::String(text) = value {
        *text = voice.say(&clean(text));
    }
}

/// A link that shows something else than its address becomes text that shows both.
pub(super) fn link(object: &mut Map<String, Value>, voice: Voice) -> Result<(), String> {
    if voice.trusted {
        return Ok(());
    }
    let of = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (label, url) = (of("text"), of("url"));
    object.remove("unsafe");
    if !label.is_empty() && label != url {
        become_text(object, format!("{label} ({url})"));
    }
    Ok(())
}

pub(super) fn user(object: &mut Map<String, Value>, voice: Voice) -> Result<(), String> {
    mention(object, "user_id", voice.may_mention(Whom::User))
}

pub(super) fn usergroup(object: &mut Map<String, Value>, voice: Voice) -> Result<(), String> {
    mention(object, "usergroup_id", voice.may_mention(Whom::Group))
}

pub(super) fn broadcast(object: &mut Map<String, Value>, voice: Voice) -> Result<(), String> {
    mention(object, "range", voice.may_mention(Whom::Channel))
}

fn mention(object: &mut Map<String, Value>, key: &str, granted: bool) -> Result<(), String> {
    if !granted {
        let name = object.get(key).and_then(Value::as_str).unwrap_or_default();
        let text = format!("@{ZERO_WIDTH_SPACE}{name}");
        become_text(object, text);
    }
    Ok(())
}

/// A date may be a link, and shows nothing of where it leads.
pub(super) fn date(object: &mut Map<String, Value>, voice: Voice) -> Result<(), String> {
    if !voice.trusted {
        object.remove("url");
    }
    Ok(())
}

/// Turns a rich text element into one of type `text`, in the same style.
fn become_text(object: &mut Map<String, Value>, text: String) {
    let style = object.remove("style");
    object.clear();
    object.insert("type".to_owned(), "text".into());
    object.insert("text".to_owned(), text.into());
    if let Some(style) = style {
        object.insert("style".to_owned(), style);
    }
}
