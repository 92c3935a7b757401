//! The types of `wit/` and the core's, one into the other. Exhaustive on both sides: a field or case that is added to either
//! does not compile until it is dealt with here.

use std::time::Duration;

use innkeeper_core::message::{File, Message, Post};
use innkeeper_core::report::Finished;
use innkeeper_core::request::{
    Arguments, Asking, Bytes, CliOrigin, GithubOrigin, HookOrigin, KeywordOrigin, Origin, ScheduleOrigin, SlackOrigin,
};
use innkeeper_core::run::{Captured, Ending, Outcome, Report};

use super::bindings::types as wit;
use crate::runner::Invocation;

/// What Slack takes at most in one message: more need not even be read.
const BLOCKS: usize = 50;
/// JSON of all blocks of a message, in bytes. Slack takes some 13,000 characters of text in them; read, JSON takes many times
/// its size.
const BLOCKS_JSON: usize = 256 * 1024;
/// A file's content, in bytes.
const FILE: usize = 16 * 1024 * 1024;
/// How much is kept of what a guest says went wrong, in characters.
const FAILURE: usize = 2000;

/// Askings of one request that a guest is told of. Each may be long, and their number is nobody's choice.
const ASKINGS: usize = 100;

/// A guest's message, or a sentence that says what is wrong with it.
type Read<T> = Result<T, String>;

/// What a job is asked.
pub fn request(invocation: &Invocation) -> wit::Request {
    let mut payload = invocation.payload.as_ref();
    let mut payload_of = |asking: &Asking| match asking.origin {
        // The first webhook of its askings made the request.
        Origin::Github(_) | Origin::Hook(_) => payload.take(),
        Origin::Slack(_) | Origin::Schedule(_) | Origin::Keyword(_) | Origin::Cli(_) => None,
    };
    wit::Request {
        run: invocation.run.0,
        namespace: invocation.namespace.name.clone(),
        job: invocation.job.name.clone(),
        arguments: arguments(&invocation.arguments),
        askings: invocation
            .askings
            .iter()
            .take(ASKINGS)
            .map(|it| asking(it, payload_of(it)))
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
            // What may be written back is the host's business.
            comment: _,
            write_back: _,
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
        // Where the report goes, and who waits for it, is the host's business: the interface has no place for it.
        Origin::Hook(HookOrigin {
            hook,
            delivery,
            content_type,
            channel: _,
            session: _,
        }) => wit::Trigger::Hook(wit::HookOrigin {
            hook,
            delivery,
            content_type,
            payload: payload.map(|payload| payload.to_vec()).unwrap_or_default(),
            extra: Vec::new(),
        }),
        Origin::Schedule(ScheduleOrigin {
            due,
            schedule,
            channel: _,
        }) => wit::Trigger::Schedule(wit::ScheduleOrigin {
            due: due.as_micros(),
            schedule,
            extra: Vec::new(),
        }),
        // Whose rule it is, and who is called, is the host's business.
        Origin::Keyword(KeywordOrigin {
            namespace: _,
            rule: _,
            keyword,
            team,
            channel,
            public: _,
            user,
            user_team: _,
            message,
            thread: _,
            link: _,
            support_channel: _,
        }) => wit::Trigger::Keyword(wit::KeywordOrigin {
            keyword,
            team,
            channel,
            user,
            message,
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

/// A job's report, whose text may have so many bytes.
///
/// # Errors
/// A sentence: it is too long, a block is no JSON, or there is something in `extra`.
pub fn report(report: wit::Report, most: u64) -> Read<Report> {
    Ok(match report {
        wit::Report::Text(text) => Report::Text(within(text, most)?),
        wit::Report::Blocks(written) => Report::Blocks(post(written)?),
        wit::Report::Code(text) => Report::Code(within(text, most)?),
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
    let json: usize = blocks.iter().map(String::len).sum();
    if blocks.len() > BLOCKS {
        return Err(format!(
            "it has {} blocks, and a message has at most {BLOCKS}",
            blocks.len()
        ));
    }
    if json > BLOCKS_JSON {
        return Err(format!(
            "its blocks have {json} bytes of JSON, and may have {BLOCKS_JSON}"
        ));
    }
    let text = within(text, BLOCKS_JSON as u64)?;
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
    if content.len() > FILE {
        return Err(format!("its file has {} bytes, and may have {FILE}", content.len()));
    }
    Ok(File { name, comment, content })
}

fn within(text: String, most: u64) -> Read<String> {
    match text.len() as u64 > most {
        true => Err(format!("its text has {} bytes, and may have {most}", text.len())),
        false => Ok(text),
    }
}

/// What a guest says went wrong, for people. None where it says nothing.
pub fn why(message: &str) -> Option<String> {
    let said: String = message.trim().chars().take(FAILURE).collect();
    (!said.is_empty()).then_some(said)
}

/// Of what a guest says, nothing is accepted and ignored.
pub fn nothing_extra(extra: &[(String, String)]) -> Read<()> {
    match extra.first() {
        None => Ok(()),
        Some((name, _)) => Err(format!(
            "this version of the host does not know `{}` in `extra` of what it returns",
            super::ending::tidy(name, 80)
        )),
    }
}
