//! What Slack knows of people: names and addresses, and who becomes a user from there.

use anyhow::Context;
use innkeeper_core::store::{NewPerson, Person, PersonChange, PersonRefused};

use super::{People, PeopleError, checked};
use crate::slack::Profile;

impl People {
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
            return self.with_id(id).await;
        }
        let person = NewPerson {
            name: checked::name(&profile.name)?,
            email: profile.email,
            slack: Some(profile.id),
            active: true,
            fallback: false,
        };
        match self.store.add_person(person).await? {
            Ok(_) => self.with_id(id).await,
            Err(PersonRefused::NameTaken(name)) => Err(PeopleError::Refused(format!(
                "there is a user `{name}` already; if that is you, have whoever runs the host say `innkeeper user change \
                 \"{name}\" --slack {id}`"
            ))),
            Err(refused) => Err(refused.into()),
        }
    }

    /// The user with this Slack id, whatever others are called: a name may look like an id.
    async fn with_id(&self, id: &str) -> Result<Person, PeopleError> {
        let person = self.store.person_in_slack(id).await?;
        person.ok_or_else(|| PeopleError::Refused(format!("the user with the Slack id `{id}` is gone again")))
    }

    /// Whom an id in Slack is of; an error where it has to be known and is not.
    pub(super) async fn in_slack(&self, id: &str, needed: bool) -> Result<Option<Profile>, PeopleError> {
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
    pub(super) async fn with_email(&self, email: &str) -> Option<Profile> {
        match self.slack.as_ref()?.profile_by_email(email).await {
            Ok(profile) => profile.filter(|profile| profile.is_a_person),
            Err(error) => {
                tracing::warn!(%error, "a user is added without their id in Slack; `innkeeper user change NAME --slack U…` adds it");
                None
            }
        }
    }
}
