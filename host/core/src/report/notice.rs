//! What the host says of itself in the logs channel.

use super::code::{fence, first_lines};
use super::text::escape;

/// Lines and characters of a detail that a notice shows. All of it is in the host's own log.
const DETAIL: (usize, usize) = (60, 3_000);

/// The configuration was read again, and is not taken over.
pub fn not_reloaded(why: &str, detail: &str) -> String {
    let text = format!(
        ":warning: The configuration changed, and stays as it was before: {}.",
        escape(why.trim_end_matches('.'))
    );
    with_detail(text, detail)
}

/// The configuration was read again, but for what is wrong with these namespaces of strangers. Those that are `kept` go on as
/// they were.
pub fn reloaded_without(broken: &[String], kept: &[String], detail: &str) -> String {
    let names = |names: &[&String]| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let (as_before, left_out): (Vec<&String>, Vec<&String>) = broken.iter().partition(|name| kept.contains(name));
    let mut sentences = vec![":warning: The configuration was read again, and has errors.".to_owned()];
    if !as_before.is_empty() {
        sentences.push(format!("As before, until they are mended: {}.", names(&as_before)));
    }
    if !left_out.is_empty() {
        sentences.push(format!("Left out, until they are mended: {}.", names(&left_out)));
    }
    with_detail(sentences.join(" "), detail)
}

/// All of the configuration is in force again.
pub fn reloaded() -> String {
    ":white_check_mark: All of the configuration is in force again.".to_owned()
}

/// An alert plugin fails again and again.
pub fn plugin_fails(plugin: &str, service: &str, attempts: u32, given_up: bool, why: &str) -> String {
    let then = match given_up {
        true => "This alert is given up",
        false => "It is called again",
    };
    with_detail(
        format!(":warning: The alert plugin `{plugin}` failed {attempts} times to tell of `{service}`. {then}."),
        why,
    )
}

/// The calendar of who is on duty cannot be had any more. `why` is the end of a sentence, and may be another server's.
pub fn calendar_fails(why: &str, has_copy: bool) -> String {
    let then = match has_copy {
        true => "Who is on duty is read from the last copy.",
        false => "There is no copy of it here, so it puts nobody on duty.",
    };
    format!(
        ":warning: The calendar of who is on duty cannot be read: {}. {then} This is said once; when it can be read again, that \
         is said, too.",
        escape(why.trim_end_matches('.'))
    )
}

/// The same, when it can be had again.
pub fn calendar_works_again() -> String {
    "The calendar of who is on duty can be read again.".to_owned()
}

fn with_detail(text: String, detail: &str) -> String {
    let (lines, chars) = DETAIL;
    match first_lines(detail, lines, chars) {
        nothing if nothing.trim().is_empty() => text,
        shown => format!("{text}\n{}", fence(&shown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_that_cannot_be_read_is_told_with_what_is_used_instead() {
        insta::assert_snapshot!(calendar_fails("the server answered with status 500 <x>", true), @":warning: The calendar of who is on duty cannot be read: the server answered with status 500 &lt;x&gt;. Who is on duty is read from the last copy. This is said once; when it can be read again, that is said, too.");
        insta::assert_snapshot!(calendar_fails("it breaks off.", false), @":warning: The calendar of who is on duty cannot be read: it breaks off. There is no copy of it here, so it puts nobody on duty. This is said once; when it can be read again, that is said, too.");
    }

    #[test]
    fn notices_name_what_is_wrong_and_what_is_in_force() {
        insta::assert_snapshot!(not_reloaded("it has 1 error", "error: <unknown> key\n"), @"
        :warning: The configuration changed, and stays as it was before: it has 1 error.
        ```
        error: &lt;unknown&gt; key
        ```
        ");
        let names = ["lab".to_owned(), "new".to_owned()];
        insta::assert_snapshot!(reloaded_without(&names, &names[..1], ""), @":warning: The configuration was read again, and has errors. As before, until they are mended: `lab`. Left out, until they are mended: `new`.");
    }
}
