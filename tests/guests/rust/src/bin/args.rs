//! Prints its arguments, without its own name, as a JSON array: every byte of them can be compared.

use std::env;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    println!("{}", serde_json::json!(arguments));
}
