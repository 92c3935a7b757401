//! What the host itself says in a conversation, apart from help. Pure; each text is a function. `services` has those about
//! services.

pub mod services;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::command::help::{self, Activity, Suppressed};
use innkeeper_core::config::{Action, Command, Namespace};
use innkeeper_core::report::escape;
use innkeeper_core::request::{KeywordOrigin, Origin, RequestId};
use innkeeper_core::run::RunId;
use innkeeper_core::store::{SUPPRESSIONS_SHOWN, StatusView, SuppressionView};
use innkeeper_core::suppression::{Suppression, moment_in_words};
use jiff::tz::TimeZone;

/// What goes before a command where people are told what to type.
pub fn prefix(origin: &Origin) -> &'static str {
    match origin {
        Origin::Slack(slack) if slack.direct => "",
        Origin::Github(github) if github.comment => "/",
        // What comes of a webhook or of the clock is told in a channel.
        Origin::Slack(_) | Origin::Github(_) | Origin::Hook(_) | Origin::Schedule(_) | Origin::Keyword(_) => "@bot ",
        Origin::Cli(_) => "",
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

/// A keyword was heard: who said it where, or what its rule has to say (already escaped), and the link to it.
pub fn called(call: &KeywordOrigin, own_words: Option<String>) -> String {
    let text = own_words.unwrap_or_else(|| {
        let keyword = escape(&call.keyword);
        format!(":sos: <@{}> said “{keyword}” in <#{}>:", call.user, call.channel)
    });
    format!("{text} {}", escape(&call.link))
}

/// Somebody said a keyword to the bot alone, where nobody else can see it.
pub fn cannot_call_here(keyword: &str) -> String {
    let keyword = escape(keyword);
    format!("Sorry, “{keyword}” cannot be called from a direct message. Say it in a channel that I am in.")
}

/// The job takes no orders from comments.
pub fn not_from_github(namespace: &str, job: &str) -> String {
    format!("`{namespace}_{job}` takes no commands from GitHub: it does not have the trigger `github`.")
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

/// A job does not start for a while.
pub fn suppressed(namespace: &str, job: &str, span: &Suppression, now: Timestamp, zone: &TimeZone) -> String {
    format!(
        "`{namespace}_{job}` does not start {}. What is asked for meanwhile waits; what runs already goes on.",
        span.in_words(now, zone)
    )
}

/// A job may start again: this many suppressions were taken away.
pub fn suppressions_lifted(namespace: &str, job: &str, count: u64) -> String {
    match count {
        0 => format!("`{namespace}_{job}` was not suppressed."),
        1 => format!("The suppression of `{namespace}_{job}` is cancelled. What waits may start."),
        count => format!("All {count} suppressions of `{namespace}_{job}` are cancelled. What waits may start."),
    }
}

/// A namespace has as many suppressions as the host keeps in mind at every claim.
pub fn too_many_suppressions(namespace: &str) -> String {
    format!("`{namespace}` has {SUPPRESSIONS_SHOWN} suppressions already. Cancel those that are not needed any more.")
}

/// Nobody knows of this run.
pub fn no_such_run(run: RunId) -> String {
    format!(
        "There is no run {run}. Reports name their runs, as `run 12`; the numbers of `status` are those of requests."
    )
}

/// A run's namespace is not in the configuration.
pub fn log_of_no_namespace(run: RunId) -> String {
    format!(
        "The namespace of run {run} is not in the configuration now. Whoever runs the host can see its log: `innkeeper logs {run}`."
    )
}

/// What is said in a channel of a log that its asker gets.
pub fn log_sent_alone(user: &str) -> String {
    format!("<@{user}>: I sent it to you alone, since not everybody here may see it.")
}

/// There is no log of a run.
pub fn log_gone(run: RunId) -> String {
    format!(
        "The log of run {run} is not there any more, or cannot be read: whoever runs the host finds why in its own log."
    )
}

/// A namespace is left out: its files have errors.
pub fn left_out(namespace: &str) -> String {
    format!(
        "`{namespace}` has errors in its configuration, and runs nothing until they are mended: whoever runs the host sees them with `innkeeper check`."
    )
}

/// A request waits for the end of a suppression. `lift` is what to type so that it does not.
pub fn waits_for_release(
    (namespace, job): (&str, &str),
    request: RequestId,
    until: Timestamp,
    lift: Option<&str>,
    now: Timestamp,
    zone: &TimeZone,
) -> String {
    let until = moment_in_words(until, now, zone);
    // The pattern is whatever a stranger wrote.
    let lift = lift.map(|command| format!(" To let it start now: {}", help::code(command)));
    format!(
        "`{namespace}_{job}` is suppressed until {until}. Request {request} waits for that.{}",
        lift.unwrap_or_default()
    )
}

/// A request waits for the end of the run that goes on.
pub fn waits_for_run((namespace, job): (&str, &str), request: RequestId, run: RunId) -> String {
    format!("`{namespace}_{job}` is running (run {run}). Request {request} starts when that has ended.")
}

/// What to type so that a job is suppressed no longer; none where the namespace has no command for it.
pub fn lifting_command(namespace: &Namespace, job: &str, prefix: &str) -> Option<String> {
    let lifts = |command: &&Command| command.action == Action::CancelSuppression && command.job == job;
    let command = namespace.commands.iter().find(lifts)?;
    Some(format!("{prefix}{} {}", namespace.name, command.pattern.shown()))
}

/// The jobs of a namespace that do not start for a while, as a paragraph below its help; nothing where all may.
pub fn suppressions(suppressed: &[SuppressionView], now: Timestamp, zone: &TimeZone) -> String {
    let suppressed: Vec<Suppressed> = suppressed.iter().map(shown).collect();
    let paragraph = help::suppressions(&suppressed, now, zone);
    paragraph.map(|text| format!("\n\n{text}")).unwrap_or_default()
}

fn shown(view: &SuppressionView) -> Suppressed {
    Suppressed {
        job: format!("{}_{}", view.namespace, view.job),
        span: Suppression {
            start: view.start,
            end: view.end,
        },
    }
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
    let suppressed: Vec<Suppressed> = status.suppressions.iter().map(shown).collect();
    help::status(status.at, zone, &running, (&pending, more), &suppressed)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn suppressions_are_told_with_their_end_and_what_waits() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let (now, end) = (at("2026-07-01T12:00:00Z"), at("2026-07-02T08:00:00Z"));
        let span = Suppression { start: now, end };
        insta::assert_snapshot!(suppressed("ops", "deploy", &span, now, &zone), @"`ops_deploy` does not start from 13:00 to 2026-07-02 09:00 BST. What is asked for meanwhile waits; what runs already goes on.");
        let waits = |lift| waits_for_release(("ops", "deploy"), RequestId(12), end, lift, now, &zone);
        insta::assert_snapshot!(waits(Some("@bot ops go on")), @"`ops_deploy` is suppressed until 2026-07-02 09:00 BST. Request 12 waits for that. To let it start now: `@bot ops go on`");
        insta::assert_snapshot!(waits(Some("@bot ops go` <!channel> & <https://evil|on>")), @"`ops_deploy` is suppressed until 2026-07-02 09:00 BST. Request 12 waits for that. To let it start now: `@bot ops goˋ &lt;!channel&gt; &amp; &lt;https://evil|on&gt;`");
        insta::assert_snapshot!(waits(None), @"`ops_deploy` is suppressed until 2026-07-02 09:00 BST. Request 12 waits for that.");
        insta::assert_snapshot!(suppressions_lifted("ops", "deploy", 0), @"`ops_deploy` was not suppressed.");
        insta::assert_snapshot!(suppressions_lifted("ops", "deploy", 1), @"The suppression of `ops_deploy` is cancelled. What waits may start.");
        insta::assert_snapshot!(suppressions_lifted("ops", "deploy", 3), @"All 3 suppressions of `ops_deploy` are cancelled. What waits may start.");
        let view = SuppressionView {
            namespace: "ops".to_owned(),
            job: "deploy".to_owned(),
            start: now,
            end,
        };
        assert_eq!(
            suppressions(&[view], now, &zone),
            "\n\nThere is 1 suppression:\n• `ops_deploy` does not start from 13:00 to 2026-07-02 09:00 BST"
        );
        assert_eq!(suppressions(&[], now, &zone), "");
    }

    #[test]
    fn who_waits_behind_a_run_is_told_which() {
        insta::assert_snapshot!(waits_for_run(("demo", "brew"), RequestId(2), RunId(1)), @"`demo_brew` is running (run 1). Request 2 starts when that has ended.");
    }
}
