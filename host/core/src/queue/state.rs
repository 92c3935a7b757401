//! The states of what the store keeps, and the moves between them.
//!
//! ```text
//!   asking     ──► answered              nothing came of it but words: help, a refusal, no rule that matches
//!              ──► acted                 requests were made or joined, or pending ones were cancelled
//!              ──► undecided ──decide──► answered, acted
//!              An edit of what was answered or is undecided starts again; of what acted it changes nothing.
//!
//!   request    ──► pending ──start──► running ──end──► ended
//!                     │ ▲
//!                     │ └─ asked for again: the due time moves
//!                     └────cancel──► cancelled
//!
//!   run        ──► running ──end──► ended                (its row says `ended_at`; there is no third state)
//!
//!   delivery   ──► pending ──take──► in flight ──────────► sent
//!                     ▲                │  │ ▲ └──────────► given up
//!                     └────retry───────┘  └─┘ taken again after a crash: nobody knows whether it arrived
//! ```

use serde::Serialize;

/// Declares an enum whose cases have one word each, in the database and in JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        pub enum $name {
            $($(#[$case_doc])* #[serde(rename = $word)] $case,)+
        }

        impl $name {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            /// The word for it in the database and in JSON.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$case => $word,)+
                }
            }

            /// The state that `word` stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.as_str() == word)
            }
        }
    };
}

words! {
    /// What became of an asking.
    AskingState {
        /// It waits until it is known who asks.
        Undecided = "undecided",
        /// Nothing came of it but words.
        Answered = "answered",
        /// It made or joined requests, or cancelled some.
        Acted = "acted",
    }
}

impl AskingState {
    /// Whether an edit of it is a fresh asking. What has acted does not act again.
    pub const fn may_be_edited(self) -> bool {
        match self {
            Self::Undecided | Self::Answered => true,
            Self::Acted => false,
        }
    }
}

words! {
    /// How far a request is.
    RequestState {
        /// It waits for its due time, or for its job to be free.
        Pending = "pending",
        /// A run of it goes on.
        Running = "running",
        /// Its run has ended, well or not.
        Ended = "ended",
        /// It was cancelled before it started.
        Cancelled = "cancelled",
    }
}

/// What moves a request from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestMove {
    /// A run of it starts.
    Start,
    /// Its run ends.
    End,
    /// It is cancelled.
    Cancel,
}

impl RequestMove {
    /// The one state from which it is possible.
    pub const fn from(self) -> RequestState {
        match self {
            Self::Start | Self::Cancel => RequestState::Pending,
            Self::End => RequestState::Running,
        }
    }

    /// The state to which it leads.
    pub const fn to(self) -> RequestState {
        match self {
            Self::Start => RequestState::Running,
            Self::End => RequestState::Ended,
            Self::Cancel => RequestState::Cancelled,
        }
    }
}

words! {
    /// How far a delivery is.
    DeliveryState {
        /// It waits for its turn, or for its next attempt.
        Pending = "pending",
        /// An attempt goes on, or was cut short by a crash.
        InFlight = "in-flight",
        /// The other side confirmed it.
        Sent = "sent",
        /// It will not be tried again.
        GivenUp = "given-up",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_moves_forward_only() {
        let order = |state| RequestState::ALL.iter().position(|s| *s == state);
        for step in [RequestMove::Start, RequestMove::End, RequestMove::Cancel] {
            assert!(order(step.from()) < order(step.to()), "{step:?}");
        }
    }

    #[test]
    fn what_ended_or_was_cancelled_moves_no_more() {
        for step in [RequestMove::Start, RequestMove::End, RequestMove::Cancel] {
            assert!(matches!(step.from(), RequestState::Pending | RequestState::Running));
        }
    }

    #[test]
    fn each_word_stands_for_its_state_and_others_for_none() {
        for state in RequestState::ALL {
            assert_eq!(RequestState::from_word(state.as_str()), Some(*state));
        }
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::from_word(state.as_str()), Some(*state));
        }
        for state in AskingState::ALL {
            assert_eq!(AskingState::from_word(state.as_str()), Some(*state));
        }
        assert_eq!(RequestState::from_word("Pending"), None);
    }

    #[test]
    fn only_what_has_not_acted_may_be_edited() {
        let editable: Vec<&str> = AskingState::ALL
            .iter()
            .filter(|state| state.may_be_edited())
            .map(|state| state.as_str())
            .collect();
        assert_eq!(editable, ["undecided", "answered"]);
    }
}
