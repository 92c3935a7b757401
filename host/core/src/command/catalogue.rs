//! What can be typed: the commands of every namespace, ready to be searched. Built once from the configuration.

use std::collections::BTreeMap;

use super::matching::Misfit;
use super::pattern::Pattern;
use super::words::Words;
use crate::config::{Config, Namespace};
use crate::request::Arguments;

/// The commands of all namespaces.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    namespaces: BTreeMap<String, CatalogueNamespace>,
    services: bool,
}

/// The commands of a namespace and what help says of it.
#[derive(Clone, Debug)]
pub struct CatalogueNamespace {
    /// Its name.
    pub name: String,
    /// What help says about it.
    pub description: Option<String>,
    /// Whether it is for members of the Slack workspace only.
    pub restricted: bool,
    /// In the order of the configuration: the index is that of [`Namespace::commands`].
    pub commands: Vec<CatalogueCommand>,
}

/// A command and what help says of it.
#[derive(Clone, Debug)]
pub struct CatalogueCommand {
    /// What is typed after the namespace's name.
    pub pattern: Pattern,
    /// What help says about it.
    pub help: String,
}

impl Catalogue {
    /// The commands of a configuration.
    pub fn new(config: &Config) -> Self {
        let namespaces = config.namespaces.values();
        let namespaces: Self = namespaces
            .map(|namespace| CatalogueNamespace::from(&**namespace))
            .collect();
        namespaces.with_services(!config.alerts.services.is_empty())
    }

    /// The same where there are services that can be asked for, or none.
    #[must_use]
    pub fn with_services(self, services: bool) -> Self {
        Self { services, ..self }
    }

    /// Whether there are services that can be asked for.
    pub fn has_services(&self) -> bool {
        self.services
    }

    /// The namespace called `name`.
    pub fn namespace(&self, name: &str) -> Option<&CatalogueNamespace> {
        self.namespaces.get(name)
    }

    /// Of this, one namespace, where it is there.
    #[must_use]
    pub fn only(&self, name: &str) -> Self {
        self.namespace(name).cloned().into_iter().collect()
    }

    /// The namespaces, sorted by name.
    pub fn namespaces(&self) -> impl Iterator<Item = &CatalogueNamespace> {
        self.namespaces.values()
    }
}

impl FromIterator<CatalogueNamespace> for Catalogue {
    fn from_iter<I: IntoIterator<Item = CatalogueNamespace>>(namespaces: I) -> Self {
        let by_name = |namespace: CatalogueNamespace| (namespace.name.clone(), namespace);
        Self {
            namespaces: namespaces.into_iter().map(by_name).collect(),
            services: false,
        }
    }
}

impl From<&Namespace> for CatalogueNamespace {
    fn from(namespace: &Namespace) -> Self {
        let command = |command: &crate::config::Command| CatalogueCommand {
            pattern: command.pattern.clone(),
            help: command.help.clone(),
        };
        Self {
            name: namespace.name.clone(),
            description: namespace.description.clone(),
            restricted: namespace.restricted,
            commands: namespace.commands.iter().map(command).collect(),
        }
    }
}

impl CatalogueNamespace {
    /// The most specific command that matches the words from `first` on: its index and its arguments.
    ///
    /// Where the configuration was checked there is exactly one most specific. Otherwise the first in the file wins.
    pub(super) fn find(&self, text: &Words<'_>, first: usize) -> Option<(usize, Arguments)> {
        let mut best: Option<(usize, Arguments)> = None;
        for (index, command) in self.commands.iter().enumerate() {
            // Matching is the cheaper question.
            if let Some(arguments) = command.pattern.match_words(text, first)
                && best
                    .as_ref()
                    .is_none_or(|(best, _)| command.pattern.is_more_specific_than(&self.commands[*best].pattern))
            {
                best = Some((index, arguments));
            }
        }
        best
    }

    /// The first command that the words from `first` on would be, but for one word that is not what a parameter takes.
    pub(super) fn nearly(&self, text: &Words<'_>, first: usize) -> Option<(&CatalogueCommand, Misfit<'_>)> {
        let mut commands = self.commands.iter();
        commands.find_map(|command| Some((command, command.pattern.misfit(text, first)?)))
    }
}
