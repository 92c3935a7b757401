//! What the logs channel is told of the configuration: what it was not told yet, and no more than a few times in a while. Who
//! breaks a file and mends it again and again does not fill the channel: the last word is said in the end.

use std::collections::VecDeque;
use std::time::Duration;

use innkeeper_core::report::notice;
use tokio::time::{Instant, sleep_until};

/// How many notices there are in a [`WHILE`] at most.
const MOST: usize = 5;
const WHILE: Duration = Duration::from_secs(5 * 60);

/// What was told, and what is to be.
#[derive(Default)]
pub(in crate::app) struct News {
    /// What is wrong now; none where all is well.
    now: Option<String>,
    /// What was told last.
    told: Option<String>,
    /// When, of late.
    at: VecDeque<Instant>,
}

impl News {
    /// This is wrong now, or nothing.
    pub(super) fn is_now(&mut self, wrong: Option<String>) {
        self.now = wrong;
    }

    /// The next thing to tell, if it is time for one `now`. It counts as told.
    pub(super) fn take(&mut self, now: Instant) -> Option<String> {
        if self.due(now)? > now {
            return None;
        }
        self.at.push_back(now);
        if self.at.len() > MOST {
            self.at.pop_front();
        }
        self.told.clone_from(&self.now);
        Some(self.now.clone().unwrap_or_else(notice::reloaded))
    }

    /// Waits until there is something that it is time to tell; for ever where there is nothing.
    pub(super) async fn wait(&self) {
        match self.due(Instant::now()) {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// When what is to be told may be told; none where nothing is.
    fn due(&self, now: Instant) -> Option<Instant> {
        if self.now == self.told {
            return None;
        }
        Some(match self.at.front() {
            Some(first) if self.at.len() >= MOST => now.max(*first + WHILE),
            _ => now,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn told(news: &mut News, wrong: Option<&str>) -> Option<String> {
        news.is_now(wrong.map(str::to_owned));
        news.take(Instant::now())
    }

    #[test]
    fn the_same_is_told_once_and_so_is_that_all_is_well() {
        let mut news = News::default();
        assert_eq!(told(&mut news, None), None);
        assert_eq!(told(&mut news, Some("a typo")).as_deref(), Some("a typo"));
        assert_eq!(told(&mut news, Some("a typo")), None);
        assert!(told(&mut news, None).is_some_and(|text| text.contains("in force again")));
        assert_eq!(told(&mut news, None), None);
    }

    #[test]
    fn who_breaks_and_mends_all_the_time_is_told_of_a_few_times_and_in_the_end() {
        let mut news = News::default();
        let mut count = 0;
        for round in 0..100 {
            let wrong = (round % 2 == 0).then_some("a typo");
            count += usize::from(told(&mut news, wrong).is_some());
        }
        assert_eq!(count, MOST);
        news.is_now(Some("the last typo".to_owned()));
        let now = Instant::now();
        let due = news.due(now).unwrap();
        assert!(due > now && due <= now + WHILE);
        assert_eq!(news.take(due).as_deref(), Some("the last typo"));
    }
}
