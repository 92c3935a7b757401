//! The one door to the queue: recognise repetitions, read, authorise, accept, answer. What it decides about one asking
//! is one commit, and only after it does a trigger acknowledge.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::command::{Catalogue, Understood, corrected, help, interpret, interpret_plain};
use innkeeper_core::config::{Action, Config, Namespace};
use innkeeper_core::message::{Message, NewDelivery, Post};
use innkeeper_core::report::{self, Button};
use innkeeper_core::request::{Arguments, Asking, NewAsking, NewRequest, Origin, RequestId, Trigger};
use innkeeper_core::schedule::Mark;
use innkeeper_core::store::{Accepted, Cause, Caused, Queued, SUPPRESSIONS_SHOWN, Store};
use innkeeper_core::suppression::Suppression;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Directory, Heard, Said, Standing, answers, waiting};
use crate::bell::Bells;
use crate::deliver::terminal::Terminals;

/// The reaction on a message whose work was accepted.
pub const ACCEPTED: &str = "eyes";

/// The one door to the queue.
#[derive(Clone)]
pub struct Intake {
    desk: Arc<Desk>,
    look_ups: TaskTracker,
}

/// Where it is decided what is done about an asking. Shared with look-ups that go on after a trigger was answered.
struct Desk {
    parts: IntakeParts,
    catalogue: Catalogue,
}

/// What the door needs.
#[derive(Clone)]
pub struct IntakeParts {
    /// What there is to ask for.
    pub config: Arc<Config>,
    /// Where it is kept.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who is who in Slack; none without Slack.
    pub directory: Option<Arc<dyn Directory>>,
    /// Who is told of new work.
    pub bells: Bells,
    /// Who waits at a terminal.
    pub terminals: Terminals,
    /// Ends look-ups at shutdown. What they had not decided is decided after the next start.
    pub stop: CancellationToken,
}

/// Builds the deliveries that answer an asking.
pub(super) type Answer = Box<dyn FnOnce(&Caused) -> Vec<NewDelivery> + Send>;

/// What is to be done about an asking.
enum Decision {
    /// This, in one commit, with an answer that may depend on what came of it. `refused`: the answer is a refusal.
    Do {
        cause: Cause,
        answer: Answer,
        refused: bool,
    },
    /// It depends on who asks, and the directory has to be asked first.
    AskDirectory,
}

impl Intake {
    /// Builds the door.
    pub fn new(parts: IntakeParts) -> Self {
        let catalogue = Catalogue::new(&parts.config);
        Self {
            desk: Arc::new(Desk { parts, catalogue }),
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
            Heard::Answered { asking, .. } => Ok(Heard::Answered { asking, done: !refused }),
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

    /// Goes on with the schedules; see [`Store::resume_schedules`].
    ///
    /// # Errors
    /// The store's: nothing changed.
    pub async fn resume_schedules(&self, marks: Vec<Mark>) -> anyhow::Result<Vec<Timestamp>> {
        let left_out = self.desk.parts.config.left_out.clone();
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

impl Desk {
    async fn accept(&self, asking: NewAsking, cause: Cause, answer: Answer) -> anyhow::Result<Heard> {
        let origin = asking.origin.clone();
        let undecided = matches!(cause, Cause::Undecided);
        let accepted = self
            .parts
            .store
            .accept_with(asking, cause, answer)
            .await
            .context("nothing was accepted")?;
        Ok(self.announce(&origin, accepted, undecided))
    }

    /// Tells the rest of the house, after the commit.
    fn announce(&self, origin: &Origin, accepted: Accepted, undecided: bool) -> Heard {
        let trigger = origin.trigger().as_str();
        // Also for a repetition: whoever heard it first may have died before it rang.
        self.parts.bells.ring_queue();
        let answered_at = [origin.reply_to(), origin.asking_message()];
        self.parts
            .bells
            .ring_outbox(answered_at.into_iter().flatten().map(|address| address.lane()));
        let Accepted::New(Caused {
            asking,
            requests,
            cancelled,
            lifted: _,
        }) = accepted
        else {
            tracing::debug!(trigger, "heard again what had been heard before");
            return Heard::Repeated;
        };
        for request in cancelled {
            self.parts.terminals.tell_cancelled(request);
        }
        for Queued { id, joined, .. } in &requests {
            tracing::info!(trigger, asking.id = asking.0, request.id = id.0, joined, "accepted");
        }
        match requests.is_empty() {
            _ if undecided => Heard::Undecided { asking },
            true => Heard::Answered { asking, done: true },
            false => Heard::Accepted { asking, requests },
        }
    }

    fn known_standing(&self, origin: &Origin) -> Option<Standing> {
        match origin {
            Origin::Slack(slack) => self
                .parts
                .directory
                .as_ref()
                .and_then(|directory| directory.known(slack)),
            Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Cli(_) => None,
        }
    }

    /// Reads a text and decides what is done about it. `standing` is who asks, as far as is known.
    async fn decide(&self, origin: &Origin, text_said: &str, standing: Option<Standing>) -> anyhow::Result<Decision> {
        let prefix = answers::prefix(origin);
        let understood = match origin {
            Origin::Slack(_) => interpret(text_said, &self.catalogue),
            Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Cli(_) => {
                interpret_plain(text_said, &self.catalogue)
            }
        };
        Ok(match understood {
            Understood::Run {
                namespace,
                command,
                arguments,
            } => match self.parts.config.namespaces.get(&namespace) {
                Some(namespace) => {
                    self.decide_command(origin, namespace, command, arguments, standing)
                        .await?
                }
                None => answer(origin, format!("There is no namespace `{namespace}`.")),
            },
            Understood::Help => answer(origin, help::general_help(&self.catalogue, prefix)),
            Understood::HelpFor(namespace) => answer(origin, self.help_for(&namespace, prefix).await?),
            Understood::Status => {
                let now = self.parts.clock.now();
                let status = self
                    .parts
                    .store
                    .status(now)
                    .await
                    .context("the status could not be read")?;
                answer(origin, answers::status(&status, &self.parts.config.timezone))
            }
            Understood::CancelRequest(number) => self.decide_cancel(origin, RequestId(number), standing).await?,
            Understood::NotUnderstood { .. } if let Some(name) = self.left_out(text_said) => {
                refusal(origin, answers::left_out(name))
            }
            Understood::NotUnderstood { nearest } => {
                let text = help::not_understood(&self.catalogue, &nearest, prefix);
                // A button says what was typed with the slip corrected: nothing that nobody typed.
                let meant = match origin {
                    Origin::Slack(_) => corrected(text_said, &self.catalogue),
                    Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Cli(_) => None,
                };
                let buttons: Vec<Button> = meant.iter().map(|meant| Button::say(meant)).collect();
                refusal_with(origin, report::with_buttons(text, &buttons))
            }
            Understood::Refused(why) => refusal(origin, report::escape(&why)),
        })
    }

    /// The namespace that a text is about, where its configuration has errors.
    fn left_out(&self, said: &str) -> Option<&str> {
        let word = said.split_whitespace().next()?;
        let mut names = self.parts.config.left_out.iter();
        names.find(|name| *name == word).map(String::as_str)
    }

    /// What a namespace can do, and what of it does not start for a while.
    async fn help_for(&self, namespace: &str, prefix: &str) -> anyhow::Result<String> {
        let now = self.parts.clock.now();
        let suppressed = self.parts.store.suppressions(namespace, now).await;
        let suppressed = suppressed.context("the suppressions could not be read")?;
        let suppressed = answers::suppressions(&suppressed, now, &self.parts.config.timezone);
        Ok(self.namespace_help(namespace, prefix) + &suppressed)
    }

    fn namespace_help(&self, namespace: &str, prefix: &str) -> String {
        match self.catalogue.namespace(namespace) {
            Some(namespace) => help::namespace_help(namespace, prefix),
            None => help::general_help(&self.catalogue, prefix),
        }
    }

    async fn decide_command(
        &self,
        origin: &Origin,
        namespace: &Namespace,
        command: usize,
        arguments: Arguments,
        standing: Option<Standing>,
    ) -> anyhow::Result<Decision> {
        if let Some(decision) = self.refuse(origin, namespace, standing) {
            return Ok(decision);
        }
        let Some(command) = namespace.commands.get(command) else {
            return Ok(answer(
                origin,
                self.namespace_help(&namespace.name, answers::prefix(origin)),
            ));
        };
        Ok(match command.action {
            Action::ScheduleJob { delay } => {
                let request = NewRequest {
                    namespace: namespace.name.clone(),
                    job: command.job.clone(),
                    arguments,
                    due: self.parts.clock.now().plus(delay),
                    payload: None,
                };
                let seen = origin
                    .asking_message()
                    .map(|message| NewDelivery::reaction(message, ACCEPTED, None));
                let cause = Cause::Requests(vec![request]);
                let waits = self.told_to_wait(origin, &cause);
                let answer = Box::new(|caused: &Caused| seen.into_iter().chain(waits(caused)).collect());
                Decision::Do {
                    cause,
                    answer,
                    refused: false,
                }
            }
            Action::CancelJob => {
                let (origin, name, job) = (origin.clone(), namespace.name.clone(), command.job.clone());
                let cause = Cause::CancelJob {
                    namespace: name.clone(),
                    job: job.clone(),
                };
                let said =
                    move |caused: &Caused| reply(&origin, answers::job_cancelled(&name, &job, caused.cancelled.len()));
                Decision::Do {
                    cause,
                    answer: Box::new(said),
                    refused: false,
                }
            }
            Action::ScheduleSuppression => {
                self.decide_suppression(origin, namespace, &command.job, &arguments)
                    .await?
            }
            Action::CancelSuppression => {
                let (origin, name, job) = (origin.clone(), namespace.name.clone(), command.job.clone());
                let cause = Cause::LiftSuppressions {
                    namespace: name.clone(),
                    job: job.clone(),
                };
                let said =
                    move |caused: &Caused| reply(&origin, answers::suppressions_lifted(&name, &job, caused.lifted));
                Decision::Do {
                    cause,
                    answer: Box::new(said),
                    refused: false,
                }
            }
        })
    }

    async fn decide_suppression(
        &self,
        origin: &Origin,
        namespace: &Namespace,
        job: &str,
        arguments: &Arguments,
    ) -> anyhow::Result<Decision> {
        let (now, zone) = (self.parts.clock.now(), &self.parts.config.timezone);
        let span = match Suppression::read(arguments, now, zone) {
            Ok(span) => span,
            Err(why) => return Ok(refusal(origin, report::escape(&why))),
        };
        let others = self.parts.store.suppressions(&namespace.name, now).await;
        let others = others.context("the suppressions could not be read")?;
        // Every claim looks at those that are in force.
        if others.len() >= SUPPRESSIONS_SHOWN as usize {
            return Ok(refusal(origin, answers::too_many_suppressions(&namespace.name)));
        }
        let said = reply(origin, answers::suppressed(&namespace.name, job, &span, now, zone));
        Ok(Decision::Do {
            cause: Cause::Suppress {
                namespace: namespace.name.clone(),
                job: job.to_owned(),
                span,
            },
            answer: Box::new(|_| said),
            refused: false,
        })
    }

    fn told_to_wait(&self, origin: &Origin, cause: &Cause) -> Answer {
        match cause {
            Cause::Requests(orders) => waiting::notices(&self.parts.config, origin, orders, self.parts.clock.now()),
            _ => silence(),
        }
    }

    async fn decide_cancel(
        &self,
        origin: &Origin,
        request: RequestId,
        standing: Option<Standing>,
    ) -> anyhow::Result<Decision> {
        let found = self
            .parts
            .store
            .request(request)
            .await
            .context("the request could not be looked up")?;
        if let Some(view) = found {
            let refused = match self.parts.config.namespaces.get(&view.namespace) {
                Some(namespace) => self.refuse(origin, namespace, standing),
                // It was removed or left out, and may have been restricted.
                None => refuse_outsiders(origin, &view.namespace, standing),
            };
            if let Some(decision) = refused {
                return Ok(decision);
            }
        }
        let origin = origin.clone();
        let said = move |caused: &Caused| match caused.cancelled.is_empty() {
            true => reply(&origin, answers::request_not_pending(request)),
            false => reply(&origin, answers::request_cancelled(request)),
        };
        Ok(Decision::Do {
            cause: Cause::CancelRequest(request),
            answer: Box::new(said),
            refused: false,
        })
    }

    /// Whether this origin may not order anything in this namespace, or whether that has to be found out first.
    fn refuse(&self, origin: &Origin, namespace: &Namespace, standing: Option<Standing>) -> Option<Decision> {
        // The command line belongs to the host's owner.
        let Origin::Slack(_) = origin else {
            return None;
        };
        if !namespace.grants.triggers.contains(&Trigger::Slack) {
            return Some(refusal(origin, answers::not_from_slack(&namespace.name)));
        }
        if !namespace.restricted {
            return None;
        }
        refuse_outsiders(origin, &namespace.name, standing)
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
        let standing = match (&asking.origin, &self.parts.directory) {
            (Origin::Slack(slack), Some(directory)) => {
                Some(directory.look_up(slack).await.map_err(anyhow::Error::msg)?)
            }
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
        let accepted = self
            .parts
            .store
            .decide_with(asking.id, cause, self.parts.clock.now(), answer)
            .await?;
        self.announce(&asking.origin, accepted, false);
        Ok(())
    }
}

pub(super) fn reply(origin: &Origin, text: impl Into<String>) -> Vec<NewDelivery> {
    reply_with(origin, Post::text(text))
}

pub(super) fn reply_with(origin: &Origin, post: Post) -> Vec<NewDelivery> {
    let message = Message::Post(post);
    origin
        .reply_to()
        .map(|address| NewDelivery::message(address, message, None))
        .into_iter()
        .collect()
}

fn answer(origin: &Origin, text: impl Into<String>) -> Decision {
    only_said(reply(origin, text), false)
}

/// Refuses whoever asks from Slack and is no member of the workspace, or has that found out first.
fn refuse_outsiders(origin: &Origin, namespace: &str, standing: Option<Standing>) -> Option<Decision> {
    let Origin::Slack(slack) = origin else {
        return None;
    };
    match standing {
        Some(Standing::Member) => None,
        Some(Standing::Outsider) => {
            tracing::info!(user = slack.user, namespace, "refused: the namespace is restricted");
            Some(refusal(origin, answers::restricted(namespace)))
        }
        None => Some(Decision::AskDirectory),
    }
}

fn refusal(origin: &Origin, text: impl Into<String>) -> Decision {
    refusal_with(origin, Post::text(text))
}

fn refusal_with(origin: &Origin, post: Post) -> Decision {
    only_said(reply_with(origin, post), true)
}

fn only_said(said: Vec<NewDelivery>, refused: bool) -> Decision {
    Decision::Do {
        cause: Cause::Answer,
        answer: Box::new(|_| said),
        refused,
    }
}

pub(super) fn silence() -> Answer {
    Box::new(|_| Vec::new())
}
