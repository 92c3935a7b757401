//! An alert plugin that behaves as the name of the service says: it does what it should, or one of the things that a plugin
//! should not do.

use std::hint::black_box;

use innkeeper_guest::alert::{Alert, Deliveries, Delivery, Field, Metadata, Plugin, UserFields};
use innkeeper_guest::{Result, alert_plugin, bail, http, json};

struct Test;

#[alert_plugin]
impl Plugin for Test {
    fn describe() -> Metadata {
        Metadata::new("Test", "Does what the name of the service says")
            .setting(Field::text("server", "Server").default("https://alerts.example"))
            .setting(Field::text("token", "Token").secret().optional())
    }

    fn user_fields() -> Option<UserFields> {
        let pin = Field::text("pin", "PIN").max_length(8).secret().optional();
        Some(
            UserFields::new("Test")
                .field(Field::text("phone", "Telephone").max_length(20).optional())
                .field(pin),
        )
    }

    fn send_alert(alert: Alert) -> Result<Deliveries> {
        let server = alert.settings.require("server")?;
        match alert.service.name.as_str() {
            "spins" => loop {
                black_box(0);
            },
            "traps" => unreachable_on_purpose(),
            "hoards" => hoard(),
            "fails" => bail!("the pager is out of paper"),
            "floods" => Ok((0..101).map(|_| Delivery::http(server)).collect()),
            "asks" => ask(server),
            "steals" => Ok(Deliveries::one(Delivery::http(server).bearer("{{secret:other}}"))),
            "strays" => Ok(Deliveries::one(Delivery::http("https://elsewhere.example"))),
            _ => tell(&alert, server),
        }
    }
}

fn tell(alert: &Alert, server: &str) -> Result<Deliveries> {
    let mut deliveries = Deliveries::none();
    for user in &alert.users {
        if let Some(id) = &user.slack {
            deliveries.push(Delivery::slack(id.as_str(), alert.headline())?);
        }
        if let Some(email) = &user.email {
            deliveries.push(Delivery::mail(email, alert.headline(), alert.summary()));
        }
        let phone = user.fields.get("phone");
        let pin = user.fields.get("pin");
        let body = json::json!({ "to": phone, "pin": pin, "text": alert.summary() });
        let token = alert.settings.get("token").unwrap_or_default();
        let url = format!("{server}/calls");
        deliveries.push(
            Delivery::http(url)
                .bearer(token)
                .idempotency_key("Idempotency-Key")
                .json(&body)?,
        );
    }
    Ok(deliveries)
}

fn ask(server: &str) -> Result<Deliveries> {
    let answer = http::get(server).send()?.error_for_status()?;
    let text = String::from_utf8_lossy(answer.bytes()).into_owned();
    Ok(Deliveries::one(Delivery::mail("ann@example.com", "asked", text)))
}

fn hoard() -> Result<Deliveries> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; 1 << 20]);
        black_box(&hoard);
    }
}

#[expect(clippy::panic, reason = "this is what it is for")]
fn unreachable_on_purpose() -> Result<Deliveries> {
    panic!("as the service says")
}
