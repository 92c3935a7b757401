//! Components from registries: pulled once, pinned, and run without the network from then on.

use innkeeper_tests::{Host, guests};

use crate::{bash, bash_with, guest};

/// A namespace whose job is a component in a registry, with these grants.
fn lab(reference: &str, grants: &str) -> Host {
    Host::setup()
        .namespace("lab", &guest("greet [name]", reference, ""), grants)
        .trusted("demo", &bash("hello", "echo Hello"))
        .write()
}

/// Where nobody listens: the port was free a moment ago.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_registry_that_is_not_granted_is_refused_by_check() {
    let reference = "oci://ghcr.io/team/hello:1.0";
    for grants in ["", "registries = ['ghcr.io/other']", "registries = ['quay.io']"] {
        let checked = lab(reference, grants).cli(&["check"]).await;
        assert_eq!(checked.code, 2, "{grants}: {checked:?}");
        let title = "need not granted: registries `ghcr.io/team/hello`";
        assert!(checked.stderr.contains(title), "{grants}: {checked:?}");
    }
}

#[tokio::test]
async fn check_asks_no_registry_and_says_what_to_pull() {
    let nobody = nobody();
    let inn = lab(
        &format!("oci://{nobody}/hello:1"),
        &format!("registries = ['{nobody}']"),
    );
    let checked = inn.cli(&["check"]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.stderr.contains("was never pulled"), "{checked:?}");
    assert!(checked.stderr.contains("`innkeeper pull`"), "{checked:?}");
    assert!(!inn.path("innkeeper.lock").exists());
}

#[tokio::test]
async fn a_component_that_cannot_be_pulled_fails_its_own_job_and_no_other() {
    let nobody = nobody();
    let inn = lab(
        &format!("oci://{nobody}/hello:1"),
        &format!("registries = ['{nobody}']"),
    );
    let failed = inn.say("lab greet Ada").await;
    assert_eq!(failed.code, 1, "{failed:?}");
    let why = format!("{nobody} cannot be reached");
    assert!(failed.stdout.contains(&why), "{failed:?}");
    let hello = inn.say("demo hello").await.success();
    assert!(hello.contains("Hello"), "{hello}");
    let pulled = inn.cli(&["pull"]).await;
    assert_eq!(pulled.code, 1, "{pulled:?}");
    assert!(pulled.stdout.contains(": failed: it cannot be pulled: "), "{pulled:?}");
}

/// The registry is Debian's, and started by each test.
mod needs_docker_registry {
    use std::fs;

    use innkeeper_tests::Registry;

    use super::*;
    use crate::authoring::nothing_yet;

    fn lab_of(registry: &Registry, version: &str) -> Host {
        let address = registry.address();
        lab(
            &format!("oci://{address}/team/hello{version}"),
            &format!("registries = ['{address}/team']"),
        )
    }

    #[tokio::test]
    async fn a_job_goes_from_its_source_into_a_registry_and_runs_from_there() {
        let mut registry = Registry::start().await;
        let inn = nothing_yet();
        inn.cli(&["new", "job", "hello", "--lang", "rust"]).await.success();
        inn.build("jobs", "hello").await.success();
        let prefix = format!("{}/team", registry.address());
        let pushed = inn.cli(&["build", "jobs", "hello", "--push", &prefix]).await.success();
        let line = pushed.lines().find(|line| line.starts_with("component = ")).unwrap();
        let start = format!("component = \"oci://{prefix}/jobs/hello:latest@sha256:");
        assert!(line.starts_with(&start), "{pushed}");
        let again = inn.cli(&["build", "jobs", "hello", "--push", &prefix]).await.success();
        assert!(again.contains(line), "the same component is the same artifact: {again}");

        // From here on as somebody who has the line and nothing else.
        let file = inn.path("workspace/jobs/namespace.toml");
        let namespace = fs::read_to_string(&file).unwrap();
        let moved = namespace.replace("component = \"hello.wasm\"", line);
        assert_ne!(moved, namespace);
        fs::write(&file, moved).unwrap();
        let host = fs::read_to_string(inn.path("innkeeper.toml")).unwrap();
        let granted = format!("{host}\n[namespaces.jobs]\nregistries = ['{prefix}']\n");
        fs::write(inn.path("innkeeper.toml"), granted).unwrap();
        fs::remove_file(inn.path("workspace/jobs/hello.wasm")).unwrap();
        fs::remove_file(inn.path("innkeeper.lock")).unwrap();
        fs::remove_dir_all(inn.path("data/cache")).unwrap();

        let run = ["run", "jobs", "hello", "--arg", "name=Bob"];
        let report = inn.cli(&run).await.success();
        assert!(report.contains("Hello, Bob!"), "{report}");
        let lock = fs::read_to_string(inn.path("innkeeper.lock")).unwrap();
        assert!(lock.contains("[[component]]"), "{lock}");
        registry.stop().await;
        let report = inn.cli(&run).await.success();
        assert!(report.contains("Hello, Bob!"), "{report}");
        let checked = inn.cli(&["check"]).await;
        assert!(checked.code == 0 && !checked.stderr.contains("warning"), "{checked:?}");
    }

    #[tokio::test]
    async fn a_tag_that_moves_moves_nothing_until_it_is_asked_to() {
        let mut registry = Registry::start().await;
        let old = registry.push("team/hello", "1.0", &guests::rust("hello")).await;
        let inn = lab_of(&registry, ":1.0");
        let pulled = inn.cli(&["pull"]).await.success();
        assert!(pulled.contains(&format!("/team/hello:1.0: pulled {old}")), "{pulled}");
        let new = registry.push("team/hello", "1.0", &guests::rust("env")).await;
        assert_ne!(old, new);
        let report = inn.say("lab greet Ada").await.success();
        assert!(report.contains("Hello, Ada"), "{report}");

        // Also where what was pulled is gone: the pin says what to pull.
        fs::remove_dir_all(inn.path("data/cache")).unwrap();
        let report = inn.say("lab greet Ada").await.success();
        assert!(report.contains("Hello, Ada"), "{report}");
        let unchanged = inn.cli(&["pull"]).await.success();
        assert!(unchanged.contains(": unchanged"), "{unchanged}");

        let updated = inn.cli(&["pull", "--update"]).await.success();
        assert!(updated.contains(&format!("{old} -> {new}")), "{updated}");
        registry.stop().await;
        let report = inn.say("lab greet Ada").await.success();
        assert!(report.contains("env") && !report.contains("Hello"), "{report}");

        // What cannot run here is no update.
        registry.start_again().await;
        let text = inn.path("notes.wasm");
        fs::write(&text, "these are notes").unwrap();
        registry.push("team/hello", "1.0", &text).await;
        let refused = inn.cli(&["pull", "--update"]).await;
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stdout.contains("is text, not WebAssembly"), "{refused:?}");
        assert!(refused.stdout.contains(&format!("so {new} stays")), "{refused:?}");
    }

    #[tokio::test]
    async fn a_digest_is_that_component_or_none() {
        let registry = Registry::start().await;
        let digest = registry.push("team/hello", "1.0", &guests::rust("hello")).await;
        let right = lab_of(&registry, &format!(":1.0@{digest}"));
        let report = right.say("lab greet Ada").await.success();
        assert!(report.contains("Hello, Ada"), "{report}");

        let wrong = lab_of(&registry, &format!(":1.0@sha256:{}", "0".repeat(64)));
        let failed = wrong.say("lab greet Ada").await;
        assert_eq!(failed.code, 1, "{failed:?}");
        assert!(failed.stdout.contains("does not have it"), "{failed:?}");
    }

    #[tokio::test]
    async fn a_report_format_comes_from_a_registry_too() {
        let mut registry = Registry::start().await;
        registry.push("team/csv-table", "1", &guests::rust("csv-table")).await;
        let format = format!(
            "report_format = {{ component = 'oci://{}/team/csv-table:1' }}",
            registry.address()
        );
        let script = "printf 'name,count\\nlamps,3\\n'";
        let inn = Host::setup()
            .trusted("demo", &bash_with("list", script, &format))
            .write();
        let report = inn.say("demo list").await.success();
        assert!(report.contains("lamps") && !report.contains("lamps,3"), "{report}");
        registry.stop().await;
        assert_eq!(inn.say("demo list").await.success(), report);
    }

    #[tokio::test]
    async fn serve_pulls_what_it_needs_before_anybody_asks() {
        let mut registry = Registry::start().await;
        registry.push("team/hello", "1.0", &guests::rust("hello")).await;
        let mut inn = lab_of(&registry, ":1.0");
        inn.serve().await;
        inn.await_log(&["component loaded", "/team/hello:1.0"]).await;
        registry.stop().await;
        let report = inn.say("lab greet Ada").await.success();
        assert!(report.contains("Hello, Ada"), "{report}");
    }
}
