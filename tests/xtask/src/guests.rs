//! Rust guests: which toolchain builds them, and where they go.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::Places;
use crate::shell::Step;

const TARGET: &str = "wasm32-wasip2";
/// The guests of the sample workspace: packages of `jobs/`, each with a program of its name, or a library that exports
/// a world.
const SAMPLES: &[&str] = &[
    "alert-mail",
    "alert-ntfy",
    "alert-pagerduty",
    "alert-skeleton",
    "alert-slack",
    "alert-twilio",
    "alert-webhook",
    "csv-table",
    "deploy-note",
    "hello",
    "junit-summary",
    "table",
    "ticker",
];
/// The packages with the guests of the tests: those of WASI 0.2, an alert plugin among them, and one of WASI 0.3.
const OF_TESTS: &[&str] = &["test-guests", "test-plugin", "async-guest"];
/// Guests are small rather than fast, and nobody debugs them: a third of the size, and quicker to compile natively.
const SMALL: &[&str] = &[
    "--config",
    "profile.release.opt-level='s'",
    "--config",
    "profile.release.strip=true",
    "--config",
    "profile.release.debug=false",
];

/// Builds the guests of the sample workspace and puts them there.
pub(crate) fn for_workspace(places: &Places) -> Result<()> {
    build(places, SAMPLES)?;
    for sample in SAMPLES {
        let file = format!("{sample}.wasm");
        rename_library(places, sample)?;
        copy_if_changed(&built(places, &file), &places.root.join("workspace/demo").join(&file))?;
    }
    Ok(())
}

/// Builds the guests of the tests, too. They stay in the target folder, where the tests find them.
pub(crate) fn for_tests(places: &Places) -> Result<()> {
    for_workspace(places)?;
    build(places, OF_TESTS)?;
    rename_library(places, "test-plugin")?;
    rename_library(places, "async-guest")
}

/// Puts the component of a library where that of a program would be: Cargo writes `csv_table.wasm` for the package
/// `csv-table`, since the names of libraries have no dashes.
fn rename_library(places: &Places, package: &str) -> Result<()> {
    let of_library = built(places, &format!("{}.wasm", package.replace('-', "_")));
    let of_program = built(places, &format!("{package}.wasm"));
    if of_library != of_program && of_library.exists() {
        copy_if_changed(&of_library, &of_program)?;
    }
    Ok(())
}

fn built(places: &Places, file: &str) -> PathBuf {
    places.guests().join(TARGET).join("release").join(file)
}

fn build(places: &Places, packages: &[&str]) -> Result<()> {
    let mut step = toolchain()?
        .cargo(places)
        .args(["build", "--quiet", "--release", "--target", TARGET]);
    step = step
        .args(["--target-dir".as_ref(), places.guests().as_os_str()])
        .args(SMALL);
    for package in packages {
        step = step.args(["--package", package]);
    }
    step.run().context("building guests")
}

/// What compiles for WASI 0.2 on this machine.
enum Toolchain {
    /// The one that runs this program.
    Own,
    /// Another one, by its name in rustup.
    Named(String),
}

impl Toolchain {
    fn cargo(&self, places: &Places) -> Step {
        match self {
            Self::Own => Step::cargo(places),
            // Through rustup's proxy, and without the paths that Cargo set for the toolchain that runs this program.
            Self::Named(name) => Step::program("cargo")
                .directory(&places.root)
                .env("RUSTUP_TOOLCHAIN", name)
                .without_env("CARGO")
                .without_env("RUSTC")
                .without_env("LD_LIBRARY_PATH"),
        }
    }
}

/// Finds or installs one: the toolchain named in `INNKEEPER_GUEST_TOOLCHAIN`; our own, where it has the target; a
/// toolchain called `wasip2`; our own, after `rustup target add`.
fn toolchain() -> Result<Toolchain> {
    if let Ok(name) = std::env::var("INNKEEPER_GUEST_TOOLCHAIN")
        && !name.is_empty()
        && name != "default"
    {
        return Ok(Toolchain::Named(name));
    }
    if has_target()? {
        return Ok(Toolchain::Own);
    }
    if Step::program("rustup")
        .args(["toolchain", "list"])
        .read()
        .is_ok_and(|list| {
            list.lines()
                .any(|line| line.split_whitespace().next() == Some("wasip2"))
        })
    {
        return Ok(Toolchain::Named("wasip2".to_owned()));
    }
    eprintln!("adding the target {TARGET}");
    match Step::program("rustup").args(["target", "add", TARGET]).run() {
        Ok(()) => Ok(Toolchain::Own),
        Err(error) => bail!(
            "{error:#}\nGuests are built for {TARGET}, and this toolchain does not have it. Run `rustup target add \
             {TARGET}` where rustup's server can be reached; or name a toolchain that has it in \
             INNKEEPER_GUEST_TOOLCHAIN (`rustup toolchain link` makes one of any Rust)."
        ),
    }
}

/// Whether our own toolchain has the target: its standard library is in the sysroot.
fn has_target() -> Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = Step::program(rustc).args(["--print", "sysroot"]).read()?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib");
    Ok(library.is_dir())
}

fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let new = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    fs::write(to, new).with_context(|| format!("writing {}", to.display()))
}
