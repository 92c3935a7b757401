//! `[alerts]` and `[[rota]]` of `innkeeper.toml`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::civil::{Date, DateTime};

use super::super::ComponentInspector;
use super::super::checks::{check_name, check_span, check_timezone};
use super::super::host::Host;
use super::super::names::{tick, variable_fault};
use super::super::problem::{Problem, Problems};
use super::super::source::Document;
use super::model::{Alerts, CalendarSource};
use super::plugins;
use super::raw::{RawOverride, RawRota};
use crate::alert::Rules;
use crate::alert::rota::{Override, Rotation};

/// From one alert to the next, and how long an acknowledgement lasts.
pub(super) const INTERVAL: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(31 * 24 * 60 * 60);

/// Checks what the owner of the host says. What has errors is left out.
pub(in super::super) fn check(host: &Host, inspector: &dyn ComponentInspector, problems: &mut Problems) -> Alerts {
    let raw = &host.raw.alerts;
    // For their problems; a service reads them again as its defaults.
    rules(host, problems);
    Alerts {
        services: BTreeMap::new(),
        checks: BTreeMap::new(),
        plugins: plugins::check(host, inspector, problems),
        rota: rota(host, problems),
        calendar: calendar(host, problems),
        fallback: raw
            .fallback
            .clone()
            .filter(|name| is_person(&host.document, "/alerts/fallback", name, problems)),
        keep_results: raw.keep_results,
        keep_history: Duration::from_secs(u64::from(raw.keep_history_days) * 24 * 60 * 60),
    }
}

/// What holds for services that say nothing else.
pub(super) fn rules(host: &Host, problems: &mut Problems) -> Rules {
    let raw = &host.raw.alerts;
    let mut span = |key: &str, text: &str, default| {
        check_span(&host.document, &format!("/alerts/{key}"), text, &INTERVAL, problems).unwrap_or(default)
    };
    let default = Rules::default();
    Rules {
        alerts_enabled: true,
        alert_interval: span("alert_interval", &raw.alert_interval, default.alert_interval),
        notification_interval: span(
            "notification_interval",
            &raw.notification_interval,
            default.notification_interval,
        ),
        acknowledgement_expiry: span(
            "acknowledgement_expiry",
            &raw.acknowledgement_expiry,
            default.acknowledgement_expiry,
        ),
    }
}

fn calendar(host: &Host, problems: &mut Problems) -> Option<CalendarSource> {
    let (raw, document) = (&host.raw.alerts, &host.document);
    match (&raw.calendar, &raw.calendar_secret) {
        (Some(_), Some(_)) => {
            let place = document.key("/alerts/calendar_secret", "this one, or");
            problems.push(
                Problem::error("`calendar` and `calendar_secret`", place)
                    .also(document.key("/alerts/calendar", "this one"))
                    .help("remove one of them: there is one calendar"),
            );
            None
        }
        (None, None) => None,
        (None, Some(secret)) => {
            check_name(
                document,
                "/alerts/calendar_secret",
                secret,
                "variable",
                variable_fault,
                problems,
            );
            Some(CalendarSource::Secret(secret.clone()))
        }
        (Some(url), None) if url.contains("://") => {
            is_url(document, "/alerts/calendar", url, problems).then(|| CalendarSource::Url(url.clone()))
        }
        (Some(file), None) => {
            let path = host.folder.join(file);
            if !path.is_file() {
                let place = document.value("/alerts/calendar", "expected an address, or a file that is there");
                problems.push(
                    Problem::error(format!("there is no calendar {}", tick(file)), place)
                        .help("for example `https://calendar.example.com/rota.ics`, or `rota.ics` beside this file"),
                );
                return None;
            }
            Some(CalendarSource::File(path))
        }
    }
}

fn rota(host: &Host, problems: &mut Problems) -> Vec<Rotation> {
    let rota = host.raw.rota.iter().enumerate();
    rota.filter_map(|(index, raw)| check_rotation(host, &format!("/rota/{index}"), raw, problems))
        .collect()
}

fn check_rotation(host: &Host, at: &str, raw: &RawRota, problems: &mut Problems) -> Option<Rotation> {
    let document = &host.document;
    let zone = match raw.timezone.as_deref() {
        None => Some(host.timezone.clone()),
        Some(name) => check_timezone(document, &format!("{at}/timezone"), name, problems),
    };
    // What is missing was reported with the shape.
    let from = raw
        .from
        .as_deref()
        .and_then(|from| moment(document, &format!("{at}/from"), from, problems));
    let overrides = raw.overrides.iter().enumerate();
    let overrides: Vec<Option<Override>> = overrides
        .map(|(index, raw)| check_override(document, &format!("{at}/override/{index}"), raw, problems))
        .collect();
    let people = raw.people.as_ref()?;
    if people.is_empty() {
        let place = document.value(&format!("{at}/people"), "nobody would be on duty");
        problems
            .push(Problem::error("a rota without people", place).help("name users, for example `[\"Ann\", \"Bob\"]`"));
        return None;
    }
    let named = people.iter().enumerate();
    let named = named.filter(|(index, name)| is_person(document, &format!("{at}/people/{index}"), name, problems));
    let all_named = named.count() == people.len();
    Some(Rotation {
        people: people.clone(),
        from: from?,
        days: raw.days,
        zone: zone?,
        overrides: overrides.into_iter().collect::<Option<_>>()?,
    })
    .filter(|_| all_named)
}

fn check_override(document: &Document, at: &str, raw: &RawOverride, problems: &mut Problems) -> Option<Override> {
    let mut time = |key: &str, text: Option<&str>| moment(document, &format!("{at}/{key}"), text?, problems);
    let (from, until) = (time("from", raw.from.as_deref()), time("until", raw.until.as_deref()));
    let (from, until, person) = (from?, until?, raw.person.as_ref()?);
    if until <= from {
        let place = document.value(&format!("{at}/until"), "not after `from`");
        problems
            .push(Problem::error("an override that ends before it begins", place).help("write the later time here"));
        return None;
    }
    is_person(document, &format!("{at}/person"), person, problems).then(|| Override {
        from,
        until,
        person: person.clone(),
    })
}

/// A moment on the clock's face: `2026-01-05 09:00`, or a day.
fn moment(document: &Document, at: &str, text: &str, problems: &mut Problems) -> Option<DateTime> {
    let text = text.trim();
    let read = match text.len() {
        10 => Date::strptime("%Y-%m-%d", text).ok().map(|day| day.at(0, 0, 0, 0)),
        _ => DateTime::strptime("%Y-%m-%d %H:%M", text).ok(),
    };
    if read.is_none() {
        let place = document.value(at, "expected a day and a time");
        problems.push(
            Problem::error(format!("{} is no moment", tick(text)), place)
                .help("for example `2026-01-05 09:00`, in quotes"),
        );
    }
    read
}

/// Whether a user can be called so. Users are in the database: whether there is one is not asked here.
pub(super) fn is_person(document: &Document, at: &str, name: &str, problems: &mut Problems) -> bool {
    let good = !name.trim().is_empty() && !name.contains(char::is_control);
    if !good {
        let place = document.value(at, "expected a name");
        problems.push(Problem::error("a user without a name", place).help("write the name of a user, or remove it"));
    }
    good
}

/// Whether an address can be opened.
pub(super) fn is_url(document: &Document, at: &str, url: &str, problems: &mut Problems) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let host = rest
        .and_then(|rest| rest.split(['/', '?', '#']).next())
        .unwrap_or_default();
    let good = !host.is_empty() && !host.contains('@') && !url.contains(|c: char| c.is_whitespace() || c.is_control());
    if !good {
        let place = document.value(at, "expected an address");
        let help = match host.contains('@') {
            true => "a password never stands in a configuration file: take what is before the `@` out",
            false => "for example `https://example.com/health`",
        };
        problems.push(Problem::error(format!("{} is no address", tick(url)), place).help(help));
    }
    good
}
