//! A warm run of a component through the runner, against bare wasmtime: the same engine, `instantiate_async` and the
//! call on the caller's task, and the same two log files written. Both are measured in turns, in one run, so that
//! what else the machine does hits both alike; the ratio of the medians is what the project holds itself to.
//!
//! A third measurement tells where the rest goes: bare wasmtime again, on a runtime of its own, waited for by the
//! caller. Guests live on a runtime apart from the host's; this is what that costs by itself.
//!
//! ```sh
//! cargo xtask guests
//! cargo bench --bench component
//! ```
//!
//! Another component is measured with `INNKEEPER_BENCH_COMPONENT=/path/to/it.wasm`.

mod lodging;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use innkeeper::guest::compile;
use innkeeper::guest::wing::Edition;
use lodging::{Bare, Inn, built, wrong};
use tokio::runtime::Runtime;

const BAR: f64 = 1.25;
const WARM_UP: usize = 200;
const PAIRS: usize = 2000;
const RUNS_AT_ONCE: usize = 16;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|verb| verb == compile::VERB) {
        return compile::child_main(Path::new(&args.next().unwrap_or_default()), Edition::Wasi02);
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> anyhow::Result<()> {
    let component = component()?;
    let home = tempfile::tempdir()?;
    let host = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let apart = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bare = Arc::new(Bare::new(&component, home.path(), RUNS_AT_ONCE).map_err(wrong)?);
    let inn = Inn::new(&component, home.path(), RUNS_AT_ONCE, 64);
    for _ in 0..WARM_UP {
        host.block_on(bare.run())?;
        host.block_on(inn.run())?;
        host.block_on(bare_apart(&apart, &bare))?;
    }
    print_ratio(&host, &apart, &bare, &inn)?;
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("component");
    group.measurement_time(Duration::from_secs(3));
    group.bench_function("bare", |bencher| bencher.to_async(&host).iter(|| bare.run()));
    group.bench_function("runner", |bencher| bencher.to_async(&host).iter(|| inn.run()));
    group.finish();
    Ok(())
}

async fn bare_apart(apart: &Runtime, bare: &Arc<Bare>) -> anyhow::Result<()> {
    let bare = Arc::clone(bare);
    apart.spawn(async move { bare.run().await }).await?
}

fn print_ratio(host: &Runtime, apart: &Runtime, bare: &Arc<Bare>, inn: &Inn) -> anyhow::Result<()> {
    let (mut without, mut with) = (Vec::with_capacity(PAIRS), Vec::with_capacity(PAIRS));
    let mut elsewhere = Vec::with_capacity(PAIRS);
    for _ in 0..PAIRS {
        let begin = Instant::now();
        host.block_on(bare.run())?;
        without.push(begin.elapsed());
        let begin = Instant::now();
        host.block_on(inn.run())?;
        with.push(begin.elapsed());
        let begin = Instant::now();
        host.block_on(bare_apart(apart, bare))?;
        elsewhere.push(begin.elapsed());
    }
    let (without, with) = (median(&mut without), median(&mut with));
    let elsewhere = median(&mut elsewhere);
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    println!("bare wasmtime {without:?}, through the runner {with:?}: {ratio:.2} times (bar {BAR})");
    let ratio = with.as_secs_f64() / elsewhere.as_secs_f64();
    println!("bare wasmtime on a runtime of its own {elsewhere:?}: the runner takes {ratio:.2} times that");
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn component() -> anyhow::Result<PathBuf> {
    match std::env::var_os("INNKEEPER_BENCH_COMPONENT") {
        Some(path) => Ok(path.into()),
        None => built("wasm32-wasip2/release/hello.wasm"),
    }
}
