#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use innkeeper_core::alert::plugin::{About, ServiceTold, Telling};
use innkeeper_core::alert::{Kind, Shown};
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::{HttpGrant, Limits, Plugin};

use super::super::super::bindings::types;
use super::*;

const TOKEN: &str = "{{secret:token}}";

fn grants() -> HttpGrants {
    let grants = ["sms.example", "http://127.0.0.1:8080", "api.example/v1"];
    grants.iter().map(|grant| HttpGrant::parse(grant).unwrap()).collect()
}

/// The placeholder of the setting `token` was given.
fn secrets() -> Given {
    let now = Timestamp::from_micros(0);
    let plugin = Plugin {
        name: "sms".into(),
        component: std::path::PathBuf::from("sms.wasm").into(),
        settings: BTreeMap::new(),
        secrets: BTreeMap::from([("token".to_owned(), "TOKEN".to_owned())]),
        http: grants(),
        limits: Limits {
            wall_time: std::time::Duration::ZERO,
            cpu_time: std::time::Duration::ZERO,
            memory: 0,
            disk: 0,
            stdout: 0,
            stderr: 0,
        },
    };
    let telling = Telling {
        id: String::new(),
        kind: Kind::Failing,
        at: now,
        incident: 1,
        test: false,
        service: ServiceTold {
            name: String::new(),
            title: String::new(),
            url: None,
            runbook: None,
            before: Shown::Passing,
            now: Shown::Error,
            since: now,
            checks: Vec::new(),
            acknowledgement: None,
        },
        users: Vec::new(),
        duty_officers: Vec::new(),
        settings: vec![
            ("token".into(), TOKEN.into()),
            ("fake".into(), "{{secret:fake}}".into()),
        ],
    };
    Given::to(&plugin, &About::default(), &telling)
}

fn request(change: impl FnOnce(&mut wit::HttpRequest)) -> Result<HttpRequest, String> {
    let mut request = wit::HttpRequest {
        method: "POST".into(),
        url: "https://sms.example/send".into(),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: b"{}".to_vec(),
        idempotency_key: None,
        basic_auth: None,
        signature: None,
        extra: Vec::new(),
    };
    change(&mut request);
    http_request(request, &grants(), &secrets())
}

fn to(url: &str) -> String {
    match request(|request| request.url = url.into()) {
        Ok(_) => "fine".to_owned(),
        Err(why) => why,
    }
}

fn header(name: &str, value: &str) -> String {
    match request(|request| request.headers = vec![(name.into(), value.into())]) {
        Ok(_) => "fine".to_owned(),
        Err(why) => why,
    }
}

#[test]
fn requests_go_to_granted_hosts_and_secrets_stand_behind_the_host() {
    for fine in [
        "https://sms.example",
        "https://sms.example/{{secret:token}}/x?key={{secret:token}}#f",
        "http://127.0.0.1:8080/x",
        "https://api.example/v1/{{secret:token}}",
    ] {
        assert_eq!(to(fine), "fine", "{fine}");
    }
    insta::assert_snapshot!(to("https://evil.example/x"), @"outbound HTTP to evil.example (not granted)");
    insta::assert_snapshot!(to("http://sms.example/x"), @"outbound HTTP to http://sms.example (not granted; granted is sms.example)");
    insta::assert_snapshot!(to("https://api.example/v2"), @"outbound HTTP to api.example (granted only below api.example/v1)");
    insta::assert_snapshot!(to("https://{{secret:token}}.example/x"), @"its address is none: a secret cannot stand in the host");
    insta::assert_snapshot!(to("https://sms.example@evil.example/x"), @"its address is none: there is no place for a user or a password in it");
    insta::assert_snapshot!(to("https://sms.example\\@evil.example/x"), @"its address is none: there is a backslash in it");
    insta::assert_snapshot!(to("ftp://sms.example/x"), @"its address is none: it begins with neither `https://` nor `http://`");
    insta::assert_snapshot!(to("https://sms.example/a b"), @"its address is none: there is a space, or a character that is to be percent-encoded, in it");
    insta::assert_snapshot!(to("https://sms.example/{{secret:other}}"), @"it has `{{secret:other}}` in it, a secret that the plugin was not given");
    insta::assert_snapshot!(to("https://sms.example/{{secret:fake}}"), @"it has `{{secret:fake}}` in it, a secret that the plugin was not given");
}

#[test]
fn headers_are_whole_and_leave_the_wire_to_the_host() {
    assert_eq!(header("Authorization", "Bearer {{secret:token}}"), "fine");
    insta::assert_snapshot!(header("X-A", "a\r\nHost: evil"), @"the value of the header `X-A` has a line break or a control character in it");
    insta::assert_snapshot!(header("X A", "a"), @"`X A` is no name of a header");
    insta::assert_snapshot!(header("HOST", "evil.example"), @"the host itself writes the header `HOST`");
    insta::assert_snapshot!(header("Transfer-Encoding", "chunked"), @"the host itself writes the header `Transfer-Encoding`");
    insta::assert_snapshot!(header("X-A", &"x".repeat(17_000)), @"its headers have 17003 bytes, and may have 16384");
}

#[test]
fn the_rest_of_a_request_is_what_can_be_sent() {
    let wrong = |change: fn(&mut wit::HttpRequest)| request(change).unwrap_err();
    insta::assert_snapshot!(wrong(|it| it.method = "DELETE".into()), @"the method `DELETE` is none of POST, PUT, PATCH, GET");
    insta::assert_snapshot!(wrong(|it| it.body = vec![0; BODY + 1]), @"its body has 1048577 bytes, and may have 1048576");
    insta::assert_snapshot!(wrong(|it| it.body = b"{{secret:3/pin}}".to_vec()), @"it has `{{secret:3/pin}}` in it, a secret that the plugin was not given");
    insta::assert_snapshot!(wrong(|it| it.idempotency_key = Some("content-type".into())), @"it has the header `content-type` already, which is to take the key");
    insta::assert_snapshot!(wrong(|it| it.signature = Some(wit::Signature::StandardWebhooks("whsec_x".into()))), @"its signature is made with the placeholder of a secret, and this is none");
    insta::assert_snapshot!(wrong(|it| it.extra = vec![("proxy".into(), "x".into())]), @"this version of the host does not know `proxy` in `extra` of what it returns");
    let auth = |user: &str| {
        let (user, password) = (user.to_owned(), TOKEN.to_owned());
        request(|it| it.basic_auth = Some(wit::BasicAuth { user, password }))
    };
    assert!(auth(TOKEN).is_ok() && auth("ann").is_ok());
    assert!(auth("a:b").is_err());
    let signed = request(|it| it.signature = Some(wit::Signature::StandardWebhooks(TOKEN.into())));
    assert_eq!(
        signed.unwrap().signature,
        Some(Signature::StandardWebhooks(TOKEN.into()))
    );
}

fn letter(to: &[&str], subject: &str, text: &str) -> Result<Mail, String> {
    mail(wit::Mail {
        to: to.iter().map(|&to| to.to_owned()).collect(),
        subject: subject.into(),
        text: text.into(),
        extra: Vec::new(),
    })
}

#[test]
fn a_mail_has_addresses_and_one_line_of_subject() {
    assert!(letter(&["ann@example.com", "bob+x@b.example"], "Down", "It is down.\n").is_ok());
    for wrong in [
        "ann",
        "@example.com",
        "ann@",
        "a b@example.com",
        "ann@example.com\r\nBcc: x@y",
        "<ann@example.com>",
    ] {
        let why = letter(&[wrong], "Down", "").unwrap_err();
        assert!(why.ends_with("is no mail address"), "{why}");
    }
    insta::assert_snapshot!(letter(&[], "Down", "").unwrap_err(), @"a mail has 1 to 50 addresses, and this has 0");
    insta::assert_snapshot!(letter(&["a@b.example"], "Down\nBcc: x@y", "").unwrap_err(), @"the subject of a mail is one line of at most 250 characters");
    insta::assert_snapshot!(letter(&["a@b.example"], "Down", TOKEN).unwrap_err(), @"`{{secret:token}}` stands in a mail: secrets are filled into HTTP requests only");
}

fn post(to: &str, text: &str) -> wit::SlackMessage {
    wit::SlackMessage {
        to: to.into(),
        message: types::Message::Post(types::Post {
            text: text.into(),
            blocks: Vec::new(),
            unfurl: false,
            extra: Vec::new(),
        }),
        place: wit::SlackPlace::Incident,
        buttons: true,
        extra: Vec::new(),
    }
}

#[test]
fn a_slack_message_has_a_place_and_says_something() {
    for fine in ["#tech-support", "#übung", "C024BE91L", "U1"] {
        assert!(slack(post(fine, "down")).is_ok(), "{fine}");
    }
    for wrong in ["", "#", "tech", "# x", "X1", "https://hooks.slack.com/x", "C1\n"] {
        assert!(slack(post(wrong, "down")).is_err(), "{wrong}");
    }
    insta::assert_snapshot!(slack(post("C1", " ")).unwrap_err(), @"its Slack message says nothing");
    insta::assert_snapshot!(slack(post("C1", TOKEN)).unwrap_err(), @"`{{secret:token}}` stands in a Slack message: secrets are filled into HTTP requests only");
    let file = |place| {
        slack(wit::SlackMessage {
            message: types::Message::File(types::File {
                name: "graph.png".into(),
                comment: None,
                content: vec![1],
                extra: Vec::new(),
            }),
            place,
            buttons: false,
            ..post("C1", "")
        })
    };
    assert!(file(wit::SlackPlace::Alone).is_ok());
    insta::assert_snapshot!(file(wit::SlackPlace::Thread).unwrap_err(), @"a file goes nowhere but `alone`, and has no buttons");
}

#[test]
fn a_call_does_not_fill_the_disk() {
    let mail = |addresses: usize| {
        let to = (0..addresses).map(|number| format!("u{number}@example.com")).collect();
        wit::Delivery::Mail(wit::Mail {
            to,
            subject: "Down".into(),
            text: "x".repeat(MAIL),
            extra: Vec::new(),
        })
    };
    let read = |addresses| read(vec![mail(addresses)], &grants(), &secrets());
    assert!(read(32).is_ok());
    insta::assert_snapshot!(read(33).unwrap_err(), @"returns deliveries of 8650752 bytes, and those of an alert may have 8388608; each addressee of a mail counts");
}
