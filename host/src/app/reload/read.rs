//! From the files to a configuration that can replace the one in force; or why there is none.

use std::path::Path;
use std::sync::Arc;

use innkeeper_core::config::secrets::{SecretError, Secrets};
use innkeeper_core::config::{Config, Loaded};
use innkeeper_core::report::notice;

use super::{bytes_of, same_folder};
use crate::guest::inspect::Inspector;

/// The host's own secret for webhooks: trusted namespaces use it without naming it.
const HOST_SECRET: &str = "GITHUB_WEBHOOK_SECRET";

/// A configuration to put in force.
pub(super) struct Settled {
    pub(super) config: Config,
    /// `innkeeper.toml`, as it was read.
    pub(super) host_file: Vec<u8>,
    /// What is wrong with it all the same.
    pub(super) said: Option<String>,
}

/// Why nothing changes: a sentence; what there is to say besides; and what of that is for the logs channel, which shows nothing
/// of the files themselves.
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) detail: String,
    pub(super) brief: String,
}

impl Refused {
    fn plainly(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            detail: String::new(),
            brief: String::new(),
        }
    }
}

/// Reads the configuration, off the async threads, and settles what of it can replace `old`. `host_file` is what
/// `innkeeper.toml` was when that was read.
pub(super) async fn read_again(old: &Arc<Config>, host_file: &[u8], secrets: Arc<Secrets>) -> Result<Settled, Refused> {
    let (old, before) = (old.clone(), host_file.to_vec());
    let reading = tokio::task::spawn_blocking(move || {
        // Before the rest: a change in between is read again.
        let host_file = bytes_of(&old.file);
        if is_blank(&host_file) && !is_blank(&before) {
            return Err(Refused::plainly("innkeeper.toml is empty, or cannot be read"));
        }
        let loaded = load(&old.file)?;
        settle(&old, loaded, host_file == before, &secrets).map(|(config, said)| Settled {
            config,
            host_file,
            said,
        })
    });
    match reading.await {
        Ok(read) => read,
        Err(panic) => Err(Refused::plainly(format!("reading it made the host panic: {panic}"))),
    }
}

/// An editor or a full disk may leave nothing of a file: that is no configuration, though it could be read as one.
fn is_blank(file: &[u8]) -> bool {
    file.iter().all(u8::is_ascii_whitespace)
}

fn load(file: &Path) -> Result<Loaded, Refused> {
    Config::load_what_runs(file, &Inspector).map_err(|problems| Refused {
        why: format!("it has {}", problems.summary()),
        detail: problems.render(false),
        brief: problems.brief(),
    })
}

fn settle(
    old: &Config,
    loaded: Loaded,
    same_grants: bool,
    secrets: &Secrets,
) -> Result<(Config, Option<String>), Refused> {
    let mut config = loaded.config;
    only_what_can_change(old, &mut config)?;
    readable_secrets(&config, secrets).map_err(|error| Refused::plainly(error.to_string()))?;
    let broken = config.left_out.clone();
    let kept = if same_grants {
        keep_what_broke(old, &mut config)
    } else {
        Vec::new()
    };
    let said = (!broken.is_empty()).then(|| {
        tracing::warn!(namespaces = ?broken, ?kept, detail = loaded.problems.render(false), "namespaces have errors");
        notice::reloaded_without(&broken, &kept, &loaded.problems.brief())
    });
    Ok((config, said))
}

/// Reads every secret that signs webhooks.
///
/// # Errors
/// One is there and cannot be used.
pub(in crate::app) fn readable_secrets(config: &Config, secrets: &Secrets) -> Result<(), SecretError> {
    let names = config.webhook_secrets.iter().map(String::as_str);
    for name in names.chain([HOST_SECRET]) {
        secrets.get(name)?;
    }
    Ok(())
}

/// Refuses what only a restart can change. `data_dir` is taken in its one spelling.
fn only_what_can_change(old: &Config, new: &mut Config) -> Result<(), Refused> {
    let checks = [
        ("data_dir", same_folder(&old.data_dir, &new.data_dir)),
        ("workspace", old.workspace == new.workspace),
        ("server.listen", old.server == new.server),
        ("slack.mode", old.slack.mode == new.slack.mode),
        ("slack.join_public_channels", old.slack.join == new.slack.join),
        ("max_runs", old.capacity.runs == new.capacity.runs),
        (
            "max_guest_memory_mb",
            old.capacity.guest_memory == new.capacity.guest_memory,
        ),
    ];
    let changed: Vec<String> = checks
        .iter()
        .filter(|(_, same)| !same)
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    if !changed.is_empty() {
        return Err(Refused::plainly(format!(
            "it changes {}, which only a restart can; until then, nothing of it is in force",
            changed.join(", ")
        )));
    }
    new.data_dir.clone_from(&old.data_dir);
    Ok(())
}

/// Keeps the namespaces that are left out as they were. Says which.
fn keep_what_broke(old: &Config, new: &mut Config) -> Vec<String> {
    let mut kept = Vec::new();
    new.left_out.retain(|name| match old.namespaces.get(name) {
        Some(namespace) => {
            new.namespaces.insert(name.clone(), Arc::clone(namespace));
            kept.push(name.clone());
            false
        }
        None => true,
    });
    // With their services: what was told of an incident, and is still to be told, is not forgotten.
    let of_kept = |namespace: &String| kept.contains(namespace);
    for (key, check) in old
        .alerts
        .checks
        .iter()
        .filter(|((namespace, _), _)| of_kept(namespace))
    {
        new.alerts.checks.insert(key.clone(), Arc::clone(check));
    }
    for (name, service) in old
        .alerts
        .services
        .iter()
        .filter(|(_, service)| of_kept(&service.namespace))
    {
        let place = new.alerts.services.entry(name.clone());
        place.or_insert_with(|| Arc::clone(service));
    }
    kept
}
