//! What an alert plugin says of itself, what it is told and what it answers: the nouns of `wit/alert.wit`, as plain data, and
//! the contract of who calls plugins.

use std::sync::Arc;

use super::decision::Kind;
use super::rules::Acknowledgement;
use super::status::{Importance, Shown};
use crate::BoxFuture;
use crate::clock::Timestamp;
use crate::config::Plugin;
use crate::message::{HttpRequest, Mail, Message};
use crate::run::RunId;

/// What a plugin says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// What it is.
    pub metadata: Metadata,
    /// What it wants to know of each person. None: nothing.
    pub user_fields: Option<UserFields>,
}

/// What a plugin is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// How people choose it.
    pub name: String,
    /// Who wrote it.
    pub author: String,
    /// Its version.
    pub version: String,
    /// What it does, in a sentence.
    pub description: String,
    /// Whether it wants alerts of the kind `update`, too.
    pub wants_updates: bool,
    /// What whoever runs the host sets.
    pub settings: Vec<Field>,
}

/// The fields of a plugin, under a title of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFields {
    /// The title.
    pub title: String,
    /// In the order in which they are shown.
    pub fields: Vec<Field>,
}

/// Something that a plugin wants to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// What may be entered.
    pub kind: FieldKind,
    /// The longest text, in characters; 0 for the kinds that have none.
    pub max_length: u32,
    /// Whether it may be left empty.
    pub optional: bool,
    /// Whether it is kept encrypted, and never shown again.
    pub secret: bool,
    /// What it is until somebody enters something.
    pub default: Option<String>,
}

/// What may be entered into a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldKind {
    /// Any one line of text.
    #[default]
    Text,
    /// A whole number, as digits.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl Field {
    /// What is wrong with a text that was entered, in words that follow its name. None: nothing.
    pub fn fault(&self, entered: &str) -> Option<String> {
        match self.kind {
            FieldKind::Text if entered.contains(char::is_control) => Some("has to be one line".to_owned()),
            FieldKind::Text if entered.chars().count() > self.max_length as usize => {
                Some(format!("has at most {} characters", self.max_length))
            }
            FieldKind::Number if entered.parse::<i64>().is_err() => Some("has to be a whole number".to_owned()),
            FieldKind::Boolean if !["true", "false"].contains(&entered) => {
                Some("has to be `true` or `false`".to_owned())
            }
            FieldKind::Text | FieldKind::Number | FieldKind::Boolean => match entered.is_empty() && !self.optional {
                true => Some("may not be empty".to_owned()),
                false => None,
            },
        }
    }

    /// Whether there is something without anybody entering it.
    const fn can_be_left_out(&self) -> bool {
        self.optional || self.default.is_some()
    }
}

/// What is wrong with the settings of a plugin, given what it says of itself: sentences for whoever runs the host.
pub fn check_settings(plugin: &Plugin, about: &About) -> Vec<String> {
    let declared = &about.metadata.settings;
    let known = |name: &str| declared.iter().any(|field| field.name == name);
    let at = |table: &str, name: &str| format!("`{name}` under `[plugins.{}.{table}]`", plugin.name);
    let mut wrong = Vec::new();
    for (table, names) in [
        ("settings", plugin.settings.keys().collect::<Vec<_>>()),
        ("secrets", plugin.secrets.keys().collect()),
    ] {
        let unknown = names.into_iter().filter(|name| !known(name));
        wrong.extend(unknown.map(|name| {
            let names: Vec<&str> = declared.iter().map(|field| field.name.as_str()).collect();
            let there = match names.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has `{}`", names.join("`, `")),
            };
            format!("{} is no setting of the plugin: {there}", at(table, name))
        }));
    }
    for field in declared {
        let name = &field.name;
        let value = plugin.settings.get(name);
        let secret = plugin.secrets.contains_key(name);
        match (field.secret, value, secret) {
            (true, Some(_), _) => wrong.push(format!(
                "{} is a secret: take its value out, and name the environment variable with it under `[plugins.{}.secrets]`",
                at("settings", name),
                plugin.name
            )),
            (false, _, true) => wrong.push(format!(
                "{} is no secret: the plugin needs its value, so write it under `[plugins.{}.settings]`",
                at("secrets", name),
                plugin.name
            )),
            (false, Some(value), false) => wrong.extend(
                field
                    .fault(value)
                    .map(|fault| format!("{} {fault}", at("settings", name))),
            ),
            (_, None, false) if !field.can_be_left_out() => {
                let table = if field.secret { "secrets" } else { "settings" };
                wrong.push(format!("{} is missing: {}", at(table, name), field.label));
            }
            (_, None, _) => {}
        }
    }
    wrong
}

/// What a plugin is called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The same each time that the plugin is called with this alert, and no other's.
    pub id: String,
    /// Why.
    pub kind: Kind,
    /// When it was decided.
    pub at: Timestamp,
    /// The number of the incident, for each service by itself.
    pub incident: u64,
    /// Whether it is a test, of a service that is made up.
    pub test: bool,
    /// Of what.
    pub service: ServiceTold,
    /// The service's people, those on duty among them.
    pub users: Vec<UserTold>,
    /// Who is on duty.
    pub duty_officers: Vec<UserTold>,
    /// The plugin's settings, by name; secrets as placeholders.
    pub settings: Vec<(String, String)>,
}

/// A service, as a plugin is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceTold {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where it is.
    pub url: Option<String>,
    /// Where it says what to do.
    pub runbook: Option<String>,
    /// The status that was told last. Never `Disabled`.
    pub before: Shown,
    /// Its status now. Never `Disabled`.
    pub now: Shown,
    /// Since when it fails or, where it passes again, when it began to fail.
    pub since: Timestamp,
    /// All its active checks.
    pub checks: Vec<CheckTold>,
    /// Who is on it.
    pub acknowledgement: Option<Acknowledgement>,
}

/// A check, as a plugin is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckTold {
    /// Its name.
    pub name: String,
    /// How much its failure matters.
    pub importance: Importance,
    /// Whether it passes.
    pub passing: bool,
    /// Its last run.
    pub run: Option<RunId>,
    /// The last lines of what that run wrote.
    pub output: String,
}

/// Somebody who is to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserTold {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The id in Slack.
    pub slack: Option<String>,
    /// What was entered into the plugin's fields, by name; secrets as placeholders.
    pub fields: Vec<(String, String)>,
}

/// What a plugin wants sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// A Slack message.
    Slack(SlackMessage),
    /// An HTTP request.
    Http(HttpRequest),
    /// A mail.
    Mail(Mail),
}

/// A Slack message of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlackMessage {
    /// The channel, its id or `#name`, or a user's id.
    pub to: String,
    /// What it says.
    pub message: Message,
    /// Where in the channel.
    pub place: SlackPlace,
    /// Whether buttons are added: acknowledge, withdraw, silence.
    pub buttons: bool,
}

/// Where in a channel a Slack message goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlackPlace {
    /// At top level, by itself.
    #[default]
    Alone,
    /// It is the message of the incident: posted the first time, and edited from then on.
    Incident,
    /// Into the thread below the message of the incident.
    Thread,
}

/// Calls plugins. Implemented by those who can run them.
pub trait Plugins: Send + Sync {
    /// What the plugin says of itself: its exports `describe` and `user-fields`. Asked again only when its file changes.
    ///
    /// # Errors
    /// A sentence that begins with the component's name: it cannot be loaded, failed, or says what makes no sense.
    fn about(&self, plugin: Arc<Plugin>) -> BoxFuture<'_, Result<Arc<About>, String>>;

    /// What the plugin wants sent because of this: its export `send-alert`. All of it was validated.
    ///
    /// # Errors
    /// A sentence that begins with the component's name: it cannot be loaded, trapped, hung, failed, or answered with what
    /// cannot be sent. It is to be called again later.
    fn send_alert(&self, plugin: Arc<Plugin>, telling: Telling) -> BoxFuture<'_, Result<Vec<Sending>, String>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ComponentSource, HttpGrants, Limits};

    fn field(name: &str) -> Field {
        Field {
            name: name.into(),
            label: name.to_uppercase(),
            max_length: 10,
            ..Field::default()
        }
    }

    fn wrong(declared: &[Field], settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> Vec<String> {
        let table = |entries: &[(&str, &str)]| {
            let entries = entries.iter();
            entries
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let plugin = Plugin {
            name: "sms".into(),
            component: ComponentSource::File("sms.wasm".into()),
            settings: table(settings),
            secrets: table(secrets),
            http: HttpGrants::default(),
            limits: Limits {
                wall_time: std::time::Duration::ZERO,
                cpu_time: std::time::Duration::ZERO,
                memory: 0,
                disk: 0,
                stdout: 0,
                stderr: 0,
            },
        };
        let mut about = About::default();
        about.metadata.settings = declared.to_vec();
        check_settings(&plugin, &about)
    }

    #[test]
    fn settings_are_what_the_plugin_declares() {
        let from = field("from");
        let token = Field {
            secret: true,
            ..field("token")
        };
        let declared = [from, token];
        assert_eq!(wrong(&declared, &[("from", "+44")], &[("token", "SMS_TOKEN")]), [""; 0]);
        assert_eq!(
            wrong(&declared, &[("form", "+44")], &[]),
            [
                "`form` under `[plugins.sms.settings]` is no setting of the plugin: it has `from`, `token`",
                "`from` under `[plugins.sms.settings]` is missing: FROM",
                "`token` under `[plugins.sms.secrets]` is missing: TOKEN",
            ]
        );
        assert_eq!(
            wrong(&declared, &[("token", "abc")], &[("from", "FROM")]),
            [
                "`from` under `[plugins.sms.secrets]` is no secret: the plugin needs its value, so write it under `[plugins.sms.settings]`",
                "`token` under `[plugins.sms.settings]` is a secret: take its value out, and name the environment variable with it under `[plugins.sms.secrets]`",
            ]
        );
        assert_eq!(
            wrong(&[], &[("x", "")], &[]),
            ["`x` under `[plugins.sms.settings]` is no setting of the plugin: it has none"]
        );
    }

    #[test]
    fn what_is_optional_or_has_a_default_may_be_missing() {
        let optional = Field {
            optional: true,
            ..field("a")
        };
        let defaulted = Field {
            default: Some("x".into()),
            ..field("b")
        };
        assert_eq!(wrong(&[optional, defaulted], &[], &[]), [""; 0]);
    }

    #[test]
    fn a_field_takes_what_it_says() {
        let of = |kind| Field { kind, ..field("a") };
        let fault = |kind, entered: &str| of(kind).fault(entered);
        assert_eq!(fault(FieldKind::Text, "0123456789"), None);
        assert_eq!(
            fault(FieldKind::Text, "0123456789a").as_deref(),
            Some("has at most 10 characters")
        );
        assert_eq!(fault(FieldKind::Text, "a\nb").as_deref(), Some("has to be one line"));
        assert_eq!(fault(FieldKind::Text, "").as_deref(), Some("may not be empty"));
        assert_eq!(fault(FieldKind::Number, "-12"), None);
        assert_eq!(
            fault(FieldKind::Number, "12 000").as_deref(),
            Some("has to be a whole number")
        );
        assert_eq!(
            fault(FieldKind::Boolean, "yes").as_deref(),
            Some("has to be `true` or `false`")
        );
    }
}
