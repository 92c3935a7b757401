//! What the host's owner accepted of each component: a new digest that could ask for more is pointed out by `check`.
//!
//! The record is beside the configuration (in `innkeeper.lock`, under `accepted`), so that it is reviewed and kept with it.
//! Only `innkeeper check --accept` writes it; without it nothing is compared. What a component *gets* does not depend on
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use innkeeper_core::config::oci::{Lock, lock_file, pulled_component};
use innkeeper_core::config::{ComponentSource, Config};
use serde::{Deserialize, Serialize};

use crate::guest::describe::{Ask, describe};
use crate::guest::ending::tidy;
use crate::registry::LockFile;

/// The key of the record, and what it was called before pins stood beside it.
const KEY: &str = "accepted";
const OLD_KEY: &str = "components";

/// What stands in the place of a namespace for the components of plugins. No namespace can be called so.
const PLUGINS: &str = "[plugins]";

/// A name that is longer, in characters, is cut: it is shown.
const LONGEST_NAME: usize = 200;

/// What it matters that a component asks for, and how it is said. The rest is given always or never.
const MATTERS: &[(Ask, &str)] = &[
    (Ask::Http, "outbound HTTP"),
    (Ask::Files, "files"),
    (Ask::Environment, "environment variables"),
];

/// By namespace and file, or reference: `reports/table.wasm`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    components: BTreeMap<String, Component>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Component {
    digest: String,
    asks: BTreeSet<Ask>,
}

/// The part of the lock file that is about this.
#[derive(Deserialize)]
struct Written {
    #[serde(alias = "components")]
    accepted: Option<BTreeMap<String, Component>>,
}

impl Accepted {
    /// What is accepted; none where nothing ever was.
    pub(super) fn read(config: &Config) -> anyhow::Result<Option<Self>> {
        let file = lock_file(&config.file);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
        };
        Self::parse(&text).with_context(|| {
            format!(
                "{} cannot be read; take out `[{KEY}]`, and `innkeeper check --accept` writes it anew",
                file.display()
            )
        })
    }

    fn parse(text: &str) -> anyhow::Result<Option<Self>> {
        let written: Written = toml::from_str(text)?;
        Ok(written.accepted.map(|components| Self { components }))
    }

    /// What the components of the configuration are now.
    pub(super) fn now(config: &Config) -> anyhow::Result<Self> {
        let lock = Lock::read(&lock_file(&config.file)).map_err(anyhow::Error::msg)?;
        let mut components = BTreeMap::new();
        let of_jobs = config.components();
        let of_jobs = of_jobs.map(|(namespace, source)| (namespace.name.as_str(), &*namespace.folder, source));
        let host = config.file.parent().unwrap_or(Path::new(""));
        let of_plugins = config.alerts.plugins.values();
        let of_plugins = of_plugins.map(|plugin| (PLUGINS, host, &plugin.component));
        for (owner, folder, source) in of_jobs.chain(of_plugins) {
            let (name, file) = match source {
                ComponentSource::File(path) => {
                    let inside: &Path = path.strip_prefix(folder).unwrap_or(path);
                    (inside.display().to_string(), path.clone())
                }
                // What is not here yet is warned of by `check` already.
                ComponentSource::Registry(reference) => match lock.pin(reference) {
                    Some(pin) => (reference.to_string(), pulled_component(&config.data_dir, &pin.digest)),
                    None => continue,
                },
            };
            let name = tidy(&format!("{owner}/{name}"), LONGEST_NAME);
            // What cannot be read is an error of `check` already.
            if let Ok(found) = describe(&file) {
                let (digest, asks) = (found.digest, found.asks);
                components.insert(name, Component { digest, asks });
            }
        }
        Ok(Self { components })
    }

    /// Writes the record, and returns where.
    pub(super) fn write(&self, config: &Config) -> anyhow::Result<PathBuf> {
        let lock = LockFile::new(lock_file(&config.file));
        lock.change(|table| self.put_into(table))?;
        Ok(lock.path().to_owned())
    }

    fn put_into(&self, table: &mut toml::Table) -> anyhow::Result<()> {
        table.remove(OLD_KEY);
        table.insert(KEY.to_owned(), toml::Value::try_from(&self.components)?);
        Ok(())
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
        let mut table = toml::Table::from_iter([(OLD_KEY.to_owned(), toml::Value::from(3))]);
        old.put_into(&mut table).unwrap();
        let text = toml::to_string_pretty(&table).unwrap();
        assert_eq!(Accepted::parse(&text).unwrap(), Some(old));
    }

    #[test]
    fn a_record_of_before_is_read_and_pins_alone_are_none() {
        let old = "[components.\"lab/x.wasm\"]\ndigest = \"sha256:1\"\nasks = [\"http\"]\n";
        assert_eq!(Accepted::parse(old).unwrap(), Some(one("sha256:1", &[Ask::Http])));
        assert_eq!(
            Accepted::parse("[[component]]\nreference = \"oci://x/a:1\"\n").unwrap(),
            None
        );
    }
}
