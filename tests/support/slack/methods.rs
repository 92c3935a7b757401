//! What each method of the Web API does, and what it refuses, in Slack's words: <https://docs.slack.dev/reference/methods>.

use std::time::Instant;

use serde_json::{Value, json};

use super::state::{Arguments, Channel, Post, Reaction, Said, State, Upload, User};
use super::{APP, BOT, BOT_ID, TEAM, blocks};

/// The most characters of a text that Slack takes.
const LONGEST_TEXT: usize = 40_000;

/// The workspace's.
pub(super) const ADDRESS: &str = "https://home.slack.com";

/// The emoji that the workspace has, of those that a test may want.
const EMOJI: &[&str] = &[
    "+1",
    "eyes",
    "flamingo",
    "hourglass",
    "rotating_light",
    "sos",
    "wave",
    "white_check_mark",
    "x",
];

/// Why Slack refuses.
pub(super) struct Refusal {
    error: String,
    messages: Vec<String>,
}

impl From<&str> for Refusal {
    fn from(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            messages: Vec::new(),
        }
    }
}

impl Refusal {
    pub(super) fn blocks(messages: Vec<String>) -> Self {
        Self {
            error: "invalid_blocks".to_owned(),
            messages,
        }
    }

    pub(super) fn arguments(messages: Vec<String>) -> Self {
        Self {
            error: "invalid_arguments".to_owned(),
            messages,
        }
    }

    pub(super) fn answer(self) -> Value {
        let mut answer = json!({ "ok": false, "error": self.error });
        if !self.messages.is_empty() {
            answer["errors"] = self.messages.clone().into();
            answer["response_metadata"] = json!({ "messages": self.messages });
        }
        answer
    }
}

pub(super) type Answer = Result<Value, Refusal>;

pub(super) fn text<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a str> {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

pub(super) fn auth_test() -> Answer {
    Ok(json!({
        "url": format!("{ADDRESS}/"), "team": "Home", "user": "innkeeper",
        "team_id": TEAM, "user_id": BOT, "bot_id": BOT_ID, "is_enterprise_install": false,
    }))
}

pub(super) fn connections_open(state: &mut State, url: &str) -> Answer {
    let ticket = format!("ticket-{}", state.number());
    state.tickets.push(ticket.clone());
    let address = url.replacen("http", "ws", 1);
    Ok(json!({ "url": format!("{address}/link?ticket={ticket}&app_id={APP}") }))
}

/// The channel that the bot wants to write to. A user's id means the direct message with them.
fn writable(state: &mut State, reference: &str) -> Result<(String, String), Refusal> {
    let id = match state.user(reference) {
        Some(user) if user.bot => return Err("cannot_dm_bot".into()),
        Some(_) => state.direct(reference),
        None => reference.to_owned(),
    };
    let channel = state.channel(&id).ok_or("channel_not_found")?;
    if channel.archived {
        return Err("is_archived".into());
    }
    if !channel.has_bot {
        return Err("not_in_channel".into());
    }
    Ok((channel.id.clone(), channel.shown_name()))
}

/// The channel, where only its id is understood.
pub(super) fn by_id<'a>(state: &'a State, arguments: &Arguments, name: &str) -> Result<&'a Channel, Refusal> {
    let id = text(arguments, name).ok_or("channel_not_found")?;
    let channel = state.channels.iter().find(|channel| channel.id == id);
    channel.ok_or_else(|| "channel_not_found".into())
}

pub(super) fn post_message(state: &mut State, arguments: &Arguments, events: &mut Vec<Value>) -> Answer {
    let reference = text(arguments, "channel").ok_or("channel_not_found")?;
    let (channel, channel_name) = writable(state, reference)?;
    let said = text(arguments, "text").unwrap_or_default();
    let empty = Vec::new();
    let blocks = match arguments.get("blocks") {
        None | Some(Value::Null) => &empty,
        Some(Value::Array(blocks)) => blocks,
        Some(_) => return Err("invalid_blocks_format".into()),
    };
    if said.is_empty() && blocks.is_empty() {
        return Err("no_text".into());
    }
    if said.chars().count() > LONGEST_TEXT {
        return Err("msg_too_long".into());
    }
    blocks::check(blocks)?;
    let metadata = metadata(arguments)?;
    let thread = text(arguments, "thread_ts").map(str::to_owned);
    if thread
        .as_ref()
        .is_some_and(|thread| !state.has_message(&channel, thread))
    {
        return Err("thread_not_found".into());
    }
    let unfurls = ["unfurl_links", "unfurl_media"]
        .iter()
        .any(|name| arguments.get(*name).is_none_or(|value| *value != json!(false)));
    let post = Post {
        ts: state.ts(),
        channel,
        channel_name,
        thread,
        text: said.to_owned(),
        blocks: blocks.clone(),
        metadata,
        file: None,
        unfurls,
        edits: 0,
        at: Instant::now(),
    };
    Ok(publish(state, post, events))
}

/// Another text for a message of the bot. Blocks that are left out stay.
pub(super) fn update_message(state: &mut State, arguments: &Arguments) -> Answer {
    let channel = by_id(state, arguments, "channel")?.id.clone();
    let ts = text(arguments, "ts").ok_or("message_not_found")?;
    let said = text(arguments, "text").unwrap_or_default();
    let blocks = match arguments.get("blocks") {
        None | Some(Value::Null) => None,
        Some(Value::Array(new)) => Some(new.clone()),
        Some(_) => return Err("invalid_blocks_format".into()),
    };
    if said.is_empty() && blocks.as_ref().is_none_or(Vec::is_empty) {
        return Err("no_text".into());
    }
    if said.chars().count() > LONGEST_TEXT {
        return Err("msg_too_long".into());
    }
    if let Some(blocks) = &blocks {
        blocks::check(blocks)?;
    }
    let posts = state.posts.iter_mut();
    let post = posts.into_iter().find(|post| post.channel == channel && post.ts == ts);
    let Some(post) = post else {
        // Somebody else's, or nobody's.
        return match state.has_message(&channel, ts) {
            true => Err("cant_update_message".into()),
            false => Err("message_not_found".into()),
        };
    };
    said.clone_into(&mut post.text);
    post.edits += 1;
    if let Some(blocks) = blocks {
        post.blocks = blocks;
    }
    Ok(json!({ "channel": channel, "ts": ts, "text": said }))
}

fn metadata(arguments: &Arguments) -> Result<Option<Value>, Refusal> {
    let Some(metadata) = arguments.get("metadata") else {
        return Ok(None);
    };
    if !metadata["event_type"].is_string() || !metadata["event_payload"].is_object() {
        return Err("invalid_metadata_format".into());
    }
    Ok(Some(metadata["event_payload"].clone()))
}

/// Remembers a post of the bot; the bot hears of it, too.
fn publish(state: &mut State, post: Post, events: &mut Vec<Value>) -> Value {
    let mut message = json!({
        "type": "message", "user": BOT, "bot_id": BOT_ID, "app_id": APP, "team": TEAM,
        "ts": post.ts, "text": post.text, "blocks": post.blocks,
    });
    if let Some(thread) = &post.thread {
        message["thread_ts"] = thread.as_str().into();
    }
    let mut event = message.clone();
    event["channel"] = post.channel.as_str().into();
    event["channel_type"] = if post.channel.starts_with('D') { "im" } else { "channel" }.into();
    event["event_ts"] = post.ts.as_str().into();
    events.push(event);
    let answer = json!({ "channel": post.channel, "ts": post.ts, "message": message.clone() });
    state.messages.push(Said {
        channel: post.channel.clone(),
        ts: post.ts.clone(),
        message,
        metadata: post.metadata.as_ref().map(|payload| {
            json!({
                "event_type": "innkeeper_delivery", "event_payload": payload,
            })
        }),
    });
    state.posts.push(post);
    answer
}

pub(super) fn permalink(state: &State, arguments: &Arguments) -> Answer {
    let channel = by_id(state, arguments, "channel")?.id.clone();
    let ts = text(arguments, "message_ts").unwrap_or_default();
    let message = state.message(&channel, ts).ok_or("message_not_found")?;
    Ok(json!({ "channel": channel, "permalink": link_to(message) }))
}

/// <https://docs.slack.dev/reference/methods/chat.getPermalink>
pub(super) fn link_to(message: &Said) -> String {
    let (channel, ts) = (&message.channel, message.ts.replace('.', ""));
    let thread = message
        .thread()
        .map(|thread| format!("?thread_ts={thread}&cid={channel}"));
    format!("{ADDRESS}/archives/{channel}/p{ts}{}", thread.unwrap_or_default())
}

/// In pages of three at most: who does not follow the cursor does not find every channel.
pub(super) fn conversations_list(state: &State, arguments: &Arguments) -> Answer {
    // Of private ones a bot sees those that it is in.
    list(state, arguments, |channel| !channel.private || channel.has_bot)
}

pub(super) fn users_conversations(state: &State, arguments: &Arguments) -> Answer {
    list(state, arguments, |channel| channel.has_bot)
}

fn list(state: &State, arguments: &Arguments, seen: impl Fn(&Channel) -> bool) -> Answer {
    let types = text(arguments, "types").unwrap_or("public_channel");
    let archived = text(arguments, "exclude_archived") != Some("true");
    let wanted = |channel: &&Channel| {
        let kind = match (channel.is_direct(), channel.private) {
            (true, _) => "im",
            (false, true) => "private_channel",
            (false, false) => "public_channel",
        };
        types.split(',').any(|one| one == kind) && (archived || !channel.archived) && seen(channel)
    };
    let channels: Vec<Value> = state.channels.iter().filter(wanted).map(conversation).collect();
    let (page, cursor) = paged(arguments, &channels, 999)?;
    Ok(json!({ "channels": page, "response_metadata": { "next_cursor": cursor } }))
}

/// A page of three at most, and where the next one begins.
pub(super) fn paged(arguments: &Arguments, all: &[Value], most: usize) -> Result<(Vec<Value>, String), Refusal> {
    let number = |name| text(arguments, name).map(str::parse::<usize>).transpose();
    let from = number("cursor").map_err(|_| "invalid_cursor")?.unwrap_or(0);
    let limit = number("limit").map_err(|_| "invalid_limit")?.unwrap_or(3);
    if limit == 0 || limit > most {
        return Err("invalid_limit".into());
    }
    let page: Vec<Value> = all.iter().skip(from).take(limit.min(3)).cloned().collect();
    let next = from + page.len();
    let cursor = if next < all.len() {
        next.to_string()
    } else {
        String::new()
    };
    Ok((page, cursor))
}

pub(super) fn conversations_join(state: &mut State, arguments: &Arguments) -> Answer {
    let id = by_id(state, arguments, "channel")?.id.clone();
    let channel = state.channels.iter_mut().find(|channel| channel.id == id);
    let channel = channel.ok_or("channel_not_found")?;
    if channel.private {
        return Err("method_not_supported_for_channel_type".into());
    }
    if channel.archived {
        return Err("is_archived".into());
    }
    let before = std::mem::replace(&mut channel.has_bot, true);
    let mut answer = json!({ "channel": conversation(channel) });
    if before {
        answer["warning"] = "already_in_channel".into();
    }
    Ok(answer)
}

pub(super) fn conversations_info(state: &State, arguments: &Arguments) -> Answer {
    Ok(json!({ "channel": conversation(by_id(state, arguments, "channel")?) }))
}

pub(super) fn conversations_open(state: &mut State, arguments: &Arguments) -> Answer {
    let user = text(arguments, "users").ok_or("users_list_not_supplied")?;
    match state.user(user) {
        None => Err("user_not_found".into()),
        Some(user) if user.bot => Err("cannot_dm_bot".into()),
        Some(_) => Ok(json!({ "channel": { "id": state.direct(user) } })),
    }
}

pub(super) fn conversation(channel: &Channel) -> Value {
    json!({
        "id": channel.id, "name": channel.name, "created": 1_700_000_000, "is_channel": !channel.is_direct(),
        "is_im": channel.is_direct(), "is_archived": channel.archived, "is_member": channel.has_bot,
        "is_private": channel.private, "is_shared": channel.shared, "is_ext_shared": channel.shared,
    })
}

pub(super) fn upload_url(state: &mut State, arguments: &Arguments, url: &str) -> Answer {
    let name = text(arguments, "filename").ok_or("invalid_arguments")?;
    let length = arguments
        .get("length")
        .and_then(|length| length.as_u64().or_else(|| length.as_str()?.parse().ok()))
        .ok_or("invalid_arguments")?;
    if length == 0 {
        return Err("invalid_arguments".into());
    }
    let id = format!("F0{:04}", state.number());
    state.files.push(Upload {
        id: id.clone(),
        name: name.to_owned(),
        length: usize::try_from(length).unwrap(),
        ..Upload::default()
    });
    Ok(json!({ "upload_url": format!("{url}/upload/{id}"), "file_id": id }))
}

pub(super) fn complete_upload(state: &mut State, arguments: &Arguments, events: &mut Vec<Value>) -> Answer {
    let files = arguments
        .get("files")
        .and_then(Value::as_array)
        .filter(|files| !files.is_empty())
        .ok_or("invalid_arguments")?
        .clone();
    let channel = by_id(state, arguments, "channel_id")?.id.clone();
    let (channel, channel_name) = writable(state, &channel)?;
    let thread = text(arguments, "thread_ts").map(str::to_owned);
    for file in &files {
        let upload = state
            .files
            .iter_mut()
            .find(|upload| Some(upload.id.as_str()) == file["id"].as_str() && upload.uploaded && !upload.shared)
            .ok_or("file_not_found")?;
        upload.shared = true;
        let upload = upload.clone();
        let post = Post {
            ts: state.ts(),
            channel: channel.clone(),
            channel_name: channel_name.clone(),
            thread: thread.clone(),
            text: text(arguments, "initial_comment").unwrap_or_default().to_owned(),
            blocks: Vec::new(),
            metadata: None,
            file: Some(upload),
            unfurls: false,
            edits: 0,
            at: Instant::now(),
        };
        publish(state, post, events);
    }
    Ok(json!({ "files": files }))
}

pub(super) fn react(state: &mut State, arguments: &Arguments) -> Answer {
    let channel = by_id(state, arguments, "channel")?;
    if channel.archived {
        return Err("is_archived".into());
    }
    if !channel.has_bot {
        return Err("not_in_channel".into());
    }
    let channel = channel.id.clone();
    let ts = text(arguments, "timestamp").ok_or("no_item_specified")?;
    let name = text(arguments, "name").ok_or("invalid_name")?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-+'".contains(c);
    if !name.chars().all(is_name) || !EMOJI.contains(&name) {
        return Err("invalid_name".into());
    }
    if !state.has_message(&channel, ts) {
        return Err("message_not_found".into());
    }
    let same = |reaction: &Reaction| reaction.channel == channel && reaction.ts == ts && reaction.name == name;
    if state.reactions.iter().any(same) {
        return Err("already_reacted".into());
    }
    state.reactions.push(Reaction {
        channel,
        ts: ts.to_owned(),
        name: name.to_owned(),
    });
    Ok(json!({}))
}

pub(super) fn user_info(state: &State, arguments: &Arguments) -> Answer {
    let user = text(arguments, "user")
        .and_then(|id| state.user(id))
        .ok_or("user_not_found")?;
    Ok(json!({ "user": describe(user) }))
}

pub(super) fn user_by_email(state: &State, arguments: &Arguments) -> Answer {
    let email = text(arguments, "email").ok_or("users_not_found")?;
    let user = state.users.iter().find(|user| address(user) == email);
    Ok(json!({ "user": describe(user.ok_or("users_not_found")?) }))
}

fn address(user: &User) -> String {
    format!("{}@example.com", user.id.to_lowercase())
}

/// A user, as `users.info` and events tell of them.
pub(super) fn describe(user: &User) -> Value {
    json!({
        "id": user.id, "team_id": user.team, "name": user.id.to_lowercase(), "deleted": false,
        "is_bot": user.bot, "is_restricted": user.guest, "is_ultra_restricted": false,
        "is_stranger": user.team != TEAM, "profile": { "display_name": user.id, "real_name": format!("Member {}", user.id), "email": address(user) },
    })
}
