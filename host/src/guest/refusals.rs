//! What a run was refused, to be said in its report: whoever looks at a failed run should not have to guess that a grant
//! is missing.

use std::sync::{Arc, Mutex, PoisonError};

use super::ending::tidy;

/// Sentences that are kept. A guest that knocks at a thousand doors is told of the first few.
const KEPT: usize = 10;
const CHARACTERS: usize = 300;

/// The refusals of one run. Its clones share them.
#[derive(Clone, Debug, Default)]
pub struct Refusals(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    sentences: Vec<String>,
    more: bool,
}

impl Refusals {
    /// Remembers a refusal, unless the same was noted before. Without a full stop, and fit for people.
    pub fn note(&self, sentence: impl ToString) {
        let sentence = tidy(&sentence.to_string(), CHARACTERS);
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.sentences.contains(&sentence) {
            return;
        }
        if noted.sentences.len() < KEPT {
            noted.sentences.push(sentence);
        } else {
            noted.more = true;
        }
    }

    /// What was refused first.
    pub fn first(&self) -> Option<String> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.sentences.first().cloned()
    }

    /// What was refused, as lines for the run's stderr. Empty where nothing was.
    pub fn lines(&self) -> String {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more = noted.more.then_some("and more");
        let sentences = noted.sentences.iter().map(String::as_str).chain(more);
        sentences
            .map(|sentence| format!("innkeeper: refused: {sentence}\n"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_few_tidy_and_said_once() {
        let refusals = Refusals::default();
        assert_eq!(refusals.lines(), "");
        refusals.clone().note("outbound HTTP to a\nb (not granted)");
        refusals.note("outbound HTTP to a b (not granted)");
        assert_eq!(
            refusals.lines(),
            "innkeeper: refused: outbound HTTP to a b (not granted)\n"
        );
        for number in 0..1000 {
            refusals.note(number);
        }
        let lines = refusals.lines();
        assert_eq!(lines.lines().count(), KEPT + 1);
        assert!(lines.ends_with("innkeeper: refused: and more\n"), "{lines}");
    }
}
