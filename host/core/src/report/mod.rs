//! An outcome and a format become a message. Pure: it sends nothing and reads no file.
//!
//! ```text
//!   compose   which of the texts below, if any
//!   text blocks code file      one format each: stdout -> Message
//!   guest     what guests say as types -> Message
//!   log       what a run wrote -> Messages
//!   notice    what the host says of itself
//!   progress  how far a run is
//!   wording   every text of the host's own that people read
//!   clean     bytes -> text that is safe to show
//!   limits    what Slack takes
//!   status    what is shown beside a commit
//!   markdown  Message -> what GitHub shows
//!   terminal  Message -> what a terminal shows
//! ```
//!
//! What a job writes is not the host's word: it is shown within what its namespace was granted ([`Voice`]), and nothing
//! that it writes leaves its format. Where messages go, and when, is decided elsewhere.

mod blocks;
mod buttons;
mod clean;
mod code;
mod file;
mod formatter;
mod guest;
mod limits;
mod log;
pub mod markdown;
pub mod notice;
pub mod progress;
pub mod status;
pub mod terminal;
mod text;
pub(crate) mod units;
mod wording;

pub use buttons::{ACTION, Button, SERVICE_ACTION, add_buttons, put_buttons_below, service_actions, with_buttons};
pub use clean::{clean, readable};
pub use code::fence;
pub use formatter::{Finished, Formatter, NoFormatter};
pub use guest::{format_failed, of_format, of_plugin};
pub use log::{LOG_EXCERPT, LOG_FILE, Log, LogPiece, log};
pub use text::{Voice, escape};

use crate::config::{FabfileUrl, Format, Job};
use crate::message::{Message, Post};
use crate::request::{Asking, Origin};
use crate::run::{Ending, Outcome, RunId};

/// How many of the last bytes of stderr are worth reading for [`Facts::stderr_tail`].
pub const STDERR_TAIL: u64 = 16 * 1024;

/// How much of stderr a failure shows: lines, and characters as Slack counts them.
const LAST_LINES: (usize, usize) = (20, 1_500);

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What ran, and what it may do.
    pub job: &'a Job,
    /// Which run it was.
    pub run: RunId,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// All that was kept of stdout.
    pub stdout: &'a [u8],
    /// The end of what was kept of stderr, [`STDERR_TAIL`] bytes or so; it may begin within a character.
    pub stderr_tail: &'a [u8],
    /// Whether the support channel is called, as [`calls_support`] says.
    pub calls_support: bool,
}

/// What is said of a run, if anything.
///
/// A success posts its stdout (`report_stdout`), or else that it succeeded (`report_success`), or else nothing. Empty
/// output is said, or not (`suppress_empty`). A failure is always a text.
pub fn compose(facts: &Facts<'_>) -> Option<Message> {
    if !facts.outcome.ending.is_success() {
        return Some(failure(facts));
    }
    if let Some(report) = &facts.outcome.report {
        return guest::of_job(facts, report);
    }
    if facts.job.report.stdout {
        return stdout(facts);
    }
    let said = || post(wording::succeeded(&facts.job.full_name(), facts.run));
    facts.job.report.success.then(said)
}

/// Whether a format of the job's own has something to make a message of: the job reports its stdout, came to its own end,
/// and wrote something.
pub fn may_format(facts: &Facts<'_>) -> bool {
    facts.job.report.stdout
        && facts.outcome.report.is_none()
        && matches!(facts.outcome.ending, Ending::Exited { .. })
        && !facts.stdout.iter().all(u8::is_ascii_whitespace)
}

/// Whether a failure of `job` calls for help: it does so by default, where there is a channel to call, unless all who
/// asked wait for the answer in private, in a direct message or at the host's command line.
pub fn calls_support(job: &Job, outcome: &Outcome, askings: &[Asking], support_channel: Option<&str>) -> bool {
    !outcome.ending.is_success()
        && job.report.call_tech_support_on_error
        && support_channel.is_some()
        && askings.iter().any(|asking| match &asking.origin {
            Origin::Slack(slack) => !slack.direct,
            Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Keyword(_) => true,
            Origin::Cli(_) => false,
        })
}

/// How a run ended, in one plain line: `succeeded after 2 s`, or what went wrong.
pub fn ended(ending: &Ending, duration: std::time::Duration) -> String {
    wording::ended(ending, duration)
}

/// What the support channel is told: which job failed, in which run, who asked for it and where.
pub fn support_call(job: &str, run: RunId, askings: &[Asking]) -> Message {
    post(wording::support_call(job, run, askings))
}

/// What is said of a run that died with the host and was found when it started again. Nothing else needs to be known of
/// it, and its job may be gone from the configuration: `job` is the full name.
pub fn interrupted(job: &str, run: RunId, calls_support: bool) -> Message {
    post(wording::interrupted(job, run, calls_support))
}

/// What is said of a run whose job went out of the configuration while it waited. `job` is the full name.
pub fn not_configured(job: &str, run: RunId) -> Message {
    post(wording::not_configured(job, run))
}

/// What the logs channel is told when the fabfile of a namespace cannot be fetched any more. `why` is the end of a sentence,
/// and may be another server's.
pub fn fabfile_fails(namespace: &str, url: &FabfileUrl, why: &str, has_copy: bool) -> String {
    wording::fabfile_fails(namespace, url, why, has_copy)
}

/// The same, when it can be fetched again.
pub fn fabfile_works_again(namespace: &str) -> String {
    wording::fabfile_works_again(namespace)
}

/// Why a run does not start whose fabfile is not here.
pub fn fabfile_missing(url: &FabfileUrl, why: &str) -> String {
    wording::fabfile_missing(url, why)
}

fn post(text: String) -> Message {
    Message::Post(Post::text(text))
}

fn failure(facts: &Facts<'_>) -> Message {
    let stderr = readable(facts.stderr_tail);
    let (lines, chars) = LAST_LINES;
    post(wording::failed(&wording::Failure {
        job: &facts.job.full_name(),
        run: facts.run,
        ending: &facts.outcome.ending,
        duration: facts.outcome.duration,
        last_lines: &code::last_lines(stderr.trim_start_matches('\u{fffd}'), lines, chars),
        stderr: &facts.outcome.stderr,
        calls_support: facts.calls_support,
    }))
}

fn stdout(facts: &Facts<'_>) -> Option<Message> {
    let text = readable(facts.stdout);
    if text.trim().is_empty() {
        return nothing_written(facts);
    }
    match facts.job.report.format {
        Format::Text => Some(text::report(facts, &text)),
        Format::Blocks => blocks::report(facts),
        Format::Code => Some(code::report(facts, &text)),
        Format::File => Some(file::report(facts)),
    }
}

fn nothing_written(facts: &Facts<'_>) -> Option<Message> {
    let said = || post(wording::no_output(&facts.job.full_name(), facts.run));
    (!facts.job.report.suppress_empty).then(said)
}

#[cfg(test)]
mod tests;
