//! The users: who is told of services, and what they entered into the fields of alert plugins.
//!
//! The one way to them, for the API (and so for the command line) and for Slack. What is entered is held against what the
//! plugin declares; secrets are sealed before they reach the store, and nothing here gives them back. Slack is asked for what
//! it knows better: names and addresses.

mod data;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use anyhow::Context;
use innkeeper_core::alert::plugin::{Field, Plugins, UserFields};
use innkeeper_core::config::Plugin;
use innkeeper_core::store::{FieldValue, NewPerson, Person, PersonChange, PersonId, PersonRefused, Store, StoreError};

pub use data::{Entered, FieldView, NewUser, PluginView, UserChange, UserView};

use super::vault::Vault;
use crate::current::Current;
use crate::slack::{Profile, SlackApi};

/// The longest name, and the longest address, in characters.
const LONGEST_NAME: usize = 100;
const LONGEST_EMAIL: usize = 254;

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
            name: new.name.map(|name| checked_name(&name)).transpose()?,
            email: new.email.map(|email| checked_email(&email)).transpose()?,
            slack: new.slack.map(|slack| checked_slack(&slack)).transpose()?,
            ..new
        };
        let profile = match (&new.slack, &new.email) {
            (Some(id), _) if new.name.is_none() || new.email.is_none() => self.in_slack(id, new.name.is_none()).await?,
            (None, Some(email)) => self.with_email(email).await,
            _ => None,
        };
        let name = match new.name.or(profile.as_ref().map(|profile| profile.name.clone())) {
            Some(name) => checked_name(&name)?,
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
            name: change.name.map(|name| checked_name(&name)).transpose()?,
            email: checked(change.email, checked_email)?,
            slack: checked(change.slack, checked_slack)?,
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

    /// The user with this Slack id, who becomes one where Slack knows them. One of the same e-mail address who has no id in
    /// Slack yet is the same person.
    ///
    /// # Errors
    /// Slack does not know them, or another user has their name; the store's.
    pub(crate) async fn of_slack(&self, id: &str) -> Result<Person, PeopleError> {
        if let Some(person) = self.store.person_in_slack(id).await? {
            return Ok(person);
        }
        let Some(profile) = self.in_slack(id, true).await? else {
            return Err(PeopleError::Refused(format!("Slack knows nobody with the id `{id}`")));
        };
        let people = self.store.people().await?;
        let has_address = |person: &&Person| person.email.is_some() && person.email == profile.email;
        if let Some(person) = people.iter().filter(|person| person.slack.is_none()).find(has_address) {
            let change = PersonChange {
                slack: Some(Some(profile.id)),
                ..PersonChange::default()
            };
            self.store.change_person(person.id, change).await??;
            return self.find(id).await;
        }
        let person = NewPerson {
            name: checked_name(&profile.name)?,
            email: profile.email,
            slack: Some(profile.id),
            active: true,
            fallback: false,
        };
        match self.store.add_person(person).await? {
            Ok(_) => self.find(id).await,
            Err(PersonRefused::NameTaken(name)) => Err(PeopleError::Refused(format!(
                "there is a user `{name}` already; if that is you, have whoever runs the host say `innkeeper user change \
                 \"{name}\" --slack {id}`"
            ))),
            Err(refused) => Err(refused.into()),
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

    /// Whom an id in Slack is of; an error where it has to be known and is not.
    async fn in_slack(&self, id: &str, needed: bool) -> Result<Option<Profile>, PeopleError> {
        let asked = match &self.slack {
            Some(slack) => slack.profile(id).await.context("who that is in Slack is not known"),
            None if needed => {
                let why = "there is no SLACK_BOT_TOKEN to look the name up with: give a name";
                return Err(PeopleError::Refused(why.to_owned()));
            }
            None => return Ok(None),
        };
        match asked {
            Ok(Some(profile)) if profile.is_a_person => Ok(Some(profile)),
            Ok(Some(_)) => Err(PeopleError::Refused(format!("`{id}` is a bot or was deactivated"))),
            Ok(None) => Err(PeopleError::Refused(format!("Slack knows nobody with the id `{id}`"))),
            Err(error) if needed => Err(error.into()),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "a user is added without what Slack knows");
                Ok(None)
            }
        }
    }

    /// Whose an address is in Slack, where that can be found out.
    async fn with_email(&self, email: &str) -> Option<Profile> {
        match self.slack.as_ref()?.profile_by_email(email).await {
            Ok(profile) => profile.filter(|profile| profile.is_a_person),
            Err(error) => {
                tracing::warn!(%error, "a user is added without their id in Slack; `innkeeper user change NAME --slack U…` adds it");
                None
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

type Check = fn(&str) -> Result<String, PeopleError>;

fn checked(given: Option<Option<String>>, check: Check) -> Result<Option<Option<String>>, PeopleError> {
    given
        .map(|given| given.map(|text| check(&text)).transpose())
        .transpose()
}

fn checked_name(name: &str) -> Result<String, PeopleError> {
    let name = name.trim();
    let length = name.chars().count();
    match length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
        true => Err(PeopleError::Refused(format!(
            "a name is one line of at most {LONGEST_NAME} characters"
        ))),
        false => Ok(name.to_owned()),
    }
}

/// Whether mail arrives there only the mail server knows. This catches slips.
fn checked_email(email: &str) -> Result<String, PeopleError> {
    let email = email.trim();
    let parts = email.split_once('@');
    let whole = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';');
    match whole && !email.contains(odd) && email.chars().count() <= LONGEST_EMAIL {
        true => Ok(email.to_owned()),
        false => Err(PeopleError::Refused(
            "that is no e-mail address: it looks like `ann@example.com`".to_owned(),
        )),
    }
}

fn checked_slack(id: &str) -> Result<String, PeopleError> {
    let id = id.trim();
    let plain = id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    match id.starts_with(['U', 'W']) && plain && (2..=30).contains(&id.len()) {
        true => Ok(id.to_owned()),
        false => Err(PeopleError::Refused(
            "that is no id of somebody in Slack: it looks like `U0123ABCD`; their profile has it under `Copy member ID`"
                .to_owned(),
        )),
    }
}
