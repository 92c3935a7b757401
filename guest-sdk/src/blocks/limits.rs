//! What Slack refuses in blocks, checked before anything is printed, so that the author reads a sentence and not
//! `invalid_blocks`. The host checks again: it trusts nobody.

use std::fmt;

use serde_json::Value;

use super::table::{Cell, Table};
use super::{Accessory, Block, Picture, Small, Text};

const BLOCKS: usize = 50;
const HEADER: usize = 150;
const SECTION: usize = 3000;
const FIELDS: usize = 10;
const FIELD: usize = 2000;
const CONTEXT: usize = 10;
const IMAGE_TEXT: usize = 2000;
const URL: usize = 3000;
const MARKDOWN: usize = 12_000;
const BUTTONS: usize = 25;
pub(super) const BUTTON: usize = 75;
pub(super) const CONFIRM_TITLE: usize = 100;
pub(super) const CONFIRM_TEXT: usize = 300;
pub(super) const CONFIRM_ANSWER: usize = 30;
const TABLE_ROWS: usize = 100;
const TABLE_COLUMNS: usize = 20;
const TABLE_TEXT: usize = 10_000;
// Not documented by Slack; <https://github.com/slackapi/bolt-js/issues/2509> found `msg_blocks_too_long` near 13,200.
const MESSAGE: usize = 13_000;

/// Why Slack would refuse a message. Shown as a sentence, also where `main` returns it.
#[derive(Clone, PartialEq, Eq)]
pub struct Refused {
    block: Option<usize>,
    why: String,
}

impl Refused {
    pub(super) fn whole(why: impl Into<String>) -> Self {
        Self {
            block: None,
            why: why.into(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.block {
            Some(index) => write!(f, "block {}: {}", index + 1, self.why),
            None => f.write_str(&self.why),
        }
    }
}

// `main` prints the errors that it returns with `Debug`, and people should read the sentence.
impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Refused {}

/// Checks a whole message.
pub(super) fn check(blocks: &[Block]) -> Result<(), Refused> {
    if blocks.len() > BLOCKS {
        return Err(Refused::whole(format!(
            "a message has at most {BLOCKS} blocks, this one has {}: leave some out, or report a file",
            blocks.len()
        )));
    }
    for (index, block) in blocks.iter().enumerate() {
        check_block(block).map_err(|why| Refused {
            block: Some(index),
            why,
        })?;
    }
    let tables = blocks.iter().filter(|block| matches!(block, Block::Table(_))).count();
    if tables > 1 {
        return Err(Refused::whole(
            "a message shows one table: print the others as sections",
        ));
    }
    let markdown: usize = blocks.iter().map(markdown).sum();
    if markdown > MARKDOWN {
        return Err(Refused::whole(format!(
            "the Markdown of a message has at most {MARKDOWN} characters, this one has {markdown}"
        )));
    }
    let characters: usize = blocks.iter().map(characters).sum();
    if characters > MESSAGE {
        return Err(Refused::whole(format!(
            "the blocks hold {characters} characters, Slack takes about {MESSAGE}: leave some out, or report a file"
        )));
    }
    Ok(())
}

fn check_block(block: &Block) -> Result<(), String> {
    match block {
        Block::Header { text } => {
            if matches!(text, Text::Markup { .. }) {
                return Err("a header is plain text: use Text::plain".to_owned());
            }
            length("a header", text.as_str(), HEADER)
        }
        Block::Section {
            text: None,
            fields,
            accessory: _,
        } if fields.is_empty() => Err("a section needs a text or fields".to_owned()),
        Block::Section {
            text,
            fields,
            accessory,
        } => {
            text.iter()
                .try_for_each(|text| length("a section's text", text.as_str(), SECTION))?;
            at_most("fields", fields.len(), FIELDS)?;
            fields
                .iter()
                .try_for_each(|field| length("a field", field.as_str(), FIELD))?;
            match accessory {
                Some(Accessory::Button(button)) => button.check(),
                Some(Accessory::Picture(picture)) => check_picture(picture),
                None => Ok(()),
            }
        }
        Block::Divider {} => Ok(()),
        Block::Context { elements } => {
            some("context", "elements", elements.len(), CONTEXT)?;
            elements.iter().try_for_each(|element| match element {
                Small::Text(text) => length("a context element", text.as_str(), SECTION),
                Small::Picture(picture) => check_picture(picture),
            })
        }
        Block::Image {
            image_url,
            alt_text,
            title,
        } => {
            address("an image's address", image_url)?;
            length("an image's alt text", alt_text, IMAGE_TEXT)?;
            title
                .iter()
                .try_for_each(|title| length("an image's title", title.as_str(), IMAGE_TEXT))
        }
        Block::Actions { elements } => {
            some("row of buttons", "buttons", elements.len(), BUTTONS)?;
            elements.iter().try_for_each(super::Button::check)
        }
        Block::RichText(text) => text.check(),
        Block::Markdown { text } => length("Markdown", text, MARKDOWN),
        Block::Table(table) => check_table(table),
    }
}

fn check_picture(picture: &Picture) -> Result<(), String> {
    address("a picture's address", &picture.image_url)?;
    length("a picture's alt text", &picture.alt_text, IMAGE_TEXT)
}

fn check_table(table: &Table) -> Result<(), String> {
    some("table", "rows", table.rows.len(), TABLE_ROWS)?;
    for row in &table.rows {
        some("row", "cells", row.len(), TABLE_COLUMNS)?;
        // Slack refuses empty cells as it refuses empty texts.
        row.iter().try_for_each(|cell| match cell {
            Cell::RawText { text } => length("a cell", text, TABLE_TEXT),
            Cell::RichText(text) => text.check(),
        })?;
    }
    at_most("column alignments", table.column_settings.len(), TABLE_COLUMNS)?;
    let characters = value_characters(&json(&table.rows));
    if characters > TABLE_TEXT {
        return Err(format!(
            "the cells of a table hold at most {TABLE_TEXT} characters, these hold {characters}"
        ));
    }
    Ok(())
}

fn some(owner: &str, of_what: &str, count: usize, most: usize) -> Result<(), String> {
    if count == 0 {
        return Err(format!("a {owner} without {of_what}"));
    }
    at_most(of_what, count, most)
}

fn at_most(of_what: &str, count: usize, most: usize) -> Result<(), String> {
    if count > most {
        return Err(format!("at most {most} {of_what}, here are {count}"));
    }
    Ok(())
}

pub(super) fn length(what: &str, text: &str, most: usize) -> Result<(), String> {
    match text.chars().count() {
        0 => Err(format!("{what} is empty")),
        count if count > most => Err(format!("{what} has at most {most} characters, this one has {count}")),
        _ => Ok(()),
    }
}

/// An address, which has a scheme.
pub(super) fn address(what: &str, url: &str) -> Result<(), String> {
    length(what, url, URL)?;
    let absolute = url.contains("://") || url.starts_with("mailto:");
    if !absolute || url.contains(|character: char| character.is_whitespace() || "<>".contains(character)) {
        return Err(format!("{what} is not a whole one, as `https://…` is: `{url}`"));
    }
    Ok(())
}

fn markdown(block: &Block) -> usize {
    match block {
        Block::Markdown { text } => text.chars().count(),
        _ => 0,
    }
}

/// As the host counts: all strings in a block, but those that say of what type something is.
fn characters(block: &Block) -> usize {
    value_characters(&json(block))
}

fn json(value: &impl serde::Serialize) -> Value {
    // Nothing in blocks can fail: they are strings, numbers and lists.
    serde_json::to_value(value).unwrap_or_default()
}

fn value_characters(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(value_characters).sum(),
        Value::Object(object) => object
            .iter()
            .filter(|(key, _)| *key != "type")
            .map(|(_, value)| value_characters(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests;
