#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::path::Path;
use std::sync::Mutex;

use hmac::{Hmac, KeyInit, Mac};
use innkeeper_core::BoxFuture;
use innkeeper_core::clock::ManualClock;
use innkeeper_core::config::{ComponentInspector, World};
use innkeeper_core::message::{Message, Post};
use innkeeper_core::request::AskingId;
use innkeeper_core::run::{Ending, RunId};
use innkeeper_core::store::Queued;
use sha2::Sha256;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// Remembers what was ordered, as the intake would; where a sender waits, its job is done at once.
struct Book {
    orders: Mutex<Vec<(NewAsking, Vec<NewRequest>)>>,
    /// What heartbeats said of their failures, with the check.
    heard: Mutex<Vec<(String, Option<String>)>>,
    terminals: Terminals,
    /// The report's text and the exit code. None: the job takes for ever.
    done: Option<(&'static str, i32)>,
    broken: bool,
}

impl Orders for Book {
    fn heard_from(
        &self,
        failure: Option<String>,
        asking: NewAsking,
        look: NewRequest,
    ) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            anyhow::ensure!(!self.broken, "the disk is full");
            assert_eq!(asking.key, None, "no message is passed over");
            self.heard.lock().unwrap().push((look.job, failure));
            Ok(())
        })
    }

    fn order(&self, asking: NewAsking, requests: Vec<NewRequest>) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(async move {
            anyhow::ensure!(!self.broken, "the disk is full");
            let mut orders = self.orders.lock().unwrap();
            if asking.key.is_some() && orders.iter().any(|(other, _)| other.key == asking.key) {
                return Ok(Heard::Repeated);
            }
            let id = RequestId(7);
            if let (Some(session), Some((text, code))) = (asking.origin.session(), self.done) {
                let ended = Event::Ended {
                    run: RunId(1),
                    request: id,
                    ending: Ending::Exited { code },
                    reported: 1,
                };
                let message = Event::Message {
                    message: Message::Post(Post::text(text)),
                    file: None,
                };
                assert!(self.terminals.tell(session, ended) && self.terminals.tell(session, message));
            }
            let queued = Queued {
                id,
                joined: false,
                due: requests[0].due,
                busy: None,
                suppressed: None,
            };
            orders.push((asking, requests));
            Ok(Heard::Accepted {
                asking: AskingId(1),
                requests: vec![queued],
            })
        })
    }
}

struct AnyJob;

impl ComponentInspector for AnyJob {
    fn inspect(&self, _: &Path) -> Result<World, String> {
        Ok(World::Job)
    }
}

const NOTE: &str = "job_type = 'note'\nargs = { title = '/event/title' }\n";

/// A trigger with a hook `inbox` of the namespace `demo`, and the book that its orders are in.
fn trigger(hook: &str, done: Option<(&'static str, i32)>) -> (HookTrigger, Arc<Book>) {
    let home = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "innkeeper.toml",
        "[namespaces.demo]\ntrust = 'trusted'\nhooks.inbox = { secret = 'TOKEN', scheme = 'token' }\nhooks.shop = { secret = \
         'SHOP', scheme = 'github' }\nhooks.unset = { secret = 'UNSET', scheme = 'token' }\nhooks.backup = { secret = \
         'SHOP', scheme = 'github' }\n",
    );
    write("workspace/demo/guest.wasm", "");
    write(
        "workspace/demo/namespace.toml",
        &format!(
            "default_channel = '#team'\n[jobs.note]\nrun_args_template = 'echo {{title}}'\n[jobs.told]\ncomponent = \
             'guest.wasm'\n[hooks.inbox]\n{hook}[hooks.shop]\n{NOTE}[hooks.unset]\n{NOTE}[checks.backup]\nheartbeat = {{ within = \
             '26h' }}\n"
        ),
    );
    let config = match Config::load(&home.path().join("innkeeper.toml"), &AnyJob) {
        Ok(loaded) => loaded.config,
        Err(problems) => panic!("{problems}"),
    };
    let terminals = Terminals::default();
    let book = Arc::new(Book {
        orders: Mutex::default(),
        heard: Mutex::default(),
        terminals: terminals.clone(),
        done,
        broken: false,
    });
    (trigger_for(&config, &book, terminals), book)
}

fn trigger_for(config: &Config, book: &Arc<Book>, terminals: Terminals) -> HookTrigger {
    let secrets = |name: &str| match name {
        "TOKEN" => Some(Secret::new("s3cret")),
        "SHOP" => Some(Secret::new("It's a Secret to Everybody")),
        _ => None,
    };
    let parts = HookParts {
        orders: Arc::clone(book) as _,
        terminals,
        clock: Arc::new(ManualClock::starting_at(NOW)),
        stop: Default::default(),
    };
    HookTrigger::new(Current::fixed(Arc::new(config.clone())), secrets, parts)
}

fn token(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    headers
}

async fn send(trigger: &HookTrigger, body: &'static str) -> Result<Answer, Refusal> {
    trigger
        .deliver("demo", "inbox", &token("s3cret"), Bytes::from_static(body.as_bytes()))
        .await
}

const EVENT: &str = r#"{"event": {"title": "$(touch pwned)"}}"#;

#[tokio::test]
async fn a_message_starts_its_job_with_arguments_from_the_body() {
    let (trigger, book) = trigger(&format!("{NOTE}delay_seconds = 60\n"), None);
    assert_eq!(send(&trigger, EVENT).await, Ok(Answer::Accepted(vec![RequestId(7)])));
    let orders = book.orders.lock().unwrap();
    let (asking, requests) = &orders[0];
    assert_eq!(requests[0].arguments.get("title"), Some("$(touch pwned)"));
    assert_eq!(requests[0].due, NOW.plus(Duration::from_secs(60)));
    assert_eq!(requests[0].payload, None, "a bash job is not told");
    let origin = HookOrigin {
        hook: "inbox".into(),
        delivery: None,
        content_type: Some("application/json".into()),
        channel: Some("#team".into()),
        session: None,
    };
    assert_eq!((&asking.origin, &asking.key), (&Origin::Hook(origin), &None));
}

#[tokio::test]
async fn a_job_that_is_told_gets_the_body_whatever_it_is() {
    let (trigger, book) = trigger("job_type = 'told'\n", None);
    assert!(send(&trigger, "no JSON at all").await.is_ok());
    let payload = book.orders.lock().unwrap()[0].1[0].payload.clone();
    assert_eq!(payload.as_deref(), Some(&b"no JSON at all"[..]));
}

#[tokio::test]
async fn who_does_not_know_the_secret_is_not_heard() {
    let (trigger, book) = trigger(NOTE, None);
    let body = || Bytes::from_static(EVENT.as_bytes());
    for (namespace, hook, headers, refusal) in [
        ("demo", "inbox", token("guessed"), Refusal::Unauthorised),
        ("demo", "inbox", HeaderMap::new(), Refusal::Unauthorised),
        ("demo", "unset", token(""), Refusal::Unauthorised),
        ("demo", "other", token("s3cret"), Refusal::Unknown),
        ("other", "inbox", token("s3cret"), Refusal::Unknown),
    ] {
        assert_eq!(trigger.deliver(namespace, hook, &headers, body()).await, Err(refusal));
    }
    assert!(book.orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_lacks_what_is_wanted_is_refused_with_the_reason() {
    let (trigger, _) = trigger(NOTE, None);
    let why = async |body| send(&trigger, body).await.unwrap_err().to_string();
    insta::assert_snapshot!(why(r#"{"event": {}}"#).await,
        @"the argument title of the job note is taken from `/event/title` of the body, which is not there");
    insta::assert_snapshot!(why(r#"{"event": {"title": "a\u0000b"}}"#).await,
        @"the argument title of the job note is taken from `/event/title` of the body, which holds a NUL character, which no argument may");
    assert!(matches!(send(&trigger, "{").await, Err(Refusal::Malformed(_))));
}

#[tokio::test]
async fn a_message_with_an_id_is_taken_once() {
    let (trigger, book) = trigger(NOTE, None);
    let mut headers = HeaderMap::new();
    let body = Bytes::from_static(EVENT.as_bytes());
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(b"It's a Secret to Everybody").unwrap();
    let signature = hex::encode(mac.chain_update(&body).finalize().into_bytes());
    headers.insert("x-hub-signature-256", format!("sha256={signature}").parse().unwrap());
    headers.insert("x-github-delivery", "d-1".parse().unwrap());
    let send = || trigger.deliver("demo", "shop", &headers, body.clone());
    assert!(matches!(send().await, Ok(Answer::Accepted(_))));
    assert_eq!(send().await, Ok(Answer::Repeated));
    assert_eq!(
        book.orders.lock().unwrap()[0].0.key.as_deref(),
        Some("hook:demo:shop:d-1")
    );
}

#[tokio::test]
async fn a_sender_that_waits_gets_the_report() {
    let waits = format!("{NOTE}wait = '10s'\n");
    for (code, succeeded) in [(0, true), (1, false)] {
        let (trigger, _) = trigger(&waits, Some(("All is done", code)));
        let Ok(Answer::Reported { text, succeeded: told }) = send(&trigger, EVENT).await else {
            panic!("no report")
        };
        assert_eq!((text.trim(), told), ("All is done", succeeded));
    }
}

#[tokio::test]
async fn a_sender_that_waits_too_long_gets_the_number() {
    let (trigger, _) = trigger(&format!("{NOTE}wait = '1s'\n"), None);
    assert_eq!(send(&trigger, EVENT).await, Ok(Answer::Accepted(vec![RequestId(7)])));
}

#[tokio::test]
async fn nobody_waits_while_the_host_stops_nor_beyond_the_places_there_are() {
    let waits = format!("{NOTE}wait = '60s'\n");
    let (stopping, _) = trigger(&waits, None);
    stopping.parts.stop.cancel();
    assert!(matches!(send(&stopping, EVENT).await, Ok(Answer::Accepted(_))));

    let (full, _) = trigger(&waits, Some(("All is done", 0)));
    let _places = full.waiters.try_acquire_many(WAITERS as u32).unwrap();
    assert!(matches!(send(&full, EVENT).await, Ok(Answer::Accepted(_))));
}

#[tokio::test]
async fn what_could_not_be_kept_is_not_acknowledged() {
    let (trigger, book) = trigger(NOTE, None);
    let broken = Arc::new(Book {
        orders: Mutex::default(),
        heard: Mutex::default(),
        terminals: book.terminals.clone(),
        done: None,
        broken: true,
    });
    let trigger = HookTrigger {
        parts: HookParts {
            orders: broken,
            ..trigger.parts
        },
        ..trigger
    };
    assert_eq!(send(&trigger, EVENT).await, Err(Refusal::Unavailable));
    let heartbeat = trigger.deliver("demo", "backup", &signed(b""), Bytes::new()).await;
    assert_eq!(heartbeat, Err(Refusal::Unavailable));
}

/// Signed as GitHub does it, and always with the same id.
fn signed(body: &[u8]) -> HeaderMap {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"It's a Secret to Everybody").unwrap();
    mac.update(body);
    let signature = format!("sha256={}", ::hex::encode(mac.finalize().into_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature-256", signature.parse().unwrap());
    headers.insert("x-github-delivery", "1".parse().unwrap());
    headers
}

#[tokio::test]
async fn a_heartbeat_is_noted_whenever_it_comes_and_says_why_it_failed() {
    let (trigger, book) = trigger(NOTE, None);
    let well = async || trigger.deliver("demo", "backup", &signed(b""), Bytes::new()).await;
    let failed = async |body: &'static [u8]| {
        let body = Bytes::from_static(body);
        trigger.deliver_failure("demo", "backup", &signed(&body), body).await
    };
    assert_eq!(well().await, Ok(Answer::Noted));
    assert_eq!(well().await, Ok(Answer::Noted));
    assert_eq!(failed(b"").await, Ok(Answer::Noted));
    assert_eq!(failed(b"saving\n  no \x1bspace\xff left \n\n").await, Ok(Answer::Noted));
    let heard = book.heard.lock().unwrap().clone();
    let expected = [None, None, Some(""), Some("no space\u{fffd} left")];
    assert_eq!(
        heard,
        expected.map(|failure| ("backup".to_owned(), failure.map(str::to_owned)))
    );
    assert!(book.orders.lock().unwrap().is_empty(), "it starts nothing by itself");
}

#[tokio::test]
async fn only_a_heartbeat_can_say_that_it_failed_and_only_who_may() {
    let (trigger, book) = trigger(NOTE, None);
    let body = || Bytes::from_static(EVENT.as_bytes());
    for (hook, headers, refusal) in [
        ("inbox", token("s3cret"), Refusal::Unknown),
        ("backup", token("s3cret"), Refusal::Unauthorised),
        ("other", token("s3cret"), Refusal::Unknown),
    ] {
        assert_eq!(
            trigger.deliver_failure("demo", hook, &headers, body()).await,
            Err(refusal)
        );
    }
    assert_eq!(
        trigger.deliver("demo", "backup", &token("s3cret"), body()).await,
        Err(Refusal::Unauthorised)
    );
    assert!(book.heard.lock().unwrap().is_empty() && book.orders.lock().unwrap().is_empty());
}
