//! The store's rules, through the operations that everybody else uses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod ask;
mod caught_up;
mod delivery;
mod model;
mod plans;
mod progress;
mod run;
mod schema;
mod services;
mod suppress;
mod watched;

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::message::{Address, Message, Post};
use crate::request::{Arguments, CliOrigin, GithubOrigin, NewRequest, Origin, ScheduleOrigin, SlackOrigin};
use crate::run::Ending;

const SECOND: i64 = 1_000_000;

/// The moment `seconds` after the tests begin.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000 * SECOND + seconds * SECOND)
}

fn slack(text: &str, ts: &str) -> NewAsking {
    NewAsking {
        key: Some(format!("slack:T1:C1:{ts}")),
        origin: Origin::Slack(SlackOrigin {
            team: "T1".into(),
            channel: "C1".into(),
            user: "U1".into(),
            user_team: None,
            message: Some(ts.into()),
            thread: None,
            direct: false,
        }),
        text: Some(text.into()),
        edit: false,
        at: at(0),
    }
}

fn edited(text: &str, ts: &str) -> NewAsking {
    NewAsking {
        edit: true,
        ..slack(text, ts)
    }
}

fn github(delivery: &str, when: Timestamp) -> NewAsking {
    NewAsking {
        key: Some(format!("github:demo:{delivery}")),
        origin: Origin::Github(GithubOrigin {
            delivery: delivery.into(),
            event: "push".into(),
            action: None,
            repository: None,
            sender: None,
            channel: None,
            comment: false,
            write_back: None,
        }),
        text: None,
        edit: false,
        at: when,
    }
}

/// Somebody at the command line: never a repetition.
fn somebody() -> NewAsking {
    NewAsking {
        key: None,
        origin: Origin::Cli(CliOrigin {
            user: "eve".into(),
            session: None,
        }),
        text: None,
        edit: false,
        at: at(0),
    }
}

fn order(job: &str, argument: &str, due: Timestamp) -> NewRequest {
    NewRequest {
        namespace: "demo".into(),
        job: job.into(),
        arguments: Arguments::from_iter([("name", argument)]),
        due,
        payload: None,
    }
}

fn one_order(job: &str, argument: &str, due: Timestamp) -> Cause {
    Cause::Requests(vec![order(job, argument, due)])
}

fn post(channel: &str, text: &str) -> NewDelivery {
    NewDelivery::message(Address::slack_channel(channel), Message::Post(Post::text(text)), None)
}

fn exit(code: i32, when: Timestamp) -> RunEnd {
    RunEnd {
        shown: None,
        at: when,
        ending: Ending::Exited { code },
        duration: Duration::from_millis(1500),
        stdout: Written { kept: 10, lost: 2 },
        stderr: Written::default(),
        log_folder: Some("demo_hello/20231114-221320-1".into()),
    }
}

struct Fixture {
    folder: TempDir,
    store: Store,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        Self { folder, store }
    }

    /// Ends the host as a power cut would: what is in the files is all that the next one finds.
    fn crash(self) -> Self {
        let next = tempfile::tempdir().unwrap();
        for file in ["queue.db", "queue.db-wal"] {
            std::fs::copy(self.folder.path().join(file), next.path().join(file)).unwrap();
        }
        let store = Store::open(next.path()).unwrap();
        Self { folder: next, store }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Accepts something new and says what it caused.
    async fn caused(&self, asking: NewAsking, cause: Cause) -> Caused {
        match self.store.accept(asking, cause, vec![]).await.unwrap() {
            Accepted::New(caused) => caused,
            Accepted::Repeated => panic!("it was taken for a repetition"),
        }
    }

    async fn queued(&self, job: &str, argument: &str, due: Timestamp) -> Queued {
        self.caused(somebody(), one_order(job, argument, due)).await.requests[0]
    }

    async fn claimed(&self, now: Timestamp) -> Run {
        self.store.claim(now).await.unwrap().run.unwrap()
    }

    async fn taken(&self, lane: &str, now: Timestamp) -> (crate::message::Delivery, bool) {
        match self.store.take(lane, now).await.unwrap() {
            Take::Due {
                delivery,
                was_in_flight,
            } => (*delivery, was_in_flight),
            other => panic!("{other:?}"),
        }
    }

    /// What is in the database, read past the store.
    fn raw<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let connection = Connection::open(self.path().join("queue.db")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}
