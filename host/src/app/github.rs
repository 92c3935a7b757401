//! The way to GitHub, and what each namespace may do there.

use std::sync::Arc;

use innkeeper_core::clock::Clock;
use innkeeper_core::outbox::Target;
use tokio_util::sync::CancellationToken;

use crate::deliver::github::GithubTarget;
use crate::github::{Access, DEFAULT_API, GithubApi};
use crate::http_client;
use crate::trigger::github::missed::Missed;

/// The way to GitHub.
pub(super) struct Github {
    api: GithubApi,
    pub(super) access: Arc<Access>,
    clock: Arc<dyn Clock>,
}

impl Github {
    /// To the API that `GITHUB_API_URL` names.
    pub(super) fn new(access: Access, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let api_url = std::env::var("GITHUB_API_URL").unwrap_or_else(|_| DEFAULT_API.into());
        Ok(Self {
            api: GithubApi::new(http_client::client()?, &api_url, clock.clone())?,
            access: Arc::new(access),
            clock,
        })
    }

    pub(super) fn target(&self) -> Arc<dyn Target> {
        Arc::new(GithubTarget::new(self.api.clone(), self.access.clone()))
    }

    /// Asks for deliveries that were missed, until `stop`. Says in the log for whom it does not.
    pub(super) async fn ask_for_missed(self, stop: CancellationToken) {
        for gap in self.access.gaps() {
            tracing::warn!("{gap}");
        }
        let missed = Missed {
            watched: self.access.watched(),
            github: Arc::new(self.api),
            clock: self.clock,
        };
        missed.run(stop).await;
    }
}
