//! How far a run is, in a message that is edited while it works.

use std::fmt::Write as _;
use std::time::Duration;

use super::buttons::{Button, with_buttons};
use super::units::span;
use super::wording::quote;
use crate::message::Post;
use crate::run::{Ending, RunId};

/// Steps of the bar that shows a fraction.
const STEPS: usize = 10;
/// Characters of a run's own line.
const LINE: usize = 200;

/// What a run is doing. `fraction` and `line` are its own words, where it has some.
pub fn working(job: &str, run: RunId, elapsed: Duration, fraction: Option<f64>, line: Option<&str>) -> Post {
    let mut text = format!(
        ":hourglass_flowing_sand: `{job}` has been running for {} (run {run}).",
        rounded(elapsed)
    );
    match (fraction, line) {
        (None, None) => {}
        (fraction, line) => {
            let bar = fraction.map(bar);
            let line = line.map(|line| quote(&line.chars().take(LINE).collect::<String>()));
            let parts: Vec<String> = bar.into_iter().chain(line).collect();
            let _ = write!(text, "\n{}", parts.join(" "));
        }
    }
    with_buttons(text, &[Button::log(run)])
}

/// The last word of the message: that the run has ended, and how. What it says itself is a report of its own.
pub fn worked(job: &str, run: RunId, duration: Duration, ending: &Ending) -> Post {
    let how = match ending {
        Ending::Interrupted => format!(":x: `{job}` was interrupted"),
        ending if ending.is_success() => format!(":white_check_mark: `{job}` was done"),
        _ => format!(":x: `{job}` failed"),
    };
    // Of a run that died with the host nobody knows how long it took.
    let after = match duration {
        Duration::ZERO => String::new(),
        duration => format!(" after {}", span(duration)),
    };
    Post::text(format!("{how}{after} (run {run})."))
}

/// Whole seconds: more would be past when it is read.
fn rounded(elapsed: Duration) -> String {
    span(Duration::from_secs(elapsed.as_secs().max(1)))
}

/// `▓▓▓▓░░░░░░ 40%`
fn bar(fraction: f64) -> String {
    let fraction = if fraction.is_finite() {
        fraction.clamp(0.0, 1.0)
    } else {
        0.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and the number of steps"
    )]
    let full = (fraction * STEPS as f64).round() as usize;
    format!(
        "{}{} {:.0}%",
        "▓".repeat(full),
        "░".repeat(STEPS - full),
        fraction * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunId = RunId(12);

    #[test]
    fn a_message_says_how_long_and_how_far() {
        let text = |fraction, line| working("demo_brew", RUN, Duration::from_millis(75_900), fraction, line).text;
        insta::assert_snapshot!(text(None, None), @":hourglass_flowing_sand: `demo_brew` has been running for 75 s (run 12).");
        insta::assert_snapshot!(text(Some(0.42), Some("Steeping <!channel>")), @"
        :hourglass_flowing_sand: `demo_brew` has been running for 75 s (run 12).
        ▓▓▓▓░░░░░░ 42% Steeping &lt;!channel&gt;
        ");
        assert!(text(Some(f64::NAN), None).ends_with("░░░░░░░░░░ 0%"));
        assert!(text(Some(7.0), None).ends_with("▓▓▓▓▓▓▓▓▓▓ 100%"));
        let long = text(None, Some(&"é".repeat(5_000)));
        assert!(long.chars().count() < 300);
    }

    #[test]
    fn its_last_word_is_how_it_ended() {
        let text = |ending| worked("demo_brew", RUN, Duration::from_secs(75), &ending).text;
        insta::assert_snapshot!(text(Ending::Exited { code: 0 }), @":white_check_mark: `demo_brew` was done after 75 s (run 12).");
        insta::assert_snapshot!(text(Ending::Exited { code: 1 }), @":x: `demo_brew` failed after 75 s (run 12).");
        let dead = worked("demo_brew", RUN, Duration::ZERO, &Ending::Interrupted).text;
        insta::assert_snapshot!(dead, @":x: `demo_brew` was interrupted (run 12).");
    }
}
