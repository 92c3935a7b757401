//! Signatures of what is sent to the host: an HMAC over it, compared in constant time, and how old it may be. Pure.
//!
//! Which secret signs, which header counts, and what follows is left to the triggers.

use hmac::{Hmac, KeyInit, Mac};
use innkeeper_core::clock::Timestamp;
use sha1::Sha1;
use sha2::Sha256;

/// How far a signed time may be off, in seconds, either way. That of Standard Webhooks, Stripe and Slack; what is older may
/// be a replay.
const TOLERANCE: u64 = 5 * 60;

/// Whether `header` (GitHub's `X-Hub-Signature-256`, `sha256=` and 64 hex digits) is the HMAC-SHA256 of `body`.
///
/// An empty secret signs nothing: whoever sends a request could know it.
pub fn verify_sha256(secret: &[u8], body: &[u8], header: &str) -> bool {
    keyed::<Hmac<Sha256>>(secret)
        .is_some_and(|key| fits(key, &[body], header.strip_prefix("sha256=").and_then(hex::<32>)))
}

/// Whether `header` (GitHub's legacy `X-Hub-Signature`, `sha1=` and 40 hex digits) is the HMAC-SHA1 of `body`.
///
/// Only for senders that know nothing better; see [`verify_sha256`].
pub fn verify_sha1(secret: &[u8], body: &[u8], header: &str) -> bool {
    keyed::<Hmac<Sha1>>(secret).is_some_and(|key| fits(key, &[body], header.strip_prefix("sha1=").and_then(hex::<20>)))
}

/// Whether `signature` (`X-Slack-Signature`) was made with this key over `time` (`X-Slack-Request-Timestamp`) and `body`, not
/// long ago: `v0=` and the hex HMAC-SHA256 of `v0:<time>:<body>`
/// (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
pub(super) fn verify_slack(key: Hmac<Sha256>, signature: &str, time: &str, body: &[u8], now: Timestamp) -> bool {
    let parts = [b"v0:", time.as_bytes(), b":", body];
    is_recent(time, now) && fits(key, &parts, signature.strip_prefix("v0=").and_then(hex::<32>))
}

/// What signs with this secret; none for an empty one.
pub(super) fn keyed<M: Mac + KeyInit>(secret: &[u8]) -> Option<M> {
    let key = (!secret.is_empty()).then(|| <M as KeyInit>::new_from_slice(secret));
    key?.ok()
}

/// Whether one of `tags` is the HMAC of the parts, one after the other. The parts are read once, and not at all where there
/// is no tag.
pub(super) fn fits<M: Mac + Clone, const N: usize>(
    key: M,
    parts: &[&[u8]],
    tags: impl IntoIterator<Item = [u8; N]>,
) -> bool {
    let mut tags = tags.into_iter().peekable();
    if tags.peek().is_none() {
        return false;
    }
    let mac = parts.iter().fold(key, |mac, part| mac.chain_update(part));
    tags.any(|tag| mac.clone().verify_slice(&tag).is_ok())
}

/// The bytes of so many hex digits.
pub(super) fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut tag = [0; N];
    hex::decode_to_slice(text, &mut tag).ok()?;
    Some(tag)
}

/// Whether a signed time, in seconds since 1970, is close enough to now.
pub(super) fn is_recent(time: &str, now: Timestamp) -> bool {
    let now = now.as_micros().div_euclid(1_000_000);
    time.parse::<i64>()
        .is_ok_and(|seconds| now.abs_diff(seconds) <= TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    const SECRET: &[u8] = b"It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNED: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    // RFC 2202, test case 2.
    const SHA1: &str = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";

    #[test]
    fn the_vector_that_github_documents_is_accepted() {
        assert!(verify_sha256(SECRET, BODY, SIGNED));
        assert!(verify_sha256(
            SECRET,
            BODY,
            &SIGNED.to_uppercase().replace("SHA256", "sha256")
        ));
        assert!(verify_sha1(b"Jefe", b"what do ya want for nothing?", SHA1));
    }

    #[test]
    fn another_secret_body_or_digit_is_refused() {
        assert!(!verify_sha256(b"It's a secret to Everybody", BODY, SIGNED));
        assert!(!verify_sha256(SECRET, b"Hello, World?", SIGNED));
        assert!(!verify_sha256(SECRET, BODY, &SIGNED.replace("e17", "e18")));
        assert!(!verify_sha1(b"jefe", b"what do ya want for nothing?", SHA1));
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        let digits = SIGNED.trim_start_matches("sha256=");
        for header in [
            "",
            "sha256=",
            digits,
            &format!("sha1={digits}"),
            &format!("sha256={digits}00"),
            &format!("sha256={}", &digits[2..]),
            &format!("sha256={}zz", &digits[2..]),
            &format!("sha256= {digits}"),
            "sha256=é",
        ] {
            assert!(!verify_sha256(SECRET, BODY, header), "{header:?}");
        }
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        // HMAC-SHA256 of the empty message with the empty key, as every implementation computes it.
        let header = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        assert!(!verify_sha256(b"", b"", header));
    }
}
