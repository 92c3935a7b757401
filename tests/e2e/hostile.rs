//! Guests that mean harm: what each of them comes to, and that the next job of another namespace runs meanwhile and
//! afterwards. That it starts as fast as before is measured by `cargo bench`.

use std::fs;
use std::os::unix::fs::symlink;

use innkeeper_tests::{Host, guests};

use crate::guest;

/// What a stranger may spend where time is what runs out: little, so that the tests are quick.
const HURRIED: &str = "limits = { timeout_seconds = 3, cpu_seconds = 1, disk_mb = 1 }";

/// Where another limit must be met first: a busy machine takes seconds to make ten thousand files.
const PATIENT: &str = "limits = { timeout_seconds = 300, cpu_seconds = 300, disk_mb = 1 }";

/// A host with a stranger who may write to one folder within these limits, and a neighbour.
async fn inn(limits: &str) -> (Host, tempfile::TempDir) {
    let room = tempfile::tempdir().unwrap();
    fs::create_dir_all(room.path().join("open/inner")).unwrap();
    fs::write(room.path().join("secret"), "of the host").unwrap();
    let grant = format!(
        "files = [{{ host = '{}', guest = '/room', write = true }}]\n{limits}",
        room.path().join("open").display()
    );
    let needs = "needs = { files = [{ guest = '/room', write = true }] }";
    let inn = Host::setup()
        .namespace("stranger", &guest("try [attack]", "hostile.wasm", needs), &grant)
        .component("stranger", &guests::rust("hostile"))
        .untrusted("neighbour", &guest("greet [name]", "hello.wasm", ""))
        .component("neighbour", &guests::rust("hello"))
        .start()
        .await;
    (inn, room)
}

/// Each attack ends its own run, says why, and leaves the neighbour alone.
async fn attacks(limits: &str, expected: &[(&str, i32, &str)]) {
    let (inn, _room) = inn(limits).await;
    for (attack, code, says) in expected {
        let order = format!("stranger try {attack}");
        let (output, meanwhile) = tokio::join!(inn.say(&order), inn.say("neighbour greet Ada"));
        assert!(meanwhile.success().contains("Hello, Ada"), "while {attack}");
        assert_eq!(output.code, *code, "{attack}: {output:?}");
        assert!(output.stdout.contains(says), "{attack}: {output:?}");
        assert!(output.stdout.len() < 2 << 20, "{attack}: {} bytes", output.stdout.len());
        assert!(!output.stdout.contains(['\u{1b}', '\0']), "{attack}: {output:?}");
        let after = inn.say("neighbour greet Bob").await.success();
        assert!(after.contains("Hello, Bob"), "after {attack}");
    }
}

#[tokio::test]
async fn time_is_limited_by_the_clock_and_by_the_processor() {
    attacks(
        HURRIED,
        &[
            ("spin", 1, "used 1 s of CPU time, all it may have"),
            ("spin-in-calls", 1, "used 1 s of CPU time, all it may have"),
            ("sleep", 1, "3 s"),
        ],
    )
    .await;
}

#[tokio::test]
async fn memory_is_limited_in_one_piece_and_in_many() {
    attacks(
        PATIENT,
        &[
            ("hoard-at-once", 1, "may have 64 MB"),
            ("hoard-in-pieces", 1, "may have 64 MB"),
            ("recurse", 1, "it trapped"),
        ],
    )
    .await;
}

#[tokio::test]
async fn output_is_kept_up_to_its_limit_and_is_shown_as_text() {
    attacks(
        PATIENT,
        &[
            ("flood-lines", 0, "The output was cut"),
            ("flood-one-line", 0, "The output was cut"),
            ("flood-stderr", 0, "nobody minded"),
            ("not-utf8", 0, "z"),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_disk_is_limited_in_bytes_and_in_files() {
    attacks(
        PATIENT,
        &[
            ("fill-disk", 1, "to write more than 1 MB to disk"),
            ("grow-file", 1, "to write more than 1 MB to disk"),
            ("make-files", 1, "to make more than 10000 files"),
            ("list-folders", 1, "to list more than 16 folders at once"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_the_host_holds_for_a_guest_is_limited() {
    attacks(
        PATIENT,
        &[
            ("hoard-handles", 1, "handles"),
            ("hoard-fields", 1, "handles"),
            ("hoard-one-field", 1, "total size of fields exceeds limit"),
        ],
    )
    .await;
}

#[tokio::test]
async fn no_path_and_no_link_leads_out_of_a_granted_folder() {
    let (inn, room) = inn(PATIENT).await;
    let open = room.path().join("open");
    symlink("/etc/passwd", open.join("absolute")).unwrap();
    symlink("../secret", open.join("relative")).unwrap();
    symlink("/etc", open.join("folder")).unwrap();
    symlink("loop", open.join("loop")).unwrap();
    for attack in ["escape-by-path", "escape-by-link"] {
        inn.say(&format!("stranger try {attack}")).await.success();
    }
    let refused = inn.cli(&["logs", "2", "--stderr"]).await.success();
    assert!(refused.contains("/room/relative is refused"), "{refused}");
    assert!(refused.contains("/room/own0 is refused"), "{refused}");
}

#[tokio::test]
async fn files_that_are_no_component_are_refused_by_name_and_the_neighbour_runs() {
    let hello = fs::read(guests::rust("hello")).unwrap();
    let files: [(&str, &[u8], &str); 4] = [
        ("text", b"fn main() {}", "is text"),
        ("module", b"\0asm\x01\0\0\0", "core module"),
        ("cut", &hello[..hello.len() / 2], "cut off"),
        ("empty", b"", "empty"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, says) in files {
        let file = folder.path().join(format!("{name}.wasm"));
        fs::write(&file, bytes).unwrap();
        let inn = Host::setup()
            .untrusted("stranger", &guest("try", &format!("{name}.wasm"), ""))
            .component("stranger", &file)
            .untrusted("neighbour", &guest("greet [name]", "hello.wasm", ""))
            .component("neighbour", &guests::rust("hello"))
            .write();
        let check = inn.cli(&["check"]).await;
        assert_ne!(check.code, 0, "{name}: {check:?}");
        assert!(
            format!("{}{}", check.stdout, check.stderr).contains(says),
            "{name}: {check:?}"
        );
        assert!(inn.say("neighbour greet Ada").await.success().contains("Hello, Ada"));
    }
}

/// A program whose `main` has this body.
fn program(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $m (func (export "run") (result i32) {body}))
            (core instance $i (instantiate $m))
            (func $run (result (result)) (canon lift (core func $i "run")))
            (instance $cli (export "run" (func $run)))
            (export "wasi:cli/run@0.2.3" (instance $cli)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Component types inside each other, more than a compiler's stack has room for.
fn nesting_bomb() -> Vec<u8> {
    const DEPTH: usize = 2000;
    let mut types = vec![1];
    types.extend([0x41, 1, 1].repeat(DEPTH));
    types.extend([0x41, 0]);
    let mut bomb = program("i32.const 0");
    // A section of types, and its length in two bytes of seven bits.
    bomb.extend([7, (types.len() & 0x7f) as u8 | 0x80, (types.len() >> 7) as u8]);
    bomb.extend(types);
    bomb
}

/// A function of some hundred kilobytes in which each of many variables changes in each of many loops: the compiler
/// keeps a value for every pair. It has a minute, and 2 GB.
fn slow_bomb() -> Vec<u8> {
    const VARIABLES: usize = 20_000;
    const LOOPS: usize = 2000;
    let variables = "i32 ".repeat(VARIABLES);
    let changes: String = (1..VARIABLES)
        .map(|n| format!("(local.set {n} (i32.add (local.get {n}) (i32.const 1)))"))
        .collect();
    let (open, shut) = ("(loop ".repeat(LOOPS), ")".repeat(LOOPS));
    program(&format!(
        "(local {variables}) {open} {changes} (br_if 0 (local.get 1)) {shut} (local.get 5)"
    ))
}

#[tokio::test]
async fn a_component_that_takes_the_compiler_down_takes_nobody_else() {
    let bombs = [
        ("nesting", nesting_bomb(), "nest"),
        ("slow", slow_bomb(), "to compile; build it smaller, for release"),
    ];
    for (name, bomb, says) in bombs {
        let inn = Host::setup()
            .untrusted("stranger", &guest("try", "bomb.wasm", ""))
            .file("workspace/stranger/bomb.wasm", bomb)
            .untrusted("neighbour", &guest("greet [name]", "hello.wasm", ""))
            .component("neighbour", &guests::rust("hello"))
            .start()
            .await;
        let (output, meanwhile) = tokio::join!(inn.say("stranger try"), inn.say("neighbour greet Ada"));
        assert!(meanwhile.success().contains("Hello, Ada"), "while {name}");
        assert_eq!(output.code, 1, "{name}: {output:?}");
        assert!(output.stdout.contains("bomb.wasm"), "{name}: {output:?}");
        assert!(output.stdout.contains(says), "{name}: {output:?}");
        assert!(
            inn.say("neighbour greet Bob").await.success().contains("Hello, Bob"),
            "after {name}"
        );
    }
}

#[tokio::test]
async fn a_component_that_becomes_a_link_to_somebody_else_s_does_not_run() {
    let inn = Host::setup()
        .untrusted("stranger", &guest("greet [name]", "mine.wasm", ""))
        .file("workspace/stranger/mine.wasm", fs::read(guests::rust("args")).unwrap())
        .untrusted("neighbour", &guest("greet [name]", "hello.wasm", ""))
        .component("neighbour", &guests::rust("hello"))
        .start()
        .await;
    inn.say("stranger greet Ada").await.success();
    let mine = inn.path("workspace/stranger/mine.wasm");
    fs::remove_file(&mine).unwrap();
    symlink(inn.path("workspace/neighbour/hello.wasm"), &mine).unwrap();
    let output = inn.say("stranger greet Bob").await;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains("is a link now"), "{output:?}");
}
