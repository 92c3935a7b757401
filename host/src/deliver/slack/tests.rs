//! The target against a small Slack: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]

mod again;

use std::time::Duration;

use innkeeper_core::clock::{ManualClock, Timestamp};
use innkeeper_core::run::RunId;
use uuid::Uuid;

use super::*;
use crate::slack::fake::{FakeSlack, Reply};

const ID: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);

struct Inn {
    slack: FakeSlack,
    target: SlackTarget,
    clock: ManualClock,
}

async fn inn() -> Inn {
    let slack = FakeSlack::start().await;
    let clock = ManualClock::starting_at(Timestamp::from_micros(0));
    let target = SlackTarget::new(slack.api(), Arc::new(clock.clone()));
    Inn { slack, target, clock }
}

fn delivery(address: Address, content: Content) -> Delivery {
    Delivery {
        edited: None,
        id: ID,
        address,
        content,
        run: Some(RunId(12)),
        attempts: 1,
        created: Timestamp::from_micros(0),
    }
}

fn text(address: Address, text: &str) -> Delivery {
    delivery(address, Content::Message(Message::Post(Post::text(text))))
}

fn file(channel: &str, thread: Option<&str>) -> Delivery {
    let address = Address::Slack {
        channel: channel.to_owned(),
        thread: thread.map(str::to_owned),
        or_user: None,
    };
    let file = File {
        name: "demo_report.txt".into(),
        comment: Some("Here it is".into()),
        content: b"a table\n".to_vec(),
    };
    delivery(address, Content::Message(Message::File(file)))
}

fn reaction() -> Delivery {
    let address = Address::SlackMessage {
        channel: "C1".into(),
        ts: "1700000000.000100".into(),
    };
    delivery(
        address,
        Content::Reaction {
            name: "white_check_mark".into(),
        },
    )
}

fn posted() -> Reply {
    Reply::ok(json!({"ok": true, "channel": "C1", "ts": "1700000001.000200", "message": {"text": "…"}}))
}

/// Scripts the last two steps of an upload, whose bytes go to the method `upload`.
fn takes_a_file(slack: &FakeSlack) {
    let upload_url = format!("{}/upload", slack.url());
    slack.answers(
        "files.getUploadURLExternal",
        Reply::ok(json!({"ok": true, "upload_url": upload_url, "file_id": "F1"})),
    );
    slack.answers("upload", Reply::page(200, "OK - 8"));
    slack.answers(
        "files.completeUploadExternal",
        Reply::ok(json!({"ok": true, "files": [{"id": "F1", "title": "demo_report.txt"}]})),
    );
}

fn page(channels: &[(&str, &str)], next: &str) -> Reply {
    let channels: Vec<Value> = channels
        .iter()
        .map(|(name, id)| json!({"name": name, "id": id, "is_channel": true}))
        .collect();
    Reply::ok(json!({"ok": true, "channels": channels, "response_metadata": {"next_cursor": next}}))
}

#[tokio::test]
async fn a_post_carries_its_delivery_and_shows_no_previews() {
    let inn = inn().await;
    inn.slack.answers("chat.postMessage", posted());

    let sent = inn
        .target
        .send(&text(Address::slack_channel("#tech"), "Hello, Bob"))
        .await;

    assert_eq!(
        sent.unwrap(),
        Receipt {
            channel: Some("C1".into()),
            ts: Some("1700000001.000200".into()),
        }
    );
    assert_eq!(
        inn.slack.calls()[0].json,
        json!({
            "channel": "#tech",
            "text": "Hello, Bob",
            "unfurl_links": false,
            "unfurl_media": false,
            "metadata": {"event_type": "innkeeper_delivery", "event_payload": {"id": ID.to_string(), "run": 12}},
        })
    );
}

#[tokio::test]
async fn blocks_threads_and_previews_are_sent_as_they_were_decided() {
    let inn = inn().await;
    inn.slack.answers("chat.postMessage", posted());
    let blocks = vec![json!({"type": "a_block_of_next_year", "with": ["any", {"shape": 1}]})];
    let post = Post {
        text: "A table".into(),
        blocks: blocks.clone(),
        unfurl: true,
    };
    let address = Address::Slack {
        channel: "C1".into(),
        thread: Some("1700000000.000100".into()),
        or_user: None,
    };
    let mut delivery = delivery(address, Content::Message(Message::Post(post)));
    delivery.run = None;

    inn.target.send(&delivery).await.unwrap();

    let sent = &inn.slack.calls()[0].json;
    assert_eq!(sent["blocks"], Value::from(blocks));
    assert_eq!(sent["thread_ts"], "1700000000.000100");
    assert_eq!(sent["unfurl_links"], true);
    assert_eq!(sent["metadata"]["event_payload"], json!({"id": ID.to_string()}));
}

#[tokio::test]
async fn a_busy_slack_says_how_long_to_wait() {
    let inn = inn().await;
    inn.slack.answers("chat.postMessage", Reply::busy(7));

    let failure = inn
        .target
        .send(&text(Address::slack_channel("C1"), "hi"))
        .await
        .unwrap_err();

    let Failure::Later { after, .. } = failure else {
        unreachable!("a rate limit is no refusal: {failure}");
    };
    assert_eq!(after, Some(Duration::from_secs(7)));
    assert_eq!(inn.slack.calls().len(), 1, "retrying is the outbox's");
}

#[tokio::test]
async fn what_slack_says_of_bad_blocks_reaches_whoever_reads_the_refusal() {
    let inn = inn().await;
    inn.slack.answers(
        "chat.postMessage",
        Reply::ok(json!({
            "ok": false, "error": "invalid_blocks",
            "errors": ["must be more than 0 characters [json-pointer:/blocks/0/text/text]"],
            "response_metadata": {"messages": ["[ERROR] must be more than 0 characters\n[json-pointer:/blocks/0]"]},
        })),
    );

    let failure = inn
        .target
        .send(&text(Address::slack_channel("C1"), "hi"))
        .await
        .unwrap_err();

    assert!(matches!(failure, Failure::Refused { .. }));
    let why = failure.to_string();
    assert!(why.contains("[json-pointer:/blocks/0/text/text]"), "{why}");
    assert!(!why.contains('\n'), "{why}");
}

#[tokio::test]
async fn the_answer_to_a_slash_command_finds_its_user_where_the_bot_is_not_in_the_channel() {
    for shut in ["channel_not_found", "not_in_channel"] {
        let inn = inn().await;
        inn.slack.answers("chat.postMessage", Reply::refusal(shut));
        inn.slack.answers("chat.postMessage", posted());
        let address = Address::Slack {
            channel: "C9".into(),
            thread: Some("1700000000.000100".into()),
            or_user: Some("U7".into()),
        };

        inn.target.send(&text(address, "On its way")).await.unwrap();

        let calls = inn.slack.calls();
        assert_eq!(calls[0].json["channel"], "C9");
        assert_eq!(calls[1].json["channel"], "U7");
        assert_eq!(
            calls[1].json.get("thread_ts"),
            None,
            "the thread is in the other channel"
        );
    }
}

#[tokio::test]
async fn a_report_for_a_channel_that_the_bot_is_not_in_is_refused_with_what_to_do() {
    let inn = inn().await;
    inn.slack.answers("chat.postMessage", Reply::refusal("not_in_channel"));

    let failure = inn
        .target
        .send(&text(Address::slack_channel("#tech"), "hi"))
        .await
        .unwrap_err();

    insta::assert_snapshot!(failure, @"Slack answered chat.postMessage with `not_in_channel`: invite the bot to #tech");
    assert_eq!(inn.slack.calls().len(), 1);
}

#[tokio::test]
async fn a_file_goes_up_in_three_steps_and_the_token_does_not_go_with_its_bytes() {
    let inn = inn().await;
    takes_a_file(&inn.slack);

    let sent = inn.target.send(&file("C1", Some("1700000000.000100"))).await;

    assert_eq!(sent.unwrap().channel.as_deref(), Some("C1"));
    let calls = inn.slack.calls();
    let methods: Vec<&str> = calls.iter().map(|call| call.method.as_str()).collect();
    assert_eq!(
        methods,
        ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"]
    );
    assert_eq!(calls[0].query["filename"], "demo_report.txt");
    assert_eq!(calls[0].query["length"], "8");
    assert_eq!(&calls[1].bytes[..], b"a table\n");
    assert_eq!(calls[1].authorization, None);
    assert_eq!(
        calls[2].json,
        json!({
            "files": [{"id": "F1", "title": "demo_report.txt"}],
            "channel_id": "C1",
            "thread_ts": "1700000000.000100",
            "initial_comment": "Here it is",
        })
    );
}

#[tokio::test]
async fn a_channel_s_name_is_looked_up_over_all_pages_once() {
    let inn = inn().await;
    inn.slack
        .answers("conversations.list", page(&[("general", "C7")], "next="));
    inn.slack.answers("conversations.list", page(&[("tech", "C8")], ""));

    for _ in 0..2 {
        takes_a_file(&inn.slack);
        let sent = inn.target.send(&file("#tech", None)).await;
        assert_eq!(sent.unwrap().channel.as_deref(), Some("C8"));
    }

    let lists: Vec<_> = inn
        .slack
        .calls()
        .into_iter()
        .filter(|call| call.method == "conversations.list")
        .collect();
    assert_eq!(lists.len(), 2);
    assert_eq!(lists[1].query["cursor"], "next=");
}

#[tokio::test]
async fn names_are_read_again_when_they_are_old_and_a_missing_one_sooner() {
    let inn = inn().await;
    inn.slack.answers("conversations.list", page(&[("tech", "C8")], ""));
    let failure = inn.target.send(&file("#new", None)).await.unwrap_err();
    assert!(matches!(failure, Failure::Refused { .. }), "{failure}");

    inn.clock.advance(Duration::from_secs(61));
    inn.slack
        .answers("conversations.list", page(&[("tech", "C8"), ("new", "C9")], ""));
    takes_a_file(&inn.slack);
    let sent = inn.target.send(&file("#new", None)).await;
    assert_eq!(sent.unwrap().channel.as_deref(), Some("C9"));

    inn.clock.advance(Duration::from_secs(601));
    inn.slack.answers("conversations.list", page(&[("new", "C10")], ""));
    takes_a_file(&inn.slack);
    let sent = inn.target.send(&file("#new", None)).await;
    assert_eq!(sent.unwrap().channel.as_deref(), Some("C10"));
}

#[tokio::test]
async fn an_app_that_may_not_see_private_channels_still_finds_public_ones() {
    let inn = inn().await;
    inn.slack.answers("conversations.list", Reply::refusal("missing_scope"));
    inn.slack.answers("conversations.list", page(&[("tech", "C8")], ""));
    takes_a_file(&inn.slack);

    let sent = inn.target.send(&file("#tech", None)).await;

    assert_eq!(sent.unwrap().channel.as_deref(), Some("C8"));
    assert_eq!(inn.slack.calls()[1].query["types"], "public_channel");
}

#[tokio::test]
async fn a_reaction_that_is_there_already_is_a_success() {
    let inn = inn().await;
    inn.slack.answers("reactions.add", Reply::refusal("already_reacted"));

    let sent = inn.target.send(&reaction()).await;

    assert_eq!(sent.unwrap().ts.as_deref(), Some("1700000000.000100"));
    assert_eq!(
        inn.slack.calls()[0].json,
        json!({"channel": "C1", "timestamp": "1700000000.000100", "name": "white_check_mark"})
    );
}

#[tokio::test]
async fn a_reaction_on_a_message_that_is_gone_is_refused() {
    for gone in [
        "message_not_found",
        "no_item_specified",
        "channel_not_found",
        "is_archived",
    ] {
        let inn = inn().await;
        inn.slack.answers("reactions.add", Reply::refusal(gone));
        let failure = inn.target.send(&reaction()).await.unwrap_err();
        assert!(matches!(failure, Failure::Refused { .. }), "{gone}: {failure}");
    }
}

#[tokio::test]
async fn what_is_no_business_of_slack_is_refused_without_asking() {
    let inn = inn().await;
    let failure = inn
        .target
        .send(&text(Address::Terminal { session: ID }, "hi"))
        .await
        .unwrap_err();
    assert!(matches!(failure, Failure::Refused { .. }));
    assert!(inn.slack.calls().is_empty());
}
