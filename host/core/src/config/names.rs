//! How things may be called, and which name was probably meant. Pure.

use std::fmt::Write;

use crate::command::RESERVED_WORDS;

/// The last part of a namespace's full path or of a job's full name cannot be longer than these.
const LONGEST_NAMESPACE: usize = 32;
const LONGEST_JOB: usize = 64;

/// Why a namespace cannot be called `name`; None where it can.
///
/// A namespace has no `_`, so `<namespace>_<job>` is read in one way only: up to the first `_`.
pub fn namespace_fault(name: &str) -> Option<String> {
    if RESERVED_WORDS.contains(&name) {
        return Some(format!("{} is the word of a built-in command", tick(name)));
    }
    let good = is_name(name, LONGEST_NAMESPACE, |c| c == '-');
    (!good).then(|| "a namespace is a lower-case letter, then up to 31 lower-case letters, digits and `-`".into())
}

/// Why a job cannot be called `name`; None where it can.
pub fn job_fault(name: &str) -> Option<String> {
    let good = is_name(name, LONGEST_JOB, |c| c == '-' || c == '_');
    (!good).then(|| "a job is a lower-case letter, then up to 63 lower-case letters, digits, `-` and `_`".into())
}

/// Why an environment variable cannot be called `name`; None where it can.
pub(super) fn variable_fault(name: &str) -> Option<String> {
    let mut letters = name.chars();
    let good = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    (!good).then(|| "an environment variable is letters, digits and `_`, and begins with no digit".into())
}

/// Why `name` is no Slack channel; None where it can be one.
pub(super) fn channel_fault(name: &str) -> Option<String> {
    let good = match name.strip_prefix('#') {
        Some(rest) => {
            !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || "#<>&".contains(c))
        }
        None => {
            name.len() > 1
                && name.starts_with(['C', 'G', 'D'])
                && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        }
    };
    (!good).then(|| "a channel is `#name`, or an id that begins with C, G or D".into())
}

/// Why `name` is no GitHub repository; None where it can be one.
pub(super) fn repository_fault(name: &str) -> Option<String> {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let good = name
        .split_once('/')
        .is_some_and(|(owner, repository)| part(owner) && part(repository));
    (!good).then(|| "a repository is `owner/name`".into())
}

fn is_name(name: &str, longest: usize, extra: impl Fn(char) -> bool) -> bool {
    name.len() <= longest
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || extra(c))
}

/// The candidate that `name` was probably meant to be: at most a third of it is mistyped.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST_JOB {
        return None;
    }
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST_JOB)
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= name.chars().count().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A name from a file as a message shows it: in backticks, nothing in it that moves a terminal, not too long.
pub(super) fn tick(name: &str) -> String {
    let mut shown = String::from("`");
    for c in name.chars().take(LONGEST_JOB) {
        if c.is_control() {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if name.chars().nth(LONGEST_JOB).is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}

/// Names in backticks with commas between them and `last` before the last one.
pub(super) fn ticks<'a>(names: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let shown: Vec<String> = names.into_iter().map(tick).collect();
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// A list of strings as TOML writes it.
pub(super) fn toml_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let shown: Vec<String> = names.into_iter().map(toml_string).collect();
    format!("[{}]", shown.join(", "))
}

/// A string as TOML writes it.
pub(super) fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_what_the_design_says() {
        for good in ["a", "demo", "a-1", &"a".repeat(32)] {
            assert_eq!(namespace_fault(good), None, "{good}");
        }
        for bad in ["", "Demo", "1a", "a_b", "help", "dé", &"a".repeat(33)] {
            assert!(namespace_fault(bad).is_some(), "{bad}");
        }
        assert_eq!(job_fault("hello_to-2"), None);
        assert!(job_fault("Hello").is_some());
        assert_eq!(variable_fault("REPORTS_TOKEN"), None);
        assert!(variable_fault("../etc").is_some());
        assert_eq!(repository_fault("owner/name.rs"), None);
        assert!(repository_fault("owner/name/more").is_some());
    }

    #[test]
    fn channels_are_names_or_ids() {
        for good in ["#tech", "#team-a_b", "C024BE91L", "G1", "D1"] {
            assert_eq!(channel_fault(good), None, "{good}");
        }
        for bad in ["", "#", "tech", "#a b", "U024BE91L", "C", "Ctech", "#<!here>"] {
            assert!(channel_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        let keys = ["report_stdout", "report_success", "component"];
        assert_eq!(nearest("reprot_stdout", keys), Some("report_stdout"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("", keys), None);
    }

    #[test]
    fn what_is_shown_moves_no_terminal() {
        assert_eq!(tick("a\u{1b}[31m\nb"), r"`a\u{1b}[31m\nb`");
        assert_eq!(ticks(["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(toml_list(["a\"b", "c"]), r#"['a"b', "c"]"#);
    }

    proptest! {
        /// Why no two jobs can have one full name.
        #[test]
        fn a_full_name_is_read_in_one_way(namespace in "[a-z][a-z0-9_-]{0,8}", job in "[a-z][a-z0-9_-]{0,8}") {
            prop_assume!(namespace_fault(&namespace).is_none() && job_fault(&job).is_none());
            let full = format!("{namespace}_{job}");
            prop_assert_eq!(full.split_once('_'), Some((namespace.as_str(), job.as_str())));
        }
    }
}
