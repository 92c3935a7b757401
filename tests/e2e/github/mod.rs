//! GitHub's webhooks, and what is written back.

mod client;
mod comments;
mod missed;
mod write_back;

use innkeeper_tests::github::{Delivery, REPOSITORY, pull_request, pushed};
use innkeeper_tests::host::GITHUB_SECRET;
use innkeeper_tests::{FakeSlack, Host};
use serde_json::json;

use crate::bash;

/// A job called `deploy` and no rule: what is merged into the default branch deploys it after a minute.
fn shop() -> String {
    format!("default_channel = '#tech'\n{}", bash("deploy", "echo Deployed"))
}

async fn pending(inn: &Host) -> bool {
    inn.cli(&["status"]).await.success().contains("shop_deploy")
}

#[tokio::test]
async fn a_merge_into_the_default_branch_deploys() {
    let inn = Host::setup().trusted("shop", &shop()).start().await;
    for other in [
        Delivery::merged_into("side-branch"),
        Delivery::new("pull_request", &pull_request("closed", false, "main")),
        Delivery::new(
            "push",
            &json!({"ref": "refs/heads/main", "repository": {"full_name": "octo/shop"}}),
        ),
        Delivery::new("ping", &json!({"zen": "Keep it logically awesome."})),
    ] {
        assert!(other.post_to(inn.url(), "shop").await.is_success());
    }
    assert!(!pending(&inn).await);
    assert!(
        Delivery::merged_into("main")
            .post_to(inn.url(), "shop")
            .await
            .is_success()
    );
    assert!(pending(&inn).await);
}

#[tokio::test]
async fn only_who_knows_the_secret_is_heard() {
    let inn = Host::setup().trusted("shop", &shop()).start().await;
    let merged = Delivery::merged_into("main");
    for forged in [
        merged.clone().unsigned(),
        merged.clone().signed_with("guessed"),
        merged.clone().signed_with_sha1(GITHUB_SECRET),
        merged.clone().with_body(
            &pull_request("closed", true, "main")
                .to_string()
                .replace("cellar", "attic"),
        ),
    ] {
        let reply = forged.post_to(inn.url(), "shop").await;
        assert!(matches!(reply.status, 400..=403), "{reply:?}");
    }
    assert!(matches!(merged.post_to(inn.url(), "cellar").await.status, 400..=404));
    assert!(!pending(&inn).await);
}

#[tokio::test]
async fn a_repository_that_was_not_granted_is_refused() {
    let grants = "trust = 'trusted'\ngithub = { secret = 'GITHUB_WEBHOOK_SECRET', repos = ['octo/other'] }";
    let inn = Host::setup().namespace("shop", &shop(), grants).start().await;
    let reply = Delivery::merged_into("main").post_to(inn.url(), "shop").await;
    assert!(matches!(reply.status, 400..=404), "{reply:?}");
    assert!(!pending(&inn).await);
}

#[tokio::test]
async fn a_rule_takes_arguments_from_the_payload() {
    let slack = FakeSlack::start().await;
    let rule = "[[github]]\nevent = 'release'\naction = 'published'\njob_type = 'announce'\nchannel = '#tech'\n\
                args = { tag = '/release/tag_name' }\n";
    let namespace = format!("{}{rule}", bash("announce [tag]", "echo Released {tag}"));
    let inn = Host::setup().slack(&slack).trusted("shop", &namespace).start().await;
    let release = |action: &str, tag: &str| {
        let repository = json!({"full_name": "octo/shop", "default_branch": "main"});
        Delivery::new(
            "release",
            &json!({"action": action, "release": {"tag_name": tag}, "repository": repository}),
        )
    };
    assert!(release("created", "v0").post_to(inn.url(), "shop").await.is_success());
    assert!(
        release("published", "$(v1)")
            .post_to(inn.url(), "shop")
            .await
            .is_success()
    );
    let report = slack
        .await_post("the announcement", |post| post.text.contains("Released"))
        .await;
    assert_eq!(
        (report.channel_name.as_str(), report.text.trim()),
        ("#tech", "Released $(v1)")
    );
}

/// What lets a namespace write back.
fn writes() -> String {
    format!("trust = 'trusted'\ngithub = {{ repos = ['{REPOSITORY}'], write = true }}")
}

#[tokio::test]
async fn a_rule_looks_at_branch_files_and_sender() {
    let rule = "[[github]]\nevent = 'push'\nbranch = ['main', 'release/*']\npath = 'docs/**'\nsender = 'octocat'\n\
                job_type = 'deploy'\ndelay_seconds = 60\n";
    let inn = Host::setup()
        .trusted("shop", &format!("{}{rule}", shop()))
        .start()
        .await;
    let push = async |branch: &str, files: &[&str]| {
        let reply = Delivery::new("push", &pushed(branch, files))
            .post_to(inn.url(), "shop")
            .await;
        (reply.status, reply.body)
    };
    let (status, why) = push("next", &["docs/a.md"]).await;
    assert_eq!(status, 200);
    assert!(
        why.contains("wants the branch main or release/*; this is next"),
        "{why}"
    );
    let (status, why) = push("main", &["src/a.rs"]).await;
    assert_eq!(status, 200);
    assert!(why.contains("wants other files"), "{why}");
    assert!(!pending(&inn).await);
    assert_eq!(push("release/2", &["src/a.rs", "docs/a.md"]).await.0, 202);
    assert!(pending(&inn).await);
}
