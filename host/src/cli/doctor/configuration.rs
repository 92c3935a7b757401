//! The configuration: what `check` says.

use std::path::Path;

use innkeeper_core::config::{Config, Problems};

use super::Finding;
use crate::guest::inspect::Inspector;

const ABOUT: &str = "configuration";

/// What is to be said of it, and the configuration as far as a host could run with it.
pub(super) fn look(file: &Path) -> (Vec<Finding>, Option<Config>) {
    match Config::load_what_runs(file, &Inspector) {
        Ok(loaded) => (vec![of_loaded(&loaded.config, &loaded.problems)], Some(loaded.config)),
        Err(problems) => {
            let says = format!(
                "{} has {}, and the host does not start",
                file.display(),
                problems.summary()
            );
            let remedy = format!("see `{}`; then run this again: the rest was not looked at", check(file));
            (vec![Finding::problem(ABOUT, says, remedy)], None)
        }
    }
}

fn of_loaded(config: &Config, problems: &Problems) -> Finding {
    let remedy = format!("see `{}`", check(&config.file));
    if !config.left_out.is_empty() {
        let says = format!("left out, since its files have errors: {}", config.left_out.join(", "));
        return Finding::problem(ABOUT, says, remedy);
    }
    if !problems.is_empty() {
        return Finding::note(
            ABOUT,
            format!("{} has {}", config.file.display(), problems.summary()),
            remedy,
        );
    }
    let jobs: usize = config.namespaces.values().map(|namespace| namespace.jobs.len()).sum();
    let says = format!(
        "{}: {} namespaces, {jobs} jobs",
        config.file.display(),
        config.namespaces.len()
    );
    match jobs {
        0 => Finding::note(
            ABOUT,
            says,
            "there is nothing to run yet: `innkeeper init` begins a namespace",
        ),
        _ => Finding::ok(ABOUT, says),
    }
}

fn check(file: &Path) -> String {
    match file.file_name() == Some("innkeeper.toml".as_ref()) {
        true => "innkeeper check".to_owned(),
        false => format!("innkeeper --config {} check", file.display()),
    }
}
