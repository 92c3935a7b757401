//! `run_args_template`: where arguments go.
//!
//! `{name}` is a placeholder, where `name` is `[a-zA-Z_][a-zA-Z0-9_]*`. `{{` and `}}` are braces. Every other brace is
//! itself: `awk '{print $2}'`, `{a,b}` and `{1..3}` are what they look like.
//!
//! A [`ScriptTemplate`] is a bash script, and each value is quoted for bash; `context` and `commands` say where that
//! keeps it plain data, and `variables` follows it into variables and inputs; `check` puts this together. An [`ArgumentTemplate`] is the list of words for a
//! component: no shell, nothing to quote.
//!
//! A value is data, but a program may still take one that begins with `-` as an option. Where that matters, write
//! `--` before it: `grep -- {text} file`.

use std::ops::Range;

use super::argument::ArgumentError;
use super::pattern::is_identifier;
use crate::request::Arguments;

mod arguments;
mod arithmetic;
mod check;
mod commands;
mod context;
mod doubts;
mod fabric;
mod interpreters;
mod nested;
#[cfg(test)]
mod ordinary_templates;
mod programs;
#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod refused_templates;
mod script;
#[cfg(test)]
mod script_tests;
mod settings;
mod syntax;
mod variables;
mod words;

pub use arguments::ArgumentTemplate;
pub use script::{MAX_SCRIPT_BYTES, ScriptTemplate};

/// Something in a template that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the template.
    pub span: Range<usize>,
    /// What to do about it.
    pub help: Option<String>,
}

impl TemplateError {
    fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            help: Some(help.into()),
        }
    }
}

/// Why arguments cannot be put into a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The template has a placeholder that no argument is for.
    #[error("the argument `{name}` is missing. Give one for each of the job's parameters")]
    Missing {
        /// The parameter's name.
        name: String,
    },
    /// An argument that no program can take.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// Fabric 1 would take it together with what follows it.
    #[error(
        "the argument `{name}` ends with a backslash, which Fabric 1 takes for a sign that what follows belongs to it. Leave \
         it out"
    )]
    EndsInBackslash {
        /// The parameter's name.
        name: String,
    },
    /// The script would be longer than Linux takes for one argument of a program.
    #[error(
        "with its arguments the script has {bytes} bytes; at most {MAX_SCRIPT_BYTES} can be run. Send shorter arguments"
    )]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    kind: PieceKind,
    /// Where it is written. As long as the text, but for a doubled brace.
    span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PieceKind {
    /// Text that stays as it is.
    Text(String),
    /// A place for the argument of this name.
    Place(String),
}

impl Piece {
    fn text(text: &str, span: Range<usize>) -> Self {
        let kind = PieceKind::Text(text.to_owned());
        Self { kind, span }
    }
}

/// Cuts a template into text and placeholders.
fn pieces(template: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    // How many single and how many doubled braces are open.
    let (mut single, mut doubled) = (0_usize, 0_usize);
    let mut at = 0;
    while let Some(found) = template[at..].find(['{', '}']) {
        let brace = at + found;
        if at < brace {
            pieces.push(Piece::text(&template[at..brace], at..brace));
        }
        let rest = &template[brace..];
        let length = if let Some(name) = placeholder(rest) {
            let kind = PieceKind::Place(name.to_owned());
            let span = brace..brace + name.len() + 2;
            at = span.end;
            pieces.push(Piece { kind, span });
            continue;
        } else if rest.starts_with("{{") {
            doubled += 1;
            2
        } else if rest.starts_with("}}") {
            if doubled == 0 && single > 0 {
                return Err(TemplateError::new(
                    brace..brace + 2,
                    "`}}` is one brace in a template, and here it would close two",
                    "write `}}}}`, or `} }` where a space does no harm",
                ));
            }
            doubled = doubled.saturating_sub(1);
            2
        } else {
            single = if rest.starts_with('{') {
                single + 1
            } else {
                single.saturating_sub(1)
            };
            1
        };
        pieces.push(Piece::text(&rest[..1], brace..brace + length));
        at = brace + length;
    }
    if at < template.len() {
        pieces.push(Piece::text(&template[at..], at..template.len()));
    }
    Ok(pieces)
}

/// The name in the placeholder that `text` begins with.
fn placeholder(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?;
    let name = &inner[..inner.find('}')?];
    is_identifier(name).then_some(name)
}

/// The names of the placeholders, each once, in their order.
fn parameters<'p>(pieces: impl IntoIterator<Item = &'p Piece>) -> Vec<&'p str> {
    let mut names = Vec::new();
    for piece in pieces {
        if let PieceKind::Place(name) = &piece.kind
            && !names.contains(&name.as_str())
        {
            names.push(name.as_str());
        }
    }
    names
}

/// The value for a placeholder, checked.
fn value<'a>(arguments: &'a Arguments, name: &str) -> Result<&'a str, RenderError> {
    let value = arguments
        .get(name)
        .ok_or_else(|| RenderError::Missing { name: name.to_owned() })?;
    super::argument::check_argument(name, value)?;
    Ok(value)
}
