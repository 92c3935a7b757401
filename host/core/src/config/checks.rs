//! Checks that several parts of a configuration share: names with a fault, and paths on the host and in guests.

use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::http::HttpGrant;
use super::names::{nearest, tick, variable_fault};
use super::oci::RegistryPrefix;
use super::problem::{Problem, Problems};
use super::source::Document;

/// How `a` stands to `b`, where one holds the other.
pub(super) fn overlap(a: &Path, b: &Path) -> Option<&'static str> {
    if a == b {
        Some("is")
    } else if a.starts_with(b) {
        Some("lies in")
    } else if b.starts_with(a) {
        Some("holds")
    } else {
        None
    }
}

/// The time zone of this name.
pub(super) fn check_timezone(document: &Document, at: &str, name: &str, problems: &mut Problems) -> Option<TimeZone> {
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {}?", tick(meant)),
        None => "use a name of the IANA database, for example `Europe/London`, or `UTC`".into(),
    };
    let place = document.value(at, "not in the time zone database");
    problems.push(Problem::error(format!("unknown time zone {}", tick(name)), place).help(help));
    None
}

/// The name of a secret, in the key `key` of the table at `at`.
pub(super) fn check_secret(document: &Document, at: &str, key: &str, name: &str, problems: &mut Problems) {
    if let Some(fault) = variable_fault(name) {
        let label = format!("expected a name, not the {key} itself");
        let place = document.value(&format!("{at}/{key}"), label);
        problems.push(
            Problem::error(format!("`{key}` is not the name of an environment variable"), place).help(format!(
                "{fault}; the {key} itself never stands in a configuration file"
            )),
        );
    }
}

/// A span of time, as people write it: `30s`, `1h 30m`.
pub(super) fn check_span(
    document: &Document,
    at: &str,
    text: &str,
    range: &RangeInclusive<Duration>,
    problems: &mut Problems,
) -> Option<Duration> {
    let key = at.rsplit('/').next().unwrap_or_default();
    let span = text
        .parse::<SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok());
    let Some(span) = span else {
        let place = document.value(at, "expected a span of time");
        problems.push(
            Problem::error(format!("{} is no span of time", tick(text)), place)
                .help("for example `30s`, `5m` or `1h 30m`; what is longer is written in hours, `48h`"),
        );
        return None;
    };
    if range.contains(&span) {
        return Some(span);
    }
    let (least, most) = (shown(*range.start()), shown(*range.end()));
    let place = document.value(at, format!("from {least} to {most}"));
    let size = if span > *range.end() { "long" } else { "short" };
    problems.push(Problem::error(format!("{} is too {size}", tick(key)), place));
    None
}

fn shown(span: Duration) -> String {
    SignedDuration::try_from(span).map_or_else(|_| "for ever".to_owned(), |span| format!("`{span:#}`"))
}

/// A path with the links in it resolved, as far as it exists.
pub(super) fn resolve(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) else {
            continue;
        };
        return rest.components().fold(real, |mut path, part| {
            match part {
                Component::ParentDir => {
                    path.pop();
                }
                Component::Normal(name) => path.push(name),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
            path
        });
    }
    path.to_owned()
}

/// A path in a guest without its last slash, if it is absolute and plain.
pub(super) fn check_guest_path(document: &Document, at: &str, guest: &str, problems: &mut Problems) -> Option<String> {
    let trimmed = guest.trim_end_matches('/');
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
    let good = trimmed.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain));
    if good {
        return Some(trimmed.to_owned());
    }
    let place = document.value(&format!("{at}/guest"), "expected an absolute path");
    problems.push(
        Problem::error(format!("{} is not a path for a guest", tick(guest)), place)
            .help("for example `/data`: absolute, without `.` and `..`, and not `/` itself"),
    );
    None
}

/// The good entries of a list of whom to ask over HTTP.
pub(super) fn check_http(
    document: &Document,
    pointer: &str,
    entries: &[String],
    problems: &mut Problems,
) -> Vec<HttpGrant> {
    let fault = |entry: &str| {
        let why = HttpGrant::parse(entry).err()?;
        Some(format!(
            "{why}; for example `api.example.com/v1` or `http://10.0.0.5:8080`"
        ))
    };
    check_names(document, pointer, Some(entries), "host for HTTP", fault, problems);
    entries
        .iter()
        .filter_map(|entry| HttpGrant::parse(entry).ok())
        .collect()
}

/// The good entries of a list of registries.
pub(super) fn check_registries(
    document: &Document,
    pointer: &str,
    entries: &[String],
    problems: &mut Problems,
) -> Vec<RegistryPrefix> {
    let fault = |entry: &str| {
        let why = RegistryPrefix::parse(entry).err()?;
        Some(format!("{why}; for example `ghcr.io/owner` or `localhost:5000`"))
    };
    check_names(document, pointer, Some(entries), "registry", fault, problems);
    entries
        .iter()
        .filter_map(|entry| RegistryPrefix::parse(entry).ok())
        .collect()
}

/// Reports the names of a list that have a fault.
pub(super) fn check_names(
    document: &Document,
    pointer: &str,
    names: Option<&[String]>,
    what: &str,
    fault: impl Fn(&str) -> Option<String>,
    problems: &mut Problems,
) {
    for (index, name) in names.unwrap_or_default().iter().enumerate() {
        check_name(document, &format!("{pointer}/{index}"), name, what, &fault, problems);
    }
}

/// Reports a name that has a fault.
pub(super) fn check_name(
    document: &Document,
    pointer: &str,
    name: &str,
    what: &str,
    fault: impl Fn(&str) -> Option<String>,
    problems: &mut Problems,
) {
    if let Some(fault) = fault(name) {
        let place = document.value(pointer, format!("not a {what}"));
        problems.push(Problem::error(format!("bad {what} {}", tick(name)), place).help(fault));
    }
}
