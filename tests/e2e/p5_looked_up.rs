//! A message of which nobody knows whether it was posted is looked for before it is posted again.

use innkeeper_tests::{FakeSlack, Fault, Host, Post};

use crate::bash;

const POST: &str = "chat.postMessage";
const HISTORY: &str = "conversations.history";

fn hello() -> String {
    bash("hello [name]", "echo Hello {name}")
}

fn greeting(post: &Post) -> bool {
    post.text.contains("Hello Bob")
}

/// Waits until the greeting is there and the host knows it.
async fn settled(slack: &FakeSlack, inn: &Host) {
    let post = slack.await_post("the greeting", greeting).await;
    let metadata = post.metadata.unwrap();
    inn.await_log(&["delivered", metadata["id"].as_str().unwrap()]).await;
}

async fn inn(slack: &FakeSlack) -> Host {
    Host::setup().slack(slack).trusted("demo", &hello()).start().await
}

#[tokio::test]
async fn a_message_whose_confirmation_was_lost_is_there_once() {
    let slack = FakeSlack::start().await;
    let inn = inn(&slack).await;
    slack.fail_next(POST, Fault::DropAnswer);
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    settled(&slack, &inn).await;
    assert_eq!(slack.posts().into_iter().filter(greeting).count(), 1);
    assert_eq!((slack.calls(POST).len(), slack.calls(HISTORY).len()), (1, 1));
}

#[tokio::test]
async fn a_host_that_dies_with_a_message_on_its_way_posts_it_once() {
    for arrives in [true, false] {
        let slack = FakeSlack::start().await;
        let mut inn = inn(&slack).await;
        slack.fail_next(POST, if arrives { Fault::DropAnswer } else { Fault::Held });
        slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
        match arrives {
            true => drop(slack.await_post("the greeting", greeting).await),
            // Whoever hangs up before Slack has begun is not listened to.
            false => slack.await_held().await,
        }
        inn.kill_9().await;
        inn.serve().await;
        settled(&slack, &inn).await;
        let posts = slack.posts();
        assert_eq!(posts.iter().filter(|post| greeting(post)).count(), 1, "{posts:?}");
        assert!(!slack.calls(HISTORY).is_empty());
    }
}

#[tokio::test]
async fn in_a_thread_it_is_looked_for_in_the_thread_behind_many_others() {
    let slack = FakeSlack::start().await;
    let mut inn = inn(&slack).await;
    let root = slack.user("U1").says("#general", "who is there?").await;
    for number in 0..7 {
        let ada = slack.user("U1").in_thread_of(&root);
        ada.says("#general", &format!("and {number}?")).await;
    }
    slack.fail_next(POST, Fault::DropAnswer);
    slack
        .user("U1")
        .in_thread_of(&root)
        .says("#general", "@innkeeper demo hello Bob")
        .await;
    slack.await_post("the greeting", greeting).await;
    inn.kill_9().await;
    inn.serve().await;
    settled(&slack, &inn).await;
    inn.await_log(&["posted already"]).await;
    assert_eq!(slack.posts().into_iter().filter(greeting).count(), 1);
    assert!(slack.calls("conversations.replies").len() > 1, "a page has three");
}

#[tokio::test]
async fn without_the_scope_it_is_posted_again_and_that_is_said_once() {
    let slack = FakeSlack::start().await;
    slack.says_scopes(&["chat:write", "reactions:write", "users:read"]);
    let inn = inn(&slack).await;
    let ada = slack.user("U1");
    for count in [2, 4] {
        slack.fail_next(POST, Fault::DropAnswer);
        ada.says("#general", "@innkeeper demo hello Bob").await;
        slack.await_posts("the greeting, twice", count, greeting).await;
    }
    let log = inn.log_text();
    assert_eq!(
        log.matches("without looking whether they are there").count(),
        1,
        "{log}"
    );
}
