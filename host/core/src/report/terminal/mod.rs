//! A message as a terminal shows it.
//!
//! A terminal is not for a job to drive: every text is cleaned here too, whoever made the message. The only escape
//! sequences that leave are the ones written here, and only with `colour`.

mod blocks;
mod layout;
pub(super) mod mrkdwn;

use super::clean::{clean, readable};
use super::units::bytes;
use crate::message::{File, Message, Post};

/// How much of a file is shown, in bytes.
const FILE_SHOWN: usize = 32 * 1024;

/// How the terminal is written to.
#[derive(Clone, Copy, Debug)]
struct Paper {
    /// Columns.
    width: usize,
    /// Whether it understands ANSI colours and styles.
    colour: bool,
}

/// A way to set text apart: the ANSI codes that begin and end it.
#[derive(Clone, Copy, Debug)]
struct Ink(&'static str, &'static str);

const BOLD: Ink = Ink("\x1b[1m", "\x1b[22m");
const DIM: Ink = Ink("\x1b[2m", "\x1b[22m");
const ITALIC: Ink = Ink("\x1b[3m", "\x1b[23m");
const STRIKE: Ink = Ink("\x1b[9m", "\x1b[29m");
const CODE: Ink = Ink("\x1b[36m", "\x1b[39m");

impl Paper {
    /// `text` in this ink, line by line, where the terminal has colours.
    fn ink(self, Ink(on, off): Ink, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let lines: Vec<String> = text.split('\n').map(|line| format!("{on}{line}{off}")).collect();
        lines.join("\n")
    }
}

/// A message for a terminal of `width` columns, with ANSI styles where `colour` says so. It ends without a newline.
///
/// mrkdwn is written out: links as `label (url)`, mentions as `@name`, fences indented. Blocks are laid out. A file is
/// shown with its beginning.
pub fn render(content: &Message, width: usize, colour: bool) -> String {
    let paper = Paper {
        width: width.clamp(20, 240),
        colour,
    };
    let shown = match content {
        Message::Post(post) => render_post(post, paper),
        Message::File(file) => render_file(file, paper),
    };
    shown.trim_end().to_owned()
}

fn render_post(post: &Post, paper: Paper) -> String {
    if post.blocks.is_empty() {
        mrkdwn::render(&post.text, paper)
    } else {
        blocks::render(&post.blocks, paper)
    }
}

fn render_file(file: &File, paper: Paper) -> String {
    let mut shown = String::new();
    if let Some(comment) = &file.comment {
        shown.push_str(&mrkdwn::render(comment, paper));
        shown.push('\n');
    }
    let title = format!("{} ({})", one_line(&file.name), bytes(file.content.len() as u64));
    shown.push_str(&paper.ink(BOLD, &title));
    shown.push('\n');
    if file.content.contains(&0) {
        shown.push_str(&paper.ink(DIM, "(not text)"));
        return shown;
    }
    let end = file.content.len().min(FILE_SHOWN);
    // A character may be cut in two there; what is left of it says nothing.
    shown.push_str(readable(&file.content[..end]).trim_end_matches(|c: char| c == '\u{fffd}' && end == FILE_SHOWN));
    if end < file.content.len() {
        let rest = format!("\n(and {} more)", bytes((file.content.len() - end) as u64));
        shown.push_str(&paper.ink(DIM, &rest));
    }
    shown
}

/// Cleaned, and on one line.
fn one_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests;
