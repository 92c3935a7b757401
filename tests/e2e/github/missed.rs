//! Deliveries that were missed are asked for again.

use innkeeper_tests::github::{Fault, pushed};
use innkeeper_tests::{FakeGithub, FakeSlack, Host};

use super::writes;
use crate::bash;

fn shop() -> String {
    let rule = "[[github]]\nevent = 'push'\njob_type = 'build'\nargs = { branch = '/ref' }\n";
    format!(
        "default_channel = '#tech'\n{}{rule}",
        bash("build [branch]", "echo Built {branch}")
    )
}

#[tokio::test]
async fn what_failed_while_the_host_was_down_runs_once_after_its_start() {
    let (github, slack) = (FakeGithub::start().await, FakeSlack::start().await);
    github.add_webhook("shop");
    github.add_webhook("elsewhere");
    let setup = Host::setup().slack(&slack).github(&github);
    let mut inn = setup.namespace("shop", &shop(), &writes()).start().await;
    github.happens("push", &pushed("before", &[])).await;
    slack
        .await_post("the one before", |post| post.text.contains("before"))
        .await;
    inn.kill_9().await;
    github.happens("push", &pushed("meanwhile", &[])).await;
    // The webhook of nobody here got both, too: its failures are none of ours.
    assert_eq!(github.attempts().len(), 4);
    inn.serve().await;
    slack
        .await_post("the one meanwhile", |post| post.text.contains("meanwhile"))
        .await;
    inn.await_log(&["GitHub is asked for deliveries that were missed", "\"asked\":1"])
        .await;
    let attempts = github.await_attempts(5).await;
    assert_eq!(attempts[4].delivery.id(), attempts[2].delivery.id(), "it keeps its id");
    assert_eq!(attempts[4].status, 202);

    // At the next start it has arrived, and is asked for no more.
    inn.sigterm();
    inn.ended().await;
    inn.serve().await;
    github.await_calls("deliveries", 3).await;
    github.happens("push", &pushed("after", &[])).await;
    slack
        .await_post("the one after", |post| post.text.contains("after"))
        .await;
    assert_eq!(github.calls("attempts").len(), 1);
    let posts = slack.posts();
    assert_eq!(
        posts.iter().filter(|post| post.text.contains("meanwhile")).count(),
        1,
        "{posts:?}"
    );
}

#[tokio::test]
async fn a_host_that_may_not_look_says_so_and_serves() {
    let github = FakeGithub::start().await;
    github.add_webhook("shop");
    github.fail_next("hooks", Fault::Status(404));
    let setup = Host::setup().github(&github);
    let inn = setup.namespace("shop", &shop(), &writes()).start().await;
    inn.await_log(&["GitHub does not say which deliveries were missed", "404"])
        .await;
    github.happens("push", &pushed("main", &[])).await;
    assert_eq!(github.attempts()[0].status, 202);
}

#[tokio::test]
async fn a_host_without_names_of_repositories_says_that_it_does_not_look() {
    let github = FakeGithub::start().await;
    let mut inn = Host::setup().github(&github).trusted("shop", &shop()).start().await;
    inn.await_log(&[
        "deliveries for `shop` that were missed are not asked for again",
        "names no `repos`",
    ])
    .await;
    inn.sigterm();
    assert!(inn.ended().await.success());
    assert!(github.calls("hooks").is_empty());
}
