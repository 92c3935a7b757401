//! One request that the host makes for a component, through the same door that the component's own requests pass: what is not
//! granted to it is not asked for it either, and a name leads nowhere that it would not lead the component.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use innkeeper_core::config::HttpGrants;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::{Network, Refusals, door};

/// Why there is no answer. A sentence without the address, which may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The component may not ask that. It would be the same again.
    NotGranted(String),
    /// Nobody answered, or not in time.
    Unreachable(String),
}

/// Makes the request, and reads of the answer's body what is wanted of it, within `patience`. Redirects are not followed.
///
/// # Errors
/// It was not made, or there was no answer to it.
pub async fn run(
    grants: &HttpGrants,
    network: &Arc<Network>,
    request: Request<Bytes>,
    patience: Duration,
    wanted: impl FnOnce(&Response<()>) -> usize,
) -> Result<Response<Bytes>, NoAnswer> {
    match tokio::time::timeout(patience, exchange(grants, network, request, wanted)).await {
        Ok(answered) => answered,
        Err(_) => Err(NoAnswer::Unreachable(format!(
            "no answer within {} s",
            patience.as_secs()
        ))),
    }
}

async fn exchange(
    grants: &HttpGrants,
    network: &Arc<Network>,
    request: Request<Bytes>,
    wanted: impl FnOnce(&Response<()>) -> usize,
) -> Result<Response<Bytes>, NoAnswer> {
    let refusals = Refusals::default();
    let body = |bytes| -> WasiBody { Full::new(bytes).map_err(|never| match never {}).boxed_unsync() };
    let mut door = door(grants, network, &refusals);
    let sent = door.send_request(
        request.map(body),
        Some(RequestOptions::default()),
        Box::new(std::future::ready(Ok(()))),
    );
    let (answer, drive) = match Box::into_pin(sent).await {
        Ok(sent) => sent,
        Err(Error::HttpRequestDenied | Error::DestinationIpProhibited) => {
            let why = refusals
                .first()
                .unwrap_or_else(|| "outbound HTTP is not granted".to_owned());
            return Err(NoAnswer::NotGranted(why));
        }
        Err(error) => return Err(NoAnswer::Unreachable(error.to_string())),
    };
    let (head, mut body) = answer.into_parts();
    let head = Response::from_parts(head, ());
    let most = wanted(&head);
    let mut read = Vec::new();
    let reading = async {
        while read.len() < most {
            // The head is what counts: a body that breaks off is as far as it came.
            let Some(Ok(frame)) = body.frame().await else { break };
            if let Ok(data) = frame.into_data() {
                read.extend(data);
            }
        }
    };
    tokio::select! {
        () = reading => {}
        // Its end is the body's as well, unless that is in the buffers still.
        Err(error) = Box::into_pin(drive) => tracing::debug!(%error, "an answer broke off"),
    }
    read.truncate(most);
    Ok(head.map(|()| Bytes::from(read)))
}
