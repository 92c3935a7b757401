//! Follows redirects, as browsers do: each is a call of its own, which the host checks like the first.

use std::time::Instant;

use super::url::{Target, without_query};
use super::{Error, Request, Response, exchange};

/// What is said to one host only.
const SECRETS: &[&str] = &["authorization", "cookie", "proxy-authorization"];
/// What describes a body.
const OF_BODY: &[&str] = &["content-type", "content-length", "content-encoding"];

/// Makes the call, and those that its answers lead to.
pub(super) fn follow(mut request: Request, most: u32) -> Result<Response, Error> {
    let mut target = Target::parse(&request.url)?;
    let first = target.authority.clone();
    let (start, whole) = (Instant::now(), request.timeout);
    let mut left = most;
    loop {
        request.url = target.url();
        let mut response = exchange(&request, &target).map_err(|error| match error {
            // Not what was left of it.
            Error::Timeout { host, after: _ } => Error::Timeout { host, after: whole },
            other => other,
        })?;
        response.what = format!("{} {}", request.method, without_query(&request.url));
        let location = match response.status() {
            301 | 302 | 303 | 307 | 308 if most > 0 => response.header("location"),
            _ => None,
        };
        let Some(location) = location else {
            return Ok(response);
        };
        if left == 0 {
            return Err(Error::TooManyRedirects { host: first });
        }
        left -= 1;
        let next = target.join(location)?;
        change(&mut request, response.status());
        if (next.https, &next.authority) != (target.https, &target.authority) {
            without_headers(&mut request, SECRETS);
        }
        target = next;
        request.timeout = whole.checked_sub(start.elapsed()).ok_or_else(|| Error::Timeout {
            host: first.clone(),
            after: whole,
        })?;
    }
}

/// 303 says to read elsewhere; after 301 and 302 everybody does so with what was posted.
fn change(request: &mut Request, status: u16) {
    let reads = match status {
        303 => request.method != "HEAD",
        301 | 302 => request.method == "POST",
        _ => false,
    };
    if reads {
        request.method = "GET".to_owned();
        request.body.clear();
        without_headers(request, OF_BODY);
    }
}

fn without_headers(request: &mut Request, names: &[&str]) {
    let is_one = |name: &str| names.iter().any(|one| one.eq_ignore_ascii_case(name));
    request.headers.retain(|(name, _)| !is_one(name));
}
