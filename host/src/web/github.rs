//! `POST /github/<namespace>/`: from HTTP to the trigger, and its answer back.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Rejection;
use crate::trigger::github::{Answer, GithubTrigger};

pub(super) async fn deliver(
    State(trigger): State<Arc<GithubTrigger>>,
    Path(namespace): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Rejection> {
    Ok(show(trigger.deliver(&namespace, &headers, body).await?))
}

/// GitHub shows this beside the delivery.
fn show(answer: Answer) -> Response {
    match answer {
        Answer::Pong => Json(json!({ "message": "pong" })).into_response(),
        Answer::Nothing(why) => Json(json!({ "message": why })).into_response(),
        Answer::Repeated => Json(json!({ "message": "this delivery had been accepted before" })).into_response(),
        Answer::Answered => Json(json!({ "message": "the comment was answered" })).into_response(),
        Answer::InPart { requests, failed } => (
            StatusCode::ACCEPTED,
            Json(json!({ "requests": requests, "failed": failed })),
        )
            .into_response(),
        Answer::Accepted(requests) => (StatusCode::ACCEPTED, Json(json!({ "requests": requests }))).into_response(),
    }
}
