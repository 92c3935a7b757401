//! The types of `wit/` and the core's, one into the other. Exhaustive on both sides: a field or case that is added to either
//! does not compile until it is dealt with here.

use std::time::Duration;

use innkeeper_core::message::{File, Message, Post};
use innkeeper_core::report::Finished;
use innkeeper_core::request::{Arguments, Asking, Bytes, CliOrigin, GithubOrigin, Origin, SlackOrigin};
use innkeeper_core::run::{Captured, Ending, Outcome, Report};

use super::bindings::types as wit;
use crate::runner::Invocation;

/// Askings of one request that a guest is told of. Each may be long, and their number is nobody's choice.
const ASKINGS: usize = 100;

/// A guest's message, or a sentence that says what is wrong with it.
type Read<T> = Result<T, String>;

/// What a job is asked.
pub fn request(invocation: &Invocation) -> wit::Request {
    let mut payload = invocation.payload.as_ref();
    wit::Request {
        run: invocation.run.0,
        namespace: invocation.namespace.name.clone(),
        job: invocation.job.name.clone(),
        arguments: arguments(&invocation.arguments),
        askings: invocation
            .askings
            .iter()
            .take(ASKINGS)
            // The payload is the first one's.
            .map(|it| asking(it, payload.take()))
            .collect(),
        extra: Vec::new(),
    }
}

/// A run that a report format makes a message of.
pub fn finished(run: Finished) -> wit::Finished {
    let Finished {
        run,
        namespace,
        job,
        arguments: given,
        outcome: came,
        stdout,
        stderr,
    } = run;
    wit::Finished {
        run: run.0,
        namespace,
        job,
        arguments: arguments(&given),
        outcome: outcome(came),
        stdout,
        stderr,
        extra: Vec::new(),
    }
}

fn arguments(given: &Arguments) -> Vec<(String, String)> {
    given.0.clone()
}

fn asking(asking: &Asking, payload: Option<&Bytes>) -> wit::Asking {
    let Asking { id, origin, text, at } = asking;
    wit::Asking {
        id: id.0,
        at: at.as_micros(),
        text: text.clone(),
        trigger: trigger(origin, payload),
        extra: Vec::new(),
    }
}

fn trigger(origin: &Origin, payload: Option<&Bytes>) -> wit::Trigger {
    match origin.clone() {
        Origin::Slack(SlackOrigin {
            team,
            channel,
            user,
            user_team,
            message,
            thread,
            direct,
        }) => wit::Trigger::Slack(wit::SlackOrigin {
            team,
            channel,
            user,
            user_team,
            message,
            thread,
            direct,
            extra: Vec::new(),
        }),
        Origin::Github(GithubOrigin {
            delivery,
            event,
            action,
            repository,
            sender,
            channel,
        }) => wit::Trigger::Github(wit::GithubOrigin {
            delivery,
            event,
            action,
            repository,
            sender,
            channel,
            payload: payload.map(|payload| payload.to_vec()).unwrap_or_default(),
            extra: Vec::new(),
        }),
        // Which terminal waits is the host's business.
        Origin::Cli(CliOrigin { user, session: _ }) => wit::Trigger::Cli(wit::CliOrigin {
            user,
            extra: Vec::new(),
        }),
    }
}

fn outcome(outcome: Outcome) -> wit::Outcome {
    let Outcome {
        ending: ended,
        duration,
        stdout,
        stderr,
        // A job that returns its report has no other format.
        report: _,
    } = outcome;
    wit::Outcome {
        ending: ending(ended),
        duration: micros(duration),
        stdout: captured(&stdout),
        stderr: captured(&stderr),
        extra: Vec::new(),
    }
}

fn ending(ending: Ending) -> wit::Ending {
    match ending {
        Ending::Exited { code } => wit::Ending::Exited(code),
        Ending::Failed { message } => wit::Ending::Failed(message),
        Ending::Signalled { signal } => wit::Ending::Signalled(signal),
        Ending::TimedOut { after_ms } => wit::Ending::TimedOut(after_ms),
        Ending::LimitReached { what } => wit::Ending::LimitReached(what),
        Ending::Trapped { why } => wit::Ending::Trapped(why),
        Ending::NotStarted { why } => wit::Ending::NotStarted(why),
        Ending::Interrupted => wit::Ending::Interrupted,
    }
}

fn captured(stream: &Captured) -> wit::Captured {
    // Where the file is on the host is none of a guest's business.
    let Captured { path: _, kept, lost } = stream;
    wit::Captured {
        kept: *kept,
        lost: *lost,
        extra: Vec::new(),
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// A job's report.
///
/// # Errors
/// A sentence: a block is no JSON, or there is something in `extra`.
pub fn report(report: wit::Report) -> Read<Report> {
    Ok(match report {
        wit::Report::Text(text) => Report::Text(text),
        wit::Report::Blocks(written) => Report::Blocks(post(written)?),
        wit::Report::Code(text) => Report::Code(text),
        wit::Report::File(written) => Report::File(file(written)?),
    })
}

/// A report format's message.
///
/// # Errors
/// As [`report`].
pub fn message(message: wit::Message) -> Read<Message> {
    Ok(match message {
        wit::Message::Post(written) => Message::Post(post(written)?),
        wit::Message::File(written) => Message::File(file(written)?),
    })
}

fn post(post: wit::Post) -> Read<Post> {
    let wit::Post {
        text,
        blocks,
        unfurl,
        extra,
    } = post;
    nothing_extra(&extra)?;
    let read = |(index, block): (usize, &String)| {
        serde_json::from_str(block).map_err(|error| format!("block {} of its message is no JSON: {error}", index + 1))
    };
    Ok(Post {
        text,
        blocks: blocks.iter().enumerate().map(read).collect::<Read<_>>()?,
        unfurl,
    })
}

fn file(file: wit::File) -> Read<File> {
    let wit::File {
        name,
        comment,
        content,
        extra,
    } = file;
    nothing_extra(&extra)?;
    Ok(File { name, comment, content })
}

/// Of what a guest says, nothing is accepted and ignored.
fn nothing_extra(extra: &[(String, String)]) -> Read<()> {
    match extra.first() {
        None => Ok(()),
        Some((name, _)) => Err(format!(
            "this version of the host does not know `{name}` in `extra` of its message"
        )),
    }
}
