//! `[mail]`: the server that takes mail for the host.

use std::ops::RangeInclusive;
use std::time::Duration;

use email_address::{EmailAddress, Options};
use schemars::JsonSchema;
use serde::Deserialize;
use url::{Host as UrlHost, Url};

use super::checks::{check_secret, check_span};
use super::names::tick;
use super::problem::{Problem, Problems};
use super::source::Document;

/// How long it may take to hand a mail over.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// The server that takes mail for the host.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMail {
    /// The server: `smtps://HOST:465` for TLS from the beginning, `smtp://HOST:587` for STARTTLS.
    #[schemars(required)]
    pub smtp: Option<String>,
    /// Whether a server of `smtp://` is to speak TLS (STARTTLS). What does not is sent nothing.
    #[serde(default = "yes")]
    pub starttls: bool,
    /// Who sends, for the server. Default: it asks nobody.
    #[serde(default)]
    pub username: Option<String>,
    /// The name of the environment variable or credential with their password.
    #[serde(default)]
    pub password_secret: Option<String>,
    /// Who the mail is from, for example `Innkeeper <innkeeper@example.com>`.
    #[schemars(required)]
    pub from: Option<String>,
    /// How long it may take to hand a mail over.
    #[serde(default = "half_a_minute")]
    pub timeout: String,
}

const fn yes() -> bool {
    true
}

fn half_a_minute() -> String {
    "30s".into()
}

/// `[mail]`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How it is spoken to.
    pub security: MailSecurity,
    /// The user, and the name of the secret with their password.
    pub login: Option<(String, String)>,
    /// Who the mail is from: an address, or a name and an address in `<…>`.
    pub from: String,
    /// How long it may take to hand a mail over.
    pub timeout: Duration,
}

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS from the beginning.
    Tls,
    /// TLS from `STARTTLS` on, before anything is said.
    StartTls,
    /// No TLS.
    None,
}

/// Checks `[mail]`. None where it has errors.
pub(super) fn check(document: &Document, raw: &RawMail, problems: &mut Problems) -> Option<MailServer> {
    let server = server(document, raw, problems);
    let login = login(document, raw, problems);
    let from = from(document, raw, problems);
    let timeout = check_span(document, "/mail/timeout", &raw.timeout, &TIMEOUT, problems);
    let ((host, port, security), login) = (server?, login?);
    if security == MailSecurity::None && login.is_some() && !is_loopback(&host) {
        let place = document.value("/mail/starttls", "the password would be sent for all to read");
        problems.push(
            Problem::error("a password without TLS", place)
                .help("remove `starttls = false`, or the user and the password"),
        );
        return None;
    }
    Some(MailServer {
        host,
        port,
        security,
        login,
        from: from?,
        timeout: timeout?,
    })
}

fn server(document: &Document, raw: &RawMail, problems: &mut Problems) -> Option<(String, u16, MailSecurity)> {
    let written = raw.smtp.as_deref()?;
    let url = Url::parse(written).ok().filter(|url| {
        let bare = url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/");
        bare && url.query().is_none() && url.fragment().is_none()
    });
    let (security, port) = match url.as_ref().map(Url::scheme) {
        Some("smtps") => (MailSecurity::Tls, 465),
        Some("smtp") if raw.starttls => (MailSecurity::StartTls, 587),
        Some("smtp") => (MailSecurity::None, 25),
        _ => (MailSecurity::Tls, 0),
    };
    // A URL of an unknown scheme has an opaque host, in which an IPv4 address is a name: that is read the same later.
    let host = url.as_ref().and_then(|url| match url.host()? {
        UrlHost::Domain(name) => Some(name.to_owned()),
        UrlHost::Ipv4(address) => Some(address.to_string()),
        UrlHost::Ipv6(address) => Some(address.to_string()),
    });
    let Some(host) = host.filter(|host| !host.is_empty() && port != 0) else {
        let place = document.value("/mail/smtp", "expected a server");
        problems.push(
            Problem::error(format!("{} is no mail server", tick(written)), place)
                .help("for example `smtps://smtp.example.com:465`, or `smtp://smtp.example.com:587`"),
        );
        return None;
    };
    if security == MailSecurity::Tls && !raw.starttls {
        let place = document.value("/mail/starttls", "`smtps://` is TLS from the beginning");
        problems.push(Problem::error("`starttls` with `smtps://`", place).help("remove `starttls`"));
        return None;
    }
    let port = url.and_then(|url| url.port()).unwrap_or(port);
    Some((host, port, security))
}

fn login(document: &Document, raw: &RawMail, problems: &mut Problems) -> Option<Option<(String, String)>> {
    match (&raw.username, &raw.password_secret) {
        (None, None) => Some(None),
        (Some(user), Some(secret)) => {
            let before = problems.errors_met();
            check_secret(document, "/mail", "password_secret", secret, problems);
            (problems.errors_met() == before).then(|| Some((user.clone(), secret.clone())))
        }
        (user, _) => {
            let (there, missing) = match user {
                Some(_) => ("username", "password_secret"),
                None => ("password_secret", "username"),
            };
            let place = document.key(&format!("/mail/{there}"), format!("without {}", tick(missing)));
            problems.push(
                Problem::error(format!("`[mail]` lacks {}", tick(missing)), place)
                    .help("a server is told both, or neither"),
            );
            None
        }
    }
}

fn from(document: &Document, raw: &RawMail, problems: &mut Problems) -> Option<String> {
    let written = raw.from.as_deref()?;
    let is_address = EmailAddress::parse_with_options(written, Options::default()).is_ok();
    if is_address && !written.chars().any(char::is_control) {
        return Some(written.to_owned());
    }
    let place = document.value("/mail/from", "expected an address");
    problems.push(
        Problem::error(format!("{} is no address for mail", tick(written)), place)
            .help("for example `innkeeper@example.com`, or `Innkeeper <innkeeper@example.com>`"),
    );
    None
}

fn is_loopback(host: &str) -> bool {
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
