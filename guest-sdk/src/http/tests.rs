#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Error, Request, Response, get, head, post, put, request};
use crate::testing;

/// Answers every call, and returns the calls.
fn answer(answer: impl Fn(&Request) -> Response + 'static) -> Rc<RefCell<Vec<Request>>> {
    let calls = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&calls);
    testing::http(move |request| {
        seen.borrow_mut().push(request.clone());
        answer(request)
    });
    calls
}

fn redirect(status: u16, to: &str) -> Response {
    Response::for_test(status, "").with_header("Location", to)
}

#[test]
fn a_call_goes_out_as_it_was_built() {
    let calls = answer(|_| Response::for_test(201, r#"{"id": 7}"#).with_header("X-Left", "59"));
    let response = post("https://api.example/items")
        .query("dry run", true)
        .header("Accept", "application/json")
        .bearer("abc")
        .timeout(Duration::from_secs(5))
        .json(&json!({"name": "Ada"}))
        .send()
        .unwrap();
    assert_eq!((response.status(), response.is_success()), (201, true));
    assert_eq!(response.header("x-left"), Some("59"));
    assert_eq!(response.json::<Value>().unwrap()["id"], 7);
    let call = calls.borrow()[0].clone();
    assert_eq!(
        (call.method.as_str(), call.url.as_str()),
        ("POST", "https://api.example/items?dry%20run=true")
    );
    assert_eq!(call.header("authorization"), Some("Bearer abc"));
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.body, br#"{"name":"Ada"}"#);
    assert_eq!(call.timeout, Duration::from_secs(5));
}

#[test]
fn forms_and_bytes_are_sent_too() {
    let calls = answer(|_| Response::for_test(200, ""));
    put("https://api.example")
        .form([("a", "1 2"), ("b", "&")])
        .send()
        .unwrap();
    request("purge", "https://api.example")
        .header("content-type", "text/plain")
        .body("hello")
        .send()
        .unwrap();
    let calls = calls.borrow();
    assert_eq!(calls[0].body, b"a=1%202&b=%26");
    assert_eq!(
        calls[0].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        (calls[1].method.as_str(), calls[1].body.as_slice()),
        ("PURGE", b"hello".as_slice())
    );
}

#[test]
fn redirects_are_followed_and_secrets_stay_where_they_belong() {
    let calls = answer(|request| match request.url.as_str() {
        "https://a.example/start" => redirect(302, "/next"),
        "https://a.example/next" => redirect(307, "https://b.example/end"),
        _ => Response::for_test(200, "there"),
    });
    let response = post("https://a.example/start").bearer("abc").body("x").send().unwrap();
    assert_eq!(response.text().unwrap(), "there");
    let calls = calls.borrow();
    let methods: Vec<&str> = calls.iter().map(|call| call.method.as_str()).collect();
    assert_eq!(methods, ["POST", "GET", "GET"]);
    assert!(calls[1].body.is_empty() && calls[1].header("authorization").is_some());
    assert_eq!(calls[2].header("authorization"), None);
}

#[test]
fn redirects_end() {
    let calls = answer(|_| redirect(301, "/again"));
    let error = get("https://a.example/").send().unwrap_err();
    assert_eq!(error.to_string(), "a.example redirects without end");
    assert_eq!(calls.borrow().len(), 11);
    let response = head("https://a.example/").redirects(0).send().unwrap();
    assert_eq!((response.status(), response.header("location")), (301, Some("/again")));
}

#[test]
fn what_went_wrong_is_said_without_the_query() {
    answer(|_| Response::for_test(404, "no"));
    let response = get("https://a.example/x").query("token", "secret").send().unwrap();
    assert_eq!(
        response.clone().error_for_status().unwrap_err().to_string(),
        "GET https://a.example/x was answered with 404 Not Found"
    );
    assert_eq!(
        response.json::<u8>().unwrap_err().to_string(),
        "the answer to GET https://a.example/x is not what was expected: expected ident at line 1 column 2"
    );
    assert!(response.error_for_status().is_err());
    answer(|_| Response::for_test(200, [0xff]));
    let error = get("https://a.example/x").send().unwrap().text().unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
    answer(|_| Response::for_test(200, "12345"));
    let error = get("https://a.example/x").max_body(4).send().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the answer is longer than 4 bytes; `max_body` of the call allows more"
    );
    let denied = Error::NotPermitted {
        host: "a.example".to_owned(),
    };
    assert_eq!(
        denied.to_string(),
        "not permitted: `http` of the namespace does not grant host a.example"
    );
}

#[test]
fn mistakes_in_the_call_are_told_before_it_goes_out() {
    let calls = answer(|_| Response::for_test(200, ""));
    let why = |error: Result<Response, Error>| error.unwrap_err().to_string();
    let bad = get("https://a.example").header("X Y", "1").header("Ä", "2").send();
    assert_eq!(why(bad), "the HTTP call cannot be made: `X Y` is no name of a header");
    let bad = get("https://a.example").bearer("a\r\nb: c").send();
    assert_eq!(
        why(bad),
        "the HTTP call cannot be made: the value of the header `Authorization` has control characters in it"
    );
    assert!(calls.borrow().is_empty());
}

#[test]
fn a_test_that_says_nothing_is_told_how() {
    let error = get("https://a.example").send().unwrap_err();
    assert!(error.to_string().contains("innkeeper_guest::testing::http"), "{error}");
}
