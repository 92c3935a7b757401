//! Promise 10: starting a job costs the same with ten requests waiting as with a million, most of them behind a job
//! that runs. Claims of both queues are interleaved; medians are compared.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

mod measure;

use std::time::Instant;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::request::{Arguments, CliOrigin, NewAsking, NewRequest, Origin};
use innkeeper_core::run::{Ending, RunId};
use innkeeper_core::store::{Cause, RunEnd, Store, Written};
use measure::{median, say};
use tempfile::TempDir;

const CLAIMS: usize = 300;

#[tokio::main]
async fn main() {
    let few = Queue::with(10).await;
    let many = Queue::with(1_000_000).await;
    let (mut cheap, mut dear) = (Vec::new(), Vec::new());
    for _ in 0..CLAIMS {
        cheap.push(few.claim_and_end().await);
        dear.push(many.claim_and_end().await);
    }
    let (cheap, dear) = (median(&mut cheap), median(&mut dear));
    say(
        "claim with 1,000,000 pending, against 10",
        dear,
        cheap,
        "2.0 times at most",
    );
}

struct Queue {
    store: Store,
    _folder: TempDir,
}

impl Queue {
    /// `pending` requests, nine tenths of them behind a run that goes on.
    async fn with(pending: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(folder.path()).unwrap();
        ask(&store, vec![request("blocked", usize::MAX)]).await;
        store.claim(now()).await.unwrap().run.unwrap();
        let blocked = pending * 9 / 10;
        let mut batch = Vec::new();
        for number in 0..pending {
            let job = if number < blocked {
                "blocked".to_owned()
            } else {
                format!("free{}", number % 100)
            };
            batch.push(request(&job, number));
            if batch.len() == 1000 || number + 1 == pending {
                ask(&store, std::mem::take(&mut batch)).await;
            }
        }
        Self { store, _folder: folder }
    }

    /// The time of one claim, in seconds. The queue keeps its length: what was claimed ends and another is asked for.
    async fn claim_and_end(&self) -> f64 {
        let begin = Instant::now();
        let claim = self.store.claim(now()).await.unwrap();
        let took = begin.elapsed().as_secs_f64();
        let run = claim.run.expect("something is free");
        self.end(run.id).await;
        ask(
            &self.store,
            vec![NewRequest {
                namespace: run.namespace,
                job: run.job,
                arguments: run.arguments,
                due: now(),
                payload: None,
            }],
        )
        .await;
        took
    }

    async fn end(&self, run: RunId) {
        let end = RunEnd {
            shown: None,
            at: now(),
            ending: Ending::Exited { code: 0 },
            duration: std::time::Duration::ZERO,
            stdout: Written::default(),
            stderr: Written::default(),
            log_folder: None,
        };
        self.store.end(run, end, Vec::new()).await.unwrap();
    }
}

async fn ask(store: &Store, requests: Vec<NewRequest>) {
    let origin = Origin::Cli(CliOrigin {
        user: "bench".into(),
        session: None,
    });
    let asking = NewAsking {
        key: None,
        origin,
        text: None,
        edit: false,
        at: now(),
    };
    store
        .accept(asking, Cause::Requests(requests), Vec::new())
        .await
        .unwrap();
}

fn request(job: &str, number: usize) -> NewRequest {
    let arguments: Arguments = [("number", number.to_string())].into_iter().collect();
    NewRequest {
        namespace: "bench".into(),
        job: job.to_owned(),
        arguments,
        due: now(),
        payload: None,
    }
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000)
}
