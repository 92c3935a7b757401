//! What goes into the operations on services and comes out of them. Plain data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::RunEnd;
use crate::alert::{Alert, Change, CheckState, Kind, Service, State, Status};
use crate::clock::Timestamp;
use crate::request::{NewAsking, NewRequest, id};
use crate::run::{Ending, RunId};

/// A look at a check that went past the queue.
#[derive(Clone, Debug)]
pub struct Look {
    /// What asked for it.
    pub asking: NewAsking,
    /// What would have been asked of the queue.
    pub request: NewRequest,
    /// How it ended.
    pub end: RunEnd,
    /// The services that have the check.
    pub services: Vec<Arc<Service>>,
}

/// What became of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Its name.
    pub service: String,
    /// What it is now.
    pub state: State,
    /// The change of its status.
    pub change: Option<Change>,
    /// What was decided to be told.
    pub alerts: Vec<Alert>,
    /// How many calls of plugins came of it.
    pub calls: usize,
    /// When to look at it again, though nothing happens.
    pub next: Option<Timestamp>,
}

/// Services to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueServices {
    /// Their names, the longest due first.
    pub names: Vec<String>,
    /// When the first of all others is due. It may be past, where there were more than asked for.
    pub next: Option<Timestamp>,
}

/// A service, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What it is.
    pub state: State,
    /// When it is looked at again, though nothing happens.
    pub next: Option<Timestamp>,
}

/// A change of a service's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusChangeView {
    /// When.
    pub at: Timestamp,
    /// The status before.
    pub old: Status,
    /// The status after.
    pub new: Status,
    /// The run that caused it. None: another configuration did.
    pub run: Option<RunId>,
}

/// An acknowledgement, going on or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AcknowledgementView {
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// When it was to expire.
    pub until: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Who withdrew it. None: it goes on, or expired.
    pub ended_by: Option<String>,
}

/// What is known of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckView {
    /// Its short name.
    pub name: String,
    /// Its last results in a row.
    pub state: CheckState,
    /// How its last run ended, and how long it took. None: it never ran, or is forgotten.
    pub ended: Option<(Ending, Duration)>,
    /// Where the log of its last run is, below `data_dir/logs`. None: it wrote nothing.
    pub log_folder: Option<String>,
}

/// A result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResultView {
    /// The run.
    pub run: RunId,
    /// When it ended.
    pub at: Timestamp,
    /// Whether it succeeded.
    pub passed: bool,
    /// Whether it changed the status of a service.
    pub changed: bool,
}

/// The first call that is to be made of a plugin for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueCall {
    /// Its number.
    pub id: i64,
    /// The plugin's name.
    pub plugin: String,
    /// The service's name.
    pub service: String,
    /// Not before this moment.
    pub due: Timestamp,
}

/// A call of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertCall {
    /// Its number.
    pub id: i64,
    /// The plugin's name.
    pub plugin: String,
    /// The service's name.
    pub service: String,
    /// What it is called with. Its kind is the one for this plugin.
    pub alert: Alert,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// By what its deliveries are known, the same however often it is called.
    pub key: Uuid,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSettled {
    /// It gave its deliveries, or it is never made again.
    Done,
    /// It is made again, not before this moment.
    Retry(Timestamp),
}

/// A run of a check that is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prunable {
    /// The run.
    pub run: RunId,
    /// Its log folder, relative to `data_dir/logs`. None: it has none.
    pub log_folder: Option<String>,
}

id! {
    /// The number of a user.
    PersonId
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their number.
    pub id: PersonId,
    /// Their name. In a rota, and in `users_to_notify`, it is compared without regard to case and to space around it.
    pub name: String,
    /// Where they get mail.
    pub email: Option<String>,
    /// Their id in Slack.
    pub slack: Option<String>,
    /// Whether they are told anything.
    pub active: bool,
    /// Whether they are told when nobody is on duty. At most one is.
    pub fallback: bool,
}

/// A user to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// Their name.
    pub name: String,
    /// Where they get mail.
    pub email: Option<String>,
    /// Their id in Slack.
    pub slack: Option<String>,
    /// Whether they are told anything.
    pub active: bool,
    /// Whether they are told when nobody is on duty, and nobody else is.
    pub fallback: bool,
}

/// What is to be different about a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonChange {
    /// Another name.
    pub name: Option<String>,
    /// Another address, or none.
    pub email: Option<Option<String>>,
    /// Another Slack id, or none.
    pub slack: Option<Option<String>>,
    /// Whether they are told anything.
    pub active: Option<bool>,
    /// Whether they are told when nobody is on duty.
    pub fallback: Option<bool>,
}

/// Why a user is not kept like this. A text for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonRefused {
    /// It has no name.
    #[error("a user has a name")]
    NoName,
    /// Two users cannot be told apart.
    #[error("there is a user `{0}` already")]
    NameTaken(String),
    /// One Slack account is one user.
    #[error("the user `{0}` has that Slack id already")]
    SlackTaken(String),
    /// There is no such user.
    #[error("there is no such user")]
    Unknown,
}

/// What somebody filled in.
#[derive(Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// As it was written.
    Plain(String),
    /// Encrypted by the caller. Nothing here can read it.
    Secret(Vec<u8>),
}

impl fmt::Debug for FieldValue {
    /// What people write into such fields is nobody else's business either.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Secret(_) => f.write_str("Secret(…)"),
        }
    }
}

/// A call that is to be made.
pub(super) struct NewCall<'a> {
    pub(super) plugin: &'a str,
    pub(super) service: &'a str,
    pub(super) kind: Kind,
    pub(super) alert: &'a Alert,
}

impl crate::alert::User for Person {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_active(&self) -> bool {
        self.active
    }

    fn is_fallback(&self) -> bool {
        self.fallback
    }
}
