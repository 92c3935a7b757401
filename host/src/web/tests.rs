#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]
#![allow(clippy::panic, reason = "one test is about a panic")]

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use innkeeper_core::BoxFuture;
use innkeeper_core::clock::SystemClock;
use innkeeper_core::config::{Capacity, Config, Server, Slack};
use innkeeper_core::request::{NewAsking, NewRequest};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::*;
use crate::current::Current;
use crate::trigger::hook::HookParts;
use crate::trigger::{Heard, Orders, Reception, Said};

/// Much longer than any test here takes. None waits for it.
const FOR_EVER: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(50);

struct Nobody;

impl Orders for Nobody {
    fn order(&self, _: NewAsking, _: Vec<NewRequest>) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(async { Ok(Heard::Repeated) })
    }

    fn heard_from(&self, _: Option<String>, _: NewAsking, _: NewRequest) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async { Err(anyhow::anyhow!("nobody is here")) })
    }
}

impl Reception for Nobody {
    fn order_together(&self, _: Vec<(NewAsking, Vec<NewRequest>)>) -> BoxFuture<'_, anyhow::Result<Vec<Heard>>> {
        Box::pin(async { Err(anyhow::anyhow!("nobody is here")) })
    }

    fn hear(&self, _: Said) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(async { Err(anyhow::anyhow!("nobody is here")) })
    }

    fn refuse(&self, _: NewAsking) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(async { Err(anyhow::anyhow!("nobody is here")) })
    }
}

fn parts() -> WebParts {
    let config = Config {
        file: "/srv/innkeeper.toml".into(),
        workspace: "/srv/workspace".into(),
        data_dir: "/srv/data".into(),
        timezone: jiff::tz::TimeZone::UTC,
        server: Server {
            listen: ([127, 0, 0, 1], 0).into(),
        },
        slack: Slack::default(),
        capacity: Capacity {
            runs: 1,
            guest_memory: 0,
            shutdown_grace: Duration::ZERO,
        },
        namespaces: BTreeMap::new(),
        alerts: innkeeper_core::config::Alerts::default(),
        mail: None,
        webhook_secrets: std::collections::BTreeSet::new(),
        left_out: Vec::new(),
    };
    // As slack-morphism does: it collects the body by itself, whatever its size.
    let collect = |request: Request<Body>| async {
        use http_body_util::BodyExt;
        request
            .into_body()
            .collect()
            .await
            .map_or(0, |body| body.to_bytes().len())
            .to_string()
    };
    WebParts {
        github: Arc::new(GithubTrigger::new(
            Current::fixed(std::sync::Arc::new(config.clone())),
            |_| None,
            Arc::new(Nobody),
            Arc::new(SystemClock),
        )),
        hooks: Arc::new(HookTrigger::new(
            Current::fixed(std::sync::Arc::new(config.clone())),
            |_| None,
            HookParts {
                orders: Arc::new(Nobody),
                terminals: Default::default(),
                clock: Arc::new(SystemClock),
                stop: Default::default(),
            },
        )),
        slack: Router::new().route("/slack/events", post(collect)).route(
            "/slack/commands",
            post(async || -> () { panic!("Slack sent something new") }),
        ),
        health: Health {
            store: Arc::new(|| Box::pin(async { Ok(()) })),
            draining: CancellationToken::new(),
        },
        body_time: FOR_EVER,
    }
}

async fn ask(router: Router, method: Method, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn the_process_is_alive_and_the_host_is_ready() {
    let parts = parts();
    let draining = parts.health.draining.clone();
    let router = router(parts);
    assert_eq!(
        ask(router.clone(), Method::GET, "/healthz", "").await,
        (StatusCode::OK, json!({"status": "alive"}))
    );
    assert_eq!(
        ask(router.clone(), Method::GET, "/readyz", "").await,
        (StatusCode::OK, json!({"status": "ready"}))
    );

    draining.cancel();
    let error = json!({"error": "the host is shutting down: try again when it is back"});
    assert_eq!(
        ask(router.clone(), Method::GET, "/readyz", "").await,
        (StatusCode::SERVICE_UNAVAILABLE, error)
    );
    assert_eq!(ask(router, Method::GET, "/healthz", "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_store_that_does_not_answer_makes_the_host_unready_and_not_dead() {
    let mut parts = parts();
    parts.health.store = Arc::new(|| Box::pin(async { Err("the database is locked: look for another host".into()) }));
    let router = router(parts);
    let error = json!({"error": "the database is locked: look for another host"});
    assert_eq!(
        ask(router.clone(), Method::GET, "/readyz", "").await,
        (StatusCode::SERVICE_UNAVAILABLE, error)
    );
    assert_eq!(ask(router, Method::GET, "/healthz", "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn github_is_heard_with_and_without_the_final_slash() {
    for path in ["/github/demo", "/github/demo/"] {
        let (status, answer) = ask(router(parts()), Method::POST, path, "{}").await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(
            answer["error"]
                .as_str()
                .unwrap()
                .starts_with("the signature does not fit"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_says_so_in_json() {
    for path in ["/", "/github/", "/github/a/b", "/metrics"] {
        let (status, answer) = ask(router(parts()), Method::GET, path, "").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            answer,
            json!({"error": "there is nothing at this address: check the path"})
        );
    }
    for (method, path) in [(Method::GET, "/github/demo/"), (Method::POST, "/healthz")] {
        let (status, answer) = ask(router(parts()), method, path, "").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(answer["error"].is_string());
    }
}

#[tokio::test]
async fn each_route_has_its_limit_and_slacks_too() {
    for (path, limit) in [
        ("/github/demo/", GITHUB_BODY),
        ("/github/demo", GITHUB_BODY),
        ("/hooks/demo/bell", GITHUB_BODY),
        ("/slack/events", OTHER_BODY),
    ] {
        let (status, _) = ask(router(parts()), Method::POST, path, vec![b'x'; limit]).await;
        assert_ne!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        let (status, answer) = ask(router(parts()), Method::POST, path, vec![b'x'; limit + 1]).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(
            answer["error"],
            format!("the body is larger than the {limit} bytes that are taken here: send less")
        );
    }
}

/// A body of unknown length, of which `read` counts how much was taken.
fn endless(read: Arc<Semaphore>) -> Body {
    let chunk = Bytes::from(vec![b'x'; 64 * 1024]);
    Body::from_stream(futures_util::stream::repeat_with(move || {
        read.add_permits(chunk.len());
        Ok::<_, std::io::Error>(chunk.clone())
    }))
}

#[tokio::test]
async fn an_endless_body_is_read_no_further_than_its_limit() {
    let read = Arc::new(Semaphore::new(0));
    let (status, _) = ask(
        router(parts()),
        Method::POST,
        "/slack/events",
        endless(Arc::clone(&read)),
    )
    .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(read.available_permits() <= OTHER_BODY + 2 * 64 * 1024);
}

#[tokio::test]
async fn a_panic_ends_one_request_only() {
    let router = router(parts());
    let (status, answer) = ask(router.clone(), Method::POST, "/slack/commands", "{}").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer, json!({"error": "the host made a mistake: its log says which"}));
    assert_eq!(ask(router, Method::GET, "/healthz", "").await.0, StatusCode::OK);
}

/// A server on a port of its own.
struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    server: JoinHandle<()>,
}

impl Running {
    async fn start(router: Router, limits: ServerLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
        Self {
            address,
            shutdown,
            server,
        }
    }

    async fn connect(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, path: &str) -> String {
        let stream = self
            .connect(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
            .await;
        to_end(stream).await
    }
}

/// What the server sends until it closes the connection.
async fn to_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end as well.
    let _ = timeout(FOR_EVER / 2, stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

const PATIENT: ServerLimits = ServerLimits {
    connections: 512,
    header_time: FOR_EVER,
    connection_time: None,
    drain_time: FOR_EVER,
};

#[tokio::test]
async fn silence_half_a_header_and_a_dripping_header_are_ended() {
    let limits = ServerLimits {
        header_time: SOON,
        ..PATIENT
    };
    let server = Running::start(router(parts()), limits).await;
    for sent in ["", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nhost: x\r\n"] {
        assert_eq!(to_end(server.connect(sent).await).await, "", "{sent:?}");
    }
    let idle = to_end(server.connect("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(idle.starts_with("HTTP/1.1 200"), "{idle}");
    let (mut reader, mut writer) = server.connect("GET / HTTP/1.1\r\nx: ").await.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await
        }
    });
    let mut answer = Vec::new();
    let _ = timeout(FOR_EVER / 2, reader.read_to_end(&mut answer)).await.unwrap();
    drip.abort();
}

#[tokio::test]
async fn a_promised_body_that_does_not_come_is_answered_and_ended() {
    let mut parts = parts();
    parts.body_time = SOON;
    let server = Running::start(router(parts), PATIENT).await;
    for path in ["/github/demo/", "/slack/events"] {
        for head in [
            "content-length: 100\r\n\r\n0123456789",
            "transfer-encoding: chunked\r\n\r\n1\r\n0\r\n",
        ] {
            let sent = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{head}");
            let answer = to_end(server.connect(&sent).await).await;
            assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        }
    }
}

#[tokio::test]
async fn an_announced_body_that_is_too_large_is_refused_unread() {
    let server = Running::start(router(parts()), PATIENT).await;
    let sent = "POST /slack/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 99999999\r\n\r\n";
    let answer = to_end(server.connect(sent).await).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn who_is_over_the_cap_waits_for_a_place() {
    let limits = ServerLimits {
        connections: 1,
        ..PATIENT
    };
    let server = Running::start(router(parts()), limits).await;
    let mut first = server.connect("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    first.readable().await.unwrap(); // it has its place, and keeps it
    let mut second = server
        .connect("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    let mut byte = [0];
    assert!(timeout(SOON, second.read(&mut byte)).await.is_err());
    first.shutdown().await.unwrap();
    assert!(to_end(second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_connection_does_not_live_for_ever() {
    let limits = ServerLimits {
        connection_time: Some(SOON),
        ..PATIENT
    };
    let server = Running::start(router(parts()), limits).await;
    let answer = to_end(server.connect("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// A route that says when it is asked, and answers when it is told.
fn slow() -> (Router, Arc<Semaphore>, Arc<Semaphore>) {
    let (asked, answer) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (tell, wait) = (Arc::clone(&asked), Arc::clone(&answer));
    let route = move || async move {
        tell.add_permits(1);
        wait.acquire().await.unwrap().forget();
        "at last"
    };
    (Router::new().route("/slow", get(route)), asked, answer)
}

#[tokio::test]
async fn at_shutdown_what_was_asked_is_answered_and_nobody_else() {
    let (router, asked, answer) = slow();
    let server = Running::start(router, PATIENT).await;
    let idle = server.connect("").await;
    let waiting = server.connect("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    asked.acquire().await.unwrap().forget();

    server.shutdown.cancel();
    assert_eq!(to_end(idle).await, "");
    answer.add_permits(1);
    assert!(to_end(waiting).await.ends_with("at last"));
    timeout(FOR_EVER / 2, server.server).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn shutdown_waits_no_longer_than_it_may() {
    let (router, asked, _answer) = slow();
    let limits = ServerLimits {
        drain_time: SOON,
        ..PATIENT
    };
    let server = Running::start(router, limits).await;
    let waiting = server.connect("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    asked.acquire().await.unwrap().forget();
    server.shutdown.cancel();
    timeout(FOR_EVER / 2, server.server).await.unwrap().unwrap();
    assert_eq!(to_end(waiting).await, "");
}

#[tokio::test]
async fn a_served_route_answers_over_the_wire() {
    let server = Running::start(router(parts()), ServerLimits::default()).await;
    let answer = server.ask("/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with(r#"{"status":"alive"}"#), "{answer}");
}
