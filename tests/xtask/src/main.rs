//! `cargo xtask`: what a clean clone needs done, set-up included.
//!
//! ```text
//!   demo    builds the guests and the host, then runs a bash job and two component jobs: the README's first command
//!   test    builds all of that and the guests of the tests, then runs every test: the README's second command
//!   guests  builds the guests only; with --all those of the tests, too
//! ```
//!
//! `guests` builds Rust guests, `tools` those of componentize-py and ComponentizeJS, `shell` runs programs.

mod guests;
mod shell;
mod test;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use shell::Step;

const USAGE: &str = "\
usage: cargo xtask demo            run a bash job and two component jobs, reports on the terminal
       cargo xtask test [--all]    run every test; --all: a test that is left out is a failure (so does CI=true)
       cargo xtask guests [--all]  build the guests only; --all: those of the tests, too";

/// Where things are. The target folder is the one that this program was built in.
struct Places {
    /// The repository.
    root: PathBuf,
    /// Cargo's target folder.
    target: PathBuf,
}

impl Places {
    fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("xtask is not in tests/xtask")?;
        let program = std::env::current_exe()?;
        let target = program
            .ancestors()
            .nth(2)
            .with_context(|| format!("{} is not in a target folder", program.display()))?;
        Ok(Self {
            root: root.to_owned(),
            target: target.to_owned(),
        })
    }

    fn innkeeper(&self) -> PathBuf {
        self.target.join("debug/innkeeper")
    }

    fn guests(&self) -> PathBuf {
        self.target.join("guests")
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["demo"] => Places::find().and_then(|places| demo(&places)),
        ["test"] => Places::find().and_then(|places| test::all(&places, in_ci())),
        ["test", "--all"] => Places::find().and_then(|places| test::all(&places, true)),
        ["guests"] => Places::find().and_then(|places| guests::for_workspace(&places)),
        ["guests", "--all"] => Places::find().and_then(|places| test::guests(&places).map(drop)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Three orders to the sample workspace, as somebody would type them.
const ORDERS: &[&[&str]] = &[&["hello", "Bob"], &["greet", "Bob"], &["rota"]];

fn demo(places: &Places) -> Result<()> {
    guests::for_workspace(places)?;
    eprintln!("building innkeeper; the first time takes some minutes");
    Step::cargo(places).args(["build", "--workspace", "--bins"]).run()?;
    innkeeper(places, &["check"])?;
    for order in ORDERS {
        let mut words = vec!["say", "demo"];
        words.extend_from_slice(order);
        innkeeper(places, &words)?;
    }
    Ok(())
}

fn innkeeper(places: &Places, arguments: &[&str]) -> Result<()> {
    eprintln!("\n$ innkeeper {}", arguments.join(" "));
    let program = places.innkeeper();
    if !program.exists() {
        bail!("{} is missing after it was built", program.display());
    }
    Step::program(&program).directory(&places.root).args(arguments).run()
}
