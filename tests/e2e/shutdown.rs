//! SIGTERM drains: no new starts, running work gets its grace, nothing is lost.

use innkeeper_tests::{FakeSlack, Gate, Host};

use crate::bash;

fn brew(gate: &Gate) -> String {
    bash("brew [tea]", &format!("{} && echo Brewed {{tea}}", gate.knock("{tea}")))
}

#[tokio::test]
async fn running_work_ends_and_is_reported_and_what_waits_is_kept() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let mut inn = Host::setup().slack(&slack).trusted("demo", &brew(&gate)).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew green").await;
    let green = gate.visitor().await;
    ada.says("#general", "@innkeeper demo brew black").await;
    inn.sigterm();
    inn.await_log(&["SIGTERM"]).await;
    green.pass().await;
    assert!(inn.ended().await.success());
    inn.serve().await;
    slack
        .await_post("the first tea", |post| post.text.contains("Brewed green"))
        .await;
    let black = gate.visitor().await;
    assert_eq!(black.said, "black");
    black.pass().await;
    slack
        .await_post("the other tea", |post| post.text.contains("Brewed black"))
        .await;
    assert!(slack.posts().iter().all(|post| !post.text.contains("interrupted")));
}

#[tokio::test]
async fn work_that_outlives_its_grace_is_stopped_and_reported() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let setup = Host::setup().slack(&slack).setting("shutdown_grace_seconds = 1");
    let mut inn = setup.trusted("demo", &brew(&gate)).start().await;
    slack.user("U1").says("#general", "@innkeeper demo brew green").await;
    let mut green = gate.visitor().await;
    inn.sigterm();
    green.gone().await;
    assert!(inn.ended().await.success());
    inn.serve().await;
    let of_it = |post: &innkeeper_tests::Post| post.text.contains("demo_brew");
    slack.await_post("the report", of_it).await;
}

#[tokio::test]
async fn a_second_signal_ends_running_work_at_once() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let mut inn = Host::setup().slack(&slack).trusted("demo", &brew(&gate)).start().await;
    slack.user("U1").says("#general", "@innkeeper demo brew green").await;
    let mut green = gate.visitor().await;
    inn.sigterm();
    inn.await_log(&["SIGTERM"]).await;
    inn.sigterm();
    green.gone().await;
    inn.ended().await;
    inn.serve().await;
    slack
        .await_post("the report", |post| post.text.contains("interrupted"))
        .await;
}

#[tokio::test]
async fn an_idle_host_ends_at_once() {
    let mut inn = Host::setup()
        .trusted("demo", &bash("hello", "echo Hello"))
        .start()
        .await;
    inn.sigterm();
    assert!(inn.ended().await.success());
}
