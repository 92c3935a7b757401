//! Python: componentize-py, from the `PATH` or from PyPI. It bundles CPython and everything that `app.py` imports.

use std::path::PathBuf;
use std::process::Command;

use super::pip::Package;
use super::shop::{Failed, Shop, program, run, version_of};
use super::source::{Recipe, Source};

/// Its components need what the host links; another series of it may need more.
const SERIES: &str = "0.25.";
const PACKAGE: Package = Package {
    name: "componentize-py",
    version: "0.25.1",
};

pub(super) const RECIPE: Recipe = Recipe {
    marker: "app.py",
    version: Some(version),
    make,
};

/// The version of the one on the `PATH`, where it is of our series.
fn installed() -> Option<String> {
    version_of(PACKAGE.name).filter(|version| version.contains(SERIES))
}

fn version(_: &Shop) -> Result<String, Failed> {
    Ok(installed().unwrap_or_else(|| PACKAGE.version()))
}

fn componentize_py(shop: &Shop) -> Result<Command, Failed> {
    match installed() {
        Some(_) => Ok(program(PACKAGE.name)),
        None => PACKAGE.program(shop, PACKAGE.name),
    }
}

fn make(shop: &Shop, source: &Source) -> Result<PathBuf, Failed> {
    source.require_wit()?;
    let draft = shop.draft(source)?;
    let mut tool = componentize_py(shop)?;
    tool.current_dir(&source.folder)
        .args([
            "--wit-path",
            "wit",
            "componentize",
            "--python-path",
            ".",
            "app",
            "--output",
        ])
        .arg(&draft);
    run(&mut tool, "it was there a moment ago")?;
    Ok(draft)
}
