//! What may be entered into a plugin's field. Pure.

use super::plugin::{Field, FieldKind};

/// The longest text that any field takes, in characters: as long as Slack's inputs are.
pub const LONGEST_TEXT: u32 = 3000;

/// Why a text is not taken. A sentence for whoever entered it; it does not repeat what was entered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// Something must be entered.
    #[error("it may not be empty")]
    Empty,
    /// It has more than one line, or characters that are none.
    #[error("it is one line of text")]
    ManyLines,
    /// It is too long.
    #[error("it has {length} characters; at most {most} are allowed")]
    TooLong {
        /// How long it is, in characters.
        length: usize,
        /// How long it may be.
        most: u32,
    },
    /// It is no number.
    #[error("it is a whole number, for example 42")]
    NoNumber,
    /// It is neither.
    #[error("it is `true` or `false`")]
    NoBoolean,
}

impl Field {
    /// The longest text that it takes, in characters.
    pub fn longest(&self) -> u32 {
        match self.max_length {
            0 => LONGEST_TEXT,
            length => length.min(LONGEST_TEXT),
        }
    }

    /// What is kept of `text`, if that may be entered: without the space around it, but for a secret; numbers and booleans
    /// as they are always written. Empty: nothing was entered, and it need not be.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, text: &str) -> Result<String, FieldFault> {
        let text = match self.secret {
            true => text,
            false => text.trim(),
        };
        if text.is_empty() {
            return match self.optional {
                true => Ok(String::new()),
                false => Err(FieldFault::Empty),
            };
        }
        if text
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        {
            return Err(FieldFault::ManyLines);
        }
        match self.kind {
            FieldKind::Text => {
                let (length, most) = (text.chars().count(), self.longest());
                match length <= most as usize {
                    true => Ok(text.to_owned()),
                    false => Err(FieldFault::TooLong { length, most }),
                }
            }
            FieldKind::Number => match text.trim().parse::<i64>() {
                Ok(number) => Ok(number.to_string()),
                Err(_) => Err(FieldFault::NoNumber),
            },
            FieldKind::Boolean => match text.trim().to_lowercase().as_str() {
                "true" | "yes" | "on" => Ok("true".to_owned()),
                "false" | "no" | "off" => Ok("false".to_owned()),
                _ => Err(FieldFault::NoBoolean),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: FieldKind) -> Field {
        Field {
            kind,
            max_length: 8,
            ..Field::default()
        }
    }

    fn kept(field: &Field, text: &str) -> String {
        match field.check(text) {
            Ok(kept) => format!("{kept:?}"),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn text_is_one_line_without_the_space_around_it() {
        let text = field(FieldKind::Text);
        assert_eq!(kept(&text, "  Grüße 1 \n"), r#""Grüße 1""#);
        for lines in ["a\nb", "a\rb", "a\tb", "a\0b", "a\u{2028}b", "a\u{85}b"] {
            assert_eq!(kept(&text, lines), "it is one line of text", "{lines:?}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        let text = field(FieldKind::Text);
        assert_eq!(kept(&text, "äöüäöüäö"), r#""äöüäöüäö""#);
        assert_eq!(kept(&text, "123456789"), "it has 9 characters; at most 8 are allowed");
        let unbounded = Field {
            max_length: 0,
            ..text.clone()
        };
        assert!(unbounded.check(&"x".repeat(3000)).is_ok());
        assert!(unbounded.check(&"x".repeat(3001)).is_err());
        let boundless = Field {
            max_length: u32::MAX,
            ..text
        };
        assert!(
            boundless.check(&"x".repeat(3001)).is_err(),
            "no plugin raises the bound"
        );
    }

    #[test]
    fn only_what_is_optional_may_be_empty() {
        for kind in [FieldKind::Text, FieldKind::Number, FieldKind::Boolean] {
            let required = field(kind);
            let optional = Field {
                optional: true,
                ..required.clone()
            };
            for empty in ["", " \n"] {
                assert_eq!(kept(&required, empty), "it may not be empty", "{kind:?}");
                assert_eq!(kept(&optional, empty), r#""""#, "{kind:?}");
            }
        }
    }

    #[test]
    fn numbers_and_booleans_are_kept_in_one_form() {
        let number = field(FieldKind::Number);
        let numbers = ["42 ", "+7", "007", "-3", "4.2", "0x10", "ten", "99999999999999999999"];
        insta::assert_snapshot!(numbers.map(|text| format!("{text}: {}", kept(&number, text))).join("\n"), @r#"
        42 : "42"
        +7: "7"
        007: "7"
        -3: "-3"
        4.2: it is a whole number, for example 42
        0x10: it is a whole number, for example 42
        ten: it is a whole number, for example 42
        99999999999999999999: it is a whole number, for example 42
        "#);
        let boolean = field(FieldKind::Boolean);
        let booleans = ["true", "Yes", "on", "FALSE", "no", "off", "maybe"];
        insta::assert_snapshot!(booleans.map(|text| format!("{text}: {}", kept(&boolean, text))).join("\n"), @r#"
        true: "true"
        Yes: "true"
        on: "true"
        FALSE: "false"
        no: "false"
        off: "false"
        maybe: it is `true` or `false`
        "#);
    }

    #[test]
    fn a_secret_keeps_its_space_and_is_not_repeated() {
        let secret = Field {
            secret: true,
            ..field(FieldKind::Text)
        };
        assert_eq!(kept(&secret, " a b "), r#"" a b ""#);
        for bad in ["hunter2 and more", "hunter\n2"] {
            assert!(!kept(&secret, bad).contains("hunter"), "{bad}");
        }
    }
}
