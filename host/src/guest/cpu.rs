//! CPU time of guests: how much of it one may spend, apart from its wall time, and whose turn it is to spend it.
//!
//! A guest runs on whichever thread polls it, and the epoch makes it yield every few milliseconds. So the CPU time of
//! the thread, read before and after each poll, adds up to the guest's own. Work that its calls leave to other threads
//! (file operations, name look-ups) is not counted.
//!
//! The runtime of the guests takes its tasks in their order. With sixteen guests that compute, one that has just begun
//! would wait until each of them has had its slice. So a guest that has computed for a while waits for a turn before
//! each slice, and there are fewer turns than threads: one that has just begun finds a thread that is free.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::shares::{Held, Shares};

/// What a guest may compute before it has to wait for turns. Most end before.
const FREE: Duration = Duration::from_millis(20);

/// A guest has spent its CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfCpu;

/// The turns of guests that compute: one for each processor. A namespace has one less at a time, so that its guests are
/// never in the way of all others.
pub struct Turns {
    shares: Shares,
    each: u32,
}

impl Turns {
    /// The turns of a machine with so many processors.
    pub fn new(processors: u32) -> Self {
        Self {
            shares: Shares::new(processors.max(1)),
            each: processors.saturating_sub(1).max(1),
        }
    }

    /// Waits for a turn; it ends when what is returned is dropped.
    async fn take(&self, namespace: &str) -> Option<Held> {
        self.shares.take(namespace, self.each, 1).await
    }
}

/// Drives `work`, a guest of `namespace`, until it ends or has spent `limit` of CPU time.
///
/// # Errors
/// It has.
pub async fn within<T>(
    limit: Duration,
    turns: &Turns,
    namespace: &str,
    work: impl Future<Output = T>,
) -> Result<T, OutOfCpu> {
    let mut work = pin!(work);
    let mut spent = Duration::ZERO;
    loop {
        let turn = if spent < FREE {
            None
        } else {
            turns.take(namespace).await
        };
        let polled = poll_fn(|context| {
            let before = of_this_thread();
            let polled = work.as_mut().poll(context);
            spent += of_this_thread().saturating_sub(before);
            Poll::Ready(polled)
        })
        .await;
        drop(turn);
        match polled {
            Poll::Ready(value) => return Ok(value),
            Poll::Pending if spent >= limit => return Err(OutOfCpu),
            Poll::Pending => woken().await,
        }
    }
}

/// Ends when the task is woken. The work was polled with the task's own waker, so that whatever it waits for does that.
async fn woken() {
    let mut polled = false;
    poll_fn(|_| {
        if std::mem::replace(&mut polled, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    // A thread's time is never negative.
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

    use super::*;

    /// Computes for ever, and yields.
    async fn computes() {
        let mut sum = 0_u64;
        loop {
            sum = std::hint::black_box(sum.wrapping_add(1));
            if sum.is_multiple_of(100_000) {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn waiting_costs_nothing_and_work_costs_what_it_takes() {
        let turns = Turns::new(2);
        let waits = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(within(Duration::from_secs(10), &turns, "a", waits).await, Ok(()));
        let works = within(2 * FREE, &turns, "a", computes());
        assert_eq!(works.await, Err(OutOfCpu));
    }

    #[tokio::test]
    async fn whoever_computes_waits_for_a_turn_and_whoever_begins_does_not() {
        let turns = Turns::new(2);
        let turn = turns.take("noisy").await.unwrap();
        let slices = AtomicUsize::new(0);
        let noisy = within(Duration::from_secs(10), &turns, "noisy", async {
            loop {
                let begin = of_this_thread();
                while of_this_thread() - begin < FREE {}
                slices.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        let quiet = within(Duration::from_secs(10), &turns, "quiet", async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        });
        tokio::select! {
            _ = noisy => unreachable!("it never ends"),
            done = quiet => assert_eq!(done, Ok(())),
        }
        assert_eq!(slices.into_inner(), 1, "the namespace's one turn was taken");
        drop(turn);
    }

    #[tokio::test]
    async fn a_namespace_leaves_a_turn_to_others() {
        let turns = Turns::new(2);
        let _noisy = turns.take("noisy").await.unwrap();
        assert!(turns.take("noisy").now_or_never().is_none());
        let _quiet = turns.take("quiet").await.unwrap();
    }
}
