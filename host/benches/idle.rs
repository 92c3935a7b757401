//! What an idle host costs: wake-ups a second of its own, and resident memory, with ten components loaded.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const WATCHED: Duration = Duration::from_secs(20);
const COMPONENTS: usize = 10;

fn main() {
    let folder = TempDir::new().unwrap();
    write_configuration(folder.path());
    let mut host = Command::new(env!("CARGO_BIN_EXE_innkeeper"))
        .arg("--config")
        .arg(folder.path().join("innkeeper.toml"))
        .arg("serve")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(host.stderr.take().unwrap());
    let mut loaded = 0;
    for line in log.lines() {
        let line = line.unwrap();
        loaded += usize::from(line.contains("\"component loaded\""));
        if loaded == COMPONENTS {
            break;
        }
    }
    assert_eq!(loaded, COMPONENTS, "the host ended early");
    // What starting had to do is over; what is left is what the host does by itself.
    std::thread::sleep(Duration::from_secs(2));
    let before = wake_ups(host.id());
    std::thread::sleep(WATCHED);
    let woken = |(thread, count): (String, u64)| count - before.get(&thread).copied().unwrap_or(0);
    let rate = wake_ups(host.id()).into_iter().map(woken).sum::<u64>() as f64 / WATCHED.as_secs_f64();
    println!(
        "idle with {COMPONENTS} components loaded: {rate:.2} wake-ups a second, {:.1} MB resident; the bar is 1 and 40",
        resident(host.id())
    );
    let _ = host.kill();
    let _ = host.wait();
}

/// Components from `INNKEEPER_BENCH_COMPONENTS` (a list of files by `:`), or those that `cargo xtask guests` built; one
/// that is there is used again under other names until there are ten.
fn write_configuration(folder: &Path) {
    let namespace = folder.join("workspace/bench");
    fs::create_dir_all(&namespace).unwrap();
    fs::write(
        folder.join("innkeeper.toml"),
        "[server]\nlisten = \"127.0.0.1:0\"\n[namespaces.bench]\n",
    )
    .unwrap();
    let files = components();
    let mut jobs = String::new();
    for number in 0..COMPONENTS {
        let mut bytes = fs::read(&files[number % files.len()]).unwrap();
        // An empty custom section named by the number: another file, the same component.
        bytes.extend([0, 2, 1, b'0' + u8::try_from(number).unwrap()]);
        fs::write(namespace.join(format!("c{number}.wasm")), bytes).unwrap();
        jobs += &format!("[jobs.c{number}]\ncomponent = \"c{number}.wasm\"\n");
    }
    fs::write(namespace.join("namespace.toml"), jobs).unwrap();
}

fn components() -> Vec<String> {
    if let Ok(listed) = std::env::var("INNKEEPER_BENCH_COMPONENTS") {
        return listed.split(':').map(str::to_owned).collect();
    }
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/guests");
    let wanted = ["hello", "table", "ticker"].map(|name| format!("{target}/wasm32-wasip2/release/{name}.wasm"));
    let tools = ["python", "js"].map(|name| format!("{target}/tools/{name}.wasm"));
    let there: Vec<String> = wanted
        .into_iter()
        .chain(tools)
        .filter(|file| Path::new(file).exists())
        .collect();
    assert!(!there.is_empty(), "no components: run `cargo xtask guests` first");
    there
}

/// How often each thread of the process gave up a core of its own accord: each is one sleep that ended. Threads that end
/// meanwhile count no more.
fn wake_ups(process: u32) -> BTreeMap<String, u64> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let switches = |task: fs::DirEntry| -> Option<(String, u64)> {
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let line = status
            .lines()
            .find(|line| line.starts_with("voluntary_ctxt_switches"))?;
        let count = line.split_whitespace().last()?.parse().ok()?;
        Some((task.file_name().into_string().ok()?, count))
    };
    tasks.filter_map(|task| switches(task.ok()?)).collect()
}

/// Resident memory in megabytes.
fn resident(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1000.0
}
