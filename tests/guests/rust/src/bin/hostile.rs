//! One attack a run, by the name of its first argument. Each says on stderr how far it got; `/room` is a folder that it
//! may write to, where it has one.

#![allow(
    clippy::expect_used,
    unconditional_recursion,
    clippy::infinite_loop,
    reason = "that is what it is for"
)]

use std::fs;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

fn main() {
    let attack = std::env::args().nth(1).unwrap_or_default();
    match attack.as_str() {
        "spin" => spin(),
        "spin-in-calls" => spin_in_calls(),
        "sleep" => std::thread::sleep(Duration::from_secs(1_000_000)),
        "hoard-at-once" => hoard(200 << 20),
        "hoard-in-pieces" => hoard(64 << 10),
        "recurse" => println!("{}", recurse(std::hint::black_box(1))),
        "flood-lines" => flood(b"line\n"),
        "flood-one-line" => flood(b"word "),
        "flood-stderr" => flood_stderr(),
        "not-utf8" => std::io::stdout()
            .write_all(b"a\xff\xfe\xc3\x28\x1b[31m\0z\n")
            .expect("stdout"),
        "escape-by-path" => escape_by_path(),
        "escape-by-link" => escape_by_link(),
        "fill-disk" => fill_disk(),
        "grow-file" => grow_file(),
        "make-files" => make_files(),
        "list-folders" => list_folders(),
        #[cfg(target_os = "wasi")]
        "hoard-handles" => host::hoard_handles(),
        #[cfg(target_os = "wasi")]
        "hoard-fields" => host::hoard_fields(),
        #[cfg(target_os = "wasi")]
        "hoard-one-field" => host::hoard_one_field(),
        _ => {
            eprintln!("{attack:?} is no attack");
            std::process::exit(2);
        }
    }
}

fn spin() -> ! {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

fn spin_in_calls() -> ! {
    loop {
        std::hint::black_box(Instant::now());
    }
}

fn hoard(piece: usize) -> ! {
    let mut pieces = Vec::new();
    loop {
        pieces.push(vec![1_u8; piece]);
        std::hint::black_box(&pieces);
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + frame[1]
}

fn flood(piece: &[u8]) {
    let block = piece.repeat(64 * 1024 / piece.len());
    for _ in 0..320 {
        std::io::stdout().write_all(&block).expect("stdout never fails");
    }
    eprintln!("nobody minded");
}

fn flood_stderr() {
    let block = [b'e'; 64 * 1024];
    for _ in 0..320 {
        std::io::stderr().write_all(&block).expect("stderr never fails");
    }
    println!("nobody minded");
}

/// Says what came of opening `path`, and fails where that is anything but a refusal.
fn must_be_refused(path: &str) {
    let mut text = String::new();
    if let Ok(mut file) = fs::File::open(path) {
        // A folder opens and does not read.
        if file.read_to_string(&mut text).is_ok() {
            println!("{path} holds {} bytes", text.len());
            std::process::exit(3);
        }
    }
    eprintln!("{path} is refused");
}

fn escape_by_path() {
    let up = "../".repeat(20);
    for path in [
        "/etc/passwd",
        "etc/passwd",
        "../secret",
        "/room/../secret",
        "/room/./../../secret",
        "/room//../secret",
    ] {
        must_be_refused(path);
    }
    for folder in ["/room/", "", "/", "/room/inner/"] {
        must_be_refused(&format!("{folder}{up}etc/passwd"));
    }
}

fn escape_by_link() {
    // These are in the folder when the run begins; they lead out.
    for path in ["/room/absolute", "/room/relative", "/room/folder/passwd", "/room/loop"] {
        must_be_refused(path);
    }
    // And these are its own. Making one may be refused; following it must be.
    #[cfg(target_os = "wasi")]
    for (number, target) in ["../secret", "../../../../../../../../etc/passwd", "/etc/passwd"]
        .into_iter()
        .enumerate()
    {
        let link = format!("own{number}");
        host::link(target, &link);
        must_be_refused(&format!("/room/{link}"));
    }
}

fn fill_disk() {
    let mut file = fs::File::create("/room/large").expect("a file");
    let block = [7_u8; 64 * 1024];
    for number in 0..10_000 {
        if let Err(error) = file.write_all(&block).and_then(|()| file.flush()) {
            eprintln!("{error} after {number} blocks");
            std::process::exit(1);
        }
    }
}

fn grow_file() {
    let file = fs::File::create("/room/large").expect("a file");
    if let Err(error) = file.set_len(1 << 40) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn make_files() {
    for number in 0..100_000 {
        if let Err(error) = fs::write(format!("/room/{number}"), "") {
            eprintln!("{error} after {number} files");
            std::process::exit(1);
        }
    }
}

fn list_folders() {
    let mut all = Vec::new();
    loop {
        match fs::read_dir("/room") {
            Ok(listing) => all.push(listing),
            Err(error) => {
                eprintln!("{error} after {} listings", all.len());
                std::process::exit(1);
            }
        }
    }
}

#[cfg(target_os = "wasi")]
mod host {
    use wasip2::clocks::monotonic_clock::subscribe_duration;
    use wasip2::filesystem::preopens::get_directories;
    use wasip2::http::types::Fields;

    pub(super) fn hoard_handles() -> ! {
        let mut all = Vec::new();
        loop {
            all.push(subscribe_duration(u64::MAX));
        }
    }

    /// Many header fields, each nearly as large as it may be.
    pub(super) fn hoard_fields() -> ! {
        let mut all = Vec::new();
        loop {
            let fields = Fields::new();
            fields.append("name", &[b'v'; 10_000]).expect("room in one of them");
            all.push(fields);
        }
    }

    pub(super) fn hoard_one_field() -> ! {
        let fields = Fields::new();
        loop {
            if let Err(error) = fields.append("name", &vec![b'v'; 1 << 20]) {
                eprintln!("{error:?}");
                std::process::exit(1);
            }
        }
    }

    pub(super) fn link(target: &str, link: &str) {
        for (folder, _) in get_directories() {
            if let Err(error) = folder.symlink_at(target, link) {
                eprintln!("a link to {target} is refused: {error:?}");
            }
        }
    }
}
