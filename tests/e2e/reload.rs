//! The configuration read anew while the host runs: what is in force is replaced as a whole, or not at all.

use innkeeper_tests::{FakeSlack, Gate, Host, guests};

use crate::{bash, guest};

const REPLACED: &[&str] = &["the configuration is replaced"];

fn write(inn: &Host, path: &str, content: &str) {
    let path = inn.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

#[tokio::test]
async fn an_edit_is_in_force_at_once_and_what_runs_is_not_disturbed() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let brew = |words: &str| bash("brew", &format!("{} && echo {words}", gate.knock("tea")));
    let inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &brew("Old leaves"))
        .start()
        .await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew").await;
    let tea = gate.visitor().await;
    let edited = brew("New leaves") + &bash("hello [name]", "echo Hello {name}");
    write(&inn, "workspace/demo/namespace.toml", &edited);
    inn.await_log(REPLACED).await;
    ada.says("#tech", "@innkeeper demo hello Bob").await;
    slack
        .await_post("the new command", |post| post.text.contains("Hello Bob"))
        .await;
    tea.pass().await;
    slack
        .await_post("the report of what ran", |post| post.text.contains("Old leaves"))
        .await;
    ada.says("#general", "@innkeeper demo brew").await;
    gate.visitor().await.pass().await;
    slack
        .await_post("the report of what is new", |post| post.text.contains("New leaves"))
        .await;
}

#[tokio::test]
async fn a_bad_edit_leaves_the_old_one_in_force_and_is_told_once() {
    let slack = FakeSlack::start().await;
    let hello = bash("hello [name]", "echo Hello {name}");
    let inn = Host::setup().slack(&slack).trusted("demo", &hello).start().await;
    for mistake in ["nonsense = 1\n", "nonsense = 1\n# and a comment\n"] {
        write(&inn, "workspace/demo/namespace.toml", &format!("{mistake}{hello}"));
        inn.sighup();
        inn.await_log(&["stays as it was", "nonsense"]).await;
    }
    let told = slack
        .await_post("the logs channel", |post| post.channel_name == "#bot-logs")
        .await;
    assert!(told.text.contains("it has 1 error"), "{}", told.text);
    assert!(told.text.contains("namespace.toml:1"), "{}", told.text);
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack
        .await_post("the old command", |post| post.text.contains("Hello Bob"))
        .await;
    write(
        &inn,
        "workspace/demo/namespace.toml",
        &hello.replace("Hello", "Good day,"),
    );
    slack
        .await_post("that it is mended", |post| post.text.contains("in force again"))
        .await;
    slack.user("U1").says("#general", "@innkeeper demo hello Eve").await;
    slack
        .await_post("the mended command", |post| post.text.contains("Good day, Eve"))
        .await;
}

#[tokio::test]
async fn who_only_reads_the_files_changes_nothing() {
    let slack = FakeSlack::start().await;
    let hello = bash("hello [name]", "echo Hello {name}");
    let inn = Host::setup().slack(&slack).trusted("demo", &hello).start().await;
    inn.cli(&["check"]).await.success();
    // What is read again is read once: reading it is no change.
    write(
        &inn,
        "workspace/demo/namespace.toml",
        &hello.replace("Hello", "Good day,"),
    );
    inn.await_log(REPLACED).await;
    inn.cli(&["check"]).await.success();
    inn.sighup();
    inn.await_log(&["SIGHUP"]).await;
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack.await_post("the report", |post| post.text.contains("Bob")).await;
    let seen = inn.log_text().matches("a file of the configuration changed").count();
    assert_eq!(seen, 1, "{}", inn.log_text());
}

#[tokio::test]
async fn what_only_a_restart_can_change_is_refused_as_a_whole() {
    let slack = FakeSlack::start().await;
    let hello = bash("hello [name]", "echo Hello {name}");
    let inn = Host::setup().slack(&slack).trusted("demo", &hello).start().await;
    let file = std::fs::read_to_string(inn.path("innkeeper.toml")).unwrap();
    let edited = file.replace("data_dir = \"data\"", "data_dir = \"elsewhere\"\nmax_runs = 3");
    write(&inn, "innkeeper.toml", &edited);
    let told = slack
        .await_post("what needs a restart", |post| post.text.contains("only a restart can"))
        .await;
    assert!(told.text.contains("`data_dir`, `max_runs`"), "{}", told.text);
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack
        .await_post("the old command", |post| post.text.contains("Hello Bob"))
        .await;
}

#[tokio::test]
async fn a_namespace_comes_and_goes_with_its_folder() {
    let slack = FakeSlack::start().await;
    let inn = Host::setup().slack(&slack).start().await;
    let hello = std::fs::read(guests::rust("args")).unwrap();
    std::fs::create_dir_all(inn.path("workspace/lab")).unwrap();
    std::fs::write(inn.path("workspace/lab/args.wasm"), hello).unwrap();
    write(
        &inn,
        "workspace/lab/namespace.toml",
        &guest("tell [what]", "args.wasm", ""),
    );
    inn.await_log(&["the configuration is replaced", "\"namespaces\":1"])
        .await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper lab tell news").await;
    slack.await_post("the report", |post| post.text.contains("news")).await;
    std::fs::remove_dir_all(inn.path("workspace/lab")).unwrap();
    inn.await_log(&["the configuration is replaced", "\"namespaces\":0"])
        .await;
    ada.says("#tech", "@innkeeper lab tell more").await;
    slack
        .await_post("that nothing of it is known", |post| {
            post.channel_name == "#tech" && post.text.contains("did not understand")
        })
        .await;
}

#[tokio::test]
async fn a_stranger_who_breaks_his_file_keeps_nobody_back_and_nothing_that_was_taken_from_him() {
    let slack = FakeSlack::start().await;
    let tell = guest("tell [what]", "args.wasm", "");
    let hello = bash("hello [name]", "echo Hello {name}");
    let inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &hello)
        .namespace("lab", &tell, "triggers = [\"slack\", \"schedule\"]")
        .component("lab", &guests::rust("args"))
        .start()
        .await;
    let ada = slack.user("U1");
    // As before, while the grants are what they were; and the neighbour's edit is in force.
    write(&inn, "workspace/lab/namespace.toml", "nonsense = 1\n");
    write(
        &inn,
        "workspace/demo/namespace.toml",
        &hello.replace("Hello", "Good day,"),
    );
    let told = slack
        .await_post("what is wrong", |post| post.channel_name == "#bot-logs")
        .await;
    assert!(
        told.text.contains("As before, until they are mended: `lab`"),
        "{}",
        told.text
    );
    ada.says("#general", "@innkeeper lab tell news").await;
    slack.await_post("the report", |post| post.text.contains("news")).await;
    inn.await_log(REPLACED).await;
    ada.says("#general", "@innkeeper demo hello Bob").await;
    slack
        .await_post("the neighbour's edit", |post| post.text.contains("Good day, Bob"))
        .await;
    // Once the owner takes something away, a broken file does not keep it.
    let file = std::fs::read_to_string(inn.path("innkeeper.toml")).unwrap();
    write(
        &inn,
        "innkeeper.toml",
        &file.replace("\"slack\", \"schedule\"", "\"schedule\""),
    );
    slack
        .await_post("that it is left out", |post| {
            post.text.contains("Left out, until they are mended: `lab`")
        })
        .await;
    ada.says("#tech", "@innkeeper lab tell more").await;
    slack
        .await_post("that it has errors", |post| {
            post.channel_name == "#tech" && post.text.contains("has errors in its configuration")
        })
        .await;
}

#[tokio::test]
async fn the_clock_goes_by_what_is_in_force_now() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("brew", &gate.knock("tea")))
        .start()
        .await;
    let schedule = "[[schedule]]\nevery = \"1s\"\njob_type = \"brew\"\nchannel = \"#tech\"\n";
    let edited = bash("brew", &gate.knock("tea")) + schedule;
    write(&inn, "workspace/demo/namespace.toml", &edited);
    gate.visitor().await.pass().await;
}
