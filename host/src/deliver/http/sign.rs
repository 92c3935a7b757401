//! Signs a request as Standard Webhooks says:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use innkeeper_core::clock::Timestamp;
use sha2::Sha256;

/// The headers that sign `body` with `secret` (`whsec_` and base64). The id is the delivery's, so that a repetition is
/// recognised; the time is that of sending, so that one after a long wait is not too old.
///
/// # Errors
/// A sentence that does not show the secret: it is none.
pub(super) fn standard_webhooks(
    secret: &str,
    id: impl ToString,
    now: Timestamp,
    body: &[u8],
) -> Result<[(&'static str, String); 3], String> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD.decode(encoded).ok().filter(|key| !key.is_empty());
    let mac = key.and_then(|key| <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok());
    let mac = mac.ok_or("the secret for the signature is none of Standard Webhooks: `whsec_` and base64")?;
    let (id, time) = (id.to_string(), now.as_micros().div_euclid(1_000_000).to_string());
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    let mac = parts.iter().fold(mac, |mac, part| mac.chain_update(part));
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    Ok([
        ("webhook-id", id),
        ("webhook-timestamp", time),
        ("webhook-signature", signature),
    ])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_reference_implementations() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let now = Timestamp::from_micros(1_614_265_330_999_999);
        let signed = standard_webhooks(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, b"{\"test\": 2432232314}");
        assert_eq!(
            signed.unwrap(),
            [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()),
                ("webhook-timestamp", "1614265330".to_owned()),
                (
                    "webhook-signature",
                    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn what_is_no_secret_signs_nothing_and_is_not_shown() {
        for bad in ["", "whsec_", "hunter2 is no base64"] {
            let why = standard_webhooks(bad, "1", Timestamp::from_micros(0), b"").unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
