//! What Slack remembers. Data, and how to find it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::views::Modal;
use super::{BOT, TEAM};

/// Arguments of a method.
pub(super) type Arguments = Map<String, Value>;

/// How the next call of a method fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// 429, with `Retry-After` in seconds.
    RateLimited(u64),
    /// A status and a page that is not JSON.
    Status(u16),
    /// The connection closes before anything was done.
    DropConnection,
    /// It is done, and the connection closes before the answer: the caller cannot know.
    DropAnswer,
    /// It is done after this while.
    Slow(Duration),
    /// It is not done before the test says so: see [`super::FakeSlack::release`].
    Held,
}

/// A call of a method.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its name.
    pub method: String,
    /// Its arguments.
    pub arguments: Arguments,
    /// When it came.
    pub at: Instant,
    /// What came of it: `ok`, Slack's word for what is wrong, or the fault that it met.
    pub outcome: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = Value::Object(self.arguments.clone());
        write!(f, "{} {arguments} -> {}", self.method, self.outcome)
    }
}

/// Something that the bot posted.
#[derive(Clone, Debug)]
pub struct Post {
    /// The channel's id.
    pub channel: String,
    /// The channel's name with `#`; for a direct message, the user's id with `@`.
    pub channel_name: String,
    /// Its `ts`.
    pub ts: String,
    /// The thread that it is in.
    pub thread: Option<String>,
    /// The text; for a file, the comment.
    pub text: String,
    /// The blocks.
    pub blocks: Vec<Value>,
    /// The payload of its metadata.
    pub metadata: Option<Value>,
    /// The file that it shares.
    pub file: Option<Upload>,
    /// Whether links may unfold.
    pub unfurls: bool,
    /// How often it was edited. `text` and `blocks` are what it says now.
    pub edits: u32,
    /// When it came.
    pub at: Instant,
}

/// A file.
#[derive(Clone, Debug, Default)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it holds, as text.
    pub content: String,
    pub(super) length: usize,
    pub(super) uploaded: bool,
    pub(super) shared: bool,
}

pub(super) struct Channel {
    pub(super) id: String,
    /// Without `#`; for a direct message the user's id with `@`.
    pub(super) name: String,
    pub(super) has_bot: bool,
    pub(super) archived: bool,
    pub(super) private: bool,
    /// Whether people of another workspace are in it.
    pub(super) shared: bool,
}

/// A message, whoever wrote it.
pub(super) struct Said {
    pub(super) channel: String,
    pub(super) ts: String,
    /// As `conversations.history` lists it.
    pub(super) message: Value,
    /// What came with it that is listed only for those who ask.
    pub(super) metadata: Option<Value>,
}

impl Said {
    /// The thread that it is in, unless it begins it.
    pub(super) fn thread(&self) -> Option<&str> {
        self.message["thread_ts"].as_str().filter(|thread| *thread != self.ts)
    }
}

impl Channel {
    pub(super) fn is_direct(&self) -> bool {
        self.id.starts_with('D')
    }

    pub(super) fn shown_name(&self) -> String {
        if self.is_direct() {
            self.name.clone()
        } else {
            format!("#{}", self.name)
        }
    }
}

pub(super) struct User {
    pub(super) id: &'static str,
    pub(super) team: &'static str,
    pub(super) guest: bool,
    pub(super) bot: bool,
}

pub(super) struct Reaction {
    pub(super) channel: String,
    pub(super) ts: String,
    pub(super) name: String,
}

/// A Socket Mode connection.
pub(super) struct Socket {
    pub(super) id: u64,
    pub(super) outgoing: mpsc::UnboundedSender<String>,
}

/// How events reach the bot.
pub(super) enum Way {
    Socket,
    Http(String),
}

pub(super) struct State {
    pub(super) way: Way,
    pub(super) channels: Vec<Channel>,
    pub(super) users: Vec<User>,
    /// Every message, oldest first.
    pub(super) messages: Vec<Said>,
    pub(super) posts: Vec<Post>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) files: Vec<Upload>,
    pub(super) calls: Vec<Call>,
    pub(super) faults: HashMap<String, VecDeque<Fault>>,
    /// What the bot's token may do, as the header `x-oauth-scopes` says.
    pub(super) scopes: String,
    pub(super) tickets: Vec<String>,
    pub(super) sockets: Vec<Socket>,
    /// Whether each envelope was acknowledged.
    pub(super) envelopes: HashMap<String, bool>,
    /// What the bot said with its acknowledgements.
    pub(super) answers: HashMap<String, Value>,
    /// Who may be shown a modal, by `trigger_id`; nobody any more, once it was used.
    pub(super) triggers: HashMap<String, Option<String>>,
    /// Every modal that was opened.
    pub(super) modals: Vec<Modal>,
    /// Every home that was published, and whose it is.
    pub(super) homes: Vec<(String, Value)>,
    counter: u64,
    last_ts: u128,
}

impl State {
    pub(super) fn new() -> Self {
        let channel = |id: &str, name: &str| Channel {
            id: id.to_owned(),
            name: name.to_owned(),
            has_bot: name != "elsewhere",
            archived: name == "archived",
            private: false,
            shared: name == "with-others",
        };
        let user = |id, team| User {
            id,
            team,
            guest: id == "U9",
            bot: id == "U8" || id == BOT,
        };
        Self {
            way: Way::Socket,
            channels: vec![
                channel("C0GENERAL", "general"),
                channel("C0TECH", "tech"),
                channel("C0LOGS", "bot-logs"),
                channel("C0SUPPORT", "tech-support"),
                channel("C0ELSE", "elsewhere"),
                channel("C0ARCHIVED", "archived"),
            ],
            users: vec![
                user("U1", TEAM),
                user("U2", TEAM),
                user("U7", "T0AWAY"),
                user("U8", TEAM),
                user("U9", TEAM),
                user("USLACKBOT", TEAM),
                user(BOT, TEAM),
            ],
            messages: Vec::new(),
            posts: Vec::new(),
            reactions: Vec::new(),
            files: Vec::new(),
            calls: Vec::new(),
            faults: HashMap::new(),
            scopes: super::SCOPES.join(","),
            tickets: Vec::new(),
            sockets: Vec::new(),
            envelopes: HashMap::new(),
            answers: HashMap::new(),
            triggers: HashMap::new(),
            modals: Vec::new(),
            homes: Vec::new(),
            counter: 0,
            last_ts: 0,
        }
    }

    /// A number that was not used before.
    pub(super) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// The `ts` of a new message: now, and later than every other.
    pub(super) fn ts(&mut self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        self.last_ts = now.max(self.last_ts + 1);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }

    pub(super) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// By id, or by name with or without `#`.
    pub(super) fn channel(&self, reference: &str) -> Option<&Channel> {
        let name = reference.trim_start_matches('#');
        self.channels
            .iter()
            .find(|channel| channel.id == reference || (!channel.is_direct() && channel.name == name))
    }

    /// The direct message with a user; there is one as soon as one is asked for.
    pub(super) fn direct(&mut self, user: &str) -> String {
        let id = format!("D0{user}");
        if self.channel(&id).is_none() {
            self.channels.push(Channel {
                id: id.clone(),
                name: format!("@{user}"),
                has_bot: true,
                archived: false,
                private: true,
                shared: false,
            });
        }
        id
    }

    pub(super) fn has_message(&self, channel: &str, ts: &str) -> bool {
        self.message(channel, ts).is_some()
    }

    pub(super) fn message(&self, channel: &str, ts: &str) -> Option<&Said> {
        self.messages
            .iter()
            .find(|said| said.channel == channel && said.ts == ts)
    }
}
