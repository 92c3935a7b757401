//! `innkeeper new`: a project that builds as it stands, and its job in `namespace.toml`.

mod register;
mod templates;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use innkeeper_core::config::{Home, Places, job_fault, namespace_fault};

use super::build::{self, Language, SOURCES};
use super::{Ended, Misuse};
use crate::files::replace;

/// The namespace of the first job of all.
const FIRST_NAMESPACE: &str = "jobs";

/// What can be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// A job: what it prints is the report.
    Job,
    /// A report format.
    Format,
    /// An alert plugin.
    Alert,
}

pub(super) fn run(
    config: &Path,
    kind: Kind,
    name: &str,
    language: Language,
    namespace: Option<&str>,
) -> anyhow::Result<Ended> {
    let Some(files) = templates::project(kind, language) else {
        let word = language.word();
        return misuse(match kind {
            Kind::Alert => format!("an alert plugin is not available yet for --lang {word}; rust, python and js are"),
            Kind::Job | Kind::Format => {
                format!("a report format is not available yet for --lang {word}; python and js are")
            }
        });
    };
    if let Some(fault) = job_fault(name) {
        return misuse(format!("a job cannot be called `{}`: {fault}", name.escape_debug()));
    }
    make_configuration(config)?;
    let places = build::places(config)?;
    let home = choose(&places, namespace)?;
    let project = home.folder.join(SOURCES).join(name);
    let file = home.folder.join("namespace.toml");
    let old = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => templates::NAMESPACE.to_owned(),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
    };
    let registered = match (kind, register::register(&old, name)) {
        (Kind::Job, Ok(text)) => text,
        // Which job it is for is for the author to say.
        (Kind::Format | Kind::Alert, Ok(_)) => old,
        (_, Err(why)) => return misuse(format!("{} {why}", file.display())),
    };
    for taken in [&project, &home.folder.join(format!("{name}.wasm"))] {
        if taken.symlink_metadata().is_ok() {
            return misuse(format!("{} is there already; choose another name", taken.display()));
        }
    }
    let host = match kind {
        Kind::Alert => Some(with_plugin(&places, &home, name)?),
        Kind::Job | Kind::Format => None,
    };
    write_project(&project, name, &files)?;
    // Followed, where it is a link.
    let file = file.canonicalize().unwrap_or(file);
    let mut written = replace(&file, registered.as_bytes());
    if let Some(host) = host {
        let file = places.file.canonicalize().unwrap_or_else(|_| places.file.clone());
        written = written.and_then(|()| replace(&file, host.as_bytes()));
    }
    written.inspect_err(|_| drop(fs::remove_dir_all(&project)))?;
    say_what_is_next(config, kind, &home, name, &project);
    Ok(Ended::Done)
}

/// `innkeeper.toml` with the plugin in it.
fn with_plugin(places: &Places, home: &Home, name: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(&places.file).with_context(|| format!("{} cannot be read", places.file.display()))?;
    let folder = places.file.parent().unwrap_or(Path::new(""));
    let component = home.folder.join(format!("{name}.wasm"));
    let component = component.strip_prefix(folder).unwrap_or(&component);
    match register::register_plugin(&text, name, &component.display().to_string()) {
        Ok(text) => Ok(text),
        Err(why) => misuse(format!("{} {why}", places.file.display())),
    }
}

fn misuse<T>(why: String) -> anyhow::Result<T> {
    Err(Misuse(why).into())
}

/// Writes the smallest `innkeeper.toml`, where there is none.
pub(super) fn make_configuration(file: &Path) -> anyhow::Result<()> {
    if file.symlink_metadata().is_ok() {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    replace(file, templates::HOST.as_bytes())?;
    fs::create_dir_all(folder.join("workspace"))?;
    eprintln!("wrote {}: there was no configuration", file.display());
    Ok(())
}

/// The namespace that is named; or the only one; or the first of all. It may not be there yet.
fn choose(places: &Places, named: Option<&str>) -> anyhow::Result<Home> {
    let name = match (named, &places.namespaces[..]) {
        (Some(name), _) => name,
        (None, []) => FIRST_NAMESPACE,
        (None, [only]) => &only.name,
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|home| home.name.as_str()).collect();
            return misuse(format!("say which namespace: --namespace {}", names.join(" or ")));
        }
    };
    if let Some(home) = places.namespace(name) {
        return Ok(home.clone());
    }
    if let Some(fault) = namespace_fault(name) {
        return misuse(format!(
            "a namespace cannot be called `{}`: {fault}",
            name.escape_debug()
        ));
    }
    Ok(Home {
        name: name.to_owned(),
        folder: places.workspace.join(name),
        trusted: false,
    })
}

/// Writes the project, as a whole or not at all.
fn write_project(project: &Path, name: &str, files: &[templates::File]) -> anyhow::Result<()> {
    let draft = project.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        for (path, text) in files {
            let path = draft.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&draft))?;
            fs::write(path, templates::fill(text, name))?;
        }
        fs::rename(&draft, project)
    };
    write()
        .inspect_err(|_| drop(fs::remove_dir_all(&draft)))
        .with_context(|| format!("{} cannot be written", project.display()))
}

fn say_what_is_next(config: &Path, kind: Kind, home: &Home, name: &str, project: &Path) {
    let here = std::env::current_dir().unwrap_or_default();
    let shown = |path: &Path| -> PathBuf { path.strip_prefix(&here).unwrap_or(path).to_owned() };
    let program = match config == Path::new("innkeeper.toml") {
        true => "innkeeper".to_owned(),
        false => format!("innkeeper --config {}", shown(config).display()),
    };
    let (namespace, project) = (&home.name, shown(project).display().to_string());
    let file = shown(&home.folder.join("namespace.toml")).display().to_string();
    match kind {
        Kind::Job => eprintln!(
            "wrote {project} and a job `{name}` in {file}\nnext:\n  {program} build {namespace} {name}\n  {program} run \
             {namespace} {name} --arg name=Bob"
        ),
        Kind::Alert => eprintln!(
            "wrote {project} and `[plugins.{name}]` in {}\nnext:\n  {program} build {namespace} {name}\n  {program} alert \
             test {name} --user NAME",
            shown(config).display()
        ),
        Kind::Format => eprintln!(
            "wrote {project}\nnext:\n  {program} build {namespace} {name}\n  and in {file}, under a job:\n  \
             report_format = {{ component = \"{name}.wasm\" }}"
        ),
    }
}
