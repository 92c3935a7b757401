//! What was said: listed as `conversations.history` does, and searched as `search.messages` does.

use serde_json::{Value, json};

use super::methods::{Answer, Refusal, by_id, link_to, paged, text};
use super::state::{Arguments, Channel, Said, State};

/// Newest first, without what was said in threads.
pub(super) fn history(state: &State, arguments: &Arguments) -> Answer {
    let channel = by_id(state, arguments, "channel")?;
    if !channel.has_bot {
        return Err("not_in_channel".into());
    }
    may_read(state, channel)?;
    let oldest = oldest(arguments)?;
    let in_channel = |said: &&Said| {
        let listed = said.thread().is_none() || said.message["subtype"] == "thread_broadcast";
        said.channel == channel.id && listed && micros(&said.ts).is_some_and(|at| at > oldest)
    };
    let messages = state.messages.iter().rev().filter(in_channel);
    page_of(messages, arguments)
}

/// The message that a thread began with, and what was said in it, oldest first.
pub(super) fn replies(state: &State, arguments: &Arguments) -> Answer {
    let channel = by_id(state, arguments, "channel")?;
    if !channel.has_bot {
        return Err("not_in_channel".into());
    }
    may_read(state, channel)?;
    let thread = text(arguments, "ts").ok_or("thread_not_found")?;
    state.message(&channel.id, thread).ok_or("thread_not_found")?;
    let oldest = oldest(arguments)?;
    let in_thread = |said: &&Said| {
        let listed = said.thread() == Some(thread) && micros(&said.ts).is_some_and(|at| at > oldest);
        said.channel == channel.id && (said.ts == thread || listed)
    };
    page_of(state.messages.iter().filter(in_thread), arguments)
}

fn page_of<'s>(messages: impl Iterator<Item = &'s Said>, arguments: &Arguments) -> Answer {
    let with_metadata = text(arguments, "include_all_metadata") == Some("true");
    let listed = messages.map(|said| {
        let mut message = said.message.clone();
        if let (Some(metadata), true) = (&said.metadata, with_metadata) {
            message["metadata"] = metadata.clone();
        }
        message
    });
    let (page, cursor) = paged(arguments, &listed.collect::<Vec<_>>(), 999)?;
    Ok(json!({
        "messages": page, "has_more": !cursor.is_empty(), "response_metadata": { "next_cursor": cursor },
    }))
}

fn oldest(arguments: &Arguments) -> Result<u128, Refusal> {
    let oldest = text(arguments, "oldest").unwrap_or("0.000000");
    micros(oldest).ok_or_else(|| "invalid_ts_oldest".into())
}

fn may_read(state: &State, channel: &Channel) -> Result<(), Refusal> {
    let scope = match (channel.is_direct(), channel.private) {
        (true, _) => "im:history",
        (false, true) => "groups:history",
        (false, false) => "channels:history",
    };
    match state.scopes.split(',').any(|has| has == scope) {
        true => Ok(()),
        false => Err("missing_scope".into()),
    }
}

/// What the user sees whose token searches: every message, those too that the bot has no part in. Pages of three.
pub(super) fn search(state: &State, arguments: &Arguments) -> Answer {
    let query = text(arguments, "query").ok_or("no_query")?;
    // `"words" after:2026-11-28`; the day itself is not in it, and that there is one is all that matters here.
    let words = query.split('"').nth(1).ok_or("no_query")?.to_lowercase();
    let number = |name, default: usize| {
        text(arguments, name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (page, count) = (number("page", 1), number("count", 20));
    if page == 0 || count == 0 || count > 100 {
        return Err("invalid_arguments".into());
    }
    let found = state.messages.iter().rev().filter(|said| {
        let text = said.message["text"].as_str().unwrap_or_default();
        text.to_lowercase().contains(&words)
    });
    let found: Vec<&Said> = found.collect();
    let shown = found.iter().skip((page - 1) * 3).take(count.min(3));
    let matches: Vec<Value> = shown.map(|said| find(state, said)).collect();
    let pages = found.len().div_ceil(3);
    Ok(json!({
        "query": query,
        "messages": {
            "total": found.len(), "matches": matches,
            "paging": { "count": count.min(3), "page": page, "pages": pages, "total": found.len() },
        },
    }))
}

fn find(state: &State, said: &Said) -> Value {
    let name = state.channel(&said.channel).map_or("", |channel| &channel.name);
    json!({
        "type": "message", "iid": said.ts, "team": said.message["team"], "user": said.message["user"],
        "username": said.message["user"], "text": said.message["text"], "ts": said.ts, "permalink": link_to(said),
        "channel": { "id": said.channel, "name": name, "is_private": false, "is_shared": false },
    })
}

fn micros(ts: &str) -> Option<u128> {
    let (seconds, micros) = ts.split_once('.')?;
    Some(seconds.parse::<u128>().ok()? * 1_000_000 + micros.parse::<u128>().ok()?)
}
