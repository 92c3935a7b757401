//! JavaScript: ComponentizeJS, from npm. It bundles SpiderMonkey; called as a library, because its command line fails on
//! some machines where the library works.

use std::fs;
use std::path::PathBuf;

use super::shop::{Failed, Shop, program, run, version_of};
use super::source::{Recipe, Source};

/// Its version is in the package file, too.
const TOOL: &str = "componentize-js-0.23.0";
const PACKAGE: &str = include_str!("javascript/package.json");
const SCRIPT: &str = include_str!("javascript/build.mjs");
const NODE: u32 = 20;
const MISSING: &str = "install Node 20 or newer, with npm (https://nodejs.org)";

pub(super) const RECIPE: Recipe = Recipe {
    marker: "app.js",
    version: Some(version),
    make,
};

fn version(_: &Shop) -> Result<String, Failed> {
    Ok(format!("{TOOL} {SCRIPT}"))
}

fn make(shop: &Shop, source: &Source) -> Result<PathBuf, Failed> {
    source.require_wit()?;
    require_node()?;
    let tool = shop.tool(TOOL, |folder| {
        fs::write(folder.join("package.json"), PACKAGE)?;
        let install = ["install", "--silent", "--no-audit", "--no-fund"];
        run(program("npm").current_dir(folder).args(install), MISSING).map(drop)
    })?;
    // Node looks for modules beside the script that imports them.
    let script = tool.join("build.mjs");
    fs::write(&script, SCRIPT)?;
    let draft = shop.draft(source)?;
    let mut node = program("node");
    node.current_dir(&source.folder)
        .arg(script)
        .args(["app.js", "wit"])
        .arg(&draft);
    run(&mut node, MISSING)?;
    Ok(draft)
}

fn require_node() -> Result<(), Failed> {
    let Some(version) = version_of("node") else {
        return Err(Failed::because(format!("node is missing: {MISSING}")));
    };
    let major = version.trim_start_matches('v').split('.').next().unwrap_or_default();
    match major.parse() {
        Ok(major) if (NODE..).contains(&major) => Ok(()),
        _ => Err(Failed::because(format!("Node is {version}: {MISSING}"))),
    }
}
