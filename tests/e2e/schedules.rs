//! Starts by the clock.

use innkeeper_tests::{FakeSlack, Host};

use crate::bash;

/// A job `tick` that the clock starts each second.
fn ticking() -> String {
    let schedule = "[[schedule]]\nevery = '1s'\njob_type = 'tick'\n";
    format!("default_channel = '#tech'\n{}{schedule}", bash("tick", "echo Tick"))
}

#[tokio::test]
async fn the_clock_starts_a_job_and_its_report_goes_to_the_channel() {
    let slack = FakeSlack::start().await;
    let inn = Host::setup().slack(&slack).trusted("hall", &ticking()).start().await;
    let report = slack.await_post("the tick", |post| post.text.contains("Tick")).await;
    assert_eq!(report.channel_name, "#tech");
    let listed = inn.cli(&["schedules"]).await.success();
    assert!(listed.contains("hall_tick  every 1s"), "{listed}");
    let listed = inn.cli(&["schedules", "--json"]).await.json();
    assert_eq!(listed[0]["job"], "tick");
    assert!(listed[0]["next"].is_string(), "{listed}");
}

#[tokio::test]
async fn a_start_that_was_missed_is_made_up_for_once() {
    let yearly = "[[schedule]]\ncron = '@yearly'\njob_type = 'greet'\n";
    let namespace = format!("{}{yearly}", bash("greet", "echo A good new year"));
    let mut inn = Host::setup().trusted("hall", &namespace).start().await;
    inn.kill_9().await;
    // As if the host had been down since before New Year.
    let two_years = 2 * 366 * 24 * 60 * 60 * 1_000_000_i64;
    let moved = inn
        .database()
        .execute("UPDATE schedule SET at = at - ?1", [two_years])
        .unwrap();
    assert_eq!(moved, 1);
    inn.serve().await;
    inn.await_log(&["a start was missed, and is made up for", "@yearly"])
        .await;
    let askings: i64 = inn
        .database()
        .query_row("SELECT count(*) FROM asking WHERE trigger = 'schedule'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(askings, 1);
}
