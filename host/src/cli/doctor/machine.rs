//! The machine: bash, the clock, the time zone, the address to listen on.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};

use innkeeper_core::config::{Config, Program};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::data::Occupant;
use super::slack::Heard;
use super::{Case, Finding};

/// Slack takes a signature for old after five minutes; a minute is worth knowing.
const WRONG: Duration = Duration::from_secs(5 * 60);
const OFF: Duration = Duration::from_secs(60);
/// No clock that is right shows a time before this program was written: 2026-01-01.
const WRITTEN: i64 = 1_767_225_600;

fn runs_bash(config: &Config) -> bool {
    let mut jobs = config.namespaces.values().flat_map(|namespace| namespace.jobs.values());
    jobs.any(|job| matches!(job.program, Program::Bash { .. }))
}

/// Whether bash is there.
pub(super) fn bash(case: &Case) -> Vec<Finding> {
    let found = which::which("bash").ok().map(|path| path.display().to_string());
    vec![of_bash(found.as_deref(), runs_bash(&case.config))]
}

fn of_bash(found: Option<&str>, needed: bool) -> Finding {
    let (says, remedy) = (
        "it is not on the PATH: bash jobs do not start",
        "install it (Debian: `apt-get install bash`)",
    );
    match (found, needed) {
        (Some(path), _) => Finding::ok("bash", path),
        (None, true) => Finding::problem("bash", says, remedy),
        (None, false) => Finding::note("bash", says, remedy),
    }
}

/// Whether the clock is right, as far as Slack knows.
pub(super) fn clock(case: &Case) -> Vec<Finding> {
    let theirs = match &case.slack {
        Heard::Known(_, token) => token.date.as_deref().and_then(read_date),
        Heard::NoToken | Heard::Unasked(_) | Heard::Failed(_) => None,
    };
    let now = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
    vec![of_clock(now, theirs)]
}

fn read_date(date: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(parsed.timestamp())
}

fn of_clock(now: Timestamp, theirs: Option<Timestamp>) -> Finding {
    let remedy = "let the machine keep its clock right (`timedatectl set-ntp true`): schedules and signatures go by it";
    if now.as_second() < WRITTEN {
        return Finding::problem("clock", format!("it says {now:.0}, which is long over"), remedy);
    }
    let Some(theirs) = theirs else {
        return Finding::ok("clock", format!("it says {now:.0}; there is none to compare it with"));
    };
    let off = now.duration_since(theirs);
    let by = off.unsigned_abs();
    let way = if off.is_negative() { "behind" } else { "ahead of" };
    let says = || {
        format!(
            "it is {:#} {way} Slack's",
            SignedDuration::from_secs(off.abs().as_secs())
        )
    };
    match by {
        by if by >= WRONG => Finding::problem("clock", says(), remedy),
        by if by >= OFF => Finding::note("clock", says(), remedy),
        _ => Finding::ok("clock", format!("it says {now:.0}, as Slack's does")),
    }
}

/// The time zone of what people type and read.
pub(super) fn timezone(case: &Case) -> Vec<Finding> {
    let ours = name(&case.config.timezone);
    vec![of_timezone(&ours, &name(&TimeZone::system()))]
}

fn name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

fn of_timezone(ours: &str, of_machine: &str) -> Finding {
    let is_utc = |name: &str| {
        matches!(
            name,
            "UTC" | "Etc/UTC" | "Etc/Unknown" | "Universal" | "Zulu" | "GMT" | "Etc/GMT"
        )
    };
    match is_utc(ours) && !is_utc(of_machine) {
        true => Finding::note(
            "time zone",
            format!("people type and read times of UTC, and this machine is in {of_machine}"),
            format!("where people are there too, write `timezone = \"{of_machine}\"` at the top of innkeeper.toml"),
        ),
        false => Finding::ok("time zone", format!("people type and read times of {ours}")),
    }
}

/// Whether the host can listen where it is told to.
pub(super) fn listen(case: &Case) -> Vec<Finding> {
    let address = case.config.server.listen;
    let bound = TcpListener::bind(address).map(drop);
    vec![of_address(address, bound, &case.occupant)]
}

fn of_address(address: SocketAddr, bound: io::Result<()>, occupant: &Occupant) -> Finding {
    let about = "address";
    match bound {
        Ok(()) => Finding::ok(about, format!("{address} is free")),
        Err(error) => match (error.kind(), occupant) {
            (io::ErrorKind::AddrInUse, Occupant::Serve(process)) => Finding::ok(
                about,
                format!("{address} is in use, and `serve` runs (process {process})"),
            ),
            (io::ErrorKind::AddrInUse, _) => Finding::problem(
                about,
                format!("something else listens on {address} already"),
                "end that, or let `listen` under [server] name another port",
            ),
            (io::ErrorKind::PermissionDenied, _) => Finding::problem(
                about,
                format!("the host's user may not listen on {address}"),
                "take a port above 1023 and put a proxy with TLS before it; or give the program `CAP_NET_BIND_SERVICE`",
            ),
            _ => Finding::problem(
                about,
                format!("nothing can listen on {address}: {error}"),
                "let `listen` under [server] name an address of this machine",
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::super::told;
    use super::*;

    #[test]
    fn what_is_said_of_the_machine() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let at = |seconds: i64| Some(now + SignedDuration::from_secs(seconds));
        let address: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let refused = |kind: io::ErrorKind| Err(io::Error::from(kind));
        let serve = Occupant::Serve("42".into());
        let findings = [
            of_bash(Some("/bin/bash"), true),
            of_bash(None, true),
            of_bash(None, false),
            of_clock(Timestamp::UNIX_EPOCH, None),
            of_clock(now, None),
            of_clock(now, at(3)),
            of_clock(now, at(-90)),
            of_clock(now, at(3600)),
            of_timezone("UTC", "Europe/London"),
            of_timezone("UTC", "Etc/UTC"),
            of_timezone("Europe/London", "UTC"),
            of_address(address, Ok(()), &Occupant::Nobody),
            of_address(address, refused(io::ErrorKind::AddrInUse), &serve),
            of_address(address, refused(io::ErrorKind::AddrInUse), &Occupant::Nobody),
            of_address(address, refused(io::ErrorKind::PermissionDenied), &Occupant::Nobody),
            of_address(address, refused(io::ErrorKind::AddrNotAvailable), &Occupant::Nobody),
        ];
        insta::assert_snapshot!(told(&findings), @r#"
ok       bash       /bin/bash
PROBLEM  bash       it is not on the PATH: bash jobs do not start
                    -> install it (Debian: `apt-get install bash`)
note     bash       it is not on the PATH: bash jobs do not start
                    -> install it (Debian: `apt-get install bash`)
PROBLEM  clock      it says 1970-01-01T00:00:00Z, which is long over
                    -> let the machine keep its clock right (`timedatectl set-ntp true`): schedules and signatures go by it
ok       clock      it says 2026-11-28T12:00:00Z; there is none to compare it with
ok       clock      it says 2026-11-28T12:00:00Z, as Slack's does
note     clock      it is 1m 30s ahead of Slack's
                    -> let the machine keep its clock right (`timedatectl set-ntp true`): schedules and signatures go by it
PROBLEM  clock      it is 1h behind Slack's
                    -> let the machine keep its clock right (`timedatectl set-ntp true`): schedules and signatures go by it
note     time zone  people type and read times of UTC, and this machine is in Europe/London
                    -> where people are there too, write `timezone = "Europe/London"` at the top of innkeeper.toml
ok       time zone  people type and read times of UTC
ok       time zone  people type and read times of Europe/London
ok       address    127.0.0.1:80 is free
ok       address    127.0.0.1:80 is in use, and `serve` runs (process 42)
PROBLEM  address    something else listens on 127.0.0.1:80 already
                    -> end that, or let `listen` under [server] name another port
PROBLEM  address    the host's user may not listen on 127.0.0.1:80
                    -> take a port above 1023 and put a proxy with TLS before it; or give the program `CAP_NET_BIND_SERVICE`
PROBLEM  address    nothing can listen on 127.0.0.1:80: address not available
                    -> let `listen` under [server] name an address of this machine

6 problems, 3 notes.
"#);
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        let date = read_date("Sat, 28 Nov 2026 12:00:00 GMT").unwrap();
        assert_eq!(date, "2026-11-28T12:00:00Z".parse().unwrap());
        assert_eq!(read_date("yesterday"), None);
    }
}
