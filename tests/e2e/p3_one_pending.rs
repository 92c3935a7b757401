//! One pending request per (job, arguments), one run at a time per job, and everybody who asked gets the report.

use std::time::Duration;

use innkeeper_tests::{FakeSlack, Gate, Host, not_within};

use crate::bash;

fn slow(gate: &Gate) -> String {
    bash("brew [tea]", &format!("{} && echo Brewed {{tea}}", gate.knock("{tea}")))
}

#[tokio::test]
async fn asking_again_joins_what_waits_and_every_place_is_told() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let _inn = Host::setup().slack(&slack).trusted("demo", &slow(&gate)).start().await;
    let (ada, bob) = (slack.user("U1"), slack.user("U2"));
    ada.says("#general", "@innkeeper demo brew green").await;
    let green = gate.visitor().await;
    assert_eq!(green.said, "green");

    ada.says("#general", "@innkeeper demo brew black").await;
    bob.says("#tech", "@innkeeper demo brew black").await;
    bob.says("#tech", "@innkeeper demo brew black").await;
    bob.says("#tech", "@innkeeper demo brew mint").await;
    green.pass().await;

    let black = gate.visitor().await;
    assert_eq!(black.said, "black");
    black.pass().await;
    let mint = gate.visitor().await;
    assert_eq!(mint.said, "mint", "black was joined and ran once");
    mint.pass().await;
    slack
        .await_post("the last tea", |post| post.text.contains("Brewed mint"))
        .await;
    let told = |channel: &str| {
        let posts = slack.posts_in(channel).into_iter();
        posts.filter(|post| post.text.contains("Brewed black")).count()
    };
    assert_eq!((told("#general"), told("#tech")), (1, 1));
}

#[tokio::test]
async fn what_runs_is_not_joined_and_nothing_runs_beside_it() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let _inn = Host::setup().slack(&slack).trusted("demo", &slow(&gate)).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew green").await;
    let first = gate.visitor().await;
    ada.says("#general", "@innkeeper demo brew green").await;
    ada.says("#general", "@innkeeper demo brew black").await;
    not_within("a second run of the job", Duration::from_millis(300), gate.next()).await;
    first.pass().await;
    for tea in ["green", "black"] {
        let visitor = gate.visitor().await;
        assert_eq!(visitor.said, tea);
        visitor.pass().await;
    }
    slack
        .await_posts("three reports", 3, |post| post.text.contains("Brewed"))
        .await;
}

#[tokio::test]
async fn jobs_do_not_wait_for_each_other() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let namespace = format!("{}{}", slow(&gate), bash("hello [name]", "echo Hello {name}"));
    let _inn = Host::setup().slack(&slack).trusted("demo", &namespace).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew green").await;
    let brewing = gate.visitor().await;
    ada.says("#general", "@innkeeper demo hello Bob").await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
    brewing.pass().await;
    slack
        .await_post("the tea", |post| post.text.contains("Brewed green"))
        .await;
}
