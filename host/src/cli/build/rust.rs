//! Rust: Cargo, for the target `wasm32-wasip2`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::shop::{Failed, Shop, program, run};
use super::source::{Recipe, Source};

const TARGET: &str = "wasm32-wasip2";
const MISSING: &str = "install Rust with rustup (https://rustup.rs)";

pub(super) const RECIPE: Recipe = Recipe {
    marker: "Cargo.toml",
    version: None,
    make,
};

fn make(shop: &Shop, source: &Source) -> Result<PathBuf, Failed> {
    let mut cargo = program("cargo");
    cargo
        .current_dir(&source.folder)
        .args(["build", "--release", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        .arg(shop.cache("cargo").join(&source.namespace));
    let said = run(&mut cargo, MISSING).map_err(|mut failed| {
        if failed.said.contains("target may not be installed") {
            failed.why = format!("Rust cannot build for {TARGET} yet: run `rustup target add {TARGET}`");
        }
        failed
    })?;
    component(&String::from_utf8_lossy(&said), &source.folder, &source.name)
}

/// The component among the artefacts that Cargo says it made.
fn component(messages: &str, folder: &Path, name: &str) -> Result<PathBuf, Failed> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let ours = |message: &Value| {
        let manifest = message["manifest_path"].as_str();
        message["reason"] == "compiler-artifact" && manifest.is_some_and(|path| Path::new(path).starts_with(&folder))
    };
    let files = |message: Value| {
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().filter_map(|file| Some(PathBuf::from(file.as_str()?)))
    };
    let found: Vec<PathBuf> = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(ours)
        .flat_map(files)
        .filter(|file| file.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    let is_named = |file: &&PathBuf| {
        file.file_stem()
            .is_some_and(|stem| stem.to_string_lossy().replace('_', "-") == name.replace('_', "-"))
    };
    match &found[..] {
        [] => Err(Failed::because(
            "Cargo made no component: give the package a `src/main.rs`, or a library with `crate-type = [\"cdylib\"]`",
        )),
        [only] => Ok(only.clone()),
        several => several.iter().find(is_named).cloned().ok_or_else(|| {
            Failed::because(format!(
                "Cargo made {} components and none is called {name}",
                several.len()
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    fn artefact(manifest: &str, file: &str) -> String {
        format!(r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}","filenames":["{file}"]}}"#)
    }

    #[test]
    fn the_component_is_the_one_of_our_own_package() {
        let folder = Path::new("/ns/src/hello-there");
        let find = |messages: &[String]| component(&messages.join("\n"), folder, "hello-there");
        let dependency = artefact("/registry/serde/Cargo.toml", "/t/serde.wasm");
        let library = artefact("/ns/src/hello-there/Cargo.toml", "/t/libhello.rlib");
        let ours = artefact("/ns/src/hello-there/Cargo.toml", "/t/hello_there.wasm");
        let more = artefact("/ns/src/hello-there/Cargo.toml", "/t/more.wasm");
        let none = find(&[dependency.clone(), library.clone()]).unwrap_err();
        assert!(none.why.starts_with("Cargo made no component"), "{}", none.why);
        let noise = "not JSON".to_owned();
        let found = find(&[noise, dependency, library, more.clone(), ours]).unwrap();
        assert_eq!(found, Path::new("/t/hello_there.wasm"));
        assert!(find(&[more.clone(), more]).is_err());
    }
}
