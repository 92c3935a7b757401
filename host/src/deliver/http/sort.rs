//! What an answer means for a delivery: confirmed, not now, or never. Pure. The words are those of `wit/alert.wit`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Response;
use http::header::RETRY_AFTER;
use hyper::body::Bytes;
use innkeeper_core::clock::Timestamp;
use innkeeper_core::outbox::{Failure, Receipt};
use innkeeper_core::report;

/// How much of an answer is passed on, in characters.
const LONGEST: usize = 300;

/// Sorts an answer. What is passed on of it is `without_secrets`.
pub(super) fn answer(
    answer: &Response<Bytes>,
    without_secrets: impl Fn(&str) -> String,
    now: Timestamp,
) -> Result<Receipt, Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(Receipt::default());
    }
    let number = status.as_u16();
    let mut why = format!("the other side answered {number}");
    if status.is_redirection() {
        why.push_str(": redirects are not followed");
    }
    let said = said(&without_secrets(&report::readable(answer.body())));
    if !said.is_empty() {
        why = format!("{why} ({said})");
    }
    match number {
        408 | 429 | 500..=599 => Err(Failure::Later {
            after: retry_after(answer, now),
            why,
        }),
        _ => Err(Failure::Refused { why }),
    }
}

/// The first line or so of a body, fit for people.
fn said(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// In seconds, or as a date.
fn retry_after(answer: &Response<Bytes>, now: Timestamp) -> Option<Duration> {
    let value = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at: SystemTime = httpdate::parse_http_date(value).ok()?;
    let now = Duration::from_micros(now.as_micros().try_into().ok()?);
    Some(at.duration_since(UNIX_EPOCH).ok()?.saturating_sub(now))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(784_111_767_000_000);

    fn sorted(status: u16, after: Option<&str>, body: &str) -> Result<Receipt, Failure> {
        let mut response = Response::builder().status(status);
        if let Some(after) = after {
            response = response.header(RETRY_AFTER, after);
        }
        let without_secrets = |text: &str| text.replace("hunter2", "{{secret:token}}");
        answer(
            &response.body(Bytes::from(body.to_owned())).unwrap(),
            without_secrets,
            NOW,
        )
    }

    fn wait(after: &str) -> Option<Duration> {
        match sorted(503, Some(after), "") {
            Err(Failure::Later { after, .. }) => after,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn each_status_is_confirmed_or_tried_again_or_refused() {
        for status in [200, 201, 202, 204, 299] {
            assert!(sorted(status, None, "").is_ok(), "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504, 599] {
            assert!(
                matches!(sorted(status, None, ""), Err(Failure::Later { .. })),
                "{status}"
            );
        }
        for status in [301, 302, 304, 307, 400, 401, 403, 404, 409, 410, 413, 422, 600] {
            assert!(
                matches!(sorted(status, None, ""), Err(Failure::Refused { .. })),
                "{status}"
            );
        }
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_as_a_date() {
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:40:00 GMT"),
            Some(Duration::ZERO),
            "it is past"
        );
        for odd in ["", "soon", "-1", "99999999999999999999"] {
            assert_eq!(wait(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_the_other_side_says_is_passed_on_in_short_and_without_secrets() {
        let why = |status, body: &str| sorted(status, None, body).unwrap_err().to_string();
        insta::assert_snapshot!(why(400, "{\n \"error\": \"no key\u{1b}[31m hunter2\"\n}"), @r#"the other side answered 400 ({ "error": "no key {{secret:token}}" })"#);
        insta::assert_snapshot!(why(307, ""), @"the other side answered 307: redirects are not followed");
        assert_eq!(why(500, &"x".repeat(9000)).chars().count(), LONGEST + 31);
    }
}
