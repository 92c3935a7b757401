//! The users on a real store, with a plugin that wants to know things and a Slack that is made up.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use serde_json::json;

use super::testing::{House, house, house_with_key};
use super::*;
use crate::slack::fake::Reply;

fn called(name: &str) -> NewUser {
    serde_json::from_value(json!({ "name": name })).unwrap()
}

fn with_slack(id: &str) -> NewUser {
    serde_json::from_value(json!({ "slack": id })).unwrap()
}

fn entered(fields: serde_json::Value) -> Entered {
    serde_json::from_value(json!({ "fields": fields })).unwrap()
}

fn ann_in_slack() -> Reply {
    Reply::ok(json!({"ok": true, "user": {
        "id": "U0ANN", "name": "ann", "is_bot": false,
        "profile": {"real_name": "Ann Ångström", "email": "ann@example.com"},
    }}))
}

fn why<T: fmt::Debug>(done: Result<T, PeopleError>) -> String {
    done.unwrap_err().to_string()
}

impl House {
    async fn told(&self, name: &str) -> Vec<(String, bool, Option<String>)> {
        let view = self.people.show(name).await.unwrap();
        let fields = view.plugins.into_iter().flat_map(|plugin| plugin.fields);
        fields.map(|field| (field.name, field.entered, field.value)).collect()
    }
}

#[tokio::test]
async fn name_and_address_are_looked_up_in_slack() {
    let house = house().await;
    house.slack.answers("users.info", ann_in_slack());
    let ann = house.people.add(with_slack("U0ANN")).await.unwrap();
    assert_eq!(
        (ann.name.as_str(), ann.email.as_deref()),
        ("Ann Ångström", Some("ann@example.com"))
    );
    assert_eq!(house.people.find("U0ANN").await.unwrap(), ann);
    assert_eq!(house.people.find(" ann ångström ").await.unwrap(), ann);
}

#[tokio::test]
async fn an_address_finds_the_id_in_slack_and_is_kept_where_it_does_not() {
    let house = house().await;
    house.slack.answers("users.lookupByEmail", ann_in_slack());
    let with_email = |name, email| NewUser {
        email: Some(email),
        ..called(name)
    };
    let ann = house
        .people
        .add(with_email("Ann", "ann@example.com".into()))
        .await
        .unwrap();
    assert_eq!((ann.name.as_str(), ann.slack.as_deref()), ("Ann", Some("U0ANN")));
    house
        .slack
        .answers("users.lookupByEmail", Reply::refusal("users_not_found"));
    let bob = house
        .people
        .add(with_email("Bob", "bob@example.com".into()))
        .await
        .unwrap();
    assert_eq!((bob.email.as_deref(), bob.slack), (Some("bob@example.com"), None));
}

#[tokio::test]
async fn who_makes_no_sense_is_refused_with_what_to_do() {
    let house = house().await;
    house.people.add(called("Ann")).await.unwrap();
    house.slack.answers("users.info", Reply::refusal("user_not_found"));
    let unknown = why(house.people.add(with_slack("U0GONE")).await);
    let email = NewUser {
        email: Some("Ann <ann@example.com>".into()),
        ..called("Cat")
    };
    let refused = [
        unknown,
        why(house.people.add(called("ANN ")).await),
        why(house.people.add(called("two\nlines")).await),
        why(house.people.add(email).await),
        why(house.people.add(with_slack("ann")).await),
        why(house.people.show("Dan").await),
        why(house.people.enter("Ann", "page", Entered::default()).await),
    ];
    insta::assert_snapshot!(refused.join("\n"), @"
    Slack knows nobody with the id `U0GONE`
    there is a user `Ann` already
    a name is one line of at most 100 characters
    that is no e-mail address: it looks like `ann@example.com`
    that is no id of somebody in Slack: it looks like `U0123ABCD`; their profile has it under `Copy member ID`
    there is no user `Dan`; `innkeeper user list` lists them
    there is no alert plugin `page`; there are: pager, quiet
    ");
}

#[tokio::test]
async fn a_change_changes_what_it_names() {
    let house = house().await;
    let ann = house.people.add(called("Ann")).await.unwrap();
    let change = |json| serde_json::from_value::<UserChange>(json).unwrap();
    let renamed = change(json!({"name": "Anne", "email": "anne@example.com", "fallback": true}));
    let anne = house.people.change("ann", renamed).await.unwrap();
    assert_eq!((anne.id, anne.active, anne.fallback), (ann.id, true, true));
    let without = house
        .people
        .change("anne", change(json!({"email": null})))
        .await
        .unwrap();
    assert_eq!((without.email, without.fallback), (None, true));
    house.people.remove("Anne").await.unwrap();
    assert_eq!(house.people.list().await.unwrap(), []);
}

#[tokio::test]
async fn what_is_entered_is_held_against_what_the_plugin_declares() {
    let house = house().await;
    house.people.add(called("Ann")).await.unwrap();
    let wrong = entered(json!({"phone": "0123456789012345678901", "delay": "soon", "fax": "1", "token": "x"}));
    let refused = house.people.enter("Ann", "pager", wrong).await.unwrap_err();
    insta::assert_snapshot!(refused.to_string().replace("; ", "\n"), @"
    `delay`: it is a whole number, for example 42
    `fax`: the plugin has no such field
    it has: phone, delay, token
    `phone`: it has 22 characters
    at most 20 are allowed
    ");
    let nothing = house.told("Ann").await;
    assert!(nothing.iter().all(|(_, entered, _)| !entered), "{nothing:?}");

    let right = entered(json!({"phone": " +44 20 ", "delay": "07"}));
    house.people.enter("Ann", "pager", right).await.unwrap();
    let emptied = entered(json!({"delay": null}));
    let told = house.told("Ann").await;
    assert_eq!(told[0], ("phone".into(), true, Some("+44 20".into())));
    assert_eq!(told[1], ("delay".into(), true, Some("7".into())));
    house.people.enter("Ann", "pager", emptied).await.unwrap();
    assert_eq!(house.told("Ann").await[1], ("delay".into(), false, None));
}

#[tokio::test]
async fn a_secret_is_kept_so_that_only_the_vault_can_read_it() {
    let house = house().await;
    let ann = house.people.add(called("Ann")).await.unwrap();
    let secret = entered(json!({"token": "hunter2-hunter2"}));
    house.people.enter("Ann", "pager", secret).await.unwrap();
    assert_eq!(house.told("Ann").await[2], ("token".into(), true, None));
    let kept = house.people.store.fields(ann.id, "pager").await.unwrap();
    let [(_, FieldValue::Secret(sealed))] = kept.as_slice() else {
        unreachable!("it is kept as a secret")
    };
    let opened = house.people.vault.open(ann.id, "pager", "token", sealed).unwrap();
    assert_eq!(opened, "hunter2-hunter2");
    house.people.store.close().await;
    for file in std::fs::read_dir(house.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "{}", path.display());
    }
}

#[tokio::test]
async fn without_a_key_everything_but_secrets_is_kept() {
    let house = house_with_key("").await;
    house.people.add(called("Ann")).await.unwrap();
    let secret = entered(json!({"phone": "1", "token": "hunter2"}));
    let refused = why(house.people.enter("Ann", "pager", secret).await);
    assert!(
        refused.contains("INNKEEPER_SECRET_KEY") && !refused.contains("hunter2"),
        "{refused}"
    );
    assert!(!house.told("Ann").await[0].1, "all of it or nothing");
    house
        .people
        .enter("Ann", "pager", entered(json!({"phone": "1"})))
        .await
        .unwrap();
}
