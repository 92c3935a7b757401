#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]
#![allow(clippy::panic, reason = "a failed set-up fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use innkeeper_core::BoxFuture;
use innkeeper_core::clock::{ManualClock, Timestamp};
use innkeeper_core::config::{
    Author, Capacity, GithubFilters, GithubGrant, Globs, Grants, Mentions, ReportTo, Server, Slack,
};
use innkeeper_core::request::{AskingId, Origin};
use innkeeper_core::store::Queued;
use serde_json::{Value, json};
use sha2::Sha256;

use innkeeper_core::config::Config;

use super::*;
use crate::trigger::Said;

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

/// Remembers what was ordered, as the intake would, or fails.
#[derive(Default)]
struct Book {
    orders: Mutex<Vec<(NewAsking, Vec<NewRequest>)>>,
    commits: AtomicUsize,
    said: Mutex<Vec<Said>>,
    refused: Mutex<Vec<NewAsking>>,
    broken: bool,
}

impl Book {
    fn order(&self, asking: NewAsking, requests: Vec<NewRequest>) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(async move {
            anyhow::ensure!(!self.broken, "the disk is full");
            let mut orders = self.orders.lock().unwrap();
            if orders.iter().any(|(other, _)| other.key == asking.key) {
                return Ok(Heard::Repeated);
            }
            let first = orders.iter().map(|(_, requests)| requests.len()).sum::<usize>() + 1;
            let ids = (first..first + requests.len())
                .zip(&requests)
                .map(|(id, request)| Queued {
                    id: RequestId(i64::try_from(id).unwrap()),
                    joined: false,
                    due: request.due,
                    busy: None,
                    suppressed: None,
                })
                .collect();
            orders.push((asking, requests));
            Ok(Heard::Accepted {
                asking: AskingId(1),
                requests: ids,
            })
        })
    }
}

impl Reception for Book {
    fn order_together(&self, orders: Vec<(NewAsking, Vec<NewRequest>)>) -> BoxFuture<'_, anyhow::Result<Vec<Heard>>> {
        Box::pin(async move {
            self.commits.fetch_add(1, Ordering::Relaxed);
            let mut heard = Vec::new();
            for (asking, requests) in orders {
                heard.push(self.order(asking, requests).await?);
            }
            Ok(heard)
        })
    }

    fn refuse(&self, asking: NewAsking) -> BoxFuture<'_, anyhow::Result<Heard>> {
        self.refused.lock().unwrap().push(asking);
        let answered = Heard::Answered {
            asking: AskingId(1),
            done: true,
        };
        Box::pin(std::future::ready(Ok(answered)))
    }

    fn hear(&self, said: Said) -> BoxFuture<'_, anyhow::Result<Heard>> {
        self.said.lock().unwrap().push(said);
        let accepted = Heard::Accepted {
            asking: AskingId(1),
            requests: Vec::new(),
        };
        Box::pin(std::future::ready(Ok(accepted)))
    }
}

fn rule(event: &str, action: Option<&str>, job: &str) -> GithubRule {
    GithubRule {
        event: event.into(),
        filters: GithubFilters {
            actions: action.into_iter().map(Into::into).collect(),
            ..GithubFilters::default()
        },
        job: job.into(),
        delay: Duration::ZERO,
        merged_into_default: false,
        ..GithubRule::deploy_after_merge()
    }
}

fn grant(secret: &str, repos: Allowed) -> GithubGrant {
    GithubGrant {
        secret: secret.into(),
        repos,
        sha1: false,
        write: false,
        token: "GITHUB_TOKEN".into(),
    }
}

fn namespace(rules: Vec<GithubRule>) -> Namespace {
    let grants = Grants {
        trusted: true,
        triggers: BTreeSet::from([Trigger::Github]),
        channels: Allowed::All,
        mentions: Mentions::Users,
        env: Allowed::All,
        github: Some(grant("GITHUB_WEBHOOK_SECRET", Allowed::All)),
        ..Grants::default()
    };
    Namespace {
        default_channel: Some("#tech".into()),
        github: rules,
        ..Namespace::bare("demo", PathBuf::from("/srv/workspace/demo"), grants)
    }
}

fn trigger_with(namespace: Namespace, book: &Arc<Book>) -> GithubTrigger {
    let config = Config {
        file: "/srv/innkeeper.toml".into(),
        workspace: "/srv/workspace".into(),
        data_dir: "/srv/data".into(),
        timezone: jiff::tz::TimeZone::UTC,
        server: Server {
            listen: ([127, 0, 0, 1], 9999).into(),
        },
        slack: Slack::default(),
        capacity: Capacity {
            runs: 1,
            guest_memory: 0,
            shutdown_grace: Duration::ZERO,
        },
        namespaces: BTreeMap::from([(namespace.name.clone(), Arc::new(namespace))]),
        alerts: innkeeper_core::config::Alerts::default(),
        mail: None,
        webhook_secrets: std::collections::BTreeSet::new(),
        left_out: Vec::new(),
    };
    let secrets = |name: &str| match name {
        "GITHUB_WEBHOOK_SECRET" => Some(Secret::new("the host's")),
        "DEMO_SECRET" => Some(Secret::new("the namespace's")),
        "EMPTY" => Some(Secret::new("")),
        "GITHUB_TOKEN" => Some(Secret::new("a token")),
        _ => None,
    };
    let intake: Arc<dyn Reception> = Arc::clone(book) as _;
    GithubTrigger::new(
        Current::fixed(Arc::new(config)),
        secrets,
        intake,
        Arc::new(ManualClock::starting_at(NOW)),
    )
}

fn trigger(rules: Vec<GithubRule>) -> (GithubTrigger, Arc<Book>) {
    let book = Arc::new(Book::default());
    (trigger_with(namespace(rules), &book), book)
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes())
        .unwrap()
        .chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Headers as GitHub sends them with `body`.
fn headers(event: &str, secret: &str, body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| headers.insert(name, value.parse().unwrap());
    put("content-type", "application/json");
    put("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958");
    put("x-github-event", event);
    put("x-hub-signature-256", &sign(secret, body));
    headers
}

async fn send(trigger: &GithubTrigger, event: &str, payload: &Value) -> Result<Answer, Refusal> {
    let body = Bytes::from(payload.to_string());
    trigger
        .deliver("demo", &headers(event, "the host's", &body), body)
        .await
}

fn pull_request(merged: bool, base: &str) -> Value {
    json!({
        "action": "closed",
        "number": 7,
        "pull_request": {
            "merged": merged, "title": "Fix \"it\"\n$(rm -rf /)", "draft": false, "milestone": null,
            "base": {"ref": base}, "head": {"ref": "fix"}, "labels": [{"name": "one"}, {"name": "two"}],
        },
        "repository": {"full_name": "Octo/Hello", "default_branch": "main"},
        "sender": {"login": "octocat"},
    })
}

#[tokio::test]
async fn a_merge_into_the_default_branch_deploys_after_a_minute() {
    let (trigger, book) = trigger(vec![GithubRule::deploy_after_merge()]);
    let answer = send(&trigger, "pull_request", &pull_request(true, "main")).await;
    assert_eq!(answer, Ok(Answer::Accepted(vec![RequestId(1)])));

    let orders = book.orders.lock().unwrap();
    let (asking, requests) = &orders[0];
    assert_eq!(
        asking.key.as_deref(),
        Some("github:demo:72d3162e-cc78-11e3-81ab-4c9367dc0958")
    );
    assert_eq!(
        serde_json::to_value(&asking.origin).unwrap(),
        json!({
            "trigger": "github", "delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "event": "pull_request",
            "action": "closed", "repository": "Octo/Hello", "sender": "octocat", "channel": "#tech",
        })
    );
    let deploy = NewRequest {
        namespace: "demo".into(),
        job: "deploy".into(),
        arguments: Default::default(),
        due: NOW.plus(Duration::from_secs(60)),
        payload: None,
    };
    assert_eq!(requests, &[deploy]);
}

#[tokio::test]
async fn another_branch_or_no_merge_deploys_nothing() {
    let (trigger, book) = trigger(vec![GithubRule::deploy_after_merge()]);
    for payload in [
        pull_request(true, "next"),
        pull_request(false, "main"),
        json!({"action": "closed"}),
    ] {
        let answer = send(&trigger, "pull_request", &payload).await;
        let why = "the pull request was not merged into the repository's default branch";
        assert_eq!(answer, Ok(Answer::Nothing(why.into())));
    }
    assert!(book.orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_no_rule_is_for_is_answered_with_why() {
    let (trigger, _) = trigger(vec![rule("issues", Some("opened"), "triage")]);
    let answer = send(&trigger, "push", &json!({})).await;
    assert_eq!(
        answer,
        Ok(Answer::Nothing("no rule of the namespace is for the event push".into()))
    );
    let answer = send(&trigger, "issues", &json!({"action": "closed"})).await;
    let why = "no rule of the namespace is for the event issues with the action closed";
    assert_eq!(answer, Ok(Answer::Nothing(why.into())));
}

#[tokio::test]
async fn a_repeated_delivery_is_one_asking() {
    let (trigger, book) = trigger(vec![rule("push", None, "build")]);
    assert_eq!(
        send(&trigger, "push", &json!({})).await,
        Ok(Answer::Accepted(vec![RequestId(1)]))
    );
    assert_eq!(send(&trigger, "push", &json!({})).await, Ok(Answer::Repeated));
    assert_eq!(book.orders.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn each_channel_hears_of_its_own_rules() {
    let mut elsewhere = rule("push", None, "docs");
    elsewhere.channel = Some("#docs".into());
    let (trigger, book) = trigger(vec![rule("push", None, "build"), elsewhere, rule("push", None, "test")]);
    let answer = send(&trigger, "push", &json!({})).await;
    assert_eq!(
        answer,
        Ok(Answer::Accepted(vec![RequestId(1), RequestId(2), RequestId(3)]))
    );

    let orders = book.orders.lock().unwrap();
    let heard: Vec<_> = orders
        .iter()
        .map(|(asking, requests)| {
            let Origin::Github(origin) = &asking.origin else {
                panic!("{asking:?}")
            };
            let jobs: Vec<&str> = requests.iter().map(|request| request.job.as_str()).collect();
            (asking.key.clone().unwrap(), origin.channel.clone().unwrap(), jobs)
        })
        .collect();
    let key = "github:demo:72d3162e-cc78-11e3-81ab-4c9367dc0958";
    assert_eq!(
        heard,
        [
            (key.to_owned(), "#tech".to_owned(), vec!["build", "test"]),
            (format!("{key}:#docs"), "#docs".to_owned(), vec!["docs"]),
        ]
    );
    assert_eq!(book.commits.load(Ordering::Relaxed), 1, "one delivery is one commit");
}

fn with_args(pointers: &[(&str, &str)]) -> GithubRule {
    GithubRule {
        args: pointers
            .iter()
            .map(|(name, pointer)| ((*name).to_owned(), (*pointer).to_owned()))
            .collect(),
        ..rule("pull_request", Some("closed"), "note")
    }
}

#[tokio::test]
async fn arguments_are_taken_from_the_payload_as_they_are() {
    let rule = with_args(&[
        ("title", "/pull_request/title"),
        ("number", "/number"),
        ("draft", "/pull_request/draft"),
        ("label", "/pull_request/labels/1/name"),
        ("base", "/pull_request/base"),
        ("branch", "/pull_request/base/ref"),
    ]);
    let (trigger, book) = trigger(vec![rule]);
    send(&trigger, "pull_request", &pull_request(true, "main"))
        .await
        .unwrap();
    let orders = book.orders.lock().unwrap();
    let expected = [
        ("title", "Fix \"it\"\n$(rm -rf /)"),
        ("number", "7"),
        ("draft", "false"),
        ("label", "two"),
        ("base", r#"{"ref":"main"}"#),
        ("branch", "main"),
    ];
    assert_eq!(orders[0].1[0].arguments, expected.into_iter().collect());
}

#[tokio::test]
async fn an_argument_that_cannot_be_taken_is_said_and_nothing_is_ordered() {
    let refusal = async |pointer: &str, payload: &Value| {
        let (trigger, book) = trigger(vec![with_args(&[("x", pointer)])]);
        let refusal = send(&trigger, "pull_request", payload).await.unwrap_err();
        assert!(book.orders.lock().unwrap().is_empty());
        assert!(matches!(refusal, Refusal::Argument(_)), "{refusal:?}");
        refusal.to_string()
    };
    let payload = pull_request(true, "main");
    insta::assert_snapshot!(refusal("/pull_request/author", &payload).await, @"the argument x of the job note is taken from `/pull_request/author` of the payload, which is not there: correct the pointer, or ask for another event or action");
    insta::assert_snapshot!(refusal("/pull_request/milestone", &payload).await, @"the argument x of the job note is taken from `/pull_request/milestone` of the payload, which is null: correct the pointer, or ask for another event or action");
    let long = json!({
        "action": "closed", "long": "x".repeat(32 * 1024 + 1), "longer": "x".repeat(6 * 32 * 1024 + 1), "nul": "a\0b",
    });
    assert!(refusal("/longer", &long).await.contains("over 32 KiB"));
    insta::assert_snapshot!(refusal("/long", &long).await, @"the argument x of the job note is taken from `/long` of the payload, which is over 32 KiB: point at less");
    insta::assert_snapshot!(refusal("/nul", &long).await, @"the argument x of the job note is taken from `/nul` of the payload, which holds a NUL character: no argument may");
}

#[tokio::test]
async fn a_rule_with_a_wrong_pointer_keeps_none_of_the_others() {
    let (trigger, book) = trigger(vec![
        with_args(&[("x", "/nowhere")]),
        rule("pull_request", None, "other"),
    ]);
    let answer = send(&trigger, "pull_request", &pull_request(true, "main")).await;
    let Ok(Answer::InPart { requests, failed }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(requests, [RequestId(1)]);
    assert!(failed.len() == 1 && failed[0].contains("the job note"), "{failed:?}");
    assert_eq!(book.orders.lock().unwrap()[0].1[0].job, "other");
    let again = send(&trigger, "pull_request", &pull_request(true, "main")).await;
    assert_eq!(again, Ok(Answer::Repeated));
}

#[tokio::test]
async fn an_argument_of_a_rule_that_does_not_fit_is_not_missed() {
    let mut rule = with_args(&[("x", "/nowhere")]);
    rule.filters.actions = vec!["opened".into()];
    let (trigger, _) = trigger(vec![rule]);
    let answer = send(&trigger, "pull_request", &pull_request(true, "main")).await;
    assert!(matches!(answer, Ok(Answer::Nothing(_))), "{answer:?}");
}

#[tokio::test]
async fn a_ping_is_answered() {
    let (trigger, _) = trigger(Vec::new());
    assert_eq!(
        send(&trigger, "ping", &json!({"zen": "Design for failure."})).await,
        Ok(Answer::Pong)
    );
}

#[tokio::test]
async fn a_wrong_signature_and_an_unknown_namespace_look_alike() {
    let (trigger, book) = trigger(vec![rule("push", None, "build")]);
    let body = Bytes::from_static(b"{}");
    let signed = headers("push", "the host's", &body);
    let mut unsigned = signed.clone();
    unsigned.remove("x-hub-signature-256");
    for (namespace, headers, body) in [
        ("demo", headers("push", "another", &body), body.clone()),
        ("demo", signed.clone(), Bytes::from_static(b"{ }")),
        ("demo", unsigned, body.clone()),
        ("other", signed.clone(), body.clone()),
        ("other", headers("push", "nobody's secret", &body), body.clone()),
        ("demo/", signed, body),
    ] {
        assert_eq!(
            trigger.deliver(namespace, &headers, body).await,
            Err(Refusal::Unauthorised),
            "{namespace}"
        );
    }
    assert!(book.orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_read_before_the_signature_fits() {
    let (trigger, _) = trigger(vec![rule("push", None, "build")]);
    let body = Bytes::from_static(b"no JSON");
    let mut bare = HeaderMap::new();
    assert_eq!(
        trigger.deliver("demo", &bare, body.clone()).await,
        Err(Refusal::Unauthorised)
    );
    bare.insert("x-hub-signature-256", sign("the host's", &body).parse().unwrap());
    let refusal = trigger.deliver("demo", &bare, body).await.unwrap_err();
    insta::assert_snapshot!(refusal, @"the header X-GitHub-Delivery is missing or is not one word: GitHub sends it with every delivery");
}

#[tokio::test]
async fn what_is_signed_and_no_delivery_is_answered_with_why() {
    let (trigger, _) = trigger(vec![rule("push", None, "build")]);
    let refusal = async |body: &'static str, change: fn(&mut HeaderMap)| {
        let mut headers = headers("push", "the host's", body.as_bytes());
        change(&mut headers);
        trigger
            .deliver("demo", &headers, Bytes::from_static(body.as_bytes()))
            .await
            .unwrap_err()
            .to_string()
    };
    let json = |_: &mut HeaderMap| {};
    insta::assert_snapshot!(refusal("{\"a\"", json).await, @"the payload is not JSON as GitHub sends it: EOF while parsing an object at line 1 column 4");
    let no_event: fn(&mut HeaderMap) = |headers| drop(headers.remove("x-github-event"));
    insta::assert_snapshot!(refusal("{}", no_event).await, @"the header X-GitHub-Event is missing or is not one word: GitHub sends it with every delivery");
    let long_id: fn(&mut HeaderMap) =
        |headers| drop(headers.insert("x-github-delivery", "x".repeat(101).parse().unwrap()));
    insta::assert_snapshot!(refusal("{}", long_id).await, @"the header X-GitHub-Delivery is missing or is not one word: GitHub sends it with every delivery");
    let text: fn(&mut HeaderMap) = |headers| drop(headers.insert("content-type", "text/plain".parse().unwrap()));
    insta::assert_snapshot!(refusal("{}", text).await, @"the content type must be application/json: choose it in the settings of the webhook");
    let form: fn(&mut HeaderMap) =
        |headers| drop(headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap()));
    insta::assert_snapshot!(refusal("a=b", form).await, @"the form has no field `payload`: GitHub sends the JSON in it");
}

#[tokio::test]
async fn the_form_that_github_offers_is_read_too() {
    let (trigger, book) = trigger(vec![GithubRule::deploy_after_merge()]);
    let payload = pull_request(true, "main").to_string();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload)
        .finish();
    let body = Bytes::from(form);
    let mut headers = headers("pull_request", "the host's", &body);
    headers.insert(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap(),
    );
    assert!(matches!(
        trigger.deliver("demo", &headers, body).await,
        Ok(Answer::Accepted(_))
    ));
    assert_eq!(book.orders.lock().unwrap()[0].1[0].job, "deploy");
}

#[tokio::test]
async fn a_large_delivery_is_taken_too() {
    let (trigger, _) = trigger(vec![rule("push", None, "build")]);
    let answer = send(&trigger, "push", &json!({"commits": "x".repeat(2 * LARGE)})).await;
    assert_eq!(answer, Ok(Answer::Accepted(vec![RequestId(1)])));
}

fn granted(grant: GithubGrant) -> Namespace {
    let mut namespace = namespace(vec![rule("pull_request", None, "build")]);
    namespace.grants.trusted = false;
    namespace.grants.github = Some(grant);
    namespace
}

#[tokio::test]
async fn a_grant_names_the_secret_and_the_repositories() {
    let book = Arc::new(Book::default());
    let grant = |repo: &str| grant("DEMO_SECRET", Allowed::Only(BTreeSet::from([repo.to_owned()])));
    let body = Bytes::from(pull_request(true, "main").to_string());
    let by_namespace = headers("pull_request", "the namespace's", &body);

    let trigger = trigger_with(granted(grant("octo/hello")), &book);
    let by_host = headers("pull_request", "the host's", &body);
    assert_eq!(
        trigger.deliver("demo", &by_host, body.clone()).await,
        Err(Refusal::Unauthorised)
    );
    assert!(matches!(
        trigger.deliver("demo", &by_namespace, body.clone()).await,
        Ok(Answer::Accepted(_))
    ));

    let trigger = trigger_with(granted(grant("octo/other")), &book);
    let refusal = trigger.deliver("demo", &by_namespace, body).await.unwrap_err();
    insta::assert_snapshot!(refusal, @"the repository Octo/Hello is not granted to the namespace demo: add it to `github.repos` of the namespace in innkeeper.toml");
    let body = Bytes::from_static(b"{}");
    let refusal = trigger
        .deliver("demo", &headers("membership", "the namespace's", &body), body)
        .await
        .unwrap_err();
    insta::assert_snapshot!(refusal, @"a delivery without a repository is not granted to the namespace demo: add it to `github.repos` of the namespace in innkeeper.toml");
}

#[tokio::test]
async fn the_legacy_signature_counts_only_where_it_is_granted_and_alone() {
    let book = Arc::new(Book::default());
    let body = Bytes::from(pull_request(true, "main").to_string());
    let mac = <Hmac<sha1::Sha1> as KeyInit>::new_from_slice(b"the namespace's")
        .unwrap()
        .chain_update(&body);
    let mut legacy = headers("pull_request", "", &body);
    legacy.remove("x-hub-signature-256");
    legacy.insert(
        "x-hub-signature",
        format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
            .parse()
            .unwrap(),
    );
    let mut both = legacy.clone();
    both.insert("x-hub-signature-256", sign("wrong", &body).parse().unwrap());

    for (sha1, headers, accepted) in [(true, &legacy, true), (false, &legacy, false), (true, &both, false)] {
        let grant = GithubGrant {
            sha1,
            ..grant("DEMO_SECRET", Allowed::All)
        };
        let trigger = trigger_with(granted(grant), &book);
        let answer = trigger.deliver("demo", headers, body.clone()).await;
        assert_eq!(answer.is_ok(), accepted, "{answer:?}");
    }
}

#[tokio::test]
async fn without_trigger_grant_or_secret_there_is_no_webhook() {
    let grant = |secret: &str| grant(secret, Allowed::All);
    let mut no_trigger = namespace(vec![rule("push", None, "build")]);
    no_trigger.grants.triggers.clear();
    let mut untrusted = namespace(vec![rule("push", None, "build")]);
    untrusted.grants.trusted = false;
    untrusted.grants.github = None;
    for namespace in [no_trigger, untrusted, granted(grant("UNSET")), granted(grant("EMPTY"))] {
        let trigger = trigger_with(namespace, &Arc::default());
        for secret in ["the host's", ""] {
            let body = Bytes::from_static(b"{}");
            let answer = trigger.deliver("demo", &headers("push", secret, &body), body).await;
            assert_eq!(answer, Err(Refusal::Unauthorised));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_acknowledged() {
    let book = Arc::new(Book {
        broken: true,
        ..Book::default()
    });
    let trigger = trigger_with(namespace(vec![rule("push", None, "build")]), &book);
    assert_eq!(send(&trigger, "push", &json!({})).await, Err(Refusal::Unavailable));
}

fn filtered(event: &str, filters: GithubFilters) -> GithubRule {
    GithubRule {
        filters,
        ..rule(event, None, "build")
    }
}

fn globs(texts: &[&str]) -> Option<Globs> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    Some(Globs::parse(&texts).unwrap())
}

fn words(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// What is answered to a payload by a rule with these filters: nothing where it fits.
async fn misfit(event: &str, filters: GithubFilters, payload: Value) -> String {
    let (trigger, _) = trigger(vec![filtered(event, filters)]);
    match send(&trigger, event, &payload).await.unwrap() {
        Answer::Accepted(_) => String::new(),
        Answer::Nothing(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_branch_is_that_of_the_event() {
    let filters = || GithubFilters {
        branches: globs(&["main", "release/*"]),
        ..GithubFilters::default()
    };
    for (event, payload) in [
        ("push", json!({"ref": "refs/heads/main"})),
        ("push", json!({"ref": "refs/heads/release/1"})),
        ("pull_request", json!({"pull_request": {"base": {"ref": "main"}}})),
        ("workflow_run", run("octo/hello", "octo/hello")),
        ("release", json!({"release": {"target_commitish": "main"}})),
        ("create", json!({"ref": "main", "ref_type": "branch"})),
        ("check_suite", json!({"check_suite": {"head_branch": "main"}})),
        ("merge_group", json!({"merge_group": {"base_ref": "refs/heads/main"}})),
    ] {
        assert_eq!(misfit(event, filters(), payload).await, "", "{event}");
    }
    let next = misfit("push", filters(), json!({"ref": "refs/heads/next"})).await;
    insta::assert_snapshot!(next, @"the rule for build wants the branch main or release/*; this is next");
    let tag = misfit("push", filters(), json!({"ref": "refs/tags/main"})).await;
    insta::assert_snapshot!(tag, @"the rule for build wants the branch main or release/*; this is none");
    let deep = misfit(
        "push",
        filters(),
        json!({"ref": format!("refs/heads/{}", "é".repeat(5000))}),
    )
    .await;
    assert!(deep.len() < 300, "{deep}");
}

/// A workflow that ran on the branch `main` of `head`, for a webhook of `repository`.
fn run(head: &str, repository: &str) -> Value {
    json!({
        "workflow_run": {"head_branch": "main", "event": "push", "head_repository": {"full_name": head}},
        "repository": {"full_name": repository},
    })
}

#[tokio::test]
async fn a_branch_of_a_fork_is_none_whatever_it_is_called() {
    let filters = || GithubFilters {
        branches: globs(&["main"]),
        ..GithubFilters::default()
    };
    let fork = misfit("workflow_run", filters(), run("mallory/hello", "octo/hello")).await;
    insta::assert_snapshot!(fork, @"the rule for build wants the branch main; this is none");
    let mut gone = run("octo/hello", "octo/hello");
    gone["workflow_run"]["head_repository"] = Value::Null;
    for payload in [
        gone,
        json!({"workflow_run": {"head_branch": "main", "head_repository": {"full_name": "mallory/hello"}}}),
    ] {
        assert!(
            misfit("workflow_run", filters(), payload)
                .await
                .contains("this is none")
        );
    }
    for event in ["check_run", "check_suite"] {
        let mut payload = json!({"repository": {"full_name": "octo/hello"}});
        payload["check_suite"] = json!({"head_branch": null});
        payload["check_run"] = json!({"check_suite": {"head_branch": null}});
        assert!(
            misfit(event, filters(), payload).await.contains("this is none"),
            "{event}"
        );
    }
    let job = json!({"workflow_job": {"head_branch": "main"}, "repository": {"full_name": "octo/hello"}});
    assert!(misfit("workflow_job", filters(), job).await.contains("this is none"));
}

#[tokio::test]
async fn files_are_those_of_all_commits_of_a_push() {
    let push = json!({"ref": "refs/heads/main", "commits": [
        {"added": ["src/a.rs"], "modified": [], "removed": []},
        {"added": [], "modified": ["README.md"], "removed": ["docs/old/x.md"], "message": "infra/x"},
    ]});
    let wanted = |paths: &[&str]| GithubFilters {
        paths: globs(paths),
        ..GithubFilters::default()
    };
    for paths in [&["docs/**"][..], &["src/*.rs"], &["infra/**", "*.md"]] {
        assert_eq!(misfit("push", wanted(paths), push.clone()).await, "", "{paths:?}");
    }
    let other = misfit("push", wanted(&["infra/**", "*.rs"]), push).await;
    insta::assert_snapshot!(other, @"the rule for build wants other files than those that were pushed");
    let none = misfit("push", wanted(&["**"]), json!({"commits": []})).await;
    assert!(none.contains("other files"), "{none}");
    let many: Vec<String> = (0..60_000).map(|number| format!("a/{number}")).collect();
    let push = json!({"commits": [{"added": many}]});
    assert_eq!(
        misfit("push", wanted(&["b/**"]), push).await,
        "",
        "of so many nobody knows"
    );
}

#[tokio::test]
async fn labels_are_those_that_it_has_or_the_one_that_comes_or_goes() {
    let wanted = || GithubFilters {
        labels: words(&["deploy"]),
        ..GithubFilters::default()
    };
    let labels = json!([{"name": "bug", "description": "deploy"}, {"name": "Deploy"}]);
    let opened = json!({"action": "opened", "pull_request": {"labels": labels}});
    assert_eq!(misfit("pull_request", wanted(), opened.clone()).await, "");
    let mut labeled = opened.clone();
    labeled["label"] = json!({"name": "deploy"});
    assert_eq!(misfit("pull_request", wanted(), labeled.clone()).await, "");
    labeled["label"] = json!({"name": "bug"});
    let other = misfit("pull_request", wanted(), labeled).await;
    insta::assert_snapshot!(other, @"the rule for build wants the label deploy");
    assert_eq!(
        misfit("issues", wanted(), json!({"issue": {"labels": labels}})).await,
        ""
    );
    assert_ne!(
        misfit("issues", wanted(), json!({"issue": {"labels": "deploy"}})).await,
        ""
    );
    assert_ne!(misfit("issues", wanted(), json!({})).await, "");
}

#[tokio::test]
async fn who_sent_it_and_whether_it_was_merged() {
    let by = |senders: &[&str]| GithubFilters {
        senders: words(senders),
        ..GithubFilters::default()
    };
    let sent = json!({"sender": {"login": "dependabot[bot]"}});
    assert_eq!(
        misfit("push", by(&["octocat", "Dependabot[bot]"]), sent.clone()).await,
        ""
    );
    insta::assert_snapshot!(misfit("push", by(&["octocat"]), sent).await, @"the rule for build wants the sender octocat; this is dependabot[bot]");
    let merged = |merged| GithubFilters {
        merged: Some(merged),
        ..GithubFilters::default()
    };
    for is in [true, false] {
        let payload = pull_request(is, "next");
        assert_eq!(misfit("pull_request", merged(is), payload.clone()).await, "");
        assert!(misfit("pull_request", merged(!is), payload).await.contains("merged"));
    }
}

#[tokio::test]
async fn of_many_rules_a_few_are_named_that_do_not_fit() {
    let rule = |branch: &str| {
        filtered(
            "push",
            GithubFilters {
                branches: globs(&[branch]),
                ..GithubFilters::default()
            },
        )
    };
    let (trigger, _) = trigger(["a", "b", "c", "d", "e"].map(rule).to_vec());
    let answer = send(&trigger, "push", &json!({"ref": "refs/heads/x"})).await;
    let Ok(Answer::Nothing(why)) = answer else {
        panic!("{answer:?}")
    };
    insta::assert_snapshot!(why, @"the rule for build wants the branch a; this is x; the rule for build wants the branch b; this is x; the rule for build wants the branch c; this is x; and 2 more rules do not fit");
}

fn writing(mut namespace: Namespace) -> Namespace {
    let repos = Allowed::Only(BTreeSet::from(["octo/hello".to_owned()]));
    namespace.grants.github = Some(GithubGrant {
        write: true,
        ..grant("GITHUB_WEBHOOK_SECRET", repos)
    });
    namespace
}

fn origin_of(book: &Book) -> Value {
    serde_json::to_value(&book.orders.lock().unwrap()[0].0.origin).unwrap()
}

#[tokio::test]
async fn what_is_written_back_to_comes_from_the_payload() {
    let mut both = rule("pull_request", None, "build");
    both.report_to = ReportTo {
        slack: false,
        github: true,
    };
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let mut payload = pull_request(true, "main");
    payload["pull_request"]["number"] = 7.into();
    payload["pull_request"]["head"]["sha"] = sha.into();
    let book = Arc::new(Book::default());
    let trigger = trigger_with(writing(namespace(vec![both.clone()])), &book);
    send(&trigger, "pull_request", &payload).await.unwrap();
    let origin = origin_of(&book);
    assert_eq!(
        origin["write_back"],
        json!({
            "namespace": "demo", "repository": "Octo/Hello", "commit": sha, "issue": 7, "reports": true, "mentions": true,
        })
    );
    assert_eq!(origin.get("channel"), None);

    payload["pull_request"]["head"]["sha"] = "../../user".into();
    payload["pull_request"]["number"] = "7/../8".into();
    let book = Arc::new(Book::default());
    let trigger = trigger_with(writing(namespace(vec![both.clone()])), &book);
    send(&trigger, "pull_request", &payload).await.unwrap();
    let back = &origin_of(&book)["write_back"];
    assert!(back.get("commit").is_none() && back.get("issue").is_none(), "{back}");

    let book = Arc::new(Book::default());
    let trigger = trigger_with(namespace(vec![both]), &book);
    send(&trigger, "pull_request", &payload).await.unwrap();
    assert!(
        origin_of(&book).get("write_back").is_none(),
        "nothing is written without a grant"
    );
}

#[tokio::test]
async fn a_pull_request_of_another_repository_is_not_commented_on() {
    let mut both = rule("check_suite", None, "build");
    both.report_to.github = true;
    // As in GitHub's sample deliveries (octokit/webhooks).
    let pull_request = |repository: u64| {
        json!({
            "id": 279_147_437, "number": 2,
            "head": {"ref": "changes", "sha": "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
                     "repo": {"id": 186_853_002, "name": "Hello-World"}},
            "base": {"ref": "master", "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
                     "repo": {"id": repository, "name": "Hello-World"}},
        })
    };
    for (base, issue) in [(186_853_002, Some(2)), (7, None)] {
        let payload = json!({
            "action": "completed",
            "check_suite": {
                "id": 118_578_147, "head_branch": "changes", "head_sha": "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
                "status": "completed", "conclusion": "success", "pull_requests": [pull_request(base)],
            },
            "repository": {"id": 186_853_002, "full_name": "octo/hello"},
        });
        let book = Arc::new(Book::default());
        let trigger = trigger_with(writing(namespace(vec![both.clone()])), &book);
        send(&trigger, "check_suite", &payload).await.unwrap();
        assert_eq!(origin_of(&book)["write_back"]["issue"].as_u64(), issue, "{base}");
    }
}

fn commented(body: &str, association: &str) -> Value {
    json!({
        "action": "created",
        "comment": {"id": 99, "body": body, "author_association": association, "user": {"login": "octocat", "type": "User"}},
        "issue": {"number": 7},
        "repository": {"full_name": "octo/hello"},
    })
}

fn listening() -> (GithubTrigger, Arc<Book>) {
    let mut namespace = writing(namespace(Vec::new()));
    namespace.comment_commands = Some(CommentCommands {
        filters: GithubFilters::default(),
        authors: [Author::Owner, Author::Member].into(),
        channel: None,
        report_to: ReportTo::default(),
    });
    let book = Arc::new(Book::default());
    (trigger_with(namespace, &book), book)
}

#[tokio::test]
async fn a_comment_of_a_member_is_a_command() {
    let (trigger, book) = listening();
    let answer = send(
        &trigger,
        "issue_comment",
        &commented("Nice!\n/deploy \"the shop\"", "MEMBER"),
    )
    .await;
    assert_eq!(answer, Ok(Answer::Accepted(Vec::new())));
    let said = &book.said.lock().unwrap()[0];
    assert_eq!(said.text, "demo deploy \"the shop\"");
    assert_eq!(said.key.as_deref(), Some("github:demo:comment:octo/hello:99"));
    let Origin::Github(origin) = &said.origin else {
        panic!("{said:?}")
    };
    assert!(origin.comment);
    assert_eq!(said.origin.reply_to().unwrap().lane(), "github:octo/hello:demo");
    assert!(said.origin.asking_message().is_some());
}

#[tokio::test]
async fn strangers_are_refused_and_what_is_no_command_is_not_heard() {
    let (trigger, book) = listening();
    for association in ["NONE", "CONTRIBUTOR", "COLLABORATOR", "SOMETHING_NEW"] {
        let answer = send(&trigger, "issue_comment", &commented("/deploy", association)).await;
        assert_eq!(answer, Ok(Answer::Answered), "{association}");
    }
    assert_eq!(book.refused.lock().unwrap().len(), 4);
    let mut by_bot = commented("/deploy", "MEMBER");
    by_bot["comment"]["user"]["type"] = "Bot".into();
    let mut named_bot = commented("/deploy", "MEMBER");
    named_bot["comment"]["user"]["login"] = "deploy[bot]".into();
    let mut edited = commented("/deploy", "MEMBER");
    edited["action"] = "edited".into();
    let ours = commented("/deploy is a command\n\n<!-- innkeeper:0190 -->", "OWNER");
    for payload in [
        by_bot,
        named_bot,
        edited,
        ours,
        commented("I said /deploy", "OWNER"),
        json!({"action": "created"}),
    ] {
        let payload = if payload["repository"].is_null() {
            json!({"action": "created", "repository": {"full_name": "octo/hello"}})
        } else {
            payload
        };
        let answer = send(&trigger, "issue_comment", &payload).await;
        assert!(
            matches!(&answer, Ok(Answer::Nothing(why)) if why.contains("no command")),
            "{answer:?} {payload}"
        );
    }
    assert!(book.said.lock().unwrap().is_empty());
}
