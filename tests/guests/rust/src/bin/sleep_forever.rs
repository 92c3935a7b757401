//! Sleeps in a host call, where no instruction of its own can be interrupted.

use std::thread;
use std::time::Duration;

fn main() {
    println!("sleeping");
    loop {
        thread::sleep(Duration::from_secs(1 << 30));
    }
}
