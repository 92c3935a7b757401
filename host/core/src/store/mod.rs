//! The one place with SQL: named operations, each one transaction.
//!
//! ```text
//!   accept, decide ─► asking ─┬─► request ─► claim ─► run ─► end ─┐
//!                             └──────────► delivery ◄─────────────┘ ─► take ─► settle
//! ```
//!
//! [`Store`] is the seam. Nothing outside this folder knows that SQLite is behind it; another store would have the same
//! operations with the same promises:
//!
//! - An operation that returned `Ok` is durable, with everything that it says it did. One that returned an error changed
//!   nothing.
//! - Operations happen one after the other, in the order in which they were called by one caller.
//! - Numbers of askings, requests and runs are never given out again.
//! - What an operation costs does not grow with what waits or was kept before (`status` counts, and `lag` looks through what
//!   is not sent: they are the exceptions).
//!   A claim passes over jobs that are suppressed, and asks when the first of them is released.
//!
//! It leaves to others: what a job is, who may ask, what is said, when a delivery is tried again, and waking those who
//! wait for work. An operation's caller knows what work it made.

mod alerting;
mod asking;
mod caught_up;
mod column;
mod data;
mod db;
mod error;
mod job;
mod lag;
mod outbox;
mod progress;
mod queue;
mod read;
mod schedule;
mod statement;
mod suppression;
mod view;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use uuid::Uuid;

pub use alerting::{
    AcknowledgementView, AlertCall, CallSettled, CheckView, DueCall, DueServices, FieldValue, Look, NewPerson, Noted,
    Person, PersonChange, PersonId, PersonRefused, Prunable, ResultView, ServiceView, StatusChangeView,
};
pub use data::{Accepted, Cancel, Cause, Caused, Claim, ClaimOne, Looked, Queued, RunEnd, Settled, Take, Written};
pub use error::StoreError;
pub use view::{
    AskingView, OutboxView, PENDING_SHOWN, PendingView, RequestView, RunEndView, RunView, SUPPRESSIONS_SHOWN,
    StatusView, SuppressionView,
};

use crate::alert::Lag;
use crate::clock::Timestamp;
use crate::message::{Address, NewDelivery, Post};
use crate::request::{Asking, AskingId, NewAsking, NewRequest, RequestId};
use crate::run::{Run, RunId};
use crate::schedule::Mark;
use db::Readers;
use writer::Writer;

/// Builds the deliveries that answer an asking, inside the transaction that keeps it.
pub type Answer = Box<dyn FnOnce(&Caused) -> Vec<NewDelivery> + Send>;

/// How long a webhook or a start by the clock is recognised as a repetition. Longer than GitHub can redeliver one.
const KEYS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Keys that one [`Store::forget`] takes away, at most: others wait for the writer meanwhile.
const FORGET_BATCH: u32 = 1000;

/// The queue and the outbox. Cheap to clone; the database is closed when the last clone is dropped, or by
/// [`close`](Self::close).
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Option<Writer>,
    readers: Readers,
}

impl Store {
    /// Opens the store in `data_dir`, and makes what is missing. The caller holds the folder's lock.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`]; [`StoreError::Open`] for everything else.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let connection = db::open_writer(data_dir)?;
        let writer = Writer::start(connection).map_err(|error| StoreError::Open {
            path: data_dir.to_owned(),
            why: format!("its thread does not start: {error}"),
        })?;
        Ok(Self::of(Some(writer), Readers::new(data_dir)))
    }

    /// Opens the store for looking only, beside a `serve` that owns it or without one. Where nothing was ever kept in
    /// `data_dir` it is empty, and nothing is made.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::OlderSchema`]; [`StoreError::Open`] for everything else.
    pub fn open_read_only(data_dir: &Path) -> Result<Self, StoreError> {
        let readers = Readers::new(data_dir);
        readers.check()?;
        Ok(Self::of(None, readers))
    }

    fn of(writer: Option<Writer>, readers: Readers) -> Self {
        Self {
            inner: Arc::new(Inner { writer, readers }),
        }
    }

    /// Does what was asked for before, then closes the database. Operations that come later fail with
    /// [`StoreError::Gone`]. Doing it twice does no harm.
    pub async fn close(&self) {
        if let Some(writer) = &self.inner.writer {
            writer.close().await;
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.inner.writer {
            Some(writer) => writer.write(doing, work).await,
            None => Err(StoreError::ReadOnly { doing }),
        }
    }
}

/// Askings, requests and runs.
impl Store {
    /// Keeps an asking with all that it causes, and puts `deliveries` into the outbox: one commit. Whoever asked may be
    /// told so when this returns.
    ///
    /// An asking with a known key is [`Accepted::Repeated`] and changes nothing; except that an edit of one that has not
    /// acted, with another text, replaces it and is carried out.
    ///
    /// # Errors
    /// Nothing was kept, and nothing may be acknowledged.
    pub async fn accept(
        &self,
        asking: NewAsking,
        cause: Cause,
        deliveries: Vec<NewDelivery>,
    ) -> Result<Accepted, StoreError> {
        self.accept_with(asking, cause, move |_| deliveries).await
    }

    /// The same, for an answer that depends on what came of it (`joined`, `busy`, `cancelled`). `answer` is called
    /// inside the transaction: it builds deliveries and does nothing else.
    ///
    /// # Errors
    /// Nothing was kept, and nothing may be acknowledged.
    pub async fn accept_with(
        &self,
        asking: NewAsking,
        cause: Cause,
        answer: impl FnOnce(&Caused) -> Vec<NewDelivery> + Send + 'static,
    ) -> Result<Accepted, StoreError> {
        self.write("keep what was asked", move |c| {
            asking::accept(c, &asking, &cause, answer)
        })
        .await
    }

    /// Keeps several askings, each as [`accept_with`](Self::accept_with) would: all of them in one commit.
    ///
    /// # Errors
    /// Nothing was kept, and nothing may be acknowledged.
    pub async fn accept_together(&self, askings: Vec<(NewAsking, Cause, Answer)>) -> Result<Vec<Accepted>, StoreError> {
        self.write("keep what was asked", move |c| {
            let each = askings.into_iter();
            each.map(|(asking, cause, answer)| asking::accept(c, &asking, &cause, answer))
                .collect()
        })
        .await
    }

    /// Carries out an undecided asking. One that is decided already is [`Accepted::Repeated`] and stays as it is.
    ///
    /// # Errors
    /// [`StoreError::UnknownAsking`].
    pub async fn decide(
        &self,
        asking: AskingId,
        cause: Cause,
        now: Timestamp,
        deliveries: Vec<NewDelivery>,
    ) -> Result<Accepted, StoreError> {
        self.decide_with(asking, cause, now, move |_| deliveries).await
    }

    /// The same, for an answer that depends on what came of it; see [`accept_with`](Self::accept_with).
    ///
    /// # Errors
    /// [`StoreError::UnknownAsking`].
    pub async fn decide_with(
        &self,
        id: AskingId,
        cause: Cause,
        now: Timestamp,
        answer: impl FnOnce(&Caused) -> Vec<NewDelivery> + Send + 'static,
    ) -> Result<Accepted, StoreError> {
        self.write("decide what was asked", move |c| {
            asking::decide(c, id, &cause, now, answer)
        })
        .await
    }

    /// Every asking that waits for [`decide`](Self::decide), oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn undecided(&self) -> Result<Vec<Asking>, StoreError> {
        self.inner
            .readers
            .read("list what is undecided", asking::undecided)
            .await
    }

    /// Takes the request that is to start first, by due time and then by number, of all jobs of which nothing runs and
    /// that are not suppressed; and marks it as running.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim(&self, now: Timestamp) -> Result<Claim, StoreError> {
        self.claim_elsewhere(now, Vec::new()).await
    }

    /// The same, but nothing of the namespaces that are `crowded`: they have as many runs as they may have.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_elsewhere(&self, now: Timestamp, crowded: Vec<String>) -> Result<Claim, StoreError> {
        self.write("claim a request", move |c| queue::claim(c, now, &crowded))
            .await
    }

    /// Takes this one request, whatever else is pending, if it is due, and its job neither runs nor is suppressed.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_request(&self, request: RequestId, now: Timestamp) -> Result<ClaimOne, StoreError> {
        self.write("claim a request", move |c| queue::claim_request(c, request, now))
            .await
    }

    /// Ends a run and its request, frees its job, and puts its report into the outbox: one commit.
    ///
    /// # Errors
    /// [`StoreError::RunEnded`], [`StoreError::UnknownRun`]: nothing changed, the deliveries were not taken either.
    pub async fn end(&self, run: RunId, end: RunEnd, deliveries: Vec<NewDelivery>) -> Result<(), StoreError> {
        self.write("end a run", move |c| queue::end(c, run, &end, &deliveries).map(|_| ()))
            .await
    }

    /// Shows how far a run is, at each of `places` in one message: posted the first time, edited from then on. Nothing where the
    /// run has ended. Says in which lanes there is work.
    ///
    /// # Errors
    /// The database's: nothing is shown.
    pub async fn show_progress(
        &self,
        run: RunId,
        places: Vec<Address>,
        post: Post,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        self.write("show how far a run is", move |c| {
            Ok(progress::show(c, run, &places, &post, now)?)
        })
        .await
    }

    /// Every run that is marked as running, oldest first. When the host starts, all of them died with the one before.
    ///
    /// # Errors
    /// The database's.
    pub async fn dead_runs(&self) -> Result<Vec<Run>, StoreError> {
        self.inner.readers.read("list what runs", queue::running).await
    }

    /// Cancels a request, if it is pending.
    ///
    /// # Errors
    /// The database's.
    pub async fn cancel(&self, request: RequestId, now: Timestamp) -> Result<Cancel, StoreError> {
        self.write("cancel a request", move |c| queue::cancel(c, request, now))
            .await
    }

    /// Keeps what `source` sent and nobody could read.
    ///
    /// # Errors
    /// The database's: nothing was kept.
    pub async fn keep_unreadable(
        &self,
        source: String,
        body: String,
        why: String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write("keep what nobody could read", move |c| {
            asking::keep_unreadable(c, &source, &body, &why, at)
        })
        .await
    }

    /// Takes away the keys of webhooks and of starts by the clock that are older than 30 days, at most 1000 of them, and says
    /// how many. The askings stay.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget(&self, now: Timestamp) -> Result<u64, StoreError> {
        let kept = i64::try_from(KEYS_KEPT.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp::from_micros(now.as_micros().saturating_sub(kept));
        self.write("forget old keys", move |c| asking::forget(c, before, FORGET_BATCH))
            .await
    }
}

/// Starts by the clock.
impl Store {
    /// Goes on with these schedules where an earlier host left them: says for each, in their order, up to where it was
    /// decided about. One that is new begins at the mark that is given. All others are forgotten, but for those of
    /// namespaces that are `left_out`.
    ///
    /// # Errors
    /// The database's: nothing changed.
    pub async fn resume_schedules(
        &self,
        marks: Vec<Mark>,
        left_out: Vec<String>,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.write("go on with the schedules", move |c| {
            Ok(schedule::resume(c, &marks, &left_out)?)
        })
        .await
    }

    /// Keeps a start by the clock with its request, and that it was decided about: one commit. A start whose asking has a
    /// known key is [`Accepted::Repeated`], and only its mark is kept.
    ///
    /// # Errors
    /// The database's: nothing was kept.
    pub async fn accept_start(
        &self,
        mark: Mark,
        asking: NewAsking,
        request: NewRequest,
    ) -> Result<Accepted, StoreError> {
        self.write("keep a start by the clock", move |c| {
            schedule::note(c, &mark)?;
            asking::accept(c, &asking, &Cause::Requests(vec![request]), |_| Vec::new())
        })
        .await
    }

    /// Keeps that a start was passed over.
    ///
    /// # Errors
    /// The database's.
    pub async fn skip_start(&self, mark: Mark) -> Result<(), StoreError> {
        self.write("pass over a start by the clock", move |c| {
            schedule::note(c, &mark)?;
            Ok(())
        })
        .await
    }
}

/// Up to where messages were looked through for keywords.
impl Store {
    /// Goes on where an earlier host left these places: says for each, in their order, up to when it was looked through.
    /// One that is new begins at `now`. All others of their kind are forgotten, but for those of namespaces that are
    /// `left_out`.
    ///
    /// # Errors
    /// The database's: nothing changed.
    pub async fn resume_looking(
        &self,
        kind: Looked,
        places: Vec<String>,
        left_out: Vec<String>,
        now: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.write("go on looking for keywords", move |c| {
            Ok(caught_up::resume(c, kind, &places, &left_out, now)?)
        })
        .await
    }

    /// Keeps that a place was looked through up to this moment. It never goes back.
    ///
    /// # Errors
    /// The database's.
    pub async fn looked_through(&self, kind: Looked, place: String, at: Timestamp) -> Result<(), StoreError> {
        self.write("keep what was looked through", move |c| {
            caught_up::note(c, kind, &place, at)?;
            Ok(())
        })
        .await
    }
}

/// The outbox.
impl Store {
    /// Puts deliveries at the end of their lanes, in their order.
    ///
    /// # Errors
    /// The database's: none of them was kept.
    pub async fn append(&self, deliveries: Vec<NewDelivery>, now: Timestamp) -> Result<(), StoreError> {
        self.write("put deliveries into the outbox", move |c| {
            Ok(outbox::append(c, &deliveries, now)?)
        })
        .await
    }

    /// The lanes in which something is unsettled.
    ///
    /// # Errors
    /// The database's.
    pub async fn lanes_with_work(&self) -> Result<Vec<String>, StoreError> {
        self.inner
            .readers
            .read("list lanes with work", outbox::lanes_with_work)
            .await
    }

    /// Takes the first unsettled delivery of a lane, if it is due: it is in flight then, and the attempt is counted. No
    /// other of the lane is taken before it is settled.
    ///
    /// One sender works on a lane. It settles what it took before it takes again; what it finds in flight all the same
    /// was in flight when the host died.
    ///
    /// # Errors
    /// The database's.
    pub async fn take(&self, lane: &str, now: Timestamp) -> Result<Take, StoreError> {
        let lane = lane.to_owned();
        self.write("take a delivery", move |c| outbox::take(c, &lane, now))
            .await
    }

    /// Keeps how an attempt ended, and puts `deliveries` (what is to be said about it) into the outbox: one commit.
    ///
    /// # Errors
    /// [`StoreError::NotInFlight`]: nothing changed.
    pub async fn settle(
        &self,
        id: Uuid,
        settled: Settled,
        now: Timestamp,
        deliveries: Vec<NewDelivery>,
    ) -> Result<(), StoreError> {
        self.write("settle a delivery", move |c| {
            outbox::settle(c, id, &settled, now, &deliveries)
        })
        .await
    }
}

/// What people look at. Reads wait for nobody.
impl Store {
    /// Whether something could be kept now: an empty operation, in its turn behind those that wait.
    ///
    /// # Errors
    /// The database's.
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.write("answer", |_| Ok(())).await
    }

    /// What goes on, at `now`.
    ///
    /// # Errors
    /// The database's.
    pub async fn status(&self, now: Timestamp) -> Result<StatusView, StoreError> {
        self.inner
            .readers
            .read("read the status", move |c| read::status(c, now))
            .await
    }

    /// What waits for longest of what could start, and of what could be sent. A namespace is passed over where it is
    /// `left_out`, or `is_crowded` with so many runs: its requests wait for itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn lag(
        &self,
        now: Timestamp,
        left_out: Vec<String>,
        is_crowded: impl Fn(&str, usize) -> bool + Send + 'static,
    ) -> Result<Lag, StoreError> {
        self.inner
            .readers
            .read("look at what waits", move |c| lag::lag(c, now, left_out, is_crowded))
            .await
    }

    /// The suppressions of a namespace that have not ended at `now`, by their start; the first [`SUPPRESSIONS_SHOWN`].
    ///
    /// # Errors
    /// The database's.
    pub async fn suppressions(&self, namespace: &str, now: Timestamp) -> Result<Vec<SuppressionView>, StoreError> {
        let namespace = namespace.to_owned();
        self.inner
            .readers
            .read("list suppressions", move |c| {
                suppression::list(c, Some(&namespace), now)
            })
            .await
    }

    /// A run, in progress or ended.
    ///
    /// # Errors
    /// The database's.
    pub async fn run(&self, run: RunId) -> Result<Option<RunView>, StoreError> {
        self.inner.readers.read("read a run", move |c| read::run(c, run)).await
    }

    /// The runs of a request, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn runs_of_request(&self, request: RequestId) -> Result<Vec<RunView>, StoreError> {
        self.inner
            .readers
            .read("read the runs of a request", move |c| read::runs_of_request(c, request))
            .await
    }

    /// A request, whatever its state.
    ///
    /// # Errors
    /// The database's.
    pub async fn request(&self, request: RequestId) -> Result<Option<RequestView>, StoreError> {
        self.inner
            .readers
            .read("read a request", move |c| read::request(c, request))
            .await
    }

    /// The last `limit` runs, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn recent_runs(&self, limit: u32) -> Result<Vec<RunView>, StoreError> {
        self.inner
            .readers
            .read("read the last runs", move |c| read::recent_runs(c, limit))
            .await
    }
}

#[cfg(test)]
mod tests;
