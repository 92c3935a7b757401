//! A report format: test results in JUnit's XML become a summary, with the first lines of what failed.
//!
//! ```toml
//! [jobs.tests]
//! run_args_template = "make test > /dev/null; cat target/junit.xml"
//! report_stdout = true
//! report_format = { component = "junit-summary.wasm" }
//! ```

mod read;

use innkeeper_guest::{Blocks, Finished, Post, Result, RichText, Span, report_format};

use read::{Failed, Results};

/// Of a test's message, lines and characters.
const LINES: usize = 5;
const CHARACTERS: usize = 600;
/// Characters of a test's name.
const NAME: usize = 200;

#[report_format]
fn format(run: Finished) -> Result<Post> {
    let results = read::read(&run.text())?;
    let (verdict, counts) = (verdict(&results), counts(&results));
    let mut message = Blocks::new().section(format!("*{verdict}*\n{counts}"));
    for failed in &results.shown {
        message = message.rich_text(shown(failed));
    }
    let more = results.failed - results.shown.len();
    if more > 0 {
        message = message.context([format!("and {more} more; the log has them all")]);
    }
    let name = format!("{}_{}", run.namespace, run.job);
    Ok(message.post()?.notification(format!("{name}: {verdict}. {counts}")))
}

fn verdict(results: &Results) -> String {
    match (results.tests(), results.failed) {
        (0, _) => "There are no tests".to_owned(),
        (1, 0) => "The only test passed".to_owned(),
        (tests, 0) if results.skipped == tests => format!("All {tests} tests were skipped"),
        (tests, 0) if results.skipped == 0 => format!("All {tests} tests passed"),
        (tests, 0) => format!("All tests passed that ran, {} of {tests}", results.passed),
        (tests, failed) => format!("{failed} of {tests} tests failed"),
    }
}

fn counts(results: &Results) -> String {
    let mut parts = vec![format!("{} passed", results.passed)];
    if results.failed > 0 {
        parts.push(format!("{} failed", results.failed));
    }
    if results.skipped > 0 {
        parts.push(format!("{} skipped", results.skipped));
    }
    if let Some(seconds) = results.seconds {
        parts.push(format!("{seconds:.1} s"));
    }
    parts.join(", ")
}

/// The name of a test and what it says. As rich text: whoever names tests writes no markup.
fn shown(failed: &Failed) -> RichText {
    let text = RichText::new().paragraph([Span::text(cut(&failed.name, NAME)).bold()]);
    let lines: Vec<&str> = failed.message.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return text;
    }
    let mut first = lines[..lines.len().min(LINES)].join("\n");
    if lines.len() > LINES {
        first.push_str("\n…");
    }
    text.preformatted(cut(&first, CHARACTERS))
}

/// The beginning of a text.
fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
