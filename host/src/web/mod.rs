//! The HTTP server: its routes, in one list, and what every connection and every body must keep to.
//!
//! What is behind a route is left to `trigger`; here are only addresses, limits and statuses.

pub mod api;
mod body;
mod error;
mod github;
mod health;
mod hook;
pub mod people;
mod server;
pub mod unix;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

pub use self::body::BodyRules;
pub use self::error::Rejection;
pub use self::health::Health;
pub use self::server::{ServerLimits, serve};
use crate::trigger::github::GithubTrigger;
use crate::trigger::hook::HookTrigger;

/// GitHub sends no payload over 25 MB
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>).
pub const GITHUB_BODY: usize = 25_000_000;

/// What any other body may be at most. Slack's are a few kilobytes.
pub const OTHER_BODY: usize = 1024 * 1024;

/// What is behind the routes.
pub struct WebParts {
    /// Takes GitHub's deliveries.
    pub github: Arc<GithubTrigger>,
    /// Takes every other webhook.
    pub hooks: Arc<HookTrigger>,
    /// `POST /slack/events` and `POST /slack/commands`; empty where Slack is reached by a socket.
    pub slack: Router,
    /// Whether the host can take orders.
    pub health: Health,
    /// How long the sender of a body may take for all of it.
    pub body_time: Duration,
}

/// Every route of the server that the world can reach.
pub fn router(parts: WebParts) -> Router {
    let bodies = BodyRules::new(OTHER_BODY, parts.body_time);
    let webhook_body = from_fn_with_state(bodies.with_limit(GITHUB_BODY), body::read);
    let slack_body = from_fn_with_state(bodies, body::read);
    let routes = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready).with_state(parts.health))
        .route(
            "/github/{namespace}",
            post(github::deliver)
                .with_state(Arc::clone(&parts.github))
                .layer(webhook_body.clone()),
        )
        .route(
            "/github/{namespace}/",
            post(github::deliver)
                .with_state(parts.github)
                .layer(webhook_body.clone()),
        )
        .route(
            "/hooks/{namespace}/{hook}",
            post(hook::deliver)
                .with_state(Arc::clone(&parts.hooks))
                .layer(webhook_body.clone()),
        )
        .route(
            "/hooks/{namespace}/{check}/fail",
            post(hook::deliver_failure).with_state(parts.hooks).layer(webhook_body),
        )
        .merge(parts.slack.layer(slack_body));
    finish(routes)
}

/// What every router of ours has: answers of one form to what is not there, and a panic that ends one request only.
///
/// For the router of the Unix socket too. Bodies are not bounded here; see [`BodyRules`].
pub fn finish(routes: Router) -> Router {
    routes
        .fallback(async || Rejection::NotFound)
        .method_not_allowed_fallback(async || Rejection::Method)
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked))
}

#[expect(clippy::needless_pass_by_value, reason = "tower-http hands over the box")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        panic = message.unwrap_or("no message"),
        "a request made the host panic: this is a bug"
    );
    Rejection::Internal.into_response()
}

#[cfg(test)]
mod tests;
