//! The host for the length of one command, where no `serve` runs: no triggers, and only what that command ordered is run
//! and delivered. The rest of the data folder waits.

use std::sync::Arc;

use anyhow::bail;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures_util::FutureExt;
use innkeeper_core::clock::Clock;
use innkeeper_core::request::RequestId;
use innkeeper_core::run::Run;
use innkeeper_core::store::{Cancel, ClaimOne, Store};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt;

use super::App;
use crate::alerts::people::People;
use crate::alerts::{Trial, Tried, Unfit};
use crate::deliver::sender::Sender;
use crate::deliver::terminal::Event;
use crate::dispatcher::Dispatcher;
use crate::trigger::cli::{CommandLine, Conversation, Order};
use crate::web;

/// The host for the length of one command: no triggers, and only what that command ordered is run and delivered.
pub struct Solo {
    app: App,
    command_line: CommandLine,
    sender: Arc<Sender>,
    people: Arc<People>,
    interrupted: CancellationToken,
    /// Listens to Ctrl-C, and holds what it would stop: ends with this.
    _signals: AbortOnDropHandle<()>,
}

/// An order given to a [`Solo`] host.
pub struct SoloConversation {
    conversation: Conversation,
    working: JoinSet<()>,
}

impl App {
    /// Becomes the host for the length of one command.
    ///
    /// # Errors
    /// The store's, where runs that died with an earlier process cannot be ended. Signals cannot be listened to.
    pub async fn alone(self) -> anyhow::Result<Solo> {
        self.dispatcher.rescue().await?;
        let interrupted = CancellationToken::new();
        let command_line = self.command_line(self.intake(None, &interrupted));
        let sender = self.sender(None, None);
        let people = self.people()?;
        let dispatcher = self.dispatcher.clone();
        let pressed = interrupted.clone();
        let mut signals = Signals::listen()?;
        let listening = tokio::spawn(async move {
            // Ctrl-C ends the run, not the process: what ended is still reported.
            signals.next().await;
            pressed.cancel();
            dispatcher.end_running_work();
            // Pressed again, by somebody who cannot wait. The next start reports what was running.
            signals.next().await;
            std::process::exit(130);
        });
        Ok(Solo {
            app: self,
            command_line,
            sender,
            people,
            interrupted,
            _signals: AbortOnDropHandle::new(listening),
        })
    }
}

/// What ends a command: Ctrl-C, a terminal that closes, whoever started it.
struct Signals([Signal; 3]);

impl Signals {
    fn listen() -> std::io::Result<Self> {
        let [interrupt, terminate, hangup] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

impl Solo {
    /// Gives an order, and begins with what came of it.
    ///
    /// # Errors
    /// As [`CommandLine::give`].
    pub async fn give(&self, order: Order, user: String) -> anyhow::Result<SoloConversation> {
        let conversation = self.command_line.give(order, user).await?;
        let mut working = JoinSet::new();
        working.spawn(work(
            conversation.open_requests().to_vec(),
            conversation.lane(),
            self.app.store.clone(),
            self.app.clock.clone(),
            self.app.dispatcher.clone(),
            self.sender.clone(),
            self.interrupted.clone(),
        ));
        Ok(SoloConversation { conversation, working })
    }

    /// Waits until Ctrl-C was pressed.
    pub async fn interrupted(&self) {
        self.interrupted.cancelled().await;
    }

    /// Cancels a pending request.
    ///
    /// # Errors
    /// The store's.
    pub async fn cancel(&self, request: RequestId) -> anyhow::Result<Cancel> {
        Ok(self.app.store.cancel(request, self.app.clock.now()).await?)
    }

    /// Tells one user of a service that is made up. What is to be sent waits for `serve`.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub async fn test_alert(&self, trial: &Trial) -> Result<Tried, Unfit> {
        self.app.trials().run(trial).await
    }

    /// Answers what a running host would answer on its socket about the users.
    pub async fn users(&self, request: Request<Body>) -> Response {
        match web::people::routes(self.people.clone()).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Gives the data folder back. Returns a sentence where something in it waits for `serve`.
    ///
    /// # Errors
    /// The store's.
    pub async fn leave(self) -> anyhow::Result<Option<String>> {
        let status = self.app.store.status(self.app.clock.now()).await?;
        self.app.end_guests().await;
        let left = [(status.pending_count, "request"), (status.outbox.unsettled, "message")];
        let left: Vec<String> = left
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        Ok((!left.is_empty()).then(|| format!("still pending: {}; `innkeeper serve` sees to them", left.join(", "))))
    }
}

impl SoloConversation {
    /// The next thing to be heard; none once everything has ended and been reported.
    pub async fn next(&mut self) -> Option<Event> {
        while !self.working.is_empty() {
            tokio::select! {
                biased;
                event = self.conversation.next() => match event {
                    Some(event) => return Some(event),
                    None => break,
                },
                _ = self.working.join_next() => {}
            }
        }
        // What was shown is yet to be settled in the outbox.
        while self.working.join_next().await.is_some() {}
        // Nothing more will come than what has been said already: a request may have failed to start.
        self.conversation.next().now_or_never().flatten()
    }
}

/// Runs requests to their end, each when it is due, and delivers what is addressed to one terminal.
async fn work(
    requests: Vec<RequestId>,
    lane: String,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    dispatcher: Arc<Dispatcher>,
    sender: Arc<Sender>,
    interrupted: CancellationToken,
) {
    sender.drain_now(&lane).await;
    for request in requests {
        match claim_when_due(request, &store, &*clock, &interrupted).await {
            Ok(Some(run)) => dispatcher.execute(run).await,
            Ok(None) => {}
            Err(error) => tracing::error!(
                request.id = request.0,
                error = format!("{error:#}"),
                "it was not started"
            ),
        }
        sender.drain_now(&lane).await;
    }
}

async fn claim_when_due(
    request: RequestId,
    store: &Store,
    clock: &dyn Clock,
    interrupted: &CancellationToken,
) -> anyhow::Result<Option<Run>> {
    while !interrupted.is_cancelled() {
        match store.claim_request(request, clock.now()).await? {
            ClaimOne::Started(run) => return Ok(Some(*run)),
            ClaimOne::NotYet(due) => tokio::select! {
                () = tokio::time::sleep(due.nap_from(clock.now())) => {}
                () = interrupted.cancelled() => {}
            },
            ClaimOne::Busy(run) => bail!("run {run} of the same job goes on"),
            ClaimOne::Gone(state) => bail!("request {request} is {state:?} already"),
            ClaimOne::Unknown => bail!("there is no request {request}"),
        }
    }
    Ok(None)
}
