//! Askings: repetitions, edits, joining, deciding, cancelling a job.

use super::*;
use crate::message::Content;
use crate::request::WriteBack;

#[tokio::test]
async fn an_asking_is_durable_with_its_request_and_its_answer_when_accept_returns() {
    let it = Fixture::new();
    it.store
        .accept(
            slack("demo hello Bob", "1.1"),
            one_order("hello", "Bob", at(0)),
            vec![post("C1", "on it")],
        )
        .await
        .unwrap();
    let it = it.crash();
    assert_eq!(it.claimed(at(0)).await.arguments.get("name"), Some("Bob"));
    assert_eq!(it.store.lanes_with_work().await.unwrap(), ["slack:C1"]);
}

#[tokio::test]
async fn a_trigger_delivered_twice_makes_one_asking() {
    let it = Fixture::new();
    let first = it
        .caused(slack("demo hello Bob", "1.1"), one_order("hello", "Bob", at(0)))
        .await;
    let again = it
        .store
        .accept(
            slack("demo hello Bob", "1.1"),
            one_order("hello", "Bob", at(9)),
            vec![post("C1", "on it")],
        )
        .await
        .unwrap();
    assert_eq!(again, Accepted::Repeated);
    let request = it.store.request(first.requests[0].id).await.unwrap().unwrap();
    assert_eq!((request.due, request.askings.len()), (at(0), 1));
    assert_eq!(it.store.lanes_with_work().await.unwrap(), [""; 0]);
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM asking"), 1);
}

#[tokio::test]
async fn what_waits_with_another_payload_is_another_request() {
    let it = Fixture::new();
    let with = |payload: &'static [u8]| {
        let order = NewRequest {
            payload: Some(payload.into()),
            ..order("hello", "", at(0))
        };
        it.caused(somebody(), Cause::Requests(vec![order]))
    };
    let (one, other) = (with(b"{\"order\":1}").await, with(b"{\"order\":2}").await);
    let again = with(b"{\"order\":1}").await;
    assert_ne!(one.requests[0].id, other.requests[0].id);
    assert_eq!(one.requests[0].id, again.requests[0].id);
    assert!(again.requests[0].joined && !other.requests[0].joined);
    let bodies =
        "SELECT count(*) FROM payload WHERE body IN (CAST('{\"order\":1}' AS BLOB), CAST('{\"order\":2}' AS BLOB))";
    assert_eq!(it.raw::<i64>(bodies), 2);
}

#[tokio::test]
async fn a_repetition_is_recognised_after_a_crash_and_long_after_the_run() {
    let it = Fixture::new();
    it.caused(slack("demo hello Bob", "1.1"), one_order("hello", "Bob", at(0)))
        .await;
    let run = it.claimed(at(0)).await;
    it.store.end(run.id, exit(0, at(1)), vec![]).await.unwrap();
    let it = it.crash();
    let again = it
        .store
        .accept(slack("demo hello Bob", "1.1"), one_order("hello", "Bob", at(2)), vec![])
        .await
        .unwrap();
    assert_eq!(again, Accepted::Repeated);
}

#[tokio::test]
async fn askings_without_a_key_are_never_repetitions() {
    let it = Fixture::new();
    let first = it.caused(somebody(), Cause::Answer).await;
    let second = it.caused(somebody(), Cause::Answer).await;
    assert!(first.asking < second.asking);
}

#[tokio::test]
async fn asking_again_joins_the_pending_request_and_moves_its_due_time_either_way() {
    let it = Fixture::new();
    let first = it
        .caused(slack("demo hello Bob", "1.1"), one_order("hello", "Bob", at(60)))
        .await;
    let id = first.requests[0].id;
    assert!(!first.requests[0].joined);
    for (ts, due) in [("1.2", at(90)), ("1.3", at(30))] {
        let again = it
            .caused(slack("demo hello Bob", ts), one_order("hello", "Bob", due))
            .await;
        let expected = Queued {
            id,
            joined: true,
            due,
            busy: None,
            suppressed: None,
        };
        assert_eq!(again.requests, [expected]);
        assert_eq!(it.store.claim(at(0)).await.unwrap().next_due, Some(due));
    }
    let run = it.claimed(at(30)).await;
    let asked: Vec<Option<Address>> = run
        .askings
        .iter()
        .map(|asking| asking.origin.asking_message())
        .collect();
    let message = |ts: &str| {
        Some(Address::SlackMessage {
            channel: "C1".into(),
            ts: ts.into(),
        })
    };
    assert_eq!(asked, [message("1.1"), message("1.2"), message("1.3")]);
}

#[tokio::test]
async fn other_arguments_make_another_request_and_so_does_another_order_of_them() {
    let it = Fixture::new();
    let pairs = |pairs: [(&str, &str); 2]| {
        let mut order = order("hello", "", at(0));
        order.arguments = Arguments::from_iter(pairs);
        order
    };
    let caused = it
        .caused(
            somebody(),
            Cause::Requests(vec![
                pairs([("a", "1"), ("b", "2")]),
                pairs([("b", "2"), ("a", "1")]),
                pairs([("a", "12"), ("b", "")]),
                pairs([("a", "1"), ("b", "2")]),
            ]),
        )
        .await;
    let joined: Vec<bool> = caused.requests.iter().map(|queued| queued.joined).collect();
    assert_eq!(joined, [false, false, false, true]);
    assert_eq!(caused.requests[0].id, caused.requests[3].id);
}

#[tokio::test]
async fn what_runs_is_not_joined_and_the_successor_knows_that_it_waits() {
    let it = Fixture::new();
    let first = it.queued("hello", "Bob", at(0)).await;
    let run = it.claimed(at(0)).await;
    let successor = it.queued("hello", "Bob", at(0)).await;
    assert_ne!(successor.id, first.id);
    assert_eq!((successor.joined, successor.busy), (false, Some(run.id)));
    let third = it.queued("hello", "Bob", at(5)).await;
    assert_eq!((third.id, third.joined, third.busy), (successor.id, true, Some(run.id)));
}

#[tokio::test]
async fn an_edit_of_what_led_to_no_request_is_carried_out_once() {
    let it = Fixture::new();
    let typo = it.caused(slack("demo helo Bob", "1.1"), Cause::Answer).await;
    let fixed = it
        .caused(edited("demo hello Bob", "1.1"), one_order("hello", "Bob", at(0)))
        .await;
    assert_eq!(fixed.asking, typo.asking);
    // Slack sends an edit as two events, and each of them again where it got no answer.
    let twice = it
        .store
        .accept(
            edited("demo hello Bob", "1.1"),
            one_order("hello", "Bob", at(0)),
            vec![],
        )
        .await
        .unwrap();
    assert_eq!(twice, Accepted::Repeated);
    let run = it.claimed(at(0)).await;
    assert_eq!(run.askings.len(), 1);
    assert_eq!(run.askings[0].text.as_deref(), Some("demo hello Bob"));
}

#[tokio::test]
async fn an_edit_of_what_led_to_a_request_changes_nothing() {
    let it = Fixture::new();
    it.caused(slack("demo hello Bob", "1.1"), one_order("hello", "Bob", at(0)))
        .await;
    let edit = it
        .store
        .accept(
            edited("demo hello Eve", "1.1"),
            one_order("hello", "Eve", at(0)),
            vec![],
        )
        .await
        .unwrap();
    assert_eq!(edit, Accepted::Repeated);
    assert_eq!(
        it.claimed(at(0)).await.askings[0].text.as_deref(),
        Some("demo hello Bob")
    );
    assert_eq!(it.store.claim(at(0)).await.unwrap().run, None);
}

#[tokio::test]
async fn an_edit_that_leaves_the_text_alone_is_not_answered_again() {
    let it = Fixture::new();
    it.caused(slack("demo helo", "1.1"), Cause::Answer).await;
    let unfurled = it
        .store
        .accept(edited("demo helo", "1.1"), Cause::Answer, vec![post("C1", "what?")])
        .await
        .unwrap();
    assert_eq!(unfurled, Accepted::Repeated);
    assert_eq!(it.store.lanes_with_work().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn an_edit_that_comes_first_counts_as_said() {
    let it = Fixture::new();
    it.caused(edited("demo hello Bob", "1.1"), one_order("hello", "Bob", at(0)))
        .await;
    let late = it
        .store
        .accept(slack("demo helo Bob", "1.1"), Cause::Answer, vec![])
        .await
        .unwrap();
    assert_eq!(late, Accepted::Repeated);
}

#[tokio::test]
async fn an_undecided_asking_is_decided_once() {
    let it = Fixture::new();
    let asking = it
        .caused(slack("secret hello Bob", "1.1"), Cause::Undecided)
        .await
        .asking;
    let it = it.crash();
    let waiting = it.store.undecided().await.unwrap();
    assert_eq!(waiting.iter().map(|a| a.id).collect::<Vec<_>>(), [asking]);
    let cause = || one_order("hello", "Bob", at(5));
    let decided = it
        .store
        .decide(asking, cause(), at(5), vec![post("C1", "yes")])
        .await
        .unwrap();
    assert!(matches!(decided, Accepted::New(caused) if caused.asking == asking && caused.requests.len() == 1));
    let again = it
        .store
        .decide(asking, cause(), at(6), vec![post("C1", "yes")])
        .await
        .unwrap();
    assert_eq!(again, Accepted::Repeated);
    assert_eq!(it.store.undecided().await.unwrap(), []);
    assert_eq!(it.claimed(at(5)).await.askings[0].id, asking);
    assert_eq!(it.store.status(at(6)).await.unwrap().outbox.unsettled, 1);
}

#[tokio::test]
async fn an_edit_of_an_undecided_asking_replaces_it() {
    let it = Fixture::new();
    let asking = it.caused(slack("secret helo", "1.1"), Cause::Undecided).await.asking;
    let edit = it.caused(edited("secret hello", "1.1"), Cause::Undecided).await;
    assert_eq!(edit.asking, asking);
    let waiting = it.store.undecided().await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].text.as_deref(), Some("secret hello"));
}

#[tokio::test]
async fn what_nobody_asked_cannot_be_decided() {
    let it = Fixture::new();
    let unknown = AskingId(7);
    let result = it
        .store
        .decide(unknown, Cause::Answer, at(0), vec![post("C1", "?")])
        .await;
    assert_eq!(result, Err(StoreError::UnknownAsking(unknown)));
    assert_eq!(it.store.lanes_with_work().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn cancelling_a_job_takes_every_pending_request_whatever_its_arguments_and_leaves_the_run() {
    let it = Fixture::new();
    it.queued("hello", "Ann", at(0)).await;
    let run = it.claimed(at(0)).await;
    let bob = it.queued("hello", "Bob", at(0)).await;
    it.queued("hello", "Eve", at(60)).await;
    let other = it.queued("deploy", "", at(60)).await;
    let cancel = Cause::CancelJob {
        namespace: "demo".into(),
        job: "hello".into(),
    };
    let accepted = it
        .store
        .accept_with(slack("demo cancel hello", "1.1"), cancel.clone(), |caused| {
            vec![post("C1", &format!("cancelled {}", caused.cancelled.len()))]
        })
        .await
        .unwrap();
    assert!(matches!(accepted, Accepted::New(Caused { cancelled, .. }) if cancelled.len() == 2));
    let (answer, _) = it.taken("slack:C1", at(0)).await;
    assert_eq!(answer.content, post("C1", "cancelled 2").content);
    it.store.end(run.id, exit(0, at(1)), vec![]).await.unwrap();
    let claim = it.store.claim(at(60)).await.unwrap();
    assert_eq!(claim.run.map(|run| run.request), Some(other.id));
    assert_eq!(claim.next_due, None);
    let state = it.store.request(bob.id).await.unwrap().unwrap().state;
    assert_eq!(state, crate::queue::RequestState::Cancelled);
    // It has acted: an edit of it must not cancel what is asked for in the meantime.
    let edit = it
        .store
        .accept(edited("demo cancel hello!", "1.1"), cancel, vec![])
        .await
        .unwrap();
    assert_eq!(edit, Accepted::Repeated);
}

#[tokio::test]
async fn cancelling_an_unknown_job_cancels_nothing() {
    let it = Fixture::new();
    let cancel = Cause::CancelJob {
        namespace: "demo".into(),
        job: "nothing".into(),
    };
    assert_eq!(it.caused(somebody(), cancel).await.cancelled, []);
}

#[tokio::test]
async fn only_old_keys_of_webhooks_and_of_the_clock_are_forgotten() {
    let it = Fixture::new();
    let day = 24 * 60 * 60;
    it.caused(github("old", at(0)), Cause::Answer).await;
    it.caused(github("young", at(20 * day)), Cause::Answer).await;
    it.caused(slack("demo helo", "1.1"), Cause::Answer).await;
    let start = NewAsking {
        key: Some("schedule:demo:0:0".into()),
        origin: Origin::Schedule(ScheduleOrigin {
            due: at(0),
            schedule: "@daily".into(),
            channel: None,
        }),
        ..somebody()
    };
    it.caused(start.clone(), Cause::Answer).await;
    assert_eq!(it.store.forget(at(29 * day)).await.unwrap(), 0);
    assert_eq!(it.store.forget(at(31 * day)).await.unwrap(), 2);
    assert_eq!(it.store.forget(at(31 * day)).await.unwrap(), 0);
    let again = |asking| it.store.accept(asking, Cause::Answer, vec![]);
    assert!(matches!(
        again(github("old", at(31 * day))).await.unwrap(),
        Accepted::New(_)
    ));
    assert!(matches!(again(start).await.unwrap(), Accepted::New(_)));
    assert_eq!(again(github("young", at(31 * day))).await.unwrap(), Accepted::Repeated);
    assert_eq!(again(slack("demo helo", "1.1")).await.unwrap(), Accepted::Repeated);
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM asking"), 6);
}

#[tokio::test]
async fn what_nobody_could_read_is_kept() {
    let it = Fixture::new();
    it.store
        .keep_unreadable("slack".into(), "{\"type\":1}".into(), "type is no text".into(), at(0))
        .await
        .unwrap();
    let it = it.crash();
    assert_eq!(
        it.raw::<String>("SELECT source || ': ' || body || ': ' || why FROM unreadable"),
        "slack: {\"type\":1}: type is no text"
    );
}

#[tokio::test]
async fn what_fails_half_way_keeps_nothing() {
    let it = Fixture::new();
    let twice = post("C1", "the same delivery");
    let error = it
        .store
        .accept(
            slack("demo hello Bob", "1.1"),
            one_order("hello", "Bob", at(0)),
            vec![twice.clone(), twice],
        )
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("cannot keep what was asked: UNIQUE"),
        "{error}"
    );
    assert_eq!(it.store.claim(at(0)).await.unwrap().run, None);
    it.caused(slack("demo hello Bob", "1.1"), one_order("hello", "Bob", at(0)))
        .await;
}

/// A delivery about this commit, whose status shows how it goes.
fn about(commit: &str, delivery: &str) -> NewAsking {
    let mut asking = github(delivery, at(0));
    if let Origin::Github(origin) = &mut asking.origin {
        origin.write_back = Some(WriteBack {
            namespace: "demo".into(),
            repository: "octo/demo".into(),
            commit: Some(commit.into()),
            reports: true,
            ..WriteBack::default()
        });
    }
    asking
}

#[tokio::test]
async fn askings_that_belong_together_are_one_commit() {
    let it = Fixture::new();
    let silence = || -> Answer { Box::new(|_| Vec::new()) };
    let orders = |second: &str| {
        vec![
            (github("1", at(0)), one_order("build", "a", at(0)), silence()),
            (github(second, at(0)), one_order("build", "b", at(0)), silence()),
        ]
    };
    let accepted = it.store.accept_together(orders("1:#docs")).await.unwrap();
    assert!(
        accepted.iter().all(|accepted| matches!(accepted, Accepted::New(_))),
        "{accepted:?}"
    );
    // A repetition adds what is not known yet, and nothing else.
    let again = it.store.accept_together(orders("1:#team")).await.unwrap();
    assert!(
        matches!(again.as_slice(), [Accepted::Repeated, Accepted::New(_)]),
        "{again:?}"
    );

    // An answer that takes the writer down takes everything of its commit with it.
    let broken: Answer = Box::new(|_| panic!("the answer cannot be built"));
    let both = vec![
        (github("2", at(0)), one_order("build", "c", at(0)), silence()),
        (github("2:#docs", at(0)), one_order("build", "d", at(0)), broken),
    ];
    assert!(it.store.accept_together(both).await.is_err());
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM asking"), 3);
}

#[tokio::test]
async fn a_cancelled_request_ends_the_status_of_every_commit_that_asked() {
    let it = Fixture::new();
    for (commit, delivery) in [("aa", "1"), ("bb", "2"), ("bb", "3")] {
        it.caused(about(commit, delivery), one_order("deploy", "x", at(60)))
            .await;
    }
    assert_eq!(it.store.lanes_with_work().await.unwrap(), [""; 0]);
    let job = Cause::CancelJob {
        namespace: "demo".into(),
        job: "deploy".into(),
    };
    assert_eq!(it.caused(somebody(), job).await.cancelled.len(), 1);
    let lane = "github:octo/demo:demo";
    assert_eq!(it.store.lanes_with_work().await.unwrap(), [lane]);
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM delivery"), 2);
    let (delivery, _) = it.taken(lane, at(0)).await;
    assert!(matches!(delivery.content, Content::Status(status) if status.description == "Request 1 was cancelled"));
}
