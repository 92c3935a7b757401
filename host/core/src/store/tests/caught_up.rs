//! Up to where messages were looked through.

use super::*;

fn places(places: &[&str]) -> Vec<String> {
    places.iter().map(|place| (*place).to_owned()).collect()
}

#[tokio::test]
async fn what_was_looked_through_is_known_after_a_crash_and_what_is_new_begins_now() {
    let it = Fixture::new();
    let resume = async |it: &Fixture, names: &[&str], now| {
        let resumed = it.store.resume_looking(Looked::Channel, places(names), vec![], now);
        resumed.await.unwrap()
    };
    assert_eq!(resume(&it, &["C1", "C2"], at(1)).await, [at(1), at(1)]);
    it.store
        .looked_through(Looked::Channel, "C1".into(), at(5))
        .await
        .unwrap();
    it.store
        .looked_through(Looked::Channel, "C1".into(), at(3))
        .await
        .unwrap();
    it.store
        .looked_through(Looked::Search, "C2".into(), at(5))
        .await
        .unwrap();
    it.store
        .looked_through(Looked::Channel, "C9".into(), at(5))
        .await
        .unwrap();
    let it = it.crash();
    assert_eq!(resume(&it, &["C2", "C1", "C9"], at(8)).await, [at(1), at(5), at(8)]);
    assert_eq!(resume(&it, &["C1"], at(9)).await, [at(5)]);
    assert_eq!(
        resume(&it, &["C2"], at(10)).await,
        [at(10)],
        "a channel that the bot had left"
    );
}

#[tokio::test]
async fn a_namespace_that_is_left_out_keeps_what_it_had() {
    let it = Fixture::new();
    let resume = async |names: &[&str], left_out: &[&str], now| {
        let resumed = it
            .store
            .resume_looking(Looked::Rule, places(names), places(left_out), now);
        resumed.await.unwrap()
    };
    assert_eq!(resume(&["ops/a", "lab/b"], &[], at(1)).await, [at(1), at(1)]);
    assert_eq!(resume(&[], &["lab"], at(2)).await, []);
    assert_eq!(resume(&["ops/a", "lab/b"], &[], at(3)).await, [at(3), at(1)]);
}

#[tokio::test]
async fn while_a_namespace_is_left_out_channels_and_words_keep_what_they_had() {
    for kind in [Looked::Channel, Looked::Search] {
        let it = Fixture::new();
        let resume = async |names: &[&str], left_out: &[&str], now| {
            let resumed = it.store.resume_looking(kind, places(names), places(left_out), now);
            resumed.await.unwrap()
        };
        assert_eq!(resume(&["a", "b"], &[], at(1)).await, [at(1), at(1)]);
        assert_eq!(resume(&["a"], &["lab"], at(2)).await, [at(1)]);
        assert_eq!(resume(&["a", "b"], &[], at(3)).await, [at(1), at(1)]);
        assert_eq!(resume(&["a"], &[], at(4)).await, [at(1)]);
        assert_eq!(resume(&["a", "b"], &[], at(5)).await, [at(1), at(5)]);
    }
}
