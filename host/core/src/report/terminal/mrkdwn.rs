//! mrkdwn written out.

use super::super::clean::clean;
use super::super::text::ZERO_WIDTH_SPACE;
use super::layout::indent;
use super::{BOLD, CODE, ITALIC, Ink, Paper, STRIKE};

/// mrkdwn as a terminal shows it.
pub(super) fn render(text: &str, paper: Paper) -> String {
    let text = clean(text);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, inside, after)) = next_fence(rest) {
        shown.push_str(&render_lines(before, paper));
        if !shown.is_empty() && !shown.ends_with('\n') {
            shown.push('\n');
        }
        shown.push_str(&indent(&unescape(inside.trim_matches('\n')), 4));
        if !after.starts_with('\n') && !after.is_empty() {
            shown.push('\n');
        }
        rest = after;
    }
    shown.push_str(&render_lines(rest, paper));
    shown.replace(ZERO_WIDTH_SPACE, "")
}

/// What is before, in and after the next code block.
pub(in crate::report) fn next_fence(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("```")?;
    let (inside, after) = rest.split_once("```")?;
    Some((before, inside, after))
}

fn render_lines(text: &str, paper: Paper) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| render_line(line, paper)).collect();
    lines.join("\n")
}

/// The three characters that mrkdwn escapes, as they are meant.
pub(in crate::report) fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn render_line(line: &str, paper: Paper) -> String {
    let mut shown = String::with_capacity(line.len());
    // Where styles that were begun end, and what ends them.
    let mut ends: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some(character) = line[at..].chars().next() {
        let rest = &line[at..];
        if let Some(index) = ends.iter().position(|(end, _)| *end == at) {
            shown.push_str(ends.swap_remove(index).1);
            at += 1;
        } else if let Some((token, length)) = token(rest) {
            shown.push_str(&token);
            at += length;
        } else if let Some((code, length)) = inline_code(rest) {
            shown.push_str(&render_code(code, paper));
            at += length;
        } else if let Some((Ink(on, off), end)) = paper.colour.then(|| emphasis(line, at)).flatten() {
            shown.push_str(on);
            ends.push((end, off));
            at += 1;
        } else if let Some((plain, length)) = entity(rest) {
            shown.push(plain);
            at += length;
        } else {
            shown.push(character);
            at += character.len_utf8();
        }
    }
    // A link or code may have held the end of a style: it ends with the line.
    shown.extend(ends.iter().map(|(_, off)| *off));
    shown
}

pub(in crate::report) fn entity(text: &str) -> Option<(char, usize)> {
    [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&')]
        .into_iter()
        .find(|(written, _)| text.starts_with(written))
        .map(|(written, plain)| (plain, written.len()))
}

/// `` `code` ``, with the length of all of it.
pub(in crate::report) fn inline_code(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix('`')?;
    let end = inside.find('`').filter(|&end| end > 0)?;
    Some((&inside[..end], end + 2))
}

fn render_code(code: &str, paper: Paper) -> String {
    let code = unescape(code);
    if paper.colour {
        paper.ink(CODE, &code)
    } else {
        format!("`{code}`")
    }
}

/// The ink of a marker at byte `at`, and where its counterpart is.
fn emphasis(line: &str, at: usize) -> Option<(Ink, usize)> {
    let ink = match line[at..].chars().next()? {
        '*' => BOLD,
        '_' => ITALIC,
        '~' => STRIKE,
        _ => return None,
    };
    Some((ink, end_of_emphasis(line, at)?))
}

/// Where the counterpart is of the marker at byte `at`. As Slack does, it wants no space inside and no word outside, so that
/// `2 * 3 * 4` and `a_b_c` stay what they are.
pub(in crate::report) fn end_of_emphasis(line: &str, at: usize) -> Option<usize> {
    let marker = line[at..].chars().next().filter(|marker| "*_~".contains(*marker))?;
    let in_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == marker);
    let inside = &line[at + 1..];
    if in_word(line[..at].chars().next_back()) || inside.starts_with(|c: char| c.is_whitespace() || c == marker) {
        return None;
    }
    let (end, _) = inside.match_indices(marker).find(|(end, _)| {
        let before = inside[..*end].chars().next_back();
        before.is_some_and(|c| !c.is_whitespace() && c != marker) && !in_word(inside[end + 1..].chars().next())
    })?;
    Some(at + 1 + end)
}

/// `<…>` written out, with the length of all of it.
fn token(text: &str) -> Option<(String, usize)> {
    let inside = text.strip_prefix('<')?;
    let end = inside.find(['>', '<']).filter(|&end| inside[end..].starts_with('>'))?;
    let (target, label) = match inside[..end].split_once('|') {
        Some((target, label)) => (target, Some(unescape(label)).filter(|label| !label.is_empty())),
        None => (&inside[..end], None),
    };
    let named = |sign: &str, id: &str| {
        let name = label.as_deref().unwrap_or(id);
        format!("{sign}{}", name.trim_start_matches(sign))
    };
    let shown = match target.chars().next()? {
        '@' => named("@", &target[1..]),
        '#' => named("#", &target[1..]),
        '!' => match target[1..].split_once('^') {
            Some(("date", rest)) => label.unwrap_or_else(|| rest.to_owned()),
            Some((_, id)) => named("@", id),
            None => named("@", &target[1..]),
        },
        _ => link(&unescape(target), label.as_deref()),
    };
    Some((shown, end + 2))
}

/// A link with its address, which a terminal cannot hide.
pub(super) fn link(url: &str, label: Option<&str>) -> String {
    match label {
        Some(label) if label != url && format!("mailto:{label}") != url => format!("{label} ({url})"),
        Some(label) => label.to_owned(),
        None => url.strip_prefix("mailto:").unwrap_or(url).to_owned(),
    }
}
