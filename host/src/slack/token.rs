//! What the tokens are good for, for `doctor`: Slack says it in headers, which slack-morphism keeps to itself.

use std::collections::BTreeSet;

use reqwest::header::{DATE, HeaderMap};
use serde_json::json;

use super::{Answer, ApiError, Confirmed, Identity, SlackApi, confirmed};
use crate::http_client;

/// The bot's token, as `auth.test` knows it.
#[derive(Clone, Debug)]
pub struct Token {
    /// Whose it is.
    pub identity: Identity,
    /// What it may do; none where Slack does not say.
    pub scopes: Option<BTreeSet<String>>,
    /// What time it is there, as the header `Date` says.
    pub date: Option<String>,
}

impl SlackApi {
    /// Asks what the bot's token is good for.
    ///
    /// # Errors
    /// Slack's refusal of the token, or what kept Slack from answering.
    pub async fn examine_token(&self) -> Result<Token, ApiError> {
        const METHOD: &str = "auth.test";
        // This one sorts errors as all other calls do.
        let identity = self.auth_test().await?;
        let unreachable = |why: String| ApiError::Unreachable { method: METHOD, why };
        let client = http_client::client().map_err(|error| unreachable(format!("{error:#}")))?;
        let response = client
            .post(format!("{}/{METHOD}", self.url))
            .bearer_auth(&self.bot_token.token_value.0)
            .send()
            .await
            .map_err(|error| unreachable(error.without_url().to_string()))?;
        Ok(Token {
            identity,
            scopes: scopes(response.headers()),
            date: text(response.headers(), DATE.as_str()),
        })
    }

    /// Asks for a Socket Mode connection, and opens none. False without an app token.
    ///
    /// # Errors
    /// Slack's refusal of the app's token, or what kept Slack from answering.
    pub async fn may_open_sockets(&self) -> Result<bool, ApiError> {
        const METHOD: &str = "apps.connections.open";
        let Some(token) = &self.app_token else {
            return Ok(false);
        };
        let session = self.client.open_session(token);
        let nothing = json!({});
        let call = session
            .http_session_api
            .http_post::<_, Answer<Confirmed>>(METHOD, &nothing, None);
        confirmed(METHOD, super::within(METHOD, super::CALL_TIMEOUT, call).await?).map(|_| true)
    }
}

fn scopes(headers: &HeaderMap) -> Option<BTreeSet<String>> {
    let scopes = text(headers, "x-oauth-scopes")?;
    let scopes = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty());
    Some(scopes.map(str::to_owned).collect())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
