//! What the unit tests of runners run in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use innkeeper_core::config::{ComponentInspector, Config, Grants, Namespace, World};

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

struct NoComponents;

impl ComponentInspector for NoComponents {
    fn inspect(&self, _: &Path) -> Result<World, String> {
        Err("is no component".into())
    }
}

/// The configuration of a host in `home` that says nothing.
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
pub(crate) fn config(home: &Path) -> Config {
    let file = home.join("innkeeper.toml");
    std::fs::write(&file, "").unwrap();
    std::fs::create_dir_all(home.join("workspace")).unwrap();
    Config::load(&file, &NoComponents).unwrap().config
}
