//! What of a message its writer said, and whether a word or a pattern is in it.
//!
//! A keyword is a whole word, and a word may have hyphens: `tech-support` is not in `my-tech-support-x`. It is not
//! found in links, in references to people and channels, and in addresses.

use regex::Regex;

use crate::command::compile;

/// The most words of one rule.
pub const MOST_WORDS: usize = 20;
/// The longest word, in characters.
pub const LONGEST_WORD: usize = 80;
/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 256;
/// How large a compiled pattern may be, in bytes. It bounds what each byte of a text may cost; `\w` alone takes 49 KiB.
const LARGEST_PATTERN: usize = 64 << 10;
/// How large a compiled rule may be with its surroundings, in bytes.
const LARGEST: usize = 512 << 10;
/// The most of a text that is looked at, in bytes. Slack takes 40,000 characters; who calls does so sooner.
pub(super) const LONGEST_TEXT: usize = 8 << 10;

/// Words, or a pattern, in any case.
#[derive(Clone, Debug)]
pub struct Keyword {
    words: Vec<String>,
    pattern: Option<String>,
    /// With its surroundings. The first group is what was found.
    expression: Regex,
}

/// Why something cannot be a keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The word that is wrong, by its index.
    pub word: Option<usize>,
    /// What is wrong.
    pub why: String,
}

impl Fault {
    fn of(why: impl Into<String>) -> Self {
        Self {
            word: None,
            why: why.into(),
        }
    }
}

impl Keyword {
    /// Any of these words. White space within one is any white space.
    ///
    /// # Errors
    /// What is wrong with the first one that cannot be found.
    pub fn words(words: &[String]) -> Result<Self, Fault> {
        if words.is_empty() {
            return Err(Fault::of("there are none"));
        }
        if words.len() > MOST_WORDS {
            return Err(Fault::of(format!(
                "there are {}; at most {MOST_WORDS} are taken",
                words.len()
            )));
        }
        for (index, word) in words.iter().enumerate() {
            if let Some(why) = word_fault(word) {
                return Err(Fault { word: Some(index), why });
            }
        }
        let alternatives = words.iter().map(|word| {
            let parts: Vec<String> = word.split_whitespace().map(regex::escape).collect();
            parts.join(r"\s+")
        });
        let alternatives: Vec<String> = alternatives.collect();
        Ok(Self {
            words: words.to_vec(),
            pattern: None,
            expression: surrounded(&alternatives.join("|")).map_err(Fault::of)?,
        })
    }

    /// What this expression matches.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn pattern(pattern: &str) -> Result<Self, Fault> {
        if pattern.len() > LONGEST_PATTERN {
            let length = pattern.len();
            return Err(Fault::of(format!(
                "it has {length} bytes; at most {LONGEST_PATTERN} are taken"
            )));
        }
        if pattern.contains(char::is_control) {
            return Err(Fault::of("it has a control character"));
        }
        // By itself first: what is no expression alone must not become one between its surroundings.
        let alone = compile(pattern, LARGEST_PATTERN).map_err(Fault::of)?;
        if alone.is_match("") {
            return Err(Fault::of("it matches nothing at all, and so every message"));
        }
        Ok(Self {
            words: Vec::new(),
            pattern: Some(pattern.to_owned()),
            expression: surrounded(pattern).map_err(Fault::of)?,
        })
    }

    /// The first that is found in what was said, as it was written there.
    pub fn find<'a>(&self, said: &'a str) -> Option<&'a str> {
        let found = self.expression.captures(said)?;
        found.get(1).map(|keyword| keyword.as_str())
    }

    /// The words; none of a pattern.
    pub fn as_words(&self) -> &[String] {
        &self.words
    }

    /// The words, or the pattern, as they are written in the file.
    pub fn written(&self) -> impl Iterator<Item = &str> {
        self.words.iter().chain(&self.pattern).map(String::as_str)
    }
}

/// A word begins and ends with a letter or a digit, so that it is clear where it does.
fn word_fault(word: &str) -> Option<String> {
    if word.chars().count() > LONGEST_WORD {
        return Some(format!("it is longer than {LONGEST_WORD} characters"));
    }
    if word.contains(char::is_control) {
        return Some("it has a control character".to_owned());
    }
    let ends = [word.chars().next(), word.chars().next_back()];
    let good = |end: &Option<char>| end.is_some_and(char::is_alphanumeric);
    (!ends.iter().all(good)).then(|| "it does not begin and end with a letter or a digit".to_owned())
}

fn surrounded(expression: &str) -> Result<Regex, String> {
    compile(&format!(r"(?i)(?:\A|[^\w/-])({expression})(?:\z|[^\w-])"), LARGEST)
}

/// What the writer of a message said, from its text as Slack sends it: without what stands between `<` and `>`, which is
/// a link or names somebody, and without addresses that Slack did not recognise.
pub(super) fn said(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(LONGEST_TEXT)];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        rest = match rest[at..].find('>') {
            Some(end) => &rest[at + end + 1..],
            None => &rest[at + 1..],
        };
        plain.push(' ');
    }
    plain.push_str(rest);
    let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let words = plain.split_whitespace().filter(|word| !word.contains("://"));
    words.collect::<Vec<_>>().join(" ")
}
