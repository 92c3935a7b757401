//! What can go wrong between the host and Slack, in as many kinds as callers tell apart.

use std::error::Error;
use std::time::Duration;

use serde::Deserialize;
use slack_morphism::errors::{SlackClientApiError, SlackClientError};

/// How much of what Slack says about an error is passed on, in characters.
const LONGEST_DETAIL: usize = 400;

/// Why a call did not do what it should. Holds neither tokens nor what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Too many calls.
    #[error("Slack asks to wait before {method}")]
    RateLimited {
        /// What was called.
        method: &'static str,
        /// `Retry-After`, where Slack said it.
        after: Option<Duration>,
    },
    /// Slack understood the call and refused it.
    #[error("Slack answered {method} with `{code}`{}", with_detail(.detail))]
    Refused {
        /// What was called.
        method: &'static str,
        /// Slack's word for the reason, for example `channel_not_found`.
        code: String,
        /// What else Slack said: which block is wrong, which scope is missing. Often empty.
        detail: String,
    },
    /// An HTTP status that is none of Slack's answers.
    #[error("Slack answered {method} with HTTP status {status}")]
    Status {
        /// What was called.
        method: &'static str,
        /// The status.
        status: u16,
    },
    /// There was no answer, or it broke off.
    #[error("Slack could not be reached for {method}: {why}")]
    Unreachable {
        /// What was called.
        method: &'static str,
        /// The reason.
        why: String,
    },
    /// There was an answer, but not one that Slack gives.
    #[error("the answer to {method} was not one of Slack's: {why}")]
    Unreadable {
        /// What was called.
        method: &'static str,
        /// What was wrong with it.
        why: String,
    },
}

impl ApiError {
    /// Slack's word for its refusal, where it refused.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Sorts an error of slack-morphism, which shows the whole answer when it is printed: that stays here.
    pub(crate) fn from_client(method: &'static str, error: SlackClientError) -> Self {
        match error {
            SlackClientError::RateLimitError(error) => Self::RateLimited {
                method,
                after: error.retry_after,
            },
            SlackClientError::ApiError(error) if matches!(&*error.code, "ratelimited" | "rate_limited") => {
                Self::RateLimited { method, after: None }
            }
            SlackClientError::ApiError(error) => Self::Refused {
                method,
                detail: detail(&error),
                code: error.code,
            },
            SlackClientError::HttpError(error) => Self::Status {
                method,
                status: error.status_code.as_u16(),
            },
            SlackClientError::ProtocolError(error) => Self::Unreadable {
                method,
                why: error.json_error.to_string(),
            },
            SlackClientError::HttpProtocolError(error) => no_answer(method, error.cause),
            SlackClientError::SystemError(error) => no_answer(method, error.cause),
            SlackClientError::EndOfStream(_) | SlackClientError::SocketModeProtocolError(_) => no_answer(method, None),
        }
    }
}

fn no_answer(method: &'static str, cause: Option<Box<dyn Error + Send + Sync>>) -> ApiError {
    let why = match cause {
        Some(cause) => chain(&*cause),
        None => "the connection ended".to_owned(),
    };
    ApiError::Unreachable { method, why }
}

/// An error with its causes: hyper's own text is only "client error (Connect)".
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| Error::source(*error));
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What Slack says beside the code: `response_metadata.messages`, `errors`, and the scope that is missing.
fn detail(error: &SlackClientApiError) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        needed: Option<String>,
        response_metadata: Metadata,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Metadata {
        messages: Vec<String>,
    }
    // A body in another form has nothing to add to the code.
    let body: Body = error
        .http_response_body
        .as_deref()
        .and_then(|body| serde_json::from_str(body).ok())
        .unwrap_or_default();
    let needed = body.needed.map(|scope| format!("it needs the scope `{scope}`"));
    let parts: Vec<String> = needed
        .into_iter()
        .chain(body.response_metadata.messages)
        .chain(error.errors.clone().unwrap_or_default())
        .collect();
    let text: String = parts
        .join("; ")
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    text.chars().take(LONGEST_DETAIL).collect()
}

fn with_detail(detail: &str) -> String {
    if detail.is_empty() {
        String::new()
    } else {
        format!(" ({detail})")
    }
}
