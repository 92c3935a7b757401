//! The command line: beside a running `serve` and without one, with no Slack at all.

use innkeeper_tests::{Gate, Host};

use crate::{bash, bash_with, delayed};

fn hello() -> String {
    bash("hello [name]", "echo Hello {name}")
}

#[tokio::test]
async fn say_runs_a_command_and_prints_its_report() {
    let mut inn = Host::setup().trusted("demo", &hello()).write();
    let alone = inn.cli(&["say", "demo", "hello", "Bob"]).await.success();
    assert!(alone.contains("Hello Bob"), "{alone}");
    inn.serve().await;
    let beside = inn.say("demo hello Bob").await.success();
    assert_eq!(alone, beside);
}

#[tokio::test]
async fn the_exit_code_tells_what_came_of_it() {
    let namespace = format!("{}{}", hello(), bash("fail", "echo no key >&2; exit 3"));
    let inn = Host::setup().trusted("demo", &namespace).write();
    let failed = inn.say("demo fail").await;
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.stdout.contains("no key"), "{failed:?}");
    assert_eq!(inn.say("demo helo Bob").await.code, 2);
    assert_eq!(inn.cli(&["run", "demo", "nothing"]).await.code, 2);
    assert_eq!(
        inn.cli(&["run", "demo", "hello"]).await.code,
        2,
        "an argument is missing"
    );
    assert_eq!(inn.cli(&["frobnicate"]).await.code, 2);
}

#[tokio::test]
async fn run_takes_arguments_by_name() {
    let inn = Host::setup().trusted("demo", &hello()).write();
    let report = inn
        .cli(&["run", "demo", "hello", "--arg", "name=Bob Smith"])
        .await
        .success();
    assert!(report.contains("Hello Bob Smith"), "{report}");
}

#[tokio::test]
async fn status_logs_and_cancel_tell_and_change_what_goes_on() {
    let gate = Gate::new().await;
    let brew = bash("brew [tea]", &format!("echo boiling; {}", gate.knock("{tea}")));
    let later = delayed(&hello(), 3600);
    let inn = Host::setup().trusted("demo", &format!("{brew}{later}")).start().await;
    let brewing = inn.cli(&["say", "demo brew green"]);
    let looking = async {
        let visitor = gate.visitor().await;
        let status = inn.cli(&["status"]).await.success();
        assert!(status.contains("demo_brew"), "{status}");
        let status = inn.cli(&["status", "--json"]).await.json();
        assert_eq!(status["running"][0]["job"], "brew", "{status}");
        visitor.pass().await;
    };
    let (said, ()) = tokio::join!(brewing, looking);
    assert!(said.success().contains("boiling"));
    let log = inn.cli(&["logs", "1"]).await.success();
    assert_eq!(log, "boiling\n");
    assert_eq!(inn.cli(&["logs", "1", "--stderr"]).await.success(), "");
    assert_ne!(inn.cli(&["logs", "99"]).await.code, 0);
    assert_ne!(inn.cli(&["cancel", "99"]).await.code, 0);
}

#[tokio::test]
async fn a_verb_without_serve_runs_its_own_request_and_says_what_else_waits() {
    let slack = innkeeper_tests::FakeSlack::start().await;
    let namespace = format!("{}{}", delayed(&bash("later", "echo Later"), 3600), hello());
    let mut inn = Host::setup().slack(&slack).trusted("demo", &namespace).start().await;
    slack.user("U1").says("#general", "@innkeeper demo later").await;
    inn.sigterm();
    assert!(inn.ended().await.success());
    let output = inn.say("demo hello Bob").await;
    assert!(
        output.stderr.contains('1'),
        "how much else is pending: {}",
        output.stderr
    );
    assert!(output.success().contains("Hello Bob"));
    assert!(inn.cli(&["status"]).await.success().contains("demo_later"));
    assert!(slack.posts().iter().all(|post| !post.text.contains("Later")));
}

#[tokio::test]
async fn what_waits_can_be_cancelled() {
    let slack = innkeeper_tests::FakeSlack::start().await;
    let namespace = delayed(&bash("later", "echo Later"), 3600);
    let inn = Host::setup().slack(&slack).trusted("demo", &namespace).start().await;
    slack.user("U1").says("#general", "@innkeeper demo later").await;
    assert!(inn.cli(&["status"]).await.success().contains("demo_later"));
    inn.cli(&["cancel", "1"]).await.success();
    assert!(!inn.cli(&["status"]).await.success().contains("demo_later"));
}

#[tokio::test]
async fn who_waits_for_what_is_cancelled_is_told() {
    let later = delayed(&bash("later", "echo Later"), 3600);
    let forget = "[[slack]]\ncommand = 'forget it'\nhelp = 'x'\naction = 'cancel_job'\njob_type = 'later'\n";
    let inn = Host::setup().trusted("demo", &format!("{later}{forget}")).start().await;
    let waiting = inn.begin(&["say", "demo later"]);
    inn.await_log(&["accepted", "\"request.id\":1"]).await;
    inn.cli(&["cancel", "1"]).await.success();
    let output = waiting.ended().await;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("request 1 was cancelled"), "{output:?}");

    let waiting = inn.begin(&["say", "demo later"]);
    inn.await_log(&["accepted", "\"request.id\":2"]).await;
    inn.say("demo forget it").await.success();
    assert_eq!(waiting.ended().await.code, 1);
}

#[tokio::test]
async fn verbs_that_own_the_data_folder_wait_for_each_other() {
    let gate = Gate::new().await;
    let namespace = format!("{}{}", bash("brew", &gate.knock("tea")), hello());
    let inn = Host::setup().trusted("demo", &namespace).write();
    let first = inn.begin(&["say", "demo brew"]);
    let visitor = gate.visitor().await;
    let second = inn.begin(&["say", "demo hello Bob"]);
    visitor.pass().await;
    assert_eq!(first.ended().await.code, 0);
    assert!(second.ended().await.success().contains("Hello Bob"));
}

#[tokio::test]
async fn chat_is_a_conversation() {
    let inn = Host::setup().trusted("demo", &hello()).write();
    let talk = inn
        .cli_with_input(&["chat"], "demo hello Bob\nhelp\ndemo hello Cora\n")
        .await
        .success();
    let bob = talk.find("Hello Bob").unwrap();
    let cora = talk.find("Hello Cora").unwrap();
    assert!(bob < cora, "{talk}");
}

#[tokio::test]
async fn check_tells_every_problem_at_once_with_its_place() {
    let good = Host::setup().trusted("demo", &hello()).write();
    good.cli(&["check"]).await.success();

    let bad = bash_with("hello [name]", "echo Hello \"{name}\"", "report_formt = 'code'");
    let broken = format!("{bad}[[slack]]\ncommand = 'bye'\nhelp = 'x'\naction = 'schedule_job'\njob_type = 'helo'\n");
    let inn = Host::setup().trusted("demo", &broken).write();
    let output = inn.cli(&["check"]).await;
    assert_ne!(output.code, 0);
    let said = format!("{}{}", output.stdout, output.stderr);
    for part in [
        "namespace.toml:",
        "report_formt",
        "report_format",
        "helo",
        "hello",
        "name",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
    let json = inn.cli(&["check", "--json"]).await;
    assert_ne!(json.code, 0);
    let problems: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(problems.to_string().contains("report_formt"), "{problems}");
    assert_eq!(inn.cli(&["serve"]).await.code, 2);
}

#[tokio::test]
async fn schema_describes_both_files() {
    let inn = Host::setup().write();
    for (which, key) in [("host", "data_dir"), ("namespace", "run_args_template")] {
        let schema = inn.cli(&["schema", which]).await.json();
        assert!(schema["$schema"].is_string());
        assert!(schema.to_string().contains(key), "{schema}");
    }
}

#[tokio::test]
async fn match_tells_what_a_text_would_do_and_does_nothing() {
    let deploy = bash(
        "deploy [what] to [env:staging|production]",
        "echo {what} {env}; touch deployed",
    );
    let later = delayed(&hello(), 60);
    let hold = "[[slack]]\ncommand = 'hold for [duration]'\nhelp = 'x'\naction = 'schedule_suppression'\njob_type = 'deploy'\n";
    let inn = Host::setup()
        .trusted("demo", &format!("{deploy}{later}{hold}"))
        .trusted("ops", &format!("restricted = true\n{}", bash("clean", "true")))
        .write();
    let said = inn.cli(&["match", "demo deploy web  site to staging."]).await.success();
    for part in [
        "demo deploy [what] to",
        "runs demo_deploy",
        "what = \"web site\"",
        "env = \"staging\"",
        "everybody",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
    let said = inn.cli(&["match", "demo", "hello", "Bob"]).await.success();
    assert!(said.contains("60 s later"), "{said}");
    let json = inn.cli(&["match", "--json", "ops clean"]).await.json();
    assert_eq!(
        (&json["asks_for"], &json["job"]),
        (&"command".into(), &"clean".into()),
        "{json}"
    );
    assert_eq!(json["from_slack"], "members", "{json}");
    let json = inn.cli(&["match", "--json", "demo hold for 2 hours"]).await.json();
    assert!(json["suppresses"]["end"].is_string(), "{json}");
    assert!(inn.cli(&["match", "cancel 12"]).await.success().contains("request 12"));
    for wrong in [
        "demo depoly web to staging",
        "demo deploy web to prod",
        "demo hold for ever",
    ] {
        let output = inn.cli(&["match", wrong]).await;
        assert_eq!(output.code, 2, "{output:?}");
        assert!(!output.stdout.is_empty(), "{output:?}");
    }
    assert!(!inn.path("workspace/demo/deployed").exists() && !inn.path("data/queue.db").exists());
}
