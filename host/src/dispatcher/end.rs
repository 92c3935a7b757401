//! The end of a run: what it says is composed, and with the end itself it is one commit.

use std::collections::HashSet;
use std::time::Duration;

use innkeeper_core::config::{ComponentSource, Job};
use innkeeper_core::message::{Address, Message, NewDelivery};
use innkeeper_core::report::{self, Button, Facts, Finished, STDERR_TAIL};
use innkeeper_core::request::{Asking, Origin};
use innkeeper_core::run::{Captured, Ending, Outcome, Run, log_folder};
use innkeeper_core::store::{RunEnd, StoreError};

use super::{Dispatcher, progress};
use crate::bell::lanes_of;
use crate::deliver::terminal::Event;
use crate::files;

/// The reactions on the asking message.
const SUCCEEDED: &str = "white_check_mark";
const FAILED: &str = "x";

impl Dispatcher {
    /// Ends a run for good. The store is tried until it answers: what ended must not go unreported.
    pub(super) async fn end(&self, run: &Run, job: Option<&Job>, outcome: Outcome, log_folder: String) {
        let (deliveries, reported) = self.say(run, job, &outcome).await;
        // What printed nothing has no folder.
        let wrote = outcome.stdout.kept + outcome.stderr.kept > 0;
        let end = RunEnd {
            shown: Some(progress::last_word(run, &outcome)),
            ..RunEnd::of(&outcome, self.parts.clock.now(), wrote.then_some(log_folder))
        };
        let shown = run.askings.iter().filter_map(|asking| asking.origin.reply_to());
        let lanes: Vec<String> = lanes_of(&deliveries)
            .into_iter()
            .chain(shown.map(|place| place.lane()))
            .collect();
        let mut wait = Duration::from_millis(100);
        let book = self.parts.services.book();
        let services = book.of_check(&run.namespace, &run.job);
        loop {
            let written = match services {
                None => self.parts.store.end(run.id, end.clone(), deliveries.clone()).await,
                Some(services) => {
                    let (end, deliveries) = (end.clone(), deliveries.clone());
                    let noted = self
                        .parts
                        .store
                        .end_check(run.id, end, deliveries, services.to_vec())
                        .await;
                    noted.map(drop)
                }
            };
            match written {
                // Ended already: an earlier try got through.
                Ok(()) | Err(StoreError::RunEnded(_)) => break,
                Err(error @ (StoreError::UnknownRun(_) | StoreError::Gone { .. })) => {
                    tracing::error!(%error, "the end of a run cannot be written; the next start finds it interrupted");
                    return;
                }
                Err(error) => tracing::error!(%error, "the end of a run could not be written; trying again"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(10));
        }
        // Only now: whoever waits takes this for the end, and it has to be durable.
        self.tell_terminals(run, |run| Event::Ended {
            run: run.id,
            request: run.request,
            ending: outcome.ending.clone(),
            reported,
        });
        self.parts.bells.ring_queue();
        self.parts.bells.ring_outbox(lanes);
        if services.is_some_and(|services| !services.is_empty()) {
            self.parts.bells.ring_alerts();
        }
    }

    /// Ends a run that the host's own code could not see through, with as little code as possible. What can be said of it
    /// is that it was interrupted.
    pub(super) async fn end_after_panic(&self, run: &Run) {
        let folder = log_folder(&run.namespace, &run.job, run.started, run.id);
        self.end(run, None, Outcome::without_output(Ending::Interrupted), folder)
            .await;
    }

    /// What is said of a run, and how many messages each place that asked gets.
    async fn say(&self, run: &Run, job: Option<&Job>, outcome: &Outcome) -> (Vec<NewDelivery>, u32) {
        let config = self.parts.current.get();
        let support = config.slack.support_channel.as_deref();
        let (messages, calls_support) = match job {
            Some(job) => {
                let calls_support =
                    report::calls_support(job, outcome, &run.askings, support) && !self.is_routine_check(run);
                (self.report(run, job, outcome, calls_support).await, calls_support)
            }
            None if outcome.ending == Ending::Interrupted => {
                (vec![report::interrupted(&run.full_name(), run.id, false)], false)
            }
            None => (vec![report::not_configured(&run.full_name(), run.id)], false),
        };
        let reported = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        let mut deliveries = reactions(run, &outcome.ending);
        deliveries.extend(report::status::ended(run, &outcome.ending, outcome.duration));
        deliveries.extend(to_every_place(run, &messages, &outcome.ending));
        if let (true, Some(channel)) = (calls_support, support) {
            let call = report::support_call(&run.full_name(), run.id, &run.askings);
            deliveries.push(NewDelivery::message(
                Address::slack_channel(channel),
                call,
                Some(run.id),
            ));
        }
        (deliveries, reported)
    }

    /// Whether the clock started a check: a failure is told by the alerts of its services, as their rules say.
    fn is_routine_check(&self, run: &Run) -> bool {
        let by_clock = |asking: &Asking| matches!(asking.origin, Origin::Schedule(_));
        let is_check = self.parts.services.book().of_check(&run.namespace, &run.job).is_some();
        is_check && run.askings.iter().all(by_clock)
    }

    /// What is said of a run: nothing, its report, or a format's message and, of a failure, what failed.
    async fn report(&self, run: &Run, job: &Job, outcome: &Outcome, calls_support: bool) -> Vec<Message> {
        let (stdout, stderr) = read_output(outcome, job.report.formatter.is_some()).await;
        let facts = Facts {
            job,
            run: run.id,
            outcome,
            stdout: &stdout,
            stderr_tail: &stderr,
            calls_support,
        };
        let formatted = match &job.report.formatter {
            Some(format) if report::may_format(&facts) => self.formatted(run, &facts, format.clone()).await,
            _ => return report::compose(&facts).into_iter().collect(),
        };
        // Tests that fail exit with a failure, and their report is what people want to see of it.
        let failure = (!outcome.ending.is_success())
            .then(|| report::compose(&facts))
            .flatten();
        formatted.into_iter().chain(failure).collect()
    }

    /// The message that the job's own format makes; where it makes none, the output and why.
    async fn formatted(&self, run: &Run, facts: &Facts<'_>, format: ComponentSource) -> Option<Message> {
        let finished = Finished {
            run: run.id,
            namespace: run.namespace.clone(),
            job: run.job.clone(),
            arguments: run.arguments.clone(),
            outcome: facts.outcome.clone(),
            stdout: facts.stdout.to_vec(),
            stderr: facts.stderr_tail.to_vec(),
        };
        match self
            .parts
            .formatter
            .format(format, facts.job.grants.trusted, finished)
            .await
        {
            Ok(message) => report::of_format(facts, message),
            Err(why) => {
                tracing::warn!(run.id = run.id.0, why, "a report format made no message");
                Some(report::format_failed(facts, &why))
            }
        }
    }
}

/// A tick or a cross on every message that asked.
fn reactions(run: &Run, ending: &Ending) -> Vec<NewDelivery> {
    let name = if ending.is_success() { SUCCEEDED } else { FAILED };
    let mut known = HashSet::new();
    let messages = run.askings.iter().filter_map(|asking| asking.origin.asking_message());
    messages
        .filter(|message| known.insert(message.clone()))
        .map(|message| NewDelivery::reaction(message, name, Some(run.id)))
        .collect()
}

/// The report, once for each distinct place that asked. That of a failure in Slack has buttons.
fn to_every_place(run: &Run, messages: &[Message], ending: &Ending) -> Vec<NewDelivery> {
    let began = !matches!(ending, Ending::NotStarted { .. });
    let mut known = HashSet::new();
    let places = run
        .askings
        .iter()
        .flat_map(|asking| asking.origin.report_to().map(move |place| (asking, place)));
    places
        .filter(|(_, place)| known.insert(place.place()))
        .flat_map(|(asking, place)| {
            let buttons = match ending.is_success() {
                true => Vec::new(),
                false => after_failure(run, began, asking),
            };
            let last = messages.len().saturating_sub(1);
            messages.iter().enumerate().map(move |(at, message)| {
                let message = match at == last {
                    true => report::add_buttons(message.clone(), &buttons),
                    false => message.clone(),
                };
                NewDelivery::message(place.clone(), message, Some(run.id))
            })
        })
        .collect()
}

/// What somebody in Slack may want to do about a failure: ask again as was asked there, and look at the log.
fn after_failure(run: &Run, began: bool, asking: &Asking) -> Vec<Button> {
    let again = said_in_slack(asking).map(Button::again);
    let log = (began && again.is_some()).then(|| Button::log(run.id));
    again.into_iter().chain(log).collect()
}

/// What somebody said in Slack, where that is how they asked.
fn said_in_slack(asking: &Asking) -> Option<&str> {
    match asking.origin {
        Origin::Slack(_) => asking.text.as_deref(),
        Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Keyword(_) | Origin::Cli(_) => None,
    }
}

/// What was kept of stdout; and of stderr the end, or `all`.
async fn read_output(outcome: &Outcome, all: bool) -> (Vec<u8>, Vec<u8>) {
    let (stdout, stderr) = (outcome.stdout.clone(), outcome.stderr.clone());
    let most = if all { u64::MAX } else { STDERR_TAIL };
    let read = tokio::task::spawn_blocking(move || (read_tail(&stdout, u64::MAX), read_tail(&stderr, most)));
    read.await.unwrap_or_default()
}

fn read_tail(captured: &Captured, most: u64) -> Vec<u8> {
    if captured.kept == 0 {
        return Vec::new();
    }
    // No more than what the runner kept: a process that escaped its group may still be writing.
    let (from, most) = (captured.kept.saturating_sub(most), captured.kept.min(most));
    files::read_part(&captured.path, from, most).unwrap_or_else(|error| {
        tracing::error!(file = %captured.path.display(), %error, "a run's log cannot be read; its report lacks it");
        Vec::new()
    })
}
