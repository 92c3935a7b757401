//! The outbox: what is decided to be sent and not yet confirmed. Here are the contract of a target and the rules of
//! retrying; the rows are in `store`, the loop that sends is at the edge.

mod retry;

pub use retry::{GIVE_UP_AFTER, Next, next};

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::BoxFuture;
use crate::message::Delivery;

/// Sends one kind of delivery. One implementer for each way out (Slack, a terminal).
pub trait Target: Send + Sync {
    /// Sends `delivery` once. It does not retry and does not wait for longer than one exchange takes: the outbox owns
    /// both, since it survives a restart.
    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, Failure>>;
}

/// The other side's confirmation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The channel's id as the other side knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The posted message's `ts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<String>,
}

/// Why a delivery was not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not now: the other side is busy or out of reach. Tried again.
    #[error("{why}")]
    Later {
        /// How long the other side asks to wait (`Retry-After`).
        after: Option<Duration>,
        /// What happened, for the log and `status`.
        why: String,
    },
    /// Never: the other side refused this delivery, and would again.
    #[error("{why}")]
    Refused {
        /// Its reason, for example `channel_not_found`, and what to do about it.
        why: String,
    },
}
