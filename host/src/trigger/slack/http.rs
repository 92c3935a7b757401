//! Slack over HTTP: `POST /slack/events`, `POST /slack/commands` and `POST /slack/interactive`.
//!
//! Nothing is read before its signature is checked, and 200 means that it is durable. Header and body time-outs and the
//! cap on connections are the server's.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use innkeeper_core::clock::Clock;
use serde_json::{Map, Value};
use tower_http::limit::RequestBodyLimitLayer;

use super::{SigningSecret, SlackTrigger, ephemeral};

/// Slack's own requests are a few kilobytes.
const LONGEST_BODY: usize = 1024 * 1024;

const EVENTS: &str = "slack events over HTTP";
const COMMANDS: &str = "slack commands over HTTP";
const INTERACTIVE: &str = "slack interactions over HTTP";

struct Route {
    trigger: Arc<SlackTrigger>,
    secret: SigningSecret,
    clock: Arc<dyn Clock>,
}

/// The routes that Slack's requests come to.
pub fn routes(trigger: Arc<SlackTrigger>, secret: SigningSecret, clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/slack/events", post(events))
        .route("/slack/commands", post(commands))
        .route("/slack/interactive", post(interactive))
        .layer(RequestBodyLimitLayer::new(LONGEST_BODY))
        .with_state(Arc::new(Route { trigger, secret, clock }))
}

async fn events(State(route): State<Arc<Route>>, headers: HeaderMap, body: Bytes) -> Response {
    if !route.signed(&headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let request: Value = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return route.unreadable(EVENTS, &body, &format!("not JSON: {error}")).await,
    };
    match request["type"].as_str() {
        Some("url_verification") => match request["challenge"].as_str() {
            Some(challenge) => challenge.to_owned().into_response(),
            None => StatusCode::BAD_REQUEST.into_response(),
        },
        Some("event_callback") => durable(route.trigger.event(EVENTS, &request).await),
        Some("app_rate_limited") => {
            tracing::warn!("Slack holds events back: there were more than 30,000 in an hour");
            StatusCode::OK.into_response()
        }
        _ => route.unreadable(EVENTS, &body, "a request of an unknown type").await,
    }
}

async fn commands(State(route): State<Arc<Route>>, headers: HeaderMap, body: Bytes) -> Response {
    if !route.signed(&headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let fields: Map<String, Value> = url::form_urlencoded::parse(&body)
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    if fields.contains_key("ssl_check") {
        return StatusCode::OK.into_response();
    }
    match route.trigger.command(COMMANDS, fields.into()).await {
        Ok(Some(text)) => Json(ephemeral(&text)).into_response(),
        Ok(None) => StatusCode::OK.into_response(),
        Err(error) => not_kept(&error),
    }
}

/// A form with one field, `payload`, that holds JSON.
async fn interactive(State(route): State<Arc<Route>>, headers: HeaderMap, body: Bytes) -> Response {
    if !route.signed(&headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let payload = url::form_urlencoded::parse(&body).find(|(name, _)| name == "payload");
    let Some((_, payload)) = payload else {
        return route.unreadable(INTERACTIVE, &body, "no field `payload`").await;
    };
    match serde_json::from_str(&payload) {
        Ok(payload) => match route.trigger.interaction(INTERACTIVE, &payload).await {
            Ok(Some(answer)) => Json(answer).into_response(),
            Ok(None) => StatusCode::OK.into_response(),
            Err(error) => not_kept(&error),
        },
        Err(error) => {
            route
                .unreadable(INTERACTIVE, &body, &format!("not JSON: {error}"))
                .await
        }
    }
}

impl Route {
    fn signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match (header("x-slack-signature"), header("x-slack-request-timestamp")) {
            (Some(signature), Some(timestamp)) => self.secret.signed(signature, timestamp, body, self.clock.now()),
            _ => false,
        }
    }

    async fn unreadable(&self, source: &str, body: &[u8], why: &str) -> Response {
        durable(
            self.trigger
                .unreadable(source, &String::from_utf8_lossy(body), why)
                .await,
        )
    }
}

fn durable(kept: anyhow::Result<()>) -> Response {
    match kept {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => not_kept(&error),
    }
}

/// Slack sends an event again; whoever typed a command is told that it failed.
fn not_kept(error: &anyhow::Error) -> Response {
    tracing::error!("what came from Slack could not be kept and was not acknowledged: {error:#}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use hmac::{Hmac, KeyInit, Mac};
    use http_body_util::BodyExt;
    use innkeeper_core::clock::{ManualClock, Timestamp};
    use innkeeper_core::config::secrets::Secret;
    use innkeeper_core::request::AskingId;
    use serde_json::json;
    use tower::ServiceExt;

    use super::super::testing::Doorkeeper;
    use super::*;
    use crate::trigger::Heard;

    const NOW: i64 = 1_700_000_000;

    fn app(door: &Arc<Doorkeeper>) -> Router {
        let clock = ManualClock::starting_at(Timestamp::from_micros(NOW * 1_000_000));
        let secret = SigningSecret::new(&Secret::new("signing")).unwrap();
        routes(door.trigger(), secret, Arc::new(clock))
    }

    fn signed(path: &str, body: &[u8]) -> Request<Body> {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"signing").unwrap();
        mac.update(format!("v0:{NOW}:").as_bytes());
        mac.update(body);
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        Request::post(path)
            .header("X-Slack-Signature", signature)
            .header("X-Slack-Request-Timestamp", NOW.to_string())
            .body(Body::from(body.to_vec()))
            .unwrap()
    }

    async fn ask(door: &Arc<Doorkeeper>, request: Request<Body>) -> (StatusCode, String) {
        let response = app(door).oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn event(door: &Arc<Doorkeeper>, request: Value) -> (StatusCode, String) {
        ask(door, signed("/slack/events", request.to_string().as_bytes())).await
    }

    fn mention() -> Value {
        json!({
            "type": "event_callback", "team_id": "T0INN", "event_id": "Ev1", "event_time": NOW,
            "event": {"type": "app_mention", "user": "U0ANN", "text": "<@U0BOT> status", "ts": "1.2", "channel": "C1"},
        })
    }

    const COMMAND: &[u8] =
        b"team_id=T0INN&channel_id=C1&user_id=U0ANN&command=%2Finn&text=demo+say+%22hi+%26+bye%22&trigger_id=1.2.3";

    #[tokio::test]
    async fn an_event_is_answered_200_when_it_is_kept() {
        let door = Arc::default();
        assert_eq!(event(&door, mention()).await, (StatusCode::OK, String::new()));
        assert_eq!(door.texts(), ["status"]);
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_kept_is_not_acknowledged() {
        let door = Arc::new(Doorkeeper::default());
        *door.full.lock().unwrap() = true;
        assert_eq!(event(&door, mention()).await.0, StatusCode::INTERNAL_SERVER_ERROR);
        let command = ask(&door, signed("/slack/commands", COMMAND)).await;
        assert_eq!(command.0, StatusCode::INTERNAL_SERVER_ERROR);
        let garbage = ask(&door, signed("/slack/events", b"{")).await;
        assert_eq!(garbage.0, StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[tokio::test]
    async fn what_is_not_signed_learns_nothing_and_is_not_read() {
        for path in ["/slack/events", "/slack/commands", "/slack/interactive"] {
            let door = Arc::default();
            let body = mention().to_string();
            let bare = Request::post(path).body(Body::from(body.clone())).unwrap();
            let mut forged = signed(path, body.as_bytes());
            *forged.body_mut() = Body::from(body.replace("status", "deploy"));
            let mut old = signed(path, body.as_bytes());
            let stamp = (NOW - 301).to_string().parse().unwrap();
            old.headers_mut().insert("X-Slack-Request-Timestamp", stamp);
            for request in [bare, forged, old] {
                assert_eq!(ask(&door, request).await, (StatusCode::UNAUTHORIZED, String::new()));
            }
            assert!(door.texts().is_empty());
            assert!(door.unreadable.lock().unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn the_challenge_of_a_new_address_is_answered_when_it_is_signed() {
        let door = Arc::default();
        let request = json!({"type": "url_verification", "token": "t", "challenge": "3eZbrw1a"});
        assert_eq!(event(&door, request.clone()).await, (StatusCode::OK, "3eZbrw1a".into()));
        let bare = Request::post("/slack/events")
            .body(Body::from(request.to_string()))
            .unwrap();
        assert_eq!(ask(&door, bare).await.0, StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_kept() {
        let door = Arc::new(Doorkeeper::default());
        let mut nowhere = mention();
        nowhere["event"].as_object_mut().unwrap().remove("channel");
        for body in [
            b"{\"type\": \"event_call".as_slice(),
            b"\xff\xfe",
            b"{\"type\":\"something_new\"}",
            nowhere.to_string().as_bytes(),
        ] {
            assert_eq!(ask(&door, signed("/slack/events", body)).await.0, StatusCode::OK);
        }
        let (status, said) = ask(&door, signed("/slack/commands", b"text=help")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(said.contains("could not read"), "{said}");
        assert_eq!(door.unreadable.lock().unwrap().len(), 5);
        assert!(door.texts().is_empty());
    }

    #[tokio::test]
    async fn a_command_is_acknowledged_to_whoever_typed_it() {
        let door = Arc::default();
        let (status, said) = ask(&door, signed("/slack/commands", COMMAND)).await;
        assert_eq!(status, StatusCode::OK);
        insta::assert_snapshot!(said, @r#"{"response_type":"ephemeral","text":"On it."}"#);
        assert_eq!(door.texts(), [r#"demo say "hi & bye""#]);
    }

    #[tokio::test]
    async fn a_command_that_was_answered_shows_only_its_answer() {
        let door = Arc::new(Doorkeeper::default());
        *door.becomes.lock().unwrap() = Some(Heard::Answered {
            asking: AskingId(1),
            done: true,
        });
        let answer = ask(&door, signed("/slack/commands", COMMAND)).await;
        assert_eq!(answer, (StatusCode::OK, String::new()));
    }

    #[tokio::test]
    async fn a_press_is_heard_and_what_is_none_is_kept() {
        let door = Arc::new(Doorkeeper::default());
        let press = json!({
            "type": "block_actions", "user": {"id": "U0ANN"},
            "container": {"message_ts": "5.1", "channel_id": "C1"},
            "actions": [{"action_id": "innkeeper-say-0", "action_ts": "6.1", "value": "cancel 12"}],
        });
        let form = |payload: &str| {
            url::form_urlencoded::Serializer::new(String::new())
                .append_pair("payload", payload)
                .finish()
        };
        let answer = ask(&door, signed("/slack/interactive", form(&press.to_string()).as_bytes())).await;
        assert_eq!(answer, (StatusCode::OK, String::new()));
        assert_eq!(door.texts(), ["cancel 12"]);
        for body in [form("{"), "text=help".to_owned()] {
            assert_eq!(
                ask(&door, signed("/slack/interactive", body.as_bytes())).await.0,
                StatusCode::OK
            );
        }
        assert_eq!(door.unreadable.lock().unwrap().len(), 2);
        *door.full.lock().unwrap() = true;
        let refused = ask(&door, signed("/slack/interactive", form(&press.to_string()).as_bytes())).await;
        assert_eq!(refused.0, StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[tokio::test]
    async fn slack_s_check_of_the_certificate_is_no_command() {
        let door = Arc::default();
        let answer = ask(&door, signed("/slack/commands", b"ssl_check=1&token=t")).await;
        assert_eq!(answer, (StatusCode::OK, String::new()));
        assert!(door.texts().is_empty());
    }

    #[tokio::test]
    async fn a_body_over_a_mebibyte_is_not_read() {
        let door = Arc::default();
        let body = vec![b' '; LONGEST_BODY + 1];
        let (status, _) = ask(&door, signed("/slack/events", &body)).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
