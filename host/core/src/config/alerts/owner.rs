//! `[alerts]`, `[[rota]]` and `[plugins.X]` of `innkeeper.toml`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, DateTime};

use super::super::checks::{check_http, check_name, check_span, check_timezone};
use super::super::grants::{Kind, limits};
use super::super::host::Host;
use super::super::model::{ComponentSource, Format};
use super::super::names::{job_fault, tick, variable_fault};
use super::super::oci::OciReference;
use super::super::problem::{Problem, Problems};
use super::super::raw::RawLimits;
use super::super::source::{Document, child};
use super::model::{Alerts, CalendarSource, Plugin};
use super::raw::{RawOverride, RawPlugin, RawRota};
use crate::alert::Rules;
use crate::alert::rota::{Override, Rotation};

/// From one alert to the next, and how long an acknowledgement lasts.
pub(super) const INTERVAL: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(31 * 24 * 60 * 60);

/// Checks what the owner of the host says. What has errors is left out.
pub(in super::super) fn check(host: &Host, problems: &mut Problems) -> Alerts {
    let raw = &host.raw.alerts;
    // For their problems; a service reads them again as its defaults.
    rules(host, problems);
    Alerts {
        services: BTreeMap::new(),
        checks: BTreeMap::new(),
        plugins: plugins(host, problems),
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

fn plugins(host: &Host, problems: &mut Problems) -> BTreeMap<String, Arc<Plugin>> {
    let plugins = host.raw.plugins.iter();
    let checked =
        plugins.filter_map(|(name, raw)| Some((name.clone(), Arc::new(check_plugin(host, name, raw, problems)?))));
    checked.collect()
}

fn check_plugin(host: &Host, name: &str, raw: &RawPlugin, problems: &mut Problems) -> Option<Plugin> {
    let (document, at) = (&host.document, child("/plugins", name));
    if let Some(fault) = job_fault(name) {
        let place = document.key(&at, "cannot be a plugin");
        let help = fault.replacen("a job", "a plugin", 1);
        problems.push(Problem::error(format!("bad name {}", tick(name)), place).help(help));
    }
    for (setting, secret) in &raw.secrets {
        let pointer = child(&format!("{at}/secrets"), setting);
        check_name(document, &pointer, secret, "variable", variable_fault, problems);
        if raw.settings.contains_key(setting) {
            let place = document.key(&pointer, "this one, or");
            problems.push(
                Problem::error(format!("the setting {} has two values", tick(setting)), place)
                    .also(document.key(&child(&format!("{at}/settings"), setting), "this one"))
                    .help("remove one of them"),
            );
        }
    }
    let http = check_http(document, &format!("{at}/http"), &raw.http, problems);
    let most = host.raw.max_guest_memory_mb;
    if raw.limits.memory_mb.is_some_and(|memory| memory > most) {
        let place = document.value(&format!("{at}/limits/memory_mb"), format!("more than {most}"));
        problems.push(
            Problem::error("`memory_mb` is beyond `max_guest_memory_mb`", place)
                .help("the plugin could never be called: lower it, or raise `max_guest_memory_mb`"),
        );
    }
    let none = RawLimits::default();
    let (limits, _) = limits(Kind::Component, Format::Text, &raw.limits, &none, &none);
    Some(Plugin {
        name: name.to_owned(),
        component: component(host, &at, raw.component.as_deref()?, problems)?,
        settings: raw.settings.clone(),
        secrets: raw.secrets.clone(),
        http: http.into_iter().collect(),
        limits,
    })
}

/// Where a plugin comes from. Whether it is one its first call shows: this looks into no component.
fn component(host: &Host, at: &str, written: &str, problems: &mut Problems) -> Option<ComponentSource> {
    let at = format!("{at}/component");
    if written.contains("://") {
        return match OciReference::parse(written) {
            Ok(reference) => Some(ComponentSource::Registry(reference)),
            Err(why) => {
                let place = host.document.value(&at, why);
                let title = format!("{} names no component in a registry", tick(written));
                problems.push(Problem::error(title, place).help("for example `oci://ghcr.io/owner/name:1.0`"));
                None
            }
        };
    }
    let path = host.folder.join(written);
    if !path.is_file() {
        let place = host.document.value(&at, "not a file that is there");
        problems.push(
            Problem::error(format!("there is no component {}", tick(written)), place)
                .help("build it, or name the file relative to this one"),
        );
        return None;
    }
    Some(ComponentSource::File(path))
}
