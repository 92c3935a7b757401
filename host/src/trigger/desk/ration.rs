//! How often a keyword rule of a namespace that is not trusted may call: a word like `the` must not flood the support
//! channel. Kept in memory; a start begins anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::request::KeywordOrigin;

/// The most calls of one rule in [`SPAN`].
pub(super) const MOST_CALLS: usize = 30;
const SPAN: Duration = Duration::from_secs(60 * 60);

/// A message: its channel and its `ts`.
type Message = (String, String);

/// A rule: its namespace and its key.
type Rule = (String, String);

/// What was called lately.
#[derive(Default)]
pub(super) struct Ration {
    /// Which messages called a rule, and when.
    calls: Mutex<HashMap<Rule, Vec<(Message, Timestamp)>>>,
}

impl Ration {
    /// Whether the rule may be called by this message now. One that has called it may do so again: it is a repetition.
    pub(super) fn allows(&self, call: &KeywordOrigin, now: Timestamp) -> bool {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.retain(|_, calls| {
            calls.retain(|(_, at)| now.since(*at) < SPAN);
            !calls.is_empty()
        });
        let rule = (call.namespace.clone(), call.rule.as_str().to_owned());
        let message = (call.channel.clone(), call.message.clone());
        let calls = calls.entry(rule).or_default();
        if calls.iter().any(|(called, _)| *called == message) {
            return true;
        }
        let allowed = calls.len() < MOST_CALLS;
        if allowed {
            calls.push((message, now));
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use innkeeper_core::keyword::{Keyword, RuleKey};

    use super::*;

    fn call(message: usize) -> KeywordOrigin {
        #[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
        let keyword = Keyword::words(&["help".to_owned()]).unwrap();
        KeywordOrigin {
            namespace: "lab".into(),
            rule: RuleKey::new(&keyword, &[], "#support"),
            keyword: "help".into(),
            team: "T1".into(),
            channel: "C1".into(),
            public: true,
            user: "U1".into(),
            user_team: None,
            message: format!("{message}.000100"),
            thread: None,
            link: String::new(),
            support_channel: "#support".into(),
        }
    }

    #[test]
    fn a_rule_calls_so_often_an_hour_and_repetitions_do_not_count() {
        let (ration, now) = (Ration::default(), Timestamp::from_micros(0));
        for message in 0..MOST_CALLS {
            assert!(ration.allows(&call(message), now) && ration.allows(&call(message), now));
        }
        assert!(!ration.allows(&call(MOST_CALLS), now));
        let other = KeywordOrigin {
            namespace: "shed".into(),
            ..call(MOST_CALLS)
        };
        assert!(ration.allows(&other, now), "each has its own");
        assert!(ration.allows(&call(MOST_CALLS), now.plus(SPAN)));
    }
}
