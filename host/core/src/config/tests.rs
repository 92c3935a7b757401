//! Whole configurations: what is made of right ones, and what is said of wrong ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod alerts;
mod github;
mod hooks;
mod http;
mod keywords;
mod mail;
mod mistakes;
mod mutations;
mod oci;
mod schedules;

use std::path::{Path, PathBuf};

use super::*;
use crate::request::Trigger;

/// A folder with a configuration in it.
struct World {
    folder: tempfile::TempDir,
}

/// Says of a file what is written in it.
struct ByContent;

impl ComponentInspector for ByContent {
    fn inspect(&self, file: &Path) -> Result<super::World, String> {
        match std::fs::read_to_string(file).unwrap().as_str() {
            "component" => Ok(super::World::Command),
            "format" => Ok(super::World::ReportFormat),
            "plugin" => Ok(super::World::Alert),
            why => Err(why.to_owned()),
        }
    }
}

impl World {
    fn new(host: &str) -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(world.path("workspace")).unwrap();
        world.file("innkeeper.toml", host)
    }

    /// A world with one namespace, `demo`.
    fn demo(host: &str, namespace: &str) -> Self {
        Self::new(host).namespace("demo", namespace)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn namespace(self, name: &str, text: &str) -> Self {
        self.file(&format!("workspace/{name}/namespace.toml"), text)
    }

    fn load(&self) -> Result<Loaded, Problems> {
        Config::load(&self.path("innkeeper.toml"), &ByContent)
    }

    /// The configuration, which has no problems at all.
    fn config(&self) -> Config {
        match self.load() {
            Ok(loaded) => {
                assert!(loaded.problems.is_empty(), "{}", loaded.problems);
                loaded.config
            }
            Err(problems) => panic!("{problems}"),
        }
    }

    /// What `check` prints, without the folder's name.
    fn check(&self) -> String {
        let problems = match self.load() {
            Ok(loaded) => loaded.problems,
            Err(problems) => problems,
        };
        self.anonymous(&problems.render(false))
    }

    fn anonymous(&self, text: &str) -> String {
        let real = self.folder.path().canonicalize().unwrap();
        text.replace(&format!("{}/", self.folder.path().display()), "")
            .replace(&format!("{}/", real.display()), "")
            .replace(&real.display().to_string(), ".")
    }
}

const TRUSTED: &str = "[namespaces.demo]\ntrust = \"trusted\"\n";

#[test]
fn a_stranger_s_errors_leave_out_the_stranger_and_nobody_else() {
    let fine = "[jobs.a]\nrun_args_template = 'true'\n";
    let world = World::demo(TRUSTED, fine)
        .namespace("stranger", "colour = 'red'\n[jobs.a]\nrun_args_template = 'true'\n")
        .namespace("guest", "description = 'Nothing yet'\n");
    let loaded = Config::load_what_runs(&world.path("innkeeper.toml"), &ByContent).unwrap();
    assert_eq!(loaded.config.left_out, ["stranger"]);
    assert_eq!(Vec::from_iter(loaded.config.namespaces.keys()), ["demo", "guest"]);
    assert!(loaded.problems.has_errors());
    assert!(world.load().is_err(), "`check` is not content");
}

#[test]
fn errors_of_the_host_or_of_whom_it_trusts_refuse_the_start() {
    for (host, demo) in [(TRUSTED, "colour = 'red'\n"), ("colour = 'red'\n", "")] {
        let world = World::demo(host, demo);
        assert!(Config::load_what_runs(&world.path("innkeeper.toml"), &ByContent).is_err());
    }
}

#[test]
fn the_account_says_what_is_asked_and_what_is_had() {
    let host = "[namespaces.demo]\nhttp = ['a.example', 'b.example/x']\nenv = ['A']\n";
    let world = World::demo(host, "[needs]\nhttp = ['a.example']\nmentions = 'none'\n");
    let accounts = world.load().unwrap().accounts;
    let lines: Vec<_> = accounts["demo"]
        .iter()
        .map(|line| (line.key, line.asks.as_deref(), line.gets.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("triggers", None, "slack, cli"),
            ("mentions", Some("nobody"), "nobody"),
            ("env", None, "A"),
            ("http", Some("a.example"), "a.example"),
        ]
    );
}

#[test]
fn an_empty_file_is_the_defaults() {
    let world = World::new("");
    let config = world.config();
    assert_eq!(config.file, world.path("innkeeper.toml"));
    assert_eq!(config.workspace, world.path("workspace"));
    assert_eq!(config.data_dir, world.path("data"));
    assert_eq!(config.timezone.iana_name(), Some("UTC"));
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:9999");
    assert_eq!(config.slack, Slack::default());
    assert_eq!((config.capacity.runs, config.capacity.guest_memory), (64, 1 << 30));
    assert_eq!(config.capacity.shutdown_grace.as_secs(), 30);
    assert!(config.namespaces.is_empty());
}

#[test]
fn the_design_s_file_is_read() {
    let world = World::new(
        r##"
        workspace = "workspace"
        data_dir  = "data"
        timezone  = "Europe/London"
        max_runs = 8
        [server]
        listen = "0.0.0.0:80"
        [slack]
        mode = "http"
        logs_channel = "#bot-logs"
        support_channel = "#tech-support"
        [namespaces.demo]
        trust = "trusted"
        [namespaces.reports]
        env   = ["REPORTS_TOKEN"]
        files = [{ host = "srv/reports", guest = "/data/", write = true }]
        http = ["api.example.com/v1", "http://127.0.0.1:8080"]
        limits = { memory_mb = 32, timeout_seconds = 10 }
        triggers = ["slack", "github"]
        github = { secret = "REPORTS_HOOK", repos = ["owner/name"] }
        "##,
    )
    .namespace("demo", "")
    .namespace(
        "reports",
        "[jobs.rota]\ncomponent = \"rota.wasm\"\nreport_format = \"file\"\nreport_stdout = true\n\
         [jobs.rota.needs]\nhttp = [\"api.example.com/v1/users\"]\n",
    )
    .file("workspace/reports/rota.wasm", "component")
    .file("srv/reports/x", "");
    let config = world.config();
    assert_eq!(config.timezone.iana_name(), Some("Europe/London"));
    assert_eq!(config.slack.mode, SlackMode::Http);
    assert_eq!(config.slack.support_channel.as_deref(), Some("#tech-support"));
    assert!(config.namespaces["demo"].grants.trusted);

    let reports = &config.namespaces["reports"];
    assert!(!reports.grants.trusted);
    assert_eq!(reports.grants.env, Allowed::Only(["REPORTS_TOKEN".to_owned()].into()));
    assert_eq!(reports.grants.files[0].guest, "/data");
    assert_eq!(
        reports.grants.files[0].host,
        world.path("srv/reports").canonicalize().unwrap()
    );
    let shown = |grants: &Grants| {
        grants
            .http
            .entries()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&reports.grants), ["api.example.com/v1", "http://127.0.0.1:8080"]);
    assert_eq!(shown(&reports.jobs["rota"].grants), ["api.example.com/v1/users"]);
    let limits = reports.jobs["rota"].limits;
    assert_eq!(
        (limits.memory, limits.wall_time.as_secs(), limits.stdout),
        (32 << 20, 10, 16 << 20)
    );

    let hidden = secrets::hidden_variables(&config);
    for name in [
        "REPORTS_HOOK",
        "REPORTS_HOOK_FILE",
        "SLACK_BOT_TOKEN",
        "SLACK_BOT_TOKEN_FILE",
        "NOTIFY_SOCKET",
    ] {
        assert!(hidden.contains(name), "{name}");
    }
    assert!(!hidden.contains("REPORTS_TOKEN") && hidden.contains("CREDENTIALS_DIRECTORY"));
}

#[test]
fn a_namespace_has_the_seeds_keys_and_defaults() {
    let world = World::demo(
        TRUSTED,
        r##"
        description = "Some commands to test things work"
        default_channel = "#tech"
        [jobs.hello_to]
        run_args_template = "echo Hello {name}"
        [jobs.rota]
        component = "rota.wasm"
        report_stdout = true
        report_success = false
        report_format = "blocks"
        suppress_empty = true
        call_tech_support_on_error = false
        [[slack]]
        command = "say hello to [name]"
        help = "Says hello to [name]"
        job_type = "hello_to"
        [[slack]]
        command = "no hello"
        help = ""
        action = "cancel_job"
        job_type = "hello_to"
        [[slack]]
        command = "rota [team]"
        help = "Shows who is on"
        job_type = "rota"
        delay_seconds = 60
        [[github]]
        event = "issues"
        action = "opened"
        job_type = "hello_to"
        args = { name = "/sender/login" }
        "##,
    )
    .file("workspace/demo/rota.wasm", "component");
    let config = world.config();
    let demo = &config.namespaces["demo"];
    assert_eq!(demo.description.as_deref(), Some("Some commands to test things work"));
    assert_eq!(
        (demo.restricted, demo.default_channel.as_deref()),
        (false, Some("#tech"))
    );
    assert_eq!(demo.folder, world.path("workspace/demo"));

    let hello = &demo.jobs["hello_to"];
    assert_eq!(
        (hello.full_name().as_str(), hello.parameters()),
        ("demo_hello_to", vec!["name"])
    );
    let defaults = ReportRules {
        stdout: false,
        success: true,
        format: Format::Text,
        formatter: None,
        suppress_empty: false,
        call_tech_support_on_error: true,
    };
    assert_eq!(hello.report, defaults);
    assert_eq!(hello.limits.wall_time.as_secs(), 3600);
    let rota = &demo.jobs["rota"];
    assert_eq!(rota.report.format, Format::Blocks);
    assert!(rota.report.stdout && !rota.report.success && !rota.report.call_tech_support_on_error);
    assert!(
        matches!(&rota.program, Program::Component { source: ComponentSource::File(path), .. } if *path == world.path("workspace/demo/rota.wasm"))
    );

    let actions: Vec<&Action> = demo.commands.iter().map(|command| &command.action).collect();
    let after = |seconds| Action::ScheduleJob {
        delay: std::time::Duration::from_secs(seconds),
    };
    assert_eq!(actions, [&after(0), &Action::CancelJob, &after(60)]);
    assert_eq!(demo.github[0].args, [("name".to_owned(), "/sender/login".to_owned())]);
}

#[test]
fn deploy_starts_after_a_merge_where_no_rule_is_written() {
    let deploy = "[jobs.deploy]\nrun_args_template = \"./deploy\"\n";
    let rules = |host: &str, namespace: &str| {
        let world = World::demo(host, namespace).file("workspace/demo/deploy.wasm", "component");
        world.config().namespaces["demo"].github.clone()
    };
    assert_eq!(rules(TRUSTED, deploy), [GithubRule::deploy_after_merge()]);
    assert_eq!(
        GithubRule::deploy_after_merge().filters.actions,
        ["closed"],
        "and the base branch is looked at, too"
    );
    let rule = format!("{deploy}[[github]]\nevent = \"push\"\njob_type = \"deploy\"\n");
    assert_eq!(rules(TRUSTED, &rule)[0].event, "push");
    assert_eq!(rules(TRUSTED, "[jobs.other]\nrun_args_template = \"true\"\n"), []);
    assert_eq!(
        rules(TRUSTED, &format!("[needs]\ntriggers = [\"slack\"]\n{deploy}")),
        []
    );
    let component = "[jobs.deploy]\ncomponent = \"deploy.wasm\"\n";
    assert_eq!(rules("", component), []);
    let granted = "[namespaces.demo]\ntriggers = [\"github\"]\ngithub = { secret = \"S\", repos = [\"a/b\"] }\n";
    assert_eq!(rules(granted, component), [GithubRule::deploy_after_merge()]);
}

#[test]
fn a_job_has_what_its_namespace_has_less_what_it_does_not_need() {
    let world = World::demo(
        TRUSTED,
        r#"
        [needs]
        env = ["A", "B"]
        [jobs.one]
        run_args_template = "true"
        [jobs.two]
        run_args_template = "true"
        [jobs.two.needs]
        env = ["A"]
        triggers = ["slack"]
        limits = { timeout_seconds = 5 }
        "#,
    );
    let config = world.config();
    let demo = &config.namespaces["demo"];
    let names = |names: &[&str]| Allowed::Only(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(demo.grants.env, names(&["A", "B"]));
    assert_eq!(demo.jobs["one"].grants, demo.grants);
    assert_eq!(demo.jobs["two"].grants.env, names(&["A"]));
    assert_eq!(demo.jobs["two"].grants.triggers, [Trigger::Slack, Trigger::Cli].into());
    assert_eq!(demo.jobs["two"].limits.wall_time.as_secs(), 5);
}

#[test]
fn folders_without_a_namespace_file_are_none() {
    let world = World::demo("", "")
        .file("workspace/lib/helpers.py", "")
        .file("workspace/README.md", "");
    assert_eq!(world.config().namespaces.keys().collect::<Vec<_>>(), ["demo"]);
}

#[test]
fn json_says_the_same_to_programs() {
    let world = World::demo("", "restrcted = true\n[jobs.x]\nrun_args_template = \"true\"\n");
    let problems = world.load().unwrap_err();
    assert_eq!(problems.summary(), "2 errors");
    insta::assert_snapshot!(world.anonymous(&format!("{:#}", problems.to_json())), @r#"
[
  {
    "severity": "error",
    "file": "workspace/demo/namespace.toml",
    "line": 1,
    "column": 1,
    "message": "unknown key `restrcted` at the top level",
    "label": "not known here",
    "help": "did you mean `restricted`?",
    "related": []
  },
  {
    "severity": "error",
    "file": "workspace/demo/namespace.toml",
    "line": 2,
    "column": 7,
    "message": "`demo` has bash jobs and is not trusted",
    "label": "runs bash",
    "help": "to grant it, add to `innkeeper.toml`\n[namespaces.demo]\ntrust = \"trusted\"",
    "related": [
      {
        "file": "innkeeper.toml",
        "line": 1,
        "column": 1,
        "message": "`demo` is not named here, so it has the untrusted defaults"
      }
    ]
  }
]
"#);
}

#[test]
fn colour_is_there_only_where_it_was_asked_for() {
    let problems = World::new("x = 1").load().unwrap_err();
    assert!(problems.render(true).contains("\u{1b}["));
    assert!(!problems.render(false).contains('\u{1b}'));
    let hostile = World::new("\"\\u001b[31m\" = 1").load().unwrap_err();
    assert!(!hostile.render(false).contains('\u{1b}'));
}
