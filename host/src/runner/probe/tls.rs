//! Whom a check trusts: the machine's authorities, or anybody where the configuration says so. And until when the certificate
//! that a server showed is valid, which is read by x509-parser.

use std::io;
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use innkeeper_core::clock::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Both ways to judge servers, made for the first check that needs them: a machine's root certificates are some hundred files.
#[derive(Default)]
pub(super) struct Trust {
    authorities: OnceCell<TlsConnector>,
    anybody: OnceCell<TlsConnector>,
}

impl Trust {
    /// Trusts whom `connector` does, where certificates are to be trusted ones.
    #[cfg(test)]
    pub(super) fn with_authorities(connector: TlsConnector) -> Self {
        Self {
            authorities: OnceCell::new_with(Some(connector)),
            ..Self::default()
        }
    }

    /// What connects to servers with certificates that are trusted, or with any.
    pub(super) async fn connector(&self, verify: bool) -> Result<&TlsConnector, String> {
        if !verify {
            return self.anybody.get_or_try_init(async || trusting_anybody()).await;
        }
        let make = async || match tokio::task::spawn_blocking(trusting_authorities).await {
            Ok(Ok(connector)) => Ok(connector),
            Ok(Err(error)) => Err(format!(
                "there are no root certificates ({error}): on Debian, install `ca-certificates`"
            )),
            Err(error) => Err(format!("the root certificates could not be read: {error}")),
        };
        self.authorities.get_or_try_init(make).await
    }
}

fn trusting_authorities() -> io::Result<TlsConnector> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_native_roots()?
        .with_no_client_auth();
    Ok(speaking_http(config))
}

fn trusting_anybody() -> Result<TlsConnector, String> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    Ok(speaking_http(config))
}

fn speaking_http(mut config: ClientConfig) -> TlsConnector {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Until when a certificate is valid. None: it cannot be read.
pub(super) fn valid_until(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let seconds = read.validity().not_after.timestamp();
    Some(Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
}

/// Takes any certificate, as `verify = false` says. That the server has its key is still made sure of.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
