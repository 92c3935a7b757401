//! A code block that its content cannot leave.

use super::limits;
use super::text::{ZERO_WIDTH_SPACE, escape};
use super::wording;
use super::{Facts, file};
use crate::message::{Message, Post};

const FENCE: &str = "```";

/// Text in a code block. Slack has no way to write three backticks inside one, so they are kept apart by a space
/// without width; `&`, `<` and `>` are escaped, since Slack interprets them in code blocks too.
pub fn fence(text: &str) -> String {
    format!("{FENCE}\n{}\n{FENCE}", inside(text))
}

/// Text as it stands inside a code block.
fn inside(text: &str) -> String {
    let escaped = escape(text);
    let mut safe = String::with_capacity(escaped.len());
    let mut backticks = 0;
    for character in escaped.chars() {
        backticks = if character == '`' { backticks + 1 } else { 0 };
        if backticks == 3 {
            safe.push(ZERO_WIDTH_SPACE);
            backticks = 1;
        }
        safe.push(character);
    }
    safe
}

/// stdout as a code block; as a file where it would not be shown in one piece.
pub(crate) fn report(facts: &Facts<'_>, text: &str) -> Message {
    let text = text.trim_start_matches('\n').trim_end();
    let mut post = fence(text);
    let content = post.chars().count() - 2 * (FENCE.len() + 1);
    if let Some(note) = wording::lost(&facts.outcome.stdout) {
        post.push('\n');
        post.push_str(&note);
    }
    if content <= limits::CODE && post.chars().count() <= limits::TEXT_IN_ONE_PIECE {
        return Message::Post(Post::text(post));
    }
    let comment = wording::too_long_for_code(&facts.job.full_name(), facts.run);
    file::of(facts, "txt", facts.stdout, comment)
}

/// The last lines of `text`: at most `lines`, and so many that their code block has at most `chars` characters inside.
/// Where not even the last line fits, its end.
pub(crate) fn last_lines(text: &str, lines: usize, chars: usize) -> String {
    let text = text.trim_end();
    let mut room = chars;
    let (mut start, mut end) = (text.len(), text.len());
    for line in text.rsplit('\n').take(lines) {
        let length = inside(line).chars().count() + 1;
        if length > room {
            break;
        }
        room -= length;
        start = end - line.len();
        end = start.saturating_sub(1);
    }
    if start < text.len() || text.is_empty() {
        return text[start..].to_owned();
    }
    let last = text.rsplit('\n').next().unwrap_or(text);
    // One character becomes five at most (`&amp;`), and the ellipsis is one.
    let kept = (chars.saturating_sub(1) / 5).max(1);
    let from = last.char_indices().rev().nth(kept - 1).map_or(0, |(at, _)| at);
    format!("…{}", &last[from..])
}

/// The first lines of `text`, within the same bounds. Where not even the first line fits, its beginning.
pub(crate) fn first_lines(text: &str, lines: usize, chars: usize) -> String {
    let text = text.trim_end();
    let (mut room, mut end) = (chars, 0);
    for line in text.split_inclusive('\n').take(lines) {
        let length = inside(line.trim_end_matches('\n')).chars().count() + 1;
        if length > room {
            break;
        }
        room -= length;
        end += line.len();
    }
    if end > 0 || text.is_empty() {
        return text[..end].trim_end_matches('\n').to_owned();
    }
    // As in `last_lines`.
    let kept = (chars.saturating_sub(1) / 5).max(1);
    let first = text.split('\n').next().unwrap_or(text);
    let until = first.char_indices().nth(kept).map_or(first.len(), |(at, _)| at);
    format!("{}…", &first[..until])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_backticks_are_kept_apart() {
        insta::assert_snapshot!(
            fence("a ``` b `````` c `` <!channel> & d").replace(ZERO_WIDTH_SPACE, "·"),
            @"
        ```
        a ``·` b ``·``·`` c `` &lt;!channel&gt; &amp; d
        ```
        "
        );
    }

    #[test]
    fn the_last_lines_are_whole_lines_that_fit() {
        assert_eq!(last_lines("one\ntwo\nthree\n\n", 2, 100), "two\nthree");
        assert_eq!(last_lines("one\ntwo\nthree", 20, 10), "two\nthree");
        assert_eq!(last_lines("one\n<<<<<<<<<<", 20, 12), "…<<");
        assert_eq!(last_lines("", 20, 10), "");
    }

    #[test]
    fn the_first_lines_are_whole_lines_that_fit() {
        assert_eq!(first_lines("one\ntwo\nthree\n\n", 2, 100), "one\ntwo");
        assert_eq!(first_lines("one\ntwo\nthree", 20, 10), "one\ntwo");
        assert_eq!(first_lines("<<<<<<<<<<\none", 20, 12), "<<…");
        assert_eq!(first_lines("", 20, 10), "");
    }

    proptest! {
        #[test]
        fn content_never_closes_its_fence(text in "[`&<>\n a\u{200b}]{0,80}") {
            let fenced = fence(&text);
            let inner = fenced.strip_prefix("```\n").and_then(|rest| rest.strip_suffix("\n```"));
            prop_assert!(inner.is_some_and(|inner| !inner.contains("```") && !inner.contains(['<', '>'])));
        }

        #[test]
        fn last_lines_stay_within_their_bounds(text in "[`&<\nab]{0,300}", lines in 1_usize..10, chars in 20_usize..100) {
            let tail = last_lines(&text, lines, chars);
            prop_assert!(tail.split('\n').count() <= lines);
            prop_assert!(inside(&tail).chars().count() <= chars, "{}", inside(&tail));
            let head = first_lines(&text, lines, chars);
            prop_assert!(head.split('\n').count() <= lines);
            prop_assert!(inside(&head).chars().count() <= chars, "{}", inside(&head));
        }
    }
}
