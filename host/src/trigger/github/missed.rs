//! Deliveries that were missed while the host was down or out of reach. GitHub tries none of them again by itself, and keeps
//! them for three days: at the start and once an hour they are listed, and those that never arrived are asked for again.
//! A delivery keeps its id, so one that did arrive is not taken twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::config::secrets::Secret;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::github::{ApiError, GithubApi, HookDelivery, Page, Watch, Webhook};

/// How often it is looked for them.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// How old a delivery may be: GitHub keeps them for three days, and one on the edge may be gone when it is asked for.
const KEPT: Duration = Duration::from_secs((3 * 24 - 1) * 60 * 60);

/// How long to rest at least where GitHub asks to wait.
const SHORTEST_REST: Duration = Duration::from_secs(60);

/// Between two deliveries that are asked for, as GitHub wants it of whoever changes much
/// (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>).
pub const BETWEEN: Duration = Duration::from_secs(1);

/// How many pages of a hundred are read: of a repository's webhooks, and of a webhook's deliveries.
const MOST_PAGES: usize = 30;

/// How many deliveries of a webhook are asked for in one pass.
const MOST_ASKED: usize = 100;

/// How often one is tried in all. What fails so often fails for a reason that time does not mend.
const MOST_ATTEMPTS: usize = 5;

/// What the host answers to what it understood and will not take: a repetition would be answered alike.
const CONSIDERED: [u16; 4] = [400, 413, 415, 422];

/// What is asked of GitHub.
pub trait Deliveries: Send + Sync {
    /// A page of a repository's webhooks, from `next` or from the beginning.
    fn webhooks<'a>(
        &'a self,
        token: &'a Secret,
        repository: &'a str,
        next: Option<Url>,
    ) -> BoxFuture<'a, Result<Page<Webhook>, ApiError>>;

    /// A page of a webhook's deliveries, the newest first, from `next` or from the beginning.
    fn deliveries<'a>(
        &'a self,
        token: &'a Secret,
        repository: &'a str,
        hook: u64,
        next: Option<Url>,
    ) -> BoxFuture<'a, Result<Page<HookDelivery>, ApiError>>;

    /// Asks for one of them again.
    fn redeliver<'a>(
        &'a self,
        token: &'a Secret,
        repository: &'a str,
        hook: u64,
        delivery: u64,
    ) -> BoxFuture<'a, Result<(), ApiError>>;
}

impl Deliveries for GithubApi {
    fn webhooks<'a>(
        &'a self,
        token: &'a Secret,
        repository: &'a str,
        next: Option<Url>,
    ) -> BoxFuture<'a, Result<Page<Webhook>, ApiError>> {
        Box::pin(async move {
            let list = next.unwrap_or_else(|| Self::webhooks(self, repository));
            self.page(token, &list).await
        })
    }

    fn deliveries<'a>(
        &'a self,
        token: &'a Secret,
        repository: &'a str,
        hook: u64,
        next: Option<Url>,
    ) -> BoxFuture<'a, Result<Page<HookDelivery>, ApiError>> {
        Box::pin(async move {
            let list = next.unwrap_or_else(|| Self::deliveries(self, repository, hook));
            self.page(token, &list).await
        })
    }

    fn redeliver<'a>(
        &'a self,
        token: &'a Secret,
        repository: &'a str,
        hook: u64,
        delivery: u64,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(Self::redeliver(self, token, repository, hook, delivery))
    }
}

/// Asks for what was missed.
pub struct Missed {
    /// Whose deliveries, as it is now.
    pub watched: Box<dyn Fn() -> Vec<Watch> + Send + Sync>,
    /// Whom it asks.
    pub github: Arc<dyn Deliveries>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How long to wait between two deliveries that are asked for: [`BETWEEN`].
    pub between: Duration,
}

impl Missed {
    /// Asks at once and then every hour, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let rest = tokio::select! {
                rest = self.pass() => rest,
                () = stop.cancelled() => return,
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Looks at every repository once. Says how long to rest after it.
    async fn pass(&self) -> Duration {
        let mut limited: Vec<(Secret, Duration)> = Vec::new();
        for watch in (self.watched)() {
            // Limits are a token's, and namespaces may share one.
            if limited.iter().any(|(token, _)| token.expose() == watch.token.expose()) {
                continue;
            }
            if let Some(after) = self.look_at_all(&watch).await {
                limited.push((watch.token, after.clamp(SHORTEST_REST, EVERY)));
            }
        }
        limited.into_iter().map(|(_, rest)| rest).max().unwrap_or(EVERY)
    }

    /// Looks at the repositories of a namespace, until one answer tells that the others would be alike. Says how long GitHub
    /// asks to wait, if it does.
    async fn look_at_all(&self, watch: &Watch) -> Option<Duration> {
        let namespace = &watch.namespace;
        for repository in &watch.repositories {
            let error = match self.look_at(watch, repository).await {
                Ok(0) => continue,
                Ok(asked) => {
                    tracing::info!(
                        namespace,
                        repository,
                        asked,
                        "GitHub is asked for deliveries that were missed"
                    );
                    continue;
                }
                Err(error) => error,
            };
            if let ApiError::RateLimited { after } = error {
                let asked = after.as_secs();
                tracing::warn!(
                    namespace,
                    retry_seconds = asked,
                    "GitHub asks to wait before it says which deliveries were missed"
                );
                return Some(after);
            }
            tracing::warn!(
                namespace,
                repository,
                %error,
                "GitHub does not say which deliveries were missed: {}",
                advice(&error)
            );
            if is_everywhere(&error) {
                return None;
            }
        }
        None
    }

    async fn look_at(&self, watch: &Watch, repository: &str) -> Result<usize, ApiError> {
        let mut asked = 0;
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let page = self.github.webhooks(&watch.token, repository, next).await?;
            for hook in page.items.iter().filter(|hook| is_ours(hook, &watch.namespace)) {
                asked += self.ask_again(watch, repository, hook.id).await?;
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        Ok(asked)
    }

    async fn ask_again(&self, watch: &Watch, repository: &str, hook: u64) -> Result<usize, ApiError> {
        let since = Timestamp::from_micros(
            self.clock
                .now()
                .as_micros()
                .saturating_sub(i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX)),
        );
        let mut found = Vec::new();
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let page = self.github.deliveries(&watch.token, repository, hook, next).await?;
            let young = |delivery: &HookDelivery| delivery.delivered_at.as_microsecond() >= since.as_micros();
            let all_young = page.items.iter().all(young);
            found.extend(page.items.into_iter().filter(young));
            next = page.next;
            if !all_young || next.is_none() {
                break;
            }
        }
        let mut asked = 0;
        for (index, delivery) in never_arrived(&found).into_iter().enumerate() {
            if index > 0 {
                tokio::time::sleep(self.between).await;
            }
            match self.github.redeliver(&watch.token, repository, hook, delivery).await {
                Ok(()) => asked += 1,
                Err(error) if is_everywhere(&error) => return Err(error),
                // That one may be gone; the others are there.
                Err(error) => tracing::warn!(
                    namespace = watch.namespace,
                    repository,
                    hook,
                    delivery,
                    %error,
                    "GitHub does not make a delivery again that was missed"
                ),
            }
        }
        Ok(asked)
    }
}

/// Whether whatever else is asked for with the same token would be answered alike.
fn is_everywhere(error: &ApiError) -> bool {
    match error {
        ApiError::RateLimited { .. } | ApiError::Unreachable { .. } | ApiError::Refused { status: 401, .. } => true,
        ApiError::Refused { .. } | ApiError::Busy { .. } | ApiError::Moved | ApiError::Unreadable { .. } => false,
    }
}

/// What can be done about it.
fn advice(error: &ApiError) -> &'static str {
    match error {
        ApiError::Moved => "name the repository as it is called now in `github.repos`",
        ApiError::Refused { .. } => "the token needs read and write access to the repository's webhooks",
        _ => "the host asks again in an hour",
    }
}

/// Whether it delivers to `/github/<namespace>/`, of whatever host: which name the world knows us by, we do not.
fn is_ours(hook: &Webhook, namespace: &str) -> bool {
    let url = hook.config.url.as_deref().and_then(|url| url.parse::<Url>().ok());
    let Some(url) = url else { return false };
    let mut path = url.path().trim_end_matches('/').rsplit('/');
    path.next() == Some(namespace) && path.next() == Some("github")
}

/// The attempts to be made again, the oldest first: the last one of each delivery that never arrived. What is asked for again
/// is young for ever: so the first attempt, which nobody asked for, must still be among them.
fn never_arrived(attempts: &[HookDelivery]) -> Vec<u64> {
    let mut by_guid: HashMap<&str, Vec<&HookDelivery>> = HashMap::new();
    for attempt in attempts {
        by_guid.entry(&attempt.guid).or_default().push(attempt);
    }
    let arrived = |attempt: &&HookDelivery| {
        (200..300).contains(&attempt.status_code) || CONSIDERED.contains(&attempt.status_code)
    };
    let missed = by_guid.into_values().filter(|attempts| {
        let is_young = attempts.iter().any(|attempt| !attempt.redelivery);
        is_young && attempts.len() < MOST_ATTEMPTS && !attempts.iter().any(arrived)
    });
    let mut missed: Vec<&HookDelivery> = missed
        .filter_map(|attempts| attempts.into_iter().max_by_key(|attempt| attempt.delivered_at))
        .collect();
    missed.sort_by_key(|attempt| (attempt.delivered_at, attempt.id));
    missed.iter().take(MOST_ASKED).map(|attempt| attempt.id).collect()
}

#[cfg(test)]
mod tests;
