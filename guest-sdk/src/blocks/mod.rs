//! Block Kit: what a message is made of. Builders that serialise to Slack's JSON; `limits` checks what Slack refuses.
//!
//! Fields and limits are those of <https://docs.slack.dev/reference/block-kit/blocks>. Nothing is checked while a
//! message is built; [`Blocks::to_json`] and [`Blocks::print`] check the whole of it and say which block is at fault.

mod button;
mod limits;
mod rich_text;
mod table;

pub use button::{Button, Confirm};
pub use limits::Refused;
pub use rich_text::{Line, RichText, Span, Style};
pub use table::{Align, Cell, Table};

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
        /// What stands to the right of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        accessory: Option<Accessory>,
    },
    /// A line.
    Divider {},
    /// Small print.
    Context {
        /// At most 10.
        elements: Vec<Small>,
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
    /// Text in a structure of its own: lists, quotes, code. Whatever it holds is shown as it is.
    RichText(RichText),
    /// Standard Markdown, for trusted namespaces.
    Markdown {
        /// At most 12,000 characters in all of a message's.
        text: String,
    },
}

/// What stands to the right of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Accessory {
    /// A button.
    Button(Button),
    /// A small picture.
    Picture(Picture),
}

/// A piece of small print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Small {
    /// Text.
    Text(Text),
    /// A picture as high as the line.
    Picture(Picture),
}

/// A small picture in a section or in small print, for trusted namespaces: Slack fetches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "image")]
pub struct Picture {
    image_url: String,
    alt_text: String,
}

impl Picture {
    /// A picture at an address of at most 3,000 characters, with what it shows for those who don't see it: at most
    /// 2,000 characters.
    pub fn new(url: impl Into<String>, alt: impl Into<String>) -> Self {
        Self {
            image_url: url.into(),
            alt_text: alt.into(),
        }
    }
}

impl From<Button> for Accessory {
    fn from(button: Button) -> Self {
        Self::Button(button)
    }
}

impl From<Picture> for Accessory {
    fn from(picture: Picture) -> Self {
        Self::Picture(picture)
    }
}

impl<T: Into<Text>> From<T> for Small {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

impl From<Picture> for Small {
    fn from(picture: Picture) -> Self {
        Self::Picture(picture)
    }
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
            accessory: None,
        })
    }

    /// Adds a paragraph with a button or a small picture on its right.
    #[must_use]
    pub fn section_with(self, text: impl Into<Text>, accessory: impl Into<Accessory>) -> Self {
        self.block(Block::Section {
            text: Some(text.into()),
            fields: Vec::new(),
            accessory: Some(accessory.into()),
        })
    }

    /// Adds pieces of text in two columns: at most 10, of at most 2,000 characters each.
    #[must_use]
    pub fn fields<T: Into<Text>>(self, fields: impl IntoIterator<Item = T>) -> Self {
        self.block(Block::Section {
            text: None,
            fields: fields.into_iter().map(Into::into).collect(),
            accessory: None,
        })
    }

    /// Adds a line.
    #[must_use]
    pub fn divider(self) -> Self {
        self.block(Block::Divider {})
    }

    /// Adds small print: at most 10 pieces of text, or [`Small`] ones of either kind.
    #[must_use]
    pub fn context<T: Into<Small>>(self, elements: impl IntoIterator<Item = T>) -> Self {
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

    /// Adds lists, quotes and code: see [`RichText`].
    #[must_use]
    pub fn rich_text(self, text: RichText) -> Self {
        self.block(Block::RichText(text))
    }

    /// Adds standard Markdown, for trusted namespaces: at most 12,000 characters in a message.
    #[must_use]
    pub fn markdown(self, text: impl Into<String>) -> Self {
        self.block(Block::Markdown { text: text.into() })
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
mod tests;
