//! The expression of a parameter: `\d+` in `[n=/\d+/]`.

use regex::{Regex, RegexBuilder};

/// The longest that an expression may be, in bytes.
const LONGEST: usize = 256;
/// How large a compiled one may be, in bytes. Enough for some classes of Unicode.
const LARGEST: usize = 128 << 10;

/// An expression that matches a value as a whole or not at all.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    written: String,
    whole: Regex,
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// One line that says what is wrong with it.
    pub(super) fn parse(written: &str) -> Result<Self, String> {
        if written.is_empty() {
            return Err("it is empty".to_owned());
        }
        if written.len() > LONGEST {
            return Err(format!("it has {} bytes; at most {LONGEST} are taken", written.len()));
        }
        // It is shown.
        if written.contains(char::is_control) {
            return Err("it has a control character".to_owned());
        }
        // By itself first: what is no expression alone must not become one between our anchors.
        compile(written, LARGEST)?;
        Ok(Self {
            written: written.to_owned(),
            whole: compile(&format!(r"\A(?:{written})\z"), LARGEST)?,
        })
    }

    /// Whether it matches all of `value`.
    pub(super) fn fits(&self, value: &str) -> bool {
        self.whole.is_match(value)
    }

    /// As it was written.
    pub(super) fn written(&self) -> &str {
        &self.written
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Expression {}

/// Compiles an expression that takes at most so many bytes.
///
/// # Errors
/// One line that says what is wrong with it.
pub(crate) fn compile(expression: &str, largest: usize) -> Result<Regex, String> {
    let compiled = RegexBuilder::new(expression).size_limit(largest).build();
    compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large: repeat less, or match classes that are smaller".to_owned(),
        // A drawing of several lines with the reason last.
        error => {
            let drawn = error.to_string();
            let reason = drawn.lines().last().unwrap_or_default();
            reason.strip_prefix("error: ").unwrap_or(reason).to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn the_whole_value_must_fit() {
        let number = Expression::parse(r"\d+").unwrap();
        assert!(number.fits("42"));
        assert!(!number.fits("42a") && !number.fits("a42") && !number.fits("") && !number.fits("4\n2"));
        let either = Expression::parse("a|ab").unwrap();
        assert!(either.fits("ab") && either.fits("a") && !either.fits("abc"));
        assert!(!Expression::parse("^a$").unwrap().fits("a\n"));
    }

    #[test]
    fn what_is_no_expression_alone_is_none() {
        let refused = |written: &str| Expression::parse(written).unwrap_err();
        insta::assert_snapshot!(
            ["", "(", "a)|(?:b", "(?x)a # b", "[a", "a{1000}{1000}", r"(?<=a)b"].map(refused).join("\n"),
            @r"
        it is empty
        unclosed group
        unopened group
        unclosed group
        unclosed character class
        it is too large: repeat less, or match classes that are smaller
        look-around, including look-ahead and look-behind, is not supported
        "
        );
        assert!(refused(&"a".repeat(257)).contains("257 bytes"));
    }

    #[test]
    fn a_hostile_value_takes_linear_time() {
        let expression = Expression::parse("(a*)*b").unwrap();
        assert!(!expression.fits(&"a".repeat(30_000)));
    }
}
