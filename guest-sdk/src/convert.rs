//! The host's types and the author's, both ways. Every case and field is named, so that a change of `wit/` does not
//! compile until it is dealt with.

use std::time::{Duration, SystemTime};

use crate::bindings::progress::Level as WitLevel;
use crate::bindings::types as wit;
use crate::log::Level;
use crate::{
    ApiOrigin, Asking, Captured, CliOrigin, Ending, Failure, File, Finished, GithubOrigin, HookOrigin, KeywordOrigin,
    Message, Outcome, Post, Report, Request, ScheduleOrigin, SlackOrigin, Trigger,
};

// What comes from the host.

impl From<wit::Request> for Request {
    fn from(request: wit::Request) -> Self {
        let wit::Request {
            run,
            namespace,
            job,
            arguments,
            askings,
            extra,
        } = request;
        Self {
            run,
            namespace,
            job,
            arguments: arguments.into_iter().collect(),
            askings: askings.into_iter().map(Into::into).collect(),
            extra,
        }
    }
}

impl From<wit::Asking> for Asking {
    fn from(asking: wit::Asking) -> Self {
        let wit::Asking {
            id,
            at,
            text,
            trigger,
            extra,
        } = asking;
        Self {
            id,
            at: time(at),
            text,
            trigger: trigger.into(),
            extra,
        }
    }
}

impl From<wit::Trigger> for Trigger {
    fn from(trigger: wit::Trigger) -> Self {
        match trigger {
            wit::Trigger::Slack(origin) => Self::Slack(origin.into()),
            wit::Trigger::Github(origin) => Self::Github(origin.into()),
            wit::Trigger::Hook(origin) => Self::Hook(origin.into()),
            wit::Trigger::Schedule(origin) => Self::Schedule(origin.into()),
            wit::Trigger::Keyword(origin) => Self::Keyword(origin.into()),
            wit::Trigger::Cli(origin) => Self::Cli(origin.into()),
            wit::Trigger::Api(origin) => Self::Api(origin.into()),
            wit::Trigger::Other(name) => Self::Other(name),
        }
    }
}

/// Records with the same fields on both sides, of the same types.
macro_rules! same_fields {
    ($($name:ident { $($field:ident),* $(,)? })*) => {
        $(impl From<wit::$name> for $name {
            fn from(from: wit::$name) -> Self {
                let wit::$name { $($field),* } = from;
                Self { $($field),* }
            }
        })*
    };
}

same_fields! {
    SlackOrigin { team, channel, user, user_team, message, thread, direct, extra }
    GithubOrigin { delivery, event, action, repository, sender, channel, payload, extra }
    HookOrigin { hook, delivery, content_type, payload, extra }
    KeywordOrigin { keyword, team, channel, user, message, extra }
    CliOrigin { user, extra }
    ApiOrigin { client, extra }
    Captured { kept, lost, extra }
}

impl From<wit::ScheduleOrigin> for ScheduleOrigin {
    fn from(origin: wit::ScheduleOrigin) -> Self {
        let wit::ScheduleOrigin { due, schedule, extra } = origin;
        Self {
            due: time(due),
            schedule,
            extra,
        }
    }
}

impl From<wit::Finished> for Finished {
    fn from(finished: wit::Finished) -> Self {
        let wit::Finished {
            run,
            namespace,
            job,
            arguments,
            outcome,
            stdout,
            stderr,
            extra,
        } = finished;
        Self {
            run,
            namespace,
            job,
            arguments: arguments.into_iter().collect(),
            outcome: outcome.into(),
            stdout,
            stderr,
            extra,
        }
    }
}

impl From<wit::Outcome> for Outcome {
    fn from(outcome: wit::Outcome) -> Self {
        let wit::Outcome {
            ending,
            duration,
            stdout,
            stderr,
            extra,
        } = outcome;
        Self {
            ending: ending.into(),
            duration: Duration::from_micros(duration),
            stdout: stdout.into(),
            stderr: stderr.into(),
            extra,
        }
    }
}

impl From<wit::Ending> for Ending {
    fn from(ending: wit::Ending) -> Self {
        match ending {
            wit::Ending::Exited(code) => Self::Exited(code),
            wit::Ending::Failed(message) => Self::Failed(message),
            wit::Ending::Signalled(signal) => Self::Signalled(signal),
            wit::Ending::TimedOut(milliseconds) => Self::TimedOut(Duration::from_millis(milliseconds)),
            wit::Ending::LimitReached(what) => Self::LimitReached(what),
            wit::Ending::Trapped(why) => Self::Trapped(why),
            wit::Ending::NotStarted(why) => Self::NotStarted(why),
            wit::Ending::Interrupted => Self::Interrupted,
        }
    }
}

/// Microseconds since 1970.
pub(crate) fn time(at: i64) -> SystemTime {
    let distance = Duration::from_micros(at.unsigned_abs());
    match at {
        0.. => SystemTime::UNIX_EPOCH + distance,
        _ => SystemTime::UNIX_EPOCH - distance,
    }
}

// What goes to the host. `extra` is empty: it refuses names that it does not know.

impl From<Report> for wit::Report {
    fn from(report: Report) -> Self {
        match report {
            Report::Text(text) => Self::Text(text),
            Report::Blocks(post) => Self::Blocks(post.into()),
            Report::Code(text) => Self::Code(text),
            Report::File(file) => Self::File(file.into()),
        }
    }
}

impl From<Message> for wit::Message {
    fn from(message: Message) -> Self {
        match message {
            Message::Post(post) => Self::Post(post.into()),
            Message::File(file) => Self::File(file.into()),
        }
    }
}

impl From<Post> for wit::Post {
    fn from(post: Post) -> Self {
        let Post { text, blocks, unfurl } = post;
        Self {
            text,
            blocks: blocks.iter().map(ToString::to_string).collect(),
            unfurl,
            extra: Vec::new(),
        }
    }
}

impl From<File> for wit::File {
    fn from(file: File) -> Self {
        let File { name, comment, content } = file;
        Self {
            name,
            comment,
            content,
            extra: Vec::new(),
        }
    }
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        let Failure { message, details } = failure;
        Self {
            message,
            details,
            extra: Vec::new(),
        }
    }
}

impl From<Level> for WitLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}
