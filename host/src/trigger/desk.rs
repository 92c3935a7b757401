//! Where it is decided what is done about an asking: what was said, who may, and what is answered. It changes nothing: what
//! it decides is one commit of the intake's.

use anyhow::Context;
use innkeeper_core::command::{Catalogue, Understood, corrected, help, interpret, interpret_plain};
use innkeeper_core::config::{Action, Namespace};
use innkeeper_core::message::{Message, NewDelivery, Post};
use innkeeper_core::report::{self, Button};
use innkeeper_core::request::{Arguments, NewRequest, Origin, RequestId, Trigger};
use innkeeper_core::store::{Cause, Caused, SUPPRESSIONS_SHOWN, StatusView};
use innkeeper_core::suppression::Suppression;

use super::intake::IntakeParts;
use super::{Standing, answers, waiting};

/// The reaction on a message whose work was accepted.
pub(super) const ACCEPTED: &str = "eyes";
/// The reaction on a message that is not listened to.
pub(super) const REFUSED: &str = "x";

pub(super) use innkeeper_core::store::Answer;

/// What is to be done about an asking.
pub(super) enum Decision {
    /// This, in one commit, with an answer that may depend on what came of it. `refused`: the answer is a refusal.
    Do {
        cause: Cause,
        answer: Answer,
        refused: bool,
    },
    /// It depends on who asks, and the directory has to be asked first.
    AskDirectory,
}

/// Where it is decided what is done about an asking. Shared with look-ups that go on after a trigger was answered.
pub(super) struct Desk {
    pub(super) parts: IntakeParts,
    catalogue: Catalogue,
    /// Without the restricted namespaces.
    for_everybody: Catalogue,
}

impl Desk {
    pub(super) fn new(parts: IntakeParts) -> Self {
        let catalogue = Catalogue::new(&parts.config);
        let for_everybody = catalogue.namespaces().filter(|namespace| !namespace.restricted);
        Self {
            for_everybody: for_everybody.cloned().collect(),
            parts,
            catalogue,
        }
    }

    /// Who asks, as far as it is known without asking Slack.
    pub(super) fn known_standing(&self, origin: &Origin) -> Option<Standing> {
        match origin {
            Origin::Slack(slack) => self
                .parts
                .directory
                .as_ref()
                .and_then(|directory| directory.known(slack)),
            Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Cli(_) => None,
        }
    }

    /// What there is to see for whoever asks: restricted namespaces are nothing to people who are no members. None: the
    /// directory has to be asked.
    fn visible<'c>(
        &'c self,
        origin: &Origin,
        standing: Option<Standing>,
        in_sight: &'c Catalogue,
    ) -> Option<&'c Catalogue> {
        let restricted = self.catalogue.namespaces().any(|namespace| namespace.restricted);
        match (origin, standing) {
            (Origin::Slack(_), None) if restricted => None,
            (Origin::Slack(_), Some(Standing::Outsider)) => Some(&self.for_everybody),
            _ => Some(in_sight),
        }
    }

    /// Reads a text and decides what is done about it. `standing` is who asks, as far as is known.
    pub(super) async fn decide(
        &self,
        origin: &Origin,
        text_said: &str,
        standing: Option<Standing>,
    ) -> anyhow::Result<Decision> {
        let prefix = answers::prefix(origin);
        let only_its_own;
        let in_sight = match origin {
            // A comment speaks to the namespace that its repository is granted to, which is the first word, and to no other.
            Origin::Github(_) => {
                only_its_own = self
                    .catalogue
                    .only(text_said.split_whitespace().next().unwrap_or_default());
                &only_its_own
            }
            Origin::Slack(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Cli(_) => &self.catalogue,
        };
        let understood = match origin {
            Origin::Slack(_) => interpret(text_said, in_sight),
            Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Cli(_) => {
                interpret_plain(text_said, in_sight)
            }
        };
        let tells = matches!(
            understood,
            Understood::Help | Understood::HelpFor(_) | Understood::Status | Understood::NotUnderstood { .. }
        );
        let visible = match self.visible(origin, standing, in_sight) {
            Some(visible) => visible,
            None if tells => return Ok(Decision::AskDirectory),
            // What is run or cancelled is decided by the namespace that it is of.
            None => &self.catalogue,
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
            Understood::Help => answer(origin, help::general_help(visible, prefix)),
            Understood::HelpFor(namespace) => {
                let asked = self.parts.config.namespaces.get(&namespace);
                match asked.and_then(|asked| refuse_if_restricted(origin, asked, standing)) {
                    Some(refusal) => refusal,
                    None => answer(origin, self.help_for(&namespace, prefix).await?),
                }
            }
            Understood::Status => {
                let now = self.parts.clock.now();
                let status = self.parts.store.status(now).await;
                let mut status = status.context("the status could not be read")?;
                if standing == Some(Standing::Outsider) {
                    keep_visible(&mut status, visible);
                }
                answer(origin, answers::status(&status, &self.parts.config.timezone))
            }
            Understood::CancelRequest(number) => self.decide_cancel(origin, RequestId(number), standing).await?,
            Understood::NotUnderstood { .. } if let Some(name) = self.left_out(text_said) => {
                refusal(origin, answers::left_out(name))
            }
            Understood::NotUnderstood { nearest } => {
                let nearest = match standing {
                    Some(Standing::Outsider) => nearest_in(visible, text_said),
                    _ => nearest,
                };
                let text = help::not_understood(visible, &nearest, prefix);
                // A button says what was typed with the slip corrected: nothing that nobody typed.
                let meant = match origin {
                    Origin::Slack(_) => corrected(text_said, visible),
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
        if let Origin::Github(_) = origin
            && !may_be_started_by(Trigger::Github, namespace, &command.job)
        {
            return Ok(refusal(origin, answers::not_from_github(&namespace.name, &command.job)));
        }
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
                done(cause, |caused| seen.into_iter().chain(waits(caused)).collect())
            }
            Action::CancelJob => {
                let (origin, name, job) = (origin.clone(), namespace.name.clone(), command.job.clone());
                let cause = Cause::CancelJob {
                    namespace: name.clone(),
                    job: job.clone(),
                };
                done(cause, move |caused| {
                    reply(&origin, answers::job_cancelled(&name, &job, caused.cancelled.len()))
                })
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
                done(cause, move |caused| {
                    reply(&origin, answers::suppressions_lifted(&name, &job, caused.lifted))
                })
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
        let cause = Cause::Suppress {
            namespace: namespace.name.clone(),
            job: job.to_owned(),
            span,
        };
        Ok(done(cause, |_| said))
    }

    pub(super) fn told_to_wait(&self, origin: &Origin, cause: &Cause) -> Answer {
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
        Ok(done(Cause::CancelRequest(request), move |caused| {
            match caused.cancelled.is_empty() {
                true => reply(&origin, answers::request_not_pending(request)),
                false => reply(&origin, answers::request_cancelled(request)),
            }
        }))
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
        refuse_if_restricted(origin, namespace, standing)
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

/// This is done, and answered by what came of it.
fn done(cause: Cause, answer: impl FnOnce(&Caused) -> Vec<NewDelivery> + Send + 'static) -> Decision {
    Decision::Do {
        cause,
        answer: Box::new(answer),
        refused: false,
    }
}

fn answer(origin: &Origin, text: impl Into<String>) -> Decision {
    only_said(reply(origin, text), false)
}

/// What was probably meant, as far as whoever asks may know of it.
fn nearest_in(visible: &Catalogue, said: &str) -> Vec<String> {
    match interpret(said, visible) {
        Understood::NotUnderstood { nearest } => nearest,
        _ => Vec::new(),
    }
}

/// Takes away what is of restricted namespaces.
fn keep_visible(status: &mut StatusView, visible: &Catalogue) {
    let seen = |namespace: &str| visible.namespace(namespace).is_some();
    let before = status.pending.len();
    status.running.retain(|run| seen(&run.namespace));
    status.pending.retain(|request| seen(&request.namespace));
    status.suppressions.retain(|span| seen(&span.namespace));
    status.pending_count = status
        .pending_count
        .saturating_sub((before - status.pending.len()) as u64);
}

fn may_be_started_by(trigger: Trigger, namespace: &Namespace, job: &str) -> bool {
    let job = namespace.jobs.get(job);
    job.is_some_and(|job| job.grants.triggers.contains(&trigger))
}

fn refuse_if_restricted(origin: &Origin, namespace: &Namespace, standing: Option<Standing>) -> Option<Decision> {
    let restricted = namespace
        .restricted
        .then(|| refuse_outsiders(origin, &namespace.name, standing));
    restricted.flatten()
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
