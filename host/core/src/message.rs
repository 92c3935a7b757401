//! What is said, and to whom. Plain data.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::outbox::Receipt;
use crate::run::RunId;

/// Where a delivery goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "kebab-case")]
pub enum Address {
    /// A Slack channel or direct message.
    Slack {
        /// The channel's id (`C…`, `D…`) or its name (`#tech`).
        channel: String,
        /// The `ts` of the thread to answer in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
        /// Whom to write to directly where the bot cannot post to the channel (slash commands work everywhere).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        or_user: Option<String>,
    },
    /// A Slack message, to react to.
    SlackMessage {
        /// The channel's id.
        channel: String,
        /// The message's `ts`.
        ts: String,
    },
    /// A place on GitHub.
    Github {
        /// The namespace, whose token writes.
        namespace: String,
        /// `owner/name`.
        repository: String,
        /// Where in it.
        place: GithubPlace,
        /// Whether what is written there may mention people.
        #[serde(default)]
        mentions: bool,
    },
    /// Wherever a request goes that an alert plugin made.
    Http {
        /// The plugin, whose grants and secrets it takes.
        plugin: String,
        /// The service that it is about.
        service: String,
    },
    /// Whoever a mail goes to that an alert plugin wrote.
    Mail {
        /// The plugin.
        plugin: String,
        /// The service that it is about.
        service: String,
        /// The address. One that takes nothing holds up no other.
        mailbox: String,
    },
    /// A terminal that waits for an answer.
    Terminal {
        /// The number that the waiting client chose.
        session: Uuid,
    },
}

/// A place in a repository on GitHub.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GithubPlace {
    /// A pull request or an issue, by its number: it is commented on.
    Issue(u64),
    /// A commit: it is commented on, or gets a status.
    Commit(String),
    /// A comment on a pull request or an issue, to react to.
    Comment(u64),
}

impl Address {
    /// A Slack channel, at top level.
    pub fn slack_channel(channel: impl Into<String>) -> Self {
        Self::Slack {
            channel: channel.into(),
            thread: None,
            or_user: None,
        }
    }

    /// Deliveries to one lane are sent one at a time, in the order in which they were decided.
    pub fn lane(&self) -> String {
        match self {
            Self::Slack { channel, .. } | Self::SlackMessage { channel, .. } => format!("slack:{channel}"),
            // A token that fails holds up its own namespace and no other.
            Self::Github {
                namespace, repository, ..
            } => format!("github:{repository}:{namespace}"),
            // Neither a plugin nor a service holds up another.
            Self::Http { plugin, service } => format!("http:{plugin}:{service}"),
            Self::Mail {
                plugin,
                service,
                mailbox,
            } => format!("mail:{plugin}:{service}:{mailbox}"),
            Self::Terminal { session } => format!("terminal:{session}"),
        }
    }

    /// The place alone: what is equal for two addresses at which the same report would be read twice.
    #[must_use]
    pub fn place(&self) -> Self {
        let mut place = self.clone();
        match &mut place {
            Self::Slack { or_user, .. } => *or_user = None,
            Self::Github { mentions, .. } => *mentions = false,
            Self::SlackMessage { .. } | Self::Http { .. } | Self::Mail { .. } | Self::Terminal { .. } => {}
        }
        place
    }
}

/// The first parts of a lane, or all of it where it has no more: `http:pager` of `http:pager:web`.
pub fn lane_parts(lane: &str, parts: usize) -> &str {
    let end = parts.checked_sub(1).and_then(|last| lane.match_indices(':').nth(last));
    end.map_or(lane, |(end, _)| &lane[..end])
}

/// What a report or an answer says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Message {
    /// A message: text, or blocks with a text for notifications.
    Post(Post),
    /// A file with a comment.
    File(File),
}

/// A message in Slack's own markup, already escaped as its writer's grants demand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Slack mrkdwn: the message, or with blocks what notifications and screen readers say.
    pub text: String,
    /// Block Kit blocks, already validated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<serde_json::Value>,
    /// Whether Slack may show previews of links.
    #[serde(default)]
    pub unfurl: bool,
}

impl Post {
    /// A post that is text only and shows no previews of links.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// A file to upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name, for example `demo_report.txt`.
    pub name: String,
    /// What is said with it, in Slack mrkdwn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Its bytes. Kept beside the JSON, in a column of their own.
    #[serde(skip)]
    pub content: Vec<u8>,
}

/// What is done at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Content {
    /// A message is posted.
    Message(Message),
    /// A message is posted that is edited later, and that nobody misses where it cannot be posted: how far something is.
    Progress(Post),
    /// The message that another delivery posted says this from now on.
    Edit {
        /// The id of that delivery.
        of: Uuid,
        /// What it says.
        post: Post,
        /// Whether it is its last word. Any other is not worth a second try: the next one says more.
        last: bool,
    },
    /// A message is posted in the thread of the one that another delivery posted; at top level where that is not there.
    Reply {
        /// The id of that delivery.
        of: Uuid,
        /// What it says.
        post: Post,
    },
    /// A reaction is put on a message; `name` is the emoji's name without colons.
    Reaction {
        /// The emoji.
        name: String,
    },
    /// A commit gets a status.
    Status(Status),
    /// An HTTP request is made.
    Request(HttpRequest),
    /// A mail is sent.
    Mail(Mail),
}

/// An HTTP request of an alert plugin. Secrets in it are placeholders, which are filled in as it is sent: see
/// [`alert::secret`](crate::alert::secret).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// `POST`, `PUT`, `PATCH` or `GET`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(with = "base64_bytes", default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<u8>,
    /// The header that takes the delivery's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// HTTP basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// A signature that is made as it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// Who asks. Both may be placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicAuth {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// A signature over a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// As Standard Webhooks says; the placeholder of the secret.
    StandardWebhooks(String),
}

/// A mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The addresses. In the outbox, it is one.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// Bytes in JSON, as base64.
mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}

/// What is shown beside a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// How it goes.
    pub state: StatusState,
    /// Whose status it is; a later one takes the place of an earlier one.
    pub context: String,
    /// A sentence, in plain text.
    pub description: String,
}

/// How it goes. The words are GitHub's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusState {
    /// It waits or runs.
    Pending,
    /// It did what it was asked.
    Success,
    /// It failed.
    Failure,
    /// It did not come to its end.
    Error,
}

/// Something that is decided to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// UUIDv7, made where the delivery is decided. Travels with the message as its metadata.
    pub id: Uuid,
    /// Where it goes.
    pub address: Address,
    /// What is sent.
    pub content: Content,
    /// The run that it reports.
    pub run: Option<RunId>,
}

impl NewDelivery {
    /// A message for `address`.
    pub fn message(address: Address, message: Message, run: Option<RunId>) -> Self {
        Self {
            id: Uuid::now_v7(),
            address,
            content: Content::Message(message),
            run,
        }
    }

    /// A status of the commit at `address`.
    pub fn status(address: Address, status: Status, run: Option<RunId>) -> Self {
        Self {
            id: Uuid::now_v7(),
            address,
            content: Content::Status(status),
            run,
        }
    }

    /// A message at `address` that shows how far `run` is.
    pub fn progress(address: Address, post: Post, run: RunId) -> Self {
        Self {
            id: Uuid::now_v7(),
            address,
            content: Content::Progress(post),
            run: Some(run),
        }
    }

    /// Another text for what the delivery `of` posts at `address`.
    pub fn edit(address: Address, of: Uuid, post: Post, last: bool, run: RunId) -> Self {
        Self {
            id: Uuid::now_v7(),
            address,
            content: Content::Edit { of, post, last },
            run: Some(run),
        }
    }

    /// A reaction on the message at `address`.
    pub fn reaction(address: Address, name: &str, run: Option<RunId>) -> Self {
        Self {
            id: Uuid::now_v7(),
            address,
            content: Content::Reaction { name: name.to_owned() },
            run,
        }
    }
}

/// A delivery that was taken from the outbox and is in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: Uuid,
    /// Where it goes.
    pub address: Address,
    /// What is sent.
    pub content: Content,
    /// The run that it reports.
    pub run: Option<RunId>,
    /// How many attempts there were, this one included.
    pub attempts: u32,
    /// When it was decided.
    pub created: Timestamp,
    /// Of an edit or a reply: what the other side said of the delivery that it edits, or answers to. None where that was not
    /// sent.
    pub edited: Option<Receipt>,
}
