//! Runs bash jobs: `bash -c`, in a process group of its own, within its wall time, its output in its log.
//!
//! A bash job is trusted code. Of its grants only environment, folder, time, processes and output are enforced here;
//! quoting the arguments into the script is the template's work.
//!
//! The processes of a run end with it: whatever its group still holds when the script has ended is killed. What has
//! left the group (`setsid`) lives on, and cannot hold the run: its pipes are not read any longer.

mod environment;
mod left_behind;
mod output;
mod process;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::config::{Job, Program};
use innkeeper_core::request::Arguments;
use innkeeper_core::run::{Ending, Outcome};
use rustix::process::Signal;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::environment::{Environment, Folders};
pub use self::left_behind::kill_left_behind;
use self::output::Output;
use self::process::Process;
use super::fabfile::{Fabfiles, Ready};
use super::log::RunLog;
use super::{Invocation, Runner};

/// What the runner must know of the host.
#[derive(Clone, Debug)]
pub struct BashSettings {
    /// The workspace's root: `PYTHONPATH` of every job.
    pub workspace: PathBuf,
    /// The host's environment, with the granted secrets that are not read from it.
    pub environment: Vec<(OsString, OsString)>,
    /// Fetches the files of namespaces that have a `fabfile`.
    pub fabfiles: Fabfiles,
    /// A folder of the host's own for a link from `python` to `python3`. Made where it is needed.
    pub links: PathBuf,
    /// How patient the runner is.
    pub grace: Grace,
}

/// How long things may take that a run does not wait for in vain.
#[derive(Clone, Copy, Debug)]
pub struct Grace {
    /// From SIGTERM to SIGKILL, at the wall-time limit.
    pub timeout: Duration,
    /// The same, when the run is stopped.
    pub stop: Duration,
    /// How long children may go on writing when the script has ended.
    pub pipes: Duration,
}

impl Default for Grace {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            stop: Duration::from_secs(1),
            pipes: Duration::from_millis(500),
        }
    }
}

/// Runs bash jobs.
#[derive(Clone, Debug)]
pub struct BashRunner {
    environment: Arc<Environment>,
    fabfiles: Fabfiles,
    grace: Grace,
}

impl BashRunner {
    /// Looks for `bash` and `python`, and makes the link that is missing.
    ///
    /// # Errors
    /// The link to `python3` cannot be made.
    pub fn new(settings: BashSettings) -> anyhow::Result<Self> {
        Ok(Self {
            grace: settings.grace,
            fabfiles: settings.fabfiles.clone(),
            environment: Arc::new(Environment::new(settings)?),
        })
    }

    async fn execute(
        self,
        script: Result<String, String>,
        mut invocation: Invocation,
        stop: CancellationToken,
    ) -> Outcome {
        let begun = Instant::now();
        let (ending, (stdout, stderr)) = match RunLog::create(&invocation.log_folder, &invocation.job.limits) {
            Ok(mut log) => {
                let started = match self.refresh_fabfile(&invocation, &mut log, &stop).await {
                    Ok(()) => self.start(script, &mut invocation, &stop),
                    Err(ending) => Err(ending),
                };
                let ending = match started {
                    Ok(process) => {
                        self.watch(process, &mut log, invocation.job.limits.wall_time, &stop)
                            .await
                    }
                    Err(ending) => ending,
                };
                (ending, log.finish())
            }
            Err(error) => (
                no_log(&invocation.log_folder, &error),
                RunLog::nothing(&invocation.log_folder),
            ),
        };
        Outcome {
            ending,
            duration: begun.elapsed(),
            stdout,
            stderr,
            report: None,
        }
    }

    /// Fetches the namespace's fabfile, where it has one. The run's time has not begun: it is the job's.
    async fn refresh_fabfile(
        &self,
        invocation: &Invocation,
        log: &mut RunLog,
        stop: &CancellationToken,
    ) -> Result<(), Ending> {
        let namespace = &invocation.namespace;
        let (Some(url), true) = (&namespace.fabfile, namespace.grants.trusted) else {
            return Ok(());
        };
        tokio::select! {
            ready = self.fabfiles.refresh(&namespace.name, url, &invocation.work_folder) => match ready {
                Ok(Ready::Fresh) => Ok(()),
                Ok(Ready::Stale(why)) => {
                    log.stderr.say(&format!("innkeeper: the last copy of the fabfile is used: {why}\n"));
                    Ok(())
                }
                Err(why) => Err(Ending::NotStarted { why }),
            },
            () = stop.cancelled() => Err(Ending::Interrupted),
        }
    }

    /// Starts the script, or says why it is not started.
    fn start(
        &self,
        script: Result<String, String>,
        invocation: &mut Invocation,
        stop: &CancellationToken,
    ) -> Result<Process, Ending> {
        if stop.is_cancelled() {
            return Err(Ending::Interrupted);
        }
        let not_started = |why| Ending::NotStarted { why };
        let mut command = script
            .and_then(|script| self.command(&script, invocation))
            .map_err(not_started)?;
        let process = Process::spawn(&mut command).map_err(|error| not_started(no_process(&error)))?;
        if let Some(started) = invocation.started.take() {
            // Whoever wanted to know may have gone.
            let _ = started.send(());
        }
        Ok(process)
    }

    fn command(&self, script: &str, invocation: &Invocation) -> Result<Command, String> {
        let namespace = &invocation.namespace;
        if !namespace.grants.trusted {
            return Err(format!(
                "bash jobs need a trusted namespace: write `trust = \"trusted\"` under [namespaces.{}] in innkeeper.toml",
                namespace.name
            ));
        }
        let bash = self
            .environment
            .bash
            .as_ref()
            .ok_or("there is no bash on the host's PATH: install it, and restart the host")?;
        let work = &invocation.work_folder;
        fs::create_dir_all(work).map_err(|error| {
            format!(
                "the folder {} cannot be made ({error}): check its permissions and the disk",
                work.display()
            )
        })?;
        // `fab` looks for its file in the folder that it runs in, and the host writes nothing into the workspace.
        let folder = if namespace.fabfile.is_none() && namespace.folder.is_dir() {
            &namespace.folder
        } else {
            work
        };
        let folders = Folders {
            namespace: &namespace.folder,
            work,
            log: &invocation.log_folder,
        };
        let mut command = Command::new(bash);
        command
            .arg("-c")
            .arg(script)
            .current_dir(folder)
            .env_clear()
            .envs(
                self.environment
                    .of(&invocation.job.grants.env, &invocation.hidden, &folders),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// Follows the process to its end, or brings it about.
    async fn watch(
        &self,
        mut process: Process,
        log: &mut RunLog,
        wall_time: Duration,
        stop: &CancellationToken,
    ) -> Ending {
        let (stdout, stderr) = process.take_pipes();
        let mut output = Output::new(stdout, stderr, log);
        let event = output
            .copy_until(async {
                tokio::select! {
                    biased;
                    () = process.ended() => Event::Ended,
                    () = stop.cancelled() => Event::Stopped,
                    () = sleep(wall_time) => Event::TooLong,
                }
            })
            .await;
        match event {
            Event::Ended => {
                if timeout(self.grace.pipes, output.copy_to_end()).await.is_err() {
                    tracing::info!("a job left processes behind that hold its output: they are not waited for");
                }
                process.end().await.map_or(
                    Ending::Signalled {
                        signal: Signal::KILL.as_raw(),
                    },
                    ending,
                )
            }
            Event::Stopped => {
                end_group(
                    process,
                    &mut output,
                    self.grace.stop,
                    self.grace.pipes,
                    &CancellationToken::new(),
                )
                .await;
                Ending::Interrupted
            }
            Event::TooLong => {
                end_group(process, &mut output, self.grace.timeout, self.grace.pipes, stop).await;
                Ending::TimedOut {
                    after_ms: u64::try_from(wall_time.as_millis()).unwrap_or(u64::MAX),
                }
            }
        }
    }
}

impl Runner for BashRunner {
    fn run(&self, invocation: Invocation, stop: CancellationToken) -> BoxFuture<'static, Outcome> {
        let script = script(&invocation.job, &invocation.arguments);
        Box::pin(self.clone().execute(script, invocation, stop))
    }
}

enum Event {
    Ended,
    Stopped,
    TooLong,
}

/// The job's script with its arguments in it, quoted.
fn script(job: &Job, arguments: &Arguments) -> Result<String, String> {
    match &job.program {
        Program::Bash { script } => script.render(arguments).map_err(|error| error.to_string()),
        Program::Component { .. } => Err(format!("{} is a component: bash cannot run it", job.full_name())),
        Program::Probe(_) => Err(format!(
            "{} is a check of the host's own: bash cannot run it",
            job.full_name()
        )),
    }
}

/// Asks the group to end, gives it `grace` (less where `hurry` is cancelled), and kills it.
async fn end_group(
    mut process: Process,
    output: &mut Output<'_>,
    grace: Duration,
    pipes: Duration,
    hurry: &CancellationToken,
) {
    process.signal(Signal::TERM);
    let leaving = async {
        output.copy_until(process.ended()).await;
        output.copy_to_end().await;
    };
    tokio::select! {
        _ = timeout(grace, leaving) => {}
        () = hurry.cancelled() => {}
    }
    process.end().await;
    // What was written before the end is still in the pipes.
    let _ = timeout(pipes, output.copy_to_end()).await;
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited { code },
        (None, Some(signal)) => Ending::Signalled { signal },
        (None, None) => Ending::Signalled {
            signal: Signal::KILL.as_raw(),
        },
    }
}

fn no_log(folder: &Path, error: &io::Error) -> Ending {
    Ending::NotStarted {
        why: format!(
            "the log folder {} cannot be made ({error}): check its permissions and the disk",
            folder.display()
        ),
    }
}

fn no_process(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ArgumentListTooLong => {
            "the script and its environment are too long for this machine together: pass less, by a file perhaps".into()
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => {
            format!("the machine can start no more processes now ({error}): try again, or raise its limits")
        }
        _ => format!(
            "bash cannot be started ({error}): check that it is installed and that the job's folder can be entered"
        ),
    }
}

#[cfg(test)]
mod tests;
