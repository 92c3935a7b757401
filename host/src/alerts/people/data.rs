//! What is asked of the users, and answered: the JSON of the API, and what its callers hold.

use std::collections::BTreeMap;
use std::fmt;

use innkeeper_core::alert::plugin::{Field, FieldKind};
use innkeeper_core::store::Person;
use serde::{Deserialize, Deserializer, Serialize};

/// Somebody who is to be told of services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name. None: as Slack knows them.
    #[serde(default)]
    pub name: Option<String>,
    /// The e-mail address. None: as Slack knows them, if it does.
    #[serde(default)]
    pub email: Option<String>,
    /// The id in Slack. None: that of the e-mail address, if Slack knows it.
    #[serde(default)]
    pub slack: Option<String>,
    /// Whether they are told anything.
    #[serde(default = "yes")]
    pub active: bool,
    /// Whether they are told when nobody is on duty.
    #[serde(default)]
    pub fallback: bool,
}

const fn yes() -> bool {
    true
}

/// What is to be different about a user. What is missing stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserChange {
    /// Another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another address; `null`: none.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub email: Option<Option<String>>,
    /// Another id in Slack; `null`: none.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub slack: Option<Option<String>>,
    /// Whether they are told anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether they are told when nobody is on duty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<bool>,
}

/// `null` is something that was said.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What is entered into the fields of a plugin, by field. `null`: nothing any more. What is not named stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    /// By field.
    pub fields: BTreeMap<String, Option<String>>,
}

impl fmt::Debug for Entered {
    /// It may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.keys()).finish()
    }
}

/// A user, and what they entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// The user.
    #[serde(flatten)]
    pub person: Person,
    /// Of each plugin that wants to know something, by name.
    pub plugins: Vec<PluginView>,
}

/// What a plugin wants to know of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginView {
    /// Its name, as services choose it.
    pub plugin: String,
    /// What people see.
    pub title: String,
    /// Its fields, in the order in which they are shown.
    pub fields: Vec<FieldView>,
    /// Why it is not known what it wants to know.
    pub problem: Option<String>,
}

/// A field, and what a user entered into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// Its name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// What may be entered: `text`, `number` or `boolean`.
    pub kind: String,
    /// The longest text, in characters.
    pub max_length: u32,
    /// Whether it may be empty.
    pub optional: bool,
    /// Whether it is never shown.
    pub secret: bool,
    /// What it is until something is entered.
    pub default: Option<String>,
    /// Whether something was entered.
    pub entered: bool,
    /// What was entered. Of a secret, nothing.
    pub value: Option<String>,
}

impl FieldView {
    /// A field into which nothing was entered.
    pub(super) fn of(field: &Field) -> Self {
        let kind = match field.kind {
            FieldKind::Text => "text",
            FieldKind::Number => "number",
            FieldKind::Boolean => "boolean",
        };
        Self {
            name: field.name.clone(),
            label: field.label.clone(),
            kind: kind.to_owned(),
            max_length: field.longest(),
            optional: field.optional,
            secret: field.secret,
            default: field.default.clone().filter(|_| !field.secret),
            entered: false,
            value: None,
        }
    }
}
