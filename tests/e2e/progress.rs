//! Runs that take long say in one message how far they are; and what they write can be looked at in chat.

use innkeeper_tests::{FakeSlack, Fault, Gate, Host, Post};
use rusqlite::params;

use crate::{bash, bash_with};

const SOON: &str = "progress_after_seconds = 1";

fn is_progress(post: &Post) -> bool {
    post.text.contains("has been running for")
}

#[tokio::test]
async fn one_message_says_how_long_it_takes_and_in_the_end_that_it_is_done() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let brew = bash("brew", &format!("{} && echo Brewed", gate.knock("tea")));
    let _inn = Host::setup()
        .slack(&slack)
        .slack_setting(SOON)
        .trusted("demo", &brew)
        .start()
        .await;
    let topic = slack.user("U2").says("#general", "Thirsty?").await;
    let ada = slack.user("U1").in_thread_of(&topic);
    ada.says("#general", "@innkeeper demo brew").await;
    let tea = gate.visitor().await;
    let shown = slack.await_post("how long it takes", is_progress).await;
    assert_eq!(shown.thread.as_deref(), Some(topic.ts.as_str()));
    // It is the same message that is edited.
    slack.await_calls("chat.update", 1).await;
    tea.pass().await;
    let report = slack
        .await_post("the report", |post| post.text.contains("Brewed"))
        .await;
    let done = slack
        .await_post("its last word", |post| post.text.contains("`demo_brew` was done after"))
        .await;
    assert_eq!(done.ts, shown.ts);
    assert!(done.blocks.is_empty(), "{:?}", done.blocks);
    assert_eq!(slack.posts().len(), 2, "one for progress, one for the report");
    assert!(report.ts > done.ts);
}

#[tokio::test]
async fn after_a_crash_the_message_says_what_became_of_the_run() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let brew = bash("brew", &gate.knock("tea"));
    let setup = Host::setup().slack(&slack).slack_setting(SOON).trusted("demo", &brew);
    let mut inn = setup.start().await;
    slack.user("U1").says("#general", "@innkeeper demo brew").await;
    let _tea = gate.visitor().await;
    let shown = slack.await_post("how long it takes", is_progress).await;
    inn.kill_9().await;
    inn.serve().await;
    let dead = slack
        .await_post("its last word", |post| {
            post.text.contains("`demo_brew` was interrupted (run 1)")
        })
        .await;
    assert_eq!(dead.ts, shown.ts);
    slack
        .await_post("the report", |post| {
            post.text.contains("interrupted") && post.ts != shown.ts
        })
        .await;
}

#[tokio::test]
async fn while_slack_is_away_progress_does_not_pile_up() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let brew = bash("brew", &format!("{} && echo Brewed", gate.knock("tea")));
    let inn = Host::setup()
        .slack(&slack)
        .slack_setting(SOON)
        .trusted("demo", &brew)
        .start()
        .await;
    slack.fail_next("chat.postMessage", Fault::RateLimited(6));
    slack.user("U1").says("#general", "@innkeeper demo brew").await;
    let tea = gate.visitor().await;
    slack.await_calls("chat.postMessage", 1).await;
    let count = || -> i64 {
        let sql = "SELECT count(*) FROM delivery WHERE edits IS NOT NULL AND settled_at IS NULL";
        inn.database().query_row(sql, params![], |row| row.get(0)).unwrap()
    };
    let done = slack.await_calls("chat.postMessage", 2).await;
    assert!(count() <= 1, "edits wait");
    assert_eq!(done[1].outcome, "ok");
    tea.pass().await;
    slack
        .await_post("its last word", |post| post.text.contains("was done after"))
        .await;
    slack
        .await_post("the report", |post| post.text.contains("Brewed"))
        .await;
}

#[tokio::test]
async fn a_run_that_is_quick_shows_nothing_and_never_can_be_chosen() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let brew = bash("brew", &format!("{} && sleep 1.2 && echo Brewed", gate.knock("tea")));
    let _inn = Host::setup()
        .slack(&slack)
        .slack_setting("progress_after_seconds = 0")
        .trusted("demo", &brew)
        .start()
        .await;
    slack.user("U1").says("#general", "@innkeeper demo brew").await;
    gate.visitor().await.pass().await;
    slack
        .await_post("the report", |post| post.text.contains("Brewed"))
        .await;
    assert_eq!(slack.posts().len(), 1);
}

#[tokio::test]
async fn logs_are_shown_in_chat_while_a_run_goes_on_and_after() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let script = format!("echo warm; echo hot >&2; {} && seq 1 3000", gate.knock("tea"));
    let _inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash_with("brew", &script, "suppress_empty = true"))
        .start()
        .await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew").await;
    let tea = gate.visitor().await;
    ada.says("#tech", "@innkeeper logs 1").await;
    let log = slack.await_post("the log", |post| post.channel_name == "#tech").await;
    assert!(log.text.contains("run 1, which goes on"), "{}", log.text);
    assert!(log.text.contains("warm") && log.text.contains("hot"), "{}", log.text);
    tea.pass().await;
    slack
        .await_post("the report", |post| post.channel_name == "#general")
        .await;
    ada.direct_message("logs head 1 stdout").await;
    let head = slack
        .await_post("its head", |post| post.text.contains("the first lines of stdout"))
        .await;
    assert!(
        head.text.contains("warm\n1\n2\n") && !head.text.contains("3000"),
        "{}",
        head.text
    );
    ada.direct_message("logs tail 1").await;
    let tail = slack
        .await_post("its tail", |post| post.text.contains("the last lines of stdout"))
        .await;
    assert!(tail.text.contains("2999\n3000"), "{}", tail.text);
    ada.direct_message("logs all 1 output").await;
    let all = slack.await_post("all of it", |post| post.file.is_some()).await;
    assert!(all.file.unwrap().content.starts_with("warm\n1\n2\n"));
}

#[tokio::test]
async fn logs_are_for_members_and_for_those_who_may_use_the_namespace() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("hello [name]", "echo Hello {name}"))
        .namespace(
            "quiet",
            &bash("hush", "echo psst"),
            "trust = \"trusted\"\ntriggers = []",
        )
        .start()
        .await;
    let guest = slack.user("U9");
    guest.says("#general", "@innkeeper demo hello Bob").await;
    slack.await_post("the report", |post| post.text.contains("Hello")).await;
    for run in ["1", "77"] {
        guest.direct_message(&format!("logs tail {run}")).await;
    }
    slack
        .await_posts("two refusals", 2, |post| post.text.contains("only full members"))
        .await;
    let ada = slack.user("U1");
    ada.says("#tech", "@innkeeper logs tail 77").await;
    slack
        .await_post("that there is no such run", |post| {
            post.text.contains("There is no run 77")
        })
        .await;
    ada.says("#tech", "@innkeeper logs tail /etc/passwd").await;
    slack
        .await_post("what was expected", |post| {
            post.text.contains("Say which run: `logs tail 12`")
        })
        .await;
}

#[tokio::test]
async fn a_failure_has_buttons_for_its_log_and_for_another_try() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("fall", "echo slipped >&2; exit 3"))
        .start()
        .await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo fall").await;
    let failed = slack
        .await_post("the failure", |post| post.text.contains("exit code 3"))
        .await;
    assert!(failed.text.contains("say `logs tail 1` to me"), "{}", failed.text);
    slack.user("U2").presses(&failed, "Log").await;
    let log = slack
        .await_post("the log", |post| post.text.contains("stderr (8 bytes)"))
        .await;
    assert!(log.text.contains("slipped"), "{}", log.text);
}
