//! A process with a process group of its own, which ends as a whole.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::signal::unix::{self, SignalKind};
use tokio::time::timeout;

/// A killed process is gone at once, but for one that waits for a broken disk.
const REAPED_WITHIN: Duration = Duration::from_secs(5);

/// A process that leads a process group. Dropped, it takes the group with it.
///
/// The number of a group is its leader's, and may belong to somebody else once the leader has been waited for. So the
/// leader is only looked at when it has ended, and waited for when the group has had its last signal.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    /// Heard of when any child of the host has ended.
    children: unix::Signal,
}

impl Process {
    /// Starts `command` as the leader of a new group.
    pub(super) fn spawn(command: &mut Command) -> io::Result<Self> {
        let children = unix::signal(SignalKind::child())?;
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self { child, group, children })
    }

    pub(super) fn take_pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits until the leader has ended. Its group may live on.
    pub(super) async fn ended(&mut self) {
        let Some(leader) = self.group else { return };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            match waitid(WaitId::Pid(leader), look) {
                Ok(Some(_)) => return,
                Ok(None) => drop(self.children.recv().await),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "whether a process has ended cannot be told: it is taken to have");
                    return;
                }
            }
        }
    }

    /// Sends `signal` to everybody in the group.
    pub(super) fn signal(&self, signal: Signal) {
        let Some(group) = self.group else { return };
        match kill_process_group(group, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => tracing::warn!(%group, ?signal, %error, "a signal could not be sent to a job"),
        }
    }

    /// Kills whoever is left in the group, and waits for the leader. None where that cannot be told.
    pub(super) async fn end(mut self) -> Option<ExitStatus> {
        self.signal(Signal::KILL);
        self.group = None;
        match timeout(REAPED_WITHIN, self.child.wait()).await {
            Ok(Ok(status)) => Some(status),
            Ok(Err(error)) => {
                tracing::error!(%error, "how a process ended cannot be told");
                None
            }
            Err(_) => {
                tracing::error!("a killed process does not end: it waits for the machine, a disk perhaps");
                None
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
