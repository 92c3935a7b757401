//! Connections: accepted, bounded in number and in time, and drained at the end.
//!
//! `axum::serve` has no header time-out, so hyper is used directly.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What is read of a request's line and headers, and of a body at once, in bytes.
const BUFFER: usize = 64 * 1024;

/// What a connection must keep to.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Connections at once. More wait in the listener's queue.
    pub connections: usize,
    /// From the start of a connection, or the last answer on it, to the end of a request's headers.
    pub header_time: Duration,
    /// How long a connection may live. What it is doing then, it may finish within `drain_time`. This ends a client
    /// that sends requests and never reads the answers. `None`: for as long as it likes.
    pub connection_time: Option<Duration>,
    /// How long requests may go on after shutdown began.
    pub drain_time: Duration,
}

impl Default for ServerLimits {
    /// For a server that the world can reach.
    fn default() -> Self {
        Self {
            connections: 512,
            header_time: Duration::from_secs(10),
            connection_time: Some(Duration::from_secs(10 * 60)),
            drain_time: Duration::from_secs(10),
        }
    }
}

/// Serves `router` until `shutdown` is cancelled; then takes no more connections, and returns when the open ones have
/// finished what they were doing, after `limits.drain_time` at the latest.
pub async fn serve<L: Listener>(mut listener: L, router: Router, limits: ServerLimits, shutdown: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    let accept = async {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (stream, _) = listener.accept().await;
            let connection = connection(stream, router.clone(), limits, shutdown.clone());
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
        }
    };
    shutdown.run_until_cancelled(accept).await;
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn connection<S>(stream: S, router: Router, limits: ServerLimits, shutdown: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(BUFFER);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let lifetime = async {
        match limits.connection_time {
            Some(time) => sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = &mut connection => return note(ended),
        () = shutdown.cancelled() => {}
        () = lifetime => {}
    }
    connection.as_mut().graceful_shutdown();
    match timeout(limits.drain_time, connection).await {
        Ok(ended) => note(ended),
        Err(_) => tracing::debug!("a connection was cut: it did not finish in time"),
    }
}

/// Time-outs and broken connections are the client's affair.
fn note(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
