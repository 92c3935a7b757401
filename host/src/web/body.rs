//! Bodies, read whole before a handler sees them: bounded in size, in time, and in what all of them hold.
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

/// All bodies that are held at once, in KiB: ten of GitHub's largest. What counts is what has come, so that whoever
/// announces much and sends nothing takes nobody's place.
const ROOM: usize = 256 * 1024;
const KIB: usize = 1024;

/// What a body must keep to.
#[derive(Clone, Debug)]
pub struct BodyRules {
    limit: usize,
    time: Duration,
    room: Arc<Semaphore>,
}

impl BodyRules {
    /// At most `limit` bytes, all of them within `time`.
    pub fn new(limit: usize, time: Duration) -> Self {
        Self {
            limit,
            time,
            room: Arc::new(Semaphore::new(ROOM)),
        }
    }

    /// The same room, another limit.
    #[must_use]
    pub fn with_limit(&self, limit: usize) -> Self {
        Self { limit, ..self.clone() }
    }

    async fn collect(&self, body: Body) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Rejection> {
        let too_large = Rejection::TooLarge { limit: self.limit };
        if body.size_hint().lower() > self.limit as u64 {
            return Err(too_large);
        }
        let mut body = Limited::new(body, self.limit);
        let (mut bytes, mut room) = (Vec::new(), None::<SemaphorePermit<'_>>);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    let data = frame.into_data().unwrap_or_default();
                    self.take_room(&mut room, bytes.len() + data.len()).await;
                    bytes.extend_from_slice(&data);
                }
                Err(error) if error.is::<LengthLimitError>() => return Err(too_large),
                Err(_) => {
                    return Err(Rejection::Malformed(
                        "the body ended before it was complete: send it again".into(),
                    ));
                }
            }
        }
        Ok((bytes.into(), room))
    }

    /// Waits until there is room for a body that has grown to `length` bytes.
    async fn take_room<'r>(&'r self, room: &mut Option<SemaphorePermit<'r>>, length: usize) {
        let held = room.as_ref().map_or(0, SemaphorePermit::num_permits);
        let wanted = u32::try_from(length.div_ceil(KIB).saturating_sub(held)).unwrap_or(u32::MAX);
        // The semaphore is never closed, so that this cannot fail.
        if let Ok(more) = self.room.acquire_many(wanted).await {
            match room {
                Some(room) => room.merge(more),
                None => *room = Some(more),
            }
        }
    }
}

/// Reads the body, then hands the request on.
pub(super) async fn read(State(rules): State<BodyRules>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match timeout(rules.time, rules.collect(body)).await {
        Ok(Ok((bytes, _room))) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(rejection)) => rejection.into_response(),
        Err(_) => Rejection::TooSlow.into_response(),
    }
}
