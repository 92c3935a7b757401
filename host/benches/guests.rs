//! What guests cost a host that has many, or that has just started: throughput on all cores, a Python guest against
//! Python itself, a restart, and a thousand guests that sleep.
//!
//! ```sh
//! cargo xtask guests --all
//! cargo bench --bench guests
//! ```

mod lodging;
mod measure;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use innkeeper::guest::compile;
use innkeeper::guest::wing::Edition;
use innkeeper_core::run::Ending;
use lodging::{Bare, Inn, built, wrong};
use measure::{median, percentile};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

const LANES: usize = 8;
const RUNS_OF_A_LANE: usize = 50;
const ROUNDS: usize = 21;
const PYTHON_TURNS: usize = 20;
/// Runs of each in a turn. What the interpreter's process does to the caches is over after the first guests: they are
/// warm, and measured as such.
const PYTHONS: usize = 4;
const PYTHON_GUESTS: usize = 20;
const RESTARTS: usize = 5;
const SLEEPERS: usize = 1000;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|verb| verb == compile::VERB) {
        return compile::child_main(Path::new(&args.next().unwrap_or_default()), Edition::Wasi02);
    }
    match measure_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure_all() -> anyhow::Result<()> {
    let host = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    throughput(&host)?;
    python(&host)?;
    restart()?;
    sleepers(&host)
}

/// Warm Rust guests, as many as the cores take, with and without the runner, in turns.
fn throughput(host: &Runtime) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let hello = built("wasm32-wasip2/release/hello.wasm")?;
    let bare = Arc::new(Bare::new(&hello, home.path(), LANES).map_err(wrong)?);
    let inn = Arc::new(Inn::new(&hello, home.path(), LANES, 64));
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let begin = Instant::now();
        let shared = Arc::clone(&bare);
        host.block_on(in_lanes(move || {
            let bare = Arc::clone(&shared);
            async move { bare.run().await }
        }))?;
        let bare_took = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let shared = Arc::clone(&inn);
        host.block_on(in_lanes(move || {
            let inn = Arc::clone(&shared);
            async move { inn.run().await }
        }))?;
        if round > 0 {
            without.push(bare_took);
            with.push(begin.elapsed().as_secs_f64());
        }
    }
    let runs = (LANES * RUNS_OF_A_LANE) as f64;
    let (without, with) = (runs / median(&mut without), runs / median(&mut with));
    println!(
        "throughput of warm Rust guests: {with:.0} a second, {:.0}% of bare ({without:.0}); the bar is 80%",
        100.0 * with / without
    );
    Ok(())
}

async fn in_lanes<F>(run: impl Fn() -> F + Clone + Send + 'static) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let lanes: Vec<_> = (0..LANES)
        .map(|_| {
            let run = run.clone();
            let lane = async move {
                for _ in 0..RUNS_OF_A_LANE {
                    run().await?;
                }
                anyhow::Ok(())
            };
            tokio::spawn(lane)
        })
        .collect();
    for lane in lanes {
        lane.await??;
    }
    Ok(())
}

/// A warm Python guest, against the interpreter itself doing the same print.
fn python(host: &Runtime) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let inn = Inn::new(&built("tools/python.wasm")?, home.path(), 4, 64);
    // The interpreter, not a shim that looks for it.
    let found = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()?;
    let interpreter = String::from_utf8(found.stdout)?.trim().to_owned();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    host.block_on(inn.run())?;
    for _ in 0..PYTHON_TURNS {
        for _ in 0..PYTHONS {
            let begin = Instant::now();
            let status = Command::new(&interpreter)
                .args(["-c", "print('Hello, world')"])
                .stdout(Stdio::null())
                .status()?;
            ensure!(status.success(), "{interpreter} failed");
            without.push(begin.elapsed().as_secs_f64());
        }
        for _ in 0..PYTHON_GUESTS {
            let begin = Instant::now();
            host.block_on(inn.run())?;
            with.push(begin.elapsed().as_secs_f64());
        }
    }
    let (without, with) = (median(&mut without), median(&mut with));
    println!(
        "warm Python guest: {:.2} ms, {:.1} times as fast as {interpreter} -c ({:.1} ms); the bar is 25 times",
        with * 1e3,
        without / with,
        without * 1e3
    );
    Ok(())
}

/// From the start of the program to the report of a Python component that an earlier process compiled.
fn restart() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let namespace = home.path().join("workspace/bench");
    fs::create_dir_all(&namespace)?;
    let component = built("tools/python.wasm")?;
    fs::copy(&component, namespace.join("python.wasm"))?;
    fs::write(home.path().join("innkeeper.toml"), "")?;
    fs::write(
        namespace.join("namespace.toml"),
        "[jobs.greet]\ncomponent = 'python.wasm'\nrun_args_template = '{name}'\nreport_stdout = true\n\
         [[slack]]\ncommand = 'greet [name]'\nhelp = 'Greets'\njob_type = 'greet'\n",
    )?;
    let first_run = || -> anyhow::Result<Duration> {
        let begin = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_innkeeper"))
            .arg("--config")
            .arg(home.path().join("innkeeper.toml"))
            .args(["say", "bench greet Ada"])
            .output()?;
        let took = begin.elapsed();
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(took)
    };
    let compiled = first_run()?;
    let artefacts = || -> anyhow::Result<Vec<_>> {
        fs::read_dir(home.path().join("data/cache"))?
            .map(|entry| {
                Ok((
                    entry.as_ref().map(|entry| entry.path()).ok(),
                    entry?.metadata()?.created()?,
                ))
            })
            .collect()
    };
    let before = artefacts()?;
    let mut best = Duration::MAX;
    for _ in 0..RESTARTS {
        best = best.min(first_run()?);
    }
    ensure!(before == artefacts()?, "something was compiled again");
    println!(
        "restart to the report of a Python component of {} MB: {:.0} ms, best of {RESTARTS} ({:.1} s when it is compiled); the bar is 100 ms",
        fs::metadata(&component)?.len() / 1_000_000,
        best.as_secs_f64() * 1e3,
        compiled.as_secs_f64()
    );
    Ok(())
}

/// A thousand guests asleep, and what another one's run takes meanwhile.
fn sleepers(host: &Runtime) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let inn = Arc::new(Inn::new(
        &built("wasm32-wasip2/release/sleep_forever.wasm")?,
        home.path(),
        SLEEPERS,
        2,
    ));
    let other = Inn::new(
        &built("wasm32-wasip2/release/hello.wasm")?,
        &home.path().join("other"),
        4,
        64,
    );
    let stop = CancellationToken::new();
    let times = |count: usize| -> anyhow::Result<Vec<f64>> {
        (0..count)
            .map(|_| {
                let begin = Instant::now();
                host.block_on(other.run())?;
                Ok(begin.elapsed().as_secs_f64())
            })
            .collect()
    };
    times(100)?;
    let mut alone = times(500)?;
    let before = resident()?;
    let begin = Instant::now();
    let asleep = host.block_on(async {
        let mut asleep = Vec::new();
        for _ in 0..SLEEPERS {
            let (started, start) = oneshot::channel();
            let (inn, stop) = (Arc::clone(&inn), stop.clone());
            asleep.push(tokio::spawn(async move { inn.begin(Some(started), stop).await }));
            start.await.context("a guest did not start")?;
        }
        anyhow::Ok(asleep)
    })?;
    let took = begin.elapsed();
    let each = (resident()? - before) / SLEEPERS as f64;
    let mut meanwhile = times(500)?;
    println!(
        "{SLEEPERS} guests asleep at once, begun in {:.2} s: {each:.2} MB resident each; the bar is 1 MB",
        took.as_secs_f64()
    );
    println!(
        "another guest meanwhile: p50 {:.2} ms, p99 {:.2} ms (alone {:.2} and {:.2})",
        percentile(&mut meanwhile, 0.5) * 1e3,
        percentile(&mut meanwhile, 0.99) * 1e3,
        percentile(&mut alone, 0.5) * 1e3,
        percentile(&mut alone, 0.99) * 1e3
    );
    stop.cancel();
    for sleeper in asleep {
        let ending = host.block_on(sleeper)?;
        ensure!(ending == Ending::Interrupted, "a sleeper woke: {ending:?}");
    }
    Ok(())
}

/// Resident memory of this process, in MB.
fn resident() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .context("no VmRSS")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}
