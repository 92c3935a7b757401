//! `innkeeper build --push`: what was built, into a registry, and the line that runs it from there.

use std::path::Path;

use innkeeper_core::config::Places;
use innkeeper_core::config::oci::{OciReference, RegistryPrefix, lock_file};

use super::super::{Ended, Misuse, block_on, print};
use super::Source;
use crate::guest::describe::describe;
use crate::guest::inspect::judge;
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
    let registries = Registries::new(lock_file(&places.file), &places.data_dir, judge);
    block_on("warn", async move {
        let mut ended = Ended::Done;
        for (source, reference) in guests {
            let pushed = match artifact(&source.output) {
                Ok(artifact) => registries.push(reference, artifact).await,
                Err(why) => Err(format!("cannot be pushed: {why}")),
            };
            match pushed {
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

/// What is pushed of a component, where it would start.
fn artifact(file: &Path) -> Result<Artifact, String> {
    let component = std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let description = describe(file)?;
    match description.refused {
        Some(why) => Err(format!("it would not start: it {why}")),
        None => Ok(Artifact {
            component: component.into(),
            imports: description.imports,
            exports: description.exports,
        }),
    }
}
