//! The HTTP client for what the host itself asks of other servers: GitHub's API, fabfiles. One client serves them all, so that
//! connections are shared; what a guest may ask is apart from it, in `guest/http`.
//!
//! reqwest was here already, below the client for registries: no second stack, and it does redirects, pools and TLS.

use std::time::Duration;

use anyhow::Context;
use reqwest::redirect::Policy;

/// How long a server may take to be reached.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long it may send nothing.
const SILENCE: Duration = Duration::from_secs(10);
/// How long an exchange may take in all, unless it says otherwise.
const EXCHANGE_TIME: Duration = Duration::from_secs(30);

/// A client with time-outs, which follows no more than five redirects and says who it is. Reads root certificates from files.
///
/// # Errors
/// This machine has no root certificates.
pub fn client() -> anyhow::Result<reqwest::Client> {
    client_with(Policy::limited(5))
}

/// The same, which follows redirects as `redirects` says. It tells nobody where it came from: an address may hold a token.
///
/// # Errors
/// This machine has no root certificates.
pub fn client_with(redirects: Policy) -> anyhow::Result<reqwest::Client> {
    install_tls_provider();
    reqwest::Client::builder()
        .user_agent(concat!("innkeeper/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIME)
        .read_timeout(SILENCE)
        .timeout(EXCHANGE_TIME)
        .redirect(redirects)
        .referer(false)
        .build()
        .context("no HTTP client can be made; on Debian, install `ca-certificates`")
}

/// reqwest takes the process's TLS provider, and panics where there is none. All of this program's TLS is ring's.
pub(crate) fn install_tls_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been faster, with the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
