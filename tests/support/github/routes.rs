//! What each route does and refuses, below `/repos/<owner>/<name>/`.

use std::collections::HashMap;

use axum::http::Method;
use serde_json::{Value, json};

use super::state::{Comment, Reaction, Status};
use super::{COMMIT, FakeGithub, REPOSITORY};

/// What is answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

const REACTIONS: [&str; 8] = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

pub(super) fn answer(
    github: &FakeGithub,
    method: &Method,
    parts: &[&str],
    query: &HashMap<String, String>,
    body: &Value,
) -> Answer {
    let (get, post, patch) = (
        *method == Method::GET,
        *method == Method::POST,
        *method == Method::PATCH,
    );
    match parts {
        ["statuses", commit] if post => set_status(github, commit, body),
        ["issues", issue, "comments"] | ["commits", issue, "comments"] if post => {
            comment(github, parts[0], issue, body)
        }
        ["issues", on, "comments"] | ["commits", on, "comments"] if get => comments(github, parts, on, query),
        ["issues", "comments", id] | ["comments", id] if patch => edit(github, id, body),
        ["issues", "comments", id, "reactions"] if post => react(github, id, body),
        ["hooks"] if get => {
            let hooks = github.state().webhooks.clone();
            let shown = hooks.iter().map(|hook| {
                json!({ "id": hook.id, "name": "web", "active": true, "config": { "url": hook.url, "content_type": "json" } })
            });
            page(github, parts, shown.collect(), query)
        }
        ["hooks", hook, "deliveries"] if get => deliveries(github, parts, hook, query),
        ["hooks", hook, "deliveries", id, "attempts"] if post => redeliver(github, hook, id),
        _ => Answer::refused(404, "Not Found"),
    }
}

fn invalid(message: &str) -> Answer {
    Answer::refused(422, &format!("Validation Failed: {message}"))
}

fn set_status(github: &FakeGithub, commit: &str, body: &Value) -> Answer {
    if commit != COMMIT {
        return Answer::refused(422, &format!("No commit found for SHA: {commit}"));
    }
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let status = Status {
        commit: commit.to_owned(),
        state: text("state"),
        context: text("context"),
        description: text("description"),
    };
    if !["pending", "success", "failure", "error"].contains(&status.state.as_str()) {
        return invalid("state is not included in the list");
    }
    if status.description.chars().count() > 140 {
        return invalid("description is too long (maximum is 140 characters)");
    }
    github.state().statuses.push(status);
    Answer::json(201, &json!({ "id": 1 }))
}

/// Why a comment cannot say this.
fn fault(body: &Value) -> Option<Answer> {
    match body["body"].as_str().map(str::trim) {
        None | Some("") => Some(invalid("body can't be blank")),
        Some(text) if text.chars().count() > 65_536 => Some(invalid("body is too long (maximum is 65536 characters)")),
        Some(_) => None,
    }
}

fn comment(github: &FakeGithub, what: &str, on: &str, body: &Value) -> Answer {
    let mut state = github.state();
    let known = match what {
        "commits" => on == COMMIT,
        _ => on.parse().is_ok_and(|number| state.issues.contains(&number)),
    };
    if !known {
        return Answer::refused(404, "Not Found");
    }
    if let Some(fault) = fault(body) {
        return fault;
    }
    let comment = Comment {
        id: state.number(),
        on: on.to_owned(),
        body: body["body"].as_str().unwrap_or_default().to_owned(),
        edits: 0,
        updated: jiff::Timestamp::now(),
    };
    let shown = shown(&comment);
    state.comments.push(comment);
    Answer::json(201, &shown)
}

fn shown(comment: &Comment) -> Value {
    json!({ "id": comment.id, "body": comment.body, "updated_at": comment.updated.to_string() })
}

fn comments(github: &FakeGithub, parts: &[&str], on: &str, query: &HashMap<String, String>) -> Answer {
    let since = match query.get("since").map(|since| since.parse::<jiff::Timestamp>()) {
        Some(Err(_)) => return invalid("since is no time"),
        Some(Ok(since)) => since,
        None => jiff::Timestamp::UNIX_EPOCH,
    };
    let found: Vec<Value> = {
        let state = github.state();
        let on_it = state.comments.iter().filter(|comment| comment.on == on);
        // GitHub's times are whole seconds.
        on_it
            .filter(|comment| jiff::Timestamp::from_second(comment.updated.as_second()).is_ok_and(|at| at >= since))
            .map(shown)
            .collect()
    };
    page(github, parts, found, query)
}

fn edit(github: &FakeGithub, id: &str, body: &Value) -> Answer {
    if let Some(fault) = fault(body) {
        return fault;
    }
    let mut state = github.state();
    let found = state.comments.iter_mut().find(|comment| comment.id.to_string() == id);
    let Some(comment) = found else {
        return Answer::refused(404, "Not Found");
    };
    comment.body = body["body"].as_str().unwrap_or_default().to_owned();
    comment.edits += 1;
    comment.updated = jiff::Timestamp::now();
    Answer::json(200, &shown(comment))
}

fn react(github: &FakeGithub, id: &str, body: &Value) -> Answer {
    let content = body["content"].as_str().unwrap_or_default().to_owned();
    if !REACTIONS.contains(&content.as_str()) {
        return invalid("content is not included in the list");
    }
    let mut state = github.state();
    let found = state.comments.iter().find(|comment| comment.id.to_string() == id);
    let Some(comment) = found.map(|comment| comment.id) else {
        return Answer::refused(404, "Not Found");
    };
    let known = state
        .reactions
        .iter()
        .any(|reaction| reaction.comment == comment && reaction.content == content);
    if known {
        return Answer::json(200, &json!({ "content": content }));
    }
    state.reactions.push(Reaction { comment, content });
    Answer::json(201, &json!({ "id": 1 }))
}

fn deliveries(github: &FakeGithub, parts: &[&str], hook: &str, query: &HashMap<String, String>) -> Answer {
    let found: Vec<Value> = {
        let state = github.state();
        let of_hook = state
            .attempts
            .iter()
            .rev()
            .filter(|attempt| attempt.hook.to_string() == hook);
        of_hook
            .map(|attempt| {
                json!({
                    "id": attempt.id,
                    "guid": attempt.delivery.id(),
                    "delivered_at": attempt.at.to_string(),
                    "status": if attempt.status == 0 { "failed to connect to host" } else { "OK" },
                    "status_code": attempt.status,
                    "redelivery": state.attempts.iter().any(|other| {
                        other.id < attempt.id && other.delivery.id() == attempt.delivery.id()
                    }),
                    "event": attempt.delivery.event(),
                })
            })
            .collect()
    };
    page(github, parts, found, query)
}

/// Accepts, and delivers again as soon as the host is there.
fn redeliver(github: &FakeGithub, hook: &str, id: &str) -> Answer {
    let found = {
        let state = github.state();
        let attempt = state.attempts.iter().find(|attempt| attempt.id.to_string() == id);
        let hook = state.webhooks.iter().find(|known| known.id.to_string() == hook);
        attempt.map(|attempt| attempt.delivery.clone()).zip(hook.cloned())
    };
    let Some((delivery, hook)) = found else {
        return Answer::refused(404, "Not Found");
    };
    let github = github.clone();
    tokio::spawn(async move {
        let mut host = github.0.host.subscribe();
        let Ok(host) = host.wait_for(Option::is_some).await.map(|host| host.clone()) else {
            return;
        };
        github.attempt(hook.id, &hook.path, delivery, host).await;
    });
    Answer::json(202, &json!({}))
}

/// A page of things: 30 unless more are wanted, at most 100, and where the next one is.
fn page(github: &FakeGithub, parts: &[&str], all: Vec<Value>, query: &HashMap<String, String>) -> Answer {
    let number = |key: &str| query.get(key).and_then(|value| value.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(30).clamp(1, 100);
    let at = number("page").unwrap_or(1).max(1);
    let shown: Vec<&Value> = all.iter().skip((at - 1) * size).take(size).collect();
    let answer = Answer::json(200, &json!(shown));
    if at * size >= all.len() {
        return answer;
    }
    let mut next = format!(
        "{}/repos/{REPOSITORY}/{}?per_page={size}&page={}",
        github.api_url(),
        parts.join("/"),
        at + 1
    );
    if let Some(since) = query.get("since") {
        next = format!("{next}&since={since}");
    }
    answer.with_header("link", format!("<{next}>; rel=\"next\""))
}
