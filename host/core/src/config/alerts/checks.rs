//! `[checks.X]`: how a check counts, how often it runs, and what it does.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::super::checks::check_span;
use super::super::commands::report_trigger;
use super::super::model::{Format, Job, Limits, Program, ReportRules};
use super::super::names::{job_fault, nearest, tick};
use super::super::namespace::Room;
use super::super::problem::{Problem, Problems};
use super::super::source::child;
use super::model::Check;
use super::probes;
use super::raw::RawCheck;
use super::services::MOST_COMPARED;
use crate::alert::CheckRules;
use crate::request::{Arguments, Trigger};
use crate::schedule::{Missed, Schedule, ScheduleKey};

/// How often a check runs that does not say so, and how often one that is looked at here does.
const USUALLY: Duration = Duration::from_secs(5 * 60);
const USUALLY_HERE: Duration = Duration::from_secs(60);

const EVERY: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(24 * 60 * 60);

/// Starts of what runs so often were missed for good: ten thousand checks do not all run as the host comes up.
const OFTEN: Duration = Duration::from_secs(60 * 60);

/// What is kept of what a check of the host's own says, in bytes.
const LOG: u64 = 64 << 10;

/// Checks the checks. Those with errors are left out.
pub(super) fn check(room: &Room<'_>, jobs: &BTreeMap<String, Job>, problems: &mut Problems) -> BTreeMap<String, Check> {
    check_trigger(room, problems);
    let mut checks = BTreeMap::new();
    for (name, raw) in &room.raw.checks {
        let before = problems.errors_met();
        let check = check_check(room, name, raw, jobs, problems);
        if let Some(check) = check.filter(|_| problems.errors_met() == before) {
            checks.insert(name.clone(), check);
        }
    }
    checks
}

/// What starts a check.
pub(super) fn schedule(check: &Check) -> Schedule {
    let written = check.written();
    let arguments = Arguments::default();
    Schedule {
        key: ScheduleKey::new(
            &format!("check {written}"),
            &TimeZone::UTC,
            &check.name,
            &arguments,
            None,
        ),
        written,
        when: check.when(),
        job: check.name.clone(),
        arguments,
        jitter: Duration::ZERO,
        missed: if check.every <= OFTEN {
            Missed::Skip
        } else {
            Missed::RunOnce
        },
        channel: None,
    }
}

/// What runs where a check is one of the host's own. Its services tell of its failures, so nobody else is called.
pub(super) fn job(room: &Room<'_>, check: &Check) -> Option<Job> {
    let probe = check.probe.as_ref()?;
    Some(Job {
        namespace: check.namespace.clone(),
        name: check.name.clone(),
        program: Program::Probe(probe.clone()),
        report: ReportRules {
            stdout: false,
            success: true,
            format: Format::default(),
            formatter: None,
            suppress_empty: false,
            call_tech_support_on_error: false,
        },
        limits: Limits {
            wall_time: probe.timeout(),
            cpu_time: Duration::ZERO,
            memory: 0,
            disk: 0,
            stdout: LOG,
            stderr: LOG,
        },
        grants: room.grants.clone(),
    })
}

/// The clock starts checks.
fn check_trigger(room: &Room<'_>, problems: &mut Problems) {
    if !room.raw.checks.is_empty() && !room.grants.triggers.contains(&Trigger::Schedule) {
        report_trigger(
            room,
            "/checks",
            "/needs/triggers",
            Trigger::Schedule,
            "a check",
            problems,
        );
    }
}

fn check_check(
    room: &Room<'_>,
    name: &str,
    raw: &RawCheck,
    jobs: &BTreeMap<String, Job>,
    problems: &mut Problems,
) -> Option<Check> {
    let at = child("/checks", name);
    if let Some(fault) = job_fault(name) {
        let place = room.document.key(&at, "cannot be a check");
        let help = fault.replacen("a job", "a check", 1);
        problems.push(Problem::error(format!("bad name {}", tick(name)), place).help(help));
    }
    let every = match &raw.every {
        Some(every) => check_span(&room.document, &format!("{at}/every"), every, &EVERY, problems),
        None if raw.heartbeat.is_some() || raw.host.is_some() => Some(USUALLY_HERE),
        None => Some(USUALLY),
    };
    let written = probes::WORDS
        .iter()
        .filter(|word| room.document.has(&format!("{at}/{word}")));
    let written: Vec<&str> = written.copied().collect();
    let probe = match (written.as_slice(), room.jobs.contains(name)) {
        ([], true) => {
            // A job with errors was reported where it is.
            check_parameters(room, &at, jobs.get(name)?, problems);
            None
        }
        ([], false) => {
            problems.push(without_job(room, &at, name));
            return None;
        }
        ([_], false) => Some(probes::check(room, name, raw, problems)?),
        ([first, ..], true) => {
            let place = room.document.key(&format!("{at}/{first}"), "this one, or");
            problems.push(
                Problem::error(format!("the check {} is a job, and something else", tick(name)), place)
                    .also(room.document.key(&child("/jobs", name), "this one"))
                    .help("give the check another name, or take this key out"),
            );
            return None;
        }
        ([first, second, ..], false) => {
            let place = room.document.key(&format!("{at}/{second}"), "this one, or");
            problems.push(
                Problem::error(format!("the check {} does two things", tick(name)), place)
                    .also(room.document.key(&format!("{at}/{first}"), "this one"))
                    .help("write two checks, or remove one of them"),
            );
            return None;
        }
    };
    Some(Check {
        namespace: room.name.clone(),
        name: name.to_owned(),
        rules: CheckRules {
            importance: raw.importance,
            debounce: raw.debounce,
            active: raw.active,
        },
        every: every?,
        probe,
    })
}

/// A check runs without arguments.
fn check_parameters(room: &Room<'_>, at: &str, job: &Job, problems: &mut Problems) {
    let template = format!("{}/run_args_template", child("/jobs", &job.name));
    for name in job.parameters() {
        let title = format!(
            "the job {} uses {}, which a check does not give",
            tick(&job.name),
            tick(name)
        );
        problems.push(
            Problem::error(title, room.document.key(at, "runs without arguments"))
                .also(room.document.value(&template, "used here"))
                .help(format!("take {} out of its template", tick(&format!("{{{name}}}")))),
        );
    }
}

fn without_job(room: &Room<'_>, at: &str, name: &str) -> Problem {
    let place = room.document.key(at, "no job, and nothing that it does");
    let help = match nearest(name, room.jobs.iter().map(String::as_str).take(MOST_COMPARED)) {
        Some(meant) => format!("did you mean the job {}?", tick(meant)),
        None => format!(
            "write the job `[jobs.{name}]`, or what it does, for example `http = {{ url = \"https://example.com\" }}`"
        ),
    };
    Problem::error(format!("the check {} does nothing", tick(name)), place).help(help)
}
