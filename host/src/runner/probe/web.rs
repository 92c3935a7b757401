//! Every HTTP request of a check: a GET, over a connection of its own, since what a check asks is whether that works.
//!
//! A stranger's request is checked as a guest's is: against the grants, then where its name leads, then a connection to what
//! was looked at. Each redirect is checked like the first request. A password goes to the origin that it was written for, and
//! to nobody that it redirects to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{ACCEPT, AUTHORIZATION, HOST, LOCATION, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::secrets::Secret;
use innkeeper_core::config::{HostName, HttpGrants, Origin, Scheme};
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use url::Url;
use wasmtime_wasi_http::Error as DoorError;

use super::tls::{Trust, valid_until};
use super::words::{quote, without_query};
use crate::guest::http::{self as door, Network, connect_to_any};
use crate::guest::limits::HEADER_BYTES;

/// Redirects that are followed.
const REDIRECTS: usize = 5;
/// The longest answer in JSON, in bytes.
const JSON: usize = 4 << 20;
/// How long a look-up or a connection may take. The addresses of a name share it: where the first is dead, the next is tried
/// before the check's own time is over.
const CONNECT: Duration = Duration::from_secs(10);

/// The web, as checks see it.
#[derive(Default)]
pub(super) struct Web {
    /// Apart from that of guests, whose look-ups are not to hold up checks; and those of strangers' checks not those of others.
    of_trusted: Network,
    of_strangers: Network,
    trust: Trust,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Login {
    /// By name and password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// By token.
    Bearer(Secret),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) url: Url,
    pub(super) login: Option<Login>,
    pub(super) accept: &'static str,
    /// Whether the certificate is to be a trusted one.
    pub(super) verify: bool,
    /// Whether redirects are followed.
    pub(super) follow: bool,
    /// How much of the body is read, in bytes.
    pub(super) most: usize,
    /// Whether the body is read at all.
    pub(super) body: bool,
}

impl Ask {
    /// Asks for JSON.
    pub(super) fn json(url: Url) -> Self {
        Self {
            url,
            login: None,
            accept: "application/json",
            verify: true,
            follow: true,
            most: JSON,
            body: true,
        }
    }
}

/// What was answered.
pub(super) struct Answer {
    /// Who answered: the end of the redirects.
    pub(super) url: Url,
    pub(super) status: u16,
    body: Vec<u8>,
    /// Whether the body is all there.
    pub(super) whole: bool,
    /// Until when the certificates of those that were asked are valid, by host.
    pub(super) certificates: Vec<(String, Timestamp)>,
}

impl Answer {
    /// The body as text; what is no UTF-8 is replaced.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, or what is wrong with it.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        if !self.whole {
            return Err(format!("it is longer than {} MiB", JSON >> 20));
        }
        serde_json::from_slice(&self.body).map_err(|error| quote(&error.to_string()))
    }
}

/// `base`, and names below it. Whatever they hold, each is one name.
pub(super) fn below(base: &str, names: &[&str]) -> Result<Url, String> {
    let bad = || format!("`{}` is no address", without_query(base));
    let mut url: Url = base.parse().map_err(|_| bad())?;
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut()
        .map_err(|()| bad())?
        .pop_if_empty()
        .extend(names);
    Ok(url)
}

impl Web {
    /// A web whose servers are judged so.
    #[cfg(test)]
    pub(super) fn with_trust(trust: Trust) -> Self {
        Self {
            trust,
            ..Self::default()
        }
    }

    /// Asks, as far as it is granted; without grants everybody. Whoever calls bounds the time.
    pub(super) async fn get(&self, grants: Option<&HttpGrants>, ask: &Ask) -> Result<Answer, String> {
        let mut url = ask.url.clone();
        let mut certificates = Vec::new();
        for _ in 0..=REDIRECTS {
            let shown = without_query(url.as_str());
            let (response, _driving) = self.once(grants, ask, &url, &mut certificates).await?;
            match redirect(&url, &response) {
                Some(next) if ask.follow => url = next?,
                _ => {
                    let status = response.status().as_u16();
                    let (body, whole) = match ask.body {
                        true => read(response.into_body(), ask.most)
                            .await
                            .map_err(|error| format!("{shown} broke off its answer: {}", in_words(&error)))?,
                        false => (Vec::new(), true),
                    };
                    return Ok(Answer {
                        url,
                        status,
                        body,
                        whole,
                        certificates,
                    });
                }
            }
        }
        Err(format!(
            "{} redirects more than {REDIRECTS} times",
            without_query(ask.url.as_str())
        ))
    }

    /// One request, whose connection is driven for as long as the handle lives.
    async fn once(
        &self,
        grants: Option<&HttpGrants>,
        ask: &Ask,
        url: &Url,
        certificates: &mut Vec<(String, Timestamp)>,
    ) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), String> {
        let shown = without_query(url.as_str());
        let uri: Uri = url.as_str().parse().map_err(|_| format!("`{shown}` is no address"))?;
        let origin = match grants {
            Some(grants) => door::check(grants, &Method::GET, &uri),
            None => door::origin_of(&uri),
        };
        let origin = origin.map_err(|denied| format!("refused: {denied}"))?;
        let addresses = self.addresses(grants, &origin, &uri).await?;
        let wire = self.connect(&origin, &addresses, ask.verify, certificates).await;
        let wire = wire.map_err(|why| format!("{shown} cannot be reached: {why}"))?;
        let own = url.origin() == ask.url.origin();
        let request = request(ask, &origin, &uri, own).map_err(|error| format!("{shown} cannot be asked: {error}"))?;
        let failed = |error: hyper::Error| format!("{shown} did not answer: {}", in_words(&error));
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEADER_BYTES)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(failed)?;
        let driving = AbortOnDropHandle::new(tokio::spawn(async move {
            // What goes wrong is told to the one request on it.
            let _ = connection.await;
        }));
        let response = sender.send_request(request).await.map_err(failed)?;
        Ok((response, driving))
    }

    /// Where a name leads, as far as the namespace may go there.
    async fn addresses(
        &self,
        grants: Option<&HttpGrants>,
        origin: &Origin,
        uri: &Uri,
    ) -> Result<Vec<SocketAddr>, String> {
        let of_run = Arc::new(Semaphore::new(1));
        let network = match grants {
            None => &self.of_trusted,
            Some(_) => &self.of_strangers,
        };
        let found = network.look_up(origin, CONNECT, &of_run).await;
        let found = found.map_err(|error| {
            let why = match error {
                DoorError::DnsError { rcode: Some(why), .. } => quote(&why),
                _ => "the name server does not answer".into(),
            };
            format!("{origin} cannot be found: {why}")
        })?;
        match grants {
            None => Ok(found),
            Some(grants) => {
                door::reachable(grants, origin, uri.path(), found).map_err(|denied| format!("refused: {denied}"))
            }
        }
    }

    async fn connect(
        &self,
        origin: &Origin,
        addresses: &[SocketAddr],
        verify: bool,
        certificates: &mut Vec<(String, Timestamp)>,
    ) -> Result<Box<dyn Wire>, String> {
        let stream = connect_to_any(addresses, Instant::now() + CONNECT).await;
        let stream = stream.map_err(|error| error.to_string())?;
        if origin.scheme == Scheme::Http {
            return Ok(Box::new(stream));
        }
        let name = match &origin.host {
            HostName::Name(name) => ServerName::try_from(name.clone()).map_err(|error| error.to_string())?,
            HostName::Address(address) => ServerName::from(*address),
        };
        let connector = self.trust.connector(verify).await?;
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        if let Some(until) = shown.and_then(valid_until) {
            certificates.push((origin.host.to_string(), until));
        }
        Ok(Box::new(stream))
    }
}

/// A connection, with TLS or without.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

fn request(ask: &Ask, origin: &Origin, uri: &Uri, own: bool) -> Result<Request<Empty<Bytes>>, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .uri(path)
        .header(HOST, origin.authority())
        .header(USER_AGENT, concat!("innkeeper/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, ask.accept);
    let login = ask.login.as_ref().filter(|_| own).map(|login| match login {
        Login::Basic { user, password } => {
            let pair = format!("{user}:{}", password.expose());
            format!("Basic {}", BASE64_STANDARD.encode(pair))
        }
        Login::Bearer(token) => format!("Bearer {}", token.expose()),
    });
    if let Some(login) = login {
        let mut value = HeaderValue::try_from(login)?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(Empty::new())
}

/// Where an answer redirects to, if it does.
fn redirect(from: &Url, response: &Response<Incoming>) -> Option<Result<Url, String>> {
    if ![301, 302, 303, 307, 308].contains(&response.status().as_u16()) {
        return None;
    }
    let to = response.headers().get(LOCATION)?;
    let to = to.to_str().ok().and_then(|to| from.join(to).ok());
    Some(to.ok_or_else(|| format!("{} redirects to what is no address", without_query(from.as_str()))))
}

/// Reads a body up to so many bytes, and whether that was all.
async fn read(mut body: Incoming, most: usize) -> Result<(Vec<u8>, bool), hyper::Error> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            let room = most - read.len();
            read.extend_from_slice(&data[..room.min(data.len())]);
            if data.len() > room {
                return Ok((read, false));
            }
        }
    }
    Ok((read, true))
}

/// What hyper says, without what it says first.
fn in_words(error: &hyper::Error) -> String {
    if error.is_incomplete_message() {
        return "it closed the connection".into();
    }
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})"));
    format!("{error}{}", cause.unwrap_or_default())
}
