//! `innkeeper check`: every problem at once, nothing run.

use std::path::Path;

use innkeeper_core::config::{AccountLine, Config, Loaded};
use unicode_width::UnicodeWidthStr;

use super::accepted::Accepted;
use super::{Ended, Misuse, print, print_problems};
use crate::guest::inspect::Inspector;

pub(super) fn run(file: &Path, json: bool, accept: bool) -> anyhow::Result<Ended> {
    let loaded = Config::load(file, &Inspector);
    let problems = match &loaded {
        Ok(loaded) => &loaded.problems,
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
                print(summary(&loaded))?;
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

/// A paragraph a namespace: what it has, and what it asks and gets.
fn summary(loaded: &Loaded) -> String {
    let mut text = String::new();
    for (name, namespace) in &loaded.config.namespaces {
        let trust = if namespace.grants.trusted {
            "trusted"
        } else {
            "untrusted"
        };
        let (jobs, commands) = (namespace.jobs.len(), namespace.commands.len());
        text += &format!("{name:<16} {trust}, {jobs} jobs, {commands} commands\n");
        text += &loaded
            .accounts
            .get(name)
            .map(|lines| side_by_side(lines))
            .unwrap_or_default();
    }
    text + "All is well."
}

fn side_by_side(lines: &[AccountLine]) -> String {
    let asks = |line: &AccountLine| line.asks.clone().unwrap_or_else(|| "what is granted".to_owned());
    let width = lines.iter().map(|line| asks(line).width()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        let asked = asks(line);
        let gap = " ".repeat(width - asked.width());
        let gets = if line.gets.is_empty() { "nothing" } else { &line.gets };
        text += &format!("    {:<10} asks {asked}{gap}  gets {gets}\n", line.key);
    }
    text
}
