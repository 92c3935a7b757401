//! `[[schedule]]`: when the clock starts which job, and with what.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::checks::{check_span, check_timezone};
use super::commands::{MOST, Start, Written, check_start, has_too_many};
use super::model::Job;
use super::names::tick;
use super::namespace::Room;
use super::problem::{Problem, Problems};
use super::raw::RawSchedule;
use super::source::child;
use crate::clock::Timestamp;
use crate::command::check_argument;
use crate::request::{Arguments, Trigger};
use crate::schedule::{Cron, Schedule, ScheduleKey, When};

const EVERY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(31 * 24 * 60 * 60);
const JITTER: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24 * 60 * 60);

/// From when on it is looked whether a schedule starts anything: 2150-01-01. What comes at all comes in the fifty years
/// that are left then of those that are searched, and a hostile file costs no more than looking through them.
const LOOKED_FROM: Timestamp = Timestamp::from_micros(5_680_281_600_000_000);

/// How many starts are looked at to see whether a delay could reach over one of them.
const STARTS_LOOKED_AT: usize = 25;

/// Checks the schedules. Those with errors are left out.
pub(super) fn check(room: &Room<'_>, jobs: &BTreeMap<String, Job>, problems: &mut Problems) -> Vec<Arc<Schedule>> {
    if has_too_many(room, "/schedule", room.raw.schedule.len(), MOST, problems) {
        return Vec::new();
    }
    let mut found: BTreeMap<ScheduleKey, String> = BTreeMap::new();
    let mut schedules = Vec::new();
    for (index, raw) in room.raw.schedule.iter().enumerate() {
        let at = format!("/schedule/{index}");
        let Some(schedule) = check_schedule(room, &at, raw, jobs, problems) else {
            continue;
        };
        if let Some(other) = found.get(&schedule.key) {
            let place = room.document.key(&at, "this one, and");
            problems.push(
                Problem::error("the same schedule twice", place)
                    .also(room.document.key(other, "this one"))
                    .help("remove one of them: the job would start once all the same"),
            );
            continue;
        }
        found.insert(schedule.key.clone(), at);
        schedules.push(Arc::new(schedule));
    }
    schedules
}

fn check_schedule(
    room: &Room<'_>,
    at: &str,
    raw: &RawSchedule,
    jobs: &BTreeMap<String, Job>,
    problems: &mut Problems,
) -> Option<Schedule> {
    let when = check_when(room, at, raw, problems);
    let jitter = raw.jitter.as_deref().map_or(Some(Duration::ZERO), |jitter| {
        check_span(&room.document, &format!("{at}/jitter"), jitter, &JITTER, problems)
    });
    let arguments = check_arguments(room, at, raw, problems);
    let start = Start {
        at,
        job_type: raw.job_type.as_deref(),
        trigger: Trigger::Schedule,
        what: "a schedule",
        channel: raw.channel.as_deref(),
        given: arguments.0.iter().map(|(name, _)| name.as_str()).collect(),
        written: Written::AsValue,
    };
    let job = check_start(room, &start, jobs, problems);
    let ((written, when), jitter, job) = (when?, jitter?, job?);
    check_jitter(room, at, &when, jitter, problems);
    let zone = match &when {
        When::Cron { zone, .. } => zone,
        When::Every(_) | When::Spread { .. } => &TimeZone::UTC,
    };
    Some(Schedule {
        key: ScheduleKey::new(&written, zone, &job.name, &arguments, raw.channel.as_deref()),
        written,
        when,
        job: job.name.clone(),
        arguments,
        jitter,
        missed: raw.missed,
        channel: raw.channel.clone().or_else(|| room.raw.default_channel.clone()),
    })
}

/// What is written, for people, and what it means.
fn check_when(room: &Room<'_>, at: &str, raw: &RawSchedule, problems: &mut Problems) -> Option<(String, When)> {
    let document = &room.document;
    // A value of the wrong kind was reported with the shape.
    let said = |key: &str| document.has(&format!("{at}/{key}"));
    let zone = raw
        .timezone
        .as_deref()
        .map_or(Some(room.host.timezone.clone()), |name| {
            check_timezone(document, &format!("{at}/timezone"), name, problems)
        });
    match (said("cron"), said("every")) {
        (true, true) => {
            let place = document.key(&format!("{at}/every"), "this one, or");
            problems.push(
                Problem::error("`cron` and `every` in one schedule", place)
                    .also(document.key(&format!("{at}/cron"), "this one"))
                    .help("write two schedules, or remove one of them"),
            );
            None
        }
        (false, false) => {
            let place = document.key(at, "add `cron` or `every`");
            problems.push(
                Problem::error("a schedule that does not say when", place)
                    .help("for example `cron = \"0 9 * * MON-FRI\"` or `every = \"5m\"`"),
            );
            None
        }
        (true, false) => {
            let line = check_cron(room, &format!("{at}/cron"), raw.cron.as_deref()?, problems)?;
            let written = raw.cron.as_deref()?.trim().to_owned();
            let (line, zone) = (Box::new(line), zone?);
            Some((written, When::Cron { line, zone }))
        }
        (false, true) => {
            if raw.timezone.is_some() {
                let place = document.key(&format!("{at}/timezone"), "`every` has none");
                problems.push(
                    Problem::error("`timezone` has no effect", place)
                        .help("remove it: an hour is an hour everywhere. Times of day take `cron`"),
                );
            }
            let every = raw.every.as_deref()?;
            let span = check_span(document, &format!("{at}/every"), every, &EVERY, problems)?;
            Some((format!("every {}", every.trim()), When::Every(span)))
        }
    }
}

fn check_cron(room: &Room<'_>, at: &str, text: &str, problems: &mut Problems) -> Option<Cron> {
    let line = match Cron::parse(text) {
        Ok(line) => line,
        Err(fault) => {
            let place = room.document.part(at, &fault.span, "");
            problems.push(Problem::error(fault.message, place).help(fault.help));
            return None;
        }
    };
    // In no zone is there a day that is in no calendar.
    if line.next_after(LOOKED_FROM.to_jiff(), &TimeZone::UTC).is_none() {
        let place = room.document.value(at, "no day is like this");
        problems.push(
            Problem::warning("this schedule never starts anything", place)
                .help("look at the days and the months: 30 February is in no year"),
        );
        return None;
    }
    Some(line)
}

fn check_arguments(room: &Room<'_>, at: &str, raw: &RawSchedule, problems: &mut Problems) -> Arguments {
    let pairs = raw.args.iter();
    let arguments: Arguments = pairs
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .collect();
    for (name, value) in &arguments.0 {
        if let Err(error) = check_argument(name, value) {
            let place = room
                .document
                .value(&child(&format!("{at}/args"), name), "no job could take it");
            problems.push(Problem::error(format!("bad argument {}", tick(name)), place).help(error.to_string()));
        }
    }
    arguments
}

/// A request that waits is moved by the next one: it would not come to its turn.
fn check_jitter(room: &Room<'_>, at: &str, when: &When, jitter: Duration, problems: &mut Problems) {
    let starts = std::iter::successors(Some(LOOKED_FROM), |start| when.next_after(*start));
    let starts: Vec<Timestamp> = starts.skip(1).take(STARTS_LOOKED_AT).collect();
    let shortest = starts.windows(2).map(|pair| pair[1].since(pair[0])).min();
    if shortest.is_some_and(|shortest| jitter >= shortest) {
        let place = room
            .document
            .value(&format!("{at}/jitter"), "as long as the time between two starts");
        problems.push(
            Problem::error("`jitter` reaches over the next start", place)
                .help("make it shorter than the time from one start to the next"),
        );
    }
}
