//! `[[github]]`: what is made of it, and what is said of mistakes.

use super::{TRUSTED, World};
use crate::config::secrets::hidden_variables;
use crate::config::{Author, ReportTo};

const JOB: &str = "default_channel = '#team'\n[jobs.build]\nrun_args_template = 'make'\n";
const WRITES: &str =
    "[namespaces.demo]\ntrust = 'trusted'\ngithub = { repos = ['a/b'], write = true, token = 'DEMO_TOKEN' }\n";

#[test]
fn a_rule_has_its_filters_and_its_defaults() {
    let rules = r#"
[[github]]
event = "push"
branch = ["main", "release/*"]
path = "docs/**"
sender = "octocat"
job_type = "build"
report_to = ["slack", "github"]
[[github]]
event = "pull_request"
action = ["opened", "labeled"]
label = "deploy"
merged = false
job_type = "build"
[[github]]
event = "issue_comment"
commands = true
[[slack]]
command = "build"
help = "Builds"
job_type = "build"
"#;
    let world = World::demo(WRITES, &format!("{JOB}{rules}"));
    let config = world.config();
    let demo = &config.namespaces["demo"];
    let [push, pull] = demo.github.as_slice() else {
        panic!("{:?}", demo.github)
    };
    let branches = push.filters.branches.as_ref().unwrap();
    assert!(branches.fit("release/1") && !branches.fit("next"));
    assert_eq!(push.filters.paths.as_ref().unwrap().texts(), ["docs/**"]);
    assert_eq!(push.filters.senders, ["octocat"]);
    let both = ReportTo {
        slack: true,
        github: true,
    };
    assert_eq!((push.report_to, pull.report_to), (both, ReportTo::default()));
    assert_eq!(pull.filters.actions, ["opened", "labeled"]);
    assert_eq!((pull.filters.labels.len(), pull.filters.merged), (1, Some(false)));
    let commands = demo.comment_commands.as_ref().unwrap();
    assert_eq!(
        commands.authors,
        [Author::Owner, Author::Member, Author::Collaborator].into()
    );
    let hidden = hidden_variables(&config);
    assert!(hidden.contains("DEMO_TOKEN"), "{hidden:?}");
    let account = world.load().unwrap().accounts["demo"].clone();
    let line = account.iter().find(|line| line.key == "github").unwrap();
    assert_eq!(line.gets, "a/b (to write)");
}

#[test]
fn mistakes_in_filters() {
    let rules = r#"
[[github]]
event = "pull_request"
path = "docs/**"
branch = ["refs/heads/main", "[a"]
action = ["opened", "Closed"]
job_type = "build"
[[github]]
event = "star"
branch = "main"
label = []
merged = true
job_type = "build"
[[github]]
event = "push"
branch = 3
path = ["!docs/**"]
sender = [""]
job_type = "build"
[[github]]
event = "push"
authors = ["OWNER"]
"#;
    insta::assert_snapshot!(World::demo(TRUSTED, &format!("{JOB}{rules}")).check(), @r#"
    error: `path` has no effect for the event `pull_request`
     --> workspace/demo/namespace.toml:7:1
      |
    7 | path = "docs/**"
      | ^^^^ not used
      |
      = help: remove it: only a push lists the files that it changes; a pull request does not

    error: `[a` is no glob: unclosed character class; missing ']'
     --> workspace/demo/namespace.toml:8:30
      |
    8 | branch = ["refs/heads/main", "[a"]
      |                              ^^^^ expected a glob
      |
      = help: for example `main`, `release/*`, `docs/**` or `{main,next}`

    error: bad action `Closed`
     --> workspace/demo/namespace.toml:9:21
      |
    9 | action = ["opened", "Closed"]
      |                     ^^^^^^^^ GitHub sends no such thing
      |
      = help: lower-case words with `_` between them, for example `pull_request` and `closed`

    error: `branch` has no effect for the event `star`
      --> workspace/demo/namespace.toml:13:1
       |
    13 | branch = "main"
       | ^^^^^^ not used
       |
       = help: remove it: its payload names no branch

    error: `label` has no effect for the event `star`
      --> workspace/demo/namespace.toml:14:1
       |
    14 | label = []
       | ^^^^^ not used
       |
       = help: remove it: its payload has no labels

    error: `label` is empty
      --> workspace/demo/namespace.toml:14:9
       |
    14 | label = []
       |         ^^ nothing would fit
       |
       = help: leave it out, or write what has to fit

    error: `merged` has no effect for the event `star`
      --> workspace/demo/namespace.toml:15:1
       |
    15 | merged = true
       | ^^^^^^ not used
       |
       = help: remove it: only a pull request is merged

    error: wrong type for `branch`
      --> workspace/demo/namespace.toml:19:10
       |
    19 | branch = 3
       |          ^ expected a string or a list of strings, found a whole number
       |
       = help: put it in quotes: "3"

    error: `!docs/**` is no glob: there is no negation: write what does fit
      --> workspace/demo/namespace.toml:20:9
       |
    20 | path = ["!docs/**"]
       |         ^^^^^^^^^^ expected a glob
       |
       = help: for example `main`, `release/*`, `docs/**` or `{main,next}`

    error: `sender` is empty
      --> workspace/demo/namespace.toml:21:10
       |
    21 | sender = [""]
       |          ^^^^ nothing would fit
       |
       = help: leave it out, or write what has to fit

    error: `[[github]]` has no `job_type`
      --> workspace/demo/namespace.toml:23:1
       |
    23 | [[github]]
       | ^^^^^^^^^^ add `job_type`
       |
       = help: `job_type`: the job, by its name under `[jobs]`; or let `commands = true` make commands of comments

    error: `authors` has no effect without `commands`
      --> workspace/demo/namespace.toml:25:1
       |
    25 | authors = ["OWNER"]
       | ^^^^^^^ not used
       |
       = help: add `commands = true`, or name people with `sender`
    "#);
}

#[test]
fn mistakes_in_commands_of_comments() {
    let rules = r#"
[[github]]
event = "issues"
commands = true
job_type = "build"
action = "created"
args = { a = "/b" }
authors = ["OWNER", "CONTRIBUTOR", "member"]
[[github]]
event = "issue_comment"
commands = true
authors = []
[[github]]
event = "issue_comment"
commands = true
authors = ["NONE"]
"#;
    insta::assert_snapshot!(World::demo(TRUSTED, &format!("restricted = true\n{JOB}{rules}")).check(), @r#"
    warning: the namespace has no commands
     --> workspace/demo/namespace.toml:6:1
      |
    6 | [[github]]
      | ^^^^^^^^^^ there is nothing to write
      |
      = help: they are those of `[[slack]]`: add one, or remove this rule

    error: `commands` is for comments
     --> workspace/demo/namespace.toml:7:9
      |
    7 | event = "issues"
      |         ^^^^^^^^ expected `issue_comment`
      |
      = help: comments on issues and on pull requests are both the event `issue_comment`

    error: `job_type` has no effect with `commands`
     --> workspace/demo/namespace.toml:9:1
      |
    9 | job_type = "build"
      | ^^^^^^^^ not used
      |
      = help: remove it: the command that somebody writes names the job

    error: `action` has no effect with `commands`
      --> workspace/demo/namespace.toml:10:1
       |
    10 | action = "created"
       | ^^^^^^ not used
       |
       = help: remove it: new comments are commands, and no others

    error: `args` has no effect with `commands`
      --> workspace/demo/namespace.toml:11:1
       |
    11 | args = { a = "/b" }
       | ^^^^ not used
       |
       = help: remove it: the command that somebody writes has its arguments

    error: `member` is not a value of `authors`
      --> workspace/demo/namespace.toml:12:36
       |
    12 | authors = ["OWNER", "CONTRIBUTOR", "member"]
       |                                    ^^^^^^^^ expected `OWNER`, `MEMBER`, `COLLABORATOR`, `CONTRIBUTOR`, `FIRST_TIMER`, `FIRST_TIME_CONTRIBUTOR`, `MANNEQUIN` or `NONE`

    warning: the namespace has no commands
      --> workspace/demo/namespace.toml:13:1
       |
    13 | [[github]]
       | ^^^^^^^^^^ there is nothing to write
       |
       = help: they are those of `[[slack]]`: add one, or remove this rule

    error: two rules with `commands`
      --> workspace/demo/namespace.toml:13:1
       |
    13 | [[github]]
       | ^^^^^^^^^^ one is enough
       |
       = help: make one rule of them

    error: `authors` is empty
      --> workspace/demo/namespace.toml:16:11
       |
    16 | authors = []
       |           ^^ nobody's comment would be a command
       |
       = help: leave it out, or name whose comments count

    warning: the namespace has no commands
      --> workspace/demo/namespace.toml:17:1
       |
    17 | [[github]]
       | ^^^^^^^^^^ there is nothing to write
       |
       = help: they are those of `[[slack]]`: add one, or remove this rule

    error: two rules with `commands`
      --> workspace/demo/namespace.toml:17:1
       |
    17 | [[github]]
       | ^^^^^^^^^^ one is enough
       |
       = help: make one rule of them

    error: the commands of a restricted namespace are for strangers
      --> workspace/demo/namespace.toml:20:12
       |
    20 | authors = ["NONE"]
       |            ^^^^^^ may be anybody
       |
       = help: of a `restricted` namespace only `OWNER`, `MEMBER` and `COLLABORATOR` may write them
    "#);
}

#[test]
fn who_may_not_write_is_told_how_it_is_granted() {
    let rule =
        |event: &str| format!("{JOB}[[github]]\nevent = '{event}'\njob_type = 'build'\nreport_to = ['github']\n");
    insta::assert_snapshot!(World::demo(TRUSTED, &rule("push")).check(), @r#"
    error: need not granted: github `write`
     --> workspace/demo/namespace.toml:7:14
      |
    7 | report_to = ['github']
      |              ^^^^^^^^ writes to GitHub
      |
     ::: innkeeper.toml:1:13
      |
    1 | [namespaces.demo]
      |             ---- says nothing of `github`
      |
      = help: to grant it, add to `[namespaces.demo]` in `innkeeper.toml`
              github = { secret = "GITHUB_WEBHOOK_SECRET", repos = ["owner/name"], write = true }
    "#);
    insta::assert_snapshot!(World::demo(WRITES, &rule("star")).check(), @r"
    error: no report can be written back for the event `star`
     --> workspace/demo/namespace.toml:7:14
      |
    7 | report_to = ['github']
      |              ^^^^^^^^ there is nothing to write to
      |
      = help: its payload names no commit, no pull request and no issue: report to `slack`
    ");
    let needs = "[needs]\ngithub = { write = false }\n";
    let asks_not = rule("push").replacen("[jobs", &format!("{needs}[jobs"), 1);
    insta::assert_snapshot!(World::demo(WRITES, &asks_not).check(), @r"
    error: need not granted: github `write`
     --> workspace/demo/namespace.toml:9:14
      |
    3 | github = { write = false }
      |          ----------------- asks not to write
    ...
    9 | report_to = ['github']
      |              ^^^^^^^^ writes to GitHub
      |
      = help: let it say `write = true`, or leave `write` out
    ");
    let nobody = rule("push").replace("['github']", "[]");
    insta::assert_snapshot!(World::demo(WRITES, &nobody).check(), @r#"
    error: `report_to` is empty
     --> workspace/demo/namespace.toml:7:13
      |
    7 | report_to = []
      |             ^^ nobody would be told
      |
      = help: for example `["slack", "github"]`; a job that says nothing has `report_success = false`
    "#);
}

#[test]
fn mistakes_in_grants_of_writing() {
    let host = "[namespaces.demo]\ntrust = 'trusted'\ngithub = { write = true, token = 'ghp_s3cr3t-value' }\n";
    insta::assert_snapshot!(World::demo(host, JOB).check(), @r"
    error: `write` without `repos`
     --> innkeeper.toml:3:12
      |
    3 | github = { write = true, token = 'ghp_s3cr3t-value' }
      |            ^^^^^ to which of them?
      |
      = help: name the repositories: whoever knows the secret could have the host write to every one that the token reaches

    error: `token` is not the name of an environment variable
     --> innkeeper.toml:3:34
      |
    3 | github = { write = true, token = 'ghp_s3cr3t-value' }
      |                                  ^^^^^^^^^^^^^^^^^^ expected a name, not the token itself
      |
      = help: an environment variable is letters, digits and `_`, and begins with no digit; the token itself never stands in a configuration file
    ");
    let asked = format!("{JOB}\n").replacen("[jobs", "[needs]\ngithub = { repos = ['a/b'], write = true }\n[jobs", 1);
    insta::assert_snapshot!(World::demo(TRUSTED, &asked).check(), @r#"
    error: need not granted: github `write`
     --> workspace/demo/namespace.toml:3:10
      |
    3 | github = { repos = ['a/b'], write = true }
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ needed here
      |
     ::: innkeeper.toml:1:13
      |
    1 | [namespaces.demo]
      |             ---- says nothing of `github`
      |
      = help: to grant it, add to `[namespaces.demo]` in `innkeeper.toml`
              github = { secret = "GITHUB_WEBHOOK_SECRET", repos = ["a/b"], write = true }
    "#);
}

#[test]
fn comments_of_a_namespace_without_the_trigger_are_a_need_that_is_not_granted() {
    let namespace = "[[github]]\nevent = 'issue_comment'\ncommands = true\n";
    insta::assert_snapshot!(World::demo("", namespace).check(), @r#"
    warning: the namespace has no commands
     --> workspace/demo/namespace.toml:1:1
      |
    1 | [[github]]
      | ^^^^^^^^^^ there is nothing to write
      |
      = help: they are those of `[[slack]]`: add one, or remove this rule

    error: need not granted: triggers `github`
     --> workspace/demo/namespace.toml:1:1
      |
    1 | [[github]]
      | ^^^^^^^^^^ comments need this trigger
     ::: innkeeper.toml
      = note: `demo` is not named here, so it has the untrusted defaults
      = help: to grant it, add to `innkeeper.toml`
              [namespaces.demo]
              triggers = ["slack", "github"]
              github = { secret = "NAME_OF_A_SECRET", repos = ["owner/name"] }
    "#);
}

#[test]
fn a_ref_is_no_branch() {
    let rule = "[[github]]\nevent = 'push'\njob_type = 'build'\nbranch = 'refs/heads/main'\n";
    let said = World::demo(TRUSTED, &format!("{JOB}{rule}")).check();
    assert!(said.contains("`refs/heads/main` is a ref, not a branch"), "{said}");
    assert!(said.contains("write what comes after `refs/heads/`"), "{said}");
}

#[test]
fn many_globs_are_refused() {
    let globs: Vec<String> = (0..201).map(|number| format!("'b{number}'")).collect();
    let rule = format!(
        "[[github]]\nevent = 'push'\njob_type = 'build'\nbranch = [{}]\n",
        globs.join(", ")
    );
    let said = World::demo(TRUSTED, &format!("{JOB}{rule}")).check();
    assert!(said.contains("more than 200 globs in the rules"), "{said}");
}

#[test]
fn a_branch_that_may_be_a_forks_is_no_filter() {
    let rule = r#"
[[github]]
event = "workflow_job"
branch = "main"
job_type = "build"
"#;
    insta::assert_snapshot!(World::demo(TRUSTED, &format!("{JOB}{rule}")).check(), @r#"
    error: `branch` has no effect for the event `workflow_job`
     --> workspace/demo/namespace.toml:7:1
      |
    7 | branch = "main"
      | ^^^^^^ not used
      |
      = help: remove it: its payload does not say whether the branch is a fork's; `workflow_run` does
    "#);
}
