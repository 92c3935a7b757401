//! The fake Slack itself: a test that passes against a lax one has shown nothing.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use innkeeper_tests::http::{self, Reply};
use innkeeper_tests::slack::{APP_TOKEN, BOT_TOKEN, USER_TOKEN, signature};
use innkeeper_tests::{FakeSlack, Fault};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

async fn call_with(slack: &FakeSlack, token: &str, method: &str, arguments: &Value) -> Result<Reply, String> {
    let authorization = format!("Bearer {token}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", authorization.as_str()),
    ];
    let url = format!("{}/{method}", slack.api_url());
    http::request("POST", &url, &headers, arguments.to_string()).await
}

async fn call(slack: &FakeSlack, method: &str, arguments: Value) -> Value {
    let reply = call_with(slack, BOT_TOKEN, method, &arguments).await.unwrap();
    serde_json::from_str(&reply.body).unwrap()
}

async fn refusal(slack: &FakeSlack, method: &str, arguments: Value) -> String {
    let answer = call(slack, method, arguments).await;
    assert_eq!(answer["ok"], false, "{answer}");
    answer["error"].as_str().unwrap().to_owned()
}

async fn post_refusal(slack: &FakeSlack, mut arguments: Value) -> String {
    if arguments.get("channel").is_none() {
        arguments["channel"] = "#general".into();
    }
    refusal(slack, "chat.postMessage", arguments).await
}

#[tokio::test]
async fn it_refuses_the_posts_that_slack_refuses() {
    let slack = FakeSlack::start().await;
    let channel = |name: &str| json!({"channel": name, "text": "hi"});
    assert_eq!(post_refusal(&slack, channel("#nowhere")).await, "channel_not_found");
    assert_eq!(post_refusal(&slack, channel("#elsewhere")).await, "not_in_channel");
    assert_eq!(post_refusal(&slack, channel("#archived")).await, "is_archived");
    assert_eq!(post_refusal(&slack, json!({})).await, "no_text");
    let long = "é".repeat(40_001);
    assert_eq!(post_refusal(&slack, json!({"text": long})).await, "msg_too_long");
    let posted = call(&slack, "chat.postMessage", json!({"channel": "#general", "text": "hi"})).await;
    assert_eq!(posted["ok"], true);
    assert_eq!(slack.posts_in("#general").len(), 1);
}

#[tokio::test]
async fn it_refuses_the_blocks_that_slack_refuses() {
    let slack = FakeSlack::start().await;
    let text = |text: &str| json!({"type": "mrkdwn", "text": text});
    let bad = [
        json!([{"type": "headline"}]),
        json!([{"type": "section"}]),
        json!([{"type": "section", "text": text("")}]),
        json!([{"type": "section", "text": text(&"x".repeat(3001))}]),
        json!([{"type": "section", "text": text("x"), "colour": "red"}]),
        json!([{"type": "header", "text": text("no markup here")}]),
        json!([{"type": "context", "elements": []}]),
        json!([{"type": "image", "image_url": "https://example.org/a.png"}]),
        json!([{"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}]),
        json!(["divider"]),
        Value::Array(vec![json!({"type": "divider"}); 51]),
    ];
    for blocks in bad {
        let error = post_refusal(&slack, json!({"text": "x", "blocks": blocks})).await;
        assert_eq!(error, "invalid_blocks", "{blocks}");
    }
    let long = vec![json!({"type": "section", "text": text(&"x".repeat(2900))}); 5];
    assert_eq!(
        post_refusal(&slack, json!({"blocks": long})).await,
        "msg_blocks_too_long"
    );
    let good = Value::Array(vec![json!({"type": "section", "text": text("x")}); 50]);
    let posted = call(
        &slack,
        "chat.postMessage",
        json!({"channel": "C0GENERAL", "blocks": good}),
    )
    .await;
    assert_eq!(posted["ok"], true, "{posted}");
}

#[tokio::test]
async fn it_wants_the_right_token() {
    let slack = FakeSlack::start().await;
    let error = async |token, method| {
        let reply = call_with(&slack, token, method, &json!({})).await.unwrap();
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        answer["error"].as_str().unwrap_or("ok").to_owned()
    };
    assert_eq!(error("xoxb-stolen", "auth.test").await, "invalid_auth");
    assert_eq!(error(APP_TOKEN, "auth.test").await, "not_allowed_token_type");
    assert_eq!(error(BOT_TOKEN, "auth.test").await, "ok");
    assert_eq!(
        error(BOT_TOKEN, "apps.connections.open").await,
        "not_allowed_token_type"
    );
    assert_eq!(error(APP_TOKEN, "apps.connections.open").await, "ok");
}

#[tokio::test]
async fn a_reaction_is_put_once_and_on_a_message() {
    let slack = FakeSlack::start().await;
    let posted = call(&slack, "chat.postMessage", json!({"channel": "#general", "text": "hi"})).await;
    let reaction = |ts: &Value| json!({"channel": "C0GENERAL", "timestamp": ts, "name": "eyes"});
    assert_eq!(call(&slack, "reactions.add", reaction(&posted["ts"])).await["ok"], true);
    assert_eq!(
        refusal(&slack, "reactions.add", reaction(&posted["ts"])).await,
        "already_reacted"
    );
    assert_eq!(
        refusal(&slack, "reactions.add", reaction(&json!("1.1"))).await,
        "message_not_found"
    );
    let by_name = json!({"channel": "#general", "timestamp": posted["ts"], "name": "x"});
    assert_eq!(refusal(&slack, "reactions.add", by_name).await, "channel_not_found");
}

#[tokio::test]
async fn a_file_is_announced_uploaded_and_shared() {
    let slack = FakeSlack::start().await;
    let slot = call(
        &slack,
        "files.getUploadURLExternal",
        json!({"filename": "a.txt", "length": 5}),
    )
    .await;
    let share = json!({"files": [{"id": slot["file_id"]}], "channel_id": "C0GENERAL", "initial_comment": "here"});
    assert_eq!(
        refusal(&slack, "files.completeUploadExternal", share.clone()).await,
        "file_not_found"
    );
    let url = slot["upload_url"].as_str().unwrap();
    assert_eq!(http::post(url, &[], "four").await.status, 400);
    assert_eq!(http::post(url, &[], "fives").await.status, 200);
    assert_eq!(call(&slack, "files.completeUploadExternal", share).await["ok"], true);
    let post = slack.await_post("the file", |post| post.file.is_some()).await;
    assert_eq!(
        (post.text.as_str(), post.file.unwrap().content.as_str()),
        ("here", "fives")
    );
}

#[tokio::test]
async fn channels_come_in_pages_and_people_are_known() {
    let slack = FakeSlack::start().await;
    let first = call(&slack, "conversations.list", json!({"limit": "999"})).await;
    let cursor = first["response_metadata"]["next_cursor"].clone();
    let second = call(&slack, "conversations.list", json!({"cursor": cursor})).await;
    assert_eq!(first["channels"].as_array().unwrap().len(), 3);
    assert_eq!(second["channels"].as_array().unwrap().len(), 3);
    assert_eq!(second["response_metadata"]["next_cursor"], "");
    let guest = call(&slack, "users.info", json!({"user": "U9"})).await;
    assert_eq!(guest["user"]["is_restricted"], true);
    assert_eq!(
        refusal(&slack, "users.info", json!({"user": "U404"})).await,
        "user_not_found"
    );
}

#[tokio::test]
async fn faults_come_in_order_and_once_each() {
    let slack = FakeSlack::start().await;
    let hi = json!({"channel": "#general", "text": "hi"});
    for fault in [
        Fault::RateLimited(3),
        Fault::Status(500),
        Fault::DropConnection,
        Fault::DropAnswer,
    ] {
        slack.fail_next("chat.postMessage", fault);
    }
    let post = async || call_with(&slack, BOT_TOKEN, "chat.postMessage", &hi).await;
    assert_eq!(post().await.unwrap().status, 429);
    assert_eq!(post().await.unwrap().status, 500);
    assert!(post().await.is_err());
    assert_eq!(slack.posts().len(), 0);
    assert!(post().await.is_err());
    assert_eq!(slack.posts().len(), 1);
    assert!(post().await.unwrap().is_success());
    let outcomes: Vec<String> = slack
        .calls("chat.postMessage")
        .into_iter()
        .map(|call| call.outcome)
        .collect();
    assert_eq!(
        outcomes,
        ["ratelimited", "status 500", "connection dropped", "ok", "ok"]
    );
}

#[tokio::test]
async fn a_call_that_is_held_is_done_when_it_is_released() {
    let slack = FakeSlack::start().await;
    slack.fail_next("chat.postMessage", Fault::Held);
    let other = slack.clone();
    let call = tokio::spawn(async move {
        call(
            &other,
            "chat.postMessage",
            json!({"channel": "#general", "text": "at last"}),
        )
        .await
    });
    slack.await_held().await;
    assert_eq!(slack.posts().len(), 0);
    slack.release();
    assert_eq!(call.await.unwrap()["ok"], true);
}

#[tokio::test]
async fn events_wait_for_somebody_who_listens() {
    let slack = FakeSlack::start().await;
    let ada = slack.user("U1");
    innkeeper_tests::not_within(
        "an event without a connection",
        Duration::from_millis(100),
        ada.starts_to_say("#general", "@innkeeper help"),
    )
    .await;
}

#[tokio::test]
async fn a_mention_comes_as_two_envelopes_that_want_an_acknowledgement() {
    let slack = FakeSlack::start().await;
    let opened = call_with(&slack, APP_TOKEN, "apps.connections.open", &json!({}))
        .await
        .unwrap();
    let opened: Value = serde_json::from_str(&opened.body).unwrap();
    let url = opened["url"].as_str().unwrap();
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    assert!(
        tokio_tungstenite::connect_async(url).await.is_err(),
        "a ticket is good for one connection"
    );
    let mut frame = async || -> Value {
        let message = socket.next().await.unwrap().unwrap();
        let frame: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        if let Some(id) = frame["envelope_id"].as_str() {
            let ack = json!({ "envelope_id": id }).to_string();
            socket.send(Message::text(ack)).await.unwrap();
        }
        frame
    };
    assert_eq!(frame().await["type"], "hello");

    let sent = slack.user("U1").starts_to_say("#general", "@innkeeper help").await;
    assert!(!sent.is_acked());
    let (mention, message) = (frame().await, frame().await);
    let event = |frame: &Value| frame["payload"]["event"].clone();
    assert_eq!(
        (event(&mention)["type"].as_str(), event(&message)["type"].as_str()),
        (Some("app_mention"), Some("message"))
    );
    assert_eq!(event(&mention)["ts"], event(&message)["ts"]);
    assert_ne!(mention["payload"]["event_id"], message["payload"]["event_id"]);
    assert_eq!(event(&message)["text"], "<@U0INNKEEPER> help");
    sent.acked().await;

    slack.refresh_connections();
    assert_eq!(frame().await["reason"], "refresh_requested");
}

/// The example of Slack's documentation on verifying requests.
#[test]
fn it_signs_as_slack_documents() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    assert_eq!(
        signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body),
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
}

#[tokio::test]
async fn what_was_said_is_listed_in_pages_without_threads_and_only_where_the_bot_is() {
    let slack = FakeSlack::start().await;
    let ada = slack.user("U1");
    let topic = ada.says_unheard("#general", "A topic").await;
    slack
        .user("U2")
        .in_thread_of(&topic)
        .says_unheard("#general", "An answer")
        .await;
    for _ in 0..3 {
        ada.says_unheard("#general", "More").await;
    }
    let list = async |arguments: Value| call(&slack, "conversations.history", arguments).await;
    let first = list(json!({ "channel": "C0GENERAL", "limit": "200" })).await;
    let texts = |page: &Value| -> Vec<String> {
        let messages = page["messages"].as_array().unwrap().iter();
        messages
            .map(|message| message["text"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(texts(&first), ["More", "More", "More"]);
    assert!(first["messages"][0].get("channel").is_none(), "{first}");
    let cursor = &first["response_metadata"]["next_cursor"];
    let second = list(json!({ "channel": "C0GENERAL", "limit": "200", "cursor": cursor })).await;
    assert_eq!(texts(&second), ["A topic"]);
    let later = list(json!({ "channel": "C0GENERAL", "oldest": topic.ts, "limit": "200" })).await;
    assert_eq!(later["has_more"], false, "what is asked for is later than that");
    let history = "conversations.history";
    assert_eq!(
        refusal(&slack, history, json!({ "channel": "C0ELSE" })).await,
        "not_in_channel"
    );
    assert_eq!(
        refusal(&slack, history, json!({ "channel": "#general" })).await,
        "channel_not_found"
    );
    let far = json!({ "channel": "C0GENERAL", "limit": "1000" });
    assert_eq!(refusal(&slack, history, far).await, "invalid_limit");
    let odd = json!({ "channel": "C0GENERAL", "oldest": "yesterday" });
    assert_eq!(refusal(&slack, history, odd).await, "invalid_ts_oldest");
}

#[tokio::test]
async fn only_a_user_searches_and_sees_what_the_bot_does_not() {
    let slack = FakeSlack::start().await;
    slack
        .user("U1")
        .says_unheard("#elsewhere", "tech-support, in secret")
        .await;
    let query = json!({ "query": "\"tech-support\" after:2026-01-01", "count": "100" });
    assert_eq!(
        refusal(&slack, "search.messages", query.clone()).await,
        "not_allowed_token_type"
    );
    let search = async |query: &Value| {
        let reply = call_with(&slack, USER_TOKEN, "search.messages", query).await.unwrap();
        serde_json::from_str::<Value>(&reply.body).unwrap()
    };
    let found = search(&query).await;
    assert_eq!(found["messages"]["matches"][0]["channel"]["id"], "C0ELSE", "{found}");
    assert_eq!(search(&json!({})).await["error"], "no_query");
    let post = json!({ "channel": "#general", "text": "hi" });
    let reply = call_with(&slack, USER_TOKEN, "chat.postMessage", &post).await.unwrap();
    assert!(reply.body.contains("not_allowed_token_type"), "{reply:?}");
}

#[tokio::test]
async fn channels_are_joined_unless_they_are_archived() {
    let slack = FakeSlack::start().await;
    let join = "conversations.join";
    let joined = call(&slack, join, json!({ "channel": "C0ELSE" })).await;
    assert_eq!(joined["channel"]["is_member"], true, "{joined}");
    let again = call(&slack, join, json!({ "channel": "C0ELSE" })).await;
    assert_eq!(again["warning"], "already_in_channel");
    assert_eq!(
        refusal(&slack, join, json!({ "channel": "C0ARCHIVED" })).await,
        "is_archived"
    );
    assert_eq!(
        refusal(&slack, join, json!({ "channel": "#general" })).await,
        "channel_not_found"
    );
    slack.throws_bot_out_of("#general");
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let arguments = json!({ "types": "public_channel", "exclude_archived": "true", "cursor": cursor });
        let page = call(&slack, "users.conversations", arguments).await;
        let channels = page["channels"].as_array().unwrap().iter();
        ids.extend(channels.map(|channel| channel["id"].as_str().unwrap().to_owned()));
        cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(ids, ["C0TECH", "C0LOGS", "C0SUPPORT", "C0ELSE"]);
}

#[tokio::test]
async fn a_link_names_the_thread_and_an_emoji_must_be_there() {
    let slack = FakeSlack::start().await;
    let topic = slack.user("U1").says_unheard("#general", "A topic").await;
    let answer = slack
        .user("U2")
        .in_thread_of(&topic)
        .says_unheard("#general", "An answer")
        .await;
    let link = call(
        &slack,
        "chat.getPermalink",
        json!({ "channel": "C0GENERAL", "message_ts": answer.ts }),
    )
    .await;
    let wanted = format!(
        "https://home.slack.com/archives/C0GENERAL/p{}?thread_ts={}&cid=C0GENERAL",
        answer.ts.replace('.', ""),
        topic.ts
    );
    assert_eq!(link["permalink"], wanted.as_str());
    let strange = json!({ "channel": "C0GENERAL", "timestamp": topic.ts, "name": "innkeepers-own" });
    assert_eq!(refusal(&slack, "reactions.add", strange).await, "invalid_name");
}

#[tokio::test]
async fn views_are_refused_as_slack_refuses_them() {
    let slack = FakeSlack::start().await;
    let plain = |text: &str| json!({ "type": "plain_text", "text": text });
    let section = json!({ "type": "section", "text": plain("hello") });
    let home = |blocks: Value| json!({ "user_id": "U1", "view": { "type": "home", "blocks": blocks } });
    assert_eq!(call(&slack, "views.publish", home(json!([section]))).await["ok"], true);
    for blocks in [
        json!([]),
        json!(vec![section.clone(); 101]),
        json!([{ "type": "header" }]),
    ] {
        let refused = refusal(&slack, "views.publish", home(blocks.clone())).await;
        assert_eq!(refused, "invalid_arguments", "{blocks}");
    }
    let modal = json!({ "type": "modal", "title": plain("Hello"), "blocks": [section] });
    let unknown = json!({ "trigger_id": "1.2", "view": modal });
    assert_eq!(refusal(&slack, "views.open", unknown).await, "invalid_trigger_id");
}
