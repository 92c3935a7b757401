//! A call before it goes out.

use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;

use super::{Error, Request, Response, redirect, url};

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_BODY: usize = 16 * 1024 * 1024;
const MAX_REDIRECTS: u32 = 10;

/// A call before it goes out: [`RequestBuilder::send`] makes it.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `send`"]
pub struct RequestBuilder {
    request: Request,
    redirects: u32,
    /// The first mistake, which `send` reports: so a call is one chain.
    mistake: Option<Error>,
}

impl RequestBuilder {
    pub(super) fn new(method: &str, url: String) -> Self {
        Self {
            request: Request {
                method: method.to_ascii_uppercase(),
                url,
                headers: Vec::new(),
                body: Vec::new(),
                timeout: TIMEOUT,
                max_body: MAX_BODY,
            },
            redirects: MAX_REDIRECTS,
            mistake: None,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Display) -> Self {
        let (name, value) = (name.into(), value.to_string());
        if !is_token(&name) {
            return self.wrong(format!("`{name}` is no name of a header"));
        }
        // The value is not shown: it may be a token.
        if value.contains(|character: char| character.is_control() && character != '\t') {
            return self.wrong(format!("the value of the header `{name}` has control characters in it"));
        }
        self.request.headers.push((name, value));
        self
    }

    /// Says who is asking with a token: the header `Authorization: Bearer …`.
    pub fn bearer(self, token: impl Display) -> Self {
        self.header("Authorization", format_args!("Bearer {token}"))
    }

    /// Adds a name and a value to the address's query, encoded.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        url::add_query(&mut self.request.url, name, &value.to_string());
        self
    }

    /// Sends a value as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.request.body = body,
            Err(error) => return self.wrong(format!("the body is not JSON: {error}")),
        }
        self.default_header("Content-Type", "application/json")
    }

    /// Sends names and values as a form of a web page does.
    pub fn form<N: AsRef<str>, V: Display>(mut self, fields: impl IntoIterator<Item = (N, V)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| {
            let value = value.to_string();
            format!("{}={}", url::encode(name.as_ref()), url::encode(&value))
        });
        self.request.body = fields.collect::<Vec<_>>().join("&").into_bytes();
        self.default_header("Content-Type", "application/x-www-form-urlencoded")
    }

    /// Sends bytes or text. Set the header `Content-Type` to say what they are.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request.body = body.into();
        self
    }

    /// How long it may take, from the name look-up to the last byte, redirects included. 30 seconds, where nothing is
    /// said. The job's own limit of time holds all the same.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout = timeout;
        self
    }

    /// How long the answer's body may be, in bytes. 16 MiB, where nothing is said. It is held in the job's memory.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.request.max_body = bytes;
        self
    }

    /// How many redirects are followed. 10, where nothing is said; with 0 the redirect itself is the answer.
    pub fn redirects(mut self, redirects: u32) -> Self {
        self.redirects = redirects;
        self
    }

    /// Makes the call and reads the whole answer. An answer of any status is an answer:
    /// [`Response::error_for_status`] tells them apart.
    ///
    /// # Errors
    /// The call cannot be made, is not granted, fails on its way, or takes or brings more than it may.
    pub fn send(self) -> Result<Response, Error> {
        match self.mistake {
            Some(mistake) => Err(mistake),
            None => redirect::follow(self.request, self.redirects),
        }
    }

    fn default_header(self, name: &str, value: &str) -> Self {
        if self.request.header(name).is_some() {
            return self;
        }
        self.header(name, value)
    }

    fn wrong(mut self, why: String) -> Self {
        self.mistake.get_or_insert(Error::Invalid(why));
        self
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
