//! What the benchmarks share. Every figure is a ratio within one run: what is compared is interleaved, so that a
//! neighbour on the machine slows both alike. Criterion measures one function after another, which would not do.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

/// The median. Sorts in place.
pub(crate) fn median(samples: &mut [f64]) -> f64 {
    percentile(samples, 0.5)
}

/// The value below which `share` of the samples lie. Sorts in place.
pub(crate) fn percentile(samples: &mut [f64], share: f64) -> f64 {
    assert!(!samples.is_empty(), "nothing was measured");
    samples.sort_by(f64::total_cmp);
    let last = samples.len() - 1;
    samples[((last as f64 * share).round() as usize).min(last)]
}

/// Prints a ratio, what it is made of (in seconds), and the bar that it is held to.
pub(crate) fn say(what: &str, ours: f64, bare: f64, bar: &str) {
    println!(
        "{what}: {:.2} times ({:.1} µs against {:.1} µs); the bar is {bar}",
        ours / bare,
        ours * 1e6,
        bare * 1e6
    );
}
