//! `fabfile`: the address of a file that is fetched before a namespace's bash jobs run.

use std::fmt;

use super::grants::Kind;
use super::http::{HostName, Origin, Scheme};
use super::jobs::kind_of;
use super::names::tick;
use super::namespace::Room;
use super::problem::{Problem, Problems};

/// The longest address. Servers take little more.
const LONGEST: usize = 2048;

/// Where a fabfile is fetched from: https, or http from this machine itself. It runs as code, so nobody on the way may
/// change it.
#[derive(Clone, PartialEq, Eq)]
pub struct FabfileUrl(String);

impl FabfileUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without its full stop.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(("http", rest)) => (Scheme::Http, rest),
            _ => return Err("an address begins with `https://`"),
        };
        if text.len() > LONGEST {
            return Err("an address has at most 2048 characters");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['\\', '#']) {
            return Err(
                "an address has no white space, no `\\` and no `#`; other letters than those of ASCII are written as `%…`",
            );
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let origin = Origin::parse(scheme, authority)?;
        if path.len() < 2 || !path.starts_with('/') {
            return Err("after the host comes the path of the file");
        }
        let loopback = matches!(origin.host, HostName::Address(address) if address.is_loopback());
        if scheme == Scheme::Http && !loopback {
            return Err(
                "without TLS somebody on the way could change what is run: `http://` is for addresses of this machine, such as `http://127.0.0.1:8000/…`",
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole address. Its query may hold a token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// For people: without the query.
impl fmt::Display for FabfileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once('?') {
            Some((before, _)) => write!(f, "{before}?…"),
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for FabfileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FabfileUrl({self})")
    }
}

/// The address that a namespace names, where it may.
pub(super) fn check(room: &Room<'_>, problems: &mut Problems) -> Option<FabfileUrl> {
    const AT: &str = "/fabfile";
    let written = room.raw.fabfile.as_ref()?;
    let url = match FabfileUrl::parse(written) {
        Ok(url) => Some(url),
        Err(fault) => {
            let place = room.document.value(AT, "expected the address of a file");
            problems.push(
                Problem::error(format!("`fabfile` cannot be fetched from there: {fault}"), place)
                    .help("for example `https://raw.githubusercontent.com/owner/name/main/fabfile.py`"),
            );
            None
        }
    };
    if !room.given.grants().fabfile {
        let place = room.document.key(AT, "fetched before bash jobs");
        let problem = Problem::error("need not granted: fabfile", place);
        let (key, line) = match room.given.trusted {
            true => ("fabfile", "fabfile = true"),
            // Only bash jobs use one.
            false => ("trust", "trust = \"trusted\""),
        };
        room.report_refused(problem, key, line, problems);
        return None;
    }
    let runs_bash = room.jobs.iter().any(|job| kind_of(room, job) == Kind::Bash);
    if !runs_bash && !room.jobs.is_empty() {
        let place = room.document.key(AT, "only bash jobs see it");
        let title = format!("`fabfile` has no effect: no job of {} runs bash", tick(&room.name));
        problems.push(Problem::warning(title, place).help("remove it"));
    }
    url
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn https_from_anywhere_and_http_from_here() {
        for good in [
            "https://raw.githubusercontent.com/owner/name/main/fabfile.py",
            "https://example.com:8443/a%20b.py?token=x",
            "http://127.0.0.1:8000/fabfile.py",
            "http://127.8.9.1/fabfile.py",
            "http://[::1]:8000/fabfile.py",
        ] {
            assert_eq!(FabfileUrl::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn what_is_no_address_to_run_code_from() {
        for bad in [
            "",
            "fabfile.py",
            "file:///etc/fabfile.py",
            "HTTPS://example.com/fabfile.py",
            "http://example.com/fabfile.py",
            "http://10.0.0.5/fabfile.py",
            "http://localhost/fabfile.py",
            "http://127.1/fabfile.py",
            "http://127.0.0.1.example.com/fabfile.py",
            "https://user:password@example.com/fabfile.py",
            "https://example.com",
            "https://example.com/",
            "https://example.com?fabfile.py",
            "https://example.com\\@evil.example/fabfile.py",
            "https://example.com/fabfile.py#deploy",
            "https://example.com/fab file.py",
            "https://exämple.com/fabfile.py",
            "https://*.example.com/fabfile.py",
            "https://example.com:0/fabfile.py",
        ] {
            assert!(FabfileUrl::parse(bad).is_err(), "{bad}");
        }
        assert!(FabfileUrl::parse(&format!("https://example.com/{}", "x".repeat(LONGEST))).is_err());
    }

    #[test]
    fn the_query_is_not_shown() {
        let url = FabfileUrl::parse("https://example.com/fabfile.py?token=secret").unwrap();
        assert_eq!(url.to_string(), "https://example.com/fabfile.py?…");
        assert_eq!(format!("{url:?}"), "FabfileUrl(https://example.com/fabfile.py?…)");
    }
}
