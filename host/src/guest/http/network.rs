//! From a name to a connection, in steps that a check fits between: look up, then connect to one of the addresses that
//! were looked at. Nothing is looked up twice, so a name cannot lead somewhere else the second time.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::ConfigBuilderExt;
use innkeeper_core::config::{HostName, Origin, Scheme};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

/// Look-ups at once, of all guests. Each takes a thread, for as long as the name server likes.
const LOOKUPS: usize = 16;
/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// A connection, with TLS or without.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// What all guests share of the network.
pub struct Network {
    lookups: Arc<Semaphore>,
    /// Made for the first request that needs it: a host's root certificates are some hundred files.
    tls: OnceCell<TlsConnector>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            tls: OnceCell::new(),
        }
    }
}

impl Network {
    /// A network whose servers are judged by `connector`.
    #[cfg(test)]
    pub(super) fn with_tls(connector: TlsConnector) -> Self {
        Self {
            tls: OnceCell::new_with(Some(connector)),
            ..Self::default()
        }
    }

    /// Where `origin` leads. `of_run` is how many look-ups the run may have going on: a name server that its author owns
    /// can hold a thread for long, and must not hold those of all others.
    pub(crate) async fn look_up(
        &self,
        origin: &Origin,
        patience: Duration,
        of_run: &Arc<Semaphore>,
    ) -> Result<Vec<SocketAddr>, Error> {
        let name = match &origin.host {
            HostName::Address(address) => return Ok(vec![SocketAddr::new(*address, origin.port)]),
            HostName::Name(name) => (name.clone(), origin.port),
        };
        let (of_run, lookups) = (Arc::clone(of_run), Arc::clone(&self.lookups));
        let found = timeout(patience, async move {
            let permit = (of_run.acquire_owned().await, lookups.acquire_owned().await);
            // The permits go with the thread, which outlives a request that is given up.
            let look_up = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                name.to_socket_addrs().map(|found| found.collect::<Vec<_>>())
            });
            look_up.await.map_err(io::Error::other)?
        });
        let mut found = match found.await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Err(dns_error(error)),
            Err(_) => return Err(Error::DnsTimeout),
        };
        found.truncate(ADDRESSES);
        Ok(found)
    }

    /// Connects to the first of `addresses` that answers, and makes sure that it is `origin`, where there is TLS.
    pub(super) async fn connect(
        &self,
        origin: &Origin,
        addresses: &[SocketAddr],
        patience: Duration,
    ) -> Result<Box<dyn Wire>, Error> {
        let deadline = Instant::now() + patience;
        let stream = connect_to_any(addresses, deadline).await.map_err(connect_error)?;
        // It only makes small requests slower if this fails.
        let _ = stream.set_nodelay(true);
        if origin.scheme == Scheme::Http {
            return Ok(Box::new(stream));
        }
        let name = match &origin.host {
            HostName::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Error::HttpRequestUriInvalid)?,
            HostName::Address(address) => ServerName::from(*address),
        };
        let connector = self.tls().await?;
        match timeout_at(deadline, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(tls_error(&error)),
            Err(_) => Err(Error::ConnectionTimeout),
        }
    }

    async fn tls(&self) -> Result<&TlsConnector, Error> {
        let make = async || match tokio::task::spawn_blocking(connector).await {
            Ok(Ok(connector)) => Ok(connector),
            Ok(Err(error)) => {
                tracing::warn!(%error, "no root certificates for the requests of guests; on Debian, install `ca-certificates`");
                Err(Error::ConfigurationError)
            }
            Err(_) => Err(Error::ConfigurationError),
        };
        self.tls.get_or_try_init(make).await
    }
}

fn connector() -> io::Result<TlsConnector> {
    let mut config = ClientConfig::builder().with_native_roots()?.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Connects to the first that answers. Each address gets its share of the time that is left, so that a dead one does not take
/// all of it.
pub(crate) async fn connect_to_any(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        last = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
    }
    Err(last)
}

fn dns_error(error: io::Error) -> Error {
    Error::DnsError {
        rcode: Some(error.to_string()),
        info_code: None,
    }
}

fn connect_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::DestinationNotFound,
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => Error::DestinationIpUnroutable,
        _ => Error::DestinationUnavailable,
    }
}

fn tls_error(error: &io::Error) -> Error {
    match error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            Error::TlsCertificateError
        }
        Some(rustls::Error::AlertReceived(alert)) => Error::TlsAlertReceived {
            alert_id: Some((*alert).into()),
            alert_message: Some(format!("{alert:?}")),
        },
        Some(_) => Error::TlsProtocolError,
        None => Error::ConnectionTerminated,
    }
}
