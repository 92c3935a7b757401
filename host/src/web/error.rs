//! The one place where an error becomes a status.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::trigger::{github, hook};

/// Why a request is not answered with what it asked for. Its text is the `error` of the JSON answer: one sentence that
/// says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It cannot be understood.
    #[error("{0}")]
    Malformed(String),
    /// Whoever sent it did not prove who it is.
    #[error("{0}")]
    Unauthorised(String),
    /// Whoever sent it may not.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such route.
    #[error("there is nothing at this address: check the path")]
    NotFound,
    /// The route wants another method.
    #[error("this address wants another method: webhooks are sent with POST, /healthz and /readyz are read with GET")]
    Method,
    /// Its body took too long.
    #[error("the body did not arrive in time: send it again")]
    TooSlow,
    /// Its body is too large.
    #[error("the body is larger than the {limit} bytes that are taken here: send less")]
    TooLarge {
        /// What is taken, in bytes.
        limit: usize,
    },
    /// It is of a type that is not read here.
    #[error("{0}")]
    ContentType(String),
    /// It is understood, and nothing can be made of it.
    #[error("{0}")]
    Unusable(String),
    /// Not now.
    #[error("{0}")]
    Unavailable(String),
    /// The host is wrong.
    #[error("the host made a mistake: its log says which")]
    Internal,
}

impl Rejection {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorised(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unusable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        (self.status(), Json(json!({ "error": self.to_string() }))).into_response()
    }
}

impl From<github::Refusal> for Rejection {
    fn from(refusal: github::Refusal) -> Self {
        use github::Refusal;
        let why = refusal.to_string();
        match refusal {
            Refusal::Unauthorised | Refusal::Repository(_) => Self::Forbidden(why),
            Refusal::Malformed(_) => Self::Malformed(why),
            Refusal::ContentType => Self::ContentType(why),
            Refusal::Argument(_) => Self::Unusable(why),
            Refusal::Unavailable => Self::Unavailable(why),
        }
    }
}

impl From<hook::Refusal> for Rejection {
    fn from(refusal: hook::Refusal) -> Self {
        use hook::Refusal;
        let why = refusal.to_string();
        match refusal {
            Refusal::Unknown => Self::NotFound,
            Refusal::Unauthorised => Self::Unauthorised(why),
            Refusal::Malformed(_) => Self::Malformed(why),
            Refusal::Argument(_) => Self::Unusable(why),
            Refusal::Unavailable => Self::Unavailable(why),
        }
    }
}
