//! How a sender proves that it knows the secret. Pure: headers, body and time in, a yes with the message's id or a no out.
//!
//! What is compared with a secret, or with what a secret made, is compared in constant time. A header that comes twice
//! proves nothing. Where the scheme signs a time, it may be five minutes off, either way.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::{Encoding, HookScheme};
use sha2::Sha256;

use crate::trigger::signature::{fits, hex, is_recent, keyed, verify_sha256, verify_slack};

/// Signatures of one message that are looked at: a secret that is being changed has two.
const MOST_SIGNATURES: usize = 8;

/// An id is a word; this is generous, and keeps keys and logs short.
const LONGEST_ID: usize = 256;

/// What a message proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// By what its sender recognises it, where the scheme has that.
    pub id: Option<String>,
}

/// Checks a message. None: nothing shows that it is from somebody who knows the secret, or it is an old one.
pub(super) fn verify(
    scheme: &HookScheme,
    secret: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Option<Proof> {
    let headers = Headers(headers);
    // An empty secret proves nothing: everybody could know it.
    if secret.is_empty() {
        return None;
    }
    match scheme {
        HookScheme::StandardWebhooks => standard_webhooks(secret, &headers, body, now),
        HookScheme::Github => {
            let signature = headers.one("x-hub-signature-256")?;
            verify_sha256(secret.as_bytes(), body, signature).then_some(())?;
            let id = headers.one("x-github-delivery").filter(|id| is_id(id));
            Some(Proof {
                id: id.map(str::to_owned),
            })
        }
        HookScheme::Stripe => stripe(secret, &headers, body, now),
        HookScheme::Slack => {
            let time = headers.one("x-slack-request-timestamp")?;
            let signature = headers.one("x-slack-signature")?;
            verify_slack(keyed(secret.as_bytes())?, signature, time, body, now).then_some(Proof { id: None })
        }
        HookScheme::HmacSha256 {
            header,
            prefix,
            encoding,
        } => {
            let signature = headers.one(header)?.strip_prefix(prefix.as_str())?;
            let tag = match encoding {
                Encoding::Hex => hex(signature)?,
                Encoding::Base64 => base64_tag(signature)?,
            };
            signed(secret.as_bytes(), &[body], [tag])?;
            Some(Proof { id: None })
        }
        HookScheme::Token { header } => {
            let given = match header {
                Some(header) => headers.one(header)?,
                None => bearer(headers.one("authorization")?)?,
            };
            is_same(secret, given)?;
            Some(Proof { id: None })
        }
    }
}

/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
fn standard_webhooks(secret: &str, headers: &Headers<'_>, body: &[u8], now: Timestamp) -> Option<Proof> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
    if key.is_empty() {
        return None;
    }
    let id = headers.one("webhook-id").filter(|id| is_id(id))?;
    let time = headers.one("webhook-timestamp")?;
    is_recent(time, now).then_some(())?;
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    let signatures = headers.one("webhook-signature")?.split(' ');
    // Other versions are signed in other ways, and stand beside.
    let tags = signatures
        .take(MOST_SIGNATURES)
        .filter_map(|signature| base64_tag(signature.strip_prefix("v1,")?));
    signed(&key, &parts, tags)?;
    Some(Proof {
        id: Some(id.to_owned()),
    })
}

/// <https://docs.stripe.com/webhooks#verify-manually>. The event's id is in the body.
fn stripe(secret: &str, headers: &Headers<'_>, body: &[u8], now: Timestamp) -> Option<Proof> {
    let header = headers.one("stripe-signature")?;
    let items = || header.split(',').filter_map(|item| item.trim().split_once('='));
    let time = items().find_map(|(key, value)| (key == "t").then_some(value))?;
    is_recent(time, now).then_some(())?;
    let parts = [time.as_bytes(), b".", body];
    let tags = items()
        .filter(|(key, _)| *key == "v1")
        .take(MOST_SIGNATURES)
        .filter_map(|(_, value)| hex(value));
    signed(secret.as_bytes(), &parts, tags)?;
    let id = serde_json::from_slice::<StripeEvent<'_>>(body).ok();
    Some(Proof {
        id: id.and_then(|event| event.id).filter(|id| is_id(id)).map(Into::into),
    })
}

/// What is wanted of Stripe's event.
#[derive(serde::Deserialize)]
struct StripeEvent<'b> {
    #[serde(borrow, default)]
    id: Option<std::borrow::Cow<'b, str>>,
}

struct Headers<'h>(&'h HeaderMap);

impl<'h> Headers<'h> {
    /// The value of a header that is there once.
    fn one(&self, name: &str) -> Option<&'h str> {
        let mut values = self.0.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (kind, token) = value.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn base64_tag(text: &str) -> Option<[u8; 32]> {
    let bare = text.trim_end_matches('=');
    let tag = STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare));
    tag.ok()?.try_into().ok()
}

fn signed(secret: &[u8], parts: &[&[u8]], tags: impl IntoIterator<Item = [u8; 32]>) -> Option<()> {
    fits(keyed::<Hmac<Sha256>>(secret)?, parts, tags).then_some(())
}

/// Whether the two are the same. Compared by their HMACs, which says nothing of how far they agree, nor of their length.
fn is_same(secret: &str, given: &str) -> Option<()> {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).ok()?;
    let expected = mac.clone().chain_update(secret).finalize().into_bytes();
    mac.chain_update(given).verify(&expected).ok()
}

#[cfg(test)]
mod tests;
