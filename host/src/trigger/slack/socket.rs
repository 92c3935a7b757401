//! Slack over Socket Mode: WebSockets that the host opens, so that nothing has to reach it from outside.
//!
//! slack-morphism opens two, keeps them alive and opens them again; what comes over them is read here, from its JSON,
//! and acknowledged when it is durable. slack-morphism's own listener would lose fields that permissions need, and would
//! acknowledge what it cannot read before that could be kept. A watchdog starts both connections afresh where neither has
//! come up for a while: opening one has no time-out of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use slack_morphism::clients_manager::{SlackSocketModeClientsManager, SlackSocketModeClientsManagerFactory};
use slack_morphism::listener::SlackClientEventsListenerEnvironment;
use slack_morphism::{
    SlackApiToken, SlackClientSocketModeConfig, SlackSocketModeClientListener, SlackSocketModeWssClientId,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{SlackTrigger, ephemeral};
use crate::slack::SlackApi;

const SOURCE: &str = "slack over Socket Mode";

/// How long after a connection could not be opened it is tried again. slack-morphism's default is 30 s.
const RECONNECT_SECONDS: u64 = 5;
/// A link that has not answered a ping for three of these is dead.
const PING_SECONDS: u64 = 10;
const LOST_PINGS: u64 = 3;
/// Without any connection for so long, both are started afresh.
const WATCHDOG: Duration = Duration::from_secs(60);
/// A connection that ended sooner than this is opened again only after a pause, lest the two of them run in circles.
const SHORT_LIVED: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);

type Manager = dyn SlackSocketModeClientsManager + Send + Sync;

impl SlackTrigger {
    /// Listens until `shutdown`. What was not acknowledged by then is sent again by Slack.
    ///
    /// # Errors
    /// There is no app token. Everything else is tried again for as long as it takes.
    pub async fn run_socket(self: Arc<Self>, api: Arc<SlackApi>, shutdown: CancellationToken) -> anyhow::Result<()> {
        let token = api
            .app_token()
            .context("Socket Mode needs SLACK_APP_TOKEN (an app-level token, `xapp-…`, with `connections:write`)")?;
        loop {
            let manager = self.connect(&api, token).await?;
            let stopped = tokio::select! {
                () = shutdown.cancelled() => true,
                () = self.all_gone(WATCHDOG) => false,
            };
            manager.shutdown().await;
            self.connections.send_replace(0);
            if stopped {
                return Ok(());
            }
            tracing::warn!(
                seconds = WATCHDOG.as_secs(),
                "no connection to Slack came up; opening them afresh"
            );
        }
    }

    async fn connect(self: &Arc<Self>, api: &SlackApi, token: &SlackApiToken) -> anyhow::Result<Arc<Manager>> {
        let client = Arc::clone(api.client());
        let environment = Arc::new(SlackClientEventsListenerEnvironment::new(Arc::clone(&client)));
        let manager = client.http_api.connector.new_clients_manager(environment);
        let ear = Ear {
            trigger: Arc::clone(self),
            manager: Arc::downgrade(&manager),
            open: Mutex::default(),
        };
        let config = SlackClientSocketModeConfig::new()
            .with_reconnect_timeout_in_seconds(RECONNECT_SECONDS)
            .with_ping_interval_in_seconds(PING_SECONDS)
            .with_ping_failure_threshold_times(LOST_PINGS);
        manager
            .register_new_token(&config, token.clone(), Arc::new(ear))
            .await?;
        manager.start().await;
        Ok(manager)
    }

    /// Returns when there has been no connection for as long as `patience`.
    async fn all_gone(&self, patience: Duration) {
        let mut connections = self.connections.subscribe();
        loop {
            // The sender is ours, so that neither wait can fail but by its time.
            let _ = connections.wait_for(|open| *open == 0).await;
            if tokio::time::timeout(patience, connections.wait_for(|open| *open > 0))
                .await
                .is_err()
            {
                return;
            }
        }
    }

    /// Reads one frame and does what it asks for.
    async fn frame(&self, frame: &str) -> Frame {
        let envelope: Envelope = match serde_json::from_str(frame) {
            Ok(envelope) => envelope,
            Err(error) => {
                return self
                    .unreadable_frame(frame, None, &format!("not an envelope: {error}"))
                    .await;
            }
        };
        let Envelope {
            kind,
            envelope_id: Some(id),
            payload,
            ..
        } = envelope
        else {
            return match envelope.kind.as_str() {
                "hello" => Frame::Hello,
                "disconnect" => Frame::Disconnect(envelope.reason.unwrap_or_default()),
                _ => self.unreadable_frame(frame, None, "an envelope without an id").await,
            };
        };
        match kind.as_str() {
            "events_api" => acknowledged(self.event(SOURCE, &payload).await, |()| json!({"envelope_id": id})),
            "slash_commands" => acknowledged(self.command(SOURCE, payload).await, |shown| match shown {
                Some(text) => json!({"envelope_id": id, "payload": ephemeral(&text)}),
                None => json!({"envelope_id": id}),
            }),
            "interactive" => acknowledged(self.interaction(SOURCE, &payload).await, |answer| match answer {
                Some(answer) => json!({"envelope_id": id, "payload": answer}),
                None => json!({"envelope_id": id}),
            }),
            _ => {
                self.unreadable_frame(frame, Some(id), "an envelope of an unknown type")
                    .await
            }
        }
    }

    async fn unreadable_frame(&self, frame: &str, id: Option<String>, why: &str) -> Frame {
        let kept = self.unreadable(SOURCE, frame, why).await;
        match (kept, id) {
            (Ok(()), None) => Frame::Nothing,
            (kept, id) => acknowledged(kept, |()| json!({"envelope_id": id})),
        }
    }
}

/// What a frame asks of the connection that it came over.
#[derive(Debug, PartialEq)]
enum Frame {
    /// The connection is up.
    Hello,
    /// Slack is about to close the connection, and why.
    Disconnect(String),
    /// This is sent back.
    Acknowledge(Value),
    /// Nothing.
    Nothing,
}

/// `retry_attempt` and `retry_reason` are not read: a repetition is recognised by what it says.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    envelope_id: Option<String>,
    #[serde(default)]
    payload: Value,
    reason: Option<String>,
}

/// What could not be kept is not acknowledged: Slack sends it again.
fn acknowledged<T>(kept: anyhow::Result<T>, with: impl FnOnce(T) -> Value) -> Frame {
    match kept {
        Ok(kept) => Frame::Acknowledge(with(kept)),
        Err(error) => {
            tracing::error!("what came from Slack could not be kept and was not acknowledged: {error:#}");
            Frame::Nothing
        }
    }
}

/// What slack-morphism hands the frames of its connections to.
struct Ear {
    trigger: Arc<SlackTrigger>,
    /// Weak: the manager owns the connections, and each of them its listener.
    manager: Weak<Manager>,
    /// The connections that Slack has greeted, and when.
    open: Mutex<HashMap<SlackSocketModeWssClientId, Instant>>,
}

impl Ear {
    fn open(&self) -> MutexGuard<'_, HashMap<SlackSocketModeWssClientId, Instant>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn greeted(&self, id: &SlackSocketModeWssClientId) {
        let open = {
            let mut open = self.open();
            open.insert(id.clone(), Instant::now());
            open.len()
        };
        self.trigger.connections.send_replace(open);
        if open == 1 {
            // There was none before: what was said meanwhile may be lost.
            self.trigger.gaps.send_modify(|gaps| *gaps += 1);
        }
        tracing::info!(connections = open, "connected to Slack");
    }

    async fn again(&self, id: &SlackSocketModeWssClientId) {
        let Some(manager) = self.manager.upgrade() else {
            return;
        };
        let (since, open) = {
            let mut open = self.open();
            (open.remove(id), open.len())
        };
        self.trigger.connections.send_replace(open);
        if since.is_none_or(|since| since.elapsed() < SHORT_LIVED) {
            tokio::time::sleep(PAUSE).await;
        }
        manager.restart_client(id).await;
    }
}

#[async_trait]
impl SlackSocketModeClientListener for Ear {
    async fn on_message(&self, id: &SlackSocketModeWssClientId, frame: String) -> Option<String> {
        match self.trigger.frame(&frame).await {
            Frame::Hello => self.greeted(id),
            Frame::Disconnect(reason) => {
                tracing::debug!(reason, "Slack closes a connection; opening another");
                self.again(id).await;
            }
            Frame::Acknowledge(acknowledgement) => return Some(acknowledgement.to_string()),
            Frame::Nothing => {}
        }
        None
    }

    async fn on_error(&self, error: Box<dyn std::error::Error + Send + Sync>) {
        tracing::warn!("a connection to Slack failed: {error}");
    }

    async fn on_disconnect(&self, id: &SlackSocketModeWssClientId) {
        self.again(id).await;
    }
}

#[cfg(test)]
mod tests;
