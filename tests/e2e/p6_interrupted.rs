//! After a crash nothing is stuck: a run that died with the host is marked interrupted, is reported, and does not run
//! again by itself.

use innkeeper_tests::{FakeSlack, Gate, Host, Signal};

use crate::bash;

#[tokio::test]
async fn a_run_that_died_with_the_host_is_reported_and_the_job_is_free_again() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let script = format!("{} && echo Brewed {{tea}}", gate.knock("{tea}"));
    let setup = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("brew [tea]", &script));
    let mut inn = setup.start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew green").await;
    let orphan = gate.visitor().await;
    inn.kill_9().await;
    drop(orphan);
    inn.serve().await;
    let report = slack
        .await_post("the report", |post| post.text.contains("interrupted"))
        .await;
    assert!(report.text.contains("demo_brew"), "{}", report.text);
    assert_eq!(report.channel_name, "#general");

    ada.says("#general", "@innkeeper demo brew black").await;
    let next = gate.visitor().await;
    assert_eq!(next.said, "black", "what was interrupted does not run again by itself");
    next.pass().await;
    slack
        .await_post("the tea", |post| post.text.contains("Brewed black"))
        .await;
}

#[tokio::test]
async fn what_a_killed_host_left_running_ends_before_its_job_is_free() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    // Out of the run's process group: only what every process of the run carries leads to it.
    let script = format!("setsid bash -c '{}' & wait", gate.knock("left"));
    let setup = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("brew [tea]", &format!("echo {{tea}}; {script}")));
    let mut inn = setup.start().await;
    slack.user("U1").says("#general", "@innkeeper demo brew green").await;
    let mut orphan = gate.visitor().await;
    inn.kill_9().await;
    inn.serve().await;
    orphan.gone().await;
    slack
        .await_post("the report", |post| post.text.contains("interrupted"))
        .await;
}

#[tokio::test]
async fn a_verb_that_is_told_to_end_reports_its_run() {
    let gate = Gate::new().await;
    let inn = Host::setup().trusted("demo", &bash("brew", &gate.knock("tea"))).write();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let brewing = inn.begin(&["say", "demo brew"]);
        let mut visitor = gate.visitor().await;
        brewing.signal(signal);
        visitor.gone().await;
        let output = brewing.ended().await;
        assert_eq!(output.code, 1, "{output:?}");
        assert!(output.stdout.contains("interrupted"), "{output:?}");
    }
}

#[tokio::test]
async fn what_waited_behind_it_runs() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let script = format!("{} && echo Brewed {{tea}}", gate.knock("{tea}"));
    let setup = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("brew [tea]", &script));
    let mut inn = setup.start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew green").await;
    let orphan = gate.visitor().await;
    ada.says("#general", "@innkeeper demo brew black").await;
    inn.kill_9().await;
    drop(orphan);
    inn.serve().await;
    let next = gate.visitor().await;
    assert_eq!(next.said, "black");
    next.pass().await;
    slack
        .await_post("the tea", |post| post.text.contains("Brewed black"))
        .await;
    slack
        .await_post("the report", |post| post.text.contains("interrupted"))
        .await;
}
