//! For the tests of this trigger: the bot that they speak of, and a door that remembers who came.

#![expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::sync::{Arc, Mutex};

use innkeeper_core::config::secrets::Secret;
use innkeeper_core::request::AskingId;

use super::*;
use crate::slack::SlackApi;

pub(super) const BOT: &str = "U0BOT";
pub(super) const TEAM: &str = "T0INN";

pub(super) fn identity() -> Identity {
    Identity {
        user: BOT.into(),
        bot: Some("B0BOT".into()),
        team: TEAM.into(),
        enterprise: None,
        url: Some("https://inn.slack.com/".into()),
    }
}

/// Stands where [`Intake`] does.
#[derive(Default)]
pub(super) struct Doorkeeper {
    pub(super) heard: Mutex<Vec<Said>>,
    pub(super) unreadable: Mutex<Vec<String>>,
    /// What becomes of an asking; none: accepted.
    pub(super) becomes: Mutex<Option<Heard>>,
    /// Nothing can be kept.
    pub(super) full: Mutex<bool>,
}

impl Doorkeeper {
    pub(super) fn trigger(self: &Arc<Self>) -> Arc<SlackTrigger> {
        let nowhere = SlackApi::new("http://127.0.0.1:1/api", Secret::new("xoxb-test"), None).unwrap();
        let channels = Arc::new(Channels::new(Arc::new(nowhere)));
        Arc::new(SlackTrigger::at(
            Arc::clone(self) as Arc<dyn Door>,
            identity(),
            channels,
        ))
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.heard
            .lock()
            .unwrap()
            .iter()
            .map(|said| said.text.clone())
            .collect()
    }

    fn room(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!*self.full.lock().unwrap(), "the disk is full");
        Ok(())
    }
}

impl Door for Doorkeeper {
    fn hear(&self, said: Said) -> BoxFuture<'_, anyhow::Result<Heard>> {
        Box::pin(async move {
            self.room()?;
            self.heard.lock().unwrap().push(said);
            Ok(self.becomes.lock().unwrap().clone().unwrap_or(Heard::Accepted {
                asking: AskingId(1),
                requests: Vec::new(),
            }))
        })
    }

    fn keep_unreadable<'a>(
        &'a self,
        source: &'a str,
        body: &'a str,
        why: &'a str,
    ) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async move {
            self.room()?;
            self.unreadable.lock().unwrap().push(format!("{source}: {why}: {body}"));
            Ok(())
        })
    }

    fn keywords(&self) -> Arc<Book> {
        Arc::default()
    }
}
