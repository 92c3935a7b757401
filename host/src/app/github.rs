//! The way to GitHub, and what each namespace may do there.

use std::sync::{Arc, Mutex, PoisonError};

use innkeeper_core::clock::Clock;
use innkeeper_core::config::secrets::Secret;
use innkeeper_core::outbox::Target;
use tokio_util::sync::CancellationToken;

use crate::current::{Current, Derived};
use crate::deliver::github::GithubTarget;
use crate::github::{Access, DEFAULT_API, GithubApi};
use crate::trigger::github::missed::{BETWEEN, Missed};

/// Where GitHub's API is.
pub(super) fn api_url() -> String {
    std::env::var("GITHUB_API_URL").unwrap_or_else(|_| DEFAULT_API.into())
}

/// The way to GitHub.
pub(super) struct Github {
    api: GithubApi,
    access: Arc<Derived<Access>>,
    clock: Arc<dyn Clock>,
}

impl Github {
    /// To the API that `GITHUB_API_URL` names; `secret` gives a token's value by its name.
    pub(super) fn new(
        current: Current,
        secret: impl Fn(&str) -> Option<Secret> + Send + Sync + 'static,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            api: GithubApi::new(&api_url(), clock.clone())?,
            access: Arc::new(Derived::new(current, move |config| Access::of(config, &secret))),
            clock,
        })
    }

    pub(super) fn target(&self) -> Arc<dyn Target> {
        Arc::new(GithubTarget::new(self.api.clone(), self.access.clone()))
    }

    /// Asks for deliveries that were missed, until `stop`. Says in the log for whom it does not, when that changes.
    pub(super) async fn ask_for_missed(self, stop: CancellationToken) {
        let access = self.access;
        let told = Mutex::new(Vec::new());
        let watched = move || {
            let access = access.get();
            let gaps = access.gaps();
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if *told != gaps {
                for gap in &gaps {
                    tracing::warn!("{}", gap.says);
                }
                *told = gaps;
            }
            access.watched()
        };
        let missed = Missed {
            watched: Box::new(watched),
            github: Arc::new(self.api),
            clock: self.clock,
            between: BETWEEN,
        };
        missed.run(stop).await;
    }
}
