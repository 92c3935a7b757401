//! Support keywords: which word in a message calls whom, and who is out of office. Pure.
//!
//! ```text
//!   matching   what of a message was said by its writer; words and patterns in it
//!   office     windows in which nobody is there
//!   book       the rules of all namespaces, and which of them a message calls
//! ```
//!
//! What is heard is decided about by the edge, and kept as an asking of its own for each rule and message: so a message
//! calls once, however often it is sent, edited or found again.

mod book;
mod matching;
mod office;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use book::{Book, Heard, Hearing, Known, Place};
pub use matching::{Fault, Keyword, LONGEST_WORD, MOST_WORDS};
pub use office::{Away, Hours};

use crate::clock::Timestamp;
use crate::command::{MAX_ARGUMENT_BYTES, decode};
use crate::request::{Arguments, KeywordOrigin};

/// A `[[keyword]]` rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// By what it is recognised after a restart.
    pub key: RuleKey,
    /// What calls.
    pub keyword: Keyword,
    /// The channels that it listens in, `#name` or id. None: every one that the bot is in.
    pub channels: Vec<String>,
    /// The emoji that is put on the message, without colons.
    pub reaction: String,
    /// Where the link is posted, `#name` or id.
    pub support_channel: String,
    /// What is said there with the link, as the namespace wrote it. None: the host's own words.
    pub text: Option<String>,
    /// When nobody is there.
    pub away: Vec<Away>,
    /// What it starts.
    pub job: Option<RuleJob>,
}

/// The job that a keyword starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleJob {
    /// Its short name.
    pub name: String,
    /// Its arguments, in the order of the file.
    pub arguments: Vec<(String, Part)>,
}

/// What of a message is an argument of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The keyword, as it was written in the message.
    Keyword,
    /// The message's text.
    Text,
    /// The id of who wrote it.
    User,
    /// The channel's id.
    Channel,
    /// The message's `ts`.
    Message,
    /// The `ts` of the thread that it is in, or begins.
    Thread,
    /// The link to the message.
    Link,
}

impl Part {
    /// Every part.
    pub const ALL: &'static [Self] = &[
        Self::Keyword,
        Self::Text,
        Self::User,
        Self::Channel,
        Self::Message,
        Self::Thread,
        Self::Link,
    ];

    /// The word for it in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Text => "text",
            Self::User => "user",
            Self::Channel => "channel",
            Self::Message => "message",
            Self::Thread => "thread",
            Self::Link => "link",
        }
    }

    /// The part that `word` stands for.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|part| part.as_str() == word)
    }
}

impl RuleJob {
    /// The arguments, for a message with this text as Slack sends it.
    pub fn arguments_of(&self, call: &KeywordOrigin, text: &str) -> Arguments {
        let part = |part: Part| match part {
            Part::Keyword => call.keyword.clone(),
            Part::Text => readable(text),
            Part::User => call.user.clone(),
            Part::Channel => call.channel.clone(),
            Part::Message => call.message.clone(),
            Part::Thread => call.thread.clone().unwrap_or_else(|| call.message.clone()),
            Part::Link => call.link.clone(),
        };
        self.arguments
            .iter()
            .map(|(name, of)| (name.clone(), part(*of)))
            .collect()
    }
}

/// A message's text as its writer typed it, cut where it is longer than an argument may be.
fn readable(text: &str) -> String {
    let mut text = decode(text).replace('\0', "\u{fffd}");
    text.truncate(text.floor_char_boundary(MAX_ARGUMENT_BYTES));
    text
}

impl Rule {
    /// Whether it listens there. In its support channel calls are talked about, and not made. In a private channel a
    /// rule of a namespace that is not `trusted` listens where it names the channel. None: that cannot be said while
    /// nothing is known of the channel.
    pub fn listens_in(&self, place: Place<'_>, trusted: bool) -> Option<bool> {
        let here = match self.channels.as_slice() {
            [] if trusted => Some(true),
            [] => place.known.map(|known| !known.private),
            channels => any(channels.iter().map(|channel| place.is(channel))),
        };
        match (here, place.is(&self.support_channel)) {
            (Some(false), _) | (_, Some(true)) => Some(false),
            (Some(true), Some(false)) => Some(true),
            _ => None,
        }
    }

    /// What is said to who calls while nobody is there; the first window that holds says it.
    pub fn away_at(&self, now: Timestamp) -> Option<&str> {
        let away = self.away.iter().find(|away| away.holds(now));
        away.map(|away| away.text.as_str())
    }
}

/// Whether one of them holds. None: that depends on those of which it is not known.
fn any(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let any = answers.try_fold(Some(false), |so_far, answer| match answer {
        Some(true) => Err(()),
        Some(false) => Ok(so_far),
        None => Ok(None),
    });
    any.unwrap_or(Some(true))
}

/// By what a rule is recognised in its namespace. It is made of what calls, where, and whom: a rule that was changed in
/// one of these is another one, and has missed nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleKey(Arc<str>);

impl RuleKey {
    /// The key of the rule for `keyword` that listens in `channels` and calls `support_channel`.
    pub fn new(keyword: &Keyword, channels: &[String], support_channel: &str) -> Self {
        let mut hash = Sha256::new();
        let channels = channels.iter().map(String::as_str);
        for part in keyword.written().chain(["in"]).chain(channels).chain([support_channel]) {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        // Half of it tells rules apart as well.
        let hex: String = hash
            .finalize()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self(hex.into())
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
