//! The door of the API: tokens, faults, and the list of routes.

use std::collections::HashMap;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};

use super::routes::{self, Answer};
use super::state::{Call, Fault};
use super::{FakeGithub, RENAMED, REPOSITORY, TOKEN};
use crate::slack::broken;

pub(super) fn routes(github: FakeGithub) -> Router {
    Router::new().fallback(any(call)).with_state(github)
}

async fn call(
    State(github): State<FakeGithub>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().trim_start_matches('/').to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    let kind = kind(&parts);
    let at = Instant::now();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = github
        .state()
        .faults
        .get_mut(kind)
        .and_then(|faults| faults.pop_front());
    let answer = match fault {
        Some(Fault::RateLimited(seconds)) => {
            let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
            Answer::refused(403, message).with_header("retry-after", seconds.to_string())
        }
        Some(Fault::Status(status)) => Answer::page(status),
        Some(Fault::Renamed) => {
            let path = parts.get(3..).unwrap_or_default().join("/");
            let location = format!("{}/repos/{RENAMED}/{path}", github.api_url());
            Answer::refused(307, "Moved Permanently").with_header("location", location)
        }
        Some(Fault::DropAnswer | Fault::Held) | None => match door(&headers, &parts) {
            Some(refusal) => refusal,
            None => routes::answer(&github, &method, &parts[3..], &query, &body),
        },
    };
    github.state().calls.push(Call {
        kind: kind.to_owned(),
        line: format!("{method} {uri}"),
        body,
        at,
        outcome: answer.status,
    });
    github.changed();
    match fault {
        Some(Fault::DropAnswer) => return broken(),
        Some(Fault::Held) => github.held().await,
        _ => {}
    }
    let mut response = (
        StatusCode::from_u16(answer.status).unwrap(),
        [(header::CONTENT_TYPE, answer.content_type)],
        answer.body,
    )
        .into_response();
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// What a call is about: the last word of its path that is no number and no commit.
fn kind<'p>(parts: &[&'p str]) -> &'p str {
    let known = ["statuses", "reactions", "attempts", "deliveries", "comments", "hooks"];
    let found = known.iter().find_map(|kind| parts.iter().find(|part| *part == kind));
    found.copied().unwrap_or("other")
}

/// Who may come in, and to which repository.
fn door(headers: &HeaderMap, parts: &[&str]) -> Option<Answer> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::USER_AGENT).is_none_or(str::is_empty) {
        return Some(Answer::page(403));
    }
    match text(header::AUTHORIZATION) {
        None => return Some(Answer::refused(401, "Requires authentication")),
        Some(token) if token != format!("Bearer {TOKEN}") => return Some(Answer::refused(401, "Bad credentials")),
        Some(_) => {}
    }
    let known = match parts {
        ["repos", owner, name, ..] => format!("{owner}/{name}").eq_ignore_ascii_case(REPOSITORY),
        _ => false,
    };
    (!known).then(|| Answer::refused(404, "Not Found"))
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            content_type: "application/json; charset=utf-8",
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    pub(super) fn refused(status: u16, message: &str) -> Self {
        let body = json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() });
        Self::json(status, &body)
    }

    pub(super) fn page(status: u16) -> Self {
        Self {
            status,
            content_type: "text/html",
            headers: Vec::new(),
            body: "<html>Something went wrong</html>".to_owned(),
        }
    }

    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}
