//! `innkeeper pull`: every component that the configuration names in a registry, pulled and pinned.

use std::collections::BTreeSet;
use std::path::Path;

use innkeeper_core::config::oci::{OciReference, lock_file};
use innkeeper_core::config::{ComponentSource, Config, Loaded, Problems};

use super::{Ended, Misuse, print, print_problems};
use crate::guest::inspect::{Inspector, judge};
use crate::registry::Registries;

/// What came of one component, in words that follow its reference.
type Line = Result<String, String>;

/// The configuration, as `serve` would have it. What it warns of is mostly what is done here.
pub(super) fn load(file: &Path) -> anyhow::Result<Loaded> {
    let refused = |problems: Problems| {
        print_problems(&problems);
        Misuse(format!(
            "the configuration has {}; nothing was pulled",
            problems.summary()
        ))
    };
    let loaded = Config::load_what_runs(file, &Inspector).map_err(refused)?;
    if !loaded.config.left_out.is_empty() {
        print_problems(&loaded.problems);
    }
    Ok(loaded)
}

pub(super) async fn run(loaded: &Loaded, update: bool) -> anyhow::Result<Ended> {
    let config = &loaded.config;
    let registries = Registries::new(lock_file(&config.file), &config.data_dir, judge);
    let references = references(config);
    if references.is_empty() {
        eprintln!("nothing to pull: no job names a component in a registry");
    }
    let mut ended = Ended::Done;
    for reference in &references {
        let line = match update {
            true => move_pin(&registries, reference).await,
            false => ensure(&registries, reference).await,
        };
        match line {
            Ok(did) => print(format!("{reference}: {did}"))?,
            Err(why) => {
                print(format!("{reference}: failed: it {why}"))?;
                ended = Ended::Failed;
            }
        }
    }
    // What the others name is not known: their pins stay.
    if !loaded.config.left_out.is_empty() {
        eprintln!(
            "left out, since their configuration has errors: {}",
            loaded.config.left_out.join(", ")
        );
        return Ok(Ended::Failed);
    }
    let forgotten = registries.keep_pins(references.into_iter().collect()).await;
    for reference in forgotten.map_err(anyhow::Error::msg)? {
        eprintln!("{reference}: no job and no plugin names it any more; its pin was removed");
    }
    Ok(ended)
}

fn references(config: &Config) -> BTreeSet<OciReference> {
    let of_jobs = config.components().map(|(_, source)| source);
    let of_plugins = config.alerts.plugins.values().map(|plugin| &plugin.component);
    let references = of_jobs.chain(of_plugins).filter_map(|source| match source {
        ComponentSource::Registry(reference) => Some(reference.clone()),
        ComponentSource::File(_) => None,
    });
    references.collect()
}

async fn ensure(registries: &Registries, reference: &OciReference) -> Line {
    let pulled = registries.ensure(reference).await?;
    Ok(match pulled.anew {
        true => format!("pulled {}", pulled.pin.manifest),
        false => "unchanged".into(),
    })
}

/// Pins what the reference leads to now. What could not run here is not pinned in the place of what can.
async fn move_pin(registries: &Registries, reference: &OciReference) -> Line {
    let old = registries.pins().await?.pin(reference).cloned();
    let Some(old) = old else {
        return ensure(registries, reference).await;
    };
    let new = registries.fetch(reference).await?;
    if new.pin == old {
        return Ok("unchanged".into());
    }
    if let Err(why) = registries.judge(&new).await {
        return Err(format!(
            "leads to {} now, which cannot run here, so {} stays: it {why}",
            new.pin.manifest, old.manifest
        ));
    }
    let line = format!("{} -> {}", old.manifest, new.pin.manifest);
    registries.pin(reference, new.pin).await?;
    Ok(line)
}
