//! Every text of a report that people read, each a function. Slack mrkdwn; what comes from outside is cleaned, escaped
//! and cut here. Names of jobs need none of that: the configuration allows only letters, digits, `-` and `_`.

use std::fmt::Write as _;
use std::time::Duration;

use super::clean::clean;
use super::code::fence;
use super::text::escape;
use super::units::{bytes, span, thousands};
use crate::config::FabfileUrl;
use crate::request::{Asking, Origin};
use crate::run::{Captured, Ending, RunId};

/// How much is shown of a reason that a guest or a file may have written.
const REASON: usize = 500;

pub(crate) fn succeeded(job: &str, run: RunId) -> String {
    format!("`{job}` succeeded (run {run}).")
}

pub(crate) fn no_output(job: &str, run: RunId) -> String {
    format!("`{job}` succeeded and wrote no output (run {run}).")
}

pub(crate) fn report_in_file(job: &str, run: RunId) -> String {
    format!("The report of `{job}` (run {run}).")
}

/// What notifications say of blocks that hold no text.
pub(crate) fn report_without_text(job: &str, run: RunId) -> String {
    report_in_file(job, run)
}

/// `first_lines` is mrkdwn already.
pub(crate) fn too_long_for_text(job: &str, run: RunId, length: usize, first_lines: &str) -> String {
    format!(
        "The report of `{job}` (run {run}) has {} characters, more than a message holds: here it is as a file. \
         It begins:\n{first_lines}",
        thousands(length as u64)
    )
}

pub(crate) fn too_long_for_code(job: &str, run: RunId) -> String {
    format!("The report of `{job}` (run {run}) is too long for a code block: here it is as a file.")
}

/// The report is not the blocks that its format promises. `why` is a sentence for people, and may quote the report.
pub(crate) fn not_blocks(job: &str, run: RunId, why: &str) -> String {
    format!(
        "The report of `{job}` (run {run}) cannot be shown as blocks: {} What it wrote is in the file.",
        sentence(why)
    )
}

/// A report format made no message. `why` is a sentence, and may be the format's own.
pub(crate) fn format_failed(job: &str, run: RunId, why: &str) -> String {
    format!(
        "The report format of `{job}` (run {run}) made no message: {} What the job wrote is in the file.",
        sentence(why)
    )
}

/// Says how much of a stream was not kept, where something was not.
pub(crate) fn lost(stream: &Captured) -> Option<String> {
    (stream.lost > 0).then(|| {
        format!(
            "_The output was cut: the first {} are kept, the {} after them are lost._",
            bytes(stream.kept),
            bytes(stream.lost)
        )
    })
}

/// What is said of a run that failed.
pub(crate) struct Failure<'a> {
    pub(crate) job: &'a str,
    pub(crate) run: RunId,
    pub(crate) ending: &'a Ending,
    pub(crate) duration: Duration,
    /// The last lines of what is kept of stderr; empty where there are none.
    pub(crate) last_lines: &'a str,
    pub(crate) stderr: &'a Captured,
    pub(crate) calls_support: bool,
}

pub(crate) fn failed(failure: &Failure<'_>) -> String {
    let Failure { job, run, ending, .. } = failure;
    let mut text = format!(
        "`{job}` failed (run {run}): {}",
        sentence(&how(ending, failure.duration))
    );
    if !failure.last_lines.is_empty() {
        let title = if failure.stderr.lost > 0 {
            format!("the last {} are lost; before them", bytes(failure.stderr.lost))
        } else {
            "the last lines".to_owned()
        };
        let _ = write!(text, "\nstderr, {title}:\n{}", fence(failure.last_lines));
    }
    let _ = write!(text, "\n{}", whole_log(*run));
    if failure.calls_support {
        text.push_str("\nCalling tech support.");
    }
    text
}

fn whole_log(run: RunId) -> String {
    format!("Its log: say `logs tail {run}` to me, or run `innkeeper logs {run}` on the host.")
}

/// How a run ended that did not succeed, without the full stop.
fn how(ending: &Ending, duration: Duration) -> String {
    match ending {
        Ending::Exited { code } => format!("exit code {code}{} after {}", known_code(*code), span(duration)),
        Ending::Signalled { signal } => {
            format!(
                "ended by signal {signal}{} after {}",
                known_signal(*signal),
                span(duration)
            )
        }
        Ending::Failed { message } => message.clone(),
        Ending::TimedOut { after_ms } => {
            format!(
                "stopped after {} of wall time, its limit",
                span(Duration::from_millis(*after_ms))
            )
        }
        Ending::LimitReached { what } => format!("stopped, since it {what}"),
        Ending::Trapped { why } => format!("it trapped: {why}"),
        Ending::NotStarted { why } => format!("it could not be started: {why}"),
        Ending::Interrupted => {
            "interrupted, since the host stopped while it ran. It does not run again by itself".to_owned()
        }
    }
}

/// How a run ended, in one plain line, for a commit's status.
pub(crate) fn ended(ending: &Ending, duration: Duration) -> String {
    if ending.is_success() {
        return format!("succeeded after {}", span(duration));
    }
    let how = how(ending, duration);
    let words: Vec<&str> = how.split_whitespace().collect();
    clean(&words.join(" "))
}

/// What shells mean by an exit code. <https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html>
const fn known_code(code: i32) -> &'static str {
    match code {
        126 => " (a command cannot be executed)",
        127 => " (a command was not found)",
        _ => "",
    }
}

const fn known_signal(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        3 => " (SIGQUIT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

/// A reason as a sentence in mrkdwn: cleaned, on one line, cut, escaped, with a full stop.
pub(super) fn sentence(reason: &str) -> String {
    let words: Vec<&str> = reason.split_whitespace().collect();
    let line = clean(&words.join(" "));
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}…", quote(&line[..end])),
        None => format!("{}.", quote(line)),
    }
}

/// Text within a sentence of the host's: nothing in it is a mention, a link or a fence.
pub(super) fn quote(text: &str) -> String {
    escape(text).replace('@', "@\u{200b}").replace("```", "'''")
}

/// A run that died with the host, found when the host started again.
pub(crate) fn interrupted(job: &str, run: RunId, calls_support: bool) -> String {
    let mut text = format!(
        "`{job}` was interrupted (run {run}): the host stopped while it ran. It does not run again by itself; ask \
         again if it is still wanted.\n{}",
        whole_log(run)
    );
    if calls_support {
        text.push_str("\nCalling tech support.");
    }
    text
}

/// A run whose job went out of the configuration while it waited.
pub(crate) fn not_configured(job: &str, run: RunId) -> String {
    format!("`{job}` did not run (run {run}): it is not in the configuration any more.")
}

/// How many of those who asked a call for help names.
const ASKERS_NAMED: usize = 10;

/// The call for help. Who asked is mentioned: they are part of the conversation that follows.
pub(crate) fn support_call(job: &str, run: RunId, askings: &[Asking]) -> String {
    let mut text = format!(":rotating_light: `{job}` failed (run {run}).");
    for asking in askings.iter().take(ASKERS_NAMED) {
        let _ = write!(text, " {}", sentence_of_asking(&asking.origin));
    }
    if let Some(more @ 1..) = askings.len().checked_sub(ASKERS_NAMED) {
        let _ = write!(text, " And {more} more.");
    }
    let _ = write!(text, "\n{}", whole_log(run));
    text
}

fn sentence_of_asking(origin: &Origin) -> String {
    match origin {
        Origin::Slack(slack) if slack.direct => format!("<@{}> asked for it in a direct message.", quote(&slack.user)),
        Origin::Slack(slack) => {
            format!(
                "<@{}> asked for it in <#{}>.",
                quote(&slack.user),
                quote(&slack.channel)
            )
        }
        Origin::Github(github) => format!(
            "GitHub asked for it: {}{}{}.",
            quote(&github.event),
            github
                .repository
                .as_ref()
                .map_or_else(String::new, |name| format!(" of {}", quote(name))),
            github
                .sender
                .as_ref()
                .map_or_else(String::new, |login| format!(" by {}", quote(login))),
        ),
        Origin::Hook(hook) => format!("The webhook `{}` asked for it.", quote(&hook.hook)),
        Origin::Schedule(schedule) => format!("It is scheduled: `{}`.", quote(&schedule.schedule)),
        Origin::Keyword(call) => format!(
            "<@{}> said “{}” in <#{}>.",
            quote(&call.user),
            quote(&call.keyword),
            quote(&call.channel)
        ),
        Origin::Cli(cli) => format!("{} asked for it on the command line.", quote(&cli.user)),
    }
}

pub(crate) fn fabfile_fails(namespace: &str, url: &FabfileUrl, why: &str, has_copy: bool) -> String {
    let then = match has_copy {
        true => "Its jobs run with the last copy that was fetched.",
        false => "There is no copy of it here, so its jobs do not start.",
    };
    format!(
        ":warning: The fabfile of `{namespace}` cannot be fetched from {}: {} {then} This is said once; when it can be \
         fetched again, that is said, too.",
        escape(&url.to_string()),
        sentence(why)
    )
}

pub(crate) fn fabfile_works_again(namespace: &str) -> String {
    format!("The fabfile of `{namespace}` can be fetched again.")
}

/// A reason of [`Ending::NotStarted`]: neither cleaned nor escaped yet.
pub(crate) fn fabfile_missing(url: &FabfileUrl, why: &str) -> String {
    format!(
        "the namespace's fabfile cannot be fetched from {url}: {why}; and there is no copy of it here. Check `fabfile` in \
         namespace.toml and the server, and run it again"
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::Timestamp;
    use crate::request::{AskingId, CliOrigin, GithubOrigin, HookOrigin, ScheduleOrigin, SlackOrigin};

    const RUN: RunId = RunId(12);

    fn failure<'a>(ending: &'a Ending, stderr: &'a Captured, last_lines: &'a str, calls_support: bool) -> String {
        failed(&Failure {
            job: "demo_deploy",
            run: RUN,
            ending,
            duration: Duration::from_millis(1_234),
            last_lines,
            stderr,
            calls_support,
        })
    }

    #[test]
    fn a_success_is_said_in_a_line() {
        insta::assert_snapshot!(succeeded("demo_hello", RUN), @"`demo_hello` succeeded (run 12).");
        insta::assert_snapshot!(no_output("demo_hello", RUN), @"`demo_hello` succeeded and wrote no output (run 12).");
    }

    #[test]
    fn a_file_says_what_it_is() {
        insta::assert_snapshot!(report_in_file("demo_hello", RUN), @"The report of `demo_hello` (run 12).");
        insta::assert_snapshot!(too_long_for_code("demo_hello", RUN), @"The report of `demo_hello` (run 12) is too long for a code block: here it is as a file.");
        insta::assert_snapshot!(too_long_for_text("demo_hello", RUN, 52_340, "one\ntwo"), @"
        The report of `demo_hello` (run 12) has 52,340 characters, more than a message holds: here it is as a file. It begins:
        one
        two
        ");
        insta::assert_snapshot!(not_blocks("demo_rota", RUN, "it is no JSON: expected value at line 1 column 1."), @r#"The report of `demo_rota` (run 12) cannot be shown as blocks: it is no JSON: expected value at line 1 column 1. What it wrote is in the file."#);
    }

    #[test]
    fn what_was_lost_is_said() {
        let stream = Captured {
            kept: 1 << 20,
            lost: 2_000,
            ..Captured::default()
        };
        insta::assert_snapshot!(lost(&stream).unwrap_or_default(), @"_The output was cut: the first 1 MiB are kept, the 1.9 KiB after them are lost._");
        assert_eq!(lost(&Captured::default()), None);
    }

    #[test]
    fn a_failure_tells_all_that_is_needed_to_look_further() {
        let text = failure(
            &Ending::Exited { code: 3 },
            &Captured::default(),
            "cannot reach <db>\ngiving up",
            true,
        );
        insta::assert_snapshot!(text, @"
        `demo_deploy` failed (run 12): exit code 3 after 1.2 s.
        stderr, the last lines:
        ```
        cannot reach &lt;db&gt;
        giving up
        ```
        Its log: say `logs tail 12` to me, or run `innkeeper logs 12` on the host.
        Calling tech support.
        ");
        let cut = Captured {
            kept: 65_536,
            lost: 512,
            ..Captured::default()
        };
        insta::assert_snapshot!(failure(&Ending::Exited { code: 1 }, &cut, "a line", false), @"
        `demo_deploy` failed (run 12): exit code 1 after 1.2 s.
        stderr, the last 512 bytes are lost; before them:
        ```
        a line
        ```
        Its log: say `logs tail 12` to me, or run `innkeeper logs 12` on the host.
        ");
    }

    #[test]
    fn every_ending_has_its_words() {
        let endings = [
            Ending::Exited { code: 127 },
            Ending::Signalled { signal: 9 },
            Ending::Signalled { signal: 64 },
            Ending::TimedOut { after_ms: 60_000 },
            Ending::LimitReached {
                what: "asked for 65 MB of memory, may have 64 MB".into(),
            },
            Ending::Trapped {
                why: "wasm trap: unreachable\n<!channel> ``` \x1b[31m@here".into(),
            },
            Ending::NotStarted {
                why: "no file `rota.wasm`; build it first.".into(),
            },
            Ending::Interrupted,
        ];
        let said: Vec<String> = endings
            .iter()
            .map(|ending| failure(ending, &Captured::default(), "", false).replace('\u{200b}', "·"))
            .map(|text| text.lines().next().unwrap_or_default().to_owned())
            .collect();
        insta::assert_snapshot!(said.join("\n"), @"
        `demo_deploy` failed (run 12): exit code 127 (a command was not found) after 1.2 s.
        `demo_deploy` failed (run 12): ended by signal 9 (SIGKILL) after 1.2 s.
        `demo_deploy` failed (run 12): ended by signal 64 after 1.2 s.
        `demo_deploy` failed (run 12): stopped after 60 s of wall time, its limit.
        `demo_deploy` failed (run 12): stopped, since it asked for 65 MB of memory, may have 64 MB.
        `demo_deploy` failed (run 12): it trapped: wasm trap: unreachable &lt;!channel&gt; ''' @·here.
        `demo_deploy` failed (run 12): it could not be started: no file `rota.wasm`; build it first.
        `demo_deploy` failed (run 12): interrupted, since the host stopped while it ran. It does not run again by itself.
        ");
    }

    #[test]
    fn a_reason_is_cut() {
        let text = failure(
            &Ending::Trapped {
                why: "x".repeat(100_000),
            },
            &Captured::default(),
            "",
            false,
        );
        assert!(text.chars().count() < 700);
    }

    #[test]
    fn a_run_that_died_with_the_host_is_told_of() {
        insta::assert_snapshot!(interrupted("demo_deploy", RUN, true), @"
        `demo_deploy` was interrupted (run 12): the host stopped while it ran. It does not run again by itself; ask again if it is still wanted.
        Its log: say `logs tail 12` to me, or run `innkeeper logs 12` on the host.
        Calling tech support.
        ");
    }

    #[test]
    fn support_learns_who_asked_and_where() {
        let slack = |direct| {
            Origin::Slack(SlackOrigin {
                team: "T1".into(),
                channel: "C2".into(),
                user: "U3".into(),
                user_team: None,
                message: None,
                thread: None,
                direct,
            })
        };
        let github = Origin::Github(GithubOrigin {
            delivery: "d".into(),
            event: "pull_request".into(),
            action: None,
            repository: Some("owner/name".into()),
            sender: Some("<!here>".into()),
            channel: None,
            comment: false,
            write_back: None,
        });
        let cli = Origin::Cli(CliOrigin {
            user: "ann".into(),
            session: Some(Uuid::nil()),
        });
        let hook = Origin::Hook(HookOrigin {
            hook: "bell".into(),
            delivery: None,
            content_type: None,
            channel: None,
            session: None,
        });
        let schedule = Origin::Schedule(ScheduleOrigin {
            due: Timestamp::from_micros(0),
            schedule: "0 9 * * *".into(),
            channel: None,
        });
        let askings: Vec<Asking> = [slack(false), slack(true), github, hook, schedule, cli]
            .into_iter()
            .map(|origin| Asking {
                id: AskingId(1),
                origin,
                text: None,
                at: Timestamp::from_micros(0),
            })
            .collect();
        insta::assert_snapshot!(support_call("demo_deploy", RUN, &askings), @"
        :rotating_light: `demo_deploy` failed (run 12). <@U3> asked for it in <#C2>. <@U3> asked for it in a direct message. GitHub asked for it: pull_request of owner/name by &lt;!here&gt;. The webhook `bell` asked for it. It is scheduled: `0 9 * * *`. ann asked for it on the command line.
        Its log: say `logs tail 12` to me, or run `innkeeper logs 12` on the host.
        ");
    }
}
