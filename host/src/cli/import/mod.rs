//! `innkeeper import`: namespaces for a team that comes from another bot.
//!
//! ```text
//!   job_configs.py --Python's own parser--> what its literals say --convert--> namespace.toml, and what is left over
//! ```
//!
//! Nothing of the file is run. What is written is what `check` accepts; what could not be carried over is listed, and
//! stands as a comment at the end of the namespace's file.

mod convert;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;
use innkeeper_core::config::Config;

use self::convert::{Imported, Leftover, Read, convert};
use super::new::make_configuration;
use super::{Ended, Misuse, build, print, print_problems};
use crate::files::replace;
use crate::guest::inspect::Inspector;

/// Prints what the file defines, as JSON.
const READER: &str = include_str!("job_configs.py");

/// Whose configuration is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum From {
    /// BennettBot's job_configs.py.
    Bennettbot,
}

pub(super) fn run(config: &Path, from: From, file: &Path) -> anyhow::Result<Ended> {
    let From::Bennettbot = from;
    let (namespaces, mut leftovers) = convert(read(file)?)?;
    make_configuration(config)?;
    let workspace = build::places(config)?.workspace;
    for namespace in &namespaces {
        leftovers.extend(write(config, &workspace, namespace)?);
    }
    for leftover in &leftovers {
        print(leftover)?;
    }
    let source = file.display();
    eprintln!(
        "{} namespaces of {source} are in {}; what could not be carried over: {}\nnext: copy each namespace's scripts \
         into its folder there, and `innkeeper check`",
        namespaces.len(),
        workspace.display(),
        match leftovers.len() {
            0 => "nothing".to_owned(),
            some => format!("{some} things, listed above and at the end of each file"),
        }
    );
    match Config::load(config, &Inspector) {
        Ok(_) => Ok(Ended::Done),
        Err(problems) => {
            print_problems(&problems);
            Ok(Ended::Failed)
        }
    }
}

/// What the literals of the file say.
fn read(file: &Path) -> anyhow::Result<Read> {
    let misuse = |why: String| Misuse(format!("{} cannot be read: {why}", file.display()));
    if !file.is_file() {
        return Err(misuse("there is no such file".into()).into());
    }
    // -I: nothing of the file's folder, nor of the environment, is imported.
    let output = Command::new("python3")
        .args(["-I", "-c", READER])
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            misuse(format!(
                "Python 3.10 or newer is needed for it, and `python3` does not run: {error}"
            ))
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or("python3 failed").to_owned();
        return Err(misuse(last).into());
    }
    serde_json::from_slice(&output.stdout).context("what Python said of the file is not understood")
}

/// Writes a namespace, unless it is there already, and grants it what BennettBot's jobs have.
fn write(config: &Path, workspace: &Path, namespace: &Imported) -> anyhow::Result<Option<Leftover>> {
    let folder = workspace.join(&namespace.name);
    let file = folder.join("namespace.toml");
    if file.symlink_metadata().is_ok() {
        let why = format!("{} is there already, and is left as it is", file.display());
        return Ok(Some(Leftover::of(&namespace.name, namespace.line, why)));
    }
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    replace(&file, namespace.text.as_bytes())?;
    eprintln!("wrote {}", file.display());
    trust(config, &namespace.name).map(|missing| missing.map(|why| Leftover::of(&namespace.name, namespace.line, why)))
}

/// Adds the grant that bash jobs need. None where it is there now.
fn trust(config: &Path, name: &str) -> anyhow::Result<Option<String>> {
    let text = fs::read_to_string(config).with_context(|| format!("{} cannot be read", config.display()))?;
    let parsed: toml::Table = text
        .parse()
        .with_context(|| format!("{} is not TOML", config.display()))?;
    let granted = parsed.get("namespaces").and_then(|namespaces| namespaces.get(name));
    if let Some(granted) = granted {
        let trusted = granted.get("trust").and_then(toml::Value::as_str) == Some("trusted");
        return Ok((!trusted).then(|| format!("[namespaces.{name}] is there already, without `trust = \"trusted\"`")));
    }
    let joint = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let whole = format!("{text}{joint}\n[namespaces.{name}]\ntrust = \"trusted\"    # it has bash jobs\n");
    if whole.parse::<toml::Table>().is_err() {
        // `namespaces` was written inline.
        return Ok(Some(format!(
            "add `{name} = {{ trust = \"trusted\" }}` to `namespaces` yourself"
        )));
    }
    replace(config, whole.as_bytes())?;
    Ok(None)
}
