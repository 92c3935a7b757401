//! Logs: one line for each thing that a person would ask about, on stderr. JSON unless stderr is a terminal.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The variable with the tracing filter, for example `debug` or `innkeeper=debug,info`.
pub const FILTER_VARIABLE: &str = "INNKEEPER_LOG";

/// Starts logging. `default_filter` holds where `INNKEEPER_LOG` says nothing.
///
/// # Errors
/// A filter that cannot be read.
pub fn start(default_filter: &str) -> anyhow::Result<()> {
    let filter = match std::env::var(FILTER_VARIABLE) {
        Ok(text) => EnvFilter::try_new(&text)
            .map_err(|error| anyhow::anyhow!("{FILTER_VARIABLE}={text:?} is no tracing filter: {error}"))?,
        Err(_) => EnvFilter::new(default_filter),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        subscriber.compact().init();
    } else {
        subscriber
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .init();
    }
    Ok(())
}
