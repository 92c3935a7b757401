//! What guests do, and what comes of it.

use std::time::Instant;

use super::wat_guests::{main_of, program};
use super::*;

const SPIN: &str = "(loop $forever (br $forever))";

#[tokio::test]
async fn a_guest_that_returns_has_exited() {
    let inn = Inn::new();
    let hello = r#"(data (i32.const 0) "hello\n") (func (export "run") (result i32)
        (call $write (i32.const 0) (i32.const 6)) (call $error (i32.const 0) (i32.const 2)) (i32.const 0))"#;
    let outcome = inn.run(&program(hello)).await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    assert_eq!(stdout(&outcome), "hello\n");
    assert_eq!(stderr(&outcome), "he");
    assert_eq!((outcome.stdout.kept, outcome.stdout.lost), (6, 0));
}

#[tokio::test]
async fn every_way_to_exit_has_its_code() {
    let inn = Inn::new();
    for (main, code) in [
        ("(call $code (i32.const 3))", 3),
        ("(call $code (i32.const 255))", 255),
        ("(call $code (i32.const 0))", 0),
        ("(call $exit (i32.const 0))", 0),
        ("(call $exit (i32.const 1))", 1),
        ("(return (i32.const 1))", 1),
    ] {
        assert_eq!(inn.run(&main_of(main)).await.ending, Ending::Exited { code }, "{main}");
    }
}

#[tokio::test]
async fn a_trap_is_told_in_words_and_its_backtrace_is_in_the_log() {
    let inn = Inn::new();
    let outcome = inn.run(&main_of("unreachable")).await;
    insta::assert_snapshot!(trapped(&outcome), @"it gave up (wasm `unreachable`): a panic or an abort in most languages; its stderr may say why");
    assert!(
        stderr(&outcome).contains("wasm trap: wasm `unreachable` instruction executed"),
        "{}",
        stderr(&outcome)
    );
    let outcome = inn
        .run(&program("(func $f (export \"run\") (result i32) (call $f))"))
        .await;
    insta::assert_snapshot!(trapped(&outcome), @"its call stack is used up; does a function call itself without end?");
    let outcome = inn.run(&main_of("(drop (i32.load (i32.const -4)))")).await;
    insta::assert_snapshot!(trapped(&outcome), @"it touched memory that it does not have; a stack that is used up can look like this too");
    let outcome = inn
        .run(&main_of("(drop (i32.div_u (i32.const 1) (i32.const 0)))"))
        .await;
    insta::assert_snapshot!(trapped(&outcome), @"wasm trap: integer divide by zero");
}

#[tokio::test]
async fn names_of_functions_cannot_write_the_report() {
    let inn = Inn::new();
    let evil = r#"(func (@name "\n\u{1b}[31m```<!channel>") (export "run") (result i32) unreachable)"#;
    let outcome = inn.run(&program(evil)).await;
    assert!(!trapped(&outcome).contains("channel"));
    let log = stderr(&outcome);
    assert!(log.contains("<!channel>") && !log.contains('\u{1b}'), "{log}");
}

#[tokio::test]
async fn a_guest_that_spins_ends_at_its_limit_and_the_host_goes_on() {
    let mut inn = Inn::new();
    inn.limits.wall_time = Duration::from_millis(300);
    let component = inn.install(&wat::parse_str(main_of(SPIN)).unwrap());
    // So that compiling is not part of what is measured.
    let owner = cache::Owner {
        name: "demo".into(),
        trusted: false,
        async_commands: false,
    };
    inn.guests.load(&component.clone().into(), &owner).await.unwrap();
    let begin = Instant::now();
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let invocation = inn.invocation(&component, Arguments::default());
            tokio::spawn(inn.start(invocation, CancellationToken::new()))
        })
        .collect();
    let mut turns = 0_u32;
    while !runs.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::task::yield_now().await;
        turns += 1;
    }
    assert!(turns > 100, "the host's own tasks had {turns} turns");
    for run in runs {
        let outcome = run.await.unwrap();
        assert_eq!(outcome.ending, Ending::TimedOut { after_ms: 300 });
        assert!(outcome.duration >= Duration::from_millis(300));
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "took {:?}", begin.elapsed());
}

#[tokio::test]
async fn a_guest_that_spins_before_main_ends_at_its_limit_too() {
    let mut inn = Inn::new();
    inn.limits.wall_time = Duration::from_millis(50);
    let start = r#"(func $spin (loop $forever (br $forever))) (start $spin)
        (func (export "run") (result i32) (i32.const 0))"#;
    assert_eq!(inn.run(&program(start)).await.ending, Ending::TimedOut { after_ms: 50 });
}

#[tokio::test]
async fn a_guest_that_sleeps_for_ever_ends_at_its_limit() {
    let mut inn = Inn::new();
    inn.limits.wall_time = Duration::from_millis(50);
    let sleep = main_of("(call $block (call $sleep (i64.const -1)))");
    assert_eq!(inn.run(&sleep).await.ending, Ending::TimedOut { after_ms: 50 });
}

#[tokio::test]
async fn a_run_that_is_stopped_is_interrupted_at_once() {
    let inn = Inn::new();
    for main in [SPIN, "(call $block (call $sleep (i64.const -1)))"] {
        let component = inn.install(&wat::parse_str(main_of(main)).unwrap());
        let mut invocation = inn.invocation(&component, Arguments::default());
        let (started, has_started) = tokio::sync::oneshot::channel();
        invocation.started = Some(started);
        let stop = CancellationToken::new();
        let run = tokio::spawn(inn.start(invocation, stop.clone()));
        has_started.await.unwrap();
        stop.cancel();
        assert_eq!(run.await.unwrap().ending, Ending::Interrupted);
    }
}

#[tokio::test]
async fn a_run_that_was_stopped_before_it_began_does_not_begin() {
    let inn = Inn::new();
    let component = inn.install(&wat::parse_str(main_of(SPIN)).unwrap());
    let mut invocation = inn.invocation(&component, Arguments::default());
    let (started, has_started) = tokio::sync::oneshot::channel();
    invocation.started = Some(started);
    let stop = CancellationToken::new();
    stop.cancel();
    assert_eq!(inn.start(invocation, stop).await.ending, Ending::Interrupted);
    assert!(has_started.await.is_err());
}

/// Grows the memory by 64 KiB until it cannot, and then gives up.
const HOARD: &str = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";

#[tokio::test]
async fn a_guest_that_hoards_memory_is_told_so() {
    let inn = Inn::new();
    let outcome = inn.run(&main_of(HOARD)).await;
    insta::assert_snapshot!(limit_reached(&outcome), @"asked for 9 MB of memory, may have 8 MB");
}

#[tokio::test]
async fn a_guest_that_lives_with_a_no_has_hit_nothing() {
    let inn = Inn::new();
    let outcome = inn.run(&main_of("(drop (memory.grow (i32.const 1000)))")).await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
}

#[tokio::test]
async fn memory_is_counted_over_all_memories_and_tables() {
    let inn = Inn::new();
    // Four memories of 3 MiB, of which each would pass.
    let many = component_with(&"(core instance (instantiate $hoard))".repeat(4), "(memory 48)");
    insta::assert_snapshot!(limit_reached(&inn.run(&many).await), @"asked for 9 MB of memory, may have 8 MB");
    let tables = component_with(
        &"(core instance (instantiate $hoard))".repeat(20),
        "(table 60000 funcref)",
    );
    insta::assert_snapshot!(limit_reached(&inn.run(&tables).await), @"asked for 9 MB of memory, may have 8 MB");
}

fn component_with(instances: &str, what: &str) -> String {
    format!(
        r#"(component (core module $hoard {what}) {instances}
        (core module $m (func (export "run") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $cli)))"#
    )
}

#[tokio::test]
async fn more_memories_than_a_guest_may_have_are_refused_by_number() {
    let inn = Inn::new();
    let many = component_with(&"(core instance (instantiate $hoard))".repeat(17), "(memory 0)");
    let outcome = inn.run(&many).await;
    assert!(
        not_started(&outcome).contains("17 Wasm linear memories"),
        "{:?}",
        outcome.ending
    );
}

#[tokio::test]
async fn handles_are_limited() {
    let inn = Inn::new();
    let outcome = inn.run(&main_of("(loop $more (drop (call $stream)) (br $more))")).await;
    insta::assert_snapshot!(limit_reached(&outcome), @"held 512 handles (files, streams, requests) at once and asked for more");
}

#[tokio::test]
async fn too_many_random_bytes_at_once_are_refused() {
    let inn = Inn::new();
    let outcome = inn
        .run(&main_of("(call $random (i64.const 1048577) (i32.const 0))"))
        .await;
    insta::assert_snapshot!(trapped(&outcome), @"requested len 1048577 exceeds limit 1048576");
}

#[tokio::test]
async fn a_flood_is_kept_up_to_the_cap_and_counted() {
    let mut inn = Inn::new();
    inn.limits.stdout = 10_000;
    let flood = r#"(func (export "run") (result i32) (local $left i32) (local.set $left (i32.const 100))
        (loop $more (call $write (i32.const 0) (i32.const 4000))
            (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (i32.const 0))"#;
    let outcome = inn.run(&program(flood)).await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    assert_eq!((outcome.stdout.kept, outcome.stdout.lost), (10_000, 390_000));
}

#[tokio::test]
async fn output_that_fits_exactly_is_no_failure() {
    let mut inn = Inn::new();
    inn.limits.stdout = 4000;
    let outcome = inn.run(&main_of("(call $write (i32.const 0) (i32.const 4000))")).await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    assert_eq!((outcome.stdout.kept, outcome.stdout.lost), (4000, 0));
}

/// Writes each argument and a NUL.
const ECHO: &str = r#"(func (export "run") (result i32) (local $at i32) (local $end i32)
    (call $arguments (i32.const 8))
    (local.set $at (i32.load (i32.const 8)))
    (local.set $end (i32.add (local.get $at) (i32.mul (i32.const 8) (i32.load (i32.const 12)))))
    (block $done (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (call $write (i32.load (local.get $at)) (i32.load (i32.add (local.get $at) (i32.const 4))))
        (call $write (i32.const 0) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $next)))
    (i32.const 0))"#;

#[tokio::test]
async fn arguments_arrive_as_they_are() {
    let inn = Inn::new();
    let component = inn.install(&wat::parse_str(program(ECHO)).unwrap());
    let values = [
        "Bob",
        "",
        "a b",
        "'\"$(reboot)`x`;\n\t\\",
        "--flag",
        "-",
        "\u{202e}é🦀",
        "<!channel>",
    ];
    let arguments: Arguments = values.iter().map(|value| ("name", *value)).collect();
    let outcome = inn
        .start(inn.invocation(&component, arguments), CancellationToken::new())
        .await;
    let written = stdout(&outcome);
    let seen: Vec<&str> = written.split_terminator('\0').collect();
    assert_eq!(seen[0], "guest", "the job's name comes first");
    assert_eq!(&seen[1..], values);
}

/// Exits with the length of the list that `$call` returns.
fn count_of(call: &str) -> String {
    main_of(&format!(
        "(call {call} (i32.const 8)) (call $code (i32.load (i32.const 12)))"
    ))
}

#[tokio::test]
async fn a_guest_without_grants_sees_no_environment_and_no_folder() {
    let inn = Inn::new();
    for list in ["$environment", "$folders"] {
        assert_eq!(
            inn.run(&count_of(list)).await.ending,
            Ending::Exited { code: 0 },
            "{list}"
        );
    }
}

#[tokio::test]
async fn a_guest_sees_what_it_was_granted() {
    let mut inn = Inn::new();
    inn.env = Allowed::Only(BTreeSet::from([
        "TOKEN".to_owned(),
        "SLACK_BOT_TOKEN".to_owned(),
        "NOT_SET".to_owned(),
    ]));
    assert_eq!(
        inn.run(&count_of("$environment")).await.ending,
        Ending::Exited { code: 1 }
    );
    inn.env = Allowed::All;
    assert_eq!(
        inn.run(&count_of("$environment")).await.ending,
        Ending::Exited { code: 2 }
    );
    inn.files = vec![FilesGrant {
        host: inn.path("work/demo"),
        guest: "/work".into(),
        write: true,
    }];
    assert_eq!(inn.run(&count_of("$folders")).await.ending, Ending::Exited { code: 1 });
    assert!(
        inn.path("work/demo").is_dir(),
        "the work folder is made where it is granted"
    );
}

#[tokio::test]
async fn a_granted_folder_that_is_not_there_is_said() {
    let mut inn = Inn::new();
    inn.files = vec![FilesGrant {
        host: "/nowhere/at/all".into(),
        guest: "/data".into(),
        write: false,
    }];
    let outcome = inn.run(&main_of("")).await;
    let why = not_started(&outcome);
    assert!(
        why.starts_with("cannot open /nowhere/at/all, which `files` of [namespaces.demo] grants as /data"),
        "{why}"
    );
}

#[tokio::test]
async fn sockets_are_there_and_shut() {
    let inn = Inn::new();
    // The result's first byte is 1 for an error; the second half says which: 1 is access-denied, 2 not-supported.
    let open = main_of(
        "(call $tcp (i32.const 0) (i32.const 8)) (call $code (i32.load8_u (i32.const 12)))
        (if (i32.ne (i32.load8_u (i32.const 8)) (i32.const 1)) (then unreachable))",
    );
    let outcome = inn.run(&open).await;
    assert!(
        matches!(outcome.ending, Ending::Exited { code: 1 | 2 }),
        "{:?}",
        outcome.ending
    );
}
