//! Suppressions: what is held back, until when, and what is not.

use super::*;
use crate::suppression::Suppression;

fn span(start: i64, end: i64) -> Suppression {
    Suppression {
        start: at(start),
        end: at(end),
    }
}

fn suppress(job: &str, start: i64, end: i64) -> Cause {
    Cause::Suppress {
        namespace: "demo".into(),
        job: job.into(),
        span: span(start, end),
    }
}

fn lift(job: &str) -> Cause {
    Cause::LiftSuppressions {
        namespace: "demo".into(),
        job: job.into(),
    }
}

#[tokio::test]
async fn a_suppressed_job_waits_and_the_claim_says_until_when() {
    let it = Fixture::new();
    it.caused(somebody(), suppress("deploy", 10, 100)).await;
    let before = it.queued("deploy", "one", at(0)).await;
    assert_eq!(before.suppressed, None);
    assert_eq!(it.claimed(at(9)).await.request, before.id, "it has not begun");
    let during = it.queued("deploy", "two", at(20)).await;
    assert_eq!((during.suppressed, during.busy.is_some()), (Some(at(100)), true));
    let other = it.queued("hello", "", at(20)).await;
    assert_eq!(it.claimed(at(20)).await.request, other.id, "other jobs go on");
    // What runs goes on, and ends as it would.
    let run = it.store.dead_runs().await.unwrap().remove(0);
    it.store.end(run.id, exit(0, at(30)), vec![]).await.unwrap();
    let held = Claim {
        run: None,
        next_due: Some(at(100)),
    };
    assert_eq!(it.store.claim(at(30)).await.unwrap(), held);
    assert_eq!(it.store.claim(at(99)).await.unwrap(), held);
    let one = it.store.claim_request(during.id, at(99)).await.unwrap();
    assert_eq!(one, ClaimOne::NotYet(at(100)));
    assert_eq!(it.claimed(at(100)).await.request, during.id);
}

#[tokio::test]
async fn what_is_due_after_the_end_is_not_told_to_wait_until_it() {
    let it = Fixture::new();
    it.caused(somebody(), suppress("deploy", 0, 10)).await;
    assert_eq!(it.queued("deploy", "", at(60)).await.suppressed, None);
    assert_eq!(it.store.claim(at(5)).await.unwrap().next_due, Some(at(60)));
}

#[tokio::test]
async fn suppressions_that_overlap_hold_until_the_last_ends() {
    let it = Fixture::new();
    it.caused(somebody(), suppress("deploy", 0, 10)).await;
    it.caused(somebody(), suppress("deploy", 5, 20)).await;
    it.queued("deploy", "", at(0)).await;
    assert_eq!(it.store.claim(at(0)).await.unwrap().next_due, Some(at(10)));
    assert_eq!(it.store.claim(at(10)).await.unwrap().next_due, Some(at(20)));
    it.claimed(at(20)).await;
}

#[tokio::test]
async fn lifting_takes_those_that_have_not_begun_too_and_counts_none_that_have_ended() {
    let it = Fixture::new();
    it.caused(somebody(), suppress("deploy", -20, -10)).await;
    it.caused(somebody(), suppress("deploy", 0, 10)).await;
    it.caused(somebody(), suppress("deploy", 50, 60)).await;
    it.caused(somebody(), suppress("hello", 0, 10)).await;
    let listed = it.store.suppressions("demo", at(0)).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|one| (one.job.as_str(), one.end)).collect();
    assert_eq!(listed, [("deploy", at(10)), ("hello", at(10)), ("deploy", at(60))]);
    assert_eq!(it.store.status(at(0)).await.unwrap().suppressions.len(), 3);
    assert_eq!(it.store.suppressions("other", at(0)).await.unwrap(), []);
    it.queued("deploy", "", at(0)).await;
    assert_eq!(it.caused(somebody(), lift("deploy")).await.lifted, 2);
    it.claimed(at(0)).await;
    assert_eq!(it.caused(somebody(), lift("deploy")).await.lifted, 0);
    assert_eq!(it.caused(somebody(), lift("nothing")).await.lifted, 0);
}

#[tokio::test]
async fn a_suppression_survives_a_power_cut_and_an_edit_makes_no_second_one() {
    let it = Fixture::new();
    it.caused(slack("demo suppress", "1.1"), suppress("deploy", 0, 100))
        .await;
    let it = it.crash();
    let edit = edited("demo suppress for longer", "1.1");
    let again = it.store.accept(edit, suppress("deploy", 0, 200), vec![]).await.unwrap();
    assert_eq!(again, Accepted::Repeated);
    it.queued("deploy", "", at(0)).await;
    assert_eq!(it.store.claim(at(0)).await.unwrap().next_due, Some(at(100)));
}
