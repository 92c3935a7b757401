//! Exits with the code of its first argument, 1 without one. `std` tells a WASI 0.2 host only whether it is zero.

use std::env;
use std::process;

fn main() {
    let code = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    eprintln!("exiting with {code}");
    process::exit(code);
}
