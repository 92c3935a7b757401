//! What an error of the mail server means for a mail: not now, or never. Pure.

use innkeeper_core::outbox::Failure;
use innkeeper_core::report;
use lettre::transport::smtp::Error;

/// How much of what the server says is passed on, in characters.
const LONGEST: usize = 300;

/// Replies about who asks, not about the mail (RFC 4954): whoever runs the host can mend that, and every mail needs it.
const LOGIN: &[&str] = &["530", "534", "535", "538"];

/// Sorts what a mail came back with. A reply of 5xx refuses it for good; 4xx, and all that is no reply, passes.
pub(super) fn failure(error: &Error) -> Failure {
    let code = error.status().map(|code| code.to_string());
    let why = words(&format!("the mail server refused or failed: {error}"));
    if code.is_some_and(|code| LOGIN.contains(&code.as_str())) {
        tracing::error!("{why}; no mail can be sent until `username` and `password_secret` of `[mail]` are right");
        return Failure::Later { after: None, why };
    }
    match error.is_permanent() {
        true => Failure::Refused { why },
        false => Failure::Later { after: None, why },
    }
}

/// The server's own words, fit for people.
fn words(text: &str) -> String {
    let text = report::readable(text.as_bytes());
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}
