//! `[services.X]`: what a service consists of, who is told of it, and whether the namespace may tell them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::checks::check_span;
use super::super::grants::names_line;
use super::super::model::Allowed;
use super::super::names::{job_fault, nearest, tick, ticks};
use super::super::namespace::Room;
use super::super::problem::{Problem, Problems};
use super::super::source::child;
use super::owner::{self, INTERVAL, is_person, is_url};
use super::raw::RawService;
use super::{Check, Claimed};
use crate::alert::{CheckRules, PluginUse, Rules, Service};

/// With how many names one that nobody knows is compared: a hostile file has thousands of each.
pub(super) const MOST_COMPARED: usize = 500;
/// How many names are listed that might have been meant.
const MOST_LISTED: usize = 10;

/// Checks the services. Those with errors are left out.
pub(super) fn check(
    room: &Room<'_>,
    checks: &BTreeMap<String, Check>,
    claimed: &mut Claimed,
    problems: &mut Problems,
) -> Vec<Service> {
    check_need(room, problems);
    // What is wrong with the defaults is reported where they are.
    let defaults = owner::rules(room.host, &mut Problems::default());
    let services = room.raw.services.iter();
    services
        .filter_map(|(name, raw)| {
            let before = problems.errors_met();
            let service = check_service(room, name, raw, checks, &defaults, problems);
            claim(room, name, claimed, problems);
            (problems.errors_met() == before).then_some(service)
        })
        .collect()
}

/// `notify` of `[needs]`: what is asked for and not granted.
fn check_need(room: &Room<'_>, problems: &mut Problems) {
    let have = room.given.notify();
    for (index, name) in room.raw.needs.notify.iter().flatten().enumerate() {
        if !have.allows(name) {
            let place = room
                .document
                .value(&format!("/needs/notify/{index}"), "needs a grant of this plugin");
            let problem = Problem::error(format!("need not granted: notify {}", tick(name)), place);
            room.report_refused(
                problem,
                "notify",
                &names_line("notify", &have, [name.as_str()]),
                problems,
            );
        }
    }
}

/// A name is one service's in the whole workspace. Trusted namespaces are read first: a stranger takes no name from them.
fn claim(room: &Room<'_>, name: &str, claimed: &mut Claimed, problems: &mut Problems) {
    let at = child("/services", name);
    if let Some(other) = claimed.get(name) {
        let place = room.document.key(&at, "this one, and");
        problems.push(
            Problem::error(format!("two services {}", tick(name)), place)
                .also(other.clone())
                .help("give one of them another name: people say it without the namespace"),
        );
        return;
    }
    claimed.insert(name.to_owned(), room.document.key(&at, "this one"));
}

fn check_service(
    room: &Room<'_>,
    name: &str,
    raw: &RawService,
    checks: &BTreeMap<String, Check>,
    defaults: &Rules,
    problems: &mut Problems,
) -> Service {
    let at = child("/services", name);
    if let Some(fault) = job_fault(name) {
        let place = room.document.key(&at, "cannot be a service");
        let help = fault.replacen("a job", "a service", 1);
        problems.push(Problem::error(format!("bad name {}", tick(name)), place).help(help));
    }
    for (key, url) in [("url", &raw.url), ("runbook", &raw.runbook)] {
        if let Some(url) = url {
            is_url(&room.document, &format!("{at}/{key}"), url, problems);
        }
    }
    for (index, name) in raw.users_to_notify.iter().enumerate() {
        is_person(&room.document, &format!("{at}/users_to_notify/{index}"), name, problems);
    }
    Service {
        name: name.to_owned(),
        namespace: room.name.clone(),
        title: raw.name.clone(),
        url: raw.url.clone(),
        runbook: raw.runbook.clone(),
        checks: its_checks(room, &at, raw, checks, problems),
        users_to_notify: raw.users_to_notify.clone(),
        plugins: its_plugins(room, &at, raw, problems),
        rules: its_rules(room, &at, raw, defaults, problems),
    }
}

fn its_checks(
    room: &Room<'_>,
    at: &str,
    raw: &RawService,
    checks: &BTreeMap<String, Check>,
    problems: &mut Problems,
) -> BTreeMap<String, CheckRules> {
    if raw.checks.is_empty() {
        let place = room.document.key(at, "nothing could ever fail");
        problems.push(
            Problem::error("a service without checks", place)
                .help("name some of `[checks]`, for example `checks = [\"http\"]`"),
        );
    }
    let mut found = BTreeMap::new();
    for (index, name) in raw.checks.iter().enumerate() {
        let place = |label: &str| room.document.value(&format!("{at}/checks/{index}"), label);
        match checks.get(name) {
            Some(check) => {
                if found.insert(name.clone(), check.rules).is_some() {
                    let title = format!("the check {} twice", tick(name));
                    problems.push(Problem::error(title, place("once is enough")).help("remove one of them"));
                }
            }
            // One with errors was reported where it is.
            None if room.raw.checks.contains_key(name) => {}
            None => problems.push(unknown(
                "check",
                name,
                room.raw.checks.keys(),
                place("not under `[checks]`"),
            )),
        }
    }
    found
}

fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
    place: super::super::problem::Place,
) -> Problem {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let help = match (
        nearest(name, known.iter().copied().take(MOST_COMPARED)),
        known.is_empty(),
    ) {
        (Some(meant), _) => format!("did you mean {}?", tick(meant)),
        (None, true) => format!("there is no {what}"),
        (None, false) if known.len() > MOST_LISTED => format!(
            "there are {} and others",
            ticks(known.into_iter().take(MOST_LISTED), "and")
        ),
        (None, false) => format!("there are {}", ticks(known, "and")),
    };
    Problem::error(format!("unknown {what} {}", tick(name)), place).help(help)
}

/// The plugins of a service: they are there, and the namespace may notify people by them.
fn its_plugins(room: &Room<'_>, at: &str, raw: &RawService, problems: &mut Problems) -> Vec<PluginUse> {
    let have = room.given.notify();
    let asked = room
        .raw
        .needs
        .notify
        .as_ref()
        .map(|names| Allowed::Only(names.iter().cloned().collect()));
    let mut found = BTreeSet::new();
    for (index, name) in raw.alerts.iter().enumerate() {
        let place = |label: &str| room.document.value(&format!("{at}/alerts/{index}"), label);
        if !room.host.raw.plugins.contains_key(name) {
            let known = room.host.raw.plugins.keys();
            problems.push(unknown(
                "plugin",
                name,
                known,
                place("not under `[plugins]` of `innkeeper.toml`"),
            ));
        } else if !have.allows(name) {
            let problem = Problem::error(
                format!("need not granted: notify {}", tick(name)),
                place("pages people"),
            );
            room.report_refused(
                problem,
                "notify",
                &names_line("notify", &have, [name.as_str()]),
                problems,
            );
        } else if asked.as_ref().is_some_and(|asked| !asked.allows(name)) {
            let problem = Problem::error(
                format!("need not granted: notify {}", tick(name)),
                place("pages people"),
            );
            let ours = room.document.value("/needs/notify", "all that the namespace asks");
            problems.push(problem.also(ours).help(format!("add `\"{name}\"` to it")));
        } else if !found.insert(name.clone()) {
            let title = format!("the plugin {} twice", tick(name));
            problems.push(Problem::error(title, place("once is enough")).help("remove one of them"));
        }
    }
    let plugins = found.into_iter();
    plugins
        .map(|name| PluginUse {
            name,
            wants_updates: false,
        })
        .collect()
}

fn its_rules(room: &Room<'_>, at: &str, raw: &RawService, defaults: &Rules, problems: &mut Problems) -> Rules {
    let mut span = |key: &str, text: Option<&String>, default| match text {
        None => default,
        Some(text) => check_span(&room.document, &format!("{at}/{key}"), text, &INTERVAL, problems).unwrap_or(default),
    };
    Rules {
        alerts_enabled: raw.alerts_enabled,
        alert_interval: span("alert_interval", raw.alert_interval.as_ref(), defaults.alert_interval),
        notification_interval: span(
            "notification_interval",
            raw.notification_interval.as_ref(),
            defaults.notification_interval,
        ),
        acknowledgement_expiry: span(
            "acknowledgement_expiry",
            raw.acknowledgement_expiry.as_ref(),
            defaults.acknowledgement_expiry,
        ),
    }
}
