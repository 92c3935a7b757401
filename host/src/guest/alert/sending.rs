//! What a plugin wants sent, validated: nothing gets into the outbox that could not be sent, and nothing with a secret in it
//! that the plugin was not given, or for a host that it was not granted.

use http::{HeaderName, HeaderValue};
use innkeeper_core::alert::plugin::{Sending, SlackMessage, SlackPlace};
use innkeeper_core::alert::secret::names_in;
use innkeeper_core::config::{HttpGrants, Origin, Scheme};
use innkeeper_core::message::{BasicAuth, HttpRequest, Mail, Message, Signature};
use innkeeper_core::report::of_plugin;

use super::super::bindings::alerting as wit;
use super::super::convert::{self, nothing_extra};
use super::super::ending::tidy;
use super::super::limits::HEADER_BYTES;
use super::secrets::{Given, all_in, filled_in};

/// How many deliveries one alert may have.
const DELIVERIES: usize = 100;
/// Bytes of what all deliveries of one alert say together, each addressee of a mail counted: they are kept until they are sent.
const ALL: usize = 8 * 1024 * 1024;
/// How many headers a request may have, and how long its address may be.
const HEADERS: usize = 50;
const URL: usize = 8 * 1024;
/// Bytes of a request's body, and of a mail's text.
const BODY: usize = 1024 * 1024;
const MAIL: usize = 256 * 1024;
/// How many addresses a mail may have, and how long one may be: what SMTP takes.
const ADDRESSES: usize = 50;
const ADDRESS: usize = 254;
/// Characters of a mail's subject, and of the name of a channel.
const SUBJECT: usize = 250;
const CHANNEL: usize = 80;

const METHODS: &[&str] = &["POST", "PUT", "PATCH", "GET"];
/// Headers that are the host's business: how the message is put on the wire, and to whom.
const OF_THE_HOST: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

type Read<T> = Result<T, String>;

/// What the plugin wants sent.
///
/// # Errors
/// What cannot be sent, in words that follow the component's name.
pub(super) fn read(deliveries: Vec<wit::Delivery>, grants: &HttpGrants, secrets: &Given) -> Read<Vec<Sending>> {
    if deliveries.len() > DELIVERIES {
        let number = deliveries.len();
        return Err(format!(
            "returns {number} deliveries, and an alert has at most {DELIVERIES}"
        ));
    }
    let read = |(index, delivery): (usize, wit::Delivery)| {
        let read = match delivery {
            wit::Delivery::Slack(message) => slack(message).map(Sending::Slack),
            wit::Delivery::Http(request) => http_request(request, grants, secrets).map(Sending::Http),
            wit::Delivery::Mail(message) => mail(message).map(Sending::Mail),
        };
        read.map_err(|why| format!("returns a delivery that cannot be made: number {}: {why}", index + 1))
    };
    let read = deliveries.into_iter().enumerate().map(read).collect::<Read<Vec<_>>>()?;
    let all: usize = read.iter().map(weight).sum();
    if all > ALL {
        return Err(format!(
            "returns deliveries of {all} bytes, and those of an alert may have {ALL}; each addressee of a mail counts"
        ));
    }
    Ok(read)
}

/// How much of it is kept in the outbox, but for what is small.
fn weight(sending: &Sending) -> usize {
    match sending {
        Sending::Slack(SlackMessage { message, .. }) => match message {
            Message::Post(post) => post.text.len(),
            Message::File(file) => file.content.len(),
        },
        Sending::Http(request) => request.body.len(),
        Sending::Mail(mail) => mail.to.len().saturating_mul(mail.text.len()),
    }
}

fn slack(message: wit::SlackMessage) -> Read<SlackMessage> {
    let wit::SlackMessage {
        to,
        message,
        place: written,
        buttons,
        extra,
    } = message;
    nothing_extra(&extra)?;
    let place = match written {
        wit::SlackPlace::Alone => SlackPlace::Alone,
        wit::SlackPlace::Incident => SlackPlace::Incident,
        wit::SlackPlace::Thread => SlackPlace::Thread,
    };
    if !is_channel(&to) {
        return Err(format!(
            "`{}` is no place in Slack: a channel's id or `#name`, or a user's id",
            tidy(&to, CHANNEL)
        ));
    }
    let message = convert::message(message)?;
    let message = of_plugin(message).map_err(|why| format!("its Slack message {why}"))?;
    let text = match &message {
        Message::Post(post) => format!("{}{}", post.text, serde_json::Value::from(post.blocks.clone())),
        Message::File(file) => {
            if place != SlackPlace::Alone || buttons {
                return Err("a file goes nowhere but `alone`, and has no buttons".to_owned());
            }
            file.comment.clone().unwrap_or_default()
        }
    };
    no_placeholder("a Slack message", &text)?;
    Ok(SlackMessage {
        to,
        message,
        place,
        buttons,
    })
}

fn is_channel(to: &str) -> bool {
    if let Some(name) = to.strip_prefix('#') {
        let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        return !name.is_empty() && name.chars().count() <= CHANNEL && name.chars().all(good);
    }
    let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    to.starts_with(['C', 'D', 'G', 'U', 'W']) && (2..=CHANNEL).contains(&to.len()) && to.bytes().all(good)
}

fn http_request(request: wit::HttpRequest, grants: &HttpGrants, secrets: &Given) -> Read<HttpRequest> {
    let wit::HttpRequest {
        method,
        url,
        headers,
        body,
        idempotency_key,
        basic_auth,
        signature: signed,
        extra,
    } = request;
    nothing_extra(&extra)?;
    if !METHODS.contains(&method.as_str()) {
        return Err(format!(
            "the method `{}` is none of {}",
            tidy(&method, 20),
            METHODS.join(", ")
        ));
    }
    check_url(&url, grants)?;
    check_headers(&headers)?;
    if body.len() > BODY {
        return Err(format!("its body has {} bytes, and may have {BODY}", body.len()));
    }
    let has = |name: &str| headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name));
    if let Some(key) = &idempotency_key {
        check_header(key, "")?;
        if has(key) {
            return Err(format!(
                "it has the header `{}` already, which is to take the key",
                tidy(key, 80)
            ));
        }
    }
    let basic_auth = basic_auth.map(|auth| {
        let wit::BasicAuth { user, password } = auth;
        BasicAuth { user, password }
    });
    if let Some(auth) = &basic_auth {
        if has("authorization") {
            return Err("it has `basic-auth` and a header `authorization`: one of them".to_owned());
        }
        let colon = filled_in(&auth.user).contains(':');
        if colon || auth.user.contains(char::is_control) || auth.password.contains(char::is_control) {
            return Err(
                "a user for basic authentication has no `:`, and neither it nor the password a control character"
                    .to_owned(),
            );
        }
    }
    let signature = signed.map(|signed| signature(signed, secrets)).transpose()?;
    let request = HttpRequest {
        method,
        url,
        headers,
        body,
        idempotency_key,
        basic_auth,
        signature,
    };
    no_stranger(&request, secrets)?;
    Ok(request)
}

/// Every secret in it was given to the plugin.
fn no_stranger(request: &HttpRequest, secrets: &Given) -> Read<()> {
    let headers = request.headers.iter();
    let headers = headers.flat_map(|(name, value)| [name.as_str(), value]);
    let auth = request.basic_auth.iter();
    let auth = auth.flat_map(|auth| [auth.user.as_str(), &auth.password]);
    let texts = headers.chain(auth).chain([request.url.as_str()]).map(str::as_bytes);
    let mut texts = texts.chain([&*request.body]).map(String::from_utf8_lossy);
    let written = texts.find_map(|text| secrets.stranger_in(&text).map(|found| tidy(found, 80)));
    // As the sender finds them, also where they are encoded.
    let meant = || {
        let mut meant = names_in(request).into_iter().map(|name| name.to_string());
        meant.find(|name| !secrets.is_one(name))
    };
    match written.or_else(meant) {
        None => Ok(()),
        Some(stranger) => Err(format!(
            "it has `{stranger}` in it, a secret that the plugin was not given"
        )),
    }
}

/// An address at a granted host. A placeholder may be anywhere behind the host.
fn check_url(url: &str, grants: &HttpGrants) -> Read<()> {
    // What is behind the host may hold a token.
    let bad = |why: &str| Err(format!("its address is none: {why}"));
    if url.len() > URL {
        return bad(&format!("it has {} bytes, and may have {URL}", url.len()));
    }
    let filled = filled_in(url);
    if filled.contains(|c: char| !c.is_ascii_graphic()) {
        return bad("there is a space, or a character that is to be percent-encoded, in it");
    }
    let (scheme, rest) = match url.split_once("://") {
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("http", rest)) => (Scheme::Http, rest),
        _ => return bad("it begins with neither `https://` nor `http://`"),
    };
    // As browsers read it, a backslash ends the host, too.
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if all_in(authority).next().is_some() || authority.contains(['{', '}']) {
        return bad("a secret cannot stand in the host");
    }
    let origin = match Origin::parse(scheme, authority) {
        Ok(origin) => origin,
        Err(why) => return bad(why),
    };
    let behind = filled.split_once("://").map_or("", |(_, rest)| rest);
    let path = behind.get(authority.len()..).unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if path.contains('\\') {
        return bad("there is a backslash in it");
    }
    let path = if path.is_empty() { "/" } else { path };
    grants.allows(&origin, path).map_err(|denied| denied.to_string())
}

fn check_headers(headers: &[(String, String)]) -> Read<()> {
    if headers.len() > HEADERS {
        return Err(format!("it has {} headers, and may have {HEADERS}", headers.len()));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADER_BYTES {
        return Err(format!("its headers have {bytes} bytes, and may have {HEADER_BYTES}"));
    }
    headers.iter().try_for_each(|(name, value)| check_header(name, value))
}

fn check_header(name: &str, value: &str) -> Read<()> {
    let shown = tidy(name, 80);
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(format!("`{shown}` is no name of a header"));
    }
    if OF_THE_HOST.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        return Err(format!("the host itself writes the header `{shown}`"));
    }
    match HeaderValue::from_str(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "the value of the header `{shown}` has a line break or a control character in it"
        )),
    }
}

fn signature(signature: wit::Signature, secrets: &Given) -> Read<Signature> {
    match signature {
        wit::Signature::StandardWebhooks(secret) if secrets.is_one(&secret) => Ok(Signature::StandardWebhooks(secret)),
        wit::Signature::StandardWebhooks(_) => {
            Err("its signature is made with the placeholder of a secret, and this is none".to_owned())
        }
    }
}

fn mail(mail: wit::Mail) -> Read<Mail> {
    let wit::Mail {
        to,
        subject,
        text,
        extra,
    } = mail;
    nothing_extra(&extra)?;
    if to.is_empty() || to.len() > ADDRESSES {
        return Err(format!(
            "a mail has 1 to {ADDRESSES} addresses, and this has {}",
            to.len()
        ));
    }
    if let Some(wrong) = to.iter().find(|address| !is_address(address)) {
        return Err(format!("`{}` is no mail address", tidy(wrong, 80)));
    }
    if subject.contains(char::is_control) || subject.trim().is_empty() || subject.chars().count() > SUBJECT {
        return Err(format!(
            "the subject of a mail is one line of at most {SUBJECT} characters"
        ));
    }
    if text.len() > MAIL {
        return Err(format!("its text has {} bytes, and may have {MAIL}", text.len()));
    }
    no_placeholder("a mail", &subject)?;
    no_placeholder("a mail", &text)?;
    Ok(Mail { to, subject, text })
}

/// Whether it can be one: who has it is asked of the mail server.
fn is_address(address: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\\\"[]".contains(c);
    let parts = address.rsplit_once('@');
    address.len() <= ADDRESS
        && !address.contains(bad)
        && parts.is_some_and(|(local, domain)| {
            !local.is_empty() && local.len() <= 64 && !local.contains('@') && !domain.is_empty()
        })
}

fn no_placeholder(what: &str, text: &str) -> Read<()> {
    match all_in(text).next() {
        None => Ok(()),
        Some(found) => Err(format!(
            "`{}` stands in {what}: secrets are filled into HTTP requests only",
            tidy(found, 80)
        )),
    }
}

#[cfg(test)]
mod tests;
