//! People in Slack who say how they are told: what they see, what is kept, and who may not.

#![expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use innkeeper_core::clock::ManualClock;
use innkeeper_core::clock::Timestamp;
use innkeeper_core::store::FieldValue;

use super::super::testing::{Doorkeeper, TEAM, identity};
use super::super::{Channels, SlackTrigger};
use super::*;
use crate::alerts::people::testing::{House, house};
use crate::slack::fake::Reply;

struct Town {
    house: House,
    door: Arc<Doorkeeper>,
    trigger: SlackTrigger,
}

async fn town() -> Town {
    let house = house().await;
    let (api, door) = (house.slack.api(), Arc::new(Doorkeeper::default()));
    let clock = ManualClock::starting_at(Timestamp::from_micros(0));
    let preferences = Preferences {
        people: Arc::clone(&house.people),
        directory: Arc::new(SlackDirectory::new(api.clone(), identity(), Arc::new(clock))),
        api: api.clone(),
        identity: identity(),
    };
    let trigger = SlackTrigger {
        preferences: Some(Arc::new(preferences)),
        ..SlackTrigger::at(door.clone(), identity(), Arc::new(Channels::new(api)))
    };
    Town { house, door, trigger }
}

fn ann(restricted: bool) -> Reply {
    Reply::ok(json!({"ok": true, "user": {
        "id": "U0ANN", "team_id": TEAM, "name": "ann", "deleted": false, "is_bot": false, "is_restricted": restricted,
        "profile": {"real_name": "Ann", "email": "ann@example.com"},
    }}))
}

fn command(text: &str) -> Value {
    json!({
        "team_id": TEAM, "channel_id": "C1", "user_id": "U0ANN", "command": "/inn", "text": text, "trigger_id": "1.2.3",
    })
}

fn submission(phone: &str, delay: &str, token: Value) -> Value {
    let value = |value: Value| json!({"entered": {"type": "plain_text_input", "value": value}});
    json!({
        "type": "view_submission", "user": {"id": "U0ANN", "team_id": TEAM}, "view": {
            "id": "V1", "callback_id": "innkeeper-preferences", "state": {"values": {
                "pager:phone": value(phone.into()), "pager:delay": value(delay.into()), "pager:token": value(token),
            }},
        },
    })
}

impl Town {
    /// The view that was opened or published last.
    fn seen(&self, method: &str) -> Value {
        let calls = self.house.slack.calls();
        let call = calls.iter().rfind(|call| call.method == method);
        call.unwrap_or_else(|| unreachable!("{method} was not called"))
            .json
            .clone()
    }

    async fn submit(&self, payload: Value) -> Value {
        self.trigger.interaction("test", &payload).await.unwrap().unwrap()
    }

    fn nothing_was_kept_by_the_way(&self) {
        assert!(self.door.texts().is_empty());
        assert!(self.door.unreadable.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_slash_command_opens_the_form_and_is_no_order() {
    let town = town().await;
    town.house.slack.answers("users.info", ann(false));
    town.house.slack.answers("views.open", Reply::ok(json!({"ok": true})));
    assert_eq!(town.trigger.command("test", command("me")).await.unwrap(), None);
    let opened = town.seen("views.open");
    assert_eq!(opened["trigger_id"], "1.2.3");
    let blocks = opened["view"]["blocks"].as_array().unwrap();
    let ids: Vec<&str> = blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
    assert_eq!(ids, ["pager:phone", "pager:delay", "pager:token"]);
    town.nothing_was_kept_by_the_way();
}

#[tokio::test]
async fn a_button_opens_the_form_for_whoever_presses_it() {
    let town = town().await;
    town.house.slack.answers("users.info", ann(false));
    town.house.slack.answers("views.open", Reply::ok(json!({"ok": true})));
    let press = json!({
        "type": "block_actions", "trigger_id": "4.5.6", "user": {"id": "U0ANN", "team_id": TEAM},
        "container": {"type": "view", "view_id": "V1"},
        "actions": [{"type": "button", "action_id": "innkeeper-say-0", "action_ts": "6.1", "value": "me pager"}],
    });
    assert_eq!(town.trigger.interaction("test", &press).await.unwrap(), None);
    assert_eq!(town.seen("views.open")["trigger_id"], "4.5.6");
    town.nothing_was_kept_by_the_way();
}

#[tokio::test]
async fn whoever_saves_for_the_first_time_becomes_a_user() {
    let town = town().await;
    town.house.slack.answers("users.info", ann(false));
    town.house.slack.answers("users.info", ann(false));
    let answer = town.submit(submission("+44 20", "5", "hunter2".into())).await;
    assert_eq!(answer, json!({}), "the modal closes");
    let view = town.house.people.show("Ann").await.unwrap();
    assert_eq!(view.person.slack.as_deref(), Some("U0ANN"));
    assert_eq!(view.person.email.as_deref(), Some("ann@example.com"));
    let fields: Vec<_> = view.plugins[0]
        .fields
        .iter()
        .map(|field| (field.entered, field.value.as_deref()))
        .collect();
    assert_eq!(
        fields,
        [(true, Some("+44 20")), (false, None), (true, None)],
        "a default stays one"
    );

    // What is left empty the next time is still there.
    assert_eq!(town.submit(submission("+44 21", "5", Value::Null)).await, json!({}));
    let kept = town.house.people.store.fields(view.person.id, "pager").await.unwrap();
    assert!(
        kept.iter()
            .any(|(name, value)| name == "token" && matches!(value, FieldValue::Secret(_)))
    );
    assert!(
        kept.iter()
            .any(|(_, value)| *value == FieldValue::Plain("+44 21".into()))
    );
    town.nothing_was_kept_by_the_way();
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_makes_nobody_a_user() {
    let town = town().await;
    town.house.slack.answers("users.info", ann(false));
    let answer = town.submit(submission("", "soon", "hunter2".into())).await;
    assert_eq!(
        answer,
        json!({"response_action": "errors", "errors": {
            "pager:delay": "It is a whole number, for example 42", "pager:phone": "It may not be empty",
        }})
    );
    assert!(town.house.people.list().await.unwrap().is_empty());
    town.nothing_was_kept_by_the_way();
}

#[tokio::test]
async fn who_is_no_full_member_is_told_so_and_nothing_is_kept() {
    let town = town().await;
    town.house.slack.answers("users.info", ann(true));
    town.house.slack.answers("views.open", Reply::ok(json!({"ok": true})));
    town.trigger.command("test", command("preferences")).await.unwrap();
    let blocks = town.seen("views.open")["view"]["blocks"].to_string();
    assert!(
        blocks.contains("Only full members") && !blocks.contains("pager:phone"),
        "{blocks}"
    );
    let answer = town.submit(submission("1", "5", Value::Null)).await;
    assert!(answer.to_string().contains("Only full members"), "{answer}");
    assert!(town.house.people.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn where_slack_opens_nothing_whoever_typed_is_told() {
    let town = town().await;
    town.house.slack.answers("users.info", ann(false));
    town.house
        .slack
        .answers("views.open", Reply::refusal("expired_trigger_id"));
    let shown = town.trigger.command("test", command("me")).await.unwrap();
    assert_eq!(
        shown.as_deref(),
        Some("I could not show you your preferences. Try again in a moment.")
    );
}

#[tokio::test]
async fn the_home_has_a_button_a_plugin() {
    let town = town().await;
    town.house.slack.answers("users.info", ann(false));
    let preferences = town.trigger.preferences.as_ref().unwrap();
    preferences.show_home(&Somebody::new("U0ANN", None)).await;
    let published = town.seen("views.publish");
    assert_eq!(published["user_id"], "U0ANN");
    assert_eq!(published["view"]["type"], "home");
    let blocks = published["view"]["blocks"].as_array().unwrap();
    assert_eq!(blocks[2]["accessory"]["value"], "me pager");
    assert_eq!(blocks.len(), 3, "the other plugin wants to know nothing");
}
