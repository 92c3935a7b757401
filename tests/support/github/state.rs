//! What GitHub remembers. Data, and how to find it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Instant;

use serde_json::Value;

use super::webhook::Delivery;

/// How the next call of a kind fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// 403 of the secondary limit, with `Retry-After` in seconds.
    RateLimited(u64),
    /// A status and a page that is not JSON.
    Status(u16),
    /// 307: the repository has another name, and whoever repeats the call there writes where nobody told it to.
    Renamed,
    /// It is done, and the connection closes before the answer: the caller cannot know.
    DropAnswer,
    /// It is done, and the answer waits until the test lets it go.
    Held,
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is about: `comments`, `statuses` …
    pub kind: String,
    /// The method and the path.
    pub line: String,
    /// The body, where it was JSON.
    pub body: Value,
    /// When it came.
    pub at: Instant,
    /// The status that it was answered with.
    pub outcome: u16,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.line, self.body, self.outcome)
    }
}

/// A comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// The number of the issue or pull request, or the commit that it is on.
    pub on: String,
    /// What it says.
    pub body: String,
    /// How often it was edited.
    pub edits: u32,
    /// When it was written or edited last.
    pub updated: jiff::Timestamp,
}

/// A status of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The commit.
    pub commit: String,
    /// `pending`, `success`, `failure` or `error`.
    pub state: String,
    /// Whose it is.
    pub context: String,
    /// What it says.
    pub description: String,
}

/// A reaction to a comment.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// The comment.
    pub comment: u64,
    /// `eyes`, `rocket` …
    pub content: String,
}

/// A webhook.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub(super) id: u64,
    pub(super) url: String,
    pub(super) path: String,
}

/// An attempt to deliver something.
#[derive(Clone)]
pub struct Attempt {
    /// Its number.
    pub id: u64,
    /// The webhook.
    pub hook: u64,
    /// What was delivered.
    pub delivery: Delivery,
    /// What was answered; 0 where nothing was.
    pub status: u16,
    /// When.
    pub at: jiff::Timestamp,
}

pub(super) struct State {
    pub(super) issues: Vec<u64>,
    /// With numbers from 1 on; 99 is the comment of [`super::commented`].
    pub(super) comments: Vec<Comment>,
    pub(super) statuses: Vec<Status>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) calls: Vec<Call>,
    pub(super) faults: HashMap<String, VecDeque<Fault>>,
    counter: u64,
}

impl Default for State {
    fn default() -> Self {
        let comment = |id: u64, on: u64| Comment {
            id,
            on: on.to_string(),
            body: "A comment of somebody's".to_owned(),
            edits: 0,
            updated: jiff::Timestamp::now(),
        };
        Self {
            issues: vec![7, 8],
            comments: vec![comment(98, 8), comment(99, 7)],
            statuses: Vec::new(),
            reactions: Vec::new(),
            webhooks: Vec::new(),
            attempts: Vec::new(),
            calls: Vec::new(),
            faults: HashMap::new(),
            counter: 1000,
        }
    }
}

impl State {
    /// A number that was not used before.
    pub(super) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn add_webhook(&mut self, url: &str) {
        let id = self.number();
        let path = url.trim_start_matches("https://inn.example").to_owned();
        self.webhooks.push(Webhook {
            id,
            url: url.to_owned(),
            path,
        });
    }

    pub(super) fn remember(&mut self, hook: u64, delivery: Delivery, status: u16) {
        let id = self.number();
        self.attempts.push(Attempt {
            id,
            hook,
            delivery,
            status,
            at: jiff::Timestamp::now(),
        });
    }
}
