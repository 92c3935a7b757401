//! GitHub's side of a webhook: payloads, delivery ids and signatures.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use crate::host::GITHUB_SECRET;
use crate::http::{self, Reply};

/// One delivery of a webhook.
#[derive(Clone)]
pub struct Delivery {
    event: String,
    id: String,
    body: String,
    signature: Option<(&'static str, String)>,
}

impl Delivery {
    /// A delivery of `event`, signed as GitHub signs with the secret that the host knows.
    pub fn new(event: &str, payload: &Value) -> Self {
        let delivery = Self {
            event: event.to_owned(),
            id: uuid::Uuid::now_v7().to_string(),
            body: payload.to_string(),
            signature: None,
        };
        delivery.signed_with(GITHUB_SECRET)
    }

    /// A pull request of `octo/shop` that was merged into the branch `base`; the default branch is `main`.
    pub fn merged_into(base: &str) -> Self {
        Self::new("pull_request", &pull_request("closed", true, base))
    }

    /// With another `X-GitHub-Delivery`.
    #[must_use]
    pub fn with_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// Signed with another secret.
    #[must_use]
    pub fn signed_with(mut self, secret: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(self.body.as_bytes());
        let digest = hex::encode(mac.finalize().into_bytes());
        self.signature = Some(("x-hub-signature-256", format!("sha256={digest}")));
        self
    }

    /// Signed in the legacy way only.
    #[must_use]
    pub fn signed_with_sha1(mut self, secret: &str) -> Self {
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(self.body.as_bytes());
        let digest = hex::encode(mac.finalize().into_bytes());
        self.signature = Some(("x-hub-signature", format!("sha1={digest}")));
        self
    }

    /// Not signed at all.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.signature = None;
        self
    }

    /// With this body, signed for the one before: what a forger has.
    #[must_use]
    pub fn with_body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// Sends it to `/github/<namespace>/` of the host at `url`.
    pub async fn post_to(&self, url: &str, namespace: &str) -> Reply {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("user-agent", "GitHub-Hookshot/044aadd"),
            ("x-github-event", self.event.as_str()),
            ("x-github-delivery", self.id.as_str()),
        ];
        if let Some((name, value)) = &self.signature {
            headers.push((*name, value));
        }
        http::post(&format!("{url}/github/{namespace}/"), &headers, self.body.clone()).await
    }
}

/// The parts of a `pull_request` payload that matter.
pub fn pull_request(action: &str, merged: bool, base: &str) -> Value {
    json!({
        "action": action,
        "number": 7,
        "pull_request": {
            "number": 7,
            "title": "Add a cellar",
            "merged": merged,
            "html_url": "https://github.com/octo/shop/pull/7",
            "head": { "ref": "cellar", "sha": "0123456789abcdef0123456789abcdef01234567" },
            "base": { "ref": base },
        },
        "repository": { "full_name": "octo/shop", "default_branch": "main" },
        "sender": { "login": "octocat" },
    })
}
