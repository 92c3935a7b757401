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

/// The first line that begins with `/` and a word, without the `/`. Code is not looked at, and a path is no command.
fn command(body: &str) -> Option<&str> {
    let mut in_code = false;
    body.lines().find_map(|line| {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            in_code = !in_code;
        }
        let command = line.strip_prefix('/').filter(|_| !in_code)?.trim_end();
        let first = command.split_whitespace().next()?;
        let is_word = command.starts_with(|c: char| c.is_alphabetic()) && !first.contains('/');
        is_word.then_some(command)
    })
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
        ] {
            assert_eq!(found(none), None, "{none:?}");
        }
        assert_eq!(found("```\n/no\n```\n/yes"), Some("yes"));
    }

    #[test]
    fn the_namespace_may_be_left_out() {
        assert_eq!(as_said("shop", "deploy staging"), "shop deploy staging");
        assert_eq!(as_said("shop", "shop deploy"), "shop deploy");
        assert_eq!(as_said("shop", "help me"), "shop help");
        assert_eq!(as_said("shop", "cancel 12"), "shop cancel 12");
    }
}
