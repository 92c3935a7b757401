//! `[[keyword]]`: which word in a message calls whom, and what else comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use super::checks::{check_name, check_names, check_timezone};
use super::commands::{Written, check_job, check_parameters, check_trigger, has_too_many, report_trigger};
use super::model::Job;
use super::names::{channel_fault, nearest, tick, ticks};
use super::namespace::Room;
use super::problem::{Problem, Problems};
use super::raw::{RawAway, RawKeyword};
use super::source::child;
use crate::keyword::{Away, Hours, Keyword, Part, Rule, RuleJob, RuleKey};
use crate::request::Trigger;

/// What is put on a message where the rule names no emoji.
const REACTION: &str = "sos";
/// The most rules of a namespace: each message is held against all of them.
const MOST_RULES: usize = 50;
/// The longest text, in characters. With the link it is one message.
const LONGEST_TEXT: usize = 3000;
/// The most windows of one rule.
const MOST_WINDOWS: usize = 50;

/// Checks the rules. Those with errors are left out.
pub(super) fn check(room: &Room<'_>, jobs: &BTreeMap<String, Job>, problems: &mut Problems) -> Vec<Arc<Rule>> {
    if has_too_many(room, "/keyword", room.raw.keyword.len(), MOST_RULES, problems) {
        return Vec::new();
    }
    let mut found: BTreeMap<RuleKey, String> = BTreeMap::new();
    let mut rules = Vec::new();
    for (index, raw) in room.raw.keyword.iter().enumerate() {
        let at = format!("/keyword/{index}");
        let Some(rule) = check_rule(room, &at, raw, jobs, problems) else {
            continue;
        };
        if let Some(other) = found.get(&rule.key) {
            let place = room.document.key(&at, "this one, and");
            problems.push(
                Problem::error("the same keyword twice", place)
                    .also(room.document.key(other, "this one"))
                    .help("remove one of them, or let them listen in different channels"),
            );
            continue;
        }
        found.insert(rule.key.clone(), at);
        rules.push(Arc::new(rule));
    }
    rules
}

fn check_rule(
    room: &Room<'_>,
    at: &str,
    raw: &RawKeyword,
    jobs: &BTreeMap<String, Job>,
    problems: &mut Problems,
) -> Option<Rule> {
    if !room.grants.triggers.contains(&Trigger::Keyword) {
        report_trigger(room, at, "/needs/triggers", Trigger::Keyword, "a keyword", problems);
    }
    let keyword = check_keyword(room, at, raw, problems);
    let channels = format!("{at}/channels");
    check_names(
        &room.document,
        &channels,
        Some(&raw.channels),
        "channel",
        channel_fault,
        problems,
    );
    let reaction = check_reaction(room, at, raw.reaction.as_deref(), problems);
    let support_channel = check_support_channel(room, at, raw, problems);
    check_text(room, &format!("{at}/text"), raw.text.as_deref(), problems);
    let away = check_away(room, at, raw, problems);
    let job = match &raw.job_type {
        Some(_) => Some(check_what_starts(room, at, raw, jobs, problems)?),
        None => check_no_arguments(room, at, raw, problems),
    };
    let (keyword, support_channel) = (keyword?, support_channel?);
    Some(Rule {
        key: RuleKey::new(&keyword, &raw.channels, &support_channel),
        keyword,
        channels: raw.channels.clone(),
        reaction,
        support_channel,
        text: raw.text.clone(),
        away,
        job,
    })
}

fn check_keyword(room: &Room<'_>, at: &str, raw: &RawKeyword, problems: &mut Problems) -> Option<Keyword> {
    let document = &room.document;
    // A value of the wrong kind was reported with the shape.
    let said = |key: &str| document.has(&format!("{at}/{key}"));
    let (key, keyword) = match (said("words"), said("pattern")) {
        (true, true) => {
            let place = document.key(&format!("{at}/pattern"), "this one, or");
            problems.push(
                Problem::error("`words` and `pattern` in one rule", place)
                    .also(document.key(&format!("{at}/words"), "this one"))
                    .help("write two rules, or remove one of them"),
            );
            return None;
        }
        (false, false) => {
            let place = document.key(at, "add `words` or `pattern`");
            problems.push(
                Problem::error("a keyword that does not say which word", place)
                    .help("for example `words = [\"tech-support\"]` or `pattern = 'tech-?support'`"),
            );
            return None;
        }
        (true, false) => ("words", Keyword::words(raw.words.as_deref()?)),
        (false, true) => ("pattern", Keyword::pattern(raw.pattern.as_deref()?)),
    };
    match keyword {
        Ok(keyword) => Some(keyword),
        Err(fault) => {
            let (at, title) = match (fault.word, key) {
                (Some(word), _) => (format!("{at}/{key}/{word}"), "bad keyword".to_owned()),
                (None, key) => (format!("{at}/{key}"), format!("bad {}", tick(key))),
            };
            let help = match key {
                "words" => "for example `tech-support`: letters and digits, with hyphens or spaces between them",
                _ => "a regular expression without look-around, for example `tech-?support|it-help`",
            };
            let place = document.value(&at, fault.why);
            problems.push(Problem::error(title, place).help(help));
            None
        }
    }
}

/// Emoji are named in lower case, with `_`, `-` and `+`; a skin tone follows a double colon.
fn check_reaction(room: &Room<'_>, at: &str, reaction: Option<&str>, problems: &mut Problems) -> String {
    let Some(reaction) = reaction else {
        return REACTION.to_owned();
    };
    let fault = |name: &str| {
        let known = |c: char| {
            c.is_lowercase() || c.is_numeric() || (c.is_alphabetic() && !c.is_uppercase()) || "_-+':".contains(c)
        };
        let good = !name.is_empty() && name.chars().count() <= 100 && name.chars().all(known);
        let good = good && !name.starts_with(':') && !name.ends_with(':');
        (!good).then(|| "the name of an emoji without colons, for example `sos`".to_owned())
    };
    check_name(
        &room.document,
        &format!("{at}/reaction"),
        reaction,
        "reaction",
        fault,
        problems,
    );
    reaction.to_owned()
}

/// Where the link goes. The host's own support channel needs no grant: failures call there, too.
fn check_support_channel(room: &Room<'_>, at: &str, raw: &RawKeyword, problems: &mut Problems) -> Option<String> {
    if let Some(channel) = &raw.support_channel {
        let at = format!("{at}/support_channel");
        room.check_channel(&at, channel, &room.grants.channels, problems);
        return Some(channel.clone());
    }
    let host = room.host.raw.slack.support_channel.clone();
    if host.is_none() {
        let place = room.document.key(at, "nobody would be called");
        problems.push(
            Problem::error("a keyword without a support channel", place)
                .help("add `support_channel`, here or in `[slack]` of the host's file"),
        );
    }
    host
}

fn check_text(room: &Room<'_>, at: &str, text: Option<&str>, problems: &mut Problems) {
    let Some(text) = text else { return };
    let fault = if text.trim().is_empty() {
        "says nothing".to_owned()
    } else if text.chars().count() > LONGEST_TEXT {
        format!("at most {LONGEST_TEXT} characters")
    } else {
        return;
    };
    let place = room.document.value(at, fault);
    problems.push(Problem::error("bad `text`", place));
}

/// The job that is started, and with what.
fn check_what_starts(
    room: &Room<'_>,
    at: &str,
    raw: &RawKeyword,
    jobs: &BTreeMap<String, Job>,
    problems: &mut Problems,
) -> Option<RuleJob> {
    let arguments = check_parts(room, at, raw, problems);
    let job = check_job(room, at, raw.job_type.as_deref(), jobs, problems)?;
    // That the namespace lacks it was reported.
    if room.grants.triggers.contains(&Trigger::Keyword) {
        check_trigger(room, at, job, Trigger::Keyword, "a keyword", problems);
    }
    let given: Vec<&str> = arguments.iter().map(|(name, _)| name.as_str()).collect();
    check_parameters(room, &format!("{at}/args"), &given, job, Written::AsPart, problems);
    Some(RuleJob {
        name: job.name.clone(),
        arguments: arguments
            .into_iter()
            .filter_map(|(name, part)| Some((name, part?)))
            .collect(),
    })
}

/// Arguments, and what of the message each is; none where that was reported.
fn check_parts(room: &Room<'_>, at: &str, raw: &RawKeyword, problems: &mut Problems) -> Vec<(String, Option<Part>)> {
    let words = || Part::ALL.iter().map(|part| part.as_str());
    let texts = raw
        .args
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?)));
    let mut parts = Vec::new();
    for (name, word) in texts {
        let part = Part::of(word);
        if part.is_none() {
            let place = room
                .document
                .value(&child(&format!("{at}/args"), name), "no part of a message");
            let help = match nearest(word, words()) {
                Some(meant) => format!("did you mean {}?", tick(meant)),
                None => format!("an argument is {}", ticks(words(), "or")),
            };
            problems.push(Problem::error(format!("unknown part {}", tick(word)), place).help(help));
        }
        parts.push((name.clone(), part));
    }
    parts
}

fn check_no_arguments(room: &Room<'_>, at: &str, raw: &RawKeyword, problems: &mut Problems) -> Option<RuleJob> {
    if !raw.args.is_empty() {
        let place = room.document.key(&format!("{at}/args"), "no job takes them");
        problems.push(Problem::error("`args` without `job_type`", place).help("name the job, or remove them"));
    }
    None
}

fn check_away(room: &Room<'_>, at: &str, raw: &RawKeyword, problems: &mut Problems) -> Vec<Away> {
    let zone = match raw.timezone.as_deref() {
        None => Some(room.host.timezone.clone()),
        Some(name) => check_timezone(&room.document, &format!("{at}/timezone"), name, problems),
    };
    if raw.timezone.is_some() && raw.out_of_office.is_empty() {
        let place = room
            .document
            .key(&format!("{at}/timezone"), "there is no `out_of_office`");
        problems.push(Problem::error("`timezone` has no effect", place).help("remove it"));
    }
    if has_too_many(
        room,
        &format!("{at}/out_of_office"),
        raw.out_of_office.len(),
        MOST_WINDOWS,
        problems,
    ) {
        return Vec::new();
    }
    let Some(zone) = zone else { return Vec::new() };
    let windows = raw.out_of_office.iter().enumerate();
    windows
        .filter_map(|(index, raw)| check_window(room, &format!("{at}/out_of_office/{index}"), raw, &zone, problems))
        .collect()
}

fn check_window(room: &Room<'_>, at: &str, raw: &RawAway, zone: &TimeZone, problems: &mut Problems) -> Option<Away> {
    check_text(room, &format!("{at}/text"), raw.text.as_deref(), problems);
    let mut moment = |key: &str, text: &Option<String>, last: bool| match text {
        None => Some(None),
        Some(text) => check_moment(room, &format!("{at}/{key}"), text, last, problems).map(Some),
    };
    let (from, until) = (moment("from", &raw.from, false), moment("until", &raw.until, true));
    let days = check_days(room, at, &raw.days, problems);
    let hours = match raw.hours.as_deref() {
        None => Some(None),
        Some(hours) => check_hours(room, &format!("{at}/hours"), hours, problems).map(Some),
    };
    let (from, until) = (from?, until?);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        let place = room.document.value(&format!("{at}/until"), "not after `from`");
        problems.push(Problem::error("nobody is ever out of this office", place).help("let it end after it begins"));
    }
    Some(Away {
        from,
        until,
        days: days?,
        hours: hours?,
        zone: zone.clone(),
        text: raw.text.clone()?,
    })
}

/// A day, or a moment of one. A day that is the `last` one belongs to the window.
fn check_moment(room: &Room<'_>, at: &str, text: &str, last: bool, problems: &mut Problems) -> Option<DateTime> {
    let day = Date::strptime("%Y-%m-%d", text).ok();
    let day = match (day, last) {
        (Some(day), true) => day.tomorrow().ok(),
        (day, _) => day,
    };
    let moment = day
        .map(|day| day.to_datetime(Time::midnight()))
        .or_else(|| DateTime::strptime("%Y-%m-%d %H:%M", text).ok());
    if moment.is_none() {
        let place = room.document.value(at, "expected a day");
        problems.push(
            Problem::error(format!("{} is no day", tick(text)), place)
                .help("for example `\"2026-12-24\"` or `\"2026-12-24 18:00\"`"),
        );
    }
    moment
}

fn check_days(room: &Room<'_>, at: &str, days: &[String], problems: &mut Problems) -> Option<Vec<Weekday>> {
    const NAMES: [(&str, Weekday); 7] = [
        ("MON", Weekday::Monday),
        ("TUE", Weekday::Tuesday),
        ("WED", Weekday::Wednesday),
        ("THU", Weekday::Thursday),
        ("FRI", Weekday::Friday),
        ("SAT", Weekday::Saturday),
        ("SUN", Weekday::Sunday),
    ];
    let day = |name: &str| NAMES.iter().find(|(known, _)| *known == name).map(|(_, day)| *day);
    let fault = |name: &str| {
        day(name)
            .is_none()
            .then(|| format!("days are {}", ticks(NAMES.iter().map(|(name, _)| *name), "and")))
    };
    check_names(
        &room.document,
        &format!("{at}/days"),
        Some(days),
        "day",
        fault,
        problems,
    );
    days.iter().map(|name| day(name)).collect()
}

fn check_hours(room: &Room<'_>, at: &str, text: &str, problems: &mut Problems) -> Option<Hours> {
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
    let hours = text.split_once('-').and_then(|(from, until)| {
        // A day ends at midnight, which is the first moment of the next one.
        let until = if until.trim() == "24:00" { "00:00" } else { until };
        Some(Hours {
            from: time(from)?,
            until: time(until)?,
        })
    });
    if hours.is_none() {
        let place = room.document.value(at, "expected two times");
        problems.push(
            Problem::error(format!("{} are no hours", tick(text)), place)
                .help("for example `18:00-09:00`, which is from the evening to the next morning"),
        );
    }
    hours
}
