//! `innkeeper init`: a configuration and a first namespace, that run as they stand.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use innkeeper_core::config::namespace_fault;

use super::{Ended, Misuse};
use crate::files::replace;

const HOST: &str = include_str!("init/innkeeper.toml.in");
const NAMESPACE: &str = include_str!("init/namespace.toml.in");

pub(super) fn run(config: &Path, name: &str) -> anyhow::Result<Ended> {
    if let Some(fault) = namespace_fault(name) {
        let why = format!("a namespace cannot be called `{}`: {fault}", name.escape_debug());
        return Err(Misuse(why).into());
    }
    let folder = config.parent().unwrap_or(Path::new("")).join("workspace").join(name);
    let namespace = folder.join("namespace.toml");
    for taken in [config, &namespace] {
        if taken.symlink_metadata().is_ok() {
            let why = format!("{} is there already, and is left as it is", taken.display());
            return Err(Misuse(why).into());
        }
    }
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (file, text) in [(namespace, NAMESPACE), (PathBuf::from(config), HOST)] {
        replace(&file, fill(text, name, &timezone()).as_bytes())?;
        eprintln!("wrote {}", file.display());
    }
    let program = match config == Path::new("innkeeper.toml") {
        true => "innkeeper".to_owned(),
        false => format!("innkeeper --config {}", config.display()),
    };
    eprintln!(
        "next:\n  {program} check\n  {program} say {name} hello Bob\n  {program} slack-manifest     # the Slack app that it \
         needs\n  {program} doctor             # what is still missing\n  {program} serve"
    );
    Ok(Ended::Done)
}

fn fill(text: &str, name: &str, timezone: &str) -> String {
    text.replace("@NAME@", name).replace("@TIMEZONE@", timezone)
}

/// That of this machine, where it has a name that the configuration may have.
fn timezone() -> String {
    let zone = jiff::tz::TimeZone::system();
    let name = zone.iana_name().filter(|name| *name != "Etc/Unknown");
    let known = name.filter(|name| jiff::tz::TimeZone::get(name).is_ok());
    known.unwrap_or("UTC").to_owned()
}
