//! Socket Mode: tickets, greetings, envelopes and their acknowledgements.

use std::collections::HashMap;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::state::Socket;
use super::{APP, FakeSlack};

/// Opens a connection, for a ticket of `apps.connections.open`. A ticket is good for one.
pub(super) async fn link(
    State(slack): State<FakeSlack>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let ticket = query.get("ticket").cloned().unwrap_or_default();
    let known = {
        let mut state = slack.state();
        let before = state.tickets.len();
        state.tickets.retain(|other| *other != ticket);
        state.tickets.len() < before
    };
    if !known {
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.on_upgrade(move |socket| connection(slack, socket))
}

async fn connection(slack: FakeSlack, mut socket: WebSocket) {
    let (outgoing, mut to_send) = mpsc::unbounded_channel();
    let (id, connections) = {
        let mut state = slack.state();
        let id = state.number();
        state.sockets.push(Socket { id, outgoing });
        (id, state.sockets.len())
    };
    let hello = json!({
        "type": "hello", "num_connections": connections, "connection_info": { "app_id": APP },
        "debug_info": { "host": "applink-1", "build_number": 1, "approximate_connection_time": 18060 },
    });
    let mut open = socket.send(Message::text(hello.to_string())).await.is_ok();
    slack.changed();
    while open {
        tokio::select! {
            frame = to_send.recv() => match frame {
                Some(frame) => open = socket.send(Message::text(frame)).await.is_ok(),
                None => break,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => slack.acknowledged(&text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => open = false,
                Some(Ok(_)) => {}
            },
        }
    }
    slack.state().sockets.retain(|other| other.id != id);
    slack.changed();
}

impl FakeSlack {
    /// Waits until the bot has this many Socket Mode connections.
    pub async fn await_connections(&self, count: usize) {
        self.await_state("Socket Mode connections", |state| {
            (state.sockets.len() >= count).then_some(())
        })
        .await;
    }

    /// Tells every connection that it will be closed, and closes it: Slack does so every few hours.
    pub fn refresh_connections(&self) {
        let disconnect = json!({
            "type": "disconnect", "reason": "refresh_requested", "debug_info": { "host": "applink-1" },
        });
        for socket in self.state().sockets.drain(..) {
            // Dropped with its sender, the connection closes when this is sent.
            let _ = socket.outgoing.send(disconnect.to_string());
        }
        self.changed();
    }

    /// Sends a frame as it is, which the bot may not understand.
    pub fn send_frame(&self, frame: &str) {
        if let Some(socket) = self.state().sockets.last() {
            let _ = socket.outgoing.send(frame.to_owned());
        }
    }

    /// Sends an envelope over one of the connections. False where there is none.
    pub(super) fn send_envelope(&self, kind: &str, envelope: &str, payload: &Value, attempt: u32) -> bool {
        let mut frame = json!({
            "type": kind, "envelope_id": envelope, "payload": payload,
            "accepts_response_payload": kind != "events_api",
        });
        if kind == "events_api" {
            frame["retry_attempt"] = attempt.into();
            frame["retry_reason"] = if attempt == 0 { "" } else { "timeout" }.into();
        }
        let mut state = self.state();
        state.envelopes.entry(envelope.to_owned()).or_insert(false);
        // Any of them may get it; the newest is the one that least probably is on its way out.
        state
            .sockets
            .last()
            .is_some_and(|socket| socket.outgoing.send(frame.to_string()).is_ok())
    }

    fn acknowledged(&self, frame: &str) {
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        if let Some(id) = frame["envelope_id"].as_str() {
            self.state().answers.insert(id.to_owned(), frame["payload"].clone());
            self.acknowledge(id);
        }
    }

    pub(super) fn acknowledge(&self, envelope: &str) {
        self.state().envelopes.insert(envelope.to_owned(), true);
        self.changed();
    }
}
