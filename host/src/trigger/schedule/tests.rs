#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use innkeeper_core::clock::ManualClock;
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::config::{ComponentInspector, Config, World};
use innkeeper_core::store::Store;

use super::*;
use crate::alerts::{DutyParts, DutyRoster, Services};
use crate::bell::Bells;
use crate::deliver::terminal::Terminals;
use crate::trigger::intake::IntakeParts;

struct NoComponents;

impl ComponentInspector for NoComponents {
    fn inspect(&self, _: &std::path::Path) -> Result<World, String> {
        Err("is no component".into())
    }
}

#[tokio::test]
async fn a_start_that_is_due_is_on_the_queue_and_the_dispatcher_is_rung() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("innkeeper.toml");
    let namespace = home.path().join("workspace/demo");
    std::fs::create_dir_all(&namespace).unwrap();
    std::fs::write(&file, "[namespaces.demo]\ntrust = \"trusted\"\n").unwrap();
    std::fs::write(
        namespace.join("namespace.toml"),
        "[jobs.brew]\nrun_args_template = \"true\"\n[[schedule]]\njob_type = \"brew\"\nevery = \"1h\"\n",
    )
    .unwrap();
    let config = Arc::new(Config::load(&file, &NoComponents).unwrap().config);
    let store = Arc::new(Store::open(&config.data_dir).unwrap());
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_micros(1_700_000_000_000_000)));
    let (bells, _lanes) = Bells::new();
    let stop = CancellationToken::new();
    let intake = Arc::new(Intake::new(IntakeParts {
        current: Current::fixed(config.clone()),
        store: store.clone(),
        clock: clock.clone(),
        services: Arc::new(Services::new(Current::fixed(config.clone()))),
        duty: Arc::new(DutyRoster::new(DutyParts {
            current: Current::fixed(config.clone()),
            secrets: Arc::new(Secrets::new(|_| None)),
            notices: None,
            kept: home.path().join("calendar"),
        })),
        directory: None,
        bells: bells.clone(),
        terminals: Terminals::default(),
        stop: stop.clone(),
    }));
    let pulse = Arc::<Pulse>::default();
    let trigger = ScheduleTrigger::resume(Current::fixed(config), intake, clock.clone(), pulse.clone())
        .await
        .unwrap();
    clock.advance(Duration::from_secs(60 * 60));
    let running = tokio::spawn(trigger.run(stop.clone()));
    bells.queue_rung().await;
    let run = store.claim(clock.now()).await.unwrap().run.unwrap();
    assert_eq!(run.job, "brew");
    assert!(pulse.next_start.get().unwrap() > clock.now(), "it keeps up");
    assert_eq!(store.claim(clock.now()).await.unwrap().next_due, None, "once");
    stop.cancel();
    running.await.unwrap();
}
