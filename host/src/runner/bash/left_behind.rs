//! What a bash run left behind when its host was killed.
//!
//! Every process of a run has [`RUN_FOLDER`] in its environment, and so it is found without anything having been written
//! down: whenever the host died, and whatever process group its job has moved to. A process that took the variable out of
//! its environment, or that runs as another user, is not found.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, PidfdFlags, Signal, getpgid, getpgrp, getpid, getppid, kill_process_group, pidfd_open, pidfd_send_signal,
};

/// The run's log folder, in the environment of each of its processes. No two runs have the same.
pub(super) const RUN_FOLDER: &str = "INNKEEPER_RUN_FOLDER";

/// Looks around so often: what is being killed may still start processes.
const LOOKS: u32 = 20;
/// Between two looks: what was killed needs a moment to go.
const PAUSE: Duration = Duration::from_millis(25);

/// Kills what is left of the run whose log is in `folder`, and says how many processes that were. Blocks.
pub fn kill_left_behind(folder: &Path) -> usize {
    let mark = [RUN_FOLDER.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    let mut killed = 0;
    for _ in 0..LOOKS {
        let found = processes().filter(|process| kill_if_marked(*process, &mark)).count();
        if found == 0 {
            return killed;
        }
        killed += found;
        thread::sleep(PAUSE);
    }
    tracing::error!(folder = %folder.display(), "a run that died with the host keeps starting processes");
    killed
}

fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

/// Kills `process` if it belongs to the run, with the group that it leads.
fn kill_if_marked(process: Pid, mark: &[u8]) -> bool {
    // A host that the run itself had started is no leftover when it is the one that looks, nor is whoever waits for it.
    if process == getpid() || Some(process) == getppid() || getpgid(Some(process)).is_ok_and(|group| group == getpgrp())
    {
        return false;
    }
    // Opened before it is looked at: the number cannot become somebody else's meanwhile.
    let Ok(handle) = pidfd_open(process, PidfdFlags::empty()) else {
        return false;
    };
    let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    if !environment.split(|byte| *byte == 0).any(|variable| variable == mark) {
        return false;
    }
    if getpgid(Some(process)).is_ok_and(|group| group == process) {
        // Gone already is as good.
        let _ = kill_process_group(process, Signal::KILL);
    }
    pidfd_send_signal(handle, Signal::KILL).is_ok()
}
