//! Builds every part from the configuration, joins them, starts the loops, and owns the shutdown. Alone in knowing
//! everything.

mod github;
mod notices;
mod people;
mod reload;
mod slack;
mod solo;
mod tasks;

pub use reload::Begun;
pub use solo::{Solo, SoloConversation};

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use axum::Router;
use innkeeper_core::BoxFuture;
use innkeeper_core::alert::plugin::Plugins;
use innkeeper_core::clock::{Clock, SystemClock};
use innkeeper_core::config::oci::lock_file;
use innkeeper_core::config::secrets::{Secret, Secrets};
use innkeeper_core::config::{ComponentSource, Config};
use innkeeper_core::outbox::Target;
use innkeeper_core::store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::alerts::people::People;
use crate::alerts::secrets::Reveal;
use crate::alerts::{DutyParts, DutyRoster, Engine, EngineParts, Pruner, Services, Trials, Vault, Watch, WatchParts};
use crate::bell::Bells;
use crate::current::{Current, Replace};
use crate::deliver::http::HttpTarget;
use crate::deliver::mail::MailTarget;
use crate::deliver::sender::Sender;
use crate::deliver::terminal::Terminals;
use crate::dispatcher::{Dispatcher, Parts, Runners};
use crate::fetch::HttpFetch;
use crate::guest::alert::GuestPlugins;
use crate::guest::cache::Owner;
use crate::guest::compile::CompilerCommand;
use crate::guest::context::Environment;
use crate::guest::inspect::judge;
use crate::guest::report_format::GuestFormatter;
use crate::guest::{GuestSettings, Guests};
use crate::registry::Registries;
use crate::runner::bash::{BashRunner, BashSettings, Grace};
use crate::runner::component::ComponentRunner;
use crate::runner::fabfile::Fabfiles;
use crate::runner::probe::{ProbeRunner, ProbeSettings};
use crate::trigger::cli::CommandLine;
use crate::trigger::github::GithubTrigger;
use crate::trigger::hook::{HookParts, HookTrigger};
use crate::trigger::intake::{Intake, IntakeParts};
use crate::trigger::schedule::ScheduleTrigger;
use crate::vitals::{Pulse, Vitals};
use crate::web;

use github::Github;
use notices::LogsChannel;
use slack::Slack;
use tasks::Tasks;

/// The socket in the data folder on which `serve` listens.
pub const SOCKET: &str = "innkeeper.sock";

/// The folder in the data folder where the calendar of who is on duty is kept.
pub const CALENDAR: &str = "cache/calendar";

/// How long loops other than the outbox's may take at shutdown.
const LAST_TASKS: Duration = Duration::from_secs(10);

/// How long clients of the socket may take to read what was said to them last.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long a guest that hangs in a file operation may hold up the end.
const LAST_FILES: Duration = Duration::from_secs(1);

/// How long the queue may take to answer before the host counts as not ready.
const READY_TIME: Duration = Duration::from_secs(2);

/// How long somebody who only looks who owns the data folder may keep it from being taken.
const LOOKERS_TIME: Duration = Duration::from_secs(1);
const LOOKERS_STEP: Duration = Duration::from_millis(10);

/// How often old keys are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// How long the sender of a body may take for all of it.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Another process owns the data folder.
#[derive(Debug, thiserror::Error)]
#[error(
    "another innkeeper (process {process}) is at work in {}: wait for it, or run `innkeeper serve`, which takes orders \
     from everybody at once",
    data_dir.display()
)]
pub struct Owned {
    process: String,
    data_dir: PathBuf,
}

/// The host, built and not yet started. It owns the data folder for as long as it lives.
pub struct App {
    /// As it was when the host was built.
    config: Arc<Config>,
    current: Current,
    replace: Replace,
    secrets: Arc<Secrets>,
    clock: Arc<dyn Clock>,
    store: Arc<Store>,
    guests: Arc<Guests>,
    plugins: Arc<dyn Plugins>,
    registries: Arc<Registries>,
    bells: Bells,
    logs_channel: Arc<LogsChannel>,
    /// Where the outbox is rung; taken by the sender.
    lanes: Option<mpsc::UnboundedReceiver<String>>,
    terminals: Terminals,
    services: Arc<Services>,
    duty: Arc<DutyRoster>,
    pulse: Arc<Pulse>,
    vitals: Arc<Vitals>,
    dispatcher: Arc<Dispatcher>,
    socket: PathBuf,
    _owner: File,
}

impl App {
    /// Takes the data folder, opens the queue, and builds every part.
    ///
    /// # Errors
    /// [`Owned`]: another process owns the data folder. It cannot be made or written; a secret cannot be read.
    pub async fn open(mut config: Config) -> anyhow::Result<Self> {
        keep_memory_private();
        let owner = own(&config.data_dir)?;
        // As it is written: the path of a socket must be short, and a link may be how it is.
        let socket = config.data_dir.join(SOCKET);
        // One spelling, whatever links lead here: what a run left behind is found by the path of its log.
        config.data_dir = config
            .data_dir
            .canonicalize()
            .with_context(|| format!("the folder {} cannot be found", config.data_dir.display()))?;
        let config = Arc::new(config);
        let secrets = Arc::new(Secrets::from_env());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Arc::new(Store::open(&config.data_dir)?);
        let (replace, current) = Current::new(config.clone());
        let registries = Arc::new(Registries::new(lock_file(&config.file), &config.data_dir, judge));
        let guests = Arc::new(Guests::new(GuestSettings {
            cache_folder: config.data_dir.join("cache"),
            capacity: config.capacity,
            environment: Environment::of_process(),
            registries: registries.clone(),
            compiler: CompilerCommand::this_program(),
            clock: clock.clone(),
        }));
        let (bells, lanes) = Bells::new();
        let logs_channel = Arc::new(LogsChannel {
            current: current.clone(),
            store: store.clone(),
            clock: clock.clone(),
            bells: bells.clone(),
        });
        let pulse = Arc::<Pulse>::default();
        let vitals = Arc::new(Vitals {
            current: current.clone(),
            store: store.clone(),
            clock: clock.clone(),
            pulse: pulse.clone(),
        });
        let runners = Runners {
            bash: Arc::new(BashRunner::new(BashSettings {
                workspace: config.workspace.clone(),
                environment: std::env::vars_os().collect(),
                fabfiles: Fabfiles::new(
                    Arc::<HttpFetch>::default(),
                    logs_channel.clone(),
                    config.data_dir.join("cache").join("fabfiles"),
                ),
                links: config.data_dir.join("cache").join("bin"),
                grace: Grace::default(),
            })?),
            component: Arc::new(ComponentRunner::new(guests.clone())),
            probe: Arc::new(ProbeRunner::new(ProbeSettings {
                secrets: secrets.clone(),
                clock: clock.clone(),
                github_api: github::api_url(),
                ping: which::which("ping").ok(),
                store: store.clone(),
                vitals: vitals.clone(),
            })),
        };
        let terminals = Terminals::default();
        let services = Arc::new(Services::new(current.clone()));
        let duty = Arc::new(DutyRoster::new(DutyParts {
            current: current.clone(),
            secrets: secrets.clone(),
            notices: Some(logs_channel.clone()),
            kept: config.data_dir.join(CALENDAR),
        }));
        let dispatcher = Arc::new(Dispatcher::new(Parts {
            current: current.clone(),
            store: store.clone(),
            clock: clock.clone(),
            runners,
            services: services.clone(),
            formatter: Arc::new(GuestFormatter::new(guests.clone())),
            pulse: pulse.clone(),
            bells: bells.clone(),
            terminals: terminals.clone(),
        }));
        Ok(Self {
            config,
            current,
            replace,
            secrets,
            clock,
            store,
            plugins: Arc::new(GuestPlugins::new(guests.clone())),
            guests,
            registries,
            bells,
            logs_channel,
            lanes: Some(lanes),
            terminals,
            services,
            duty,
            pulse,
            vitals,
            dispatcher,
            socket,
            _owner: owner,
        })
    }

    fn intake(&self, slack: Option<&Slack>, stop: &CancellationToken) -> Arc<Intake> {
        Arc::new(Intake::new(IntakeParts {
            current: self.current.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            services: self.services.clone(),
            duty: self.duty.clone(),
            directory: slack.map(Slack::directory),
            bells: self.bells.clone(),
            terminals: self.terminals.clone(),
            stop: stop.clone(),
        }))
    }

    fn command_line(&self, intake: Arc<Intake>) -> CommandLine {
        CommandLine {
            current: self.current.clone(),
            clock: self.clock.clone(),
            intake,
            terminals: self.terminals.clone(),
        }
    }

    fn reloader(&self, begun: Begun) -> reload::Reloader {
        reload::Reloader {
            replace: self.replace.clone(),
            current: self.current.clone(),
            secrets: self.secrets.clone(),
            bells: self.bells.clone(),
            logs_channel: self.logs_channel.clone(),
            guests: self.guests.clone(),
            registries: self.registries.clone(),
            begun,
            news: reload::News::default(),
        }
    }

    fn sender(&self, slack: Option<&Slack>, github: Option<&Github>) -> Arc<Sender> {
        Arc::new(Sender {
            store: self.store.clone(),
            clock: self.clock.clone(),
            slack: slack.map(Slack::target),
            github: github.map(Github::target),
            // Where there is no way to GitHub, only a terminal is served.
            http: github.map(|_| self.requests()),
            mail: github.map(|_| self.mail()),
            terminal: Arc::new(self.terminals.clone()),
            current: self.current.clone(),
            bells: self.bells.clone(),
        })
    }
}

impl App {
    /// The way out for requests of alert plugins.
    fn requests(&self) -> Arc<dyn Target> {
        let (secrets, store) = (self.secrets.clone(), self.store.clone());
        let vault = Arc::new(Vault::new(secrets.clone()));
        let reveal = Reveal::new(self.current.clone(), secrets, store, vault);
        Arc::new(HttpTarget::new(
            self.current.clone(),
            Arc::new(reveal),
            self.clock.clone(),
        ))
    }

    /// The way out for mail.
    fn mail(&self) -> Arc<dyn Target> {
        Arc::new(MailTarget::new(self.current.clone(), self.secrets.clone()))
    }

    /// The way to GitHub.
    ///
    /// # Errors
    /// `GITHUB_API_URL` is no address.
    fn github(&self) -> anyhow::Result<Github> {
        Github::new(
            self.current.clone(),
            self.secret("writes to GitHub"),
            self.clock.clone(),
        )
    }

    /// Gives secrets by their names; of one that cannot be read the log says what does not work.
    fn secret(&self, what: &'static str) -> impl Fn(&str) -> Option<Secret> + Clone + Send + Sync + 'static {
        let secrets = self.secrets.clone();
        move |name: &str| {
            secrets.get(name).unwrap_or_else(|error| {
                tracing::error!(%error, "there is nothing that {what}");
                None
            })
        }
    }

    /// The triggers that are sent webhooks.
    ///
    /// # Errors
    /// A secret that a namespace was granted cannot be read.
    fn webhooks(
        &self,
        intake: &Arc<Intake>,
        stop: &CancellationToken,
    ) -> anyhow::Result<(Arc<GithubTrigger>, Arc<HookTrigger>)> {
        reload::readable_secrets(&self.config, &self.secrets)?;
        let secret = self.secret("signs these webhooks: they are refused");
        let github = GithubTrigger::new(self.current.clone(), secret.clone(), intake.clone(), self.clock.clone());
        let parts = HookParts {
            orders: intake.clone(),
            terminals: self.terminals.clone(),
            clock: self.clock.clone(),
            stop: stop.clone(),
        };
        let hooks = HookTrigger::new(self.current.clone(), secret, parts);
        Ok((Arc::new(github), Arc::new(hooks)))
    }

    /// Ends the guests' runtime, off the async threads: a guest that hangs in a file operation makes it wait.
    async fn end_guests(&self) {
        let guests = self.guests.clone();
        if tokio::task::spawn_blocking(move || guests.shutdown(LAST_FILES))
            .await
            .is_err()
        {
            tracing::error!("the guests' runtime could not be ended");
        }
    }

    fn api(&self, intake: &Arc<Intake>, people: Arc<People>, stop: &CancellationToken) -> Router {
        let orders = web::api::routes(web::api::ApiParts {
            command_line: self.command_line(intake.clone()),
            store: self.store.clone(),
            services: self.services.clone(),
            duty: self.duty.clone(),
            clock: self.clock.clone(),
            bells: self.bells.clone(),
            trials: self.trials(),
            draining: stop.clone(),
        });
        web::finish(orders.merge(web::people::routes(people)))
    }

    fn engine(&self) -> Arc<Engine> {
        Engine::new(EngineParts {
            current: self.current.clone(),
            services: self.services.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            bells: self.bells.clone(),
            plugins: self.plugins.clone(),
            duty: self.duty.clone(),
        })
    }

    fn watch(&self) -> Watch {
        Watch::new(WatchParts {
            current: self.current.clone(),
            services: self.services.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            bells: self.bells.clone(),
            vitals: self.vitals.clone(),
        })
    }

    fn trials(&self) -> Trials {
        Trials {
            current: self.current.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            bells: self.bells.clone(),
            plugins: self.plugins.clone(),
        }
    }

    fn health(&self, stop: &CancellationToken) -> web::Health {
        let store = self.store.clone();
        let answers = move || -> BoxFuture<'static, Result<(), String>> {
            let store = store.clone();
            Box::pin(async move {
                match tokio::time::timeout(READY_TIME, store.answers()).await {
                    Ok(answer) => answer.map_err(|error| error.to_string()),
                    Err(_) => Err("the queue does not answer: look at the disk of the data folder".into()),
                }
            })
        };
        web::Health {
            store: Arc::new(answers),
            draining: stop.clone(),
        }
    }
}

/// Forgets what repetitions of old webhooks and starts are recognised by, at the start and then once an hour.
async fn forget(store: Arc<Store>, clock: Arc<dyn Clock>, stop: CancellationToken) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        let pause = match store.forget(clock.now()).await {
            // A full batch: there may be more.
            Ok(forgotten) if forgotten > 0 => Duration::ZERO,
            Ok(_) => FORGET_EVERY,
            Err(error) => {
                tracing::error!(%error, "old keys could not be forgotten; tried again in an hour");
                FORGET_EVERY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(())
}

/// Every component, each once, with whose it is. Files come first: what must be pulled may take its time.
fn components(config: &Config) -> Vec<(ComponentSource, Owner)> {
    let plugins = config.alerts.plugins.values();
    let components: BTreeSet<(ComponentSource, Owner)> = config
        .components()
        .map(|(namespace, source)| (source.clone(), namespace.into()))
        .chain(plugins.map(|plugin| (plugin.component.clone(), (&**plugin).into())))
        .collect();
    components.into_iter().collect()
}

async fn ends_well(task: impl Future<Output = ()>) -> anyhow::Result<()> {
    task.await;
    Ok(())
}

/// Makes the data folder and takes it for this process.
fn own(data_dir: &Path) -> anyhow::Result<File> {
    let make = |folder: &Path| {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))
    };
    for folder in ["logs", "cache", "work"] {
        make(&data_dir.join(folder))?;
    }
    let path = data_dir.join("lock");
    let mut lock = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    match take(&lock, LOOKERS_TIME) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            lock.read_to_string(&mut process)?;
            return Err(Owned {
                process: process.trim().to_owned(),
                data_dir: data_dir.to_owned(),
            }
            .into());
        }
        Err(TryLockError::Error(error)) => return Err(error).context(format!("{} cannot be locked", path.display())),
    }
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())?;
    Ok(lock)
}

/// Locks it for this process. A look at it, as `doctor` takes, shares the lock for a moment and is waited for.
fn take(lock: &File, patience: Duration) -> Result<(), TryLockError> {
    let until = Instant::now() + patience;
    loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => {}
            taken => return taken,
        }
        // Who owns the folder shares it with nobody.
        lock.try_lock_shared()?;
        lock.unlock().map_err(TryLockError::Error)?;
        std::thread::sleep(LOOKERS_STEP);
    }
}

/// No core dump and no ptrace by the same user: hygiene for the tokens in memory, not isolation.
fn keep_memory_private() {
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "this process cannot be made non-dumpable");
    }
}

/// Serving.
impl App {
    /// Takes orders until `stop`; then no new starts, running work gets its grace, and nothing is lost. `hurry` ends
    /// running work at once. `begun` is from before the configuration was read: what changed since is read again, as at every
    /// `hangup`.
    ///
    /// # Errors
    /// What keeps the host from starting, or a loop that ended by itself.
    pub async fn serve(
        mut self,
        stop: CancellationToken,
        hurry: CancellationToken,
        begun: Begun,
        hangup: Signal,
    ) -> anyhow::Result<()> {
        let slack = Slack::from_secrets(&self.config, &self.secrets, self.clock.clone())?;
        let intake = self.intake(slack.as_ref(), &stop);
        let people = self.people()?;
        let at_github = self.github()?;
        let (github, hooks) = self.webhooks(&intake, &stop)?;
        let socket = web::unix::bind(&self.socket)?;
        let listener = TcpListener::bind(self.config.server.listen).await.with_context(|| {
            format!(
                "nothing can listen on {}; see `listen` under [server]",
                self.config.server.listen
            )
        })?;
        let address = listener.local_addr()?;

        self.dispatcher
            .rescue()
            .await
            .context("runs that died with an earlier host cannot be looked up")?;
        intake
            .resume()
            .await
            .context("what was kept undecided cannot be looked up")?;
        let schedules = ScheduleTrigger::resume(
            self.current.clone(),
            intake.clone(),
            self.clock.clone(),
            self.pulse.clone(),
        )
        .await?;
        self.guests.preload(components(&self.config));

        let reloader = self.reloader(begun);
        let lanes = self.lanes.take().context("this host serves already")?;
        let mut tasks = Tasks::default();
        let (after_work, after_deliveries) = (CancellationToken::new(), CancellationToken::new());
        let mut sending = tokio::spawn(
            self.sender(slack.as_ref(), Some(&at_github))
                .run(lanes, after_work.clone()),
        );
        let limits = web::ServerLimits::default();
        let patient = web::ServerLimits {
            connection_time: None,
            drain_time: LAST_WORDS,
            ..limits
        };
        tasks.spawn(
            "socket",
            ends_well(web::serve(
                socket,
                self.api(&intake, people.clone(), &stop),
                patient,
                after_deliveries.clone(),
            )),
        );
        let routes = web::router(web::WebParts {
            github,
            hooks,
            slack: slack.as_ref().map_or_else(Router::new, Slack::routes),
            health: self.health(&stop),
            body_time: BODY_TIME,
        });
        tasks.spawn("web", ends_well(web::serve(listener, routes, limits, stop.clone())));
        match slack {
            Some(slack) => tasks.spawn(
                "slack",
                slack.run(intake.clone(), people, self.current.clone(), stop.clone()),
            ),
            None => tracing::warn!("no SLACK_BOT_TOKEN: nothing is heard from Slack or posted to it"),
        }
        tasks.spawn("missed", ends_well(at_github.ask_for_missed(stop.clone())));
        tasks.spawn("schedule", ends_well(schedules.run(stop.clone())));
        tasks.spawn("reload", reloader.run(hangup, stop.clone()));
        let pruner = Pruner {
            current: self.current.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
        };
        tasks.spawn("alerts", self.engine().run(stop.clone()));
        tasks.spawn("duty", self.duty.clone().run(stop.clone()));
        tasks.spawn("prune", pruner.run(stop.clone()));
        tasks.spawn("watch", self.watch().run(stop.clone()));
        tasks.spawn("forget", forget(self.store.clone(), self.clock.clone(), stop.clone()));
        let mut dispatching = tokio::spawn(self.dispatcher.clone().run(stop.clone()));
        let dispatcher = self.dispatcher.clone();
        let hurrying = tokio::spawn(async move {
            hurry.cancelled().await;
            dispatcher.end_running_work();
        });
        tracing::info!(%address, namespaces = self.config.namespaces.len(), "listening");

        let failed = tokio::select! {
            // In this order: the dispatcher ends when `stop` is cancelled, and that is no failure.
            biased;
            failed = tasks.until(&stop) => failed,
            ended = &mut dispatching => Err(anyhow!("the dispatcher ended by itself: {ended:?}")),
            ended = &mut sending => Err(anyhow!("the outbox ended by itself: {ended:?}")),
        };
        stop.cancel();
        if !dispatching.is_finished() && dispatching.await.is_err() {
            tracing::error!("the dispatcher panicked; what it ran is reported as interrupted after the next start");
        }
        intake.stopped().await;
        after_work.cancel();
        // By its own clock: what is cut in the middle of an upload is sent a second time after the next start.
        if !sending.is_finished() && sending.await.is_err() {
            tracing::error!("the outbox panicked; what it holds is sent after the next start");
        }
        after_deliveries.cancel();
        tasks.end(LAST_TASKS).await;
        hurrying.abort();
        self.end_guests().await;
        self.store.close().await;
        tracing::info!("stopped");
        failed
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn who_only_looks_is_waited_for_and_an_owner_is_not() {
        const FOR_EVER: Duration = Duration::from_secs(60);
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let open = || File::options().create(true).append(true).open(&path).unwrap();
        let (looker, owner, late) = (open(), open(), open());
        looker.lock_shared().unwrap();
        let refused = take(&owner, Duration::ZERO);
        assert!(matches!(refused, Err(TryLockError::WouldBlock)), "{refused:?}");
        std::thread::scope(|scope| {
            let taking = scope.spawn(|| take(&owner, FOR_EVER));
            looker.unlock().unwrap();
            taking.join().unwrap().unwrap();
        });
        let refused = take(&late, FOR_EVER);
        assert!(matches!(refused, Err(TryLockError::WouldBlock)), "{refused:?}");
    }
}
