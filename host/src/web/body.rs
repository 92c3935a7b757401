//! Bodies, read whole before a handler sees them: bounded in size, in time, and in number where they are large.
//!
//! This is a layer and no extractor, because slack-morphism reads bodies itself, without a limit.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::Rejection;

/// A body over this, or of unknown length, waits for a turn.
const LARGE: u64 = 1024 * 1024;

/// Large bodies that are held at once, so that strangers cannot fill the memory with a full server of them.
const LARGE_AT_ONCE: usize = 8;

/// What a body must keep to.
#[derive(Clone, Debug)]
pub struct BodyRules {
    limit: usize,
    time: Duration,
    large: Arc<Semaphore>,
}

impl BodyRules {
    /// At most `limit` bytes, all of them within `time`.
    pub fn new(limit: usize, time: Duration) -> Self {
        Self {
            limit,
            time,
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
        }
    }

    async fn collect(&self, body: Body) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Rejection> {
        let announced = body.size_hint().exact();
        if announced.is_some_and(|bytes| bytes > self.limit as u64) {
            return Err(Rejection::TooLarge { limit: self.limit });
        }
        let turn = match announced {
            Some(..=LARGE) => None,
            _ => self.large.acquire().await.ok(),
        };
        match Limited::new(body, self.limit).collect().await {
            Ok(bytes) => Ok((bytes.to_bytes(), turn)),
            Err(error) if error.is::<LengthLimitError>() => Err(Rejection::TooLarge { limit: self.limit }),
            Err(_) => Err(Rejection::Malformed(
                "the body ended before it was complete: send it again".into(),
            )),
        }
    }
}

/// Reads the body, then hands the request on.
pub(super) async fn read(State(rules): State<BodyRules>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match timeout(rules.time, rules.collect(body)).await {
        Ok(Ok((bytes, _turn))) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(rejection)) => rejection.into_response(),
        Err(_) => Rejection::TooSlow.into_response(),
    }
}
