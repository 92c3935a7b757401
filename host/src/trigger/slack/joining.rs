//! Joining channels, where the host is told to: at the start every public one that the bot is not in, later each that is
//! made. What Slack refuses is logged, and the others are joined.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::config::Join;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Channels;
use crate::slack::conversations::{Conversation, list, patiently};
use crate::slack::{ApiError, SlackApi};

/// How many channels that were just made wait to be joined, at most. What is more is joined at the next start.
const MOST_WAITING: usize = 1000;
/// How long after a failure the list is read again; doubles up to the second.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// Joins channels.
pub struct Joiner {
    api: Arc<SlackApi>,
    channels: Arc<Channels>,
    join: Join,
    made: mpsc::Receiver<Conversation>,
}

/// Where the joiner hears of channels that are made.
#[derive(Clone, Debug)]
pub struct Made(mpsc::Sender<Conversation>);

impl Made {
    pub(super) fn tell(&self, channel: Conversation) {
        if let Err(error) = self.0.try_send(channel) {
            tracing::warn!(%error, "a channel was made and is not joined before the next start");
        }
    }
}

impl Joiner {
    /// The joiner, and where it is told of channels that are made. None where the bot is to join none.
    pub fn new(join: Join, api: Arc<SlackApi>, channels: Arc<Channels>) -> Option<(Self, Made)> {
        if join == Join::None {
            return None;
        }
        let (tell, made) = mpsc::channel(MOST_WAITING);
        let joiner = Self {
            api,
            channels,
            join,
            made,
        };
        Some((joiner, Made(tell)))
    }

    /// Joins what there is, and then what is made, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.join_for_ever() => {}
        }
    }

    async fn join_for_ever(&mut self) {
        self.join_what_there_is().await;
        while let Some(channel) = self.made.recv().await {
            self.join(channel).await;
        }
        // Nobody is left to tell of channels; the others of this part go on.
        std::future::pending::<()>().await;
    }

    async fn join_what_there_is(&self) {
        let mut wait = FIRST_WAIT;
        let listed = loop {
            match patiently(|| list(&self.api, "conversations.list", "public_channel")).await {
                Ok(listed) => break listed,
                Err(error @ ApiError::Refused { .. }) => {
                    tracing::error!(%error, "the channels to join cannot be listed");
                    return;
                }
                Err(error) => tracing::warn!(%error, "the channels to join cannot be listed; trying again"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        };
        let missing = listed.into_iter().filter(|channel| !channel.is_member);
        for channel in missing {
            self.join(channel).await;
        }
    }

    async fn join(&self, channel: Conversation) {
        #[derive(Deserialize)]
        struct Joined {
            channel: Conversation,
        }
        if channel.is_archived || (channel.is_shared() && self.join != Join::PublicAndShared) {
            return;
        }
        let body = json!({"channel": channel.id});
        let joined = patiently(|| self.api.post::<Joined>("conversations.join", &body)).await;
        match joined {
            Ok(Joined { channel: joined }) => {
                tracing::info!(channel = joined.id, name = joined.name, "joined a channel");
                self.channels.joined(joined);
            }
            Err(error) => tracing::warn!(%error, channel = channel.id, "a channel could not be joined"),
        }
    }
}
