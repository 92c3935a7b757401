//! Runs that take long say in one message how far they are; and what they write can be looked at in chat.

use innkeeper_tests::{FakeSlack, Gate, Host, Post};

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
    // Confirmed, too: what is in flight at a crash is sent once more.
    inn.await_log(&["\"delivered\"", "\"run.id\":1"]).await;
    inn.kill_9().await;
    inn.serve().await;
    let dead = slack
        .await_post("its last word", |post| {
            post.text.starts_with(":x: `demo_brew` was interrupted (run 1)")
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
    let restricted = format!("restricted = true\n{}", bash("whisper", "echo psst"));
    let quiet = "[jobs.hush]\nrun_args_template = \"echo hush\"\nreport_stdout = true\n";
    let inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("hello [name]", "echo Hello {name}"))
        .trusted("secret", &restricted)
        .namespace("quiet", quiet, "trust = \"trusted\"\ntriggers = []")
        .start()
        .await;
    let (ada, guest) = (slack.user("U1"), slack.user("U9"));
    guest.says("#general", "@innkeeper demo hello Bob").await;
    slack.await_post("the report", |post| post.text.contains("Hello")).await;
    ada.says("#general", "@innkeeper secret whisper").await;
    slack.await_post("the whisper", |post| post.text.contains("psst")).await;
    inn.cli(&["run", "quiet", "hush"]).await.success();
    // Outsiders learn nothing from it: whatever the number, they are told the same.
    for run in ["1", "2", "77"] {
        guest.direct_message(&format!("logs tail {run}")).await;
    }
    let refusals = slack
        .await_posts("three refusals", 3, |post| post.channel_name == "@U9")
        .await;
    assert!(
        refusals.iter().all(|post| post.text == refusals[0].text),
        "{refusals:?}"
    );
    assert!(refusals[0].text.contains("only full members"), "{}", refusals[0].text);
    // What is restricted goes to who asked, alone.
    ada.says("#tech", "@innkeeper logs tail 2").await;
    let log = slack
        .await_post("the log", |post| post.text.contains("secret_whisper"))
        .await;
    assert_eq!(log.channel_name, "@U1");
    slack
        .await_post("a word about that", |post| {
            post.channel_name == "#tech" && post.text.contains("to you alone")
        })
        .await;
    ada.says("#tech", "@innkeeper logs tail 3").await;
    slack
        .await_post("that Slack gives no orders there", |post| {
            post.text.contains("`quiet` takes no commands from Slack")
        })
        .await;
    assert!(inn.say("logs tail 3").await.success().contains("hush"));
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
