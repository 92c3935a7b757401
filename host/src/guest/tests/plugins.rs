//! Alert plugins that do what they should, and those that do not. Each is a module of a few lines, made a component of the world
//! `alert`.

use std::collections::BTreeMap;
use std::path::Path;

use innkeeper_core::alert::plugin::{About, Plugins, Sending, ServiceTold, Telling};
use innkeeper_core::alert::{Kind, Shown};
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Plugin;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;
use crate::guest::alert::GuestPlugins;

/// Says that there is nothing to send.
const NOTHING: &str = "(i32.const 512)";
/// Fails: "no paper".
const FAILS: &str = r"(i32.const 600)";
const SPINS: &str = "(loop $forever (br $forever)) (i32.const 0)";
const HOARDS: &str = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";

/// A plugin of this name, that answers an alert like this.
fn plugin(name: &str, answer: &str) -> Vec<u8> {
    let length = name.len();
    let module = format!(
        r#"(module
            (memory (export "memory") 4)
            (global $next (mut i32) (i32.const 65536))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
            (data (i32.const 64) "\80\00\00\00\{length:02x}\00\00\00")
            (data (i32.const 128) "{name}")
            (func (export "describe") (result i32) (i32.const 64))
            (func (export "user-fields") (result i32) (i32.const 256))
            (data (i32.const 600) "\01\00\00\00\bc\02\00\00\08\00\00\00")
            (data (i32.const 700) "no paper")
            (data (i32.const 800) "\00\00\00\00\00\04\00\00\65\00\00\00")
            (data (i32.const 820) "\00\00\00\00\00\04\00\00\01\00\00\00")
            (func (export "send-alert") (param i32) (result i32) {answer}))"#
    );
    let mut module = wat::parse_str(module).unwrap();
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let (package, _) = resolve.push_dir(wit).unwrap();
    let world = resolve.select_world(&[package], Some("alert")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

impl Inn {
    fn plugin(&self, bytes: &[u8]) -> Arc<Plugin> {
        Arc::new(Plugin {
            name: "test".into(),
            component: self.install(bytes).into(),
            settings: BTreeMap::new(),
            secrets: BTreeMap::new(),
            http: HttpGrants::default(),
            limits: self.limits,
        })
    }

    async fn about(&self, bytes: &[u8]) -> Result<Arc<About>, String> {
        let plugins = GuestPlugins::new(Arc::clone(&self.guests));
        plugins.about(self.plugin(bytes)).await
    }

    async fn tell(&self, answer: &str) -> Result<Vec<Sending>, String> {
        let plugins = GuestPlugins::new(Arc::clone(&self.guests));
        plugins
            .send_alert(self.plugin(&plugin("Test", answer)), telling())
            .await
    }
}

fn telling() -> Telling {
    let now = Timestamp::from_micros(0);
    Telling {
        id: "1".into(),
        kind: Kind::Failing,
        at: now,
        incident: 1,
        test: false,
        service: ServiceTold {
            name: "web".into(),
            title: "The web site".into(),
            url: None,
            runbook: None,
            before: Shown::Passing,
            now: Shown::Critical,
            since: now,
            checks: Vec::new(),
            acknowledgement: None,
        },
        users: Vec::new(),
        duty_officers: Vec::new(),
        settings: Vec::new(),
    }
}

#[tokio::test]
async fn a_plugin_says_what_it_is_and_may_have_nothing_to_send() {
    let inn = Inn::new();
    let about = inn.about(&plugin("Pager", NOTHING)).await.unwrap();
    assert_eq!(about.metadata.name, "Pager");
    assert_eq!(about.user_fields, None);
    assert_eq!(inn.tell(NOTHING).await.unwrap(), []);
}

#[tokio::test]
async fn a_plugin_is_asked_again_what_it_is_when_its_file_changes() {
    let inn = Inn::new();
    let plugins = GuestPlugins::new(Arc::clone(&inn.guests));
    let asked = inn.plugin(&plugin("Pager", NOTHING));
    let first = plugins.about(asked.clone()).await.unwrap();
    let again = plugins.about(asked.clone()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    inn.install(&plugin("Other pager", NOTHING));
    let other = plugins.about(asked).await.unwrap();
    assert_eq!(other.metadata.name, "Other pager");
}

#[tokio::test]
async fn what_a_plugin_does_wrong_is_a_sentence() {
    let mut inn = Inn::new();
    inn.limits.wall_time = Duration::from_millis(300);
    let wrong = async |answer: &str| inn.tell(answer).await.unwrap_err();
    insta::assert_snapshot!(wrong("unreachable").await, @"guest.wasm trapped: it gave up (wasm `unreachable`): a panic or an abort in most languages; its stderr may say why");
    insta::assert_snapshot!(wrong(FAILS).await, @"guest.wasm says: no paper");
    insta::assert_snapshot!(wrong(SPINS).await, @"guest.wasm took longer than 0.3 s");
    insta::assert_snapshot!(wrong(HOARDS).await, @"guest.wasm asked for 9 MB of memory, may have 8 MB");
    insta::assert_snapshot!(wrong("(i32.const 800)").await, @"guest.wasm returns 101 deliveries, and an alert has at most 100");
    insta::assert_snapshot!(wrong("(i32.const 820)").await, @"guest.wasm returns a delivery that cannot be made: number 1: `` is no place in Slack: a channel's id or `#name`, or a user's id");
    let nameless = inn.about(&plugin("", NOTHING)).await.unwrap_err();
    insta::assert_snapshot!(nameless, @"guest.wasm says what makes no sense of itself: its name is empty");
}

#[tokio::test]
async fn a_plugin_that_computes_ends_at_its_cpu_time() {
    let mut inn = Inn::new();
    inn.limits.cpu_time = Duration::from_millis(100);
    insta::assert_snapshot!(inn.tell(SPINS).await.unwrap_err(), @"guest.wasm used 0.1 s of CPU time, all it may have");
}

#[tokio::test]
async fn a_plugin_that_hangs_holds_up_no_other() {
    let inn = Inn::new();
    let plugins = GuestPlugins::new(Arc::clone(&inn.guests));
    let hangs = inn.path("hangs.wasm");
    std::fs::write(&hangs, plugin("Hangs", SPINS)).unwrap();
    let hanging = Plugin {
        name: "hangs".into(),
        component: hangs.into(),
        ..(*inn.plugin(&plugin("Test", NOTHING))).clone()
    };
    let well = inn.plugin(&plugin("Test", NOTHING));
    plugins.about(Arc::clone(&well)).await.unwrap();
    tokio::select! {
        ended = plugins.send_alert(Arc::new(hanging), telling()) => panic!("it never ends: {ended:?}"),
        sent = plugins.send_alert(well, telling()) => assert_eq!(sent.unwrap(), []),
    }
}

#[tokio::test]
async fn what_is_no_plugin_and_what_has_wrong_settings_is_not_called() {
    let inn = Inn::new();
    let program = wat::parse_str(super::wat_guests::main_of("")).unwrap();
    let why = inn.about(&program).await.unwrap_err();
    insta::assert_snapshot!(why, @"guest.wasm is no alert plugin: it exports no `send-alert`");
    let plugins = GuestPlugins::new(Arc::clone(&inn.guests));
    let mut wrong = (*inn.plugin(&plugin("Test", NOTHING))).clone();
    wrong.settings.insert("colour".into(), "red".into());
    let why = plugins.send_alert(Arc::new(wrong), telling()).await.unwrap_err();
    insta::assert_snapshot!(why, @"guest.wasm was not called: `colour` under `[plugins.test.settings]` is no setting of the plugin: it has none");
}
