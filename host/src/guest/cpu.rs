//! CPU time of a guest, apart from its wall time.
//!
//! A guest runs on whichever thread polls it, and the epoch makes it yield every few milliseconds. So the CPU time of
//! the thread, read before and after each poll, adds up to the guest's own. Work that its calls leave to other threads
//! (file operations, name look-ups) is not counted.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Drives `work` until it ends or has spent `limit` of CPU time. [`OutOfCpu`] is what comes of the latter.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, OutOfCpu> {
    let work = std::pin::pin!(work);
    Metered {
        work,
        limit,
        spent: Duration::ZERO,
    }
    .await
}

/// A guest has spent its CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfCpu;

struct Metered<'a, F> {
    work: Pin<&'a mut F>,
    limit: Duration,
    spent: Duration,
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = Result<F::Output, OutOfCpu>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let before = of_this_thread();
        let polled = self.work.as_mut().poll(context);
        self.spent += of_this_thread().saturating_sub(before);
        match polled {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending if self.spent >= self.limit => Poll::Ready(Err(OutOfCpu)),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    // A thread's time is never negative.
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_costs_nothing_and_work_costs_what_it_takes() {
        let waits = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(within(Duration::from_secs(10), waits).await, Ok(()));
        let works = async {
            let mut sum = 0_u64;
            loop {
                sum = std::hint::black_box(sum.wrapping_add(1));
                if sum.is_multiple_of(100_000) {
                    tokio::task::yield_now().await;
                }
            }
        };
        let ended: Result<(), OutOfCpu> = within(Duration::from_millis(20), works).await;
        assert_eq!(ended, Err(OutOfCpu));
    }
}
