//! What an author of guests does: new, build, run, watch, inspect.

use std::fs;
use std::os::unix::fs::symlink;

use innkeeper_tests::{Host, Signal, guests};

use crate::alert_plugins::from_nothing_to_an_alert;
use crate::{bash, guest};

/// A folder with nothing in it; builds are with the toolchain that guests are built with here.
pub(crate) fn nothing_yet() -> Host {
    let mut setup = Host::setup();
    if let Ok(toolchain) = std::env::var("INNKEEPER_GUEST_TOOLCHAIN")
        && toolchain != "default"
    {
        setup = setup.env("RUSTUP_TOOLCHAIN", &toolchain);
    }
    let inn = setup.write();
    fs::remove_file(inn.path("innkeeper.toml")).unwrap();
    fs::remove_dir(inn.path("workspace")).unwrap();
    inn
}

/// Begins, builds and runs a job, as `new` says; and builds it again.
async fn from_nothing_to_a_greeting(inn: &Host, language: &str) {
    let begun = inn.cli(&["new", "job", "hello", "--lang", language]).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    assert!(begun.stderr.contains("build jobs hello\n"), "{begun:?}");
    assert!(begun.stderr.contains("run jobs hello --arg name=Bob"), "{begun:?}");
    let built = inn.build("jobs", "hello").await;
    assert_eq!(built.code, 0, "{built:?}");
    assert!(built.stdout.starts_with("jobs/hello: built in "), "{built:?}");
    inn.cli(&["check"]).await.success();
    let report = inn.cli(&["run", "jobs", "hello", "--arg", "name=Bob"]).await.success();
    assert!(report.contains("Hello, Bob!"), "{report}");
    let again = inn.build("jobs", "hello").await.success();
    assert_eq!(again, "jobs/hello: unchanged\n");
}

/// Begins and builds a report format, and gives it to a job.
async fn from_nothing_to_a_format(inn: &Host, language: &str) {
    inn.cli(&["new", "format", "numbered", "--lang", language])
        .await
        .success();
    inn.build("lab", "numbered").await.success();
    let report = inn.say("lab greet Ada").await.success();
    assert!(report.contains("1. Hello, Ada"), "{report}");
}

/// A namespace with a job whose format is still to be written.
fn wants_a_format() -> Host {
    let format = "report_format = { component = 'numbered.wasm' }";
    Host::setup()
        .untrusted("lab", &guest("greet [name]", "hello.wasm", format))
        .component("lab", &guests::rust("hello"))
        .write()
}

#[tokio::test]
async fn a_job_in_rust_goes_from_nothing_to_a_greeting() {
    let inn = nothing_yet();
    from_nothing_to_a_greeting(&inn, "rust").await;
    let source = inn.path("workspace/jobs/src/hello/src/main.rs");
    fs::write(source, "fn main() { greet() }").unwrap();
    let failed = inn.build("jobs", "hello").await;
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.stdout.starts_with("jobs/hello: failed: "), "{failed:?}");
    assert!(
        failed.stderr.contains("cannot find function `greet`"),
        "the compiler's own words: {failed:?}"
    );
    let report = inn.cli(&["run", "jobs", "hello", "--arg", "name=Bob"]).await.success();
    assert!(
        report.contains("Hello, Bob!"),
        "the last good one is still there: {report}"
    );
}

#[tokio::test]
async fn before_the_build_check_says_how_to_build() {
    let inn = nothing_yet();
    inn.cli(&["new", "job", "hello", "--lang", "rust"]).await.success();
    let checked = inn.cli(&["check"]).await;
    assert_eq!(checked.code, 2, "{checked:?}");
    assert!(
        checked.stderr.contains("`innkeeper build jobs` builds it"),
        "{checked:?}"
    );
    // What is not trusted is built by name only.
    let skipped = inn.cli(&["build"]).await;
    assert_eq!((skipped.code, skipped.stdout.as_str()), (0, ""), "{skipped:?}");
    assert!(
        skipped.stderr.contains("jobs: not built, because it is not trusted"),
        "{skipped:?}"
    );
    assert!(!inn.path("workspace/jobs/hello.wasm").exists());
}

#[tokio::test]
async fn new_leaves_alone_what_is_there() {
    let namespace = format!("# Ours.\n{}", bash("hello [name]", "echo Hello {name}"));
    let inn = Host::setup().trusted("demo", &namespace).trusted("more", "").write();
    for (arguments, why) in [
        (&["hello", "--lang", "c"][..], "--namespace demo or more"),
        (
            &["hello", "--lang", "c", "--namespace", "demo"],
            "has a job `hello` already",
        ),
        (
            &["Hello", "--lang", "c", "--namespace", "demo"],
            "cannot be called `Hello`",
        ),
        (&["hi", "--lang", "c", "--namespace", "../x"], "cannot be called `../x`"),
        (&["hi", "--lang", "cobol", "--namespace", "demo"], "cobol"),
    ] {
        let refused = inn.cli(&[&["new", "job"], arguments].concat()).await;
        assert_eq!(refused.code, 2, "{arguments:?}: {refused:?}");
        assert!(refused.stderr.contains(why), "{arguments:?}: {refused:?}");
    }
    let format = inn
        .cli(&["new", "format", "table", "--lang", "rust", "--namespace", "demo"])
        .await;
    assert_eq!(format.code, 2);
    assert!(
        format.stderr.contains("not available yet for --lang rust"),
        "{format:?}"
    );
    let file = inn.path("workspace/demo/namespace.toml");
    assert_eq!(fs::read_to_string(&file).unwrap(), namespace);
    assert!(!inn.path("workspace/demo/src").exists());
    inn.cli(&["new", "job", "hi", "--lang", "c", "--namespace", "demo"])
        .await
        .success();
    assert!(fs::read_to_string(&file).unwrap().starts_with(&namespace));
}

#[tokio::test]
async fn a_watched_job_is_built_and_run_again_when_its_source_changes() {
    let inn = nothing_yet();
    inn.cli(&["new", "job", "hello", "--lang", "rust"]).await.success();
    let source = inn.path("workspace/jobs/src/hello/src/main.rs");
    let mut watching = inn.begin(&["run", "jobs", "hello", "--arg", "name=Bob", "--watch"]);
    watching.line_with("jobs/hello: built in").await;
    watching.line_with("Hello, Bob!").await;
    fs::write(&source, "fn main() { greet() }").unwrap();
    watching.line_with("jobs/hello: failed").await;
    fs::write(&source, "fn main() { println!(\"Servus\") }").unwrap();
    watching.line_with("Servus").await;
    watching.signal(Signal::INT);
    let ended = watching.ended().await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("cannot find function `greet`"), "{ended:?}");
}

#[tokio::test]
async fn inspect_says_what_a_component_could_ask_for_and_who_could_run_it() {
    let inn = Host::setup()
        .untrusted("lab", &guest("greet [name]", "hello.wasm", ""))
        .component("lab", &guests::rust("hello"))
        .trusted("demo", "")
        .namespace("reports", "", "http = ['api.github.com']")
        .file("notes.wasm", "these are notes")
        .write();
    let hello = inn.path("workspace/lab/hello.wasm");
    let hello = hello.to_str().unwrap();
    let told = inn.cli(&["inspect", hello]).await.success();
    for line in [
        "what       a program with a `main` (world `command`), WASI 0.2",
        "  environment variables: granted ones only",
        "  demo (trusted): the host's environment, less the host's secrets",
        "  lab (untrusted): no environment",
        "It would start here.",
    ] {
        assert!(told.lines().any(|told| told == line), "{line:?} in {told}");
    }
    let json = inn.cli(&["inspect", hello, "--json"]).await.json();
    assert_eq!(json["world"], "command");
    assert_eq!(json["namespaces"][1]["name"], "lab");
    let fetch = inn
        .cli(&["inspect", guests::rust("fetch").to_str().unwrap()])
        .await
        .success();
    assert!(fetch.contains("  outbound HTTP: to granted hosts only"), "{fetch}");
    assert!(fetch.contains("  lab (untrusted): no HTTP"), "{fetch}");
    assert!(
        fetch.contains("  reports (untrusted): HTTP to api.github.com"),
        "{fetch}"
    );
    let notes = inn.cli(&["inspect", "notes.wasm"]).await;
    assert_eq!(notes.code, 1, "{notes:?}");
    assert!(notes.stderr.contains("is text, not WebAssembly"), "{notes:?}");
    assert_eq!(inn.cli(&["inspect", "nothing.wasm"]).await.code, 2);
}

#[tokio::test]
async fn check_points_out_a_component_that_could_ask_for_more_than_before() {
    let inn = Host::setup()
        .untrusted("lab", &guest("greet [name]", "hello.wasm", ""))
        .component("lab", &guests::rust("hello"))
        .write();
    let place = inn.path("workspace/lab/hello.wasm");
    assert!(!inn.cli(&["check"]).await.stderr.contains("could"));
    inn.cli(&["check", "--accept"]).await.success();
    let same = inn.cli(&["check"]).await;
    assert!(same.code == 0 && !same.stderr.contains("could"), "{same:?}");
    fs::copy(guests::rust("env"), place).unwrap();
    let warned = inn.cli(&["check"]).await;
    assert_eq!(warned.code, 0, "{warned:?}");
    let warning = "`lab/hello.wasm` changed and could now ask for files (it could not before)";
    assert!(warned.stderr.contains(warning), "{warned:?}");
    inn.cli(&["check", "--accept"]).await.success();
    assert!(!inn.cli(&["check"]).await.stderr.contains("could"));
}

/// The tools are those that `cargo xtask` installed: each test would fetch them otherwise.
mod needs_python_tools {
    use super::*;

    fn with_tools(inn: Host) -> Host {
        fs::create_dir_all(inn.path("data/tools")).unwrap();
        let (tool, place) = (guests::tool("python"), inn.path("data/tools/componentize-py-0.25.1"));
        symlink(&tool, &place).unwrap();
        fs::write(place.join(".whole"), "").unwrap();
        inn
    }

    #[tokio::test]
    async fn a_job_in_python_goes_from_nothing_to_a_greeting() {
        from_nothing_to_a_greeting(&with_tools(nothing_yet()), "python").await;
    }

    #[tokio::test]
    async fn a_format_in_python_goes_from_nothing_to_a_report() {
        from_nothing_to_a_format(&with_tools(wants_a_format()), "python").await;
    }

    #[tokio::test]
    async fn an_alert_plugin_in_python_goes_from_nothing_to_an_alert() {
        from_nothing_to_an_alert(&with_tools(nothing_yet()), "python").await;
    }
}

mod needs_javascript_tools {
    use super::*;

    fn with_tools(inn: Host) -> Host {
        let place = inn.path("data/tools/componentize-js-0.23.0");
        fs::create_dir_all(&place).unwrap();
        symlink(guests::tool("node/node_modules"), place.join("node_modules")).unwrap();
        fs::write(place.join(".whole"), "").unwrap();
        inn
    }

    #[tokio::test]
    async fn a_job_in_javascript_goes_from_nothing_to_a_greeting() {
        from_nothing_to_a_greeting(&with_tools(nothing_yet()), "js").await;
    }

    #[tokio::test]
    async fn a_format_in_javascript_goes_from_nothing_to_a_report() {
        from_nothing_to_a_format(&with_tools(wants_a_format()), "js").await;
    }

    #[tokio::test]
    async fn an_alert_plugin_in_javascript_goes_from_nothing_to_an_alert() {
        from_nothing_to_an_alert(&with_tools(nothing_yet()), "js").await;
    }
}

mod needs_c_tools {
    use super::*;

    #[tokio::test]
    async fn a_job_in_c_goes_from_nothing_to_a_greeting() {
        let inn = nothing_yet();
        fs::create_dir_all(inn.path("data/tools")).unwrap();
        fs::create_dir_all(inn.path("data/build")).unwrap();
        let zig = guests::tool("ziglang-0.16.0");
        // The C library that it compiles once.
        fs::create_dir_all(zig.join("cache")).unwrap();
        symlink(zig.join("cache"), inn.path("data/build/zig")).unwrap();
        symlink(zig, inn.path("data/tools/ziglang-0.16.0")).unwrap();
        from_nothing_to_a_greeting(&inn, "c").await;
    }
}
