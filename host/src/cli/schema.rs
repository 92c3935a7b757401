//! `innkeeper schema`: what editors complete a file by.

use innkeeper_core::config::{schema_host, schema_namespace};

use super::{Ended, print};

/// Which file.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Of {
    /// innkeeper.toml
    Host,
    /// namespace.toml
    Namespace,
}

pub(super) fn run(file: Of) -> anyhow::Result<Ended> {
    let schema = match file {
        Of::Host => schema_host(),
        Of::Namespace => schema_namespace(),
    };
    print(serde_json::to_string_pretty(&schema)?)?;
    Ok(Ended::Done)
}
