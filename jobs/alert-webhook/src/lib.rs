//! Tells another program: a request that is signed as [Standard Webhooks](https://www.standardwebhooks.com) says, so that any of
//! its libraries can verify it.
//!
//! ```toml
//! [plugins.webhook]
//! component = "alert-webhook.wasm"
//! settings = { url = "https://incidents.example.com/innkeeper" }
//! secrets = { secret = "WEBHOOK_SECRET" }
//! http = ["incidents.example.com/innkeeper"]
//! ```
//!
//! The type is `service.failing`, `service.again`, `service.worse`, `service.recovered` or `service.update`. The header
//! `webhook-id` is the same whenever a request is repeated.

use std::time::{SystemTime, UNIX_EPOCH};

use innkeeper_guest::alert::{Alert, Check, Deliveries, Delivery, Field, Metadata, Plugin, User};
use innkeeper_guest::json::{Value, json};
use innkeeper_guest::{Result, alert_plugin};

struct Webhook;

#[alert_plugin]
impl Plugin for Webhook {
    fn describe() -> Metadata {
        Metadata::new("Webhook", "Tells another program, by a request that is signed")
            .wants_updates()
            .setting(Field::text("url", "Where to"))
            .setting(Field::text("secret", "What signs it, whsec_…").secret().optional())
    }

    fn send_alert(alert: Alert) -> Result<Deliveries> {
        let request = Delivery::http(alert.settings.require("url")?).json(&event(&alert))?;
        Ok(Deliveries::one(match alert.settings.get("secret") {
            Some(secret) => request.sign(secret),
            None => request,
        }))
    }
}

fn event(alert: &Alert) -> Value {
    let service = &alert.service;
    let people = |people: &[User]| people.iter().map(|user| user.name.clone()).collect::<Vec<_>>();
    json!({
        "type": format!("service.{}", alert.kind),
        "timestamp": rfc3339(alert.at),
        "data": {
            "id": alert.id,
            "test": alert.test,
            "incident": alert.incident,
            "headline": alert.headline(),
            "service": {
                "name": service.name,
                "title": service.title,
                "url": service.url,
                "runbook": service.runbook,
                "before": service.before.as_str(),
                "now": service.now.as_str(),
                "since": rfc3339(service.since),
                "checks": service.checks.iter().map(check).collect::<Vec<_>>(),
                "acknowledgement": service.acknowledgement.as_ref().map(|it| json!({
                    "by": it.by, "at": rfc3339(it.at), "until": rfc3339(it.until),
                })),
            },
            "users": people(&alert.users),
            "duty_officers": people(&alert.duty_officers),
        },
    })
}

fn check(check: &Check) -> Value {
    json!({
        "name": check.name,
        "importance": check.importance.as_str(),
        "passing": check.passing,
        "run": check.run,
        "output": check.output,
    })
}

/// A moment as `2026-01-01T00:00:00Z`: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn rfc3339(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::time::Duration;

    use innkeeper_guest::alert::{Acknowledgement, Kind, Signature, Status};

    use super::*;

    #[test]
    fn everything_is_told_and_signed() {
        let mut alert = Alert::for_test()
            .setting("url", "https://a.example/hook")
            .secret("secret");
        alert.service.acknowledgement = Some(Acknowledgement::for_test("Bob"));
        let deliveries = Webhook::send_alert(alert).unwrap();
        let request = deliveries[0].as_http().unwrap();
        assert_eq!(
            (request.method.as_str(), request.url.as_str()),
            ("POST", "https://a.example/hook")
        );
        assert_eq!(
            request.signature,
            Some(Signature::StandardWebhooks("{{secret:secret}}".into()))
        );
        assert_eq!(request.header_value("content-type"), Some("application/json"));
        let body = request.body_json().unwrap();
        assert_eq!(body["type"], "service.failing");
        assert_eq!(body["timestamp"], "2026-01-01T00:00:00Z");
        let data = &body["data"];
        assert_eq!(data["service"]["now"], "critical");
        assert_eq!(data["service"]["checks"][0]["run"], 12);
        assert_eq!(data["service"]["acknowledgement"]["until"], "2026-01-01T00:20:00Z");
        assert_eq!(
            (&data["users"], &data["duty_officers"]),
            (&json!(["Ann", "Bob"]), &json!(["Ann"]))
        );
    }

    #[test]
    fn without_a_secret_nothing_signs_it_and_without_an_address_nothing_is_sent() {
        let alert = Alert::for_test()
            .kind(Kind::Recovered)
            .status(Status::Error, Status::Passing);
        let deliveries = Webhook::send_alert(alert.clone().setting("url", "https://a.example")).unwrap();
        let request = deliveries[0].as_http().unwrap();
        assert_eq!(request.signature, None);
        assert_eq!(request.body_json().unwrap()["type"], "service.recovered");
        assert_eq!(Webhook::send_alert(alert).unwrap_err().message, "`url` is not set");
    }

    #[test]
    fn moments_are_written_as_calendars_do() {
        for (seconds, written) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), written);
        }
    }
}
