//! Tells [PagerDuty](https://developer.pagerduty.com/docs/send-alert-event): what fails triggers an incident, who is on it
//! acknowledges it, and what passes again resolves it.
//!
//! ```toml
//! [plugins.pagerduty]
//! component = "alert-pagerduty.wasm"
//! secrets = { routing_key = "PAGERDUTY_ROUTING_KEY" }
//! http = ["events.pagerduty.com/v2/enqueue"]
//! ```

use innkeeper_guest::alert::{Alert, Deliveries, Delivery, Field, Kind, Metadata, Plugin, Status};
use innkeeper_guest::json::{Value, json};
use innkeeper_guest::{Result, alert_plugin};

/// The longest summary that PagerDuty takes, in characters.
const SUMMARY: usize = 1024;

struct PagerDuty;

#[alert_plugin]
impl Plugin for PagerDuty {
    fn describe() -> Metadata {
        Metadata::new(
            "PagerDuty",
            "Triggers, acknowledges and resolves incidents of PagerDuty",
        )
        .wants_updates()
        .setting(Field::text("routing_key", "Integration key of Events API v2").secret())
        .setting(
            Field::text(
                "url",
                "Where events go; in Europe https://events.eu.pagerduty.com/v2/enqueue",
            )
            .default("https://events.pagerduty.com/v2/enqueue"),
        )
    }

    fn send_alert(alert: Alert) -> Result<Deliveries> {
        let url = alert.settings.require("url")?;
        let sent = |action| Delivery::http(url).json(&event(&alert, action)?);
        let action = match (alert.kind, alert.service.now) {
            (Kind::Recovered, _) | (_, Status::Passing) => "resolve",
            (Kind::Update, _) | (_, Status::Acknowledged) => "acknowledge",
            (Kind::Failing | Kind::Again | Kind::Worse, _) => "trigger",
        };
        let mut deliveries = Deliveries::one(sent(action)?);
        // Nothing comes after a test that would resolve its incident.
        if alert.test && action != "resolve" {
            deliveries.push(sent("resolve")?);
        }
        Ok(deliveries)
    }
}

fn event(alert: &Alert, action: &str) -> Result<Value> {
    let service = &alert.service;
    let since = service.since.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut event = json!({
        "routing_key": alert.settings.require("routing_key")?,
        "event_action": action,
        // The same from the first failure to the recovery, and no other's.
        "dedup_key": format!("innkeeper/{}/{}/{}", service.name, alert.incident, since.as_secs()),
    });
    if action == "trigger" {
        event["client"] = "Innkeeper".into();
        event["client_url"] = service.url.clone().into();
        event["links"] = service
            .runbook
            .iter()
            .map(|href| json!({ "href": href, "text": "What to do" }))
            .collect();
        event["payload"] = payload(alert);
    }
    Ok(event)
}

fn payload(alert: &Alert) -> Value {
    let service = &alert.service;
    let severity = match service.now {
        Status::Critical => "critical",
        Status::Error => "error",
        Status::Warning => "warning",
        Status::Passing | Status::Acknowledged => "info",
    };
    let failing = service.failing().into_iter().map(|check| {
        let said = check.last_line().unwrap_or("it wrote nothing");
        (check.name.clone(), Value::from(format!("{}: {said}", check.importance)))
    });
    let summary: String = alert.headline().chars().take(SUMMARY).collect();
    json!({
        "summary": summary,
        "source": service.name,
        "severity": severity,
        "component": service.name,
        "class": alert.kind.as_str(),
        "custom_details": failing.collect::<innkeeper_guest::json::Map<_, _>>(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    const EUROPE: &str = "https://events.eu.pagerduty.com/v2/enqueue";

    fn sent(kind: Kind, before: Status, now: Status) -> Value {
        let alert = Alert::for_test().kind(kind).status(before, now);
        let deliveries = PagerDuty::send_alert(alert.setting("url", EUROPE).secret("routing_key")).unwrap();
        assert_eq!(deliveries.len(), 1);
        let request = deliveries[0].as_http().unwrap();
        assert_eq!(request.url, EUROPE);
        request.body_json().unwrap()
    }

    #[test]
    fn what_fails_triggers_an_incident() {
        assert_eq!(
            sent(Kind::Failing, Status::Passing, Status::Critical),
            json!({
                "routing_key": "{{secret:routing_key}}",
                "event_action": "trigger",
                "dedup_key": "innkeeper/web/1/1767225600",
                "client": "Innkeeper",
                "client_url": "https://www.example.com",
                "links": [{ "href": "https://wiki.example.com/web", "text": "What to do" }],
                "payload": {
                    "summary": "The web site is critical",
                    "source": "web",
                    "severity": "critical",
                    "component": "web",
                    "class": "failing",
                    "custom_details": { "http": "critical: 503 Service Unavailable" },
                },
            })
        );
    }

    #[test]
    fn an_incident_is_one_from_the_first_failure_to_the_recovery() {
        use Status::{Acknowledged, Critical, Error, Passing, Warning};
        let history = [
            (Kind::Failing, Passing, Warning, "trigger"),
            (Kind::Worse, Warning, Critical, "trigger"),
            (Kind::Again, Critical, Critical, "trigger"),
            (Kind::Update, Critical, Acknowledged, "acknowledge"),
            (Kind::Update, Critical, Error, "acknowledge"),
            (Kind::Update, Error, Passing, "resolve"),
            (Kind::Recovered, Error, Passing, "resolve"),
        ];
        for (kind, before, now, action) in history {
            let event = sent(kind, before, now);
            assert_eq!(event["event_action"], action, "{kind} {now}");
            assert_eq!(event["dedup_key"], "innkeeper/web/1/1767225600");
            assert_eq!(event.get("payload").is_some(), action == "trigger");
        }
    }

    #[test]
    fn the_incident_of_a_test_is_resolved_at_once() {
        let mut alert = Alert::for_test().setting("url", EUROPE).secret("routing_key");
        alert.test = true;
        let deliveries = PagerDuty::send_alert(alert).unwrap();
        let events: Vec<Value> = deliveries
            .iter()
            .map(|sent| sent.as_http().unwrap().body_json().unwrap())
            .collect();
        let [trigger, resolve] = &events[..] else {
            unreachable!("{events:?}")
        };
        assert_eq!(trigger["payload"]["summary"], "Test: The web site is critical");
        assert_eq!(
            (&trigger["event_action"], &resolve["event_action"]),
            (&json!("trigger"), &json!("resolve"))
        );
        assert_eq!(trigger["dedup_key"], resolve["dedup_key"]);
    }

    #[test]
    fn without_a_key_nothing_is_sent() {
        let refused = PagerDuty::send_alert(Alert::for_test().setting("url", EUROPE)).unwrap_err();
        assert_eq!(refused.message, "`routing_key` is not set");
    }
}
