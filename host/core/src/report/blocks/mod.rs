//! stdout as Block Kit blocks: read, kept within what the namespace may say, and validated against what Slack refuses
//! before anything is posted. What does not pass is reported as an error that says why, with the output attached.
//!
//! Which blocks there are, and what they must have, is in `tables`, in the words of `rule`; `check` applies them;
//! `tame` keeps texts and mentions within the namespace's grants; `fallback` writes what notifications say.
//!
//! Only what is in the tables passes. Slack refuses unknown keys itself, and what nobody has looked at could mention
//! or fetch something.

mod check;
mod fallback;
mod rule;
mod tables;
mod tame;

use serde_json::Value;

use self::check::check;
use super::clean::clean;
use super::text::Voice;
use super::wording;
use super::{Facts, file, limits};
use crate::message::{Message, Post};

/// stdout as blocks; none where the list is empty and nothing is said of that.
pub(crate) fn report(facts: &Facts<'_>) -> Option<Message> {
    let lost = facts.outcome.stdout.lost;
    let read = if lost > 0 {
        Err(format!("it was cut, {lost} bytes are lost."))
    } else {
        read(facts.stdout).and_then(|blocks| check(blocks, Voice::from(&facts.job.grants)))
    };
    said(facts, read, || facts.stdout.to_vec())
}

/// Blocks that a guest made as such.
pub(crate) fn of(facts: &Facts<'_>, blocks: &[Value]) -> Option<Message> {
    let checked = check(blocks.to_vec(), Voice::from(&facts.job.grants));
    said(facts, checked, || Value::from(blocks).to_string().into_bytes())
}

/// Blocks that an alert plugin made.
///
/// # Errors
/// Why Slack would refuse them, in words that follow `it `.
pub(crate) fn of_plugin(blocks: Vec<Value>, voice: Voice) -> Result<Vec<Value>, String> {
    match blocks.is_empty() {
        true => Ok(blocks),
        false => check(blocks, voice).map_err(|why| format!("has blocks that Slack would refuse: {why}")),
    }
}

/// What notifications say of blocks.
pub(crate) fn in_words(blocks: &[Value]) -> String {
    fallback::text(blocks)
}

/// The blocks; or why there are none, with what was `written` as a file.
fn said(facts: &Facts<'_>, checked: Result<Vec<Value>, String>, written: impl FnOnce() -> Vec<u8>) -> Option<Message> {
    match checked {
        Ok(blocks) if blocks.is_empty() => super::nothing_written(facts),
        Ok(blocks) => Some(posted(facts, blocks)),
        Err(why) => {
            let comment = wording::not_blocks(&facts.job.full_name(), facts.run, &why);
            Some(file::of(facts, "json", &written(), comment))
        }
    }
}

fn posted(facts: &Facts<'_>, blocks: Vec<Value>) -> Message {
    let said = fallback::text(&blocks);
    let text = if said.is_empty() {
        wording::report_without_text(&facts.job.full_name(), facts.run)
    } else {
        said
    };
    Message::Post(Post {
        text,
        blocks,
        unfurl: false,
    })
}

/// A JSON array; or an object with nothing but `blocks`, as Slack's Block Kit Builder shows them for copying.
fn read(stdout: &[u8]) -> Result<Vec<Value>, String> {
    let value: Value = serde_json::from_slice(stdout).map_err(|error| format!("it is no JSON: {error}."))?;
    let list = match value {
        Value::Object(mut object) if object.len() == 1 && object.contains_key("blocks") => {
            object.remove("blocks").unwrap_or_default()
        }
        other => other,
    };
    match list {
        Value::Array(blocks) => Ok(blocks),
        other => Err(format!(
            "it must be a JSON array of blocks, and is {}.",
            check::kind_of(&other)
        )),
    }
}

#[cfg(test)]
mod tests;
