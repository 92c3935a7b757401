//! Comments that are commands: `/deploy staging` in a pull request or an issue.
//!
//! What a comment may ask for is what the `[[slack]]` commands of the namespace do; the words are matched as in a chat.

use innkeeper_core::config::Author;
use serde_json::value::RawValue;

use super::filter::string;
use crate::trigger::payload::Pointer;

/// How the host's own comments end, with the delivery's id in between. Nobody sees it.
const OURS: (&str, &str) = ("<!-- innkeeper:", "-->");

/// Where a payload has what is wanted of a comment.
pub(super) fn places() -> [Pointer; 6] {
    [
        "/action",
        "/comment/id",
        "/comment/body",
        "/comment/author_association",
        "/comment/user/type",
        "/comment/user/login",
    ]
    .map(Pointer::parse)
}

/// A comment.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    /// What its author is to the repository; none where it is nothing that we know.
    pub(super) author: Option<Author>,
    /// Who wrote it.
    pub(super) login: String,
    /// What it says after the `/`.
    pub(super) command: String,
}

impl Comment {
    /// Reads what was found at [`places`], in their order. None: it is no command, or not of a person, or not new.
    pub(super) fn read(found: &[Option<&RawValue>]) -> Option<Self> {
        let raw = |index: usize| found.get(index).copied().flatten();
        let word = |index: usize| raw(index).and_then(string);
        let login = word(5)?;
        let by_bot = word(4).as_deref() != Some("User") || login.ends_with("[bot]");
        if word(0).as_deref() != Some("created") || by_bot {
            return None;
        }
        let body = word(2)?;
        let ours = body.trim_end().ends_with(OURS.1) && body.contains(OURS.0);
        Some(Self {
            id: raw(1)?.get().parse().ok()?,
            author: raw(3).and_then(|raw| serde_json::from_str(raw.get()).ok()),
            login,
            command: command(&body).filter(|_| !ours)?.to_owned(),
        })
    }
}

/// The first line that begins with `/` and a word, without the `/`. Code and HTML comments are not looked at, and a path is no
/// command.
fn command(body: &str) -> Option<&str> {
    let mut hidden = Hidden::No;
    body.lines().find_map(|line| {
        let before = hidden;
        hidden = before.after(line);
        let shown = (before, hidden) == (Hidden::No, Hidden::No);
        let command = line.strip_prefix('/').filter(|_| shown)?.trim_end();
        let first = command.split_whitespace().next()?;
        let is_word = command.starts_with(|c: char| c.is_alphabetic()) && !first.contains('/');
        is_word.then_some(command)
    })
}

/// Whether the reader of a comment sees its lines as they are (CommonMark 0.31, 4.5 and 4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    /// He does.
    No,
    /// They are code, until a line of as many of this character.
    Code { fence: char, length: usize },
    /// They are between `<!--` and `-->`.
    Comment,
}

impl Hidden {
    fn after(self, line: &str) -> Self {
        match self {
            Self::Code { fence, length } => match fence_of(line) {
                Some((char, long, rest)) if char == fence && long >= length && rest.trim().is_empty() => Self::No,
                _ => self,
            },
            Self::No => match fence_of(line) {
                // With a backtick after them, they are code within the line.
                Some((fence, length, rest)) if fence != '`' || !rest.contains('`') => Self::Code { fence, length },
                _ => after_comments(line),
            },
            Self::Comment => match line.split_once("-->") {
                Some((_, rest)) => after_comments(rest),
                None => self,
            },
        }
    }
}

/// What comes after a line, or the rest of one, that begins in plain sight.
fn after_comments(mut line: &str) -> Hidden {
    while let Some((_, rest)) = line.split_once("<!--") {
        match rest.split_once("-->") {
            Some((_, rest)) => line = rest,
            None => return Hidden::Comment,
        }
    }
    Hidden::No
}

/// The fence that a line begins with: its character, how many there are, and what comes after them.
fn fence_of(line: &str) -> Option<(char, usize, &str)> {
    let line = line.trim_start();
    let fence = line.chars().next().filter(|char| matches!(char, '`' | '~'))?;
    let rest = line.trim_start_matches(fence);
    let length = line.len() - rest.len();
    (length >= 3).then_some((fence, length, rest))
}

/// A command as it would be said in a chat: with the namespace before it, where it is not written.
pub(super) fn as_said(namespace: &str, command: &str) -> String {
    let mut words = command.split_whitespace();
    match words.next() {
        Some(first) if first == namespace => command.to_owned(),
        Some("help") => format!("{namespace} help"),
        _ => format!("{namespace} {command}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_begins_with_a_slash_and_a_word_is_the_command() {
        let found = |body| command(body);
        assert_eq!(found("/deploy staging"), Some("deploy staging"));
        assert_eq!(
            found("Looks good.\r\n/deploy  \"my env\" \r\n/deploy again"),
            Some("deploy  \"my env\"")
        );
        assert_eq!(found("/Übung macht"), Some("Übung macht"));
        for none in [
            "",
            "deploy",
            "see /deploy",
            " /deploy",
            "> /deploy",
            "/",
            "/ deploy",
            "//deploy",
            "/etc/passwd is wrong",
            "/1",
            "```\n/deploy\n```",
            "~~~ sh\n/deploy",
            "````\n```\n/deploy\n````",
            "```\n~~~\n/deploy",
            "```\n``` sh\n/deploy",
            "~~~ a`b\n/deploy",
            "<!--\n/deploy\n-->",
            "<!-- a --> <!-- b\n/deploy\n```\n-->",
            "<!-- a\n--> <!-- b\n/deploy",
            "/deploy <!--",
        ] {
            assert_eq!(found(none), None, "{none:?}");
        }
        for some in [
            "```\n/no\n```\n/yes",
            "```\n/no\n  ````  \n/yes",
            "~~~\n```\n~~~\n/yes",
            "```a`\n/yes",
            "``\n/yes",
            "<!--\n/no\n-->\n/yes",
            "<!-- a -->\n/yes",
            "<!-- ``` -->\n/yes",
        ] {
            assert_eq!(found(some), Some("yes"), "{some:?}");
        }
    }

    #[test]
    fn the_namespace_may_be_left_out() {
        assert_eq!(as_said("shop", "deploy staging"), "shop deploy staging");
        assert_eq!(as_said("shop", "shop deploy"), "shop deploy");
        assert_eq!(as_said("shop", "help me"), "shop help");
        assert_eq!(as_said("shop", "cancel 12"), "shop cancel 12");
    }
}
