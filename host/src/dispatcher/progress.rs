//! Shows people in Slack how far a run is that takes long: in one message where each of them asked, which is edited as it goes
//! on and says in the end that it has ended. Terminals are told by events.
//!
//! It goes through the outbox like everything else: a message is never edited that was not posted, and after a crash the next
//! host says in it what became of the run.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::clock::Clock;
use innkeeper_core::message::{Address, Post};
use innkeeper_core::report;
use innkeeper_core::request::Origin;
use innkeeper_core::run::{Outcome, Run, RunId};
use innkeeper_core::store::Store;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::Dispatcher;
use crate::bell::Bells;
use crate::runner::Progress;

/// The time between two messages or edits, of all runs together. Slack takes some fifty edits a minute of one app
/// (<https://docs.slack.dev/reference/methods/chat.update>, tier 3), and reports need some of that.
const GAP: Duration = Duration::from_millis(1500);
/// The least time between two edits of one run.
const AT_LEAST: Duration = Duration::from_secs(3);
/// How long a message stands that only says how long it takes; longer, the longer that is.
const AT_MOST: Duration = Duration::from_secs(15);
/// The part of the elapsed time after which it is worth saying anew.
const PART: u32 = 8;

/// Has the progress of all runs shown one after the other.
#[derive(Clone, Default)]
pub(super) struct Pacer(Arc<Mutex<Option<Instant>>>);

impl Pacer {
    /// Waits for its turn to show something at so many places.
    async fn turn(&self, places: usize) {
        // Held while it waits: who came first is first.
        let mut free = self.0.lock().await;
        if let Some(free) = *free {
            sleep_until(free).await;
        }
        let gap = GAP.saturating_mul(u32::try_from(places).unwrap_or(u32::MAX));
        *free = Some(Instant::now() + gap);
    }
}

/// A run whose progress is shown. Dropped, it is shown no longer; the end of the run has the last word.
pub(super) struct Shown {
    /// Where what it says of itself goes.
    pub(super) said: watch::Sender<Option<Progress>>,
    _showing: AbortOnDropHandle<()>,
}

struct Showing {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    bells: Bells,
    pacer: Pacer,
    run: RunId,
    job: String,
    places: Vec<Address>,
}

impl Dispatcher {
    /// Begins to show how far a run is; none where nobody in Slack asked, or the host's owner wants none.
    pub(super) fn show_progress(&self, run: &Run) -> Option<Shown> {
        let after = self.parts.current.get().slack.progress_after?;
        let places = places(run);
        if places.is_empty() {
            return None;
        }
        let showing = Showing {
            store: self.parts.store.clone(),
            clock: self.parts.clock.clone(),
            bells: self.parts.bells.clone(),
            pacer: self.pacer.clone(),
            run: run.id,
            job: run.full_name(),
            places,
        };
        let (said, latest) = watch::channel(None);
        let _showing = AbortOnDropHandle::new(tokio::spawn(showing.show(after, latest)));
        Some(Shown { said, _showing })
    }
}

/// What the messages that showed how far a run was say at last.
pub(super) fn last_word(run: &Run, outcome: &Outcome) -> Post {
    report::progress::worked(&run.full_name(), run.id, outcome.duration, &outcome.ending)
}

/// Where people in Slack asked.
fn places(run: &Run) -> Vec<Address> {
    let mut known = HashSet::new();
    let slack = run
        .askings
        .iter()
        .filter(|asking| matches!(asking.origin, Origin::Slack(_)));
    slack
        .filter_map(|asking| asking.origin.reply_to())
        .filter(|place| known.insert(place.place()))
        .collect()
}

impl Showing {
    async fn show(self, after: Duration, mut latest: watch::Receiver<Option<Progress>>) {
        let begun = self.clock.monotonic();
        tokio::time::sleep(after).await;
        loop {
            self.pacer.turn(self.places.len()).await;
            let elapsed = self.clock.monotonic().saturating_duration_since(begun);
            let said = latest.borrow_and_update().clone();
            self.say(elapsed, said).await;
            tokio::time::sleep(AT_LEAST).await;
            let pause = (elapsed / PART).max(AT_MOST).saturating_sub(AT_LEAST);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                Ok(()) = latest.changed() => {}
            }
        }
    }

    async fn say(&self, elapsed: Duration, said: Option<Progress>) {
        let (fraction, line) = said.map_or((None, None), |said| (said.fraction, Some(said.line)));
        let post = report::progress::working(&self.job, self.run, elapsed, fraction, line.as_deref());
        let shown = self
            .store
            .show_progress(self.run, self.places.clone(), post, self.clock.now());
        match shown.await {
            Ok(lanes) => self.bells.ring_outbox(lanes),
            // It is only how far the run is: what it comes to is kept by other means.
            Err(error) => tracing::warn!(run.id = self.run.0, %error, "how far a run is could not be shown"),
        }
    }
}
