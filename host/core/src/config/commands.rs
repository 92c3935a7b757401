//! `[[slack]]`, and what everything that starts a job has in common: the job, its trigger, its channel, its arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};

use super::grants::triggers_line;
use super::model::{Action, Command, Job, Program};
use super::names::{nearest, tick, ticks};
use super::namespace::Room;
use super::problem::{Place, Problem, Problems};
use super::raw::{RawAction, RawCommand};
use super::source::child;
use crate::command::{MOST_STEPS_IN_ALL, Pattern};
use crate::request::Trigger;
use crate::suppression::Part;

/// The most commands, and the most rules, that a namespace may have: each command is compared with every other.
pub(super) const MOST: usize = 250;
/// How many parameters of a namespace's commands may have expressions.
const MOST_EXPRESSIONS: usize = 100;

/// Checks the Slack commands. Those with errors are left out.
pub(super) fn check_slack(room: &Room<'_>, jobs: &BTreeMap<String, Job>, problems: &mut Problems) -> Vec<Command> {
    if has_too_many(room, "/slack", room.raw.slack.len(), MOST, problems) {
        return Vec::new();
    }
    let mut patterns: Vec<(String, Pattern)> = Vec::new();
    let mut commands = Vec::new();
    let mut expressions = 0;
    for (index, raw) in room.raw.slack.iter().enumerate() {
        let at = format!("/slack/{index}");
        let job = check_job(room, &at, raw.job_type.as_deref(), jobs, problems);
        if let Some(job) = job {
            check_trigger(room, &at, job, Trigger::Slack, "a Slack command", problems);
        }
        let pattern = raw
            .command
            .as_deref()
            .and_then(|text| check_pattern(room, &at, text, problems));
        let Some(pattern) = pattern else { continue };
        expressions += pattern.expressions();
        if expressions > MOST_EXPRESSIONS {
            let place = room.document.value(&format!("{at}/command"), "one too many");
            problems.push(
                Problem::error(format!("more than {MOST_EXPRESSIONS} expressions in the commands"), place)
                    .help("each takes memory in the host: write choices (`[env:staging|production]`), or check the value in the job"),
            );
            break;
        }
        check_action(room, &at, raw, &pattern, job, problems);
        patterns.push((at, pattern.clone()));
        let (Some(job), Some(help)) = (job, &raw.help) else {
            continue;
        };
        commands.push(Command {
            pattern,
            help: help.clone(),
            action: match raw.action {
                RawAction::ScheduleJob => Action::ScheduleJob {
                    delay: Duration::from_secs(raw.delay_seconds),
                },
                RawAction::CancelJob => Action::CancelJob,
                RawAction::ScheduleSuppression => Action::ScheduleSuppression,
                RawAction::CancelSuppression => Action::CancelSuppression,
            },
            job: job.name.clone(),
        });
    }
    check_clashes(room, &patterns, problems);
    commands
}

pub(super) fn has_too_many(room: &Room<'_>, at: &str, count: usize, most: usize, problems: &mut Problems) -> bool {
    if count > most {
        let place = room.document.value(&format!("{at}/{most}"), "one too many");
        let name = at.rsplit('/').next().unwrap_or_default();
        let title = format!("more than {most} of `[[{name}]]`");
        problems.push(Problem::error(title, place).help("split the namespace"));
    }
    count > most
}

fn check_pattern(room: &Room<'_>, at: &str, text: &str, problems: &mut Problems) -> Option<Pattern> {
    let at = format!("{at}/command");
    if text.trim() == "help" {
        let place = room.document.value(&at, "lists the namespace's commands");
        let title = format!("`{} help` is a built-in command", room.name);
        problems.push(Problem::error(title, place).help("call the command something else"));
        return None;
    }
    match Pattern::parse(text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let place = room.document.part(&at, &error.span, "");
            problems.push(Problem::error(error.message, place).help(error.help.unwrap_or_default()));
            None
        }
    }
}

/// The job that is named at `at`, where it has no errors of its own.
pub(super) fn check_job<'a>(
    room: &Room<'_>,
    at: &str,
    name: Option<&str>,
    jobs: &'a BTreeMap<String, Job>,
    problems: &mut Problems,
) -> Option<&'a Job> {
    let name = name?;
    if room.jobs.contains(name) {
        return jobs.get(name);
    }
    let short = name.strip_prefix(&format!("{}_", room.name));
    let meant = match short.filter(|short| room.jobs.contains(*short)) {
        Some(short) => Some(short),
        None => nearest(name, room.jobs.iter().map(String::as_str)),
    };
    let help = match meant {
        Some(meant) => format!("did you mean {}?", tick(meant)),
        None if room.jobs.is_empty() => format!("this namespace has no jobs: add `[jobs.{name}]`"),
        None => {
            let some = room.jobs.iter().take(10).map(String::as_str);
            format!("the jobs of this namespace are {}", ticks(some, "and"))
        }
    };
    let place = room
        .document
        .value(&format!("{at}/job_type"), "no job of this namespace");
    problems.push(Problem::error(format!("unknown job {}", tick(name)), place).help(help));
    None
}

/// What starts a job by itself, without anybody who types: a webhook, the clock.
pub(super) struct Start<'a> {
    /// Where it is written.
    pub at: &'a str,
    /// The job that it names.
    pub job_type: Option<&'a str>,
    /// What it is, as the grants call it, and in words.
    pub trigger: Trigger,
    pub what: &'a str,
    /// Where its report goes, if it says so.
    pub channel: Option<&'a str>,
    /// The names in `args`, and what is written beside them.
    pub given: Vec<&'a str>,
    pub written: Written,
}

/// Checks that the job is there, may be started so, may report there, and gets the arguments that it takes.
pub(super) fn check_start<'a>(
    room: &Room<'_>,
    start: &Start<'_>,
    jobs: &'a BTreeMap<String, Job>,
    problems: &mut Problems,
) -> Option<&'a Job> {
    let at = start.at;
    let job = check_job(room, at, start.job_type, jobs, problems)?;
    check_trigger(room, at, job, start.trigger, start.what, problems);
    if let Some(channel) = start.channel {
        room.check_channel(&format!("{at}/channel"), channel, &job.grants.channels, problems);
    }
    let args = format!("{at}/args");
    check_parameters(room, &args, &start.given, job, start.written, problems);
    Some(job)
}

/// Checks that what starts the job may start it.
pub(super) fn check_trigger(
    room: &Room<'_>,
    at: &str,
    job: &Job,
    trigger: Trigger,
    what: &str,
    problems: &mut Problems,
) {
    if job.grants.triggers.contains(&trigger) {
        return;
    }
    let job_needs = format!("{}/needs/triggers", child("/jobs", &job.name));
    let needs = if room.document.has(&job_needs) {
        &job_needs
    } else {
        "/needs/triggers"
    };
    report_trigger(room, at, needs, trigger, what, problems);
}

/// Reports that what stands at `at` lacks a trigger: `needs` leaves it out, or it is not granted.
pub(super) fn report_trigger(
    room: &Room<'_>,
    at: &str,
    needs: &str,
    trigger: Trigger,
    what: &str,
    problems: &mut Problems,
) {
    let place = room.document.key(at, format!("{what} needs this trigger"));
    let problem = Problem::error(format!("need not granted: triggers `{}`", trigger.as_str()), place);
    let given = room.given.grants().triggers;
    if given.contains(&trigger) {
        let ours = room.document.value(needs, "all that is asked for here");
        problems.push(problem.also(ours).help(format!("add `\"{}\"` to it", trigger.as_str())));
    } else {
        let line = match trigger {
            Trigger::Github => github_line(room, &given),
            _ => triggers_line(&given, &[trigger]),
        };
        room.report_refused(problem, "triggers", &line, problems);
    }
}

/// The lines that grant GitHub's webhooks besides the triggers that are given.
pub(super) fn github_line(room: &Room<'_>, given: &BTreeSet<Trigger>) -> String {
    let triggers = triggers_line(given, &[Trigger::Github]);
    match &room.given.github {
        Some(_) => triggers,
        None => format!("{triggers}\ngithub = {{ secret = \"NAME_OF_A_SECRET\", repos = [\"owner/name\"] }}"),
    }
}

fn check_action(
    room: &Room<'_>,
    at: &str,
    raw: &RawCommand,
    pattern: &Pattern,
    job: Option<&Job>,
    problems: &mut Problems,
) {
    let command = format!("{at}/command");
    match raw.action {
        RawAction::ScheduleJob => {
            let Some(job) = job else { return };
            check_parameters(room, &command, &pattern.parameters(), job, Written::InPattern, problems);
        }
        RawAction::CancelJob => {
            let help = "it cancels every pending request of the job, whatever its arguments";
            check_no_parameters(room, &command, pattern, ("cancel_job", help), problems);
            check_no_delay(room, at, raw, "cancel_job", problems);
        }
        RawAction::ScheduleSuppression => {
            check_suppression(room, &command, pattern, problems);
            check_no_delay(room, at, raw, "schedule_suppression", problems);
        }
        RawAction::CancelSuppression => {
            let help = "it takes every suppression of the job away";
            check_no_parameters(room, &command, pattern, ("cancel_suppression", help), problems);
            check_no_delay(room, at, raw, "cancel_suppression", problems);
        }
    }
}

fn check_no_parameters(
    room: &Room<'_>,
    at: &str,
    pattern: &Pattern,
    (action, help): (&str, &str),
    problems: &mut Problems,
) {
    if let Some(name) = pattern.parameters().first() {
        let place = place_in_command(room, at, name, "not used");
        problems.push(Problem::error(format!("`{action}` takes no parameters"), place).help(help));
    }
}

fn check_no_delay(room: &Room<'_>, at: &str, raw: &RawCommand, action: &str, problems: &mut Problems) {
    if raw.delay_seconds > 0 {
        let place = room.document.key(&format!("{at}/delay_seconds"), "nothing to delay");
        problems.push(Problem::error(format!("`{action}` has no delay"), place).help("remove `delay_seconds`"));
    }
}

/// Checks that the parameters of a suppression say when it ends, once.
fn check_suppression(room: &Room<'_>, at: &str, pattern: &Pattern, problems: &mut Problems) {
    const NAMES: &str = "its parameters are `[start_time]`, and `[end_time]` or `[duration]`";
    let mut known = Vec::new();
    for name in pattern.parameters() {
        let place = || place_in_command(room, at, name, "not used");
        match Part::of(name) {
            None => {
                let title = format!("`schedule_suppression` does not use {}", tick(name));
                problems.push(Problem::error(title, place()).help(NAMES));
            }
            Some(part) if known.contains(&part) => {
                let title = format!("{} says the same as another parameter", tick(name));
                problems.push(Problem::error(title, place()).help(NAMES));
            }
            Some(part) => known.push(part),
        }
    }
    let wrong = match (known.contains(&Part::End), known.contains(&Part::Length)) {
        (true, true) => "a suppression ends at a time or after a while, not both",
        (false, false) => "nothing says when the suppression ends",
        _ => return,
    };
    problems.push(Problem::error(wrong, room.document.value(at, "this command")).help(NAMES));
}

/// How the arguments of a job are written where it is started.
#[derive(Clone, Copy)]
pub(super) enum Written {
    /// `[name]` in a command.
    InPattern,
    /// `name = "/pointer"` in `args`.
    AsPointer,
    /// `name = "value"` in `args`.
    AsValue,
    /// `name = "text"` in `args`: what of a message it is.
    AsPart,
}

/// Checks that the parameters given at `at` are those that the job takes, and the reverse.
pub(super) fn check_parameters(
    room: &Room<'_>,
    at: &str,
    given: &[&str],
    job: &Job,
    written: Written,
    problems: &mut Problems,
) {
    // Without a template a component gets whatever there is.
    if matches!(&job.program, Program::Component { arguments: None, .. }) {
        return;
    }
    let taken = job.parameters();
    let template = format!("{}/run_args_template", child("/jobs", &job.name));
    for name in given.iter().filter(|name| !taken.contains(name)) {
        let there = format!("{{{name}}}");
        let place = match written {
            Written::InPattern => place_in_command(room, at, name, "given here"),
            Written::AsPointer | Written::AsValue | Written::AsPart => {
                room.document.key(&child(at, name), "given here")
            }
        };
        problems.push(
            Problem::error(
                format!("the job {} does not use {}", tick(&job.name), tick(name)),
                place,
            )
            .also(room.document.value(&template, "and not used here"))
            .help(format!("add {} to the template, or take it out here", tick(&there))),
        );
    }
    for name in taken.iter().filter(|name| !given.contains(name)) {
        let there = format!("{{{name}}}");
        let here = match written {
            Written::InPattern => format!("[{name}]"),
            Written::AsPointer => format!("{name} = \"/…\""),
            Written::AsValue => format!("{name} = \"…\""),
            Written::AsPart => format!("{name} = \"text\""),
        };
        problems.push(
            Problem::error(
                format!("the job {} uses {}, which is not given", tick(&job.name), tick(name)),
                room.document.value(at, format!("does not give {}", tick(name))),
            )
            .also(parameter_place(room, &template, &there, "used here"))
            .help(format!(
                "add {} here, or take {} out of the template",
                tick(&here),
                tick(&there)
            )),
        );
    }
}

/// The place of a command's parameter, whatever kind it is of, or of the whole command.
fn place_in_command(room: &Room<'_>, at: &str, name: &str, label: &str) -> Place {
    let text = room
        .document
        .value
        .pointer(at)
        .and_then(Value::as_str)
        .unwrap_or_default();
    let begins = |start: &usize| {
        let rest = text[start + 1..].strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([']', '?', ':', '=']))
    };
    let start = text.match_indices('[').map(|(start, _)| start).find(begins);
    let found = start.and_then(|start| Some(start..start + text[start..].find(']')? + 1));
    match found {
        Some(range) => room.document.part(at, &range, label),
        None => room.document.value(at, label),
    }
}

/// The place of `parameter` as it is written in the string at `at`, or of the whole value.
fn parameter_place(room: &Room<'_>, at: &str, parameter: &str, label: &str) -> Place {
    let text = room
        .document
        .value
        .pointer(at)
        .and_then(Value::as_str)
        .unwrap_or_default();
    match text.find(parameter) {
        Some(start) => room.document.part(at, &(start..start + parameter.len()), label),
        None => room.document.value(at, label),
    }
}

fn check_clashes(room: &Room<'_>, patterns: &[(String, Pattern)], problems: &mut Problems) {
    let mut steps = MOST_STEPS_IN_ALL;
    for (index, (at, pattern)) in patterns.iter().enumerate() {
        for (other_at, other) in &patterns[..index] {
            if let Some(example) = pattern.clashes_with(other, &mut steps) {
                let place = room.document.value(&format!("{at}/command"), "this one, or");
                problems.push(
                    Problem::error(format!("two commands match {}", tick(&example)), place)
                        .also(room.document.value(&format!("{other_at}/command"), "this one?"))
                        .help("neither is the more specific: give one of them other words"),
                );
            }
        }
    }
}

/// Arguments by JSON pointer, of what is at `at`. Those that are no text were reported with the shape.
pub(super) fn check_pointers(
    room: &Room<'_>,
    at: &str,
    args: &Map<String, Value>,
    problems: &mut Problems,
) -> Vec<(String, String)> {
    let texts = args
        .iter()
        .filter_map(|(name, pointer)| Some((name, pointer.as_str()?)));
    let args: Vec<(String, String)> = texts
        .map(|(name, pointer)| (name.clone(), pointer.to_owned()))
        .collect();
    for (name, pointer) in &args {
        check_json_pointer(room, &child(&format!("{at}/args"), name), pointer, problems);
    }
    args
}

fn check_json_pointer(room: &Room<'_>, at: &str, pointer: &str, problems: &mut Problems) {
    let escapes_are_good = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if !pointer.starts_with('/') || !escapes_are_good {
        let place = room.document.value(at, "expected a JSON pointer");
        problems.push(
            Problem::error(format!("{} is not a JSON pointer", tick(pointer)), place)
                .help("for example `/pull_request/number`; `~` is written `~0`, a `/` in a key `~1`"),
        );
    }
}
