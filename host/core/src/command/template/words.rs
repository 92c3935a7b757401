//! The words of a command, and where the command begins that it runs.

use std::collections::BTreeSet;
use std::ops::Range;

use super::programs::{RUNNERS, base_name};
use super::syntax::Node;
use super::variables::{Origin, Values};

/// The most ways to read the options before a command.
const MAX_STARTS: usize = 16;

/// A word of a command.
pub(super) struct Word<'s> {
    /// Without quotation marks and backslashes, and as if every expansion were empty.
    pub literal: String,
    /// As it is written.
    pub written: &'s str,
    /// Its node; for what `xargs` adds, that of the command.
    pub node: Node<'s>,
    /// Whether it holds an argument of the job, and which.
    pub carried: Option<Origin>,
    /// Whether it may be any number of words, because an expansion in it has no quotation marks.
    pub splits: bool,
    /// Whether it is nothing but expansions without quotation marks, which leave no word where they are empty.
    pub may_vanish: bool,
}

impl<'s> Word<'s> {
    /// The word at a node.
    pub(super) fn of(node: Node<'s>, values: &Values<'s>) -> Self {
        Self {
            literal: literal(node),
            written: node.text(),
            node,
            carried: values.carried(node),
            splits: splits(node),
            may_vanish: may_vanish(node),
        }
    }
}

/// The words of a command, its name first.
pub(super) fn words<'s>(command: Node<'s>, values: &Values<'s>) -> Vec<Word<'s>> {
    let is_word = |node: &Node<'_>| {
        !matches!(
            node.kind(),
            "variable_assignment" | "file_redirect" | "herestring_redirect"
        )
    };
    command
        .children()
        .filter(is_word)
        .map(|node| Word::of(node, values))
        .collect()
}

/// Where the command may begin that the words run, past `sudo`, `timeout 5` and the like. More than one place where an
/// option may have the next word or not; none where there are too many to tell.
pub(super) fn starts(words: &[Word<'_>]) -> Option<BTreeSet<usize>> {
    let mut starts = BTreeSet::new();
    // Places to read on from, and how many operands of a runner are still to come there.
    let mut waiting: BTreeSet<(usize, Option<(&'static str, usize)>)> = BTreeSet::from([(0, None)]);
    while let Some((at, runner)) = waiting.pop_first() {
        let Some(word) = words.get(at) else { continue };
        let name = base_name(&word.literal);
        if let Some((runner_name, operands)) = runner {
            let flags = RUNNERS
                .iter()
                .find(|runner| runner.name == runner_name)
                .map_or(&[][..], |it| it.flags);
            let only_names = runner_name == "command" && matches!(word.literal.as_str(), "-v" | "-V");
            if only_names {
                // `command -v x` runs nothing.
                starts.insert(at);
                continue;
            }
            let is_option = word.literal.starts_with('-') || word.literal.starts_with('+');
            if is_option || word.literal.contains('=') {
                waiting.insert((at + 1, runner));
                if is_option && !word.literal.contains('=') && !flags.contains(&word.literal.as_str()) {
                    waiting.insert((at + 2, runner));
                }
                continue;
            }
            if operands > 0 {
                waiting.insert((at + 1, Some((runner_name, operands - 1))));
                continue;
            }
        }
        match RUNNERS.iter().find(|runner| runner.name == name) {
            Some(runner) if word.carried.is_none() => {
                waiting.insert((at + 1, Some((runner.name, runner.operands))));
            }
            _ => {
                starts.insert(at);
                if word.may_vanish {
                    waiting.insert((at + 1, None));
                }
            }
        }
        if starts.len() > MAX_STARTS || waiting.len() > 4 * MAX_STARTS {
            return None;
        }
    }
    Some(starts)
}

fn may_vanish(word: Node<'_>) -> bool {
    match word.kind() {
        "simple_expansion" | "expansion" | "command_substitution" => true,
        "command_name" | "concatenation" => word.children().all(may_vanish),
        _ => false,
    }
}

/// Whether bash may cut the word into several.
fn splits(word: Node<'_>) -> bool {
    match word.kind() {
        "simple_expansion" | "expansion" | "command_substitution" => true,
        "command_name" | "concatenation" => word.children().any(splits),
        "string" => ["$@", "${@", "[@]"].iter().any(|list| word.text().contains(list)),
        _ => false,
    }
}

/// A word as bash sees it where its expansions are empty: `\ev"al"$x` is `eval`.
pub(super) fn literal(word: Node<'_>) -> String {
    match word.kind() {
        "$" | "simple_expansion" | "expansion" | "command_substitution" => String::new(),
        "command_name" | "concatenation" | "string" | "translated_string" => word.children().map(literal).collect(),
        _ => {
            let written = word.text();
            let written = written.strip_prefix("$'").unwrap_or(written);
            written
                .chars()
                .filter(|c| !matches!(c, '\'' | '"' | '\\' | '`'))
                .collect()
        }
    }
}

/// Whether a declaration has an option of one letter.
pub(super) fn has_option(declaration: Node<'_>, letter: char) -> bool {
    declaration
        .children()
        .map(literal)
        .any(|word| word.starts_with('-') && word.contains(letter))
}

/// The variable whose value an expansion gives: not its length, and not the indices of an array.
pub(super) fn expanded(expansion: Node<'_>) -> Option<&str> {
    let written = expansion.text().strip_prefix('$')?;
    let Some(inner) = written.strip_prefix('{') else {
        return Some(written.trim_end_matches("\\\n"));
    };
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    if inner.len() > 1 && inner.starts_with('#') || inner.starts_with('!') && inner.ends_with("[@]") {
        return None;
    }
    let name = inner.strip_prefix('!').unwrap_or(inner);
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name.find(|c| !is_part(c)) {
        Some(0) => name.get(..1),
        Some(end) => name.get(..end),
        None => Some(name),
    }
}

/// What could be names of variables in a text, and where.
pub(super) fn names(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(is_part)?;
        let rest = &text[start..];
        let end = start + rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        at = end;
        Some((start..end, &text[start..end]))
    })
}
