//! HTTP: status, body, redirects, passwords, grants, certificates; and the values of Prometheus and Graphite.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

async fn why(probe: HttpProbe) -> String {
    Host::new().why(Probe::Http(probe)).await
}

fn with_text(url: String, text: &str) -> HttpProbe {
    HttpProbe {
        text: Some(text.into()),
        ..http(url)
    }
}

#[tokio::test]
async fn the_status_is_to_be_the_expected_one() {
    let server = serve(Router::new().route("/", get(|| async { "fine" }))).await;
    assert_eq!(why(http(&server)).await, "");
    assert_eq!(
        why(http(format!("{server}/none?key=secret"))).await,
        format!("{server}/none answered 404, not 200")
    );
    let expected = HttpProbe {
        status: 404,
        ..http(format!("{server}/none"))
    };
    assert_eq!(why(expected).await, "");
}

#[tokio::test]
async fn the_body_is_to_match_within_what_is_read_of_it() {
    let huge = "x".repeat(8 << 20) + "end";
    let routes = Router::new()
        .route("/", get(|| async { "all is WELL\n" }))
        .route("/huge", get(move || async { huge }));
    let server = serve(routes).await;
    assert_eq!(why(with_text(server.clone(), "(?i)is well$|\\bwell\\b")).await, "");
    assert_eq!(
        why(with_text(server.clone(), "^bad")).await,
        format!("the body of {server}/ does not match `^bad`")
    );
    assert_eq!(
        why(with_text(format!("{server}/huge"), "end")).await,
        format!("the body of {server}/huge does not match `end` within its first 256 KiB")
    );
}

#[tokio::test]
async fn redirects_are_followed_unless_one_is_expected() {
    let routes = Router::new()
        .route("/", get(|| async { Redirect::permanent("/home") }))
        .route("/home", get(|| async { "home" }))
        .route("/round", get(|| async { Redirect::to("/round") }));
    let server = serve(routes).await;
    assert_eq!(why(with_text(server.clone(), "home")).await, "");
    let redirect = HttpProbe {
        status: 308,
        ..http(&server)
    };
    assert_eq!(why(redirect).await, "");
    assert_eq!(
        why(http(format!("{server}/round"))).await,
        format!("{server}/round redirects more than 5 times")
    );
}

#[tokio::test]
async fn a_password_goes_to_whom_it_is_for_and_not_where_they_redirect_to() {
    let asks = |headers: HeaderMap| async move {
        match headers.get("authorization").and_then(|value| value.to_str().ok()) {
            Some("Basic bWU6aHVudGVyMg==") => StatusCode::OK,
            Some(_) => StatusCode::FORBIDDEN,
            None => StatusCode::UNAUTHORIZED,
        }
    };
    let other = serve(Router::new().route("/", get(asks))).await;
    let elsewhere = other.clone();
    let routes = Router::new()
        .route("/", get(asks))
        .route("/here", get(|| async { Redirect::to("/") }))
        .route("/there", get(move || async move { Redirect::to(&elsewhere) }));
    let server = serve(routes).await;
    let as_me = |path: &str| HttpProbe {
        login: Some(("me".into(), "PASSWORD".into())),
        ..http(format!("{server}{path}"))
    };
    assert_eq!(why(as_me("/")).await, "");
    assert_eq!(why(as_me("/here")).await, "");
    assert_eq!(why(as_me("/there")).await, format!("{other}/ answered 401, not 200"));

    let mut host = Host::new();
    host.secrets.clear();
    assert_eq!(
        host.why(Probe::Http(as_me("/"))).await,
        "there is no secret `PASSWORD`: set that environment variable, `PASSWORD_FILE`, or a credential of that name"
    );
}

#[tokio::test]
async fn a_stranger_reaches_what_is_granted_and_nothing_that_it_leads_to() {
    let visits = Arc::new(AtomicUsize::new(0));
    let count = |State(visits): State<Arc<AtomicUsize>>| async move {
        visits.fetch_add(1, Ordering::SeqCst);
    };
    let inner = Router::new().route("/", get(count)).with_state(visits.clone());
    let inner = serve(inner).await;
    let target = inner.clone();
    let server = serve(Router::new().route("/", get(move || async move { Redirect::to(&target) }))).await;
    let port = server.rsplit(':').next().unwrap();

    let refused = |who: &str| format!("refused: outbound HTTP to {who} (");
    let why = Host::of_a_stranger(&[]).why(Probe::Http(http(&inner))).await;
    assert!(why.starts_with(&refused(&inner)), "{why}");
    let granted = std::slice::from_ref(&server);
    let why = Host::of_a_stranger(granted).why(Probe::Http(http(&server))).await;
    assert!(why.starts_with(&refused(&inner)), "{why}");
    // The name is granted, and leads to this machine, which is not.
    let name = format!("http://localhost:{port}");
    let why = Host::of_a_stranger(std::slice::from_ref(&name))
        .why(Probe::Http(http(&name)))
        .await;
    assert!(
        why.contains("a loopback address, and that address is not granted"),
        "{why}"
    );
    assert_eq!(visits.load(Ordering::SeqCst), 0);

    let mut both = Host::of_a_stranger(&[server.clone(), inner]);
    assert_eq!(both.why(Probe::Http(http(&server))).await, "");
    assert_eq!(visits.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_no_http_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in ["SSH-2.0-OpenSSH_9.2\r\n", ""] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let garbage = why(http(&server)).await;
    assert!(garbage.starts_with(&format!("{server}/ did not answer: ")), "{garbage}");
    assert_eq!(
        why(http(&server)).await,
        format!("{server}/ did not answer: it closed the connection")
    );
    let (host, port) = nobody().await;
    let refused = why(http(format!("http://{host}:{port}"))).await;
    assert!(refused.contains("cannot be reached: Connection refused"), "{refused}");
    let unknown = why(http("http://nothing.invalid")).await;
    assert!(
        unknown.starts_with("http://nothing.invalid cannot be found: "),
        "{unknown}"
    );
}

/// A server at `localhost` whose certificate is valid from 2020 until the given year, and what trusts its authority.
async fn tls_server(until: i32) -> (String, tls::Trust) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let mut leaf = CertificateParams::new(vec!["localhost".into()]).unwrap();
    leaf.not_before = date_time_ymd(2020, 1, 1);
    leaf.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
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
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await;
            let _ = stream.shutdown().await;
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let trust = tls::Trust::with_authorities(TlsConnector::from(Arc::new(client)));
    (format!("https://localhost:{port}"), trust)
}

#[tokio::test]
async fn a_certificate_is_to_be_valid_for_long_enough() {
    let days = |days: u64| Some(Duration::from_secs(days * 24 * 60 * 60));
    for (valid_for, says) in [
        (None, ""),
        (days(7), ""),
        (
            days(14),
            "the certificate of localhost expires in 7 days, on 2099-01-01; 14 days wanted",
        ),
    ] {
        let (url, trust) = tls_server(2099).await;
        let mut host = Host::new();
        host.trust = Some(trust);
        let probe = HttpProbe { valid_for, ..http(url) };
        assert_eq!(host.why(Probe::Http(probe)).await, says);
    }
}

#[tokio::test]
async fn a_certificate_that_expired_fails_unless_it_is_not_looked_at() {
    let (url, trust) = tls_server(2021).await;
    let mut host = Host::new();
    host.trust = Some(trust);
    let why = host.why(Probe::Http(http(&url))).await;
    assert!(why.starts_with(&format!("{url}/ cannot be reached: ")), "{why}");
    assert!(why.contains("certificate expired"), "{why}");
    let blind = HttpProbe {
        verify: false,
        ..http(url)
    };
    assert_eq!(host.why(Probe::Http(blind)).await, "");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_fails() {
    let (url, _) = tls_server(2099).await;
    let (_, others) = tls_server(2099).await;
    let mut host = Host::new();
    host.trust = Some(others);
    let why = host.why(Probe::Http(http(url))).await;
    assert!(why.contains("invalid peer certificate: "), "{why}");
}

type Asked = Query<BTreeMap<String, String>>;

#[tokio::test]
async fn prometheus_is_asked_for_values() {
    let query = |Query(asked): Asked| async move {
        assert_eq!(asked["query"], "load{job=\"a b\"}");
        r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"load","job":"a b"},"value":[1.5,"0.5"]},
            {"metric":{"__name__":"load","job":"c"},"value":[1.5,"NaN"]}]}}"#
    };
    let server = serve(Router::new().route("/prom/api/v1/query", get(query))).await;
    let mut host = Host::new();
    let load = |expect: &str| metric(format!("{server}/prom/"), expect);
    assert_eq!(
        host.why(Probe::Prometheus(load("< 0.9"))).await,
        "1 of 2 values not < 0.9: `load{job=\"c\"}` is NaN"
    );
    let mut lenient = load("< 0.9");
    lenient.allowed_failures = 1;
    assert_eq!(host.why(Probe::Prometheus(lenient)).await, "");
}

#[tokio::test]
async fn what_prometheus_may_answer_is_understood_or_said() {
    let cases = [
        (
            200,
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2e-1"]}}"#,
            "",
        ),
        (
            200,
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"5"],[2,"0"]]}]}}"#,
            "",
        ),
        (
            200,
            r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
            "no value for `load{job=\"a b\"}`; 1 wanted at least",
        ),
        (
            400,
            "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error:\\n*here*\"}",
            "Prometheus refused the query: parse error: *here*",
        ),
        (
            200,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"much"]}]}}"#,
            "Prometheus answered what is none of its answers: `much` is no number",
        ),
        (
            200,
            r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#,
            "Prometheus answered what is none of its answers: a result of the type string, which has no values",
        ),
        (502, "<html>", "Prometheus answered 502"),
        (
            200,
            "<html>",
            "Prometheus answered what is none of its answers: expected value at line 1 column 1",
        ),
    ];
    for (status, body, why) in cases {
        let answer = move || async move { (StatusCode::from_u16(status).unwrap(), body) };
        let server = serve(Router::new().route("/api/v1/query", get(answer))).await;
        assert_eq!(Host::new().why(Probe::Prometheus(metric(server, "< 0.9"))).await, why);
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_given_up() {
    let answer = || async { format!("[{}]", "1,".repeat(4 << 20)) };
    let server = serve(Router::new().route("/render", get(answer))).await;
    assert_eq!(
        Host::new().why(Probe::Graphite(metric(server, "< 1"))).await,
        "Graphite answered what is none of its answers: it is longer than 4 MiB"
    );
}

#[tokio::test]
async fn of_a_series_of_graphite_counts_the_newest_value() {
    let render = |Query(asked): Asked| async move {
        assert_eq!((&*asked["target"], &*asked["format"]), ("load{job=\"a b\"}", "json"));
        r#"[{"target":"a","datapoints":[[9.0,1],[0.5,2],[null,3]]},{"target":"b","datapoints":[[null,1]]}]"#
    };
    let server = serve(Router::new().route("/render", get(render))).await;
    let mut host = Host::new();
    assert_eq!(host.why(Probe::Graphite(metric(&server, "< 0.9"))).await, "");
    let mut both = metric(&server, "< 0.9");
    both.series = 2;
    assert_eq!(
        host.why(Probe::Graphite(both)).await,
        "1 value for `load{job=\"a b\"}`, and 1 series without a value; 2 wanted at least"
    );
    let broken = || async {
        (
            StatusCode::BAD_REQUEST,
            "Traceback:\n  ...\nInputParameterError: no such target\n",
        )
    };
    let server = serve(Router::new().route("/render", get(broken))).await;
    assert_eq!(
        host.why(Probe::Graphite(metric(&server, "< 0.9"))).await,
        "Graphite answered 400: InputParameterError: no such target"
    );
}
