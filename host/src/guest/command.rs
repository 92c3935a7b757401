//! One run of a `wasi:cli` program.
//!
//! Its time limit is made of three things, since each alone leaves a hole: the epoch makes a guest that computes yield,
//! the timer ends one that waits in a host call, and the guests' own runtime keeps both away from the host's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use innkeeper_core::config::Program;
use innkeeper_core::run::Ending;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wasmtime::Store;

use super::cache::Ready;
use super::context::Context;
use super::ending::{self, Phase};
use super::output::GuestOutput;
use super::{Guests, limits};
use crate::runner::Invocation;

/// Runs the component of `invocation` to its end, on the runtime of the guests, and says how it ended and how long it
/// worked. Loading it, and waiting for memory that other guests hold, is not counted: neither is the job's doing.
pub async fn run(
    guests: &Guests,
    invocation: &mut Invocation,
    stdout: GuestOutput,
    stderr: GuestOutput,
    stop: &CancellationToken,
) -> (Ending, Duration) {
    let not_started = |why| (Ending::NotStarted { why }, Duration::ZERO);
    if stop.is_cancelled() {
        return (Ending::Interrupted, Duration::ZERO);
    }
    let prepared = tokio::select! {
        biased;
        prepared = prepare(guests, invocation) => prepared,
        () = stop.cancelled() => return (Ending::Interrupted, Duration::ZERO),
    };
    let (component, _room) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return not_started(why),
    };
    let context = match Context::new(invocation, &guests.settings.environment, stdout, stderr.clone()) {
        Ok(context) => context,
        Err(why) => return not_started(why),
    };
    let begin: Instant = guests.clock().monotonic();
    let limit = invocation.job.limits.wall_time;
    let ending = tokio::select! {
        biased;
        ending = live(guests, &component, context, &stderr, invocation.started.take()) => ending,
        () = stop.cancelled() => Ending::Interrupted,
        () = tokio::time::sleep(limit) => Ending::TimedOut {
            after_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        },
    };
    (ending, guests.clock().monotonic().saturating_duration_since(begin))
}

async fn prepare<'a>(
    guests: &'a Guests,
    invocation: &Invocation,
) -> Result<(Arc<Ready>, tokio::sync::SemaphorePermit<'a>), String> {
    let Program::Component { path, .. } = &invocation.job.program else {
        return Err("is a bash job, not a component".into());
    };
    let component = guests.load(path).await?;
    let room = guests.room(invocation.job.limits.memory).await?;
    Ok((component, room))
}

/// Instantiates the component and calls its `main`. Dropped, it leaves nothing behind.
async fn live(
    guests: &Guests,
    component: &Ready,
    context: Context,
    stderr: &GuestOutput,
    started: Option<oneshot::Sender<()>>,
) -> Ending {
    let house = match guests.house() {
        Ok(house) => house,
        Err(why) => return Ending::NotStarted { why },
    };
    let mut store = Store::new(house.cache.engine(), context);
    store.limiter(|context| &mut context.memory);
    store.set_max_component_handles(limits::HANDLES);
    store.set_hostcall_fuel(limits::HOSTCALL_BYTES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    let _ticking = house.ticker.guest();
    if let Some(started) = started {
        // Nobody has to wait for it.
        let _ = started.send(());
    }
    let (result, phase) = match component.instantiate_async(&mut store).await {
        Ok(command) => (command.wasi_cli_run().call_run(&mut store).await, Phase::Running),
        Err(error) => (Err(error), Phase::Instantiating),
    };
    match result {
        Ok(Ok(())) => Ending::Exited { code: 0 },
        Ok(Err(())) => Ending::Exited { code: 1 },
        Err(error) => {
            if let Some(backtrace) = ending::backtrace(&error) {
                stderr.say(&backtrace);
            }
            ending::of_error(&error, &store.data().memory, phase)
        }
    }
}
