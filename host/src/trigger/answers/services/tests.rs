#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use innkeeper_core::alert::Importance;
use innkeeper_core::run::RunId;

use super::*;
use crate::alerts::{CalendarDuty, RotaDuty};

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

const NOW: &str = "2026-03-03T12:00:20Z";

static ZONE: TimeZone = TimeZone::UTC;

fn setting() -> Setting<'static> {
    Setting {
        now: at(NOW),
        zone: &ZONE,
        prefix: "@bot ",
    }
}

fn line_of(name: &str, shown: Shown, status: Status) -> ServiceLine {
    ServiceLine {
        name: name.to_owned(),
        namespace: "ops".to_owned(),
        title: None,
        shown,
        status,
        since: Some(at("2026-03-03T11:42:07.5Z")),
        acknowledged: None,
        silenced: None,
    }
}

fn failing() -> ServiceLine {
    ServiceLine {
        title: Some("The <web> site".to_owned()),
        ..line_of("web", Shown::Critical, Status::Critical)
    }
}

fn acknowledged_by(by: &str) -> ServiceLine {
    ServiceLine {
        acknowledged: Some(Acknowledgement {
            by: by.to_owned(),
            at: at(NOW),
            until: at("2026-03-03T12:20:20Z"),
        }),
        ..line_of("mail", Shown::Acknowledged, Status::Error)
    }
}

fn silenced_service() -> ServiceLine {
    ServiceLine {
        since: None,
        silenced: Some(Silence {
            by: "Ann".to_owned(),
            at: at(NOW),
            until: at("2026-03-04T09:00:00Z"),
        }),
        ..line_of("shop", Shown::Passing, Status::Passing)
    }
}

#[test]
fn services_are_told_with_since_when_who_is_on_them_and_who_is_not_disturbed() {
    let lines = [
        failing(),
        acknowledged_by("U0123ABCD"),
        silenced_service(),
        line_of("old", Shown::Disabled, Status::Warning),
    ];
    insta::assert_snapshot!(services(&lines, 0, setting()), @"
    There are 4 services:
    • 🔴 `web` (The &lt;web&gt; site) is critical since 11:42 UTC
    • 🔵 `mail` is at error since 11:42 UTC; <@U0123ABCD> is on it until 12:20 UTC
    • 🟢 `shop` passes; silenced by Ann until 2026-03-04 09:00 UTC
    • ⚪ `old` is at warning since 11:42 UTC; its alerts are switched off
    ");
    insta::assert_snapshot!(services(&lines[2..3], 2, setting()), @"
    There is 1 service:
    • 🟢 `shop` passes; silenced by Ann until 2026-03-04 09:00 UTC
    There are 2 more services that not everybody here may see: ask me in a direct message.
    ");
    insta::assert_snapshot!(services(&[], 1, setting()), @"There is 1 service that not everybody here may see: ask me in a direct message.");
    assert_eq!(services(&[], 0, setting()), "There are no services.");
    insta::assert_snapshot!(unknown("wbe` <!channel>", Some("web")), @"There is no service `wbeˋ &lt;!channel&gt;`. Did you mean `web`?");
}

#[test]
fn a_service_is_told_with_its_checks_its_people_and_its_changes() {
    let check = |name: &str, failures, run: Option<i64>| CheckLine {
        name: name.to_owned(),
        importance: Importance::Critical,
        debounce: 1,
        active: true,
        failing: failures > 1,
        failures,
        since: (failures > 0).then(|| at("2026-03-03T11:40:00Z")),
        run: run.map(RunId),
        at: run.map(|_| at("2026-03-03T11:59:59Z")),
    };
    let off = CheckLine {
        active: false,
        ..check("off", 0, None)
    };
    let mut service = ServiceDetail {
        line: failing(),
        url: Some("https://example.com".to_owned()),
        runbook: Some("https://wiki.example.com/web".to_owned()),
        checks: vec![
            check("http", 3, Some(12)),
            check("tcp", 1, Some(11)),
            check("ping", 0, Some(10)),
            check("new", 0, None),
            off,
        ],
        told: WhoIsTold {
            users: vec!["Ann".to_owned()],
            on_duty: vec!["Bob".to_owned()],
            unknown: vec!["Eve".to_owned()],
        },
        plugins: vec!["pager".to_owned(), "slack".to_owned()],
        changes: vec![StatusChangeView {
            at: at("2026-03-02T11:42:00Z"),
            old: Status::Passing,
            new: Status::Critical,
            run: Some(RunId(12)),
        }],
    };
    insta::assert_snapshot!(detail(&service, setting()), @"
    🔴 *The &lt;web&gt; site* (`web`) is critical since 11:42 UTC
    Nobody is on it. To say that you are: `@bot ack web`
    It is at https://example.com
    What to do: https://wiki.example.com/web

    Its checks:
    • 🔴 `http` (critical) failed 3 times in a row since 11:40 UTC, last at 11:59 UTC: `@bot logs tail 12`
    • 🟡 `tcp` (critical) failed once, last at 11:59 UTC (1 in a row is forgiven): `@bot logs tail 11`
    • 🟢 `ping` (critical) passed at 11:59 UTC: `@bot logs tail 10`
    • ⚪ `new` (critical) has not run yet
    • ⚪ `off` (critical) is not active

    Told of it, by `pager`, `slack`: Ann; on duty: Bob. No active user is called `Eve`: nobody of that name is told.

    Its last changes:
    • 2026-03-02 11:42 UTC: passing → critical (run 12)
    ");
    service.line = acknowledged_by("Ann");
    service.plugins.clear();
    service.told = WhoIsTold::default();
    service.checks.clear();
    service.changes.clear();
    (service.url, service.runbook) = (None, None);
    insta::assert_snapshot!(detail(&service, setting()), @"
    🔵 *mail* (`mail`) is at error since 11:42 UTC; Ann is on it until 12:20 UTC

    It has no alert plugin, so nobody is told of it. Its people: nobody.
    ");
}

#[test]
fn what_was_done_is_told_with_how_to_take_it_back() {
    let (on_it, silence) = (acknowledged_by("Ann"), silenced_service());
    insta::assert_snapshot!(acknowledged("mail", &on_it.state(), setting()), @"`mail`: Ann is on it until 12:20 UTC. Until then nobody is alerted; plugins that want updates tell what happens. `@bot unack mail` takes it back.");
    insta::assert_snapshot!(silenced("shop", &silence.state(), setting()), @"`shop` is silenced until 2026-03-04 09:00 UTC: nobody is told anything of it, but that it recovered. `@bot unsilence shop` ends it.");
    let already = Refused::Acknowledged(on_it.acknowledged.unwrap());
    insta::assert_snapshot!(refused("mail", &already, setting()), @"`mail`: Ann is on it until 12:20 UTC already. `@bot unack mail` takes that back.");
    insta::assert_snapshot!(refused("mail", &Refused::Passing, setting()), @"`mail`: nothing fails: there is nothing to acknowledge.");
}

#[test]
fn who_is_on_call_is_told_source_by_source() {
    let shift = |person: &str, start: &str, end: &str| Shift {
        start: at(start),
        end: at(end),
        person: person.to_owned(),
    };
    let person = |name: &str, fallback| Person {
        id: innkeeper_core::store::PersonId(1),
        name: name.to_owned(),
        email: None,
        slack: None,
        active: true,
        fallback,
    };
    let people = [person("Ann", false), person("Zoe", true)];
    let duty = Duty {
        now: vec![shift("ann", "2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z")],
        next: vec![shift("Bob", "2026-03-09T09:00:00Z", "2026-03-16T09:00:00Z")],
    };
    let mut both = OnCall {
        at: at(NOW),
        rotas: vec![RotaDuty {
            people: vec!["ann".to_owned(), "Bob".to_owned()],
            duty: duty.clone(),
        }],
        calendar: Some(CalendarDuty {
            faults: vec!["Eve: its event has no start".to_owned()],
            trouble: Some("the server took too long".to_owned()),
            ..CalendarDuty::default()
        }),
        fallback: None,
    };
    insta::assert_snapshot!(on_call(&both, &people, setting()), @"
    On call now: *ann*
    • Rota of ann, Bob: ann until 2026-03-09 09:00 UTC. Next: Bob, from 2026-03-09 09:00 UTC.
    • Calendar: nobody. This is from the last copy, since it cannot be read now: the server took too long.
        It could not be read wholly: Eve: its event has no start.
    ");
    insta::assert_snapshot!(on_call(&both, &people[1..], setting()).lines().next().unwrap(), @"On call now: *ann*; *Zoe* is told instead.");
    assert!(
        on_call(&both, &people[1..], setting())
            .ends_with("\nNo active user is called `ann`: nobody of that name is told.")
    );
    (both.rotas, both.calendar) = (Vec::new(), None);
    insta::assert_snapshot!(on_call(&both, &people, setting()), @"
    Nobody is on call now; *Zoe* is told instead.
    There is no rota, and no calendar.
    ");
    insta::assert_snapshot!(on_call(&both, &[], setting()).lines().next().unwrap(), @"Nobody is on call now, and nobody stands in.");
}
