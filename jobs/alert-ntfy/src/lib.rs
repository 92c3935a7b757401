//! Notifications on telephones and desks, by [ntfy](https://docs.ntfy.sh/publish/): its public server, or your own.
//!
//! ```toml
//! [plugins.ntfy]
//! component = "alert-ntfy.wasm"
//! settings = { topic = "ops-alerts", server = "https://ntfy.example.com" }
//! secrets = { token = "NTFY_TOKEN" }
//! http = ["ntfy.example.com"]
//! ```
//!
//! Everybody hears of the topic of the settings; who enters a topic of their own is told there. On the public server, whoever
//! knows a topic hears what is said there: that of a person is kept as a secret.

use innkeeper_guest::alert::{Alert, Deliveries, Delivery, Field, HttpRequest, Metadata, Plugin, Status, UserFields};
use innkeeper_guest::json::{Value, json};
use innkeeper_guest::{Result, alert_plugin, bail};

/// The longest message that ntfy shows as one, in bytes.
const LONGEST: usize = 4000;

struct Ntfy;

#[alert_plugin]
impl Plugin for Ntfy {
    fn describe() -> Metadata {
        Metadata::new("ntfy", "Notifies telephones and desks by ntfy")
            .setting(Field::text("server", "The server").default("https://ntfy.sh"))
            .setting(Field::text("topic", "A topic that hears of everything").optional())
            .setting(Field::text("token", "Access token").secret().optional())
    }

    fn user_fields() -> Option<UserFields> {
        let topic = Field::text("topic", "Topic").max_length(64).secret().optional();
        Some(UserFields::new("ntfy").field(topic))
    }

    fn send_alert(alert: Alert) -> Result<Deliveries> {
        let of_people = alert.users.iter().filter_map(|user| user.fields.get("topic"));
        // Who hears of everything is not to hear of a test.
        let of_everybody = alert.settings.get("topic").filter(|_| !alert.test);
        let topics: Vec<&str> = of_everybody.into_iter().chain(of_people).collect();
        if alert.test && topics.is_empty() {
            bail!("a test is told to its user alone, who entered no topic: `innkeeper user set NAME ntfy topic=…`");
        }
        topics.into_iter().map(|topic| request(&alert, topic)).collect()
    }
}

fn request(alert: &Alert, topic: &str) -> Result<HttpRequest> {
    // The address of the server itself: the topic is in the body.
    let request = Delivery::http(alert.settings.require("server")?).json(&notification(alert, topic))?;
    Ok(match alert.settings.get("token") {
        Some(token) => request.bearer(token),
        None => request,
    })
}

fn notification(alert: &Alert, topic: &str) -> Value {
    let service = &alert.service;
    let (priority, tag) = match service.now {
        Status::Critical => (5, "rotating_light"),
        Status::Error => (4, "x"),
        Status::Warning => (3, "warning"),
        Status::Acknowledged => (2, "eyes"),
        Status::Passing => (3, "white_check_mark"),
    };
    let mut notification = json!({
        "topic": topic,
        "title": alert.headline(),
        "message": cut(&alert.summary()),
        "priority": priority,
        "tags": [tag],
    });
    if let Some(url) = &service.url {
        notification["click"] = url.as_str().into();
    }
    if let Some(url) = &service.runbook {
        notification["actions"] = json!([{ "action": "view", "label": "What to do", "url": url }]);
    }
    notification
}

fn cut(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use innkeeper_guest::alert::Kind;

    use super::*;

    #[test]
    fn the_topic_of_the_settings_and_those_of_people() {
        let alert = Alert::for_test()
            .setting("server", "https://ntfy.example")
            .setting("topic", "ops")
            .secret("token");
        let deliveries = Ntfy::send_alert(alert.officer_field("topic", "{{secret:7/topic}}")).unwrap();
        let bodies: Vec<Value> = deliveries
            .iter()
            .map(|sent| sent.as_http().unwrap().body_json().unwrap())
            .collect();
        assert_eq!(
            bodies[0],
            json!({
                "topic": "ops",
                "title": "The web site is critical",
                "message": "The web site is critical\n- http (critical): 503 Service Unavailable\nhttps://www.example.com\n\
                            What to do: https://wiki.example.com/web",
                "priority": 5,
                "tags": ["rotating_light"],
                "click": "https://www.example.com",
                "actions": [{ "action": "view", "label": "What to do", "url": "https://wiki.example.com/web" }],
            })
        );
        assert_eq!((bodies.len(), &bodies[1]["topic"]), (2, &json!("{{secret:7/topic}}")));
        let request = deliveries[0].as_http().unwrap();
        assert_eq!(request.url, "https://ntfy.example");
        assert_eq!(request.header_value("authorization"), Some("Bearer {{secret:token}}"));
    }

    #[test]
    fn a_test_is_told_to_its_user_and_not_to_everybody() {
        let mut alert = Alert::for_test()
            .setting("server", "https://ntfy.example")
            .setting("topic", "ops");
        alert.test = true;
        let refused = Ntfy::send_alert(alert.clone()).unwrap_err();
        assert!(refused.message.contains("who entered no topic"), "{}", refused.message);
        let deliveries = Ntfy::send_alert(alert.officer_field("topic", "ann")).unwrap();
        let body: Value = deliveries[0].as_http().unwrap().body_json().unwrap();
        assert_eq!((deliveries.len(), &body["topic"]), (1, &json!("ann")));
    }

    #[test]
    fn a_recovery_is_quieter_and_nobody_without_a_topic_is_told() {
        let alert = Alert::for_test()
            .kind(Kind::Recovered)
            .status(Status::Critical, Status::Passing);
        assert_eq!(notification(&alert, "ops")["priority"], 3);
        assert!(
            Ntfy::send_alert(alert.setting("server", "https://ntfy.sh"))
                .unwrap()
                .is_empty()
        );
        let long = "ä".repeat(3000);
        assert_eq!(cut(&long).len(), LONGEST);
    }
}
