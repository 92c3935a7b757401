//! A bash script with places for arguments, each of which is quoted.

use std::ops::Range;

use super::super::argument::ArgumentError;
use super::context::Refusal;
use super::syntax::{Node, Syntax};
use super::{Piece, PieceKind, RenderError, TemplateError, check, doubts, fabric};
use crate::request::Arguments;
use shlex::QuoteError;

/// The most bytes that a rendered script may have: Linux takes 131,072 for one argument of a program
/// (`MAX_ARG_STRLEN`), and one of them ends it.
pub const MAX_SCRIPT_BYTES: usize = 131_071;

/// The most bytes that a template with placeholders may have. Following a value through a script takes time that grows
/// with the square of its nesting; a hostile one must not hold up the start.
const MAX_TEMPLATE_BYTES: usize = 16 * 1024;

/// The most placeholders that a template may have.
const MAX_PLACES: usize = 100;

/// A bash script with places for arguments.
///
/// Values are always quoted, also where they would not need it, so that `{n}>file` is no file descriptor. A
/// placeholder is refused where quoting would not keep its value plain data. That is decided on the syntax tree of
/// the script (tree-sitter-bash); what is not known to be safe is refused. What it cannot know: what a program other
/// than bash and the known interpreters makes of its arguments and of what it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptTemplate {
    pieces: Vec<Piece>,
    /// For each placeholder, whether Fabric 1 takes it apart.
    in_fabric: Vec<bool>,
}

impl ScriptTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Everything that is wrong with it: placeholders where a value would not stay plain data, and text that is no
    /// script.
    pub fn parse(template: &str) -> Result<Self, Vec<TemplateError>> {
        check_text(template).map_err(|error| vec![error])?;
        let pieces = super::pieces(template).map_err(|error| vec![error])?;
        let in_fabric = check_places(&pieces)?;
        Ok(Self { pieces, in_fabric })
    }

    /// The names of its parameters, each once, in their order.
    pub fn parameters(&self) -> Vec<&str> {
        super::parameters(&self.pieces)
    }

    /// The program that it begins with, where that is plain to see.
    pub fn first_word(&self) -> Option<&str> {
        match &self.pieces.first()?.kind {
            PieceKind::Text(text) => text.split_whitespace().next(),
            PieceKind::Place(_) => None,
        }
    }

    /// The script for `bash -c`, with the arguments in their places, quoted.
    ///
    /// # Errors
    /// An argument is missing or is one that no program can take, or the script gets too long.
    pub fn render(&self, arguments: &Arguments) -> Result<String, RenderError> {
        let mut script = String::new();
        let mut in_fabric = self.in_fabric.iter();
        for piece in &self.pieces {
            match &piece.kind {
                PieceKind::Text(text) => script.push_str(text),
                PieceKind::Place(name) => {
                    let value = super::value(arguments, name)?;
                    let value = match in_fabric.next() {
                        Some(true) => quoted(name, &fabric::escaped(name, value)?)?,
                        _ => quoted(name, value)?,
                    };
                    script.push_str(&value);
                }
            }
        }
        match script.len() {
            bytes if bytes > MAX_SCRIPT_BYTES => Err(RenderError::TooLong { bytes }),
            _ => Ok(script),
        }
    }
}

/// The value in quotation marks, always: a bare `2` before `>`, or `!` in a test, would be more than data.
fn quoted(name: &str, value: &str) -> Result<String, RenderError> {
    match shlex::try_quote(value) {
        Ok(quoted) if quoted == value => Ok(format!("'{value}'")),
        Ok(quoted) => Ok(quoted.into_owned()),
        Err(QuoteError::Nul | _) => Err(ArgumentError::Nul { name: name.to_owned() }.into()),
    }
}

fn check_text(template: &str) -> Result<(), TemplateError> {
    let whole = 0..template.len();
    if template.trim().is_empty() {
        return Err(TemplateError::new(
            whole,
            "there is nothing to run",
            "write a bash command, for example `echo Hello {name}`",
        ));
    }
    if template.len() > MAX_SCRIPT_BYTES {
        let message = format!(
            "the script has {} bytes; at most {MAX_SCRIPT_BYTES} can be run",
            template.len()
        );
        return Err(TemplateError::new(
            whole,
            message,
            "put it into a file in the namespace's folder, and run that",
        ));
    }
    let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    match template.char_indices().find(|&(_, c)| forbidden(c)) {
        Some((at, control)) => Err(TemplateError::new(
            at..at + control.len_utf8(),
            format!("the script holds the control character U+{:04X}", u32::from(control)),
            "delete it; inside `$'…'` it can be written as an escape",
        )),
        None => Ok(()),
    }
}

/// The script as the parser reads it: each placeholder is a plain word that is nowhere else.
pub(super) struct Sample<'p> {
    /// The text.
    pub text: String,
    /// The placeholders and the places of their words in the text.
    pub places: Vec<Place<'p>>,
    /// For each piece, where it is in the text.
    starts: Vec<usize>,
    pieces: &'p [Piece],
}

/// A placeholder in a [`Sample`].
pub(super) struct Place<'p> {
    /// Its name.
    pub name: &'p str,
    /// Where it is in the template.
    pub span: Range<usize>,
    /// Where its word is in the sample.
    pub range: Range<usize>,
}

impl<'p> Sample<'p> {
    fn of(pieces: &'p [Piece]) -> Self {
        let mut stand_in = String::from("Value");
        let contains = |stand_in: &str| {
            pieces
                .iter()
                .any(|piece| matches!(&piece.kind, PieceKind::Text(text) if text.contains(stand_in)))
        };
        while contains(&stand_in) {
            stand_in.push('V');
        }
        let mut sample = Self {
            text: String::new(),
            places: Vec::new(),
            starts: Vec::new(),
            pieces,
        };
        for piece in pieces {
            let start = sample.text.len();
            sample.starts.push(start);
            match &piece.kind {
                PieceKind::Text(text) => sample.text.push_str(text),
                PieceKind::Place(name) => {
                    sample.text.push_str(&format!("{stand_in}{}z", sample.places.len()));
                    sample.places.push(Place {
                        name,
                        span: piece.span.clone(),
                        range: start..sample.text.len(),
                    });
                }
            }
        }
        sample
    }

    /// The span in the template of what is at `at` in the text, to the end of the piece.
    pub(super) fn span_at(&self, at: usize) -> Range<usize> {
        let index = self.starts.partition_point(|&start| start <= at).saturating_sub(1);
        let Some(piece) = self.pieces.get(index) else {
            return 0..0;
        };
        match piece.kind {
            PieceKind::Place(_) => piece.span.clone(),
            PieceKind::Text(_) => (piece.span.start + at - self.starts[index]).min(piece.span.end)..piece.span.end,
        }
    }
}

/// For each placeholder, whether it is an argument of a task of Fabric 1.
fn check_places(pieces: &[Piece]) -> Result<Vec<bool>, Vec<TemplateError>> {
    let sample = Sample::of(pieces);
    if sample.places.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(error) = too_large(&sample) {
        return Err(vec![error]);
    }
    let adjacent: Vec<TemplateError> = sample
        .places
        .iter()
        .filter_map(|place| check_character_before(&sample.text, place))
        .collect();
    if !adjacent.is_empty() {
        return Err(adjacent);
    }
    let error = |message: &str| {
        let help = "put the script into a file in the namespace's folder, and run that";
        Err(vec![TemplateError::new(sample.places[0].span.clone(), message, help)])
    };
    let Some(syntax) = Syntax::parse(&sample.text) else {
        return error("the script could not be parsed");
    };
    if syntax.is_too_deep {
        return error("commands and words are nested so deep here that nobody could follow them");
    }
    if let Some(doubt) = doubts::first(&syntax) {
        return Err(vec![not_bash(&sample, doubt)]);
    }
    let errors = check::errors(&syntax, &sample);
    match errors.is_empty() {
        true => Ok(fabric::arguments(&syntax, &sample)),
        false => Err(errors),
    }
}

/// Refuses what would take long to check.
fn too_large(sample: &Sample<'_>) -> Option<TemplateError> {
    let (bytes, places) = (sample.text.len(), sample.places.len());
    let help = "put it into a file in the namespace's folder, and give that the arguments: `bash job.sh {name}`";
    let error = |at: usize, message: String| TemplateError::new(sample.places[at].span.clone(), message, help);
    if places > MAX_PLACES {
        return Some(error(
            MAX_PLACES,
            format!("the script has {places} placeholders; at most {MAX_PLACES} are taken"),
        ));
    }
    (bytes > MAX_TEMPLATE_BYTES).then(|| {
        error(
            0,
            format!("a script with placeholders may have {MAX_TEMPLATE_BYTES} bytes; this one has about {bytes}"),
        )
    })
}

pub(super) fn refused(place: &Place<'_>, refusal: Refusal) -> TemplateError {
    let name = place.name;
    let help = refusal.help.unwrap_or_else(|| {
        format!("assign it first: `{name}={{{name}}}; echo \"Hello ${name}\"`. For the text in braces write `{{{{{name}}}}}`")
    });
    TemplateError::new(place.span.clone(), format!("`{{{name}}}` {}", refusal.why), help)
}

/// What the parser cannot see, because in its text the value has no quotation marks.
fn check_character_before(text: &str, place: &Place<'_>) -> Option<TemplateError> {
    let name = place.name;
    let before = &text[..place.range.start];
    let backslashes = |text: &str| text.len() - text.trim_end_matches('\\').len();
    if backslashes(before) % 2 == 1 {
        return Some(refused(
            place,
            Refusal::new("stands after a backslash, which would undo the first quotation mark of its value").help(
                format!("leave the backslash out, or write `{{{{{name}}}}}` for a brace"),
            ),
        ));
    }
    let dollar = before
        .strip_suffix('$')
        .is_some_and(|before| backslashes(before) % 2 == 0);
    dollar.then(|| {
        let help = format!(
            "write `${name}` or `${{{{{name}}}}}` for the variable, and `{{{name}}}` without `$` for the argument"
        );
        let why = "is a parameter of the job, so `$` before it makes no variable of it";
        refused(place, Refusal::new(why).help(help))
    })
}

fn not_bash(sample: &Sample<'_>, error: Node<'_>) -> TemplateError {
    let line = error.row() + 1;
    let at = error.range().start;
    let why = match error.kind() {
        kind if error.is_missing() => format!("`{kind}` is missing"),
        "file_redirect" => "redirections must stand at the end of a command".to_owned(),
        _ => "this is not understood".to_owned(),
    };
    TemplateError::new(
        sample.span_at(at.min(sample.text.len().saturating_sub(1))),
        format!(
            "bash would not read this as a whole script: {why} (line {line}), so it cannot be known what is plain data in it"
        ),
        "correct it; or put it into a file in the namespace's folder, and give that the arguments: `bash job.sh {name}`",
    )
}
