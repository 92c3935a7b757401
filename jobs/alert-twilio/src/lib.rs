//! Text messages, and calls for what has just become critical, by [Twilio](https://www.twilio.com/docs/messaging/api).
//!
//! ```toml
//! [plugins.twilio]
//! component = "alert-twilio.wasm"
//! settings = { account_sid = "AC…", from = "+442079460000" }
//! secrets = { auth_token = "TWILIO_AUTH_TOKEN" }
//! http = ["api.twilio.com/2010-04-01/Accounts"]
//! ```
//!
//! Everybody who entered a number gets a text message, but for what is only a warning. Who is on duty is called, too, when
//! it becomes critical, unless they would rather not be.

use innkeeper_guest::alert::{
    Alert, Deliveries, Delivery, Field, HttpRequest, Metadata, Plugin, Status, User, UserFields,
};
use innkeeper_guest::{Result, alert_plugin};

/// The longest text message, in characters: a few parts, which is what it costs.
const LONGEST: usize = 320;

struct Twilio;

#[alert_plugin]
impl Plugin for Twilio {
    fn describe() -> Metadata {
        Metadata::new(
            "Twilio",
            "Sends text messages, and calls who is on duty when it becomes critical",
        )
        .setting(Field::text("account_sid", "Account SID"))
        .setting(Field::text("auth_token", "Auth token").secret())
        .setting(Field::text("from", "The number that messages and calls come from"))
        .setting(Field::text("url", "Twilio's API").default("https://api.twilio.com"))
    }

    fn user_fields() -> Option<UserFields> {
        let fields = UserFields::new("Text messages and calls")
            .field(Field::text("phone", "Mobile telephone, +44…").max_length(30).optional())
            .field(Field::boolean("call", "Call me when I am on duty and it is critical").default(true));
        Some(fields)
    }

    fn send_alert(alert: Alert) -> Result<Deliveries> {
        let mut deliveries = Deliveries::none();
        if is_worth_it(&alert) {
            let body = text(&alert);
            for number in alert.users.iter().filter_map(number) {
                deliveries.push(request(&alert, "Messages.json", &number, ("Body", &body))?);
            }
        }
        if alert.is_newly_critical() {
            let says = format!("<Response><Say loop=\"2\">{}</Say></Response>", xml(&alert.headline()));
            let wanted = alert.duty_officers.iter().filter(|user| user.fields.is_true("call"));
            for number in wanted.filter_map(number) {
                deliveries.push(request(&alert, "Calls.json", &number, ("Twiml", &says))?);
            }
        }
        Ok(deliveries)
    }
}

/// Nobody gets a text message about a warning, nor about its end.
fn is_worth_it(alert: &Alert) -> bool {
    let mild = |status| matches!(status, Status::Passing | Status::Warning);
    !(mild(alert.service.before) && mild(alert.service.now))
}

fn request(alert: &Alert, what: &str, to: &str, (name, value): (&str, &str)) -> Result<HttpRequest> {
    let settings = &alert.settings;
    let (url, account) = (settings.require("url")?, settings.require("account_sid")?);
    let from = settings.require("from")?;
    let url = format!("{}/2010-04-01/Accounts/{account}/{what}", url.trim_end_matches('/'));
    Ok(Delivery::http(url)
        .basic_auth(account, settings.require("auth_token")?)
        .form([("To", to), ("From", from), (name, value)]))
}

/// A number as Twilio wants it, without what people write between digits. None where they entered none.
fn number(user: &User) -> Option<String> {
    let entered = user.fields.get("phone")?;
    let number: String = entered.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    (!number.is_empty()).then_some(number)
}

fn text(alert: &Alert) -> String {
    let failing = alert.service.failing();
    let checks: Vec<&str> = failing.iter().map(|check| check.name.as_str()).collect();
    let text = match checks.is_empty() {
        true => alert.headline(),
        false => format!("{}: {}", alert.headline(), checks.join(", ")),
    };
    text.chars().take(LONGEST).collect()
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
mod tests {
    use innkeeper_guest::alert::{BasicAuth, Kind};

    use super::*;

    fn alert() -> Alert {
        let settings = Alert::for_test()
            .setting("url", "https://api.twilio.com")
            .setting("account_sid", "AC1");
        settings
            .secret("auth_token")
            .setting("from", "+1500")
            .officer_field("phone", "+44 (20) 7946-0000")
    }

    fn sent(alert: Alert) -> Vec<(String, String)> {
        let deliveries = Twilio::send_alert(alert).unwrap();
        let requests = deliveries.iter().map(|delivery| delivery.as_http().unwrap());
        requests
            .map(|request| {
                let path = request
                    .url
                    .strip_prefix("https://api.twilio.com/2010-04-01/Accounts/AC1/")
                    .unwrap();
                assert_eq!(
                    request.basic_auth,
                    Some(BasicAuth {
                        user: "AC1".into(),
                        password: "{{secret:auth_token}}".into()
                    })
                );
                (path.to_owned(), request.body_text())
            })
            .collect()
    }

    #[test]
    fn who_has_a_number_gets_a_text_message_and_who_is_on_duty_a_call() {
        let mut alert = alert().officer_field("call", "true");
        alert.service.title = "A & B".into();
        let [message, call] = &sent(alert.clone())[..] else {
            panic!("two requests")
        };
        assert_eq!(message.0, "Messages.json");
        assert_eq!(
            message.1,
            "To=%2B442079460000&From=%2B1500&Body=A%20%26%20B%20is%20critical%3A%20http"
        );
        assert_eq!(call.0, "Calls.json");
        assert!(
            call.1.contains("A%20%26amp%3B%20B%20is%20critical%3C%2FSay%3E"),
            "{}",
            call.1
        );
        assert_eq!(sent(alert.officer_field("call", "false")).len(), 1);
    }

    #[test]
    fn a_call_wakes_once_and_a_warning_nobody() {
        use Status::{Critical, Error, Passing, Warning};
        let count =
            |kind, before, now| sent(alert().officer_field("call", "true").kind(kind).status(before, now)).len();
        assert_eq!(count(Kind::Worse, Error, Critical), 2);
        assert_eq!(count(Kind::Again, Critical, Critical), 1);
        assert_eq!(count(Kind::Recovered, Critical, Passing), 1);
        assert_eq!(count(Kind::Failing, Passing, Error), 1);
        assert_eq!(count(Kind::Failing, Passing, Warning), 0);
        assert_eq!(count(Kind::Recovered, Warning, Passing), 0);
    }
}
