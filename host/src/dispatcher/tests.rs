//! What the dispatcher does about bugs of our own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::SystemClock;
use innkeeper_core::config::ComponentInspector;
use innkeeper_core::request::{CliOrigin, NewAsking, NewRequest, Origin};
use innkeeper_core::store::{Accepted, Cause};

use super::*;

struct Broken;

impl Runner for Broken {
    fn run(&self, _: Invocation, _: CancellationToken) -> BoxFuture<'static, Outcome> {
        Box::pin(async { panic!("a bug") })
    }
}

impl ComponentInspector for Broken {
    fn inspect(&self, _: &std::path::Path) -> Result<innkeeper_core::config::World, String> {
        Ok(innkeeper_core::config::World::Command)
    }
}

#[tokio::test]
async fn a_run_that_makes_the_host_panic_is_ended_and_frees_its_job() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("innkeeper.toml");
    let namespace = home.path().join("workspace/demo");
    std::fs::create_dir_all(&namespace).unwrap();
    std::fs::create_dir(home.path().join("data")).unwrap();
    std::fs::write(&file, "[namespaces.demo]\ntrust = \"trusted\"\n").unwrap();
    std::fs::write(
        namespace.join("namespace.toml"),
        "[jobs.brew]\nrun_args_template = \"true\"\n",
    )
    .unwrap();
    let config = innkeeper_core::config::Config::load(&file, &Broken).unwrap().config;
    let store = Arc::new(Store::open(&config.data_dir).unwrap());
    let terminals = Terminals::default();
    let mut session = terminals.open();
    let now = SystemClock.now();
    let asking = NewAsking {
        key: None,
        origin: Origin::Cli(CliOrigin {
            user: "ada".into(),
            session: Some(session.id()),
        }),
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
    let accepted = store.accept(asking, Cause::Requests(vec![request]), Vec::new()).await;
    assert!(matches!(accepted, Ok(Accepted::New(_))));
    let dispatcher = Arc::new(Dispatcher::new(Parts {
        current: Current::fixed(Arc::new(config)),
        store: store.clone(),
        clock: Arc::new(SystemClock),
        runners: Runners {
            bash: Arc::new(Broken),
            component: Arc::new(Broken),
        },
        formatter: Arc::new(innkeeper_core::report::NoFormatter),
        bells: Bells::new().0,
        terminals,
    }));
    let drain = CancellationToken::new();
    let working = tokio::spawn(dispatcher.run(drain.clone()));
    let ended = loop {
        if let Event::Ended { ending, reported, .. } = session.next().await.unwrap() {
            break (ending, reported);
        }
    };
    assert_eq!(ended, (Ending::Interrupted, 1));
    assert!(store.dead_runs().await.unwrap().is_empty(), "its job is free");
    drain.cancel();
    working.await.unwrap();
}
