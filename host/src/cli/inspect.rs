//! `innkeeper inspect`: what a stranger's component is, what it could ask for, and who could run it as granted.
//!
//! What a component imports is what it *could* ask for. What it gets is what its namespace was granted, and nothing else.

use std::fmt::Write as _;
use std::path::Path;

use innkeeper_core::config::{Allowed, Config, Grants};
use serde_json::json;

use super::{Ended, Misuse, print};
use crate::guest::describe::{Ask, Description, describe};
use crate::guest::inspect::Inspector;
use crate::guest::wing::Edition;

/// How what could be asked for is told.
const WORDS: &[(Ask, &str)] = &[
    (Ask::Http, "outbound HTTP: to granted hosts only"),
    (Ask::Files, "files: in granted folders only"),
    (Ask::Environment, "environment variables: granted ones only"),
    (Ask::Sockets, "raw sockets: never given"),
    (
        Ask::Basics,
        "arguments, clock, random numbers, stdin, stdout, stderr: always given",
    ),
    (Ask::Innkeeper, "progress and lines for the log: always given"),
];

const REMARK: &str = "A toolchain imports more than a job needs: Python and JavaScript always import files and sockets.
What is not granted answers \"not permitted\".";

/// What each world is, for who does not know the word.
const WORLDS: &[(&str, &str)] = &[
    ("command", "a program with a `main` (world `command`)"),
    ("job", "a job (world `job` of innkeeper:guest)"),
    (
        "report-format",
        "a report format (world `report-format` of innkeeper:guest)",
    ),
    ("alert", "an alert plugin (world `alert` of innkeeper:guest)"),
];

/// A namespace that could run it, and with what.
struct Home {
    name: String,
    trusted: bool,
    grants: Grants,
}

pub(super) fn run(config: &Path, file: &Path, as_json: bool) -> anyhow::Result<Ended> {
    if !file.is_file() {
        let why = if file.exists() { "is not a file" } else { "is not there" };
        return Err(Misuse(format!("{} {why}", file.display())).into());
    }
    let description = match describe(file) {
        Ok(description) => description,
        Err(why) if as_json => {
            print(serde_json::to_string_pretty(&json!({ "error": why }))?)?;
            return Ok(Ended::Failed);
        }
        Err(why) => {
            eprintln!("innkeeper: {why}");
            return Ok(Ended::Failed);
        }
    };
    let homes = homes(config);
    if as_json {
        let mut value = serde_json::to_value(&description)?;
        if let Ok(homes) = &homes {
            value["namespaces"] = homes.iter().map(in_json).collect();
        }
        print(serde_json::to_string_pretty(&value)?)?;
    } else {
        print(in_words(&description))?;
        match &homes {
            Ok(homes) if description.refused.is_none() => print(who_could_run_it(&description, homes))?,
            Ok(_) => {}
            Err(why) => eprintln!("\nWho could run it is not told: {why}"),
        }
    }
    Ok(match description.refused {
        None => Ended::Done,
        Some(_) => Ended::Failed,
    })
}

/// The namespaces of the configuration; or why there are none to tell of.
fn homes(config: &Path) -> Result<Vec<Home>, String> {
    if !config.exists() {
        return Err(format!("there is no {}", config.display()));
    }
    let loaded = Config::load(config, &Inspector)
        .map_err(|problems| format!("the configuration has {}; see `innkeeper check`", problems.summary()))?;
    let namespaces = loaded.config.namespaces.into_values();
    let home = namespaces.map(|namespace| Home {
        name: namespace.name.clone(),
        trusted: namespace.grants.trusted,
        grants: namespace.grants.clone(),
    });
    Ok(home.collect())
}

fn in_words(description: &Description) -> String {
    let world = match description.world {
        Some(world) => WORLDS
            .iter()
            .find(|(name, _)| *name == world)
            .map_or(world, |(_, words)| words),
        None => "nothing that this host knows: it exports no world of Innkeeper, and no `main`",
    };
    let edition = match description.wasi {
        Some(edition) => format!(", WASI {edition}"),
        None => String::new(),
    };
    let language = description.language.as_deref().unwrap_or("not said");
    let made: Vec<&str> = description.producers.iter().map(String::as_str).collect();
    let mut text = format!(
        "what       {world}{edition}\nsize       {}\ndigest     {}\nlanguage   {language}\nmade with  {}\n",
        size(description.bytes),
        description.digest,
        if made.is_empty() {
            "not said".to_owned()
        } else {
            made.join(", ")
        }
    );
    if description.asks.is_empty() && description.unknown.is_empty() {
        text.push_str("\nIt could ask for nothing.\n");
    } else {
        text.push_str("\nIt could ask for\n");
    }
    for (_, words) in WORDS.iter().filter(|(ask, _)| description.asks.contains(ask)) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {words}");
    }
    for name in &description.unknown {
        let _ = writeln!(text, "  {name}: unknown here");
    }
    if !description.asks.is_empty() {
        let _ = writeln!(text, "{REMARK}");
    }
    match &description.refused {
        Some(why) => {
            let _ = write!(text, "\nIt would not start here: it {why}");
        }
        None => text.push_str("\nIt would start here."),
    }
    text
}

fn who_could_run_it(description: &Description, homes: &[Home]) -> String {
    if description.world == Some("report-format") {
        return "A report format gets none of it, whatever its namespace was granted.".to_owned();
    }
    if description.world == Some("alert") {
        return "An alert plugin gets none of it, but the `http` of its `[plugins.<name>]` in innkeeper.toml."
            .to_owned();
    }
    if homes.is_empty() {
        return "There is no namespace yet that could run it.".to_owned();
    }
    let lines = homes.iter().map(|home| {
        let trust = trust(home);
        if description.wasi == Some(Edition::Wasi03.as_str()) && !home.grants.async_commands {
            return format!("  {} ({trust}): no, it is not granted `wasi = \"0.3\"`", home.name);
        }
        let grants = granted(home)
            .into_iter()
            .filter(|(ask, _)| description.asks.contains(ask));
        let told: Vec<String> = grants.map(|(_, words)| words).collect();
        match told.is_empty() {
            true => format!("  {} ({trust}): it needs no grant", home.name),
            false => format!("  {} ({trust}): {}", home.name, told.join("; ")),
        }
    });
    let lines: Vec<String> = lines.collect();
    format!("Its namespace decides what it gets:\n{}", lines.join("\n"))
}

fn trust(home: &Home) -> &'static str {
    if home.trusted { "trusted" } else { "untrusted" }
}

/// What a namespace has of what can be asked for, in words.
fn granted(home: &Home) -> Vec<(Ask, String)> {
    let files: Vec<String> = home
        .grants
        .files
        .iter()
        .map(|grant| format!("{}{}", grant.guest, if grant.write { " (to write)" } else { "" }))
        .collect();
    let environment = match &home.grants.env {
        Allowed::All => "the host's environment, less the host's secrets".to_owned(),
        Allowed::Only(names) => list("environment", "no environment", names.iter().cloned().collect()),
    };
    let http = home.grants.http.entries().iter().map(ToString::to_string);
    vec![
        (Ask::Http, list("HTTP to", "no HTTP", http.collect())),
        (Ask::Files, list("files in", "no files", files)),
        (Ask::Environment, environment),
    ]
}

fn list(some: &str, none: &str, names: Vec<String>) -> String {
    match names.is_empty() {
        true => none.to_owned(),
        false => format!("{some} {}", names.join(", ")),
    }
}

fn in_json(home: &Home) -> serde_json::Value {
    let files: Vec<_> = home
        .grants
        .files
        .iter()
        .map(|grant| json!({ "guest": grant.guest, "write": grant.write }))
        .collect();
    let environment = match &home.grants.env {
        Allowed::All => json!("all"),
        Allowed::Only(names) => json!(names),
    };
    let http: Vec<String> = home.grants.http.entries().iter().map(ToString::to_string).collect();
    json!({ "name": home.name, "trusted": home.trusted, "http": http, "files": files, "env": environment })
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
