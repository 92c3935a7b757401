//! A press of one of the host's buttons: something said by whoever pressed it. Pure.

use innkeeper_core::report::{ACTION, SERVICE_ACTION};
use innkeeper_core::request::{Origin, SlackOrigin};
use serde::Deserialize;
use serde_json::Value;

use super::preferences::Somebody;
use crate::slack::Identity;
use crate::trigger::Said;

/// The fields of a `block_actions` payload that matter here.
#[derive(Deserialize)]
struct Press {
    user: User,
    container: Container,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    actions: Vec<Action>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Container {
    #[serde(default)]
    channel_id: Option<String>,
    #[serde(default)]
    message_ts: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    thread_ts: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    action_id: String,
    /// When it was pressed: the same when Slack sends it again, another when it is pressed again.
    #[serde(default)]
    action_ts: Option<String>,
    #[serde(default)]
    value: Option<String>,
}

/// What a button of ours says, and by what a modal can be opened for whoever pressed it.
pub(super) struct Opening {
    pub(super) who: Somebody,
    pub(super) text: String,
    pub(super) trigger: String,
}

impl Opening {
    /// None: it is no press of a button of ours.
    pub(super) fn read(payload: &Value) -> Option<Self> {
        let actions = payload["actions"].as_array()?;
        let is_ours = |action: &&Value| action["action_id"].as_str().is_some_and(|id| id.starts_with(ACTION));
        let text = actions.iter().find(is_ours)?["value"].as_str()?;
        Some(Self {
            who: Somebody::deserialize(&payload["user"]).ok()?,
            text: text.to_owned(),
            trigger: payload["trigger_id"].as_str()?.to_owned(),
        })
        .filter(|_| payload["type"] == "block_actions")
    }
}

/// Reads an interaction. None: it is no press of a button of ours.
///
/// The message with the button stands for the one that asked: it gets the reactions, and answers go where it is. Of a button
/// for a service they go into its thread: below a message about an incident is what was done about it.
///
/// # Errors
/// A sentence about what is missing in a press that was meant for the bot.
pub fn hear_press(payload: &Value, identity: &Identity) -> Result<Option<Said>, String> {
    if payload["type"] != "block_actions" {
        return Ok(None);
    }
    let press =
        Press::deserialize(payload).map_err(|error| format!("a press of a button in an unknown form: {error}"))?;
    // Slack sends one action for one press.
    let Some(action) = press
        .actions
        .into_iter()
        .find(|action| action.action_id.starts_with(ACTION))
    else {
        return Ok(None);
    };
    let text = action.value.ok_or("a button of ours that says nothing")?;
    let pressed = action.action_ts.ok_or("a press without its time")?;
    let channel = press.container.channel_id.ok_or("a button that is in no channel")?;
    let ts = press.container.message_ts.ok_or("a button that is in no message")?;
    let thread = press.message.and_then(|message| message.thread_ts);
    let thread = match action.action_id.starts_with(SERVICE_ACTION) {
        true => thread.or_else(|| Some(ts.clone())),
        false => thread.filter(|thread| *thread != ts),
    };
    Ok(Some(Said {
        key: Some(format!(
            "slack-press:{}:{channel}:{ts}:{}:{}:{pressed}",
            identity.team, action.action_id, press.user.id
        )),
        text,
        edit: false,
        origin: Origin::Slack(SlackOrigin {
            team: identity.team.clone(),
            direct: channel.starts_with('D'),
            channel,
            user: press.user.id,
            user_team: press.user.team_id,
            thread,
            message: Some(ts),
        }),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use serde_json::json;

    use super::super::testing::identity;
    use super::*;

    fn payload() -> Value {
        json!({
            "type": "block_actions", "team": {"id": "T0AWAY"}, "trigger_id": "1.2.3", "api_app_id": "A0INN",
            "user": {"id": "U0ANN", "username": "ann", "team_id": "T0INN"},
            "channel": {"id": "C1", "name": "general"},
            "container": {"type": "message", "message_ts": "5.1", "channel_id": "C1", "is_ephemeral": false},
            "message": {"type": "message", "ts": "5.1", "thread_ts": "4.1", "text": "It waits."},
            "actions": [{
                "type": "button", "block_id": "x", "action_id": "innkeeper-say-0", "action_ts": "6.1",
                "value": "cancel 12", "text": {"type": "plain_text", "text": "Cancel"},
            }],
        })
    }

    #[test]
    fn a_press_is_said_by_whoever_pressed() {
        let said = hear_press(&payload(), &identity()).unwrap().unwrap();
        assert_eq!(said.text, "cancel 12");
        assert_eq!(
            said.key.as_deref(),
            Some("slack-press:T0INN:C1:5.1:innkeeper-say-0:U0ANN:6.1")
        );
        let Origin::Slack(origin) = said.origin else {
            unreachable!("it came from Slack")
        };
        assert_eq!((origin.user.as_str(), origin.channel.as_str()), ("U0ANN", "C1"));
        assert_eq!(
            (origin.thread.as_deref(), origin.message.as_deref()),
            (Some("4.1"), Some("5.1"))
        );
        assert!(!origin.direct);
    }

    #[test]
    fn what_a_button_for_a_service_does_is_answered_in_its_thread() {
        let thread = |action: &str, thread: Option<&str>| {
            let mut payload = payload();
            payload["actions"][0]["action_id"] = action.into();
            payload["message"]["thread_ts"] = thread.into();
            let said = hear_press(&payload, &identity()).unwrap().unwrap();
            said.origin.in_slack().unwrap().thread.clone()
        };
        assert_eq!(
            thread("innkeeper-say-service-acknowledge", None).as_deref(),
            Some("5.1")
        );
        assert_eq!(
            thread("innkeeper-say-service-silence", Some("5.1")).as_deref(),
            Some("5.1")
        );
        assert_eq!(
            thread("innkeeper-say-service-silence", Some("4.1")).as_deref(),
            Some("4.1")
        );
        assert_eq!(thread("innkeeper-say-0", Some("5.1")), None);
    }

    #[test]
    fn other_buttons_and_other_interactions_are_not_heard() {
        let mut foreign = payload();
        foreign["actions"][0]["action_id"] = "deploy".into();
        let mut none = payload();
        none["actions"] = json!([]);
        for other in [foreign, none, json!({"type": "view_submission"}), json!({})] {
            assert_eq!(hear_press(&other, &identity()), Ok(None), "{other}");
        }
    }

    #[test]
    fn a_press_that_lacks_something_is_told_apart_from_none() {
        for missing in [
            "/user",
            "/container",
            "/container/channel_id",
            "/container/message_ts",
            "/actions/0/value",
            "/actions/0/action_ts",
        ] {
            let mut payload = payload();
            let (parent, name) = missing.rsplit_once('/').unwrap();
            payload
                .pointer_mut(parent)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(name);
            assert!(hear_press(&payload, &identity()).is_err(), "{missing}");
        }
    }
}
