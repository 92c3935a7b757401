//! How registries are spoken to. The only module besides `pull` and `push` that knows the OCI client's crate.

use std::time::Duration;

use innkeeper_core::config::oci::OciReference;
use innkeeper_core::report::readable;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError as Error, OciErrorCode};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use super::{blocking, credentials};
use crate::http_client::install_tls_provider;

/// How long a registry may take to be reached, and to send nothing.
const CONNECT_TIME: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(20);

/// What a registry's own words are cut to.
const WORDS: usize = 300;

/// A registry to talk to, as whoever this host is there.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) auth: RegistryAuth,
    registry: String,
    hint: Option<&'static str>,
}

/// Gets ready to talk to the registry of this reference. Nothing is sent yet.
pub(super) async fn open(reference: &OciReference) -> Result<Session, String> {
    let (registry, plain) = (reference.registry().to_owned(), reference.is_plain());
    // Certificates and credentials are read from files.
    blocking(move || {
        install_tls_provider();
        let config = ClientConfig {
            protocol: match plain {
                true => ClientProtocol::HttpsExcept(vec![registry.clone()]),
                false => ClientProtocol::Https,
            },
            connect_timeout: Some(CONNECT_TIME),
            read_timeout: Some(SILENCE),
            // In one piece: chunks are another dialect in every registry.
            use_monolithic_push: true,
            user_agent: concat!("innkeeper/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        // Not `Client::new`: it logs a failure, and goes on with other settings than these.
        let client = Client::try_from(config).map_err(|error| format!("cannot be asked for: {}", chain(&error)))?;
        let login = credentials::of(&registry)?;
        Ok(Session {
            client,
            auth: login.auth,
            hint: login.hint,
            registry,
        })
    })
    .await
}

/// The reference as the client wants it.
pub(super) fn address(reference: &OciReference) -> Reference {
    let (registry, name) = (reference.registry().to_owned(), reference.name().to_owned());
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => Reference::with_digest(registry, name, digest.to_string()),
        (None, tag) => Reference::with_tag(registry, name, tag.unwrap_or("latest").to_owned()),
    }
}

impl Session {
    /// A failure in words that follow a reference.
    pub(super) fn failed(&self, did: &str, error: &Error) -> String {
        let registry = &self.registry;
        let why = match error {
            Error::UnauthorizedError { .. } | Error::AuthenticationFailure(_) => self.login_wanted(),
            Error::RegistryError { envelope, .. } => match envelope.errors.first() {
                Some(first) if is_missing(&first.code) => format!("{registry} does not have it"),
                Some(first) if matches!(first.code, OciErrorCode::Unauthorized | OciErrorCode::Denied) => {
                    self.login_wanted()
                }
                Some(first) => format!("{registry} says: {}", plain(&first.message)),
                None => format!("{registry} refused, and did not say why"),
            },
            Error::ServerError { code: 404, .. } => format!("{registry} does not have it"),
            Error::ServerError { code: 401 | 403, .. } => self.login_wanted(),
            Error::ServerError { code, message, .. } => {
                format!("{registry} answered {code}: {}", plain(message))
            }
            Error::RequestError(error) if error.is_connect() => {
                format!("{registry} cannot be reached: {}", plain(&root(error)))
            }
            Error::RequestError(error) if error.is_timeout() => format!("{registry} does not answer"),
            error => plain(&chain(error)),
        };
        format!("cannot be {did}: {why}")
    }

    fn login_wanted(&self) -> String {
        let registry = &self.registry;
        let hint = self.hint.unwrap_or_default();
        match self.auth {
            RegistryAuth::Anonymous => {
                format!("{registry} wants a login: `docker login {registry}` writes one down that is used here{hint}")
            }
            _ => format!("{registry} refuses the login in Docker's configuration"),
        }
    }
}

fn is_missing(code: &OciErrorCode) -> bool {
    matches!(
        code,
        OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound | OciErrorCode::BlobUnknown
    )
}

/// What an error came from in the end: of a connection that failed, all that matters.
fn root(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(inner) => root(inner),
        None => error.to_string(),
    }
}

/// An error with what it came from: the outermost often says only that something failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        inner = error.source();
    }
    text
}

/// Somebody else's words, in one line of a bearable length.
pub(super) fn plain(words: &str) -> String {
    let cut: String = words.chars().take(4 * WORDS).collect();
    let words: Vec<String> = readable(cut.as_bytes()).split_whitespace().map(str::to_owned).collect();
    words.join(" ").chars().take(WORDS).collect()
}
