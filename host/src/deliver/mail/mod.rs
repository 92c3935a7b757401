//! Sends mail through the server of `[mail]`, each once, by lettre: it builds messages, encodes headers and speaks SMTP, so that
//! nothing here can write a line break into any of them.
//!
//! A mail goes to one address. Where an attempt's answer was lost, the next one has the same `Message-ID`, by which mail
//! systems recognise a repetition.

mod sort;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use innkeeper_core::BoxFuture;
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::config::{MailSecurity, MailServer};
use innkeeper_core::message::{Content, Delivery, Mail};
use innkeeper_core::outbox::{Failure, Receipt, Target};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::current::Current;

/// Sends mail.
pub struct MailTarget {
    current: Current,
    secrets: Arc<Secrets>,
}

impl MailTarget {
    /// Sends through the server that the configuration names when it sends, with a password from `secrets`.
    pub fn new(current: Current, secrets: Arc<Secrets>) -> Self {
        Self { current, secrets }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, Failure> {
        let Content::Mail(mail) = &delivery.content else {
            return Err(refused("this is not a mail"));
        };
        let Some(server) = self.current.get().mail.clone() else {
            return Err(later(
                "there is no `[mail]` in innkeeper.toml: mail waits until there is",
            ));
        };
        let message = message(mail, &server, delivery)?;
        let password = self.password(&server)?;
        let (timeout, from) = (server.timeout, domain(&server)?);
        // Root certificates are read from files.
        let transport = tokio::task::spawn_blocking(move || transport(&server, password, from)).await;
        let transport = transport.map_err(|error| later(format!("the mail server cannot be spoken to: {error}")))??;
        match tokio::time::timeout(timeout, transport.send(message)).await {
            Ok(Ok(_)) => Ok(Receipt::default()),
            Ok(Err(error)) => Err(sort::failure(&error)),
            Err(_) => Err(later(format!(
                "the mail server took longer than {} s",
                timeout.as_secs()
            ))),
        }
    }

    /// The user and the password, where the server asks for them.
    fn password(&self, server: &MailServer) -> Result<Option<Credentials>, Failure> {
        let Some((user, name)) = &server.login else {
            return Ok(None);
        };
        let password = match self.secrets.get(name) {
            Ok(Some(password)) => password,
            missing => {
                let why = match missing {
                    Err(error) => error.to_string(),
                    Ok(_) => format!("there is no environment variable or credential `{name}`"),
                };
                let why = format!("the password of the mail server is missing: {why}");
                tracing::error!("{why}; mail is kept and tried again");
                return Err(later(why));
            }
        };
        Ok(Some(Credentials::new(user.clone(), password.expose().to_owned())))
    }
}

impl Target for MailTarget {
    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, Failure>> {
        Box::pin(self.deliver(delivery))
    }
}

fn message(mail: &Mail, server: &MailServer, delivery: &Delivery) -> Result<Message, Failure> {
    let [to] = mail.to.as_slice() else {
        return Err(refused("a mail goes to one address"));
    };
    let to: Mailbox = to
        .parse()
        .map_err(|_| refused(format!("`{}` is no address for mail", to.escape_debug())))?;
    let id = format!("<{}@{}>", delivery.id, domain(server)?);
    let decided = u64::try_from(delivery.created.as_micros()).unwrap_or_default();
    Message::builder()
        .from(from(server)?)
        .to(to)
        .subject(one_line(&mail.subject))
        .message_id(Some(id))
        .date(SystemTime::UNIX_EPOCH + Duration::from_micros(decided))
        .header(AutoSubmitted)
        .singlepart(
            SinglePart::builder()
                .header(ContentType::TEXT_PLAIN)
                .body(mail.text.clone()),
        )
        .map_err(|error| refused(format!("it cannot be written as a mail: {error}")))
}

fn from(server: &MailServer) -> Result<Mailbox, Failure> {
    let from = server.from.parse();
    from.map_err(|error| later(format!("`from` of `[mail]` cannot be read: {error}")))
}

fn domain(server: &MailServer) -> Result<String, Failure> {
    Ok(from(server)?.email.domain().to_owned())
}

fn transport(
    server: &MailServer,
    login: Option<Credentials>,
    domain: String,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, Failure> {
    let parameters = || {
        let parameters = TlsParameters::new(server.host.clone());
        parameters.map_err(|error| later(format!("there is no TLS to the mail server: {error}")))
    };
    let tls = match server.security {
        MailSecurity::Tls => Tls::Wrapper(parameters()?),
        MailSecurity::StartTls => Tls::Required(parameters()?),
        MailSecurity::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.clone())
        .port(server.port)
        .tls(tls)
        .timeout(Some(server.timeout))
        // What this machine is called is nobody's business, and often no name that a server believes.
        .hello_name(ClientId::Domain(domain));
    if let Some(login) = login {
        builder = builder.credentials(login);
    }
    Ok(builder.build())
}

/// A subject is one line: what breaks it is a space.
fn one_line(subject: &str) -> String {
    let words: Vec<&str> = subject.split(char::is_control).collect();
    words.join(" ").trim().to_owned()
}

/// Says that nobody wrote it (RFC 3834), so that nobody's machine answers.
#[derive(Clone)]
struct AutoSubmitted;

const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        AUTO_SUBMITTED
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned())
    }
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::Refused { why: why.into() }
}

fn later(why: impl Into<String>) -> Failure {
    Failure::Later {
        after: None,
        why: why.into(),
    }
}

#[cfg(test)]
mod tests;
