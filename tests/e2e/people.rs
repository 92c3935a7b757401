//! Who is told of services: users on the command line, by the API, and in Slack.

use innkeeper_tests::{FakeSlack, Host, Post};
use serde_json::json;

const ANN: &str = "Ann Ångström";

/// Every step of a user's life, by one host or by none.
async fn lives(inn: &Host) {
    let added = inn
        .cli(&["user", "add", ANN, "--email", "ann@example.com", "--fallback"])
        .await;
    assert_eq!(added.code, 0, "{added:?}");
    inn.cli(&["user", "add", "Bob", "--inactive"]).await.success();
    let list = inn.cli(&["user", "list"]).await.success();
    assert_eq!(list, format!("{ANN}, ann@example.com, fallback\nBob, not active\n"));

    let twice = inn.cli(&["user", "add", " ann ÅNGSTRÖM"]).await;
    assert_eq!(twice.code, 2, "{twice:?}");
    assert!(
        twice.stderr.contains(&format!("there is a user `{ANN}` already")),
        "{twice:?}"
    );
    let nobody = inn.cli(&["user", "show", "Cat"]).await;
    assert_eq!(nobody.code, 1, "{nobody:?}");
    assert!(nobody.stderr.contains("there is no user `Cat`"), "{nobody:?}");
    for odd in ["..", ".", ""] {
        assert_eq!(inn.cli(&["user", "show", odd]).await.code, 2, "{odd:?}");
    }

    inn.cli(&["user", "change", "bob", "--active", "--fallback", "--slack", "U0BOB"])
        .await
        .success();
    let bob = inn.cli(&["user", "show", "U0BOB", "--json"]).await.json();
    assert_eq!(
        (&bob["name"], &bob["active"], &bob["fallback"], &bob["plugins"]),
        (&json!("Bob"), &json!(true), &json!(true), &json!([]))
    );
    let ann = inn.cli(&["user", "show", ANN, "--json"]).await.json();
    assert_eq!(ann["fallback"], false, "there is one at most");
    inn.cli(&["user", "change", ANN, "--no-email", "--name", "a/b?c#d%2e"])
        .await
        .success();
    let renamed = inn.cli(&["user", "show", "A/B?C#D%2E", "--json"]).await.json();
    assert_eq!((&renamed["id"], &renamed["email"]), (&ann["id"], &json!(null)));
    assert_eq!(
        inn.cli(&["user", "change", "bob"]).await.code,
        2,
        "nothing is to be different"
    );

    let no_plugin = inn.cli(&["user", "set", "bob", "pager", "phone=1"]).await;
    assert_eq!(no_plugin.code, 2, "{no_plugin:?}");
    assert!(
        no_plugin.stderr.contains("there is no alert plugin `pager`"),
        "{no_plugin:?}"
    );
    for name in ["a/b?c#d%2e", "bob"] {
        inn.cli(&["user", "remove", name]).await.success();
    }
    assert_eq!(inn.cli(&["user", "list", "--json"]).await.json(), json!([]));
}

#[tokio::test]
async fn users_are_made_changed_and_forgotten_without_a_host_and_beside_one() {
    let mut inn = Host::setup().write();
    lives(&inn).await;
    inn.serve().await;
    lives(&inn).await;
}

#[tokio::test]
async fn what_is_left_out_is_looked_up_in_slack() {
    let slack = FakeSlack::start().await;
    let inn = Host::setup().slack(&slack).write();
    inn.cli(&["user", "add", "--slack", "U1"]).await.success();
    inn.cli(&["user", "add", "Two", "--email", "u2@example.com"])
        .await
        .success();
    let list = inn.cli(&["user", "list"]).await.success();
    assert_eq!(list, "Member U1, u1@example.com, U1\nTwo, u2@example.com, U2\n");
    let bot = inn.cli(&["user", "add", "--slack", "U8"]).await;
    assert_eq!(bot.code, 2, "{bot:?}");
    assert!(bot.stderr.contains("is a bot"), "{bot:?}");
}

#[tokio::test]
async fn in_slack_full_members_see_who_is_told() {
    let slack = FakeSlack::start().await;
    let inn = Host::setup().slack(&slack).start().await;
    inn.cli(&[
        "user",
        "add",
        "Ann *<@U2>*",
        "--email",
        "ann@example.com",
        "--slack",
        "U1",
    ])
    .await
    .success();
    slack.user("U1").says("#tech", "@innkeeper users").await;
    let told = slack
        .await_post("who is told", |post| post.text.contains("ann@example.com"))
        .await;
    assert!(!told.text.contains("<@U2>"), "a name calls nobody: {}", told.text);
    slack.user("U1").says("#tech", "@innkeeper user <@U1>").await;
    let one = slack
        .await_post("one of them", |post| post.text.contains("No service names them"))
        .await;
    assert!(one.text.contains("ann@example.com"), "{}", one.text);
    for (refusals, stranger) in [(1, "U9"), (2, "U7")] {
        slack.user(stranger).says("#tech", "@innkeeper users").await;
        let refused = |post: &Post| post.text.contains("only full members of this workspace may");
        slack.await_posts("a refusal", refusals, refused).await;
    }
    let told = slack
        .posts()
        .iter()
        .filter(|post| post.text.contains("ann@example.com"))
        .count();
    assert_eq!(told, 2);
}

#[tokio::test]
async fn preferences_open_by_a_slash_command_a_button_and_the_home_over_both_ways_in() {
    for by_http in [false, true] {
        let slack = FakeSlack::start().await;
        let setup = Host::setup().slack(&slack);
        let inn = if by_http { setup.by_http() } else { setup };
        let inn = inn.start().await;
        let (ann, guest) = (slack.user("U1"), slack.user("U9"));

        ann.slash_command("#tech", "me").await;
        let modal = slack.await_modal("U1", 1).await;
        assert!(
            modal.text().contains("No alert plugin wants to know"),
            "{}",
            modal.text()
        );
        assert!(modal.inputs().is_empty());

        ann.direct_message("preferences").await;
        let offered = slack
            .await_post("a button", |post| post.text.contains("for you to say"))
            .await;
        slack.user("U2").presses(&offered, "Open my preferences").await;
        slack.await_modal("U2", 1).await;

        ann.opens_home().await;
        slack.await_home("U1", "You are not among those who are told").await;
        inn.cli(&["user", "add", "--slack", "U1"]).await.success();
        ann.opens_home().await;
        slack.await_home("U1", "You are Member U1, u1@example.com").await;

        guest.slash_command("#tech", "me").await;
        let refused = slack.await_modal("U9", 1).await;
        assert!(refused.text().contains("Only full members"), "{}", refused.text());
        guest.opens_home().await;
        slack.await_home("U9", "Only full members").await;
    }
}
