//! Sends the HTTP requests of alert plugins, each once.
//!
//! ```text
//!   grants    the plugin's, as they are now: what was taken from it since is not asked any more
//!   secrets   filled in here and nowhere before (core: alert/secret); the outbox and the log have their placeholders
//!   sign      what a signature covers is what goes over the wire
//!   guest     the request passes the door of guests' requests: one look-up, no address that is not public unless granted
//!   sort      the answer: confirmed, not now, never
//! ```

mod sign;
mod sort;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use hyper::body::Bytes;
use innkeeper_core::BoxFuture;
use innkeeper_core::alert::secret::{Filled, PluginSecrets, Unrevealed, Values, conceal, fill, names_in};
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::config::{HttpGrants, Plugin};
use innkeeper_core::message::{Address, Content, Delivery, HttpRequest};
use innkeeper_core::outbox::{Failure, Receipt, Target};
use uuid::Uuid;

use crate::current::Current;
use crate::guest::http::Network;
use crate::guest::http::errand::{self, NoAnswer};

/// How long a request may take, from the look-up to the end of what is read of the answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// What is read of an answer that is no success: it may say why.
const READ: usize = 16 * 1024;

/// Headers that belong to the connection, which is the host's.
const OURS: &[HeaderName] = &[
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HOST,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

const METHODS: &[Method] = &[Method::POST, Method::PUT, Method::PATCH, Method::GET];

/// Sends the requests of alert plugins.
pub struct HttpTarget {
    current: Current,
    secrets: Arc<dyn PluginSecrets>,
    clock: Arc<dyn Clock>,
    network: Arc<Network>,
}

impl HttpTarget {
    /// Looks up what plugins may do in `current`, and what they may not see in `secrets`.
    pub fn new(current: Current, secrets: Arc<dyn PluginSecrets>, clock: Arc<dyn Clock>) -> Self {
        Self {
            current,
            secrets,
            clock,
            network: Arc::default(),
        }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, Failure> {
        let (Address::Http { plugin, .. }, Content::Request(request)) = (&delivery.address, &delivery.content) else {
            return Err(refused("this is not an HTTP request"));
        };
        let plugin = self.plugin(plugin)?;
        let values = self.values(&plugin, request).await?;
        let filled = fill(request, &values).map_err(refused)?;
        let login = filled.login.as_ref().map(basic);
        let wire = on_the_wire(request, filled, delivery.id, self.clock.now())?;
        let answer = self.exchange(&plugin.http, wire).await?;
        // A receiver may quote what it was sent.
        let without_secrets = |text: &str| {
            let text = conceal(text, &values);
            login.iter().fold(text, |text, login| text.replace(login, "{{secret}}"))
        };
        sort::answer(&answer, without_secrets, self.clock.now())
    }

    fn plugin(&self, name: &str) -> Result<Arc<Plugin>, Failure> {
        let config = self.current.get();
        let plugin = config.alerts.plugins.get(name).cloned();
        plugin.ok_or_else(|| refused(format!("there is no `[plugins.{name}]` any more")))
    }

    /// The secrets that the request names.
    async fn values(&self, plugin: &Plugin, request: &HttpRequest) -> Result<Values, Failure> {
        let mut values = Values::new();
        for name in names_in(request) {
            let value = self.secrets.reveal(&plugin.name, &name).await;
            let value = value.map_err(|why| match why {
                Unrevealed::NotNow(why) => {
                    tracing::error!(plugin = plugin.name, why, "a plugin's requests wait for a secret");
                    Failure::Later { after: None, why }
                }
                // The requests for others do not wait behind it.
                Unrevealed::Never(why) => refused(why),
            })?;
            values.insert(name, value);
        }
        Ok(values)
    }

    async fn exchange(&self, grants: &HttpGrants, request: Request<Bytes>) -> Result<Response<Bytes>, Failure> {
        let wanted = |head: &Response<()>| if head.status().is_success() { 0 } else { READ };
        let answer = errand::run(grants, &self.network, request, PATIENCE, wanted).await;
        answer.map_err(|failure| match failure {
            NoAnswer::NotGranted(why) => refused(format!("{why}; it is granted by `http` of the plugin")),
            NoAnswer::Unreachable(why) => Failure::Later { after: None, why },
        })
    }
}

impl Target for HttpTarget {
    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, Failure>> {
        Box::pin(self.deliver(delivery))
    }
}

/// The request as it is sent now.
fn on_the_wire(request: &HttpRequest, filled: Filled, id: Uuid, now: Timestamp) -> Result<Request<Bytes>, Failure> {
    let method = Method::from_bytes(filled.method.as_bytes()).ok();
    let method = method.filter(|method| METHODS.contains(method));
    let method = method.ok_or_else(|| refused("its method is none of POST, PUT, PATCH and GET"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &filled.headers {
        headers.append(named(name)?, valued(name, value)?);
    }
    let mut set = |name: &str, value: &str| -> Result<(), Failure> {
        headers.insert(named(name)?, valued(name, value)?);
        Ok(())
    };
    if let Some(name) = &request.idempotency_key {
        set(name, &id.to_string())?;
    }
    if let Some(login) = &filled.login {
        set(AUTHORIZATION.as_str(), &format!("Basic {}", basic(login)))?;
    }
    if let Some(secret) = &filled.signing {
        let signed = sign::standard_webhooks(secret, id, now, &filled.body).map_err(refused)?;
        for (name, value) in signed {
            set(name, &value)?;
        }
    }
    let agent = HeaderValue::from_static(concat!("innkeeper/", env!("CARGO_PKG_VERSION")));
    headers.entry(USER_AGENT).or_insert(agent);
    // What an address cannot have as it is (spaces, letters of other languages) is encoded, and dots in its path are followed.
    let url = url::Url::parse(&filled.url).map_err(|error| refused(format!("its address is none: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(
            "its address has a user or a password: they go into `basic-auth`",
        ));
    }
    let mut wire = Request::new(Bytes::from(filled.body));
    *wire.method_mut() = method;
    // The fragment is nobody's business but the sender's.
    let without_fragment = url.as_str().split('#').next().unwrap_or_default();
    *wire.uri_mut() = without_fragment
        .parse()
        .map_err(|_| refused("its address cannot be written in a request"))?;
    *wire.headers_mut() = headers;
    Ok(wire)
}

/// User and password as `Basic` has them: <https://www.rfc-editor.org/rfc/rfc7617#section-2>.
fn basic((user, password): &(String, String)) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

fn named(name: &str) -> Result<HeaderName, Failure> {
    let header = HeaderName::from_bytes(name.as_bytes());
    let header = header.map_err(|_| refused(format!("`{}` is no name of a header", name.escape_debug())))?;
    if OURS.contains(&header) {
        return Err(refused(format!("the header `{header}` is set by the host alone")));
    }
    Ok(header)
}

/// A value that is not shown where it is logged.
fn valued(name: &str, value: &str) -> Result<HeaderValue, Failure> {
    let header = HeaderValue::from_str(value);
    let mut header =
        header.map_err(|_| refused(format!("the header `{}` has a value that is none", name.escape_debug())))?;
    header.set_sensitive(true);
    Ok(header)
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::Refused { why: why.into() }
}

#[cfg(test)]
mod tests;
