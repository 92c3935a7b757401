//! Whether a message is there already. An attempt whose answer was lost, in a broken connection or with a host that died, may
//! have posted: before it is posted again, it is looked for by the id in its metadata.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::message::Delivery;
use innkeeper_core::outbox::{Failure, Receipt};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::channels::Channels;
use super::{METADATA_EVENT, Place, sort};
use crate::slack::conversations::Metadata;
use crate::slack::{ApiError, SlackApi};

/// The most messages that Slack likes to give at once.
const PAGE: &str = "200";
/// What is looked at, in pages. A message that is further away than that is posted again: better twice than never.
const MOST_PAGES: usize = 20;
/// How far Slack's clock may be from ours.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Finds what was posted.
#[derive(Debug)]
pub(super) struct LookUp {
    api: Arc<SlackApi>,
    /// Deliveries whose last attempt Slack refused: they are not there.
    refused: Mutex<HashSet<Uuid>>,
    /// Whether it was said that this cannot be looked up.
    told: AtomicBool,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    #[serde(default)]
    response_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Message {
    ts: String,
    #[serde(default)]
    metadata: Value,
}

impl LookUp {
    pub(super) fn new(api: Arc<SlackApi>) -> Self {
        Self {
            api,
            refused: Mutex::default(),
            told: AtomicBool::new(false),
        }
    }

    /// Whether this attempt follows one of which nobody knows what came of it.
    pub(super) fn is_unsure(&self, delivery: &Delivery) -> bool {
        let refused = self.refused().remove(&delivery.id);
        delivery.attempts > 1 && !refused
    }

    /// Remembers what a call that posts came back with.
    pub(super) fn note(&self, delivery: &Delivery, error: &ApiError) {
        if sort::posted_nothing(error) {
            self.refused().insert(delivery.id);
        }
    }

    /// What Slack says of the message, where it is there. None where it is not, or nobody may look.
    ///
    /// # Errors
    /// Slack's, where it can be looked for later.
    pub(super) async fn find(
        &self,
        channels: &Channels,
        delivery: &Delivery,
        place: Place<'_>,
    ) -> Result<Option<Receipt>, ApiError> {
        match self.search(channels, delivery, place).await {
            Err(error) => match sort::failure(&error, place.channel) {
                Failure::Later { .. } => Err(error),
                Failure::Refused { .. } => {
                    self.tell(&error);
                    Ok(None)
                }
            },
            found => found,
        }
    }

    async fn search(
        &self,
        channels: &Channels,
        delivery: &Delivery,
        place: Place<'_>,
    ) -> Result<Option<Receipt>, ApiError> {
        let channel = channels.id_of(place.channel).await?;
        let oldest = seconds(delivery.created, SKEW);
        let id = delivery.id.to_string();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut arguments = vec![
                ("channel", channel.as_str()),
                ("oldest", &oldest),
                ("limit", PAGE),
                ("include_all_metadata", "true"),
                ("cursor", &cursor),
            ];
            let method = match place.thread {
                Some(thread) => {
                    arguments.push(("ts", thread));
                    "conversations.replies"
                }
                None => "conversations.history",
            };
            let page: Page = self.api.get(method, &arguments).await?;
            let found = page.messages.into_iter().find(|message| {
                message.metadata["event_type"] == METADATA_EVENT && message.metadata["event_payload"]["id"] == *id
            });
            if let Some(Message { ts, .. }) = found {
                tracing::info!(delivery.id = id, "it was posted already: the answer was lost");
                return Ok(Some(Receipt {
                    channel: Some(channel),
                    ts: Some(ts),
                }));
            }
            cursor = page.response_metadata.unwrap_or_default().next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        Ok(None)
    }

    /// Says once that it cannot be looked up. A channel that the bot is not in has nothing of ours.
    fn tell(&self, error: &ApiError) {
        if error.code() == Some("missing_scope") && !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %error,
                "messages whose confirmation was lost are posted again without looking whether they are there; compare \
                 the app with `innkeeper slack-manifest`"
            );
        }
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A moment, less a span, as Slack writes it.
fn seconds(at: Timestamp, less: Duration) -> String {
    let less = i64::try_from(less.as_micros()).unwrap_or(i64::MAX);
    let micros = at.as_micros().saturating_sub(less).max(0);
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
