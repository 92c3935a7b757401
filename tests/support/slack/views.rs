//! Modals and the app's home: what Slack refuses in them, and what people do with them.
//! <https://docs.slack.dev/reference/views>

use std::collections::HashSet;

use serde_json::{Value, json};

use super::methods::{Answer, Refusal, text};
use super::people::Person;
use super::state::{Arguments, State};
use super::{APP, FakeSlack, TEAM, blocks};

/// A modal that is open.
#[derive(Clone, Debug)]
pub struct Modal {
    /// Who sees it.
    pub user: String,
    /// What they see.
    pub view: Value,
}

impl Modal {
    /// The texts of its blocks, a line each.
    pub fn text(&self) -> String {
        texts(&self.view)
    }

    /// The ids of its inputs.
    pub fn inputs(&self) -> Vec<&str> {
        let blocks = self.view["blocks"].as_array().unwrap().iter();
        let inputs = blocks.filter(|block| block["type"] == "input");
        inputs.map(|block| block["block_id"].as_str().unwrap()).collect()
    }

    /// What an input shows at first.
    pub fn initial(&self, input: &str) -> Option<&str> {
        let blocks = self.view["blocks"].as_array().unwrap();
        let block = blocks.iter().find(|block| block["block_id"] == input);
        block.unwrap_or_else(|| panic!("no input {input:?}"))["element"]["initial_value"].as_str()
    }
}

fn texts(view: &Value) -> String {
    let blocks = view["blocks"].as_array().unwrap().iter();
    let texts = blocks.filter_map(|block| block["text"]["text"].as_str().or(block["label"]["text"].as_str()));
    texts.collect::<Vec<_>>().join("\n")
}

pub(super) fn open(state: &mut State, arguments: &Arguments) -> Answer {
    let trigger = text(arguments, "trigger_id").ok_or("invalid_arguments")?;
    let Some(user) = state.triggers.get(trigger).cloned() else {
        return Err("invalid_trigger_id".into());
    };
    let view = arguments.get("view").ok_or("invalid_arguments")?;
    check(view, "modal")?;
    // It is good for one.
    let Some(user) = user else {
        return Err("exchanged_trigger_id".into());
    };
    state.triggers.insert(trigger.to_owned(), None);
    state.modals.push(Modal {
        user,
        view: view.clone(),
    });
    Ok(json!({ "view": view }))
}

pub(super) fn publish(state: &mut State, arguments: &Arguments) -> Answer {
    let user = text(arguments, "user_id").ok_or("invalid_arguments")?;
    if state.user(user).is_none() {
        return Err("user_not_found".into());
    }
    let view = arguments.get("view").ok_or("invalid_arguments")?;
    check(view, "home")?;
    state.homes.push((user.to_owned(), view.clone()));
    Ok(json!({ "view": view }))
}

fn check(view: &Value, kind: &str) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut wrong = |fault: Result<(), String>| faults.extend(fault.err());
    let known = match kind {
        "modal" => &[
            "type",
            "title",
            "blocks",
            "submit",
            "close",
            "private_metadata",
            "callback_id",
            "clear_on_close",
        ][..],
        _ => &["type", "blocks", "private_metadata", "callback_id"][..],
    };
    wrong(blocks::known_fields(view, known));
    if view["type"] != kind {
        wrong(Err(format!(
            "a view of the type {} where {kind} is wanted",
            view["type"]
        )));
    }
    let empty = Vec::new();
    let all = view["blocks"].as_array().unwrap_or(&empty);
    if all.is_empty() || all.len() > 100 {
        wrong(Err(format!("a view has 1 to 100 blocks, not {}", all.len())));
    }
    for (name, most) in [("private_metadata", 3000), ("callback_id", 255)] {
        if let Some(value) = view.get(name) {
            wrong(blocks::length(value, 0, most, name));
        }
    }
    if kind == "modal" {
        wrong(blocks::text(&view["title"], &["plain_text"], 24));
        let has_inputs = all.iter().any(|block| block["type"] == "input");
        for name in ["submit", "close"] {
            if view.get(name).is_some() || (name == "submit" && has_inputs) {
                wrong(blocks::text(&view[name], &["plain_text"], 24));
            }
        }
    }
    let mut ids = HashSet::new();
    for block in all {
        wrong(match block["type"].as_str() {
            Some("input") if kind == "modal" => input(block),
            _ => blocks::one(block),
        });
        if let Some(id) = block["block_id"].as_str()
            && !ids.insert(id)
        {
            wrong(Err(format!("`block_id` {id} is not unique")));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::arguments(faults)),
    }
}

fn input(block: &Value) -> Result<(), String> {
    let known = [
        "type",
        "block_id",
        "label",
        "element",
        "dispatch_action",
        "hint",
        "optional",
    ];
    blocks::known_fields(block, &known)?;
    if let Some(id) = block.get("block_id") {
        blocks::length(id, 1, 255, "block_id")?;
    }
    blocks::text(&block["label"], &["plain_text"], 2000)?;
    if let Some(hint) = block.get("hint") {
        blocks::text(hint, &["plain_text"], 2000)?;
    }
    let element = &block["element"];
    blocks::length(&element["action_id"], 1, 255, "action_id")?;
    match element["type"].as_str() {
        Some("plain_text_input") => {
            let most = element.get("max_length").map_or(Some(3000), Value::as_u64);
            let most = most
                .filter(|most| (1..=3000).contains(most))
                .ok_or("invalid max_length")?;
            match element.get("initial_value") {
                Some(initial) => blocks::length(initial, 0, usize::try_from(most).unwrap(), "initial_value"),
                None => Ok(()),
            }
        }
        Some("number_input") => match (&element["is_decimal_allowed"], element.get("initial_value")) {
            (Value::Bool(_), None) => Ok(()),
            (Value::Bool(_), Some(Value::String(number))) if number.parse::<f64>().is_ok() => Ok(()),
            _ => Err("a number_input says whether it takes decimals, and begins with a number".to_owned()),
        },
        Some("static_select") => {
            blocks::items(element, "options", 100, |option| {
                blocks::text(&option["text"], &["plain_text"], 75)?;
                blocks::length(&option["value"], 1, 150, "value")
            })?;
            let options = element["options"].as_array().unwrap();
            match element.get("initial_option") {
                Some(initial) if !options.contains(initial) => Err("initial_option is none of the options".to_owned()),
                _ => Ok(()),
            }
        }
        other => Err(format!("unsupported input: {other:?}")),
    }
}

impl FakeSlack {
    /// The modal that was opened last for somebody, once there are so many.
    pub async fn await_modal(&self, user: &str, count: usize) -> Modal {
        self.await_state(&format!("a modal for {user}"), |state| {
            let mut modals: Vec<&Modal> = state.modals.iter().filter(|modal| modal.user == user).collect();
            (modals.len() >= count).then(|| modals.remove(count - 1).clone())
        })
        .await
    }

    /// The texts of somebody's home, once they have these words in them.
    pub async fn await_home(&self, user: &str, words: &str) -> String {
        self.await_state(&format!("a home for {user} with {words:?}"), |state| {
            let mut homes = state.homes.iter().filter(|(whose, _)| whose == user);
            let last = texts(&homes.next_back()?.1);
            last.contains(words).then_some(last)
        })
        .await
    }
}

impl Person {
    /// Looks at the app's home.
    pub async fn opens_home(&self) {
        let event = json!({
            "type": "app_home_opened", "user": self.id(), "channel": format!("D0{}", self.id()), "tab": "home",
            "event_ts": "1700000000.000100",
        });
        let event = self.slack().event(&event);
        self.sends("events_api", event).await;
    }

    /// Presses the button in their home that says this to the bot.
    pub async fn presses_at_home(&self, says: &str) {
        let homes = self.slack().state().homes.clone();
        let (_, home) = homes
            .iter()
            .rfind(|(user, _)| user == self.id())
            .expect("no home was shown");
        let mut accessories = home["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| &block["accessory"]);
        let button = accessories.find(|button| button["value"] == says);
        let mut action = button
            .unwrap_or_else(|| panic!("no button that says {says:?} in {home}"))
            .clone();
        let (pressed, trigger) = self.slack().trigger_for(self.id());
        action["action_ts"] = pressed.into();
        let payload = json!({
            "type": "block_actions", "token": "gone", "api_app_id": APP, "team": { "id": TEAM, "domain": "home" },
            "user": { "id": self.id(), "team_id": self.team() }, "container": { "type": "view", "view_id": "V1" },
            "trigger_id": trigger, "view": home, "actions": [action],
        });
        self.sends("interactive", payload).await;
    }

    /// Fills in a modal and saves it: the values by input; others stay as they are shown. What Slack is answered: nothing
    /// closes the modal.
    pub async fn submits(&self, modal: &Modal, values: &[(&str, &str)]) -> Value {
        let inputs = modal.view["blocks"].as_array().unwrap().iter();
        let inputs = inputs.filter(|block| block["type"] == "input").map(|block| {
            let (id, element) = (block["block_id"].as_str().unwrap(), &block["element"]);
            let given = values.iter().find(|(input, _)| *input == id).map(|(_, value)| *value);
            let kind = &element["type"];
            let state = if kind == "static_select" {
                let mut options = element["options"].as_array().unwrap().iter();
                let chosen = given.map(|given| options.find(|option| option["value"] == given).unwrap().clone());
                json!({ "type": kind, "selected_option": chosen.or(element.get("initial_option").cloned()) })
            } else {
                let value = given
                    .or(element["initial_value"].as_str())
                    .filter(|value| !value.is_empty());
                json!({ "type": kind, "value": value })
            };
            let action = element["action_id"].as_str().unwrap();
            (id.to_owned(), json!({ action: state }))
        });
        let values: serde_json::Map<String, Value> = inputs.collect();
        let mut view = modal.view.clone();
        view["id"] = "V1".into();
        view["state"] = json!({ "values": values });
        let payload = json!({
            "type": "view_submission", "token": "gone", "api_app_id": APP, "team": { "id": TEAM, "domain": "home" },
            "user": { "id": self.id(), "team_id": self.team() }, "view": view, "response_urls": [],
        });
        self.sends("interactive", payload).await
    }
}
