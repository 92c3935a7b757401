//! Block Kit: what a message is made of. Builders that serialise to Slack's JSON; `limits` checks what Slack refuses.
//!
//! Fields and limits are those of <https://docs.slack.dev/reference/block-kit/blocks>. Nothing is checked while a
//! message is built; [`Blocks::to_json`] and [`Blocks::print`] check the whole of it and say which block is at fault.

mod limits;
mod table;

pub use limits::Refused;
pub use table::{Align, Table};

use serde::Serialize;

/// The blocks of one message, in order: at most 50.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Blocks(Vec<Block>);

/// One block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// A title in large type.
    Header {
        /// Plain text, at most 150 characters.
        text: Text,
    },
    /// Text, fields in two columns, or both.
    Section {
        /// At most 3,000 characters.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        /// At most 10, of at most 2,000 characters each.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Text>,
    },
    /// A line.
    Divider {},
    /// Small print.
    Context {
        /// At most 10.
        elements: Vec<Text>,
    },
    /// A picture.
    Image {
        /// Where Slack fetches it, at most 3,000 characters.
        image_url: String,
        /// What it shows, for those who don't see it, at most 2,000 characters.
        alt_text: String,
        /// What is written above it, at most 2,000 characters.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<Text>,
    },
    /// A row of buttons.
    Actions {
        /// At most 25.
        elements: Vec<Button>,
    },
    /// A table: one in a message.
    Table(Table),
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub enum Text {
    /// Slack's markup: `*bold*`, `<https://example.org|link>`, `<@U024BE7LH>`. What a plain string becomes.
    #[serde(rename = "mrkdwn")]
    Markup {
        /// The text.
        text: String,
    },
    /// Shown as it is, but for `:emoji:`. For text that somebody else wrote.
    #[serde(rename = "plain_text")]
    Plain {
        /// The text.
        text: String,
    },
}

impl Text {
    /// Text that is shown as it is.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain { text: text.into() }
    }

    /// Text in Slack's markup.
    pub fn markup(text: impl Into<String>) -> Self {
        Self::Markup { text: text.into() }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Markup { text } | Self::Plain { text } => text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::markup(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::markup(text)
    }
}

/// A button that opens a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "button")]
pub struct Button {
    text: Text,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<&'static str>,
}

impl Button {
    /// A button with a label of at most 75 characters that opens `url`, at most 3,000 characters.
    pub fn link(label: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            text: Text::plain(label),
            url: url.into(),
            style: None,
        }
    }

    /// The one that most people will want: green.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.style = Some("primary");
        self
    }

    /// One to think about before it is pressed: red.
    #[must_use]
    pub fn danger(mut self) -> Self {
        self.style = Some("danger");
        self
    }
}

impl Blocks {
    /// An empty message.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a title: plain text, at most 150 characters.
    #[must_use]
    pub fn header(self, text: impl Into<String>) -> Self {
        self.block(Block::Header {
            text: Text::plain(text),
        })
    }

    /// Adds a paragraph of at most 3,000 characters.
    #[must_use]
    pub fn section(self, text: impl Into<Text>) -> Self {
        self.block(Block::Section {
            text: Some(text.into()),
            fields: Vec::new(),
        })
    }

    /// Adds pieces of text in two columns: at most 10, of at most 2,000 characters each.
    #[must_use]
    pub fn fields<T: Into<Text>>(self, fields: impl IntoIterator<Item = T>) -> Self {
        self.block(Block::Section {
            text: None,
            fields: fields.into_iter().map(Into::into).collect(),
        })
    }

    /// Adds a line.
    #[must_use]
    pub fn divider(self) -> Self {
        self.block(Block::Divider {})
    }

    /// Adds small print: at most 10 pieces.
    #[must_use]
    pub fn context<T: Into<Text>>(self, elements: impl IntoIterator<Item = T>) -> Self {
        self.block(Block::Context {
            elements: elements.into_iter().map(Into::into).collect(),
        })
    }

    /// Adds a picture, with what it shows for those who don't see it.
    #[must_use]
    pub fn image(self, url: impl Into<String>, alt: impl Into<String>) -> Self {
        self.block(Block::Image {
            image_url: url.into(),
            alt_text: alt.into(),
            title: None,
        })
    }

    /// Adds a row of at most 25 buttons.
    #[must_use]
    pub fn buttons(self, buttons: impl IntoIterator<Item = Button>) -> Self {
        self.block(Block::Actions {
            elements: buttons.into_iter().collect(),
        })
    }

    /// Adds a table. Slack shows one in a message.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.block(Block::Table(table))
    }

    /// Adds any block.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.0.push(block);
        self
    }

    /// The blocks.
    pub fn as_slice(&self) -> &[Block] {
        &self.0
    }

    /// The JSON array that Slack takes.
    ///
    /// # Errors
    /// What Slack would refuse: the block at fault, the limit, and what to do.
    pub fn to_json(&self) -> Result<String, Refused> {
        limits::check(&self.0)?;
        serde_json::to_string(self).map_err(|error| Refused::whole(error.to_string()))
    }

    /// Prints the JSON array to stdout: the last line of a job.
    ///
    /// # Errors
    /// As [`Blocks::to_json`]; or stdout cannot be written.
    pub fn print(&self) -> Result<(), Refused> {
        use std::io::Write as _;

        let json = self.to_json()?;
        writeln!(std::io::stdout(), "{json}").map_err(|error| Refused::whole(format!("stdout: {error}")))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(blocks: &Blocks) -> serde_json::Value {
        serde_json::from_str(&blocks.to_json().unwrap()).unwrap()
    }

    #[test]
    fn a_message_is_the_json_that_slack_documents() {
        let message = Blocks::new()
            .header("On duty")
            .section("*Ada*")
            .fields(["*Until*\nFriday", "*Then*\nBob"])
            .divider()
            .image("https://example.org/a.png", "A chart")
            .context([Text::plain("a < b")]);
        assert_eq!(
            value(&message),
            json!([
                {"type": "header", "text": {"type": "plain_text", "text": "On duty"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": "*Ada*"}},
                {"type": "section", "fields": [
                    {"type": "mrkdwn", "text": "*Until*\nFriday"},
                    {"type": "mrkdwn", "text": "*Then*\nBob"},
                ]},
                {"type": "divider"},
                {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "A chart"},
                {"type": "context", "elements": [{"type": "plain_text", "text": "a < b"}]},
            ])
        );
    }

    #[test]
    fn a_button_opens_a_page() {
        let message = Blocks::new().buttons([
            Button::link("Dashboard", "https://example.org"),
            Button::link("Roll back", "https://example.org/back").danger(),
        ]);
        assert_eq!(
            value(&message),
            json!([{"type": "actions", "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Dashboard"}, "url": "https://example.org"},
                {"type": "button", "text": {"type": "plain_text", "text": "Roll back"},
                 "url": "https://example.org/back", "style": "danger"},
            ]}])
        );
    }
}
