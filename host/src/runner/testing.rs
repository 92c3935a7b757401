//! What the unit tests of runners run in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use innkeeper_core::config::{Grants, Namespace};

/// The namespace `demo` with nothing in it.
pub(crate) fn namespace(folder: PathBuf, grants: Grants) -> Namespace {
    Namespace {
        max_runs: 64,
        name: "demo".into(),
        description: None,
        restricted: false,
        default_channel: None,
        fabfile: None,
        folder,
        grants,
        jobs: BTreeMap::new(),
        commands: Vec::new(),
        github: Vec::new(),
        comment_commands: None,
        schedules: Vec::new(),
        keywords: Vec::new(),
        hooks: BTreeMap::new(),
    }
}
