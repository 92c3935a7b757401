//! What the dispatcher does about bugs of our own, and about runs that say how far they are.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::SystemClock;
use innkeeper_core::config::{ComponentInspector, Config, World};
use innkeeper_core::message::{Content, Message};
use innkeeper_core::outbox::Receipt;
use innkeeper_core::request::{CliOrigin, NewAsking, NewRequest, Origin, SlackOrigin};
use innkeeper_core::store::{Accepted, Cause, Settled, Take};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, mpsc};

use super::*;

struct Broken;

impl Runner for Broken {
    fn run(&self, _: Invocation, _: CancellationToken) -> BoxFuture<'static, Outcome> {
        Box::pin(async { panic!("a bug") })
    }
}

/// Says how far it is, and ends when it may.
struct Brewer {
    may_end: Arc<Notify>,
}

impl Runner for Brewer {
    fn run(&self, invocation: Invocation, _: CancellationToken) -> BoxFuture<'static, Outcome> {
        let may_end = self.may_end.clone();
        Box::pin(async move {
            invocation.progress.unwrap()(Progress {
                fraction: Some(0.4),
                line: "Steeping".into(),
            });
            may_end.notified().await;
            Outcome::without_output(Ending::Exited { code: 0 })
        })
    }
}

struct NoComponents;

impl ComponentInspector for NoComponents {
    fn inspect(&self, _: &std::path::Path) -> Result<World, String> {
        Ok(World::Command)
    }
}

/// A dispatcher with one bash job, `demo_brew`, that is executed by a runner of the test's.
struct Inn {
    _home: TempDir,
    store: Arc<Store>,
    terminals: Terminals,
    lanes: UnboundedReceiver<String>,
    dispatcher: Arc<Dispatcher>,
}

impl Inn {
    fn with(runner: Arc<dyn Runner>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("innkeeper.toml");
        let namespace = home.path().join("workspace/demo");
        std::fs::create_dir_all(&namespace).unwrap();
        std::fs::create_dir(home.path().join("data")).unwrap();
        std::fs::write(&file, "[namespaces.demo]\ntrust = \"trusted\"\n").unwrap();
        let job = "[jobs.brew]\nrun_args_template = \"true\"\n";
        std::fs::write(namespace.join("namespace.toml"), job).unwrap();
        let mut config = Config::load(&file, &NoComponents).unwrap().config;
        config.slack.progress_after = Some(Duration::from_millis(1));
        let store = Arc::new(Store::open(&config.data_dir).unwrap());
        let terminals = Terminals::default();
        let (bells, lanes): (Bells, mpsc::UnboundedReceiver<String>) = Bells::new();
        let current = Current::fixed(Arc::new(config));
        let dispatcher = Arc::new(Dispatcher::new(Parts {
            pulse: Arc::default(),
            current: current.clone(),
            store: store.clone(),
            clock: Arc::new(SystemClock),
            runners: Runners {
                bash: runner.clone(),
                component: runner.clone(),
                probe: runner,
            },
            formatter: Arc::new(innkeeper_core::report::NoFormatter),
            bells,
            services: Arc::new(Services::new(current.clone())),
            terminals: terminals.clone(),
        }));
        Self {
            _home: home,
            store,
            terminals,
            lanes,
            dispatcher,
        }
    }

    async fn ask_for_tea(&self, origin: Origin) {
        let now = SystemClock.now();
        let asking = NewAsking {
            key: None,
            origin,
            text: None,
            edit: false,
            at: now,
        };
        let request = NewRequest {
            namespace: "demo".into(),
            job: "brew".into(),
            arguments: Default::default(),
            due: now,
            payload: None,
        };
        let accepted = self.store.accept(asking, Cause::Requests(vec![request]), Vec::new());
        assert!(matches!(accepted.await, Ok(Accepted::New(_))));
    }

    /// The next text for the channel, which Slack confirms.
    async fn next_text(&mut self) -> String {
        loop {
            let Take::Due { delivery, .. } = self.store.take("slack:C1", SystemClock.now()).await.unwrap() else {
                assert_eq!(self.lanes.recv().await.unwrap(), "slack:C1");
                continue;
            };
            let receipt = Receipt {
                channel: Some("C1".into()),
                ts: Some("1.2".into()),
            };
            let text = match delivery.content {
                Content::Message(Message::Post(post)) | Content::Progress(post) => post.text,
                Content::Edit { post, .. } => {
                    assert_eq!(delivery.edited.as_ref(), Some(&receipt));
                    post.text
                }
                other => panic!("{other:?}"),
            };
            let settled = Settled::Sent(receipt);
            let settled = self.store.settle(delivery.id, settled, SystemClock.now(), Vec::new());
            settled.await.unwrap();
            return text;
        }
    }
}

#[tokio::test]
async fn a_run_that_makes_the_host_panic_is_ended_and_frees_its_job() {
    let inn = Inn::with(Arc::new(Broken));
    let mut session = inn.terminals.open();
    inn.ask_for_tea(Origin::Cli(CliOrigin {
        user: "ada".into(),
        session: Some(session.id()),
    }))
    .await;
    let drain = CancellationToken::new();
    let working = tokio::spawn(inn.dispatcher.clone().run(drain.clone()));
    let ended = loop {
        if let Event::Ended { ending, reported, .. } = session.next().await.unwrap() {
            break (ending, reported);
        }
    };
    assert_eq!(ended, (Ending::Interrupted, 1));
    assert!(inn.store.dead_runs().await.unwrap().is_empty(), "its job is free");
    drain.cancel();
    working.await.unwrap();
}

#[tokio::test]
async fn what_a_run_says_of_itself_is_shown_where_somebody_asked() {
    let may_end = Arc::new(Notify::new());
    let mut inn = Inn::with(Arc::new(Brewer {
        may_end: may_end.clone(),
    }));
    inn.ask_for_tea(Origin::Slack(SlackOrigin {
        team: "T1".into(),
        channel: "C1".into(),
        user: "U1".into(),
        user_team: None,
        message: None,
        thread: None,
        direct: false,
    }))
    .await;
    let drain = CancellationToken::new();
    let working = tokio::spawn(inn.dispatcher.clone().run(drain.clone()));
    let mut shown = inn.next_text().await;
    assert!(shown.contains("`demo_brew` has been running for 1 s"), "{shown}");
    while !shown.contains('%') {
        shown = inn.next_text().await;
    }
    assert!(shown.contains("▓▓▓▓░░░░░░ 40% Steeping"), "{shown}");
    may_end.notify_one();
    let report = inn.next_text().await;
    assert!(report.contains("succeeded"), "{report}");
    let last = inn.next_text().await;
    assert!(last.contains("`demo_brew` was done"), "{last}");
    drain.cancel();
    working.await.unwrap();
}
