//! Looks at services whose time has come, and starts the calls of plugins that are due. Sleeps until it is rung or the next
//! of both is due.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use innkeeper_core::alert::plugin::Plugins;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::store::{DueCall, Store};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::OnDuty;
use super::call::LONGEST_PAUSE;
use super::services::Services;
use crate::bell::{self, Bells};
use crate::current::Current;

/// How long it rests after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// Services that are looked at in one transaction.
const LOOKED_AT_ONCE: usize = 100;

/// Calls of one plugin under way at once. One that hangs holds up its own.
const CALLS_OF_ONE: usize = 4;

/// How long plugins are waited for at the start, for what they say of themselves: they may have to be compiled first.
const INTRODUCTIONS: Duration = Duration::from_secs(60);

/// What the engine needs.
pub struct EngineParts {
    /// Which plugins there are.
    pub current: Current,
    /// Which services there are.
    pub services: Arc<Services>,
    /// Where their states and the calls are.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who rings, and is rung.
    pub bells: Bells,
    /// Who calls plugins.
    pub plugins: Arc<dyn Plugins>,
    /// Who is on duty.
    pub duty: Arc<dyn OnDuty>,
}

/// Tells people of what was decided.
pub struct Engine {
    pub(super) parts: EngineParts,
}

/// A plugin and a service: their calls are made one after the other.
type Queue = (String, String);

impl Engine {
    /// An engine of these parts.
    pub fn new(parts: EngineParts) -> Arc<Self> {
        Arc::new(Self { parts })
    }

    /// Tells people until `stop`. A call that is under way then is made again after the next start.
    ///
    /// # Errors
    /// None.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> anyhow::Result<()> {
        let mut current = self.parts.current.clone();
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = self.begin() => {}
        }
        // Introductions go on beside the work: a plugin that has to be compiled first holds up no alert of another.
        let mut introductions = JoinSet::new();
        let mut calls: JoinSet<Queue> = JoinSet::new();
        let mut under_way: HashSet<Queue> = HashSet::new();
        let mut seen = self.parts.clock.now();
        loop {
            let now = self.parts.clock.now();
            if now < seen {
                tracing::warn!("the clock was put back: services are looked at anew");
                self.resume_until_it_works().await;
            }
            seen = now;
            let rest = match self.step(&mut calls, &mut under_way).await {
                Ok(next) => next.map(|next| next.nap_from(self.parts.clock.now())),
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "services cannot be looked at; trying again"
                    );
                    Some(STORE_RETRY)
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = bell::rest(rest) => {}
                () = self.parts.bells.alerts_rung() => {}
                () = current.changed() => {
                    introductions = JoinSet::new();
                    introductions.spawn(self.clone().introduce());
                    self.resume_until_it_works().await;
                }
                Some(introduced) = introductions.join_next() => match introduced {
                    Ok(true) => self.resume_until_it_works().await,
                    Ok(false) => {}
                    Err(error) => tracing::error!(%error, "an introduction made the host panic: this is a bug"),
                },
                Some(ended) = calls.join_next() => match ended {
                    Ok(queue) => {
                        under_way.remove(&queue);
                    }
                    Err(error) => {
                        tracing::error!(%error, "a call of an alert plugin made the host panic: this is a bug");
                        // Which one is not known: those that still run are started a second time at worst, and settle once.
                        under_way.clear();
                    }
                },
            }
        }
        Ok(())
    }

    /// Goes on with the services of the configuration as it is now. Plugins are asked what they are first.
    async fn begin(self: &Arc<Self>) {
        self.clone().introduce().await;
        self.resume_until_it_works().await;
    }

    /// Asks plugins what they are. Whether that is news.
    async fn introduce(self: Arc<Self>) -> bool {
        match tokio::time::timeout(INTRODUCTIONS, self.ask_plugins()).await {
            Ok(news) => news,
            Err(_) => {
                tracing::warn!(
                    "not every alert plugin has said yet whether it wants updates; it gets none until it is called"
                );
                true
            }
        }
    }

    async fn resume_until_it_works(&self) {
        while let Err(error) = self.resume().await {
            tracing::error!(
                error = format!("{error:#}"),
                "services are not looked at yet; trying again"
            );
            tokio::time::sleep(STORE_RETRY).await;
        }
    }

    async fn resume(&self) -> anyhow::Result<()> {
        let book = self.parts.services.book();
        let services = book.all().cloned().collect();
        let left_out = book.left_out().to_vec();
        let now = self.parts.clock.now();
        let resumed = self.parts.store.resume_services(services, left_out, now).await;
        resumed.context("the states of services cannot be read").map(drop)
    }

    /// Asks every plugin what it is, all at once. Whether that is news.
    async fn ask_plugins(&self) -> bool {
        let config = self.parts.current.get();
        let (mut asked, mut news) = (JoinSet::new(), false);
        for plugin in config.alerts.plugins.values().cloned() {
            let plugins = self.parts.plugins.clone();
            asked.spawn(async move { (plugin.name.clone(), plugins.about(plugin).await) });
        }
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok((name, Ok(about))) => {
                    news |= self.parts.services.note(&name, about.metadata.wants_updates);
                }
                Ok((plugin, Err(why))) => tracing::error!(plugin, why, "an alert plugin cannot be used"),
                Err(error) => tracing::error!(%error, "an alert plugin made the host panic: this is a bug"),
            }
        }
        news
    }

    /// Looks at what is due, and starts the calls that are. Says when there is more to do.
    async fn step(
        self: &Arc<Self>,
        calls: &mut JoinSet<Queue>,
        under_way: &mut HashSet<Queue>,
    ) -> anyhow::Result<Option<Timestamp>> {
        let next_look = self.look_at_due().await?;
        let next_call = self.start_calls(calls, under_way).await?;
        Ok([next_look, next_call].into_iter().flatten().min())
    }

    pub(super) async fn look_at_due(&self) -> anyhow::Result<Option<Timestamp>> {
        let now = self.parts.clock.now();
        let due = self.parts.store.due_services(now, u32::MAX).await?;
        if due.names.is_empty() {
            return Ok(due.next);
        }
        let book = self.parts.services.book();
        let services: Vec<_> = due.names.iter().filter_map(|name| book.named(name).cloned()).collect();
        if services.is_empty() {
            // Of namespaces that are left out: they are looked at when they are there again. The others have their time.
            return Ok(due.next.map(|next| next.max(now.plus(STORE_RETRY))));
        }
        for services in services.chunks(LOOKED_AT_ONCE) {
            self.parts.store.look_at_services(services.to_vec(), now).await?;
        }
        Ok(Some(now))
    }

    async fn start_calls(
        self: &Arc<Self>,
        calls: &mut JoinSet<Queue>,
        under_way: &mut HashSet<Queue>,
    ) -> anyhow::Result<Option<Timestamp>> {
        let mut of_plugin: HashMap<String, usize> = HashMap::new();
        for (plugin, _) in under_way.iter() {
            *of_plugin.entry(plugin.clone()).or_default() += 1;
        }
        let (now, book) = (self.parts.clock.now(), self.parts.services.book());
        let mut next = None;
        for due in self.parts.store.due_calls().await? {
            let DueCall {
                id,
                plugin,
                service,
                due,
            } = due;
            // Of a namespace that is left out: it is told when that is there again.
            if book.named(&service).is_none() {
                continue;
            }
            let queue = (plugin.clone(), service);
            if under_way.contains(&queue) {
                continue;
            }
            // What lies further ahead than any pause was put there by a clock that has been put back since.
            if due > now && due <= now.plus(LONGEST_PAUSE) {
                next = next.into_iter().chain([due]).min();
                continue;
            }
            let busy = of_plugin.entry(plugin).or_default();
            if *busy < CALLS_OF_ONE {
                *busy += 1;
                under_way.insert(queue.clone());
                let this = self.clone();
                calls.spawn(async move {
                    this.call(id).await;
                    queue
                });
            }
        }
        Ok(next)
    }
}
