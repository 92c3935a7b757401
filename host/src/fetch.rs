//! Asks a server for a file of its owner's choice, a fabfile or a calendar: conditionally, within bounds, and led to no other
//! kind of place.

use std::error::Error;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};

use crate::http_client;

/// How often a server may send on to another place.
const MOST_REDIRECTS: usize = 5;
/// The longest validator that is kept, in bytes.
const LONGEST_VALIDATOR: usize = 1024;

/// By what a server recognises the copy that is here already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The copy that is here is the newest.
    Unchanged,
    /// A file.
    New {
        /// Its bytes, no more than were wanted.
        content: Vec<u8>,
        /// By what the server will recognise it.
        validators: Validators,
    },
}

/// What kind of file is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The longest, in whole MiB.
    pub mib: usize,
    /// What is said where a web page comes instead: a sentence without its full stop.
    pub no_web_page: &'static str,
}

/// Fetches over HTTP. Its client is made when it is needed first: a host that fetches nothing needs no root certificates.
#[derive(Debug, Default)]
pub struct HttpFetch {
    client: Mutex<Option<Client>>,
}

impl HttpFetch {
    fn client(&self) -> Result<Client, String> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*client {
            return Ok(client.clone());
        }
        let made = http_client::client_with(Policy::custom(follow)).map_err(|error| format!("{error:#}"))?;
        Ok(client.insert(made).clone())
    }

    /// Asks for the file at `url`; if there are validators, only for one that they do not fit.
    ///
    /// # Errors
    /// Says why there is none, as the end of a sentence, and without the address: its query may hold a token.
    pub async fn get(&self, url: &str, have: Option<&Validators>, wanted: Wanted) -> Result<Fetched, String> {
        let mut request = self.client()?.get(url);
        for (name, value) in conditions(have) {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|error| chain(&error))?;
        read(response, wanted).await
    }
}

fn conditions(have: Option<&Validators>) -> impl Iterator<Item = (HeaderName, &str)> {
    let have = have.into_iter();
    have.flat_map(|have| {
        let etag = have.etag.as_deref().map(|etag| (IF_NONE_MATCH, etag));
        let modified = have.last_modified.as_deref().map(|time| (IF_MODIFIED_SINCE, time));
        etag.into_iter().chain(modified)
    })
}

async fn read(response: Response, wanted: Wanted) -> Result<Fetched, String> {
    match response.status() {
        StatusCode::NOT_MODIFIED => return Ok(Fetched::Unchanged),
        StatusCode::OK => {}
        status => return Err(format!("the server answered with status {status}")),
    }
    if is_web_page(response.headers()) {
        return Err(wanted.no_web_page.into());
    }
    let validators = validators(response.headers());
    let content = body(response, wanted.mib).await?;
    Ok(Fetched::New { content, validators })
}

/// No more of the body than is needed to know that it is too long.
async fn body(mut response: Response, mib: usize) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        if content.len() + chunk.len() > mib << 20 {
            return Err(format!("it is longer than {mib} MiB"));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

fn validators(headers: &HeaderMap) -> Validators {
    let text = |name| {
        let value = headers.get(name)?.to_str().ok()?;
        (!value.is_empty() && value.len() <= LONGEST_VALIDATOR).then(|| value.to_owned())
    };
    Validators {
        etag: text(ETAG),
        last_modified: text(LAST_MODIFIED),
    }
}

/// A file that somebody looks at in a browser, a login, a captive portal.
fn is_web_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn follow(attempt: Attempt<'_>) -> Action {
    let (first, hops) = (attempt.previous().first().cloned(), attempt.previous().len());
    if hops > MOST_REDIRECTS {
        return attempt.error("the server sends on from place to place, more than five times");
    }
    match first {
        Some(first) if may_lead(&first, attempt.url()) => attempt.follow(),
        _ => attempt.error("the server sends on to a place that it may not be fetched from"),
    }
}

/// Whether what was asked at `from` may be had from `to`: with TLS as before; without it, on this machine as before.
fn may_lead(from: &Url, to: &Url) -> bool {
    let no_password = to.username().is_empty() && to.password().is_none();
    no_password && from.scheme() == to.scheme() && (to.scheme() == "https" || to.scheme() == "http" && is_loopback(to))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback())
}

/// An error with its causes, and without the address: its query may hold a token.
fn chain(error: &reqwest::Error) -> String {
    let what = match error {
        error if error.is_timeout() => return "the server took too long".to_owned(),
        error if error.is_connect() => "the server cannot be reached",
        error if error.is_redirect() => "it was not followed where it leads",
        error if error.is_body() || error.is_decode() => "the answer broke off",
        _ => "the server could not be asked",
    };
    let mut last: &dyn Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    match error.source() {
        Some(_) => format!("{what} ({last})"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn a_redirect_leads_to_no_other_kind_of_place() {
        let leads = |from: &str, to: &str| may_lead(&from.parse().unwrap(), &to.parse().unwrap());
        assert!(leads("https://a.example/x", "https://b.example/y"));
        assert!(leads("http://127.0.0.1:8000/x", "http://127.0.0.1:9000/y"));
        assert!(leads("http://127.0.0.1:8000/x", "http://[::1]:9000/y"));
        for (from, to) in [
            ("https://a.example/x", "http://a.example/x"),
            ("https://a.example/x", "http://127.0.0.1/x"),
            ("https://a.example/x", "file:///etc/passwd"),
            ("https://a.example/x", "https://user:password@b.example/x"),
            ("http://127.0.0.1/x", "https://a.example/x"),
            ("http://127.0.0.1/x", "http://a.example/x"),
            ("http://127.0.0.1/x", "http://localhost/x"),
            ("http://127.0.0.1/x", "http://10.0.0.5/x"),
        ] {
            assert!(!leads(from, to), "{from} -> {to}");
        }
    }

    #[test]
    fn validators_are_bounded() {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, "W/\"1\"".parse().unwrap());
        headers.insert(LAST_MODIFIED, "x".repeat(2000).parse().unwrap());
        let validators = validators(&headers);
        assert_eq!(validators.etag.as_deref(), Some("W/\"1\""));
        assert_eq!(validators.last_modified, None);
    }

    #[test]
    fn a_web_page_is_known_by_its_type() {
        let page = |kind: &str| is_web_page(&HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]));
        assert!(page("text/html; charset=utf-8") && page("Text/HTML"));
        assert!(!page("text/plain; charset=utf-8") && !page("text/x-python"));
        assert!(!is_web_page(&HeaderMap::new()));
    }
}
