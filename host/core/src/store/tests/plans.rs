//! Promise 10: what a statement costs does not depend on how much waits. SQLite's plans say which index serves it, and
//! that nothing is scanned or sorted.

use super::*;

/// The steps of SQLite's plan for a statement.
fn plan(sql: &str) -> Vec<String> {
    let mut connection = Connection::open_in_memory().unwrap();
    db::MIGRATIONS.to_latest(&mut connection).unwrap();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    for parameter in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(parameter, 1).unwrap();
    }
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get("detail").unwrap());
    }
    steps
}

#[test]
fn a_claim_reads_one_end_of_an_index_of_jobs() {
    // The index holds jobs that are free and have something pending, in the order asked for.
    for sql in [job::STARTABLE, job::STARTABLE_ELSEWHERE] {
        let steps = plan(sql);
        assert_eq!(
            steps[0], "SEARCH job USING INDEX job_startable (next_due>?)",
            "{steps:?}"
        );
        // Whether a job is suppressed now is one look into an index, too.
        let asked = "SEARCH suppression USING COVERING INDEX suppression_of_job (job=? AND end_at>?)";
        assert!(steps.contains(&asked.to_owned()), "{steps:?}");
        assert!(
            !steps.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER")),
            "{steps:?}"
        );
        assert!(sql.ends_with("LIMIT 1"));
    }
}

#[test]
fn the_next_request_of_a_job_is_one_look_into_an_index() {
    for sql in [job::OCCUPY, job::REFRESH_FIRST] {
        let steps = plan(sql);
        assert_eq!(steps[0], "SEARCH job USING INTEGER PRIMARY KEY (rowid=?)", "{steps:?}");
        assert!(
            steps.contains(&"SEARCH request USING COVERING INDEX request_pending_due (job=?)".into()),
            "{steps:?}"
        );
        assert_neither_scan_nor_sort(&steps);
    }
}

#[test]
fn suppressions_that_have_ended_cost_nothing() {
    assert_eq!(
        plan(suppression::UNTIL),
        ["SEARCH suppression USING COVERING INDEX suppression_of_job (job=? AND end_at>?)"]
    );
    assert_eq!(
        plan(suppression::FIRST_RELEASE),
        [
            "SEARCH suppression USING INDEX suppression_end (end_at>?)",
            "SEARCH job USING INTEGER PRIMARY KEY (rowid=?)"
        ]
    );
}

#[test]
fn a_repeated_request_is_one_look_into_an_index() {
    assert_eq!(
        plan(queue::MOVE_DUE),
        ["SEARCH request USING INDEX request_pending_once (job=? AND arguments_hash=?)"]
    );
}

#[test]
fn cancelling_a_job_looks_at_its_requests_only() {
    assert_eq!(
        plan(queue::CANCEL_JOB),
        ["SEARCH request USING COVERING INDEX request_pending_due (job=?)"]
    );
}

#[test]
fn taking_a_delivery_is_one_look_into_an_index() {
    assert_eq!(
        plan(outbox::FIRST),
        ["SEARCH delivery USING INDEX delivery_unsettled (lane=?)"]
    );
}

#[test]
fn an_edit_finds_the_one_that_waits_by_an_index() {
    assert_eq!(
        plan(outbox::REPLACE_EDIT),
        ["SEARCH delivery USING INDEX delivery_edit_pending (edits=?)"]
    );
}

#[test]
fn lanes_are_listed_from_what_is_unsettled() {
    assert_eq!(
        plan(outbox::LANES_WITH_WORK),
        ["SCAN delivery USING INDEX delivery_unsettled"]
    );
}

#[test]
fn a_look_at_what_waits_passes_over_what_was_done() {
    let steps = plan(lag::LONGEST);
    assert_eq!(steps[0], "SCAN delivery USING INDEX delivery_unsettled", "{steps:?}");
    let steps = plan(lag::RUNNING);
    assert!(steps[0].contains("job USING INDEX job_running"), "{steps:?}");
}

#[test]
fn forgetting_looks_at_old_keys_only() {
    let steps = plan(asking::FORGET);
    assert!(
        steps.contains(&"SEARCH asking USING INDEX asking_old_key (at<?)".into()),
        "{steps:?}"
    );
    assert_neither_scan_nor_sort(&steps);
}

#[test]
fn status_reads_the_first_requests_of_each_job() {
    let steps = plan(read::PENDING);
    assert!(
        steps.contains(&"SEARCH first USING COVERING INDEX request_pending_due (job=?)".into()),
        "{steps:?}"
    );
    assert!(!steps.iter().any(|step| step.contains("SCAN request")), "{steps:?}");
    let counted = plan(read::PENDING_COUNT);
    assert!(counted[0].contains("INDEX request_pending"), "{counted:?}");
}

fn assert_neither_scan_nor_sort(steps: &[String]) {
    for step in steps {
        assert!(!step.starts_with("SCAN") && !step.contains("TEMP B-TREE"), "{steps:?}");
    }
}

/// Counts what SQLite does, which is the same on every machine: its virtual machine's steps for one claim.
#[tokio::test]
async fn a_claim_takes_as_many_steps_with_ten_pending_as_with_ten_thousand() {
    let mut steps = Vec::new();
    for pending in [10, 10_000] {
        let it = Fixture::new();
        it.queued("blocked", "first", at(0)).await;
        it.claimed(at(0)).await;
        let orders = (0..pending).map(|n| order("blocked", &n.to_string(), at(0))).collect();
        it.caused(somebody(), Cause::Requests(orders)).await;
        it.queued("free", "", at(1)).await;
        let counting = it.store.write("count steps", |c| {
            vm_steps(c)?;
            assert!(queue::claim(c, at(2), &[])?.run.is_some());
            Ok(vm_steps(c)?)
        });
        steps.push(counting.await.unwrap());
    }
    assert!(steps[0] > 0);
    assert_eq!(steps[0], steps[1]);
}

/// The steps since the last time of the statements that choose.
fn vm_steps(c: &Connection) -> rusqlite::Result<i32> {
    let steps = |sql| {
        c.prepare_cached(sql)
            .map(|statement| statement.reset_status(rusqlite::StatementStatus::VmStep))
    };
    Ok(steps(job::STARTABLE)? + steps(job::OCCUPY)?)
}

#[test]
fn services_and_their_history_are_looks_into_indexes() {
    use alerting::{call, check, person, prune, service};
    let one_look = [
        (service::DUE, "service", "service_next"),
        (service::NEXT, "service", "service_next"),
        (service::CHANGES, "status_change", "status_change_of_service"),
        (
            service::ACKNOWLEDGEMENTS,
            "acknowledgement",
            "acknowledgement_of_service",
        ),
        (check::RESULTS, "check_result", "check_result_of_job"),
        (check::STATE_NAMED, "check_state", "INTEGER PRIMARY KEY"),
        (person::FIELDS, "person_field", "PRIMARY KEY"),
        (call::SUPERSEDE, "alert_call", "alert_call_of_plugin"),
        (prune::CROWDED, "check_state", "check_state_spare"),
        (prune::OLDEST_SPARE, "check_result", "check_result_spare"),
        (prune::FORGET_CHANGES, "status_change", "status_change_at"),
        (
            prune::FORGET_ACKNOWLEDGEMENTS,
            "acknowledgement",
            "acknowledgement_ended",
        ),
        (prune::SPARE_AGAIN, "check_result", "INTEGER PRIMARY KEY"),
        (prune::DELETE_ASKING, "asking_request", "asking_request_asking"),
    ];
    for (sql, table, index) in one_look {
        let steps = plan(sql);
        let search = format!("SEARCH {table} USING");
        let looks = |step: &String| step.starts_with(&search) && step.contains(&format!("{index} ("));
        assert!(steps.iter().any(looks), "{sql}\n{steps:?}");
        assert_neither_scan_nor_sort(&steps);
    }
    // The first calls of each line are found in the index alone.
    assert!(plan(call::DUE).contains(&"SCAN alert_call USING COVERING INDEX alert_call_of_plugin".to_owned()));
}

/// What refers to a run, a request or an asking is looked for when it is deleted.
#[tokio::test]
async fn forgetting_a_run_takes_as_many_steps_with_ten_kept_as_with_two_thousand() {
    let mut steps = Vec::new();
    for kept in [10, 2000] {
        let it = Fixture::new();
        for n in 0..kept {
            it.queued(&format!("job{n}"), "", at(0)).await;
            let run = it.claimed(at(0)).await.id;
            it.store.end(run, exit(0, at(0)), vec![post("C1", "hi")]).await.unwrap();
        }
        it.queued("check", "", at(1)).await;
        let run = it.claimed(at(1)).await.id;
        it.store.end_check(run, exit(0, at(1)), vec![], vec![]).await.unwrap();
        let counting = it.store.write("count steps", move |c| {
            use alerting::prune::{DELETE_REQUEST, DELETE_RUN};
            let steps = |sql| {
                c.prepare_cached(sql)
                    .map(|statement| statement.reset_status(rusqlite::StatementStatus::VmStep))
            };
            let before = steps(DELETE_RUN)? + steps(DELETE_REQUEST)?;
            assert_eq!((before, alerting::prune::forget_runs(c, &[run])?), (0, 1));
            Ok(steps(DELETE_RUN)? + steps(DELETE_REQUEST)?)
        });
        steps.push(counting.await.unwrap());
    }
    assert!(steps[0] > 0);
    assert_eq!(steps[0], steps[1]);
}
