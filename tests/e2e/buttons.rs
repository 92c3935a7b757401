//! Buttons below answers: each says something in the name of whoever presses it.

use innkeeper_tests::{FakeSlack, Gate, Host, Post};

use crate::bash;

fn has_button(post: &Post, label: &str) -> bool {
    let mut elements = post
        .blocks
        .iter()
        .filter_map(|block| block["elements"].as_array())
        .flatten();
    elements.any(|element| element["text"]["text"] == label)
}

#[tokio::test]
async fn the_apology_has_a_button_that_says_what_was_meant() {
    let slack = FakeSlack::start().await;
    let hello = bash("hello [name]", "echo Hello {name}");
    let _inn = Host::setup().slack(&slack).trusted("demo", &hello).start().await;
    let topic = slack.user("U2").says("#general", "Who is here?").await;
    let ada = slack.user("U1").in_thread_of(&topic);
    ada.says("#general", "@innkeeper demo helo Bob &amp; Ann").await;
    let apology = slack.await_post("the apology", |post| !post.blocks.is_empty()).await;
    let pressed = ada.presses(&apology, "demo hello Bob & Ann").await;
    let report = slack
        .await_post("the report", |post| post.text.contains("Hello Bob"))
        .await;
    assert!(report.text.contains("Ann"), "{}", report.text);
    assert_eq!(report.thread.as_deref(), Some(topic.ts.as_str()));
    slack.await_reaction(&pressed).await;
    // What Slack sends again is one press; what nobody understands at all gets no button.
    pressed.redeliver().await;
    let bob = slack.user("U2");
    bob.says("#tech", "@innkeeper what is the weather like in Oxford").await;
    let lost = slack
        .await_post("the other apology", |post| post.channel_name == "#tech")
        .await;
    assert!(lost.blocks.is_empty(), "{:?}", lost.blocks);
    let greetings = slack.posts().into_iter().filter(|post| post.text.contains("Hello Bob"));
    assert_eq!(greetings.count(), 1);
}

#[tokio::test]
async fn who_waits_behind_another_is_told_and_can_cancel() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let brew = bash("brew [tea]", &format!("{} && echo Brewed {{tea}}", gate.knock("{tea}")));
    let inn = Host::setup()
        .slack(&slack)
        .by_http()
        .trusted("demo", &brew)
        .start()
        .await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew green").await;
    let green = gate.visitor().await;
    ada.says("#tech", "@innkeeper demo brew black").await;
    let waits = slack
        .await_post("that it waits", |post| post.channel_name == "#tech")
        .await;
    assert!(
        waits.text.contains("`demo_brew` is running (run 1). Request 2 starts"),
        "{}",
        waits.text
    );
    slack.user("U2").presses(&waits, "Cancel").await;
    slack
        .await_post("that it is cancelled", |post| {
            post.text.contains("Request 2 is cancelled")
        })
        .await;
    ada.presses(&waits, "Cancel").await;
    slack
        .await_post("that it is too late", |post| post.text.contains("no pending request 2"))
        .await;
    green.pass().await;
    slack
        .await_post("the tea", |post| post.text.contains("Brewed green"))
        .await;
    assert!(!inn.cli(&["status"]).await.success().contains("[2]"));
}

#[tokio::test]
async fn a_failure_can_be_run_again() {
    let slack = FakeSlack::start().await;
    let script = "test -e ripe && echo Picked {fruit} || { touch ripe; echo not yet >&2; exit 3; }";
    let _inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("pick [fruit]", script))
        .start()
        .await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo pick plums").await;
    let failed = slack
        .await_post("the failure", |post| has_button(post, "Run again"))
        .await;
    assert!(failed.text.contains("not yet"), "{}", failed.text);
    slack.user("U2").presses(&failed, "Run again").await;
    let report = slack
        .await_post("the report", |post| post.text.contains("Picked plums"))
        .await;
    assert!(report.blocks.is_empty(), "{:?}", report.blocks);
}

#[tokio::test]
async fn a_button_lets_nobody_do_what_they_may_not() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let brew = bash("brew [tea]", &format!("{} && echo Brewed {{tea}}", gate.knock("{tea}")));
    let namespace = format!("restricted = true\n{brew}");
    let _inn = Host::setup().slack(&slack).trusted("demo", &namespace).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew green").await;
    let green = gate.visitor().await;
    ada.says("#general", "@innkeeper demo brew black").await;
    let waits = slack
        .await_post("that it waits", |post| has_button(post, "Cancel"))
        .await;
    slack.user("U9").presses(&waits, "Cancel").await;
    slack
        .await_post("a refusal", |post| post.text.contains("only full members"))
        .await;
    green.pass().await;
    gate.visitor().await.pass().await;
    slack
        .await_post("the other tea", |post| post.text.contains("Brewed black"))
        .await;
}
