//! The pattern of a command: `say hello to [name]`.
//!
//! # Grammar
//!
//! ```text
//! pattern   = item (white space item)*         at most 64 items; what is typed must match as a whole
//! item      = word | parameter                 a parameter stands alone: `#[n]` is refused
//! word      = characters but white space, [ ]  matched as it is, case-sensitively, never as a regular expression
//! parameter = "[" name "]"                     takes one word or more, or one text in quotes
//! name      = [a-zA-Z_][a-zA-Z0-9_]*           each once in a pattern
//! ```
//!
//! Parameters may follow each other: `[a] [b]` gives one word to `a` and the rest to `b`, because each parameter takes
//! as few words as it can, from left to right. So `say [a] to [b]` on `x to y to z` has `a` = `x` and `b` = `y to z`;
//! who wants it the other way quotes: `say "x to y" to z`.
//!
//! These kinds are kept free for later and refused today:
//!
//! | written | kind | matches |
//! | --- | --- | --- |
//! | `[name?]` | optional | what `[name]` matches, or nothing |
//! | `[name:staging\|production]` | choices | one of these words |
//! | `[name=/regex/]` | a pattern | one word, or quoted text, that the expression matches as a whole |
//! | `["name"]` | quoted | one text in quotes |
//!
//! What is more specific than what is said in `specificity.rs`, for these as well.

use std::fmt;
use std::ops::Range;

use super::words::opens_a_quotation;

/// The most words and parameters that a pattern may have.
const MAX_ITEMS: usize = 64;

/// Words and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    pub(super) items: Vec<Item>,
}

/// A piece of a pattern between white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A word that is matched as it is.
    Word(String),
    /// A parameter, by its name.
    Parameter(String),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the pattern.
    pub span: Range<usize>,
    /// What to do about it.
    pub help: Option<String>,
}

impl PatternError {
    fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            help: Some(help.into()),
        }
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The first thing that is not of the grammar above, with its place and what to do.
    pub fn parse(written: &str) -> Result<Self, PatternError> {
        let mut items = Vec::new();
        let mut last = 0..0;
        let mut at = 0;
        while let Some(start) = written[at..].find(|c: char| !c.is_whitespace()) {
            let start = at + start;
            let (item, end) = match written[start..].strip_prefix('[') {
                Some(_) => parameter(written, start)?,
                None => word(written, start)?,
            };
            if let Item::Parameter(name) = &item
                && items.contains(&item)
            {
                let message = format!("the parameter `{name}` is there twice");
                let help = "give each parameter a name of its own";
                return Err(PatternError::new(start..end, message, help));
            }
            items.push(item);
            last = start..end;
            at = end;
        }
        check_whole(written, &items, last)?;
        Ok(Self {
            written: written.to_owned(),
            items,
        })
    }

    /// The names of its parameters, in their order.
    pub fn parameters(&self) -> Vec<&str> {
        let name = |item| match item {
            &Item::Word(_) => None,
            Item::Parameter(name) => Some(name.as_str()),
        };
        self.items.iter().filter_map(name).collect()
    }
}

impl fmt::Display for Pattern {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// What is wrong with a pattern as a whole. `last` is the place of its last item.
fn check_whole(written: &str, items: &[Item], last: Range<usize>) -> Result<(), PatternError> {
    match items {
        [] => Err(PatternError::new(
            0..written.len(),
            "a command needs at least one word",
            "write what people type after the namespace's name, for example `say hello to [name]`",
        )),
        [Item::Word(word)] if word == "help" => Err(PatternError::new(
            last,
            "`help` is built in: it lists the commands of the namespace",
            "call this command something else",
        )),
        [.., Item::Word(word)] if word.ends_with('.') => Err(PatternError::new(
            last.end - 1..last.end,
            "a command cannot end with a full stop: the one that people type at the end of a sentence is dropped",
            "leave the full stop out; the command is understood with and without it",
        )),
        _ if items.len() > MAX_ITEMS => Err(PatternError::new(
            0..written.len(),
            format!(
                "the command has {} words and parameters; at most {MAX_ITEMS} are taken",
                items.len()
            ),
            "make it shorter",
        )),
        _ => Ok(()),
    }
}

/// The word that begins at `start`, and where it ends.
fn word(written: &str, start: usize) -> Result<(Item, usize), PatternError> {
    let rest = &written[start..];
    let end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
    let word = &written[start..end];
    if let Some(at) = word.find(['[', ']']) {
        return Err(stray_bracket(written, start, end, start + at));
    }
    if let Some((at, control)) = word.char_indices().find(|(_, c)| c.is_control()) {
        return Err(PatternError::new(
            start + at..start + at + control.len_utf8(),
            format!("the command holds the control character U+{:04X}", u32::from(control)),
            "delete it; nobody can type it",
        ));
    }
    if word.chars().next().is_some_and(opens_a_quotation) {
        return Err(PatternError::new(
            start..end,
            "a word of a command cannot begin with a quotation mark: quotation marks group the words of an argument",
            "leave the quotation marks out",
        ));
    }
    Ok((Item::Word(word.to_owned()), end))
}

/// The error for a bracket at `at`, inside the word from `start` to `end`.
fn stray_bracket(written: &str, start: usize, end: usize, at: usize) -> PatternError {
    if written[at..].starts_with(']') {
        let help = "a parameter is written `[name]`; brackets have no other use in a command";
        return PatternError::new(at..at + 1, "this `]` closes nothing", help);
    }
    let end = written[at..].find(']').map_or(end, |close| end.max(at + close + 1));
    PatternError::new(
        start..end,
        "a parameter inside a word is not available in this version",
        "put white space around the parameter: `issue [n]`, not `issue-[n]`",
    )
}

/// The parameter whose bracket opens at `start`, and where it ends.
fn parameter(written: &str, start: usize) -> Result<(Item, usize), PatternError> {
    let inner = &written[start + 1..];
    let Some(length) = inner.find(['[', ']']).filter(|&at| inner[at..].starts_with(']')) else {
        let help = "close it: `[name]`";
        return Err(PatternError::new(start..start + 1, "this `[` is never closed", help));
    };
    let (name, end) = (&inner[..length], start + length + 2);
    if written[end..].chars().next().is_some_and(|c| !c.is_whitespace()) {
        let rest = &written[end..];
        let word_end = end + rest.find(char::is_whitespace).unwrap_or(rest.len());
        return Err(PatternError::new(
            start..word_end,
            "a parameter inside a word is not available in this version",
            format!("put white space after `[{name}]`"),
        ));
    }
    match is_identifier(name) {
        true => Ok((Item::Parameter(name.to_owned()), end)),
        false => Err(bad_name(name, start..end)),
    }
}

/// The error for a parameter whose name is none: perhaps it is of a kind that comes later.
fn bad_name(name: &str, span: Range<usize>) -> PatternError {
    let trimmed = name.trim();
    let kind_help = match trimmed.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ' ')) {
        Some(at) if trimmed[at..].starts_with('?') => Some((
            "optional parameters are",
            "write two commands, one with it and one without",
        )),
        Some(at) if trimmed[at..].starts_with([':', '|']) => Some((
            "parameters with choices are",
            "write a command for each choice, or let the job check it",
        )),
        Some(at) if trimmed[at..].starts_with(['=', '~']) => Some((
            "parameters with a pattern are",
            "write `[name]` and let the job check it",
        )),
        Some(0) if trimmed.starts_with(opens_a_quotation) => Some((
            "parameters that must be quoted are",
            "write `[name]`: people may quote what they type for it",
        )),
        _ => None,
    };
    match kind_help {
        Some((kind, help)) => PatternError::new(span, format!("{kind} not available in this version"), help),
        None if trimmed.is_empty() => PatternError::new(span, "a parameter needs a name", "write `[name]`"),
        None => PatternError::new(
            span,
            format!("`{name}` is not a name for a parameter"),
            "a name has letters a to z, digits and `_`, and does not begin with a digit",
        ),
    }
}

/// Whether `name` can name a parameter: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;

    use super::*;

    fn refused(written: &str) -> String {
        let error = Pattern::parse(written).unwrap_err();
        format!(
            "{:?}: {}; {}",
            &written[error.span.clone()],
            error.message,
            error.help.unwrap()
        )
    }

    #[test]
    fn words_and_parameters() {
        let pattern = Pattern::parse("copy  [from] to\u{a0}[_to2]").unwrap();
        assert_eq!(pattern.parameters(), ["from", "_to2"]);
        assert_eq!(pattern.to_string(), "copy  [from] to\u{a0}[_to2]");
        assert_eq!(Pattern::parse("show all").unwrap().parameters(), Vec::<&str>::new());
        assert_eq!(Pattern::parse("[a] [b]").unwrap().parameters(), ["a", "b"]);
        assert!(Pattern::parse("a.b* (c|d) what's ^$").is_ok());
    }

    #[test]
    fn what_is_refused() {
        insta::assert_snapshot!(
            [
                "", "  ", "help", "stop now.", "say [name", "say [na[me]", "say name]", "say [name][other]", "#[n] x", "x-[n]",
                "[n]. x", "[a] to [a]", "[]", "[1st]", "[first name]", "[name?]", "[env:staging|production]", "[env: a | b]",
                "[n=/\\d+/]", "[n~x]", "[\"text\"]", "say \"hi\"", "say ‘hi’", "be\u{7}ll",
            ]
            .map(|written| format!("{written:?} -> {}", refused(written)))
            .join("\n"),
            @r##"
"" -> "": a command needs at least one word; write what people type after the namespace's name, for example `say hello to [name]`
"  " -> "  ": a command needs at least one word; write what people type after the namespace's name, for example `say hello to [name]`
"help" -> "help": `help` is built in: it lists the commands of the namespace; call this command something else
"stop now." -> ".": a command cannot end with a full stop: the one that people type at the end of a sentence is dropped; leave the full stop out; the command is understood with and without it
"say [name" -> "[": this `[` is never closed; close it: `[name]`
"say [na[me]" -> "[": this `[` is never closed; close it: `[name]`
"say name]" -> "]": this `]` closes nothing; a parameter is written `[name]`; brackets have no other use in a command
"say [name][other]" -> "[name][other]": a parameter inside a word is not available in this version; put white space after `[name]`
"#[n] x" -> "#[n]": a parameter inside a word is not available in this version; put white space around the parameter: `issue [n]`, not `issue-[n]`
"x-[n]" -> "x-[n]": a parameter inside a word is not available in this version; put white space around the parameter: `issue [n]`, not `issue-[n]`
"[n]. x" -> "[n].": a parameter inside a word is not available in this version; put white space after `[n]`
"[a] to [a]" -> "[a]": the parameter `a` is there twice; give each parameter a name of its own
"[]" -> "[]": a parameter needs a name; write `[name]`
"[1st]" -> "[1st]": `1st` is not a name for a parameter; a name has letters a to z, digits and `_`, and does not begin with a digit
"[first name]" -> "[first name]": `first name` is not a name for a parameter; a name has letters a to z, digits and `_`, and does not begin with a digit
"[name?]" -> "[name?]": optional parameters are not available in this version; write two commands, one with it and one without
"[env:staging|production]" -> "[env:staging|production]": parameters with choices are not available in this version; write a command for each choice, or let the job check it
"[env: a | b]" -> "[env: a | b]": parameters with choices are not available in this version; write a command for each choice, or let the job check it
"[n=/\\d+/]" -> "[n=/\\d+/]": parameters with a pattern are not available in this version; write `[name]` and let the job check it
"[n~x]" -> "[n~x]": parameters with a pattern are not available in this version; write `[name]` and let the job check it
"[\"text\"]" -> "[\"text\"]": parameters that must be quoted are not available in this version; write `[name]`: people may quote what they type for it
"say \"hi\"" -> "\"hi\"": a word of a command cannot begin with a quotation mark: quotation marks group the words of an argument; leave the quotation marks out
"say ‘hi’" -> "‘hi’": a word of a command cannot begin with a quotation mark: quotation marks group the words of an argument; leave the quotation marks out
"be\u{7}ll" -> "\u{7}": the command holds the control character U+0007; delete it; nobody can type it
"##
        );
        assert!(Pattern::parse(&"a ".repeat(64)).is_ok());
        assert!(refused(&"a ".repeat(65)).contains("has 65 words"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_an_error_inside_it(written in "[\\[\\]a\"?:. é\n\u{7}]{0,20}") {
            match Pattern::parse(&written) {
                Ok(pattern) => prop_assert_eq!(pattern.to_string(), written),
                Err(error) => prop_assert!(written.get(error.span).is_some()),
            }
        }
    }
}
