//! `innkeeper check`: every problem at once, nothing run.

use std::path::Path;

use innkeeper_core::config::Config;

use super::{Ended, Misuse, print, print_problems};
use crate::guest::inspect::Inspector;

pub(super) fn run(file: &Path, json: bool) -> anyhow::Result<Ended> {
    let loaded = Config::load(file, &Inspector);
    let problems = match &loaded {
        Ok(loaded) => &loaded.warnings,
        Err(problems) => problems,
    };
    if json {
        print(serde_json::to_string_pretty(&problems.to_json())?)?;
    } else {
        print_problems(problems);
    }
    match loaded {
        Ok(loaded) => {
            if !json {
                print(summary(&loaded.config))?;
            }
            Ok(Ended::Done)
        }
        // With --json the problems are the answer: nothing is left to say.
        Err(_) if json => Ok(Ended::Misused),
        Err(problems) => Err(Misuse(format!("the configuration has {}", problems.summary())).into()),
    }
}

fn summary(config: &Config) -> String {
    let lines = config.namespaces.values().map(|namespace| {
        let trust = if namespace.grants.trusted {
            "trusted"
        } else {
            "untrusted"
        };
        let (jobs, commands) = (namespace.jobs.len(), namespace.commands.len());
        format!("{:<16} {trust}, {jobs} jobs, {commands} commands", namespace.name)
    });
    let mut lines: Vec<String> = lines.collect();
    lines.push("All is well.".to_owned());
    lines.join("\n")
}
