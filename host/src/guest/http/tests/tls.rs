//! TLS against a server on loopback. `authority.pem` signed `localhost.pem`, which is for the name `localhost` only; both
//! are of this test and good for a hundred years. The authority's key is gone.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

const AUTHORITY: &[u8] = include_bytes!("authority.pem");
const LOCALHOST: &[u8] = include_bytes!("localhost.pem");

/// A server that says hello over TLS.
async fn server() -> u16 {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(LOCALHOST).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(LOCALHOST).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Who does not like the certificate hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut seen = [0; 1024];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(&answer("", "hello").unwrap()).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

fn trusting(authority: Option<&[u8]>) -> Arc<Network> {
    let mut roots = RootCertStore::empty();
    for certificate in authority.into_iter().flat_map(CertificateDer::pem_slice_iter) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(Network::with_tls(TlsConnector::from(Arc::new(config))))
}

async fn get(network: &Arc<Network>, host: &str, port: u16) -> Result<Vec<u8>, Error> {
    let (url, number) = (format!("https://{host}:{port}"), format!("https://127.0.0.1:{port}"));
    let refusals = Refusals::default();
    let door = door(&grants(&[url.clone(), number]), network, &refusals);
    Guest { door, refusals }.body(&url).await
}

#[tokio::test]
async fn a_server_is_who_its_certificate_says() {
    let port = server().await;
    let network = trusting(Some(AUTHORITY));
    assert_eq!(get(&network, "localhost", port).await.unwrap(), b"hello");
    // The same server, by a name that its certificate is not for.
    let error = get(&network, "127.0.0.1", port).await.err();
    assert!(matches!(error, Some(Error::TlsCertificateError)), "{error:?}");
}

#[tokio::test]
async fn a_certificate_of_nobody_known_is_refused() {
    let port = server().await;
    let error = get(&trusting(None), "localhost", port).await.err();
    assert!(matches!(error, Some(Error::TlsCertificateError)), "{error:?}");
}
