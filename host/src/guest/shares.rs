//! What guests hold together, and how much of it one namespace may hold at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many of something, for all namespaces; each waits for its own share first, so that it never keeps out all others.
pub struct Shares {
    all: Arc<Semaphore>,
    namespaces: Mutex<HashMap<String, Share>>,
}

#[derive(Clone)]
struct Share {
    size: u32,
    free: Arc<Semaphore>,
}

/// A part of what there is, until it is dropped.
pub struct Held {
    _ours: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Shares {
    /// As many as `all`.
    pub fn new(all: u32) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all as usize)),
            namespaces: Mutex::default(),
        }
    }

    /// Waits for `wanted` of them, for a namespace that may hold `share` at a time. More than its share it has when it
    /// holds nothing else. None: there will never be any, since what there is was closed; nobody does that.
    pub async fn take(&self, namespace: &str, share: u32, wanted: u32) -> Option<Held> {
        let share = self.of(namespace, share);
        let ours = share.free.acquire_many_owned(wanted.min(share.size)).await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_many_owned(wanted).await.ok()?;
        Some(Held {
            _ours: ours,
            _of_all: of_all,
        })
    }

    /// How many nobody holds.
    #[cfg(test)]
    pub fn left(&self) -> usize {
        self.all.available_permits()
    }

    /// The share of a namespace. It is settled when it is first asked for. Namespaces are those of the configuration: not
    /// many.
    fn of(&self, namespace: &str, size: u32) -> Share {
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = namespaces.get(namespace) {
            return share.clone();
        }
        let free = Arc::new(Semaphore::new(size as usize));
        let share = Share { size, free };
        namespaces.insert(namespace.to_owned(), share.clone());
        share
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_namespace_leaves_something_to_others() {
        let shares = Shares::new(4);
        let held = shares.take("noisy", 3, 3).now_or_never().unwrap();
        assert!(shares.take("noisy", 3, 1).now_or_never().is_none());
        assert!(shares.take("quiet", 3, 1).now_or_never().is_some());
        assert!(shares.take("quiet", 3, 2).now_or_never().is_none());
        drop(held);
        assert!(shares.take("quiet", 3, 2).now_or_never().is_some());
    }

    #[test]
    fn what_is_larger_than_a_share_has_it_alone() {
        let shares = Shares::new(4);
        let held = shares.take("large", 1, 4).now_or_never().unwrap();
        assert!(held.is_some());
        assert!(shares.take("large", 1, 1).now_or_never().is_none());
    }

    #[test]
    fn a_share_that_is_settled_is_not_waited_for_in_another_size() {
        let shares = Shares::new(4);
        drop(shares.take("demo", 1, 1).now_or_never().unwrap());
        assert!(shares.take("demo", 4, 3).now_or_never().is_some());
    }
}
