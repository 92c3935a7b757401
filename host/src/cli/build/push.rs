//! `innkeeper build --push`: what was built, into a registry, and the line that runs it from there.

use std::path::Path;

use anyhow::Context;
use innkeeper_core::config::Places;
use innkeeper_core::config::oci::{OciReference, RegistryPrefix, lock_file};

use super::super::{Ended, Misuse, block_on, print};
use super::Source;
use crate::guest::describe::describe;
use crate::registry::{Artifact, Registries};

/// Where guests are pushed: `PREFIX/<namespace>/<name>:<tag>`.
#[derive(Debug)]
pub(in super::super) struct Destination {
    pub(in super::super) prefix: RegistryPrefix,
    pub(in super::super) tag: String,
}

impl Destination {
    /// What a guest is called there.
    ///
    /// # Errors
    /// [`Misuse`]: a registry takes no such name.
    pub(super) fn of(&self, source: &Source) -> anyhow::Result<OciReference> {
        let reference = self.prefix.reference(&[&source.namespace, &source.name], &self.tag);
        reference.map_err(|why| {
            let name = source.full_name();
            Misuse(format!(
                "{name} cannot be pushed as {}/{name}:{}: {why}",
                self.prefix, self.tag
            ))
            .into()
        })
    }
}

/// Pushes guests that are built, each under its name there. Whether all of them are there.
pub(super) fn run(places: &Places, guests: &[(&Source, OciReference)]) -> anyhow::Result<Ended> {
    let registries = Registries::new(lock_file(&places.file), &places.data_dir);
    block_on("warn", async move {
        let mut ended = Ended::Done;
        for (source, reference) in guests {
            match registries.push(reference, artifact(&source.output)?).await {
                Ok(pushed) => {
                    eprintln!(
                        "{}: pushed; in namespace.toml, wherever it is to run:",
                        source.full_name()
                    );
                    print(format!("component = \"{pushed}\""))?;
                }
                Err(why) => {
                    eprintln!("{}: {reference} {why}", source.full_name());
                    ended = Ended::Failed;
                }
            }
        }
        Ok(ended)
    })
}

fn artifact(file: &Path) -> anyhow::Result<Artifact> {
    let component = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let description = describe(file).map_err(anyhow::Error::msg)?;
    Ok(Artifact {
        component: component.into(),
        imports: description.imports,
        exports: description.exports,
    })
}
