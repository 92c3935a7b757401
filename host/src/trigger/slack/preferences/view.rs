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
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn field(name: &str, kind: &str) -> FieldView {
        FieldView {
            name: name.into(),
            label: name.to_uppercase(),
            kind: kind.into(),
            max_length: 20,
            optional: false,
            secret: false,
            default: None,
            entered: false,
            value: None,
        }
    }

    fn pager(fields: Vec<FieldView>) -> PluginView {
        PluginView {
            plugin: "pager".into(),
            title: "Pager".into(),
            fields,
            problem: None,
        }
    }

    fn values(given: &[(&str, Value)]) -> Value {
        let values = given.iter();
        let element = |value: &Value| json!({INPUT: {"type": "plain_text_input", "value": value}});
        values
            .map(|(field, value)| (format!("pager:{field}"), element(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn texts(plugin: PluginView, values: &Value) -> Vec<(String, Option<String>)> {
        let mut entered = entered(values, &[plugin]);
        entered.remove("pager").unwrap_or_default().fields.into_iter().collect()
    }

    #[test]
    fn a_plugin_is_a_heading_and_an_input_a_field() {
        let phone = FieldView {
            value: Some("+44".into()),
            entered: true,
            ..field("phone", "text")
        };
        let urgent = FieldView {
            default: Some("false".into()),
            optional: true,
            ..field("urgent", "boolean")
        };
        let form = form(&[pager(vec![phone, field("delay", "number"), urgent])]);
        insta::assert_snapshot!(form["blocks"].as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join("\n"), @r#"
        {"type":"header","text":{"type":"plain_text","text":"Pager","emoji":false}}
        {"type":"input","block_id":"pager:phone","label":{"type":"plain_text","text":"PHONE","emoji":false},"element":{"action_id":"entered","type":"plain_text_input","max_length":20,"initial_value":"+44"},"optional":false}
        {"type":"input","block_id":"pager:delay","label":{"type":"plain_text","text":"DELAY","emoji":false},"element":{"action_id":"entered","type":"number_input","is_decimal_allowed":false},"optional":false}
        {"type":"input","block_id":"pager:urgent","label":{"type":"plain_text","text":"URGENT","emoji":false},"element":{"action_id":"entered","type":"static_select","initial_option":{"text":{"type":"plain_text","text":"No","emoji":false},"value":"false"},"options":[{"text":{"type":"plain_text","text":"Yes","emoji":false},"value":"true"},{"text":{"type":"plain_text","text":"No","emoji":false},"value":"false"}]},"optional":true}
        "#);
        assert_eq!(form["submit"]["text"], "Save");
    }

    #[test]
    fn a_secret_that_is_left_empty_stays() {
        let secret = |entered| FieldView {
            secret: true,
            entered,
            ..field("token", "text")
        };
        let input = &form(&[pager(vec![secret(true)])])["blocks"][1];
        assert_eq!(input["optional"], true);
        assert!(input["element"].get("initial_value").is_none());
        assert_eq!(texts(pager(vec![secret(true)]), &values(&[("token", Value::Null)])), []);
        let new = [("token".to_owned(), Some("new".to_owned()))];
        assert_eq!(
            texts(pager(vec![secret(true)]), &values(&[("token", "new".into())])),
            new
        );
        let none = [("token".to_owned(), Some(String::new()))];
        assert_eq!(
            texts(pager(vec![secret(false)]), &values(&[("token", Value::Null)])),
            none
        );
    }

    #[test]
    fn a_default_that_is_left_stays_a_default() {
        let delay = FieldView {
            default: Some("5".into()),
            optional: true,
            ..field("delay", "number")
        };
        let texts = |value: Value| texts(pager(vec![delay.clone()]), &values(&[("delay", value)]));
        assert_eq!(texts("5".into()), []);
        assert_eq!(texts("6".into()), [("delay".to_owned(), Some("6".to_owned()))]);
        assert_eq!(texts(Value::Null), [("delay".to_owned(), Some(String::new()))]);
    }

    #[test]
    fn what_was_not_asked_for_is_not_read() {
        let values = values(&[("phone", "1".into()), ("admin", "true".into())]);
        let phone = [("phone".to_owned(), Some("1".to_owned()))];
        assert_eq!(
            texts(pager(vec![field("phone", "text"), field("fax", "text")]), &values),
            phone
        );
    }

    #[test]
    fn slack_s_limits_are_kept() {
        let long = FieldView {
            label: "x".repeat(3000),
            max_length: 9000,
            ..field("phone", "text")
        };
        let plugin = PluginView {
            title: String::new(),
            ..pager(vec![long; 150])
        };
        let form = form(std::slice::from_ref(&plugin));
        let blocks = form["blocks"].as_array().unwrap();
        assert_eq!(blocks.len(), MOST_BLOCKS);
        assert_eq!(
            blocks[1]["label"]["text"].as_str().unwrap().chars().count(),
            LONGEST_LABEL
        );
        assert_eq!(blocks[1]["element"]["max_length"], 3000);
        assert!(form["title"]["text"].as_str().unwrap().len() <= LONGEST_TITLE);
        let home = home(None, &vec![plugin; 150]);
        assert_eq!(home["blocks"].as_array().unwrap().len(), MOST_BLOCKS);
    }

    #[test]
    fn what_is_wrong_is_shown_at_its_field() {
        let wrong = BTreeMap::from([("phone".to_owned(), "it may not be empty".to_owned())]);
        insta::assert_snapshot!(faults(&BTreeMap::from([("pager".to_owned(), wrong)])), @r#"{"response_action":"errors","errors":{"pager:phone":"It may not be empty"}}"#);
        let first = fault(&values(&[("phone", Value::Null)]), "The disk is full.");
        assert_eq!(first["errors"]["pager:phone"], "The disk is full.");
    }

    #[test]
    fn who_wants_to_see_what() {
        assert_eq!(Wanted::read(" me "), Some(Wanted::All));
        assert_eq!(Wanted::read("preferences pager"), Some(Wanted::Plugin("pager".into())));
        for other in ["", "me me me", "tell me", "melon"] {
            assert_eq!(Wanted::read(other), None, "{other}");
        }
    }
}
