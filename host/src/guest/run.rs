//! One run of a job's component, of whatever world it is.
//!
//! Its time limit is made of three things, since each alone leaves a hole: the epoch makes a guest that computes yield,
//! the timer ends one that waits in a host call, and the guests' own runtime keeps both away from the host's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use innkeeper_core::config::Program;
use innkeeper_core::run::{Ending, Report};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::bindings::types;
use super::cache::{Linked, Owner, Ready};
use super::context::Context;
use super::cpu::OutOfCpu;
use super::files::DiskMeter;
use super::output::GuestOutput;
use super::refusals::Refusals;
use super::shares::Held;
use super::{Guests, command, convert, cpu, ending, http, job};
use crate::runner::Invocation;

/// How a guest's run went.
pub struct Lived {
    /// How it ended.
    pub ending: Ending,
    /// What it returned, where its world has that.
    pub report: Option<Report>,
}

impl Lived {
    /// An end without a report of its own.
    pub fn ended(ending: Ending) -> Self {
        Self { ending, report: None }
    }
}

/// Runs the component of `invocation` to its end, on the runtime of the guests, and says how it ended and how long it
/// worked. What the guest was refused is added to `refusals`. Loading it, and waiting for memory that other guests hold, is not counted: neither is the job's doing.
pub async fn run(
    guests: &Guests,
    invocation: &mut Invocation,
    stdout: GuestOutput,
    stderr: GuestOutput,
    refusals: &Refusals,
    stop: &CancellationToken,
) -> (Lived, Duration) {
    let not_started = |why| (Lived::ended(Ending::NotStarted { why }), Duration::ZERO);
    if stop.is_cancelled() {
        return (Lived::ended(Ending::Interrupted), Duration::ZERO);
    }
    let prepared = tokio::select! {
        biased;
        prepared = prepare(guests, invocation) => prepared,
        () = stop.cancelled() => return (Lived::ended(Ending::Interrupted), Duration::ZERO),
    };
    let (component, _room) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return not_started(why),
    };
    let door = http::door(&invocation.job.grants.http, &guests.network, refusals);
    let disk = DiskMeter::new(invocation.job.limits.disk, refusals.clone());
    let environment = &guests.settings.environment;
    let context = match Context::new(invocation, environment, stdout, stderr.clone(), door, disk) {
        Ok(context) => context,
        Err(why) => return not_started(why),
    };
    let begin: Instant = guests.clock().monotonic();
    let limit = invocation.job.limits.wall_time;
    let cpu_time = invocation.job.limits.cpu_time;
    let started = invocation.started.take();
    let most = invocation.job.limits.stdout;
    let request = || convert::request(invocation);
    let house = match guests.house() {
        Ok(house) => house,
        Err(why) => return not_started(why),
    };
    let life = live(&component, request, most, context, &stderr, started);
    let life = cpu::within(cpu_time, &house.turns, &invocation.namespace.name, life);
    let lived = tokio::select! {
        biased;
        lived = life => lived.unwrap_or_else(|OutOfCpu| {
            let what = format!("used {} s of CPU time, all it may have", cpu_time.as_secs());
            Lived::ended(Ending::LimitReached { what })
        }),
        () = stop.cancelled() => Lived::ended(Ending::Interrupted),
        () = tokio::time::sleep(limit) => Lived::ended(Ending::TimedOut {
            after_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        }),
    };
    (lived, guests.clock().monotonic().saturating_duration_since(begin))
}

async fn prepare(guests: &Guests, invocation: &Invocation) -> Result<(Arc<Ready>, Held), String> {
    let Program::Component { source, .. } = &invocation.job.program else {
        return Err("is no component".into());
    };
    let owner = Owner::from(&*invocation.namespace);
    let component = guests.load(source, &owner).await?;
    let room = guests.room(invocation.job.limits.memory, &owner).await?;
    Ok((component, room))
}

/// Instantiates the component and calls what it exports; a text that it returns may have `most` bytes. Dropped, it leaves nothing behind.
async fn live(
    component: &Ready,
    request: impl FnOnce() -> types::Request,
    most: u64,
    context: Context,
    stderr: &GuestOutput,
    started: Option<oneshot::Sender<()>>,
) -> Lived {
    let mut store = component.wing.store(context);
    let _ticking = component.wing.ticking();
    if let Some(started) = started {
        // Nobody has to wait for it.
        let _ = started.send(());
    }
    let lived = match &component.program {
        Linked::Command(program) => command::live(program, &mut store).await.map(Lived::ended),
        Linked::AsyncCommand(program) => command::live_async(program, &mut store).await.map(Lived::ended),
        Linked::Job(job) => job::live(job, &mut store, &request(), most, stderr).await,
        Linked::ReportFormat(_) => return no_job("a report format"),
        Linked::Alert(_) => return no_job("an alert plugin"),
    };
    lived.unwrap_or_else(|(error, phase)| {
        if let Some(backtrace) = ending::backtrace(&error) {
            stderr.say(&backtrace);
        }
        Lived::ended(ending::of_error(&error, &store.data().memory, phase))
    })
}

fn no_job(what: &str) -> Lived {
    let why = format!("is {what}, not a job");
    Lived::ended(Ending::NotStarted { why })
}
