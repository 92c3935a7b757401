//! Orders from Slack: messages, slash commands and presses of buttons, over Socket Mode (`socket`) or over HTTP (`http`).
//!
//! Both ways do the same: read what Slack sent (`event`, `press`, pure), hand it to [`Intake`], and acknowledge when it is
//! durable and not before, so that Slack sends again what could not be kept. Nothing is asked of Slack in between: it
//! waits three seconds for the acknowledgement. Answers and reports leave through the outbox; who somebody is, is in
//! `directory`.

mod directory;
mod event;
mod http;
mod press;
mod signature;
mod socket;

pub use directory::SlackDirectory;
pub use event::{SlashCommand, hear_command, hear_event};
pub use http::routes;
pub use press::hear_press;
pub use signature::SigningSecret;

use std::fmt;
use std::sync::Arc;

use innkeeper_core::BoxFuture;
use serde_json::Value;
use tokio::sync::watch;

use super::{Heard, Intake, Said};
use crate::slack::Identity;

/// Hears what is said to the bot in Slack.
pub struct SlackTrigger {
    door: Arc<dyn Door>,
    identity: Identity,
    /// How many Socket Mode connections Slack has greeted.
    connections: watch::Sender<usize>,
}

/// What this trigger needs of [`Intake`]: a trait, so that tests can stand at the door.
trait Door: Send + Sync {
    fn hear(&self, said: Said) -> BoxFuture<'_, anyhow::Result<Heard>>;
    fn keep_unreadable<'a>(&'a self, source: &'a str, body: &'a str, why: &'a str)
    -> BoxFuture<'a, anyhow::Result<()>>;
}

impl Door for Intake {
    fn hear(&self, said: Said) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(Self::hear(self, said))
    }

    fn keep_unreadable<'a>(
        &'a self,
        source: &'a str,
        body: &'a str,
        why: &'a str,
    ) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(Self::keep_unreadable(self, source, body, why))
    }
}

impl SlackTrigger {
    /// A trigger that hands what is said to the bot `identity` to `intake`.
    pub fn new(intake: Arc<Intake>, identity: Identity) -> Self {
        Self::at(intake, identity)
    }

    fn at(door: Arc<dyn Door>, identity: Identity) -> Self {
        Self {
            door,
            identity,
            connections: watch::Sender::new(0),
        }
    }

    /// How many Socket Mode connections are open, as it changes. For `readyz` and `status`.
    pub fn connections(&self) -> watch::Receiver<usize> {
        self.connections.subscribe()
    }

    /// Hears an `event_callback`. When this returns, it may be acknowledged.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    async fn event(&self, source: &str, callback: &Value) -> anyhow::Result<()> {
        match hear_event(callback, &self.identity) {
            Ok(Some(said)) => self.door.hear(said).await.map(drop),
            Ok(None) => Ok(()),
            Err(why) => self.unreadable(source, &callback.to_string(), &why).await,
        }
    }

    /// Hears a slash command, and says what whoever typed it is shown meanwhile. The answer itself comes through the
    /// outbox.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    async fn command(&self, source: &str, fields: Value) -> anyhow::Result<Option<&'static str>> {
        let body = fields.to_string();
        match SlashCommand::read(fields) {
            Ok(command) => {
                let heard = self.door.hear(hear_command(command, &self.identity)).await?;
                Ok(matches!(heard, Heard::Accepted { .. }).then_some("On it."))
            }
            Err(why) => {
                self.unreadable(source, &body, &why).await?;
                Ok(Some(
                    "I could not read that command. It is kept for whoever looks after me.",
                ))
            }
        }
    }

    /// Hears a press of a button. When this returns, it may be acknowledged.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    async fn press(&self, source: &str, payload: &Value) -> anyhow::Result<()> {
        match hear_press(payload, &self.identity) {
            Ok(Some(said)) => self.door.hear(said).await.map(drop),
            Ok(None) => Ok(()),
            Err(why) => self.unreadable(source, &payload.to_string(), &why).await,
        }
    }

    async fn unreadable(&self, source: &str, body: &str, why: &str) -> anyhow::Result<()> {
        self.door.keep_unreadable(source, body, why).await
    }
}

impl fmt::Debug for SlackTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackTrigger")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// The JSON that shows `text` to nobody but the one who typed a slash command.
fn ephemeral(text: &str) -> Value {
    serde_json::json!({"response_type": "ephemeral", "text": text})
}

#[cfg(test)]
mod testing;
