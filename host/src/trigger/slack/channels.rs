//! The channels that the bot is in, and what they are called: rules name them, and events do not. Kept ready, so that
//! nothing has to be asked when a message comes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::slack::conversations::{Conversation, list_all};
use crate::slack::{ApiError, SlackApi};

/// The channels that the bot is in.
pub struct Channels {
    api: Arc<SlackApi>,
    /// By their ids.
    known: RwLock<HashMap<String, Conversation>>,
}

impl Channels {
    /// None is known yet.
    pub fn new(api: Arc<SlackApi>) -> Self {
        Self {
            api,
            known: RwLock::default(),
        }
    }

    /// Asks Slack which ones they are.
    ///
    /// # Errors
    /// Slack's: what was known before is still known.
    pub async fn refresh(&self) -> Result<(), ApiError> {
        let channels = list_all(&self.api, "users.conversations").await?;
        let known = channels.into_iter().map(|channel| (channel.id.clone(), channel));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known.collect();
        Ok(())
    }

    /// What is known of a channel. None: nothing yet.
    pub(super) fn get(&self, id: &str) -> Option<Conversation> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(id).cloned()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Conversation> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().cloned().collect()
    }

    /// The bot is in this one, too.
    pub(super) fn joined(&self, channel: Conversation) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(channel.id.clone(), channel);
    }

    /// One that the bot is in is called otherwise now.
    pub(super) fn renamed(&self, channel: Conversation) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // The event says less than a list does.
        known.entry(channel.id).and_modify(|known| known.name = channel.name);
    }
}

impl fmt::Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channels").finish_non_exhaustive()
    }
}
