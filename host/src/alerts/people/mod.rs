//! The users: who is told of services, and what they entered into the fields of alert plugins.
//!
//! The one way to them, for the API (and so for the command line) and for Slack. What is entered is held against what the
//! plugin declares; secrets are sealed before they reach the store, and nothing here gives them back. Slack is asked for what
//! it knows better: names and addresses.

mod checked;
mod data;
mod in_slack;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use innkeeper_core::alert::plugin::{Field, Plugins, UserFields};
use innkeeper_core::config::Plugin;
use innkeeper_core::store::{FieldValue, NewPerson, Person, PersonChange, PersonId, PersonRefused, Store, StoreError};

pub use data::{Entered, FieldView, NewUser, PluginView, UserChange, UserView};

use super::vault::Vault;
use crate::current::Current;
use crate::slack::SlackApi;

/// Why something is not done. A text for whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is nobody of this name.
    #[error("there is no user `{0}`; `innkeeper user list` lists them")]
    Unknown(String),
    /// It makes no sense.
    #[error("{0}")]
    Refused(String),
    /// It cannot be entered into these fields, and nothing was kept. By field.
    #[error("{}", sentences(.0))]
    Fields(BTreeMap<String, String>),
    /// It could not be done now.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

fn sentences(faults: &BTreeMap<String, String>) -> String {
    let faults = faults.iter().map(|(field, fault)| format!("`{field}`: {fault}"));
    faults.collect::<Vec<_>>().join("; ")
}

impl From<PersonRefused> for PeopleError {
    fn from(refused: PersonRefused) -> Self {
        Self::Refused(refused.to_string())
    }
}

impl From<StoreError> for PeopleError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// The users.
pub struct People {
    /// Where they are kept.
    pub store: Arc<Store>,
    /// Which plugins there are.
    pub current: Current,
    /// Who knows what plugins want to know.
    pub plugins: Arc<dyn Plugins>,
    /// Seals secrets.
    pub vault: Vault,
    /// Knows people better. None: there is no token.
    pub slack: Option<Arc<SlackApi>>,
}

impl People {
    /// Every user, by name.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self) -> Result<Vec<Person>, PeopleError> {
        Ok(self.store.people().await?)
    }

    /// The user of this name, whatever its case, or with this Slack id.
    ///
    /// # Errors
    /// There is none; the store's.
    pub async fn find(&self, who: &str) -> Result<Person, PeopleError> {
        let named = self.store.person_named(who).await?;
        let found = match named {
            Some(person) => Some(person),
            None => self.store.person_in_slack(who).await?,
        };
        found.ok_or_else(|| PeopleError::Unknown(who.to_owned()))
    }

    /// A user, and what they entered for each plugin.
    ///
    /// # Errors
    /// There is none; the store's.
    pub async fn show(&self, who: &str) -> Result<UserView, PeopleError> {
        let person = self.find(who).await?;
        let plugins = self.entered_by(Some(person.id)).await?;
        Ok(UserView { person, plugins })
    }

    /// What each plugin wants to know, and what somebody entered; nothing of somebody who is no user yet. Plugins that want
    /// to know nothing are left out.
    ///
    /// # Errors
    /// The store's.
    pub async fn entered_by(&self, person: Option<PersonId>) -> Result<Vec<PluginView>, PeopleError> {
        let config = self.current.get();
        let plugins = config.alerts.plugins.values();
        let asked = plugins.map(|plugin| async move { (plugin, self.plugins.about(plugin.clone()).await) });
        let mut views = Vec::new();
        for (plugin, about) in futures_util::future::join_all(asked).await {
            let view = |title: &str| PluginView {
                plugin: plugin.name.clone(),
                title: title.to_owned(),
                fields: Vec::new(),
                problem: None,
            };
            match about {
                Ok(about) => {
                    let Some(declared) = &about.user_fields else { continue };
                    let mut view = view(&declared.title);
                    view.fields = self.fields(person, plugin, declared).await?;
                    views.push(view);
                }
                Err(why) => views.push(PluginView {
                    problem: Some(why),
                    ..view(&plugin.name)
                }),
            }
        }
        Ok(views)
    }

    async fn fields(
        &self,
        person: Option<PersonId>,
        plugin: &Plugin,
        declared: &UserFields,
    ) -> Result<Vec<FieldView>, PeopleError> {
        let kept: BTreeMap<String, FieldValue> = match person {
            Some(person) => self.store.fields(person, &plugin.name).await?.into_iter().collect(),
            None => BTreeMap::new(),
        };
        let fields = declared.fields.iter().map(|field| {
            let kept = kept.get(&field.name);
            FieldView {
                entered: kept.is_some(),
                value: match kept {
                    // One that is a secret now is none of anybody's business, however it is kept.
                    Some(FieldValue::Plain(text)) if !field.secret => Some(text.clone()),
                    _ => None,
                },
                ..FieldView::of(field)
            }
        });
        Ok(fields.collect())
    }

    /// Makes a user. What is missing is looked up in Slack.
    ///
    /// # Errors
    /// It makes no sense as it is; Slack's; the store's.
    pub async fn add(&self, new: NewUser) -> Result<Person, PeopleError> {
        let new = NewUser {
            name: new.name.map(|name| checked::name(&name)).transpose()?,
            email: new.email.map(|email| checked::email(&email)).transpose()?,
            slack: new.slack.map(|slack| checked::slack(&slack)).transpose()?,
            ..new
        };
        let profile = match (&new.slack, &new.email) {
            (Some(id), _) if new.name.is_none() || new.email.is_none() => self.in_slack(id, new.name.is_none()).await?,
            (None, Some(email)) => self.with_email(email).await,
            _ => None,
        };
        let name = match new.name.or(profile.as_ref().map(|profile| profile.name.clone())) {
            Some(name) => checked::name(&name)?,
            None => {
                let why = "a user has a name: give one, or the id of somebody in Slack";
                return Err(PeopleError::Refused(why.to_owned()));
            }
        };
        let person = NewPerson {
            email: new.email.or(profile.as_ref().and_then(|profile| profile.email.clone())),
            slack: new.slack.or(profile.map(|profile| profile.id)),
            active: new.active,
            fallback: new.fallback,
            name: name.clone(),
        };
        self.store.add_person(person).await??;
        self.find(&name).await
    }

    /// Changes a user.
    ///
    /// # Errors
    /// There is none, or it makes no sense; the store's.
    pub async fn change(&self, who: &str, change: UserChange) -> Result<Person, PeopleError> {
        let person = self.find(who).await?;
        let change = PersonChange {
            name: change.name.map(|name| checked::name(&name)).transpose()?,
            email: checked::given(change.email, checked::email)?,
            slack: checked::given(change.slack, checked::slack)?,
            active: change.active,
            fallback: change.fallback,
        };
        let name = change.name.clone().unwrap_or(person.name);
        self.store.change_person(person.id, change).await??;
        self.find(&name).await
    }

    /// Forgets a user and all that they entered.
    ///
    /// # Errors
    /// There is none; the store's.
    pub async fn remove(&self, who: &str) -> Result<Person, PeopleError> {
        let person = self.find(who).await?;
        match self.store.remove_person(person.id).await? {
            true => Ok(person),
            false => Err(PeopleError::Unknown(who.to_owned())),
        }
    }

    /// Keeps what a user enters into fields of a plugin: all of it or nothing.
    ///
    /// # Errors
    /// There is no such user, plugin or field; it may not be entered; there is no key for secrets; the store's.
    pub async fn enter(&self, who: &str, plugin: &str, entered: Entered) -> Result<(), PeopleError> {
        let person = self.find(who).await?;
        self.enter_all(person.id, &BTreeMap::from([(plugin.to_owned(), entered)]))
            .await
            .map_err(|error| match error {
                EnterError::Fields(mut faults) => PeopleError::Fields(faults.remove(plugin).unwrap_or_default()),
                EnterError::Other(error) => error,
            })
    }

    /// Keeps what a user enters for several plugins. Nothing is kept where anything of it is wrong.
    pub(crate) async fn enter_all(
        &self,
        person: PersonId,
        entered: &BTreeMap<String, Entered>,
    ) -> Result<(), EnterError> {
        for (plugin, fields) in self.values(person, entered).await? {
            let set = self.store.set_fields(person, plugin, fields).await;
            set.map_err(PeopleError::from)?.map_err(PeopleError::from)?;
        }
        Ok(())
    }

    /// Whether somebody who is no user yet could enter this.
    pub(crate) async fn check_all(&self, entered: &BTreeMap<String, Entered>) -> Result<(), EnterError> {
        self.values(PersonId(0), entered).await.map(drop)
    }

    /// What is kept of what a user enters, by plugin.
    async fn values<'a>(
        &self,
        person: PersonId,
        entered: &'a BTreeMap<String, Entered>,
    ) -> Result<Vec<(&'a str, Values)>, EnterError> {
        let mut faults: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut kept = Vec::new();
        for (plugin, entered) in entered {
            let declared = self.declared(plugin).await?;
            let mut values = Vec::new();
            for (name, text) in &entered.fields {
                match self.value(person, plugin, &declared, name, text.as_deref()) {
                    Ok(value) => values.push((name.clone(), value)),
                    Err(fault) => drop(faults.entry(plugin.clone()).or_default().insert(name.clone(), fault)),
                }
            }
            kept.push((plugin.as_str(), values));
        }
        match faults.is_empty() {
            true => Ok(kept),
            false => Err(EnterError::Fields(faults)),
        }
    }

    /// The fields that a plugin declares.
    async fn declared(&self, plugin: &str) -> Result<Vec<Field>, PeopleError> {
        let config = self.current.get();
        let Some(known) = config.alerts.plugins.get(plugin) else {
            let names: Vec<&str> = config.alerts.plugins.keys().map(String::as_str).collect();
            let there = match names.is_empty() {
                true => "there is none".to_owned(),
                false => format!("there are: {}", names.join(", ")),
            };
            return Err(PeopleError::Refused(format!(
                "there is no alert plugin `{plugin}`; {there}"
            )));
        };
        let about = self.plugins.about(known.clone()).await;
        let about =
            about.map_err(|why| anyhow::anyhow!("the plugin `{plugin}` does not say what it wants to know: {why}"))?;
        Ok(about
            .user_fields
            .as_ref()
            .map(|declared| declared.fields.clone())
            .unwrap_or_default())
    }

    /// What is kept of what was entered into a field. The error is about this field, and repeats nothing of it.
    fn value(
        &self,
        person: PersonId,
        plugin: &str,
        declared: &[Field],
        name: &str,
        text: Option<&str>,
    ) -> Result<Option<FieldValue>, String> {
        // What nobody asks for any more can still be taken away.
        let Some(text) = text else { return Ok(None) };
        let Some(field) = declared.iter().find(|field| field.name == name) else {
            let names: Vec<&str> = declared.iter().map(|field| field.name.as_str()).collect();
            return Err(match names.is_empty() {
                true => "the plugin wants to know nothing of anybody".to_owned(),
                false => format!("the plugin has no such field; it has: {}", names.join(", ")),
            });
        };
        let text = field.check(text).map_err(|fault| fault.to_string())?;
        // Where there is a default, that it is empty is something that was entered.
        if text.is_empty() && field.default.is_none() {
            return Ok(None);
        }
        match field.secret {
            false => Ok(Some(FieldValue::Plain(text))),
            true => {
                let sealed = self.vault.seal(person, plugin, name, &text);
                Ok(Some(FieldValue::Secret(sealed.map_err(|error| error.to_string())?)))
            }
        }
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

/// Fields, and what is kept of what was entered into them.
type Values = Vec<(String, Option<FieldValue>)>;

/// Why what was entered for several plugins is not kept.
pub(crate) enum EnterError {
    /// It cannot be entered. By plugin and field.
    Fields(BTreeMap<String, BTreeMap<String, String>>),
    /// Something else.
    Other(PeopleError),
}

impl From<PeopleError> for EnterError {
    fn from(error: PeopleError) -> Self {
        Self::Other(error)
    }
}
