//! Claims what is due, starts it, and watches over it to its end. Sleeps until it is rung or the next request is due.

mod end;
mod progress;
mod rescue;
mod shares;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use innkeeper_core::clock::Clock;
use innkeeper_core::config::secrets::hidden_variables;
use innkeeper_core::config::{Job, Namespace, Program};
use innkeeper_core::report::Formatter;
use innkeeper_core::run::{Ending, Outcome, Run, log_folder};
use innkeeper_core::store::{Claim, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

use self::progress::{Pacer, Shown};
use self::shares::Shares;
use crate::alerts::Services;
use crate::bell::Bells;
use crate::current::{Current, Derived};
use crate::deliver::terminal::{Event, Terminals};
use crate::runner::{Invocation, Progress, Runner};
use crate::vitals::Pulse;

/// How long runs that were ended may take to be written down.
const LAST_ENDS: Duration = Duration::from_secs(15);

/// How long the dispatcher rests after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// The runners, by kind of program.
#[derive(Clone)]
pub struct Runners {
    /// Runs bash commands.
    pub bash: Arc<dyn Runner>,
    /// Runs components.
    pub component: Arc<dyn Runner>,
    /// Runs the host's own checks.
    pub probe: Arc<dyn Runner>,
}

/// What the dispatcher needs.
pub struct Parts {
    /// What there is to run.
    pub current: Current,
    /// The queue.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who runs it.
    pub runners: Runners,
    /// Who makes messages in formats that are guests.
    pub formatter: Arc<dyn Formatter>,
    /// Which jobs are checks, and of what.
    pub services: Arc<Services>,
    /// Where it tells that it waits for a place.
    pub pulse: Arc<Pulse>,
    /// Who is told.
    pub bells: Bells,
    /// Who waits at a terminal.
    pub terminals: Terminals,
}

/// Starts what is due.
pub struct Dispatcher {
    parts: Parts,
    /// What no run sees of the environment, whatever is granted.
    hidden: Derived<BTreeSet<String>>,
    slots: Arc<Semaphore>,
    pacer: Pacer,
    shares: Shares,
    running: TaskTracker,
    /// Ends running work at once.
    kill: CancellationToken,
}

impl Dispatcher {
    /// A dispatcher with `Capacity::runs` slots.
    pub fn new(parts: Parts) -> Self {
        let slots = Arc::new(Semaphore::new(parts.current.get().capacity.runs));
        Self {
            hidden: Derived::new(parts.current.clone(), |config| hidden_variables(config)),
            parts,
            slots,
            pacer: Pacer::default(),
            shares: Shares::default(),
            running: TaskTracker::new(),
            kill: CancellationToken::new(),
        }
    }

    /// Starts what is due until `drain`; then waits for running work, for as long as its grace, and ends the rest.
    pub async fn run(self: Arc<Self>, drain: CancellationToken) {
        while !drain.is_cancelled() {
            tokio::select! {
                () = drain.cancelled() => break,
                () = self.step() => {}
            }
        }
        self.wind_down().await;
    }

    /// Starts one run, or waits until there may be one to start.
    ///
    /// It may be dropped while it waits. It is not dropped between a claim and the start of the run: there is no await
    /// between the two.
    async fn step(self: &Arc<Self>) {
        let Some(slot) = self.place().await else {
            return;
        };
        let claim = {
            // A claim that was begun is seen through, even where the host begins to drain meanwhile.
            let (store, now) = (self.parts.store.clone(), self.parts.clock.now());
            let this = self.clone();
            let claiming = self.running.spawn(async move {
                let claim = store
                    .claim_elsewhere(now, this.shares.crowded(&this.parts.current.get()))
                    .await;
                match claim {
                    Ok(Claim {
                        run: Some(run),
                        next_due,
                    }) => {
                        this.start(run, slot);
                        Ok(Claim {
                            run: None,
                            next_due: next_due.or(Some(now)),
                        })
                    }
                    other => other,
                }
            });
            claiming.await
        };
        match claim {
            Ok(Ok(Claim {
                next_due: Some(due), ..
            })) => {
                let wait = due.nap_from(self.parts.clock.now());
                tokio::select! {
                    () = tokio::time::sleep(wait), if !wait.is_zero() => {}
                    () = self.parts.bells.queue_rung(), if !wait.is_zero() => {}
                    else => {}
                }
            }
            Ok(Ok(Claim { next_due: None, .. })) => self.parts.bells.queue_rung().await,
            Ok(Err(error)) => {
                tracing::error!(error = format!("{error:#}"), "the queue cannot be read; trying again");
                tokio::time::sleep(STORE_RETRY).await;
            }
            Err(panic) => tracing::error!(%panic, "a claim panicked"),
        }
    }

    /// A place for a run. None: there are none any more.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = self.slots.clone().try_acquire_owned() {
            return Some(slot);
        }
        self.parts.pulse.full.set(Some(self.parts.clock.now()));
        let slot = self.slots.clone().acquire_owned().await;
        self.parts.pulse.full.set(None);
        slot.ok()
    }

    fn start(self: &Arc<Self>, run: Run, slot: OwnedSemaphorePermit) {
        let this = self.clone();
        let share = self.shares.take(&run.namespace);
        self.running.spawn(async move {
            this.execute(run).await;
            drop(share);
            drop(slot);
            // Its namespace may have been crowded.
            this.parts.bells.ring_queue();
        });
    }

    /// Executes one claimed run to its end, which is durable when this returns.
    pub async fn execute(&self, run: Run) {
        let work = AssertUnwindSafe(self.see_through(run.clone())).catch_unwind();
        if work.await.is_err() {
            // A bug of ours. Unended, the run would hold its job until the next start.
            tracing::error!(run.id = run.id.0, "a run made the host panic: this is a bug");
            self.end_after_panic(&run).await;
        }
    }

    async fn see_through(&self, run: Run) {
        let trigger = run
            .askings
            .first()
            .map_or("none", |asking| asking.origin.trigger().as_str());
        let span = tracing::info_span!(
            "run",
            run.id = run.id.0,
            namespace = run.namespace,
            job = run.job,
            trigger
        );
        async {
            tracing::info!(request.id = run.request.0, "started");
            self.tell_terminals(&run, |run| Event::Started {
                run: run.id,
                request: run.request,
            });
            let found = self.find(&run);
            let folder = log_folder(&run.namespace, &run.job, run.started, run.id);
            let outcome = match &found {
                Some((namespace, job)) => self.invoke(&run, namespace.clone(), job.clone(), &folder).await,
                None => not_configured(&run),
            };
            let took = u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX);
            tracing::info!(duration_ms = took, ending = ?outcome.ending, "ended");
            let job = found.as_ref().map(|(_, job)| &**job);
            self.end(&run, job, outcome, folder).await;
        }
        .instrument(span)
        .await;
    }

    fn find(&self, run: &Run) -> Option<(Arc<Namespace>, Arc<Job>)> {
        let config = self.parts.current.get();
        let namespace = config.namespaces.get(&run.namespace)?;
        let job = namespace.jobs.get(&run.job)?;
        Some((namespace.clone(), job.clone()))
    }

    async fn invoke(&self, run: &Run, namespace: Arc<Namespace>, job: Arc<Job>, folder: &str) -> Outcome {
        let runner = match job.program {
            Program::Bash { .. } => &self.parts.runners.bash,
            Program::Component { .. } => &self.parts.runners.component,
            Program::Probe(_) => &self.parts.runners.probe,
        };
        let shown = self.show_progress(run);
        let data_dir = self.parts.current.get().data_dir.clone();
        let invocation = Invocation {
            run: run.id,
            hidden: self.hidden.get(),
            work_folder: data_dir.join("work").join(&namespace.name),
            namespace,
            job,
            arguments: run.arguments.clone(),
            askings: run.askings.clone(),
            payload: run.payload.clone(),
            log_folder: data_dir.join("logs").join(folder),
            started: None,
            progress: self.listener(run, shown.as_ref()),
        };
        runner.run(invocation, self.kill.clone()).await
    }

    /// Tells those who wait for `run` how far it is; none where nobody does.
    fn listener(&self, run: &Run, shown: Option<&Shown>) -> Option<Arc<dyn Fn(Progress) + Send + Sync>> {
        let sessions: Vec<Uuid> = sessions(run).collect();
        if sessions.is_empty() && shown.is_none() {
            return None;
        }
        let (terminals, run) = (self.parts.terminals.clone(), run.id);
        let said = shown.map(|shown| shown.said.clone());
        let tell = move |progress: Progress| {
            for session in &sessions {
                let Progress { fraction, line } = progress.clone();
                terminals.tell(*session, Event::Progress { run, fraction, line });
            }
            if let Some(said) = &said {
                said.send_replace(Some(progress));
            }
        };
        Some(Arc::new(tell))
    }

    fn tell_terminals(&self, run: &Run, event: impl Fn(&Run) -> Event) {
        for session in sessions(run) {
            self.parts.terminals.tell(session, event(run));
        }
    }

    /// Ends running work at once, as interrupted.
    pub fn end_running_work(&self) {
        self.kill.cancel();
    }

    /// No new starts; running work gets its grace, then it is ended and reported as interrupted.
    async fn wind_down(&self) {
        self.running.close();
        let grace = self.parts.current.get().capacity.shutdown_grace;
        if !self.running.is_empty() {
            tracing::info!(
                runs = self.running.len(),
                grace_seconds = grace.as_secs(),
                "waiting for running work"
            );
        }
        if tokio::time::timeout(grace, self.running.wait()).await.is_err() {
            tracing::warn!(runs = self.running.len(), "the grace is over; running work is ended");
            self.end_running_work();
            if tokio::time::timeout(LAST_ENDS, self.running.wait()).await.is_err() {
                tracing::error!(
                    "ends could not be written; those runs are reported as interrupted after the next start"
                );
            }
        }
    }
}

/// The terminals that wait for `run`.
fn sessions(run: &Run) -> impl Iterator<Item = Uuid> {
    run.askings.iter().filter_map(|asking| asking.origin.session())
}

/// The outcome of a run whose job went out of the configuration while it waited.
fn not_configured(run: &Run) -> Outcome {
    let why = format!(
        "there is no job {}_{} in the configuration any more",
        run.namespace, run.job
    );
    Outcome::without_output(Ending::NotStarted { why })
}
