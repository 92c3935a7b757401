//! Lists of channels, page by page; and calls that wait for as long as Slack asks to.

use std::time::Duration;

use serde::Deserialize;

use super::{ApiError, SlackApi};

/// The most channels that Slack gives at once.
const PAGE: &str = "999";
/// A workspace with more than so many pages of channels is not read to its end.
const MOST_PAGES: usize = 100;

/// How often a call is made again where Slack asks to wait.
const MOST_WAITS: usize = 10;
/// How long that is, where Slack does not say.
const WAIT: Duration = Duration::from_secs(30);
/// The longest that is waited for at once.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// A channel, as lists and events have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    /// Without `#`.
    pub(crate) name: String,
    pub(crate) is_archived: bool,
    /// Whether the bot is in it.
    pub(crate) is_member: bool,
    /// Whether only who is invited sees it.
    pub(crate) is_private: bool,
    is_shared: bool,
    is_ext_shared: bool,
    is_org_shared: bool,
    is_pending_ext_shared: bool,
}

impl Conversation {
    /// Whether it is shared with another workspace, or about to be.
    pub(crate) fn is_shared(&self) -> bool {
        self.is_shared || self.is_ext_shared || self.is_org_shared || self.is_pending_ext_shared
    }
}

#[derive(Deserialize)]
struct Page {
    channels: Vec<Conversation>,
    #[serde(default)]
    response_metadata: Metadata,
}

/// Where the next page begins.
#[derive(Default, Deserialize)]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) next_cursor: String,
}

/// The channels of these types that are not archived, by `conversations.list` (all that the bot can see) or
/// `users.conversations` (those that it is in).
///
/// # Errors
/// Slack's, of any page.
pub(crate) async fn list(api: &SlackApi, method: &'static str, types: &str) -> Result<Vec<Conversation>, ApiError> {
    let mut channels = Vec::new();
    let mut cursor = String::new();
    for _ in 0..MOST_PAGES {
        let arguments = [
            ("types", types),
            ("exclude_archived", "true"),
            ("limit", PAGE),
            ("cursor", &cursor),
        ];
        let page: Page = api.get(method, &arguments).await?;
        channels.extend(page.channels);
        cursor = page.response_metadata.next_cursor;
        if cursor.is_empty() {
            break;
        }
    }
    Ok(channels)
}

/// The same, public ones and private ones; those need a scope of their own, which not every app has.
///
/// # Errors
/// Slack's.
pub(crate) async fn list_all(api: &SlackApi, method: &'static str) -> Result<Vec<Conversation>, ApiError> {
    match list(api, method, "public_channel,private_channel").await {
        Err(error) if error.code() == Some("missing_scope") => list(api, method, "public_channel").await,
        listed => listed,
    }
}

/// Makes a call that nobody waits for, again after each time that Slack asks to wait.
///
/// # Errors
/// Slack's; that it asks to wait once too often.
pub(crate) async fn patiently<T, F>(call: impl Fn() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    for _ in 0..MOST_WAITS {
        match call().await {
            Err(ApiError::RateLimited { method, after }) => {
                let wait = after.unwrap_or(WAIT).min(LONGEST_WAIT);
                tracing::debug!(method, seconds = wait.as_secs(), "Slack asks to wait");
                tokio::time::sleep(wait).await;
            }
            answer => return answer,
        }
    }
    call().await
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;
    use crate::slack::fake::{FakeSlack, Reply};

    #[tokio::test]
    async fn a_call_is_made_again_when_slack_has_waited_long_enough() {
        let began = std::time::Instant::now();
        let calls = Cell::new(0);
        let call = || async {
            calls.set(calls.get() + 1);
            match calls.get() {
                1 | 2 => Err(ApiError::RateLimited {
                    method: "conversations.join",
                    after: Some(Duration::from_millis(20)),
                }),
                _ => Ok("joined"),
            }
        };
        assert_eq!(patiently(call).await, Ok("joined"));
        assert!(began.elapsed() >= Duration::from_millis(40), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn patience_ends_and_other_errors_need_none() {
        let calls = Cell::new(0);
        let busy = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(ApiError::RateLimited {
                method: "conversations.list",
                after: Some(Duration::ZERO),
            })
        };
        assert!(matches!(patiently(busy).await, Err(ApiError::RateLimited { .. })));
        assert_eq!(calls.get(), MOST_WAITS + 1);
        calls.set(0);
        let away = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(ApiError::Status {
                method: "conversations.list",
                status: 503,
            })
        };
        assert!(patiently(away).await.is_err());
        assert_eq!(calls.get(), 1);
    }

    #[tokio::test]
    async fn every_page_is_read_and_private_channels_only_where_the_app_may() {
        let slack = FakeSlack::start().await;
        let page = |id: &str, cursor: &str| {
            let channels = json!([{"id": id, "name": id.to_lowercase(), "is_member": true}]);
            Reply::ok(json!({"ok": true, "channels": channels, "response_metadata": {"next_cursor": cursor}}))
        };
        slack.answers("users.conversations", Reply::refusal("missing_scope"));
        slack.answers("users.conversations", page("C1", "next"));
        slack.answers("users.conversations", page("C2", ""));
        let listed = list_all(&slack.api(), "users.conversations").await.unwrap();
        let ids: Vec<&str> = listed.iter().map(|channel| channel.id.as_str()).collect();
        assert_eq!(ids, ["C1", "C2"]);
        let calls = slack.calls();
        let asked: Vec<&str> = calls.iter().map(|call| call.query["types"].as_str()).collect();
        assert_eq!(
            asked,
            ["public_channel,private_channel", "public_channel", "public_channel"]
        );
        assert_eq!(calls[2].query["cursor"], "next");
    }
}
