//! Commands of namespaces, and the cancelling of requests.

use anyhow::Context;
use innkeeper_core::config::{Action, Namespace};
use innkeeper_core::message::NewDelivery;
use innkeeper_core::report;
use innkeeper_core::request::{Arguments, NewRequest, Origin, RequestId, Trigger};
use innkeeper_core::store::{Cause, SUPPRESSIONS_SHOWN};
use innkeeper_core::suppression::Suppression;

use super::case::Case;
use super::{Decision, reply, told_to_wait};
use crate::trigger::answers;

/// The reaction on a message whose work was accepted.
const ACCEPTED: &str = "eyes";

impl Case<'_> {
    /// What is done about a command of a namespace, by its number there.
    pub(super) async fn command(
        &self,
        namespace: &Namespace,
        command: usize,
        arguments: Arguments,
    ) -> anyhow::Result<Decision> {
        if let Some(decision) = self.refuse(namespace) {
            return Ok(decision);
        }
        let Some(command) = namespace.commands.get(command) else {
            return Ok(self.answer(self.namespace_help(&namespace.name)));
        };
        let (name, job) = (namespace.name.clone(), command.job.clone());
        let origin = self.origin.clone();
        if let Origin::Github(_) = origin
            && !may_be_started_by(Trigger::Github, namespace, &job)
        {
            return Ok(self.refusal(answers::not_from_github(&name, &job)));
        }
        Ok(match command.action {
            Action::ScheduleJob { delay } => {
                let due = self.parts.clock.now().plus(delay);
                self.order(NewRequest {
                    namespace: name,
                    job,
                    arguments,
                    due,
                    payload: None,
                })
            }
            Action::CancelJob => {
                let cause = Cause::CancelJob {
                    namespace: name.clone(),
                    job: job.clone(),
                };
                Decision::done(cause, move |caused| {
                    reply(&origin, answers::job_cancelled(&name, &job, caused.cancelled.len()))
                })
            }
            Action::ScheduleSuppression => self.suppression(namespace, &command.job, &arguments).await?,
            Action::CancelSuppression => {
                let cause = Cause::LiftSuppressions {
                    namespace: name.clone(),
                    job: job.clone(),
                };
                Decision::done(cause, move |caused| {
                    reply(&origin, answers::suppressions_lifted(&name, &job, caused.lifted))
                })
            }
        })
    }

    fn order(&self, request: NewRequest) -> Decision {
        let message = self.origin.asking_message();
        let seen = message.map(|message| NewDelivery::reaction(message, ACCEPTED, None));
        let cause = Cause::Requests(vec![request]);
        let waits = told_to_wait(self.parts, self.menu, self.origin, &cause);
        Decision::done(cause, |caused| seen.into_iter().chain(waits(caused)).collect())
    }

    async fn suppression(&self, namespace: &Namespace, job: &str, arguments: &Arguments) -> anyhow::Result<Decision> {
        let (now, zone) = (self.parts.clock.now(), &self.menu.config.timezone);
        let span = match Suppression::read(arguments, now, zone) {
            Ok(span) => span,
            Err(why) => return Ok(self.refusal(report::escape(&why))),
        };
        let others = self.parts.store.suppressions(&namespace.name, now).await;
        let others = others.context("the suppressions could not be read")?;
        // Every claim looks at those that are in force.
        if others.len() >= SUPPRESSIONS_SHOWN as usize {
            return Ok(self.refusal(answers::too_many_suppressions(&namespace.name)));
        }
        let said = reply(self.origin, answers::suppressed(&namespace.name, job, &span, now, zone));
        let cause = Cause::Suppress {
            namespace: namespace.name.clone(),
            job: job.to_owned(),
            span,
        };
        Ok(Decision::done(cause, |_| said))
    }

    /// What is done about the cancelling of a request: whoever may order in its namespace may cancel it.
    pub(super) async fn cancel(&self, request: RequestId) -> anyhow::Result<Decision> {
        let found = self.parts.store.request(request).await;
        if let Some(view) = found.context("the request could not be looked up")? {
            let refused = match self.namespace(&view.namespace) {
                // What it is of is nothing to outsiders.
                Some(namespace) if namespace.restricted => {
                    self.refuse_outsiders("cancel").or_else(|| self.refuse(namespace))
                }
                Some(namespace) => self.refuse(namespace),
                // It was removed or left out, and may have been restricted.
                None => self.refuse_outsiders("cancel"),
            };
            if let Some(decision) = refused {
                return Ok(decision);
            }
        }
        let origin = self.origin.clone();
        Ok(Decision::done(
            Cause::CancelRequest(request),
            move |caused| match caused.cancelled.is_empty() {
                true => reply(&origin, answers::request_not_pending(request)),
                false => reply(&origin, answers::request_cancelled(request)),
            },
        ))
    }
}

fn may_be_started_by(trigger: Trigger, namespace: &Namespace, job: &str) -> bool {
    let job = namespace.jobs.get(job);
    job.is_some_and(|job| job.grants.triggers.contains(&trigger))
}
