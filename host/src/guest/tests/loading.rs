//! From a file to a component that runs: refusals, the cache, changes, room.

use std::os::unix::fs::PermissionsExt;

use super::wat_guests::main_of;
use super::*;

fn exits_with(code: i32) -> Vec<u8> {
    wat::parse_str(main_of(&format!("(call $code (i32.const {code}))"))).unwrap()
}

fn artefacts(inn: &Inn) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(inn.path("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cwasm"))
        .collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn what_is_no_component_is_not_started_and_says_why() {
    let inn = Inn::new();
    let module = inn.run("(module)").await;
    insta::assert_snapshot!(not_started(&module), @"guest.wasm is a core module, not a component; build it for `wasm32-wasip2`, or wrap it with `wasm-tools component new`");
    let text = inn.run_bytes(b"fn main() {}").await;
    insta::assert_snapshot!(not_started(&text), @"guest.wasm is text, not WebAssembly; build it, or turn WebAssembly text into a file with `wasm-tools parse`");
    assert!(!module.stdout.path.exists(), "nothing was written");
}

#[tokio::test]
async fn a_missing_file_says_what_to_do() {
    let inn = Inn::new();
    let invocation = inn.invocation(&inn.path("missing.wasm"), Arguments::default());
    let outcome = inn.start(invocation, CancellationToken::new()).await;
    let why = not_started(&outcome);
    assert!(
        why.starts_with("missing.wasm is missing (looked for ") && why.ends_with("): build the component first"),
        "{why}"
    );
}

#[tokio::test]
async fn an_import_that_the_host_does_not_have_is_named() {
    let inn = Inn::new();
    let outcome = inn
        .run(r#"(component (import "wasi:keyvalue/store@0.2.0-draft" (instance)))"#)
        .await;
    insta::assert_snapshot!(not_started(&outcome), @"guest.wasm imports `wasi:keyvalue/store@0.2.0-draft`, which this host does not have; it has WASI 0.2 (cli, clocks, filesystem, http, io, random, sockets)");
}

#[tokio::test]
async fn an_import_of_the_wrong_type_does_not_fit() {
    let inn = Inn::new();
    let wrong = main_of("").replace(
        r#"(export "get-arguments" (func (result (list string))))"#,
        r#"(export "get-arguments" (func (result (list u8))))"#,
    );
    let outcome = inn.run(&wrong).await;
    assert!(
        not_started(&outcome).starts_with("guest.wasm does not fit this host: "),
        "{:?}",
        outcome.ending
    );
}

#[tokio::test]
async fn a_main_of_the_wrong_type_does_not_fit() {
    let inn = Inn::new();
    let wrong = main_of("").replace("(func $run (result (result))", "(func $run (result u32)");
    let outcome = inn.run(&wrong).await;
    assert!(
        not_started(&outcome).contains("does not fit this host: "),
        "{:?}",
        outcome.ending
    );
}

#[tokio::test]
async fn a_component_is_compiled_once_and_found_again_on_disk() {
    let mut inn = Inn::new();
    assert_eq!(inn.run_bytes(&exits_with(7)).await.ending, Ending::Exited { code: 7 });
    assert_eq!(artefacts(&inn).len(), 1);
    let mode = inn.path("cache").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    // Another host, whose compiler does not work.
    inn.guests = Arc::new(Guests::new(GuestSettings {
        compiler: CompilerCommand {
            program: "/bin/false".into(),
            args: Vec::new(),
        },
        ..inn.guests.settings.clone()
    }));
    assert_eq!(inn.run_bytes(&exits_with(7)).await.ending, Ending::Exited { code: 7 });
    let other = inn.run_bytes(&exits_with(8)).await;
    assert!(
        not_started(&other).contains("the compiler ended with exit status: 1"),
        "{:?}",
        other.ending
    );
}

#[tokio::test]
async fn a_damaged_artefact_is_made_again() {
    let mut inn = Inn::new();
    inn.run_bytes(&exits_with(7)).await;
    let artefact = artefacts(&inn).remove(0);
    let mut bytes = std::fs::read(&artefact).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&artefact, &bytes).unwrap();
    inn.guests = Arc::new(Guests::new(inn.guests.settings.clone()));
    assert_eq!(inn.run_bytes(&exits_with(7)).await.ending, Ending::Exited { code: 7 });
    assert_ne!(std::fs::read(&artefact).unwrap(), bytes);
}

#[tokio::test]
async fn a_changed_file_runs_as_it_is_now() {
    let inn = Inn::new();
    for code in [1, 2, 1] {
        assert_eq!(inn.run_bytes(&exits_with(code)).await.ending, Ending::Exited { code });
    }
    assert_eq!(artefacts(&inn).len(), 2);
}

#[tokio::test]
async fn runs_that_come_together_compile_together() {
    let mut inn = Inn::new();
    let count = inn.path("compilations");
    let CompilerCommand { program, args } = compile::tests::this_test_binary();
    let args: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let script = format!(
        "echo x >> {}; exec {} {} \"$0\" \"$1\"",
        count.display(),
        program.display(),
        args.join(" ")
    );
    inn.guests = Arc::new(Guests::new(GuestSettings {
        compiler: CompilerCommand {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
        },
        ..inn.guests.settings.clone()
    }));
    let component = inn.install(&exits_with(5));
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let invocation = inn.invocation(&component, Arguments::default());
            tokio::spawn(inn.start(invocation, CancellationToken::new()))
        })
        .collect();
    for run in runs {
        assert_eq!(run.await.unwrap().ending, Ending::Exited { code: 5 });
    }
    assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
}

#[tokio::test]
async fn a_component_that_is_repaired_runs() {
    let inn = Inn::new();
    assert!(matches!(inn.run("(module)").await.ending, Ending::NotStarted { .. }));
    assert_eq!(inn.run_bytes(&exits_with(4)).await.ending, Ending::Exited { code: 4 });
}

#[tokio::test]
async fn a_guest_waits_until_others_have_left_it_room() {
    // Room for one of 8 MB.
    let inn = Inn::with_memory(12);
    let component = inn.install(&wat::parse_str(main_of("(call $block (call $sleep (i64.const -1)))")).unwrap());
    let sleeper = |stop: &CancellationToken| {
        let mut invocation = inn.invocation(&component, Arguments::default());
        let (started, has_started) = tokio::sync::oneshot::channel();
        invocation.started = Some(started);
        (tokio::spawn(inn.start(invocation, stop.clone())), has_started)
    };
    let (stop_first, stop_second) = (CancellationToken::new(), CancellationToken::new());
    let (first, first_started) = sleeper(&stop_first);
    first_started.await.unwrap();
    let (second, mut second_started) = sleeper(&stop_second);
    assert_eq!(inn.guests.memory.left(), 4);
    assert!(second_started.try_recv().is_err());
    stop_first.cancel();
    assert_eq!(first.await.unwrap().ending, Ending::Interrupted);
    second_started.await.unwrap();
    stop_second.cancel();
    assert_eq!(second.await.unwrap().ending, Ending::Interrupted);
}

#[tokio::test]
async fn a_guest_that_could_never_have_room_is_told_so() {
    let inn = Inn::with_memory(4);
    let outcome = inn.run_bytes(&exits_with(0)).await;
    insta::assert_snapshot!(not_started(&outcome), @"may take 8 MB of memory, but all guests together have 4 MB: lower `memory_mb`, or raise `max_guest_memory_mb` in innkeeper.toml");
}

#[tokio::test]
async fn shutting_down_interrupts_what_runs_and_blocks_nobody() {
    let inn = Inn::new();
    let component = inn.install(&wat::parse_str(main_of("(loop $forever (br $forever))")).unwrap());
    let mut invocation = inn.invocation(&component, Arguments::default());
    let (started, has_started) = tokio::sync::oneshot::channel();
    invocation.started = Some(started);
    let run = tokio::spawn(inn.start(invocation, CancellationToken::new()));
    has_started.await.unwrap();
    let guests = Arc::clone(&inn.guests);
    tokio::task::spawn_blocking(move || guests.shutdown(Duration::from_secs(5)))
        .await
        .unwrap();
    assert_eq!(run.await.unwrap().ending, Ending::Interrupted);
    assert_eq!(inn.run_bytes(&exits_with(0)).await.ending, Ending::Interrupted);
}

#[tokio::test]
async fn what_one_namespace_is_granted_another_is_not_of_the_same_file() {
    let inn = Inn::new();
    let text = r#"(component
        (core module $m (func (export "run") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func $run async (result (result)) (canon lift (core func $i "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.3.0" (instance $cli)))"#;
    let source = inn.install(&wat::parse_str(text).unwrap()).into();
    let owner = |name: &str, trusted, async_commands| cache::Owner {
        name: name.to_owned(),
        trusted,
        async_commands,
    };
    let (granted, other) = (owner("lab", true, true), owner("other", true, false));
    for _ in 0..2 {
        let why = inn.guests.load(&source, &other).await.err().unwrap();
        assert!(
            why.starts_with("guest.wasm is a program of WASI 0.3, which is not granted"),
            "{why}"
        );
        let ready = inn
            .guests
            .load(&source, &granted)
            .await
            .map_err(|why| panic!("{why}"))
            .unwrap();
        assert_eq!(ready.wing.edition(), wing::Edition::Wasi03);
    }
}
