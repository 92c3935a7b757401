//! Coming from another bot, with its own configuration.

use innkeeper_tests::Host;

/// A configuration with all that BennettBot's has, and with what a Python file can have besides.
const JOB_CONFIGS: &str = r##"
from os import environ
from workspace.utils import more

FABFILE = "https://example.com/" + "fabfile.py"
QUIET = {"report_success": False}

raise SystemExit("it must not be run")

raw_config = {
    "test": {
        "description": "Some commands to test things work",
        "default_channel": "#tests",
        "jobs": {
            "good_job": {"run_args_template": "echo a poem", "report_stdout": True, "report_format": "code"},
            "bad_job": {**QUIET, "run_args_template": "cat no-poem", "call_tech_support_on_error": False},
            "echo": {"run_args_template": "echo '{what}'", "report_stdout": True, "suppress_empty": True},
            "far": {"run_args_template": "ssh host {what}"},
            "secret": {"run_args_template": environ["TEMPLATE"]},
        },
        "slack": [
            {"command": "do good job", "help": "does it", "action": "schedule_job", "job_type": "good_job"},
            {"command": "do bad job", "help": "does not", "action": "schedule_job", "job_type": "bad_job"},
            {"command": "say [what]", "help": "says it", "action": "schedule_job", "job_type": "echo", "delay_seconds": 0},
            {"command": "go [what]", "help": "goes", "action": "schedule_job", "job_type": "far"},
        ],
    },
    "op": {
        "restricted": True,
        "fabfile": FABFILE,
        "jobs": {
            "deploy": {"run_args_template": f"fab {'deploy'}:production"},
        },
        "slack": [
            {"command": "deploy", "help": "deploys", "action": "schedule_job", "job_type": "deploy", "delay_seconds": 60},
            {"command": "deploy cancel", "help": "does not", "action": "cancel_job", "job_type": "deploy"},
        ],
    },
    "status": {"jobs": {}, "slack": []},
}
raw_config.update(more)
"##;

#[tokio::test]
async fn bennettbots_configuration_becomes_namespaces_that_run() {
    let inn = Host::setup().file("job_configs.py", JOB_CONFIGS).write();
    let file = inn.path("job_configs.py");
    let output = inn.cli(&["import", "bennettbot", file.to_str().unwrap()]).await;
    assert_eq!(output.code, 0, "{output:?}");
    for left in [
        "raw_config: only running it could tell what it is: raw_config.update(more)",
        "test: job `echo`: written as `echo {what}`",
        "test: job `far`: `ssh host {what}`: ",
        "test: job `secret`: only running it could tell what it is: environ[\"TEMPLATE\"]",
        "op: fabfile: ",
        "status: not carried over: `status` is the word of a built-in command",
    ] {
        assert!(output.stdout.contains(left), "{left:?} in {}", output.stdout);
    }
    inn.cli(&["check"]).await.success();
    let report = inn.say("test say it's a text").await.success();
    assert!(report.contains("it's a text"), "{report}");
    assert_eq!(inn.say("test do bad job").await.code, 1);
    assert_ne!(inn.say("test go there").await.code, 0, "its job was left out");

    let again = inn
        .cli(&["import", "bennettbot", file.to_str().unwrap()])
        .await
        .success();
    assert!(again.contains("is there already, and is left as it is"), "{again}");
}

#[tokio::test]
async fn what_is_no_configuration_is_told_so() {
    let inn = Host::setup()
        .file("broken.py", "raw_config = {")
        .file("other.py", "config = {}")
        .write();
    for (name, says) in [
        ("broken.py", "it is no Python that this Python can read"),
        ("other.py", "it defines no `raw_config`"),
        ("missing.py", "there is no such file"),
    ] {
        let output = inn
            .cli(&["import", "bennettbot", inn.path(name).to_str().unwrap()])
            .await;
        assert_eq!(output.code, 2, "{output:?}");
        assert!(output.stderr.contains(says), "{output:?}");
    }
}
