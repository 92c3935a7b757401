//! Who asked for what: askings, their origins, and the requests that they cause. Plain data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::keyword::RuleKey;
use crate::message::{Address, GithubPlace};

/// Declares a 64-bit number that the database gives out and never gives out again.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}
pub(crate) use id;

id! {
    /// The number of an asking.
    AskingId
}
id! {
    /// The number of a request. People type it (`cancel 12`).
    RequestId
}

/// Where orders come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A Slack message or slash command.
    Slack,
    /// A GitHub webhook.
    Github,
    /// Any other webhook.
    Hook,
    /// The clock.
    Schedule,
    /// A word in a channel.
    Keyword,
    /// The command line on the host.
    Cli,
    /// The HTTP API.
    Api,
}

impl Trigger {
    /// The word for it in configuration, database and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Github => "github",
            Self::Hook => "hook",
            Self::Schedule => "schedule",
            Self::Keyword => "keyword",
            Self::Cli => "cli",
            Self::Api => "api",
        }
    }
}

/// The arguments of a request: names and values in the order of the command's parameters. Values may hold anything but NUL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arguments(pub Vec<(String, String)>);

impl Arguments {
    /// The value of the argument called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Arguments {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

/// Who asked and where, with what each trigger knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trigger", rename_all = "kebab-case")]
pub enum Origin {
    /// A Slack message or slash command.
    Slack(SlackOrigin),
    /// A GitHub webhook delivery.
    Github(GithubOrigin),
    /// Any other webhook.
    Hook(HookOrigin),
    /// The clock.
    Schedule(ScheduleOrigin),
    /// A word in a channel.
    Keyword(KeywordOrigin),
    /// The command line on the host.
    Cli(CliOrigin),
}

/// Where in Slack somebody asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlackOrigin {
    /// The workspace, `T…`.
    pub team: String,
    /// The channel or direct message, `C…`, `G…` or `D…`.
    pub channel: String,
    /// Who asked, `U…` or `W…`.
    pub user: String,
    /// The workspace that the user belongs to, where the event says so. Differs from `team` in shared channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_team: Option<String>,
    /// The asking message's `ts`. None for a slash command, which leaves no message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The `ts` of the thread that the message is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Whether it was a direct message to the bot.
    #[serde(default)]
    pub direct: bool,
}

/// Which GitHub delivery asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GithubOrigin {
    /// `X-GitHub-Delivery`.
    pub delivery: String,
    /// `X-GitHub-Event`, for example `pull_request`.
    pub event: String,
    /// The payload's `action`, where the event has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The login of who caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Where the report goes: the rule's or the namespace's channel. None posts nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Whether somebody asked in a comment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub comment: bool,
    /// What of it is on GitHub, where something may be written back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_back: Option<WriteBack>,
}

/// What of an asking is on GitHub, to be answered there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteBack {
    /// The namespace, which may write.
    pub namespace: String,
    /// `owner/name`.
    pub repository: String,
    /// The commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The number of the pull request or issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<u64>,
    /// The comment that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<u64>,
    /// Whether reports are written back, and not only answers.
    #[serde(default)]
    pub reports: bool,
    /// Whether what is written may mention people.
    #[serde(default)]
    pub mentions: bool,
}

impl WriteBack {
    /// Where is commented: on the pull request or issue, or else on the commit.
    fn conversation(&self) -> Option<Address> {
        let issue = self.issue.map(GithubPlace::Issue);
        let commit = || self.commit.clone().map(GithubPlace::Commit);
        issue.or_else(commit).map(|place| self.address(place))
    }

    /// The commit whose status shows how it goes.
    pub fn status(&self) -> Option<Address> {
        let commit = self.commit.clone().filter(|_| self.reports)?;
        Some(self.address(GithubPlace::Commit(commit)))
    }

    fn address(&self, place: GithubPlace) -> Address {
        Address::Github {
            namespace: self.namespace.clone(),
            repository: self.repository.clone(),
            place,
            mentions: self.mentions,
        }
    }
}

/// Which webhook asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookOrigin {
    /// The hook's name.
    pub hook: String,
    /// The message's id, where the hook's scheme has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// The `Content-Type` of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Where the report goes. None posts nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The sender that waits for the report, as a terminal does; none where nobody waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
}

/// Which start of which schedule asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleOrigin {
    /// The moment that was scheduled.
    pub due: Timestamp,
    /// The schedule, as it is written.
    pub schedule: String,
    /// Where the report goes. None posts nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// Which word in which message asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeywordOrigin {
    /// The namespace of the rule.
    pub namespace: String,
    /// The rule, as [`crate::keyword::RuleKey`] has it.
    pub rule: RuleKey,
    /// The keyword, as it was written in the message.
    pub keyword: String,
    /// The workspace, `T…`.
    pub team: String,
    /// The channel, `C…` or `G…`.
    pub channel: String,
    /// Whether everybody may see the channel; not where that is unknown.
    #[serde(default)]
    pub public: bool,
    /// Who wrote the message, `U…` or `W…`.
    pub user: String,
    /// The workspace that the user belongs to, where Slack says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_team: Option<String>,
    /// The message's `ts`.
    pub message: String,
    /// The `ts` of the thread that the message is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The link to the message.
    pub link: String,
    /// Where the link is posted.
    pub support_channel: String,
}

/// Who asked on the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CliOrigin {
    /// The name of the Unix user.
    pub user: String,
    /// The terminal that waits for the report; none where nobody waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
}

impl Origin {
    /// The trigger that this origin belongs to.
    pub const fn trigger(&self) -> Trigger {
        match self {
            Self::Slack(_) => Trigger::Slack,
            Self::Github(_) => Trigger::Github,
            Self::Hook(_) => Trigger::Hook,
            Self::Schedule(_) => Trigger::Schedule,
            Self::Keyword(_) => Trigger::Keyword,
            Self::Cli(_) => Trigger::Cli,
        }
    }

    /// Where an answer or a report for this origin goes. None where nobody waits for one.
    pub fn reply_to(&self) -> Option<Address> {
        match self {
            Self::Slack(slack) => Some(Address::Slack {
                channel: slack.channel.clone(),
                thread: slack.thread.clone(),
                // A slash command works in channels that the bot is not in; its user can still be written to.
                or_user: slack.message.is_none().then(|| slack.user.clone()),
            }),
            Self::Github(github) => github.reply_to(),
            Self::Hook(hook) => hook.channel.clone().map(Address::slack_channel),
            Self::Schedule(schedule) => schedule.channel.clone().map(Address::slack_channel),
            Self::Keyword(call) => Some(Address::Slack {
                channel: call.channel.clone(),
                thread: Some(call.thread.clone().unwrap_or_else(|| call.message.clone())),
                or_user: None,
            }),
            Self::Cli(cli) => cli.session.map(|session| Address::Terminal { session }),
        }
    }

    /// The terminal, or what waits like one, that is told what becomes of it.
    pub fn session(&self) -> Option<Uuid> {
        match self {
            Self::Cli(cli) => cli.session,
            Self::Hook(hook) => hook.session,
            Self::Slack(_) | Self::Github(_) | Self::Schedule(_) | Self::Keyword(_) => None,
        }
    }

    /// Everywhere that a report for this origin goes: the channel, back to GitHub, to whom waits for it.
    pub fn report_to(&self) -> impl Iterator<Item = Address> {
        let (answer, back) = match self {
            Self::Github(github) => (
                github.channel.clone().map(Address::slack_channel),
                github.reports_back().and_then(WriteBack::conversation),
            ),
            _ => (self.reply_to(), None),
        };
        let waiting = self.session().map(|session| Address::Terminal { session });
        let other = waiting.filter(|waiting| answer.as_ref() != Some(waiting));
        answer.into_iter().chain(back).chain(other)
    }

    /// Whether somebody said it and reads the answer: in Slack, or in a comment on GitHub.
    pub fn is_said(&self) -> bool {
        match self {
            Self::Slack(_) => true,
            Self::Github(github) => github.comment,
            Self::Hook(_) | Self::Schedule(_) | Self::Keyword(_) | Self::Cli(_) => false,
        }
    }

    /// The message that asked, for reactions. None where there is none to react to.
    pub fn asking_message(&self) -> Option<Address> {
        match self {
            Self::Slack(slack) => slack.message.clone().map(|ts| Address::SlackMessage {
                channel: slack.channel.clone(),
                ts,
            }),
            Self::Keyword(call) => Some(Address::SlackMessage {
                channel: call.channel.clone(),
                ts: call.message.clone(),
            }),
            Self::Github(github) => {
                let back = github.write_back.as_ref()?;
                Some(back.address(GithubPlace::Comment(back.comment?)))
            }
            Self::Hook(_) | Self::Schedule(_) | Self::Cli(_) => None,
        }
    }

    /// Everywhere that something may be said as soon as it is heard.
    pub fn told_at(&self) -> impl Iterator<Item = Address> {
        let support = match self {
            Self::Keyword(call) => Some(Address::slack_channel(&call.support_channel)),
            Self::Slack(_) | Self::Github(_) | Self::Hook(_) | Self::Schedule(_) | Self::Cli(_) => None,
        };
        let places = [self.reply_to(), self.asking_message(), self.commit_status(), support];
        places.into_iter().flatten()
    }

    /// Who in Slack asked, and where. None where nobody in Slack did.
    pub fn in_slack(&self) -> Option<Cow<'_, SlackOrigin>> {
        match self {
            Self::Slack(slack) => Some(Cow::Borrowed(slack)),
            Self::Keyword(call) => Some(Cow::Owned(SlackOrigin {
                team: call.team.clone(),
                channel: call.channel.clone(),
                user: call.user.clone(),
                user_team: call.user_team.clone(),
                message: Some(call.message.clone()),
                thread: call.thread.clone(),
                direct: false,
            })),
            Self::Github(_) | Self::Hook(_) | Self::Schedule(_) | Self::Cli(_) => None,
        }
    }

    /// The commit on GitHub whose status shows how it goes.
    pub fn commit_status(&self) -> Option<Address> {
        match self {
            Self::Github(github) => github.write_back.as_ref().and_then(WriteBack::status),
            Self::Slack(_) | Self::Hook(_) | Self::Schedule(_) | Self::Keyword(_) | Self::Cli(_) => None,
        }
    }
}

impl GithubOrigin {
    /// Where it is answered: beside the comment that asked, or else in the channel.
    fn reply_to(&self) -> Option<Address> {
        let channel = || self.channel.clone().map(Address::slack_channel);
        let asked = self.write_back.as_ref().filter(|back| back.comment.is_some());
        let reported = || self.reports_back().and_then(WriteBack::conversation);
        asked
            .and_then(WriteBack::conversation)
            .or_else(channel)
            .or_else(reported)
    }

    fn reports_back(&self) -> Option<&WriteBack> {
        self.write_back.as_ref().filter(|back| back.reports)
    }
}

/// One order as it came in, before it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAsking {
    /// By what a repetition is recognised, for example `slack:T1:C1:1700000000.000100`. None: never a repetition.
    pub key: Option<String>,
    /// Who asked and where.
    pub origin: Origin,
    /// What was said, where something was.
    pub text: Option<String>,
    /// Whether this is an edit of something said before: it counts only if what was said before led to no request.
    pub edit: bool,
    /// When it came in.
    pub at: Timestamp,
}

/// The bytes of a payload; shared, since it may be large.
pub type Bytes = std::sync::Arc<[u8]>;

/// One order that was accepted and is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Its number.
    pub id: AskingId,
    /// Who asked and where.
    pub origin: Origin,
    /// What was said, where something was.
    pub text: Option<String>,
    /// When it came in.
    pub at: Timestamp,
}

/// A job to put on the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// The namespace's name.
    pub namespace: String,
    /// The job's short name.
    pub job: String,
    /// Its arguments.
    pub arguments: Arguments,
    /// When it may start at the earliest.
    pub due: Timestamp,
    /// What a webhook sent, where the job is told. Kept until the request has ended; of those that join it later, nothing
    /// is kept.
    pub payload: Option<Bytes>,
}
