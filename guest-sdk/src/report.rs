//! What a job says when it did what it was asked.

use crate::blocks::Blocks;
use crate::{File, Post, Result};

/// What a job says when it did what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Slack's mrkdwn from a trusted namespace, plain text from any other. Empty: nothing to say.
    Text(String),
    /// Block Kit blocks, with a text for notifications.
    Blocks(Post),
    /// A code block; over 3,990 characters it becomes a file.
    Code(String),
    /// A file with a comment, its content at most 16 MiB.
    File(File),
}

/// A report that is shown as a code block; over 3,990 characters it becomes a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code(pub String);

impl Code {
    /// A code block of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// What a job may return: [`Report`], text, [`Blocks`], [`Post`], [`Code`], [`File`], or `()` for nothing to say.
///
/// It is not `Into<Report>`, since blocks are checked on the way.
#[diagnostic::on_unimplemented(
    message = "a job cannot return `{Self}` as its report",
    note = "it returns a `Report`, a `String`, `Blocks`, a `Post`, `Code`, a `File`, or `()` for nothing to say"
)]
pub trait IntoReport {
    /// The report.
    ///
    /// # Errors
    /// It cannot be posted as it is.
    fn into_report(self) -> Result<Report>;
}

impl IntoReport for Report {
    fn into_report(self) -> Result<Report> {
        Ok(self)
    }
}

impl IntoReport for () {
    fn into_report(self) -> Result<Report> {
        Ok(Report::Text(String::new()))
    }
}

impl IntoReport for String {
    fn into_report(self) -> Result<Report> {
        Ok(Report::Text(self))
    }
}

impl IntoReport for &str {
    fn into_report(self) -> Result<Report> {
        Ok(Report::Text(self.to_owned()))
    }
}

impl IntoReport for Blocks {
    fn into_report(self) -> Result<Report> {
        self.post()?.into_report()
    }
}

/// A post without blocks is text.
impl IntoReport for Post {
    fn into_report(self) -> Result<Report> {
        Ok(if self.blocks.is_empty() {
            Report::Text(self.text)
        } else {
            Report::Blocks(self)
        })
    }
}

impl IntoReport for Code {
    fn into_report(self) -> Result<Report> {
        Ok(Report::Code(self.0))
    }
}

impl IntoReport for File {
    fn into_report(self) -> Result<Report> {
        Ok(Report::File(self))
    }
}

impl Report {
    /// Blocks, checked.
    ///
    /// # Errors
    /// What Slack would refuse: the block at fault, the limit, and what to do.
    pub fn blocks(blocks: &Blocks) -> Result<Self> {
        blocks.post().map(Self::Blocks)
    }
}

impl From<String> for Report {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Report {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Code> for Report {
    fn from(code: Code) -> Self {
        Self::Code(code.0)
    }
}

impl From<File> for Report {
    fn from(file: File) -> Self {
        Self::File(file)
    }
}
