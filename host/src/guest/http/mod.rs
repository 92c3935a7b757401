//! Outbound HTTP of guests, as far as it is granted.
//!
//! ```text
//!   check      method, scheme, host, port and path against the grant      (core: config/http)
//!   network    look the name up, once
//!   address    refuse addresses that are not public, but for granted ones
//!   network    connect to what was looked at; TLS with the host's name
//!   exchange   the request, the answer, and its bounds
//!   errand     all of that for a request that the host makes for a component
//! ```
//!
//! No redirect is followed here. A guest that follows one makes another request, which is checked like the first.

mod address;
pub mod errand;
mod exchange;
mod network;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::header::HOST;
use http::{HeaderValue, Method, Request, Uri};
use innkeeper_core::config::{Denied, HttpGrants, Origin, Scheme};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub use network::Network;
pub(crate) use network::connect_to_any;

use super::limits;
use super::refusals::Refusals;

/// An answer, and what drives its connection.
type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

/// The door of one run: open for what its job is granted, shut where that is nothing.
pub fn door(grants: &HttpGrants, network: &Arc<Network>, refusals: &Refusals) -> Box<dyn WasiHttpHooks> {
    if grants.is_empty() {
        return Box::new(ShutDoor(refusals.clone()));
    }
    Box::new(OpenDoor(Arc::new(Run {
        grants: grants.clone(),
        network: Arc::clone(network),
        refusals: refusals.clone(),
        requests: AtomicU32::new(0),
        connections: Arc::new(Semaphore::new(limits::HTTP_CONNECTIONS)),
        lookups: Arc::new(Semaphore::new(limits::HTTP_LOOKUPS)),
        meter: Arc::new(Meter {
            left: AtomicU64::new(limits::HTTP_ANSWER_BYTES),
            refusals: refusals.clone(),
        }),
    })))
}

/// Outbound HTTP for guests without a grant: every request is denied, before a name is looked up.
#[derive(Default)]
pub struct ShutDoor(Refusals);

impl WasiHttpHooks for ShutDoor {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _sent: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        if let Err(denied) = check(&HttpGrants::default(), request.method(), request.uri()) {
            self.0.note(denied);
        }
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        limits::OUTPUT_PERMIT
    }
}

/// Outbound HTTP for guests with one.
struct OpenDoor(Arc<Run>);

impl WasiHttpHooks for OpenDoor {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let run = Arc::clone(&self.0);
        Box::new(async move { run.send(request, Times::of(options)).await })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        limits::OUTPUT_PERMIT
    }
}

/// What one run may ask the world, and what it has spent of it.
struct Run {
    grants: HttpGrants,
    network: Arc<Network>,
    refusals: Refusals,
    requests: AtomicU32,
    connections: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    meter: Arc<Meter>,
}

impl Run {
    async fn send(&self, mut request: Request<WasiBody>, times: Times) -> Result<Sent, Error> {
        if self.requests.fetch_add(1, Ordering::Relaxed) >= limits::HTTP_REQUESTS {
            let what = format!("more than {} HTTP requests in one run", limits::HTTP_REQUESTS);
            return Err(self.refuse(what, Error::HttpRequestDenied));
        }
        let origin = check(&self.grants, request.method(), request.uri())
            .map_err(|denied| self.refuse(denied, Error::HttpRequestDenied))?;
        let permit = match timeout(times.connect, Arc::clone(&self.connections).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            _ => {
                let what = format!("more than {} HTTP connections at once", limits::HTTP_CONNECTIONS);
                return Err(self.refuse(what, Error::ConnectionLimitReached));
            }
        };
        let found = self.network.look_up(&origin, times.connect, &self.lookups).await?;
        let addresses = reachable(&self.grants, &origin, request.uri().path(), found)
            .map_err(|denied| self.refuse(denied, Error::DestinationIpProhibited))?;
        let wire = self.network.connect(&origin, &addresses, times.connect).await?;
        address_to(&origin, &mut request)?;
        exchange::exchange(wire, request, times, Arc::clone(&self.meter), permit).await
    }

    fn refuse(&self, what: impl ToString, error: Error) -> Error {
        self.refusals.note(what);
        error
    }
}

/// Those of the addresses that may be connected to.
pub(crate) fn reachable(
    grants: &HttpGrants,
    origin: &Origin,
    path: &str,
    mut found: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Denied> {
    let mut refused = None;
    found.retain(|address| {
        let address = address.ip().to_canonical();
        match address::not_public(address) {
            Some(what) if !grants.allows_address(origin, address, path) => {
                refused = refused.or(Some((address, what)));
                false
            }
            _ => true,
        }
    });
    match refused {
        Some((address, what)) if found.is_empty() => {
            let why = format!("it leads to {address}, {what}, and that address is not granted");
            Err(Denied::new(origin.to_string(), why))
        }
        _ => Ok(found),
    }
}

/// Whom a request is for.
pub(crate) fn origin_of(uri: &Uri) -> Result<Origin, Denied> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    // What is before an `@` may be a password.
    let shown = || authority.rsplit('@').next().unwrap_or_default().to_owned();
    let scheme = match uri.scheme_str() {
        Some("https") => Scheme::Https,
        Some("http") => Scheme::Http,
        _ => return Err(Denied::new(shown(), "only https and http are spoken")),
    };
    Origin::parse(scheme, authority).map_err(|why| Denied::new(shown(), why))
}

/// Whom a request is for, if it may be made.
pub(crate) fn check(grants: &HttpGrants, method: &Method, uri: &Uri) -> Result<Origin, Denied> {
    let origin = origin_of(uri)?;
    grants.allows(&origin, uri.path())?;
    // Neither means anything to an origin, and proxies on the way take them for themselves.
    if [Method::CONNECT, Method::TRACE].contains(method) {
        let why = format!("{method} is never allowed");
        return Err(Denied::new(origin.to_string(), why));
    }
    Ok(origin)
}

/// Makes a request fit for the wire: its path alone, and the name that was checked.
fn address_to(origin: &Origin, request: &mut Request<WasiBody>) -> Result<(), Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    let host = HeaderValue::from_str(&origin.authority()).map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().insert(HOST, host);
    Ok(())
}

/// How long is waited for what: as the guest says, within bounds.
#[derive(Clone, Copy)]
struct Times {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Times {
    fn of(options: Option<RequestOptions>) -> Self {
        let options = options.unwrap_or_default();
        let at_most = |asked: Option<Duration>, most: Duration| asked.map_or(most, |asked| asked.min(most));
        Self {
            connect: at_most(options.connect_timeout, limits::HTTP_CONNECT),
            first_byte: at_most(options.first_byte_timeout, limits::HTTP_SILENCE),
            between_bytes: at_most(options.between_bytes_timeout, limits::HTTP_SILENCE),
        }
    }
}

/// Counts what the answers of one run have in their bodies.
struct Meter {
    left: AtomicU64,
    refusals: Refusals,
}

impl Meter {
    fn take(&self, bytes: usize) -> Result<(), Error> {
        let take = |left: u64| left.checked_sub(bytes as u64);
        if self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
        {
            return Ok(());
        }
        let most = limits::HTTP_ANSWER_BYTES;
        self.refusals
            .note(format!("more than {} MB of HTTP answers in one run", most >> 20));
        Err(Error::HttpResponseBodySize(Some(most)))
    }
}

#[cfg(test)]
mod tests;
