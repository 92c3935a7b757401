//! What can go wrong with a call, said for whoever asked for the job.

use std::fmt;
use std::time::Duration;

/// Why there is no answer, or not one that is of use.
///
/// No message has the query of an address, which may hold a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The address, a header or the body cannot be sent; why.
    Invalid(String),
    /// The host refused the call: the namespace was not granted it.
    NotPermitted {
        /// Whom the call was for, with the port where it was named.
        host: String,
    },
    /// It took longer than it may.
    Timeout {
        /// Whom the call was for.
        host: String,
        /// How long it may take.
        after: Duration,
    },
    /// The call failed on its way; why.
    Failed {
        /// Whom the call was for.
        host: String,
        /// What happened.
        why: String,
    },
    /// The answer is longer than it may be.
    TooLong {
        /// How long it may be, in bytes.
        max_body: usize,
    },
    /// There were more redirects than are followed.
    TooManyRedirects {
        /// Whom the first call was for.
        host: String,
    },
    /// The answer's status says that it did not work: only from `error_for_status`.
    Status {
        /// The status.
        status: u16,
        /// The method and the address, without its query.
        what: String,
    },
    /// The answer is not what was expected; why.
    Unexpected {
        /// The method and the address, without its query.
        what: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// A unit test that does not say what is answered.
    NoAnswerer,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) => write!(f, "the HTTP call cannot be made: {why}"),
            Self::NotPermitted { host } => {
                write!(f, "not permitted: `http` of the namespace does not grant host {host}")
            }
            Self::Timeout { host, after } => write!(f, "{host} did not answer within {after:?}"),
            Self::Failed { host, why } => write!(f, "the call to {host} failed: {why}"),
            Self::TooLong { max_body } => write!(
                f,
                "the answer is longer than {max_body} bytes; `max_body` of the call allows more"
            ),
            Self::TooManyRedirects { host } => write!(f, "{host} redirects without end"),
            Self::Status { status, what } => match reason(*status) {
                Some(reason) => write!(f, "{what} was answered with {status} {reason}"),
                None => write!(f, "{what} was answered with {status}"),
            },
            Self::Unexpected { what, why } => write!(f, "the answer to {what} is not what was expected: {why}"),
            Self::NoAnswerer => f.write_str(
                "no HTTP call leaves a unit test: say what is answered with \
                 `innkeeper_guest::testing::http(|request| Response::for_test(200, \"…\"))`",
            ),
        }
    }
}

impl std::error::Error for Error {}

/// What people call a status.
fn reason(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return None,
    })
}
