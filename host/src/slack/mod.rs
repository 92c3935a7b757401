//! The client for Slack's Web API, on slack-morphism: tokens, time-outs, and errors that a caller can act on.
//!
//! It calls methods and knows nothing of what they are for: `deliver/slack` posts with it, `trigger/slack` listens and
//! looks people up. It never retries, since the outbox does and survives a restart. Besides those two modules nothing
//! names slack-morphism.

pub(crate) mod conversations;
mod error;
mod people;
mod token;

pub use error::ApiError;
pub use people::Profile;
pub use token::Token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector};
use hyper_util::client::legacy::connect::HttpConnector;
use innkeeper_core::config::secrets::Secret;
use rustls::{ClientConfig, RootCertStore};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{
    SlackApiToken, SlackClient, SlackClientApiCallContext, SlackClientHttpConnector, SlackClientHyperConnector,
    SlackClientHyperHttpsConnector, SlackClientSession,
};
use url::Url;

/// Where Slack's API is, unless `SLACK_API_URL` says otherwise.
const DEFAULT_API: &str = "https://slack.com/api";

/// How long one call may take, from connecting to the end of the answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for the bytes of a file.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);

/// Where Slack's API is.
pub fn api_url() -> String {
    std::env::var("SLACK_API_URL").unwrap_or_else(|_| DEFAULT_API.into())
}

/// A client of Slack's Web API with the bot's token.
pub struct SlackApi {
    url: String,
    client: Arc<Client>,
    bot_token: SlackApiToken,
    app_token: Option<SlackApiToken>,
}

/// slack-morphism's client, over TLS or (for tests and proxies on the same machine) without.
pub(crate) type Client = SlackClient<SlackClientHyperHttpsConnector>;

/// Who the bot is, as `auth.test` says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// The bot's user, `U…` or `W…`.
    #[serde(rename = "user_id")]
    pub user: String,
    /// The bot itself, `B…`.
    #[serde(rename = "bot_id", default)]
    pub bot: Option<String>,
    /// The workspace that it is installed in, `T…`.
    #[serde(rename = "team_id")]
    pub team: String,
    /// The Enterprise Grid organisation of the workspace, `E…`, where there is one.
    #[serde(rename = "enterprise_id", default)]
    pub enterprise: Option<String>,
    /// The workspace's address, `https://….slack.com/`.
    #[serde(default)]
    pub url: Option<String>,
}

impl Identity {
    /// The link to a message, in the form that `chat.getPermalink` gives: nothing has to be asked, and a Slack that is away
    /// holds up nobody.
    pub fn link_to(&self, channel: &str, ts: &str, thread: Option<&str>) -> String {
        let Some(url) = &self.url else {
            let team = &self.team;
            return format!("https://slack.com/app_redirect?team={team}&channel={channel}&message_ts={ts}");
        };
        let in_thread = thread.map(|thread| format!("?thread_ts={thread}&cid={channel}"));
        format!(
            "{}/archives/{channel}/p{}{}",
            url.trim_end_matches('/'),
            ts.replace('.', ""),
            in_thread.unwrap_or_default()
        )
    }
}

/// What every answer of Slack has: `ok`, and what the method returns beside it.
#[derive(Deserialize)]
struct Answer<T> {
    ok: bool,
    #[serde(flatten)]
    rest: T,
}

/// The rest of an answer of which only `ok` matters.
#[derive(Debug, Deserialize)]
pub(crate) struct Confirmed {}

impl SlackApi {
    /// A client for the API at `api_url` (`SLACK_API_URL`), for example `https://slack.com/api`.
    ///
    /// # Errors
    /// The address is not an http(s) URL, or it is https and this machine has no root certificates.
    pub fn new(api_url: &str, bot_token: Secret, app_token: Option<Secret>) -> anyhow::Result<Self> {
        let url: Url = api_url
            .parse()
            .with_context(|| format!("SLACK_API_URL is not a URL: `{api_url}`"))?;
        let tls = match url.scheme() {
            "https" => ClientConfig::builder()
                .with_native_roots()
                .context("no root certificates to check Slack's with; on Debian, install `ca-certificates`")?,
            "http" => ClientConfig::builder().with_root_certificates(RootCertStore::empty()),
            other => anyhow::bail!("SLACK_API_URL begins with `{other}:`; it must be an https (or http) address"),
        };
        let connector = SlackClientHyperConnector::with_connector(connector(tls.with_no_client_auth()))
            .with_slack_api_url(api_url.trim_end_matches('/'));
        Ok(Self {
            url: api_url.trim_end_matches('/').to_owned(),
            client: Arc::new(SlackClient::new(connector)),
            bot_token: token(&bot_token),
            app_token: app_token.as_ref().map(token),
        })
    }

    /// Asks Slack who the bot is.
    ///
    /// # Errors
    /// Slack's refusal of the token, or what kept Slack from answering.
    pub async fn auth_test(&self) -> Result<Identity, ApiError> {
        self.get("auth.test", &[]).await
    }

    /// Calls a method that takes its arguments in the address. Some take them nowhere else.
    ///
    /// # Errors
    /// Slack's refusal, or what kept Slack from answering.
    pub(crate) async fn get<T: DeserializeOwned + Send>(
        &self,
        method: &'static str,
        arguments: &[(&str, &str)],
    ) -> Result<T, ApiError> {
        let arguments: Vec<_> = arguments.iter().map(|&(name, value)| (name, Some(value))).collect();
        let session = self.session();
        let call = session
            .http_session_api
            .http_get::<Answer<T>, _, _>(method, &arguments, None);
        confirmed(method, within(method, CALL_TIMEOUT, call).await?)
    }

    /// Calls a method with a JSON body.
    ///
    /// # Errors
    /// Slack's refusal, or what kept Slack from answering.
    pub(crate) async fn post<T: DeserializeOwned + Send>(
        &self,
        method: &'static str,
        body: &(impl Serialize + Send + Sync),
    ) -> Result<T, ApiError> {
        let session = self.session();
        let call = session.http_session_api.http_post::<_, Answer<T>>(method, body, None);
        confirmed(method, within(method, CALL_TIMEOUT, call).await?)
    }

    /// Posts the bytes of a file to an address that `files.getUploadURLExternal` gave. The token stays here: the
    /// address is its own permission.
    ///
    /// # Errors
    /// What kept the file from being taken.
    pub(crate) async fn upload(&self, address: &str, content: &[u8]) -> Result<(), ApiError> {
        const METHOD: &str = "the upload of a file";
        let url: Url = address.parse().map_err(|error| ApiError::Unreadable {
            method: METHOD,
            why: format!("the address to upload to is no URL: {error}"),
        })?;
        let span = tracing::Span::none();
        let context = SlackClientApiCallContext {
            rate_control_params: None,
            token: None,
            tracing_span: &span,
            is_sensitive_url: true,
        };
        let connector = &self.client.http_api.connector;
        let call =
            connector.http_post_uri_binary::<IgnoredAny>(url, "application/octet-stream".to_owned(), content, context);
        within(METHOD, UPLOAD_TIMEOUT, call).await.map(drop)
    }

    /// The client itself, for Socket Mode.
    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// The token that opens Socket Mode connections, where there is one.
    pub(crate) fn app_token(&self) -> Option<&SlackApiToken> {
        self.app_token.as_ref()
    }

    fn session(&self) -> SlackClientSession<'_, SlackClientHyperHttpsConnector> {
        self.client.open_session(&self.bot_token)
    }
}

impl fmt::Debug for SlackApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackApi").finish_non_exhaustive()
    }
}

fn token(secret: &Secret) -> SlackApiToken {
    SlackApiToken::new(secret.expose().to_owned().into())
}

/// slack-morphism's own connector speaks https only and connects without a time-out.
fn connector(tls: ClientConfig) -> HttpsConnector<HttpConnector> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    http.set_keepalive(Some(TCP_KEEPALIVE));
    http.set_nodelay(true);
    HttpsConnector::from((http, tls))
}

async fn within<T>(
    method: &'static str,
    limit: Duration,
    call: impl Future<Output = slack_morphism::ClientResult<T>>,
) -> Result<T, ApiError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| ApiError::from_client(method, error)),
        Err(_) => Err(ApiError::Unreachable {
            method,
            why: format!("no answer within {} s", limit.as_secs()),
        }),
    }
}

/// slack-morphism takes every 200 that is not JSON for an empty success; only `ok: true` is one.
fn confirmed<T>(method: &'static str, answer: Answer<T>) -> Result<T, ApiError> {
    if answer.ok {
        Ok(answer.rest)
    } else {
        Err(ApiError::Unreadable {
            method,
            why: "it says neither `ok` nor what is wrong".to_owned(),
        })
    }
}

#[cfg(test)]
pub(crate) mod fake;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
mod tests {
    use super::fake::{FakeSlack, Reply};
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn auth_test_says_who_the_bot_is() {
        let slack = FakeSlack::start().await;
        slack.answers(
            "auth.test",
            Reply::ok(json!({
                "ok": true, "url": "https://inn.slack.com/", "team": "Inn", "user": "keeper",
                "team_id": "T0INN", "user_id": "U0BOT", "bot_id": "B0BOT", "is_enterprise_install": false,
            })),
        );

        let identity = slack.api().auth_test().await.unwrap();

        assert_eq!(
            identity,
            Identity {
                user: "U0BOT".into(),
                bot: Some("B0BOT".into()),
                team: "T0INN".into(),
                enterprise: None,
                url: Some("https://inn.slack.com/".into()),
            }
        );
        assert_eq!(
            identity.link_to("C1", "1700000000.000100", Some("1699999999.000200")),
            "https://inn.slack.com/archives/C1/p1700000000000100?thread_ts=1699999999.000200&cid=C1"
        );
        assert_eq!(slack.calls()[0].authorization.as_deref(), Some("Bearer xoxb-test"));
    }

    #[tokio::test]
    async fn an_answer_that_is_no_answer_of_slack_is_not_a_success() {
        let slack = FakeSlack::start().await;
        slack.answers("auth.test", Reply::page(200, "<html>Please log in to the Wi-Fi</html>"));
        slack.answers("auth.test", Reply::ok(json!({"ok": false})));
        slack.answers("auth.test", Reply::page(503, "upstream connect error"));

        let api = slack.api();
        assert!(matches!(api.auth_test().await, Err(ApiError::Unreadable { .. })));
        assert!(matches!(api.auth_test().await, Err(ApiError::Unreadable { .. })));
        assert!(matches!(
            api.auth_test().await,
            Err(ApiError::Status { status: 503, .. })
        ));
    }

    #[tokio::test]
    async fn a_slack_that_is_not_there_is_unreachable_and_the_reason_is_said() {
        let address = {
            let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            gone.local_addr().unwrap()
        };
        let api = SlackApi::new(&format!("http://{address}/api"), Secret::new("xoxb-test"), None).unwrap();

        let error = api.auth_test().await.unwrap_err();

        assert!(matches!(error, ApiError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("onnection refused"), "{error}");
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_the_variable_that_it_comes_from() {
        for bad in ["slack.com/api", "ftp://slack.com/api", ""] {
            let error = SlackApi::new(bad, Secret::new("t"), None).unwrap_err();
            assert!(error.to_string().contains("SLACK_API_URL"), "{error}");
        }
    }
}
