//! Rotas and real iCalendar texts, from files and from a server on loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use innkeeper_core::config::{ComponentInspector, Config, World};
use tempfile::TempDir;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::current::Replace;

/// Weeks of Ann and Bob in London, an exception that moves one, a holiday that is left out, and a whole day of Cat's.
const CALENDAR: &str = "BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Example//Rota 1.0//EN\r
BEGIN:VEVENT\r
UID:ann@example.com\r
DTSTAMP:20260101T000000Z\r
DTSTART;TZID=Europe/London:20260302T090000\r
DTEND;TZID=Europe/London:20260309T090000\r
RRULE:FREQ=WEEKLY;INTERVAL=2\r
EXDATE;TZID=Europe/London:20260427T090000\r
SUMMARY:Ann\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:bob@example.com\r
DTSTAMP:20260101T000000Z\r
DTSTART;TZID=Europe/London:20260309T090000\r
DTEND;TZID=Europe/London:20260316T090000\r
RRULE:FREQ=WEEKLY;INTERVAL=2\r
SUMMARY:Bob\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:bob@example.com\r
DTSTAMP:20260101T000000Z\r
RECURRENCE-ID;TZID=Europe/London:20260323T090000\r
DTSTART;TZID=Europe/London:20260324T090000\r
DTEND;TZID=Europe/London:20260330T090000\r
SUMMARY:Dan\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:cat@example.com\r
DTSTAMP:20260101T000000Z\r
DTSTART;VALUE=DATE:20260501\r
SUMMARY:Cat\r
END:VEVENT\r
END:VCALENDAR\r
";

fn only(name: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART:20260101T000000Z\nDTEND:20270101T000000Z\nSUMMARY:{name}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
}

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

const NOON: &str = "2026-03-03T12:00:00Z";

/// A status, a content type and a body.
type Scripted = (StatusCode, &'static str, String);

/// A server of a calendar: what it answers, in order, and what it was asked.
#[derive(Clone, Default)]
struct Server {
    answers: Arc<Mutex<VecDeque<Scripted>>>,
    asked: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    async fn start() -> (Self, String, AbortOnDropHandle<()>) {
        let server = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/rota.ics?token=secret", listener.local_addr().unwrap());
        let routes = Router::new().route("/rota.ics", get(answer)).with_state(server.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (server, url, AbortOnDropHandle::new(serving))
    }

    fn answers(&self, status: u16, kind: &'static str, body: impl Into<String>) {
        let status = StatusCode::from_u16(status).unwrap();
        self.answers.lock().unwrap().push_back((status, kind, body.into()));
    }

    fn asked(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn answer(State(server): State<Server>, headers: HeaderMap) -> Response {
    let have = headers
        .get("if-none-match")
        .map(|have| have.to_str().unwrap().to_owned());
    server.asked.lock().unwrap().push(have);
    let scripted = server.answers.lock().unwrap().pop_front();
    match scripted {
        Some((status, kind, body)) => {
            let tag = format!("\"{}\"", body.len());
            (status, [("content-type", kind), ("etag", tag.as_str())], body).into_response()
        }
        // A server that never answers.
        None => std::future::pending().await,
    }
}

struct NoComponents;

impl ComponentInspector for NoComponents {
    fn inspect(&self, _: &Path) -> Result<World, String> {
        Ok(World::Command)
    }
}

/// Whoever runs the host.
#[derive(Default)]
struct Owner(Mutex<Vec<String>>);

impl Notices for Owner {
    fn tell(&self, text: String) -> BoxFuture<'_, anyhow::Result<()>> {
        self.0.lock().unwrap().push(text);
        Box::pin(async { Ok(()) })
    }
}

impl Owner {
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A host with this configuration, whose duty roster it is.
struct Inn {
    home: TempDir,
    replace: Replace,
    current: Current,
    owner: Arc<Owner>,
    roster: DutyRoster,
}

impl Inn {
    fn open(configuration: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("rota.ics"), CALENDAR).unwrap();
        let (replace, current) = Current::new(load(&home, configuration));
        let owner = Arc::<Owner>::default();
        Self {
            roster: roster(&home, &current, &owner),
            home,
            replace,
            current,
            owner,
        }
    }

    fn reload(&self, configuration: &str) {
        self.replace.with(load(&self.home, configuration));
    }

    fn restart(&mut self) {
        self.roster = roster(&self.home, &self.current, &self.owner);
    }

    async fn on_duty(&self, when: &str) -> String {
        self.roster.on_duty(at(when)).await.join(", ")
    }

    async fn trouble(&self) -> Option<String> {
        self.roster.now_and_next(at(NOON)).await.calendar.unwrap().trouble
    }
}

fn load(home: &TempDir, configuration: &str) -> Arc<Config> {
    let file = home.path().join("innkeeper.toml");
    std::fs::create_dir_all(home.path().join("workspace")).unwrap();
    std::fs::write(&file, configuration).unwrap();
    let loaded = Config::load(&file, &NoComponents).unwrap_or_else(|problems| panic!("{problems}"));
    Arc::new(loaded.config)
}

fn roster(home: &TempDir, current: &Current, owner: &Arc<Owner>) -> DutyRoster {
    let address = home.path().join("address");
    let known = move |name: &str| {
        let address = (name == "ROTA_URL").then(|| std::fs::read_to_string(&address));
        address?.ok().map(Into::into)
    };
    DutyRoster::new(DutyParts {
        current: current.clone(),
        secrets: Arc::new(Secrets::new(known)),
        notices: Some(owner.clone()),
        kept: home.path().join("data/cache/calendar"),
    })
}

fn calendar_at(url: &str) -> String {
    format!("[alerts]\ncalendar = \"{url}\"\n")
}

#[tokio::test]
async fn a_calendar_in_a_file_says_who_is_on_duty() {
    let inn = Inn::open("timezone = \"Europe/London\"\n[alerts]\ncalendar = \"rota.ics\"\n");
    assert_eq!(inn.on_duty("2026-03-01T12:00:00Z").await, "");
    assert_eq!(inn.on_duty(NOON).await, "Ann");
    assert_eq!(inn.on_duty("2026-03-09T08:59:59Z").await, "Ann");
    assert_eq!(inn.on_duty("2026-03-09T09:00:00Z").await, "Bob");
    assert_eq!(inn.on_duty("2026-03-23T12:00:00Z").await, "", "moved to the next day");
    assert_eq!(inn.on_duty("2026-03-24T12:00:00Z").await, "Dan");
    assert_eq!(
        inn.on_duty("2026-03-30T08:00:00Z").await,
        "Ann",
        "it is summer: nine is eight"
    );
    assert_eq!(inn.on_duty("2026-04-28T12:00:00Z").await, "", "left out");
    assert_eq!(inn.on_duty("2026-05-01T12:00:00Z").await, "Cat", "all day; nobody else");
    let on_call = inn.roster.now_and_next(at(NOON)).await;
    let calendar = on_call.calendar.unwrap();
    let next: Vec<&str> = calendar.duty.next.iter().map(|shift| shift.person.as_str()).collect();
    assert_eq!((next, calendar.faults.len(), calendar.trouble), (vec!["Bob"], 0, None));
}

#[tokio::test]
async fn a_file_is_read_again_when_it_changes_and_the_last_good_one_counts_when_it_is_broken() {
    let mut inn = Inn::open("[alerts]\ncalendar = \"rota.ics\"\n");
    assert_eq!(inn.on_duty(NOON).await, "Ann");
    let file = inn.home.path().join("rota.ics");
    std::fs::write(&file, only("Eve")).unwrap();
    assert_eq!(inn.on_duty(NOON).await, "Eve");
    for broken in ["", "Eve, then Bob\n"] {
        std::fs::write(&file, broken).unwrap();
        assert_eq!(inn.on_duty(NOON).await, "Eve");
    }
    insta::assert_snapshot!(inn.trouble().await.unwrap(), @"it is no iCalendar feed: it does not begin with `BEGIN:VCALENDAR`");
    assert_eq!(inn.owner.told().len(), 1, "it is told once");
    inn.restart();
    assert_eq!(inn.on_duty(NOON).await, "Eve", "the copy outlives a restart");
    assert_eq!(inn.owner.told(), [""; 0]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(inn.on_duty(NOON).await, "Eve");
    assert_eq!(inn.owner.told(), [""; 0]);
    std::fs::write(&file, only("Fay")).unwrap();
    assert_eq!(inn.on_duty(NOON).await, "Fay");
    assert_eq!(inn.owner.told(), ["The calendar of who is on duty can be read again."]);
}

#[tokio::test]
async fn a_calendar_at_an_address_is_fetched_where_it_changed_and_kept() {
    let (server, url, _serving) = Server::start().await;
    let mut inn = Inn::open(&calendar_at(&url));
    assert_eq!(inn.on_duty(NOON).await, "", "asking waits for no server");
    assert_eq!(inn.trouble().await.as_deref(), Some("it was not fetched yet"));
    assert_eq!(server.asked().len(), 0);
    server.answers(200, "text/calendar", CALENDAR);
    assert_eq!(inn.roster.refresh().await, FETCH_EVERY);
    assert_eq!((inn.on_duty(NOON).await.as_str(), inn.trouble().await), ("Ann", None));
    server.answers(304, "text/calendar", "");
    assert_eq!(inn.roster.refresh().await, FETCH_EVERY);
    let tag = Some(format!("\"{}\"", CALENDAR.len()));
    assert_eq!(server.asked(), [None, tag.clone()]);
    for (status, kind, body) in [
        (500, "text/calendar", String::new()),
        (200, "text/html", "<title>Log in</title>".to_owned()),
        (200, "text/calendar", "x".repeat((4 << 20) + 1)),
        (200, "text/calendar", "BEGIN:VEVENT".to_owned()),
    ] {
        server.answers(status, kind, body);
        assert_eq!(inn.roster.refresh().await, TRY_EVERY);
        assert_eq!(inn.on_duty(NOON).await, "Ann");
    }
    let told = inn.owner.told().join("\n");
    insta::assert_snapshot!(told, @":warning: The calendar of who is on duty cannot be read: the server answered with status 500 Internal Server Error. Who is on duty is read from the last copy. This is said once; when it can be read again, that is said, too.");
    inn.restart();
    assert_eq!(inn.on_duty(NOON).await, "Ann", "it is there after a restart");
    server.asked();
    server.answers(304, "text/calendar", "");
    inn.roster.refresh().await;
    assert_eq!(server.asked(), [tag], "and so is by what the server knows it");
    assert_eq!(inn.owner.told(), ["The calendar of who is on duty can be read again."]);
}

#[tokio::test]
async fn asking_never_waits_for_a_server() {
    let (server, url, _serving) = Server::start().await;
    let inn = Inn::open(&calendar_at(&url));
    server.answers(200, "text/calendar", CALENDAR);
    inn.roster.refresh().await;
    let roster = Arc::new(inn.roster);
    let stop = CancellationToken::new();
    let running = tokio::spawn(roster.clone().run(stop.clone()));
    while server.asked.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        roster.on_duty(at(NOON)).await,
        ["Ann"],
        "while the server does not answer"
    );
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_address_may_be_a_secret_and_nobody_is_told_it() {
    let (server, url, _serving) = Server::start().await;
    let inn = Inn::open("[alerts]\ncalendar_secret = \"ROTA_URL\"\n");
    inn.roster.refresh().await;
    insta::assert_snapshot!(inn.trouble().await.unwrap(), @"the secret `ROTA_URL` with its address is not set");
    std::fs::write(inn.home.path().join("address"), &url).unwrap();
    server.answers(500, "text/calendar", "");
    inn.roster.refresh().await;
    server.answers(200, "text/calendar", CALENDAR);
    inn.roster.refresh().await;
    assert_eq!(inn.on_duty(NOON).await, "Ann");
    let kept = std::fs::read_to_string(inn.home.path().join("data/cache/calendar/state.json")).unwrap();
    assert!(
        !inn.owner.told().concat().contains("token") && !kept.contains("token"),
        "{kept}"
    );
}

#[tokio::test]
async fn it_follows_the_configuration() {
    let rota = "[[rota]]\npeople = [\"Gus\", \"ann \"]\nfrom = \"2026-03-02 09:00\"\ndays = 1\n";
    let inn = Inn::open(&format!(
        "[alerts]\nfallback = \"Zoe\"\ncalendar = \"rota.ics\"\n{rota}"
    ));
    assert_eq!(inn.on_duty("2026-03-02T12:00:00Z").await, "Gus, Ann");
    assert_eq!(inn.on_duty(NOON).await, "ann", "one person is told once");
    let on_call = inn.roster.now_and_next(at(NOON)).await;
    assert_eq!(on_call.fallback.as_deref(), Some("Zoe"));
    assert_eq!((on_call.rotas.len(), on_call.rotas[0].people.len()), (1, 2));
    inn.reload(rota);
    assert_eq!(inn.on_duty("2026-03-02T12:00:00Z").await, "Gus");
    inn.reload("");
    assert_eq!(inn.on_duty("2026-03-02T12:00:00Z").await, "");
    let (server, url, _serving) = Server::start().await;
    inn.reload(&calendar_at(&url));
    assert_eq!(inn.on_duty(NOON).await, "", "no copy of another calendar");
    server.answers(200, "text/calendar", only("Hal"));
    inn.roster.refresh().await;
    assert_eq!(inn.on_duty(NOON).await, "Hal");
}

#[tokio::test]
async fn who_only_looks_writes_nothing_down() {
    let inn = Inn::open("[alerts]\ncalendar = \"rota.ics\"\n");
    let looker = DutyRoster::new(DutyParts {
        current: inn.current.clone(),
        secrets: Arc::new(Secrets::new(|_| None)),
        notices: None,
        kept: inn.home.path().join("data/cache/calendar"),
    });
    assert_eq!(looker.on_duty(at(NOON)).await, ["Ann"]);
    assert!(!inn.home.path().join("data").exists());
}
