//! A text as words and quotations.
//!
//! * White space of every kind (newlines, no-break spaces) separates words.
//! * A word that begins with a quotation mark begins a **quotation**, if a mark that closes it is found before white
//!   space or the end: `"…"`, `'…'`, and what phones make of them, `“…”`, `‘…’`, `„…“`. A quotation is one word
//!   for matching, is never a word of a pattern, and may hold anything. Without such a closing mark the first mark is a
//!   character like others, so `don't`, `'tis` and `5"` need no care, and `'it's fine'` is one quotation.
//! * In a quotation a backslash is itself, except right before a mark that could close it: there two backslashes are
//!   one, and an odd one makes the mark a character. So `"C:\new folder"` is what it looks like, and `"say \"hi\""`
//!   works.
//! * A final full stop is dropped, unless it is inside a quotation. Dots that are more than a full stop (`..`, `wait...`)
//!   are kept in an argument; only a pattern's own last word is recognised whatever dots follow it.

use std::ops::Range;

/// A text, cut into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words<'t> {
    text: &'t str,
    words: Vec<Word<'t>>,
}

/// A word or a quotation, and its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word<'t> {
    range: Range<usize>,
    kind: Kind<'t>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind<'t> {
    /// A word, as a pattern's words are compared with it.
    Plain(&'t str),
    /// What a quotation says, without its marks.
    Quoted(String),
}

impl Word<'_> {
    /// Whether this is `word`, as a pattern means it. Typographic quotation marks are equal to plain ones.
    pub(super) fn is(&self, word: &str) -> bool {
        self.plain().is_some_and(|plain| same_word(plain, word))
    }

    /// Whether this says `word`, in quotation marks or without.
    pub(super) fn says(&self, word: &str) -> bool {
        match &self.kind {
            Kind::Plain(plain) => same_word(plain, word),
            Kind::Quoted(value) => value == word,
        }
    }

    /// What it says: of a quotation what is in the marks, of another word what a pattern's words are compared with.
    pub(super) fn said(&self) -> &str {
        match &self.kind {
            Kind::Plain(word) => word,
            Kind::Quoted(value) => value,
        }
    }

    /// The word itself; none for a quotation.
    pub(super) fn plain(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plain(word) => Some(word),
            Kind::Quoted(_) => None,
        }
    }
}

impl<'t> Words<'t> {
    /// Cuts `text`.
    pub(super) fn of(text: &'t str) -> Self {
        let text = without_final_full_stop(text.trim());
        let mut words = Vec::new();
        let mut closings = Closings::default();
        let mut at = 0;
        while let Some(start) = text[at..].find(|c: char| !c.is_whitespace()) {
            let word = next_word(text, at + start, &mut closings);
            at = word.range.end;
            words.push(word);
        }
        Self { text, words }
    }

    /// The words.
    pub(super) fn words(&self) -> &[Word<'t>] {
        &self.words
    }

    /// The text from a word on, as it was typed.
    pub(super) fn text_from(&self, word: usize) -> &'t str {
        self.words.get(word).map_or("", |word| &self.text[word.range.start..])
    }

    /// What the words in `span` say as the value of a parameter. `keep` keeps the white space between them as it is.
    pub(super) fn value(&self, span: Range<usize>, keep: bool) -> String {
        match &self.words[span] {
            [
                Word {
                    kind: Kind::Quoted(value),
                    ..
                },
            ] => value.clone(),
            [] => String::new(),
            [first, .., last] if keep => self.text[first.range.start..last.range.end].to_owned(),
            words => {
                let raw: Vec<&str> = words.iter().map(|word| &self.text[word.range.clone()]).collect();
                raw.join(" ")
            }
        }
    }
}

/// Whether two words are the same but for the typographic form of their quotation marks.
pub(super) fn same_word(one: &str, other: &str) -> bool {
    let plain = |c| match c {
        '‘' | '’' => '\'',
        '“' | '”' | '„' => '"',
        other => other,
    };
    one == other || !(one.is_ascii() && other.is_ascii()) && one.chars().map(plain).eq(other.chars().map(plain))
}

/// Whether a word that begins with this character may begin a quotation.
pub(super) fn opens_a_quotation(character: char) -> bool {
    !closing_marks(character).is_empty()
}

/// The marks that close what `open` opens; none where it opens nothing.
fn closing_marks(open: char) -> &'static [char] {
    match open {
        '"' => &['"'],
        '\'' => &['\''],
        '“' => &['”'],
        '‘' => &['’'],
        '„' => &['“', '”'],
        _ => &[],
    }
}

/// Drops the full stop that ends a sentence, and no dot of an ellipsis, of `..`, or that stands alone.
fn without_final_full_stop(text: &str) -> &str {
    match text.strip_suffix('.') {
        Some(sentence) if !sentence.is_empty() && !sentence.ends_with(|c: char| c == '.' || c.is_whitespace()) => {
            sentence
        }
        _ => text,
    }
}

/// The opening marks for which the rest of the text has nothing that closes them. They keep the cutting linear.
#[derive(Default)]
struct Closings {
    missing: Vec<char>,
}

fn next_word<'t>(text: &'t str, start: usize, closings: &mut Closings) -> Word<'t> {
    let rest = &text[start..];
    if let Some((value, length)) = quotation(rest, closings) {
        return Word {
            range: start..start + length,
            kind: Kind::Quoted(value),
        };
    }
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let written = &rest[..length];
    let is_last = start + length == text.len();
    let literal = match written.trim_end_matches('.') {
        "" => written,
        undotted if is_last => undotted,
        _ => written,
    };
    Word {
        range: start..start + length,
        kind: Kind::Plain(literal),
    }
}

/// The quotation that `text` begins with: what it says, and how many bytes it takes with its marks.
fn quotation(text: &str, closings: &mut Closings) -> Option<(String, usize)> {
    let open = text.chars().next()?;
    let marks = closing_marks(open);
    if marks.is_empty() || closings.missing.contains(&open) {
        return None;
    }
    let mut value = String::new();
    let mut backslashes = 0;
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            backslashes += 1;
            continue;
        }
        let is_mark = marks.contains(&character);
        let kept = if is_mark { backslashes / 2 } else { backslashes };
        value.extend(std::iter::repeat_n('\\', kept));
        let ends_word = characters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if is_mark && backslashes % 2 == 0 && ends_word {
            return Some((value, at + character.len_utf8()));
        }
        value.push(character);
        backslashes = 0;
    }
    closings.missing.push(open);
    None
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `value` as a person would quote it.
    pub(in crate::command) fn quote(value: &str) -> String {
        let mut quoted = String::from('"');
        let mut backslashes = 0;
        for character in value.chars() {
            if character == '"' {
                quoted.extend(std::iter::repeat_n('\\', backslashes + 1));
            }
            backslashes = if character == '\\' { backslashes + 1 } else { 0 };
            quoted.push(character);
        }
        quoted.extend(std::iter::repeat_n('\\', backslashes));
        quoted.push('"');
        quoted
    }

    fn words(text: &str) -> Vec<String> {
        let words = Words::of(text);
        (0..words.words().len())
            .map(|at| words.value(at..at + 1, true))
            .collect()
    }

    #[test]
    fn white_space_of_every_kind_separates() {
        assert_eq!(
            words(" say\n\thello\u{a0}to \u{2003}Bob "),
            ["say", "hello", "to", "Bob"]
        );
        assert_eq!(words(""), Vec::<String>::new());
    }

    #[test]
    fn quotations_are_one_word() {
        assert_eq!(
            words(r#"say "a  b" 'c d' “e f” ‘g h’ „i j“ """#),
            ["say", "a  b", "c d", "e f", "g h", "i j", ""]
        );
        assert_eq!(
            words("'it's fine' and 5\" 'tis don't"),
            ["it's fine", "and", "5\"", "'tis", "don't"]
        );
        assert_eq!(words("\"never closed"), ["\"never", "closed"]);
        assert_eq!(
            words(r#""say \"hi\" now" "C:\new dir\\" "a\b" "\\server\x""#),
            [r#"say "hi" now"#, r"C:\new dir\", r"a\b", r"\\server\x"]
        );
    }

    #[test]
    fn a_final_full_stop_is_dropped_and_other_dots_are_not() {
        assert_eq!(words("hello Bob."), ["hello", "Bob"]);
        assert_eq!(words("hello \"Bob.\""), ["hello", "Bob."]);
        assert_eq!(words("hello \"Bob\"."), ["hello", "Bob"]);
        assert_eq!(words("list .."), ["list", ".."]);
        assert_eq!(words("list ."), ["list", "."]);
        assert_eq!(words("wait..."), ["wait..."]);
        assert!(Words::of("wait...").words()[0].is("wait"));
        assert!(!Words::of("wait... now").words()[0].is("wait"));
    }

    #[test]
    fn a_phone_s_apostrophe_is_an_apostrophe() {
        assert!(Words::of("what’s").words()[0].is("what's"));
        assert!(!Words::of("whats").words()[0].is("what's"));
    }

    #[test]
    fn hostile_marks_take_linear_time() {
        for text in [
            "\"a ".repeat(100_000),
            "“„‘'\"a ".repeat(50_000),
            "\"\\".repeat(100_000),
        ] {
            assert!(!words(&text).is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_value_can_be_quoted(value in "([\"\\\\ .a\n']|“|”|é){0,12}|.{0,20}") {
            prop_assert_eq!(words(&quote(&value)), [value]);
        }

        #[test]
        fn cutting_what_was_cut_changes_nothing(text in "[ab.\"'\\\\ \n\u{a0}“”]{0,30}") {
            let once = Words::of(&text);
            let again = Words::of(once.text);
            prop_assert_eq!(once, again);
        }
    }
}
