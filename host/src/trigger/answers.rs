//! What the host itself says in a conversation, apart from help. Pure; each text is a function.

use innkeeper_core::command::help::{self, Activity};
use innkeeper_core::request::{Origin, RequestId};
use innkeeper_core::store::StatusView;
use jiff::tz::TimeZone;

/// What goes before a command where people are told what to type.
pub fn prefix(origin: &Origin) -> &'static str {
    match origin {
        Origin::Slack(slack) if !slack.direct => "@bot ",
        Origin::Slack(_) | Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Cli(_) => "",
    }
}

/// Somebody asked for what only members may.
pub fn restricted(namespace: &str) -> String {
    format!(":no_entry: Sorry, only full members of this workspace may use `{namespace}`.")
}

/// The namespace takes no orders from Slack.
pub fn not_from_slack(namespace: &str) -> String {
    format!("`{namespace}` takes no commands from Slack: its owner has not granted it the trigger `slack`.")
}

/// A pending request was cancelled.
pub fn request_cancelled(request: RequestId) -> String {
    format!("Request {request} is cancelled.")
}

/// There was nothing to cancel.
pub fn request_not_pending(request: RequestId) -> String {
    format!("There is no pending request {request}. What runs already cannot be cancelled; `status` lists both.")
}

/// Every pending request of a job was cancelled: this many.
pub fn job_cancelled(namespace: &str, job: &str, count: usize) -> String {
    let what = match count {
        0 => return format!("Nothing of `{namespace}_{job}` was waiting. What runs already goes on."),
        1 => "The one waiting request".to_owned(),
        count => format!("All {count} waiting requests"),
    };
    format!("{what} of `{namespace}_{job}` will not start. What runs already goes on.")
}

/// What runs and what waits, with times in the host's time zone.
pub fn status(status: &StatusView, zone: &TimeZone) -> String {
    let activity = |request: RequestId, namespace: &str, job: &str, at| Activity {
        request: request.0,
        job: format!("{namespace}_{job}"),
        at,
    };
    let running = status
        .running
        .iter()
        .map(|run| activity(run.request, &run.namespace, &run.job, run.started));
    let pending = status
        .pending
        .iter()
        .map(|one| activity(one.id, &one.namespace, &one.job, one.due));
    let (running, pending): (Vec<_>, Vec<_>) = (running.collect(), pending.collect());
    let more = usize::try_from(status.pending_count)
        .unwrap_or(usize::MAX)
        .saturating_sub(pending.len());
    help::status(status.at, zone, &running, &pending, more)
}

/// What is still to be delivered.
pub fn outbox(status: &StatusView) -> String {
    let mut lines = Vec::new();
    if status.outbox.unsettled > 0 {
        lines.push(format!(
            "{} messages are still to be delivered.",
            status.outbox.unsettled
        ));
    }
    if let Some(why) = &status.outbox.oldest_error {
        lines.push(format!("The oldest one failed: {why}"));
    }
    if status.undecided > 0 {
        lines.push(format!("{} askings wait for Slack to say who asked.", status.undecided));
    }
    if lines.is_empty() {
        lines.push("Every message is delivered.".to_owned());
    }
    lines.join("\n")
}
