#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use innkeeper_core::clock::ManualClock;

use super::*;
use crate::github::WebhookConfig;

const NOW: i64 = 1_800_000_000;

fn attempt(id: u64, guid: &str, age_hours: i64, status_code: u16) -> HookDelivery {
    HookDelivery {
        id,
        guid: guid.to_owned(),
        delivered_at: jiff::Timestamp::from_second(NOW - age_hours * 3600).unwrap(),
        redelivery: false,
        status_code,
    }
}

fn again(id: u64, guid: &str, age_hours: i64, status_code: u16) -> HookDelivery {
    HookDelivery {
        redelivery: true,
        ..attempt(id, guid, age_hours, status_code)
    }
}

#[test]
fn what_never_arrived_is_asked_for_once_and_the_oldest_first() {
    let attempts = [
        again(9, "down-twice", 1, 0),
        again(8, "arrived-later", 2, 202),
        attempt(7, "gateway", 3, 502),
        attempt(6, "down-twice", 4, 503),
        attempt(5, "arrived-later", 5, 504),
        attempt(4, "refused", 6, 422),
        attempt(3, "forbidden", 7, 403),
        attempt(2, "arrived", 8, 200),
    ];
    assert_eq!(never_arrived(&attempts), [3, 7, 9]);
    let stubborn: Vec<HookDelivery> = (1..=5).map(|id| attempt(id, "stubborn", 10, 500)).collect();
    assert_eq!(never_arrived(&stubborn), [0_u64; 0]);
    let flood: Vec<HookDelivery> = (0..500).map(|id| attempt(id, &id.to_string(), 10, 0)).collect();
    assert_eq!(never_arrived(&flood).len(), MOST_ASKED);
}

#[test]
fn what_always_fails_is_asked_for_no_longer_than_its_first_attempt_is_young() {
    let first = attempt(1, "stubborn", 71, 500);
    let later = [again(2, "stubborn", 60, 500), again(3, "stubborn", 1, 500)];
    let mut known = later.to_vec();
    known.push(first);
    assert_eq!(never_arrived(&known), [3]);
    assert_eq!(
        never_arrived(&later),
        [0_u64; 0],
        "the first is gone, and these would be young for ever"
    );
}

#[test]
fn a_webhook_is_ours_by_the_end_of_its_path() {
    let ours = |url: &str| {
        let config = WebhookConfig {
            url: Some(url.to_owned()),
        };
        is_ours(&Webhook { id: 1, config }, "shop")
    };
    assert!(ours("https://inn.example/github/shop/") && ours("https://inn.example/behind/a/proxy/github/shop"));
    for other in [
        "https://inn.example/github/shops/",
        "https://inn.example/github/shop/x",
        "https://inn.example/hooks/shop/",
        "https://inn.example/?x=/github/shop/",
        "no address",
    ] {
        assert!(!ours(other), "{other}");
    }
}

/// A GitHub with one webhook, which answers with these.
#[derive(Default)]
struct Book {
    deliveries: Vec<HookDelivery>,
    limits: Mutex<Vec<Duration>>,
    /// What these are answered with when they are asked for.
    refusals: BTreeMap<u64, ApiError>,
    asked: Mutex<Vec<u64>>,
}

impl Deliveries for Book {
    fn webhooks<'a>(
        &'a self,
        _: &'a Secret,
        _: &'a str,
        _: Option<Url>,
    ) -> BoxFuture<'a, Result<Page<Webhook>, ApiError>> {
        let config = WebhookConfig {
            url: Some("https://inn.example/github/shop/".to_owned()),
        };
        let page = match self.limits.lock().unwrap().pop() {
            Some(after) => Err(ApiError::RateLimited { after }),
            None => Ok(Page {
                items: vec![Webhook { id: 1, config }],
                next: None,
            }),
        };
        Box::pin(std::future::ready(page))
    }

    /// Two on a page.
    fn deliveries<'a>(
        &'a self,
        _: &'a Secret,
        _: &'a str,
        _: u64,
        next: Option<Url>,
    ) -> BoxFuture<'a, Result<Page<HookDelivery>, ApiError>> {
        let from: usize = next.map_or(0, |next| next.path()[1..].parse().unwrap());
        let items: Vec<HookDelivery> = self.deliveries.iter().skip(from).take(2).cloned().collect();
        let next = (items.len() == 2).then(|| format!("https://github.example/{}", from + 2).parse().unwrap());
        Box::pin(std::future::ready(Ok(Page { items, next })))
    }

    fn redeliver<'a>(
        &'a self,
        _: &'a Secret,
        _: &'a str,
        _: u64,
        delivery: u64,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        self.asked.lock().unwrap().push(delivery);
        let answer = self.refusals.get(&delivery).cloned().map_or(Ok(()), Err);
        Box::pin(std::future::ready(answer))
    }
}

fn watch(token: &str) -> Watch {
    Watch {
        namespace: "shop".into(),
        repositories: vec!["octo/shop".into()],
        token: Secret::new(token),
    }
}

fn missed(book: &Arc<Book>) -> Missed {
    missed_of(book, &["token"])
}

/// For a namespace with each of these tokens.
fn missed_of(book: &Arc<Book>, tokens: &[&'static str]) -> Missed {
    let tokens = tokens.to_vec();
    Missed {
        watched: Box::new(move || tokens.iter().copied().map(watch).collect()),
        github: book.clone(),
        clock: Arc::new(ManualClock::starting_at(Timestamp::from_micros(NOW * 1_000_000))),
        between: Duration::from_millis(1),
    }
}

#[tokio::test]
async fn almost_three_days_are_looked_at_and_then_it_rests_for_an_hour() {
    let book = Arc::new(Book {
        deliveries: vec![
            attempt(4, "d", 1, 200),
            attempt(3, "c", 2, 0),
            attempt(2, "b", 71, 0),
            attempt(1, "a", 72, 0),
        ],
        ..Book::default()
    });
    assert_eq!(missed(&book).pass().await, Duration::from_secs(3600));
    assert_eq!(*book.asked.lock().unwrap(), [2, 3]);
}

#[tokio::test]
async fn github_is_left_alone_for_as_long_as_it_asks() {
    let book = Arc::new(Book::default());
    *book.limits.lock().unwrap() = vec![Duration::from_secs(86_400), Duration::from_secs(90)];
    assert_eq!(missed(&book).pass().await, Duration::from_secs(90));
    // The next look would be in an hour anyway.
    assert_eq!(missed(&book).pass().await, Duration::from_secs(3600));
    assert_eq!(missed(&book).pass().await, Duration::from_secs(3600));
}

#[tokio::test]
async fn a_limit_is_a_tokens_and_a_minute_at_least() {
    let deliveries = vec![attempt(1, "a", 1, 0)];
    let limited = |limits: &[u64]| {
        Arc::new(Book {
            deliveries: deliveries.clone(),
            limits: Mutex::new(limits.iter().map(|after| Duration::from_secs(*after)).collect()),
            ..Book::default()
        })
    };
    let book = limited(&[0]);
    let rest = missed_of(&book, &["limited", "another"]).pass().await;
    assert_eq!(rest, Duration::from_secs(60));
    assert_eq!(
        *book.asked.lock().unwrap(),
        [1],
        "the other's are asked for all the same"
    );

    let book = limited(&[90]);
    let rest = missed_of(&book, &["shared", "shared"]).pass().await;
    assert_eq!(rest, Duration::from_secs(90));
    assert_eq!(*book.asked.lock().unwrap(), [0_u64; 0]);
}

#[tokio::test]
async fn one_that_cannot_be_made_again_keeps_none_of_the_others() {
    let refused = |status| ApiError::Refused {
        status,
        detail: String::new(),
    };
    let deliveries: Vec<HookDelivery> = (1..=5)
        .rev()
        .map(|id| attempt(id, &id.to_string(), 10 - i64::try_from(id).unwrap(), 0))
        .collect();
    let book = Arc::new(Book {
        deliveries: deliveries.clone(),
        refusals: [(1, refused(404)), (2, refused(422)), (3, ApiError::Moved)].into(),
        ..Book::default()
    });
    let started = std::time::Instant::now();
    missed(&book).pass().await;
    assert_eq!(*book.asked.lock().unwrap(), [1, 2, 3, 4, 5]);
    assert!(
        started.elapsed() >= Duration::from_millis(4),
        "there is a pause between two"
    );

    let why = String::from("down");
    let limited = ApiError::RateLimited {
        after: Duration::from_secs(70),
    };
    for (error, rest) in [
        (refused(401), 3600),
        (ApiError::Unreachable { why }, 3600),
        (limited, 70),
    ] {
        let book = Arc::new(Book {
            deliveries: deliveries.clone(),
            refusals: [(2, error)].into(),
            ..Book::default()
        });
        assert_eq!(missed(&book).pass().await, Duration::from_secs(rest));
        assert_eq!(*book.asked.lock().unwrap(), [1, 2]);
    }
}
