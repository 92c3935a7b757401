//! The direction of the house: imports point down. Cargo keeps it between the two crates; this keeps it inside the
//! edge.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each part of the edge may use of the others. Everybody may use the core.
const MAY_USE: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    (
        "cli",
        &[
            "alerts",
            "app",
            "current",
            "deliver",
            "files",
            "github",
            "guest",
            "memory",
            "registry",
            "slack",
            "telemetry",
            "trigger",
            "runner",
        ],
    ),
    (
        "app",
        &[
            "alerts",
            "bell",
            "current",
            "deliver",
            "dispatcher",
            "fetch",
            "files",
            "github",
            "guest",
            "http_client",
            "notices",
            "registry",
            "runner",
            "slack",
            "trigger",
            "vitals",
            "web",
        ],
    ),
    ("web", &["alerts", "bell", "current", "trigger"]),
    (
        "trigger",
        &[
            "alerts", "bell", "current", "deliver", "files", "github", "slack", "vitals",
        ],
    ),
    (
        "dispatcher",
        &["alerts", "bell", "current", "deliver", "files", "runner", "vitals"],
    ),
    (
        "alerts",
        &[
            "bell", "current", "fetch", "files", "notices", "slack", "testing", "vitals",
        ],
    ),
    (
        "runner",
        &[
            "current",
            "fetch",
            "files",
            "guest",
            "http_client",
            "notices",
            "testing",
            "vitals",
        ],
    ),
    ("deliver", &["bell", "current", "github", "guest", "slack", "testing"]),
    ("guest", &["files", "memory", "registry", "runner"]),
    ("registry", &["files", "http_client"]),
    ("github", &["http_client"]),
    ("slack", &["http_client"]),
    ("bell", &[]),
    ("current", &[]),
    ("fetch", &["http_client"]),
    ("files", &[]),
    ("notices", &[]),
    ("http_client", &[]),
    ("memory", &[]),
    ("telemetry", &[]),
    ("testing", &["guest"]),
    ("vitals", &["current"]),
];

#[test]
fn imports_point_down() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let part = part_of(&source, &file);
        if part == "lib" {
            continue;
        }
        let may = allowed
            .get(part.as_str())
            .unwrap_or_else(|| panic!("layers.rs does not know the part `{part}`"));
        for used in crate_paths(&fs::read_to_string(&file).unwrap()) {
            if used != part && !may.contains(&used.as_str()) {
                wrong.push(format!(
                    "{}: {part} uses {used}",
                    file.strip_prefix(&source).unwrap().display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that point up:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_slack_parts_name_the_slack_crate() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let named: Vec<PathBuf> = rust_files(&source)
        .into_iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains("slack_morphism"))
        .filter(|file| !file.to_string_lossy().contains("slack"))
        .collect();
    assert!(named.is_empty(), "{named:?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The first name below `src`: the part of the house that a file belongs to.
fn part_of(source: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(source).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The parts that `crate::…` paths name, `use crate::{a, b}` included.
fn crate_paths(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => {
                let group = &group[..group.find(';').unwrap_or(group.len())];
                parts.extend(top_level_names(group));
            }
            None => parts.extend(name(rest)),
        }
    }
    parts
}

fn top_level_names(group: &str) -> Vec<String> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0, true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            _ if depth == 0 && start && !character.is_whitespace() => {
                names.extend(name(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    names
}

fn name(text: &str) -> Option<String> {
    let end = text
        .find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}
