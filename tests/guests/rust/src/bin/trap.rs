//! Ends in an `unreachable`, after a last word on each stream that tries to get out of the report it will be in.

fn main() {
    println!("``` <!channel> \u{1b}[31mred");
    eprintln!("last words: <!here> ```");
    std::process::abort();
}
