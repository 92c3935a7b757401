//! Looks at the host for the checks that want to know how it is. By a clock of its own and past the queue: what is looked at
//! must not be what is needed to look.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::config::{Check, Probe};
use innkeeper_core::request::{Arguments, NewAsking, NewRequest, Origin, ScheduleOrigin};
use innkeeper_core::store::{Look, RunEnd, Store};
use tokio_util::sync::CancellationToken;

use super::services::Services;
use crate::bell::{self, Bells};
use crate::current::Current;
use crate::vitals::Vitals;

/// What the watch needs.
pub struct WatchParts {
    /// Which checks there are.
    pub current: Current,
    /// And which services have them.
    pub services: Arc<Services>,
    /// Where what was found is kept.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who is told.
    pub bells: Bells,
    /// How the host is.
    pub vitals: Arc<Vitals>,
}

/// Runs the checks that look at the host.
pub struct Watch {
    parts: WatchParts,
    /// Up to when looks were taken.
    until: Timestamp,
}

impl Watch {
    /// A watch that begins now.
    pub fn new(parts: WatchParts) -> Self {
        Self {
            until: parts.clock.now(),
            parts,
        }
    }

    /// Looks until `stop`. Without such checks it sleeps until then.
    ///
    /// # Errors
    /// None.
    pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut current = self.parts.current.clone();
        while !stop.is_cancelled() {
            let rest = self.look().await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = bell::rest(rest) => {}
                () = current.changed() => {}
            }
        }
        Ok(())
    }

    /// Takes the looks that are due. Says how long there are none.
    pub(super) async fn look(&mut self) -> Option<Duration> {
        let config = self.parts.current.get();
        let now = self.parts.clock.now();
        // A clock that was put back makes no check wait for the day that it came from.
        let since = self.until.min(now);
        let checks = config.alerts.checks.values();
        let checks = checks.filter(|check| check.rules.active && check.watches_host());
        let mut next: Option<Timestamp> = None;
        for check in checks {
            let when = check.when();
            if let Some(due) = when.last_until(now).filter(|due| *due > since)
                && let Err(error) = self.look_for(check, due).await
            {
                tracing::error!(
                    namespace = check.namespace,
                    check = check.name,
                    error = format!("{error:#}"),
                    "what was found out about the host could not be kept; it is looked at again when the check is due next"
                );
            }
            next = next.into_iter().chain(when.next_after(now)).min();
        }
        self.until = now;
        next.map(|next| next.nap_from(self.parts.clock.now()))
    }

    async fn look_for(&self, check: &Check, due: Timestamp) -> anyhow::Result<()> {
        let Some(Probe::Host(limits)) = &check.probe else {
            return Ok(());
        };
        let begin = self.parts.clock.monotonic();
        let verdict = self.parts.vitals.look(limits).await;
        let duration = self.parts.clock.monotonic().saturating_duration_since(begin);
        if let Err(why) = &verdict {
            tracing::warn!(
                namespace = check.namespace,
                check = check.name,
                why,
                "this host is behind"
            );
        }
        let now = self.parts.clock.now();
        let asking = NewAsking {
            key: None,
            origin: Origin::Schedule(ScheduleOrigin {
                due,
                schedule: check.written(),
                channel: None,
            }),
            text: None,
            edit: false,
            at: now,
        };
        let request = NewRequest {
            namespace: check.namespace.clone(),
            job: check.name.clone(),
            arguments: Arguments::default(),
            due,
            payload: None,
        };
        let book = self.parts.services.book();
        let services = book.of_check(&check.namespace, &check.name).unwrap_or_default();
        let look = Look {
            asking,
            request,
            end: RunEnd {
                duration,
                ..RunEnd::of_verdict(verdict, now)
            },
            services: services.to_vec(),
        };
        self.parts.store.keep_look(look).await.context("the store failed")?;
        if !services.is_empty() {
            self.parts.bells.ring_alerts();
        }
        Ok(())
    }
}
