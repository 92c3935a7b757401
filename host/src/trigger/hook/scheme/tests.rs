#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use super::*;

/// What was sent at second 1,614,265,330, in the examples of Standard Webhooks.
const BODY: &str = r#"{"test": 2432232314}"#;
const SENT: i64 = 1_614_265_330;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
// https://github.com/standard-webhooks/standard-webhooks, the vector of its libraries.
const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, value.parse().unwrap());
    }
    map
}

fn standard(id: &str, time: &str, signature: &str) -> HeaderMap {
    headers(&[
        ("webhook-id", id),
        ("webhook-timestamp", time),
        ("webhook-signature", signature),
    ])
}

fn is_standard(secret: &str, headers: &HeaderMap, body: &str, now: i64) -> bool {
    verify(&HookScheme::StandardWebhooks, secret, headers, body.as_bytes(), at(now)).is_some()
}

#[test]
fn the_vector_of_standard_webhooks_is_accepted_with_its_id() {
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let good = standard(id, "1614265330", SIGNED);
    let proof = verify(&HookScheme::StandardWebhooks, SECRET, &good, BODY.as_bytes(), at(SENT));
    assert_eq!(proof.unwrap().id.as_deref(), Some(id));
    assert!(is_standard(SECRET.trim_start_matches("whsec_"), &good, BODY, SENT));
    // A secret that is being changed, and a version to come.
    let several = format!(
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {SIGNED}"
    );
    assert!(is_standard(SECRET, &standard(id, "1614265330", &several), BODY, SENT));
}

#[test]
fn what_is_not_as_standard_webhooks_signs_it_is_refused() {
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let good = standard(id, "1614265330", SIGNED);
    assert!(!is_standard(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx",
        &good,
        BODY,
        SENT
    ));
    assert!(!is_standard(SECRET, &good, r#"{"test": 2432232315}"#, SENT));
    for (id, time, signature) in [
        ("msg_other", "1614265330", SIGNED),
        (id, "1614265331", SIGNED),
        (id, "soon", SIGNED),
        (id, "1614265330", ""),
        (id, "1614265330", SIGNED.trim_start_matches("v1,")),
        (id, "1614265330", "v1,"),
        (id, "1614265330", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ] {
        assert!(
            !is_standard(SECRET, &standard(id, time, signature), BODY, SENT),
            "{id} {time} {signature}"
        );
    }
    assert!(!is_standard(
        SECRET,
        &headers(&[("webhook-signature", SIGNED)]),
        BODY,
        SENT
    ));
    let many = format!("{}{SIGNED}", "v1,x ".repeat(100));
    assert!(
        !is_standard(SECRET, &standard(id, "1614265330", &many), BODY, SENT),
        "bounded"
    );
}

#[test]
fn five_minutes_are_the_most_that_a_time_may_be_off() {
    let good = standard("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", SIGNED);
    for (now, fits) in [(-301, false), (-300, true), (300, true), (301, false)] {
        assert_eq!(is_standard(SECRET, &good, BODY, SENT + now), fits, "{now}");
    }
}

#[test]
fn the_vector_that_github_documents_is_accepted() {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let good = headers(&[("x-hub-signature-256", signature), ("x-github-delivery", "d-1")]);
    let secret = "It's a Secret to Everybody";
    let proof = verify(&HookScheme::Github, secret, &good, b"Hello, World!", at(0));
    assert_eq!(proof.unwrap().id.as_deref(), Some("d-1"));
    assert!(verify(&HookScheme::Github, secret, &good, b"Hello, World?", at(0)).is_none());
    let twice = headers(&[("x-hub-signature-256", signature), ("x-hub-signature-256", signature)]);
    assert!(verify(&HookScheme::Github, secret, &twice, b"Hello, World!", at(0)).is_none());
}

#[test]
fn the_example_that_slack_documents_is_accepted() {
    // https://docs.slack.dev/authentication/verifying-requests-from-slack
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
                trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let good = headers(&[
        ("x-slack-request-timestamp", "1531420618"),
        (
            "x-slack-signature",
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        ),
    ]);
    let secret = "8f742231b10e8888abcd99yyyzzz85a5";
    let verify = |now| verify(&HookScheme::Slack, secret, &good, body.as_bytes(), at(now));
    assert_eq!(verify(1_531_420_618), Some(Proof { id: None }));
    assert_eq!(verify(1_531_421_618), None);
}

/// HMAC-SHA256 in hex.
fn hmac(key: &str, message: &str) -> String {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_bytes()).unwrap();
    hex::encode(mac.chain_update(message).finalize().into_bytes())
}

#[test]
fn stripe_signs_a_time_and_has_its_id_in_the_body() {
    let body = r#"{"id": "evt_1", "object": "event"}"#;
    let right = hmac("whsec_abc", &format!("1700000000.{body}"));
    let header = format!("t=1700000000,v1={},v1={right},v0=x", "0".repeat(64));
    let good = headers(&[("stripe-signature", &header)]);
    let verify = |secret, body: &str, now| verify(&HookScheme::Stripe, secret, &good, body.as_bytes(), at(now));
    assert_eq!(
        verify("whsec_abc", body, 1_700_000_100).unwrap().id.as_deref(),
        Some("evt_1")
    );
    assert_eq!(verify("whsec_abd", body, 1_700_000_100), None);
    assert_eq!(verify("whsec_abc", "{}", 1_700_000_100), None);
    assert_eq!(verify("whsec_abc", body, 1_700_000_400), None);
}

#[test]
fn any_header_with_an_hmac_will_do() {
    let scheme = |prefix: &str, encoding| HookScheme::HmacSha256 {
        header: "x-signature".into(),
        prefix: prefix.into(),
        encoding,
    };
    // RFC 4231, test case 2.
    let (secret, body) = ("Jefe", b"what do ya want for nothing?");
    let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let base64 = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
    let verify = |scheme, value: &str| {
        let headers = headers(&[("x-signature", value)]);
        verify(&scheme, secret, &headers, body, at(0)).is_some()
    };
    assert!(verify(scheme("", Encoding::Hex), hex));
    assert!(verify(scheme("", Encoding::Hex), &hex.to_uppercase()));
    assert!(verify(scheme("", Encoding::Base64), base64));
    assert!(verify(scheme("sha256=", Encoding::Base64), &format!("sha256={base64}")));
    assert!(!verify(scheme("sha256=", Encoding::Hex), hex));
    assert!(!verify(scheme("", Encoding::Hex), &hex[2..]));
    assert!(!verify(scheme("", Encoding::Hex), base64));
    assert!(!verify(
        scheme("", Encoding::Base64),
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEN="
    ));
}

#[test]
fn a_token_is_the_secret_itself() {
    let bearer = HookScheme::Token { header: None };
    let named = HookScheme::Token {
        header: Some("x-token".into()),
    };
    let verify = |scheme: &HookScheme, secret: &str, name, value: &str| {
        verify(scheme, secret, &headers(&[(name, value)]), b"", at(0)).is_some()
    };
    assert!(verify(&bearer, "s3cret", "authorization", "Bearer s3cret"));
    assert!(verify(&bearer, "s3cret", "authorization", "bearer s3cret"));
    assert!(verify(&named, "s3cret", "x-token", "s3cret"));
    for wrong in ["", "s3cret", "Bearer", "Bearer s3cre", "Bearer s3crets", "Basic s3cret"] {
        assert!(!verify(&bearer, "s3cret", "authorization", wrong), "{wrong}");
    }
    assert!(!verify(&named, "s3cret", "authorization", "Bearer s3cret"));
    assert!(!verify(&named, "", "x-token", ""), "an empty secret proves nothing");
}
