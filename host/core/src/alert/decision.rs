//! What happens to services, and what is decided because of it. Plain data.

use serde::{Deserialize, Serialize};

use super::rules::Acknowledgement;
use super::status::{Status, words};
use crate::clock::Timestamp;

/// What happens to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time has passed.
    Tick,
    /// This is its status: a check ended, or the configuration is another one.
    Status(Status),
    /// Somebody is on it.
    Acknowledge {
        /// Who.
        by: String,
    },
    /// They are not any more.
    Withdraw {
        /// Who says so.
        by: String,
    },
    /// Nobody is to be disturbed. It takes the place of a silence that goes on.
    Silence {
        /// Who says so.
        by: String,
        /// Until when.
        until: Timestamp,
    },
    /// They may be disturbed again.
    Unsilence,
}

/// Why an event changes nothing. A text for whoever caused it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is one acknowledgement at a time.
    #[error("{} has acknowledged it already", .0.by)]
    Acknowledged(Acknowledgement),
    /// Nothing fails.
    #[error("nothing fails: there is nothing to acknowledge")]
    Passing,
    /// There is nothing to withdraw.
    #[error("nobody has acknowledged it")]
    NotAcknowledged,
    /// There is nothing to end.
    #[error("it is not silenced")]
    NotSilenced,
    /// A silence that ends before it begins.
    #[error("that time is past already")]
    Over,
}

words! {
    /// What an alert says.
    Kind {
        /// It fails, and nobody knew.
        Failing = "failing",
        /// It still fails.
        Again = "again",
        /// It fails worse than before.
        Worse = "worse",
        /// It passes again.
        Recovered = "recovered",
        /// Something about a failure that somebody has acknowledged.
        Update = "update",
    }
}

words! {
    /// Which plugins an alert goes to.
    Audience {
        /// All of the service's.
        Everybody = "everybody",
        /// Those that want updates.
        Followers = "followers",
        /// Those that do not.
        Others = "others",
    }
}

impl Audience {
    /// Whether a plugin belongs to it.
    pub const fn includes(self, wants_updates: bool) -> bool {
        match self {
            Self::Everybody => true,
            Self::Followers => wants_updates,
            Self::Others => !wants_updates,
        }
    }
}

/// An alert that goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What it says.
    pub kind: Kind,
    /// To whom.
    pub to: Audience,
    /// The status that they knew of.
    pub old: Status,
    /// The status now.
    pub new: Status,
    /// When it was decided.
    pub at: Timestamp,
    /// When the service began to fail.
    pub began: Timestamp,
    /// The number of the incident: the same from `failing` to `recovered`, for each service by itself.
    pub incident: u64,
    /// Who is on it.
    pub acknowledged: Option<Acknowledgement>,
}

impl Alert {
    /// Whether it says that the service is critical, and it was not before: what one calls by telephone for.
    pub fn is_newly_critical(&self) -> bool {
        self.new == Status::Critical && self.old != Status::Critical
    }
}

/// A change of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The status before.
    pub from: Status,
    /// The status from now on.
    pub to: Status,
}
