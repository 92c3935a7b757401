//! Prints a line a second for five seconds: work that takes a while and shows that it goes on.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

const TICKS: u32 = 5;

fn main() -> io::Result<()> {
    tick(&mut io::stdout(), || thread::sleep(Duration::from_secs(1)))
}

/// Writes a line, and flushes it so that it is seen at once, before each pause.
fn tick(out: &mut impl Write, mut pause: impl FnMut()) -> io::Result<()> {
    for n in 1..=TICKS {
        writeln!(out, "tick {n} of {TICKS}")?;
        out.flush()?;
        pause();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_pauses_after_each_of_five_lines() -> io::Result<()> {
        let mut out = Vec::new();
        let mut pauses = 0;
        tick(&mut out, || pauses += 1)?;
        assert_eq!(
            String::from_utf8_lossy(&out),
            "tick 1 of 5\ntick 2 of 5\ntick 3 of 5\ntick 4 of 5\ntick 5 of 5\n"
        );
        assert_eq!(pauses, 5);
        Ok(())
    }
}
