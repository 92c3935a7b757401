//! Who is told of services, for full members of the workspace; and the way to one's own preferences. Editing others is the
//! command line's.

use anyhow::Context;
use innkeeper_core::alert::fold_name;
use innkeeper_core::report::{self, Button};
use innkeeper_core::request::Origin;
use innkeeper_core::store::Person;

use super::Decision;
use super::case::Case;

/// How many users are listed. A message has an end.
const MOST: usize = 100;

impl Case<'_> {
    /// A message cannot open a modal; a press of a button can, and so can a slash command, which does not come here.
    pub(super) fn preferences(&self) -> Decision {
        match self.origin {
            Origin::Slack(_) => {
                let button = Button {
                    label: "Open my preferences".to_owned(),
                    says: "me".to_owned(),
                    danger: false,
                    confirm: false,
                    service: None,
                };
                let text = "How you are told of services is for you to say:".to_owned();
                Decision::only_said(
                    super::reply_with(self.origin, report::with_buttons(text, &[button])),
                    false,
                )
            }
            _ => self
                .answer("`innkeeper user show NAME` shows how somebody is told, and `innkeeper user set` changes it."),
        }
    }

    /// Every user, and how they are marked.
    pub(super) async fn users(&self) -> anyhow::Result<Decision> {
        if let Some(refusal) = self.refuse_strangers() {
            return Ok(refusal);
        }
        let people = self.people().await?;
        if people.is_empty() {
            return Ok(self.answer(format!(
                "Nobody is told of services yet. Whoever says `{}me` can be.",
                self.prefix()
            )));
        }
        let more = people.len().saturating_sub(MOST);
        let mut lines: Vec<String> = people
            .iter()
            .take(MOST)
            .map(|person| format!("• {}", line(person)))
            .collect();
        if more > 0 {
            lines.push(format!("… and {more} more: `innkeeper user list` has all of them."));
        }
        Ok(self.answer(lines.join("\n")))
    }

    /// One of them, and of which services they are told.
    pub(super) async fn user(&self, name: &str) -> anyhow::Result<Decision> {
        if let Some(refusal) = self.refuse_strangers() {
            return Ok(refusal);
        }
        let id = name.strip_prefix("<@").and_then(|id| id.strip_suffix('>'));
        let id = id.map(|id| id.split('|').next().unwrap_or(id)).unwrap_or(name);
        let people = self.people().await?;
        let is_it =
            |person: &&Person| fold_name(&person.name) == fold_name(name) || person.slack.as_deref() == Some(id);
        let Some(person) = people.iter().find(is_it) else {
            let shown: String = name.chars().take(100).collect();
            return Ok(self.refusal(format!(
                "There is no user {}. `users` lists them.",
                report::escape(&shown)
            )));
        };
        let services = self.menu.config.alerts.services.values();
        let told_of: Vec<String> = services
            .filter(|service| self.sees(service) && !self.only_alone(service))
            .filter(|service| {
                let mut names = service.users_to_notify.iter();
                names.any(|name| fold_name(name) == fold_name(&person.name))
            })
            .map(|service| format!("`{}`", service.name))
            .collect();
        let told_of = match told_of.is_empty() {
            true => "No service names them.".to_owned(),
            false => format!("Told of {}.", told_of.join(", ")),
        };
        Ok(self.answer(format!("{}\n{told_of}", line(person))))
    }

    /// Names and addresses are for full members, and for the host's owner.
    fn refuse_strangers(&self) -> Option<Decision> {
        match self.origin {
            Origin::Slack(_) => self.refuse_outsiders("users"),
            Origin::Cli(_) => None,
            _ => Some(self.refusal("Who is told of services is said in Slack, and on the host's command line.")),
        }
    }

    async fn people(&self) -> anyhow::Result<Vec<Person>> {
        let people = self.parts.store.people().await;
        people.context("the users could not be read")
    }
}

/// Whoever is listed is not called: no mention, but their id's text.
fn line(person: &Person) -> String {
    let mut parts = vec![format!("*{}*", report::escape(&person.name))];
    parts.extend(person.email.as_deref().map(report::escape));
    if person.slack.is_none() {
        parts.push("not in Slack".to_owned());
    }
    if !person.active {
        parts.push("not active: told nothing".to_owned());
    }
    if person.fallback {
        parts.push("told when nobody is on duty".to_owned());
    }
    parts.join(", ")
}
