//! Checks that are to be heard from, and what waits in the host.

use super::*;
use crate::alert::{CheckRules, Heartbeat, Importance, Service, Status, Unsent, Unstarted};
use crate::request::HookOrigin;

fn by_webhook(when: Timestamp) -> NewAsking {
    NewAsking {
        key: None,
        origin: Origin::Hook(HookOrigin {
            hook: "backup".into(),
            delivery: None,
            content_type: None,
            channel: None,
            session: None,
        }),
        text: None,
        edit: false,
        at: when,
    }
}

/// A look at the check at this second, which ends with this code.
fn look(code: i32, second: i64, services: Vec<Arc<Service>>) -> Look {
    Look {
        asking: by_webhook(at(second)),
        request: request(second),
        end: exit(code, at(second)),
        services,
    }
}

fn request(second: i64) -> NewRequest {
    NewRequest {
        arguments: Arguments::default(),
        ..order("backup", "", at(second))
    }
}

fn backups() -> Arc<Service> {
    let critical = CheckRules {
        importance: Importance::Critical,
        ..CheckRules::default()
    };
    Arc::new(Service {
        name: "backups".into(),
        namespace: "demo".into(),
        checks: [("backup".to_owned(), critical)].into(),
        ..Service::default()
    })
}

impl Fixture {
    /// The check says how it is, at this second. Whether that was news.
    async fn beats(&self, failure: Option<&str>, second: i64) -> bool {
        let look = look(i32::from(failure.is_some()), second, vec![backups()]);
        let heard = self.store.heard_from(failure.map(str::to_owned), look).await;
        heard.unwrap().is_some()
    }

    async fn status(&self) -> Status {
        self.store.services().await.unwrap()[0].state.status
    }

    async fn heartbeat(&self, second: i64) -> Heartbeat {
        self.store.heartbeat("demo", "backup", at(second)).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_heard_is_durable_with_what_follows_and_kept_as_a_look_only_where_it_is_news() {
    let it = Fixture::new();
    assert!(it.beats(None, 1).await, "nothing was known of it");
    assert_eq!(it.heartbeat(2).await, Heartbeat::now(None, at(1)));
    assert!(!it.beats(None, 3).await, "it passes as before");
    assert_eq!(it.heartbeat(4).await.at, at(3));
    assert!(it.beats(Some("disk full"), 5).await, "it fails");
    let it = it.crash();
    let failed = Heartbeat::now(Some("disk full".into()), at(5));
    assert_eq!((it.heartbeat(5).await, it.status().await), (failed, Status::Critical));
    assert!(!it.beats(Some(""), 6).await, "it fails as before");
    assert!(it.beats(None, 7).await, "it passes again");
    let it = it.crash();
    let passes = Heartbeat::now(None, at(7));
    assert_eq!((it.heartbeat(7).await, it.status().await), (passes, Status::Passing));
    let results = it.store.results("demo", "backup", 10).await.unwrap();
    assert_eq!(results.len(), 3, "one for each piece of news");
}

#[tokio::test]
async fn what_was_never_heard_from_is_waited_for_since_the_first_question() {
    let it = Fixture::new();
    let waited_for = Heartbeat {
        at: at(1),
        heard: false,
        failure: None,
    };
    assert_eq!(it.heartbeat(1).await, waited_for);
    let it = it.crash();
    assert_eq!(it.heartbeat(60).await, waited_for, "a restart makes nobody wait anew");
}

#[tokio::test]
async fn a_look_past_the_queue_counts_and_leaves_what_waits_alone() {
    let it = Fixture::new();
    let asked = Cause::Requests(vec![request(0)]);
    let waiting = it.caused(somebody(), asked).await.requests[0].id;
    let noted = it.store.keep_look(look(1, 1, vec![backups()])).await.unwrap();
    assert!(noted[0].change.is_some());
    assert_eq!(it.status().await, Status::Critical);
    let results = it.store.results("demo", "backup", 10).await.unwrap();
    assert_eq!((results.len(), results[0].passed, results[0].changed), (1, false, true));
    let run = it.store.run(results[0].run).await.unwrap().unwrap();
    assert_eq!(run.end.unwrap().ending, Ending::Exited { code: 1 });
    assert!(it.store.dead_runs().await.unwrap().is_empty());
    assert_eq!(it.claimed(at(2)).await.request, waiting);
}

#[tokio::test]
async fn what_waits_for_longest_is_what_could_have_started_or_been_sent() {
    let it = Fixture::new();
    let lag = async |is_crowded: fn(&str, usize) -> bool| {
        it.store.lag(at(100), vec!["broken".into()], is_crowded).await.unwrap()
    };
    assert_eq!(lag(|_, _| false).await, Lag::default());

    // One runs, and one waits for it: that is no fault of the host.
    it.queued("brew", "a", at(1)).await;
    it.claimed(at(1)).await;
    it.queued("brew", "b", at(2)).await;
    assert_eq!(lag(|_, _| false).await.queue, None);
    it.queued("bake", "a", at(3)).await;
    it.queued("fry", "a", at(4)).await;
    let first = Unstarted {
        job: "demo_bake".into(),
        due: at(3),
    };
    assert_eq!(lag(|_, _| false).await.queue, Some(first));
    let demo_is_full = |namespace: &str, runs: usize| namespace == "demo" && runs == 1;
    assert_eq!(lag(demo_is_full).await.queue, None);

    it.store.append(vec![post("C2", "first")], at(5)).await.unwrap();
    it.store.append(vec![post("C1", "second")], at(6)).await.unwrap();
    let (first, _) = it.taken("slack:C2", at(5)).await;
    let retry = Settled::Retry {
        at: at(90),
        why: "Slack does not answer".into(),
    };
    it.store.settle(first.id, retry, at(5), vec![]).await.unwrap();
    let longest = Unsent {
        lane: "slack:C2".into(),
        since: at(5),
        why: Some("Slack does not answer".into()),
    };
    assert_eq!(lag(|_, _| false).await.outbox, Some(longest));
}

#[tokio::test]
async fn what_a_run_found_before_the_check_was_heard_from_is_no_result() {
    let it = Fixture::new();
    assert!(it.beats(None, 1).await);
    it.caused(somebody(), Cause::Requests(vec![request(60)])).await;
    let run = it.claimed(at(60)).await.id;
    assert!(it.beats(Some("disk full"), 61).await);
    let ended = it.store.end_check(run, exit(0, at(62)), vec![], vec![backups()]).await;
    assert_eq!(ended.unwrap(), []);
    assert_eq!(it.status().await, Status::Critical, "it did not recover");
    it.caused(somebody(), Cause::Requests(vec![request(63)])).await;
    let run = it.claimed(at(63)).await.id;
    let ended = it.store.end_check(run, exit(1, at(64)), vec![], vec![backups()]).await;
    assert!(ended.is_ok());
    assert_eq!(it.store.results("demo", "backup", 10).await.unwrap()[0].run, run);
}

#[tokio::test]
async fn whoever_may_send_messages_does_not_page_with_each() {
    let it = Fixture::new();
    let mut news = 0;
    for second in 0..60 {
        let failure = (second % 2 == 0).then_some("no");
        news += u32::from(it.beats(failure, second).await);
    }
    assert_eq!(news, 6);
    assert_eq!(it.heartbeat(59).await, Heartbeat::now(None, at(59)), "all are noted");
    assert!(it.beats(None, 120).await || it.beats(Some("no"), 121).await);
}

#[tokio::test]
async fn a_clock_that_was_put_back_makes_nobody_wait_for_the_day_it_came_from() {
    let it = Fixture::new();
    assert!(it.beats(None, 1_000_000).await);
    assert_eq!(it.heartbeat(10).await.at, at(10));
}

#[tokio::test]
async fn a_check_that_was_switched_off_is_waited_for_anew() {
    let it = Fixture::new();
    assert!(it.beats(Some("disk full"), 1).await);
    let mut off = (*backups()).clone();
    off.checks.get_mut("backup").unwrap().active = false;
    it.store
        .resume_services(vec![Arc::new(off)], vec![], at(2))
        .await
        .unwrap();
    it.store.resume_services(vec![backups()], vec![], at(3)).await.unwrap();
    assert!(!it.heartbeat(4).await.heard);
    assert_eq!(it.status().await, Status::Passing);
}
