//! Comments that are commands.

use innkeeper_tests::github::{Delivery, TOKEN, commented};
use innkeeper_tests::{FakeGithub, FakeSlack, Host};

use super::writes;
use crate::bash;

/// A job that the command `deploy [env]` starts, in Slack and in comments.
fn shop(more: &str) -> String {
    let rule = "[[github]]\nevent = 'issue_comment'\ncommands = true\nreport_to = ['slack', 'github']\n";
    let deploy = bash("deploy [env:staging|production]", "echo Deployed to {env}");
    format!("default_channel = '#tech'\n{more}\n{deploy}{rule}")
}

async fn start(github: &FakeGithub, slack: &FakeSlack) -> Host {
    let setup = Host::setup().slack(slack).github(github);
    setup.namespace("shop", &shop(""), &writes()).start().await
}

async fn comment(inn: &Host, body: &str, association: &str) -> u16 {
    let delivery = Delivery::new("issue_comment", &commented(body, association));
    delivery.post_to(inn.url(), "shop").await.status
}

#[tokio::test]
async fn a_command_in_a_comment_is_seen_done_and_answered() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack).await;
    assert_eq!(comment(&inn, "Looks good!\n/deploy staging", "MEMBER").await, 202);
    assert_eq!(github.await_reactions(99, 2).await, ["eyes", "rocket"]);
    let answer = github
        .await_comment("the report", |comment| comment.body.contains("Deployed"))
        .await;
    assert!(
        answer.on == "7" && answer.body.starts_with("Deployed to staging"),
        "{answer:?}"
    );
    let post = slack
        .await_post("the report", |post| post.text.contains("Deployed"))
        .await;
    assert_eq!(post.channel_name, "#tech");
    // The same comment, told by another webhook: it is one asking.
    assert_eq!(comment(&inn, "Looks good!\n/deploy staging", "MEMBER").await, 200);
    assert_eq!(
        github
            .comments()
            .iter()
            .filter(|comment| comment.body.contains("Deployed"))
            .count(),
        1
    );
}

#[tokio::test]
async fn what_is_not_understood_is_answered_beside_it() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack).await;
    assert_eq!(comment(&inn, "/deplyo staging", "OWNER").await, 200);
    let answer = github
        .await_comment("the apology", |comment| comment.body.contains("sorry"))
        .await;
    assert!(
        answer.body.contains("`/shop deploy [env:staging|production]`"),
        "{}",
        answer.body
    );
    assert!(slack.posts().is_empty(), "it is nobody else's business");
}

#[tokio::test]
async fn a_value_that_cannot_be_is_refused_with_what_was_expected() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack).await;
    assert_eq!(comment(&inn, "/deploy mars", "OWNER").await, 200);
    let answer = github
        .await_comment("the refusal", |comment| comment.body.contains("mars"))
        .await;
    assert!(answer.body.contains("staging"), "{}", answer.body);
}

#[tokio::test]
async fn strangers_and_bots_start_nothing() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack).await;
    assert_eq!(comment(&inn, "/deploy staging", "CONTRIBUTOR").await, 200);
    assert_eq!(github.await_reactions(99, 1).await, ["-1"]);
    inn.await_log(&["a comment on GitHub is refused"]).await;
    let mut by_bot = commented("/deploy staging", "MEMBER");
    by_bot["comment"]["user"]["type"] = "Bot".into();
    by_bot["comment"]["id"] = 98.into();
    let reply = Delivery::new("issue_comment", &by_bot).post_to(inn.url(), "shop").await;
    assert!(reply.status == 200 && reply.body.contains("no command"), "{reply:?}");
    let runs = inn.cli(&["status"]).await.success();
    assert!(!runs.contains("shop_deploy"), "{runs}");
    assert_eq!(github.comments().len(), 2, "nobody was answered");
}

#[tokio::test]
async fn without_write_the_channel_is_answered() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let namespace = shop("").replace("report_to = ['slack', 'github']\n", "");
    let setup = Host::setup().slack(&slack).github(&github);
    let inn = setup.trusted("shop", &namespace).start().await;
    assert_eq!(comment(&inn, "/deploy staging", "OWNER").await, 202);
    let post = slack
        .await_post("the report", |post| post.text.contains("Deployed"))
        .await;
    assert_eq!(post.channel_name, "#tech");
    let mut other = commented("/deplyo staging", "OWNER");
    other["comment"]["id"] = 98.into();
    let reply = Delivery::new("issue_comment", &other).post_to(inn.url(), "shop").await;
    assert_eq!(reply.status, 200);
    slack
        .await_post("the apology", |post| post.text.contains("sorry"))
        .await;
    assert_eq!(github.comments().len(), 2);
    assert!(!inn.log_text().contains(TOKEN));
}

#[tokio::test]
async fn a_job_without_the_trigger_takes_no_commands_from_comments() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let namespace = shop("") + "[jobs.deploy.needs]\ntriggers = ['slack']\n";
    let setup = Host::setup().slack(&slack).github(&github);
    let inn = setup.namespace("shop", &namespace, &writes()).start().await;
    assert_eq!(comment(&inn, "/deploy staging", "OWNER").await, 200);
    let answer = github
        .await_comment("the refusal", |comment| comment.body.contains("takes no commands"))
        .await;
    assert!(answer.body.contains("`shop_deploy`"), "{}", answer.body);
}

#[tokio::test]
async fn a_command_that_waits_is_told_so_with_how_to_go_on() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let more = "[[slack]]\ncommand = 'hold for [duration]'\nhelp = 'Holds'\naction = 'schedule_suppression'\n\
                job_type = 'deploy'\n[[slack]]\ncommand = 'go on'\nhelp = 'Goes on'\naction = 'cancel_suppression'\n\
                job_type = 'deploy'\n";
    let namespace = format!("{}{more}", shop(""));
    let setup = Host::setup().slack(&slack).github(&github);
    let inn = setup.namespace("shop", &namespace, &writes()).start().await;
    inn.say("shop hold for 2 hours").await.success();
    assert_eq!(comment(&inn, "/deploy staging", "OWNER").await, 202);
    let notice = github
        .await_comment("the notice", |comment| comment.body.contains("suppressed"))
        .await;
    assert!(
        notice.body.contains("To let it start now: `/shop go on`"),
        "{}",
        notice.body
    );
    let mut go_on = commented("/go on", "OWNER");
    go_on["comment"]["id"] = 98.into();
    let reply = Delivery::new("issue_comment", &go_on).post_to(inn.url(), "shop").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    github
        .await_comment("the report", |comment| comment.body.contains("Deployed"))
        .await;
}
