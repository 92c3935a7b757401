//! Somebody who is sent HTTP requests: a server on loopback that remembers each of them, and answers as a test says.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::within;

/// A request that was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// Its path and query.
    pub path: String,
    /// Its headers, in lower case. None comes twice.
    pub headers: HashMap<String, String>,
    /// Its body, as text.
    pub body: String,
}

/// The next answer that is no 200.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, these headers, and a body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// It is received, and never answered.
    Never,
}

/// The server. Dropped, it ends.
pub struct Receiver {
    url: String,
    shared: Arc<Shared>,
    server: AbortHandle,
}

struct Shared {
    received: watch::Sender<Vec<Received>>,
    replies: Mutex<VecDeque<Reply>>,
}

impl Receiver {
    /// Starts one.
    pub async fn start() -> Self {
        let shared = Arc::new(Shared {
            received: watch::Sender::default(),
            replies: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(receive).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            url,
            shared,
            server: server.abort_handle(),
        }
    }

    /// Where it is: what a grant says, too.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next request that has no answer yet gets this one.
    pub fn answers(&self, reply: Reply) {
        self.shared.replies.lock().unwrap().push_back(reply);
    }

    /// Everything that was received, in order.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// The first so many requests.
    pub async fn await_requests(&self, count: usize) -> Vec<Received> {
        let mut received = self.shared.received.subscribe();
        let what = format!("{count} requests at {}", self.url);
        let enough = within(&what, received.wait_for(|received| received.len() >= count)).await;
        enough.unwrap()[..count].to_vec()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut headers = HashMap::new();
    for (name, value) in &head.headers {
        let before = headers.insert(name.to_string(), value.to_str().unwrap().to_owned());
        assert_eq!(before, None, "the header {name} comes twice");
    }
    let received = Received {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let reply = shared.replies.lock().unwrap().pop_front();
    shared.received.send_modify(|all| all.push(received));
    match reply {
        None => StatusCode::OK.into_response(),
        Some(Reply::Status(status, headers, body)) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Some(Reply::Never) => std::future::pending().await,
    }
}
