//! Slow or hostile work in one namespace delays no other.

use innkeeper_tests::{FakeSlack, Host, guests};

use crate::{bash, guest};

#[tokio::test]
async fn guests_that_sleep_leave_memory_to_those_of_others() {
    let slack = FakeSlack::start().await;
    // As many as a stranger may have at once with the default limits: together they would take all the memory.
    let flood: String = (0..16)
        .map(|number| guest(&format!("sleep{number}"), "sleep_forever.wasm", ""))
        .collect();
    let inn = Host::setup()
        .slack(&slack)
        .setting("shutdown_grace_seconds = 0")
        .untrusted("noisy", &flood)
        .component("noisy", &guests::rust("sleep_forever"))
        .untrusted("quiet", &guest("greet [name]", "hello.wasm", ""))
        .component("quiet", &guests::rust("hello"))
        .start()
        .await;
    let mallory = slack.user("U1");
    for number in 0..16 {
        mallory
            .says("#general", &format!("@innkeeper noisy sleep{number}"))
            .await;
    }
    inn.await_log(&["\"message\":\"started\"", "noisy"]).await;
    slack.user("U2").says("#tech", "@innkeeper quiet greet Ada").await;
    slack
        .await_post("the greeting, long before anybody wakes", |post| {
            post.text.contains("Hello, Ada")
        })
        .await;
}

#[tokio::test]
async fn a_flood_in_one_namespace_leaves_room_for_the_others() {
    let slack = FakeSlack::start().await;
    // Eight jobs that never end, in a host that runs four at once.
    let flood: String = (0..8)
        .map(|number| guest(&format!("sleep{number}"), "sleep_forever.wasm", ""))
        .collect();
    let inn = Host::setup()
        .slack(&slack)
        .setting("max_runs = 4")
        .setting("shutdown_grace_seconds = 0")
        .untrusted("noisy", &flood)
        .component("noisy", &guests::rust("sleep_forever"))
        .trusted("quiet", &bash("hello", "echo Hello"))
        .start()
        .await;
    let mallory = slack.user("U1");
    for number in 0..8 {
        mallory
            .says("#general", &format!("@innkeeper noisy sleep{number}"))
            .await;
    }
    inn.await_log(&["\"message\":\"started\"", "noisy"]).await;
    slack.user("U2").says("#tech", "@innkeeper quiet hello").await;
    slack.await_post("the greeting", |post| post.text == "Hello").await;
    let status = inn.cli(&["status", "--json"]).await.json();
    let running = status["running"].as_array().unwrap();
    assert_eq!(
        running.len(),
        1,
        "an untrusted namespace has a quarter of the runs: {status}"
    );
}
