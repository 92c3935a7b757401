//! A report as a file.

use super::Facts;
use super::wording;
use crate::config::Job;
use crate::message::{File, Message};
use crate::run::RunId;

/// `<namespace>_<job>-<run>.<extension>`: it says where it comes from wherever it is saved.
pub(crate) fn name(job: &Job, run: RunId, extension: &str) -> String {
    format!("{}-{run}.{extension}", job.full_name())
}

/// A file with what was written, byte by byte, and what is said with it.
pub(crate) fn of(facts: &Facts<'_>, extension: &str, content: &[u8], mut comment: String) -> Message {
    if let Some(note) = wording::lost(&facts.outcome.stdout) {
        comment.push('\n');
        comment.push_str(&note);
    }
    Message::File(File {
        name: name(facts.job, facts.run, extension),
        comment: Some(comment),
        content: content.to_vec(),
    })
}

/// stdout as a file.
pub(crate) fn report(facts: &Facts<'_>) -> Message {
    let comment = wording::report_in_file(&facts.job.full_name(), facts.run);
    of(facts, "txt", facts.stdout, comment)
}
