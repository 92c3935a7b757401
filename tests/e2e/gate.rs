//! The gate itself: a job that it does not hold would make tests pass by chance.

use std::process::Stdio;
use std::time::Duration;

use innkeeper_tests::{Gate, not_within, within};
use tokio::process::{Child, Command};

fn job(gate: &Gate) -> Child {
    let script = format!("{} && echo passed", gate.knock("tea"));
    let mut bash = Command::new("bash");
    bash.args(["-c", &script])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_job_waits_until_it_may_pass() {
    let gate = Gate::new().await;
    let mut job = job(&gate);
    let visitor = gate.visitor().await;
    assert_eq!(visitor.said, "tea");
    not_within("the job to end by itself", Duration::from_millis(100), job.wait()).await;
    visitor.pass().await;
    let output = within("the job to end", job.wait_with_output()).await.unwrap();
    assert_eq!(output.stdout, b"passed\n");
}

#[tokio::test]
async fn a_job_whose_test_is_gone_fails_and_one_that_is_killed_is_gone() {
    let gate = Gate::new().await;
    let mut left = job(&gate);
    drop(gate.visitor().await);
    assert!(!within("the job to end", left.wait()).await.unwrap().success());
    let mut killed = job(&gate);
    let mut visitor = gate.visitor().await;
    killed.start_kill().unwrap();
    visitor.gone().await;
}
