//! Which services there are, and which of them have a check: looked up at the end of every run. And what plugins say of
//! themselves, since a service's alerts depend on whether its plugins want updates.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use innkeeper_core::alert::Service;
use innkeeper_core::config::Config;

use crate::current::Current;

/// The services of the configuration.
pub struct Services {
    current: Current,
    state: Mutex<State>,
}

struct State {
    /// By plugin, as far as it was asked.
    wants_updates: BTreeMap<String, bool>,
    made: Option<(Arc<Config>, Arc<Book>)>,
}

/// The services, as they are now.
#[derive(Debug, Default)]
pub struct Book {
    services: BTreeMap<String, Arc<Service>>,
    /// By namespace and check. Checks that no service has are here, too.
    by_check: HashMap<String, HashMap<String, Vec<Arc<Service>>>>,
    /// The namespaces whose services are not known now.
    left_out: Vec<String>,
}

impl Services {
    /// Those of `current`.
    pub fn new(current: Current) -> Self {
        Self {
            current,
            state: Mutex::new(State {
                wants_updates: BTreeMap::new(),
                made: None,
            }),
        }
    }

    /// The services, as they are now.
    pub fn book(&self) -> Arc<Book> {
        let config = self.current.get();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, book)) = &state.made
            && Arc::ptr_eq(of, &config)
        {
            return book.clone();
        }
        let book = Arc::new(Book::of(&config, &state.wants_updates));
        state.made = Some((config, book.clone()));
        book
    }

    /// Takes notice of whether a plugin wants updates. Until then it is taken not to. Whether that is news.
    pub fn note(&self, plugin: &str, wants_updates: bool) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.wants_updates.insert(plugin.to_owned(), wants_updates);
        let news = before.unwrap_or(false) != wants_updates;
        if news {
            state.made = None;
        }
        news
    }
}

impl Book {
    fn of(config: &Config, wants_updates: &BTreeMap<String, bool>) -> Self {
        let services = config.alerts.services.values().map(|service| {
            let mut service = Service::clone(service);
            for plugin in &mut service.plugins {
                plugin.wants_updates = wants_updates.get(&plugin.name).copied().unwrap_or(false);
            }
            Arc::new(service)
        });
        let services: BTreeMap<String, Arc<Service>> =
            services.map(|service| (service.name.clone(), service)).collect();
        let mut by_check: HashMap<String, HashMap<String, Vec<Arc<Service>>>> = HashMap::new();
        for (namespace, check) in config.alerts.checks.keys() {
            by_check
                .entry(namespace.clone())
                .or_default()
                .insert(check.clone(), Vec::new());
        }
        for service in services.values() {
            let checks = by_check.entry(service.namespace.clone()).or_default();
            for check in service.checks.keys() {
                checks.entry(check.clone()).or_default().push(service.clone());
            }
        }
        Self {
            services,
            by_check,
            left_out: config.left_out.clone(),
        }
    }

    /// Every service.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// The namespaces that are left out: their services are none of these, and are not gone.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The service of this name.
    pub fn named(&self, name: &str) -> Option<&Arc<Service>> {
        self.services.get(name)
    }

    /// The services that have this job as a check. None: it is no check.
    pub fn of_check(&self, namespace: &str, job: &str) -> Option<&[Arc<Service>]> {
        self.by_check.get(namespace)?.get(job).map(Vec::as_slice)
    }
}
