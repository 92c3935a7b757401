//! The configuration read anew while the host runs: what is in force is replaced as a whole, or not at all.

use innkeeper_tests::{FakeSlack, Gate, Host, guests};

use crate::{bash, guest};

const REPLACED: &[&str] = &["the configuration is replaced", "\"a file changed\""];

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
    for comment in ["# once", "# and again"] {
        let mistake = format!("nonsense = 1 {comment}\n{hello}");
        write(&inn, "workspace/demo/namespace.toml", &mistake);
        inn.sighup();
        inn.await_log(&["stays as it was", comment]).await;
    }
    let told = slack
        .await_post("the logs channel", |post| post.channel_name == "#bot-logs")
        .await;
    assert!(told.text.contains("it has 1 error"), "{}", told.text);
    assert!(told.text.contains("namespace.toml:1)"), "{}", told.text);
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
    assert_eq!(slack.posts_in("#bot-logs").len(), 2, "once, and that it is mended");
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
    inn.await_log(&["the configuration is replaced", "SIGHUP"]).await;
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack.await_post("the report", |post| post.text.contains("Bob")).await;
    let log = inn.log_text();
    let by_a_change = |line: &&str| REPLACED.iter().all(|words| line.contains(words));
    assert_eq!(log.lines().filter(by_a_change).count(), 1, "{log}");
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
    // Two others come after it: there were two at no time before.
    for name in ["one", "two"] {
        std::fs::create_dir(inn.path(name)).unwrap();
        write(&inn, &format!("{name}/namespace.toml"), "description = 'New here'\n");
        std::fs::rename(inn.path(name), inn.path(&format!("workspace/{name}"))).unwrap();
    }
    inn.await_log(&["the configuration is replaced", "\"namespaces\":2"])
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
    write(
        &inn,
        "workspace/demo/namespace.toml",
        &hello.replace("Hello", "Good day,"),
    );
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
async fn what_waits_for_a_namespace_waits_until_its_errors_are_mended() {
    let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
    let brew = bash("brew [tea]", &format!("{} && echo Brewed {{tea}}", gate.knock("{tea}")));
    let inn = Host::setup().slack(&slack).trusted("demo", &brew).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo brew green").await;
    let green = gate.visitor().await;
    ada.says("#general", "@innkeeper demo brew black").await;
    slack
        .await_post("that it waits", |post| post.text.contains("Request 2 starts"))
        .await;
    // A slip in the name: these grants go to nobody, and `demo` is a stranger's that has errors.
    let file = std::fs::read_to_string(inn.path("innkeeper.toml")).unwrap();
    write(
        &inn,
        "innkeeper.toml",
        &file.replace("[namespaces.demo]", "[namespaces.dem]"),
    );
    slack
        .await_post("that it is left out", |post| {
            post.text.contains("Left out, until they are mended: `demo`")
        })
        .await;
    green.pass().await;
    slack
        .await_post("the tea that was being made", |post| post.text.contains("Brewed green"))
        .await;
    // An editor's empty file is no configuration.
    write(&inn, "innkeeper.toml", "\n");
    slack
        .await_post("that it is empty", |post| post.text.contains("innkeeper.toml is empty"))
        .await;
    write(&inn, "innkeeper.toml", &file);
    gate.visitor().await.pass().await;
    slack
        .await_post("the tea that waited", |post| post.text.contains("Brewed black"))
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

#[tokio::test]
async fn what_signs_webhooks_from_now_on_is_hidden_from_jobs() {
    let slack = FakeSlack::start().await;
    let script = "echo The secret is ${SITE_SECRET:-not there}";
    let inn = Host::setup()
        .slack(&slack)
        .trusted("demo", &bash("look", script))
        .env("SITE_SECRET", "hunter2")
        .start()
        .await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo look").await;
    slack
        .await_post("a variable like any other", |post| post.text.contains("is hunter2"))
        .await;
    let file = std::fs::read_to_string(inn.path("innkeeper.toml")).unwrap();
    let site = "[namespaces.site]\ntriggers = ['github']\ngithub = { secret = 'SITE_SECRET', repos = ['octo/site'] }\n";
    write(&inn, "innkeeper.toml", &format!("{file}\n{site}"));
    inn.await_log(REPLACED).await;
    ada.says("#general", "@innkeeper demo look").await;
    slack
        .await_post("nothing of a secret", |post| post.text.contains("is not there"))
        .await;
}
