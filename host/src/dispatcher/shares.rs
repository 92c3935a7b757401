//! How many runs each namespace has going on. A namespace that has as many as it may have is crowded: its requests wait, and
//! those of others start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use innkeeper_core::config::Config;

/// Runs that go on, by namespace.
#[derive(Clone, Default)]
pub(super) struct Shares(Arc<Mutex<HashMap<String, usize>>>);

/// One run that goes on. Dropped, it does not any more.
pub(super) struct Share {
    shares: Shares,
    namespace: String,
}

impl Shares {
    /// Counts a run of `namespace`, until what is returned is dropped.
    pub(super) fn take(&self, namespace: &str) -> Share {
        *self.lock().entry(namespace.to_owned()).or_default() += 1;
        Share {
            shares: self.clone(),
            namespace: namespace.to_owned(),
        }
    }

    /// The namespaces that may start nothing now: those that are crowded, and those that are left out until their errors are
    /// mended.
    pub(super) fn crowded(&self, config: &Config) -> Vec<String> {
        let is_crowded = |(namespace, runs): &(&String, &usize)| {
            let found = config.namespaces.get(*namespace);
            found.is_some_and(|found| **runs >= found.max_runs)
        };
        let counts = self.lock();
        let crowded = counts.iter().filter(is_crowded);
        crowded
            .map(|(namespace, _)| namespace)
            .chain(&config.left_out)
            .cloned()
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        // A map of counts is whole whatever panicked while it was held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.shares.lock();
        if let Some(runs) = counts.get_mut(&self.namespace) {
            *runs -= 1;
            if *runs == 0 {
                counts.remove(&self.namespace);
            }
        }
    }
}
