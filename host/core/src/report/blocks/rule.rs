//! The words in which the tables say what a block must be.

use super::super::text::Voice;
use super::tame;

/// What a value must be.
pub(super) enum Rule {
    /// A text object: `plain_text`, and where allowed `mrkdwn`; with at most so many characters.
    Text { mrkdwn: bool, max: usize },
    /// A string of one to so many characters.
    String(usize),
    /// A string that Slack does not show and that may be empty.
    Opaque(usize),
    /// An `action_id`: the same, and not one of the host's own.
    ActionId,
    /// Standard Markdown, as the `markdown` block has it.
    Markdown(usize),
    /// An absolute URL; `http` allows only that and `https`.
    Url { http: bool },
    /// An id as Slack makes them, beginning with one of these letters.
    Id(&'static [char]),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number, not negative.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list of so many.
    List { min: usize, max: usize, of: &'static Rule },
    /// An object without a `type`.
    Object(&'static [Field]),
    /// The same, or `null`.
    ObjectOrNull(&'static [Field]),
    /// An object that one of these describes, found by its `type`.
    Typed(&'static [&'static Shape]),
}

/// A key of an object.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) rule: &'static Rule,
}

/// An object with a `type`.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
    /// At least one of these keys must be there.
    pub(super) one_of: &'static [&'static str],
    /// Who may use it.
    pub(super) open: Open,
    /// Keeps it within what the namespace may say, after it was checked.
    pub(super) tame: Option<tame::Tame>,
}

/// Who may use a shape.
pub(super) enum Open {
    All,
    /// Why untrusted namespaces may not.
    Trusted(&'static str),
    /// Why nobody may.
    Nobody(&'static str),
}

impl Open {
    /// Why `voice` may not use it.
    pub(super) const fn closed_to(&self, voice: Voice) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Trusted(why) if !voice.trusted => Some(why),
            Self::Trusted(_) => None,
            Self::Nobody(why) => Some(why),
        }
    }
}

/// A key that must be there.
pub(super) const fn must(name: &'static str, rule: &'static Rule) -> Field {
    Field {
        name,
        required: true,
        rule,
    }
}

/// A key that may be there.
pub(super) const fn may(name: &'static str, rule: &'static Rule) -> Field {
    Field {
        name,
        required: false,
        rule,
    }
}

impl Shape {
    pub(super) const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        Self {
            name,
            fields,
            one_of: &[],
            open: Open::All,
            tame: None,
        }
    }

    pub(super) const fn with_one_of(self, one_of: &'static [&'static str]) -> Self {
        Self { one_of, ..self }
    }

    pub(super) const fn for_trusted(self, why: &'static str) -> Self {
        Self {
            open: Open::Trusted(why),
            ..self
        }
    }

    pub(super) const fn for_nobody(name: &'static str, why: &'static str) -> Self {
        Self {
            open: Open::Nobody(why),
            ..Self::new(name, &[])
        }
    }

    pub(super) const fn tamed(self, tame: tame::Tame) -> Self {
        Self {
            tame: Some(tame),
            ..self
        }
    }
}

/// A plain text of so many characters.
pub(super) const fn plain(max: usize) -> Rule {
    Rule::Text { mrkdwn: false, max }
}

/// A text of so many characters, with mrkdwn or without.
pub(super) const fn rich(max: usize) -> Rule {
    Rule::Text { mrkdwn: true, max }
}
