//! What somebody who was not understood probably meant.

use super::catalogue::Catalogue;
use super::decode::decode;
use super::interpret::{Understood, interpret_plain};
use super::pattern::{Item, Pattern};
use super::words::{Word, Words};

/// How many commands are offered.
const MOST: usize = 3;
/// From this distance on a command is not worth offering.
const TOO_FAR: f64 = 0.4;
/// How much further than the nearest another one may be.
const MARGIN: f64 = 0.15;
/// How far one word may be from another that it is corrected to.
const SLIP: f64 = 0.5;
/// How many corrections are tried, the nearest first.
const TRIED: usize = 8;
/// How many words of a text are compared. A command is recognised by its beginning.
const COMPARED_WORDS: usize = 16;
/// How many characters of a word are compared.
const COMPARED_CHARACTERS: usize = 32;
/// A parameter that takes a word is a little further than a word that is right.
const TAKEN: f64 = 0.1;
/// A parameter that is forgotten counts less than a word.
const PARAMETER: f64 = 0.5;

/// The built-in commands, as they are compared and as they are typed.
const BUILT_IN: &[(&[Option<&str>], &str)] = &[
    (&[Some("help")], "help"),
    (&[Some("status")], "status"),
    (&[Some("logs"), Some("tail"), None], "logs tail [run]"),
    (&[Some("cancel"), None], "cancel [number]"),
];

/// The same of those about services, which are offered where there are some.
const OF_SERVICES: &[(&[Option<&str>], &str)] = &[
    (&[Some("services")], "services"),
    (&[Some("service"), None], "service [name]"),
    (&[Some("ack"), None], "ack [service]"),
    (&[Some("unack"), None], "unack [service]"),
    (&[Some("silence"), None, None], "silence [service] [time]"),
    (&[Some("unsilence"), None], "unsilence [service]"),
    (&[Some("on"), Some("call")], "on call"),
];

/// The commands nearest to a text, as they would be typed, the nearest first.
pub(super) fn nearest(text: &Words<'_>, catalogue: &Catalogue) -> Vec<String> {
    let words: Vec<String> = text.words().iter().take(COMPARED_WORDS).map(compared).collect();
    let named = words.first().and_then(|name| catalogue.namespace(name));
    let of_services = OF_SERVICES.iter().filter(|_| catalogue.has_services());
    let mut found: Vec<(f64, String)> = catalogue
        .namespaces()
        .filter(|namespace| named.is_none_or(|named| named.name == namespace.name))
        .flat_map(|namespace| {
            let commands = namespace.commands.iter().map(|command| &command.pattern);
            commands.map(|pattern| candidate(&namespace.name, pattern, &words))
        })
        .chain(
            BUILT_IN
                .iter()
                .chain(of_services)
                .map(|(items, typed)| (distance(items, &words), (*typed).to_owned())),
        )
        .filter(|(distance, _)| *distance < TOO_FAR)
        .collect();
    if let Some(named) = named.filter(|_| found.is_empty()) {
        return vec![format!("{} help", named.name)];
    }
    found.sort_by(|one, other| one.0.total_cmp(&other.0).then_with(|| one.1.cmp(&other.1)));
    let reach = found.first().map_or(0.0, |(distance, _)| distance + MARGIN);
    found
        .into_iter()
        .take_while(|(distance, _)| *distance <= reach)
        .take(MOST)
        .map(|(_, command)| command)
        .collect()
}

/// The text, as Slack sent it, with a slip in its first words corrected: in plain text. None where no command comes of that,
/// or nothing is near.
pub fn corrected(text: &str, catalogue: &Catalogue) -> Option<String> {
    let plain = decode(text);
    let words = Words::of(&plain);
    let typed: Vec<String> = words.words().iter().take(COMPARED_WORDS).map(compared).collect();
    let commands = catalogue.namespaces().flat_map(|namespace| {
        let patterns = namespace.commands.iter().map(|command| &command.pattern);
        patterns.map(|pattern| beginning(&namespace.name, pattern))
    });
    let built_in = ["help", "status"].map(|word| vec![word]);
    let mut found: Vec<(f64, String)> = Vec::new();
    for beginning in commands.chain(built_in) {
        let corrected = |replaced| {
            format!("{} {}", beginning.join(" "), words.text_from(replaced))
                .trim()
                .to_owned()
        };
        if let Some(slip) = slip(&beginning, &typed) {
            found.push((slip, corrected(beginning.len())));
        }
        // Its namespace may have been forgotten.
        if let [_, rest @ ..] = beginning.as_slice()
            && let Some(slip) = slip(rest, &typed)
        {
            found.push((slip + TAKEN, corrected(rest.len())));
        }
    }
    found.sort_by(|one, other| one.0.total_cmp(&other.0).then_with(|| one.1.cmp(&other.1)));
    found.dedup();
    let is_command = |text: &String| {
        let understood = interpret_plain(text, catalogue);
        matches!(
            understood,
            Understood::Run { .. } | Understood::Help | Understood::Status
        )
    };
    found.into_iter().map(|(_, text)| text).take(TRIED).find(is_command)
}

/// The words that a command begins with, its namespace's name first.
fn beginning<'c>(namespace: &'c str, pattern: &'c Pattern) -> Vec<&'c str> {
    let words = pattern.items.iter().map_while(|item| match item {
        Item::Word(word) => Some(word.as_str()),
        Item::Parameter(_) => None,
    });
    std::iter::once(namespace).chain(words).take(COMPARED_WORDS).collect()
}

/// How far `typed` is from beginning with these words, as a share of them; none where that is too far, or one word is.
fn slip(words: &[&str], typed: &[String]) -> Option<f64> {
    if words.is_empty() || typed.len() < words.len() {
        return None;
    }
    let far: Vec<f64> = words
        .iter()
        .zip(typed)
        .map(|(word, typed)| 1.0 - similarity(word, typed))
        .collect();
    let share = far.iter().sum::<f64>() / words.len() as f64;
    (share < TOO_FAR && far.iter().all(|far| *far <= SLIP)).then_some(share)
}

fn compared(word: &Word<'_>) -> String {
    word.plain()
        .unwrap_or_default()
        .chars()
        .take(COMPARED_CHARACTERS)
        .collect()
}

fn candidate(namespace: &str, pattern: &Pattern, words: &[String]) -> (f64, String) {
    let items = pattern.items.iter().map(|item| match item {
        Item::Word(word) => Some(word.as_str()),
        Item::Parameter(_) => None,
    });
    let typed: Vec<Option<&str>> = std::iter::once(Some(namespace)).chain(items).collect();
    (distance(&typed, words), format!("{namespace} {}", pattern.shown()))
}

/// How far `words` are from a command, as a share of the command: 0 is the command itself. The edit distance, over
/// words; an item that is none is a parameter.
fn distance(items: &[Option<&str>], words: &[String]) -> f64 {
    let mut row: Vec<f64> = (0..=words.len()).map(|count| count as f64).collect();
    for item in items {
        let (missing, more) = if item.is_none() { (PARAMETER, TAKEN) } else { (1.0, 1.0) };
        let mut diagonal = row[0];
        row[0] += missing;
        for (at, word) in words.iter().enumerate() {
            let replaced = diagonal + item.map_or(TAKEN, |expected| 1.0 - similarity(expected, word));
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + more).min(diagonal + missing);
        }
    }
    let weight: f64 = items
        .iter()
        .map(|item| if item.is_none() { PARAMETER } else { 1.0 })
        .sum();
    row[words.len()] / weight
}

fn similarity(expected: &str, word: &str) -> f64 {
    match expected == word {
        true => 1.0,
        false => {
            let expected: String = expected.chars().take(COMPARED_CHARACTERS).collect();
            strsim::normalized_damerau_levenshtein(&expected, word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::interpret::tests::catalogue;
    use super::*;

    fn near(text: &str) -> Vec<String> {
        nearest(&Words::of(text), &catalogue())
    }

    #[test]
    fn slips_find_what_was_meant() {
        assert_eq!(near("demo say helo to Bob"), ["demo say hello to [name]"]);
        assert_eq!(near("dmeo say hello to Bob and Ann"), ["demo say hello to [name]"]);
        assert_eq!(
            near("say hello to Bob"),
            ["demo say hello to [name]"],
            "the namespace is forgotten"
        );
        assert_eq!(near("demo say hello to"), ["demo say hello to [name]"]);
        assert_eq!(near("demo shwo all").first().map(String::as_str), Some("demo show all"));
        assert_eq!(near("staus"), ["status"]);
        assert_eq!(near("Help"), ["help"]);
    }

    #[test]
    fn a_slip_in_the_first_words_is_corrected_and_the_rest_stays() {
        let corrected = |text: &str| corrected(text, &catalogue());
        assert_eq!(
            corrected("demo say helo to Bob  and Ann").as_deref(),
            Some("demo say hello to Bob  and Ann")
        );
        assert_eq!(corrected("say hello to Bob").as_deref(), Some("demo say hello to Bob"));
        assert_eq!(corrected("dmeo shwo all").as_deref(), Some("demo show all"));
        assert_eq!(
            corrected("demo say helo to &lt;Bob&gt;").as_deref(),
            Some("demo say hello to <Bob>")
        );
        assert_eq!(corrected("staus.").as_deref(), Some("status"));
        assert_eq!(corrected("demo say helo to"), None, "nobody is greeted");
        assert_eq!(corrected("what is the weather like"), None);
        assert_eq!(corrected(""), None);
    }

    #[test]
    fn nothing_near_is_not_offered() {
        assert_eq!(near("what is the weather like in Oxford today"), Vec::<String>::new());
        assert_eq!(near("\"quoted\""), Vec::<String>::new());
        assert_eq!(near("demo what is the weather like in Oxford"), ["demo help"]);
    }

    #[test]
    fn a_long_text_is_compared_by_its_beginning() {
        let text = format!("demo sya hello to {}", "x".repeat(100_000));
        assert_eq!(near(&text), ["demo say hello to [name]"]);
    }
}
