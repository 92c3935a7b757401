//! Group commit: who shares a transaction, who is undone, and when answers are given.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::mpsc as std_mpsc;

use tokio::sync::oneshot::error::TryRecvError;

use super::*;

struct Fixture {
    folder: tempfile::TempDir,
    writer: Writer,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("test.db")).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;
                 CREATE TABLE word (word TEXT PRIMARY KEY) STRICT;
                 CREATE TABLE use (word TEXT REFERENCES word (word)) STRICT;",
            )
            .unwrap();
        let writer = Writer::start(connection).unwrap();
        Self { folder, writer }
    }

    /// What somebody else sees, through a connection of their own.
    fn words(&self) -> Vec<String> {
        words(self.folder.path())
    }

    /// Keeps the thread busy until the sender is used, so that what is submitted meanwhile is one batch.
    async fn occupy(&self) -> std_mpsc::Sender<()> {
        let (go, wait) = std_mpsc::channel::<()>();
        let (inside, entered) = oneshot::channel();
        self.writer
            .submit("wait", move |_| {
                inside.send(()).unwrap();
                wait.recv().unwrap();
                Ok(())
            })
            .await
            .unwrap();
        entered.await.unwrap();
        go
    }

    async fn add(&self, word: &'static str) -> oneshot::Receiver<Result<(), StoreError>> {
        self.writer
            .submit("add a word", move |c| insert(c, word))
            .await
            .unwrap()
    }
}

fn words(folder: &Path) -> Vec<String> {
    let connection = Connection::open(folder.join("test.db")).unwrap();
    super::super::statement::all(&connection, "SELECT word FROM word ORDER BY word", [], |row| row.get(0)).unwrap()
}

fn insert(c: &Connection, word: &str) -> Result<(), StoreError> {
    change(c, "INSERT INTO word (word) VALUES (?1)", [word])?;
    Ok(())
}

#[tokio::test]
async fn a_reply_never_precedes_the_commit_of_the_whole_batch() {
    let it = Fixture::new();
    let go = it.occupy().await;
    let mut first = it.add("first").await;
    let (inside, entered) = oneshot::channel();
    let (finish, wait) = std_mpsc::channel::<()>();
    let second = it
        .writer
        .submit("add a word", move |c| {
            insert(c, "second")?;
            inside.send(()).unwrap();
            wait.recv().unwrap();
            Ok(())
        })
        .await
        .unwrap();
    go.send(()).unwrap();
    entered.await.unwrap();
    // The first has been performed, in the transaction that is still open.
    assert_eq!(first.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(it.words(), [""; 0]);
    finish.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(it.words(), ["first", "second"]);
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn one_that_fails_or_panics_is_undone_alone() {
    let it = Fixture::new();
    let go = it.occupy().await;
    let before = it.add("before").await;
    let fails = it
        .writer
        .submit("add two words", |c| {
            insert(c, "undone")?;
            insert(c, "before")
        })
        .await
        .unwrap();
    let panics = it
        .writer
        .submit("panic", |c| -> Result<(), StoreError> {
            insert(c, "undone as well")?;
            panic!("a test's panic")
        })
        .await
        .unwrap();
    let after = it.add("after").await;
    go.send(()).unwrap();
    before.await.unwrap().unwrap();
    after.await.unwrap().unwrap();
    let error = fails.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, StoreError::Sql { doing: "add two words", why } if why.contains("UNIQUE")),
        "{error:?}"
    );
    assert_eq!(panics.await.unwrap(), Err(StoreError::Panicked { doing: "panic" }));
    assert_eq!(it.words(), ["after", "before"]);
}

#[tokio::test]
async fn when_the_commit_fails_everybody_hears_it_and_the_next_batch_works() {
    let it = Fixture::new();
    let go = it.occupy().await;
    let innocent = it.add("innocent").await;
    let guilty = it
        .writer
        .submit("break a reference", |c| {
            c.pragma_update(None, "defer_foreign_keys", true)?;
            change(c, "INSERT INTO use (word) VALUES ('missing')", [])?;
            Ok(())
        })
        .await
        .unwrap();
    go.send(()).unwrap();
    for reply in [innocent, guilty] {
        let error = reply.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("FOREIGN KEY"), "{error}");
    }
    assert_eq!(it.words(), [""; 0]);
    it.add("next").await.await.unwrap().unwrap();
    assert_eq!(it.words(), ["next"]);
}

#[tokio::test]
async fn when_the_transaction_breaks_nobody_is_told_of_success() {
    let it = Fixture::new();
    let go = it.occupy().await;
    let innocent = it.add("innocent").await;
    // What SQLite does by itself when the disk is full.
    let breaks = it
        .writer
        .submit("break the transaction", |c| {
            change(c, "ROLLBACK", [])?;
            insert(c, "outside").and(Err(StoreError::Locked { doing: "" }))
        })
        .await
        .unwrap();
    let late = it.add("late").await;
    go.send(()).unwrap();
    for reply in [innocent, breaks, late] {
        reply.await.unwrap().unwrap_err();
    }
    it.add("next").await.await.unwrap().unwrap();
    assert_eq!(it.words(), ["next", "outside"]);
}

#[tokio::test]
async fn closing_does_what_was_sent_before_and_refuses_what_comes_after() {
    let it = Fixture::new();
    let go = it.occupy().await;
    let sent = it.add("sent before").await;
    let closing = it.writer.close();
    tokio::pin!(closing);
    assert!(futures_poll_once(closing.as_mut()).await.is_none());
    go.send(()).unwrap();
    closing.await;
    sent.await.unwrap().unwrap();
    let refused = it.writer.write("add a word", |c| insert(c, "too late")).await;
    assert_eq!(refused, Err(StoreError::Gone { doing: "add a word" }));
    it.writer.close().await;
    assert_eq!(it.words(), ["sent before"]);
}

#[tokio::test]
async fn dropping_does_what_was_sent_before() {
    let it = Fixture::new();
    let go = it.occupy().await;
    let sent = it.add("sent before").await;
    let Fixture { folder, writer } = it;
    go.send(()).unwrap();
    drop(writer);
    sent.await.unwrap().unwrap();
    assert_eq!(words(folder.path()), ["sent before"]);
}

async fn futures_poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
