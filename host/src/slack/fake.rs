//! A small Slack on loopback for the unit tests of this crate: it answers what the test tells it to, in order, and
//! remembers what it was asked. It refuses nothing by itself; the one in `tests/support` does.

#![expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use innkeeper_core::config::secrets::Secret;
use serde_json::Value;

use super::SlackApi;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    content_type: &'static str,
    retry_after: Option<u32>,
    body: String,
}

impl Reply {
    pub(crate) fn ok(body: Value) -> Self {
        Self {
            status: 200,
            content_type: "application/json; charset=utf-8",
            retry_after: None,
            body: body.to_string(),
        }
    }

    pub(crate) fn refusal(code: &str) -> Self {
        Self::ok(serde_json::json!({"ok": false, "error": code}))
    }

    pub(crate) fn page(status: u16, body: &str) -> Self {
        Self {
            status,
            content_type: "text/html",
            retry_after: None,
            body: body.to_owned(),
        }
    }

    pub(crate) fn busy(seconds: u32) -> Self {
        Self {
            status: 429,
            retry_after: Some(seconds),
            ..Self::refusal("ratelimited")
        }
    }
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) authorization: Option<String>,
    /// The arguments in the address.
    pub(crate) query: BTreeMap<String, String>,
    /// The body, where it was JSON.
    pub(crate) json: Value,
    /// The body.
    pub(crate) bytes: Bytes,
}

#[derive(Default)]
struct Script {
    replies: Mutex<HashMap<String, VecDeque<Reply>>>,
    calls: Mutex<Vec<Call>>,
}

/// A Slack that a test scripts.
pub(crate) struct FakeSlack {
    url: String,
    script: Arc<Script>,
    server: tokio::task::JoinHandle<()>,
}

impl FakeSlack {
    pub(crate) async fn start() -> Self {
        let script = Arc::new(Script::default());
        let app = Router::new()
            .route("/api/{method}", axum::routing::any(answer))
            .with_state(Arc::clone(&script));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, script, server }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn api(&self) -> Arc<SlackApi> {
        Arc::new(SlackApi::new(&self.url, Secret::new("xoxb-test"), Some(Secret::new("xapp-test"))).unwrap())
    }

    /// The next call of `method` gets this.
    pub(crate) fn answers(&self, method: &str, reply: Reply) {
        let mut replies = self.script.replies.lock().unwrap();
        replies.entry(method.to_owned()).or_default().push_back(reply);
    }

    /// Everything that was called, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.script.calls.lock().unwrap().clone()
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(script): State<Arc<Script>>,
    Path(method): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    script.calls.lock().unwrap().push(Call {
        method: method.clone(),
        authorization: headers
            .get(header::AUTHORIZATION)
            .map(|value| value.to_str().unwrap().to_owned()),
        query,
        json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        bytes,
    });
    let reply = script
        .replies
        .lock()
        .unwrap()
        .get_mut(&method)
        .and_then(VecDeque::pop_front);
    let reply = reply.unwrap_or_else(|| Reply::refusal("not_scripted"));
    let mut response = (StatusCode::from_u16(reply.status).unwrap(), reply.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, reply.content_type.parse().unwrap());
    if let Some(seconds) = reply.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
