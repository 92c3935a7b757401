//! What is said a second time: looked for first, where it may be there; and said anew, where what it belongs to is gone.

use super::*;

/// The attempt after one of which nobody knows what came of it.
fn second(mut delivery: Delivery) -> Delivery {
    delivery.attempts = 2;
    delivery.created = Timestamp::from_micros(1_700_000_301_000_002);
    delivery
}

fn message(ts: &str, id: &str) -> Value {
    let metadata = json!({"event_type": METADATA_EVENT, "event_payload": {"id": id, "run": 12}});
    json!({"type": "message", "ts": ts, "text": "hi", "metadata": metadata})
}

fn history(messages: &[Value], next: &str) -> Reply {
    Reply::ok(json!({
        "ok": true, "messages": messages, "has_more": !next.is_empty(), "response_metadata": {"next_cursor": next},
    }))
}

fn methods(slack: &FakeSlack) -> Vec<String> {
    slack.calls().into_iter().map(|call| call.method).collect()
}

const HISTORY: &str = "conversations.history";
const POST: &str = "chat.postMessage";

#[tokio::test]
async fn a_message_that_is_there_already_is_found_on_any_page_and_not_posted_again() {
    let inn = inn().await;
    let other = message("1700000002.000100", "0192-another");
    let plain = json!({"type": "message", "ts": "1700000003.000100", "text": ID.to_string()});
    inn.slack.answers(HISTORY, history(&[other, plain], "more="));
    inn.slack
        .answers(HISTORY, history(&[message("1700000004.000100", &ID.to_string())], ""));

    let sent = inn
        .target
        .send(&second(text(Address::slack_channel("C1"), "hi")))
        .await
        .unwrap();

    let receipt = Receipt {
        channel: Some("C1".into()),
        ts: Some("1700000004.000100".into()),
    };
    assert_eq!(sent, receipt);
    assert_eq!(methods(&inn.slack), [HISTORY, HISTORY]);
    let calls = inn.slack.calls();
    assert_eq!(
        calls[0].query["oldest"], "1700000001.000002",
        "clocks differ by five minutes at most"
    );
    assert_eq!(calls[0].query["include_all_metadata"], "true");
    assert_eq!(calls[1].query["cursor"], "more=");
}

#[tokio::test]
async fn what_is_not_there_is_posted_and_a_first_attempt_does_not_look() {
    let inn = inn().await;
    inn.slack.answers(POST, posted());
    inn.target
        .send(&text(Address::slack_channel("C1"), "hi"))
        .await
        .unwrap();
    assert_eq!(methods(&inn.slack), [POST]);

    inn.slack.answers(HISTORY, history(&[], ""));
    inn.slack.answers(POST, posted());
    inn.target
        .send(&second(text(Address::slack_channel("C1"), "hi")))
        .await
        .unwrap();
    assert_eq!(methods(&inn.slack), [POST, HISTORY, POST]);
}

#[tokio::test]
async fn what_slack_refused_was_not_posted_and_what_broke_off_may_have_been() {
    for (failed, looks) in [
        (Reply::busy(1), false),
        (Reply::refusal("invalid_auth"), false),
        (Reply::refusal("fatal_error"), true),
        (Reply::page(502, "bad gateway"), true),
    ] {
        let inn = inn().await;
        inn.slack.answers(POST, failed);
        inn.slack.answers(POST, posted());
        inn.slack.answers(HISTORY, history(&[], ""));
        let mut delivery = text(Address::slack_channel("C1"), "hi");
        inn.target.send(&delivery).await.unwrap_err();
        delivery.attempts = 2;
        inn.target.send(&delivery).await.unwrap();
        assert_eq!(methods(&inn.slack).contains(&HISTORY.to_owned()), looks);
    }
}

#[tokio::test]
async fn a_message_in_a_thread_is_looked_for_there_and_one_to_a_name_by_its_id() {
    let inn = inn().await;
    inn.slack.answers("conversations.list", page(&[("tech", "C8")], ""));
    inn.slack.answers(
        "conversations.replies",
        history(&[message("1700000004.000100", &ID.to_string())], ""),
    );
    let address = Address::Slack {
        channel: "#tech".into(),
        thread: Some("1700000000.000100".into()),
        or_user: None,
    };

    let sent = inn.target.send(&second(text(address, "hi"))).await.unwrap();

    assert_eq!(sent.channel.as_deref(), Some("C8"));
    let call = &inn.slack.calls()[1];
    assert_eq!(
        (call.query["channel"].as_str(), call.query["ts"].as_str()),
        ("C8", "1700000000.000100")
    );
}

#[tokio::test]
async fn who_may_not_look_posts_again_and_a_slack_that_is_busy_is_waited_for() {
    let inn = inn().await;
    let delivery = second(text(Address::slack_channel("C1"), "hi"));
    for cannot in ["missing_scope", "not_in_channel"] {
        inn.slack.answers(HISTORY, Reply::refusal(cannot));
        inn.slack.answers(POST, posted());
        inn.target.send(&delivery).await.unwrap();
    }
    inn.slack.answers(HISTORY, Reply::busy(7));
    let failure = inn.target.send(&delivery).await.unwrap_err();
    assert!(matches!(failure, Failure::Later { after: Some(_), .. }), "{failure}");
    assert_eq!(methods(&inn.slack), [HISTORY, POST, HISTORY, POST, HISTORY]);
}

fn edit(last: bool, edited: Option<Receipt>) -> Delivery {
    let address = Address::Slack {
        channel: "C1".into(),
        thread: Some("1700000000.000100".into()),
        or_user: None,
    };
    let post = Post::text("It is over");
    Delivery {
        edited,
        ..delivery(address, Content::Edit { of: ID, post, last })
    }
}

fn at(ts: &str) -> Option<Receipt> {
    Some(Receipt {
        channel: Some("C1".into()),
        ts: Some(ts.into()),
    })
}

#[tokio::test]
async fn the_last_word_is_posted_where_there_is_nothing_to_edit() {
    let inn = inn().await;
    inn.slack.answers(POST, posted());
    inn.target.send(&edit(true, None)).await.unwrap();
    assert_eq!(inn.slack.calls()[0].json["thread_ts"], "1700000000.000100");

    inn.slack.answers("chat.update", Reply::refusal("message_not_found"));
    inn.slack.answers(POST, posted());
    inn.target.send(&edit(true, at("1700000001.000200"))).await.unwrap();
    assert_eq!(methods(&inn.slack), [POST, "chat.update", POST]);

    inn.slack.answers("chat.update", Reply::refusal("message_not_found"));
    for edited in [None, at("1700000001.000200")] {
        let failure = inn.target.send(&edit(false, edited)).await.unwrap_err();
        assert!(matches!(failure, Failure::Refused { .. }), "{failure}");
    }
    assert_eq!(
        methods(&inn.slack).len(),
        4,
        "anything but the last word is not worth a message"
    );
}

fn reply(edited: Option<Receipt>) -> Delivery {
    let post = Post::text("More of it");
    Delivery {
        edited,
        ..delivery(Address::slack_channel("#tech"), Content::Reply { of: ID, post })
    }
}

#[tokio::test]
async fn a_reply_goes_into_the_thread_or_to_the_channel_where_there_is_none() {
    let inn = inn().await;
    for _ in 0..2 {
        inn.slack.answers(POST, posted());
    }
    inn.target.send(&reply(at("1700000001.000200"))).await.unwrap();
    inn.target.send(&reply(None)).await.unwrap();
    inn.slack.answers(POST, Reply::refusal("thread_not_found"));
    inn.slack.answers(POST, posted());
    inn.target.send(&reply(at("1700000001.000200"))).await.unwrap();

    let calls = inn.slack.calls();
    let places: Vec<_> = calls
        .iter()
        .map(|call| (call.json["channel"].as_str().unwrap(), call.json["thread_ts"].as_str()))
        .collect();
    let thread = Some("1700000001.000200");
    assert_eq!(
        places,
        [("C1", thread), ("#tech", None), ("C1", thread), ("#tech", None)]
    );
}
