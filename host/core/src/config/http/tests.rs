//! Entries, requests and what is left of one where the other was asked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

fn grant(text: &str) -> HttpGrant {
    HttpGrant::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn grants(entries: &[&str]) -> HttpGrants {
    entries.iter().copied().map(grant).collect()
}

/// Whether `grants` allow a request, which is written as a grant is, with any path.
fn allows(grants: &HttpGrants, request: &str) -> Result<(), String> {
    let (scheme, rest) = match request.strip_prefix("http://") {
        Some(rest) => (Scheme::Http, rest),
        None => (Scheme::Https, request),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let origin = Origin::parse(scheme, &rest[..end])?;
    let path = if end == rest.len() { "/" } else { &rest[end..] };
    grants.allows(&origin, path).map_err(|denied| denied.to_string())
}

#[test]
fn an_entry_is_shown_without_what_goes_without_saying() {
    for (written, shown) in [
        ("api.example.com", "api.example.com"),
        ("https://API.Example.com:443/", "api.example.com"),
        ("api.example.com.:8443/v1/", "api.example.com:8443/v1"),
        ("http://build_host", "http://build_host"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://x:443", "http://x:443"),
        ("[::1]:8443/a/b", "[::1]:8443/a/b"),
        ("[::ffff:10.0.0.5]", "10.0.0.5"),
        ("xn--bcher-kva.example/a~b", "xn--bcher-kva.example/a~b"),
        ("1.example.com", "1.example.com"),
    ] {
        assert_eq!(grant(written).to_string(), shown);
        assert_eq!(grant(shown), grant(written));
    }
}

#[test]
fn an_entry_says_what_is_wrong_with_it() {
    for (why, entries) in [
        ("wildcards", &["*", "*.example.com", "https://*"] as &[&str]),
        ("a user", &["me@example.com", "me:pw@example.com", "https://a@b@c"]),
        ("no `?`", &["example.com?a=b", "example.com/v1?a", "example.com#x"]),
        (
            "in front",
            &["ftp://example.com", "HTTPS://example.com", "://example.com", "wss://x"],
        ),
        (
            "a host is",
            &[
                "",
                "https://",
                "/v1",
                "exam ple.com",
                "a..b",
                ".a",
                "a%2eb",
                ":80",
                "a\nb",
                "http:example.com",
            ],
        ),
        (
            "four decimal",
            &[
                "127.1",
                "2130706433",
                "0x7f.1",
                "0177.0.0.1",
                "0",
                "1.2.3.4.5",
                "256.1.1.1",
                "a.0x",
                "127.0.0.1.",
                "x.1.",
            ],
        ),
        ("xn--", &["bücher.example", "127。0。0。1", "①.example"]),
        (
            "between brackets",
            &["::1", "[::1", "[fe80::1%25eth0]", "[127.0.0.1]", "[]"],
        ),
        (
            "a port",
            &[
                "example.com:",
                "example.com:0",
                "example.com:65536",
                "example.com:+80",
                "[::1]:x",
            ],
        ),
        (
            "a path prefix",
            &[
                "x/..", "x/a/../b", "x/%2e%2e", "x//a", "x/a//", "x/a%2fb", "x/é", "x/a\\b", "x/.", "x/a;b", "x/...",
            ],
        ),
    ] {
        for entry in entries {
            let said = HttpGrant::parse(entry).map(|grant| grant.to_string()).unwrap_err();
            // `[::1` with something behind it, and `http:example.com`, may be wrong in two ways.
            let other = said.contains("a port") || said.contains("a host is");
            assert!(
                said.contains(why) || (other && entry.contains(':')),
                "{entry:?}: {said}"
            );
        }
    }
}

#[test]
fn a_request_is_within_a_grant_or_told_why_not() {
    let granted = grants(&[
        "api.example.com/v1/users",
        "http://127.0.0.1:8080",
        "example.com",
        "[2001:db8::1]:8443",
    ]);
    for (request, why) in [
        ("api.example.com/v1/users", ""),
        ("api.example.com/v1/users/7", ""),
        ("api.example.com/v1/users/group%2Fname", ""),
        ("api.example.com/v1/users/100%25/x", ""),
        ("API.EXAMPLE.COM.:443/v1/users/", ""),
        ("http://127.0.0.1:8080/anything/../at%2fall", ""),
        ("http://[::ffff:7f00:1]:8080/", ""),
        ("example.com//x", ""),
        ("[2001:db8:0::1]:8443/x", ""),
        ("api.example.com/", "only below api.example.com/v1/users"),
        ("api.example.com/v1/usersmore", "only below"),
        ("api.example.com/v1%2fusers", "only below"),
        ("api.example.com/V1/users", "only below"),
        ("api.example.com/%761/users", "only below"),
        ("api.example.com/v1/users/..", "a segment of dots"),
        ("api.example.com/v1/users/../admin", "a segment of dots"),
        ("api.example.com/v1/users/%2e%2E/admin", "a segment of dots"),
        ("api.example.com/v1/users/.%2e/admin", "a segment of dots"),
        ("api.example.com/v1/users/..%2fadmin", "a segment of dots"),
        ("api.example.com/v1/users/..%5cadmin", "a segment of dots"),
        ("api.example.com/v1/users/..\\admin", "a segment of dots"),
        ("api.example.com/v1/users/%252e%252e/admin", "a segment of dots"),
        (
            "api.example.com/v1/users/%25252e%25252e%25252fadmin",
            "a segment of dots",
        ),
        ("api.example.com/v1/users/..;x=1/admin", "a segment of dots"),
        ("api.example.com/v1/users/..%20/admin", "a segment of dots"),
        ("api.example.com/v1/users/./x", "a segment of dots"),
        ("api.example.com/v1/users//x", "an empty segment"),
        ("api.example.com//v1/users", "an empty segment"),
        ("api.example.com/v1/users/%2f/x", "an empty segment"),
        ("api.example.com/v1/users/%00", "control characters"),
        ("api.example.com/v1/users/%0d%0aHost:x", "control characters"),
        ("http://api.example.com/v1/users", "granted is api.example.com/v1/users"),
        ("api.example.com:8443/v1/users", "granted is api.example.com/v1/users"),
        ("http://127.0.0.1/", "granted is http://127.0.0.1:8080"),
        ("127.0.0.1:8080", "granted is http://127.0.0.1:8080"),
        ("evil.example", "outbound HTTP to evil.example (not granted)"),
        (
            "http://evil.example:8080/token",
            "outbound HTTP to http://evil.example:8080 (not granted)",
        ),
        ("sub.example.com", "(not granted)"),
        ("example.com.evil.example", "(not granted)"),
        ("user@example.com", "a user or a password"),
        ("example.com:443@evil.example", "a user or a password"),
        ("127.1:8080", "four decimal numbers"),
    ] {
        match allows(&granted, request) {
            Ok(()) => assert_eq!(why, "", "{request} is allowed"),
            Err(said) => assert!(!why.is_empty() && said.contains(why), "{request}: {said}"),
        }
    }
}

#[test]
fn nothing_is_granted_by_default() {
    let none = HttpGrants::default();
    assert!(none.is_empty());
    assert!(allows(&none, "example.com").unwrap_err().contains("not granted"));
}

#[test]
fn an_address_is_reached_by_its_number_only() {
    let granted = grants(&[
        "http://wiki.corp:8080",
        "http://10.0.0.5:8080/w",
        "wiki.corp",
        "10.0.0.6",
    ]);
    let leads = |granted: &HttpGrants, scheme, authority: &str, address: &str, path: &str| {
        let origin = Origin::parse(scheme, authority).unwrap();
        granted.allows_address(&origin, address.parse().unwrap(), path)
    };
    assert!(leads(&granted, Scheme::Http, "wiki.corp:8080", "10.0.0.5", "/w/x"));
    assert!(leads(&granted, Scheme::Http, "wiki.corp:8080", "::ffff:10.0.0.5", "/w"));
    assert!(!leads(&granted, Scheme::Http, "wiki.corp:8080", "10.0.0.5", "/x"));
    assert!(!leads(&granted, Scheme::Http, "wiki.corp:8080", "10.0.0.6", "/w"));
    assert!(!leads(&granted, Scheme::Https, "wiki.corp", "10.0.0.5", "/w"));
    assert!(leads(&granted, Scheme::Https, "wiki.corp", "10.0.0.6", "/"));
    // A namespace that asks for the name keeps what the host's owner said of its address.
    let (narrowed, missing) = granted.narrow(&[grant("wiki.corp")]);
    assert_eq!(missing, []);
    assert!(leads(&narrowed, Scheme::Https, "wiki.corp", "10.0.0.6", "/"));
    assert!(allows(&narrowed, "10.0.0.6").is_err());
}

#[test]
fn what_is_asked_narrows_what_is_granted() {
    let granted = grants(&["a.example/v1", "b.example", "http://c.example:8080/x/y"]);
    let narrow = |asked: &[&str]| {
        let asked: Vec<HttpGrant> = asked.iter().copied().map(grant).collect();
        let (left, missing) = granted.narrow(&asked);
        let shown = |entries: &[HttpGrant]| entries.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        (shown(left.entries()), shown(&missing))
    };
    let case = |asked: &[&str], left: &str, missing: &str| {
        assert_eq!(narrow(asked), (left.to_owned(), missing.to_owned()), "{asked:?}");
    };
    case(&[], "", "");
    case(&["a.example/v1"], "a.example/v1", "");
    case(
        &["a.example/v1/users", "b.example/x"],
        "a.example/v1/users b.example/x",
        "",
    );
    case(&["a.example"], "a.example/v1", "a.example");
    case(
        &["a.example/v2", "b.example:8443", "http://b.example"],
        "",
        "a.example/v2 b.example:8443 http://b.example",
    );
    case(
        &["http://c.example:8080"],
        "http://c.example:8080/x/y",
        "http://c.example:8080",
    );
}

fn some_entry() -> impl Strategy<Value = HttpGrant> {
    ("(http://)?[ab](:8)?", proptest::collection::vec("[xy]", 0..3))
        .prop_map(|(origin, path)| grant(&format!("{origin}/{}", path.join("/"))))
}

proptest! {
    /// What is left allows exactly what both allow.
    #[test]
    fn what_is_left_is_what_both_allow(
        granted in proptest::collection::vec(some_entry(), 0..4),
        asked in proptest::collection::vec(some_entry(), 0..4),
        request in "(http://)?[ab](:8)?(/[xy]){0,3}",
    ) {
        let granted: HttpGrants = granted.into_iter().collect();
        let (left, missing) = granted.narrow(&asked);
        let asked: HttpGrants = asked.into_iter().collect();
        let both = allows(&granted, &request).is_ok() && allows(&asked, &request).is_ok();
        prop_assert_eq!(allows(&left, &request).is_ok(), both);
        if missing.is_empty() {
            prop_assert_eq!(allows(&left, &request).is_ok(), allows(&asked, &request).is_ok());
        }
    }

    /// Outside input: any text is an entry or a sentence, and any entry reads back as itself.
    #[test]
    fn any_text_is_an_entry_or_a_mistake(text in "(https?://)?[a-z0-9.:@/%\\[\\]*é-]{0,20}") {
        if let Ok(entry) = HttpGrant::parse(&text) {
            prop_assert_eq!(grant(&entry.to_string()), entry);
        }
    }

    /// No path with a way up in it is below a prefix.
    #[test]
    fn no_way_up_is_below_a_prefix(path in "(/|\\\\|%2f|%5C|%252f|x|\\.|%2e|%2E|%252e|%|;|%20){0,12}") {
        let origin = Origin::parse(Scheme::Https, "a").unwrap();
        let path = format!("/v1/{path}");
        if grants(&["a/v1"]).allows(&origin, &path).is_ok() {
            let seen = path.replace("%25", "%").replace("%2f", "/").replace("%5C", "/").replace('\\', "/")
                .replace("%2e", ".").replace("%2E", ".");
            prop_assert!(!seen.split('/').any(|segment| segment == ".." || segment == "."), "{}", path);
        }
    }
}
