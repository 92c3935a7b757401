//! What a run wrote, shown to whoever asks for it in a conversation. Pure: the bytes are read elsewhere.

use std::fmt::Write as _;
use std::time::Duration;

use super::clean::readable;
use super::code::{fence, first_lines, last_lines};
use super::units::bytes;
use super::{limits, wording};
use crate::command::{LogPart, LogStream};
use crate::message::{File, Message, Post};
use crate::run::{Ending, RunId};

/// How many of a stream's bytes are worth reading for a part that is shown in a message.
pub const LOG_EXCERPT: u64 = 16 * 1024;

/// The most that is uploaded of a stream, in bytes. What is longer is read on the host.
pub const LOG_FILE: u64 = 4 * 1024 * 1024;

/// Lines of a stream that a message shows at most.
const LINES: usize = 40;
/// Characters of a message that are not what the run wrote.
const AROUND: usize = 400;

/// What is known of a run's log.
#[derive(Clone, Debug)]
pub struct Log<'a> {
    /// The job's full name.
    pub job: &'a str,
    /// The run.
    pub run: RunId,
    /// How it ended, and after how long. None: it goes on, and may write more.
    pub ended: Option<(&'a Ending, Duration)>,
    /// How much is shown.
    pub part: LogPart,
    /// What was asked for, and read.
    pub streams: Vec<LogPiece>,
}

/// A part of one stream.
#[derive(Clone, Debug)]
pub struct LogPiece {
    /// Which.
    pub stream: LogStream,
    /// The bytes of the part: [`LOG_EXCERPT`] of them for its beginning or end, [`LOG_FILE`] for all.
    pub content: Vec<u8>,
    /// How many bytes the log has of it.
    pub kept: u64,
    /// How many came after them and were lost.
    pub lost: u64,
}

impl LogPiece {
    fn is_cut(&self) -> bool {
        (self.content.len() as u64) < self.kept
    }
}

/// What is answered: a message with code blocks; a file for each stream where all of it is asked for and too long for one.
pub fn log(log: &Log<'_>) -> Vec<Message> {
    let written: Vec<&LogPiece> = log.streams.iter().filter(|piece| piece.kept > 0).collect();
    if written.is_empty() {
        return vec![post(nothing(log))];
    }
    if log.part == LogPart::All && !written.iter().all(|piece| fits(piece, written.len())) {
        return written.into_iter().map(|piece| file(log, piece)).collect();
    }
    let room = (limits::TEXT_IN_ONE_PIECE - AROUND) / written.len();
    let mut text = head(log);
    for piece in written {
        let _ = write!(text, "\n{}", excerpt(log, piece, room));
    }
    vec![post(text)]
}

/// Whether all of a stream can be shown in a message, together with the others.
fn fits(piece: &LogPiece, streams: usize) -> bool {
    // No character has more bytes.
    if piece.is_cut() || piece.content.len() > 4 * limits::TEXT_IN_ONE_PIECE {
        return false;
    }
    let room = (limits::TEXT_IN_ONE_PIECE - AROUND) / streams;
    let text = readable(&piece.content);
    last_lines(&text, usize::MAX, room) == text.trim_end()
}

fn head(log: &Log<'_>) -> String {
    let state = match log.ended {
        None => ", which goes on",
        Some(_) => "",
    };
    format!("`{}` (run {}{state}):", log.job, log.run)
}

fn nothing(log: &Log<'_>) -> String {
    let what = match log.streams.as_slice() {
        [only] => format!("nothing to {}", only.stream.as_str()),
        _ => "nothing".to_owned(),
    };
    match log.ended {
        None => format!("`{}` (run {}) has written {what} yet.", log.job, log.run),
        Some((ending, took)) => {
            let how = wording::sentence(&wording::ended(ending, took));
            format!("`{}` (run {}) wrote {what}. How it ended: {how}", log.job, log.run)
        }
    }
}

/// One stream, in a code block below its name.
fn excerpt(log: &Log<'_>, piece: &LogPiece, room: usize) -> String {
    let text = readable(&piece.content);
    // Where a part begins or ends within a character.
    let text = text.trim_matches('\u{fffd}');
    let (which, shown) = match log.part {
        LogPart::Head => ("the first lines of ", first_lines(text, LINES, room)),
        LogPart::Tail => ("the last lines of ", last_lines(text, LINES, room)),
        LogPart::All => ("", last_lines(text, usize::MAX, room)),
    };
    let whole = !piece.is_cut() && shown == text.trim_end();
    let which = if whole { "" } else { which };
    let lost = match piece.lost {
        0 => String::new(),
        lost => format!(", {} after that are lost", bytes(lost)),
    };
    let name = piece.stream.as_str();
    format!("{which}{name} ({}{lost})\n{}", bytes(piece.kept), fence(&shown))
}

fn file(log: &Log<'_>, piece: &LogPiece) -> Message {
    let name = piece.stream.as_str();
    let mut comment = format!("{name} of `{}` (run {})", log.job, log.run);
    if piece.is_cut() {
        let _ = write!(
            comment,
            ": the last {} of {}; all of it: `innkeeper logs {}`, on the host",
            bytes(piece.content.len() as u64),
            bytes(piece.kept),
            log.run
        );
    }
    if piece.lost > 0 {
        let _ = write!(comment, "; {} after that are lost", bytes(piece.lost));
    }
    Message::File(File {
        name: format!("{}-{}.{name}.txt", log.job, log.run),
        comment: Some(comment + "."),
        content: piece.content.clone(),
    })
}

fn post(text: String) -> Message {
    Message::Post(Post::text(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test that cannot go on fails")]

    use super::*;

    fn piece(stream: LogStream, content: &str) -> LogPiece {
        LogPiece {
            stream,
            content: content.into(),
            kept: content.len() as u64,
            lost: 0,
        }
    }

    fn answer(part: LogPart, running: bool, streams: Vec<LogPiece>) -> Vec<Message> {
        let failed = Ending::Failed {
            message: "no water <for> it".into(),
        };
        log(&Log {
            job: "demo_brew",
            run: RunId(12),
            ended: (!running).then_some((&failed, Duration::ZERO)),
            part,
            streams,
        })
    }

    fn text(messages: Vec<Message>) -> String {
        match messages.as_slice() {
            [Message::Post(post)] => post.text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_streams_are_shown_where_none_is_named() {
        let streams = vec![
            piece(LogStream::Stdout, "green\nblack\n"),
            piece(LogStream::Stderr, "hot! <!channel>\n"),
        ];
        insta::assert_snapshot!(text(answer(LogPart::Tail, true, streams)), @"
        `demo_brew` (run 12, which goes on):
        stdout (12 bytes)
        ```
        green
        black
        ```
        stderr (16 bytes)
        ```
        hot! &lt;!channel&gt;
        ```
        ");
    }

    #[test]
    fn nothing_is_said_as_such() {
        let silent = || vec![piece(LogStream::Stdout, ""), piece(LogStream::Stderr, "")];
        insta::assert_snapshot!(text(answer(LogPart::Tail, false, silent())), @"`demo_brew` (run 12) wrote nothing. How it ended: no water &lt;for&gt; it.");
        let one = vec![piece(LogStream::Stderr, "")];
        insta::assert_snapshot!(text(answer(LogPart::All, true, one)), @"`demo_brew` (run 12) has written nothing to stderr yet.");
    }

    #[test]
    fn a_part_of_a_long_log_says_that_it_is_one() {
        let lines: String = (1..=1000).map(|line| format!("line {line}\n")).collect();
        let whole = piece(LogStream::Stdout, &lines);
        let tail = text(answer(LogPart::Tail, false, vec![whole.clone()]));
        assert!(
            tail.contains("the last lines of stdout (8.6 KiB)\n```\nline 961\n"),
            "{tail}"
        );
        assert!(tail.ends_with("line 1000\n```"), "{tail}");
        let head = text(answer(LogPart::Head, false, vec![whole]));
        assert!(
            head.contains("the first lines of stdout (8.6 KiB)\n```\nline 1\n"),
            "{head}"
        );
        assert!(head.ends_with("line 40\n```"), "{head}");
    }

    #[test]
    fn all_of_a_long_log_is_a_file_and_what_it_lacks_is_said() {
        let mut long = piece(LogStream::Stdout, &"x\n".repeat(5000));
        (long.kept, long.lost) = (20_000, 7);
        let files = answer(LogPart::All, false, vec![long, piece(LogStream::Stderr, "short\n")]);
        let said: Vec<&str> = files
            .iter()
            .map(|message| match message {
                Message::File(file) => file.comment.as_deref().unwrap_or_default(),
                Message::Post(post) => panic!("{post:?}"),
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"), @"
        stdout of `demo_brew` (run 12): the last 9.7 KiB of 19.5 KiB; all of it: `innkeeper logs 12`, on the host; 7 bytes after that are lost.
        stderr of `demo_brew` (run 12).
        ");
        let short = answer(LogPart::All, false, vec![piece(LogStream::Stdout, "a\nb\n")]);
        assert!(text(short).contains("stdout (4 bytes)\n```\na\nb\n```"));
    }

    #[test]
    fn what_is_shown_fits_into_one_message() {
        for content in ["&".repeat(16_000), "<\n".repeat(8_000), "é".repeat(8_000)] {
            let streams = vec![piece(LogStream::Stdout, &content), piece(LogStream::Stderr, &content)];
            for part in [LogPart::Head, LogPart::Tail] {
                let shown = text(answer(part, false, streams.clone()));
                assert!(shown.chars().count() <= limits::TEXT_IN_ONE_PIECE, "{}", shown.len());
            }
        }
    }
}
