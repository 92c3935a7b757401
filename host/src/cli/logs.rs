//! `innkeeper logs`: what a run wrote, as it wrote it. On a terminal, without what would drive the terminal.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Read, Write};

use anyhow::Context;
use innkeeper_core::config::Config;
use innkeeper_core::report;
use innkeeper_core::run::{RunId, log_folder};
use innkeeper_core::store::{RunEndView, RunView, Store};

use super::Ended;

pub(super) async fn run(config: &Config, run: RunId, stderr: bool) -> anyhow::Result<Ended> {
    let Some(view) = Store::open_read_only(&config.data_dir)?.run(run).await? else {
        eprintln!("there is no run {run}; `innkeeper status` lists what runs");
        return Ok(Ended::Failed);
    };
    let folder = log_folder(&view.namespace, &view.job, view.started, run);
    let file = config
        .data_dir
        .join("logs")
        .join(folder)
        .join(if stderr { "stderr" } else { "stdout" });
    let mut bytes = Vec::new();
    match File::open(&file).and_then(|mut file| file.read_to_end(&mut bytes)) {
        // A run that printed nothing has no log.
        Err(error) if error.kind() == ErrorKind::NotFound && !wrote(&view, stderr) => say_how_it_ended(&view, stderr),
        read => {
            read.with_context(|| format!("the log {} cannot be read", file.display()))?;
        }
    }
    let mut out = std::io::stdout().lock();
    let written = match out.is_terminal() {
        true => out.write_all(report::readable(&bytes).as_bytes()),
        false => out.write_all(&bytes),
    };
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(Ended::Done)
}

/// Says how a run ended that left nothing, beside what a program may read.
fn say_how_it_ended(run: &RunView, stderr: bool) {
    if let Some(end) = &run.end {
        let stream = if stderr { "stderr" } else { "stdout" };
        let how = report::ended(&end.ending, end.took());
        eprintln!("run {} wrote nothing to {stream}. How it ended: {how}", run.id);
    }
}

/// Whether there is something in the log of this stream. A run that goes on may have printed nothing yet.
fn wrote(run: &RunView, stderr: bool) -> bool {
    let stream = |end: &RunEndView| if stderr { end.stderr } else { end.stdout };
    run.end.as_ref().is_some_and(|end| stream(end).kept > 0)
}
