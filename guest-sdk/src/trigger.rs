//! Where an order came from, with what each source knows.
//!
//! The functions that make origins are for unit tests: they fill in what most tests do not care for, and every field
//! can be changed.

use std::time::SystemTime;

use serde::de::DeserializeOwned;

use crate::{Context as _, Result};

/// Where an order came from, with what each source knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A Slack message or slash command.
    Slack(SlackOrigin),
    /// A GitHub webhook delivery.
    Github(GithubOrigin),
    /// Any other webhook.
    Hook(HookOrigin),
    /// The clock.
    Schedule(ScheduleOrigin),
    /// A word in a Slack channel.
    Keyword(KeywordOrigin),
    /// The command line on the host.
    Cli(CliOrigin),
    /// The HTTP API.
    Api(ApiOrigin),
    /// A source that this version of the interface does not know; its name.
    Other(String),
}

/// Where in Slack somebody asked. Ids are Slack's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlackOrigin {
    /// The workspace, `T…`.
    pub team: String,
    /// The channel or direct message, `C…`, `G…` or `D…`.
    pub channel: String,
    /// Who asked, `U…` or `W…`. `<@U…>` in a text mentions them, where the namespace may.
    pub user: String,
    /// The workspace that the user belongs to, where Slack says so. Differs from `team` in shared channels.
    pub user_team: Option<String>,
    /// The `ts` of the message that asked. None for a slash command, which leaves no message.
    pub message: Option<String>,
    /// The `ts` of the thread that the message is in.
    pub thread: Option<String>,
    /// Whether it was a direct message to the bot.
    pub direct: bool,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Which GitHub delivery asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GithubOrigin {
    /// GitHub's id of the delivery (`X-GitHub-Delivery`).
    pub delivery: String,
    /// The event (`X-GitHub-Event`), for example `pull_request`.
    pub event: String,
    /// The payload's `action`, where the event has one.
    pub action: Option<String>,
    /// The repository, `owner/name`.
    pub repository: Option<String>,
    /// The login of who caused it.
    pub sender: Option<String>,
    /// The channel that the report goes to.
    pub channel: Option<String>,
    /// The payload as GitHub sent it: JSON. [`GithubOrigin::json`] reads it.
    pub payload: Vec<u8>,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Which webhook asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookOrigin {
    /// The hook's name, as in `/hooks/<namespace>/<hook>`.
    pub hook: String,
    /// The message's id, where the hook's scheme has one.
    pub delivery: Option<String>,
    /// The `Content-Type` of the payload.
    pub content_type: Option<String>,
    /// The payload. [`HookOrigin::json`] reads it, where it is JSON.
    pub payload: Vec<u8>,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Which moment asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleOrigin {
    /// The moment that was scheduled. The run may start later.
    pub due: SystemTime,
    /// The schedule, as it is written in `namespace.toml`.
    pub schedule: String,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Which word in which message asked. Ids are Slack's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeywordOrigin {
    /// The word or pattern.
    pub keyword: String,
    /// The workspace, `T…`.
    pub team: String,
    /// The channel, `C…` or `G…`.
    pub channel: String,
    /// Who wrote the message, `U…` or `W…`.
    pub user: String,
    /// The message's `ts`.
    pub message: String,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Who asked on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CliOrigin {
    /// The name of the Unix user.
    pub user: String,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Who asked by the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiOrigin {
    /// The name of the token that was used.
    pub client: String,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

impl Trigger {
    /// A message in a Slack channel.
    pub fn slack(channel: impl Into<String>, user: impl Into<String>) -> Self {
        Self::Slack(SlackOrigin {
            team: "T0000TEST".to_owned(),
            channel: channel.into(),
            user: user.into(),
            user_team: None,
            message: Some("1700000000.000100".to_owned()),
            thread: None,
            direct: false,
            extra: Vec::new(),
        })
    }

    /// A delivery from GitHub, with its payload: JSON.
    pub fn github(event: impl Into<String>, payload: impl Into<Vec<u8>>) -> Self {
        Self::Github(GithubOrigin {
            delivery: "00000000-0000-0000-0000-000000000001".to_owned(),
            event: event.into(),
            action: None,
            repository: None,
            sender: None,
            channel: None,
            payload: payload.into(),
            extra: Vec::new(),
        })
    }

    /// A delivery from any other webhook.
    pub fn hook(hook: impl Into<String>, payload: impl Into<Vec<u8>>) -> Self {
        Self::Hook(HookOrigin {
            hook: hook.into(),
            delivery: None,
            content_type: None,
            payload: payload.into(),
            extra: Vec::new(),
        })
    }

    /// A moment of a schedule.
    pub fn schedule(due: SystemTime, schedule: impl Into<String>) -> Self {
        Self::Schedule(ScheduleOrigin {
            due,
            schedule: schedule.into(),
            extra: Vec::new(),
        })
    }

    /// A word in a message.
    pub fn keyword(keyword: impl Into<String>, channel: impl Into<String>, user: impl Into<String>) -> Self {
        Self::Keyword(KeywordOrigin {
            keyword: keyword.into(),
            team: "T0000TEST".to_owned(),
            channel: channel.into(),
            user: user.into(),
            message: "1700000000.000100".to_owned(),
            extra: Vec::new(),
        })
    }

    /// The command line.
    pub fn cli(user: impl Into<String>) -> Self {
        Self::Cli(CliOrigin {
            user: user.into(),
            extra: Vec::new(),
        })
    }

    /// The HTTP API.
    pub fn api(client: impl Into<String>) -> Self {
        Self::Api(ApiOrigin {
            client: client.into(),
            extra: Vec::new(),
        })
    }
}

impl GithubOrigin {
    /// The payload as a type of the job's own, or as a [`crate::json::Value`].
    ///
    /// # Errors
    /// The payload is not what `T` expects.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.payload)
            .with_context(|| format!("the payload of GitHub's `{}` is not what this job expects", self.event))
    }
}

impl HookOrigin {
    /// The payload as a type of the job's own, or as a [`crate::json::Value`].
    ///
    /// # Errors
    /// The payload is not JSON, or not what `T` expects.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.payload)
            .with_context(|| format!("the payload of the hook `{}` is not what this job expects", self.hook))
    }
}
