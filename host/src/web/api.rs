//! The API on `innkeeper.sock`: what the command line asks a running host. Its peers are the host's own user and root.

mod services;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream;
use innkeeper_core::clock::Clock;
use innkeeper_core::request::RequestId;
use innkeeper_core::store::{Cancel, Store};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::alerts::{DutyRoster, Services, Trial, Trials, Unfit};
use crate::bell::Bells;
use crate::trigger::cli::{BadOrder, CommandLine, Conversation, Order};

/// What the API needs.
#[derive(Clone)]
pub struct ApiParts {
    /// Orders.
    pub command_line: CommandLine,
    /// The queue.
    pub store: Arc<Store>,
    /// Which services there are.
    pub services: Arc<Services>,
    /// Who is on duty.
    pub duty: Arc<DutyRoster>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who is told of what was cancelled, and that a service was told something.
    pub bells: Bells,
    /// Test alerts.
    pub trials: Trials,
    /// Cancelled once the host takes no more orders.
    pub draining: CancellationToken,
}

/// Every route of the API.
pub fn routes(parts: ApiParts) -> Router {
    Router::new()
        .route("/api/orders", post(give_order))
        .route("/api/requests/{request}/cancel", post(cancel_request))
        .route("/api/alerts/test", post(test_alert))
        .route("/api/services", get(services::list))
        .route("/api/services/{service}", get(services::show))
        .route("/api/services/{service}/{told}", post(services::tell))
        .route("/api/on-call", get(services::on_call))
        .with_state(parts)
}

/// Takes an order, and answers with what comes of it: a JSON event a line, until everything has ended.
async fn give_order(State(parts): State<ApiParts>, headers: HeaderMap, body: Bytes) -> Response {
    let order: Order = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, format!("this is no order: {error}")),
    };
    let user = user_of(&headers);
    if parts.draining.is_cancelled() {
        return refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "the host is stopping and takes no more orders; try again when it has started".into(),
        );
    }
    match parts.command_line.give(order, user.to_owned()).await {
        Ok(conversation) => (
            [(CONTENT_TYPE, "application/x-ndjson")],
            Body::from_stream(lines(conversation)),
        )
            .into_response(),
        Err(error) => match error.downcast::<BadOrder>() {
            Ok(bad) => refusal(StatusCode::UNPROCESSABLE_ENTITY, bad.to_string()),
            Err(error) => unavailable(&error),
        },
    }
}

/// Whoever asks, as they say.
fn user_of(headers: &HeaderMap) -> &str {
    let user = headers.get("x-innkeeper-user").and_then(|user| user.to_str().ok());
    user.unwrap_or("somebody")
}

fn lines(conversation: Conversation) -> impl futures_util::Stream<Item = Result<String, Infallible>> {
    stream::unfold(conversation, async |mut conversation| {
        let event = conversation.next().await?;
        let line =
            serde_json::to_string(&event).unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string());
        Some((Ok(line + "\n"), conversation))
    })
}

async fn cancel_request(State(parts): State<ApiParts>, Path(request): Path<i64>) -> Response {
    let request = RequestId(request);
    match parts.store.cancel(request, parts.clock.now()).await {
        Ok(cancelled) => {
            parts.bells.ring_queue();
            if let Cancel::Cancelled { .. } = cancelled {
                // Where it is said that it will not start, the store knows.
                match parts.store.lanes_with_work().await {
                    Ok(lanes) => parts.bells.ring_outbox(lanes),
                    Err(error) => {
                        tracing::error!(%error, "what is said of a cancelled request waits for the next start")
                    }
                }
                parts.command_line.terminals.tell_cancelled(request);
            }
            Json(cancelled).into_response()
        }
        Err(error) => unavailable(&error.into()),
    }
}

/// Tells one user of a service that is made up.
async fn test_alert(State(parts): State<ApiParts>, body: Bytes) -> Response {
    let trial: Trial = match serde_json::from_slice(&body) {
        Ok(trial) => trial,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, format!("this is no test alert: {error}")),
    };
    match parts.trials.run(&trial).await {
        Ok(tried) => Json(tried).into_response(),
        Err(Unfit::Misused(why)) => refusal(StatusCode::UNPROCESSABLE_ENTITY, why),
        Err(Unfit::Failed(why)) => refusal(StatusCode::BAD_GATEWAY, why),
    }
}

fn unavailable(error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "an order on the socket failed");
    refusal(StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}"))
}

fn refusal(status: StatusCode, sentence: String) -> Response {
    (status, Json(json!({ "error": sentence }))).into_response()
}
