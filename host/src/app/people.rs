//! The users, joined from their parts.

use std::sync::Arc;

use innkeeper_core::BoxFuture;
use innkeeper_core::alert::plugin::{About, Plugins, Sending, Telling};
use innkeeper_core::config::Plugin;

use super::App;
use crate::alerts::Vault;
use crate::alerts::people::People;
use crate::slack::{SlackApi, api_url};

impl App {
    /// The users. Slack is asked about them where there is a token.
    ///
    /// # Errors
    /// The token cannot be read, or Slack's address is none.
    pub(super) fn people(&self) -> anyhow::Result<Arc<People>> {
        let token = self.secrets.get("SLACK_BOT_TOKEN")?;
        let slack = token.map(|token| SlackApi::new(&api_url(), token, None)).transpose()?;
        Ok(Arc::new(People {
            store: self.store.clone(),
            current: self.current.clone(),
            plugins: Arc::new(NoPlugins),
            vault: Vault::new(self.secrets.clone()),
            slack: slack.map(Arc::new),
        }))
    }
}

/// Where this host cannot run alert plugins.
struct NoPlugins;

const CANNOT: &str = "this host cannot run alert plugins";

impl Plugins for NoPlugins {
    fn about(&self, _plugin: Arc<Plugin>) -> BoxFuture<'_, Result<Arc<About>, String>> {
        Box::pin(std::future::ready(Err(CANNOT.to_owned())))
    }

    fn send_alert(&self, _plugin: Arc<Plugin>, _telling: Telling) -> BoxFuture<'_, Result<Vec<Sending>, String>> {
        Box::pin(std::future::ready(Err(CANNOT.to_owned())))
    }
}
