//! `POST /hooks/<namespace>/<hook>`, and `POST /hooks/<namespace>/<check>/fail`: from HTTP to the trigger, and its answer
//! back.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Rejection;
use crate::trigger::hook::{Answer, HookTrigger};

pub(super) async fn deliver(
    State(trigger): State<Arc<HookTrigger>>,
    Path((namespace, hook)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Rejection> {
    Ok(show(trigger.deliver(&namespace, &hook, &headers, body).await?))
}

pub(super) async fn deliver_failure(
    State(trigger): State<Arc<HookTrigger>>,
    Path((namespace, check)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Rejection> {
    Ok(show(trigger.deliver_failure(&namespace, &check, &headers, body).await?))
}

fn show(answer: Answer) -> Response {
    match answer {
        Answer::Repeated => Json(json!({ "message": "this message had been accepted before" })).into_response(),
        Answer::Noted => Json(json!({ "message": "noted" })).into_response(),
        Answer::Accepted(requests) => (StatusCode::ACCEPTED, Json(json!({ "requests": requests }))).into_response(),
        Answer::Reported { text, succeeded: true } => text.into_response(),
        Answer::Reported { text, succeeded: false } => (StatusCode::INTERNAL_SERVER_ERROR, text).into_response(),
    }
}
