//! What unit tests of several parts begin with.

use std::path::Path;

use innkeeper_core::config::Config;

use crate::guest::inspect::Inspector;

/// The configuration of a host in `home` that says nothing.
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
pub(crate) fn config(home: &Path) -> Config {
    let file = home.join("innkeeper.toml");
    std::fs::write(&file, "").unwrap();
    std::fs::create_dir_all(home.join("workspace")).unwrap();
    Config::load_what_runs(&file, &Inspector).unwrap().config
}
