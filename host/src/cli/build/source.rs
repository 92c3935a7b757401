//! The sources of guests: `workspace/<namespace>/src/<name>/` becomes `workspace/<namespace>/<name>.wasm`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use innkeeper_core::config::{Home, job_fault};
use sha2::{Digest, Sha256};

use super::super::Misuse;
use super::{Failed, Shop, c, javascript, python, rust};

/// The folder of a namespace that holds a folder for each guest.
pub(in super::super) const SOURCES: &str = "src";
/// What is made of sources and not a source.
const MADE: &[&str] = &["target", "node_modules", "__pycache__", ".git"];
/// More than this is no guest's source, but something that got there by mistake.
const MOST_BYTES: u64 = 64 << 20;
const MOST_FILES: usize = 10_000;

/// A language that guests are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in super::super) enum Language {
    /// Built by Cargo.
    Rust,
    /// Built by componentize-py.
    Python,
    /// Built by ComponentizeJS.
    #[value(alias = "javascript")]
    Js,
    /// Built by clang or Zig.
    C,
}

/// Says which tool a shop has, and its version.
type Version = fn(&Shop) -> Result<String, Failed>;

/// How guests of a language are built.
pub(super) struct Recipe {
    /// The file by which a source is known.
    pub(super) marker: &'static str,
    /// The tool and its version, as part of what a guest is made of. None where the tool itself knows what changed.
    pub(super) version: Option<Version>,
    /// Makes the component, and returns where it is.
    pub(super) make: fn(&Shop, &Source) -> Result<PathBuf, Failed>,
}

impl Language {
    const ALL: [Self; 4] = [Self::Rust, Self::Python, Self::Js, Self::C];

    pub(super) fn recipe(self) -> &'static Recipe {
        match self {
            Self::Rust => &rust::RECIPE,
            Self::Python => &python::RECIPE,
            Self::Js => &javascript::RECIPE,
            Self::C => &c::RECIPE,
        }
    }

    /// The word for it after `--lang`.
    pub(in super::super) fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Js => "js",
            Self::C => "c",
        }
    }
}

/// The source of one guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Source {
    /// The namespace's name.
    pub(super) namespace: String,
    /// The name of its folder.
    pub(super) name: String,
    pub(in super::super) folder: PathBuf,
    pub(super) language: Language,
    /// The component that it becomes.
    pub(super) output: PathBuf,
}

impl Source {
    /// Every source of a namespace, by name.
    pub(super) fn all(home: &Home) -> anyhow::Result<Vec<Self>> {
        let folder = home.folder.join(SOURCES);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", folder.display())),
        };
        let names = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        let mut found: Vec<Self> = names.filter_map(|name| Self::find(home, &name)).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The source of a job: what its component is called, or the job itself.
    pub(in super::super) fn of_job(home: &Home, job: &str) -> anyhow::Result<Self> {
        let component = component_of(home, job);
        let name = component.as_deref().unwrap_or(job);
        Self::find(home, name).ok_or_else(|| {
            let folder = home.folder.join(SOURCES).join(name);
            let markers: Vec<&str> = Language::ALL.map(|language| language.recipe().marker).to_vec();
            Misuse(format!(
                "there is no source of {job}: looked in {} for {}",
                folder.display(),
                markers.join(", ")
            ))
            .into()
        })
    }

    fn find(home: &Home, name: &str) -> Option<Self> {
        if job_fault(name).is_some() {
            return None;
        }
        let folder = home.folder.join(SOURCES).join(name);
        let language = Language::ALL
            .into_iter()
            .find(|language| folder.join(language.recipe().marker).is_file())?;
        Some(Self {
            namespace: home.name.clone(),
            name: name.to_owned(),
            output: home.folder.join(format!("{name}.wasm")),
            folder,
            language,
        })
    }

    /// The interfaces that a Python or JavaScript guest has are told by its `wit/`.
    pub(super) fn require_wit(&self) -> Result<(), Failed> {
        match self.folder.join("wit").is_dir() {
            true => Ok(()),
            false => Err(Failed::because(format!(
                "{} has no folder `wit` that says what the guest exports; `innkeeper new` writes one",
                self.folder.display()
            ))),
        }
    }

    /// How it is called in what is said.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// The name, without `.wasm`, of the component that `namespace.toml` names for a job. What is wrong with that file is for
/// `check` to say.
fn component_of(home: &Home, job: &str) -> Option<String> {
    let text = fs::read_to_string(home.folder.join("namespace.toml")).ok()?;
    let table: toml::Table = toml::from_str(&text).ok()?;
    let component = table.get("jobs")?.get(job)?.get("component")?.as_str()?;
    component.strip_suffix(".wasm").map(str::to_owned)
}

/// What a guest is made of: the names and the content of everything in its folder, and the tool.
pub(in super::super) fn fingerprint(folder: &Path, tool: &str) -> Result<String, Failed> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if MADE.iter().any(|made| entry.file_name() == *made) {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
            if files.len() + folders.len() > MOST_FILES {
                return Err(too_much(folder.as_path()));
            }
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(tool.as_bytes());
    let mut left = MOST_BYTES;
    for file in files {
        let about = fs::metadata(&file);
        // A link to nowhere (an editor's lock), a pipe: no source, and nothing to open.
        let Some(about) = about.ok().filter(fs::Metadata::is_file) else {
            continue;
        };
        left = left.checked_sub(about.len()).ok_or_else(|| too_much(folder))?;
        add(file
            .strip_prefix(folder)
            .unwrap_or(&file)
            .as_os_str()
            .as_encoded_bytes());
        add(&fs::read(&file)?);
    }
    Ok(hex::encode(hash.finalize()))
}

fn too_much(folder: &Path) -> Failed {
    Failed::because(format!(
        "{} holds more than {MOST_FILES} files or {} MB; a guest's sources are less: move the rest out",
        folder.display(),
        MOST_BYTES >> 20
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    fn home(folder: &Path) -> Home {
        Home {
            name: "lab".into(),
            folder: folder.into(),
            trusted: true,
        }
    }

    fn write(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_fingerprint_changes_with_names_content_and_tool_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let print = |tool| fingerprint(folder.path(), tool).unwrap_or_default();
        write(folder.path(), "app.py", "one");
        let first = print("1.0");
        assert_ne!(first, "");
        write(folder.path(), "__pycache__/app.pyc", "made of it");
        std::os::unix::fs::symlink("/nowhere", folder.path().join(".#app.py")).unwrap();
        assert_eq!(print("1.0"), first);
        assert_ne!(print("1.1"), first);
        write(folder.path(), "app.py", "two");
        assert_ne!(print("1.0"), first);
        write(folder.path(), "app.py", "one");
        assert_eq!(print("1.0"), first);
        fs::rename(folder.path().join("app.py"), folder.path().join("bpp.py")).unwrap();
        assert_ne!(print("1.0"), first);
    }

    #[test]
    fn sources_are_known_by_a_file_and_named_by_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "src/hello/Cargo.toml", "");
        write(folder.path(), "src/greet/app.py", "");
        write(folder.path(), "src/notes/README.md", "");
        write(folder.path(), "src/Not A Job/main.c", "");
        let found = Source::all(&home(folder.path())).unwrap();
        let found: Vec<_> = found.iter().map(|source| (&*source.name, source.language)).collect();
        assert_eq!(found, [("greet", Language::Python), ("hello", Language::Rust)]);
        assert_eq!(Source::all(&home(Path::new("/nowhere"))).unwrap(), []);
    }

    #[test]
    fn a_job_is_built_from_the_source_of_its_component() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "src/hello/main.c", "");
        write(
            folder.path(),
            "namespace.toml",
            "[jobs.greet]\ncomponent = 'hello.wasm'",
        );
        let home = home(folder.path());
        assert_eq!(Source::of_job(&home, "greet").unwrap().name, "hello");
        assert_eq!(Source::of_job(&home, "hello").unwrap().name, "hello");
        let why = Source::of_job(&home, "other").unwrap_err().to_string();
        assert!(why.starts_with("there is no source of other: looked in "), "{why}");
    }
}
