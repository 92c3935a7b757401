//! What guests say as types: a job's own report, and the message that a report format made. Both are held to the same
//! rules as what is written to stdout.

use super::blocks;
use super::clean::{clean, readable};
use super::text::{Voice, cut};
use super::wording;
use super::{Facts, code, file, limits, nothing_written, text};
use crate::config::Mentions;
use crate::message::{File, Message, Post};
use crate::run::{Captured, Outcome, Report};

/// How much of a file's name is kept, in characters.
const FILE_NAME: usize = 100;

/// The message for what a job returned.
pub(crate) fn of_job(facts: &Facts<'_>, report: &Report) -> Option<Message> {
    let written = match report {
        Report::Text(text) | Report::Code(text) => text.as_str(),
        Report::Blocks(post) if post.blocks.is_empty() => post.text.as_str(),
        Report::Blocks(post) => return blocks_of(facts, post),
        // Slack takes no file without bytes.
        Report::File(file) if file.content.is_empty() => file.comment.as_deref().unwrap_or_default(),
        Report::File(file) => return Some(Message::File(safe_file(facts, file))),
    };
    if written.trim().is_empty() {
        return nothing_written(facts);
    }
    let readable = readable(written.as_bytes());
    let outcome = whole(facts.outcome);
    let facts = Facts {
        outcome: &outcome,
        stdout: written.as_bytes(),
        ..*facts
    };
    Some(match report {
        Report::Code(_) => code::report(&facts, &readable),
        Report::Text(_) | Report::Blocks(_) | Report::File(_) => text::report(&facts, &readable),
    })
}

/// The message that a report format made, held to what the job's namespace may say.
pub fn of_format(facts: &Facts<'_>, message: Message) -> Option<Message> {
    let says_nothing = match &message {
        Message::Post(post) => post.blocks.is_empty() && post.text.trim().is_empty(),
        Message::File(file) => file.content.is_empty(),
    };
    // Of a failure, what failed is said besides.
    if says_nothing && !facts.outcome.ending.is_success() {
        return None;
    }
    let report = match message {
        Message::Post(post) if post.blocks.is_empty() => Report::Text(post.text),
        Message::Post(post) => Report::Blocks(post),
        Message::File(file) => Report::File(file),
    };
    of_job(facts, &report)
}

/// The message that an alert plugin made. Whoever runs the host installed it: it may mention whom it wants.
///
/// # Errors
/// Why it cannot be posted, in words that follow `it `.
pub fn of_plugin(message: Message) -> Result<Message, String> {
    let voice = Voice {
        trusted: true,
        mentions: Mentions::Channel,
    };
    Ok(match message {
        Message::Post(post) => {
            let blocks = blocks::of_plugin(post.blocks, voice)?;
            let text = match clean(&post.text) {
                text if text.trim().is_empty() => blocks::in_words(&blocks),
                text => cut(&text, limits::TEXT).to_owned(),
            };
            if text.trim().is_empty() {
                return Err("says nothing".to_owned());
            }
            Message::Post(Post { text, blocks, ..post })
        }
        Message::File(file) if file.content.is_empty() => return Err("is a file without content".to_owned()),
        Message::File(file) => {
            let comment = file.comment.as_deref().map(clean);
            Message::File(File {
                name: safe_name(&file.name).unwrap_or_else(|| "alert.bin".to_owned()),
                comment: comment.map(|comment| cut(&comment, limits::TEXT).to_owned()),
                content: file.content,
            })
        }
    })
}

/// What is said where a report format failed: the output as text, and why it is not what it should be. `why` may be the
/// format's own words.
pub fn format_failed(facts: &Facts<'_>, why: &str) -> Message {
    let comment = wording::format_failed(&facts.job.full_name(), facts.run, why);
    file::of(facts, "txt", facts.stdout, comment)
}

fn blocks_of(facts: &Facts<'_>, post: &Post) -> Option<Message> {
    let voice = Voice::from(&facts.job.grants);
    let message = blocks::of(facts, &post.blocks)?;
    let said = voice.say(&clean(&post.text));
    Some(match message {
        Message::Post(made) => Message::Post(Post {
            text: match said.trim().is_empty() {
                true => made.text,
                false => cut(&said, limits::TEXT).to_owned(),
            },
            unfurl: post.unfurl && facts.job.grants.trusted,
            ..made
        }),
        refused => refused,
    })
}

/// A file as it may be uploaded: its name is a name and no path, its comment says what the namespace may say.
fn safe_file(facts: &Facts<'_>, written: &File) -> File {
    let voice = Voice::from(&facts.job.grants);
    let comment = written.comment.as_deref().map(|comment| voice.say(&clean(comment)));
    let comment = comment.filter(|comment| !comment.trim().is_empty());
    File {
        name: safe_name(&written.name).unwrap_or_else(|| file::name(facts.job, facts.run, "bin")),
        comment: Some(match comment {
            Some(comment) => cut(&comment, limits::TEXT).to_owned(),
            None => wording::report_in_file(&facts.job.full_name(), facts.run),
        }),
        content: written.content.clone(),
    }
}

/// What is left of a file's name that is no path; none where that is nothing.
fn safe_name(written: &str) -> Option<String> {
    let name = clean(written.rsplit(['/', '\\']).next().unwrap_or_default());
    let name = name.trim().trim_start_matches('.').chars();
    let name: String = name
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(FILE_NAME)
        .collect();
    (!name.is_empty()).then_some(name)
}

/// The outcome of a run whose report is whole, whatever became of its stdout.
fn whole(outcome: &Outcome) -> Outcome {
    Outcome {
        stdout: Captured::default(),
        report: None,
        ..outcome.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

    use super::super::tests::Ended;
    use super::*;
    use crate::config::Format;

    fn said(report: Report, trusted: bool) -> Message {
        let mut ended = Ended::well(Format::Text, "");
        ended.job.grants = super::super::tests::grants(trusted, Mentions::None);
        ended.outcome.report = Some(report);
        ended.said().unwrap()
    }

    fn text(message: Message) -> String {
        match message {
            Message::Post(post) => post.text,
            Message::File(file) => file.comment.unwrap(),
        }
    }

    #[test]
    fn a_jobs_own_text_is_held_to_its_grants() {
        let shout = || Report::Text("<!channel> <https://evil.example|bank>".into());
        assert!(!text(said(shout(), true)).contains("<!channel>"));
        assert!(!text(said(shout(), false)).contains("<https"));
        assert_eq!(
            text(said(Report::Code("a ``` b".into()), false)).matches("```").count(),
            2
        );
    }

    #[test]
    fn blocks_are_validated_and_unfurl_only_for_the_trusted() {
        let post = |kind: &str| Post {
            text: "for the phone".into(),
            blocks: vec![serde_json::json!({ "type": kind })],
            unfurl: true,
        };
        let Message::Post(made) = said(Report::Blocks(post("divider")), false) else {
            panic!()
        };
        assert_eq!(
            (made.text.as_str(), made.unfurl, made.blocks.len()),
            ("for the phone", false, 1)
        );
        let Message::Post(made) = said(Report::Blocks(post("divider")), true) else {
            panic!()
        };
        assert!(made.unfurl);
        let Message::File(refused) = said(Report::Blocks(post("nonsense")), true) else {
            panic!()
        };
        assert!(refused.comment.unwrap().contains("nonsense"));
    }

    #[test]
    fn a_plugin_s_message_is_held_to_what_slack_takes_and_mentions_whom_it_wants() {
        let post = |text: &str, kind: &str| {
            of_plugin(Message::Post(Post {
                text: text.into(),
                blocks: vec![serde_json::json!({ "type": kind })],
                unfurl: false,
            }))
        };
        assert_eq!(text(post("<!channel> down", "divider").unwrap()), "<!channel> down");
        assert!(post("down", "nonsense").unwrap_err().contains("nonsense"));
        assert_eq!(of_plugin(Message::Post(Post::default())).unwrap_err(), "says nothing");
    }

    #[test]
    fn the_name_of_a_file_is_no_path() {
        let file = |name: &str| {
            let file = File {
                name: name.into(),
                comment: None,
                content: b"x".to_vec(),
            };
            match said(Report::File(file), false) {
                Message::File(file) => file.name,
                Message::Post(post) => panic!("{post:?}"),
            }
        };
        assert_eq!(file("../../etc/passwd"), "passwd");
        assert_eq!(file("report\n.csv"), "report .csv");
        assert_eq!(file("/"), "demo_rota-7.bin");
        assert_eq!(file(&"x".repeat(500)).len(), FILE_NAME);
    }
}
