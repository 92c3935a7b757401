//! Whether a text matches a pattern, and what its parameters are then.
//!
//! Each parameter takes as few words as it can, from left to right, and at least one. That never has to be taken back:
//! whatever a parameter leaves over, the next one can take. So one pass finds the answer or that there is none, and no
//! text makes it slow.

use std::ops::Range;

use super::pattern::{Item, Pattern};
use super::words::{Word, Words};
use crate::request::Arguments;

impl Pattern {
    /// The arguments, if the whole of `text` matches. Slack's markup must have been decoded.
    ///
    /// White space between words becomes one space in a value, except in the last parameter and in quotation marks,
    /// where it is kept. A value that is one quotation loses its marks.
    pub fn matches(&self, text: &str) -> Option<Arguments> {
        self.match_words(&Words::of(text), 0)
    }

    /// The arguments, if all words from `first` on match.
    pub(super) fn match_words(&self, text: &Words<'_>, first: usize) -> Option<Arguments> {
        let words: &[Word<'_>] = text.words().get(first..)?;
        let spans = self.spans(words.len(), |word, at| words[at].is(word))?;
        let names = self.parameters();
        let last = names.len().saturating_sub(1);
        let value = |(at, span): (usize, Range<usize>)| text.value(first + span.start..first + span.end, at == last);
        Some(
            names
                .iter()
                .copied()
                .zip(spans.into_iter().enumerate().map(value))
                .collect(),
        )
    }

    /// Which of `count` words each parameter takes, where `is(word, at)` says whether a word is at a place.
    pub(super) fn spans(&self, count: usize, is: impl Fn(&str, usize) -> bool) -> Option<Vec<Range<usize>>> {
        if count < self.items.len() {
            return None;
        }
        let mut runs = self.items.split(|item| matches!(item, Item::Parameter(_)));
        let parameters = self.parameters().len();
        let prefix = runs.next()?;
        if !run_is_at(prefix, 0, &is) || parameters == 0 && count != prefix.len() {
            return None;
        }
        let mut spans = Vec::with_capacity(parameters);
        let mut at = prefix.len();
        for (nth, run) in runs.enumerate() {
            let latest = count.checked_sub(run.len())?;
            let mut ends = if nth + 1 == parameters {
                latest..=latest
            } else {
                at + 1..=latest
            };
            let end = ends.find(|&end| end > at && run_is_at(run, end, &is))?;
            spans.push(at..end);
            at = end + run.len();
        }
        Some(spans)
    }
}

/// Whether the words of `run` are at `at` and after.
fn run_is_at(run: &[Item], at: usize, is: impl Fn(&str, usize) -> bool) -> bool {
    run.iter().enumerate().all(|(offset, item)| match item {
        Item::Word(word) => is(word, at + offset),
        Item::Parameter(_) => false,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;

    use super::super::words::tests::quote;
    use super::*;

    fn ask(pattern: &str, text: &str) -> Option<Vec<String>> {
        let arguments = Pattern::parse(pattern).unwrap().matches(text)?;
        Some(arguments.0.into_iter().map(|(_, value)| value).collect())
    }

    fn values<const N: usize>(values: [&str; N]) -> Option<Vec<String>> {
        Some(values.map(str::to_owned).to_vec())
    }

    #[test]
    fn the_whole_text_must_match() {
        assert_eq!(ask("show all", "show all"), values([]));
        assert_eq!(ask("show all", "show all of it"), None);
        assert_eq!(ask("show all", "please show all"), None);
        assert_eq!(ask("show all", "Show all"), None);
        assert_eq!(ask("show [x]", "show"), None);
        assert_eq!(ask("show [x] now", "show now"), None);
        assert_eq!(ask("show [x] now", "show now now"), values(["now"]));
    }

    #[test]
    fn words_are_no_regular_expressions() {
        assert_eq!(ask("a.b", "axb"), None);
        assert_eq!(ask("a.b (c|d)*", "a.b (c|d)*"), values([]));
    }

    #[test]
    fn each_parameter_takes_as_little_as_it_can() {
        assert_eq!(ask("say [a] to [b]", "say x to y to z"), values(["x", "y to z"]));
        assert_eq!(ask("say [a] to [b]", "say \"x to y\" to z"), values(["x to y", "z"]));
        assert_eq!(ask("say [a] to [b]", "say to to to"), values(["to", "to"]));
        assert_eq!(ask("[a] [b]", "one two three"), values(["one", "two three"]));
        assert_eq!(ask("[a] b c [d] e", "b b b c b c e e"), values(["b b", "b c e"]));
    }

    #[test]
    fn white_space_is_loose_between_words_and_kept_in_the_last_parameter() {
        assert_eq!(
            ask("say [a] to [b]", " say\nx   y  to\u{a0}a\n  b  c "),
            values(["x y", "a\n  b  c"])
        );
        assert_eq!(ask("say [a] loudly", "say x \n y   loudly."), values(["x \n y"]));
        assert_eq!(ask("say [a] to [b]", "say \"x   y\" to z"), values(["x   y", "z"]));
    }

    #[test]
    fn quotations_keep_everything_and_lose_their_marks() {
        assert_eq!(ask("say hello to [name]", "say hello to \"Bob.\""), values(["Bob."]));
        assert_eq!(
            ask("say hello to [name]", "say hello to “Bob and Ann”."),
            values(["Bob and Ann"])
        );
        assert_eq!(ask("say hello to [name]", "say hello to Bob."), values(["Bob"]));
        assert_eq!(ask("say [a] to [b]", "say \"\" to 'x'"), values(["", "x"]));
        assert_eq!(
            ask("say [a]", "say \"x y\" and z"),
            values(["\"x y\" and z"]),
            "part of a value: as typed"
        );
        assert_eq!(ask("say hello", "say \"hello\""), None);
    }

    #[test]
    fn a_hostile_text_takes_linear_time() {
        let pattern = Pattern::parse("[a] x [b] x [c] x [d] x [e] x [f] x y").unwrap();
        for text in ["x ".repeat(200_000), "x y ".repeat(100_000), "\"x ".repeat(100_000)] {
            pattern.matches(&text);
        }
        assert_eq!(pattern.matches(&"x ".repeat(20_000)), None);
        let text = format!("{}y", "x ".repeat(20_000));
        assert_eq!(pattern.matches(&text).unwrap().0.len(), 6);
    }

    /// The slow and obvious way: every way to give words to parameters, the smallest first.
    fn by_trying(items: &[Item], words: &[&str]) -> Option<Vec<usize>> {
        match items {
            [] => words.is_empty().then(Vec::new),
            [Item::Word(word), rest @ ..] => {
                let (first, others) = words.split_first()?;
                (first == word).then(|| by_trying(rest, others)).flatten()
            }
            [Item::Parameter(_), rest @ ..] => (1..=words.len()).find_map(|taken| {
                let mut sizes = by_trying(rest, &words[taken..])?;
                sizes.insert(0, taken);
                Some(sizes)
            }),
        }
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_trying_everything_finds(
            shape in proptest::collection::vec(prop_oneof![Just("a"), Just("b"), Just("[]")], 1..7),
            words in proptest::collection::vec(prop_oneof![Just("a"), Just("b")], 0..10),
        ) {
            let named = shape.iter().enumerate().map(|(at, item)| match *item {
                "[]" => format!("[p{at}]"),
                word => word.to_owned(),
            });
            let pattern = Pattern::parse(&named.collect::<Vec<_>>().join(" ")).unwrap();
            let found = pattern.spans(words.len(), |word, at| words[at] == word);
            let sizes = found.map(|spans| spans.into_iter().map(|span| span.len()).collect::<Vec<_>>());
            prop_assert_eq!(sizes, by_trying(&pattern.items, &words));
        }

        #[test]
        fn what_is_quoted_comes_back(
            values in proptest::collection::vec("([a-c\"'\\\\ \n.]|to|é|“){0,10}", 3),
        ) {
            let text = format!("say {} to {} and {}", quote(&values[0]), quote(&values[1]), quote(&values[2]));
            prop_assert_eq!(ask("say [a] to [b] and [c]", &text), Some(values));
        }

        #[test]
        fn plain_words_come_back(values in proptest::collection::vec("[a-z]{1,5}( [a-z]{1,5}){0,3}", 2)) {
            let text = format!("SAY {} TO {}", values[0], values[1]);
            prop_assert_eq!(ask("SAY [a] TO [b]", &text), Some(values));
        }
    }
}
