//! GitHub's side of a webhook: payloads, delivery ids and signatures.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use super::{COMMIT, REPOSITORY};
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

    /// `X-GitHub-Event`.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// `X-GitHub-Delivery`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends it to `/github/<namespace>/` of the host at `url`.
    pub async fn post_to(&self, url: &str, namespace: &str) -> Reply {
        let url = format!("{url}/github/{namespace}/");
        self.send(&url).await.unwrap_or_else(|why| panic!("POST {url}: {why}"))
    }

    /// Sends it to `url`, and returns the status; 0 where nobody answers.
    pub(super) async fn try_post(&self, url: &str) -> u16 {
        self.send(url).await.map_or(0, |reply| reply.status)
    }

    async fn send(&self, url: &str) -> Result<Reply, String> {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("user-agent", "GitHub-Hookshot/044aadd"),
            ("x-github-event", self.event.as_str()),
            ("x-github-delivery", self.id.as_str()),
        ];
        if let Some((name, value)) = &self.signature {
            headers.push((*name, value));
        }
        http::request("POST", url, &headers, self.body.clone()).await
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
            "head": { "ref": "cellar", "sha": COMMIT },
            "base": { "ref": base },
        },
        "repository": { "full_name": "octo/shop", "default_branch": "main" },
        "sender": { "login": "octocat" },
    })
}

/// A `push` payload of `octo/shop` to a branch, with one commit that changes these files.
pub fn pushed(branch: &str, files: &[&str]) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"),
        "after": COMMIT,
        "commits": [{ "id": COMMIT, "message": "Dig", "added": [], "modified": files, "removed": [] }],
        "repository": { "full_name": REPOSITORY, "default_branch": "main" },
        "sender": { "login": "octocat" },
    })
}

/// An `issue_comment` payload: the comment 99 on the pull request 7, of somebody who is this to the repository.
pub fn commented(body: &str, association: &str) -> Value {
    json!({
        "action": "created",
        "issue": { "number": 7, "pull_request": { "url": "https://api.github.com/repos/octo/shop/pulls/7" }, "labels": [] },
        "comment": {
            "id": 99,
            "body": body,
            "author_association": association,
            "user": { "login": "octocat", "type": "User" },
        },
        "repository": { "full_name": REPOSITORY, "default_branch": "main" },
        "sender": { "login": "octocat" },
    })
}
