//! Writes megabytes to stdout, as many as its first argument says (64 without one), and then says so on stderr.

use std::env;
use std::io::{self, Write};

fn main() -> io::Result<()> {
    let megabytes: usize = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(64);
    let mut line = vec![b'x'; 1023];
    line.push(b'\n');
    let mut out = io::stdout().lock();
    for _ in 0..megabytes * 1024 {
        out.write_all(&line)?;
    }
    out.flush()?;
    eprintln!("wrote {megabytes} MB");
    Ok(())
}
