//! Takes memory, a megabyte at a time, until it is refused; says on stderr how much it had.

use std::hint::black_box;

const MEGABYTE: usize = 1 << 20;
/// A host that refuses nothing is left alone at 1 GiB: the test has failed by then.
const ENOUGH: usize = 1024;

fn main() {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    while hoard.len() < ENOUGH {
        eprintln!("{} MB", hoard.len());
        hoard.push(black_box(vec![1; MEGABYTE]));
    }
    println!("hoarded {} MB and nobody minded", hoard.len());
}
