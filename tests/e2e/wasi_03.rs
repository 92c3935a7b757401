//! Programs of WASI 0.3, whose `main` is asynchronous: for trusted namespaces that are granted them, within the same
//! limits.

use std::fs;

use innkeeper_tests::{Host, guests};

use crate::guest;

/// A host with a namespace of this trust and these grants, and a program of WASI 0.3 in it.
fn lab(grants: &str, more: &str) -> Host {
    Host::setup()
        .namespace("lab", &guest("try [what]", "async-guest.wasm", more), grants)
        .component("lab", &guests::rust("async-guest"))
        .write()
}

const GRANTED: &str = "trust = 'trusted'\nwasi = '0.3'\nlimits = { timeout_seconds = 3, cpu_seconds = 1, disk_mb = 1 }";

#[tokio::test]
async fn it_gets_its_arguments_and_prints_its_report() {
    let report = lab(GRANTED, "").say("lab try greet").await.success();
    assert!(report.contains("Hello"), "{report}");
}

#[tokio::test]
async fn it_waits_for_two_things_at_once() {
    let report = lab(GRANTED, "").say("lab try wait").await.success();
    assert!(report.contains("waited for both at once"), "{report}");
}

#[tokio::test]
async fn it_ends_at_the_same_limits_as_everybody() {
    let inn = lab(GRANTED, "");
    for (what, says) in [
        ("spin", "used 1 s of CPU time, all it may have"),
        ("sleep", "3 s"),
        ("hoard", "held 512 handles"),
        ("flood", "The output was cut"),
    ] {
        let output = inn.say(&format!("lab try {what}")).await;
        assert!(output.stdout.contains(says), "{what}: {output:?}");
        assert!(output.stdout.len() < 2 << 20, "{what}: {} bytes", output.stdout.len());
        assert_eq!(output.code, i32::from(what != "flood"), "{what}: {output:?}");
    }
}

#[tokio::test]
async fn its_folders_are_there_by_wasi_0_2_only() {
    let room = tempfile::tempdir().unwrap();
    fs::write(room.path().join("there.txt"), "read me").unwrap();
    let folder = room.path().display();
    let inn = lab(
        &format!("{GRANTED}\nfiles = [{{ host = '{folder}', guest = '/room', write = true }}]"),
        "",
    );
    let report = inn.say("lab try list").await.success();
    assert!(report.contains("of 0.3: 0 folders"), "{report}");
    let report = inn.say("lab try write").await.success();
    assert!(report.contains("read \"read me\", wrote Ok(())"), "{report}");
    assert_eq!(fs::read_to_string(room.path().join("new.txt")).unwrap(), "written");
    // Counted as everybody's.
    inn.say("lab try fill-disk").await.success();
    let refused = inn.cli(&["logs", "3", "--stderr"]).await.success();
    assert!(refused.contains("to write more than 1 MB to disk"), "{refused}");
}

#[tokio::test]
async fn raw_sockets_are_shut_here_too() {
    let report = lab(GRANTED, "").say("lab try connect").await.success();
    assert!(report.contains("AccessDenied"), "{report}");
}

#[tokio::test]
async fn who_was_not_granted_it_is_told_how() {
    let trusted = lab("trust = 'trusted'", "").cli(&["check"]).await;
    assert!(
        trusted.stderr.contains("`async-guest.wasm` is a program of WASI 0.3"),
        "{trusted:?}"
    );
    assert!(trusted.stderr.contains("wasi = \"0.3\""), "{trusted:?}");
    let stranger = lab("", "").cli(&["check"]).await;
    assert!(
        stranger.stderr.contains("only trusted namespaces are granted 0.3"),
        "{stranger:?}"
    );
    let generous = lab("wasi = '0.3'", "").cli(&["check"]).await;
    assert!(
        generous
            .stderr
            .contains("WASI 0.3 is granted to an untrusted namespace"),
        "{generous:?}"
    );
}

#[tokio::test]
async fn a_component_that_becomes_one_does_not_run() {
    let inn = Host::setup()
        .untrusted("lab", &guest("greet [name]", "mine.wasm", ""))
        .file("workspace/lab/mine.wasm", fs::read(guests::rust("hello")).unwrap())
        .start()
        .await;
    inn.say("lab greet Ada").await.success();
    fs::copy(guests::rust("async-guest"), inn.path("workspace/lab/mine.wasm")).unwrap();
    let output = inn.say("lab greet greet").await;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(
        output.stdout.contains("is a program of WASI 0.3, which is not granted"),
        "{output:?}"
    );
}
