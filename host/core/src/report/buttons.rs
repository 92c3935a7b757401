//! Buttons below a text. A button says something to the bot, in the name of whoever presses it: what it does, and whether
//! that person may, is decided as if they had typed it.

use serde_json::{Value, json};

use super::limits;
use crate::message::{Message, Post};

/// What the `action_id` of the host's own buttons begins with. No job's blocks may have such a one: what a button says
/// would be taken for the words of whoever presses it.
pub const ACTION: &str = "innkeeper-say-";

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
}

impl Button {
    /// Cancels a request that has not started.
    pub fn cancel(request: crate::request::RequestId) -> Self {
        Self {
            label: "Cancel".to_owned(),
            says: format!("cancel {request}"),
            danger: true,
            confirm: false,
        }
    }

    /// Says again what was said.
    pub fn again(said: &str) -> Self {
        Self {
            label: "Run again".to_owned(),
            says: said.to_owned(),
            danger: false,
            confirm: true,
        }
    }

    /// Shows the end of a run's log.
    pub fn log(run: crate::run::RunId) -> Self {
        Self {
            label: "Log".to_owned(),
            says: format!("logs tail {run}"),
            danger: false,
            confirm: false,
        }
    }

    /// Says what was probably meant, in plain text.
    pub fn say(plain: &str) -> Self {
        Self {
            label: plain.to_owned(),
            says: super::escape(plain),
            danger: false,
            confirm: false,
        }
    }
}

/// A text with buttons below it; without them where it is too long for the block that it would stand in, and without
/// those that would say more than a button can.
pub fn with_buttons(text: String, buttons: &[Button]) -> Post {
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
    if elements.is_empty() || text.is_empty() || text.chars().count() > limits::TEXT_OBJECT {
        return Post::text(text);
    }
    let blocks = vec![
        // Verbatim: nothing in it becomes a mention that is not one already.
        json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}),
        json!({"type": "actions", "elements": elements}),
    ];
    Post {
        text,
        blocks,
        unfurl: false,
    }
}

/// A message that is a text with buttons below it; others stay as they are.
pub fn add_buttons(message: Message, buttons: &[Button]) -> Message {
    match message {
        Message::Post(post) if post.blocks.is_empty() => Message::Post(with_buttons(post.text, buttons)),
        other => other,
    }
}

fn element(at: usize, button: &Button) -> Value {
    let mut element = json!({
        "type": "button",
        "action_id": format!("{ACTION}{at}"),
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
