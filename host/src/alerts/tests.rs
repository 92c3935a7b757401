//! The engine on a real store, with plugins that say what they are told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::alert::plugin::{
    About, Field, Metadata, Plugins, Sending, SlackMessage, SlackPlace, Telling, UserFields, UserTold,
};
use innkeeper_core::alert::{Event, Kind, PluginUse, Service, Shown, Status};
use innkeeper_core::clock::{Clock, ManualClock, Timestamp};
use innkeeper_core::config::{ComponentInspector, Config, Plugin, World};
use innkeeper_core::message::{Content, Mail, Message, Post};
use innkeeper_core::request::{Arguments, NewAsking, NewRequest, Origin, ScheduleOrigin};
use innkeeper_core::run::{Ending, RunId, log_folder};
use innkeeper_core::schedule::{Mark, ScheduleKey};
use innkeeper_core::store::{Cause, FieldValue, NewPerson, PersonChange, RunEnd, Settled, Store, Take, Written};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::{Engine, EngineParts, OnDuty, Pruner, Services, Watch, WatchParts};
use crate::bell::Bells;
use crate::current::Current;
use crate::vitals::Vitals;

const MINUTE: Duration = Duration::from_secs(60);

const HOST: &str = r##"
[slack]
logs_channel = "#logs"
[alerts]
fallback = "Ann"
[plugins.pager]
component = "oci://example.com/pager:1"
settings = { url = "https://pager.example" }
secrets = { token = "PAGER_TOKEN" }
[plugins.slack]
component = "oci://example.com/slack:1"
[namespaces.demo]
trust = "trusted"
"##;

const NAMESPACE: &str = r#"
[services.web]
name = "The web site"
runbook = "https://wiki.example/web"
checks = ["http"]
users_to_notify = ["Ann"]
alerts = ["pager", "slack"]
[checks.http]
every = "1m"
[jobs.http]
run_args_template = "true"
[services.innkeeper]
checks = ["keeps-up"]
users_to_notify = ["Ann"]
alerts = ["pager", "slack"]
[checks.keeps-up]
every = "1m"
host = { queue = "5m", outbox = "10m", schedule = "1m" }
"#;

/// Plugins that say what they are told, and answer what they are to answer.
#[derive(Clone)]
struct Told {
    said: mpsc::UnboundedSender<(String, Telling)>,
    /// What the next calls of the pager fail with.
    failures: Arc<Mutex<VecDeque<&'static str>>>,
}

impl Plugins for Told {
    fn about(&self, plugin: Arc<Plugin>) -> BoxFuture<'_, Result<Arc<About>, String>> {
        let text = |name: &str, secret, default: Option<&str>| Field {
            name: name.to_owned(),
            secret,
            default: default.map(str::to_owned),
            ..Field::default()
        };
        let about = About {
            metadata: Metadata {
                name: plugin.name.clone(),
                wants_updates: plugin.name == "slack",
                settings: vec![text("url", false, None), text("sound", false, Some("loud"))],
                ..Metadata::default()
            },
            user_fields: Some(UserFields {
                title: "Pager".to_owned(),
                fields: vec![
                    text("phone", false, None),
                    text("key", true, None),
                    text("mode", false, Some("sms")),
                    text("other", false, None),
                ],
            }),
        };
        Box::pin(async move { Ok(Arc::new(about)) })
    }

    fn send_alert(&self, plugin: Arc<Plugin>, telling: Telling) -> BoxFuture<'_, Result<Vec<Sending>, String>> {
        Box::pin(async move {
            let failure = match plugin.name.as_str() {
                "pager" => self.failures.lock().unwrap().pop_front(),
                _ => None,
            };
            let text = format!("{} {}", telling.kind.as_str(), telling.service.now.as_str());
            let _ = self.said.send((plugin.name.clone(), telling));
            match failure {
                Some("hang") => std::future::pending().await,
                Some(why) => Err(why.to_owned()),
                None if plugin.name == "pager" => Ok(vec![Sending::Mail(Mail {
                    to: vec!["a@example.com".to_owned(), "b@example.com".to_owned()],
                    subject: text,
                    text: String::new(),
                })]),
                None => Ok([SlackPlace::Incident, SlackPlace::Thread]
                    .map(|place| {
                        Sending::Slack(SlackMessage {
                            to: "C1".to_owned(),
                            message: Message::Post(Post::text(text.clone())),
                            place,
                            buttons: place == SlackPlace::Incident,
                        })
                    })
                    .to_vec()),
            }
        })
    }
}

/// Takes every component for a plugin.
struct AnyPlugin;

impl ComponentInspector for AnyPlugin {
    fn inspect(&self, _: &std::path::Path) -> Result<World, String> {
        Ok(World::Alert)
    }
}

struct Bob;

impl OnDuty for Bob {
    fn on_duty(&self, _at: Timestamp) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { vec!["Bob".to_owned()] })
    }
}

/// A host's alerts: its store, its engine, and what its plugins are told.
struct Inn {
    home: tempfile::TempDir,
    store: Arc<Store>,
    clock: Arc<ManualClock>,
    current: Current,
    services: Arc<Services>,
    bells: Bells,
    plugins: Told,
    told: mpsc::UnboundedReceiver<(String, Telling)>,
    lanes: mpsc::UnboundedReceiver<String>,
    engine: Option<AbortOnDropHandle<anyhow::Result<()>>>,
}

impl Inn {
    async fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("innkeeper.toml");
        std::fs::create_dir_all(home.path().join("workspace/demo")).unwrap();
        std::fs::create_dir_all(home.path().join("data/logs")).unwrap();
        std::fs::write(&file, HOST).unwrap();
        std::fs::write(home.path().join("workspace/demo/namespace.toml"), NAMESPACE).unwrap();
        let mut config = Config::load(&file, &AnyPlugin).unwrap_or_else(|problems| panic!("{problems}"));
        config.config.left_out.push("broken".to_owned());
        let store = Arc::new(Store::open(&config.config.data_dir).unwrap());
        let current = Current::fixed(Arc::new(config.config));
        let (bells, lanes) = Bells::new();
        let (said, told) = mpsc::unbounded_channel();
        let mut inn = Self {
            home,
            store,
            clock: Arc::new(ManualClock::starting_at(Timestamp::from_micros(1_700_000_000_000_000))),
            services: Arc::new(Services::new(current.clone())),
            current,
            bells,
            plugins: Told {
                said,
                failures: Arc::default(),
            },
            told,
            lanes,
            engine: None,
        };
        for (name, phone) in [("Ann", Some("+44 1")), ("Bob", None)] {
            let person = NewPerson {
                name: name.to_owned(),
                email: None,
                slack: None,
                active: true,
                fallback: false,
            };
            let id = inn.store.add_person(person).await.unwrap().unwrap();
            let mut fields = vec![("key".to_owned(), Some(FieldValue::Secret(vec![1, 2])))];
            fields.extend(phone.map(|phone| ("phone".to_owned(), Some(FieldValue::Plain(phone.to_owned())))));
            inn.store.set_fields(id, "pager", fields).await.unwrap().unwrap();
        }
        inn.start();
        inn
    }

    fn new_engine(&self) -> Arc<Engine> {
        Engine::new(EngineParts {
            current: self.current.clone(),
            services: self.services.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            bells: self.bells.clone(),
            plugins: Arc::new(self.plugins.clone()),
            duty: Arc::new(Bob),
        })
    }

    /// What looks at this host.
    fn watch(&self) -> (Watch, Arc<Vitals>) {
        let vitals = Arc::new(Vitals {
            current: self.current.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            pulse: Arc::default(),
        });
        let watch = Watch::new(WatchParts {
            current: self.current.clone(),
            services: self.services.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            bells: self.bells.clone(),
            vitals: vitals.clone(),
        });
        (watch, vitals)
    }

    /// Starts the engine; one that runs is dropped, as a crash would.
    fn start(&mut self) {
        self.engine = None;
        let engine = self.new_engine();
        self.engine = Some(AbortOnDropHandle::new(tokio::spawn(
            engine.run(CancellationToken::new()),
        )));
    }

    /// Runs the check, which exits with this code and says so, as the dispatcher would.
    async fn checked(&self, code: i32) -> RunId {
        // No two starts are at one moment.
        self.clock.advance(Duration::from_millis(1));
        let now = self.clock.now();
        let mark = Mark {
            namespace: "demo".into(),
            key: ScheduleKey::new("", &jiff::tz::TimeZone::UTC, "http", &Arguments::default(), None),
            at: now,
        };
        let asking = NewAsking {
            key: Some(format!("schedule:{}", now.as_micros())),
            origin: Origin::Schedule(ScheduleOrigin {
                due: now,
                schedule: "every 1m".into(),
                channel: None,
            }),
            text: None,
            edit: false,
            at: now,
        };
        let request = NewRequest {
            namespace: "demo".into(),
            job: "http".into(),
            arguments: Arguments::default(),
            due: now,
            payload: None,
        };
        self.store.accept_start(mark, asking, request).await.unwrap();
        let run = self.store.claim(now).await.unwrap().run.unwrap();
        let folder = log_folder("demo", "http", run.started, run.id);
        let path = self.home.path().join("data/logs").join(&folder);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("stderr"), format!("it said {code}\n")).unwrap();
        let end = RunEnd {
            at: now,
            ending: Ending::Exited { code },
            duration: Duration::from_secs(2),
            stdout: Written::default(),
            stderr: Written { kept: 10, lost: 0 },
            log_folder: Some(folder),
            shown: None,
        };
        let book = self.services.book();
        let services = book.of_check("demo", "http").unwrap().to_vec();
        self.store.end_check(run.id, end, vec![], services).await.unwrap();
        self.bells.ring_alerts();
        run.id
    }

    /// The next call of each plugin.
    async fn next_two(&mut self) -> [(String, Telling); 2] {
        let mut both = [self.told.recv().await.unwrap(), self.told.recv().await.unwrap()];
        both.sort_by(|(one, _), (other, _)| one.cmp(other));
        both
    }

    /// What the next calls say: `pager failing, slack failing`.
    async fn next_kinds(&mut self) -> String {
        let both = self.next_two().await;
        both.map(|(plugin, told)| format!("{plugin} {}", told.kind.as_str()))
            .join(", ")
    }

    async fn pass(&self, span: Duration) {
        self.clock.advance(span);
        self.bells.ring_alerts();
    }

    /// Waits until the outbox is rung for this lane, and takes what is first in it.
    async fn sent(&mut self, lane: &str) -> Content {
        loop {
            if let Take::Due { delivery, .. } = self.store.take(lane, self.clock.now()).await.unwrap() {
                let now = self.clock.now();
                let sent = Settled::Sent(innkeeper_core::outbox::Receipt::default());
                self.store.settle(delivery.id, sent, now, vec![]).await.unwrap();
                return delivery.content;
            }
            self.lanes.recv().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_plugin_is_told_all_that_is_known_and_no_secret() {
    let mut inn = Inn::open().await;
    let run = inn.checked(1).await;
    let [(_, told), _] = inn.next_two().await;
    assert_eq!((told.kind, told.incident, told.test), (Kind::Failing, 1, false));
    let service = &told.service;
    assert_eq!((service.name.as_str(), service.title.as_str()), ("web", "The web site"));
    assert_eq!((service.before, service.now), (Shown::Passing, Shown::Error));
    assert_eq!(service.checks.len(), 1);
    assert_eq!((service.checks[0].passing, service.checks[0].run), (false, Some(run)));
    assert_eq!(service.checks[0].output, "exit code 1 after 2 s\nit said 1");
    let expected = [
        ("url", "https://pager.example"),
        ("token", "{{secret:token}}"),
        ("sound", "loud"),
    ];
    assert_eq!(
        told.settings,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let fields = |user: &UserTold| {
        let fields = user.fields.iter().map(|(name, value)| format!("{name}={value}"));
        format!("{}: {}", user.name, fields.collect::<Vec<_>>().join(" "))
    };
    let users: Vec<String> = told.users.iter().map(fields).collect();
    let officers: Vec<String> = told.duty_officers.iter().map(fields).collect();
    let bob = "Bob: key={{secret:2/key}} mode=sms";
    assert_eq!(users, ["Ann: phone=+44 1 key={{secret:1/key}} mode=sms", bob]);
    assert_eq!(officers, [bob]);
}

#[tokio::test]
async fn what_a_plugin_gives_is_in_the_outbox_and_an_incident_is_one_message() {
    let mut inn = Inn::open().await;
    inn.checked(1).await;
    let Content::Message(Message::Post(first)) = inn.sent("slack:C1").await else {
        panic!("the incident's message is posted");
    };
    assert_eq!(first.text, "failing error");
    let buttons = serde_json::to_string(&first.blocks).unwrap();
    assert!(
        buttons.contains("ack web") && buttons.contains("silence web 1h"),
        "{buttons}"
    );
    let Content::Reply { of, post } = inn.sent("slack:C1").await else {
        panic!("details are in its thread");
    };
    assert_eq!(post.text, "failing error");
    let to = |content| match content {
        Content::Mail(Mail { to, .. }) => to,
        other => panic!("{other:?}"),
    };
    assert_eq!(to(inn.sent("mail:pager:web:a@example.com").await), ["a@example.com"]);
    assert_eq!(to(inn.sent("mail:pager:web:b@example.com").await), ["b@example.com"]);
    inn.pass(MINUTE).await;
    inn.checked(0).await;
    let Content::Edit { of: edited, post, last } = inn.sent("slack:C1").await else {
        panic!("the recovery edits it");
    };
    assert_eq!((edited, last, post.text.as_str()), (of, true, "recovered passing"));
    assert!(post.blocks.is_empty(), "there is nothing to acknowledge");
    inn.sent("slack:C1").await;
    inn.pass(MINUTE).await;
    inn.checked(1).await;
    let Content::Message(_) = inn.sent("slack:C1").await else {
        panic!("another incident is another message");
    };
}

#[tokio::test]
async fn alerts_come_again_without_an_end_of_a_check_and_after_a_restart() {
    let mut inn = Inn::open().await;
    inn.checked(1).await;
    assert_eq!(inn.next_kinds().await, "pager failing, slack failing");
    inn.pass(10 * MINUTE).await;
    assert_eq!(inn.next_kinds().await, "pager again, slack again");
    inn.engine = None;
    inn.clock.advance(3 * 60 * MINUTE);
    inn.start();
    assert_eq!(inn.next_kinds().await, "pager again, slack again");
    inn.checked(0).await;
    assert_eq!(inn.next_kinds().await, "pager recovered, slack recovered");
}

#[tokio::test]
async fn a_service_that_is_left_out_keeps_no_other_from_being_looked_at() {
    let mut inn = Inn::open().await;
    let left_out = Arc::new(Service {
        name: "elsewhere".to_owned(),
        namespace: "broken".to_owned(),
        plugins: vec![PluginUse {
            name: "pager".to_owned(),
            wants_updates: false,
        }],
        ..Service::default()
    });
    let fails = Event::Status(Status::Error);
    let told = inn.store.tell_service(left_out, fails, inn.clock.now(), |_| vec![]);
    told.await.unwrap().unwrap();
    inn.clock.advance(MINUTE);
    inn.checked(1).await;
    inn.next_two().await;
    let next = inn.clock.now().plus(10 * MINUTE);
    inn.clock.advance(9 * MINUTE);
    assert_eq!(inn.new_engine().look_at_due().await.unwrap(), Some(next));
    let waiting = inn.store.due_calls().await.unwrap();
    let of: Vec<&str> = waiting.iter().map(|call| call.service.as_str()).collect();
    assert!(of.contains(&"elsewhere"), "what is to be told of it waits: {of:?}");
}

#[tokio::test]
async fn where_nobody_on_duty_can_be_told_the_fallback_is() {
    let mut inn = Inn::open().await;
    let bob = inn.store.person_named("Bob").await.unwrap().unwrap();
    let away = PersonChange {
        active: Some(false),
        ..PersonChange::default()
    };
    inn.store.change_person(bob.id, away).await.unwrap().unwrap();
    inn.checked(1).await;
    let [(_, told), _] = inn.next_two().await;
    let officers: Vec<&str> = told.duty_officers.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(officers, ["Ann"]);
}

#[tokio::test]
async fn a_clock_that_is_put_back_holds_no_alert_up() {
    let mut inn = Inn::open().await;
    inn.plugins.failures.lock().unwrap().push_back("is down");
    inn.checked(1).await;
    inn.next_two().await;
    inn.due_again().await;
    inn.clock.put_back(60 * MINUTE);
    inn.bells.ring_alerts();
    let (plugin, again) = inn.told.recv().await.unwrap();
    assert_eq!((plugin.as_str(), again.kind), ("pager", Kind::Failing));
    inn.pass(10 * MINUTE).await;
    assert_eq!(inn.next_kinds().await, "pager again, slack again");
}

#[tokio::test]
async fn an_acknowledgement_is_told_to_plugins_that_want_updates() {
    let mut inn = Inn::open().await;
    inn.checked(1).await;
    inn.next_two().await;
    let web = inn.services.book().named("web").unwrap().clone();
    let by = Event::Acknowledge { by: "Ann".into() };
    let noted = inn
        .store
        .tell_service(web, by, inn.clock.now(), |_| vec![])
        .await
        .unwrap();
    noted.unwrap();
    inn.bells.ring_alerts();
    let (plugin, told) = inn.told.recv().await.unwrap();
    assert_eq!((plugin.as_str(), told.kind), ("slack", Kind::Update));
    assert_eq!(told.service.now, Shown::Acknowledged);
    assert_eq!(told.service.acknowledgement.unwrap().by, "Ann");
}

#[tokio::test]
async fn a_plugin_that_fails_is_called_again_and_holds_up_nobody() {
    let mut inn = Inn::open().await;
    let failures = ["is down"; 6];
    inn.plugins.failures.lock().unwrap().extend(failures);
    inn.checked(1).await;
    let [(_, first), _] = inn.next_two().await;
    inn.checked(0).await;
    assert_eq!(inn.told.recv().await.unwrap().0, "slack", "it does not wait");
    for pause in [10, 20, 40, 80, 160] {
        inn.due_again().await;
        inn.pass(Duration::from_secs(pause)).await;
        let (plugin, again) = inn.told.recv().await.unwrap();
        assert_eq!((plugin.as_str(), again.kind), ("pager", Kind::Failing));
        assert_eq!(again.id, first.id, "it is the same alert");
    }
    let Content::Message(Message::Post(notice)) = inn.sent("slack:#logs").await else {
        panic!("the logs channel is told once");
    };
    assert!(
        notice.text.contains("`pager` failed 6 times") && notice.text.contains("is down"),
        "{}",
        notice.text
    );
    inn.pass(Duration::from_secs(320)).await;
    assert_eq!(inn.told.recv().await.unwrap().1.kind, Kind::Failing);
    assert_eq!(inn.told.recv().await.unwrap().1.kind, Kind::Recovered, "in their order");
}

impl Inn {
    /// Waits until the call of the pager is to be made again.
    async fn due_again(&self) {
        loop {
            let due = self.store.due_calls().await.unwrap();
            if due
                .iter()
                .any(|call| call.plugin == "pager" && call.due > self.clock.now())
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_plugin_that_hangs_holds_up_nobody_and_its_call_survives_a_crash() {
    let mut inn = Inn::open().await;
    inn.plugins.failures.lock().unwrap().push_back("hang");
    inn.checked(1).await;
    let [(_, hung), _] = inn.next_two().await;
    inn.checked(0).await;
    assert_eq!(inn.told.recv().await.unwrap().0, "slack");
    inn.start();
    let (plugin, again) = inn.told.recv().await.unwrap();
    assert_eq!((plugin.as_str(), again.id), ("pager", hung.id));
}

#[tokio::test]
async fn runs_of_checks_are_kept_by_count_with_their_logs() {
    let inn = Inn::open().await;
    let mut runs = Vec::new();
    for _ in 0..30 {
        inn.clock.advance(MINUTE);
        runs.push(inn.checked(0).await);
    }
    let folders = || {
        let folder = inn.home.path().join("data/logs/demo_http");
        std::fs::read_dir(folder).unwrap().count()
    };
    assert_eq!(folders(), 30);
    let pruner = Pruner {
        current: inn.current.clone(),
        store: inn.store.clone(),
        clock: inn.clock.clone(),
    };
    while pruner.piece().await.unwrap() {}
    assert_eq!(folders(), 20);
    assert!(inn.store.run(runs[9]).await.unwrap().is_none());
    assert!(inn.store.run(runs[10]).await.unwrap().is_some());
}

#[tokio::test]
async fn a_host_whose_queue_stands_says_so_and_when_it_is_over() {
    let mut inn = Inn::open().await;
    let (mut watch, vitals) = inn.watch();
    let asking = NewAsking {
        key: None,
        origin: Origin::Schedule(ScheduleOrigin {
            due: inn.clock.now(),
            schedule: "every 1m".into(),
            channel: None,
        }),
        text: None,
        edit: false,
        at: inn.clock.now(),
    };
    // Nobody takes it, nor the check's own run, if the queue were asked to start that.
    let request = |job: &str| NewRequest {
        namespace: "demo".into(),
        job: job.into(),
        arguments: Arguments::default(),
        due: inn.clock.now(),
        payload: None,
    };
    // What is left out waits for whoever mends it, and not for the host.
    let broken = NewRequest {
        namespace: "broken".into(),
        due: Timestamp::from_micros(0),
        ..request("http")
    };
    let requests = Cause::Requests(vec![broken, request("http"), request("keeps-up")]);
    inn.store.accept(asking, requests, vec![]).await.unwrap();
    vitals.pulse.full.set(Some(inn.clock.now()));
    assert!(watch.look().await.unwrap() <= MINUTE);
    inn.clock.advance(4 * MINUTE);
    watch.look().await;
    inn.clock.advance(2 * MINUTE);
    watch.look().await;
    let [(_, told), _] = inn.next_two().await;
    assert_eq!((told.kind, told.service.name.as_str()), (Kind::Failing, "innkeeper"));
    assert_eq!(
        told.service.checks[0].output,
        "the queue is behind: every place for runs is taken, and demo_http has waited for one, or others like it, for 6 min"
    );

    let left_out = vec!["broken".to_owned()];
    for _ in ["http", "keeps-up"] {
        let claim = inn.store.claim_elsewhere(inn.clock.now(), left_out.clone()).await;
        claim.unwrap().run.unwrap();
    }
    vitals.pulse.next_start.set(Some(inn.clock.now()));
    inn.clock.advance(MINUTE);
    watch.look().await;
    assert_eq!(inn.next_kinds().await, "pager recovered, slack recovered");
    inn.clock.advance(MINUTE);
    watch.look().await;
    let [(_, told), _] = inn.next_two().await;
    assert_eq!(
        told.service.checks[0].output,
        "the clock is behind: a job was to be started 2 min ago"
    );
}
