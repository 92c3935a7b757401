//! The rules of all namespaces, and which of them a message calls. Built once from the configuration.

use std::sync::Arc;

use super::matching::said;
use super::{Rule, RuleKey};
use crate::config::{Config, Namespace};

/// Every `[[keyword]]` rule of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Book {
    entries: Vec<(Arc<Namespace>, Arc<Rule>)>,
}

/// Where something was said.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The channel's id.
    pub id: &'a str,
    /// What else is known of it. None: nothing yet.
    pub known: Option<Known<'a>>,
}

/// What is known of a channel that the bot is in.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its name without `#`.
    pub name: &'a str,
    /// Whether only who is invited sees it.
    pub private: bool,
}

impl Place<'_> {
    /// Whether this is the channel that is written so in the configuration: `#name` or an id. None: that cannot be said
    /// while nothing is known of the channel.
    pub fn is(&self, written: &str) -> Option<bool> {
        match written.strip_prefix('#') {
            Some(name) => self.known.map(|known| known.name == name),
            None => Some(self.id == written),
        }
    }

    /// Whether everybody may see it, as far as that is known.
    pub fn is_public(&self) -> bool {
        self.known.is_some_and(|known| !known.private)
    }
}

/// What comes of a message.
#[derive(Clone, Debug, Default)]
pub struct Hearing<'a> {
    /// The rules that it calls.
    pub heard: Vec<Heard<'a>>,
    /// Whether others may be called that listen in some channels, or not in some, and it is not known yet which one this is.
    pub unsure: bool,
}

/// A rule that is called.
#[derive(Clone, Debug)]
pub struct Heard<'a> {
    /// The namespace's name.
    pub namespace: &'a str,
    /// The rule.
    pub rule: &'a Rule,
    /// The keyword, as it was written in the message.
    pub keyword: String,
}

impl Book {
    /// The rules of a configuration.
    pub fn new(config: &Config) -> Self {
        let rules = |namespace: &Arc<Namespace>| {
            let (namespace, rules) = (Arc::clone(namespace), namespace.keywords.clone());
            rules.into_iter().map(move |rule| (Arc::clone(&namespace), rule))
        };
        Self {
            entries: config.namespaces.values().flat_map(rules).collect(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every rule, with its namespace's name.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &Rule)> {
        let rules = self.entries.iter();
        rules.map(|(namespace, rule)| (namespace.name.as_str(), &**rule))
    }

    /// The rule that is recognised so, and its namespace. None: it has been changed or removed.
    pub fn find(&self, namespace: &str, key: &RuleKey) -> Option<(&Namespace, &Rule)> {
        let mut rules = self.entries.iter();
        let found = rules.find(|(of, rule)| of.name == namespace && rule.key == *key);
        found.map(|(namespace, rule)| (&**namespace, &**rule))
    }

    /// The rules that a text calls, as Slack sent it, where it was said. An edit calls those that the text `before` did
    /// not.
    pub fn overhear(&self, text: &str, before: Option<&str>, place: Place<'_>) -> Hearing<'_> {
        let mut hearing = Hearing::default();
        if self.is_empty() {
            return hearing;
        }
        let (said, before) = (said(text), before.map(said));
        for (namespace, rule) in &self.entries {
            let listens = rule.listens_in(place, namespace.grants.trusted);
            if listens == Some(false) {
                continue;
            }
            let is_old = || {
                before
                    .as_deref()
                    .is_some_and(|before| rule.keyword.find(before).is_some())
            };
            let Some(keyword) = rule.keyword.find(&said).filter(|_| !is_old()) else {
                continue;
            };
            match listens {
                Some(_) => hearing.heard.push(Heard {
                    namespace: &namespace.name,
                    rule,
                    keyword: keyword.to_owned(),
                }),
                None => hearing.unsure = true,
            }
        }
        hearing
    }

    /// Whether some rule listens there.
    pub fn listens_in(&self, place: Place<'_>) -> bool {
        let mut rules = self.entries.iter();
        rules.any(|(namespace, rule)| rule.listens_in(place, namespace.grants.trusted) == Some(true))
    }

    /// The first keyword in a text, wherever it was said; of namespaces that are for members only, where whoever said it
    /// `is_member`.
    pub fn keyword_in(&self, text: &str, is_member: bool) -> Option<String> {
        let said = said(text);
        let visible = self.entries.iter().filter(|(of, _)| is_member || !of.restricted);
        visible
            .filter_map(|(_, rule)| rule.keyword.find(&said))
            .map(str::to_owned)
            .next()
    }
}
