//! What a plugin wants sent.

use std::fmt::Display;
use std::ops::Deref;

use serde::Serialize;

use crate::http::encode;
use crate::{Context as _, IntoMessage, Message, Result, json};

/// Something that the host sends, again and again until it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A Slack message.
    Slack(SlackMessage),
    /// An HTTP request.
    Http(HttpRequest),
    /// A mail.
    Mail(Mail),
}

impl Delivery {
    /// A Slack message to a channel (its id, or `#name`), or to a user by their id. Text is read as mrkdwn:
    /// [`escape`](crate::escape) what somebody else wrote.
    ///
    /// # Errors
    /// It cannot be posted as it is: Slack would refuse its blocks.
    pub fn slack(to: impl Into<String>, message: impl IntoMessage) -> Result<SlackMessage> {
        Ok(SlackMessage {
            to: to.into(),
            message: message.into_message()?,
            place: SlackPlace::Alone,
            buttons: false,
        })
    }

    /// A `POST` to this address, at a host that the plugin is granted.
    pub fn http(url: impl Into<String>) -> HttpRequest {
        HttpRequest {
            method: "POST".to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            idempotency_key: None,
            basic_auth: None,
            signature: None,
        }
    }

    /// A mail to this address. Its subject is one line.
    pub fn mail(to: impl Into<String>, subject: impl Into<String>, text: impl Into<String>) -> Mail {
        Mail {
            to: vec![to.into()],
            subject: subject.into(),
            text: text.into(),
        }
    }

    /// The Slack message that it is. For tests.
    pub const fn as_slack(&self) -> Option<&SlackMessage> {
        match self {
            Self::Slack(message) => Some(message),
            Self::Http(_) | Self::Mail(_) => None,
        }
    }

    /// The HTTP request that it is. For tests.
    pub const fn as_http(&self) -> Option<&HttpRequest> {
        match self {
            Self::Http(request) => Some(request),
            Self::Slack(_) | Self::Mail(_) => None,
        }
    }

    /// The mail that it is. For tests.
    pub const fn as_mail(&self) -> Option<&Mail> {
        match self {
            Self::Mail(mail) => Some(mail),
            Self::Slack(_) | Self::Http(_) => None,
        }
    }
}

impl From<SlackMessage> for Delivery {
    fn from(message: SlackMessage) -> Self {
        Self::Slack(message)
    }
}

impl From<HttpRequest> for Delivery {
    fn from(request: HttpRequest) -> Self {
        Self::Http(request)
    }
}

impl From<Mail> for Delivery {
    fn from(mail: Mail) -> Self {
        Self::Mail(mail)
    }
}

/// What a plugin returns: deliveries, at most 100. Collect it, or begin with nothing and push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deliveries(Vec<Delivery>);

impl Deliveries {
    /// Nothing to send.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// This alone.
    pub fn one(delivery: impl Into<Delivery>) -> Self {
        Self(vec![delivery.into()])
    }

    /// Adds one.
    pub fn push(&mut self, delivery: impl Into<Delivery>) {
        self.0.push(delivery.into());
    }
}

impl<D: Into<Delivery>> FromIterator<D> for Deliveries {
    fn from_iter<I: IntoIterator<Item = D>>(deliveries: I) -> Self {
        Self(deliveries.into_iter().map(Into::into).collect())
    }
}

impl<D: Into<Delivery>> Extend<D> for Deliveries {
    fn extend<I: IntoIterator<Item = D>>(&mut self, deliveries: I) {
        self.0.extend(deliveries.into_iter().map(Into::into));
    }
}

impl IntoIterator for Deliveries {
    type Item = Delivery;
    type IntoIter = std::vec::IntoIter<Delivery>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Deref for Deliveries {
    type Target = [Delivery];

    fn deref(&self) -> &[Delivery] {
        &self.0
    }
}

/// A Slack message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlackMessage {
    /// The channel, its id or `#name`, or a user's id for a direct message.
    pub to: String,
    /// What it says.
    pub message: Message,
    /// Where in the channel. A file goes nowhere but `Alone`.
    pub place: SlackPlace,
    /// Whether the host adds buttons.
    pub buttons: bool,
}

/// Where in a channel a Slack message goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlackPlace {
    /// At top level, by itself.
    #[default]
    Alone,
    /// It is the message of the incident: posted the first time, and edited from then on.
    Incident,
    /// Into the thread below the message of the incident.
    Thread,
}

impl SlackMessage {
    /// It is the message of the incident: posted the first time, and edited from then on.
    #[must_use]
    pub const fn incident(mut self) -> Self {
        self.place = SlackPlace::Incident;
        self
    }

    /// It goes into the thread below the message of the incident.
    #[must_use]
    pub const fn thread(mut self) -> Self {
        self.place = SlackPlace::Thread;
        self
    }

    /// The host adds buttons: acknowledge, withdraw, silence.
    #[must_use]
    pub const fn buttons(mut self) -> Self {
        self.buttons = true;
        self
    }

    /// The text of it: the message, or with blocks what notifications say. For tests.
    pub fn text(&self) -> &str {
        match &self.message {
            Message::Post(post) => &post.text,
            Message::File(file) => file.comment.as_deref().unwrap_or_default(),
        }
    }
}

/// An HTTP request that the host makes, to a host that the plugin is granted. 2xx is a delivery; after 408, 429, 5xx and
/// failures of the network it is made again, and any other answer refuses it for good. Redirects are not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpRequest {
    /// `POST`, `PUT`, `PATCH` or `GET`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The header that takes the delivery's id.
    pub idempotency_key: Option<String>,
    /// HTTP basic authentication.
    pub basic_auth: Option<BasicAuth>,
    /// A signature that the host makes as it sends the request.
    pub signature: Option<Signature>,
}

/// Who asks. Both may be placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicAuth {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// A signature over a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signature {
    /// As Standard Webhooks says; the placeholder of the secret.
    StandardWebhooks(String),
}

impl HttpRequest {
    /// Is made with this method: `POST`, `PUT`, `PATCH` or `GET`.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into();
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    /// Says who is asking with a token: the header `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(self, token: impl Display) -> Self {
        self.header("Authorization", format_args!("Bearer {token}"))
    }

    /// Says who is asking with a user and a password.
    #[must_use]
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.basic_auth = Some(BasicAuth {
            user: user.into(),
            password: password.into(),
        });
        self
    }

    /// Adds a name and a value to the address's query, encoded; a placeholder stays one.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        let mark = if self.url.contains('?') { '&' } else { '?' };
        self.url = format!("{}{mark}{}={}", self.url, encoded(name), encoded(&value.to_string()));
        self
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// It cannot be JSON: a map with keys that are no text.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self> {
        self.body = json::to_vec(value).context("the body cannot be JSON")?;
        Ok(self.typed("application/json"))
    }

    /// Sends names and values as a form of a web page does; a placeholder stays one.
    #[must_use]
    pub fn form<N: AsRef<str>, V: Display>(mut self, fields: impl IntoIterator<Item = (N, V)>) -> Self {
        let fields = fields.into_iter();
        let fields = fields.map(|(name, value)| format!("{}={}", encoded(name.as_ref()), encoded(&value.to_string())));
        self.body = fields.collect::<Vec<_>>().join("&").into_bytes();
        self.typed("application/x-www-form-urlencoded")
    }

    /// Sends plain text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.body = text.into().into_bytes();
        self.typed("text/plain; charset=utf-8")
    }

    /// Sends bytes. Set the header `Content-Type` to say what they are.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The header of this name takes the delivery's id, the same whenever it is sent again. Where the body takes such a
    /// key, use the alert's `id`.
    #[must_use]
    pub fn idempotency_key(mut self, header: impl Into<String>) -> Self {
        self.idempotency_key = Some(header.into());
        self
    }

    /// The host signs it as Standard Webhooks says, with this secret: a placeholder.
    #[must_use]
    pub fn sign(mut self, secret: impl Into<String>) -> Self {
        self.signature = Some(Signature::StandardWebhooks(secret.into()));
        self
    }

    /// The value of a header, whatever the case of its name. For tests.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text. For tests.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. For tests.
    ///
    /// # Errors
    /// It is none.
    pub fn body_json(&self) -> Result<json::Value> {
        json::from_slice(&self.body).context("the body is no JSON")
    }

    fn typed(self, content_type: &str) -> Self {
        match self.header_value("content-type") {
            Some(_) => self,
            None => self.header("Content-Type", content_type),
        }
    }
}

/// Text as it may stand in a query or a form. The host encodes what it fills in.
fn encoded(text: &str) -> String {
    const BEGIN: &str = "{{secret:";
    const END: &str = "}}";
    let (mut said, mut rest) = (String::new(), text);
    while let Some((before, from)) = rest.find(BEGIN).map(|at| rest.split_at(at)) {
        let Some(end) = from.find(END) else { break };
        let (placeholder, after) = from.split_at(end + END.len());
        said.push_str(&encode(before));
        said.push_str(placeholder);
        rest = after;
    }
    said.push_str(&encode(rest));
    said
}

/// A mail, which the host sends through its own server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The addresses. Each gets a mail of its own.
    pub to: Vec<String>,
    /// The subject: one line.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl Mail {
    /// Goes to this address, too: as a mail of its own.
    #[must_use]
    pub fn and_to(mut self, address: impl Into<String>) -> Self {
        self.to.push(address.into());
        self
    }
}
