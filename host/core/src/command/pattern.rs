//! The pattern of a command: `say hello to [name]`.
//!
//! # Grammar
//!
//! ```text
//! pattern   = item (white space item)*         at most 64 items; what is typed must match as a whole
//! item      = word | parameter                 a parameter stands alone: `#[n]` is refused
//! word      = characters but white space, [ ]  matched as it is, case-sensitively, never as a regular expression
//! parameter = "[" name "?"? kind? "]"          with "?" it may be left out: its value is empty then
//! kind      = ":" choice ("|" choice)*         one of these words, quoted or not
//!           | "=/" expression "/"              one word, or quoted text, that the expression matches as a whole
//! name      = [a-zA-Z_][a-zA-Z0-9_]*           each once in a pattern
//! ```
//!
//! A parameter without a kind takes one word or more, or one text in quotes. Parameters may follow each other: `[a] [b]`
//! gives one word to `a` and the rest to `b`, because each parameter takes as few words as it can, from left to right. So
//! `say [a] to [b]` on `x to y to z` has `a` = `x` and `b` = `y to z`; who wants it the other way quotes:
//! `say "x to y" to z`. A parameter that may be left out is left out only where the text matches in no other way.
//!
//! An expression is one of the `regex` crate: it takes time that is linear in the text. It ends at the last `/]` of its
//! item, so it may hold brackets; white space in it is written `\s`.
//!
//! Kept free for later and refused today: `["name"]`, one text in quotes.
//!
//! What is more specific than what is said in `specificity.rs`.

use std::fmt;
use std::ops::Range;

use super::expression::Expression;
use super::words::{Word, opens_a_quotation, same_word};

/// The most words and parameters that a pattern may have.
const MAX_ITEMS: usize = 64;
/// The most choices that a parameter may have.
const MAX_CHOICES: usize = 64;

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
    /// A parameter.
    Parameter(Parameter),
}

/// A parameter of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// Whether it may be left out.
    pub(super) optional: bool,
    pub(super) kind: Kind,
}

/// What a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One word or more.
    Any,
    /// One of these words.
    Choices(Vec<String>),
    /// One word that an expression matches.
    Expression(Expression),
}

impl Item {
    /// Whether a text may lack it.
    pub(super) const fn is_optional(&self) -> bool {
        matches!(self, Self::Parameter(Parameter { optional: true, .. }))
    }

    /// Whether it may take more than one word.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Parameter(Parameter { kind: Kind::Any, .. }))
    }

    /// Whether it takes this word.
    pub(super) fn takes(&self, word: &Word<'_>) -> bool {
        match self {
            Self::Word(expected) => word.is(expected),
            Self::Parameter(parameter) => parameter.takes(word),
        }
    }
}

impl Parameter {
    /// Whether it takes this word.
    pub(super) fn takes(&self, word: &Word<'_>) -> bool {
        match &self.kind {
            Kind::Any => true,
            Kind::Choices(_) => self.choice(word).is_some(),
            Kind::Expression(expression) => expression.fits(word.said()),
        }
    }

    /// Which of its choices a word is.
    pub(super) fn choice(&self, word: &Word<'_>) -> Option<&str> {
        match &self.kind {
            Kind::Choices(choices) => choices.iter().find(|choice| word.says(choice)).map(String::as_str),
            Kind::Any | Kind::Expression(_) => None,
        }
    }

    /// What it takes, for somebody who typed something else; none where it takes everything.
    pub(super) fn expected(&self) -> Option<String> {
        match &self.kind {
            Kind::Any => None,
            Kind::Choices(choices) => {
                let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
                Some(match choices.split_last() {
                    Some((last, [_, ..])) => format!("{} or {last}", choices[..choices.len() - 1].join(", ")),
                    _ => choices.concat(),
                })
            }
            Kind::Expression(expression) => Some(format!("one word that fits `{}`", expression.written())),
        }
    }
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
    /// How many of its parameters have expressions.
    pub fn expressions(&self) -> usize {
        let has_one =
            |item: &&Item| matches!(item, Item::Parameter(parameter) if matches!(parameter.kind, Kind::Expression(_)));
        self.items.iter().filter(has_one).count()
    }

    /// Reads a pattern.
    ///
    /// # Errors
    /// The first thing that is not of the grammar above, with its place and what to do.
    pub fn parse(written: &str) -> Result<Self, PatternError> {
        let mut items = Vec::new();
        let mut places = Vec::new();
        let mut at = 0;
        while let Some(start) = written[at..].find(|c: char| !c.is_whitespace()) {
            let start = at + start;
            let (item, end) = match written[start..].strip_prefix('[') {
                Some(_) => parameter(written, start)?,
                None => word(written, start)?,
            };
            if let Item::Parameter(Parameter { name, .. }) = &item
                && parameters(&items).any(|other| other.name == *name)
            {
                let message = format!("the parameter `{name}` is there twice");
                let help = "give each parameter a name of its own";
                return Err(PatternError::new(start..end, message, help));
            }
            items.push(item);
            places.push(start..end);
            at = end;
        }
        check_whole(written, &items, &places)?;
        Ok(Self {
            written: written.to_owned(),
            items,
        })
    }

    /// The names of its parameters, in their order.
    pub fn parameters(&self) -> Vec<&str> {
        parameters(&self.items)
            .map(|parameter| parameter.name.as_str())
            .collect()
    }

    /// As help shows it: as it was written, but for expressions, which few people read.
    pub fn shown(&self) -> String {
        let shown = |item: &Item| match item {
            Item::Word(word) => word.clone(),
            Item::Parameter(Parameter { name, optional, kind }) => {
                let optional = if *optional { "?" } else { "" };
                match kind {
                    Kind::Any | Kind::Expression(_) => format!("[{name}{optional}]"),
                    Kind::Choices(choices) => format!("[{name}{optional}:{}]", choices.join("|")),
                }
            }
        };
        self.items.iter().map(shown).collect::<Vec<_>>().join(" ")
    }
}

/// The parameters among `items`, in their order.
pub(super) fn parameters(items: &[Item]) -> impl Iterator<Item = &Parameter> {
    items.iter().filter_map(|item| match item {
        Item::Word(_) => None,
        Item::Parameter(parameter) => Some(parameter),
    })
}

impl fmt::Display for Pattern {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// What is wrong with a pattern as a whole. `places` says where its items are.
fn check_whole(written: &str, items: &[Item], places: &[Range<usize>]) -> Result<(), PatternError> {
    // What a text ends with may be the last item, or one before it where those after it are left out.
    let tail = items.iter().rposition(|item| !item.is_optional());
    let place = |at: usize| places.get(at).cloned().unwrap_or(0..written.len());
    match tail.map(|at| (at, &items[at])) {
        None if items.is_empty() => Err(PatternError::new(
            0..written.len(),
            "a command needs at least one word",
            "write what people type after the namespace's name, for example `say hello to [name]`",
        )),
        None => Err(PatternError::new(
            0..written.len(),
            "everything in this command may be left out, so nobody would know that it is meant",
            "begin it with a word",
        )),
        Some((0, Item::Word(word))) if word == "help" => Err(PatternError::new(
            place(0),
            "`help` is built in: it lists the commands of the namespace",
            "call this command something else",
        )),
        Some((at, Item::Word(word))) if word.ends_with('.') => Err(PatternError::new(
            place(at).end - 1..place(at).end,
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
    if let Some(read) = with_expression(written, start) {
        return read;
    }
    let inner = &written[start + 1..];
    let Some(length) = inner.find(['[', ']']).filter(|&at| inner[at..].starts_with(']')) else {
        let help = "close it: `[name]`";
        return Err(PatternError::new(start..start + 1, "this `[` is never closed", help));
    };
    let (inner, end) = (&inner[..length], start + length + 2);
    if written[end..].chars().next().is_some_and(|c| !c.is_whitespace()) {
        let rest = &written[end..];
        let word_end = end + rest.find(char::is_whitespace).unwrap_or(rest.len());
        return Err(PatternError::new(
            start..word_end,
            "a parameter inside a word is not available in this version",
            format!("put white space after `[{inner}]`"),
        ));
    }
    let (name, choices) = match inner.split_once(':') {
        Some((name, choices)) => (name, Some(choices)),
        None => (inner, None),
    };
    let (name, optional) = named(name, start..end)?;
    let kind = choices.map_or(Ok(Kind::Any), |choices| kind_of(choices, start..end))?;
    Ok((Item::Parameter(Parameter { name, optional, kind }), end))
}

/// The parameter with an expression that begins at `start`, and where it ends; none where there is none.
fn with_expression(written: &str, start: usize) -> Option<Result<(Item, usize), PatternError>> {
    let rest = &written[start..];
    let end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
    let inner = &written[start + 1..end];
    let (name, expression) = inner.split_once("=/").filter(|(name, _)| !name.contains(['[', ']']))?;
    let read = || {
        let (name, optional) = named(name, start..end)?;
        let Some(expression) = expression.strip_suffix("/]") else {
            let message = format!("the expression of `{name}` does not end here");
            let help = "it ends with `/]`, and has no white space: write `\\s` for it";
            return Err(PatternError::new(start..end, message, help));
        };
        let kind = Expression::parse(expression).map(Kind::Expression).map_err(|why| {
            let help = "its syntax is that of <https://docs.rs/regex/#syntax>";
            let place = end - 2 - expression.len()..end - 2;
            PatternError::new(place, format!("the expression of `{name}` cannot be read: {why}"), help)
        })?;
        Ok((Item::Parameter(Parameter { name, optional, kind }), end))
    };
    Some(read())
}

/// The name of a parameter as it is written, and whether the parameter may be left out.
fn named(written: &str, span: Range<usize>) -> Result<(String, bool), PatternError> {
    let (name, optional) = match written.strip_suffix('?') {
        Some(name) => (name, true),
        None => (written, false),
    };
    match is_identifier(name) {
        true => Ok((name.to_owned(), optional)),
        false => Err(bad_name(written, span)),
    }
}

/// The choices of a parameter, as they are written after its colon.
fn kind_of(written: &str, span: Range<usize>) -> Result<Kind, PatternError> {
    let choices: Vec<String> = written.split('|').map(|choice| choice.trim().to_owned()).collect();
    let bad = |message: String, help: &str| Err(PatternError::new(span.clone(), message, help));
    if choices.len() > MAX_CHOICES {
        return bad(
            format!("{} choices; at most {MAX_CHOICES} are taken", choices.len()),
            "write `[name]` and let the job check it",
        );
    }
    for (at, choice) in choices.iter().enumerate() {
        if choice.is_empty() {
            return bad(
                "a choice is empty".to_owned(),
                "write words with `|` between them: `[env:staging|production]`",
            );
        }
        if choice.contains(|c: char| c.is_whitespace() || c.is_control()) || choice.starts_with(opens_a_quotation) {
            return bad(
                format!("the choice `{choice}` is not one word"),
                "a choice is one word, without quotation marks before it",
            );
        }
        if choice.ends_with('.') {
            return bad(
                format!("the choice `{choice}` ends with a full stop, which is dropped where people type it"),
                "leave the full stop out",
            );
        }
        if choices[..at].iter().any(|other| same_word(other, choice)) {
            return bad(format!("the choice `{choice}` is there twice"), "leave one of them out");
        }
    }
    Ok(Kind::Choices(choices))
}

/// The error for a parameter whose name is none.
fn bad_name(written: &str, span: Range<usize>) -> PatternError {
    let name = written.trim();
    if name.is_empty() {
        return PatternError::new(span, "a parameter needs a name", "write `[name]`");
    }
    if name.starts_with(opens_a_quotation) {
        return PatternError::new(
            span,
            "parameters that must be quoted are not available in this version",
            "write `[name]`: people may quote what they type for it",
        );
    }
    let help = match name.find(['=', '~', '|']) {
        Some(at) if name[at..].starts_with('|') => "choices have a name before them: `[env:staging|production]`",
        Some(_) => "an expression stands between slashes: `[n=/\\d+/]`",
        None => "a name has letters a to z, digits and `_`, and does not begin with a digit",
    };
    PatternError::new(span, format!("`{written}` is not a name for a parameter"), help)
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
    fn kinds_of_parameters() {
        let pattern =
            Pattern::parse(r"deploy [what] to  [env: staging | production] [n?=/[0-9]{1,3}/] [why?]").unwrap();
        assert_eq!(pattern.parameters(), ["what", "env", "n", "why"]);
        assert_eq!(pattern.shown(), "deploy [what] to [env:staging|production] [n?] [why?]");
        let expected: Vec<_> = parameters(&pattern.items).map(Parameter::expected).collect();
        insta::assert_snapshot!(format!("{expected:?}"), @r#"[None, Some("`staging` or `production`"), Some("one word that fits `[0-9]{1,3}`"), None]"#);
        let one = Pattern::parse("[only:this] [of?:a|b|c]").unwrap();
        let expected: Vec<_> = parameters(&one.items).filter_map(Parameter::expected).collect();
        assert_eq!(expected, ["`this`", "`a`, `b` or `c`"]);
    }

    #[test]
    fn what_is_refused() {
        insta::assert_snapshot!(
            [
                "", "  ", "help", "stop now.", "say [name", "say [na[me]", "say name]", "say [name][other]", "#[n] x", "x-[n]",
                "[n]. x", "[a] to [a]", "[]", "[1st]", "[first name]", "[name?]", "help [name?]", "stop. [name?]", "[a] to [a?:x]",
                "[env:]", "[env:a||b]", "[env:a b|c]", "[env:a.|c]", "[env:a|'b]", "[env:a|b|a]", "[staging|production]",
                "[:a|b]", "[n=/(/]", "[n=/\\d+]", "[n=/a b/]", "[n=/\\d+/]x", "[n=\\d+]", "[n~x]", "[\"text\"]", "say \"hi\"", "say ‘hi’", "be\u{7}ll",
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
"[name?]" -> "[name?]": everything in this command may be left out, so nobody would know that it is meant; begin it with a word
"help [name?]" -> "help": `help` is built in: it lists the commands of the namespace; call this command something else
"stop. [name?]" -> ".": a command cannot end with a full stop: the one that people type at the end of a sentence is dropped; leave the full stop out; the command is understood with and without it
"[a] to [a?:x]" -> "[a?:x]": the parameter `a` is there twice; give each parameter a name of its own
"[env:]" -> "[env:]": a choice is empty; write words with `|` between them: `[env:staging|production]`
"[env:a||b]" -> "[env:a||b]": a choice is empty; write words with `|` between them: `[env:staging|production]`
"[env:a b|c]" -> "[env:a b|c]": the choice `a b` is not one word; a choice is one word, without quotation marks before it
"[env:a.|c]" -> "[env:a.|c]": the choice `a.` ends with a full stop, which is dropped where people type it; leave the full stop out
"[env:a|'b]" -> "[env:a|'b]": the choice `'b` is not one word; a choice is one word, without quotation marks before it
"[env:a|b|a]" -> "[env:a|b|a]": the choice `a` is there twice; leave one of them out
"[staging|production]" -> "[staging|production]": `staging|production` is not a name for a parameter; choices have a name before them: `[env:staging|production]`
"[:a|b]" -> "[:a|b]": a parameter needs a name; write `[name]`
"[n=/(/]" -> "(": the expression of `n` cannot be read: unclosed group; its syntax is that of <https://docs.rs/regex/#syntax>
"[n=/\\d+]" -> "[n=/\\d+]": the expression of `n` does not end here; it ends with `/]`, and has no white space: write `\s` for it
"[n=/a b/]" -> "[n=/a": the expression of `n` does not end here; it ends with `/]`, and has no white space: write `\s` for it
"[n=/\\d+/]x" -> "[n=/\\d+/]x": the expression of `n` does not end here; it ends with `/]`, and has no white space: write `\s` for it
"[n=\\d+]" -> "[n=\\d+]": `n=\d+` is not a name for a parameter; an expression stands between slashes: `[n=/\d+/]`
"[n~x]" -> "[n~x]": `n~x` is not a name for a parameter; an expression stands between slashes: `[n=/\d+/]`
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
        fn any_text_is_a_pattern_or_an_error_inside_it(written in "([\\[\\]a\"?:|. é\n\u{7}]|=/|/\\]){0,20}") {
            match Pattern::parse(&written) {
                Ok(pattern) => prop_assert_eq!(pattern.to_string(), written),
                Err(error) => prop_assert!(written.get(error.span).is_some()),
            }
        }
    }
}
