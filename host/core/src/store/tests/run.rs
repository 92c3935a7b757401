//! Requests and runs: who starts, who waits, how runs end.

use super::*;
use crate::queue::RequestState;

#[tokio::test]
async fn starts_are_ordered_by_due_time_and_then_by_number() {
    let it = Fixture::new();
    let late = it.queued("a", "", at(20)).await;
    let early = it.queued("b", "", at(10)).await;
    let tie = it.queued("c", "", at(10)).await;
    let mut order = Vec::new();
    while let Some(run) = it.store.claim(at(30)).await.unwrap().run {
        order.push(run.request);
    }
    assert_eq!(order, [early.id, tie.id, late.id]);
}

#[tokio::test]
async fn nothing_starts_before_it_is_due_and_the_claim_says_when_that_is() {
    let it = Fixture::new();
    let none = |next_due| Claim { run: None, next_due };
    assert_eq!(it.store.claim(at(0)).await.unwrap(), none(None));
    it.queued("a", "", at(20)).await;
    it.queued("b", "", at(10)).await;
    assert_eq!(it.store.claim(at(9)).await.unwrap(), none(Some(at(10))));
    let claim = it.store.claim(at(10)).await.unwrap();
    assert_eq!(claim.run.unwrap().job, "b");
    assert_eq!(claim.next_due, Some(at(20)));
}

#[tokio::test]
async fn one_run_at_a_time_per_job_and_different_arguments_queue() {
    let it = Fixture::new();
    let ann = it.queued("hello", "Ann", at(0)).await;
    let bob = it.queued("hello", "Bob", at(0)).await;
    let other = it.queued("deploy", "", at(0)).await;
    let first = it.claimed(at(0)).await;
    assert_eq!(first.request, ann.id);
    assert_eq!(it.claimed(at(0)).await.request, other.id);
    let claim = it.store.claim(at(0)).await.unwrap();
    assert_eq!(
        claim,
        Claim {
            run: None,
            next_due: None
        }
    );
    it.store.end(first.id, exit(0, at(1)), vec![]).await.unwrap();
    assert_eq!(it.claimed(at(1)).await.request, bob.id);
}

#[tokio::test]
async fn the_same_job_name_in_two_namespaces_is_two_jobs() {
    let it = Fixture::new();
    let mut elsewhere = order("hello", "", at(0));
    elsewhere.namespace = "other".into();
    it.caused(somebody(), Cause::Requests(vec![order("hello", "", at(0)), elsewhere]))
        .await;
    let (one, two) = (it.claimed(at(0)).await, it.claimed(at(0)).await);
    assert_eq!((one.namespace.as_str(), two.namespace.as_str()), ("demo", "other"));
}

#[tokio::test]
async fn postponing_the_first_lets_the_second_go_first() {
    let it = Fixture::new();
    let ann = it.queued("hello", "Ann", at(0)).await;
    let bob = it.queued("hello", "Bob", at(10)).await;
    it.queued("hello", "Ann", at(60)).await;
    let claim = it.store.claim(at(5)).await.unwrap();
    assert_eq!(
        claim,
        Claim {
            run: None,
            next_due: Some(at(10))
        }
    );
    let run = it.claimed(at(10)).await;
    assert_eq!(run.request, bob.id);
    it.store.end(run.id, exit(0, at(11)), vec![]).await.unwrap();
    assert_eq!(it.claimed(at(60)).await.request, ann.id);
}

#[tokio::test]
async fn the_end_of_a_run_and_its_report_are_one_commit() {
    let it = Fixture::new();
    let request = it.queued("hello", "Bob", at(0)).await.id;
    let run = it.claimed(at(0)).await;
    it.store
        .end(run.id, exit(3, at(2)), vec![post("C1", "it failed")])
        .await
        .unwrap();
    let it = it.crash();
    let (report, _) = it.taken("slack:C1", at(2)).await;
    assert_eq!(report.content, post("C1", "it failed").content);
    assert_eq!(report.created, at(2));
    assert_eq!(it.store.dead_runs().await.unwrap(), []);
    let view = it.store.request(request).await.unwrap().unwrap();
    assert_eq!(
        (view.state, view.ended, view.runs),
        (RequestState::Ended, Some(at(2)), vec![run.id])
    );
}

#[tokio::test]
async fn a_report_that_cannot_be_kept_leaves_the_run_running() {
    let it = Fixture::new();
    it.queued("hello", "Bob", at(0)).await;
    let run = it.claimed(at(0)).await;
    let twice = post("C1", "the same delivery");
    it.store
        .end(run.id, exit(0, at(1)), vec![twice.clone(), twice])
        .await
        .unwrap_err();
    assert_eq!(it.store.dead_runs().await.unwrap(), [run]);
    assert_eq!(it.store.lanes_with_work().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_run_ends_once() {
    let it = Fixture::new();
    it.queued("hello", "Bob", at(0)).await;
    let run = it.claimed(at(0)).await;
    it.store.end(run.id, exit(0, at(1)), vec![]).await.unwrap();
    it.queued("hello", "Eve", at(1)).await;
    let next = it.claimed(at(1)).await;
    let again = it.store.end(run.id, exit(1, at(2)), vec![post("C1", "again")]).await;
    assert_eq!(again, Err(StoreError::RunEnded(run.id)));
    assert_eq!(it.store.lanes_with_work().await.unwrap(), [""; 0]);
    assert_eq!(
        it.store.dead_runs().await.unwrap(),
        [next],
        "the job's next run is not freed"
    );
    let end = it.store.run(run.id).await.unwrap().unwrap().end.unwrap();
    assert_eq!(end.ending, Ending::Exited { code: 0 });
    let unknown = RunId(99);
    let error = it.store.end(unknown, exit(0, at(2)), vec![]).await;
    assert_eq!(error, Err(StoreError::UnknownRun(unknown)));
}

#[tokio::test]
async fn after_a_crash_runs_are_found_and_ended_and_their_jobs_are_free() {
    let it = Fixture::new();
    it.caused(slack("demo hello Bob", "1.1"), one_order("hello", "Bob", at(0)))
        .await;
    let run = it.claimed(at(0)).await;
    it.queued("hello", "Eve", at(0)).await;
    let it = it.crash();
    assert_eq!(it.store.dead_runs().await.unwrap(), std::slice::from_ref(&run));
    assert_eq!(it.store.claim(at(9)).await.unwrap().run, None);
    it.store
        .end(
            run.id,
            RunEnd::interrupted(at(9), None),
            vec![post("C1", "interrupted")],
        )
        .await
        .unwrap();
    assert_eq!(it.store.dead_runs().await.unwrap(), []);
    assert_eq!(it.claimed(at(9)).await.arguments.get("name"), Some("Eve"));
}

#[tokio::test]
async fn the_command_line_claims_its_own_request_and_hears_why_not() {
    let it = Fixture::new();
    let first = it.queued("hello", "Ann", at(0)).await.id;
    let mine = it.queued("hello", "Bob", at(10)).await.id;
    let claim = |id, now| it.store.claim_request(id, now);
    assert_eq!(claim(mine, at(0)).await.unwrap(), ClaimOne::NotYet(at(10)));
    let ClaimOne::Started(run) = claim(mine, at(10)).await.unwrap() else {
        panic!("it may start")
    };
    assert_eq!((run.request, run.arguments.get("name")), (mine, Some("Bob")));
    assert_eq!(claim(first, at(10)).await.unwrap(), ClaimOne::Busy(run.id));
    assert_eq!(
        claim(mine, at(10)).await.unwrap(),
        ClaimOne::Gone(RequestState::Running)
    );
    it.store.end(run.id, exit(0, at(11)), vec![]).await.unwrap();
    assert_eq!(claim(mine, at(11)).await.unwrap(), ClaimOne::Gone(RequestState::Ended));
    assert_eq!(claim(RequestId(99), at(11)).await.unwrap(), ClaimOne::Unknown);
    assert_eq!(it.claimed(at(11)).await.request, first);
}

#[tokio::test]
async fn only_what_is_pending_can_be_cancelled() {
    let it = Fixture::new();
    let first = it.queued("hello", "Ann", at(0)).await.id;
    let second = it.queued("hello", "Bob", at(5)).await.id;
    let run = it.claimed(at(0)).await;
    let cancel = |id| it.store.cancel(id, at(3));
    let cancelled = Cancel::Cancelled {
        namespace: "demo".into(),
        job: "hello".into(),
    };
    assert_eq!(cancel(first).await.unwrap(), Cancel::Running { run: run.id });
    assert_eq!(cancel(second).await.unwrap(), cancelled);
    assert_eq!(cancel(second).await.unwrap(), Cancel::Ended);
    it.store.end(run.id, exit(0, at(4)), vec![]).await.unwrap();
    assert_eq!(cancel(first).await.unwrap(), Cancel::Ended);
    assert_eq!(cancel(RequestId(99)).await.unwrap(), Cancel::Unknown);
    let claim = it.store.claim(at(9)).await.unwrap();
    assert_eq!(
        claim,
        Claim {
            run: None,
            next_due: None
        }
    );
}

#[tokio::test]
async fn cancelling_the_first_leaves_the_second_and_the_same_may_be_asked_again() {
    let it = Fixture::new();
    let first = it.queued("hello", "Ann", at(0)).await.id;
    let second = it.queued("hello", "Bob", at(5)).await.id;
    it.store.cancel(first, at(0)).await.unwrap();
    assert_eq!(it.store.claim(at(0)).await.unwrap().next_due, Some(at(5)));
    let again = it.queued("hello", "Ann", at(9)).await;
    assert!(!again.joined && again.id > second, "{again:?}");
    assert_eq!(it.claimed(at(5)).await.request, second);
}

#[tokio::test]
async fn numbers_are_not_given_out_again() {
    let it = Fixture::new();
    let before = it.queued("hello", "Ann", at(0)).await.id;
    let connection = Connection::open(it.path().join("queue.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection
        .execute_batch("DELETE FROM asking_request; DELETE FROM request; DELETE FROM job")
        .unwrap();
    assert!(it.queued("hello", "Ann", at(0)).await.id > before);
}

#[tokio::test]
async fn status_says_what_goes_on() {
    let it = Fixture::new();
    it.queued("hello", "Ann", at(0)).await;
    let run = it.claimed(at(1)).await;
    it.queued("hello", "Bob", at(2)).await;
    it.queued("deploy", "", at(600)).await;
    it.caused(slack("secret hello", "1.1"), Cause::Undecided).await;
    let failing = post("C1", "hello");
    it.store.append(vec![failing.clone()], at(3)).await.unwrap();
    it.taken("slack:C1", at(3)).await;
    let why = "Slack does not answer".to_owned();
    it.store
        .settle(failing.id, Settled::Retry { at: at(5), why }, at(4), vec![])
        .await
        .unwrap();
    let beside = Store::open_read_only(it.path()).unwrap();
    let status = beside.status(at(4)).await.unwrap();
    assert_eq!(status.running[0].id, run.id);
    insta::assert_snapshot!(serde_json::to_string_pretty(&status).unwrap(), @r#"
    {
      "at": "2023-11-14T22:13:24Z",
      "running": [
        {
          "id": 1,
          "request": 1,
          "namespace": "demo",
          "job": "hello",
          "arguments": [
            [
              "name",
              "Ann"
            ]
          ],
          "started": "2023-11-14T22:13:21Z"
        }
      ],
      "pending": [
        {
          "id": 2,
          "namespace": "demo",
          "job": "hello",
          "arguments": [
            [
              "name",
              "Bob"
            ]
          ],
          "due": "2023-11-14T22:13:22Z",
          "busy": 1
        },
        {
          "id": 3,
          "namespace": "demo",
          "job": "deploy",
          "arguments": [
            [
              "name",
              ""
            ]
          ],
          "due": "2023-11-14T22:23:20Z"
        }
      ],
      "pending_count": 2,
      "suppressions": [],
      "outbox": {
        "unsettled": 1,
        "oldest": "2023-11-14T22:13:23Z",
        "oldest_error": "Slack does not answer"
      },
      "undecided": 1
    }
    "#);
}

#[tokio::test]
async fn status_shows_the_first_of_many_and_counts_the_rest() {
    let it = Fixture::new();
    let orders = |job: &str| (0..40).map(|n| order(job, &n.to_string(), at(n))).collect::<Vec<_>>();
    it.caused(somebody(), Cause::Requests(orders("a"))).await;
    it.caused(somebody(), Cause::Requests(orders("b"))).await;
    let status = it.store.status(at(0)).await.unwrap();
    assert_eq!((status.pending.len(), status.pending_count), (50, 80));
    let due: Vec<Timestamp> = status.pending.iter().map(|request| request.due).collect();
    assert!(due.is_sorted());
    assert_eq!(due.last(), Some(&at(24)));
}

#[tokio::test]
async fn a_run_shows_how_it_ended() {
    let it = Fixture::new();
    it.queued("hello", "Ann", at(0)).await;
    let run = it.claimed(at(0)).await;
    it.store.end(run.id, exit(0, at(2)), vec![]).await.unwrap();
    let view = it.store.run(run.id).await.unwrap().unwrap();
    insta::assert_snapshot!(serde_json::to_string(&view).unwrap(), @r#"{"id":1,"request":1,"namespace":"demo","job":"hello","arguments":[["name","Ann"]],"started":"2023-11-14T22:13:20Z","ended":"2023-11-14T22:13:22Z","ending":{"how":"exited","code":0},"duration_seconds":1.5,"stdout":{"kept":10,"lost":2},"stderr":{"kept":0,"lost":0},"log_folder":"demo_hello/20231114-221320-1"}"#);
    it.queued("hello", "Ann", at(3)).await;
    let second = it.claimed(at(3)).await;
    let ids = |runs: Vec<RunView>| runs.iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(it.store.recent_runs(9).await.unwrap()), [second.id, run.id]);
    assert_eq!(ids(it.store.recent_runs(1).await.unwrap()), [second.id]);
    assert_eq!(ids(it.store.runs_of_request(run.request).await.unwrap()), [run.id]);
    assert_eq!(it.store.run(RunId(99)).await.unwrap(), None);
    assert_eq!(it.store.request(RequestId(99)).await.unwrap(), None);
}
