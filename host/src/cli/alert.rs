//! `innkeeper alert test`: what a plugin makes of an alert, and whether it arrives.

use std::fmt::Write as _;

use innkeeper_core::alert::Status;
use innkeeper_core::config::Config;
use innkeeper_core::message::{Address, Content, HttpRequest, Mail, Message, Post, Signature};
use innkeeper_core::report::{clean, terminal};

use super::client::Host;
use super::{Ended, print};
use crate::alerts::{Trial, Tried};

/// How wide a Slack message is laid out, in columns.
const WIDTH: usize = 80;
/// How much of a body is shown, in characters.
const BODY: usize = 4000;

/// What concerns alerts.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Alerting {
    /// Tells one user by a plugin of a service that is made up, and prints what would be sent.
    Test {
        /// The plugin, as `innkeeper.toml` calls it.
        plugin: String,
        /// The user that is told, and nobody else.
        #[arg(long, value_name = "NAME")]
        user: String,
        /// The status before.
        #[arg(long, value_name = "STATUS", default_value = "passing", value_parser = status)]
        old: Status,
        /// The status now.
        #[arg(long, value_name = "STATUS", default_value = "critical", value_parser = status)]
        new: Status,
        /// Sends it, too.
        #[arg(long)]
        send: bool,
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
}

fn status(word: &str) -> Result<Status, String> {
    Status::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
        format!("a status is one of {}", words.join(", "))
    })
}

pub(super) async fn run(config: &Config, what: Alerting) -> anyhow::Result<Ended> {
    let Alerting::Test {
        plugin,
        user,
        old,
        new,
        send,
        json,
    } = what;
    let trial = Trial {
        plugin,
        user,
        old,
        new,
        send,
    };
    let host = Host::find(config).await?;
    // The data folder is given back in any case.
    let tried = host.test_alert(&trial).await;
    let serving = matches!(host, Host::Serving(_));
    host.leave().await?;
    let tried = tried?;
    match json {
        true => print(serde_json::to_string_pretty(&tried)?)?,
        false => print(shown(&tried))?,
    }
    match (tried.deliveries.is_empty(), send, serving) {
        (true, ..) => eprintln!("the plugin has nothing to send to {}", trial.user),
        (false, false, _) => eprintln!("nothing was sent; `--send` sends it"),
        (false, true, true) => eprintln!("put into the outbox; `innkeeper status` tells what became of it"),
        (false, true, false) => eprintln!("put into the outbox; `innkeeper serve` sends it"),
    }
    Ok(Ended::Done)
}

fn shown(tried: &Tried) -> String {
    let number = tried.deliveries.len();
    let deliveries = if number == 1 { "delivery" } else { "deliveries" };
    let mut text = format!("{} {}: {number} {deliveries}", tried.name, tried.version);
    for (index, delivery) in tried.deliveries.iter().enumerate() {
        let (head, body) = match &delivery.content {
            Content::Request(request) => (format!("{} {}", request.method, request.url), request_shown(request)),
            Content::Mail(mail) => (format!("mail to {}", mail.to.join(", ")), mail_shown(mail)),
            Content::Message(message) => (
                to_slack(&delivery.address, "message"),
                terminal::render(message, WIDTH, false),
            ),
            Content::Reply { post, .. } => (to_slack(&delivery.address, "reply in the thread"), post_shown(post)),
            Content::Edit { post, .. } | Content::Progress(post) => {
                (to_slack(&delivery.address, "edit"), post_shown(post))
            }
            Content::Reaction { .. } | Content::Status(_) => continue,
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n\n{}. {head}", index + 1);
        for line in clean(&body).lines() {
            let _ = match line.is_empty() {
                true => writeln!(text),
                false => write!(text, "\n   {line}"),
            };
        }
    }
    text
}

fn to_slack(address: &Address, what: &str) -> String {
    match address {
        Address::Slack { channel, .. } => format!("Slack {what} to {channel}"),
        _ => format!("Slack {what}"),
    }
}

fn post_shown(post: &Post) -> String {
    terminal::render(&Message::Post(post.clone()), WIDTH, false)
}

fn request_shown(request: &HttpRequest) -> String {
    let mut text = String::new();
    for (name, value) in &request.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    if let Some(name) = &request.idempotency_key {
        let _ = writeln!(text, "{name}: (the delivery's id)");
    }
    if let Some(auth) = &request.basic_auth {
        let _ = writeln!(text, "Authorization: (basic, of {}:{})", auth.user, auth.password);
    }
    if let Some(Signature::StandardWebhooks(secret)) = &request.signature {
        let _ = writeln!(
            text,
            "webhook-id, webhook-timestamp, webhook-signature: (signed with {secret})"
        );
    }
    if !request.body.is_empty() {
        let _ = write!(text, "\n{}", cut(&String::from_utf8_lossy(&request.body)));
    }
    text
}

fn mail_shown(mail: &Mail) -> String {
    format!("Subject: {}\n\n{}", mail.subject, cut(&mail.text))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(BODY) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::Shown;
    use innkeeper_core::message::BasicAuth;

    #[test]
    fn deliveries_are_shown_as_they_are_and_secrets_as_placeholders() {
        let to = |plugin: &str| Address::Http {
            plugin: plugin.to_owned(),
            service: "test".to_owned(),
        };
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: "https://sms.example/send?key={{secret:key}}".to_owned(),
            headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
            body: b"down\x1b[31m\nnow".to_vec(),
            idempotency_key: Some("Idempotency-Key".to_owned()),
            basic_auth: Some(BasicAuth {
                user: "ann".to_owned(),
                password: "{{secret:token}}".to_owned(),
            }),
            signature: None,
        };
        let mail = Mail {
            to: vec!["ann@example.com".to_owned()],
            subject: "Down".to_owned(),
            text: "It is down.".to_owned(),
        };
        let message = Message::Post(Post::text("*Down*"));
        let contents = [
            Content::Request(request),
            Content::Mail(mail),
            Content::Message(message),
        ];
        let addresses = [to("a"), to("a"), Address::slack_channel("U1")];
        let deliveries = addresses.into_iter().zip(contents);
        let tried = Tried {
            name: "Pager".to_owned(),
            version: "1.0".to_owned(),
            deliveries: deliveries
                .map(|(address, content)| Shown { address, content })
                .collect(),
            sent: false,
        };
        insta::assert_snapshot!(shown(&tried), @r"
        Pager 1.0: 3 deliveries

        1. POST https://sms.example/send?key={{secret:key}}
           Content-Type: text/plain
           Idempotency-Key: (the delivery's id)
           Authorization: (basic, of ann:{{secret:token}})

           down
           now

        2. mail to ann@example.com
           Subject: Down

           It is down.

        3. Slack message to U1
           *Down*
        ");
    }

    #[test]
    fn a_status_is_a_word() {
        assert_eq!(status("warning"), Ok(Status::Warning));
        assert_eq!(
            status("red"),
            Err("a status is one of passing, warning, error, critical".to_owned())
        );
    }
}
