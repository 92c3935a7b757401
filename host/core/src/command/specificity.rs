//! Which of two patterns wins, and which two must not stand in one namespace.
//!
//! One pattern is **more specific** than another if the other matches every text that it matches, and more. So
//! `show all` is more specific than `show [target]`, `stop` than `stop [name?]`, `to [env:staging|production]` than
//! `to [place]`, and `say [a] to [b]` than `say [text]`. Of the commands that match a text the most specific runs.
//!
//! Two patterns **clash** if some text matches both and neither is more specific: `show [x] now` and `show all [y]`
//! on `show all now`. Configuration with a clash is refused; without one, the commands that match a text always stand
//! in a chain, each more specific than the next, so that there is one winner and the order in the file does not
//! matter.
//!
//! What an expression matches is known of single words only. So it counts as matching no more than itself, and all that
//! is written in other patterns and fits it; and as sharing a word with every other expression and with every plain
//! parameter. That errs to one side: two commands may be refused that share no text, and never has one of them the
//! wrong text.

use std::collections::{HashMap, HashSet, VecDeque};

use super::expression::Expression;
use super::pattern::{Item, Kind, Pattern};
use super::words::same_word;

/// Stands in an example for what could be any word.
const ANY_WORD: &str = "x";
/// How far it is looked whether one pattern matches all that another does. Patterns of people need a few hundred steps.
const MOST_STEPS: usize = 20_000;
/// The same for all pairs of the patterns of a namespace.
pub const MOST_STEPS_IN_ALL: usize = 500_000;

/// How many items of each of two patterns have been matched.
type Place = (usize, usize);

impl Pattern {
    /// Whether `other` matches every text that this matches, and more.
    pub fn is_more_specific_than(&self, other: &Self) -> bool {
        let covers = |wide: &Self, narrow: &Self| covers(&wide.items, &narrow.items, &mut MOST_STEPS.clone());
        covers(other, self) && !covers(self, other)
    }

    /// A text that both match, if there is one and neither is more specific. What matches an expression is not made up:
    /// the expression stands in its place.
    ///
    /// `steps` is how far it may be looked in all, for all pairs of a namespace. What takes longer counts as a clash.
    pub fn clashes_with(&self, other: &Self, steps: &mut usize) -> Option<String> {
        let shared = shared_text(&self.items, &other.items)?;
        let mut covers = |wide: &Self, narrow: &Self| {
            let mut left = MOST_STEPS.min(*steps);
            let before = left;
            let covers = covers(&wide.items, &narrow.items, &mut left);
            *steps -= before - left;
            covers
        };
        (covers(self, other) == covers(other, self)).then_some(shared)
    }
}

/// A word of a text, as far as patterns can tell words apart.
#[derive(Clone, Copy, Debug)]
enum Letter<'p> {
    /// This word, without quotation marks.
    Word(&'p str),
    /// This, in quotation marks.
    Quoted(&'p str),
    /// Some word that fits this expression.
    Fitting(&'p Expression),
    /// A word that stands in no pattern.
    Strange,
}

impl Letter<'_> {
    /// Whether `item` takes it for sure.
    fn is_taken_by(self, item: &Item) -> bool {
        let kind = match item {
            Item::Word(word) => return matches!(self, Letter::Word(letter) if same_word(word, letter)),
            Item::Parameter(parameter) => &parameter.kind,
        };
        match (kind, self) {
            (Kind::Any, _) => true,
            (Kind::Choices(choices), Letter::Word(word)) => choices.iter().any(|choice| same_word(choice, word)),
            (Kind::Choices(choices), Letter::Quoted(said)) => choices.iter().any(|choice| choice == said),
            // A word with quotation marks in it may be typed with others.
            (Kind::Expression(expression), Letter::Word(word)) => has_one_form(word) && expression.fits(word),
            (Kind::Expression(expression), Letter::Quoted(said)) => expression.fits(said),
            (Kind::Expression(expression), Letter::Fitting(other)) => expression == other,
            (Kind::Choices(_), Letter::Fitting(_) | Letter::Strange) | (Kind::Expression(_), Letter::Strange) => false,
        }
    }
}

/// Whether a word cannot be typed with other quotation marks than it is written with.
fn has_one_form(word: &str) -> bool {
    !word.contains(['\'', '"', '‘', '’', '“', '”', '„'])
}

/// The letters that an item takes: of those that are taken by more patterns than others, only the others.
fn letters(item: &Item) -> Vec<Letter<'_>> {
    match item {
        Item::Word(word) => vec![Letter::Word(word)],
        Item::Parameter(parameter) => match &parameter.kind {
            Kind::Any => vec![Letter::Strange],
            Kind::Choices(choices) => {
                let both = |choice| [Letter::Word(choice), Letter::Quoted(choice)];
                choices.iter().map(String::as_str).flat_map(both).collect()
            }
            Kind::Expression(expression) => vec![Letter::Fitting(expression)],
        },
    }
}

/// Whether `wide` matches every text that `narrow` matches. Says no where that takes more steps than are left.
///
/// A walk through all texts of `narrow`, letter by letter, with all the places of `wide` that each could have led to.
/// Where `narrow` takes any word, the letter is one that is in no pattern: what matches it would match any other.
fn covers(wide: &[Item], narrow: &[Item], steps_left: &mut usize) -> bool {
    let start = (0, Places::at_start(wide));
    let mut known = HashSet::from([start]);
    let mut waiting = vec![start];
    while let Some((at, places)) = waiting.pop() {
        if at == narrow.len() && !places.hold(wide.len()) || *steps_left == 0 {
            return false;
        }
        *steps_left -= 1;
        let skipped = narrow
            .get(at)
            .filter(|item| item.is_optional())
            .map(|_| (at + 1, places));
        let read = steps(narrow, at).flat_map(|(next, item)| {
            let after = move |letter| (next, places.after(letter, wide));
            letters(item).into_iter().map(after)
        });
        for next in skipped.into_iter().chain(read) {
            if known.insert(next) {
                waiting.push(next);
            }
        }
    }
    true
}

/// A set of places in a pattern: how many of its items have been matched. There are at most 64 items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Places(u128);

impl Places {
    fn at_start(items: &[Item]) -> Self {
        Self(1).with_what_may_be_left_out(items)
    }

    fn hold(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }

    /// The places after one more letter.
    fn after(self, letter: Letter<'_>, items: &[Item]) -> Self {
        let mut next = 0;
        for place in (0..=items.len()).filter(|place| self.hold(*place)) {
            for (to, item) in steps(items, place) {
                if letter.is_taken_by(item) {
                    next |= 1 << to;
                }
            }
        }
        Self(next).with_what_may_be_left_out(items)
    }

    fn with_what_may_be_left_out(mut self, items: &[Item]) -> Self {
        for (place, item) in items.iter().enumerate() {
            if self.hold(place) && item.is_optional() {
                self.0 |= 1 << (place + 1);
            }
        }
        self
    }
}

/// Where one more word leads from `at`, and what takes it. A parameter that takes several words takes this one, too; where
/// it was left out, that is the same as not leaving it out.
fn steps(items: &[Item], at: usize) -> impl Iterator<Item = (usize, &Item)> {
    let on = items.get(at).map(|item| (at + 1, item));
    let before = at.checked_sub(1).and_then(|before| items.get(before));
    on.into_iter()
        .chain(before.filter(|item| item.is_open()).map(|item| (at, item)))
}

/// A text that both match, a short one: a search through the pairs of places that a text can lead to.
fn shared_text(one: &[Item], other: &[Item]) -> Option<String> {
    let mut came_from: HashMap<Place, (Place, Option<String>)> = HashMap::new();
    let mut waiting = VecDeque::from([(0, 0)]);
    while let Some(place) = waiting.pop_front() {
        if place == (one.len(), other.len()) {
            return Some(text_to(place, &came_from));
        }
        let may_skip = |items: &[Item], at: usize| items.get(at).is_some_and(Item::is_optional);
        let skips = [
            may_skip(one, place.0).then_some((place.0 + 1, place.1)),
            may_skip(other, place.1).then_some((place.0, place.1 + 1)),
        ];
        let mut found: Vec<(Place, Option<String>)> = skips.into_iter().flatten().map(|next| (next, None)).collect();
        for (next_one, item_one) in steps(one, place.0) {
            for (next_other, item_other) in steps(other, place.1) {
                let word = common(item_one, item_other);
                found.extend(word.map(|word| ((next_one, next_other), Some(word))));
            }
        }
        for (next, word) in found {
            if next != (0, 0) && !came_from.contains_key(&next) {
                came_from.insert(next, (place, word));
                waiting.push_back(next);
            }
        }
    }
    None
}

/// A word that both items take, if there may be one.
fn common(one: &Item, other: &Item) -> Option<String> {
    let taken = |letter: &Letter<'_>, by: &Item| match (letter, by) {
        // Nobody knows what two expressions share: perhaps something. The same goes for other forms of a word.
        (Letter::Fitting(_), Item::Parameter(parameter)) => !matches!(parameter.kind, Kind::Choices(_)),
        (Letter::Word(word), Item::Parameter(parameter)) if matches!(parameter.kind, Kind::Expression(_)) => {
            !has_one_form(word) || letter.is_taken_by(by)
        }
        _ => letter.is_taken_by(by),
    };
    let written = |letter: Letter<'_>| match letter {
        Letter::Word(word) => word.to_owned(),
        Letter::Quoted(said) => format!("\"{said}\""),
        Letter::Fitting(expression) => format!("/{}/", expression.written()),
        Letter::Strange => ANY_WORD.to_owned(),
    };
    let of_one = letters(one).into_iter().find(|letter| taken(letter, other));
    let of_other = || letters(other).into_iter().find(|letter| taken(letter, one));
    of_one.or_else(of_other).map(written)
}

/// The words on the way to `place`.
fn text_to(mut place: Place, came_from: &HashMap<Place, (Place, Option<String>)>) -> String {
    let mut words = Vec::new();
    while place != (0, 0)
        && let Some((before, word)) = came_from.get(&place)
    {
        words.extend(word.as_deref());
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
        pattern(one).clashes_with(&pattern(other), &mut MOST_STEPS_IN_ALL.clone())
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
            ("stop", "stop [name?]"),
            ("stop [name]", "stop [name?]"),
            ("to [env:staging|production]", "to [place]"),
            ("to staging", "to [env:staging|production]"),
            ("to [env:staging]", "to [env?:staging|production]"),
            ("close 12", r"close [n=/\d+/]"),
            (r"close [n=/\d+/]", "close [what]"),
            (r"close [n=/\d+/]", r"close [n?=/\d+/]"),
            ("close [n:1|2]", r"close [n=/\d+/]"),
            ("[a?] [b] x", "[a]"),
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
        assert_eq!(clash("stop [a?]", "stop [b?]").as_deref(), Some("stop x"));
        assert_eq!(clash("stop [a?]", "stop now [b?]"), None, "the second is more specific");
        assert_eq!(clash("to [a:x|y]", "to [b:y|z]").as_deref(), Some("to y"));
        assert_eq!(clash("to [a:x|y]", "to [b:z]"), None);
        assert_eq!(clash("[a?:x] y", "x [b?:y]").as_deref(), Some("x y"));
    }

    #[test]
    fn what_is_not_known_of_expressions_counts_as_shared() {
        assert_eq!(
            clash("close [n=/\\d+/]", "close [a=/[a-z]+/]").as_deref(),
            Some("close /\\d+/")
        );
        assert_eq!(
            clash("close [n=/\\d+/]", "close [n=/\\d+/]").as_deref(),
            Some("close /\\d+/")
        );
        assert_eq!(clash("[x] now", "close [n=/\\w+/]").as_deref(), Some("close now"));
        assert_eq!(clash("close all", "close [n=/\\d+/]"), None);
        assert_eq!(clash("close [what:all|none]", "close [n=/\\d+/]"), None);
        assert_eq!(
            clash("close [what:all|7]", "close [n=/\\d+/]").as_deref(),
            Some("close 7")
        );
        // Typed with another apostrophe it is still the word, and fits no more.
        assert_eq!(clash("say it's", "say [x=/it's/]").as_deref(), Some("say it's"));
    }

    #[test]
    fn a_pattern_made_to_take_long_takes_no_time() {
        // Multiples of a number below 17 differ below it: no choice is there twice.
        let word = |at: usize, n: usize| format!("w{}", (n * (at % 16 + 1)) % 17);
        let choices = |at: usize| (0..12).map(|n| word(at, n)).collect::<Vec<_>>().join("|");
        let parameters = |from: usize| {
            (from..from + 40)
                .map(|at| format!("[c{at}?:{}]", choices(at)))
                .collect::<Vec<_>>()
        };
        let [one, other] = [1, 2].map(|from| pattern(&format!("go {}", parameters(from).join(" "))));
        let start = std::time::Instant::now();
        one.clashes_with(&other, &mut MOST_STEPS_IN_ALL.clone());
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }

    fn any_pattern() -> impl Strategy<Value = Pattern> {
        let item = prop_oneof![
            2 => Just("a"), 2 => Just("b"), 3 => Just("[]"), 1 => Just("[?]"), 1 => Just("[:a|b]"), 1 => Just("[?:b]"),
        ];
        proptest::collection::vec(item, 1..4).prop_filter_map("everything may be left out", |items| {
            let named = items.iter().enumerate().map(|(at, item)| match item.strip_prefix('[') {
                Some(rest) => format!("[p{at}{rest}"),
                None => (*item).to_owned(),
            });
            Pattern::parse(&named.collect::<Vec<_>>().join(" ")).ok()
        })
    }

    /// Every text of up to five words of a small vocabulary.
    fn texts() -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..5 {
            let to = texts.len();
            for at in from..to {
                for word in ["a", "b", "c", "\"b\""] {
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
            let clash = one.clashes_with(&other, &mut MOST_STEPS_IN_ALL.clone());
            prop_assert_eq!(clash.is_some(), both > 0 && (only_one == 0) == (only_other == 0), "{} | {}", one, other);
            if let Some(text) = clash {
                prop_assert!(one.matches(&text).is_some() && other.matches(&text).is_some(), "{}", text);
            }
        }

        #[test]
        fn patterns_without_a_clash_have_one_winner(patterns in proptest::collection::vec(any_pattern(), 2..6)) {
            let clash = |one: &Pattern, other: &Pattern| one.clashes_with(other, &mut MOST_STEPS_IN_ALL.clone()).is_some();
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
