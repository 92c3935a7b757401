//! One call of a plugin. What it gives goes into the outbox in the commit that settles the call; a call that fails is made
//! again, later and later, and is given up after a day. Of one that keeps failing the logs channel is told.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Plugin;
use innkeeper_core::message::{Address, Message, NewDelivery, Post};
use innkeeper_core::report::notice;
use innkeeper_core::store::{AlertCall, CallSettled};

use super::deliveries;
use super::engine::Engine;
use crate::bell::lanes_of;

/// The pause after a first failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// The longest pause.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(10 * 60);
/// At which attempt the logs channel is told: some five minutes after the first.
const TELL_AT: u32 = 6;
/// How long a call is tried.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it rests after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// What became of an attempt.
struct Tried {
    settled: CallSettled,
    deliveries: Vec<NewDelivery>,
}

impl Engine {
    /// Makes a call that is due, and settles it.
    pub(super) async fn call(&self, id: i64) {
        let call = match self.parts.store.begin_call(id).await {
            Ok(Some(call)) => call,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "an alert cannot be read; trying again");
                return tokio::time::sleep(STORE_RETRY).await;
            }
        };
        let tried = self.attempt(&call).await;
        let lanes = lanes_of(&tried.deliveries);
        loop {
            let now = self.parts.clock.now();
            let (settled, deliveries) = (tried.settled, tried.deliveries.clone());
            match self.parts.store.settle_call(id, settled, deliveries, now).await {
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "an alert could not be settled; trying again"
                    );
                    tokio::time::sleep(STORE_RETRY).await;
                }
            }
        }
        self.parts.bells.ring_outbox(lanes);
    }

    async fn attempt(&self, call: &AlertCall) -> Tried {
        let (plugin, service) = (&call.plugin, &call.service);
        let config = self.parts.current.get();
        let found = (
            config.alerts.plugins.get(plugin),
            self.parts.services.book().named(service).cloned(),
        );
        let (Some(known), Some(of)) = found else {
            tracing::warn!(
                plugin,
                service,
                "an alert is not told: its plugin or its service is configured no more"
            );
            return Tried {
                settled: CallSettled::Done,
                deliveries: Vec::new(),
            };
        };
        let sent = match self.telling(call, known, &of).await {
            Ok(telling) => self.parts.plugins.send_alert(Arc::clone(known), telling).await,
            Err(why) => Err(why),
        };
        match sent {
            Ok(sendings) => {
                tracing::info!(
                    plugin,
                    service,
                    kind = call.alert.kind.as_str(),
                    deliveries = sendings.len(),
                    "an alert is told"
                );
                Tried {
                    settled: CallSettled::Done,
                    deliveries: deliveries::of(call, sendings),
                }
            }
            Err(why) => self.after_failure(call, known, &why),
        }
    }

    fn after_failure(&self, call: &AlertCall, plugin: &Plugin, why: &str) -> Tried {
        let now = self.parts.clock.now();
        let (service, attempts) = (&call.service, call.attempts);
        let given_up = now.since(call.alert.at) >= GIVE_UP_AFTER;
        let settled = match given_up {
            true => CallSettled::Done,
            false => CallSettled::Retry(next_attempt(attempts, now)),
        };
        match given_up {
            true => tracing::error!(
                plugin = plugin.name,
                service,
                attempts,
                why,
                "an alert plugin fails; its alert is given up"
            ),
            false => tracing::warn!(
                plugin = plugin.name,
                service,
                attempts,
                why,
                "an alert plugin failed; it is called again"
            ),
        }
        let logs = self.parts.current.get().slack.logs_channel.clone();
        let notice = logs.filter(|_| given_up || attempts == TELL_AT).map(|channel| {
            let text = notice::plugin_fails(&plugin.name, service, attempts, given_up, why);
            NewDelivery::message(Address::slack_channel(channel), Message::Post(Post::text(text)), None)
        });
        Tried {
            settled,
            deliveries: notice.into_iter().collect(),
        }
    }
}

/// When a call is made again that failed so often.
fn next_attempt(attempts: u32, now: Timestamp) -> Timestamp {
    let doublings = attempts.saturating_sub(1).min(16);
    now.plus(FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_minutes() {
        let start = Timestamp::from_micros(0);
        let pauses = [1, 2, 3, 6, 7, 8, 100].map(|attempts| next_attempt(attempts, start).since(start).as_secs());
        assert_eq!(pauses, [10, 20, 40, 320, 600, 600, 600]);
    }
}
