//! Messages that show how far a run is: posted once, edited after that, and done with at the end of the run.

use super::*;
use crate::message::Content;
use crate::outbox::Receipt;

fn place() -> Vec<Address> {
    vec![Address::Slack {
        channel: "C1".into(),
        thread: None,
        or_user: Some("U1".into()),
    }]
}

fn receipt() -> Receipt {
    Receipt {
        channel: Some("C1".into()),
        ts: Some("1.2".into()),
    }
}

impl Fixture {
    async fn running(&self) -> RunId {
        self.queued("brew", "green", at(0)).await;
        self.claimed(at(0)).await.id
    }

    async fn show(&self, run: RunId, text: &str) -> Vec<String> {
        let shown = self.store.show_progress(run, place(), Post::text(text), at(1));
        shown.await.unwrap()
    }

    async fn finish(&self, run: RunId) {
        let end = RunEnd {
            shown: Some(Post::text("done")),
            ..RunEnd::interrupted(at(2), None)
        };
        self.store.end(run, end, vec![post("C1", "report")]).await.unwrap();
    }

    async fn confirm(&self, id: Uuid) {
        let settled = self.store.settle(id, Settled::Sent(receipt()), at(1), vec![]);
        settled.await.unwrap();
    }

    /// What is sent now to the channel, in its order, each confirmed.
    async fn all_sent(&self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Take::Due { delivery, .. } = self.store.take("slack:C1", at(9)).await.unwrap() {
            texts.push(match delivery.content {
                Content::Progress(post) => format!("shown: {}", post.text),
                Content::Edit { post, last, .. } => {
                    assert_eq!(delivery.edited, Some(receipt()));
                    format!("{}: {}", if last { "at last" } else { "edited" }, post.text)
                }
                Content::Message(Message::Post(post)) => post.text,
                other => panic!("{other:?}"),
            });
            self.confirm(delivery.id).await;
        }
        texts
    }
}

#[tokio::test]
async fn it_is_posted_once_and_edited_from_then_on() {
    let it = Fixture::new();
    let run = it.running().await;
    assert_eq!(it.show(run, "one").await, ["slack:C1"]);
    assert_eq!(it.all_sent().await, ["shown: one"]);
    it.show(run, "two").await;
    assert_eq!(it.all_sent().await, ["edited: two"]);
    it.finish(run).await;
    assert_eq!(it.all_sent().await, ["report", "at last: done"]);
    // What was said of it after its end is not said.
    assert_eq!(it.show(run, "three").await, Vec::<String>::new());
    assert_eq!(
        it.raw::<i64>("SELECT count(*) FROM delivery WHERE edits IS NOT NULL"),
        0
    );
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM progress"), 0);
}

#[tokio::test]
async fn an_edit_takes_the_place_of_one_that_was_not_sent_yet() {
    let it = Fixture::new();
    let run = it.running().await;
    it.show(run, "one").await;
    let (shown, _) = it.taken("slack:C1", at(1)).await;
    it.show(run, "two").await;
    it.show(run, "three").await;
    it.confirm(shown.id).await;
    assert_eq!(it.all_sent().await, ["edited: three"]);
    // One that is on its way stays what it is.
    it.show(run, "four").await;
    let (on_its_way, _) = it.taken("slack:C1", at(1)).await;
    it.show(run, "five").await;
    it.confirm(on_its_way.id).await;
    assert_eq!(it.all_sent().await, ["edited: five"]);
}

#[tokio::test]
async fn what_was_not_tried_before_the_end_is_not_shown_at_all() {
    let it = Fixture::new();
    let run = it.running().await;
    it.show(run, "one").await;
    it.show(run, "two").await;
    it.finish(run).await;
    assert_eq!(it.all_sent().await, ["report"]);
}

#[tokio::test]
async fn what_was_on_its_way_at_the_end_gets_its_last_word_also_after_a_crash() {
    let it = Fixture::new();
    let run = it.running().await;
    it.show(run, "one").await;
    let (shown, _) = it.taken("slack:C1", at(1)).await;
    let it = it.crash();
    it.finish(run).await;
    let (again, was_in_flight) = it.taken("slack:C1", at(1)).await;
    assert_eq!((again.id, was_in_flight), (shown.id, true));
    it.confirm(shown.id).await;
    assert_eq!(it.all_sent().await, ["report", "at last: done"]);
}

#[tokio::test]
async fn where_it_cannot_be_posted_nothing_is_edited() {
    let it = Fixture::new();
    let run = it.running().await;
    it.show(run, "one").await;
    let (shown, _) = it.taken("slack:C1", at(1)).await;
    let why = "not_in_channel".to_owned();
    let refused = it.store.settle(shown.id, Settled::GivenUp { why }, at(1), vec![]);
    refused.await.unwrap();
    it.show(run, "two").await;
    it.finish(run).await;
    assert_eq!(it.all_sent().await, ["report"]);
}
