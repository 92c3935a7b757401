//! What the host's owner accepted of each component: a new digest that could ask for more is pointed out by `check`.
//!
//! The record is beside the configuration (`innkeeper.lock`), so that it is reviewed and kept with it. Only
//! `innkeeper check --accept` writes it; without it nothing is compared. What a component *gets* does not depend on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use innkeeper_core::config::{Config, Program};
use serde::{Deserialize, Serialize};

use super::build::replace;
use crate::guest::describe::{Ask, describe};
use crate::guest::ending::tidy;

const HEAD: &str = "# Written by `innkeeper check --accept`: what each component was, and what it could ask for.\n\n";

/// A name that is longer, in characters, is cut: it is shown.
const LONGEST_NAME: usize = 200;

/// What it matters that a component asks for, and how it is said. The rest is given always or never.
const MATTERS: &[(Ask, &str)] = &[
    (Ask::Http, "outbound HTTP"),
    (Ask::Files, "files"),
    (Ask::Environment, "environment variables"),
];

/// By namespace and file: `reports/table.wasm`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Accepted {
    components: BTreeMap<String, Component>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Component {
    digest: String,
    asks: BTreeSet<Ask>,
}

/// Where the record is.
fn file(config: &Config) -> PathBuf {
    config.file.with_extension("lock")
}

impl Accepted {
    /// What is accepted; none where nothing ever was.
    pub(super) fn read(config: &Config) -> anyhow::Result<Option<Self>> {
        let file = file(config);
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(Some(toml::from_str(&text).with_context(|| {
                format!(
                    "{} cannot be read; `innkeeper check --accept` writes it anew",
                    file.display()
                )
            })?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    /// What the components of the configuration are now.
    pub(super) fn now(config: &Config) -> Self {
        let mut components = BTreeMap::new();
        for namespace in config.namespaces.values() {
            for path in namespace.jobs.values().flat_map(|job| {
                let program = match &job.program {
                    Program::Component { path, .. } => Some(path),
                    Program::Bash { .. } => None,
                };
                program.into_iter().chain(&job.report.formatter)
            }) {
                let inside: &Path = path.strip_prefix(&namespace.folder).unwrap_or(path);
                let name = tidy(&format!("{}/{}", namespace.name, inside.display()), LONGEST_NAME);
                // What cannot be read is an error of `check` already.
                if let Ok(found) = describe(path) {
                    let (digest, asks) = (found.digest, found.asks);
                    components.insert(name, Component { digest, asks });
                }
            }
        }
        Self { components }
    }

    /// Writes the record, and returns where.
    pub(super) fn write(&self, config: &Config) -> anyhow::Result<PathBuf> {
        let file = file(config);
        replace(&file, format!("{HEAD}{}", toml::to_string_pretty(self)?).as_bytes())?;
        Ok(file)
    }

    /// A sentence for each component that could ask for more than was accepted.
    pub(super) fn more_in(&self, now: &Self) -> Vec<String> {
        let more = |(name, new): (&String, &Component)| {
            let old = self.components.get(name);
            let asked = |ask| old.is_some_and(|old| old.asks.contains(ask));
            let added = MATTERS.iter().filter(|(ask, _)| new.asks.contains(ask) && !asked(ask));
            let added: Vec<&str> = added.map(|(_, words)| *words).collect();
            let added = (!added.is_empty()).then(|| added.join(", "))?;
            Some(match old {
                Some(_) => format!("`{name}` changed and could now ask for {added} (it could not before)"),
                None => format!("`{name}` is new and could ask for {added}"),
            })
        };
        now.components.iter().filter_map(more).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    fn one(digest: &str, asks: &[Ask]) -> Accepted {
        let component = Component {
            digest: digest.into(),
            asks: asks.iter().copied().collect(),
        };
        Accepted {
            components: BTreeMap::from([("lab/x.wasm".into(), component)]),
        }
    }

    #[test]
    fn only_what_could_ask_for_more_is_pointed_out() {
        let old = one("sha256:1", &[Ask::Basics, Ask::Files]);
        assert_eq!(old.more_in(&one("sha256:2", &[Ask::Files])), Vec::<String>::new());
        assert_eq!(old.more_in(&one("sha256:2", &[Ask::Sockets])), Vec::<String>::new());
        let said = old.more_in(&one("sha256:2", &[Ask::Files, Ask::Http]));
        insta::assert_snapshot!(said[0], @"`lab/x.wasm` changed and could now ask for outbound HTTP (it could not before)");
        let said = Accepted::default().more_in(&old);
        insta::assert_snapshot!(said[0], @"`lab/x.wasm` is new and could ask for files");
    }

    #[test]
    fn the_record_reads_as_it_was_written() {
        let old = one("sha256:1", &[Ask::Http]);
        let text = toml::to_string_pretty(&old).unwrap();
        assert_eq!(toml::from_str::<Accepted>(&text).unwrap(), old);
    }
}
