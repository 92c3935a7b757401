//! Results on GitHub: commit statuses, comments, and what is said where they cannot be written.

use std::time::Duration;

use innkeeper_tests::github::{COMMIT, Comment, Delivery, RENAMED, Status, pull_request, pushed};
use innkeeper_tests::{FakeGithub, FakeSlack, Fault as SlackFault, Host, github::Fault};
use serde_json::json;

use super::writes;
use crate::bash;

/// A job that every pull request starts, and who hears of it.
fn shop(script: &str, report_to: &str) -> String {
    let rule = format!("[[github]]\nevent = 'pull_request'\njob_type = 'build'\nreport_to = {report_to}\n");
    format!("default_channel = '#tech'\n{}{rule}", bash("build", script))
}

fn opened() -> Delivery {
    Delivery::new("pull_request", &pull_request("opened", false, "main"))
}

async fn start(github: &FakeGithub, slack: &FakeSlack, namespace: &str) -> Host {
    let setup = Host::setup().slack(slack).github(github);
    setup.namespace("shop", namespace, &writes()).start().await
}

fn built(comment: &Comment) -> bool {
    comment.body.contains("Built")
}

fn of(state: &str) -> impl Fn(&Status) -> bool {
    move |status| status.state == state
}

#[tokio::test]
async fn slack_and_github_are_both_told() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack, &shop("echo Built for @octocat", "['slack', 'github']")).await;
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    let post = slack.await_post("the report", |post| post.text.contains("Built")).await;
    assert_eq!(post.channel_name, "#tech");
    let comment = github.await_comment("the report", built).await;
    assert_eq!((comment.on.as_str(), comment.edits), ("7", 0));
    assert!(
        comment.body.starts_with("Built for @octocat\n\n<!-- innkeeper:"),
        "{}",
        comment.body
    );
    github.await_status("success", of("success")).await;
    let shown = |status: &Status| (status.commit.clone(), status.state.clone(), status.context.clone());
    let expected = |state: &str| (COMMIT.to_owned(), state.to_owned(), "innkeeper/shop_build".to_owned());
    let statuses: Vec<_> = github.statuses().iter().map(shown).collect();
    assert_eq!(statuses, [expected("pending"), expected("success")]);
}

#[tokio::test]
async fn a_failure_is_a_failed_status_and_an_untrusted_word_is_no_markdown() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let namespace = shop("echo '<img src=x> @octocat' >&2; exit 3", "['github']");
    let grants = format!("{}\nmentions = 'none'", writes());
    let setup = Host::setup().slack(&slack).github(&github);
    let inn = setup.namespace("shop", &namespace, &grants).start().await;
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    let status = github.await_status("failure", of("failure")).await;
    assert!(status.description.contains("exit code 3"), "{status:?}");
    let comment = github
        .await_comment("the failure", |comment| comment.body.contains("failed"))
        .await;
    assert!(
        comment.body.contains("`shop_build` failed (run 1): exit code 3"),
        "{}",
        comment.body
    );
    assert!(
        comment.body.contains("```\n<img src=x> @octocat\n```"),
        "{}",
        comment.body
    );
    assert!(slack.posts_in("#tech").is_empty(), "only GitHub is told");
}

#[tokio::test]
async fn a_push_without_a_pull_request_is_answered_on_its_commit() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let namespace = shop("echo Built", "['github']").replace("'pull_request'", "'push'");
    let inn = start(&github, &slack, &namespace).await;
    let push = Delivery::new("push", &pushed("main", &["a"]));
    assert_eq!(push.post_to(inn.url(), "shop").await.status, 202);
    assert_eq!(github.await_comment("the report", built).await.on, COMMIT);
}

#[tokio::test]
async fn one_that_was_in_flight_when_the_host_died_is_written_once() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let mut inn = start(&github, &slack, &shop("echo Built", "['github']")).await;
    github.fail_next("comments", Fault::Held);
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    let first = github.await_comment("the report", built).await;
    inn.kill_9().await;
    github.release();
    inn.serve().await;
    github
        .await_comment("the same, edited", |comment| comment.edits == 1)
        .await;
    let all = github.comments();
    let written: Vec<_> = all.iter().filter(|comment| built(comment)).collect();
    assert_eq!((written.len(), written[0].id), (1, first.id), "{all:?}");
}

#[tokio::test]
async fn an_answer_that_was_lost_makes_no_second_comment() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack, &shop("echo Built", "['github']")).await;
    github.fail_next("comments", Fault::DropAnswer);
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    github
        .await_comment("the same, edited", |comment| comment.edits == 1)
        .await;
    assert_eq!(github.comments().iter().filter(|comment| built(comment)).count(), 1);
}

#[tokio::test]
async fn github_is_left_alone_for_as_long_as_it_asks() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack, &shop("echo Built", "['github']")).await;
    github.fail_next("statuses", Fault::RateLimited(2));
    github.fail_next("comments", Fault::Status(502));
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    github.await_comment("the report", built).await;
    let calls = github.calls("statuses");
    assert_eq!(calls[0].outcome, 403);
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(2), "{calls:?}");
    let states: Vec<_> = github.statuses().into_iter().map(|status| status.state).collect();
    assert_eq!(
        states,
        ["pending", "success"],
        "in the order in which they were decided"
    );
}

#[tokio::test]
async fn what_github_refuses_for_good_is_given_up_aloud() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack, &shop("echo Built", "['github']")).await;
    let mut payload = pull_request("opened", false, "main");
    payload["pull_request"]["number"] = json!(404);
    let delivery = Delivery::new("pull_request", &payload);
    assert_eq!(delivery.post_to(inn.url(), "shop").await.status, 202);
    let told = slack
        .await_post("the logs channel to be told", |post| {
            post.text.contains("could not be delivered")
        })
        .await;
    assert_eq!(told.channel_name, "#bot-logs");
    assert!(
        told.text.contains("octo/shop#404 on GitHub") && told.text.contains("404"),
        "{}",
        told.text
    );
    // Tried once: it would be refused again.
    let refused = github.calls("comments").into_iter().filter(|call| call.outcome == 404);
    assert_eq!(refused.count(), 1);
}

#[tokio::test]
async fn nothing_is_written_where_a_renamed_repository_is_now() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack, &shop("echo Built", "['github']")).await;
    github.fail_next("comments", Fault::Renamed);
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    let told = slack
        .await_post("the logs channel to be told", |post| {
            post.text.contains("could not be delivered")
        })
        .await;
    assert!(told.text.contains("renamed or moved"), "{}", told.text);
    let calls = github.calls("comments");
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(!calls[0].line.contains(RENAMED), "{calls:?}");
}

#[tokio::test]
async fn a_bad_token_loses_no_report() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let setup = Host::setup()
        .slack(&slack)
        .github(&github)
        .env("GITHUB_TOKEN", "ghp_wrong");
    let namespace = shop("echo Built", "['slack', 'github']");
    let inn = setup.namespace("shop", &namespace, &writes()).start().await;
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    slack.await_post("the report", |post| post.text.contains("Built")).await;
    inn.await_log(&["nothing can be written to GitHub for `shop` until its token is valid"])
        .await;
    assert!(!inn.log_text().contains("ghp_wrong"));
    let status = inn.cli(&["status"]).await.success();
    assert!(
        status.contains("still to be delivered") && status.contains("401"),
        "{status}"
    );
}

#[tokio::test]
async fn without_a_token_the_channel_is_told_and_the_log_says_what_is_missing() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let setup = Host::setup().slack(&slack).github(&github).env("GITHUB_TOKEN", "");
    let namespace = shop("echo Built", "['slack', 'github']");
    let inn = setup.namespace("shop", &namespace, &writes()).start().await;
    inn.await_log(&["`shop` writes nothing back to GitHub", "GITHUB_TOKEN is not set"])
        .await;
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    slack.await_post("the report", |post| post.text.contains("Built")).await;
    assert!(github.calls("statuses").is_empty() && github.calls("comments").is_empty());
}

#[tokio::test]
async fn a_request_that_is_cancelled_leaves_no_status_that_waits() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let namespace = shop("echo Built", "['github']") + "delay_seconds = 3600\n";
    let inn = start(&github, &slack, &namespace).await;
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    github.await_status("pending", of("pending")).await;
    slack.user("U1").says("#tech", "@innkeeper cancel 1").await;
    let status = github.await_status("the end", of("error")).await;
    assert_eq!(status.description, "Request 1 was cancelled");

    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    inn.cli(&["cancel", "2"]).await.success();
    github
        .await_status("the end of the second", |status| {
            status.description == "Request 2 was cancelled"
        })
        .await;
}

#[tokio::test]
async fn a_slack_that_fails_holds_up_nothing_on_github() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    let inn = start(&github, &slack, &shop("echo Built", "['slack', 'github']")).await;
    slack.fail_next("chat.postMessage", SlackFault::RateLimited(600));
    assert_eq!(opened().post_to(inn.url(), "shop").await.status, 202);
    github.await_comment("the report", built).await;
}
