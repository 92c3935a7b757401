//! Frames as Slack sends them, and a whole connection with a Slack on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::super::testing::Doorkeeper;
use super::*;
use crate::slack::fake::{FakeSlack, Reply};

/// An envelope as Slack sends it.
fn envelope(kind: &str, payload: Value) -> String {
    json!({
        "envelope_id": "dbdd0ef3-1543-4f94-bfb4-133d0e6c1545",
        "type": kind,
        "accepts_response_payload": kind == "slash_commands",
        "payload": payload,
        "retry_attempt": 0,
        "retry_reason": "",
    })
    .to_string()
}

fn mention() -> String {
    let payload = json!({
        "token": "t", "team_id": "T0INN", "api_app_id": "A0INN", "type": "event_callback", "event_id": "Ev1",
        "event_time": 1_700_000_000,
        "event": {
            "type": "app_mention", "user": "U0ANN", "text": "<@U0BOT> status", "ts": "1.2", "team": "T0INN",
            "channel": "C1", "event_ts": "1.2", "blocks": [{"type": "a_block_of_next_year"}],
        },
    });
    envelope("events_api", payload)
}

fn command() -> String {
    let payload = json!({
        "token": "t", "team_id": "T0INN", "channel_id": "C1", "user_id": "U0ANN", "command": "/inn",
        "text": "demo help", "trigger_id": "1.2.3", "response_url": "https://hooks.slack.com/commands/1/2/3",
    });
    envelope("slash_commands", payload)
}

fn acknowledgement() -> Frame {
    Frame::Acknowledge(json!({"envelope_id": "dbdd0ef3-1543-4f94-bfb4-133d0e6c1545"}))
}

#[tokio::test]
async fn an_event_is_acknowledged_when_it_is_kept() {
    let door = Arc::new(Doorkeeper::default());
    assert_eq!(door.trigger().frame(&mention()).await, acknowledgement());
    assert_eq!(door.texts(), ["status"]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_acknowledged() {
    let door = Arc::new(Doorkeeper::default());
    *door.full.lock().unwrap() = true;
    for frame in [mention(), command(), envelope("something_new", json!({})), "{".into()] {
        assert_eq!(door.trigger().frame(&frame).await, Frame::Nothing, "{frame}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_whole_and_then_acknowledged() {
    let door = Arc::new(Doorkeeper::default());
    let trigger = door.trigger();
    let unknown = envelope("something_new", json!({"dear": "content"}));
    assert_eq!(trigger.frame(&unknown).await, acknowledgement());
    let broken = envelope(
        "events_api",
        json!({"type": "event_callback", "event": {"type": "app_mention", "ts": 1}}),
    );
    assert_eq!(trigger.frame(&broken).await, acknowledgement());
    assert_eq!(trigger.frame("not JSON").await, Frame::Nothing);
    assert_eq!(
        trigger.frame(r#"{"type":"events_api","payload":{}}"#).await,
        Frame::Nothing
    );

    let kept = door.unreadable.lock().unwrap();
    assert_eq!(kept.len(), 4);
    assert!(kept[0].contains(r#""dear":"content""#), "{}", kept[0]);
    assert!(kept[2].ends_with("not JSON"), "{}", kept[2]);
}

#[tokio::test]
async fn a_slash_command_is_acknowledged_with_what_its_user_is_shown() {
    let door = Arc::new(Doorkeeper::default());
    let Frame::Acknowledge(acknowledgement) = door.trigger().frame(&command()).await else {
        unreachable!("it was kept");
    };
    assert_eq!(
        acknowledgement["payload"],
        json!({"response_type": "ephemeral", "text": "On it."})
    );
    assert_eq!(door.texts(), ["demo help"]);
}

#[tokio::test]
async fn slack_s_own_frames_are_understood() {
    let trigger = Arc::new(Doorkeeper::default()).trigger();
    let hello = json!({
        "type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0INN"},
        "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18_060},
    });
    assert_eq!(trigger.frame(&hello.to_string()).await, Frame::Hello);
    let goodbye = json!({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "applink-1"}});
    assert_eq!(
        trigger.frame(&goodbye.to_string()).await,
        Frame::Disconnect("refresh_requested".into())
    );
    let button = envelope("interactive", json!({"type": "block_actions", "actions": []}));
    assert_eq!(trigger.frame(&button).await, acknowledgement());
}

#[tokio::test]
async fn the_watchdog_barks_only_while_there_is_no_connection() {
    let trigger = Arc::new(Doorkeeper::default()).trigger();
    let patience = Duration::from_millis(1);
    trigger.all_gone(patience).await;

    trigger.connections.send_replace(1);
    let mut watch = Box::pin(trigger.all_gone(patience));
    assert!(
        (&mut watch).now_or_never().is_none(),
        "it barked at a connection that is up"
    );
    trigger.connections.send_replace(0);
    watch.await;
}

#[tokio::test]
async fn without_an_app_token_it_says_which_one_is_missing() {
    let secret = innkeeper_core::config::secrets::Secret::new("xoxb-test");
    let api = Arc::new(SlackApi::new("http://127.0.0.1:9/api", secret, None).unwrap());
    let trigger = Arc::new(Doorkeeper::default()).trigger();
    let error = trigger.run_socket(api, CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("SLACK_APP_TOKEN"), "{error}");
}

/// Slack's end of a connection.
type Link = WebSocketStream<TcpStream>;

async fn pick_up(listener: &TcpListener) -> Link {
    let (stream, _) = listener.accept().await.unwrap();
    tokio_tungstenite::accept_async(stream).await.unwrap()
}

async fn say(link: &mut Link, frame: impl ToString) {
    link.send(Message::Text(frame.to_string().into())).await.unwrap();
}

/// What the host says next, its pings aside. None: it closed the connection.
async fn next(link: &mut Link) -> Option<Value> {
    loop {
        match link.next().await {
            Some(Ok(Message::Text(frame))) => return Some(serde_json::from_str(&frame).unwrap()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return None,
        }
    }
}

#[tokio::test]
async fn a_connection_is_opened_used_renewed_and_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}/link", listener.local_addr().unwrap());
    let slack = FakeSlack::start().await;
    for _ in 0..3 {
        slack.answers("apps.connections.open", Reply::ok(json!({"ok": true, "url": address})));
    }
    let door = Arc::new(Doorkeeper::default());
    let trigger = door.trigger();
    let mut open = trigger.connections();
    let shutdown = CancellationToken::new();
    let listening = tokio::spawn(trigger.run_socket(slack.api(), shutdown.clone()));

    let mut first = pick_up(&listener).await;
    say(&mut first, json!({"type": "hello", "num_connections": 1})).await;
    open.wait_for(|open| *open == 1).await.unwrap();
    assert_eq!(slack.calls()[0].authorization.as_deref(), Some("Bearer xapp-test"));

    say(&mut first, mention()).await;
    let acknowledged = next(&mut first).await.unwrap();
    assert_eq!(
        acknowledged,
        json!({"envelope_id": "dbdd0ef3-1543-4f94-bfb4-133d0e6c1545"})
    );
    assert_eq!(door.texts(), ["status"]);

    say(&mut first, json!({"type": "disconnect", "reason": "refresh_requested"})).await;
    let mut second = pick_up(&listener).await;
    assert_eq!(next(&mut first).await, None);
    say(&mut second, json!({"type": "hello", "num_connections": 1})).await;
    open.wait_for(|open| *open == 1).await.unwrap();
    say(&mut second, command()).await;
    assert_eq!(next(&mut second).await.unwrap()["payload"]["text"], "On it.");

    shutdown.cancel();
    listening.await.unwrap().unwrap();
    assert_eq!(next(&mut second).await, None);
    assert_eq!(*open.borrow(), 0);
}
