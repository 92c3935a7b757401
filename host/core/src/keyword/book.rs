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
    /// Its name without `#`, where that is known.
    pub name: Option<&'a str>,
}

impl Place<'_> {
    /// Whether this is the channel that is written so in the configuration: `#name` or an id.
    pub fn is(&self, written: &str) -> bool {
        match written.strip_prefix('#') {
            Some(name) => self.name == Some(name),
            None => self.id == written,
        }
    }
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

    /// The rules that a text calls, as Slack sent it, where it was said.
    pub fn overhear(&self, text: &str, place: Place<'_>) -> Vec<Heard<'_>> {
        if self.is_empty() {
            return Vec::new();
        }
        let said = said(text);
        let rules = self.entries.iter().filter(|(_, rule)| rule.listens_in(place));
        rules
            .filter_map(|(namespace, rule)| {
                Some(Heard {
                    namespace: &namespace.name,
                    rule,
                    keyword: rule.keyword.find(&said)?.to_owned(),
                })
            })
            .collect()
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
