//! What a stranger's component is and could ask for, for `innkeeper inspect`.
//!
//! The file may be hostile: see [`inspect`](super::inspect). What it imports and exports is read from its outermost
//! sections; who made it, from the `producers` sections of all that is nested in it, by a parser that keeps its own
//! stack and sees every byte once. Names come out [`tidy`].

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasmparser::{BinaryReader, Parser, Payload, ProducersSectionReader};

use super::ending::tidy;
use super::inspect::{NAME_CHARACTERS, inspect_bytes, outline, read, sentence};
use super::wing::Edition;

/// What is listed of names that a file may have thousands of.
const MOST_NAMES: usize = 50;
/// How many `producers` sections are read: a component has one for each module in it.
const MOST_SECTIONS: usize = 256;
/// How deep is looked: the parser remembers each level, and a file can have millions.
const MOST_LEVELS: usize = 100;
/// componentize-py does not sign its work, but a module in it imports from its runtime; within so many imports.
const SIGNED_WITHIN: usize = 100;

/// What a component is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The world it is of, by what it exports; none that this host knows.
    pub world: Option<&'static str>,
    /// The edition of WASI that it needs; none where it would not start.
    pub wasi: Option<&'static str>,
    /// Why it would not start here; none where it would.
    pub refused: Option<String>,
    /// What it could ask for.
    pub asks: BTreeSet<Ask>,
    /// Imports that are nobody's here, by full name.
    pub unknown: Vec<String>,
    /// All that it imports, by full name, in the file's order.
    pub imports: Vec<String>,
    /// All that it exports.
    pub exports: Vec<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its digest, as `sha256:` and hexadecimal digits.
    pub digest: String,
    /// The language that it was probably written in.
    pub language: Option<String>,
    /// What it was made with, name and version.
    pub producers: BTreeSet<String>,
}

/// What a component could ask for, by what it imports. In the order that they are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Outbound HTTP.
    Http,
    /// Folders and files.
    Files,
    /// Environment variables. Its arguments come by the same door.
    Environment,
    /// Raw sockets and the resolving of names.
    Sockets,
    /// What costs nobody anything: arguments, a clock, random numbers, stdin, stdout, stderr, its exit code.
    Basics,
    /// What Innkeeper itself offers: progress, lines for the log.
    Innkeeper,
}

/// Whose imports ask for what: the first that the name begins with.
const ASKS: &[(&str, Ask)] = &[
    ("wasi:http/", Ask::Http),
    ("wasi:filesystem/", Ask::Files),
    ("wasi:cli/environment@", Ask::Environment),
    ("wasi:sockets/", Ask::Sockets),
    ("wasi:cli/", Ask::Basics),
    ("wasi:clocks/", Ask::Basics),
    ("wasi:random/", Ask::Basics),
    ("wasi:io/", Ask::Basics),
    ("innkeeper:guest/", Ask::Innkeeper),
];

/// What a guest of each world exports: an interface, or a function by its plain name.
const WORLDS: &[(&str, &str)] = &[
    ("wasi:cli/run", "command"),
    ("run", "job"),
    ("format", "report-format"),
    ("send-alert", "alert"),
    ("wasi:http/incoming-handler", "an HTTP server"),
];

/// Tools that make components of one language, wherever in it they signed.
const TOOLS: &[(&str, &str)] = &[
    ("componentize-py", "Python"),
    ("componentizejs", "JavaScript"),
    ("starlingmonkey", "JavaScript"),
    ("tinygo", "Go"),
];
/// Compilers, where they signed the first module: those that follow are interpreters' and adapters'.
const COMPILERS: &[(&str, &str)] = &[("rustc", "Rust"), ("zig", "Zig"), ("clang", "C or C++")];

/// Looks at the file at `path`.
///
/// # Errors
/// A sentence that says why it is no component, and what to do. It begins with the file's name.
pub fn describe(path: &Path) -> Result<Description, String> {
    read(path)
        .and_then(|bytes| describe_bytes(&bytes))
        .map_err(|why| sentence(path, &why))
}

/// The same for what was read already; the sentence lacks the name.
pub(super) fn describe_bytes(bytes: &[u8]) -> Result<Description, String> {
    let outline = outline(bytes)?;
    let made = made_with(bytes);
    let inspection = inspect_bytes(bytes);
    let edition = inspection.as_ref().map(|found| Edition::of(found.world).as_str());
    let unknown = outline.imports.iter().filter(|name| ask(name).is_none());
    Ok(Description {
        world: world(&outline.exports),
        wasi: edition.ok(),
        refused: inspection.err(),
        asks: outline.imports.iter().filter_map(|name| ask(name)).collect(),
        unknown: listed(unknown),
        imports: listed(&outline.imports),
        exports: listed(&outline.exports),
        bytes: bytes.len() as u64,
        digest: format!("sha256:{}", hex::encode(Sha256::digest(bytes))),
        language: made.language(),
        producers: made.tools,
    })
}

fn ask(import: &str) -> Option<Ask> {
    let known = |(prefix, _): &&(&str, Ask)| import.starts_with(prefix);
    ASKS.iter().find(known).map(|(_, ask)| *ask)
}

fn world(exports: &[String]) -> Option<&'static str> {
    let exported = |name: &str| exports.iter().any(|export| export.split('@').next() == Some(name));
    let found = WORLDS.iter().find(|(name, _)| exported(name));
    found.map(|(_, world)| *world)
}

fn listed<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let tidied = names.into_iter().map(|name| tidy(name, NAME_CHARACTERS));
    tidied.take(MOST_NAMES).collect()
}

/// What the `producers` sections say. Nobody checks that it is true.
#[derive(Debug, Default)]
struct Made {
    tools: BTreeSet<String>,
    /// Of the first module: its languages, and what processed it.
    main_languages: BTreeSet<String>,
    main_tools: BTreeSet<String>,
}

impl Made {
    fn language(&self) -> Option<String> {
        let signed = |tools: &BTreeSet<String>, table: &[(&str, &'static str)]| {
            let by = |piece: &str| tools.iter().any(|name| name.to_lowercase().contains(piece));
            let found = table.iter().find(|(piece, _)| by(piece));
            found.map(|(_, language)| (*language).to_owned())
        };
        signed(&self.tools, TOOLS)
            .or_else(|| self.main_languages.first().cloned())
            .or_else(|| signed(&self.main_tools, COMPILERS))
    }

    fn add(&mut self, reader: BinaryReader<'_>, is_main: bool) -> wasmparser::Result<()> {
        for field in ProducersSectionReader::new(reader)? {
            let field = field?;
            for value in field.values {
                let value = value?;
                let name = tidy(value.name, NAME_CHARACTERS);
                if field.name == "language" {
                    insert(&mut self.main_languages, &name, is_main);
                    continue;
                }
                insert(&mut self.main_tools, &name, is_main);
                let version = tidy(value.version, NAME_CHARACTERS);
                insert(&mut self.tools, format!("{name} {version}").trim_end(), true);
            }
        }
        Ok(())
    }
}

fn insert(set: &mut BTreeSet<String>, name: &str, wanted: bool) {
    if wanted && set.len() < MOST_NAMES {
        set.insert(name.to_owned());
    }
}

/// Reads every `producers` section, as far as the file can be read.
fn made_with(bytes: &[u8]) -> Made {
    let (mut made, mut left, mut modules) = (Made::default(), MOST_SECTIONS, 0_u64);
    let mut levels = 0_usize;
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } if levels == MOST_LEVELS => break,
            Payload::ComponentSection { .. } => levels += 1,
            Payload::ModuleSection { .. } => {
                levels += 1;
                modules += 1;
            }
            Payload::End(_) => levels = levels.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == "producers" && left > 0 => {
                left -= 1;
                // A section that cannot be read says nothing.
                let _ = made.add(BinaryReader::new(section.data(), section.data_offset()), modules == 1);
            }
            Payload::ImportSection(section) if made.tools.len() < MOST_NAMES => {
                let mut imports = section.into_imports().map_while(Result::ok).take(SIGNED_WITHIN);
                if imports.any(|import| import.name.contains("componentize_py")) {
                    made.tools.insert("componentize-py".to_owned());
                }
            }
            _ => {}
        }
    }
    made
}

#[cfg(test)]
mod tests;
