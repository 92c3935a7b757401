//! The client for GitHub's REST API: addresses, time-outs, and errors that a caller can act on.
//!
//! It asks and knows nothing of what for: `deliver/github` writes with it, `trigger/github` looks for deliveries that were
//! missed. It never retries, since the outbox does and survives a restart.

mod access;
mod error;

pub use access::{Access, Denied, Gap, Pen, Watch};
pub use error::ApiError;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::config::secrets::Secret;
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::http_client;

/// Where GitHub is, unless `GITHUB_API_URL` says otherwise.
pub const DEFAULT_API: &str = "https://api.github.com";

/// How long one call may take.
const CALL_TIME: Duration = Duration::from_secs(10);

/// By how much GitHub's clock may be behind.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60 * 60);

/// How much of an answer is read: a page of [`COMMENTS`] of the greatest length is less.
const LONGEST_ANSWER: usize = 8 << 20;

/// How many things a page has at most.
pub const PAGE: usize = 100;

/// How many comments a page has: each may have 65,536 characters, which JSON may write with six bytes or more each.
const COMMENTS: usize = 20;

/// A client of GitHub's API.
#[derive(Clone)]
pub struct GithubApi {
    client: reqwest::Client,
    base: Url,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for GithubApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GithubApi")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// A comment, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// What it says, in Markdown.
    #[serde(default)]
    pub body: Option<String>,
}

/// A webhook of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Webhook {
    /// Its number.
    pub id: u64,
    /// What is delivered where.
    pub config: WebhookConfig,
}

/// See [`Webhook`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct WebhookConfig {
    /// Where it delivers to.
    #[serde(default)]
    pub url: Option<String>,
}

/// An attempt to deliver something to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HookDelivery {
    /// The attempt's number.
    pub id: u64,
    /// The delivery's id, which all its attempts share: `X-GitHub-Delivery`.
    pub guid: String,
    /// When it was made.
    pub delivered_at: jiff::Timestamp,
    /// Whether it was asked for, after another.
    #[serde(default)]
    pub redelivery: bool,
    /// What was answered; 0 where nothing was.
    #[serde(default)]
    pub status_code: u16,
}

/// A page, and where the next one is.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The address of the next one.
    pub next: Option<Url>,
}

/// What a call is made of.
struct Call<'c> {
    method: Method,
    url: Url,
    token: &'c Secret,
    body: Option<Value>,
}

impl GithubApi {
    /// A client for the API at `api_url` (`GITHUB_API_URL`). It follows no redirects: those of a repository that was renamed
    /// lead, token and all, to what nobody granted.
    ///
    /// # Errors
    /// The address is not an http(s) URL, or this machine has no root certificates.
    pub fn new(api_url: &str, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let base: Url = format!("{}/", api_url.trim_end_matches('/'))
            .parse()
            .with_context(|| format!("GITHUB_API_URL is not a URL: `{api_url}`"))?;
        if !matches!(base.scheme(), "http" | "https") {
            anyhow::bail!(
                "GITHUB_API_URL begins with `{}:`; it must be an https (or http) address",
                base.scheme()
            );
        }
        Ok(Self {
            client: http_client::client_with(Policy::none())?,
            base,
            clock,
        })
    }

    /// Puts a status on a commit.
    ///
    /// # Errors
    /// GitHub's refusal, or what kept it from answering.
    pub async fn set_status(
        &self,
        token: &Secret,
        repository: &str,
        commit: &str,
        status: &(impl Serialize + Sync),
    ) -> Result<(), ApiError> {
        let body = json!(status);
        self.post(token, repository, &["statuses", commit], body)
            .await
            .map(drop)
    }

    /// Comments on a pull request or an issue.
    ///
    /// # Errors
    /// GitHub's refusal, or what kept it from answering.
    pub async fn comment_on_issue(
        &self,
        token: &Secret,
        repository: &str,
        issue: u64,
        body: &str,
    ) -> Result<Comment, ApiError> {
        let path = ["issues", &issue.to_string(), "comments"];
        read(self.post(token, repository, &path, json!({ "body": body })).await?).await
    }

    /// Comments on a commit.
    ///
    /// # Errors
    /// GitHub's refusal, or what kept it from answering.
    pub async fn comment_on_commit(
        &self,
        token: &Secret,
        repository: &str,
        commit: &str,
        body: &str,
    ) -> Result<Comment, ApiError> {
        let path = ["commits", commit, "comments"];
        read(self.post(token, repository, &path, json!({ "body": body })).await?).await
    }

    /// Replaces what a comment on a pull request or an issue says.
    ///
    /// # Errors
    /// GitHub's refusal, or what kept it from answering.
    pub async fn edit_issue_comment(
        &self,
        token: &Secret,
        repository: &str,
        comment: u64,
        body: &str,
    ) -> Result<(), ApiError> {
        let url = self.address(repository, &["issues", "comments", &comment.to_string()]);
        self.change(token, Method::PATCH, url, json!({ "body": body }))
            .await
            .map(drop)
    }

    /// Replaces what a comment on a commit says.
    ///
    /// # Errors
    /// GitHub's refusal, or what kept it from answering.
    pub async fn edit_commit_comment(
        &self,
        token: &Secret,
        repository: &str,
        comment: u64,
        body: &str,
    ) -> Result<(), ApiError> {
        let url = self.address(repository, &["comments", &comment.to_string()]);
        self.change(token, Method::PATCH, url, json!({ "body": body }))
            .await
            .map(drop)
    }

    /// Reacts to a comment on a pull request or an issue. A reaction that is there already stays.
    ///
    /// # Errors
    /// GitHub's refusal, or what kept it from answering.
    pub async fn react(&self, token: &Secret, repository: &str, comment: u64, reaction: &str) -> Result<(), ApiError> {
        let path = ["issues", "comments", &comment.to_string(), "reactions"];
        let body = json!({ "content": reaction });
        self.post(token, repository, &path, body).await.map(drop)
    }

    /// The comments on a pull request or an issue that were changed since, or a little before, the oldest first.
    pub fn issue_comments(&self, repository: &str, issue: u64, since: Timestamp) -> Url {
        let mut url = self.address(repository, &["issues", &issue.to_string(), "comments"]);
        // GitHub's times are whole seconds, by a clock of its own.
        let seconds = (since.as_micros() / 1_000_000).saturating_sub(CLOCKS_DIFFER.as_secs().cast_signed());
        let since = Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        url.query_pairs_mut()
            .append_pair("since", &since.to_string())
            .append_pair("per_page", &COMMENTS.to_string());
        url
    }

    /// The comments on a commit, the oldest first.
    pub fn commit_comments(&self, repository: &str, commit: &str) -> Url {
        let mut url = self.address(repository, &["commits", commit, "comments"]);
        url.query_pairs_mut().append_pair("per_page", &COMMENTS.to_string());
        url
    }

    /// The webhooks of a repository.
    pub fn webhooks(&self, repository: &str) -> Url {
        self.address(repository, &["hooks"])
    }

    /// The deliveries of a webhook, the newest first.
    pub fn deliveries(&self, repository: &str, hook: u64) -> Url {
        self.address(repository, &["hooks", &hook.to_string(), "deliveries"])
    }

    /// Asks for a delivery to be made again.
    ///
    /// # Errors
    /// GitHub's refusal, or what kept it from answering.
    pub async fn redeliver(&self, token: &Secret, repository: &str, hook: u64, delivery: u64) -> Result<(), ApiError> {
        let (hook, delivery) = (hook.to_string(), delivery.to_string());
        let path = ["hooks", &hook, "deliveries", &delivery, "attempts"];
        self.post(token, repository, &path, json!({})).await.map(drop)
    }

    /// One page of a list, with as many things as GitHub puts on one.
    ///
    /// # Errors
    /// GitHub's refusal, or what kept it from answering.
    pub async fn page<T: DeserializeOwned>(&self, token: &Secret, list: &Url) -> Result<Page<T>, ApiError> {
        let mut url = list.clone();
        if !url.query_pairs().any(|(name, _)| name == "per_page") {
            url.query_pairs_mut().append_pair("per_page", &PAGE.to_string());
        }
        let call = Call {
            method: Method::GET,
            url,
            token,
            body: None,
        };
        let response = self.send(call).await?;
        let next = response
            .headers()
            .get("link")
            .and_then(|link| link.to_str().ok())
            .and_then(next_page);
        // What the next page's address says goes to GitHub with the token.
        let next = next.filter(|next| next.origin() == self.base.origin());
        Ok(Page {
            items: read(response).await?,
            next,
        })
    }

    /// Below a repository. The parts are escaped.
    fn address(&self, repository: &str, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .push("repos")
                .extend(repository.split('/'))
                .extend(parts);
        }
        url
    }

    async fn post(&self, token: &Secret, repository: &str, parts: &[&str], body: Value) -> Result<Response, ApiError> {
        self.change(token, Method::POST, self.address(repository, parts), body)
            .await
    }

    async fn change(&self, token: &Secret, method: Method, url: Url, body: Value) -> Result<Response, ApiError> {
        let call = Call {
            method,
            url,
            token,
            body: Some(body),
        };
        self.send(call).await
    }

    async fn send(&self, call: Call<'_>) -> Result<Response, ApiError> {
        let mut request = self
            .client
            .request(call.method, call.url)
            .timeout(CALL_TIME)
            .bearer_auth(call.token.expose())
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        if let Some(body) = call.body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.map_err(|error| ApiError::unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // Without it the status still says enough.
        let body = body(response).await.unwrap_or_default();
        Err(ApiError::of(status, &headers, &body, self.clock.now()))
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ApiError> {
    let body = body(response).await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::Unreadable { why: error.to_string() })
}

async fn body(mut response: Response) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| ApiError::unreachable(&error))? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            let why = format!("it is longer than {} MiB", LONGEST_ANSWER >> 20);
            return Err(ApiError::Unreadable { why });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The address with `rel="next"` in a `Link` header.
fn next_page(link: &str) -> Option<Url> {
    link.split(',').find_map(|link| {
        let (address, about) = link.trim().strip_prefix('<')?.split_once('>')?;
        about.contains("rel=\"next\"").then(|| address.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use innkeeper_core::clock::SystemClock;

    use super::*;

    fn api(url: &str) -> anyhow::Result<GithubApi> {
        GithubApi::new(url, Arc::new(SystemClock))
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_the_variable_that_it_comes_from() {
        for bad in ["api.github.com", "ftp://api.github.com", ""] {
            let error = format!("{:#}", api(bad).unwrap_err());
            assert!(error.contains("GITHUB_API_URL"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        for status in [301, 302, 307, 308] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let paths = Arc::new(std::sync::Mutex::new(Vec::new()));
            let seen = Arc::clone(&paths);
            let answer = move |uri: axum::http::Uri| {
                seen.lock().unwrap().push(uri.path().to_owned());
                let status = axum::http::StatusCode::from_u16(status).unwrap();
                std::future::ready((status, [("location", format!("http://{address}/elsewhere"))]))
            };
            let server = tokio::spawn(async move {
                let routes = axum::Router::new().fallback(answer);
                axum::serve(listener, routes).await.unwrap();
            });
            let api = api(&format!("http://{address}")).unwrap();
            let token = Secret::new("token");
            let written = api.comment_on_issue(&token, "octo/shop", 7, "hello").await;
            assert_eq!(written.unwrap_err(), ApiError::Moved, "{status}");
            let listed = api.page::<Webhook>(&token, &api.webhooks("octo/shop")).await;
            assert_eq!(listed.unwrap_err(), ApiError::Moved, "{status}");
            assert_eq!(
                *paths.lock().unwrap(),
                ["/repos/octo/shop/issues/7/comments", "/repos/octo/shop/hooks"]
            );
            server.abort();
        }
    }

    #[test]
    fn what_stands_in_a_path_leads_nowhere_else() {
        let api = api("https://github.example/api/v3").unwrap();
        assert_eq!(
            api.webhooks("octo/shop").as_str(),
            "https://github.example/api/v3/repos/octo/shop/hooks"
        );
        let odd = api.commit_comments("octo/shop", "../../user?x=#y");
        assert_eq!(
            odd.as_str(),
            "https://github.example/api/v3/repos/octo/shop/commits/..%2F..%2Fuser%3Fx=%23y/comments?per_page=20"
        );
    }

    #[test]
    fn comments_are_looked_for_from_a_little_before() {
        let since = Timestamp::from_micros(1_800_003_600_999_999);
        let url = api("https://github.example")
            .unwrap()
            .issue_comments("octo/shop", 7, since);
        assert_eq!(url.query_pairs().next().unwrap().1, "2027-01-15T08:00:00Z");
    }

    #[test]
    fn the_next_page_is_found_in_the_link() {
        let link = r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?page=3>; rel="next""#;
        assert_eq!(next_page(link).unwrap().as_str(), "https://api.github.com/x?page=3");
        assert_eq!(next_page(r#"<https://api.github.com/x>; rel="last""#), None);
        assert_eq!(next_page("nonsense"), None);
    }
}
