//! The one thread that writes. It takes all operations that wait into one transaction, so that many share one sync of
//! the disk (group commit), and answers each of them only after the commit.
//!
//! Each operation has a savepoint of its own: one that fails, or panics, is undone alone. With nothing to do the thread
//! sleeps until somebody sends; it has no timer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::StoreError;
use super::statement::change;

/// Operations in one transaction, at most: the first of them waits for the last.
const BATCH: usize = 256;
/// Operations that wait, at most; whoever comes then waits to be let in.
const WAITING: usize = 1024;

/// A way to the writing thread. The thread ends when this is dropped or closed, after all that was sent before.
pub(super) struct Writer {
    sender: Option<mpsc::Sender<Message>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Operation(Box<dyn Operation>),
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (sender, inbox) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(connection, inbox))?;
        Ok(Self {
            sender: Some(sender),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Does `work` in a transaction. When this returns `Ok`, the work is committed and on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reply = self.submit(doing, work).await?;
        reply.await.map_err(|_| StoreError::Gone { doing })?
    }

    /// Hands `work` to the thread; the receiver gets its result after the commit.
    async fn submit<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
        let gone = StoreError::Gone { doing };
        let Some(sender) = &self.sender else { return Err(gone) };
        let (reply, receiver) = oneshot::channel();
        let task = Task {
            doing,
            work: Some(work),
            result: None,
            reply,
        };
        match sender.send(Message::Operation(Box::new(task))).await {
            Ok(()) => Ok(receiver),
            Err(_) => Err(gone),
        }
    }

    /// Takes no more work, does what was sent before, and closes the database. Doing it twice does no harm.
    pub(super) async fn close(&self) {
        let Some(sender) = &self.sender else { return };
        let (done, closed) = oneshot::channel();
        if sender.send(Message::Close(done)).await.is_ok() {
            // An error means that the thread has ended already, which is what was asked for.
            closed.await.ok();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.sender = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes the queue had panicked");
        }
    }
}

/// One operation on its way through the thread.
trait Operation: Send {
    /// Does it, inside a transaction that is not its own. None: done. Some: it failed, and is to be undone.
    fn perform(&mut self, connection: &Connection) -> Option<StoreError>;
    /// Answers, once it is known whether the transaction was committed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Task<T, F> {
    doing: &'static str,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T, StoreError> + Send> Operation for Task<T, F> {
    fn perform(&mut self, connection: &Connection) -> Option<StoreError> {
        let doing = self.doing;
        let work = self.work.take()?;
        // What the closure may leave half done is in the database, and its savepoint undoes that.
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or(Err(StoreError::Panicked { doing }))
            .map_err(|error| error.doing(doing));
        let failed = result.as_ref().err().cloned();
        self.result = Some(result);
        failed
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let result = match (self.result, commit) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(error.doing(self.doing)),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(StoreError::Gone { doing: self.doing }),
        };
        // Whoever asked may have gone away since; what was committed stays.
        reply_or_drop(self.reply, result);
    }
}

fn reply_or_drop<T>(reply: oneshot::Sender<T>, result: T) {
    if reply.send(result).is_err() {
        tracing::debug!("nobody waits any more for an operation of the queue that is done");
    }
}

fn serve(connection: Connection, mut inbox: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(BATCH);
    let mut closers = Vec::new();
    while inbox.blocking_recv_many(&mut messages, BATCH) > 0 {
        let mut batch = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Operation(operation) => batch.push(operation),
                Message::Close(done) => {
                    inbox.close();
                    closers.push(done);
                }
            }
        }
        if !batch.is_empty() {
            commit(&connection, batch);
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::error!(%error, "the queue's database was not closed cleanly; nothing that was committed is lost");
    }
    for done in closers {
        reply_or_drop(done, ());
    }
}

/// One transaction: performs all of them, commits, answers all of them.
fn commit(connection: &Connection, mut batch: Vec<Box<dyn Operation>>) {
    let commit = transact(connection, &mut batch).map_err(|error| error.doing("commit"));
    if let Err(error) = &commit {
        tracing::error!(%error, operations = batch.len(), "the queue could not commit");
        leave_transaction(connection);
    }
    for operation in batch {
        operation.answer(commit.clone());
    }
}

fn transact(connection: &Connection, batch: &mut [Box<dyn Operation>]) -> Result<(), StoreError> {
    leave_transaction(connection);
    change(connection, "BEGIN IMMEDIATE", [])?;
    for operation in batch {
        change(connection, "SAVEPOINT operation", [])?;
        if let Some(failure) = operation.perform(connection) {
            // Some failures of the disk end the whole transaction; then nobody's work is kept.
            if connection.is_autocommit() {
                return Err(failure);
            }
            change(connection, "ROLLBACK TO operation", [])?;
        }
        change(connection, "RELEASE operation", [])?;
    }
    change(connection, "COMMIT", [])?;
    Ok(())
}

/// Undoes a transaction that could not be committed.
fn leave_transaction(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = change(connection, "ROLLBACK", [])
    {
        tracing::error!(%error, "the queue could not undo a transaction");
    }
}

#[cfg(test)]
mod tests;
