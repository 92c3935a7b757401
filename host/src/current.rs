//! What the host goes by now. Its configuration can be replaced while it runs: whoever decides something looks here at that
//! moment, and keeps nothing of it for the next decision. What was begun goes on with what it began with.
//!
//! There is one configuration, and it is replaced in one step. What a part makes of it for itself (a catalogue, the doors of
//! webhooks) is [`Derived`], so that no two parts ever go by different ones for longer than a decision takes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use innkeeper_core::config::Config;
use tokio::sync::watch;

/// The configuration, as it is now.
#[derive(Clone)]
pub struct Current(watch::Receiver<Arc<Config>>);

/// Where the configuration is replaced.
#[derive(Clone)]
pub struct Replace(watch::Sender<Arc<Config>>);

impl Current {
    /// A configuration, and where it can be replaced.
    pub fn new(config: Arc<Config>) -> (Replace, Self) {
        let (replace, current) = watch::channel(config);
        (Replace(replace), Self(current))
    }

    /// A configuration that stays as it is.
    pub fn fixed(config: Arc<Config>) -> Self {
        Self::new(config).1
    }

    /// The configuration.
    pub fn get(&self) -> Arc<Config> {
        self.0.borrow().clone()
    }

    /// Waits until it is another than at the last call; for ever where it stays as it is.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Replace {
    /// From now on, this is the configuration.
    pub fn with(&self, config: Arc<Config>) {
        self.0.send_replace(config);
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

type Make<T> = Box<dyn Fn(&Arc<Config>) -> T + Send + Sync>;

/// What somebody makes of the configuration: made anew when it is asked for and the configuration is another one.
pub struct Derived<T> {
    current: Current,
    make: Make<T>,
    made: Mutex<(Arc<Config>, Arc<T>)>,
}

impl<T> Derived<T> {
    /// Makes the first one.
    pub fn new(current: Current, make: impl Fn(&Arc<Config>) -> T + Send + Sync + 'static) -> Self {
        let config = current.get();
        let first = Arc::new(make(&config));
        Self {
            current,
            make: Box::new(make),
            made: Mutex::new((config, first)),
        }
    }

    /// What is made of the configuration as it is now.
    pub fn get(&self) -> Arc<T> {
        let config = self.current.get();
        // A panic while it was made leaves the one before.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&made.0, &config) {
            *made = (config.clone(), Arc::new((self.make)(&config)));
        }
        made.1.clone()
    }
}

impl<T> fmt::Debug for Derived<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derived").finish_non_exhaustive()
    }
}
