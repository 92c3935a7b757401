//! The rich text block: text in a structure, not in markup. Whatever it holds is shown as it is, so it is the block for
//! text that somebody else wrote. <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>

use serde::Serialize;

/// Paragraphs, lists, quotes and code.
///
/// ```
/// use innkeeper_guest::{Blocks, RichText, Span};
///
/// let message = Blocks::new().rich_text(
///     RichText::new()
///         .paragraph([Span::text("Two of "), Span::text("web-*").code(), Span::text(" are gone:")])
///         .bullets(["web-3", "web-7"])
///         .preformatted("exit code 137"),
/// );
/// assert!(message.to_json().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RichText {
    elements: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
enum Part {
    #[serde(rename = "rich_text_section")]
    Section { elements: Line },
    #[serde(rename = "rich_text_list")]
    List { style: &'static str, elements: Vec<Part> },
    #[serde(rename = "rich_text_quote")]
    Quote { elements: Line },
    #[serde(rename = "rich_text_preformatted")]
    Preformatted { elements: Line },
}

/// What stands in a paragraph, in an item of a list, or in a quote: a string, a [`Span`], or several of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Line(Vec<Span>);

impl<S: Into<Span>> From<S> for Line {
    fn from(span: S) -> Self {
        Self(vec![span.into()])
    }
}

impl<const N: usize> From<[Span; N]> for Line {
    fn from(spans: [Span; N]) -> Self {
        Self(spans.into())
    }
}

impl From<Vec<Span>> for Line {
    fn from(spans: Vec<Span>) -> Self {
        Self(spans)
    }
}

/// Text in one style, a link, a mention, or an emoji. A string is one without a style.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Span {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// How it looks.
        #[serde(skip_serializing_if = "Style::is_plain")]
        style: Style,
    },
    /// A link. An untrusted namespace's shows its address, too.
    Link {
        /// Where it leads.
        url: String,
        /// What is shown. None: the address.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// How it looks.
        #[serde(skip_serializing_if = "Style::is_plain")]
        style: Style,
    },
    /// A mention of somebody, where the namespace may.
    User {
        /// The id in Slack, `U…` or `W…`.
        user_id: String,
    },
    /// A channel.
    Channel {
        /// The id in Slack, `C…`.
        channel_id: String,
    },
    /// An emoji.
    Emoji {
        /// Its name, without colons.
        name: String,
    },
}

/// How a run of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Style {
    /// In bold type.
    #[serde(skip_serializing_if = "is_off")]
    pub bold: bool,
    /// In italics.
    #[serde(skip_serializing_if = "is_off")]
    pub italic: bool,
    /// Struck through.
    #[serde(skip_serializing_if = "is_off")]
    pub strike: bool,
    /// As code.
    #[serde(skip_serializing_if = "is_off")]
    pub code: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_off(on: &bool) -> bool {
    !*on
}

impl Style {
    fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

impl Span {
    /// Text without a style.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            style: Style::default(),
        }
    }

    /// A link that shows `text`.
    pub fn link(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self::Link {
            url: url.into(),
            text: Some(text.into()),
            style: Style::default(),
        }
    }

    /// A mention of somebody, by the id in Slack.
    pub fn user(id: impl Into<String>) -> Self {
        Self::User { user_id: id.into() }
    }

    /// A channel, by its id in Slack.
    pub fn channel(id: impl Into<String>) -> Self {
        Self::Channel { channel_id: id.into() }
    }

    /// An emoji, by its name without colons.
    pub fn emoji(name: impl Into<String>) -> Self {
        Self::Emoji { name: name.into() }
    }

    /// The same in bold type. Only text and links have a style.
    #[must_use]
    pub fn bold(self) -> Self {
        self.styled(|style| style.bold = true)
    }

    /// The same in italics.
    #[must_use]
    pub fn italic(self) -> Self {
        self.styled(|style| style.italic = true)
    }

    /// The same, struck through.
    #[must_use]
    pub fn strike(self) -> Self {
        self.styled(|style| style.strike = true)
    }

    /// The same as code.
    #[must_use]
    pub fn code(self) -> Self {
        self.styled(|style| style.code = true)
    }

    fn styled(mut self, change: impl FnOnce(&mut Style)) -> Self {
        match &mut self {
            Self::Text { style, .. } | Self::Link { style, .. } => change(style),
            Self::User { .. } | Self::Channel { .. } | Self::Emoji { .. } => {}
        }
        self
    }

    fn check(&self) -> Result<(), String> {
        let (what, text) = match self {
            Self::Text { text, .. } => ("a piece of rich text", text),
            Self::Link { url, text, .. } => {
                super::limits::address("a link's address", url)?;
                match text {
                    Some(text) => ("a link's text", text),
                    None => return Ok(()),
                }
            }
            Self::User { user_id: id } | Self::Channel { channel_id: id } => ("a mention's id", id),
            Self::Emoji { name } => ("an emoji's name", name),
        };
        if text.is_empty() {
            return Err(format!("{what} is empty"));
        }
        Ok(())
    }
}

impl From<&str> for Span {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Span {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl RichText {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn paragraph(self, line: impl Into<Line>) -> Self {
        self.part(Part::Section { elements: line.into() })
    }

    /// Adds a list with bullets.
    #[must_use]
    pub fn bullets<L: Into<Line>>(self, items: impl IntoIterator<Item = L>) -> Self {
        self.list("bullet", items)
    }

    /// Adds a list with numbers.
    #[must_use]
    pub fn numbered<L: Into<Line>>(self, items: impl IntoIterator<Item = L>) -> Self {
        self.list("ordered", items)
    }

    /// Adds a quote.
    #[must_use]
    pub fn quote(self, line: impl Into<Line>) -> Self {
        self.part(Part::Quote { elements: line.into() })
    }

    /// Adds a block of code.
    #[must_use]
    pub fn preformatted(self, text: impl Into<String>) -> Self {
        let elements = Span::text(text).into();
        self.part(Part::Preformatted { elements })
    }

    fn list<L: Into<Line>>(self, style: &'static str, items: impl IntoIterator<Item = L>) -> Self {
        let items = items.into_iter().map(|item| Part::Section { elements: item.into() });
        let elements = items.collect();
        self.part(Part::List { style, elements })
    }

    fn part(mut self, part: Part) -> Self {
        self.elements.push(part);
        self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.elements.is_empty() {
            return Err("rich text without anything in it".to_owned());
        }
        self.elements.iter().try_for_each(Part::check)
    }
}

impl Part {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Section { elements } | Self::Quote { elements } | Self::Preformatted { elements } => {
                elements.0.iter().try_for_each(Span::check)
            }
            Self::List { style: _, elements } => elements.iter().try_for_each(Self::check),
        }
    }
}
