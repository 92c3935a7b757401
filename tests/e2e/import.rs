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
        "op: default_channel: written as `#tech`",
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

/// What BennettBot's own configuration and that of its tests have: every action and format, Fabric 1 with arguments between commas,
/// a file that is no fabfile, parameters inside words, URLs, dates, help in two pieces, commands that begin alike.
const LIKE_THEIRS: &str = r##"
import re

from bot import settings

# fmt: off
raw_config = {
    "sandbox": {
        "description": "Things to try",
        "jobs": {
            "poem": {"run_args_template": "cat poem", "report_stdout": True},
            "poem_as_code": {"run_args_template": "cat poem", "report_stdout": True, "report_format": "code"},
            "poem_as_file": {"run_args_template": "cat poem", "report_stdout": True, "report_format": "file"},
            "version": {"run_args_template": 'python -c "import platform; print(platform.python_version())"'},
            "copies": {"run_args_template": "cp poem poem{n}; cat poem{n}; rm poem{n}"},
            "fetch": {"run_args_template": "curl {url}"},
            "greet": {"run_args_template": "python greet.py hello --name={name}", "report_stdout": True},
            "blocks": {"run_args_template": "python greet.py blocks", "report_stdout": True, "report_format": "blocks"},
            "quiet": {"run_args_template": "cat poem", "report_success": False},
            "alone": {"run_args_template": "cat no-poem", "call_tech_support_on_error": False},
            "none": {"run_args_template": "true", "report_stdout": True, "suppress_empty": True},
        },
        "slack": [
            {"command": "do it", "help": "does", "action": "schedule_job", "job_type": "poem", "delay_seconds": 60},
            {"command": "do [n]", "help": "does n", "action": "schedule_job", "job_type": "copies", "delay_seconds": 0},
            {"command": "cancel", "help": "does not", "action": "cancel_job", "job_type": "poem"},
            {
                "command": "suppress from [start_at] to [end_at]",
                "help": "not now (times in UTC as 'HH:MM')",
                "action": "schedule_suppression",
                "job_type": "poem",
            },
            {"command": "suppress cancel", "help": "now", "action": "cancel_suppression", "job_type": "poem"},
            {"command": "url [url]", "help": "fetches", "action": "schedule_job", "job_type": "fetch"},
            {"command": "hello [name]", "help": "greets [name]", "action": "schedule_job", "job_type": "greet"},
            {
                "command": "file",
                "help": "a poem "
                        "as a file",
                "action": "schedule_job",
                "job_type": "poem_as_file",
            },
        ],
    },
    "far-away": {
        "description": "A script from elsewhere",
        "fabfile": "https://example.com/workspace/sandbox/jobs.py",
        "jobs": {
            "hello": {"run_args_template": "python fabfile.py", "report_stdout": True},
            "own": {"run_args_template": "python own.py"},
        },
        "slack": [{"command": "hello", "help": "greets", "action": "schedule_job", "job_type": "hello"}],
    },
    "shop": {
        "restricted": True,
        "fabfile": "https://example.com/shop/main/fabfile.py",
        "default_channel": "#team-shop",
        "jobs": {
            "deploy": {"run_args_template": "fab deploy:production", "report_success": False},
            "check": {
                "run_args_template": "fab --hide=running,stdout,status manage:check,production,{first},{second}",
                "report_stdout": True,
            },
        },
        "slack": [
            {"command": "deploy", "help": "soon", "action": "schedule_job", "job_type": "deploy", "delay_seconds": 60},
            {"command": "deploy now", "help": "now", "action": "schedule_job", "job_type": "deploy"},
            {"command": "check [first] against [second]", "help": "?", "action": "schedule_job", "job_type": "check"},
        ],
    },
    "runs": {
        "restricted": True,
        "jobs": {
            "show": {"run_args_template": "python jobs.py show --target {target}", "report_stdout": True},
            "show_all": {"run_args_template": "python jobs.py show", "report_stdout": True},
            "usage": {
                "run_args_template": "python report.py --num 15 --statuses 'Under Review,Blocked,In Progress'",
                "report_stdout": True,
                "report_format": "blocks",
            },
        },
        "slack": [
            {"command": "show", "help": "all", "action": "schedule_job", "job_type": "show_all"},
            {"command": "show [target]", "help": "one", "action": "schedule_job", "job_type": "show"},
            {
                "command": "usage",
                "help": (
                    "In two pieces,",
                    "by a comma too many.",
                ),
                "action": "schedule_job",
                "job_type": "usage",
            },
        ],
    },
    "showlogs": {
        "jobs": {"tail": {"run_args_template": "/bin/bash show.sh -t -f {logtype} {logdir}"}},
        "slack": [],
    },
}
# fmt: on


def build_config(raw_config):
    return raw_config


config = build_config(raw_config)
"##;

#[tokio::test]
async fn a_configuration_like_theirs_is_carried_over_whole() {
    let inn = Host::setup().file("job_configs.py", LIKE_THEIRS).write();
    let file = inn.path("job_configs.py");
    let output = inn.cli(&["import", "bennettbot", file.to_str().unwrap()]).await;
    assert_eq!(output.code, 0, "{output:?}");
    let left: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(
        left,
        [
            "line 50: far-away: job `own`: it runs in the folder with the fabfile: files of the namespace's own folder are in \
             `$NAMESPACE_DIR`",
            "line 96: showlogs: not carried over: `showlogs` is the word of a built-in command",
        ]
    );
    inn.cli(&["check"]).await.success();
    for (text, is) in [
        ("sandbox do it", "poem"),
        ("sandbox do 7", "copies"),
        ("sandbox suppress from tomorrow 09:00 to tomorrow 17:00", "poem"),
        ("shop check a,b against c", "check"),
        ("runs show", "show_all"),
        ("runs show all", "show"),
    ] {
        let found = inn.cli(&["match", text]).await.success();
        assert!(found.contains(is), "{text}: {found}");
    }
    let help = inn.say("runs help").await.success();
    assert!(help.contains("In two pieces, by a comma too many."), "{help}");
    for (namespace, line) in [
        (
            "far-away",
            "fabfile = \"https://example.com/workspace/sandbox/jobs.py\"",
        ),
        ("shop", "default_channel = \"#team-shop\""),
    ] {
        let text = std::fs::read_to_string(inn.path(&format!("workspace/{namespace}/namespace.toml"))).unwrap();
        assert!(text.contains(line), "{text}");
    }
}

#[tokio::test]
async fn what_means_nothing_here_is_listed_with_its_line() {
    let config = r##"raw_config = {
    "odd": {
        "fabfile": "http://example.com/fabfile.py",
        "colour": "red",
        "workspace_dir": "elsewhere",
        "jobs": {
            "Loud": {"run_args_template": "true"},
            "empty": {"report_stdout": True},
            "wrong": {"run_args_template": "echo {a}", "report_format": "html", "report_stdout": "yes", "python_function": "f"},
            "plain": {"run_args_template": "true"},
        },
        "slack": [
            {"command": "wrong", "help": "h", "action": "schedule_job", "job_type": "wrong"},
            {"command": "plain [x]", "help": "h", "action": "schedule_job", "job_type": "plain"},
            {"command": "cancel [x]", "help": "h", "action": "cancel_job", "job_type": "plain"},
            {"command": "explode", "help": "h", "action": "explode", "job_type": "plain"},
            {"command": "gone", "help": "h", "action": "schedule_job", "job_type": "gone"},
            {"command": "stop", "help": "h", "action": "cancel_job", "job_type": "plain", "delay_seconds": 5},
            {"command": "say", "action": "schedule_job", "job_type": "plain", "delay_seconds": -1},
        ],
    },
    "Bad_Name": {"jobs": {}, "slack": []},
    **others,
}
"##;
    let inn = Host::setup().file("job_configs.py", config).write();
    let file = inn.path("job_configs.py");
    let output = inn.cli(&["import", "bennettbot", file.to_str().unwrap()]).await;
    assert_eq!(output.code, 0, "{output:?}");
    for left in [
        "line 3: odd: fabfile: it is not fetched from `http://example.com/fabfile.py`: without TLS",
        "line 4: odd: colour: the key `colour` means nothing here",
        "line 5: odd: workspace_dir: ",
        "line 7: odd: job `Loud`: ",
        "line 8: odd: job `empty`: it has no `run_args_template`",
        "line 9: odd: job `wrong`: `report_format` is `\"html\"`, and has to be one of text, blocks, code, file",
        "line 9: odd: job `wrong`: `report_stdout` is `\"yes\"`, and has to be true or false",
        "line 9: odd: job `wrong`: the key `python_function` means nothing here",
        "line 13: odd: command `wrong`: its parameters are none, and `schedule_job` of `wrong` takes `a`",
        "line 14: odd: command `plain [x]`: its parameters are `x`, and `schedule_job` of `plain` takes none",
        "line 15: odd: command `cancel [x]`: its parameters are `x`, and `cancel_job` of `plain` takes none",
        "line 16: odd: a command: `action` is `\"explode\"`",
        "line 17: odd: command `gone`: there is no job `gone`",
        "line 18: odd: command `stop`: `delay_seconds` means nothing to `cancel_job`",
        "line 19: odd: a command: `delay_seconds` is `-1`, and has to be a whole number from 0",
        "line 19: odd: command `say`: written with `help = \"Runs plain\"`",
        "line 22: Bad_Name: not carried over: ",
        "line 23: raw_config: only running it could tell what it is: others",
    ] {
        assert!(output.stdout.contains(left), "{left:?} in {}", output.stdout);
    }
    inn.cli(&["check"]).await.success();
    inn.say("odd say").await.success();
}
