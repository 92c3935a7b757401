//! The arguments of a component: a list of words, no shell.

use std::mem;

use super::{Piece, PieceKind, RenderError, TemplateError};
use crate::request::Arguments;

/// A list of words with places for arguments.
///
/// White space separates words. `'…'` keeps everything as it is, `"…"` everything but `\"` and `\\`; outside of them
/// a backslash takes the next character as it is. Nothing is expanded, and nothing is a comment. A placeholder may
/// stand anywhere, also inside a word or quotation marks; its value never splits a word, and never vanishes: an empty
/// one is an empty word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentTemplate {
    words: Vec<Vec<Piece>>,
}

impl ArgumentTemplate {
    /// Reads a template. An empty one is an empty list.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(template: &str) -> Result<Self, Vec<TemplateError>> {
        if let Some(at) = template.find('\0') {
            let help = "delete it; no program can take it";
            return Err(vec![TemplateError::new(
                at..at + 1,
                "the template holds a NUL character",
                help,
            )]);
        }
        let pieces = super::pieces(template).map_err(|error| vec![error])?;
        let words = Splitter::default().split(pieces).map_err(|error| vec![error])?;
        Ok(Self { words })
    }

    /// The names of its parameters, each once, in their order.
    pub fn parameters(&self) -> Vec<&str> {
        super::parameters(self.words.iter().flatten())
    }

    /// The words, with the arguments in their places.
    ///
    /// # Errors
    /// An argument is missing, or is one that no program can take.
    pub fn render(&self, arguments: &Arguments) -> Result<Vec<String>, RenderError> {
        self.words.iter().map(|word| render_word(word, arguments)).collect()
    }
}

fn render_word(word: &[Piece], arguments: &Arguments) -> Result<String, RenderError> {
    let mut rendered = String::new();
    for piece in word {
        match &piece.kind {
            PieceKind::Text(text) => rendered.push_str(text),
            PieceKind::Place(name) => rendered.push_str(super::value(arguments, name)?),
        }
    }
    Ok(rendered)
}

/// Splits a template into words.
#[derive(Default)]
struct Splitter {
    words: Vec<Vec<Piece>>,
    /// The word that is being read; none between words.
    word: Option<Vec<Piece>>,
    /// The quotation mark that is open, and where.
    quote: Option<(char, usize)>,
    /// Where the backslash is that takes the next character as it is.
    backslash: Option<usize>,
}

impl Splitter {
    fn split(mut self, pieces: Vec<Piece>) -> Result<Vec<Vec<Piece>>, TemplateError> {
        for piece in pieces {
            match &piece.kind {
                PieceKind::Text(text) => {
                    for (at, character) in text.char_indices() {
                        self.read(character, piece.span.start + at);
                    }
                }
                PieceKind::Place(_) => self.place(piece),
            }
        }
        if let Some((mark, at)) = self.quote {
            let message = format!("this {mark} is never closed");
            return Err(TemplateError::new(
                at..at + 1,
                message,
                format!("close it, or write \\{mark} for the character"),
            ));
        }
        if let Some(at) = self.backslash {
            let help = "write two for the character";
            return Err(TemplateError::new(
                at..at + 1,
                "there is nothing after this backslash",
                help,
            ));
        }
        self.words.extend(self.word.take());
        Ok(self.words)
    }

    fn read(&mut self, character: char, at: usize) {
        if let Some(backslash) = self.backslash.take() {
            if self.quote.is_some() && !matches!(character, '"' | '\\') {
                self.push('\\', backslash);
            }
            return self.push(character, at);
        }
        match (self.quote, character) {
            (Some((mark, _)), _) if mark == character => self.quote = None,
            (None, '\'' | '"') => {
                self.quote = Some((character, at));
                self.word.get_or_insert_default();
            }
            (None | Some(('"', _)), '\\') => self.backslash = Some(at),
            (None, white) if white.is_whitespace() => self.words.extend(mem::take(&mut self.word)),
            _ => self.push(character, at),
        }
    }

    fn place(&mut self, place: Piece) {
        // A backslash before a value is a backslash: there is no character for it to take.
        if let Some(at) = self.backslash.take() {
            self.push('\\', at);
        }
        self.word.get_or_insert_default().push(place);
    }

    fn push(&mut self, character: char, at: usize) {
        let word = self.word.get_or_insert_default();
        if let Some(Piece {
            kind: PieceKind::Text(text),
            span,
        }) = word.last_mut()
        {
            text.push(character);
            span.end = at + character.len_utf8();
        } else {
            word.push(Piece::text(
                character.encode_utf8(&mut [0; 4]),
                at..at + character.len_utf8(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;

    use super::*;

    fn words(template: &str, values: &[(&str, &str)]) -> Vec<String> {
        let arguments = values.iter().copied().collect();
        ArgumentTemplate::parse(template).unwrap().render(&arguments).unwrap()
    }

    #[test]
    fn quotation_marks_group_words() {
        assert_eq!(words("", &[]), Vec::<String>::new());
        assert_eq!(words("  a\tb\n c ", &[]), ["a", "b", "c"]);
        assert_eq!(
            words(r#"'a  "b' "c 'd" e'f'"g" '' """#, &[]),
            ["a  \"b", "c 'd", "efg", "", ""]
        );
        assert_eq!(
            words(r#"a\ b \" "\"\\ \n" '\' #c $HOME"#, &[]),
            ["a b", "\"", "\"\\ \\n", "\\", "#c", "$HOME"]
        );
        assert_eq!(words("--json={{}} {1..3} {a,b}", &[]), ["--json={}", "{1..3}", "{a,b}"]);
    }

    #[test]
    fn a_value_never_splits_a_word() {
        let values = [("a", "x  \"y' $(z)"), ("b", "")];
        assert_eq!(
            words("{a} --x={a}! \"{a} {b}\" '{b}' {b}", &values),
            ["x  \"y' $(z)", "--x=x  \"y' $(z)!", "x  \"y' $(z) ", "", ""]
        );
        assert_eq!(words(r"\{a}", &values), ["\\x  \"y' $(z)"]);
    }

    #[test]
    fn parameters_are_named_once() {
        let template = ArgumentTemplate::parse("{b} {a}-{b} '{a}' {{c}}").unwrap();
        assert_eq!(template.parameters(), ["b", "a"]);
        let error = template.render(&[("b", "1")].into_iter().collect()).unwrap_err();
        insta::assert_snapshot!(error, @"the argument `a` is missing. Give one for each of the job's parameters");
        let error = template
            .render(&[("b", "1"), ("a", "\0")].into_iter().collect())
            .unwrap_err();
        insta::assert_snapshot!(error, @"the argument `a` holds a NUL character, which no program can take. Leave it out");
    }

    #[test]
    fn what_is_refused() {
        let refused = |template: &str| {
            let error = ArgumentTemplate::parse(template).unwrap_err().remove(0);
            format!(
                "{:?}: {}; {}",
                &template[error.span.clone()],
                error.message,
                error.help.unwrap()
            )
        };
        insta::assert_snapshot!(
            ["say 'hi", "say \"hi", "say \\", "{\"a\": {\"b\": 1}}", "a\0b"].map(refused).join("\n"),
            @r#"
"'": this ' is never closed; close it, or write \' for the character
"\"": this " is never closed; close it, or write \" for the character
"\\": there is nothing after this backslash; write two for the character
"}}": `}}` is one brace in a template, and here it would close two; write `}}}}`, or `} }` where a space does no harm
"\0": the template holds a NUL character; delete it; no program can take it
"#
        );
    }

    proptest! {
        #[test]
        fn any_value_arrives_as_one_word(value in any::<String>(), template in "[a-z ]{0,8}[^\\\\'\"{}\0 ]?") {
            prop_assume!(!value.contains('\0'));
            let before = words(&template, &[]).len();
            let rendered = words(&format!("{template} {{x}}"), &[("x", &value)]);
            prop_assert_eq!(rendered.len(), before + 1);
            prop_assert_eq!(rendered.last(), Some(&value));
        }
    }
}
