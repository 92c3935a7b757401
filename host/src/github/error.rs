//! What can go wrong between the host and GitHub, in as many kinds as callers tell apart. Pure.

use std::error::Error;
use std::time::Duration;

use innkeeper_core::clock::Timestamp;
use reqwest::header::HeaderMap;
use serde::Deserialize;

/// How much of what GitHub says about an error is passed on, in characters.
const LONGEST_DETAIL: usize = 300;

/// How long GitHub wants to be left alone where it does not say how long
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>).
const A_MINUTE: Duration = Duration::from_secs(60);

/// Why a call did not do what it should. Holds neither tokens nor what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Too many calls, by the limit of an hour or by a secondary one.
    #[error("GitHub asks to wait for {} s", after.as_secs())]
    RateLimited {
        /// For how long.
        after: Duration,
    },
    /// GitHub understood the call and refused it.
    #[error("GitHub answered {status}{}", with_detail(.detail))]
    Refused {
        /// The status.
        status: u16,
        /// What it says about it.
        detail: String,
    },
    /// GitHub has trouble of its own.
    #[error("GitHub answered {status}")]
    Busy {
        /// The status.
        status: u16,
    },
    /// The repository has another name now.
    #[error("the repository was renamed or moved")]
    Moved,
    /// There was no answer, or it broke off.
    #[error("GitHub could not be reached: {why}")]
    Unreachable {
        /// The reason.
        why: String,
    },
    /// There was an answer, but not one that GitHub gives.
    #[error("the answer was not one of GitHub's: {why}")]
    Unreadable {
        /// What was wrong with it.
        why: String,
    },
}

impl ApiError {
    /// Sorts an answer that is no success.
    pub(super) fn of(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Self {
        let detail = detail(body);
        if let Some(after) = rate_limit(status, headers, &detail, now) {
            return Self::RateLimited { after };
        }
        match status {
            301 | 302 | 307 | 308 => Self::Moved,
            400..=499 if status != 408 => Self::Refused { status, detail },
            _ => Self::Busy { status },
        }
    }

    /// An error of the client's. Its address holds no secret.
    pub(super) fn unreachable(error: &reqwest::Error) -> Self {
        let causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |error| Error::source(*error));
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        Self::Unreachable { why: causes.join(": ") }
    }
}

/// How long to wait, where the answer is about too many calls: `Retry-After`, or else the end of the hour, or else a minute.
fn rate_limit(status: u16, headers: &HeaderMap, detail: &str, now: Timestamp) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if !matches!(status, 403 | 429) {
        return None;
    }
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let reset = number("x-ratelimit-reset").and_then(|reset| i64::try_from(reset).ok());
        let reset = reset.map(|reset| Timestamp::from_micros(reset.saturating_mul(1_000_000)));
        // Clocks differ by a little.
        return Some(reset.map_or(A_MINUTE, |reset| reset.since(now) + Duration::from_secs(1)));
    }
    let limited = status == 429 || detail.to_ascii_lowercase().contains("rate limit");
    limited.then_some(A_MINUTE)
}

/// `message`, and what is wrong with which field.
fn detail(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        message: String,
        errors: Vec<Fault>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Fault {
        Text(String),
        Field {
            #[serde(default)]
            field: Option<String>,
            #[serde(default)]
            message: Option<String>,
            #[serde(default)]
            code: Option<String>,
        },
    }
    let Ok(body) = serde_json::from_slice::<Body>(body) else {
        return String::new();
    };
    let faults = body.errors.into_iter().filter_map(|fault| match fault {
        Fault::Text(text) => Some(text),
        Fault::Field { field, message, code } => {
            let what = message.or(code)?;
            Some(field.map(|field| format!("{field} {what}")).unwrap_or(what))
        }
    });
    let text: Vec<String> = std::iter::once(body.message)
        .chain(faults)
        .filter(|text| !text.is_empty())
        .collect();
    let text = text.join("; ");
    let plain = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    plain.take(LONGEST_DETAIL).collect()
}

fn with_detail(detail: &str) -> String {
    match detail {
        "" => String::new(),
        detail => format!(" ({})", detail.trim_end_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn error(status: u16, headers: &[(&'static str, &str)], body: &str) -> ApiError {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
        ApiError::of(status, &headers.collect(), body.as_bytes(), NOW)
    }

    fn wait(error: &ApiError) -> Option<u64> {
        match error {
            ApiError::RateLimited { after } => Some(after.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn every_way_to_ask_for_patience_is_understood() {
        assert_eq!(wait(&error(403, &[("retry-after", "30")], "")), Some(30));
        assert_eq!(wait(&error(429, &[("retry-after", "0")], "")), Some(0));
        let hour = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1090")];
        assert_eq!(wait(&error(403, &hour, "")), Some(91));
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "10")];
        assert_eq!(wait(&error(429, &past, "")), Some(1));
        let secondary = r#"{"message": "You have exceeded a secondary rate limit."}"#;
        assert_eq!(
            wait(&error(403, &[("x-ratelimit-remaining", "4000")], secondary)),
            Some(60)
        );
        assert_eq!(wait(&error(429, &[], "<html>")), Some(60));
        let nonsense = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "99999999999999999999"),
        ];
        assert_eq!(wait(&error(403, &nonsense, "")), Some(60));
    }

    #[test]
    fn a_refusal_says_what_github_said() {
        let body = r#"{"message": "Validation Failed", "errors": [{"field": "body", "code": "missing"}, "and\nmore"]}"#;
        insta::assert_snapshot!(error(422, &[], body), @"GitHub answered 422 (Validation Failed; body missing; and more)");
        insta::assert_snapshot!(error(404, &[], r#"{"message": "Not Found"}"#), @"GitHub answered 404 (Not Found)");
        insta::assert_snapshot!(error(401, &[], "<html>"), @"GitHub answered 401");
        let permission = r#"{"message": "Resource not accessible by personal access token"}"#;
        assert!(matches!(
            error(403, &[], permission),
            ApiError::Refused { status: 403, .. }
        ));
        assert!(matches!(error(502, &[], ""), ApiError::Busy { status: 502 }));
        assert!(matches!(error(304, &[], ""), ApiError::Busy { .. }));
    }
}
