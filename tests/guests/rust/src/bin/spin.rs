//! Never ends and never calls the host: only the time limit can end it.

use std::hint::black_box;

fn main() {
    println!("spinning");
    let mut turns: u64 = 0;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}
