//! How people in Slack say how they are told: a modal with the fields of alert plugins, and the app's home.
//!
//! ```text
//!   `me`, a button that says so ─► views.open ─► view_submission ─► kept, or what is wrong at its field
//!   app_home_opened ─► views.publish: a button a plugin
//! ```
//!
//! Everybody edits themselves and nobody else. Slack waits three seconds, for the modal as for what becomes of it, so
//! both are done before the acknowledgement. What somebody entered may be a secret: nothing of it is logged or kept but
//! through [`People`].

#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::request::SlackOrigin;
use innkeeper_core::store::Person;
use serde::Deserialize;
use serde_json::{Value, json};

use self::view::{CALLBACK, Wanted};
use super::SlackDirectory;
use crate::alerts::people::{EnterError, People, PeopleError, PluginView};
use crate::slack::{Confirmed, Identity, SlackApi};
use crate::trigger::{Directory, Standing};

/// How long the form may take. What opens it is good for three seconds.
const PATIENCE: Duration = Duration::from_secs(2);

const MEMBERS_ONLY: &str = "Only full members of this workspace can say here how they are told.";
const TOO_SLOW: &str = "That took too long: a plugin may be starting. Try again in a moment.";
const NO_FIELDS: &str = "No alert plugin wants to know anything of you.";

/// The preferences of people in Slack.
pub struct Preferences {
    /// The users.
    pub people: Arc<People>,
    /// Who is a full member.
    pub directory: Arc<SlackDirectory>,
    /// The way to Slack.
    pub api: Arc<SlackApi>,
    /// Who the bot is.
    pub identity: Identity,
}

/// Somebody in Slack, as an event or an interaction names them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Somebody {
    id: String,
    #[serde(default)]
    team_id: Option<String>,
}

impl Somebody {
    pub(super) fn new(id: &str, team_id: Option<&str>) -> Self {
        Self {
            id: id.to_owned(),
            team_id: team_id.map(str::to_owned),
        }
    }
}

/// Whether this is said to see one's preferences.
pub(super) fn is_wanted(text: &str) -> bool {
    Wanted::read(text).is_some()
}

/// Whether an interaction is ours: a modal that came back.
pub(super) fn is_submission(payload: &Value) -> bool {
    payload["type"] == "view_submission" && payload["view"]["callback_id"] == CALLBACK
}

impl Preferences {
    /// Opens the modal for somebody who said `text`: the form, or a sentence why there is none.
    ///
    /// # Errors
    /// A sentence: Slack does not open it.
    pub(super) async fn open(&self, who: &Somebody, text: &str, trigger: &str) -> Result<(), String> {
        let wanted = Wanted::read(text).unwrap_or(Wanted::All);
        let form = tokio::time::timeout(PATIENCE, self.form(who, &wanted)).await;
        let view = form.unwrap_or_else(|_| Err(TOO_SLOW.to_owned()));
        let view = view.unwrap_or_else(|why| view::sentence(&why));
        let opened = json!({"trigger_id": trigger, "view": view});
        match self.api.post::<Confirmed>("views.open", &opened).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, user = who.id, "preferences cannot be shown");
                Err("I could not show you your preferences. Try again in a moment.".to_owned())
            }
        }
    }

    async fn form(&self, who: &Somebody, wanted: &Wanted) -> Result<Value, String> {
        let (_, mut plugins) = self.known_of(who).await?;
        if let Wanted::Plugin(name) = wanted {
            plugins.retain(|plugin| plugin.plugin == *name);
            if plugins.is_empty() {
                return Err(format!(
                    "There is no alert plugin `{name}` that wants to know anything of you."
                ));
            }
        }
        match plugins.is_empty() {
            true => Err(NO_FIELDS.to_owned()),
            false => Ok(view::form(&plugins)),
        }
    }

    /// Keeps what came back with a modal. Says what Slack is answered.
    pub(super) async fn submitted(self: &Arc<Self>, payload: &Value) -> Value {
        let values = &payload["view"]["state"]["values"];
        let Ok(who) = Somebody::deserialize(&payload["user"]) else {
            return view::fault(values, "Slack did not say who you are: nothing was kept.");
        };
        match tokio::time::timeout(PATIENCE, self.keep(&who, values)).await {
            Ok(Ok(())) => {
                let this = Arc::clone(self);
                tokio::spawn(async move { this.show_home(&who).await });
                json!({})
            }
            Ok(Err(EnterError::Fields(faults))) => view::faults(&faults),
            Ok(Err(EnterError::Other(error))) => view::fault(values, &told(&error)),
            Err(_) => view::fault(values, TOO_SLOW),
        }
    }

    async fn keep(&self, who: &Somebody, values: &Value) -> Result<(), EnterError> {
        let refused = |why: String| EnterError::Other(PeopleError::Refused(why));
        self.refuse_outsiders(who).await.map_err(refused)?;
        let known = self
            .people
            .store
            .person_in_slack(&who.id)
            .await
            .map_err(PeopleError::from)?;
        let plugins = self.people.entered_by(known.as_ref().map(|known| known.id)).await?;
        let entered = view::entered(values, &plugins);
        if let Some(known) = known {
            return self.people.enter_all(known.id, &entered).await;
        }
        // Whoever saves what cannot be kept is no user yet.
        self.people.check_all(&entered).await?;
        let person = self.people.of_slack(&who.id).await?;
        self.people.enter_all(person.id, &entered).await
    }

    /// Shows somebody the app's home as it is now.
    pub(super) async fn show_home(&self, who: &Somebody) {
        let view = self.home(who).await.unwrap_or_else(|why| view::home_sentence(&why));
        let published = json!({"user_id": who.id, "view": view});
        if let Err(error) = self.api.post::<Confirmed>("views.publish", &published).await {
            tracing::warn!(%error, user = who.id, "the app's home cannot be shown");
        }
    }

    async fn home(&self, who: &Somebody) -> Result<Value, String> {
        let (person, plugins) = self.known_of(who).await?;
        Ok(view::home(person.as_ref(), &plugins))
    }

    /// Who that is, as a user, and what they entered for each plugin; a sentence for whom it is nothing.
    async fn known_of(&self, who: &Somebody) -> Result<(Option<Person>, Vec<PluginView>), String> {
        self.refuse_outsiders(who).await?;
        let person = self.people.store.person_in_slack(&who.id).await;
        let person = person.map_err(|error| told(&error.into()))?;
        let entered = self.people.entered_by(person.as_ref().map(|person| person.id)).await;
        Ok((person, entered.map_err(|error| told(&error))?))
    }

    async fn refuse_outsiders(&self, who: &Somebody) -> Result<(), String> {
        let origin = SlackOrigin {
            team: self.identity.team.clone(),
            channel: String::new(),
            user: who.id.clone(),
            user_team: who.team_id.clone(),
            thread: None,
            message: None,
            direct: true,
        };
        match self.directory.look_up(&origin).await {
            Ok(Standing::Member) => Ok(()),
            Ok(Standing::Outsider) => Err(MEMBERS_ONLY.to_owned()),
            Err(why) => {
                tracing::warn!(why, user = who.id, "who wants to see their preferences is not known");
                Err("Slack does not say now who you are. Try again in a moment.".to_owned())
            }
        }
    }
}

/// What somebody in Slack is told of an error. What is wrong with the host is for its log.
fn told(error: &PeopleError) -> String {
    match error {
        PeopleError::Failed(why) => {
            tracing::error!(error = format!("{why:#}"), "preferences could not be read or kept");
            "That did not work; the log of the host has more. Nothing was kept.".to_owned()
        }
        other => other.to_string(),
    }
}
