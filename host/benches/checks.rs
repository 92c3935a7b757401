//! Ten thousand component checks a minute: how late they start, through the real host. Their slots are spread over the
//! minute by a hash of their names.
//!
//! ```text
//! cargo bench --bench checks                       # 2 minutes
//! INNKEEPER_BENCH_MINUTES=30 cargo bench --bench checks
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

mod measure;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use measure::percentile;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

/// Checks in all, in how many namespaces, and in each service.
const CHECKS: usize = 10_000;
const NAMESPACES: usize = 10;
const OF_A_SERVICE: usize = 100;

/// What is waited for before anything is measured: the configuration is read, the component compiled.
const WARM_UP: Duration = Duration::from_secs(30);

/// A guest that does nothing, and succeeds.
const QUIET: &str = r#"(component
    (core module $program (func (export "run") (result i32) i32.const 0))
    (core instance $it (instantiate $program))
    (func $run (result (result)) (canon lift (core func $it "run")))
    (instance $exports (export "run" (func $run)))
    (export "wasi:cli/run@0.2.3" (instance $exports))
)"#;

fn main() {
    let minutes = std::env::var("INNKEEPER_BENCH_MINUTES").ok();
    let minutes = minutes.map_or(2, |minutes| minutes.parse().unwrap());
    let folder = TempDir::new().unwrap();
    configure(folder.path());
    let mut host = serve(folder.path());
    std::thread::sleep(WARM_UP);
    let database = folder.path().join("data");
    let before = used(&host);
    let from = now();
    let begun = Instant::now();
    for minute in 1..=minutes {
        std::thread::sleep((Duration::from_secs(60) * minute).saturating_sub(begun.elapsed()));
        println!("{}", report(&database, from));
    }
    let spent = used(&host) - before;
    println!(
        "CPU time of the host: {:.2} cores",
        spent / begun.elapsed().as_secs_f64()
    );
    host.kill().unwrap();
    host.wait().unwrap();
}

fn configure(folder: &Path) {
    let mut host = "[server]\nlisten = \"127.0.0.1:0\"\n".to_owned();
    for number in 0..NAMESPACES {
        let namespace = folder.join(format!("workspace/n{number}"));
        std::fs::create_dir_all(&namespace).unwrap();
        std::fs::write(namespace.join("quiet.wasm"), wat::parse_str(QUIET).unwrap()).unwrap();
        std::fs::write(namespace.join("namespace.toml"), checks_and_services(number)).unwrap();
        writeln!(host, "[namespaces.n{number}]\ntrust = \"trusted\"").unwrap();
    }
    std::fs::write(folder.join("innkeeper.toml"), host).unwrap();
}

fn checks_and_services(namespace: usize) -> String {
    let mut text = String::new();
    let checks: Vec<String> = (0..CHECKS / NAMESPACES).map(|check| format!("c{check}")).collect();
    for check in &checks {
        writeln!(text, "[jobs.{check}]\ncomponent = \"quiet.wasm\"").unwrap();
        writeln!(text, "[checks.{check}]\nevery = \"1m\"").unwrap();
    }
    for (number, of_one) in checks.chunks(OF_A_SERVICE).enumerate() {
        writeln!(text, "[services.s{namespace}_{number}]\nchecks = {of_one:?}").unwrap();
    }
    text
}

fn serve(folder: &Path) -> Child {
    let host = Command::new(env!("CARGO_BIN_EXE_innkeeper"))
        .current_dir(folder)
        .args(["serve"])
        .env("INNKEEPER_LOG", "warn")
        .stdin(Stdio::null())
        .spawn();
    host.unwrap()
}

/// How late runs started that were due since `from`.
fn report(data: &Path, from: i64) -> String {
    let file = data.join("queue.db");
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut query = database
        .prepare("SELECT started_at - due_at FROM run JOIN request ON request.id = run.request WHERE due_at >= ?1")
        .unwrap();
    let late = query.query_map([from], |row| row.get::<_, i64>(0)).unwrap();
    let mut late: Vec<f64> = late.map(|late| late.unwrap() as f64 / 1e6).collect();
    let runs = late.len();
    let over = late.iter().filter(|late| **late > 1.0).count();
    format!(
        "{runs} starts: late by {:.3} s (median), {:.3} s (99 %), {:.3} s (the last); over a second: {over}",
        percentile(&mut late, 0.5),
        percentile(&mut late, 0.99),
        percentile(&mut late, 1.0),
    )
}

/// The CPU time that the host has used, in seconds.
fn used(host: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", host.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_micros()).unwrap()
}
