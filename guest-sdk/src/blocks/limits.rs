//! What Slack refuses in blocks, checked before anything is printed, so that the author reads a sentence and not
//! `invalid_blocks`. The host checks again: it trusts nobody.

use std::fmt;

use super::{Block, Text, table::Table};

const BLOCKS: usize = 50;
const HEADER: usize = 150;
const SECTION: usize = 3000;
const FIELDS: usize = 10;
const FIELD: usize = 2000;
const CONTEXT: usize = 10;
const IMAGE_TEXT: usize = 2000;
const URL: usize = 3000;
const BUTTONS: usize = 25;
const BUTTON: usize = 75;
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
        Block::Section { text: None, fields } if fields.is_empty() => {
            Err("a section needs a text or fields".to_owned())
        }
        Block::Section { text, fields } => {
            text.iter()
                .try_for_each(|text| length("a section's text", text.as_str(), SECTION))?;
            at_most("fields", fields.len(), FIELDS)?;
            fields
                .iter()
                .try_for_each(|field| length("a field", field.as_str(), FIELD))
        }
        Block::Divider {} => Ok(()),
        Block::Context { elements } => {
            some("context", "elements", elements.len(), CONTEXT)?;
            elements
                .iter()
                .try_for_each(|text| length("a context element", text.as_str(), SECTION))
        }
        Block::Image {
            image_url,
            alt_text,
            title,
        } => {
            length("an image's address", image_url, URL)?;
            length("an image's alt text", alt_text, IMAGE_TEXT)?;
            title
                .iter()
                .try_for_each(|title| length("an image's title", title.as_str(), IMAGE_TEXT))
        }
        Block::Actions { elements } => {
            some("row of buttons", "buttons", elements.len(), BUTTONS)?;
            elements.iter().try_for_each(|button| {
                length("a button's label", button.text.as_str(), BUTTON)?;
                length("a button's address", &button.url, URL)
            })
        }
        Block::Table(table) => check_table(table),
    }
}

fn check_table(table: &Table) -> Result<(), String> {
    some("table", "rows", table.rows.len(), TABLE_ROWS)?;
    for row in &table.rows {
        some("row", "cells", row.len(), TABLE_COLUMNS)?;
        // Slack refuses empty cells as it refuses empty texts.
        row.iter()
            .try_for_each(|cell| length("a cell", &cell.text, TABLE_TEXT))?;
    }
    at_most("column alignments", table.column_settings.len(), TABLE_COLUMNS)?;
    let characters = table_characters(table);
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

fn length(what: &str, text: &str, most: usize) -> Result<(), String> {
    match text.chars().count() {
        0 => Err(format!("{what} is empty")),
        count if count > most => Err(format!("{what} has at most {most} characters, this one has {count}")),
        _ => Ok(()),
    }
}

fn characters(block: &Block) -> usize {
    let all = |texts: &[Text]| texts.iter().map(|text| text.as_str().chars().count()).sum::<usize>();
    match block {
        Block::Header { text } => text.as_str().chars().count(),
        Block::Section { text, fields } => text.as_ref().map_or(0, |text| text.as_str().chars().count()) + all(fields),
        Block::Context { elements } => all(elements),
        Block::Image { alt_text, .. } => alt_text.chars().count(),
        Block::Actions { elements } => elements.iter().map(|button| button.text.as_str().chars().count()).sum(),
        Block::Table(table) => table_characters(table),
        Block::Divider {} => 0,
    }
}

fn table_characters(table: &Table) -> usize {
    table.rows.iter().flatten().map(|cell| cell.text.chars().count()).sum()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::super::{Blocks, Button, Table};

    fn refusal(blocks: &Blocks) -> String {
        blocks.to_json().unwrap_err().to_string()
    }

    #[test]
    fn what_slack_takes_at_its_limits_is_taken() {
        let message = (0..49).fold(Blocks::new().header("é".repeat(150)), |message, _| message.divider());
        message.to_json().unwrap();
        Blocks::new().section("x".repeat(3000)).to_json().unwrap();
        Blocks::new().fields(vec!["x"; 10]).to_json().unwrap();
    }

    #[test]
    fn what_slack_refuses_is_refused_with_the_block_and_the_limit() {
        assert_eq!(
            refusal(&(0..51).fold(Blocks::new(), |message, _| message.divider())),
            "a message has at most 50 blocks, this one has 51: leave some out, or report a file"
        );
        assert_eq!(
            refusal(&Blocks::new().divider().section("x".repeat(3001))),
            "block 2: a section's text has at most 3000 characters, this one has 3001"
        );
        assert_eq!(
            refusal(&Blocks::new().section("")),
            "block 1: a section's text is empty"
        );
        assert_eq!(
            refusal(&Blocks::new().header("x".repeat(151))),
            "block 1: a header has at most 150 characters, this one has 151"
        );
        assert_eq!(
            refusal(&Blocks::new().fields(Vec::<String>::new())),
            "block 1: a section needs a text or fields"
        );
        assert_eq!(
            refusal(&Blocks::new().buttons(vec![Button::link("Go", "https://example.org"); 26])),
            "block 1: at most 25 buttons, here are 26"
        );
    }

    #[test]
    fn a_table_is_bounded_in_every_direction() {
        let rows = (0..100).fold(Table::new(["a"]), |table, _| table.row(["b"]));
        assert_eq!(
            refusal(&Blocks::new().table(rows)),
            "block 1: at most 100 rows, here are 101"
        );
        assert_eq!(
            refusal(&Blocks::new().table(Table::new(vec!["a"; 21]))),
            "block 1: at most 20 cells, here are 21"
        );
        assert_eq!(
            refusal(&Blocks::new().table(Table::new(["x".repeat(6000), "y".repeat(6000)]))),
            "block 1: the cells of a table hold at most 10000 characters, these hold 12000"
        );
        assert_eq!(
            refusal(&Blocks::new().table(Table::new(["a"])).table(Table::new(["b"]))),
            "a message shows one table: print the others as sections"
        );
    }

    #[test]
    fn the_sum_of_all_texts_is_bounded() {
        let message = (0..5).fold(Blocks::new(), |message, _| message.section("x".repeat(2900)));
        assert_eq!(
            refusal(&message),
            "the blocks hold 14500 characters, Slack takes about 13000: leave some out, or report a file"
        );
    }

    #[test]
    fn main_shows_the_sentence() {
        let refused = Blocks::new().section("").to_json().unwrap_err();
        assert_eq!(format!("{refused:?}"), "block 1: a section's text is empty");
    }
}
