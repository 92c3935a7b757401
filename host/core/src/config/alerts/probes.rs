//! What checks of the host's own do: their keys, and whether the namespace may.
//!
//! The host acts for the namespace here, so a stranger's check is kept to what its components may: HTTP to granted hosts,
//! with granted secrets. What no grant covers (TCP, ping) is for trusted namespaces.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::checks::{check_name, check_span};
use super::super::grants::names_line;
use super::super::hooks;
use super::super::http::HttpGrant;
use super::super::names::{repository_fault, tick, variable_fault};
use super::super::namespace::Room;
use super::super::problem::{Problem, Problems};
use super::super::source::child;
use super::model::{Expectation, HttpProbe, MetricProbe, Probe};
use super::owner::is_url;
use super::raw::{RawCheck, RawGithubBuild, RawHttp, RawJenkins, RawKeepsUp, RawMetric};
use crate::alert::KeepsUp;

/// The keys of which a check has one, where it is no job.
pub(super) const WORDS: [&str; 9] = [
    "http",
    "tcp",
    "ping",
    "prometheus",
    "graphite",
    "github",
    "jenkins",
    "heartbeat",
    "host",
];

const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);
const QUEUED: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(7 * 24 * 60 * 60);
/// What happens once a year may be late by a month.
const SILENCE: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(400 * 24 * 60 * 60);
const BEHIND: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60);
/// What a regular expression may cost once it is compiled, in bytes.
const PATTERN: usize = 1 << 20;

/// Checks what a check does. None where it has errors, or its shape had.
pub(super) fn check(room: &Room<'_>, name: &str, raw: &RawCheck, problems: &mut Problems) -> Option<Probe> {
    let at = |word: &str| format!("{}/{word}", child("/checks", name));
    if let Some(raw) = &raw.http {
        return http(room, &at("http"), raw, problems).map(Probe::Http);
    }
    if let Some(raw) = &raw.tcp {
        let at = at("tcp");
        trusted_only(room, &at, "TCP connections", problems);
        let timeout = timeout(room, &at, &raw.timeout, problems);
        let (host, port) = address(room, &format!("{at}/address"), raw.address.as_deref()?, problems)?;
        let timeout = timeout?;
        return Some(Probe::Tcp { host, port, timeout });
    }
    if let Some(raw) = &raw.ping {
        let at = at("ping");
        trusted_only(room, &at, "pings", problems);
        let timeout = timeout(room, &at, &raw.timeout, problems);
        let host = host(room, &format!("{at}/host"), raw.host.as_deref()?, problems)?;
        return Some(Probe::Ping {
            host,
            timeout: timeout?,
        });
    }
    if let Some(raw) = &raw.prometheus {
        return metric(room, &at("prometheus"), raw, problems).map(Probe::Prometheus);
    }
    if let Some(raw) = &raw.graphite {
        return metric(room, &at("graphite"), raw, problems).map(Probe::Graphite);
    }
    if let Some(raw) = &raw.github {
        return github(room, &at("github"), raw, problems);
    }
    if let Some(raw) = &raw.jenkins {
        return jenkins(room, &at("jenkins"), raw, problems);
    }
    if let Some(raw) = &raw.heartbeat {
        let at = at("heartbeat");
        hooks::check_heartbeat(room, name, &at, problems);
        let within = check_span(
            &room.document,
            &format!("{at}/within"),
            raw.within.as_deref()?,
            &SILENCE,
            problems,
        )?;
        return Some(Probe::Heartbeat { within });
    }
    raw.host
        .as_ref()
        .and_then(|raw| keeps_up(room, &at("host"), raw, problems))
        .map(Probe::Host)
}

/// The host tells nobody but its owner's own how it is.
fn keeps_up(room: &Room<'_>, at: &str, raw: &RawKeepsUp, problems: &mut Problems) -> Option<KeepsUp> {
    trusted_only(room, at, "a look at the host", problems);
    if raw.queue.is_none() && raw.outbox.is_none() && raw.schedule.is_none() {
        let place = room.document.value(at, "nothing to look at");
        problems.push(Problem::error("an empty `host`", place).help(
            "write what is not to fall behind, for example `{ queue = \"5m\", outbox = \"10m\", schedule = \"1m\" }`",
        ));
        return None;
    }
    let mut span = |key: &str, text: &Option<String>| {
        let at = format!("{at}/{key}");
        let text = text.as_deref()?;
        check_span(&room.document, &at, text, &BEHIND, problems)
    };
    Some(KeepsUp {
        queue: span("queue", &raw.queue),
        outbox: span("outbox", &raw.outbox),
        schedule: span("schedule", &raw.schedule),
    })
}

fn http(room: &Room<'_>, at: &str, raw: &RawHttp, problems: &mut Problems) -> Option<HttpProbe> {
    let timeout = timeout(room, at, &raw.timeout, problems);
    let login = login(
        room,
        at,
        ("password_secret", raw.password_secret.as_ref()),
        raw.username.as_ref(),
        problems,
    );
    if let Some(Err(error)) = raw.text.as_deref().map(pattern) {
        let place = room
            .document
            .value(&format!("{at}/text"), "expected a regular expression");
        let what = error.to_string();
        let what = what
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        problems.push(Problem::error("`text` is no regular expression", place).help(what));
    }
    let url = url(room, at, raw.url.as_deref()?, problems)?;
    let secure = url.starts_with("https://");
    let of_certificates = [
        ("verify", !raw.verify),
        ("expires_within_days", raw.expires_within_days.is_some()),
    ];
    for (key, _) in of_certificates.into_iter().filter(|(_, said)| *said && !secure) {
        let place = room.document.key(&format!("{at}/{key}"), "there is no certificate");
        problems.push(Problem::error(format!("{} has no effect for `http://`", tick(key)), place).help("remove it"));
    }
    if !raw.verify && raw.expires_within_days.is_some() {
        let place = room.document.key(
            &format!("{at}/expires_within_days"),
            "of a certificate that is not looked at",
        );
        problems.push(
            Problem::error("`expires_within_days` has no effect with `verify = false`", place)
                .help("remove one of them"),
        );
    }
    let days = |days: u16| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    Some(HttpProbe {
        url,
        status: raw.status,
        text: raw.text.clone(),
        timeout: timeout?,
        verify: raw.verify,
        valid_for: raw.expires_within_days.map(days),
        login: login?,
    })
}

/// Reads what a body is to match.
pub(super) fn pattern(text: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(text).size_limit(PATTERN).build()
}

fn metric(room: &Room<'_>, at: &str, raw: &RawMetric, problems: &mut Problems) -> Option<MetricProbe> {
    let timeout = timeout(room, at, &raw.timeout, problems);
    let expect = raw.expect.as_deref().and_then(|text| {
        let read = Expectation::parse(text);
        if read.is_none() {
            let place = room
                .document
                .value(&format!("{at}/expect"), "expected a comparison and a number");
            problems.push(
                Problem::error(format!("{} is no limit", tick(text)), place).help("for example `< 0.9` or `>= 1`"),
            );
        }
        read
    });
    let query = raw.query.as_deref()?.trim();
    if query.is_empty() {
        let place = room.document.value(&format!("{at}/query"), "asks nothing");
        problems.push(Problem::error("an empty `query`", place).help("write what to ask for"));
    }
    Some(MetricProbe {
        url: url(room, at, raw.url.as_deref()?, problems)?,
        query: query.to_owned(),
        expect: expect?,
        allowed_failures: raw.allowed_failures,
        series: raw.series,
        timeout: timeout?,
    })
}

fn github(room: &Room<'_>, at: &str, raw: &RawGithubBuild, problems: &mut Problems) -> Option<Probe> {
    granted(room, at, "https://api.github.com", problems);
    if let Some(token) = &raw.token_secret {
        secret(room, &format!("{at}/token_secret"), token, problems);
    }
    let (repo, workflow) = (raw.repo.clone()?, raw.workflow.clone()?);
    check_name(
        &room.document,
        &format!("{at}/repo"),
        &repo,
        "repository",
        repository_fault,
        problems,
    );
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if workflow.is_empty() || !workflow.chars().all(plain) {
        let place = room
            .document
            .value(&format!("{at}/workflow"), "expected the name of a file");
        problems
            .push(Problem::error(format!("{} is no workflow", tick(&workflow)), place).help("for example `ci.yml`"));
    }
    Some(Probe::Github {
        repo,
        workflow,
        branch: raw.branch.clone(),
        token: raw.token_secret.clone(),
    })
}

fn jenkins(room: &Room<'_>, at: &str, raw: &RawJenkins, problems: &mut Problems) -> Option<Probe> {
    let login = login(
        room,
        at,
        ("token_secret", raw.token_secret.as_ref()),
        raw.username.as_ref(),
        problems,
    );
    let queued_for = match raw.queued_for.as_deref() {
        None => Some(None),
        Some(text) => check_span(&room.document, &format!("{at}/queued_for"), text, &QUEUED, problems).map(Some),
    };
    let job = raw.job.as_deref()?.trim();
    if job.is_empty() {
        let place = room.document.value(&format!("{at}/job"), "expected the name of a job");
        problems.push(Problem::error("an empty `job`", place).help("write its name as Jenkins shows it"));
    }
    Some(Probe::Jenkins {
        url: url(room, at, raw.url.as_deref()?, problems)?,
        job: job.to_owned(),
        login: login?,
        queued_for: queued_for?,
    })
}

fn timeout(room: &Room<'_>, at: &str, text: &str, problems: &mut Problems) -> Option<Duration> {
    check_span(&room.document, &format!("{at}/timeout"), text, &TIMEOUT, problems)
}

/// The address in `url`, which the namespace may ask.
fn url(room: &Room<'_>, at: &str, url: &str, problems: &mut Problems) -> Option<String> {
    let at = format!("{at}/url");
    if !is_url(&room.document, &at, url, problems) {
        return None;
    }
    granted(room, &at, url, problems);
    Some(url.to_owned())
}

/// Whether a stranger may ask this address.
fn granted(room: &Room<'_>, at: &str, url: &str, problems: &mut Problems) {
    if room.given.trusted {
        return;
    }
    let address = url.split(['?', '#']).next().unwrap_or_default();
    let path = address
        .split("://")
        .nth(1)
        .and_then(|rest| rest.find('/').map(|start| &rest[start..]));
    let origin = address.strip_suffix(path.unwrap_or_default()).unwrap_or(address);
    let place = |label: &str| room.document.value(at, label.to_owned());
    match HttpGrant::parse(origin) {
        Err(why) => problems.push(Problem::error(format!("{} is no address", tick(url)), place(why))),
        Ok(grant) => {
            if room.grants.http.allows(&grant.origin, path.unwrap_or("/")).is_err() {
                let problem = Problem::error(
                    format!("need not granted: http {}", tick(&grant.to_string())),
                    place("asks it"),
                );
                let line = format!("http = [\"{grant}\"]");
                room.report_refused(problem, "http", &line, problems);
            }
        }
    }
}

/// What no grant covers.
fn trusted_only(room: &Room<'_>, at: &str, what: &str, problems: &mut Problems) {
    if !room.given.trusted {
        let place = room.document.key(at, "the host does this, outside of every grant");
        let problem = Problem::error(format!("{what} of an untrusted namespace"), place);
        room.report_refused(problem, "trust", "trust = \"trusted\"", problems);
    }
}

/// A user and the secret that goes with them: both or none. None where that is wrong.
fn login(
    room: &Room<'_>,
    at: &str,
    (key, name): (&str, Option<&String>),
    username: Option<&String>,
    problems: &mut Problems,
) -> Option<Option<(String, String)>> {
    if let Some(name) = name {
        secret(room, &format!("{at}/{key}"), name, problems);
    }
    let missing = match (username, name) {
        (None, None) => return Some(None),
        (Some(user), Some(name)) => return Some(Some((user.clone(), name.clone()))),
        (Some(_), None) => ("username", key),
        (None, Some(_)) => (key, "username"),
    };
    let place = room.document.key(&format!("{at}/{}", missing.0), "this one");
    problems.push(
        Problem::error(format!("{} without {}", tick(missing.0), tick(missing.1)), place).help("write both, or none"),
    );
    None
}

/// The name of a secret that the namespace may use.
fn secret(room: &Room<'_>, at: &str, name: &str, problems: &mut Problems) {
    if variable_fault(name).is_some() {
        check_name(&room.document, at, name, "variable", variable_fault, problems);
        return;
    }
    let names = [name.to_owned()];
    room.host.check_env(&room.document, at, Some(&names), problems);
    if !room.grants.env.allows(name) {
        let place = room.document.value(at, "needs a grant of this secret");
        let problem = Problem::error(format!("need not granted: env {}", tick(name)), place);
        let given = room.given.grants().env;
        room.report_refused(problem, "env", &names_line("env", &given, [name]), problems);
    }
}

/// `host:port`.
fn address(room: &Room<'_>, at: &str, text: &str, problems: &mut Problems) -> Option<(String, u16)> {
    let read = text.rsplit_once(':').and_then(|(host, port)| {
        let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        is_host(host).then(|| (host.to_owned(), port))
    });
    if read.is_none() {
        let place = room.document.value(at, "expected a host and a port");
        problems.push(
            Problem::error(format!("{} is no address", tick(text)), place)
                .help("for example `db.example.com:5432` or `[::1]:5432`"),
        );
    }
    read
}

fn host(room: &Room<'_>, at: &str, text: &str, problems: &mut Problems) -> Option<String> {
    let good = is_host(text);
    if !good {
        let place = room.document.value(at, "expected a name or an address");
        problems.push(
            Problem::error(format!("{} is no host", tick(text)), place)
                .help("for example `db.example.com` or `10.0.0.5`"),
        );
    }
    good.then(|| text.to_owned())
}

/// A name or a number. It begins with no `-`: it may become an argument.
fn is_host(text: &str) -> bool {
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return true;
    }
    (1..=253).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}
