//! The one door to the queue: recognise repetitions, read, authorise, accept, answer. What it decides about one asking
//! is one commit, and only after it does a trigger acknowledge.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use innkeeper_core::alert::Heartbeat;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::keyword::Book;
use innkeeper_core::message::NewDelivery;
use innkeeper_core::request::{Asking, NewAsking, NewRequest, Origin};
use innkeeper_core::schedule::Mark;
use innkeeper_core::store::{Accepted, Cause, Caused, Look, Looked, Queued, RunEnd, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::{Answer, Decision, Desk, REFUSED, silence};
use super::{Directory, Heard, Said};
use crate::alerts::{DutyRoster, Services};
use crate::bell::{Bells, lanes_of};
use crate::current::Current;
use crate::deliver::terminal::Terminals;

/// The one door to the queue.
#[derive(Clone)]
pub struct Intake {
    desk: Arc<Desk>,
    look_ups: TaskTracker,
}

/// What the door needs.
#[derive(Clone)]
pub struct IntakeParts {
    /// What there is to ask for.
    pub current: Current,
    /// Where it is kept.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Which services there are.
    pub services: Arc<Services>,
    /// Who is on duty.
    pub duty: Arc<DutyRoster>,
    /// Who is who in Slack; none without Slack.
    pub directory: Option<Arc<dyn Directory>>,
    /// Who is told of new work.
    pub bells: Bells,
    /// Who waits at a terminal.
    pub terminals: Terminals,
    /// Ends look-ups at shutdown. What they had not decided is decided after the next start.
    pub stop: CancellationToken,
}

impl Intake {
    /// Builds the door.
    pub fn new(parts: IntakeParts) -> Self {
        Self {
            desk: Arc::new(Desk::new(parts)),
            look_ups: TaskTracker::new(),
        }
    }

    /// Hears what somebody said. When this returns, it is durable and may be acknowledged.
    ///
    /// It is seen through even where the caller goes away meanwhile (a peer that hangs up): what is committed is also
    /// announced.
    ///
    /// # Errors
    /// The store's: nothing was kept, and nothing may be acknowledged.
    pub async fn hear(&self, said: Said) -> anyhow::Result<Heard> {
        let this = self.clone();
        let hearing = self.look_ups.spawn(async move { this.hear_through(said).await });
        hearing.await.context("hearing was cut short")?
    }

    async fn hear_through(&self, said: Said) -> anyhow::Result<Heard> {
        let standing = self.desk.known_standing(&said.origin);
        let asking = NewAsking {
            key: said.key,
            origin: said.origin,
            text: Some(said.text),
            edit: said.edit,
            at: self.desk.parts.clock.now(),
        };
        let text = asking.text.as_deref().unwrap_or_default();
        let decision = self.desk.decide(&asking.origin, text, standing).await?;
        let (cause, answer, refused) = match decision {
            Decision::Do { cause, answer, refused } => (cause, answer, refused),
            Decision::AskDirectory => (Cause::Undecided, silence(), false),
        };
        let kept = (asking.origin.clone(), asking.text.clone(), asking.at);
        match self.desk.accept(asking, cause, answer).await? {
            Heard::Undecided { asking: id } => {
                let (origin, text, at) = kept;
                self.decide_later(Asking { id, origin, text, at });
                Ok(Heard::Undecided { asking: id })
            }
            Heard::Answered { asking, done } => Ok(Heard::Answered {
                asking,
                done: done && !refused,
            }),
            heard => Ok(heard),
        }
    }

    /// Accepts orders that name their jobs (webhooks, the command line). An empty list is kept, and nothing comes of it.
    ///
    /// # Errors
    /// The store's: nothing was kept, and nothing may be acknowledged.
    pub async fn order(&self, asking: NewAsking, orders: Vec<NewRequest>) -> anyhow::Result<Heard> {
        let cause = if orders.is_empty() {
            Cause::Answer
        } else {
            Cause::Requests(orders)
        };
        let desk = self.desk.clone();
        let answer = desk.told_to_wait(&asking.origin, &cause);
        let ordering = self
            .look_ups
            .spawn(async move { desk.accept(asking, cause, answer).await });
        ordering.await.context("ordering was cut short")?
    }

    /// Hears from a check, which says what it says of its `failure`, or that all is well. When this returns, it is durable with
    /// all that follows for its services, and may be acknowledged.
    ///
    /// # Errors
    /// The store's: nothing was kept, and nothing may be acknowledged.
    pub async fn heard_from(
        &self,
        failure: Option<String>,
        asking: NewAsking,
        request: NewRequest,
    ) -> anyhow::Result<()> {
        let desk = self.desk.clone();
        let hearing = self
            .look_ups
            .spawn(async move { desk.heard_from(failure, asking, request).await });
        hearing.await.context("hearing was cut short")?
    }

    /// Accepts several orders that belong together, in one commit; see [`order`](Self::order).
    ///
    /// # Errors
    /// The store's: nothing was kept, and nothing may be acknowledged.
    pub async fn order_together(&self, orders: Vec<(NewAsking, Vec<NewRequest>)>) -> anyhow::Result<Vec<Heard>> {
        let desk = self.desk.clone();
        let ordering = self.look_ups.spawn(async move { desk.accept_together(orders).await });
        ordering.await.context("ordering was cut short")?
    }

    /// Keeps what a stranger said, and refuses it with no more than a reaction: strangers are many, and get nobody to write.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    pub async fn refuse(&self, asking: NewAsking) -> anyhow::Result<Heard> {
        let message = asking.origin.asking_message();
        let reaction = message.map(|message| NewDelivery::reaction(message, REFUSED, None));
        let desk = self.desk.clone();
        let answer: Answer = Box::new(move |_| reaction.into_iter().collect());
        let refusing = self
            .look_ups
            .spawn(async move { desk.accept(asking, Cause::Answer, answer).await });
        refusing.await.context("refusing was cut short")?
    }

    /// Goes on with the schedules; see [`Store::resume_schedules`].
    ///
    /// # Errors
    /// The store's: nothing changed.
    pub async fn resume_schedules(&self, marks: Vec<Mark>, left_out: Vec<String>) -> anyhow::Result<Vec<Timestamp>> {
        let resumed = self.desk.parts.store.resume_schedules(marks, left_out).await;
        resumed.context("the schedules cannot be looked up")
    }

    /// Accepts a start by the clock. When this returns it is durable, and so is that it was decided about.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    pub async fn start(&self, mark: Mark, asking: NewAsking, request: NewRequest) -> anyhow::Result<Heard> {
        let origin = asking.origin.clone();
        let accepted = self.desk.parts.store.accept_start(mark, asking, request).await;
        Ok(self
            .desk
            .announce(&origin, accepted.context("nothing was accepted")?, false))
    }

    /// Passes over a start by the clock, for good.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    pub async fn skip(&self, mark: Mark) -> anyhow::Result<()> {
        let skipped = self.desk.parts.store.skip_start(mark).await;
        skipped.context("it was not kept that a start is skipped")
    }

    /// Keeps what a source sent and nobody could read, so that it is not lost, and says so in the log.
    ///
    /// # Errors
    /// The store's: nothing was kept.
    pub async fn keep_unreadable(&self, source: &str, body: &str, why: &str) -> anyhow::Result<()> {
        tracing::warn!(
            source,
            why,
            bytes = body.len(),
            "something came in that could not be read; it is kept"
        );
        self.desk
            .parts
            .store
            .keep_unreadable(
                source.to_owned(),
                body.to_owned(),
                why.to_owned(),
                self.desk.parts.clock.now(),
            )
            .await
            .context("what could not be read could not be kept either")
    }

    /// Which words in messages call whom.
    pub fn keywords(&self) -> Arc<Book> {
        self.desk.keywords()
    }

    /// Goes on looking for keywords in what events missed; see [`Store::resume_looking`].
    ///
    /// # Errors
    /// The store's: nothing changed.
    pub async fn resume_looking(&self, kind: Looked, places: Vec<String>) -> anyhow::Result<Vec<Timestamp>> {
        let left_out = self.desk.parts.current.get().left_out.clone();
        let now = self.desk.parts.clock.now();
        let resumed = self.desk.parts.store.resume_looking(kind, places, left_out, now).await;
        resumed.context("it cannot be looked up how far messages were looked through")
    }

    /// Keeps that a place was looked through up to this moment.
    ///
    /// # Errors
    /// The store's.
    pub async fn looked_through(&self, kind: Looked, place: String, at: Timestamp) -> anyhow::Result<()> {
        let kept = self.desk.parts.store.looked_through(kind, place, at).await;
        kept.context("it was not kept how far messages were looked through")
    }

    /// Takes up the askings that an earlier process kept and did not decide.
    ///
    /// # Errors
    /// The store's.
    pub async fn resume(&self) -> anyhow::Result<()> {
        // Without Slack there is nobody who could vouch for anybody: they wait for a start with it.
        if self.desk.parts.directory.is_none() {
            return Ok(());
        }
        for asking in self.desk.parts.store.undecided().await? {
            self.decide_later(asking);
        }
        Ok(())
    }

    /// Waits for what is being heard, and for look-ups to notice that the host stops.
    pub async fn stopped(&self) {
        self.look_ups.close();
        self.look_ups.wait().await;
    }

    /// Asks the directory who somebody is, for as long as it takes, and then decides.
    fn decide_later(&self, asking: Asking) {
        let desk = self.desk.clone();
        self.look_ups.spawn(async move {
            tokio::select! {
                () = desk.parts.stop.cancelled() => {}
                () = desk.look_up_and_decide(asking) => {}
            }
        });
    }
}

/// Where an answer went, which is known once it is built: inside the commit.
#[derive(Default)]
struct Told(Arc<OnceLock<Vec<String>>>);

impl Told {
    fn of(answer: Answer) -> (Answer, Self) {
        let told = Self::default();
        let lanes = told.0.clone();
        let noting: Answer = Box::new(move |caused| {
            let deliveries = answer(caused);
            // Set once: an answer is built once.
            let _ = lanes.set(lanes_of(&deliveries));
            deliveries
        });
        (noting, told)
    }

    fn lanes(&self) -> Vec<String> {
        self.0.get().cloned().unwrap_or_default()
    }
}

impl Desk {
    async fn accept(&self, asking: NewAsking, cause: Cause, answer: Answer) -> anyhow::Result<Heard> {
        let origin = asking.origin.clone();
        let undecided = matches!(cause, Cause::Undecided);
        let (answer, told) = Told::of(answer);
        let accepted = self
            .parts
            .store
            .accept_with(asking, cause, answer)
            .await
            .context("nothing was accepted")?;
        self.parts.bells.ring_outbox(told.lanes());
        self.ring_for_the_cancelled(&accepted).await;
        Ok(self.announce(&origin, accepted, undecided))
    }

    async fn heard_from(&self, failure: Option<String>, asking: NewAsking, request: NewRequest) -> anyhow::Result<()> {
        let said = Heartbeat::now(failure.clone(), asking.at).verdict(Duration::ZERO, asking.at);
        let book = self.parts.services.book();
        let services = book.of_check(&request.namespace, &request.job).unwrap_or_default();
        let look = Look {
            end: RunEnd::of_verdict(said, asking.at),
            services: services.to_vec(),
            asking,
            request,
        };
        let heard = self.parts.store.heard_from(failure, look).await;
        if heard.context("nothing was kept")?.is_some() && !services.is_empty() {
            self.parts.bells.ring_alerts();
        }
        Ok(())
    }

    async fn accept_together(&self, orders: Vec<(NewAsking, Vec<NewRequest>)>) -> anyhow::Result<Vec<Heard>> {
        let origins: Vec<Origin> = orders.iter().map(|(asking, _)| asking.origin.clone()).collect();
        let askings = orders.into_iter().map(|(asking, requests)| {
            let cause = Cause::Requests(requests);
            let answer = self.told_to_wait(&asking.origin, &cause);
            (asking, cause, answer)
        });
        let accepted = self.parts.store.accept_together(askings.collect()).await;
        let accepted = accepted.context("nothing was accepted")?;
        let heard = origins.iter().zip(accepted);
        Ok(heard
            .map(|(origin, accepted)| self.announce(origin, accepted, false))
            .collect())
    }

    /// Whoever asked for what was cancelled is told in lanes that only the store knows.
    async fn ring_for_the_cancelled(&self, accepted: &Accepted) {
        if !matches!(accepted, Accepted::New(caused) if !caused.cancelled.is_empty()) {
            return;
        }
        match self.parts.store.lanes_with_work().await {
            Ok(lanes) => self.parts.bells.ring_outbox(lanes),
            Err(error) => tracing::error!(%error, "what is said of a cancelled request waits for the next start"),
        }
    }

    /// Tells the rest of the house, after the commit.
    fn announce(&self, origin: &Origin, accepted: Accepted, undecided: bool) -> Heard {
        let trigger = origin.trigger().as_str();
        // Also for a repetition: whoever heard it first may have died before it rang.
        self.parts.bells.ring_queue();
        self.parts
            .bells
            .ring_outbox(origin.told_at().map(|address| address.lane()));
        let Accepted::New(Caused {
            asking,
            requests,
            cancelled,
            lifted: _,
            service,
        }) = accepted
        else {
            tracing::debug!(trigger, "heard again what had been heard before");
            return Heard::Repeated;
        };
        if let Some(Ok(noted)) = service.as_deref() {
            tracing::info!(
                trigger,
                asking.id = asking.0,
                service = noted.service,
                "a service was told something"
            );
            self.parts.bells.ring_alerts();
        }
        for request in cancelled {
            self.parts.terminals.tell_cancelled(request);
        }
        for Queued { id, joined, .. } in &requests {
            tracing::info!(trigger, asking.id = asking.0, request.id = id.0, joined, "accepted");
        }
        match requests.is_empty() {
            _ if undecided => Heard::Undecided { asking },
            // What means nothing to the service was not done.
            true => Heard::Answered {
                asking,
                done: service.is_none_or(|service| service.is_ok()),
            },
            false => Heard::Accepted { asking, requests },
        }
    }

    async fn look_up_and_decide(&self, asking: Asking) {
        let mut wait = Duration::from_secs(1);
        while let Err(error) = self.try_to_decide(&asking).await {
            tracing::warn!(
                asking.id = asking.id.0,
                error = format!("{error:#}"),
                "an asking is not decided yet; trying again"
            );
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(60));
        }
    }

    async fn try_to_decide(&self, asking: &Asking) -> anyhow::Result<()> {
        let standing = match (asking.origin.in_slack(), &self.parts.directory) {
            (Some(slack), Some(directory)) => Some(directory.look_up(&slack).await.map_err(anyhow::Error::msg)?),
            _ => None,
        };
        // It may have been edited, or decided, while the directory was asked.
        let undecided = self.parts.store.undecided().await?;
        let Some(asking) = undecided.iter().find(|undecided| undecided.id == asking.id) else {
            return Ok(());
        };
        let text = asking.text.as_deref().unwrap_or_default();
        let Decision::Do { cause, answer, .. } = self.decide(&asking.origin, text, standing).await? else {
            anyhow::bail!("who asks is still unknown");
        };
        let (answer, told) = Told::of(answer);
        let accepted = self
            .parts
            .store
            .decide_with(asking.id, cause, self.parts.clock.now(), answer)
            .await?;
        self.parts.bells.ring_outbox(told.lanes());
        self.ring_for_the_cancelled(&accepted).await;
        self.announce(&asking.origin, accepted, false);
        Ok(())
    }
}
