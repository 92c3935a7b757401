//! Which of two patterns wins, and which two must not stand in one namespace.
//!
//! One pattern is **more specific** than another if the other matches every text that it matches, and more. So
//! `show all` is more specific than `show [target]`, and `say [a] to [b]` than `say [text]`. Of the commands that match
//! a text the most specific runs.
//!
//! Two patterns **clash** if some text matches both and neither is more specific: `show [x] now` and `show all [y]`
//! on `show all now`. Configuration with a clash is refused; without one, the commands that match a text always stand
//! in a chain, each more specific than the next, so that there is one winner and the order in the file does not
//! matter.
//!
//! The definition speaks of texts only, so it holds for the kinds of parameters that come later: choices and
//! a quoted parameter match less than a plain one and win over it; `stop [name?]` matches all that `stop` does, and
//! loses to it; and where it cannot be decided whether one expression matches all that another does, they count as
//! overlapping, and so as a clash.

use std::collections::{HashMap, VecDeque};

use super::pattern::{Item, Pattern};
use super::words::same_word;

/// Stands in an example for what could be any word.
const ANY_WORD: &str = "x";

/// How many items of each of two patterns have been matched.
type Place = (usize, usize);

impl Pattern {
    /// Whether `other` matches every text that this matches, and more.
    pub fn is_more_specific_than(&self, other: &Self) -> bool {
        other.covers(self) && !self.covers(other)
    }

    /// A text that both match, if there is one and neither is more specific.
    pub fn clashes_with(&self, other: &Self) -> Option<String> {
        match self.covers(other) == other.covers(self) {
            true => shared_text(&self.items, &other.items),
            false => None,
        }
    }

    /// Whether this matches every text that `other` matches.
    ///
    /// It is enough to try one text: the other's words, with a word for each of its parameters that is in no pattern.
    /// If this matches it, its parameters took those words, and would as well take any others and more of them.
    fn covers(&self, other: &Self) -> bool {
        let is = |word: &str, at: usize| match &other.items[at] {
            Item::Word(others) => same_word(word, others),
            Item::Parameter(_) => false,
        };
        self.spans(other.items.len(), is).is_some()
    }
}

/// A shortest text that both match: a search through the pairs of places that a text can lead to.
fn shared_text(one: &[Item], other: &[Item]) -> Option<String> {
    let mut came_from: HashMap<Place, (Place, &str)> = HashMap::new();
    let mut waiting = VecDeque::from([(0, 0)]);
    while let Some(place) = waiting.pop_front() {
        if place == (one.len(), other.len()) {
            return Some(text_to(place, &came_from));
        }
        for (next_one, word_one) in steps(one, place.0) {
            for (next_other, word_other) in steps(other, place.1) {
                let next = (next_one, next_other);
                if let Some(word) = common(word_one, word_other)
                    && !came_from.contains_key(&next)
                {
                    came_from.insert(next, (place, word));
                    waiting.push_back(next);
                }
            }
        }
    }
    None
}

/// Where one more word leads from `at`, and which word it must be; none where it may be any.
fn steps(items: &[Item], at: usize) -> impl Iterator<Item = (usize, Option<&str>)> {
    let on = items.get(at).map(|item| match item {
        Item::Word(word) => (at + 1, Some(word.as_str())),
        Item::Parameter(_) => (at + 1, None),
    });
    let stays = at
        .checked_sub(1)
        .is_some_and(|before| matches!(items[before], Item::Parameter(_)));
    on.into_iter().chain(stays.then_some((at, None)))
}

/// The word that is both, if one can be.
fn common<'a>(one: Option<&'a str>, other: Option<&'a str>) -> Option<&'a str> {
    match (one, other) {
        (Some(one), Some(other)) => same_word(one, other).then_some(one),
        (Some(word), None) | (None, Some(word)) => Some(word),
        (None, None) => Some(ANY_WORD),
    }
}

/// The words on the way to `place`.
fn text_to(mut place: Place, came_from: &HashMap<Place, (Place, &str)>) -> String {
    let mut words = Vec::new();
    while place != (0, 0)
        && let Some((before, word)) = came_from.get(&place)
    {
        words.push(*word);
        place = *before;
    }
    words.reverse();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;

    use super::*;

    fn pattern(written: &str) -> Pattern {
        Pattern::parse(written).unwrap()
    }

    fn clash(one: &str, other: &str) -> Option<String> {
        pattern(one).clashes_with(&pattern(other))
    }

    #[test]
    fn words_are_more_specific_than_parameters() {
        for (narrow, wide) in [
            ("show all", "show [target]"),
            ("show all", "[anything]"),
            ("say hello to [name]", "say [what] to [name]"),
            ("say [what] to [name]", "say [what]"),
            ("[a] [b]", "[a]"),
            ("what's up", "what’s [x]"),
        ] {
            assert!(
                pattern(narrow).is_more_specific_than(&pattern(wide)),
                "{narrow} | {wide}"
            );
            assert!(
                !pattern(wide).is_more_specific_than(&pattern(narrow)),
                "{wide} | {narrow}"
            );
            assert_eq!(clash(narrow, wide), None);
        }
    }

    #[test]
    fn clashes_come_with_an_example() {
        assert_eq!(clash("show [x] now", "show all [y]").as_deref(), Some("show all now"));
        assert_eq!(clash("show [x]", "show [y]").as_deref(), Some("show x"));
        assert_eq!(clash("stop", "stop").as_deref(), Some("stop"));
        assert_eq!(clash("[a] to [b]", "[a] by [b]").as_deref(), Some("x to by x"));
        assert_eq!(clash("stop", "start"), None);
        assert_eq!(clash("deploy [x]", "deploy"), None);
        assert_eq!(clash("[a] x", "[a] y"), None);
    }

    fn any_pattern() -> impl Strategy<Value = Pattern> {
        let item = prop_oneof![Just("a"), Just("b"), Just("[]")];
        proptest::collection::vec(item, 1..5).prop_map(|items| {
            let named = items.iter().enumerate().map(|(at, item)| match *item {
                "[]" => format!("[p{at}]"),
                word => word.to_owned(),
            });
            pattern(&named.collect::<Vec<_>>().join(" "))
        })
    }

    /// Every text of up to six words of a small vocabulary.
    fn texts() -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..6 {
            let to = texts.len();
            for at in from..to {
                for word in ["a", "b", "c"] {
                    texts.push(format!("{} {word}", texts[at]).trim().to_owned());
                }
            }
            from = to;
        }
        texts
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_is_about_the_texts_that_match(one in any_pattern(), other in any_pattern()) {
            let (mut only_one, mut only_other, mut both) = (0, 0, 0);
            for text in texts() {
                match (one.matches(&text).is_some(), other.matches(&text).is_some()) {
                    (true, false) => only_one += 1,
                    (false, true) => only_other += 1,
                    (true, true) => both += 1,
                    (false, false) => {}
                }
            }
            prop_assert_eq!(one.is_more_specific_than(&other), only_one == 0 && only_other > 0);
            let clash = one.clashes_with(&other);
            prop_assert_eq!(clash.is_some(), both > 0 && (only_one == 0) == (only_other == 0), "{} | {}", one, other);
            if let Some(text) = clash {
                prop_assert!(one.matches(&text).is_some() && other.matches(&text).is_some(), "{}", text);
            }
        }

        #[test]
        fn patterns_without_a_clash_have_one_winner(patterns in proptest::collection::vec(any_pattern(), 2..6)) {
            let clash = |one: &Pattern, other: &Pattern| one.clashes_with(other).is_some();
            prop_assume!(!patterns.iter().enumerate().any(|(at, one)| patterns[..at].iter().any(|other| clash(one, other))));
            for text in texts() {
                let matching: Vec<_> = patterns.iter().filter(|pattern| pattern.matches(&text).is_some()).collect();
                let wins = |one: &&&Pattern| {
                    matching.iter().all(|other| *other == **one || one.is_more_specific_than(other))
                };
                prop_assert!(matching.is_empty() || matching.iter().filter(wins).count() == 1);
            }
        }
    }
}
