//! The database file: its versions, and looking at it from beside.

use super::*;
use crate::alert::{Kind, Status};
use crate::queue::RequestState;

/// Rows for each step of the schema, written as the version of that time wrote them. A new step adds its own.
const SAMPLES: &[&str] = &["
    INSERT INTO job (id, namespace, name) VALUES (1, 'demo', 'hello'), (2, 'demo', 'deploy');
    INSERT INTO asking (id, dedupe_key, trigger, state, at, origin, said) VALUES
        (1, 'slack:T1:C1:1.1', 'slack', 'acted', 1700000000000000,
         '{\"trigger\":\"slack\",\"team\":\"T1\",\"channel\":\"C1\",\"user\":\"U1\",\"message\":\"1.1\",\"direct\":false}',
         'demo hello Bob'),
        (2, 'github:demo:d1', 'github', 'undecided', 1700000000000000,
         '{\"trigger\":\"github\",\"delivery\":\"d1\",\"event\":\"push\"}', NULL);
    INSERT INTO request (id, job, state, due_at, created_at, ended_at, arguments_hash, arguments) VALUES
        (1, 1, 'ended', 1700000000000000, 1700000000000000, 1700000001000000, zeroblob(32), '[[\"name\",\"Ann\"]]'),
        (2, 1, 'running', 1700000000000000, 1700000000000000, NULL, zeroblob(32), '[[\"name\",\"Bob\"]]'),
        (3, 2, 'pending', 1700000000000000, 1700000000000000, NULL, zeroblob(32), '[]');
    INSERT INTO asking_request (request, asking) VALUES (1, 1), (2, 1), (3, 1);
    INSERT INTO run (id, request, job, started_at, ended_at, duration, stdout_kept, stdout_lost, stderr_kept,
                     stderr_lost, log_folder, ending) VALUES
        (1, 1, 1, 1700000000000000, 1700000001000000, 1000000, 5, 0, 0, 0, 'demo_hello/x-1',
         '{\"how\":\"exited\",\"code\":0}'),
        (2, 2, 1, 1700000001000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    UPDATE job SET running = 2 WHERE id = 1;
    UPDATE job SET next_due = 1700000000000000, next_request = 3 WHERE id = 2;
    INSERT INTO delivery (seq, id, lane, run, state, attempts, created_at, settled_at, receipt, address, content) VALUES
        (1, x'0192f0c1a2b37000800000000000aaaa', 'slack:C1', 1, 'sent', 1, 1700000001000000, 1700000002000000,
         '{\"ts\":\"1.2\"}', '{\"to\":\"slack\",\"channel\":\"C1\"}',
         '{\"what\":\"message\",\"kind\":\"post\",\"text\":\"hi\"}'),
        (2, x'0192f0c1a2b37000800000000000bbbb', 'slack:C1', NULL, 'in-flight', 1, 1700000001000000, NULL, NULL,
         '{\"to\":\"slack\",\"channel\":\"C1\"}',
         '{\"what\":\"message\",\"kind\":\"file\",\"name\":\"report.txt\"}');
    INSERT INTO attachment (delivery, content) VALUES (2, x'00ff');
    INSERT INTO unreadable (source, at, why, body) VALUES ('slack', 1700000000000000, 'no JSON', 'x');
", "
    INSERT INTO payload (request, body) VALUES (3, x'7b7d');
", "
    INSERT INTO suppression (id, job, start_at, end_at, asking) VALUES
        (1, 1, 1700000000000000, 1700003600000000, 1);
", "
    INSERT INTO schedule (namespace, key, at) VALUES ('demo', 'abc', 1700000000000000);
", "
    INSERT INTO progress (run, place, delivery, address) VALUES
        (2, '{\"to\":\"slack\",\"channel\":\"C1\"}', x'0192f0c1a2b37000800000000000aaaa',
         '{\"to\":\"slack\",\"channel\":\"C1\"}');
    INSERT INTO delivery (seq, id, lane, run, state, created_at, address, content, edits) VALUES
        (3, x'0192f0c1a2b37000800000000000cccc', 'slack:C1', 2, 'pending', 1700000001000000,
         '{\"to\":\"slack\",\"channel\":\"C1\"}',
         '{\"what\":\"edit\",\"of\":\"0192f0c1-a2b3-7000-8000-00000000aaaa\",\"post\":{\"text\":\"hi\"},\"last\":true}',
         x'0192f0c1a2b37000800000000000aaaa');
", "
    INSERT INTO caught_up (kind, place, at) VALUES ('channel', 'C1', 1700000000000000);
", "
    INSERT INTO check_state (job, failures, since, run, at, spare) VALUES (1, 1, 1700000001000000, 1, 1700000001000000, 0);
    INSERT INTO check_result (run, job, at, passed, spare) VALUES (1, 1, 1700000001000000, 0, 0);
    INSERT INTO service (name, namespace, next_at, state) VALUES ('web', 'demo', 1700000601000000,
        '{\"status\":\"error\",\"since\":\"2023-11-14T22:13:21Z\",\"began\":\"2023-11-14T22:13:21Z\",\"incident\":1,
          \"acknowledged\":{\"by\":\"Ann\",\"at\":\"2023-11-14T22:14:00Z\",\"until\":\"2023-11-14T22:34:00Z\"},
          \"silenced\":null,\"told\":{\"status\":\"error\",\"at\":\"2023-11-14T22:13:21Z\"},
          \"followed\":{\"status\":\"error\",\"at\":\"2023-11-14T22:14:00Z\"}}');
    INSERT INTO status_change (service, at, old, new, run) VALUES ('web', 1700000001000000, 'passing', 'error', 1);
    INSERT INTO acknowledgement (service, at, until, made_by) VALUES ('web', 1700000040000000, 1700001240000000, 'Ann');
    INSERT INTO alert_call (plugin, service, kind, attempts, due_at, key, alert) VALUES
        ('slack', 'web', 'failing', 1, 0, x'0192f0c1a2b37000800000000000dddd',
         '{\"kind\":\"failing\",\"to\":\"everybody\",\"old\":\"passing\",\"new\":\"error\",\"at\":\"2023-11-14T22:13:21Z\",
           \"began\":\"2023-11-14T22:13:21Z\",\"incident\":1,\"acknowledged\":null}');
    INSERT INTO person (id, fold, slack, active, fallback, name, email) VALUES
        (1, 'ann', 'U1', 1, 1, 'Ann', 'ann@example.com');
    INSERT INTO person_field (person, plugin, field, secret, value) VALUES (1, 'sms', 'token', 1, x'00ff');
", "
    INSERT INTO heartbeat (job, at, heard, failure) VALUES (1, 1700000001000000, 1, 'disk full');
"];

#[tokio::test]
async fn rows_of_every_version_are_read_by_this_one() {
    assert_eq!(
        SAMPLES.len(),
        db::STEPS.len(),
        "each step of the schema has its sample rows"
    );
    let folder = tempfile::tempdir().unwrap();
    let mut connection = Connection::open(folder.path().join("queue.db")).unwrap();
    for (step, sample) in SAMPLES.iter().enumerate() {
        db::MIGRATIONS.to_version(&mut connection, step + 1).unwrap();
        connection.execute_batch(sample).unwrap();
    }
    drop(connection);
    let store = Store::open(folder.path()).unwrap();
    let it = Fixture { folder, store };
    assert_eq!(
        it.store.request(RequestId(1)).await.unwrap().unwrap().state,
        RequestState::Ended
    );
    assert_eq!(
        it.store
            .run(RunId(1))
            .await
            .unwrap()
            .unwrap()
            .end
            .unwrap()
            .duration_seconds,
        1.0
    );
    assert_eq!(it.store.dead_runs().await.unwrap()[0].askings[0].id, AskingId(1));
    assert_eq!(it.store.undecided().await.unwrap()[0].id, AskingId(2));
    assert_eq!(it.store.services().await.unwrap()[0].state.status, Status::Error);
    assert_eq!(it.store.acknowledgements("web", 1).await.unwrap()[0].by, "Ann");
    assert_eq!(it.store.status_changes("web", 1).await.unwrap()[0].run, Some(RunId(1)));
    let call = it
        .store
        .begin_call(it.store.due_calls().await.unwrap()[0].id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((call.alert.kind, call.attempts), (Kind::Failing, 2));
    let ann = it.store.person_in_slack("U1").await.unwrap().unwrap();
    let fields = it.store.fields(ann.id, "sms").await.unwrap();
    assert_eq!(fields, [("token".to_owned(), FieldValue::Secret(vec![0, 255]))]);
    let heartbeat = it.store.heartbeat("demo", "hello", at(9)).await.unwrap();
    assert_eq!((heartbeat.at, heartbeat.failure.as_deref()), (at(1), Some("disk full")));
    let suppressed = it.store.suppressions("demo", at(0)).await.unwrap();
    assert_eq!((suppressed[0].job.as_str(), suppressed[0].end), ("hello", at(3600)));
    let channels = vec!["C1".to_owned()];
    let looked = it.store.resume_looking(Looked::Channel, channels, vec![], at(9)).await;
    assert_eq!(looked, Ok(vec![at(0)]));
    assert_eq!(it.claimed(at(0)).await.id, RunId(3));
    let (delivery, was_in_flight) = it.taken("slack:C1", at(0)).await;
    assert_eq!((delivery.attempts, was_in_flight), (2, true));
    let repeated = it
        .store
        .accept(slack("demo hello Bob", "1.1"), Cause::Answer, vec![])
        .await;
    assert_eq!(repeated, Ok(Accepted::Repeated));
}

fn set_schema(folder: &Path, number: i64) {
    let connection = Connection::open(folder.join("queue.db")).unwrap();
    connection.pragma_update(None, "user_version", number).unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let it = Fixture::new();
    it.store.close().await;
    set_schema(it.path(), 99);
    for opened in [Store::open(it.path()), Store::open_read_only(it.path())] {
        let error = opened.err().unwrap();
        assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .contains("was written by a newer Innkeeper (its schema is number 99")
        );
    }
    assert_eq!(it.raw::<i64>("PRAGMA user_version"), 99);
}

#[test]
fn what_is_no_database_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("queue.db"),
        "a text, and a rather long one".repeat(100),
    )
    .unwrap();
    for opened in [Store::open(folder.path()), Store::open_read_only(folder.path())] {
        let error = opened.err().unwrap().to_string();
        assert!(error.contains("queue.db: file is not a database"), "{error}");
    }
}

#[tokio::test]
async fn looking_where_nothing_was_kept_shows_nothing_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_read_only(&folder.path().join("data")).unwrap();
    let status = store.status(at(0)).await.unwrap();
    assert_eq!((status.pending_count, status.running.len()), (0, 0));
    assert_eq!(store.run(RunId(1)).await.unwrap(), None);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn looking_from_beside_sees_what_is_committed_and_changes_nothing() {
    let it = Fixture::new();
    let beside = Store::open_read_only(it.path()).unwrap();
    let request = it.queued("hello", "Ann", at(0)).await.id;
    assert_eq!(beside.request(request).await.unwrap().unwrap().job, "hello");
    let refused = beside.claim(at(0)).await;
    assert_eq!(
        refused,
        Err(StoreError::ReadOnly {
            doing: "claim a request"
        })
    );
    // Also when the owner has gone, and took its write-ahead log with it.
    it.store.close().await;
    let later = Store::open_read_only(it.path()).unwrap();
    assert_eq!(later.request(request).await.unwrap().unwrap().job, "hello");
}

#[tokio::test]
async fn what_was_asked_of_a_closed_store_is_refused() {
    let it = Fixture::new();
    it.store.close().await;
    let error = it.store.accept(somebody(), Cause::Answer, vec![]).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot keep what was asked: the queue is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_all_kept() {
    let it = Fixture::new();
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..500 {
        let store = it.store.clone();
        asking.spawn(async move {
            let accepted = store
                .accept(somebody(), one_order("hello", &n.to_string(), at(0)), vec![])
                .await;
            match accepted.unwrap() {
                Accepted::New(caused) => caused.requests[0].id,
                Accepted::Repeated => panic!("no two are the same"),
            }
        });
    }
    let ids: std::collections::BTreeSet<_> = asking.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 500);
    let it = it.crash();
    assert_eq!(it.store.status(at(0)).await.unwrap().pending_count, 500);
}
