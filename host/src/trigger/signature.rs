//! Signatures of webhooks: an HMAC over the raw body, compared in constant time. Pure.
//!
//! Which secret signs, which header counts, and what follows is left to the trigger.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// Whether `header` (GitHub's `X-Hub-Signature-256`, `sha256=` and 64 hex digits) is the HMAC-SHA256 of `body`.
///
/// An empty secret signs nothing: whoever sends a request could know it.
pub fn verify_sha256(secret: &[u8], body: &[u8], header: &str) -> bool {
    digits::<32>(header, "sha256=").is_some_and(|tag| verify::<Hmac<Sha256>>(secret, body, &tag))
}

/// Whether `header` (GitHub's legacy `X-Hub-Signature`, `sha1=` and 40 hex digits) is the HMAC-SHA1 of `body`.
///
/// Only for senders that know nothing better; see [`verify_sha256`].
pub fn verify_sha1(secret: &[u8], body: &[u8], header: &str) -> bool {
    digits::<20>(header, "sha1=").is_some_and(|tag| verify::<Hmac<Sha1>>(secret, body, &tag))
}

fn digits<const N: usize>(header: &str, prefix: &str) -> Option<[u8; N]> {
    let mut tag = [0; N];
    hex::decode_to_slice(header.strip_prefix(prefix)?, &mut tag).ok()?;
    Some(tag)
}

fn verify<M: Mac + KeyInit>(secret: &[u8], body: &[u8], tag: &[u8]) -> bool {
    if secret.is_empty() {
        return false;
    }
    <M as KeyInit>::new_from_slice(secret).is_ok_and(|mac| mac.chain_update(body).verify_slice(tag).is_ok())
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
