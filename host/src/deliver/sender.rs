//! The loop of the outbox: a lane's oldest delivery goes to its target, again and again until it is confirmed or given
//! up; then the next. Lanes go their own pace, so that one channel that fails holds up no other.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::message::{Address, Content, Delivery, GithubPlace, Message, NewDelivery, Post, lane_parts};
use innkeeper_core::outbox::{self, Failure, Next, Target};
use innkeeper_core::report;
use innkeeper_core::store::{Settled, Store, StoreError, Take};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::bell::{Bells, lanes_of};
use crate::current::Current;

/// Deliveries under way at once, over all lanes of one way out; of requests, over those of one plugin.
const AT_ONCE: usize = 16;

/// How long deliveries that are due when the host stops may take.
const LAST_CALL: Duration = Duration::from_secs(8);

/// How long a lane rests after the store failed.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// Sends what the outbox holds.
pub struct Sender {
    /// The outbox.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The way out to Slack; none without a token: its deliveries wait.
    pub slack: Option<Arc<dyn Target>>,
    /// The way out to GitHub; none where only a terminal is served.
    pub github: Option<Arc<dyn Target>>,
    /// The way out for requests of alert plugins; none where only a terminal is served.
    pub http: Option<Arc<dyn Target>>,
    /// The way out for mail; none where only a terminal is served.
    pub mail: Option<Arc<dyn Target>>,
    /// The way out to waiting terminals.
    pub terminal: Arc<dyn Target>,
    /// Where it is told that a delivery was given up.
    pub current: Current,
    /// To tell itself of what it appends.
    pub bells: Bells,
}

/// Bounds what is under way at once. Nothing waits behind another way out that hangs.
#[derive(Default)]
struct Gate(Mutex<HashMap<String, Arc<Semaphore>>>);

impl Gate {
    /// None for terminals, which are on this machine.
    fn of(&self, lane: &str) -> Option<Arc<Semaphore>> {
        let way = way_through(lane)?;
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = match gates.get(way) {
            Some(gate) => gate,
            None => gates
                .entry(way.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))),
        };
        Some(gate.clone())
    }
}

/// What a lane shares with others: the way to Slack, to GitHub, to the mail server; of requests, the plugin, whose receiver is
/// not that of the others.
fn way_through(lane: &str) -> Option<&str> {
    match way_out(lane) {
        "http" => Some(lane_parts(lane, 2)),
        way @ ("slack" | "github" | "mail") => Some(way),
        _ => None,
    }
}

/// What comes before the first `:` of a lane.
fn way_out(lane: &str) -> &str {
    lane_parts(lane, 1)
}

/// Whether a lane has more to send.
enum Step {
    Again,
    Empty,
}

impl Sender {
    /// Sends until `stop`; then what is due just then, for eight seconds at most.
    ///
    /// # Errors
    /// The store's, where it cannot even say which lanes have work at the start.
    pub async fn run(
        self: Arc<Self>,
        mut rung: mpsc::UnboundedReceiver<String>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let gate = Arc::new(Gate::default());
        let last_call = CancellationToken::new();
        // True: rung again while its task was under way, so it is looked at once more.
        let mut lanes: HashMap<String, bool> = HashMap::new();
        let mut tasks = JoinSet::new();
        let start = |lane: String, lanes: &mut HashMap<String, bool>, tasks: &mut JoinSet<String>| {
            if let Some(again) = lanes.get_mut(&lane) {
                *again = true;
            } else if self.has_target(&lane) {
                lanes.insert(lane.clone(), false);
                let (stop, last_call) = (stop.clone(), last_call.clone());
                let draining = self.clone().drain(lane.clone(), gate.clone(), stop, last_call);
                tasks.spawn(ended(lane, draining));
            }
        };
        for lane in self.store.lanes_with_work().await? {
            start(lane, &mut lanes, &mut tasks);
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                lane = rung.recv() => match lane {
                    Some(lane) => start(lane, &mut lanes, &mut tasks),
                    None => break,
                },
                Some(ended) = tasks.join_next() => if let Ok(lane) = ended
                    && lanes.remove(&lane) == Some(true) {
                        start(lane, &mut lanes, &mut tasks);
                    },
            }
        }
        // What the last runs said is rung already; whoever waits for it at a terminal is still there.
        let _timer = tokio_util::task::AbortOnDropHandle::new(tokio::spawn({
            let last_call = last_call.clone();
            async move {
                tokio::time::sleep(LAST_CALL).await;
                last_call.cancel();
            }
        }));
        while let Ok(lane) = rung.try_recv() {
            start(lane, &mut lanes, &mut tasks);
        }
        while let Some(ended) = tasks.join_next().await {
            if let Ok(lane) = ended
                && lanes.remove(&lane) == Some(true)
            {
                start(lane, &mut lanes, &mut tasks);
            }
        }
        Ok(())
    }

    /// Sends what one lane holds and is due now, once each. For the command line without `serve`.
    pub async fn drain_now(&self, lane: &str) {
        loop {
            let sent = match self.store.take(lane, self.clock.now()).await {
                Ok(Take::Due { delivery, .. }) => self.send(*delivery).await,
                Ok(Take::Nothing | Take::NotYet(_)) => return,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = sent {
                tracing::error!(
                    error = format!("{error:#}"),
                    "a report could not be taken from the outbox"
                );
                return;
            }
        }
    }

    fn has_target(&self, lane: &str) -> bool {
        match way_out(lane) {
            "slack" => self.slack.is_some(),
            "github" => self.github.is_some(),
            "http" => self.http.is_some(),
            "mail" => self.mail.is_some(),
            _ => true,
        }
    }

    /// Empties a lane.
    async fn drain(
        self: Arc<Self>,
        lane: String,
        gate: Arc<Gate>,
        stop: CancellationToken,
        last_call: CancellationToken,
    ) {
        while !last_call.is_cancelled() {
            match self.step(&lane, &gate, &stop).await {
                Ok(Step::Again) => {}
                Ok(Step::Empty) => break,
                Err(error) => {
                    tracing::error!(
                        lane,
                        error = format!("{error:#}"),
                        "the outbox cannot be read or written; trying again"
                    );
                    if stop.is_cancelled() {
                        break;
                    }
                    rest(STORE_RETRY, &stop).await;
                }
            }
        }
    }

    async fn step(&self, lane: &str, gate: &Gate, stop: &CancellationToken) -> anyhow::Result<Step> {
        let permit = match gate.of(lane) {
            Some(gate) => Some(gate.acquire_owned().await?),
            None => None,
        };
        match self.store.take(lane, self.clock.now()).await? {
            Take::Nothing => Ok(Step::Empty),
            Take::NotYet(due) => {
                drop(permit);
                if stop.is_cancelled() {
                    return Ok(Step::Empty);
                }
                rest(due.nap_from(self.clock.now()), stop).await;
                Ok(Step::Again)
            }
            Take::Due { delivery, .. } => {
                self.send(*delivery).await?;
                Ok(Step::Again)
            }
        }
    }

    async fn send(&self, delivery: Delivery) -> anyhow::Result<()> {
        let sent = match self.target(&delivery.address) {
            Some(target) => target.send(&delivery).await,
            None => Err(Failure::Later {
                after: None,
                why: "there is no SLACK_BOT_TOKEN, or only a terminal is served".into(),
            }),
        };
        let (settled, follow_ups) = match sent {
            Ok(receipt) => (Settled::Sent(receipt), Vec::new()),
            Err(failure) => self.after_failure(&delivery, &failure, self.clock.now()),
        };
        let sent = matches!(settled, Settled::Sent(_));
        let lanes = lanes_of(&follow_ups);
        self.settle(&delivery, settled, follow_ups).await?;
        if sent {
            // Only now: what is not written down is sent again after a crash.
            let run = delivery.run.map(|run| run.0);
            tracing::info!(delivery.id = %delivery.id, run.id = run, lane = delivery.address.lane(), "delivered");
        }
        self.bells.ring_outbox(lanes);
        Ok(())
    }

    /// Writes down what came of an attempt, however long the store takes: an attempt that is not written down would be
    /// made again.
    async fn settle(&self, delivery: &Delivery, settled: Settled, follow_ups: Vec<NewDelivery>) -> anyhow::Result<()> {
        let mut wait = Duration::from_millis(100);
        loop {
            let now = self.clock.now();
            match self
                .store
                .settle(delivery.id, settled.clone(), now, follow_ups.clone())
                .await
            {
                // Not in flight: an earlier try got through.
                Ok(()) | Err(StoreError::NotInFlight(_)) => return Ok(()),
                Err(error @ StoreError::Gone { .. }) => return Err(error.into()),
                Err(error) => tracing::error!(%error, "a delivery could not be settled; trying again"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(10));
        }
    }

    fn target(&self, address: &Address) -> Option<&dyn Target> {
        match address {
            Address::Slack { .. } | Address::SlackMessage { .. } => self.slack.as_deref(),
            Address::Github { .. } => self.github.as_deref(),
            Address::Http { .. } => self.http.as_deref(),
            Address::Mail { .. } => self.mail.as_deref(),
            Address::Terminal { .. } => Some(&*self.terminal),
        }
    }

    fn after_failure(&self, delivery: &Delivery, failure: &Failure, now: Timestamp) -> (Settled, Vec<NewDelivery>) {
        let why = failure.to_string();
        // What it would say is said by the next one, and others wait behind it.
        if let Content::Edit { last: false, .. } = delivery.content {
            return (Settled::GivenUp { why }, Vec::new());
        }
        match outbox::next(failure, delivery.attempts, delivery.created, now, jitter(delivery)) {
            Next::Retry(at) => {
                tracing::warn!(delivery.id = %delivery.id, attempts = delivery.attempts, why, retry.at = %at, "a delivery failed; it is tried again");
                (Settled::Retry { at, why }, Vec::new())
            }
            Next::GiveUp => {
                let follow_ups = self.give_up(delivery, &why);
                (Settled::GivenUp { why }, follow_ups)
            }
        }
    }

    /// Says that a delivery will not arrive, where somebody can still hear it.
    fn give_up(&self, delivery: &Delivery, why: &str) -> Vec<NewDelivery> {
        let Some(place) = missed_at(delivery) else {
            // A terminal that went away, a reaction on a message that did, or how far a run was: nobody is left to tell.
            tracing::info!(delivery.id = %delivery.id, why, "a delivery was given up");
            return Vec::new();
        };
        tracing::error!(delivery.id = %delivery.id, run.id = delivery.run.map(|run| run.0), place, why, "a delivery was given up");
        // The other side's own words may quote what a job wrote.
        let why = report::escape(why);
        let hint = delivery
            .run
            .map_or_else(String::new, |run| format!(" The output is in `innkeeper logs {run}`."));
        let mut follow_ups = Vec::new();
        if let (Address::Slack { .. }, Content::Message(Message::Post(Post { blocks, .. }))) =
            (&delivery.address, &delivery.content)
            && !blocks.is_empty()
        {
            let text = format!("Slack refused to show a report with blocks: {why}.{hint}");
            follow_ups.push(NewDelivery::message(
                delivery.address.clone(),
                Message::Post(Post::text(text)),
                delivery.run,
            ));
        }
        let logs = self.current.get().slack.logs_channel.clone();
        if let Some(logs) = logs.filter(|logs| *logs != place) {
            let text = format!("A message for {place} could not be delivered: {why}.{hint}");
            let message = Message::Post(Post::text(text));
            follow_ups.push(NewDelivery::message(
                Address::slack_channel(logs),
                message,
                delivery.run,
            ));
        }
        follow_ups
    }
}

/// Where something is missed that was given up; none where nobody waits for it.
fn missed_at(delivery: &Delivery) -> Option<String> {
    match (&delivery.address, &delivery.content) {
        (
            Address::Slack { channel, .. },
            Content::Message(_) | Content::Reply { .. } | Content::Edit { last: true, .. },
        ) => Some(channel.clone()),
        (Address::Github { repository, place, .. }, Content::Message(_) | Content::Status(_)) => Some(match place {
            GithubPlace::Issue(number) => format!("{repository}#{number} on GitHub"),
            GithubPlace::Commit(commit) => format!("{repository}@{} on GitHub", commit.get(..7).unwrap_or(commit)),
            GithubPlace::Comment(_) => format!("{repository} on GitHub"),
        }),
        (Address::Http { plugin, service }, _) => Some(format!("the plugin {plugin}, of {service}")),
        (
            Address::Mail {
                plugin,
                service,
                mailbox,
            },
            _,
        ) => Some(format!("{mailbox} (mail of {plugin}, of {service})")),
        (
            Address::Slack { .. } | Address::SlackMessage { .. } | Address::Github { .. } | Address::Terminal { .. },
            _,
        ) => None,
    }
}

/// Zero to one, from the random part of the delivery's id: no generator of our own for ten bits of chance.
fn jitter(delivery: &Delivery) -> f64 {
    f64::from(u16::from_be_bytes([
        delivery.id.as_bytes()[14],
        delivery.id.as_bytes()[15],
    ])) / f64::from(u16::MAX)
}

/// The lane whose task ended, also where our own code panicked: the loop has to know it as free again.
async fn ended(lane: String, draining: impl Future<Output = ()>) -> String {
    if AssertUnwindSafe(draining).catch_unwind().await.is_err() {
        tracing::error!(
            lane,
            "a delivery made the host panic: this is a bug; its lane waits for the next message"
        );
    }
    lane
}

async fn rest(span: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(span) => {}
        () = stop.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_whose_receiver_hangs_holds_up_no_other() {
        let ways = [
            "slack:C1",
            "mail:smtp:web:a@example.com",
            "http:pager:web",
            "http:ntfy:web",
            "terminal:1",
        ];
        assert_eq!(
            ways.map(way_through),
            [Some("slack"), Some("mail"), Some("http:pager"), Some("http:ntfy"), None]
        );
        let gate = Gate::default();
        let pager = gate.of("http:pager:web");
        assert!(
            Option::zip(pager.clone(), gate.of("http:pager:api")).is_some_and(|(one, other)| Arc::ptr_eq(&one, &other))
        );
        assert!(Option::zip(pager, gate.of("http:ntfy:web")).is_some_and(|(one, other)| !Arc::ptr_eq(&one, &other)));
    }
}
