//! How bad it is: of a check, and of a service. Pure.

use serde::{Deserialize, Serialize};

/// Declares an enum whose cases have one word each, in files, in the database and in JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$case_doc])* #[serde(rename = $word)] $case,)+
        }

        impl $name {
            /// Every case, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$case => $word,)+
                }
            }

            /// The case that `word` stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|case| case.as_str() == word)
            }
        }
    };
}
pub(super) use words;

words! {
    /// How much it matters that a check fails.
    #[derive(Default, schemars::JsonSchema)]
    Importance {
        /// It can wait until somebody looks.
        Warning = "warning",
        /// Somebody should look now.
        #[default]
        Error = "error",
        /// Somebody should be woken.
        Critical = "critical",
    }
}

words! {
    /// The status of a service: the worst importance among its failing active checks. The order is that of badness.
    #[derive(Default)]
    Status {
        /// No active check fails.
        #[default]
        Passing = "passing",
        /// At worst a check of importance `warning` fails.
        Warning = "warning",
        /// At worst a check of importance `error` fails.
        Error = "error",
        /// A check of importance `critical` fails.
        Critical = "critical",
    }
}

impl Status {
    /// The worst of these; passing where there are none.
    pub fn worst_of(failing: impl IntoIterator<Item = Importance>) -> Self {
        failing.into_iter().max().map_or(Self::Passing, Self::from)
    }

    /// Whether something fails.
    pub const fn is_failing(self) -> bool {
        !matches!(self, Self::Passing)
    }
}

impl From<Importance> for Status {
    fn from(importance: Importance) -> Self {
        match importance {
            Importance::Warning => Self::Warning,
            Importance::Error => Self::Error,
            Importance::Critical => Self::Critical,
        }
    }
}

words! {
    /// What people are shown of a service.
    Shown {
        /// No active check fails.
        Passing = "passing",
        /// At worst a check of importance `warning` fails.
        Warning = "warning",
        /// At worst a check of importance `error` fails.
        Error = "error",
        /// A check of importance `critical` fails.
        Critical = "critical",
        /// Something fails, and somebody has said that they are on it.
        Acknowledged = "acknowledged",
        /// Its alerts are switched off.
        Disabled = "disabled",
    }
}

impl From<Status> for Shown {
    fn from(status: Status) -> Self {
        match status {
            Status::Passing => Self::Passing,
            Status::Warning => Self::Warning,
            Status::Error => Self::Error,
            Status::Critical => Self::Critical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_as_bad_as_its_worst_failing_check() {
        use Importance::{Critical, Error, Warning};
        assert_eq!(Status::worst_of([]), Status::Passing);
        assert_eq!(Status::worst_of([Warning]), Status::Warning);
        assert_eq!(Status::worst_of([Warning, Error, Warning]), Status::Error);
        assert_eq!(Status::worst_of([Critical, Error]), Status::Critical);
    }

    #[test]
    fn words_stand_for_what_they_say() {
        assert_eq!(Importance::default(), Importance::Error);
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.as_str()), Some(*status));
        }
        assert_eq!(Status::from_word("Passing"), None);
    }
}
