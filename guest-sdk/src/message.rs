//! What is posted: a text, blocks, or a file.

use serde_json::Value;

use crate::blocks::Blocks;
use crate::{Context as _, Result};

/// What a report format makes of a run. The host keeps it within what the namespace was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text, or blocks.
    Post(Post),
    /// A file with a comment.
    File(File),
}

/// A message: a text, or blocks with a text for notifications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Post {
    /// Slack's mrkdwn, at most 40,000 characters: the message, or with blocks what notifications and screen readers
    /// say. With blocks it may be empty: the host takes their texts.
    pub text: String,
    /// Block Kit blocks; at most 50. Empty: the text is the message. [`Blocks::post`] makes them, checked.
    pub blocks: Vec<Value>,
    /// Whether Slack may show previews of links.
    pub unfurl: bool,
}

impl Post {
    /// A text in Slack's mrkdwn. [`escape`] what somebody else wrote.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Says this in notifications and to screen readers.
    #[must_use]
    pub fn notification(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Lets Slack show previews of links.
    #[must_use]
    pub fn unfurl(mut self) -> Self {
        self.unfurl = true;
        self
    }
}

/// A file with a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Its name, for example `rota.csv`.
    pub name: String,
    /// What is said with it, in Slack's mrkdwn.
    pub comment: Option<String>,
    /// Its bytes, at most 16 MiB.
    pub content: Vec<u8>,
}

impl File {
    /// A file.
    pub fn new(name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            comment: None,
            content: content.into(),
        }
    }

    /// Says this with it, in Slack's mrkdwn.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }
}

/// Text that Slack shows as it is, where mrkdwn is read: `&`, `<` and `>` are written as Slack wants them.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Blocks {
    /// The message that these blocks are, checked.
    ///
    /// # Errors
    /// What Slack would refuse: the block at fault, the limit, and what to do.
    pub fn post(&self) -> Result<Post> {
        let json = self.to_json().context("the job made blocks that Slack would refuse")?;
        Ok(Post {
            blocks: serde_json::from_str(&json)?,
            ..Post::default()
        })
    }
}

/// What a report format may return: [`Message`], [`Post`], [`Blocks`], [`File`], or text in Slack's mrkdwn.
#[diagnostic::on_unimplemented(
    message = "a report format cannot return `{Self}` as its message",
    note = "it returns a `Message`, a `Post`, `Blocks`, a `File`, or a `String`"
)]
pub trait IntoMessage {
    /// The message.
    ///
    /// # Errors
    /// It cannot be posted as it is.
    fn into_message(self) -> Result<Message>;
}

impl IntoMessage for Message {
    fn into_message(self) -> Result<Message> {
        Ok(self)
    }
}

impl IntoMessage for Post {
    fn into_message(self) -> Result<Message> {
        Ok(Message::Post(self))
    }
}

impl IntoMessage for Blocks {
    fn into_message(self) -> Result<Message> {
        self.post().map(Message::Post)
    }
}

impl IntoMessage for File {
    fn into_message(self) -> Result<Message> {
        Ok(Message::File(self))
    }
}

impl IntoMessage for String {
    fn into_message(self) -> Result<Message> {
        Ok(Message::Post(Post::text(self)))
    }
}

impl IntoMessage for &str {
    fn into_message(self) -> Result<Message> {
        self.to_owned().into_message()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_a_post_and_are_checked_first() {
        let post = Blocks::new().divider().post().unwrap().notification("a line");
        assert_eq!(post.blocks, [serde_json::json!({"type": "divider"})]);
        assert_eq!(post.text, "a line");

        let failure = Blocks::new().section("").into_message().unwrap_err();
        assert_eq!(failure.message, "the job made blocks that Slack would refuse");
        assert_eq!(
            failure.details.as_deref(),
            Some("caused by: block 1: a section's text is empty")
        );
    }

    #[test]
    fn what_slack_reads_as_markup_can_be_shown_as_it_is() {
        assert_eq!(escape("a<b && c>d"), "a&lt;b &amp;&amp; c&gt;d");
    }
}
