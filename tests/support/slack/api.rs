//! The door of the Web API: tokens, bodies, faults, the list of methods, and the two addresses that are no methods.

use std::collections::HashMap;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::{Value, json};

use super::methods::{self, Refusal};
use super::state::{Arguments, Call, Fault};
use super::{APP_TOKEN, BOT_TOKEN, FakeSlack, USER_TOKEN, history, socket, views};

pub(super) fn routes(slack: FakeSlack) -> Router {
    Router::new()
        .route("/api/{method}", any(call))
        .route("/upload/{file}", post(upload))
        .route("/link", get(socket::link))
        .layer(DefaultBodyLimit::max(64 << 20))
        .with_state(slack)
}

async fn call(
    State(slack): State<FakeSlack>,
    Path(method): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let arguments = arguments(query, &headers, &body);
    let at = Instant::now();
    let fault = slack
        .state()
        .faults
        .get_mut(&method)
        .and_then(|faults| faults.pop_front());
    let record = |outcome: &str| {
        let call = Call {
            method: method.clone(),
            arguments: arguments.clone(),
            at,
            outcome: outcome.to_owned(),
        };
        slack.state().calls.push(call);
        slack.changed();
    };
    match fault {
        Some(Fault::RateLimited(seconds)) => {
            record("ratelimited");
            let body = json!({ "ok": false, "error": "ratelimited" });
            return (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, seconds.to_string())],
                axum::Json(body),
            )
                .into_response();
        }
        Some(Fault::Status(status)) => {
            record(&format!("status {status}"));
            let status = StatusCode::from_u16(status).unwrap();
            return (status, "<html>Something went wrong</html>").into_response();
        }
        Some(Fault::DropConnection) => {
            record("connection dropped");
            return broken();
        }
        Some(Fault::Slow(span)) => tokio::time::sleep(span).await,
        Some(Fault::Held) => {
            slack.0.held.arrived.add_permits(1);
            slack.0.held.released.acquire().await.unwrap().forget();
        }
        Some(Fault::DropAnswer) | None => {}
    }
    let (answer, events) = answer(&slack, &method, &arguments, &headers);
    record(answer["error"].as_str().unwrap_or("ok"));
    for event in events {
        slack.emit(event);
    }
    if matches!(fault, Some(Fault::DropAnswer)) {
        return broken();
    }
    let scopes = slack.state().scopes.clone();
    ([("x-oauth-scopes", scopes)], axum::Json(answer)).into_response()
}

/// What Slack answers, and the events that the call causes.
fn answer(slack: &FakeSlack, method: &str, arguments: &Arguments, headers: &HeaderMap) -> (Value, Vec<Value>) {
    let mut events = Vec::new();
    let done = authorised(method, headers).and_then(|()| {
        let state = &mut *slack.state();
        match method {
            "api.test" => Ok(json!({})),
            "auth.test" => methods::auth_test(),
            "apps.connections.open" => methods::connections_open(state, &slack.0.url),
            "chat.postMessage" => methods::post_message(state, arguments, &mut events),
            "chat.update" => methods::update_message(state, arguments),
            "chat.getPermalink" => methods::permalink(state, arguments),
            "conversations.list" => methods::conversations_list(state, arguments),
            "conversations.join" => methods::conversations_join(state, arguments),
            "conversations.history" => history::history(state, arguments),
            "conversations.replies" => history::replies(state, arguments),
            "conversations.info" => methods::conversations_info(state, arguments),
            "conversations.open" => methods::conversations_open(state, arguments),
            "files.getUploadURLExternal" => methods::upload_url(state, arguments, &slack.0.url),
            "files.completeUploadExternal" => methods::complete_upload(state, arguments, &mut events),
            "reactions.add" => methods::react(state, arguments),
            "search.messages" => history::search(state, arguments),
            "users.conversations" => methods::users_conversations(state, arguments),
            "users.info" => methods::user_info(state, arguments),
            "users.lookupByEmail" => methods::user_by_email(state, arguments),
            "views.open" => views::open(state, arguments),
            "views.publish" => views::publish(state, arguments),
            _ => Err(Refusal::from("unknown_method")),
        }
    });
    let answer = match done {
        Ok(mut answer) => {
            answer["ok"] = true.into();
            answer
        }
        Err(refusal) => refusal.answer(),
    };
    (answer, events)
}

fn authorised(method: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(token) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return Err("not_authed".into());
    };
    let token = token.strip_prefix("Bearer ").unwrap_or_default();
    let wanted = match method {
        "apps.connections.open" => APP_TOKEN,
        "search.messages" => USER_TOKEN,
        _ => BOT_TOKEN,
    };
    if token == wanted {
        Ok(())
    } else if [APP_TOKEN, BOT_TOKEN, USER_TOKEN].contains(&token) {
        Err("not_allowed_token_type".into())
    } else {
        Err("invalid_auth".into())
    }
}

/// Arguments come in the query, as JSON, or as a form with JSON in its fields; Slack takes all of these.
fn arguments(query: HashMap<String, String>, headers: &HeaderMap, body: &[u8]) -> Arguments {
    let mut arguments: Arguments = query.into_iter().map(|(name, value)| (name, field(value))).collect();
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if kind.starts_with("application/json") {
        if let Ok(Value::Object(object)) = serde_json::from_slice(body) {
            arguments.extend(object);
        }
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        let pairs = url::form_urlencoded::parse(body);
        arguments.extend(pairs.map(|(name, value)| (name.into_owned(), field(value.into_owned()))));
    }
    arguments
}

fn field(value: String) -> Value {
    if value.starts_with(['[', '{'])
        && let Ok(json) = serde_json::from_str(&value)
    {
        return json;
    }
    Value::String(value)
}

/// A file's bytes, at the address that `files.getUploadURLExternal` gave.
async fn upload(State(slack): State<FakeSlack>, Path(file): Path<String>, body: Bytes) -> Response {
    let stored = {
        let mut state = slack.state();
        let upload = state.files.iter_mut().find(|upload| upload.id == file);
        match upload {
            Some(upload) if upload.length == body.len() => {
                upload.content = String::from_utf8_lossy(&body).into_owned();
                upload.uploaded = true;
                Ok(body.len())
            }
            Some(_) => Err(StatusCode::BAD_REQUEST),
            None => Err(StatusCode::NOT_FOUND),
        }
    };
    slack.changed();
    match stored {
        Ok(length) => format!("OK - {length}").into_response(),
        Err(status) => (status, "the file is not what was announced").into_response(),
    }
}

/// An answer that breaks off: more was promised than comes.
pub(crate) fn broken() -> Response {
    let body = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("the fake Slack hangs up"))]);
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_LENGTH, "1000"),
    ];
    (headers, Body::from_stream(body)).into_response()
}
