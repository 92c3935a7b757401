//! Orders from Slack: messages, slash commands and presses of buttons, over Socket Mode (`socket`) or over HTTP (`http`).
//!
//! Both ways do the same: read what Slack sent (`event`, `press`, pure), hand it to [`Intake`], and acknowledge when it is
//! durable and not before, so that Slack sends again what could not be kept. Nothing is asked of Slack in between: it
//! waits three seconds for the acknowledgement. Answers and reports leave through the outbox; who somebody is, is in
//! `directory`; which channels there are, in `channels`.
//!
//! What people say to each other is held against the keyword rules (`keyword`, pure), and `catch_up` finds what no event
//! told of. `joining` joins channels.

mod catch_up;
mod channels;
mod directory;
mod event;
mod http;
mod joining;
mod keyword;
mod preferences;
mod press;
mod signature;
mod socket;

pub use catch_up::CatchUp;
pub use channels::Channels;
pub use directory::SlackDirectory;
pub use event::{SlashCommand, hear_command, hear_event};
pub use http::routes;
pub use joining::{Joiner, Made};
pub use preferences::Preferences;
pub use press::hear_press;
pub use signature::SigningSecret;

use std::fmt;
use std::sync::Arc;

use anyhow::Context;
use innkeeper_core::BoxFuture;
use innkeeper_core::keyword::Book;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use super::{Heard, Intake, Said};
use crate::slack::Identity;
use crate::slack::conversations::Conversation;
use event::overhear_event;
use keyword::{Calls, Overheard};
use preferences::Somebody;
use press::Opening;

/// Hears what is said to the bot in Slack.
pub struct SlackTrigger {
    door: Arc<dyn Door>,
    identity: Identity,
    channels: Arc<Channels>,
    /// Told of changes of people; none in tests that need none.
    directory: Option<Arc<SlackDirectory>>,
    /// Told of channels that are made; none where they are not joined.
    made: Option<Made>,
    /// How people say how they are told; none in tests that need none.
    preferences: Option<Arc<Preferences>>,
    /// How many Socket Mode connections Slack has greeted.
    connections: watch::Sender<usize>,
    /// How often a connection came up when there was none.
    gaps: watch::Sender<u64>,
    /// How often the bot came into a channel.
    moves: watch::Sender<u64>,
    /// How often a message was left to the catch-up pass.
    left: watch::Sender<u64>,
    /// Messages that are held against the keyword rules at once.
    turns: Arc<Semaphore>,
}

/// How many messages are held against the keyword rules at once.
const MOST_TURNS: usize = 2;

/// What this trigger needs of [`Intake`]: a trait, so that tests can stand at the door.
trait Door: Send + Sync {
    fn hear(&self, said: Said) -> BoxFuture<'_, anyhow::Result<Heard>>;
    fn keep_unreadable<'a>(&'a self, source: &'a str, body: &'a str, why: &'a str)
    -> BoxFuture<'a, anyhow::Result<()>>;
    fn keywords(&self) -> Arc<Book>;
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

    fn keywords(&self) -> Arc<Book> {
        Self::keywords(self)
    }
}

impl SlackTrigger {
    /// A trigger that hands what is said to the bot `identity`, and what calls in `channels`, to `intake`.
    pub fn new(
        intake: Arc<Intake>,
        identity: Identity,
        channels: Arc<Channels>,
        directory: Arc<SlackDirectory>,
        made: Option<Made>,
        preferences: Arc<Preferences>,
    ) -> Self {
        Self {
            directory: Some(directory),
            made,
            preferences: Some(preferences),
            ..Self::at(intake, identity, channels)
        }
    }

    fn at(door: Arc<dyn Door>, identity: Identity, channels: Arc<Channels>) -> Self {
        Self {
            door,
            identity,
            channels,
            directory: None,
            made: None,
            preferences: None,
            connections: watch::Sender::new(0),
            gaps: watch::Sender::new(0),
            moves: watch::Sender::new(0),
            left: watch::Sender::new(0),
            turns: Arc::new(Semaphore::new(MOST_TURNS)),
        }
    }

    /// How many Socket Mode connections are open, as it changes. For `readyz` and `status`.
    pub fn connections(&self) -> watch::Receiver<usize> {
        self.connections.subscribe()
    }

    /// How often events may have been missed, as it changes.
    fn gaps(&self) -> watch::Receiver<u64> {
        self.gaps.subscribe()
    }

    /// How often the bot came into a channel, as it changes.
    fn moves(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }

    /// How often a message was left to the catch-up pass, since its channel's name was not known.
    fn left(&self) -> watch::Receiver<u64> {
        self.left.subscribe()
    }

    fn keywords(&self) -> Arc<Book> {
        self.door.keywords()
    }

    /// Hears an `event_callback`. When this returns, it may be acknowledged.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    async fn event(&self, source: &str, callback: &Value) -> anyhow::Result<()> {
        match self.event_through(callback).await? {
            Ok(()) => Ok(()),
            Err(why) => self.unreadable(source, &callback.to_string(), &why).await,
        }
    }

    /// The inner error is a sentence about what cannot be read.
    async fn event_through(&self, callback: &Value) -> anyhow::Result<Result<(), String>> {
        let event = &callback["event"];
        Ok(match event["type"].as_str() {
            Some("user_change" | "team_join") => self.person_changed(&event["user"]),
            Some("channel_created") => channel(event).map(|made| {
                if let Some(joiner) = &self.made {
                    joiner.tell(made);
                }
            }),
            Some("member_joined_channel") => {
                // What the channel is called it does not say, and the acknowledgement does not wait for an answer.
                if event["user"].as_str() == Some(&self.identity.user) {
                    self.moves.send_modify(|moves| *moves += 1);
                }
                Ok(())
            }
            Some("channel_rename" | "group_rename") => channel(event).map(|renamed| self.channels.renamed(renamed)),
            Some("app_home_opened") => {
                self.home_opened(event);
                Ok(())
            }
            _ => self.message(callback).await?,
        })
    }

    /// Somebody looks at the app. The acknowledgement does not wait for what they are shown.
    fn home_opened(&self, event: &Value) {
        let (Some(preferences), Some(user)) = (&self.preferences, event["user"].as_str()) else {
            return;
        };
        if event["tab"] == "home" {
            let (preferences, who) = (Arc::clone(preferences), Somebody::new(user, None));
            tokio::spawn(async move { preferences.show_home(&who).await });
        }
    }

    /// A message may be for the bot, and call somebody, too. All of it is kept before it is acknowledged.
    async fn message(&self, callback: &Value) -> anyhow::Result<Result<(), String>> {
        match hear_event(callback, &self.identity) {
            Ok(Some(said)) => drop(self.door.hear(said).await?),
            Ok(None) => {}
            Err(why) => return Ok(Err(why)),
        }
        let book = self.keywords();
        if book.is_empty() {
            return Ok(Ok(()));
        }
        let overheard = match overhear_event(callback, &self.identity) {
            Ok(Some(overheard)) => overheard,
            Ok(None) => return Ok(Ok(())),
            Err(why) => return Ok(Err(why)),
        };
        let calls = self.calls(overheard, book).await?;
        for said in calls.askings {
            self.door.hear(said).await?;
        }
        if calls.unsure {
            self.left.send_modify(|left| *left += 1);
        }
        Ok(Ok(()))
    }

    /// The rules of the book that a message calls. Rules are anybody's: what they cost is kept from everything else.
    async fn calls(&self, overheard: Overheard, book: Arc<Book>) -> anyhow::Result<Calls> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.context("messages are not held against keywords any more")?;
        let channel = self.channels.get(&overheard.channel);
        let identity = self.identity.clone();
        let matching = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            overheard.calls(&book, channel.as_ref(), &identity)
        });
        matching
            .await
            .context("a message could not be held against the keywords")
    }

    fn person_changed(&self, user: &Value) -> Result<(), String> {
        match &self.directory {
            Some(directory) => directory.changed(user),
            None => Ok(()),
        }
    }

    /// Hears a slash command, and says what whoever typed it is shown meanwhile. The answer itself comes through the
    /// outbox.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    async fn command(&self, source: &str, fields: Value) -> anyhow::Result<Option<String>> {
        let body = fields.to_string();
        match SlashCommand::read(fields) {
            Ok(command) if let Some(preferences) = self.asked_for(command.text()) => {
                let who = Somebody::new(&command.user_id, command.team_id.as_deref());
                Ok(preferences.open(&who, command.text(), &command.trigger_id).await.err())
            }
            Ok(command) => {
                let heard = self.door.hear(hear_command(command, &self.identity)).await?;
                Ok(matches!(heard, Heard::Accepted { .. }).then(|| "On it.".to_owned()))
            }
            Err(why) => {
                self.unreadable(source, &body, &why).await?;
                let sorry = "I could not read that command. It is kept for whoever looks after me.";
                Ok(Some(sorry.to_owned()))
            }
        }
    }

    /// The preferences, where `text` asks for them.
    fn asked_for(&self, text: &str) -> Option<&Arc<Preferences>> {
        self.preferences.as_ref().filter(|_| preferences::is_wanted(text))
    }

    /// Hears an interaction: a press of a button, or a modal that comes back. When this returns, it may be acknowledged,
    /// with what it says.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    async fn interaction(&self, source: &str, payload: &Value) -> anyhow::Result<Option<Value>> {
        if let Some(preferences) = &self.preferences
            && preferences::is_submission(payload)
        {
            return Ok(Some(preferences.submitted(payload).await));
        }
        if let Some(opening) = Opening::read(payload)
            && let Some(preferences) = self.asked_for(&opening.text)
        {
            // Whoever pressed sees that nothing opens, and the log has why.
            let _ = preferences.open(&opening.who, &opening.text, &opening.trigger).await;
            return Ok(None);
        }
        self.press(source, payload).await.map(|()| None)
    }

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

/// The channel that an event tells of.
fn channel(event: &Value) -> Result<Conversation, String> {
    let channel = Conversation::deserialize(&event["channel"]);
    let channel = channel.map_err(|error| format!("an event of a channel in an unknown form: {error}"))?;
    match channel.id.is_empty() {
        true => Err("an event of a channel without its id".to_owned()),
        false => Ok(channel),
    }
}

/// The JSON that shows `text` to nobody but the one who typed a slash command.
fn ephemeral(text: &str) -> Value {
    serde_json::json!({"response_type": "ephemeral", "text": text})
}

#[cfg(test)]
mod testing;
