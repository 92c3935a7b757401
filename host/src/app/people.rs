//! The users, joined from their parts.

use std::sync::Arc;

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
            plugins: self.plugins.clone(),
            vault: Vault::new(self.secrets.clone()),
            slack: slack.map(Arc::new),
        }))
    }
}
