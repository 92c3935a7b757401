//! Where a request gets to, against servers on loopback, and what it is told where it does not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

mod bounds;
mod tls;

use std::convert::Infallible;
use std::sync::atomic::AtomicUsize;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use innkeeper_core::config::{HostName, HttpGrant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn grants(entries: &[String]) -> HttpGrants {
    entries.iter().map(|entry| HttpGrant::parse(entry).unwrap()).collect()
}

struct Guest {
    door: Box<dyn WasiHttpHooks>,
    refusals: Refusals,
}

impl Guest {
    fn with(entries: &[String]) -> Self {
        let refusals = Refusals::default();
        let door = door(&grants(entries), &Arc::default(), &refusals);
        Self { door, refusals }
    }

    /// What the guest gets: the status, or the error. None where the address cannot even be written.
    async fn send(&mut self, method: &str, url: &str, options: RequestOptions) -> Option<Result<Sent, Error>> {
        let body = Empty::<Bytes>::new()
            .map_err(|never: Infallible| match never {})
            .boxed_unsync();
        let request = Request::builder().method(method).uri(url).body(body).ok()?;
        let sent = self
            .door
            .send_request(request, Some(options), Box::new(std::future::ready(Ok(()))));
        Some(Box::into_pin(sent).await)
    }

    async fn get(&mut self, url: &str) -> Result<Sent, Error> {
        self.send("GET", url, RequestOptions::default()).await.unwrap()
    }

    /// The whole body of an answer.
    async fn body(&mut self, url: &str) -> Result<Vec<u8>, Error> {
        let (answer, drive) = self.get(url).await?;
        let drive = tokio::spawn(Box::into_pin(drive));
        let body = answer.into_body().collect().await;
        drive.abort();
        Ok(body?.to_bytes().to_vec())
    }
}

/// A server that answers every request with these bytes, and counts its connections. None: it says nothing.
async fn server(answer: Option<Vec<u8>>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut seen = vec![0; 4096];
                let read = stream.read(&mut seen).await.unwrap();
                let Some(answer) = answer else {
                    return std::future::pending().await;
                };
                let seen = String::from_utf8_lossy(&seen[..read]).into_owned();
                let answer = String::from_utf8(answer)
                    .unwrap()
                    .replace("{request}", &seen.replace("\r\n", "|"));
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (port, count)
}

fn answer(head: &str, body: &str) -> Option<Vec<u8>> {
    Some(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n{body}").into_bytes())
}

#[tokio::test]
async fn a_granted_request_arrives_with_its_path_and_our_host() {
    let (port, _) = server(answer("", "{request}")).await;
    let mut guest = Guest::with(&[format!("http://127.0.0.1:{port}")]);
    let seen = guest.body(&format!("http://127.0.0.1:{port}/a/b?c=d")).await.unwrap();
    let seen = String::from_utf8(seen).unwrap();
    assert!(seen.starts_with("GET /a/b?c=d HTTP/1.1|"), "{seen}");
    assert!(seen.contains(&format!("host: 127.0.0.1:{port}|")), "{seen}");
    assert_eq!(guest.refusals.lines(), "");
}

#[tokio::test]
async fn without_a_grant_nothing_is_looked_up() {
    let mut guest = Guest::with(&[]);
    let error = guest.get("https://token:secret@evil.example/path?token").await.err();
    assert!(matches!(error, Some(Error::HttpRequestDenied)), "{error:?}");
    let _ = guest.get("http://evil.example:8080/path?token").await;
    insta::assert_snapshot!(guest.refusals.lines(), @r"
    innkeeper: refused: outbound HTTP to evil.example (there is no place for a user or a password in it)
    innkeeper: refused: outbound HTTP to http://evil.example:8080 (not granted)
    ");
}

#[tokio::test]
async fn a_name_that_leads_to_loopback_needs_a_grant_of_the_address() {
    let (port, connections) = server(answer("", "hello")).await;
    let (name, number) = (format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}"));
    let mut guest = Guest::with(std::slice::from_ref(&name));
    let error = guest.get(&name).await.err();
    assert!(matches!(error, Some(Error::DestinationIpProhibited)), "{error:?}");
    let said = guest.refusals.lines();
    assert!(
        said.contains("a loopback address, and that address is not granted"),
        "{said}"
    );
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    let mut guest = Guest::with(&[name.clone(), number]);
    assert_eq!(guest.body(&name).await.unwrap(), b"hello");
}

/// Every way to write loopback, private addresses and metadata services that a resolver or a URL parser may know.
const SPELLINGS: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0X7F.1",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "127.0.0.01",
    "127.000.000.001",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "0.0",
    "127.127.127.127",
    "4294967295",
    "255.255.255.255",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "LocalHost.",
    "localhost.localdomain",
    "ip6-localhost",
    "foo.localhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[::1%25lo]",
    "[fe80::1%25eth0]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[::ffff:a9fe:a9fe]",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "100.100.100.200",
    "168.63.129.16",
    "10.0.0.1",
    "10.1",
    "0xa.1",
    "172.16.0.1",
    "192.168.1.1",
    "3232235777",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "192.0.2.1",
    "granted.example@127.0.0.1",
    "granted.example:80@127.0.0.1",
    "127.0.0.1%2f@granted.example",
    "%31%32%37.0.0.1",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "127.0.0.1\\@granted.example",
    "127.0.0.1#granted.example",
    "granted.example%00.127.0.0.1",
    "[127.0.0.1]",
    "::1",
    "[::1",
];

#[tokio::test]
async fn no_spelling_leads_where_it_was_not_granted() {
    assert!(SPELLINGS.len() >= 49);
    let (port, connections) = server(answer("", "reached")).await;
    // Whatever a careless owner can grant by name is granted.
    let names = SPELLINGS
        .iter()
        .filter(|text| matches!(HostName::parse(text), Ok(HostName::Name(_))));
    let mut entries: Vec<String> = names.map(|name| format!("http://{name}:{port}")).collect();
    entries.push(format!("http://granted.example:{port}"));
    for spelling in SPELLINGS {
        let mut guest = Guest::with(&entries);
        let url = format!("http://{spelling}:{port}/");
        match guest.send("GET", &url, RequestOptions::default()).await {
            None => {}
            Some(Err(Error::HttpRequestDenied | Error::DestinationIpProhibited | Error::DnsError { .. })) => {}
            Some(other) => panic!("{spelling}: {:?}", other.map(|(answer, _)| answer.status())),
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[test]
fn only_public_addresses_of_a_name_are_left() {
    let left = |entries: &[&str]| {
        let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        let origin = HttpGrant::parse("rebind.example").unwrap().origin;
        let found = ["10.0.0.5:443", "1.1.1.1:443", "[::ffff:10.0.0.6]:443"].map(|text| text.parse().unwrap());
        let left = reachable(&grants(&entries), &origin, "/", found.to_vec()).unwrap();
        left.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(left(&["rebind.example"]), ["1.1.1.1:443"]);
    assert_eq!(
        left(&["rebind.example", "10.0.0.6"]),
        ["1.1.1.1:443", "[::ffff:10.0.0.6]:443"]
    );
    assert_eq!(left(&["rebind.example", "http://10.0.0.6"]), ["1.1.1.1:443"]);
}

#[tokio::test]
async fn methods_for_proxies_are_refused() {
    let (port, connections) = server(answer("", "")).await;
    let url = format!("http://127.0.0.1:{port}");
    let mut guest = Guest::with(std::slice::from_ref(&url));
    for method in ["CONNECT", "TRACE"] {
        let sent = guest.send(method, &format!("{url}/"), RequestOptions::default()).await;
        assert!(matches!(sent, Some(Err(Error::HttpRequestDenied))));
        assert!(guest.refusals.lines().contains(&format!("{method} is never allowed")));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_does_not_answer_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (url, tls) = (format!("http://127.0.0.1:{port}"), format!("https://127.0.0.1:{port}"));
    let mut guest = Guest::with(&[url.clone(), tls.clone(), "https://no-such-host.invalid".into()]);
    let error = guest.get(&url).await.err();
    assert!(matches!(error, Some(Error::ConnectionRefused)), "{error:?}");
    let error = guest.get("https://no-such-host.invalid/").await.err();
    assert!(
        matches!(error, Some(Error::DnsError { .. } | Error::DnsTimeout)),
        "{error:?}"
    );
}
