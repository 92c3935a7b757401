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
