//! Slack's signature over a request, version 0. Pure.
//!
//! `X-Slack-Signature` is `v0=` and the hex HMAC-SHA256 of `v0:<timestamp>:<body>`
//! (<https://docs.slack.dev/authentication/verifying-requests-from-slack>). slack-morphism has the same, with the
//! machine's clock built in.

use std::fmt;

use hmac::{Hmac, KeyInit};
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::secrets::Secret;
use sha2::Sha256;

use crate::trigger::signature::verify_slack;

/// What Slack signs its requests with (`SLACK_SIGNING_SECRET`).
#[derive(Clone)]
pub struct SigningSecret(Hmac<Sha256>);

impl SigningSecret {
    /// Takes the secret.
    ///
    /// # Errors
    /// It is empty: then everybody could sign.
    pub fn new(secret: &Secret) -> anyhow::Result<Self> {
        let key = secret.expose().trim();
        anyhow::ensure!(
            !key.is_empty(),
            "SLACK_SIGNING_SECRET is empty; copy it from the app's page, Basic Information"
        );
        Ok(Self(Hmac::new_from_slice(key.as_bytes())?))
    }

    /// Whether `signature` (the header) was made with this secret over `timestamp` (the other header) and `body`, not
    /// long ago. Compares in constant time.
    pub fn signed(&self, signature: &str, timestamp: &str, body: &[u8], now: Timestamp) -> bool {
        verify_slack(self.0.clone(), signature, timestamp, body, now)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The example of Slack's page on signatures.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const TIMESTAMP: &str = "1531420618";
    const BODY: &[u8] =
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn secret() -> SigningSecret {
        SigningSecret::new(&Secret::new(SECRET)).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn slack_s_own_example_is_signed() {
        assert!(secret().signed(SIGNATURE, TIMESTAMP, BODY, at(1_531_420_620)));
    }

    #[test]
    fn a_request_is_good_for_five_minutes_either_way() {
        for (now, good) in [
            (1_531_420_618 + 300, true),
            (1_531_420_618 + 301, false),
            (1_531_420_618 - 300, true),
            (1_531_420_618 - 301, false),
        ] {
            assert_eq!(secret().signed(SIGNATURE, TIMESTAMP, BODY, at(now)), good, "{now}");
        }
    }

    #[test]
    fn what_is_not_signed_exactly_so_is_not_signed() {
        let now = at(1_531_420_618);
        let other = SigningSecret::new(&Secret::new("another")).unwrap();
        assert!(!other.signed(SIGNATURE, TIMESTAMP, BODY, now));
        assert!(!secret().signed(SIGNATURE, "1531420619", BODY, now));
        assert!(!secret().signed(SIGNATURE, TIMESTAMP, b"token=other", now));
        let hex = SIGNATURE.trim_start_matches("v0=");
        for bad in ["", "v0=", "v0=zz", hex, &SIGNATURE[..60], &format!("v1={hex}")] {
            assert!(!secret().signed(bad, TIMESTAMP, BODY, now), "{bad}");
        }
    }

    #[test]
    fn an_empty_secret_is_refused_and_none_is_ever_printed() {
        assert!(SigningSecret::new(&Secret::new(" ")).is_err());
        assert_eq!(format!("{:?}", secret()), "•••");
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(signature in ".*", timestamp in "-?[0-9]{0,25}", now in any::<i64>()) {
            prop_assert!(!secret().signed(&signature, &timestamp, BODY, Timestamp::from_micros(now)));
        }
    }
}
