#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use super::*;
use crate::config::{ComponentInspector, Config, World};
use crate::request::Origin;
use crate::store::{Accepted, Store};

struct NoComponents;

impl ComponentInspector for NoComponents {
    fn inspect(&self, _: &std::path::Path) -> Result<World, String> {
        Err("is no component".into())
    }
}

/// A host that is asked what is due, and has a clock that is told the time.
struct Host {
    folder: tempfile::TempDir,
    store: Store,
    config: Config,
    table: Timetable,
}

impl Host {
    /// One with these lines in a `[[schedule]]` of the job `rota`.
    async fn new(schedule: &str, now: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("workspace/demo")).unwrap();
        let host = "timezone = 'Europe/London'\n[namespaces.demo]\ntrust = 'trusted'\n";
        std::fs::write(path("innkeeper.toml"), host).unwrap();
        let namespace = format!(
            "default_channel = '#team'\n[jobs.rota]\nrun_args_template = 'true'\n[[schedule]]\njob_type = 'rota'\n{schedule}\n"
        );
        std::fs::write(path("workspace/demo/namespace.toml"), namespace).unwrap();
        let config = match Config::load(&path("innkeeper.toml"), &NoComponents) {
            Ok(loaded) => loaded.config,
            Err(problems) => panic!("{problems}"),
        };
        let store = Store::open(&path("data")).unwrap();
        let table = resumed(&store, &config, now).await;
        Self {
            folder,
            store,
            config,
            table,
        }
    }

    /// Ends it as a power cut would, and starts it again.
    async fn restarted(self, now: &str) -> Self {
        self.store.close().await;
        let store = Store::open(&self.folder.path().join("data")).unwrap();
        let table = resumed(&store, &self.config, now).await;
        Self { store, table, ..self }
    }

    /// Does what is due, as the edge does. Says which starts were taken, and `skipped …` for one that was passed over.
    async fn wake(&mut self, now: &str) -> Vec<String> {
        let now = moment(now);
        let mut done = Vec::new();
        for start in self.table.due(now) {
            let at = start.mark.at;
            if start.is_skipped() {
                self.store.skip_start(start.mark.clone()).await.unwrap();
                done.push(format!("skipped {at}"));
            } else {
                let (asking, request) = start.order(now);
                match self
                    .store
                    .accept_start(start.mark.clone(), asking, request)
                    .await
                    .unwrap()
                {
                    Accepted::New(_) => done.push(at.to_string()),
                    Accepted::Repeated => done.push(format!("repeated {at}")),
                }
            }
            self.table.decided(&start);
        }
        done
    }

    fn next(&self) -> String {
        self.table.next().map_or("never".into(), |next| next.to_string())
    }
}

async fn resumed(store: &Store, config: &Config, now: &str) -> Timetable {
    let mut table = Timetable::new(config, moment(now));
    let marks = store
        .resume_schedules(table.marks(), config.left_out.clone())
        .await
        .unwrap();
    table.resume(&marks);
    table
}

fn moment(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

#[tokio::test]
async fn a_start_is_one_asking_and_its_request() {
    let mut host = Host::new("cron = '0 9 * * MON-FRI'", "2026-11-20T08:00:00Z").await;
    assert_eq!(host.next(), "2026-11-20T09:00:00Z");
    assert!(host.wake("2026-11-20T08:59:59Z").await.is_empty());
    assert_eq!(host.wake("2026-11-20T09:00:00.2Z").await, ["2026-11-20T09:00:00Z"]);
    assert!(host.wake("2026-11-20T09:00:01Z").await.is_empty());
    assert_eq!(host.next(), "2026-11-23T09:00:00Z", "after the weekend");
    let run = host
        .store
        .claim(moment("2026-11-20T09:00:01Z"))
        .await
        .unwrap()
        .run
        .unwrap();
    assert_eq!((run.namespace.as_str(), run.job.as_str()), ("demo", "rota"));
    let Origin::Schedule(origin) = &run.askings[0].origin else {
        panic!("{:?}", run.askings)
    };
    assert_eq!(origin.due, moment("2026-11-20T09:00:00Z"));
    assert_eq!(origin.schedule, "0 9 * * MON-FRI");
    assert_eq!(origin.channel.as_deref(), Some("#team"));
}

#[tokio::test]
async fn a_start_that_was_taken_is_not_taken_again_after_a_crash() {
    let mut host = Host::new("every = '5m'", "2026-11-20T08:01:00Z").await;
    let due = host.table.due(moment("2026-11-20T08:05:00Z"));
    let (asking, request) = due[0].order(moment("2026-11-20T08:05:00Z"));
    host.store
        .accept_start(due[0].mark.clone(), asking, request)
        .await
        .unwrap();
    // It dies after the commit, before it knows.
    let mut host = host.restarted("2026-11-20T08:05:01Z").await;
    assert!(host.wake("2026-11-20T08:05:01Z").await.is_empty());
    assert_eq!(host.next(), "2026-11-20T08:10:00Z");
}

#[tokio::test]
async fn starts_that_were_missed_are_one_start_now() {
    let host = Host::new("cron = '0 9 * * *'", "2026-11-20T08:00:00Z").await;
    let mut host = host.restarted("2026-11-23T15:00:00Z").await;
    assert_eq!(host.wake("2026-11-23T15:00:00Z").await, ["2026-11-23T09:00:00Z"]);
    assert!(host.wake("2026-11-23T15:00:01Z").await.is_empty());
    assert_eq!(host.next(), "2026-11-24T09:00:00Z");
    let run = host
        .store
        .claim(moment("2026-11-23T15:00:01Z"))
        .await
        .unwrap()
        .run
        .unwrap();
    assert_eq!(run.askings.len(), 1);
}

#[tokio::test]
async fn starts_that_were_missed_are_skipped_where_that_is_the_rule() {
    let host = Host::new("cron = '0 9 * * *'\nmissed = 'skip'", "2026-11-20T08:00:00Z").await;
    let mut host = host.restarted("2026-11-23T15:00:00Z").await;
    assert_eq!(
        host.wake("2026-11-23T15:00:00Z").await,
        ["skipped 2026-11-23T09:00:00Z"]
    );
    let mut host = host.restarted("2026-11-23T15:10:00Z").await;
    assert!(host.wake("2026-11-23T15:10:00Z").await.is_empty());
    assert_eq!(
        host.wake("2026-11-24T09:00:30Z").await,
        ["2026-11-24T09:00:00Z"],
        "late is not missed"
    );
}

#[tokio::test]
async fn a_schedule_that_is_new_or_was_away_has_missed_nothing() {
    let host = Host::new("every = '1h'", "2026-11-20T08:30:00Z").await;
    // It is taken out of the file for a while.
    host.store.resume_schedules(Vec::new(), Vec::new()).await.unwrap();
    let mut host = host.restarted("2026-11-21T08:30:00Z").await;
    assert!(host.wake("2026-11-21T08:30:00Z").await.is_empty());
    assert_eq!(host.next(), "2026-11-21T09:00:00Z");
}

#[tokio::test]
async fn a_clock_that_was_put_back_starts_nothing_twice_and_forgets_nothing() {
    let mut host = Host::new("every = '1h'", "2026-11-20T08:30:00Z").await;
    assert_eq!(host.wake("2026-11-20T09:00:00Z").await, ["2026-11-20T09:00:00Z"]);
    // A year ahead by mistake, and back.
    assert_eq!(host.wake("2027-11-20T09:30:00Z").await, ["2027-11-20T09:00:00Z"]);
    assert!(host.wake("2026-11-20T08:59:00Z").await.is_empty());
    assert_eq!(
        host.wake("2026-11-20T09:00:00Z").await,
        ["repeated 2026-11-20T09:00:00Z"]
    );
    assert_eq!(host.wake("2026-11-20T10:00:00Z").await, ["2026-11-20T10:00:00Z"]);
}

#[tokio::test]
async fn starts_join_a_request_that_still_waits() {
    let mut host = Host::new("every = '1m'", "2026-11-20T08:00:30Z").await;
    host.wake("2026-11-20T08:01:00Z").await;
    host.wake("2026-11-20T08:02:00Z").await;
    let run = host
        .store
        .claim(moment("2026-11-20T08:02:00Z"))
        .await
        .unwrap()
        .run
        .unwrap();
    assert_eq!(run.askings.len(), 2);
}

#[tokio::test]
async fn jitter_delays_each_start_in_its_own_way_and_less_than_it_may() {
    let mut host = Host::new("every = '1h'\njitter = '10m'", "2026-11-20T00:30:00Z").await;
    let mut delays = Vec::new();
    for hour in 1..20 {
        let now = format!("2026-11-20T{hour:02}:00:00Z");
        let start = host.table.due(moment(&now)).remove(0);
        let (_, request) = start.order(moment(&now));
        assert_eq!(request.due, start.order(moment(&now)).1.due, "always the same");
        delays.push(request.due.since(start.mark.at));
        host.table.decided(&start);
    }
    assert!(
        delays.iter().all(|delay| *delay < Duration::from_secs(600)),
        "{delays:?}"
    );
    let early = delays.iter().filter(|delay| **delay < Duration::from_secs(300)).count();
    assert!((3..17).contains(&early), "{delays:?}");
}

#[test]
fn a_span_counts_from_1970() {
    let every = When::Every(Duration::from_secs(90 * 60));
    let next = |text: &str| every.next_after(moment(text)).unwrap().to_string();
    assert_eq!(next("2026-11-20T00:00:00Z"), "2026-11-20T01:30:00Z");
    assert_eq!(next("2026-11-20T01:30:00Z"), "2026-11-20T03:00:00Z");
    assert_eq!(
        every.last_until(moment("2026-11-20T01:30:00Z")),
        Some(moment("2026-11-20T01:30:00Z"))
    );
    assert_eq!(
        every.last_until(moment("1969-12-31T23:59:00Z")),
        Some(moment("1969-12-31T22:30:00Z"))
    );
}

#[tokio::test]
async fn what_is_next_is_listed_in_the_time_of_the_host() {
    let host = Host::new(
        "cron = '0 9 * * *'\ntimezone = 'America/New_York'\n[[schedule]]\nevery = '90s'\njob_type = 'rota'\n[[schedule]]\n\
         cron = '@yearly'\njob_type = 'rota'",
        "2026-11-20T08:00:00Z",
    )
    .await;
    let views = views(&host.config, moment("2026-11-20T08:00:00Z"));
    insta::assert_snapshot!(listing(&views, &host.config.timezone), @"
    Fri 2026-11-20 08:01:30 GMT   demo_rota  every 90s
    Fri 2026-11-20 14:00:00 GMT   demo_rota  0 9 * * * (America/New_York)
    Fri 2027-01-01 00:00:00 GMT   demo_rota  @yearly (Europe/London)
    ");
    insta::assert_snapshot!(listing(&[], &host.config.timezone), @"Nothing is scheduled.");
}

#[test]
fn what_is_spread_has_one_place_in_its_span_and_none_is_crowded() {
    let minute = Duration::from_secs(60);
    let after = moment("2026-11-20T00:00:00Z");
    let mut starts = [0; 60];
    for number in 0..10_000 {
        let when = When::spread(minute, &format!("demo_check{number}"));
        let next = when.next_after(after).unwrap();
        assert!(next > after && next <= after.plus(minute));
        assert_eq!(when.last_until(next), Some(next));
        assert_eq!(when.next_after(next), Some(next.plus(minute)), "always the same place");
        let second = next.since(after).as_secs().min(59);
        starts[usize::try_from(second).unwrap()] += 1;
    }
    // 167 on average. That a second has less than 100 or more than 250 is five times as far off as chance would have it.
    assert!(starts.iter().all(|starts| (100..250).contains(starts)), "{starts:?}");
}

/// A timetable with so many schedules of which one is due each minute, the others once a month.
fn long_table(rare: usize) -> Timetable {
    let schedule = |number: usize, when| {
        let job = format!("job{number}");
        Arc::new(Schedule {
            key: ScheduleKey::new("every", &TimeZone::UTC, &job, &Arguments::default(), None),
            written: "every".into(),
            when,
            job,
            arguments: Arguments::default(),
            jitter: Duration::ZERO,
            missed: Missed::default(),
            channel: None,
        })
    };
    let month = Duration::from_secs(31 * 24 * 60 * 60);
    let rare = (0..rare).map(|number| schedule(number, When::Every(month)));
    let often = schedule(usize::MAX, When::Every(Duration::from_secs(60)));
    Timetable::of(
        rare.chain([often]).map(|schedule| ("demo".to_owned(), schedule)),
        moment("2026-11-20T08:00:00Z"),
    )
}

#[test]
fn looking_costs_as_much_as_is_due_however_many_schedules_there_are() {
    let mut costs = Vec::new();
    for rare in [10, 10_000] {
        let mut table = long_table(rare);
        table.looked_at = 0;
        let mut now = moment("2026-11-20T08:00:30Z");
        for _ in 0..60 {
            now = now.plus(Duration::from_secs(60));
            let due = table.due(now);
            assert_eq!(due.len(), 1);
            table.decided(&due[0]);
            assert_eq!(table.next(), Some(due[0].mark.at.plus(Duration::from_secs(60))));
        }
        costs.push(table.looked_at);
    }
    // One look that it is due, one to find its next start.
    assert_eq!(costs, [120, 120]);
}
