//! Whether a text matches a pattern, and what its parameters are then.
//!
//! From the back it is found out which words each item can begin with so that all after it match, too. Then each
//! parameter takes as few words as it can, from left to right, and never has to give one back. Both are one look at each
//! word for each item, so no text makes it slow.

use std::ops::Range;

use super::pattern::{Item, Kind, Parameter, Pattern, parameters};
use super::words::{Word, Words};
use crate::request::Arguments;

/// What keeps a text from matching: one word for one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misfit<'p> {
    /// The parameter.
    pub(super) parameter: &'p Parameter,
    /// What was typed for it.
    pub(super) said: String,
}

impl Pattern {
    /// The arguments, if the whole of `text` matches. Slack's markup must have been decoded.
    ///
    /// White space between words becomes one space in a value, except in the last parameter that takes something and in
    /// quotation marks, where it is kept. A value that is one quotation loses its marks. A parameter that is left out has
    /// an empty value.
    pub fn matches(&self, text: &str) -> Option<Arguments> {
        self.match_words(&Words::of(text), 0)
    }

    /// The arguments, if all words from `first` on match.
    pub(super) fn match_words(&self, text: &Words<'_>, first: usize) -> Option<Arguments> {
        let words: &[Word<'_>] = text.words().get(first..)?;
        let spans = self.spans(words.len(), |item, at| item.takes(&words[at]))?;
        let last = spans.iter().rposition(|span| !span.is_empty());
        let value =
            |at: usize, parameter: &Parameter, span: Range<usize>| match (&parameter.kind, words.get(span.start)) {
                // As the pattern has it: people may have typed other quotation marks, or dots at the end.
                (Kind::Choices(_), Some(word)) if !span.is_empty() => {
                    parameter.choice(word).unwrap_or_default().to_owned()
                }
                (Kind::Expression(_), Some(word)) if !span.is_empty() => word.said().to_owned(),
                _ => text.value(first + span.start..first + span.end, Some(at) == last),
            };
        let named = parameters(&self.items).zip(spans).enumerate();
        Some(
            named
                .map(|(at, (parameter, span))| (parameter.name.as_str(), value(at, parameter, span)))
                .collect(),
        )
    }

    /// The first parameter that is all that keeps the words from `first` on from matching: its words are there, and are
    /// none of its choices, or do not fit its expression. None for a pattern without a word, which nearly everything
    /// would nearly match.
    pub(super) fn misfit(&self, text: &Words<'_>, first: usize) -> Option<Misfit<'_>> {
        self.items.iter().find(|item| matches!(item, Item::Word(_)))?;
        let words: &[Word<'_>] = text.words().get(first..)?;
        let spans = self.spans(words.len(), |item, at| match item {
            Item::Word(_) => item.takes(&words[at]),
            Item::Parameter(_) => true,
        })?;
        parameters(&self.items).zip(spans).find_map(|(parameter, span)| {
            let word = words.get(span).and_then(<[_]>::first)?;
            let misfit = || Misfit {
                parameter,
                said: word.said().to_owned(),
            };
            (!parameter.takes(word)).then(misfit)
        })
    }

    /// Which of `count` words each parameter takes, where `takes(item, at)` says whether an item takes the word at a place.
    fn spans(&self, count: usize, takes: impl Fn(&Item, usize) -> bool) -> Option<Vec<Range<usize>>> {
        let needed = self.items.iter().filter(|item| !item.is_optional()).count();
        let mut leading = self
            .items
            .iter()
            .take_while(|item| matches!(item, Item::Word(_)))
            .enumerate();
        // Most texts are told apart by their first words.
        if count < needed || !leading.all(|(at, item)| takes(item, at)) {
            return None;
        }
        let fits = self.fits(count, &takes);
        let mut spans = Vec::new();
        let mut at = 0;
        for (item, (here, after)) in self.items.iter().zip(fits.iter().zip(&fits[1..])) {
            if !here[at] {
                return None;
            }
            let taken = match item.is_open() {
                true => (1..=count - at).find(|taken| after[at + taken]),
                false => (at < count && after[at + 1] && takes(item, at)).then_some(1),
            };
            // An item that takes nothing may be left out: else it would not fit here.
            let end = at + taken.unwrap_or(0);
            if let Item::Parameter(_) = item {
                spans.push(at..end);
            }
            at = end;
        }
        Some(spans)
    }

    /// For each item, and for the end, at which words it can begin so that everything from there on matches.
    fn fits(&self, count: usize, takes: impl Fn(&Item, usize) -> bool) -> Vec<Vec<bool>> {
        let mut end = vec![false; count + 1];
        end[count] = true;
        let mut rows = vec![end];
        for item in self.items.iter().rev() {
            let Some(after) = rows.last() else { break };
            let mut row = vec![false; count + 1];
            // Whether what comes after can begin at any later word.
            let mut later = false;
            for at in (0..=count).rev() {
                let left_out = item.is_optional() && after[at];
                let taken = match item.is_open() {
                    true => later,
                    false => at < count && after[at + 1] && takes(item, at),
                };
                row[at] = left_out || taken;
                later |= after[at];
            }
            rows.push(row);
        }
        rows.reverse();
        rows
    }
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

    #[test]
    fn a_parameter_may_be_left_out() {
        assert_eq!(ask("stop [name?]", "stop"), values([""]));
        assert_eq!(ask("stop [name?]", "stop Bob and Ann"), values(["Bob and Ann"]));
        assert_eq!(
            ask("say [text] [how?:loudly|softly]", "say  a  b"),
            values(["a  b", ""])
        );
        assert_eq!(
            ask("say [text] [how?:loudly|softly]", "say a  b softly"),
            values(["a b", "softly"])
        );
        assert_eq!(
            ask("[a?] [b]", "x"),
            values(["", "x"]),
            "left out only where it has to be"
        );
        assert_eq!(ask("[a?] [b]", "x y z"), values(["x", "y z"]));
        assert_eq!(ask("a [b?] c", "a c"), values([""]));
        assert_eq!(ask("a [b?] c", "a c c"), values(["c"]));
    }

    #[test]
    fn a_parameter_with_choices_takes_one_of_them() {
        let deploy = "deploy [what] to [env:staging|production]";
        assert_eq!(ask(deploy, "deploy a to b to staging."), values(["a to b", "staging"]));
        assert_eq!(ask(deploy, "deploy web to \"staging\""), values(["web", "staging"]));
        assert_eq!(ask(deploy, "deploy web to staging..."), values(["web", "staging"]));
        assert_eq!(ask(deploy, "deploy web to Staging"), None);
        assert_eq!(ask(deploy, "deploy web to staging now"), None);
        assert_eq!(ask("say [a:it's|no]", "say it’s"), values(["it's"]));
    }

    #[test]
    fn a_parameter_with_an_expression_takes_one_word_that_fits() {
        assert_eq!(ask(r"close [n=/#?\d+/]", "close #12."), values(["#12"]));
        assert_eq!(ask(r"close [n=/\d+/]", "close 12a"), None);
        assert_eq!(ask(r"close [n=/\d+/]", "close 1 2"), None);
        assert_eq!(ask(r"on [day=/\w+\s\d+/]", "on \"May 4\""), values(["May 4"]));
        assert_eq!(ask(r"[a] [n=/\d+/]", "x 1 y 2"), values(["x 1 y", "2"]));
    }

    #[test]
    fn the_first_word_that_does_not_fit_is_found() {
        let misfit = |pattern: &str, text: &str| {
            let pattern = Pattern::parse(pattern).unwrap();
            let found = pattern
                .misfit(&Words::of(text), 0)
                .map(|misfit| (misfit.parameter.name.clone(), misfit.said));
            found.map(|(name, said)| format!("{name}: {said}"))
        };
        let deploy = r"deploy [what] to [env:staging|production] [n?=/\d+/]";
        assert_eq!(misfit(deploy, "deploy web to prod").as_deref(), Some("env: prod"));
        assert_eq!(misfit(deploy, "deploy web to staging x").as_deref(), Some("n: x"));
        assert_eq!(misfit(deploy, "destroy web to prod"), None);
        assert_eq!(misfit("[verb:start|stop]", "dance"), None, "it has no word");
    }

    /// The slow and obvious way: every way to give words to parameters, the smallest first.
    fn by_trying(items: &[Item], words: &[&str]) -> Option<Vec<usize>> {
        let Some((item, rest)) = items.split_first() else {
            return words.is_empty().then(Vec::new);
        };
        let most = if item.is_open() {
            words.len()
        } else {
            words.len().min(1)
        };
        let takes = |taken: &usize| *taken > 0 && (item.is_open() || item.takes(&Words::of(words[0]).words()[0]));
        let sizes = (1..=most).filter(takes).chain(item.is_optional().then_some(0));
        let (taken, mut sizes) = sizes
            .map(|taken| (taken, by_trying(rest, &words[taken..])))
            .find_map(|(taken, sizes)| Some((taken, sizes?)))?;
        if let Item::Parameter(_) = item {
            sizes.insert(0, taken);
        }
        Some(sizes)
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_trying_everything_finds(
            shape in proptest::collection::vec(
                prop_oneof![3 => Just("a"), 1 => Just("b"), 3 => Just("[]"), 1 => Just("[?]"), 1 => Just("[:a|c]"),
                    1 => Just("[?:a|b]"), 1 => Just("[=/[bc]/]")],
                1..7,
            ),
            words in proptest::collection::vec(prop_oneof![Just("a"), Just("b"), Just("c")], 0..10),
        ) {
            let named = shape.iter().enumerate().map(|(at, item)| item.replacen('[', &format!("[p{at}"), usize::from(item.len() > 1)));
            let Ok(pattern) = Pattern::parse(&named.collect::<Vec<_>>().join(" ")) else {
                return Ok(()); // Everything in it may be left out.
            };
            let found = pattern.spans(words.len(), |item, at| item.takes(&Words::of(words[at]).words()[0]));
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
