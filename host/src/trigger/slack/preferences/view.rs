//! What people see of their preferences in Slack, and what they entered there. Pure.
//!
//! <https://docs.slack.dev/reference/views> has the limits.

use std::collections::BTreeMap;

use innkeeper_core::report::ACTION;
use innkeeper_core::store::Person;
use serde_json::{Value, json};

use crate::alerts::people::{Entered, FieldView, PluginView};

/// By what the modal is recognised when it comes back.
pub(super) const CALLBACK: &str = "innkeeper-preferences";

/// Slack's limits.
const MOST_BLOCKS: usize = 100;
const LONGEST_TITLE: usize = 24;
const LONGEST_LABEL: usize = 2000;
const LONGEST_TEXT: usize = 3000;
const LONGEST_HEADER: usize = 150;
const LONGEST_OPTION: usize = 75;

/// The action of every input: what it is of is in the block's id.
const INPUT: &str = "entered";

/// What somebody wants to see: the fields of one plugin, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Plugin(String),
}

impl Wanted {
    /// What is said to open the modal: `me`, `preferences`, or either with the name of a plugin.
    pub(super) fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["me" | "preferences"] => Some(Self::All),
            ["me" | "preferences", plugin] => Some(Self::Plugin((*plugin).to_owned())),
            _ => None,
        }
    }
}

/// The form with the fields of these plugins, filled in as far as it is known.
pub(super) fn form(plugins: &[PluginView]) -> Value {
    let mut blocks = Vec::new();
    for plugin in plugins {
        blocks.push(json!({"type": "header", "text": plain(&plugin.title, LONGEST_HEADER)}));
        if let Some(problem) = &plugin.problem {
            blocks.push(says(problem));
        }
        blocks.extend(plugin.fields.iter().map(|field| input(plugin, field)));
    }
    if blocks.len() > MOST_BLOCKS {
        blocks.truncate(MOST_BLOCKS - 1);
        blocks.push(says(
            "There is more than fits in here: the Home tab of this app has the plugins one by one.",
        ));
    }
    let mut view = modal(blocks);
    view["submit"] = plain("Save", LONGEST_TITLE);
    view["close"] = plain("Cancel", LONGEST_TITLE);
    view
}

/// A sentence instead of the form.
pub(super) fn sentence(text: &str) -> Value {
    modal(vec![says(text)])
}

fn modal(blocks: Vec<Value>) -> Value {
    json!({
        "type": "modal", "callback_id": CALLBACK, "title": plain("How I am told", LONGEST_TITLE), "blocks": blocks,
    })
}

/// The app's home: who somebody is here, and a button a plugin.
pub(super) fn home(person: Option<&Person>, plugins: &[PluginView]) -> Value {
    let who = match person {
        Some(person) => known(person),
        None => "You are not among those who are told of services yet: you are as soon as you save something here, and told \
                 of a service when it names you."
            .to_owned(),
    };
    let mut blocks = vec![
        json!({"type": "header", "text": plain("How I am told of services", LONGEST_HEADER)}),
        says(&who),
    ];
    for (at, plugin) in plugins.iter().enumerate() {
        let state = match &plugin.problem {
            Some(problem) => problem.clone(),
            None => plugin.fields.iter().map(state).collect::<Vec<_>>().join("\n"),
        };
        let mut block = says(&format!("{}\n{state}", plugin.title));
        if plugin.problem.is_none() {
            block["accessory"] = json!({
                "type": "button", "action_id": format!("{ACTION}{at}"), "text": plain("Edit", LONGEST_OPTION),
                "value": format!("me {}", plugin.plugin),
            });
        }
        blocks.push(block);
    }
    if plugins.is_empty() {
        blocks.push(says("No alert plugin wants to know anything of you."));
    }
    blocks.truncate(MOST_BLOCKS);
    json!({"type": "home", "blocks": blocks})
}

/// A sentence instead of the home.
pub(super) fn home_sentence(text: &str) -> Value {
    json!({"type": "home", "blocks": [says(text)]})
}

fn known(person: &Person) -> String {
    let mail = match &person.email {
        Some(email) => format!(", {email}"),
        None => ", without an e-mail address".to_owned(),
    };
    let active = match person.active {
        true => "",
        false => " You are not active: you are told nothing.",
    };
    let fallback = match person.fallback {
        true => " You are told when nobody is on duty.",
        false => "",
    };
    format!("You are {}{mail}.{active}{fallback}", person.name)
}

fn state(field: &FieldView) -> String {
    let value = match (&field.value, field.entered, &field.default) {
        (Some(value), ..) if !value.is_empty() => value.clone(),
        (Some(_), ..) => "empty".to_owned(),
        (None, true, _) => "entered".to_owned(),
        (None, false, Some(default)) => format!("{default} (by default)"),
        (None, false, None) if field.optional => "nothing".to_owned(),
        (None, false, None) => "missing".to_owned(),
    };
    format!("{}: {value}", field.label)
}

fn input(plugin: &PluginView, field: &FieldView) -> Value {
    let shown = field.value.as_ref().or(field.default.as_ref());
    let mut element = json!({"action_id": INPUT});
    match field.kind.as_str() {
        "boolean" => {
            let options = ["true", "false"].map(option);
            element["type"] = "static_select".into();
            if let Some(at) = ["true", "false"]
                .iter()
                .position(|is| shown.is_some_and(|shown| shown == is))
            {
                element["initial_option"] = options[at].clone();
            }
            element["options"] = json!(options);
        }
        // A secret number, too: Slack's input for numbers shows what it holds.
        "number" if !field.secret => {
            element["type"] = "number_input".into();
            element["is_decimal_allowed"] = false.into();
        }
        _ => {
            element["type"] = "plain_text_input".into();
            element["max_length"] = field.max_length.clamp(1, LONGEST_TEXT as u32).into();
        }
    }
    if let Some(shown) = shown.filter(|shown| !shown.is_empty() && !field.secret && field.kind != "boolean") {
        element["initial_value"] = shown.as_str().into();
    }
    let mut block = json!({
        "type": "input", "block_id": format!("{}:{}", plugin.plugin, field.name),
        "label": plain(&field.label, LONGEST_LABEL), "element": element,
        "optional": field.optional || (field.secret && field.entered),
    });
    if field.secret {
        let hint = match field.entered {
            true => "It is kept encrypted and never shown. Leave it empty to keep what is there.",
            false => "It is kept encrypted and never shown again.",
        };
        block["hint"] = plain(hint, LONGEST_LABEL);
    }
    block
}

fn option(value: &str) -> Value {
    let label = if value == "true" { "Yes" } else { "No" };
    json!({"text": plain(label, LONGEST_OPTION), "value": value})
}

/// What was entered, by plugin, and nothing of what stays as it is: a secret that was left empty, a default that was left.
pub(super) fn entered(values: &Value, plugins: &[PluginView]) -> BTreeMap<String, Entered> {
    let mut entered: BTreeMap<String, Entered> = BTreeMap::new();
    for plugin in plugins {
        for field in &plugin.fields {
            let element = &values[format!("{}:{}", plugin.plugin, field.name)][INPUT];
            if element.is_null() {
                continue;
            }
            let text = element["value"]
                .as_str()
                .or(element["selected_option"]["value"].as_str());
            let text = text.unwrap_or_default();
            let stays = match field.secret {
                true => text.is_empty() && (field.entered || field.optional),
                false => !field.entered && field.default.as_deref().unwrap_or_default() == text && !is_missing(field),
            };
            if !stays {
                let fields = &mut entered.entry(plugin.plugin.clone()).or_default().fields;
                fields.insert(field.name.clone(), Some(text.to_owned()));
            }
        }
    }
    entered
}

fn is_missing(field: &FieldView) -> bool {
    !field.entered && !field.optional && field.default.is_none()
}

/// The answer that shows what is wrong at its fields; by plugin and field.
pub(super) fn faults(faults: &BTreeMap<String, BTreeMap<String, String>>) -> Value {
    let fields = faults.iter().flat_map(|(plugin, fields)| {
        let id = move |field: &String| format!("{plugin}:{field}");
        fields.iter().map(move |(field, fault)| (id(field), first_upper(fault)))
    });
    let errors: BTreeMap<String, String> = fields.collect();
    json!({"response_action": "errors", "errors": errors})
}

/// The answer that shows a sentence at the first field.
pub(super) fn fault(values: &Value, sentence: &str) -> Value {
    let first = values.as_object().and_then(|values| values.keys().next());
    match first {
        Some(block) => json!({"response_action": "errors", "errors": {block: sentence}}),
        None => json!({"response_action": "update", "view": self::sentence(sentence)}),
    }
}

fn first_upper(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn says(text: &str) -> Value {
    json!({"type": "section", "text": plain(text, LONGEST_TEXT)})
}

/// Plain text: nothing in it is markup, whoever wrote it. Slack wants at least a character.
fn plain(text: &str, most: usize) -> Value {
    let text = text.trim();
    let cut: String = match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['…']).collect(),
        false if text.is_empty() => "–".to_owned(),
        false => text.to_owned(),
    };
    json!({"type": "plain_text", "text": cut, "emoji": false})
}

#[cfg(test)]
mod tests;
