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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Rejection;

/// All bodies that are held at once, in KiB: ten of GitHub's largest. What counts is what has come, so that whoever
/// announces much and sends nothing takes nobody's place.
const ROOM: usize = 256 * 1024;
const KIB: usize = 1024;

/// A body, and its place in the [room](ROOM). Whoever has a clone of its bytes holds the place, also after the sender is gone:
/// a large body is read on another thread, which nobody stops.
struct Held {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

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

    async fn collect(&self, body: Body) -> Result<Bytes, Rejection> {
        let too_large = Rejection::TooLarge { limit: self.limit };
        if body.size_hint().lower() > self.limit as u64 {
            return Err(too_large);
        }
        let mut body = Limited::new(body, self.limit);
        let (mut bytes, mut room) = (Vec::new(), None);
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
        Ok(Bytes::from_owner(Held { bytes, _room: room }))
    }

    /// Waits until there is room for a body that has grown to `length` bytes.
    async fn take_room(&self, room: &mut Option<OwnedSemaphorePermit>, length: usize) {
        let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = u32::try_from(length.div_ceil(KIB).saturating_sub(held)).unwrap_or(u32::MAX);
        // The semaphore is never closed, so that this cannot fail.
        if let Ok(more) = Arc::clone(&self.room).acquire_many_owned(wanted).await {
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
        Ok(Ok(bytes)) => {
            let held = bytes.clone();
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            drop(held);
            response
        }
        Ok(Err(rejection)) => rejection.into_response(),
        Err(_) => Rejection::TooSlow.into_response(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use axum::extract::FromRequest;

    use super::*;

    #[tokio::test]
    async fn a_body_holds_its_place_for_as_long_as_somebody_reads_it() {
        let rules = BodyRules::new(64 * KIB, Duration::from_secs(60));
        let free = || rules.room.available_permits();
        let collected = rules.collect(Body::from(vec![b'x'; 10 * KIB])).await.unwrap();
        assert_eq!(free(), ROOM - 10);
        // As a handler gets it, and hands it to another thread.
        let request = Request::new(Body::from(collected));
        let bytes = Bytes::from_request(request, &()).await.unwrap();
        let elsewhere = bytes.clone();
        drop(bytes);
        assert_eq!(free(), ROOM - 10);
        drop(elsewhere);
        assert_eq!(free(), ROOM);
    }
}
