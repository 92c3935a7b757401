//! Channel names to ids. `chat.postMessage` takes names by itself; sharing a file does not.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use innkeeper_core::clock::Clock;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use crate::slack::conversations::list_all;
use crate::slack::{ApiError, SlackApi};

/// How long a name is believed. A channel can be renamed, and its name given to another.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long it is believed that there is no such channel: somebody may be about to make it.
const MISSING: Duration = Duration::from_secs(60);

/// Looks channels up, and remembers.
pub(super) struct Channels {
    api: Arc<SlackApi>,
    clock: Arc<dyn Clock>,
    // Held while the list is read, so that it is read once.
    list: Mutex<Option<List>>,
}

struct List {
    read: Instant,
    ids: HashMap<String, String>,
}

impl Channels {
    pub(super) fn new(api: Arc<SlackApi>, clock: Arc<dyn Clock>) -> Self {
        Self {
            api,
            clock,
            list: Mutex::new(None),
        }
    }

    /// The id of a channel that is given as an id, as a name (with or without `#`), or as a user to write to.
    pub(super) async fn id_of(&self, channel: &str) -> Result<String, ApiError> {
        if !is_id(channel) {
            return self.look_up(channel.trim_start_matches('#')).await;
        }
        if channel.starts_with(['U', 'W']) {
            return self.direct_with(channel).await;
        }
        Ok(channel.to_owned())
    }

    async fn direct_with(&self, user: &str) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        struct Opened {
            channel: Direct,
        }
        #[derive(Deserialize)]
        struct Direct {
            id: String,
        }
        let opened: Opened = self.api.post("conversations.open", &json!({"users": user})).await?;
        Ok(opened.channel.id)
    }

    async fn look_up(&self, name: &str) -> Result<String, ApiError> {
        let mut list = self.list.lock().await;
        let now = self.clock.monotonic();
        if let Some(list) = &*list {
            let age = now.saturating_duration_since(list.read);
            match list.ids.get(name) {
                Some(id) if age < FRESH => return Ok(id.clone()),
                None if age < MISSING => return Err(not_found()),
                _ => {}
            }
        }
        let ids = self.read().await?;
        let id = ids.get(name).cloned().ok_or_else(not_found);
        *list = Some(List { read: now, ids });
        id
    }

    async fn read(&self) -> Result<HashMap<String, String>, ApiError> {
        let channels = list_all(&self.api, "conversations.list").await?;
        Ok(channels.into_iter().map(|channel| (channel.name, channel.id)).collect())
    }
}

impl fmt::Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channels").finish_non_exhaustive()
    }
}

/// Slack's own word, so that both ways to learn it are sorted alike.
fn not_found() -> ApiError {
    ApiError::Refused {
        method: "conversations.list",
        code: "channel_not_found".to_owned(),
        detail: String::new(),
    }
}

/// Ids are upper-case letters and digits; names have no upper-case letters at all.
fn is_id(channel: &str) -> bool {
    channel.starts_with(['C', 'D', 'G', 'U', 'W'])
        && channel
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
