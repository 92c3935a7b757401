//! What is known of a check: how many of its last results were failures. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::status::{Importance, Status};
use crate::clock::Timestamp;
use crate::run::{Ending, RunId};

/// How a check counts in its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckRules {
    /// How much it matters that it fails.
    pub importance: Importance,
    /// How many failures in a row are forgiven.
    pub debounce: u32,
    /// Whether it counts at all.
    pub active: bool,
}

impl Default for CheckRules {
    fn default() -> Self {
        Self {
            importance: Importance::default(),
            debounce: 0,
            active: true,
        }
    }
}

/// What is known of a check. It is the same for every service that has it, and whatever the rules say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckState {
    /// How many of its last results, in a row, were failures.
    pub failures: u32,
    /// When the first of these was.
    pub since: Option<Timestamp>,
    /// The last run that gave a result.
    pub run: Option<RunId>,
    /// When that was.
    pub at: Option<Timestamp>,
}

impl CheckState {
    /// What is known once this result is.
    #[must_use]
    pub fn after(&self, passed: bool, run: RunId, at: Timestamp) -> Self {
        Self {
            failures: if passed { 0 } else { self.failures.saturating_add(1) },
            since: match passed {
                true => None,
                false => self.since.or(Some(at)),
            },
            run: Some(run),
            at: Some(at),
        }
    }

    /// Whether the last result was a failure, forgiven or not.
    pub const fn failed_last(&self) -> bool {
        self.failures > 0
    }

    /// Whether it fails: more failures in a row than are forgiven. One that never ran does not.
    pub const fn is_failing(&self, rules: &CheckRules) -> bool {
        self.failures > rules.debounce
    }
}

/// What a run says of its check: it passes when the run succeeds. None: nothing, since the host ended it.
pub const fn result_of(ending: &Ending) -> Option<bool> {
    match ending {
        Ending::Interrupted => None,
        other => Some(other.is_success()),
    }
}

/// The status of a service that has these checks. Those of which nothing is known pass.
pub fn status_of(rules: &BTreeMap<String, CheckRules>, known: &BTreeMap<String, CheckState>) -> Status {
    Status::worst_of(failing(rules, known).map(|(_, rules)| rules.importance))
}

/// The active checks that fail, with their rules, in the order of their names.
pub fn failing<'a>(
    rules: &'a BTreeMap<String, CheckRules>,
    known: &'a BTreeMap<String, CheckState>,
) -> impl Iterator<Item = (&'a str, &'a CheckRules)> {
    let active = rules.iter().filter(|(_, rules)| rules.active);
    active
        .filter(|(name, rules)| known.get(*name).is_some_and(|state| state.is_failing(rules)))
        .map(|(name, rules)| (name.as_str(), rules))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of these results: `x` failed, anything else passed. `X` where the check fails after it.
    fn verdicts(results: &str, debounce: u32) -> String {
        let rules = CheckRules {
            debounce,
            ..CheckRules::default()
        };
        let mut state = CheckState::default();
        let results = results.chars().map(|result| {
            state = state.after(result != 'x', RunId(1), Timestamp::from_micros(0));
            match (result, state.is_failing(&rules)) {
                ('x', true) => 'X',
                (_, true) => '!',
                (other, false) => other,
            }
        });
        results.collect()
    }

    #[test]
    fn as_many_failures_in_a_row_as_are_forgiven_are_forgiven() {
        assert_eq!(verdicts(".x.xx.xxx.", 0), ".X.XX.XXX.");
        assert_eq!(verdicts(".x.xx.xxx.", 1), ".x.xX.xXX.");
        assert_eq!(verdicts(".x.xx.xxx.", 2), ".x.xx.xxX.");
        assert_eq!(verdicts(".x.xx.xxx.", 3), ".x.xx.xxx.");
    }

    #[test]
    fn whatever_is_no_success_is_a_failure_but_what_the_host_ended() {
        assert_eq!(result_of(&Ending::Exited { code: 0 }), Some(true));
        assert_eq!(result_of(&Ending::Exited { code: 1 }), Some(false));
        assert_eq!(result_of(&Ending::TimedOut { after_ms: 1 }), Some(false));
        assert_eq!(
            result_of(&Ending::NotStarted {
                why: "no such file".into()
            }),
            Some(false)
        );
        assert_eq!(result_of(&Ending::Interrupted), None);
    }

    #[test]
    fn a_failure_is_as_old_as_the_first_in_its_row() {
        let at = Timestamp::from_micros;
        let first = CheckState::default().after(false, RunId(1), at(10));
        let second = first.after(false, RunId(2), at(20));
        assert_eq!(
            (second.failures, second.since, second.at),
            (2, Some(at(10)), Some(at(20)))
        );
        let passed = second.after(true, RunId(3), at(30));
        assert_eq!((passed.failures, passed.since, passed.run), (0, None, Some(RunId(3))));
    }

    #[test]
    fn only_active_checks_count_and_those_that_never_ran_pass() {
        let rules = |importance, active| CheckRules {
            importance,
            active,
            debounce: 0,
        };
        let rules = BTreeMap::from([
            ("a".to_owned(), rules(Importance::Critical, false)),
            ("b".to_owned(), rules(Importance::Warning, true)),
            ("c".to_owned(), rules(Importance::Critical, true)),
        ]);
        let failed = CheckState::default().after(false, RunId(1), Timestamp::from_micros(0));
        let known = BTreeMap::from([("a".to_owned(), failed.clone()), ("b".to_owned(), failed)]);
        assert_eq!(status_of(&rules, &known), Status::Warning);
        assert_eq!(status_of(&rules, &BTreeMap::new()), Status::Passing);
        let failing: Vec<&str> = failing(&rules, &known).map(|(name, _)| name).collect();
        assert_eq!(failing, ["b"]);
    }
}
