//! `innkeeper check`: every problem at once, nothing run.

use std::path::Path;

use innkeeper_core::config::Config;

use super::accepted::Accepted;
use super::{Ended, Misuse, print, print_problems};
use crate::guest::inspect::Inspector;

pub(super) fn run(file: &Path, json: bool, accept: bool) -> anyhow::Result<Ended> {
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
            compare(&loaded.config, accept)?;
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

/// Points out, on stderr, which components could ask for more than what was accepted; or accepts what there is.
fn compare(config: &Config, accept: bool) -> anyhow::Result<()> {
    if accept {
        let file = Accepted::now(config)?.write(config)?;
        eprintln!("wrote {}", file.display());
    } else if let Some(old) = Accepted::read(config)? {
        for more in old.more_in(&Accepted::now(config)?) {
            eprintln!("warning: {more}; after a look at it (`innkeeper inspect`): `innkeeper check --accept`\n");
        }
    }
    Ok(())
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
