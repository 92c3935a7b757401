//! A message as GitHub shows it: mrkdwn becomes GitHub's Markdown.
//!
//! Nothing of it is HTML, and all that Markdown would interpret and mrkdwn does not is escaped: text stays text. GitHub
//! notifies whom a comment mentions, and links back from what it refers to (`#12`): both are broken up by a space without
//! width, unless the namespace may mention people.

use std::borrow::Cow;

use super::clean::{clean, readable};
use super::limits;
use super::terminal;
use super::terminal::mrkdwn::{end_of_emphasis, entity, inline_code, next_fence, unescape};
use super::text::ZERO_WIDTH_SPACE;
use crate::message::{File, Message, Post};

/// The width of blocks that are laid out as text.
const WIDTH: usize = 100;

/// What is said where not all of it fits.
const CUT: &str = "\n\n*GitHub takes no more than this. The rest is in the log on the host.*";

/// A piece of a comment.
enum Part {
    /// Markdown, line by line.
    Prose(String),
    /// What is shown as it is.
    Code(String),
}

/// A message as a comment on GitHub, with a `marker` at its end that nobody sees. `mentions`: whether it may mention people.
pub fn comment(message: &Message, mentions: bool, marker: &str) -> String {
    let parts = match message {
        Message::Post(post) => of_post(post, mentions),
        Message::File(file) => of_file(file, mentions),
    };
    let marker = format!("\n\n{marker}");
    let room = limits::GITHUB_COMMENT - marker.chars().count() - CUT.chars().count();
    let mut body = String::new();
    let mut left = room;
    for part in parts {
        if !body.is_empty() {
            body.push('\n');
            left = left.saturating_sub(1);
        }
        let (shown, whole) = part.within(left);
        left = left.saturating_sub(shown.chars().count());
        body.push_str(&shown);
        if !whole {
            body.push_str(CUT);
            break;
        }
    }
    body + &marker
}

impl Part {
    /// As much of it as has room, and whether that is all.
    fn within(&self, room: usize) -> (String, bool) {
        match self {
            Self::Prose(text) => {
                if text.chars().count() <= room {
                    return (text.clone(), true);
                }
                let mut left = room;
                let fits = |line: &&str| {
                    let length = line.chars().count() + 1;
                    left = left.saturating_sub(length);
                    left > 0
                };
                let lines: Vec<&str> = text.split('\n').take_while(fits).collect();
                (lines.join("\n"), false)
            }
            Self::Code(text) => {
                let (text, fence) = fenced(text);
                let room = room.saturating_sub(2 * fence.len() + 2);
                let end = text.char_indices().nth(room).map_or(text.len(), |(end, _)| end);
                (format!("{fence}\n{}\n{fence}", &text[..end]), end == text.len())
            }
        }
    }
}

/// The longest fence. What holds more backticks in a row gets spaces without width between them.
const LONGEST_FENCE: usize = 20;

/// A text, and a fence of more backticks than stand anywhere in a row in it.
fn fenced(text: &str) -> (Cow<'_, str>, String) {
    let longest = |text: &str| text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let text = match longest(text) < LONGEST_FENCE {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.replace("```", &format!("``{ZERO_WIDTH_SPACE}`"))),
    };
    let fence = "`".repeat((longest(&text) + 1).max(3));
    (text, fence)
}

fn of_post(post: &Post, mentions: bool) -> Vec<Part> {
    if post.blocks.is_empty() || is_text_with_buttons(post) {
        return of_mrkdwn(&post.text, mentions);
    }
    let laid_out = terminal::render(&Message::Post(post.clone()), WIDTH, false);
    vec![Part::Code(laid_out)]
}

/// Nobody presses a button on GitHub; the text says it all.
fn is_text_with_buttons(post: &Post) -> bool {
    match post.blocks.as_slice() {
        [section, actions] => section["text"]["text"] == post.text.as_str() && actions["type"] == "actions",
        _ => false,
    }
}

fn of_file(file: &File, mentions: bool) -> Vec<Part> {
    let comment = file.comment.as_deref().unwrap_or(&file.name);
    let mut parts = of_mrkdwn(comment, mentions);
    parts.push(match file.content.contains(&0) {
        true => Part::Prose("*(The file is not text.)*".to_owned()),
        false => Part::Code(readable(&file.content).trim_end().to_owned()),
    });
    parts
}

fn of_mrkdwn(text: &str, mentions: bool) -> Vec<Part> {
    let text = clean(text);
    let mut parts = Vec::new();
    let prose = |text: &str, parts: &mut Vec<Part>| {
        let text = text.trim_matches('\n');
        if !text.trim().is_empty() {
            let lines: Vec<String> = text.split('\n').map(|line| of_line(line, mentions)).collect();
            parts.push(Part::Prose(lines.join("\n")));
        }
    };
    let mut rest = text.as_str();
    while let Some((before, inside, after)) = next_fence(rest) {
        prose(before, &mut parts);
        let inside = unescape(inside.trim_matches('\n')).replace(ZERO_WIDTH_SPACE, "");
        parts.push(Part::Code(inside));
        rest = after;
    }
    prose(rest, &mut parts);
    parts
}

/// One line: nothing that it begins ends in another one.
fn of_line(line: &str, mentions: bool) -> String {
    let text = line.trim_start_matches([' ', '\t']);
    // Four plain spaces would make code of it.
    let indent = line[..line.len() - text.len()]
        .replace('\t', "    ")
        .replace(' ', "\u{a0}");
    let mut writer = Writer {
        said: String::with_capacity(text.len()),
        mentions,
    };
    let mut ends: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let rest = &text[at..];
        let before = text[..at].chars().next_back();
        if let Some(index) = ends.iter().position(|(end, _)| *end == at) {
            writer.said.push_str(ends.swap_remove(index).1);
            at += 1;
        } else if let Some(length) = writer.token(rest) {
            at += length;
        } else if let Some((code, length)) = inline_code(rest) {
            writer.code(code);
            at += length;
        } else if let Some(length) = writer.address(before, rest) {
            at += length;
        } else if let Some((mark, end)) = emphasis(text, at) {
            writer.said.push_str(mark);
            ends.push((end, mark));
            at += 1;
        } else if let Some((plain, length)) = entity(rest) {
            writer.plain(before, plain, &rest[length..]);
            at += length;
        } else {
            let length = character.len_utf8();
            writer.plain(before, character, &rest[length..]);
            at += length;
        }
    }
    // A link or code may have held the end: it ends with the line, the innermost first.
    ends.sort_by_key(|(end, _)| *end);
    writer.said.extend(ends.iter().map(|(_, mark)| *mark));
    indent + &no_block(writer.said)
}

fn emphasis(line: &str, at: usize) -> Option<(&'static str, usize)> {
    let mark = match line[at..].chars().next()? {
        '*' => "**",
        '_' => "*",
        '~' => "~~",
        _ => return None,
    };
    Some((mark, end_of_emphasis(line, at)?))
}

/// Keeps a line from being an item of a list, a rule, or what makes a heading of the line above.
fn no_block(line: String) -> String {
    if line.starts_with(['-', '+', '=']) {
        return format!("\\{line}");
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match digits > 0 && line[digits..].starts_with(['.', ')']) {
        true => format!("{}\\{}", &line[..digits], &line[digits..]),
        false => line,
    }
}

/// Writes one line of Markdown.
struct Writer {
    said: String,
    mentions: bool,
}

impl Writer {
    /// A character that stands for itself.
    fn plain(&mut self, before: Option<char>, character: char, after: &str) {
        match character {
            '&' => self.said.push_str("&amp;"),
            '<' => self.said.push_str("&lt;"),
            '>' => self.said.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                self.said.push('\\');
                self.said.push(character);
            }
            _ => self.said.push(character),
        }
        let refers = match character {
            // Only after an ASCII letter or digit GitHub sees no mention.
            '@' => !before.is_some_and(|c| c.is_ascii_alphanumeric()),
            '#' => after.starts_with(|c: char| c.is_ascii_digit()),
            // `GH-12` is another way to write `#12`.
            '-' => {
                before.is_some_and(|c| c.eq_ignore_ascii_case(&'h')) && after.starts_with(|c: char| c.is_ascii_digit())
            }
            _ => false,
        };
        if refers && !self.mentions {
            self.said.push(ZERO_WIDTH_SPACE);
        }
    }

    fn text(&mut self, text: &str) {
        let mut before = None;
        for (at, character) in text.char_indices() {
            self.plain(before, character, &text[at + character.len_utf8()..]);
            before = Some(character);
        }
    }

    /// Code has no backtick in it: it was read between two.
    fn code(&mut self, code: &str) {
        let code = unescape(code).replace(ZERO_WIDTH_SPACE, "");
        self.said.push('`');
        self.said.push_str(&code);
        self.said.push('`');
    }

    /// `<…>`: a link, or a name of Slack's that means nothing here. Returns its length.
    fn token(&mut self, text: &str) -> Option<usize> {
        let inside = text.strip_prefix('<')?;
        let end = inside.find(['>', '<']).filter(|&end| inside[end..].starts_with('>'))?;
        let (target, label) = inside[..end].split_once('|').unwrap_or((&inside[..end], ""));
        let (target, label) = (unescape(target), unescape(label));
        let named = |sign: &str, id: &str| match label.as_str() {
            "" => format!("{sign}{ZERO_WIDTH_SPACE}{id}"),
            label => format!("{sign}{ZERO_WIDTH_SPACE}{}", label.trim_start_matches(sign)),
        };
        match target.chars().next()? {
            '@' => self.text(&named("@", &target[1..])),
            '#' => self.text(&named("#", &target[1..])),
            '!' if target.starts_with("!date^") => self.text(&label),
            '!' => self.text(&named("@", target[1..].rsplit('^').next().unwrap_or_default())),
            _ if is_address(&target) => self.link(&target, &label),
            _ => return None,
        }
        Some(end + 2)
    }

    fn link(&mut self, address: &str, label: &str) {
        if label.is_empty() || label == address {
            return self.autolink(address);
        }
        self.said.push('[');
        self.text(label);
        self.said.push_str("](<");
        self.said.push_str(&in_angles(address));
        self.said.push_str(">)");
    }

    fn autolink(&mut self, address: &str) {
        self.said.push('<');
        self.said.push_str(&in_angles(address));
        self.said.push('>');
    }

    /// An address as it stands in a text. Escapes would become part of it. Returns its length.
    fn address(&mut self, before: Option<char>, text: &str) -> Option<usize> {
        if before.is_some_and(char::is_alphanumeric) || !(text.starts_with("http://") || text.starts_with("https://")) {
            return None;
        }
        let end = text
            .find(|c: char| c.is_whitespace() || "<>\"`|".contains(c))
            .unwrap_or(text.len());
        let address = text[..end].trim_end_matches(|c: char| ".,;:!?)]}'*_~".contains(c));
        // Nothing behind the scheme.
        if address.ends_with('/') && address.len() <= "https://".len() {
            return None;
        }
        self.autolink(&unescape(address));
        Some(address.len())
    }
}

fn is_address(target: &str) -> bool {
    ["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme))
}

/// An address between `<` and `>`, where a few characters would end it or mean something.
fn in_angles(address: &str) -> String {
    let mut safe = String::with_capacity(address.len());
    for character in address.chars() {
        match character {
            '<' => safe.push_str("%3C"),
            '>' => safe.push_str("%3E"),
            '\\' => safe.push_str("%5C"),
            '&' => safe.push_str("&amp;"),
            c if c.is_whitespace() || c.is_control() => safe.push_str("%20"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const MARKER: &str = "<!-- innkeeper:1 -->";

    fn post(text: &str) -> Message {
        Message::Post(Post::text(text))
    }

    /// A text as a comment, without the marker, and with what has no width made visible.
    fn shown(text: &str) -> String {
        let comment = comment(&post(text), false, MARKER);
        comment
            .strip_suffix("\n\n<!-- innkeeper:1 -->")
            .unwrap()
            .replace(ZERO_WIDTH_SPACE, "·")
    }

    #[test]
    fn mrkdwn_becomes_markdown() {
        insta::assert_snapshot!(
            shown("`shop_deploy` *succeeded* in _3 s_, not ~5~: see <https://example.com/a_b?c=1&amp;d|the *log*> & <https://x.example>"),
            @r"`shop_deploy` **succeeded** in *3 s*, not ~~5~~: see [the \*log\*](<https://example.com/a_b?c=1&amp;d>) &amp; <https://x.example>"
        );
        insta::assert_snapshot!(shown("stderr:\n```\n&lt;b&gt; *not bold* ``\n```\nThe end"), @r"
        stderr:
        ```
        <b> *not bold* ``
        ```
        The end
        ");
    }

    #[test]
    fn nobody_is_mentioned_and_nothing_referred_to_without_a_grant() {
        let text =
            "@octocat *a*@octo/team bob@example.com fixes #12, octo/shop#3, GH-4 <@U1|eve> <!channel> `@octocat`";
        insta::assert_snapshot!(
            shown(text),
            @r"@·octocat **a**@·octo/team bob@example.com fixes \#·12, octo/shop\#·3, GH-·4 @··eve @··channel `@octocat`"
        );
        let granted = comment(&post("@octocat sees #12"), true, MARKER);
        assert!(granted.starts_with("@octocat sees \\#12"), "{granted}");
    }

    #[test]
    fn what_means_something_in_markdown_alone_is_text() {
        let text = "# no heading\n- no item\n1. nor this\n=====\n    no code\n| no | table |\n![x](y) [x](y) <img src=x> <b>bold</b> \\ $x$\n> no quote";
        insta::assert_snapshot!(shown(text), @r"
        \# no heading
        \- no item
        1\. nor this
        \=====
            no code
        \| no \| table \|
        \!\[x\](y) \[x\](y) &lt;img src=x&gt; &lt;b&gt;bold&lt;/b&gt; \\ \$x\$
        &gt; no quote
        ");
    }

    #[test]
    fn addresses_are_links_and_nothing_else_is() {
        insta::assert_snapshot!(
            shown("https://example.com/a_b*c?d=1&amp;e, (http://x.example/f). <javascript:alert(1)|x> https:// nohttps://x"),
            @r"<https://example.com/a_b*c?d=1&amp;e>, (<http://x.example/f>). &lt;javascript:alert(1)\|x&gt; https:// nohttps://x"
        );
    }

    #[test]
    fn blocks_are_laid_out_and_buttons_left_out() {
        let buttons = super::super::with_buttons("It *waits*.".to_owned(), &[super::super::Button::say("x")]);
        assert!(comment(&Message::Post(buttons), false, MARKER).starts_with("It **waits**.\n"));
        let blocks = Post {
            text: "A notification".into(),
            blocks: vec![
                json!({"type": "header", "text": {"type": "plain_text", "text": "Rota ``` @octocat"}}),
                json!({"type": "section", "text": {"type": "mrkdwn", "text": "*Bob*"}}),
            ],
            unfurl: false,
        };
        insta::assert_snapshot!(comment(&Message::Post(blocks), false, MARKER), @r"
        ````
        Rota ``` @octocat
        *Bob*
        ````

        <!-- innkeeper:1 -->
        ");
    }

    #[test]
    fn a_comment_is_never_longer_than_github_takes_and_its_code_ends() {
        let file = |content: &[u8]| {
            Message::File(File {
                name: "report.txt".into(),
                comment: Some("The report".into()),
                content: content.to_vec(),
            })
        };
        for message in [
            post(&"é< ".repeat(40_000)),
            post(&"*bold* & <https://x.example|x>\n".repeat(5_000)),
            post(&format!("```\n{}\n```\nlost", "é".repeat(70_000))),
            file(&[b'`'; 100_000]),
            file("é\n".repeat(100_000).as_bytes()),
        ] {
            let comment = comment(&message, false, MARKER);
            assert!(comment.chars().count() <= limits::GITHUB_COMMENT, "{}", comment.len());
            assert!(comment.ends_with(&format!("{CUT}\n\n{MARKER}")), "{:.200}", comment);
            let fences = comment.lines().filter(|line| line.starts_with("```")).count();
            assert!(fences.is_multiple_of(2), "{fences}");
        }
        assert!(comment(&file(b"a\0b"), false, MARKER).contains("not text"));
    }

    proptest! {
        #[test]
        fn nothing_is_html_and_nobody_is_mentioned(
            text in r"([<>!@&|^;#*_~`\\ \n=+.)(\[\]-]|http://|https://x|script|img|lt;|amp;|U1|[a-c12é]){0,40}"
        ) {
            let comment = comment(&post(&text), false, MARKER);
            let body = comment.strip_suffix(MARKER).unwrap();
            let in_prose = !body.contains('`');
            for (at, _) in body.match_indices('<').filter(|_| in_prose) {
                let rest = &body[at..];
                prop_assert!(rest.starts_with("<http") || body[..at].ends_with("]("), "{}", body);
            }
            for (at, _) in body.match_indices('@').filter(|_| in_prose && !body.contains("http")) {
                let before = body[..at].chars().next_back();
                let after = body[at + 1..].chars().next();
                let in_word = before.is_some_and(|c| c.is_ascii_alphanumeric());
                prop_assert!(in_word || after == Some(ZERO_WIDTH_SPACE), "{}", body);
            }
        }
    }
}
