//! Every test of the repository, with all that they need; and what was left out, loudly.

use anyhow::{Result, bail};

use crate::Places;
use crate::shell::Step;
use crate::tools::{TOOLS, Tool};

/// A tool that could not be had.
pub(crate) struct Missing {
    tool: &'static Tool,
    why: String,
}

/// Builds every guest that tests run, and returns the tools that could not be had.
pub(crate) fn guests(places: &Places) -> Result<Vec<Missing>> {
    crate::guests::for_tests(places)?;
    let missing = TOOLS.iter().filter_map(|tool| {
        let why = format!("{:#}", tool.guest(places).err()?);
        eprintln!("warning: no {}: {why}", tool.name);
        Some(Missing { tool, why })
    });
    Ok(missing.collect())
}

/// Builds guests and host, runs every test, and tells which were left out. With `strict`, that is a failure, too.
pub(crate) fn all(places: &Places, strict: bool) -> Result<()> {
    let missing = guests(places)?;
    // Everything at once: Cargo builds dependencies once for one set of features, and end-to-end tests start the binary.
    Step::cargo(places)
        .args(["build", "--workspace", "--bins", "--tests"])
        .run()?;
    let tests = run_tests(places, &missing);
    let doctests = Step::cargo(places).args(["test", "--workspace", "--doc"]).run();
    let left_out = tell(places, &missing)?;
    tests.and(doctests)?;
    if strict && left_out > 0 {
        bail!("{left_out} tests were left out");
    }
    eprintln!(
        "\nevery test passed{}",
        if left_out > 0 {
            " but those that were left out"
        } else {
            ""
        }
    );
    Ok(())
}

fn run_tests(places: &Places, missing: &[Missing]) -> Result<()> {
    if Step::cargo(places).args(["nextest", "--version"]).works() {
        let step = Step::cargo(places).args(["nextest", "run", "--workspace", "--no-fail-fast"]);
        let left_out: Vec<String> = missing.iter().map(|m| format!("test({}::)", m.tool.tests)).collect();
        // One expression: nextest runs what any of several matches.
        return match left_out[..] {
            [] => step.run(),
            _ => step.args(["-E", &format!("not ({})", left_out.join(" | "))]).run(),
        };
    }
    let mut step = Step::cargo(places).args([
        "test",
        "--workspace",
        "--bins",
        "--lib",
        "--tests",
        "--no-fail-fast",
        "--",
    ]);
    for Missing { tool, .. } in missing {
        step = step.args(["--skip", tool.tests]);
    }
    step.run()
}

/// Names the tests that were left out and says for lack of what. Returns how many.
fn tell(places: &Places, missing: &[Missing]) -> Result<usize> {
    let mut count = 0;
    for Missing { tool, why } in missing {
        let listed = Step::cargo(places)
            .args([
                "test",
                "--quiet",
                "--workspace",
                "--test",
                "e2e",
                "--",
                "--list",
                tool.tests,
            ])
            .read()?;
        let names: Vec<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
        eprintln!("\nLEFT OUT for lack of {}:", tool.name);
        for name in &names {
            eprintln!("    {name}");
        }
        eprintln!("  since: {why}");
        count += names.len();
    }
    Ok(count)
}
