//! What people say, and how it reaches the bot: by Socket Mode, or by HTTP, signed.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::state::{Said, Way};
use super::{APP, BOT, FakeSlack, Post, SIGNING_SECRET, TEAM};
use crate::http;

/// Someone who talks to the bot.
pub struct Person {
    slack: FakeSlack,
    id: String,
    thread: Option<String>,
}

/// Something that was said.
#[derive(Clone)]
pub struct Sent {
    slack: FakeSlack,
    /// The channel's id.
    pub channel: String,
    /// The message's `ts`; for a slash command its `trigger_id`.
    pub ts: String,
    user: String,
    kind: &'static str,
    /// What is delivered: a message in a channel that mentions the bot is two events.
    payloads: Vec<Value>,
    envelopes: Vec<String>,
}

impl Person {
    pub(super) fn new(slack: FakeSlack, id: &str) -> Self {
        Self {
            slack,
            id: id.to_owned(),
            thread: None,
        }
    }

    /// The same person, answering in the thread of something that was said.
    #[must_use]
    pub fn in_thread_of(mut self, sent: &Sent) -> Self {
        self.thread = Some(sent.ts.clone());
        self
    }

    /// Says something in a channel, and waits until the bot has acknowledged it. `@innkeeper` in the text is a mention;
    /// everything else is as Slack sends it: `&amp;`, `<https://…>`.
    pub async fn says(&self, channel: &str, text: &str) -> Sent {
        let sent = self.starts_to_say(channel, text).await;
        sent.acked().await;
        sent
    }

    /// Says something in a channel, and waits for nothing but the bot to be there.
    pub async fn starts_to_say(&self, channel: &str, text: &str) -> Sent {
        let channel = self.slack.channel_id(channel);
        self.send(channel, text).await
    }

    /// Says something in a channel, and no event of it reaches the bot.
    pub async fn says_unheard(&self, channel: &str, text: &str) -> Sent {
        let channel = self.slack.channel_id(channel);
        let (ts, _) = self.write(&channel, text, None);
        self.sent("events_api", channel, ts, Vec::new())
    }

    /// Answers in a thread and sends it to the channel as well, which is two events.
    pub async fn broadcasts(&self, channel: &str, text: &str) -> Sent {
        let channel = self.slack.channel_id(channel);
        let (ts, message) = self.write(&channel, text, None);
        let mut again = message.clone();
        again["subtype"] = "thread_broadcast".into();
        let payloads = vec![self.slack.event(&message), self.slack.event(&again)];
        let sent = self.deliver("events_api", channel, ts, payloads).await;
        sent.acked().await;
        sent
    }

    /// Says something to the bot alone, and waits until it has acknowledged it.
    pub async fn direct_message(&self, text: &str) -> Sent {
        let channel = self.slack.state().direct(&self.id);
        let sent = self.send(channel, text).await;
        sent.acked().await;
        sent
    }

    async fn send(&self, channel: String, text: &str) -> Sent {
        let (ts, message) = self.write(&channel, text, None);
        let payloads = self.slack.events_of(&message);
        self.deliver("events_api", channel, ts, payloads).await
    }

    /// Puts a message into a channel: a new one, or what an earlier one is now.
    fn write(&self, channel: &str, text: &str, edits: Option<&Sent>) -> (String, Value) {
        let ts = edits.map_or_else(|| self.slack.state().ts(), |sent| sent.ts.clone());
        let mut message = self.message(channel, &ts, text);
        if let Some(thread) = &self.thread {
            message["thread_ts"] = thread.as_str().into();
        }
        let mut state = self.slack.state();
        if edits.is_some() {
            message["edited"] = json!({ "user": self.id, "ts": state.ts() });
            state.messages.retain(|said| said.channel != channel || said.ts != ts);
        }
        // What lists messages does not say where they are.
        let mut listed = message.clone();
        for name in ["channel", "channel_type", "event_ts"] {
            listed.as_object_mut().unwrap().shift_remove(name);
        }
        state.messages.push(Said {
            channel: channel.to_owned(),
            ts: ts.clone(),
            message: listed,
            metadata: None,
        });
        (ts, message)
    }

    /// Changes what was said, and no event of it reaches the bot.
    pub fn edits_unheard(&self, sent: &Sent, text: &str) {
        self.write(&sent.channel, text, Some(sent));
    }

    /// Changes what was said. The bot hears of it as Slack tells it: a `message_changed`, and a mention once more.
    pub async fn edits(&self, sent: &Sent, text: &str) -> Sent {
        let (_, message) = self.write(&sent.channel, text, Some(sent));
        let now = message["edited"]["ts"].clone();
        let mentions = self.slack.events_of(&message).into_iter();
        let mut payloads: Vec<Value> = mentions
            .filter(|event| event["event"]["type"] == "app_mention")
            .collect();
        let changed = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "channel": sent.channel,
            "channel_type": message["channel_type"], "ts": now, "event_ts": now, "message": message,
            "previous_message": sent.payloads[0]["event"],
        });
        payloads.push(self.slack.event(&changed));
        let edit = self
            .deliver("events_api", sent.channel.clone(), sent.ts.clone(), payloads)
            .await;
        edit.acked().await;
        edit
    }

    /// Types a slash command, and waits until it is acknowledged.
    pub async fn slash_command(&self, channel: &str, text: &str) -> Sent {
        let channel_id = self.slack.channel_id(channel);
        let (_, trigger) = self.slack.trigger_for(&self.id);
        let payload = json!({
            "token": "gone", "team_id": TEAM, "team_domain": "home", "channel_id": channel_id,
            "channel_name": channel.trim_start_matches('#'), "user_id": self.id, "user_name": self.id.to_lowercase(),
            "command": "/innkeeper", "text": text, "api_app_id": APP, "is_enterprise_install": "false",
            "response_url": format!("{}/response", self.slack.0.url), "trigger_id": trigger,
        });
        let sent = self.deliver("slash_commands", channel_id, trigger, vec![payload]).await;
        sent.acked().await;
        sent
    }

    /// Presses the button of a post that is called so, and waits until the bot has acknowledged it.
    pub async fn presses(&self, post: &Post, label: &str) -> Sent {
        let mut elements = post
            .blocks
            .iter()
            .filter_map(|block| block["elements"].as_array())
            .flatten();
        let button = elements.find(|element| element["type"] == "button" && element["text"]["text"] == label);
        let button = button.unwrap_or_else(|| panic!("no button {label:?} in {:?}", post.blocks));
        let (pressed, trigger) = self.slack.trigger_for(&self.id);
        let mut action = button.clone();
        action["action_ts"] = pressed.as_str().into();
        action["block_id"] = "b1".into();
        let team = self.slack.state().user(&self.id).map_or(TEAM, |user| user.team);
        let mut message =
            json!({ "type": "message", "user": BOT, "ts": post.ts, "text": post.text, "blocks": post.blocks });
        if let Some(thread) = &post.thread {
            message["thread_ts"] = thread.as_str().into();
        }
        let payload = json!({
            "type": "block_actions", "token": "gone", "api_app_id": APP, "team": { "id": TEAM, "domain": "home" },
            "user": { "id": self.id, "username": self.id.to_lowercase(), "name": self.id.to_lowercase(), "team_id": team },
            "container": { "type": "message", "message_ts": post.ts, "channel_id": post.channel, "is_ephemeral": false },
            "channel": { "id": post.channel, "name": post.channel_name.trim_start_matches(['#', '@']) },
            "message": message, "trigger_id": trigger, "is_enterprise_install": false,
            "enterprise": null, "state": { "values": {} }, "actions": [action],
            "response_url": format!("{}/response", self.slack.0.url),
        });
        let sent = self
            .deliver("interactive", post.channel.clone(), post.ts.clone(), vec![payload])
            .await;
        sent.acked().await;
        sent
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn slack(&self) -> &FakeSlack {
        &self.slack
    }

    pub(super) fn team(&self) -> &'static str {
        self.slack.state().user(&self.id).map_or(TEAM, |user| user.team)
    }

    /// Sends something that is in no channel, waits until it is acknowledged, and gives what the bot said with that.
    pub(super) async fn sends(&self, kind: &'static str, payload: Value) -> Value {
        let sent = self.deliver(kind, String::new(), String::new(), vec![payload]).await;
        sent.acked().await;
        let state = self.slack.state();
        let mut answers = sent.envelopes.iter().filter_map(|envelope| state.answers.get(envelope));
        answers.next_back().cloned().unwrap_or_default()
    }

    fn message(&self, channel: &str, ts: &str, text: &str) -> Value {
        let text = text.replace("@innkeeper", &format!("<@{BOT}>"));
        let team = self.slack.state().user(&self.id).map_or(TEAM, |user| user.team);
        let mut message = json!({
            "type": "message", "user": self.id, "text": text, "ts": ts, "event_ts": ts, "channel": channel,
            "channel_type": if channel.starts_with('D') { "im" } else { "channel" }, "team": team, "user_team": team,
            "source_team": team, "client_msg_id": format!("00000000-0000-0000-0000-{:0>12}", ts.replace('.', "")),
        });
        if self.slack.state().user(&self.id).is_some_and(|user| user.bot) {
            message["bot_id"] = "B0OTHER".into();
        }
        message
    }

    async fn deliver(&self, kind: &'static str, channel: String, ts: String, payloads: Vec<Value>) -> Sent {
        let mut sent = self.sent(kind, channel, ts, payloads);
        sent.deliver(0).await;
        sent
    }

    fn sent(&self, kind: &'static str, channel: String, ts: String, payloads: Vec<Value>) -> Sent {
        Sent {
            slack: self.slack.clone(),
            channel,
            ts,
            user: self.id.clone(),
            kind,
            payloads,
            envelopes: Vec::new(),
        }
    }
}

impl Sent {
    /// Waits until the bot has acknowledged all of it.
    pub async fn acked(&self) {
        let what = format!("the acknowledgement of what {} said", self.user);
        self.slack
            .await_state(&what, |state| {
                let mut envelopes = self.envelopes.iter();
                envelopes.all(|id| state.envelopes.get(id) == Some(&true)).then_some(())
            })
            .await;
    }

    /// Whether the bot has acknowledged all of it.
    pub fn is_acked(&self) -> bool {
        let state = self.slack.state();
        self.envelopes.iter().all(|id| state.envelopes.get(id) == Some(&true))
    }

    /// Delivers the same events once more, as Slack does where it saw no acknowledgement.
    pub async fn redeliver(&self) -> Self {
        let mut again = self.clone();
        again.envelopes.clear();
        again.deliver(1).await;
        again.acked().await;
        again
    }

    async fn deliver(&mut self, attempt: u32) {
        for payload in &self.payloads {
            let envelope = format!("envelope-{}", self.slack.state().number());
            self.slack.deliver(self.kind, &envelope, payload, attempt).await;
            self.envelopes.push(envelope);
        }
    }
}

impl FakeSlack {
    /// A moment, and a `trigger_id` by which somebody may be shown a modal.
    pub(super) fn trigger_for(&self, user: &str) -> (String, String) {
        let mut state = self.state();
        let ts = state.ts();
        let trigger = format!("{ts}.trigger");
        state.triggers.insert(trigger.clone(), Some(user.to_owned()));
        (ts, trigger)
    }

    /// Sends an event that nobody waits for: the bot's own posts.
    pub(super) fn emit(&self, event: Value) {
        let slack = self.clone();
        tokio::spawn(async move {
            let payload = slack.event(&event);
            let envelope = format!("envelope-{}", slack.state().number());
            match slack.http_address() {
                Some(url) => {
                    let _ = slack.post_signed(&url, "events_api", &payload, 0).await;
                }
                None => {
                    slack.send_envelope("events_api", &envelope, &payload, 0);
                }
            }
        });
    }

    pub(super) async fn deliver(&self, kind: &'static str, envelope: &str, payload: &Value, attempt: u32) {
        let Some(url) = self.http_address() else {
            self.await_connections(1).await;
            // A connection that closes just now takes the envelope with it, as it would in life: not acknowledged.
            self.send_envelope(kind, envelope, payload, attempt);
            return;
        };
        self.state().envelopes.insert(envelope.to_owned(), false);
        let (slack, envelope, payload) = (self.clone(), envelope.to_owned(), payload.clone());
        tokio::spawn(async move {
            let reply = slack.post_signed(&url, kind, &payload, attempt).await;
            if let Ok(reply) = reply
                && reply.is_success()
            {
                let answer = serde_json::from_str(&reply.body).unwrap_or_default();
                slack.state().answers.insert(envelope.clone(), answer);
                slack.acknowledge(&envelope);
            }
        });
    }

    fn http_address(&self) -> Option<String> {
        match &self.state().way {
            Way::Http(url) => Some(url.clone()),
            Way::Socket => None,
        }
    }

    async fn post_signed(&self, url: &str, kind: &str, payload: &Value, attempt: u32) -> Result<http::Reply, String> {
        let (path, content_type, body) = match kind {
            "slash_commands" => ("commands", "application/x-www-form-urlencoded", form(payload)),
            "interactive" => {
                let field = json!({ "payload": payload.to_string() });
                ("interactive", "application/x-www-form-urlencoded", form(&field))
            }
            _ => ("events", "application/json", payload.to_string()),
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
            .to_string();
        let signature = signature(SIGNING_SECRET, &now, &body);
        let attempt = attempt.to_string();
        let mut headers = vec![
            ("content-type", content_type),
            ("x-slack-request-timestamp", now.as_str()),
            ("x-slack-signature", signature.as_str()),
        ];
        if attempt != "0" {
            headers.extend([
                ("x-slack-retry-num", attempt.as_str()),
                ("x-slack-retry-reason", "http_timeout"),
            ]);
        }
        http::request("POST", &format!("{url}/slack/{path}"), &headers, body).await
    }

    /// The events that a message is: one, and one more where it mentions the bot in a channel.
    fn events_of(&self, message: &Value) -> Vec<Value> {
        let mentions_bot = message["text"]
            .as_str()
            .is_some_and(|text| text.contains(&format!("<@{BOT}")));
        let mut events = Vec::new();
        if mentions_bot && message["channel_type"] != "im" {
            let mut mention = message.clone();
            mention["type"] = "app_mention".into();
            mention.as_object_mut().unwrap().shift_remove("channel_type");
            events.push(self.event(&mention));
        }
        events.push(self.event(message));
        events
    }

    /// An event as it is delivered.
    pub(super) fn event(&self, event: &Value) -> Value {
        json!({
            "token": "gone", "team_id": TEAM, "api_app_id": APP, "event": event, "type": "event_callback",
            "event_id": format!("Ev{:08}", self.state().number()), "event_time": 1_700_000_000,
            "authorizations": [{
                "enterprise_id": null, "team_id": TEAM, "user_id": BOT, "is_bot": true, "is_enterprise_install": false,
            }],
            "is_ext_shared_channel": false, "event_context": "4-event",
        })
    }
}

/// `X-Slack-Signature` of a body at a time: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.
pub fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

fn form(payload: &Value) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in payload.as_object().unwrap() {
        form.append_pair(name, value.as_str().unwrap());
    }
    form.finish()
}
