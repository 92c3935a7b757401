//! Buttons below a text. A button says something to the bot, in the name of whoever presses it: what it does, and whether
//! that person may, is decided as if they had typed it.

use serde_json::{Value, json};

use super::limits;
use crate::alert::State;
use crate::message::{Message, Post};

/// What the `action_id` of the host's own buttons begins with. No job's blocks may have such a one: what a button says
/// would be taken for the words of whoever presses it.
pub const ACTION: &str = "innkeeper-say-";

/// What the `action_id` of buttons for a service begins with. What they do is answered in the thread of their message, which
/// is mostly one about an incident.
pub const SERVICE_ACTION: &str = "innkeeper-say-service-";

/// What the button that silences a service says, at the end.
const SILENCE: &str = "1h";

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What stands on it, in plain text.
    pub label: String,
    /// What it says to the bot, as Slack would send it: escaped.
    pub says: String,
    /// Whether it takes something away.
    pub danger: bool,
    /// Whether what it says is shown first, and has to be confirmed: its label does not tell it.
    pub confirm: bool,
    /// What it does to a service, as its `action_id` says it. None: it is about none.
    pub service: Option<&'static str>,
}

impl Button {
    /// Cancels a request that has not started.
    pub fn cancel(request: crate::request::RequestId) -> Self {
        Self {
            label: "Cancel".to_owned(),
            says: format!("cancel {request}"),
            danger: true,
            confirm: false,
            service: None,
        }
    }

    /// Says again what was said.
    pub fn again(said: &str) -> Self {
        Self {
            label: "Run again".to_owned(),
            says: said.to_owned(),
            danger: false,
            confirm: true,
            service: None,
        }
    }

    /// Shows the end of a run's log.
    pub fn log(run: crate::run::RunId) -> Self {
        Self {
            label: "Log".to_owned(),
            says: format!("logs tail {run}"),
            danger: false,
            confirm: false,
            service: None,
        }
    }

    /// Says that whoever presses it is on a service.
    pub fn acknowledge(service: &str) -> Self {
        Self::of_service("acknowledge", "Acknowledge", format!("ack {service}"))
    }

    /// Says that nobody is on a service any more.
    pub fn unacknowledge(service: &str) -> Self {
        Self::of_service("unacknowledge", "Withdraw", format!("unack {service}"))
    }

    /// Has nobody told of a service for this long, as people type it: `1h`.
    pub fn silence(service: &str, duration: &str) -> Self {
        Self::of_service(
            "silence",
            &format!("Silence {duration}"),
            format!("silence {service} {duration}"),
        )
    }

    /// Has people told of a service again.
    pub fn unsilence(service: &str) -> Self {
        Self::of_service("unsilence", "End silence", format!("unsilence {service}"))
    }

    fn of_service(what: &'static str, label: &str, says: String) -> Self {
        Self {
            label: label.to_owned(),
            // The names of services need no escaping; what comes from elsewhere does no harm.
            says: super::escape(&says),
            danger: false,
            confirm: false,
            service: Some(what),
        }
    }

    /// What makes sense for a service in this state: to acknowledge or to withdraw that, and to silence it or to end that.
    /// Nothing where it passes and nobody said anything.
    pub fn for_service(service: &str, state: &State) -> Vec<Self> {
        let failing = state.status.is_failing();
        let acknowledge = match (&state.acknowledged, failing) {
            (Some(_), _) => Some(Self::unacknowledge(service)),
            (None, true) => Some(Self::acknowledge(service)),
            (None, false) => None,
        };
        let silence = match (&state.silenced, failing) {
            (Some(_), _) => Some(Self::unsilence(service)),
            (None, true) => Some(Self::silence(service, SILENCE)),
            (None, false) => None,
        };
        acknowledge.into_iter().chain(silence).collect()
    }

    /// Says what was probably meant, in plain text.
    pub fn say(plain: &str) -> Self {
        Self {
            label: plain.to_owned(),
            says: super::escape(plain),
            danger: false,
            confirm: false,
            service: None,
        }
    }
}

/// A text with buttons below it; without them where it is too long for the block that it would stand in, and without
/// those that would say more than a button can.
pub fn with_buttons(text: String, buttons: &[Button]) -> Post {
    let actions = actions(buttons);
    let (Some(actions), 1..=limits::TEXT_OBJECT) = (actions, text.chars().count()) else {
        return Post::text(text);
    };
    let blocks = vec![
        // Verbatim: nothing in it becomes a mention that is not one already.
        json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}),
        actions,
    ];
    Post {
        text,
        blocks,
        unfurl: false,
    }
}

/// The block with these buttons, without those that would say more than a button can.
fn actions(buttons: &[Button]) -> Option<Value> {
    // Whoever presses it says it: nothing of it may be out of sight.
    let fits = |button: &&Button| {
        let most = if button.confirm {
            limits::CONFIRM_TEXT
        } else {
            limits::BUTTON_VALUE
        };
        button.says.chars().count() <= most && button.label.chars().count() <= limits::BUTTON
    };
    let elements: Vec<Value> = buttons
        .iter()
        .filter(fits)
        .take(limits::ACTIONS)
        .enumerate()
        .map(|(at, button)| element(at, button))
        .collect();
    (!elements.is_empty()).then(|| json!({"type": "actions", "elements": elements}))
}

/// The block with the buttons for a service, by its state; none where there is nothing to press. It is added to the blocks of
/// a message about it.
pub fn service_actions(service: &str, state: &State) -> Option<Value> {
    actions(&Button::for_service(service, state))
}

/// A message that is a text with buttons below it; others stay as they are.
pub fn add_buttons(message: Message, buttons: &[Button]) -> Message {
    match message {
        Message::Post(post) if post.blocks.is_empty() => Message::Post(with_buttons(post.text, buttons)),
        other => other,
    }
}

/// A message with buttons below it, below its blocks where it has some. A file stays as it is, and so do blocks that leave
/// no room for another one.
pub fn put_buttons_below(message: Message, buttons: &[Button]) -> Message {
    match message {
        Message::Post(mut post) if !post.blocks.is_empty() => {
            if post.blocks.len() < limits::BLOCKS {
                post.blocks.extend(actions(buttons));
            }
            Message::Post(post)
        }
        other => add_buttons(other, buttons),
    }
}

fn element(at: usize, button: &Button) -> Value {
    let action = match button.service {
        Some(what) => format!("{SERVICE_ACTION}{what}"),
        None => format!("{ACTION}{at}"),
    };
    let mut element = json!({
        "type": "button",
        "action_id": action,
        "text": plain(&button.label),
        "value": button.says,
    });
    if button.danger {
        element["style"] = "danger".into();
    }
    if button.confirm {
        element["confirm"] = json!({
            "title": plain(&format!("{}?", button.label)),
            "text": plain(&button.says),
            "confirm": plain(&button.label),
            "deny": plain("No"),
        });
    }
    element
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::RequestId;

    #[test]
    fn buttons_stand_below_the_text() {
        let buttons = [Button::cancel(RequestId(12)), Button::say("demo say <hi> & bye")];
        let post = with_buttons("It *waits*.".to_owned(), &buttons);
        assert_eq!(post.text, "It *waits*.");
        insta::assert_snapshot!(serde_json::to_string(&post.blocks).unwrap_or_default(), @r#"[{"type":"section","text":{"type":"mrkdwn","text":"It *waits*.","verbatim":true}},{"type":"actions","elements":[{"type":"button","action_id":"innkeeper-say-0","text":{"type":"plain_text","text":"Cancel","emoji":false},"value":"cancel 12","style":"danger"},{"type":"button","action_id":"innkeeper-say-1","text":{"type":"plain_text","text":"demo say <hi> & bye","emoji":false},"value":"demo say &lt;hi&gt; &amp; bye"}]}]"#);
    }

    #[test]
    fn buttons_stand_below_blocks_where_there_is_room() {
        let with = |blocks: usize| {
            let post = Post {
                blocks: vec![json!({"type": "divider"}); blocks],
                ..Post::text("It fails.")
            };
            match put_buttons_below(Message::Post(post), &[Button::acknowledge("web")]) {
                Message::Post(post) => post.blocks,
                Message::File(_) => Vec::new(),
            }
        };
        assert_eq!(with(2)[2]["elements"][0]["value"], "ack web");
        assert_eq!((with(0).len(), with(50).len()), (2, 50));
    }

    #[test]
    fn a_service_has_the_buttons_that_its_state_makes_sense_of() {
        let at = crate::clock::Timestamp::from_micros(0);
        let pressed = |state: &State| {
            let block = service_actions("web", state).unwrap_or_default();
            let elements = block["elements"].as_array().cloned().unwrap_or_default().into_iter();
            let says = elements.map(|one| format!("{} = {}", one["action_id"], one["value"]));
            says.collect::<Vec<_>>().join("; ").replace('"', "")
        };
        let mut state = State::default();
        assert_eq!(service_actions("web", &state), None);
        state.status = crate::alert::Status::Error;
        insta::assert_snapshot!(pressed(&state), @"innkeeper-say-service-acknowledge = ack web; innkeeper-say-service-silence = silence web 1h");
        state.acknowledged = Some(crate::alert::Acknowledgement {
            by: "Ann".into(),
            at,
            until: at,
        });
        state.silenced = Some(crate::alert::Silence {
            by: "Ann".into(),
            at,
            until: at,
        });
        insta::assert_snapshot!(pressed(&state), @"innkeeper-say-service-unacknowledge = unack web; innkeeper-say-service-unsilence = unsilence web");
    }

    #[test]
    fn what_has_no_room_has_no_buttons() {
        let cancel = [Button::cancel(RequestId(1))];
        assert_eq!(with_buttons("x".repeat(3001), &cancel).blocks, Vec::<Value>::new());
        assert_eq!(with_buttons("x".to_owned(), &[]), Post::text("x"));
        let offered = |button| !with_buttons("x".to_owned(), &[button]).blocks.is_empty();
        assert!(offered(Button::say(&"é".repeat(75))));
        assert!(
            !offered(Button::say(&"é".repeat(76))),
            "nobody says what they do not see"
        );
        assert!(offered(Button::again(&"y".repeat(300))));
        assert!(!offered(Button::again(&"y".repeat(301))));
    }
}
