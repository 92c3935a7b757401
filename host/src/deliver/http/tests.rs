//! The target against a receiver on loopback: what goes over the wire, and what does not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use innkeeper_core::alert::secret::SecretName;
use innkeeper_core::clock::ManualClock;
use innkeeper_core::config::{ComponentSource, HttpGrant, Limits};
use innkeeper_core::message::{BasicAuth, Signature};
use tokio::net::TcpListener;

use super::*;
use crate::testing::config;

type Seen = Arc<Mutex<Vec<(Method, String, BTreeMap<String, String>, Bytes)>>>;

/// A receiver that says yes, but for what is asked of it otherwise in the path.
struct Receiver {
    origin: String,
    seen: Seen,
}

impl Receiver {
    async fn start() -> Self {
        let seen = Seen::default();
        let app = Router::new().fallback(receive).with_state(seen.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { origin, seen }
    }

    fn only(&self) -> (Method, String, BTreeMap<String, String>, Bytes) {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    fn is_untouched(&self) -> bool {
        self.seen.lock().unwrap().is_empty()
    }
}

async fn receive(
    State(seen): State<Seen>,
    request: axum::extract::Request,
) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let path = head.uri.to_string();
    seen.lock()
        .unwrap()
        .push((head.method, path.clone(), headers.collect(), body.clone()));
    let status = path
        .trim_start_matches("/answer/")
        .get(..3)
        .and_then(|status| status.parse().ok());
    let status = status.filter(|_| path.starts_with("/answer/")).unwrap_or(200);
    let login = head
        .headers
        .get("authorization")
        .map_or("nothing", |login| login.to_str().unwrap());
    let said = format!("you said {} with {login}", String::from_utf8_lossy(&body));
    (
        StatusCode::from_u16(status).unwrap(),
        [("location", "/elsewhere")],
        said,
    )
}

/// Knows one secret, and one person's.
struct Keys;

impl PluginSecrets for Keys {
    fn reveal<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> BoxFuture<'a, Result<String, Unrevealed>> {
        let secret = match (plugin, name.to_string().as_str()) {
            ("pager", "{{secret:token}}") => Ok("hunter2&".to_owned()),
            ("pager", "{{secret:signing}}") => Ok("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            _ => match name {
                SecretName::Setting(_) => Err(Unrevealed::NotNow(format!("there is no {name}"))),
                SecretName::Field { .. } => Err(Unrevealed::Never(format!("there is no {name}"))),
            },
        };
        Box::pin(std::future::ready(secret))
    }
}

fn target(grants: &[&str]) -> HttpTarget {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    let pager = Plugin {
        name: "pager".into(),
        component: ComponentSource::File("pager.wasm".into()),
        settings: BTreeMap::new(),
        secrets: BTreeMap::new(),
        http: grants.iter().map(|grant| HttpGrant::parse(grant).unwrap()).collect(),
        limits: Limits {
            wall_time: PATIENCE,
            cpu_time: PATIENCE,
            memory: 0,
            disk: 0,
            stdout: 0,
            stderr: 0,
        },
    };
    config.alerts.plugins.insert("pager".into(), Arc::new(pager));
    let clock = ManualClock::starting_at(Timestamp::from_micros(1_700_000_000_000_000));
    HttpTarget::new(Current::fixed(Arc::new(config)), Arc::new(Keys), Arc::new(clock))
}

const ID: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);

fn delivery(request: HttpRequest) -> Delivery {
    Delivery {
        id: ID,
        address: Address::Http {
            plugin: "pager".into(),
            service: "web".into(),
        },
        content: Content::Request(request),
        run: None,
        attempts: 1,
        created: Timestamp::from_micros(0),
        edited: None,
    }
}

fn post(url: String) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        url,
        ..HttpRequest::default()
    }
}

async fn why(target: &HttpTarget, request: HttpRequest) -> Failure {
    match target.send(&delivery(request)).await {
        Err(failure) => failure,
        Ok(receipt) => panic!("it was delivered: {receipt:?}"),
    }
}

#[tokio::test]
async fn a_request_arrives_with_its_secrets_its_login_and_the_id_of_its_delivery() {
    let receiver = Receiver::start().await;
    let target = target(&[&receiver.origin]);
    let request = HttpRequest {
        headers: vec![
            ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
            ("X-Token".into(), "is {{secret:token}}".into()),
        ],
        body: b"t={{secret:token}}&x=1".to_vec(),
        idempotency_key: Some("Idempotency-Key".into()),
        basic_auth: Some(BasicAuth {
            user: "inn".into(),
            password: "{{secret:token}}".into(),
        }),
        ..post(format!(
            "{}/a b/{{{{secret:token}}}}?q={{{{secret:token}}}}#nothing",
            receiver.origin
        ))
    };

    target.send(&delivery(request)).await.unwrap();

    let (method, path, headers, body) = receiver.only();
    assert_eq!(
        (method, path.as_str()),
        (Method::POST, "/a%20b/hunter2%26?q=hunter2%26")
    );
    assert_eq!(body, "t=hunter2%26&x=1");
    assert_eq!(headers["x-token"], "is hunter2&");
    assert_eq!(headers["idempotency-key"], ID.to_string());
    assert_eq!(
        headers["authorization"],
        format!("Basic {}", STANDARD.encode("inn:hunter2&"))
    );
    assert_eq!(headers["content-length"], "16");
    assert!(headers["user-agent"].starts_with("innkeeper/"));
    assert_eq!(format!("http://{}", headers["host"]), receiver.origin);
}

#[tokio::test]
async fn a_signature_is_over_what_is_sent_when_it_is_sent() {
    let receiver = Receiver::start().await;
    let request = HttpRequest {
        body: b"t={{secret:token}}".to_vec(),
        signature: Some(Signature::StandardWebhooks("{{secret:signing}}".into())),
        ..post(receiver.origin.clone())
    };

    target(&[&receiver.origin]).send(&delivery(request)).await.unwrap();

    let (_, _, headers, body) = receiver.only();
    let now = Timestamp::from_micros(1_700_000_000_000_000);
    let expected = sign::standard_webhooks("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ID, now, &body).unwrap();
    assert_eq!(body, "t=hunter2&");
    for (name, value) in expected {
        assert_eq!(headers[name], value);
    }
}

#[tokio::test]
async fn what_is_not_granted_now_is_not_asked() {
    let receiver = Receiver::start().await;
    let below = format!("{}/granted", receiver.origin);
    for (grants, path) in [
        (&[] as &[&str], "/"),
        (&[&below], "/"),
        (&[&below], "/granted/%2e%2e/x"),
        (&[&below], "/granted/../x"),
    ] {
        let failure = why(&target(grants), post(format!("{}{path}", receiver.origin))).await;
        assert!(matches!(failure, Failure::Refused { .. }), "{path}: {failure}");
        assert!(failure.to_string().contains("by `http` of the plugin"), "{failure}");
    }
    // A name that leads to this machine needs a grant of the address.
    let named = receiver.origin.replace("127.0.0.1", "localhost");
    let failure = why(&target(&[&named]), post(named.clone())).await;
    assert!(failure.to_string().contains("a loopback address"), "{failure}");
    assert!(receiver.is_untouched());
    // A secret with dots and slashes stays below the path that it was put in.
    target(&[&below])
        .send(&delivery(post(format!("{below}/{{{{secret:token}}}}"))))
        .await
        .unwrap();
    assert_eq!(receiver.only().1, "/granted/hunter2%26");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_what_is_said_has_no_secret() {
    let receiver = Receiver::start().await;
    let target = target(&[&receiver.origin]);
    for (status, refused) in [(302, true), (400, true), (429, false), (503, false)] {
        let request = HttpRequest {
            body: b"{{secret:token}}".to_vec(),
            ..post(format!("{}/answer/{status}", receiver.origin))
        };
        let failure = why(&target, request).await;
        assert_eq!(matches!(failure, Failure::Refused { .. }), refused, "{failure}");
        assert!(failure.to_string().contains("you said {{secret:token}}"), "{failure}");
    }
    assert_eq!(receiver.seen.lock().unwrap().len(), 4);
    let request = HttpRequest {
        basic_auth: Some(BasicAuth {
            user: "u".into(),
            password: "{{secret:token}}".into(),
        }),
        ..post(format!("{}/answer/401", receiver.origin))
    };
    let failure = why(&target, request).await.to_string();
    assert!(failure.contains("with Basic {{secret}})"), "{failure}");
}

#[tokio::test]
async fn a_setting_s_secret_is_waited_for_and_a_person_s_is_not() {
    let receiver = Receiver::start().await;
    let target = target(&[&receiver.origin]);
    let failure = why(&target, post(format!("{}/{{{{secret:missing}}}}", receiver.origin))).await;
    assert!(matches!(failure, Failure::Later { .. }), "{failure}");
    let failure = why(&target, post(format!("{}/{{{{secret:7/pin}}}}", receiver.origin))).await;
    assert!(matches!(failure, Failure::Refused { .. }), "{failure}");
    assert!(receiver.is_untouched());
}

#[tokio::test]
async fn what_is_the_connection_s_is_not_the_plugin_s() {
    let receiver = Receiver::start().await;
    let target = target(&[&receiver.origin]);
    let header = |name: &str, value: &str| HttpRequest {
        headers: vec![(name.into(), value.into())],
        ..post(receiver.origin.clone())
    };
    let wrong = [
        header("Host", "evil.example"),
        header("content-length", "0"),
        header("Transfer-Encoding", "chunked"),
        header("x\r\ny", "1"),
        header("x", "1\r\ny: 2"),
        HttpRequest {
            method: "CONNECT".into(),
            ..post(receiver.origin.clone())
        },
        HttpRequest {
            idempotency_key: Some("host".into()),
            ..post(receiver.origin.clone())
        },
        post(receiver.origin.replace("http://", "http://user:password@")),
        post(receiver.origin.replace("http://", "ftp://")),
        post("no address".into()),
    ];
    for request in wrong {
        let failure = why(&target, request).await;
        assert!(matches!(failure, Failure::Refused { .. }), "{failure}");
        assert!(!failure.to_string().contains("password@"), "{failure}");
    }
    assert!(receiver.is_untouched());
}

#[tokio::test]
async fn nobody_there_is_not_a_refusal() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let failure = why(&target(&[&gone]), post(gone.clone())).await;
    assert!(matches!(failure, Failure::Later { after: None, .. }), "{failure}");
}
