//! A ping by the system's own program: raw sockets want rights that the host is better without.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::Verdict;
use super::words::{quote, seconds};

/// Sends one echo request and waits for the answer. `host` begins with no `-`.
pub(super) async fn look(program: Option<&Path>, host: &str, patience: Duration) -> Verdict {
    let program = program.ok_or("there is no `ping` on this machine: install it (on Debian, `iputils-ping`)")?;
    let ping = Command::new(program)
        .args(["-n", "-c", "1", "-W"])
        // Whole seconds are understood by every ping.
        .arg(patience.as_secs().max(1).to_string())
        .arg(host)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match ping.await {
        Ok(output) => output,
        Err(error) => return Err(format!("`{}` cannot be run: {error}", program.display())),
    };
    if output.status.success() {
        return Ok(());
    }
    // It says on stderr what keeps it from asking. Without that, there was no answer.
    let said = String::from_utf8_lossy(&output.stderr);
    match said.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(why) => Err(format!("{host} cannot be pinged: {}", quote(why))),
        None => Err(format!("{host} did not answer a ping within {}", seconds(patience))),
    }
}
