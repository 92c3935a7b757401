//! Every grant: its default by trust, given, narrowed, and refused.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn only(list: &[&str]) -> Allowed {
    Allowed::Only(names(list))
}

fn untrusted() -> Given {
    Given::default()
}

fn trusted() -> Given {
    Given {
        trusted: true,
        ..Given::default()
    }
}

fn folder(host: &str, guest: &str, write: bool) -> FilesGrant {
    FilesGrant {
        host: host.into(),
        guest: guest.into(),
        write,
    }
}

fn want(guest: &str, write: bool) -> FilesAsked {
    FilesAsked {
        host: None,
        guest: guest.into(),
        write,
    }
}

fn entries(texts: &[&str]) -> Vec<HttpGrant> {
    let parse = |text: &&str| HttpGrant::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
    texts.iter().map(parse).collect()
}

fn registries(texts: &[&str]) -> Vec<RegistryPrefix> {
    let parse = |text: &&str| RegistryPrefix::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
    texts.iter().map(parse).collect()
}

fn lines(refused: &[Refusal]) -> Vec<&str> {
    refused.iter().map(|refusal| refusal.line.as_str()).collect()
}

#[test]
fn nothing_given_and_nothing_asked_is_the_defaults() {
    let grants = untrusted().grants();
    assert!(!grants.trusted);
    assert_eq!(grants.triggers, BTreeSet::from([Trigger::Slack, Trigger::Cli]));
    assert_eq!((&grants.channels, &grants.env), (&only(&[]), &only(&[])));
    assert_eq!(grants.mentions, Mentions::None);
    assert_eq!((grants.files.len(), &grants.github), (0, &None));
    assert!(grants.http.is_empty());
    assert_eq!(grants.registries, RegistryGrants::Only(vec![]));
    assert_eq!(narrow(&grants, &Asked::default()), (grants, vec![]));

    let grants = trusted().grants();
    assert!(grants.trusted);
    assert_eq!(grants.triggers, BTreeSet::from(ALL_TRIGGERS));
    assert_eq!((&grants.channels, &grants.env), (&Allowed::All, &Allowed::All));
    assert_eq!(grants.mentions, Mentions::Users);
    assert_eq!(grants.files, []);
    assert!(grants.http.is_empty());
    assert_eq!(grants.registries, RegistryGrants::All);
    let github = GithubGrant {
        secret: "GITHUB_WEBHOOK_SECRET".into(),
        repos: Allowed::All,
        sha1: false,
        write: false,
        token: "GITHUB_TOKEN".into(),
    };
    assert_eq!(grants.github, Some(github));
    assert_eq!(narrow(&grants, &Asked::default()), (grants, vec![]));
}

#[test]
fn what_is_given_is_in_effect_without_being_asked() {
    for trusted in [false, true] {
        let given = Given {
            trusted,
            triggers: Some(BTreeSet::from([Trigger::Github])),
            channels: Some(names(&["#a"])),
            mentions: Some(Mentions::Channel),
            env: Some(names(&["A"])),
            files: vec![folder("/srv", "/data", true)],
            ..Given::default()
        };
        let (grants, refused) = narrow(&given.grants(), &Asked::default());
        assert_eq!(refused, []);
        assert_eq!(grants.triggers, BTreeSet::from([Trigger::Github, Trigger::Cli]));
        assert_eq!((grants.channels, grants.env), (only(&["#a"]), only(&["A"])));
        assert_eq!(grants.mentions, Mentions::Channel);
        assert_eq!(grants.files, [folder("/srv", "/data", true)]);
    }
}

#[test]
fn what_is_asked_narrows_what_is_given() {
    let given = Given {
        files: vec![folder("/srv", "/data", true), folder("/opt", "/more", false)],
        http: entries(&["a.example"]).into_iter().collect(),
        mentions: Some(Mentions::Channel),
        ..trusted()
    };
    let asked = Asked {
        trusted: true,
        triggers: Some(BTreeSet::from([Trigger::Slack])),
        channels: Some(names(&[])),
        mentions: Some(Mentions::Users),
        env: Some(names(&["A"])),
        files: Some(vec![want("/data", false)]),
        http: Some(entries(&["a.example/v1"])),
        repos: Some(names(&["a/b"])),
        github_write: None,
        registries: Some(registries(&["ghcr.io/team"])),
    };
    let (grants, refused) = narrow(&given.grants(), &asked);
    assert_eq!(refused, []);
    assert_eq!(grants.registries, RegistryGrants::Only(registries(&["ghcr.io/team"])));
    assert_eq!(grants.triggers, BTreeSet::from([Trigger::Slack, Trigger::Cli]));
    assert_eq!((grants.channels, grants.env), (only(&[]), only(&["A"])));
    assert_eq!(grants.mentions, Mentions::Users);
    assert_eq!(grants.files, [folder("/srv", "/data", false)]);
    assert_eq!(grants.http.entries(), entries(&["a.example/v1"]));
    assert_eq!(grants.github.map(|github| github.repos), Some(only(&["a/b"])));
}

#[test]
fn what_is_asked_and_not_given_is_refused_with_the_line_that_grants_it() {
    let given = Given {
        env: Some(names(&["A"])),
        files: vec![folder("/srv", "/data", false)],
        http: entries(&["b.example"]).into_iter().collect(),
        registries: Some(registries(&["ghcr.io"])),
        ..untrusted()
    };
    let asked = Asked {
        trusted: true,
        triggers: Some(BTreeSet::from([Trigger::Slack, Trigger::Github])),
        channels: Some(names(&["#a"])),
        mentions: Some(Mentions::Users),
        env: Some(names(&["A", "B"])),
        files: Some(vec![want("/data", true), want("/more", false)]),
        http: Some(entries(&["a.example/v1", "http://10.0.0.5"])),
        repos: Some(names(&["a/b"])),
        github_write: None,
        registries: Some(registries(&["ghcr.io/team", "quay.io"])),
    };
    let (grants, refused) = narrow(&given.grants(), &asked);
    assert_eq!(
        lines(&refused),
        [
            "trust = \"trusted\"",
            "triggers = [\"slack\", \"github\"]",
            "channels = [\"#a\"]",
            "mentions = \"users\"",
            "env = [\"A\", \"B\"]",
            "files = [{ host = \"/srv\", guest = \"/data\", write = true }, \
             { host = \"/a/folder/of/the/host\", guest = \"/more\" }]",
            "http = [\"b.example\", \"a.example/v1\", \"http://10.0.0.5\"]",
            "github = { secret = \"NAME_OF_A_SECRET\", repos = [\"a/b\"] }",
            "registries = [\"ghcr.io\", \"quay.io\"]",
        ]
    );
    assert_eq!(refused[4].what, ["B"]);
    assert!(!grants.trusted);
    assert_eq!(grants.triggers, BTreeSet::from([Trigger::Slack, Trigger::Cli]));
    assert_eq!((grants.channels, grants.env), (only(&[]), only(&["A"])));
    assert_eq!((grants.mentions, grants.files.len()), (Mentions::None, 0));
    assert_eq!(grants.github, None);
    assert_eq!(grants.registries, RegistryGrants::Only(registries(&["ghcr.io/team"])));
}

#[test]
fn a_folder_is_the_one_that_was_asked_for() {
    let have = [folder("/srv", "/data", true)];
    let mut refused = Vec::new();
    let other = FilesAsked {
        host: Some("/opt".into()),
        ..want("/data", true)
    };
    assert_eq!(narrow_files(&have, &[other], &mut refused), []);
    assert_eq!(
        lines(&refused),
        ["files = [{ host = \"/opt\", guest = \"/data\", write = true }]"]
    );
}

#[test]
fn writing_is_given_narrowed_and_refused_like_the_rest() {
    let grant = |write| Given {
        github: Some(GithubGrant {
            secret: "HOOKS".into(),
            repos: only(&["a/b"]),
            sha1: false,
            write,
            token: "GITHUB_TOKEN".into(),
        }),
        ..Given::default()
    };
    let narrowed = |given, asked| {
        let asked = Asked {
            github_write: asked,
            ..Asked::default()
        };
        let (grants, refused) = narrow(&grant(given).grants(), &asked);
        let lines: Vec<String> = refused.into_iter().map(|refusal| refusal.line).collect();
        (grants.github.is_some_and(|github| github.write), lines)
    };
    assert_eq!(narrowed(true, None), (true, vec![]));
    assert_eq!(narrowed(true, Some(false)), (false, vec![]));
    assert_eq!(narrowed(true, Some(true)), (true, vec![]));
    let line = "github = { secret = \"HOOKS\", repos = [\"a/b\"], write = true }";
    assert_eq!(narrowed(false, Some(true)), (false, vec![line.to_owned()]));
}

#[test]
fn more_repositories_are_refused_and_the_secret_stays() {
    let given = Given {
        github: Some(GithubGrant {
            secret: "HOOKS".into(),
            repos: only(&["a/b"]),
            sha1: true,
            write: false,
            token: "GITHUB_TOKEN".into(),
        }),
        ..untrusted()
    };
    let asked = Asked {
        repos: Some(names(&["a/b", "a/c"])),
        ..Asked::default()
    };
    let (grants, refused) = narrow(&given.grants(), &asked);
    assert_eq!(
        lines(&refused),
        ["github = { secret = \"HOOKS\", repos = [\"a/b\", \"a/c\"] }"]
    );
    assert_eq!(grants.github, given.github);
}

#[test]
fn limits_are_defaults_ceilings_and_what_is_asked_below_them() {
    let none = RawLimits::default();
    let mb = |memory_mb| RawLimits {
        memory_mb: Some(memory_mb),
        ..RawLimits::default()
    };
    let memory = |given: &RawLimits, namespace: &RawLimits, job: &RawLimits| {
        let (limits, refused) = limits(Kind::Component, Format::Text, given, namespace, job);
        (limits.memory >> 20, refused.len())
    };
    assert_eq!(memory(&none, &none, &none), (64, 0));
    assert_eq!(memory(&mb(256), &none, &none), (256, 0));
    assert_eq!(memory(&mb(256), &mb(128), &none), (128, 0));
    assert_eq!(memory(&mb(256), &mb(32), &mb(128)), (128, 0));
    assert_eq!(memory(&none, &mb(32), &none), (32, 0));
    assert_eq!(memory(&none, &mb(65), &none), (64, 1));
    assert_eq!(memory(&mb(32), &none, &mb(64)), (32, 1));

    let given = RawLimits {
        stderr_bytes: Some(10),
        ..RawLimits::default()
    };
    let (_, refused) = limits(Kind::Component, Format::Text, &given, &none, &mb(100));
    assert_eq!(lines(&refused), ["limits = { memory_mb = 100, stderr_bytes = 10 }"]);
}

#[test]
fn default_limits_are_the_design_s() {
    let component = default_limits(Kind::Component, Format::Text);
    assert_eq!((component.wall_time.as_secs(), component.memory), (60, 64 << 20));
    assert_eq!((component.stdout, component.stderr), (1 << 20, 64 << 10));
    assert_eq!(default_limits(Kind::Component, Format::File).stdout, 16 << 20);
    let bash = default_limits(Kind::Bash, Format::Text);
    assert_eq!(
        (bash.wall_time.as_secs(), bash.stdout, bash.stderr),
        (3600, 16 << 20, 1 << 20)
    );
}

fn some_names() -> impl Strategy<Value = Option<BTreeSet<String>>> {
    proptest::option::of(proptest::collection::btree_set("[ABC]", 0..3))
}

fn some_triggers() -> impl Strategy<Value = Option<BTreeSet<Trigger>>> {
    proptest::option::of(proptest::sample::subsequence(ALL_TRIGGERS.to_vec(), 0..4).prop_map(BTreeSet::from_iter))
}

fn within(inner: &Allowed, outer: &Allowed) -> bool {
    match (inner, outer) {
        (_, Allowed::All) => true,
        (Allowed::All, Allowed::Only(_)) => false,
        (Allowed::Only(inner), Allowed::Only(outer)) => inner.is_subset(outer),
    }
}

proptest! {
    /// Whatever is asked, nothing is in effect that was not given; and nothing is refused only if all of it is.
    #[test]
    fn what_takes_effect_is_the_intersection(
        trusted: bool,
        given in (some_triggers(), some_names(), some_names()),
        asked in (some_triggers(), some_names(), some_names()),
    ) {
        let given = Given { trusted, triggers: given.0, channels: given.1, env: given.2, ..Given::default() };
        let asked = Asked { triggers: asked.0, channels: asked.1, env: asked.2, ..Asked::default() };
        let have = given.grants();
        let (grants, refused) = narrow(&have, &asked);
        prop_assert!(grants.triggers.is_subset(&have.triggers));
        prop_assert!(within(&grants.env, &have.env) && within(&grants.channels, &have.channels));
        for (asked, granted) in [(&asked.env, &grants.env), (&asked.channels, &grants.channels)] {
            let all = asked.as_ref().is_none_or(|asked| asked.iter().all(|name| granted.allows(name)));
            prop_assert!(all || !refused.is_empty());
        }
        // Asking twice changes nothing.
        prop_assert_eq!(narrow(&grants, &asked).0, grants);
    }
}
