//! Deliveries: order in a lane, attempts, crashes.

use super::*;
use crate::message::{Content, File};
use crate::outbox::Receipt;

fn retry(at: Timestamp) -> Settled {
    Settled::Retry { at, why: "busy".into() }
}

fn sent() -> Settled {
    Settled::Sent(Receipt {
        channel: Some("C1".into()),
        ts: Some("1.2".into()),
    })
}

#[tokio::test]
async fn a_lane_is_sent_in_the_order_in_which_it_was_decided() {
    let it = Fixture::new();
    let (first, second, elsewhere) = (post("C1", "first"), post("C1", "second"), post("C2", "elsewhere"));
    let all = vec![first.clone(), elsewhere.clone(), second.clone()];
    it.store.append(all, at(0)).await.unwrap();
    assert_eq!(it.store.lanes_with_work().await.unwrap(), ["slack:C1", "slack:C2"]);
    assert_eq!(it.taken("slack:C1", at(0)).await.0.id, first.id);
    it.store.settle(first.id, retry(at(60)), at(0), vec![]).await.unwrap();
    // The second waits behind the first; the other lane does not.
    assert_eq!(it.store.take("slack:C1", at(59)).await.unwrap(), Take::NotYet(at(60)));
    assert_eq!(it.taken("slack:C2", at(59)).await.0.id, elsewhere.id);
    let (again, was_in_flight) = it.taken("slack:C1", at(60)).await;
    assert_eq!((again.id, again.attempts, was_in_flight), (first.id, 2, false));
    it.store.settle(first.id, sent(), at(60), vec![]).await.unwrap();
    assert_eq!(it.taken("slack:C1", at(60)).await.0.id, second.id);
    it.store.settle(second.id, sent(), at(60), vec![]).await.unwrap();
    assert_eq!(it.store.take("slack:C1", at(60)).await.unwrap(), Take::Nothing);
    assert_eq!(it.store.lanes_with_work().await.unwrap(), ["slack:C2"]);
}

#[tokio::test]
async fn what_was_in_flight_is_found_after_a_crash_and_counts_on() {
    let it = Fixture::new();
    let (first, second) = (post("C1", "first"), post("C1", "second"));
    it.store.append(vec![first.clone(), second], at(0)).await.unwrap();
    let (delivery, was_in_flight) = it.taken("slack:C1", at(0)).await;
    assert_eq!((delivery.attempts, was_in_flight), (1, false));
    let it = it.crash();
    assert_eq!(it.store.lanes_with_work().await.unwrap(), ["slack:C1"]);
    let (delivery, was_in_flight) = it.taken("slack:C1", at(9)).await;
    assert_eq!((delivery.id, delivery.attempts, was_in_flight), (first.id, 2, true));
    assert_eq!(delivery.created, at(0));
    it.store.settle(first.id, sent(), at(9), vec![]).await.unwrap();
    let (delivery, was_in_flight) = it.taken("slack:C1", at(9)).await;
    assert_eq!((delivery.attempts, was_in_flight), (1, false));
}

#[tokio::test]
async fn a_retry_survives_a_restart_with_its_time() {
    let it = Fixture::new();
    let delivery = post("C1", "hello");
    it.store.append(vec![delivery.clone()], at(0)).await.unwrap();
    it.taken("slack:C1", at(0)).await;
    it.store
        .settle(delivery.id, retry(at(30)), at(0), vec![])
        .await
        .unwrap();
    it.store.close().await;
    let store = Store::open(it.path()).unwrap();
    assert_eq!(store.take("slack:C1", at(1)).await.unwrap(), Take::NotYet(at(30)));
}

#[tokio::test]
async fn a_delivery_does_not_wait_for_a_clock_that_was_set_back() {
    let it = Fixture::new();
    it.store.append(vec![post("C1", "hello")], at(3600)).await.unwrap();
    it.taken("slack:C1", at(0)).await;
}

#[tokio::test]
async fn a_delivery_is_settled_once_and_only_when_it_was_taken() {
    let it = Fixture::new();
    let delivery = post("C1", "hello");
    let extra = || vec![post("C2", "about it")];
    let refused = Err(StoreError::NotInFlight(delivery.id));
    assert_eq!(it.store.settle(delivery.id, sent(), at(0), extra()).await, refused);
    it.store.append(vec![delivery.clone()], at(0)).await.unwrap();
    assert_eq!(it.store.settle(delivery.id, sent(), at(0), extra()).await, refused);
    it.taken("slack:C1", at(0)).await;
    it.store.settle(delivery.id, sent(), at(1), vec![]).await.unwrap();
    assert_eq!(
        it.store.settle(delivery.id, retry(at(9)), at(2), extra()).await,
        refused
    );
    assert_eq!(it.store.lanes_with_work().await.unwrap(), [""; 0]);
    assert_eq!(
        it.raw::<String>("SELECT state || ' ' || receipt FROM delivery"),
        r#"sent {"channel":"C1","ts":"1.2"}"#
    );
}

#[tokio::test]
async fn giving_up_frees_the_lane_and_is_said_in_the_same_commit() {
    let it = Fixture::new();
    let (first, second) = (post("C1", "first"), post("C1", "second"));
    it.store
        .append(vec![first.clone(), second.clone()], at(0))
        .await
        .unwrap();
    it.taken("slack:C1", at(0)).await;
    let why = "channel_not_found".to_owned();
    it.store
        .settle(
            first.id,
            Settled::GivenUp { why },
            at(1),
            vec![post("#logs", "it was lost")],
        )
        .await
        .unwrap();
    let it = it.crash();
    assert_eq!(it.store.lanes_with_work().await.unwrap(), ["slack:#logs", "slack:C1"]);
    assert_eq!(it.taken("slack:C1", at(1)).await.0.id, second.id);
}

#[tokio::test]
async fn all_of_a_delivery_comes_back() {
    let it = Fixture::new();
    it.queued("hello", "Ann", at(0)).await;
    let run = it.claimed(at(0)).await;
    let file = Message::File(File {
        name: "report.txt".into(),
        comment: Some("here it is".into()),
        content: vec![0, 159, 146, 150],
    });
    let address = Address::Slack {
        channel: "C1".into(),
        thread: Some("1.1".into()),
        or_user: Some("U1".into()),
    };
    let message = Address::SlackMessage {
        channel: "C1".into(),
        ts: "1.1".into(),
    };
    let deliveries = vec![
        NewDelivery::message(address, file, Some(run.id)),
        NewDelivery::reaction(message, "tada", None),
    ];
    it.store.end(run.id, exit(0, at(1)), deliveries.clone()).await.unwrap();
    let it = it.crash();
    for new in deliveries {
        let (taken, _) = it.taken("slack:C1", at(1)).await;
        let same = NewDelivery {
            id: taken.id,
            address: taken.address,
            content: taken.content,
            run: taken.run,
        };
        assert_eq!(same, new);
        it.store.settle(new.id, sent(), at(1), vec![]).await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_file_comes_back_empty() {
    let it = Fixture::new();
    let file = File {
        name: "empty.txt".into(),
        comment: None,
        content: vec![],
    };
    let new = NewDelivery::message(Address::slack_channel("C1"), Message::File(file), None);
    it.store.append(vec![new.clone()], at(0)).await.unwrap();
    let (taken, _) = it.taken("slack:C1", at(0)).await;
    assert!(matches!(taken.content, Content::Message(Message::File(file)) if file.content.is_empty()));
}
