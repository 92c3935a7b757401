//! An answer, read to its end.

use serde::de::DeserializeOwned;

use super::{Error, header};

/// An answer, read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// What was asked, for errors: the method and the address, without its query.
    pub(super) what: String,
}

impl Response {
    pub(super) fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            body,
            what: "the call".to_owned(),
        }
    }

    /// An answer for a unit test: see [`testing::http`](crate::testing::http).
    pub fn for_test(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, Vec::new(), body.into())
    }

    /// The same answer with a header more, for a unit test.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The status, for example 200.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status says that it worked: 200 to 299.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The value of a header, whatever the case of its name: the first, where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// All headers. What is not UTF-8 in a value is shown as `�`.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body, taken out of the answer.
    pub fn into_bytes(self) -> Vec<u8> {
        self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(self) -> Result<String, Error> {
        let Self { body, what, .. } = self;
        String::from_utf8(body).map_err(|_| Error::Unexpected {
            what,
            why: "it is not UTF-8; `bytes` has it as it is".to_owned(),
        })
    }

    /// The body as a type of the job's own, or as a [`crate::json::Value`].
    ///
    /// # Errors
    /// It is not JSON, or not what `T` expects.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Unexpected {
            what: self.what.clone(),
            why: error.to_string(),
        })
    }

    /// The answer, unless its status is 400 or more.
    ///
    /// # Errors
    /// What was asked, and the status.
    pub fn error_for_status(self) -> Result<Self, Error> {
        if self.status < 400 {
            return Ok(self);
        }
        Err(Error::Status {
            status: self.status,
            what: self.what,
        })
    }
}
