//! Outbound HTTP to hosts that the namespace was granted: one call at a time, as people know it from `ureq` and
//! `reqwest::blocking`.
//!
//! ```no_run
//! use innkeeper_guest::{Result, http};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Release { tag_name: String }
//!
//! fn latest(repository: &str) -> Result<String> {
//!     let release: Release = http::get(format!("https://api.github.com/repos/{repository}/releases/latest"))
//!         .header("User-Agent", "my-job")
//!         .send()?
//!         .error_for_status()?
//!         .json()?;
//!     Ok(release.tag_name)
//! }
//! ```
//!
//! `namespace.toml` asks for it with `http = ["api.github.com"]` under `[needs]`, and `innkeeper.toml` grants it with
//! the same line under `[namespaces.…]`. The host checks every call, redirects included.
//!
//! A call has 30 seconds, from the name look-up to the last byte; [`RequestBuilder::timeout`] changes that. An answer
//! has at most 16 MiB; [`RequestBuilder::max_body`] changes that. Up to 10 redirects are followed. In unit tests no call
//! leaves the process: [`testing::http`](crate::testing::http) answers.

mod builder;
mod error;
mod redirect;
mod response;
mod url;
#[cfg(target_family = "wasm")]
mod wasi;

use std::time::Duration;

pub use builder::RequestBuilder;
pub use error::Error;
pub use response::Response;
pub(crate) use url::encode;

/// A call as it goes out: what [`testing::http`](crate::testing::http) answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The method in capitals, for example `GET`.
    pub method: String,
    /// The whole address, with its query.
    pub url: String,
    /// Names and values, in the order in which they were set.
    pub headers: Vec<(String, String)>,
    /// The body. Empty where there is none.
    pub body: Vec<u8>,
    /// How long it may take, to the last byte of the answer.
    pub timeout: Duration,
    /// How long the answer's body may be, in bytes.
    pub max_body: usize,
}

impl Request {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// Reads something.
pub fn get(url: impl Into<String>) -> RequestBuilder {
    request("GET", url)
}

/// Sends something.
pub fn post(url: impl Into<String>) -> RequestBuilder {
    request("POST", url)
}

/// Puts something in its place.
pub fn put(url: impl Into<String>) -> RequestBuilder {
    request("PUT", url)
}

/// Changes a part of something.
pub fn patch(url: impl Into<String>) -> RequestBuilder {
    request("PATCH", url)
}

/// Removes something.
pub fn delete(url: impl Into<String>) -> RequestBuilder {
    request("DELETE", url)
}

/// Asks what [`get`] would answer, without its body.
pub fn head(url: impl Into<String>) -> RequestBuilder {
    request("HEAD", url)
}

/// A call with any method.
pub fn request(method: &str, url: impl Into<String>) -> RequestBuilder {
    RequestBuilder::new(method, url.into())
}

/// Makes one call; redirects are the caller's.
#[cfg(target_family = "wasm")]
fn exchange(request: &Request, target: &url::Target) -> Result<Response, Error> {
    wasi::exchange(request, target)
}

/// Makes one call; redirects are the caller's.
#[cfg(not(target_family = "wasm"))]
fn exchange(request: &Request, _: &url::Target) -> Result<Response, Error> {
    let response = crate::testing::answer(request).ok_or(Error::NoAnswerer)?;
    if response.bytes().len() > request.max_body {
        return Err(Error::TooLong {
            max_body: request.max_body,
        });
    }
    Ok(response)
}

#[cfg(test)]
mod tests;
