//! Where placeholders are found, and how secrets are written there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::message::{BasicAuth, HttpRequest, Signature};

const TRICKY: &str = "a b&c=\"d\"/../é\\";

fn token() -> SecretName {
    SecretName::Setting("token".into())
}

fn phone() -> SecretName {
    SecretName::Field {
        person: PersonId(7),
        field: "phone".into(),
    }
}

fn values(token_is: &str) -> Values {
    Values::from([(token(), token_is.to_owned()), (phone(), "+44".to_owned())])
}

fn to(url: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        url: url.into(),
        ..HttpRequest::default()
    }
}

fn with_body(kind: &str, body: &str) -> HttpRequest {
    HttpRequest {
        headers: vec![("Content-Type".into(), kind.into())],
        body: body.into(),
        ..to("https://example.com/")
    }
}

fn body(kind: &str, text: &str, secret: &str) -> String {
    String::from_utf8(fill(&with_body(kind, text), &values(secret)).unwrap().body).unwrap()
}

fn why_not(request: &HttpRequest, secret: &str) -> String {
    fill(request, &values(secret)).err().unwrap()
}

#[test]
fn a_request_names_its_secrets_wherever_they_stand() {
    let request = HttpRequest {
        headers: vec![("authorization".into(), format!("Bearer {}", token()))],
        body: format!("to={}", phone()).into(),
        basic_auth: Some(BasicAuth {
            user: "{{secret:user}}".into(),
            password: "{{secret:password}}".into(),
        }),
        signature: Some(Signature::StandardWebhooks("{{secret:signing}}".into())),
        ..to("https://example.com/{{secret:path}}?key=%7B%7bsecret%3A7%2Fquery%7D}")
    };
    let names: Vec<String> = names_in(&request).iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "{{secret:password}}",
            "{{secret:path}}",
            "{{secret:signing}}",
            "{{secret:token}}",
            "{{secret:user}}",
            "{{secret:7/phone}}",
            "{{secret:7/query}}",
        ]
    );
}

#[test]
fn what_only_resembles_a_placeholder_is_text() {
    for text in [
        "{{secret:}}",
        "{{secret:a b}}",
        "{{secret:x/phone}}",
        "{{secret:7/}}",
        "{{secret:7/a/b}}",
        "{secret:token}",
        "{{secret:token}",
        "{{Secret:token}}",
        "{{secret:é}}",
        "%7B%7Bsecret:token}}",
    ] {
        let request = with_body("text/plain", text);
        assert!(names_in(&request).is_empty(), "{text}");
        assert_eq!(fill(&request, &Values::new()).unwrap().body, text.as_bytes());
    }
    let nested = body("text/plain", "{{{{secret:token}}}}", "s");
    assert_eq!(nested, "{{s}}");
}

#[test]
fn a_secret_is_encoded_as_its_place_demands() {
    let url = fill(
        &to("https://example.com/a/{{secret:token}}?t={{secret:token}}"),
        &values(TRICKY),
    )
    .unwrap()
    .url;
    let encoded = "a%20b%26c%3D%22d%22%2F..%2F%C3%A9%5C";
    assert_eq!(url, format!("https://example.com/a/{encoded}?t={encoded}"));
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let expected = "to=%2B44&t=a+b%26c%3D%22d%22%2F..%2F%C3%A9%5C";
    assert_eq!(body(form, "to={{secret:7/phone}}&t={{secret:token}}", TRICKY), expected);
    assert_eq!(
        body(form, "to=%7B%7Bsecret%3A7%2Fphone%7D%7D&t={{secret:token}}", TRICKY),
        expected
    );
    for kind in ["application/json", "application/vnd.api+json;v=1"] {
        let json: serde_json::Value = serde_json::from_str(&body(kind, r#"{"t":"{{secret:token}}"}"#, TRICKY)).unwrap();
        assert_eq!(json["t"], TRICKY);
    }
    assert_eq!(body("text/plain", "t={{secret:token}}", TRICKY), format!("t={TRICKY}"));
}

#[test]
fn a_body_is_bytes_and_stays_so() {
    let request = HttpRequest {
        body: b"\xff{{secret:token}}\x00".to_vec(),
        ..to("https://example.com/")
    };
    assert_eq!(fill(&request, &values("s")).unwrap().body, b"\xffs\x00");
}

#[test]
fn no_secret_says_which_host_is_asked() {
    for url in [
        "https://{{secret:token}}.example.com/",
        "https://user:{{secret:token}}@example.com/",
        "https://example.com:{{secret:token}}",
        "https://%7B%7Bsecret%3Atoken%7D%7D/x",
        "{{secret:token}}",
    ] {
        let why = why_not(&to(url), "evil.example/");
        assert!(why.starts_with("{{secret:token}} stands in the host"), "{why}");
    }
    // Nor does what is filled in end the host early, or begin another.
    let url = fill(&to("https://example.com?{{secret:token}}"), &values("@evil.example/"))
        .unwrap()
        .url;
    assert_eq!(url, "https://example.com?%40evil.example%2F");
}

#[test]
fn a_secret_that_would_begin_another_header_is_refused_and_not_shown() {
    let request = HttpRequest {
        headers: vec![("x-token".into(), "{{secret:token}}".into())],
        ..to("https://example.com/")
    };
    for bad in ["a\r\nx-admin: 1", "a\0", "a\x7f"] {
        assert_eq!(
            why_not(&request, bad),
            "the header `x-token` would have a line break or another control character"
        );
    }
    let request = HttpRequest {
        basic_auth: Some(BasicAuth {
            user: "{{secret:token}}".into(),
            password: String::new(),
        }),
        ..to("https://example.com/")
    };
    assert!(why_not(&request, "root:toor").contains('`'));
}

#[test]
fn a_secret_without_a_value_is_named() {
    assert_eq!(
        fill(&to("https://example.com/{{secret:none}}"), &Values::new())
            .err()
            .unwrap(),
        "{{secret:none}} has no value"
    );
}

#[test]
fn what_the_other_side_repeats_is_concealed() {
    let said = format!("no such key: {TRICKY}, and ?t=a%20b%26c%3D%22d%22%2F..%2F%C3%A9%5C");
    assert_eq!(
        conceal(&said, &values(TRICKY)),
        "no such key: {{secret:token}}, and ?t={{secret:token}}"
    );
}

#[test]
fn what_others_write_names_no_secret() {
    for text in [
        "{{secret:token}}",
        "%7B%7bSECRET%3Atoken%7D%7D",
        "{%7bsecret:token}}",
        "{{{{secret:{{secret:x}}",
    ] {
        let harmless = disarm(text);
        let request = with_body("application/x-www-form-urlencoded", &harmless);
        assert!(names_in(&request).is_empty(), "{harmless}");
        assert_eq!(disarm(&harmless), harmless, "once is enough");
    }
    assert_eq!(disarm("{{secret:token}}"), "{ {secret:token}}");
    assert!(matches!(disarm("100 % of {{secrets}}"), Cow::Borrowed(_)));
}
