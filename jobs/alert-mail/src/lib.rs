//! A mail for everybody who is told.
//!
//! ```toml
//! [plugins.mail]
//! component = "alert-mail.wasm"
//! settings = { prefix = "[ops]" }
//! ```
//!
//! The host sends it, through the server of its `[mail]`. People who want it elsewhere than at their own address say where.

use std::fmt::Write as _;

use innkeeper_guest::alert::{Alert, Deliveries, Delivery, Field, Metadata, Plugin, User, UserFields};
use innkeeper_guest::{Result, alert_plugin};

/// Characters of a subject.
const SUBJECT: usize = 200;

struct Mail;

#[alert_plugin]
impl Plugin for Mail {
    fn describe() -> Metadata {
        Metadata::new("Mail", "Writes a mail to everybody who is told").setting(
            Field::text("prefix", "What subjects begin with")
                .max_length(40)
                .optional(),
        )
    }

    fn user_fields() -> Option<UserFields> {
        let address = Field::text("address", "Address, where it is not your own").optional();
        Some(UserFields::new("Mail").field(address))
    }

    fn send_alert(alert: Alert) -> Result<Deliveries> {
        let subject = match alert.settings.get("prefix") {
            Some(prefix) => format!("{prefix} {}", alert.headline()),
            None => alert.headline(),
        };
        // One line, and no longer than a subject may be.
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let subject: String = subject.chars().take(SUBJECT).collect();
        let text = text(&alert);
        let addresses = alert.users.iter().filter_map(address);
        Ok(addresses.map(|to| Delivery::mail(to, &subject, &text)).collect())
    }
}

/// Where somebody gets mail: at the address that they entered, where it is one.
fn address(user: &User) -> Option<&str> {
    let entered = user.fields.get("address").filter(|entered| is_address(entered));
    entered.or(user.email.as_deref().filter(|email| is_address(email)))
}

/// What the host would take for an address: one person's slip is not to keep the mail from all others.
fn is_address(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;,\\\"".contains(c);
    text.split_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len()) && !domain.is_empty() && !domain.contains('@') && !text.contains(odd)
    })
}

/// The summary, and the last lines of what fails.
fn text(alert: &Alert) -> String {
    let mut text = alert.summary();
    for check in alert.service.failing() {
        if let Some(run) = check.run {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n\n{}, run {run}:\n{}", check.name, check.output.trim_end());
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn everybody_with_an_address_gets_a_mail_of_their_own() {
        let mut alert = Alert::for_test()
            .setting("prefix", "[ops]")
            .officer_field("address", "night@example.com");
        alert.users.push(User::for_test("Cat"));
        alert.users[2].email = None;
        alert.users[1].fields.set("address", "bob at home");
        let deliveries = Mail::send_alert(alert).unwrap();
        let mails: Vec<_> = deliveries.iter().map(|delivery| delivery.as_mail().unwrap()).collect();
        assert_eq!(
            mails.iter().map(|mail| mail.to[0].as_str()).collect::<Vec<_>>(),
            ["night@example.com", "bob@example.com"]
        );
        assert_eq!(mails[0].subject, "[ops] The web site is critical");
        assert_eq!(
            mails[0].text,
            "The web site is critical\n- http (critical): 503 Service Unavailable\nhttps://www.example.com\n\
             What to do: https://wiki.example.com/web\n\nhttp, run 12:\nGET https://www.example.com\n\
             503 Service Unavailable\n"
        );
    }
}
