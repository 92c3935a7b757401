#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn read(text: &str) -> OciReference {
    OciReference::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn refused(text: &str) -> String {
    match OciReference::parse(text) {
        Ok(reference) => panic!("{text} is read as {reference}"),
        Err(why) => why,
    }
}

fn entries(texts: &[&str]) -> Vec<RegistryPrefix> {
    let parse = |text: &&str| RegistryPrefix::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
    texts.iter().map(parse).collect()
}

#[test]
fn a_reference_has_its_parts_and_shows_as_it_is_written() {
    let text = format!("oci://ghcr.io/owner/na-me/x_y:1.0@sha256:{HEX}");
    let reference = read(&text);
    assert_eq!((reference.registry(), reference.name()), ("ghcr.io", "owner/na-me/x_y"));
    assert_eq!(reference.tag(), Some("1.0"));
    assert_eq!(reference.digest().map(Digest::hex), Some(HEX));
    assert_eq!(reference.to_string(), text);
    for text in [
        "oci://localhost:5000/a:latest".to_owned(),
        "oci://127.0.0.1:5000/a:_x".to_owned(),
        "oci://[::1]:5000/a/b:1".to_owned(),
        format!("oci://registry.example/a@sha256:{HEX}"),
    ] {
        assert_eq!(read(&text).to_string(), text);
    }
}

#[test]
fn a_registry_is_spelled_in_one_way() {
    assert_eq!(read("oci://GHCR.io:443/a:1"), read("oci://ghcr.io/a:1"));
    assert_eq!(read("oci://localhost:80/a:1"), read("oci://localhost/a:1"));
    assert_eq!(read("oci://localhost:443/a:1").registry(), "localhost:443");
}

#[test]
fn only_this_machine_is_spoken_to_in_the_clear() {
    for plain in [
        "localhost",
        "localhost:5000",
        "127.0.0.1:5000",
        "127.3.4.5",
        "[::1]:5000",
    ] {
        assert!(read(&format!("oci://{plain}/a:1")).is_plain(), "{plain}");
    }
    for tls in ["ghcr.io", "10.0.0.1:5000", "localhost.example", "[::2]", "registry:80"] {
        assert!(!read(&format!("oci://{tls}/a:1")).is_plain(), "{tls}");
    }
}

#[test]
fn what_is_no_reference_is_told_why() {
    for (text, why) in [
        ("ghcr.io/a:1", "with `oci://` in front"),
        ("https://ghcr.io/a:1", "only `oci://`"),
        ("oci://ghcr.io", "followed by a name"),
        ("oci://ghcr.io:1", "followed by a name"),
        ("oci://ghcr.io/a", "which version"),
        ("oci://ghcr.io/:1", "a name is parts"),
        ("oci://ghcr.io/a//b:1", "a name is parts"),
        ("oci://ghcr.io/../b:1", "a name is parts"),
        ("oci://ghcr.io/A:1", "a name is parts"),
        ("oci://ghcr.io/a?x:1", "a name is parts"),
        ("oci://ghcr.io/a b:1", "a name is parts"),
        ("oci://ghcr.io/a-:1", "a name is parts"),
        ("oci://ghcr.io/a___b:1", "a name is parts"),
        ("oci://ghcr.io/a:", "a tag is"),
        ("oci://ghcr.io/a:-1", "a tag is"),
        ("oci://ghcr.io/a:1/2", "a tag is"),
        ("oci://ghcr.io/a:1#", "a tag is"),
        ("oci://ghcr.io/a@sha256:00", "a digest is"),
        ("oci://ghcr.io/a@sha512:00", "a digest is"),
        ("oci:///a:1", "a host is"),
        ("oci://user:secret@ghcr.io/a:1", "a digest is"),
        ("oci://ghcr.io:0/a:1", "a port is"),
        ("oci://*.io/a:1", "wildcards"),
    ] {
        assert!(refused(text).contains(why), "{text}: {}", refused(text));
    }
    assert!(refused(&format!("oci://x/a@sha256:{}", HEX.to_uppercase())).contains("lower case"));
    assert!(refused(&format!("oci://x/{}:1", "a".repeat(256))).contains("a name is"));
    assert!(refused(&format!("oci://x/a:{}", "1".repeat(129))).contains("a tag is"));
}

#[test]
fn a_digest_is_of_content() {
    assert_eq!(
        Digest::of(b"").to_string(),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        pulled_component(Path::new("/data"), &Digest::of(b"")),
        Path::new(
            "/data/cache/components/sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.wasm"
        )
    );
}

#[test]
fn a_grant_covers_a_registry_and_what_is_below_its_prefix() {
    let covers = |grant: &str, reference: &str| entries(&[grant])[0].covers(&read(reference));
    assert!(covers("ghcr.io", "oci://ghcr.io/any/thing:1"));
    assert!(covers("ghcr.io/team", "oci://ghcr.io/team/x:1"));
    assert!(covers("GHCR.io:443/team", "oci://ghcr.io/team:1"));
    assert!(covers("localhost:5000", "oci://localhost:5000/a:1"));
    for (grant, reference) in [
        ("ghcr.io/team", "oci://ghcr.io/teams/x:1"),
        ("ghcr.io/team", "oci://ghcr.io/x/team:1"),
        ("ghcr.io/team/x", "oci://ghcr.io/team:1"),
        ("ghcr.io", "oci://ghcr.io:5000/x:1"),
        ("ghcr.io", "oci://evil.ghcr.io/x:1"),
        ("localhost:5000", "oci://127.0.0.1:5000/a:1"),
    ] {
        assert!(!covers(grant, reference), "{grant} covers {reference}");
    }
    for bad in [
        "",
        "oci://ghcr.io",
        "ghcr.io/",
        "ghcr.io/a:1",
        "ghcr.io/Team",
        "*.io",
        "a b",
        "ghcr.io/..",
    ] {
        assert!(RegistryPrefix::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_asked_narrows_what_is_granted() {
    let asked = entries(&["ghcr.io/team/x", "quay.io", "ghcr.io"]);
    let (left, missing) = RegistryGrants::All.narrow(&asked);
    assert_eq!((left, missing), (RegistryGrants::Only(asked.clone()), vec![]));
    let granted = RegistryGrants::Only(entries(&["ghcr.io/team"]));
    let (left, missing) = granted.narrow(&asked);
    assert_eq!(left, RegistryGrants::Only(entries(&["ghcr.io/team/x", "ghcr.io/team"])));
    assert_eq!(missing, entries(&["quay.io", "ghcr.io"]));
}

#[test]
fn a_name_below_a_prefix_is_a_reference() {
    let prefix = &entries(&["localhost:5000/team"])[0];
    let reference = prefix.reference(&["lab", "hello"], "latest").unwrap();
    assert_eq!(reference, read("oci://localhost:5000/team/lab/hello:latest"));
    assert!(prefix.reference(&["lab", "hello_"], "latest").is_err());
    assert!(prefix.reference(&["lab", "hello"], "a b").is_err());
}

#[test]
fn a_lock_reads_as_it_was_written_and_says_what_is_wrong_with_it() {
    let pin = Pin {
        digest: Digest::of(b"component"),
        manifest: Digest::of(b"manifest"),
    };
    let mut lock = Lock::default();
    for reference in ["oci://x/b:1", "oci://x/a:1"] {
        assert_eq!(lock.set(read(reference), pin.clone()), None);
    }
    let table = toml::Table::from_iter([("component".to_owned(), lock.to_toml().unwrap())]);
    let text = toml::to_string_pretty(&table).unwrap();
    assert!(text.find("oci://x/a:1") < text.find("oci://x/b:1"), "sorted: {text}");
    assert_eq!(Lock::parse(&text).unwrap(), lock);
    assert_eq!(Lock::parse("").unwrap(), Lock::default());

    let twice = format!("{text}\n{text}");
    assert!(Lock::parse(&twice).unwrap_err().contains("is pinned twice"));
    let other = text.replace("oci://x/a:1", &format!("oci://x/a@sha256:{HEX}"));
    assert!(Lock::parse(&other).unwrap_err().contains("another manifest"));
    assert!(Lock::parse("component = 3").is_err());
    let bad = text.replace("oci://x/a:1", "oci://x/a");
    assert!(Lock::parse(&bad).unwrap_err().contains("which version"));

    assert_eq!(lock.retain(|reference| reference.name() == "a"), [read("oci://x/b:1")]);
    assert_eq!(
        (lock.pin(&read("oci://x/a:1")), lock.pin(&read("oci://x/b:1"))),
        (Some(&pin), None)
    );
    let missing = tempfile::tempdir().unwrap();
    assert_eq!(Lock::read(&missing.path().join("x.lock")), Ok(Lock::default()));
    assert_eq!(
        lock_file(Path::new("/etc/innkeeper.toml")),
        Path::new("/etc/innkeeper.lock")
    );
}

proptest! {
    /// What is accepted means one thing, and stands in a URL as it is.
    #[test]
    fn what_is_read_shows_as_something_that_reads_the_same(text in "oci://[a-zA-Z0-9.:\\[\\]@/_-]{0,40}") {
        if let Ok(reference) = OciReference::parse(&text) {
            prop_assert_eq!(&OciReference::parse(&reference.to_string()), &Ok(reference.clone()));
            prop_assert!(reference.name().split('/').all(|part| !part.is_empty() && !part.contains("..")));
        }
    }
}
