//! Services in the store: what is kept in which commit, and what is kept no longer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::alert::{CheckRules, Event, Importance, Kind, PluginUse, Refused, Rules, Service, Shown, Status};
use crate::schedule::{Mark, ScheduleKey};

const MINUTE: i64 = 60;

fn plugin(name: &str, wants_updates: bool) -> PluginUse {
    PluginUse {
        name: name.into(),
        wants_updates,
    }
}

/// A service with these checks, told by a `pager` and by `slack`, which wants updates.
fn service(name: &str, checks: &[(&str, Importance)]) -> Service {
    let check = |importance| CheckRules {
        importance,
        ..CheckRules::default()
    };
    let checks = checks
        .iter()
        .map(|(name, importance)| ((*name).to_owned(), check(*importance)));
    Service {
        name: name.into(),
        namespace: "demo".into(),
        checks: checks.collect(),
        plugins: vec![plugin("pager", false), plugin("slack", true)],
        ..Service::default()
    }
}

fn web() -> Arc<Service> {
    let checks = [("http", Importance::Error), ("slow", Importance::Warning)];
    Arc::new(service("web", &checks))
}

impl Fixture {
    /// Runs a check, started by the clock, and ends it at `when` with this code.
    async fn checked(&self, check: &str, code: i32, when: Timestamp, services: &[Arc<Service>]) -> (RunId, Vec<Noted>) {
        let run = self.started(check, when).await;
        let noted = self
            .store
            .end_check(run, exit(code, when), vec![], services.to_vec())
            .await
            .unwrap();
        (run, noted)
    }

    async fn started(&self, check: &str, when: Timestamp) -> RunId {
        let key = ScheduleKey::new(check, &jiff::tz::TimeZone::UTC, check, &Arguments::default(), None);
        let mark = Mark {
            namespace: "demo".into(),
            key,
            at: when,
        };
        let asking = NewAsking {
            key: Some(format!("schedule:demo:{check}:{}", when.as_micros())),
            origin: Origin::Schedule(ScheduleOrigin {
                due: when,
                schedule: "every 1m".into(),
                channel: None,
            }),
            text: None,
            edit: false,
            at: when,
        };
        let request = NewRequest {
            arguments: Arguments::default(),
            ..order(check, "", when)
        };
        self.store.accept_start(mark, asking, request).await.unwrap();
        self.claimed(when).await.id
    }

    /// The calls that are first in their lines: `slack web failing`.
    async fn calls(&self) -> Vec<String> {
        let mut calls = Vec::new();
        for due in self.store.due_calls().await.unwrap() {
            let kind: String = self.raw(&format!("SELECT kind FROM alert_call WHERE id = {}", due.id));
            calls.push(format!("{} {} {kind}", due.plugin, due.service));
        }
        calls
    }

    /// Makes every call that can be made, and says which, in their order.
    async fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let due = self.store.due_calls().await.unwrap();
            if due.is_empty() {
                return told;
            }
            for due in due {
                let call = self.store.begin_call(due.id).await.unwrap().unwrap();
                told.push(format!("{} {} {}", call.plugin, call.service, call.alert.kind.as_str()));
                self.store
                    .settle_call(call.id, CallSettled::Done, vec![], at(0))
                    .await
                    .unwrap();
            }
        }
    }
}

#[tokio::test]
async fn the_end_of_a_run_its_result_the_status_and_whom_to_call_are_one_commit() {
    let it = Fixture::new();
    let run = it.started("http", at(0)).await;
    let ended = it
        .store
        .end_check(run, exit(1, at(1)), vec![post("C1", "it failed")], vec![web()])
        .await;
    assert_eq!(ended.unwrap()[0].calls, 2);
    let it = it.crash();
    assert_eq!(
        it.taken("slack:C1", at(1)).await.0.address,
        Address::slack_channel("C1")
    );
    let changes = it.store.status_changes("web", 10).await.unwrap();
    assert_eq!(
        (changes[0].old, changes[0].new, changes[0].run),
        (Status::Passing, Status::Error, Some(run))
    );
    let services = it.store.services().await.unwrap();
    assert_eq!(
        (services[0].state.status, services[0].next),
        (Status::Error, Some(at(1 + 10 * MINUTE)))
    );
    let checks = it.store.checks(&web()).await.unwrap();
    assert_eq!(
        (checks.len(), checks[0].name.as_str(), checks[0].state.failures),
        (1, "http", 1)
    );
    assert_eq!(checks[0].log_folder.as_deref(), Some("demo_hello/20231114-221320-1"));
    assert_eq!(it.calls().await, ["pager web failing", "slack web failing"]);
    // The end of a run that has ended changes nothing, the service least of all.
    let again = it.store.end_check(run, exit(0, at(2)), vec![], vec![web()]).await;
    assert_eq!(again, Err(StoreError::RunEnded(run)));
    assert_eq!(it.store.services().await.unwrap(), services);
}

#[tokio::test]
async fn a_run_that_the_host_ended_says_nothing_of_its_check() {
    let it = Fixture::new();
    let run = it.started("http", at(0)).await;
    let end = RunEnd::interrupted(at(1), None);
    assert_eq!(it.store.end_check(run, end, vec![], vec![web()]).await.unwrap(), []);
    assert_eq!(it.store.checks(&web()).await.unwrap(), []);
    assert!(
        it.store.run(run).await.unwrap().unwrap().end.is_some(),
        "the run has ended all the same"
    );
}

#[tokio::test]
async fn a_check_counts_in_each_service_that_has_it() {
    let it = Fixture::new();
    let api = Arc::new(service("api", &[("http", Importance::Critical)]));
    let (_, noted) = it.checked("http", 1, at(0), &[web(), api]).await;
    let statuses: Vec<Status> = noted.iter().map(|noted| noted.state.status).collect();
    assert_eq!(statuses, [Status::Error, Status::Critical]);
    let names: Vec<String> = it
        .store
        .services()
        .await
        .unwrap()
        .into_iter()
        .map(|view| view.name)
        .collect();
    assert_eq!(names, ["api", "web"]);
}

#[tokio::test]
async fn debounce_counts_over_restarts() {
    let forgiving = CheckRules {
        debounce: 2,
        ..CheckRules::default()
    };
    let service = Arc::new(Service {
        checks: BTreeMap::from([("http".to_owned(), forgiving)]),
        ..service("web", &[])
    });
    let mut it = Fixture::new();
    let mut statuses = Vec::new();
    for minute in 0..4 {
        it.checked("http", 1, at(minute * MINUTE), &[Arc::clone(&service)])
            .await;
        statuses.push(it.store.services().await.unwrap()[0].state.status);
        it = it.crash();
    }
    assert_eq!(
        statuses,
        [Status::Passing, Status::Passing, Status::Error, Status::Error]
    );
}

#[tokio::test]
async fn what_says_that_an_incident_is_over_is_said_also_where_the_next_one_waits() {
    let it = Fixture::new();
    it.checked("http", 1, at(0), &[web()]).await;
    let by = Event::Acknowledge { by: "Ann".into() };
    let told = it.store.tell_service(web(), by, at(1), |_| vec![]).await;
    told.unwrap().unwrap();
    it.checked("http", 0, at(2), &[web()]).await;
    it.checked("http", 1, at(3), &[web()]).await;
    let waiting: String = it.raw(
        "SELECT group_concat(kind || ' ' || json_extract(alert, '$.new'), ', ' ORDER BY id) FROM alert_call WHERE plugin = 'slack'",
    );
    assert_eq!(waiting, "failing error, update passing, update error");
}

#[tokio::test]
async fn a_result_that_turns_nothing_is_not_summed_up() {
    let it = Fixture::new();
    for (minute, code, looked_at) in [(0, 0, 1), (1, 0, 0), (2, 1, 1), (3, 1, 0), (4, 0, 1)] {
        let (_, noted) = it.checked("http", code, at(minute * MINUTE), &[web()]).await;
        assert_eq!(noted.len(), looked_at, "in minute {minute}");
    }
}

#[tokio::test]
async fn what_is_due_is_looked_at_and_said_on_time_though_no_check_ends() {
    let it = Fixture::new();
    it.checked("http", 1, at(0), &[web()]).await;
    it.told().await;
    let due = |seconds| it.store.due_services(at(seconds), 10);
    let not_yet = due(10 * MINUTE - 1).await.unwrap();
    assert_eq!((not_yet.names.len(), not_yet.next), (0, Some(at(10 * MINUTE))));
    assert_eq!(due(10 * MINUTE).await.unwrap().names, ["web"]);
    let noted = it.store.look_at_services(vec![web()], at(10 * MINUTE)).await.unwrap();
    assert_eq!(noted[0].next, Some(at(20 * MINUTE)));
    assert_eq!(due(10 * MINUTE).await.unwrap().names, [""; 0]);
    assert_eq!(it.told().await, ["pager web again", "slack web again"]);
}

#[tokio::test]
async fn more_services_than_are_asked_for_are_asked_for_again_at_once() {
    let it = Fixture::new();
    let services: Vec<_> = ["a", "b", "c"]
        .map(|name| Arc::new(service(name, &[("http", Importance::Error)])))
        .into();
    it.checked("http", 1, at(0), &services).await;
    let due = it.store.due_services(at(10 * MINUTE), 2).await.unwrap();
    assert_eq!(
        (due.names, due.next),
        (vec!["a".to_owned(), "b".to_owned()], Some(at(10 * MINUTE)))
    );
}

#[tokio::test]
async fn an_acknowledgement_is_one_at_a_time_and_its_history_is_kept() {
    let it = Fixture::new();
    it.checked("http", 1, at(0), &[web()]).await;
    it.told().await;
    let tell = |event, seconds| it.store.tell_service(web(), event, at(seconds), |_| vec![]);
    let ack = |by: &str| Event::Acknowledge { by: by.into() };
    assert_eq!(
        tell(ack("Ann"), 60).await.unwrap().unwrap().calls,
        1,
        "those who want updates"
    );
    let refused = tell(ack("Bob"), 61).await.unwrap().unwrap_err();
    assert_eq!(refused.to_string(), "Ann has acknowledged it already");
    tell(Event::Withdraw { by: "Cat".into() }, 120).await.unwrap().unwrap();
    tell(ack("Bob"), 180).await.unwrap().unwrap();
    // It expires.
    it.store
        .look_at_services(vec![web()], at(180 + 20 * MINUTE))
        .await
        .unwrap();
    let views = it.store.acknowledgements("web", 10).await.unwrap();
    let shown: Vec<_> = views
        .iter()
        .map(|view| (view.by.as_str(), view.at, view.ended, view.ended_by.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("Bob", at(180), Some(at(180 + 20 * MINUTE)), None),
            ("Ann", at(60), Some(at(120)), Some("Cat")),
        ]
    );
    assert_eq!(
        tell(Event::Withdraw { by: "Ann".into() }, 2000).await.unwrap(),
        Err(Refused::NotAcknowledged)
    );
}

#[tokio::test]
async fn a_command_its_answer_and_what_it_does_to_a_service_are_one_commit() {
    let it = Fixture::new();
    it.checked("http", 1, at(0), &[web()]).await;
    let ack = || Cause::Service {
        service: web(),
        event: Event::Acknowledge { by: "U1".into() },
    };
    let accepted = it
        .store
        .accept_with(slack("ack web", "1.1"), ack(), |caused| {
            let text = match caused.service.as_deref().unwrap() {
                Ok(noted) => noted.state.shown(&Rules::default()).as_str().to_owned(),
                Err(refused) => refused.to_string(),
            };
            vec![post("C1", &text)]
        })
        .await;
    assert!(matches!(accepted, Ok(Accepted::New(_))));
    assert_eq!(
        it.store.services().await.unwrap()[0].state.shown(&Rules::default()),
        Shown::Acknowledged
    );
    // Slack sends it twice: it is done once.
    assert_eq!(
        it.store.accept(slack("ack web", "1.1"), ack(), vec![]).await,
        Ok(Accepted::Repeated)
    );
    let second = *it.caused(slack("ack web", "1.2"), ack()).await.service.unwrap();
    assert!(matches!(second, Err(Refused::Acknowledged(_))), "{second:?}");
    assert_eq!(
        it.raw::<i64>("SELECT count(*) FROM asking WHERE said IS NOT NULL AND state = 'acted'"),
        1
    );
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM acknowledgement"), 1);
}

#[tokio::test]
async fn services_go_on_where_they_were_and_others_are_forgotten() {
    let it = Fixture::new();
    let (api, far) = (
        service("api", &[("http", Importance::Error)]),
        service("far", &[("http", Importance::Error)]),
    );
    let far = Arc::new(Service {
        namespace: "away".into(),
        ..far
    });
    it.checked("http", 1, at(0), &[web(), Arc::new(api)]).await;
    it.store.look_at_services(vec![far], at(0)).await.unwrap();
    let it = it.crash();
    // `api` is gone; `away` has errors in its file, and says nothing for now.
    let noted = it
        .store
        .resume_services(vec![web()], vec!["away".into()], at(5 * MINUTE))
        .await
        .unwrap();
    assert_eq!(noted[0].alerts, [], "it was told of this failure");
    let names: Vec<String> = it
        .store
        .services()
        .await
        .unwrap()
        .into_iter()
        .map(|view| view.name)
        .collect();
    assert_eq!(names, ["far", "web"]);
    assert_eq!(
        it.told().await,
        ["pager web failing", "slack web failing"],
        "nobody hears of `api` any more"
    );
    assert_eq!(
        it.store.status_changes("api", 10).await.unwrap().len(),
        1,
        "its history stays"
    );
    // Another configuration: the check does not count any more, and no run caused that.
    let idle = Service {
        checks: BTreeMap::new(),
        ..(*web()).clone()
    };
    let noted = it
        .store
        .resume_services(vec![Arc::new(idle)], vec![], at(6 * MINUTE))
        .await
        .unwrap();
    assert_eq!(noted[0].alerts[0].kind, Kind::Recovered);
    let changes = it.store.status_changes("web", 10).await.unwrap();
    assert_eq!((changes[0].new, changes[0].run), (Status::Passing, None));
}

#[tokio::test]
async fn a_check_that_is_switched_on_again_begins_anew() {
    let it = Fixture::new();
    it.checked("http", 1, at(0), &[web()]).await;
    let mut off = (*web()).clone();
    off.checks.get_mut("http").unwrap().active = false;
    let resume = async |service: Arc<Service>, minute: i64| {
        let resumed = it
            .store
            .resume_services(vec![service], vec![], at(minute * MINUTE))
            .await;
        resumed.unwrap().remove(0).state.status
    };
    assert_eq!(resume(Arc::new(off), 1).await, Status::Passing);
    assert_eq!(resume(web(), 2).await, Status::Passing, "the failure is past");
    let (_, noted) = it.checked("http", 1, at(3 * MINUTE), &[web()]).await;
    assert_eq!(noted[0].state.status, Status::Error);
}

#[tokio::test]
async fn a_plugin_that_is_down_holds_up_nobody_else_and_hears_things_in_their_order() {
    let it = Fixture::new();
    it.checked("http", 1, at(0), &[web()]).await;
    let first = it.store.due_calls().await.unwrap().remove(0);
    assert_eq!((first.plugin.as_str(), first.due), ("pager", Timestamp::from_micros(0)));
    let call = it.store.begin_call(first.id).await.unwrap().unwrap();
    it.store
        .settle_call(first.id, CallSettled::Retry(at(3600)), vec![], at(1))
        .await
        .unwrap();
    // It is down for an hour. The failure is told six times more, the last time as a recovery.
    for minute in [10, 20, 30, 40] {
        it.store
            .look_at_services(vec![web()], at(minute * MINUTE))
            .await
            .unwrap();
    }
    it.checked("http", 0, at(45 * MINUTE), &[web()]).await;
    let due = it.store.due_calls().await.unwrap();
    let lines: Vec<_> = due.iter().map(|due| (due.plugin.as_str(), due.due)).collect();
    assert_eq!(lines, [("pager", at(3600)), ("slack", Timestamp::from_micros(0))]);
    let again = it.store.begin_call(first.id).await.unwrap().unwrap();
    assert_eq!(
        (again.attempts, again.key, again.alert.kind),
        (2, call.key, Kind::Failing)
    );
    // Repetitions that nobody has heard are worth nothing any more: the failure and the recovery are told.
    let told = it.told().await;
    assert_eq!(
        told,
        [
            "pager web failing",
            "slack web failing",
            "pager web recovered",
            "slack web recovered"
        ]
    );
}

#[tokio::test]
async fn what_a_plugin_gave_is_in_the_outbox_with_the_end_of_its_call_and_once() {
    let it = Fixture::new();
    it.checked("http", 1, at(0), &[web()]).await;
    let id = it.store.due_calls().await.unwrap()[0].id;
    let settle = |text: &str| {
        it.store
            .settle_call(id, CallSettled::Done, vec![post("C9", text)], at(1))
    };
    assert_eq!(settle("once").await, Ok(true));
    let it = it.crash();
    let again = it
        .store
        .settle_call(id, CallSettled::Done, vec![post("C9", "twice")], at(2))
        .await;
    assert_eq!((again, it.store.begin_call(id).await), (Ok(false), Ok(None)));
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM delivery"), 1);
    assert_eq!(it.calls().await, ["slack web failing"]);
}

#[tokio::test]
async fn runs_of_checks_are_kept_by_count_and_those_that_changed_a_status_longer() {
    let it = Fixture::new();
    let mut runs = Vec::new();
    // Ten times well, then it fails and goes on failing.
    for n in 0..30 {
        let code = i32::from(n >= 10);
        runs.push(it.checked("http", code, at(n * MINUTE), &[web()]).await.0);
    }
    let changed = runs[10];
    let found = it.store.prunable_check_runs(20, 4).await.unwrap();
    let found: Vec<RunId> = found.into_iter().map(|found| found.run).collect();
    assert_eq!(found, runs[0..4], "the oldest first, and no more than are asked for");
    assert_eq!(it.store.forget_check_runs(found).await, Ok(4));
    let rest = it.store.prunable_check_runs(20, 100).await.unwrap();
    assert_eq!(rest.len(), 5);
    assert_eq!(rest[0].log_folder.as_deref(), Some("demo_hello/20231114-221320-1"));
    let rest = rest.into_iter().map(|found| found.run).collect();
    assert_eq!(it.store.forget_check_runs(rest).await, Ok(5));
    assert_eq!(it.store.prunable_check_runs(20, 100).await.unwrap(), []);
    for (table, rows) in [
        ("run", 21),
        ("request", 21),
        ("asking", 21),
        ("asking_request", 21),
        ("check_result", 21),
    ] {
        assert_eq!(it.raw::<i64>(&format!("SELECT count(*) FROM {table}")), rows, "{table}");
    }
    let results = it.store.results("demo", "http", 100).await.unwrap();
    assert_eq!((results.len(), results[0].run), (21, runs[29]));
    assert!(results.iter().any(|result| result.run == changed && result.changed));
    // What is asked for by mistake is not forgotten.
    assert_eq!(it.store.forget_check_runs(vec![changed, RunId(999)]).await, Ok(0));
    // When the change itself is past remembering, its run is one of the many.
    assert_eq!(it.store.forget_history(at(11 * MINUTE), 100).await, Ok(1));
    assert_eq!(it.store.status_changes("web", 10).await.unwrap(), []);
    let found = it.store.prunable_check_runs(20, 100).await.unwrap();
    assert_eq!(found.into_iter().map(|found| found.run).collect::<Vec<_>>(), [runs[9]]);
}

#[tokio::test]
async fn what_is_still_to_be_delivered_of_a_run_or_was_asked_by_a_person_stays() {
    let it = Fixture::new();
    let run = it.started("http", at(0)).await;
    let mut report = post("C1", "hi");
    report.run = Some(run);
    let id = report.id;
    it.store
        .end_check(run, exit(0, at(1)), vec![report], vec![])
        .await
        .unwrap();
    it.queued("slow", "", at(2)).await;
    let asked = it.claimed(at(2)).await.id;
    it.store.end_check(asked, exit(0, at(3)), vec![], vec![]).await.unwrap();
    assert_eq!(it.store.forget_check_runs(vec![run]).await, Ok(0));
    it.taken("slack:C1", at(4)).await;
    let receipt = crate::outbox::Receipt::default();
    it.store
        .settle(id, Settled::Sent(receipt), at(5), vec![])
        .await
        .unwrap();
    assert_eq!(it.store.forget_check_runs(vec![run, asked]).await, Ok(2));
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM delivery WHERE run IS NULL"), 1);
    assert_eq!(it.raw::<String>("SELECT group_concat(trigger) FROM asking"), "cli");
}

#[tokio::test]
async fn users_are_known_by_name_and_by_slack() {
    let it = Fixture::new();
    let new = |name: &str, slack: Option<&str>, fallback| NewPerson {
        name: name.into(),
        email: Some(format!("{name}@example.com")),
        slack: slack.map(str::to_owned),
        active: true,
        fallback,
    };
    let add = |new| it.store.add_person(new);
    let ann = add(new(" Ann ", Some("U1"), true)).await.unwrap().unwrap();
    let bob = add(new("Bob", None, true)).await.unwrap().unwrap();
    let refused = |refused: Result<PersonId, PersonRefused>| refused.unwrap_err().to_string();
    assert_eq!(
        refused(add(new("ANN", None, false)).await.unwrap()),
        "there is a user `Ann` already"
    );
    assert_eq!(
        refused(add(new("Cat", Some("U1"), true)).await.unwrap()),
        "the user `Ann` has that Slack id already"
    );
    assert_eq!(refused(add(new(" ", None, false)).await.unwrap()), "a user has a name");
    let fallback: Vec<bool> = it
        .store
        .people()
        .await
        .unwrap()
        .iter()
        .map(|person| person.fallback)
        .collect();
    assert_eq!(
        fallback,
        [false, true],
        "one at a time, and a refused one changes nothing"
    );
    let change = PersonChange {
        name: Some("Bobby".into()),
        slack: Some(Some("U2".into())),
        ..PersonChange::default()
    };
    it.store.change_person(bob, change).await.unwrap().unwrap();
    let bobby = it.store.person_in_slack("U2").await.unwrap().unwrap();
    assert_eq!(
        bobby.email.as_deref(),
        Some("Bob@example.com"),
        "what was not said stays"
    );
    assert_eq!(it.store.person_named("bob").await, Ok(None));
    assert_eq!(it.store.person_named(" bobby ").await.unwrap().unwrap().id, bob);
    let same_name = PersonChange {
        name: Some("ann".into()),
        ..PersonChange::default()
    };
    assert_eq!(
        it.store.change_person(ann, same_name.clone()).await,
        Ok(Ok(())),
        "it is their own"
    );
    let taken = it.store.change_person(bob, same_name).await.unwrap();
    assert_eq!(taken, Err(PersonRefused::NameTaken("ann".into())));
    assert_eq!(it.store.remove_person(ann).await, Ok(true));
    assert_eq!(it.store.remove_person(ann).await, Ok(false));
    let gone = it.store.change_person(ann, PersonChange::default()).await;
    assert_eq!(gone, Ok(Err(PersonRefused::Unknown)));
}

#[tokio::test]
async fn what_people_fill_in_is_kept_for_each_plugin_and_goes_with_them() {
    let it = Fixture::new();
    let ann = NewPerson {
        name: "Ann".into(),
        email: None,
        slack: None,
        active: true,
        fallback: false,
    };
    let ann = it.store.add_person(ann).await.unwrap().unwrap();
    let plain = |text: &str| Some(FieldValue::Plain(text.into()));
    let secret = || FieldValue::Secret(vec![0, 159, 146, 150]);
    let set = |plugin, fields| it.store.set_fields(ann, plugin, fields);
    let fields = vec![("number".into(), plain("+44")), ("token".into(), Some(secret()))];
    set("sms", fields).await.unwrap().unwrap();
    set("mail", vec![("number".into(), plain("2"))]).await.unwrap().unwrap();
    set("sms", vec![("number".into(), plain("+49"))])
        .await
        .unwrap()
        .unwrap();
    let expected = [
        ("number".to_owned(), FieldValue::Plain("+49".into())),
        ("token".to_owned(), secret()),
    ];
    let it = it.crash();
    assert_eq!(it.store.fields(ann, "sms").await.unwrap(), expected);
    assert!(
        !format!("{expected:?}").contains("49"),
        "what people write is not logged"
    );
    it.store
        .set_fields(ann, "sms", vec![("token".into(), None)])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(it.store.fields(ann, "sms").await.unwrap().len(), 1);
    it.store.remove_person(ann).await.unwrap();
    assert_eq!(it.raw::<i64>("SELECT count(*) FROM person_field"), 0);
    let gone = it.store.set_fields(ann, "sms", vec![]).await;
    assert_eq!(gone, Ok(Err(PersonRefused::Unknown)));
}
