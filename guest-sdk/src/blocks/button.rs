//! Buttons that open pages, and the question before they do.
//! <https://docs.slack.dev/reference/block-kit/block-elements/button-element>

use serde::Serialize;

use super::Text;
use super::limits::{BUTTON, CONFIRM_ANSWER, CONFIRM_TEXT, CONFIRM_TITLE, address, length};

/// A button that opens a page, for trusted namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "button")]
pub struct Button {
    text: Text,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<Confirm>,
}

impl Button {
    /// A button with a label of at most 75 characters that opens `url`, at most 3,000 characters.
    pub fn link(label: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            text: Text::plain(label),
            url: url.into(),
            style: None,
            confirm: None,
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

    /// Asks before the page is opened.
    #[must_use]
    pub fn confirm(mut self, confirm: Confirm) -> Self {
        self.confirm = Some(confirm);
        self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        length("a button's label", self.text.as_str(), BUTTON)?;
        address("a button's address", &self.url)?;
        self.confirm.iter().try_for_each(Confirm::check)
    }
}

/// What is asked before a button does its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confirm {
    title: Text,
    text: Text,
    confirm: Text,
    deny: Text,
}

impl Confirm {
    /// A question: its title of at most 100 characters, and its text of at most 300.
    pub fn new(title: impl Into<String>, text: impl Into<Text>) -> Self {
        Self {
            title: Text::plain(title),
            text: text.into(),
            confirm: Text::plain("Yes"),
            deny: Text::plain("No"),
        }
    }

    /// What the two answers are called, at most 30 characters each. `Yes` and `No`, where nothing is said.
    #[must_use]
    pub fn answers(mut self, confirm: impl Into<String>, deny: impl Into<String>) -> Self {
        self.confirm = Text::plain(confirm);
        self.deny = Text::plain(deny);
        self
    }

    fn check(&self) -> Result<(), String> {
        length("the title of a question", self.title.as_str(), CONFIRM_TITLE)?;
        length("the text of a question", self.text.as_str(), CONFIRM_TEXT)?;
        length("an answer to a question", self.confirm.as_str(), CONFIRM_ANSWER)?;
        length("an answer to a question", self.deny.as_str(), CONFIRM_ANSWER)
    }
}
