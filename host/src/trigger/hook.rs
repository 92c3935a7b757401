//! Webhooks of the namespaces' own: who may send them, what a message asks for, and its way to the queue; and, where a
//! sender waits, the report back.
//!
//! How a sender proves who it is, is left to `scheme`; how an answer looks in HTTP, to `web`; what is accepted, and that it is
//! durable, to the intake.

mod scheme;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use http::HeaderMap;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::config::secrets::Secret;
use innkeeper_core::config::{Config, Hook, Namespace};
use innkeeper_core::report::terminal;
use innkeeper_core::request::{Arguments, HookOrigin, NewAsking, NewRequest, Origin, RequestId, Trigger};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::scheme::verify;
use super::cli::Conversation;
use super::payload::{self, Pointer, Unfit, pick};
use super::{Heard, Orders};
use crate::current::{Current, Derived};
use crate::deliver::terminal::{Event, Terminals};

/// Bodies over this are checked off the async threads: signing and reading one of 25 MB takes tens of milliseconds.
const LARGE: usize = 512 * 1024;

/// A content type is a few words; what is longer is not kept.
const LONGEST_TYPE: usize = 200;

/// What is kept of why a check says that it failed, in characters.
const LONGEST_FAILURE: usize = 500;

/// Senders that wait for their reports at once, of all hooks and of one. Each holds a connection, of which Slack and GitHub
/// need some. Who finds no place is not waited for.
const WAITERS: usize = 64;
const WAITERS_OF_A_HOOK: usize = 8;

/// The width of tables and rules in a report that is sent back.
const WIDTH: usize = 100;

/// What the trigger needs.
#[derive(Clone)]
pub struct HookParts {
    /// The door to the queue.
    pub orders: Arc<dyn Orders>,
    /// Where a sender that waits is told what becomes of its message.
    pub terminals: Terminals,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Ends waiting: who waits is told that the message is accepted.
    pub stop: CancellationToken,
}

/// Takes webhooks for all namespaces.
pub struct HookTrigger {
    doors: Derived<Doors>,
    waiters: Semaphore,
    parts: HookParts,
}

/// Doors by namespace and name.
type Doors = BTreeMap<String, BTreeMap<String, Arc<Door>>>;

/// A hook, and what opens it.
#[derive(Debug)]
struct Door {
    namespace: Arc<Namespace>,
    hook: Arc<Hook>,
    /// None: it is not set, and nobody gets in.
    secret: Option<Secret>,
    pointers: Vec<Pointer>,
    waiters: Semaphore,
}

/// What the sender of a heartbeat says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Well,
    Failed,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It had been accepted before.
    Repeated,
    /// It is durable, and these requests were accepted or joined.
    Accepted(Vec<RequestId>),
    /// It is a heartbeat, and durable.
    Noted,
    /// It was waited for, and this is the report.
    Reported {
        /// What it says; nothing where the job says nothing.
        text: String,
        /// Whether the run succeeded.
        succeeded: bool,
    },
}

/// Why a message was not taken. Each is a sentence for its sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such hook.
    #[error("there is no such hook")]
    Unknown,
    /// Nothing shows that the sender knows the secret, or it is an old message.
    #[error(
        "the signature or token does not fit: check the secret, the scheme that the host's owner chose for this hook, and \
         the sender's clock"
    )]
    Unauthorised,
    /// It is no JSON.
    #[error("{0}")]
    Malformed(String),
    /// The payload lacks what an argument of the job is taken from.
    #[error("{0}")]
    Argument(String),
    /// It could not be kept.
    #[error("the message could not be kept: send it again")]
    Unavailable,
}

/// What follows from a message that was authenticated and understood.
type Order = (NewAsking, HookOrigin, NewRequest);

impl HookTrigger {
    /// The trigger for the namespaces that may have it; `secret` gives a secret's value by its name.
    pub fn new(
        current: Current,
        secret: impl Fn(&str) -> Option<Secret> + Send + Sync + 'static,
        parts: HookParts,
    ) -> Self {
        Self {
            doors: Derived::new(current, move |config| doors(config, &secret)),
            waiters: Semaphore::new(WAITERS),
            parts,
        }
    }

    /// Takes one message: checks who sent it, has what follows kept, and waits for the report where the hook says so. When
    /// this returns an answer, the message is durable.
    ///
    /// # Errors
    /// Why it was not taken. Nothing was kept.
    pub async fn deliver(
        &self,
        namespace: &str,
        hook: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Refusal> {
        self.take(namespace, hook, Tone::Well, headers, body).await
    }

    /// The same, for a check that says that it failed, and why. No other hook takes that.
    ///
    /// # Errors
    /// Why it was not taken. Nothing was kept.
    pub async fn deliver_failure(
        &self,
        namespace: &str,
        check: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Refusal> {
        self.take(namespace, check, Tone::Failed, headers, body).await
    }

    async fn take(
        &self,
        namespace: &str,
        hook: &str,
        tone: Tone,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Refusal> {
        let doors = self.doors.get();
        let door = doors.get(namespace).and_then(|hooks| hooks.get(hook));
        let Some(door) = door.filter(|door| door.hook.beats || tone == Tone::Well) else {
            // Not by its name, which is anything that anybody sends.
            tracing::info!("a webhook for no hook of this host");
            return Err(Refusal::Unknown);
        };
        // The room that a large body takes is not given back before it is answered.
        let may_wait = body.len() <= LARGE;
        let answer = match self.decide(door.clone(), headers, body.clone()).await {
            Ok((asking, _, request)) if door.hook.beats => {
                let failure = (tone == Tone::Failed).then(|| last_line(&body));
                self.note(failure, asking, request).await
            }
            Ok(order) => self.order(door, may_wait, order).await,
            Err(refusal) => Err(refusal),
        };
        match &answer {
            Ok(Answer::Accepted(requests)) => tracing::info!(namespace, hook, ?requests, "webhook accepted"),
            Ok(Answer::Reported { succeeded, .. }) => tracing::info!(namespace, hook, succeeded, "webhook reported"),
            Ok(Answer::Repeated) => tracing::info!(namespace, hook, "webhook accepted before"),
            Ok(Answer::Noted) => tracing::debug!(namespace, hook, ?tone, "heartbeat"),
            Err(why) => tracing::warn!(namespace, hook, %why, "webhook refused"),
        }
        answer
    }

    async fn decide(&self, door: Arc<Door>, headers: &HeaderMap, body: Bytes) -> Result<Order, Refusal> {
        let now = self.parts.clock.now();
        if body.len() <= LARGE {
            return door.decide(headers, &body, now);
        }
        let headers = headers.clone();
        tokio::task::spawn_blocking(move || door.decide(&headers, &body, now))
            .await
            .map_err(|error| {
                tracing::error!(%error, "a large webhook could not be read");
                Refusal::Unavailable
            })?
    }

    async fn note(&self, failure: Option<String>, asking: NewAsking, request: NewRequest) -> Result<Answer, Refusal> {
        // Each message counts when it arrives; what it causes is decided by what is known then.
        let asking = NewAsking { key: None, ..asking };
        match self.parts.orders.heard_from(failure, asking, request).await {
            Ok(()) => Ok(Answer::Noted),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a heartbeat could not be kept");
                Err(Refusal::Unavailable)
            }
        }
    }

    async fn order(
        &self,
        door: &Door,
        may_wait: bool,
        (mut asking, origin, request): Order,
    ) -> Result<Answer, Refusal> {
        let place = self
            .waiters
            .try_acquire()
            .and_then(|place| Ok((place, door.waiters.try_acquire()?)));
        let wait = door.hook.wait.filter(|_| may_wait && place.is_ok());
        // Begins before the order, so that nothing is missed.
        let waiting = wait.map(|wait| (wait, self.parts.terminals.open()));
        asking.origin = Origin::Hook(HookOrigin {
            session: waiting.as_ref().map(|(_, session)| session.id()),
            ..origin
        });
        let heard = self.parts.orders.order(asking, vec![request]).await.map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "a webhook could not be kept");
            Refusal::Unavailable
        })?;
        let Heard::Accepted { requests, .. } = &heard else {
            return Ok(Answer::Repeated);
        };
        let accepted = Answer::Accepted(requests.iter().map(|request| request.id).collect());
        let Some((wait, session)) = waiting else {
            return Ok(accepted);
        };
        let reported = tokio::select! {
            reported = report(Conversation::new(session, heard), wait) => reported,
            () = self.parts.stop.cancelled() => None,
        };
        Ok(reported.unwrap_or(accepted))
    }
}

/// What a failure is known by: the last line of what was sent that says something, which is where programs say what went wrong.
fn last_line(body: &[u8]) -> String {
    let end = &body[body.len().saturating_sub(LARGE)..];
    let end = String::from_utf8_lossy(end);
    let mut lines = end.lines().rev().map(str::trim);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(LONGEST_FAILURE).collect()
}

/// The doors of the namespaces that may have some.
fn doors(config: &Config, secret: &dyn Fn(&str) -> Option<Secret>) -> Doors {
    let of = |namespace: &Arc<Namespace>| {
        let hooks = namespace.hooks.values();
        hooks
            .map(|hook| (hook.name.clone(), Arc::new(Door::new(namespace, hook, secret))))
            .collect()
    };
    let namespaces = config.namespaces.values();
    namespaces
        .filter(|namespace| namespace.grants.triggers.contains(&Trigger::Hook))
        .map(|namespace| (namespace.name.clone(), of(namespace)))
        .collect()
}

/// Waits for the report. None: it takes longer.
async fn report(mut conversation: Conversation, wait: Duration) -> Option<Answer> {
    let all = async {
        let (mut texts, mut succeeded) = (Vec::new(), false);
        while let Some(event) = conversation.next().await {
            match event {
                Event::Ended { ending, .. } => succeeded = ending.is_success(),
                Event::Message {
                    file: Some(content), ..
                } => texts.push(content),
                Event::Message { message, file: None } => texts.push(terminal::render(&message, WIDTH, false)),
                Event::Cancelled { request } => texts.push(format!("Request {request} was cancelled.")),
                Event::Accepted { .. } | Event::Started { .. } | Event::Progress { .. } => {}
            }
        }
        let text = texts.join("\n");
        Answer::Reported { text, succeeded }
    };
    tokio::time::timeout(wait, all).await.ok()
}

impl Door {
    fn new(namespace: &Arc<Namespace>, hook: &Arc<Hook>, secret: impl Fn(&str) -> Option<Secret>) -> Self {
        let secret = secret(&hook.grant.secret).filter(|secret| !secret.expose().is_empty());
        if secret.is_none() {
            tracing::warn!(
                namespace = namespace.name,
                hook = hook.name,
                secret = hook.grant.secret,
                "this webhook is refused: its secret is not set"
            );
        }
        Self {
            namespace: Arc::clone(namespace),
            secret,
            pointers: hook.args.iter().map(|(_, pointer)| Pointer::parse(pointer)).collect(),
            hook: Arc::clone(hook),
            waiters: Semaphore::new(WAITERS_OF_A_HOOK),
        }
    }

    /// Decides, in this order: who sent it, and what the hook makes of it. Nothing in the body is looked at before it is
    /// known who sent it.
    fn decide(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Order, Refusal> {
        let (hook, namespace) = (&self.hook, &self.namespace.name);
        let secret = self.secret.as_ref().ok_or(Refusal::Unauthorised)?;
        let proof = verify(&hook.grant.scheme, secret.expose(), headers, body, now).ok_or(Refusal::Unauthorised)?;
        let arguments = self.arguments(body)?;
        let content_type = headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let origin = HookOrigin {
            hook: hook.name.clone(),
            delivery: proof.id.clone(),
            content_type: content_type
                .filter(|kind| kind.len() <= LONGEST_TYPE)
                .map(str::to_owned),
            channel: hook.channel.clone(),
            session: None,
        };
        let asking = NewAsking {
            key: proof.id.map(|id| format!("hook:{namespace}:{}:{id}", hook.name)),
            origin: Origin::Hook(origin.clone()),
            text: None,
            edit: false,
            at: now,
        };
        let request = NewRequest {
            namespace: namespace.clone(),
            job: hook.job.clone(),
            arguments,
            due: now.plus(hook.delay),
            payload: self.namespace.tells(&hook.job).then(|| body.into()),
        };
        Ok((asking, origin, request))
    }

    /// The arguments, by their pointers. A hook without any takes a body of every kind.
    fn arguments(&self, body: &[u8]) -> Result<Arguments, Refusal> {
        if self.pointers.is_empty() {
            return Ok(Arguments::default());
        }
        let wanted: Vec<&Pointer> = self.pointers.iter().collect();
        let found = pick(body, &wanted)
            .map_err(|error| Refusal::Malformed(format!("the body is not JSON, which this hook takes: {error}")))?;
        let values = self.hook.args.iter().zip(found).map(|((name, pointer), raw)| {
            let text = payload::argument(raw).map_err(|unfit| {
                let why = match unfit {
                    Unfit::Absent => "is not there",
                    Unfit::Null => "is null",
                    Unfit::NoText => "is not valid text",
                    Unfit::Nul => "holds a NUL character, which no argument may",
                    Unfit::TooLong => "is over 32 KiB",
                };
                Refusal::Argument(format!(
                    "the argument {name} of the job {} is taken from `{pointer}` of the body, which {why}",
                    self.hook.job
                ))
            })?;
            Ok((name.clone(), text))
        });
        values.collect::<Result<_, _>>().map(Arguments)
    }
}

#[cfg(test)]
mod tests;
