//! What a person sees of an order: its reports on stdout; that it goes on, on stderr.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use innkeeper_core::message::{Message, Post};
use innkeeper_core::report::terminal;
use innkeeper_core::run::RunId;

use super::print;
use crate::deliver::terminal::Event;

/// How long nothing happens before it is said that work goes on, and how often then.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where stderr is no terminal, a line is kept: fewer of them.
const PATIENCE_IN_A_LOG: Duration = Duration::from_secs(15);

/// Shows events.
pub(super) struct Show {
    json: bool,
    /// When the run began that is being waited for.
    running_since: Option<(String, Instant)>,
    ticker_shown: bool,
}

impl Show {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            running_since: None,
            ticker_shown: false,
        }
    }

    /// Waits, and says from time to time that the work goes on.
    pub(super) async fn wait_for<T>(&mut self, event: impl Future<Output = T>) -> T {
        let live = std::io::stderr().is_terminal();
        let every = if live { PATIENCE } else { PATIENCE_IN_A_LOG };
        let began = Instant::now();
        tokio::pin!(event);
        loop {
            match tokio::time::timeout(every, &mut event).await {
                Ok(value) => {
                    self.clear_ticker();
                    return value;
                }
                Err(_) => self.tick(live, began),
            }
        }
    }

    /// Shows how far a run is: on a terminal in place, in a log not at all, since the log of the run has more.
    fn progress(&mut self, run: RunId, fraction: Option<f64>, line: &str) {
        let percent = fraction.map_or_else(String::new, |fraction| format!(" {:.0}%", fraction * 100.0));
        let since = self
            .running_since
            .as_ref()
            .map_or_else(Instant::now, |(_, since)| *since);
        self.running_since = Some((format!("run {run}:{percent} {line}"), since));
        if std::io::stderr().is_terminal() {
            self.tick(true, since);
        }
    }

    fn tick(&mut self, live: bool, began: Instant) {
        let line = match &self.running_since {
            Some((what, since)) => format!("{what}, {} s", since.elapsed().as_secs()),
            None => format!("waiting, {} s", began.elapsed().as_secs()),
        };
        if live {
            eprint!("\r\x1b[2K\x1b[2m{line}\x1b[0m");
            // What cannot be shown on stderr is only how long it takes.
            let _ = std::io::stderr().flush();
            self.ticker_shown = true;
        } else {
            eprintln!("{line}");
        }
    }

    fn clear_ticker(&mut self) {
        if std::mem::take(&mut self.ticker_shown) {
            eprint!("\r\x1b[2K");
        }
    }

    /// Shows one event.
    pub(super) fn event(&mut self, event: Event) -> anyhow::Result<()> {
        if self.json {
            print(serde_json::to_string(&event)?)?;
            return Ok(());
        }
        match event {
            Event::Accepted {
                suppressed_until: Some(until),
                ..
            } => eprintln!("its job is suppressed until {until}; it waits for that"),
            Event::Accepted { .. } => {}
            Event::Started { run, .. } => self.running_since = Some((format!("run {run} is running"), Instant::now())),
            Event::Progress { run, fraction, line } => self.progress(run, fraction, &line),
            Event::Ended {
                run, ending, reported, ..
            } => {
                self.running_since = None;
                if reported == 0 && !ending.is_success() {
                    eprintln!("run {run} failed; see `innkeeper logs {run} --stderr`");
                }
            }
            Event::Cancelled { request } => eprintln!("request {request} was cancelled: it does not start"),
            Event::Message { message, file } => print_message(message, file)?,
        }
        Ok(())
    }
}

/// Prints a text in Slack's mrkdwn.
pub(super) fn print_text(text: String) -> anyhow::Result<()> {
    print_message(Message::Post(Post::text(text)), None)
}

fn print_message(mut message: Message, content: Option<String>) -> anyhow::Result<()> {
    if let (Message::File(file), Some(content)) = (&mut message, content) {
        file.content = content.into_bytes();
    }
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print(terminal::render(&message, width(), colour).trim_end())
}

/// The terminal's width in columns, or what reads well.
fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let told = || {
        rustix::termios::tcgetwinsize(std::io::stdout())
            .ok()
            .map(|size| usize::from(size.ws_col))
    };
    asked.or_else(told).filter(|columns| *columns > 0).unwrap_or(100)
}
