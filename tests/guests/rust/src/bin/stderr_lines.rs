//! Writes as many numbered lines to stderr as its first argument says (100 without one), then fails.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let lines: u32 = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100);
    for n in 1..=lines {
        eprintln!("stderr line {n}");
    }
    ExitCode::FAILURE
}
