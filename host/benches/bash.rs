//! A bash job through the runner, against a bare spawn of `bash -c` with the same output. Both are measured in turns,
//! in one run, so that what else the machine does hits both alike; the ratio of the medians is what the project holds
//! itself to.
//!
//! ```sh
//! cargo bench --bench bash
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use criterion::Criterion;
use innkeeper::runner::bash::{BashRunner, BashSettings, Grace};
use innkeeper::runner::fabfile::{Fabfiles, HttpFetch};
use innkeeper::runner::{Invocation, Runner};
use innkeeper_core::command::template::ScriptTemplate;
use innkeeper_core::config::{Allowed, Format, Grants, Job, Limits, Mentions, Namespace, Program, ReportRules};
use innkeeper_core::run::{Ending, RunId};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const BAR: f64 = 1.25;
const WARM_UP: usize = 50;
const PAIRS: usize = 1000;
const SCRIPT: &str = "echo Hello {name}";
const SAID: &str = "Hello Bob\n";

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> anyhow::Result<()> {
    let host = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let inn = Inn::new()?;
    for _ in 0..WARM_UP {
        bare(inn.home.path())?;
        inn.run(&host)?;
    }
    print_ratio(&host, &inn)?;
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("bash");
    group.measurement_time(Duration::from_secs(3));
    group.bench_function("bare", |bencher| bencher.iter(|| bare(inn.home.path())));
    group.bench_function("runner", |bencher| bencher.iter(|| inn.run(&host)));
    group.finish();
    Ok(())
}

fn print_ratio(host: &Runtime, inn: &Inn) -> anyhow::Result<()> {
    let (mut without, mut with) = (Vec::with_capacity(PAIRS), Vec::with_capacity(PAIRS));
    for _ in 0..PAIRS {
        let begin = Instant::now();
        bare(inn.home.path())?;
        without.push(begin.elapsed());
        let begin = Instant::now();
        inn.run(host)?;
        with.push(begin.elapsed());
    }
    let (without, with) = (median(&mut without), median(&mut with));
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    println!("bare bash {without:?}, through the runner {with:?}: {ratio:.2} times (bar {BAR})");
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// `bash -c` as the standard library starts it, its output collected in memory.
fn bare(folder: &Path) -> anyhow::Result<()> {
    let output = Command::new("bash")
        .arg("-c")
        .arg(SCRIPT.replace("{name}", "Bob"))
        .current_dir(folder)
        .output()?;
    ensure!(output.stdout == SAID.as_bytes(), "bash said {output:?}");
    Ok(())
}

/// The runner, with one namespace and one job.
struct Inn {
    home: TempDir,
    runner: BashRunner,
    namespace: Arc<Namespace>,
    job: Arc<Job>,
    runs: AtomicI64,
}

impl Inn {
    fn new() -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        let runner = BashRunner::new(BashSettings {
            workspace: home.path().to_owned(),
            environment: std::env::vars_os().collect(),
            fabfiles: Fabfiles::new(Arc::<HttpFetch>::default(), Arc::new(()), home.path().join("fabfiles")),
            links: home.path().join("bin"),
            grace: Grace::default(),
        })?;
        let job = Arc::new(job()?);
        Ok(Self {
            namespace: Arc::new(namespace(home.path(), &job)),
            home,
            runner,
            job,
            runs: AtomicI64::new(1),
        })
    }

    fn run(&self, host: &Runtime) -> anyhow::Result<()> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let invocation = Invocation {
            hidden: Arc::default(),
            run: RunId(run),
            namespace: Arc::clone(&self.namespace),
            job: Arc::clone(&self.job),
            arguments: [("name", "Bob")].into_iter().collect(),
            log_folder: self.home.path().join("logs/demo_hello").join(run.to_string()),
            work_folder: self.home.path().join("work/demo"),
            started: None,
            progress: None,
            askings: Vec::new(),
            payload: None,
        };
        // On a worker, as the dispatcher runs it.
        let outcome = host.block_on(host.spawn(self.runner.run(invocation, CancellationToken::new())))?;
        let whole = outcome.ending == Ending::Exited { code: 0 } && outcome.stdout.kept == SAID.len() as u64;
        ensure!(whole, "the run came to {outcome:?}");
        Ok(())
    }
}

fn grants() -> Grants {
    Grants {
        trusted: true,
        channels: Allowed::All,
        mentions: Mentions::Users,
        env: Allowed::All,
        ..Grants::default()
    }
}

fn job() -> anyhow::Result<Job> {
    Ok(Job {
        namespace: "demo".into(),
        name: "hello".into(),
        program: Program::Bash {
            script: ScriptTemplate::parse(SCRIPT).map_err(|errors| anyhow!("{errors:?}"))?,
        },
        report: ReportRules {
            stdout: true,
            success: true,
            format: Format::Text,
            formatter: None,
            suppress_empty: false,
            call_tech_support_on_error: true,
        },
        limits: Limits {
            wall_time: Duration::from_secs(60),
            cpu_time: Duration::ZERO,
            memory: 0,
            disk: 0,
            stdout: 16 << 20,
            stderr: 1 << 20,
        },
        grants: grants(),
    })
}

fn namespace(home: &Path, job: &Arc<Job>) -> Namespace {
    Namespace {
        jobs: BTreeMap::from([(job.name.clone(), Arc::clone(job))]),
        ..Namespace::bare("demo", home.to_owned(), job.grants.clone())
    }
}
