//! Outbound HTTP of components: what was granted, and nothing that it leads to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Path;
use axum::response::Redirect;
use axum::routing::get;
use innkeeper_tests::{Host, Output, guests};

use crate::guest;

/// An HTTP server on loopback that says hello, sends elsewhere, and counts who came.
struct Server {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&visits);
        let hello = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { "hello from the server" }
        };
        let routes = Router::new()
            .route("/hello", get(hello.clone()))
            .route("/v1/hello", get(hello))
            .route(
                "/to/{*place}",
                get(|Path(place): Path<String>| async move { Redirect::temporary(&place) }),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { port, visits }
    }

    /// Its address, by number.
    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

/// A namespace with the guest `fetch` and these grants.
fn lab(grants: &[&str]) -> Host {
    let quoted: Vec<String> = grants.iter().map(|grant| format!("'{grant}'")).collect();
    Host::setup()
        .namespace(
            "lab",
            &guest("fetch [url]", "fetch.wasm", "report_format = 'code'"),
            &format!("http = [{}]", quoted.join(", ")),
        )
        .component("lab", &guests::rust("fetch"))
        .write()
}

async fn fetch(inn: &Host, url: &str) -> Output {
    inn.say(&format!("lab fetch \"{url}\"")).await
}

/// The report of a failure: the guest's own words, and why.
fn assert_refused(output: &Output, code: &str, why: &str) {
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains(code), "{output:?}");
    assert!(
        output.stdout.contains(&format!("innkeeper: refused: {why}")),
        "{output:?}"
    );
}

#[tokio::test]
async fn an_address_granted_as_such_is_reached() {
    let server = Server::start().await;
    let inn = lab(&[&server.at("")]);
    let report = fetch(&inn, &server.at("/hello")).await.success();
    assert!(
        report.contains("200") && report.contains("hello from the server"),
        "{report}"
    );
    assert_eq!(server.visits(), 1);
    assert_eq!(inn.cli(&["logs", "1", "--stderr"]).await.success(), "");
}

#[tokio::test]
async fn what_is_not_granted_is_refused_and_the_report_names_it() {
    let server = Server::start().await;
    for grants in [&[] as &[&str], &["api.example.com"], &[&server.at("/v2")]] {
        let inn = lab(grants);
        let output = fetch(&inn, &server.at("/hello?token=secret")).await;
        let origin = server.at("");
        assert_refused(&output, "HttpRequestDenied", &format!("outbound HTTP to {origin} ("));
        assert!(!output.stdout.contains("secret"), "{output:?}");
        let stderr = inn.cli(&["logs", "1", "--stderr"]).await.success();
        assert!(stderr.contains("innkeeper: refused: outbound HTTP to"), "{stderr}");
    }
    assert_eq!(server.visits(), 0);
}

#[tokio::test]
async fn a_path_prefix_is_all_that_is_granted() {
    let server = Server::start().await;
    let inn = lab(&[&server.at("/v1")]);
    fetch(&inn, &server.at("/v1/hello")).await.success();
    for path in [
        "/hello",
        "/v1/../hello",
        "/v1/%2e%2e/hello",
        "/v1/..%2fhello",
        "/v1hello",
    ] {
        let output = fetch(&inn, &server.at(path)).await;
        assert_refused(&output, "HttpRequestDenied", "outbound HTTP to http://127.0.0.1");
    }
    assert_eq!(server.visits(), 1);
}

#[tokio::test]
async fn a_redirect_is_a_request_like_any_other() {
    let (server, elsewhere) = (Server::start().await, Server::start().await);
    let inn = lab(&[&server.at("")]);
    let report = fetch(&inn, &server.at(&format!("/to/{}", server.at("/hello"))))
        .await
        .success();
    assert!(report.contains("307") && report.contains("hello"), "{report}");
    let output = fetch(&inn, &server.at(&format!("/to/{}", elsewhere.at("/hello")))).await;
    assert_refused(
        &output,
        "HttpRequestDenied",
        &format!("outbound HTTP to {}", elsewhere.at(" (")),
    );
    assert_eq!((server.visits(), elsewhere.visits()), (1, 0));
}

#[tokio::test]
async fn a_name_that_leads_to_loopback_is_no_way_in() {
    let server = Server::start().await;
    let name = format!("http://localhost:{}", server.port);
    let output = fetch(&lab(&[&name]), &format!("{name}/hello")).await;
    assert_refused(
        &output,
        "DestinationIpProhibited",
        &format!("outbound HTTP to {name} (it leads to "),
    );
    assert!(output.stdout.contains("a loopback address"), "{output:?}");
    assert_eq!(server.visits(), 0);
    // Unless the owner of the host knows where it leads.
    let both = lab(&[&name, &server.at("")]);
    fetch(&both, &format!("{name}/hello")).await.success();
}

#[tokio::test]
async fn plain_http_is_granted_in_so_many_words() {
    let server = Server::start().await;
    let https = format!("127.0.0.1:{}", server.port);
    let output = fetch(&lab(&[&https]), &server.at("/hello")).await;
    let why = format!("outbound HTTP to {} (not granted; granted is {https})", server.at(""));
    assert_refused(&output, "HttpRequestDenied", &why);
    // And TLS is spoken where it was granted: this server does not.
    let output = fetch(&lab(&[&https]), &format!("https://{https}/hello")).await;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains("TlsProtocolError"), "{output:?}");
    assert_eq!(server.visits(), 0);
}

#[tokio::test]
async fn other_spellings_are_not_what_was_granted() {
    let server = Server::start().await;
    let inn = lab(&[&server.at(""), "http://granted.example"]);
    for host in [
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "granted.example@127.0.0.1",
    ] {
        let output = fetch(&inn, &format!("http://{host}:{}/hello", server.port)).await;
        assert_eq!(output.code, 1, "{host}: {output:?}");
        assert!(output.stdout.contains("HttpRequestDenied"), "{host}: {output:?}");
    }
    assert_eq!(server.visits(), 0);
}

#[tokio::test]
async fn a_need_narrows_it_and_one_that_is_not_granted_does_not_load() {
    let server = Server::start().await;
    let setup = |needs: &str| {
        let toml = format!(
            "[needs]\nhttp = ['{needs}']\n{}",
            guest("fetch [url]", "fetch.wasm", "")
        );
        Host::setup()
            .namespace("lab", &toml, &format!("http = ['{}']", server.at("")))
            .component("lab", &guests::rust("fetch"))
            .write()
    };
    let inn = setup(&server.at("/v1"));
    fetch(&inn, &server.at("/v1/hello")).await.success();
    assert_eq!(fetch(&inn, &server.at("/hello")).await.code, 1);
    assert_eq!(server.visits(), 1);
    let output = setup("evil.example").cli(&["check"]).await;
    assert_eq!(output.code, 2, "{output:?}");
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(said.contains("need not granted: http `evil.example`"), "{said}");
}
