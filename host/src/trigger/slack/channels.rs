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
    /// Names by ids.
    names: RwLock<HashMap<String, String>>,
}

impl Channels {
    /// None is known yet.
    pub fn new(api: Arc<SlackApi>) -> Self {
        Self {
            api,
            names: RwLock::default(),
        }
    }

    /// Asks Slack which ones they are.
    ///
    /// # Errors
    /// Slack's: what was known before is still known.
    pub async fn refresh(&self) -> Result<(), ApiError> {
        let channels = list_all(&self.api, "users.conversations").await?;
        let names = channels.into_iter().map(|channel| (channel.id, channel.name)).collect();
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names;
        Ok(())
    }

    /// What a channel is called, without `#`. None: that is not known.
    pub(super) fn name_of(&self, id: &str) -> Option<String> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names.get(id).cloned()
    }

    /// The ids and names of all of them.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names.iter().map(|(id, name)| (id.clone(), name.clone())).collect()
    }

    /// The bot is in this one, too.
    pub(super) fn joined(&self, channel: Conversation) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        names.insert(channel.id, channel.name);
    }

    /// One that the bot is in is called otherwise now.
    pub(super) fn renamed(&self, channel: Conversation) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        names.entry(channel.id).and_modify(|name| *name = channel.name);
    }
}

impl fmt::Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channels").finish_non_exhaustive()
    }
}
