//! `GET /healthz` and `GET /readyz`: for whoever watches the host or sends it traffic.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use innkeeper_core::BoxFuture;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Rejection;

/// Whether the host can take orders.
#[derive(Clone)]
pub struct Health {
    /// Asks the store. Its error is a sentence for whoever operates the host.
    pub store: Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
    /// Cancelled when the host takes no more orders, because it is about to end.
    pub draining: CancellationToken,
}

/// The process answers. Nothing else is looked at: a restart would not mend the disk.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// The store answers, and the host is not about to end.
pub(super) async fn ready(State(health): State<Health>) -> Result<Json<Value>, Rejection> {
    if health.draining.is_cancelled() {
        return Err(Rejection::Unavailable(
            "the host is shutting down: try again when it is back".into(),
        ));
    }
    (health.store)().await.map_err(Rejection::Unavailable)?;
    Ok(Json(json!({ "status": "ready" })))
}
