//! What `check` says: one configuration with several mistakes in each test.

use super::{TRUSTED, World};

#[test]
fn keys_and_types_of_the_host_s_file() {
    let world = World::new(
        r##"
workspce = "workspace"
max_runs = "64"
shutdown_grace_seconds = -1
max_guest_memory_mb = 1.5
listen = "127.0.0.1:9999"
[slack]
mode = "sockets"
logs_channel = 3
[services]
[namespaces.demo]
trust = true
triggers = ["slack", "keyword", "cli"]
env = "A"
notify = ["@me"]
colour = "red"
"##,
    )
    .namespace("demo", "[jobs.x]\nrun_args_template = \"true\"\n");
    insta::assert_snapshot!(world.check(), @r#"
error: unknown key `workspce` at the top level
 --> innkeeper.toml:2:1
  |
2 | workspce = "workspace"
  | ^^^^^^^^ not known here
  |
  = help: did you mean `workspace`?

error: wrong type for `max_runs`
 --> innkeeper.toml:3:12
  |
3 | max_runs = "64"
  |            ^^^^ expected a whole number, found a string
  |
  = help: write it without quotes: 64

error: `shutdown_grace_seconds` is too small
 --> innkeeper.toml:4:26
  |
4 | shutdown_grace_seconds = -1
  |                          ^^ must be at least 0

error: wrong type for `max_guest_memory_mb`
 --> innkeeper.toml:5:23
  |
5 | max_guest_memory_mb = 1.5
  |                       ^^^ expected a whole number, found a number with a fraction

error: unknown key `listen` at the top level
 --> innkeeper.toml:6:1
  |
6 | listen = "127.0.0.1:9999"
  | ^^^^^^ not known here
  |
  = help: `listen` belongs in `[server]`

error: `sockets` is not a value of `mode`
 --> innkeeper.toml:8:8
  |
8 | mode = "sockets"
  |        ^^^^^^^^^ expected `socket` or `http`
  |
  = help: did you mean `socket`?

error: wrong type for `logs_channel`
 --> innkeeper.toml:9:16
  |
9 | logs_channel = 3
  |                ^ expected a string, found a whole number
  |
  = help: put it in quotes: "3"

error: unknown key `services` at the top level
  --> innkeeper.toml:10:2
   |
10 | [services]
   |  ^^^^^^^^ not known here
   |
   = help: the keys at the top level are `workspace`, `data_dir`, `timezone`, `server`, `slack`, `max_guest_memory_mb`, `max_runs`, `shutdown_grace_seconds`, `namespaces`, `alerts`, `rota`, `plugins` and `mail`

error: wrong type for `trust`
  --> innkeeper.toml:12:9
   |
12 | trust = true
   |         ^^^^ expected `trusted` or `untrusted`, found `true`
   |
   = help: put it in quotes

error: `cli` is not a value of `triggers`
  --> innkeeper.toml:13:33
   |
13 | triggers = ["slack", "keyword", "cli"]
   |                                 ^^^^^ expected `slack`, `github`, `hook`, `schedule` or `keyword`

error: wrong type for `env`
  --> innkeeper.toml:14:7
   |
14 | env = "A"
   |       ^^^ expected a list, found a string
   |
   = help: put it in brackets: ["A"]

error: unknown key `colour` in `[namespaces.demo]`
  --> innkeeper.toml:16:1
   |
16 | colour = "red"
   | ^^^^^^ not known here
   |
   = help: the keys in `[namespaces.demo]` are `trust`, `triggers`, `channels`, `mentions`, `env`, `files`, `http`, `github`, `hooks`, `registries`, `fabfile`, `notify`, `wasi`, `max_runs` and `limits`
"#);
}

#[test]
fn values_of_the_host_s_file() {
    let world = World::new(
        r##"
timezone = "Europe/Londn"
data_dir = "workspace/data"
max_guest_memory_mb = 100
[server]
listen = "localhost:9999"
[slack]
logs_channel = "bot-logs"
[namespaces.help]
[namespaces.Demo]
[namespaces.gone]
[namespaces.a]
channels = ["#ok", "general chat"]
env = ["A-B", "SLACK_BOT_TOKEN", "A_HOOK"]
limits = { memory_mb = 200 }
github = { secret = "s3cr3t-value", repos = ["name"] }
[namespaces.b]
triggers = ["github"]
[namespaces.c]
triggers = ["github"]
github = { secret = "A_HOOK" }
"##,
    )
    .namespace("a", "")
    .namespace("b", "")
    .namespace("c", "");
    insta::assert_snapshot!(world.check(), @r##"
error: unknown time zone `Europe/Londn`
 --> innkeeper.toml:2:12
  |
2 | timezone = "Europe/Londn"
  |            ^^^^^^^^^^^^^^ not in the time zone database
  |
  = help: did you mean `Europe/London`?

error: `data_dir` and `workspace` overlap
 --> innkeeper.toml:3:12
  |
3 | data_dir = "workspace/data"
  |            ^^^^^^^^^^^^^^^^ `workspace/data` lies in `workspace`
  |
  = help: give each a folder of its own

error: `localhost:9999` is not an address to listen on
 --> innkeeper.toml:6:10
  |
6 | listen = "localhost:9999"
  |          ^^^^^^^^^^^^^^^^ expected an IP address and a port
  |
  = help: for example `127.0.0.1:9999`, or `[::]:9999` for every network

error: bad channel `bot-logs`
 --> innkeeper.toml:8:16
  |
8 | logs_channel = "bot-logs"
  |                ^^^^^^^^^^ not a channel
  |
  = help: a channel is `#name`, or an id that begins with C, G or D

error: bad name `help`
 --> innkeeper.toml:9:13
  |
9 | [namespaces.help]
  |             ^^^^ cannot be a namespace
  |
  = help: `help` is the word of a built-in command

error: bad name `Demo`
  --> innkeeper.toml:10:13
   |
10 | [namespaces.Demo]
   |             ^^^^ cannot be a namespace
   |
   = help: a namespace is a lower-case letter, then up to 31 lower-case letters, digits and `-`

warning: there is no namespace `gone`
  --> innkeeper.toml:11:13
   |
11 | [namespaces.gone]
   |             ^^^^ these grants go to nobody
   |
   = help: make `workspace/gone/namespace.toml`, or remove these grants

error: bad channel `general chat`
  --> innkeeper.toml:13:20
   |
13 | channels = ["#ok", "general chat"]
   |                    ^^^^^^^^^^^^^^ not a channel
   |
   = help: a channel is `#name`, or an id that begins with C, G or D

error: bad variable `A-B`
  --> innkeeper.toml:14:8
   |
14 | env = ["A-B", "SLACK_BOT_TOKEN", "A_HOOK"]
   |        ^^^^^ not a variable
   |
   = help: an environment variable is letters, digits and `_`, and begins with no digit

error: `SLACK_BOT_TOKEN` is the host's own secret
  --> innkeeper.toml:14:15
   |
14 | env = ["A-B", "SLACK_BOT_TOKEN", "A_HOOK"]
   |               ^^^^^^^^^^^^^^^^^ no job gets this
   |
   = help: give the job a secret of its own, under another name

error: `A_HOOK` is the host's own secret
  --> innkeeper.toml:14:34
   |
14 | env = ["A-B", "SLACK_BOT_TOKEN", "A_HOOK"]
   |                                  ^^^^^^^^ no job gets this
   |
   = help: give the job a secret of its own, under another name

error: `memory_mb` is beyond `max_guest_memory_mb`
  --> innkeeper.toml:15:24
   |
15 | limits = { memory_mb = 200 }
   |                        ^^^ more than 100
   |
   = help: no such run could ever start: lower it, or raise `max_guest_memory_mb`

error: webhooks are granted, the trigger `github` is not
  --> innkeeper.toml:16:1
   |
16 | github = { secret = "s3cr3t-value", repos = ["name"] }
   | ^^^^^^ no webhook would start anything
   |
   = help: add `triggers = ["slack", "github"]`

error: `secret` is not the name of an environment variable
  --> innkeeper.toml:16:21
   |
16 | github = { secret = "s3cr3t-value", repos = ["name"] }
   |                     ^^^^^^^^^^^^^^ expected a name, not the secret itself
   |
   = help: an environment variable is letters, digits and `_`, and begins with no digit; the secret itself never stands in a configuration file

error: bad repository `name`
  --> innkeeper.toml:16:46
   |
16 | github = { secret = "s3cr3t-value", repos = ["name"] }
   |                                              ^^^^^^ not a repository
   |
   = help: a repository is `owner/name`

error: the trigger `github` is granted, no webhook is
  --> innkeeper.toml:18:13
   |
18 | triggers = ["github"]
   |             ^^^^^^^^ nobody could sign a webhook
   |
   = help: add `github = { secret = "NAME_OF_A_SECRET", repos = ["owner/name"] }`

error: `github` of an untrusted namespace has no `repos`
  --> innkeeper.toml:21:10
   |
21 | github = { secret = "A_HOOK" }
   |          ^^^^^^^^^^^^^^^^^^^^^ add `repos`
   |
   = help: for example `github = { secret = "NAME_OF_A_SECRET", repos = ["owner/name"] }`
"##);
}

#[test]
fn folders_that_cannot_be_granted() {
    let world = World::new(
        r##"
[[namespaces.demo.files]]
host = "data/work"
guest = "/a"
[[namespaces.demo.files]]
host = "."
guest = "/b"
[[namespaces.demo.files]]
host = "workspace/demo"
guest = "/c"
[[namespaces.demo.files]]
host = "link"
guest = "/d"
[[namespaces.demo.files]]
host = "nowhere"
guest = "/e"
[[namespaces.demo.files]]
host = "plain"
guest = "/f"
[[namespaces.demo.files]]
host = "srv"
guest = "data/../x"
[[namespaces.demo.files]]
host = "srv"
guest = "/g"
[[namespaces.demo.files]]
host = "srv"
guest = "/g/"
[[namespaces.demo.files]]
guest = "/h"
[[namespaces.demo.files]]
host = "elsewhere"
guest = "/i"
"##,
    )
    .namespace("demo", "")
    .file("data/work/x", "")
    .file("plain", "")
    .file("srv/x", "")
    .file("elsewhere/linked/namespace.toml", "");
    std::os::unix::fs::symlink(world.path("data"), world.path("link")).unwrap();
    std::os::unix::fs::symlink(world.path("elsewhere/linked"), world.path("workspace/linked")).unwrap();
    insta::assert_snapshot!(world.check(), @r#"
error: a files grant reaches the data folder
 --> innkeeper.toml:3:8
  |
3 | host = "data/work"
  |        ^^^^^^^^^^^ `data/work` lies in `data`
  |
  = help: grant a folder that is apart from what the host itself lives on

error: a files grant reaches the data folder
 --> innkeeper.toml:6:8
  |
6 | host = "."
  |        ^^^ `.` holds `data`
  |
  = help: grant a folder that is apart from what the host itself lives on

error: a files grant reaches the workspace
 --> innkeeper.toml:9:8
  |
9 | host = "workspace/demo"
  |        ^^^^^^^^^^^^^^^^ `workspace/demo` lies in `workspace`
  |
  = help: grant a folder that is apart from what the host itself lives on

error: a files grant reaches the data folder
  --> innkeeper.toml:12:8
   |
12 | host = "link"
   |        ^^^^^^ `link` is `data`
   |
   = help: grant a folder that is apart from what the host itself lives on

error: cannot grant `nowhere`: No such file or directory (os error 2)
  --> innkeeper.toml:15:8
   |
15 | host = "nowhere"
   |        ^^^^^^^^^ expected a folder
   |
   = help: make the folder, or correct the path

error: `plain` is not a folder
  --> innkeeper.toml:18:8
   |
18 | host = "plain"
   |        ^^^^^^^ expected a folder
   |
   = help: grant the folder that it is in

error: `data/../x` is not a path for a guest
  --> innkeeper.toml:22:9
   |
22 | guest = "data/../x"
   |         ^^^^^^^^^^^ expected an absolute path
   |
   = help: for example `/data`: absolute, without `.` and `..`, and not `/` itself

error: two folders at `/g` in the guest
  --> innkeeper.toml:28:9
   |
28 | guest = "/g/"
   |         ^^^^^ granted above already
   |
   = help: give each its own path

error: `[[namespaces.demo.files]]` has no `host`
  --> innkeeper.toml:29:1
   |
29 | [[namespaces.demo.files]]
   | ^^^^^^^^^^^^^^^^^^^^^^^^^ add `host`
   |
   = help: `host`: the folder on the host

error: a files grant reaches the workspace
  --> innkeeper.toml:32:8
   |
32 | host = "elsewhere"
   |        ^^^^^^^^^^^ `elsewhere` holds `elsewhere/linked`
   |
   = help: grant a folder that is apart from what the host itself lives on
"#);
}

#[test]
fn keys_and_types_of_a_namespace() {
    let world = World::demo(
        TRUSTED,
        r##"
restricted = "true"
plugins = "https://example.com/plugin.py"
[needs]
description = "Commands"
notify = ["@me"]
[jobs.hello]
run_args_template = "echo Hello"
reprot_stdout = true
report_format = "txt"
retries = 3
help = "x"
[jobs.own]
run_args_template = "true"
report_format = { component = "own.wasm" }
[[slack]]
command = "hello"
action = "schedule_supression"
job_type = "hello"
delay_seconds = "5"
[[slack]]
help = "Nothing"
[[keyword]]
word = "help"
[[github]]
event = "push"
job_type = "hello"
args = { name = 3 }
"##,
    );
    insta::assert_snapshot!(world.check(), @r#"
error: wrong type for `restricted`
 --> workspace/demo/namespace.toml:2:14
  |
2 | restricted = "true"
  |              ^^^^^^ expected true or false, found a string
  |
  = help: write it without quotes: true

error: unknown key `plugins` at the top level
 --> workspace/demo/namespace.toml:3:1
  |
3 | plugins = "https://example.com/plugin.py"
  | ^^^^^^^ not known here
  |
  = help: the keys at the top level are `description`, `restricted`, `default_channel`, `fabfile`, `needs`, `jobs`, `slack`, `github`, `schedule`, `keyword`, `hooks`, `services` and `checks`

error: unknown key `description` in `[needs]`
 --> workspace/demo/namespace.toml:5:1
  |
5 | description = "Commands"
  | ^^^^^^^^^^^ not known here
  |
  = help: `description` belongs at the top of the file, before the first `[table]`

error: unknown key `reprot_stdout` in `[jobs.hello]`
 --> workspace/demo/namespace.toml:9:1
  |
9 | reprot_stdout = true
  | ^^^^^^^^^^^^^ not known here
  |
  = help: did you mean `report_stdout`?

error: `txt` is not a value of `report_format`
  --> workspace/demo/namespace.toml:10:17
   |
10 | report_format = "txt"
   |                 ^^^^^ expected `text`, `blocks`, `code` or `file`
   |
   = help: did you mean `text`?

error: `retries` is not available in this version
  --> workspace/demo/namespace.toml:11:1
   |
11 | retries = 3
   | ^^^^^^^ not built yet
   |
   = help: leave it out: it would do nothing

error: unknown key `help` in `[jobs.hello]`
  --> workspace/demo/namespace.toml:12:1
   |
12 | help = "x"
   | ^^^^ not known here
   |
   = help: `help` belongs in `[[slack]]`

warning: `report_format` has no effect
  --> workspace/demo/namespace.toml:15:1
   |
15 | report_format = { component = "own.wasm" }
   | ^^^^^^^^^^^^^ stdout is not reported
   |
   = help: add `report_stdout = true`, or remove it

error: there is no component `own.wasm`: No such file or directory (os error 2)
  --> workspace/demo/namespace.toml:15:31
   |
15 | report_format = { component = "own.wasm" }
   |                               ^^^^^^^^^^ expected a WebAssembly component
   |
   = help: build it, and put it at `workspace/demo/own.wasm`

error: `[[slack]]` has no `help`
  --> workspace/demo/namespace.toml:16:1
   |
16 | [[slack]]
   | ^^^^^^^^^ add `help`
   |
   = help: `help`: what `help` says about it

error: `schedule_supression` is not a value of `action`
  --> workspace/demo/namespace.toml:18:10
   |
18 | action = "schedule_supression"
   |          ^^^^^^^^^^^^^^^^^^^^^ expected `schedule_job`, `cancel_job`, `schedule_suppression` or `cancel_suppression`
   |
   = help: did you mean `schedule_suppression`?

error: wrong type for `delay_seconds`
  --> workspace/demo/namespace.toml:20:17
   |
20 | delay_seconds = "5"
   |                 ^^^ expected a whole number, found a string
   |
   = help: write it without quotes: 5

error: `[[slack]]` has no `command`
  --> workspace/demo/namespace.toml:21:1
   |
21 | [[slack]]
   | ^^^^^^^^^ add `command`
   |
   = help: `command`: what is typed after the namespace's name, with `[name]` for a parameter

error: `[[slack]]` has no `job_type`
  --> workspace/demo/namespace.toml:21:1
   |
21 | [[slack]]
   | ^^^^^^^^^ add `job_type`
   |
   = help: `job_type`: the job, by its name under `[jobs]`

error: a keyword that does not say which word
  --> workspace/demo/namespace.toml:23:1
   |
23 | [[keyword]]
   | ^^^^^^^^^^^ add `words` or `pattern`
   |
   = help: for example `words = ["tech-support"]` or `pattern = 'tech-?support'`

error: a keyword without a support channel
  --> workspace/demo/namespace.toml:23:1
   |
23 | [[keyword]]
   | ^^^^^^^^^^^ nobody would be called
   |
   = help: add `support_channel`, here or in `[slack]` of the host's file

error: unknown key `word` in `[[keyword]]`
  --> workspace/demo/namespace.toml:24:1
   |
24 | word = "help"
   | ^^^^ not known here
   |
   = help: did you mean `words`?

error: wrong type for `name`
  --> workspace/demo/namespace.toml:28:17
   |
28 | args = { name = 3 }
   |                 ^ expected a string, found a whole number
   |
   = help: put it in quotes: "3"
"#);
}

#[test]
fn syntax_errors_do_not_hide_unknown_keys_nor_other_files() {
    let world = World::new(TRUSTED)
        .namespace(
            "a",
            "colour = 1\nrestricted = tru\ndescription = \"x\ndefault_channel = \"#a\"\nname = 1\n",
        )
        .namespace("b", "colour = 1\n")
        .namespace("c", "a = 1\na = 2\n")
        .namespace("demo", "");
    insta::assert_snapshot!(world.check(), @r#"
error: unknown key `colour` at the top level
 --> workspace/a/namespace.toml:1:1
  |
1 | colour = 1
  | ^^^^^^ not known here
  |
  = help: the keys at the top level are `description`, `restricted`, `default_channel`, `fabfile`, `needs`, `jobs`, `slack`, `github`, `schedule`, `keyword`, `hooks`, `services` and `checks`

error: invalid boolean, expected `true`
 --> workspace/a/namespace.toml:2:14
  |
2 | restricted = tru
  |              ^^^ not valid TOML
  |
  = help: text is written in quotes; `true`, `false` and numbers without

error: invalid basic string, expected `"`
 --> workspace/a/namespace.toml:3:17
  |
3 | description = "x
  |                 ^ not valid TOML
  |
  = help: text begins and ends with a quote, on one line

error: unknown key `name` at the top level
 --> workspace/a/namespace.toml:5:1
  |
5 | name = 1
  | ^^^^ not known here
  |
  = help: `name` belongs in `[services.<name>]`

error: unknown key `colour` at the top level
 --> workspace/b/namespace.toml:1:1
  |
1 | colour = 1
  | ^^^^^^ not known here
  |
  = help: the keys at the top level are `description`, `restricted`, `default_channel`, `fabfile`, `needs`, `jobs`, `slack`, `github`, `schedule`, `keyword`, `hooks`, `services` and `checks`

error: unknown key `a` at the top level
 --> workspace/c/namespace.toml:1:1
  |
1 | a = 1
  | ^ not known here
  |
  = help: the keys at the top level are `description`, `restricted`, `default_channel`, `fabfile`, `needs`, `jobs`, `slack`, `github`, `schedule`, `keyword`, `hooks`, `services` and `checks`

error: duplicate key
 --> workspace/c/namespace.toml:2:1
  |
2 | a = 2
  | ^ not valid TOML
  |
  = help: a key and a table are written once: remove one of them
"#);
}

#[test]
fn a_host_s_file_with_syntax_errors_lets_the_namespaces_be_checked() {
    let world = World::demo(
        "[namespaces.demo]\ntrust = trusted\n",
        "[needs]\nenv = [\"A\"]\n[jobs.x]\nrun_args_template = \"true\"\ncolour = 1\n",
    );
    insta::assert_snapshot!(world.check(), @r#"
error: invalid boolean, expected `true`
 --> innkeeper.toml:2:9
  |
2 | trust = trusted
  |         ^^^^^^^ not valid TOML
  |
  = help: text is written in quotes; `true`, `false` and numbers without

error: unknown key `colour` in `[jobs.x]`
 --> workspace/demo/namespace.toml:5:1
  |
5 | colour = 1
  | ^^^^^^ not known here
  |
  = help: the keys in `[jobs.x]` are `run_args_template`, `component`, `report_stdout`, `report_success`, `report_format`, `suppress_empty`, `call_tech_support_on_error` and `needs`
"#);
}

#[test]
fn commands_and_their_jobs() {
    let world = World::demo(
        TRUSTED,
        r##"
[jobs.hello_to]
run_args_template = "echo Hello {name}"
[jobs.plain]
run_args_template = "true"
[[slack]]
command = "hello"
help = ""
job_type = "helo_to"
[[slack]]
command = "full"
help = ""
job_type = "demo_plain"
[[slack]]
command = "hello to [nme]"
help = ""
job_type = "hello_to"
[[slack]]
command = "stop [name] now"
help = ""
action = "cancel_job"
job_type = "hello_to"
delay_seconds = 5
[[slack]]
command = "show [target]"
help = ""
job_type = "plain"
[[slack]]
command = "help"
help = ""
job_type = "plain"
"##,
    );
    insta::assert_snapshot!(world.check(), @r#"
error: unknown job `helo_to`
 --> workspace/demo/namespace.toml:9:12
  |
9 | job_type = "helo_to"
  |            ^^^^^^^^^ no job of this namespace
  |
  = help: did you mean `hello_to`?

error: unknown job `demo_plain`
  --> workspace/demo/namespace.toml:13:12
   |
13 | job_type = "demo_plain"
   |            ^^^^^^^^^^^^ no job of this namespace
   |
   = help: did you mean `plain`?

error: the job `hello_to` uses `name`, which is not given
  --> workspace/demo/namespace.toml:15:11
   |
 3 | run_args_template = "echo Hello {name}"
   |                                 ------ used here
...
15 | command = "hello to [nme]"
   |           ^^^^^^^^^^^^^^^^ does not give `name`
   |
   = help: add `[name]` here, or take `{name}` out of the template

error: the job `hello_to` does not use `nme`
  --> workspace/demo/namespace.toml:15:21
   |
 3 | run_args_template = "echo Hello {name}"
   |                     ------------------- and not used here
...
15 | command = "hello to [nme]"
   |                     ^^^^^ given here
   |
   = help: add `{nme}` to the template, or take it out here

error: `cancel_job` takes no parameters
  --> workspace/demo/namespace.toml:19:17
   |
19 | command = "stop [name] now"
   |                 ^^^^^^ not used
   |
   = help: it cancels every pending request of the job, whatever its arguments

error: `cancel_job` has no delay
  --> workspace/demo/namespace.toml:23:1
   |
23 | delay_seconds = 5
   | ^^^^^^^^^^^^^ nothing to delay
   |
   = help: remove `delay_seconds`

error: the job `plain` does not use `target`
  --> workspace/demo/namespace.toml:25:17
   |
 5 | run_args_template = "true"
   |                     ------ and not used here
...
25 | command = "show [target]"
   |                 ^^^^^^^^ given here
   |
   = help: add `{target}` to the template, or take it out here

error: `demo help` is a built-in command
  --> workspace/demo/namespace.toml:29:11
   |
29 | command = "help"
   |           ^^^^^^ lists the namespace's commands
   |
   = help: call the command something else
"#);
}

#[test]
fn suppressions_say_when_they_end() {
    let command = |text: &str, action: &str, more: &str| {
        format!("[[slack]]\ncommand = \"{text}\"\nhelp = \"\"\naction = \"{action}\"\njob_type = \"x\"\n{more}")
    };
    let suppress = |text: &str| command(text, "schedule_suppression", "");
    let jobs = "[jobs.x]\nrun_args_template = \"echo {branch}\"\n";
    let good = [
        suppress("hold from [start_time] to [end_time]"),
        suppress("hold until [end_at]"),
        suppress("hold for [duration]"),
        suppress("pause [duration] from [start_at] on"),
        command("go on", "cancel_suppression", ""),
    ];
    let world = World::demo(TRUSTED, &format!("{jobs}{}", good.concat()));
    assert_eq!(world.config().namespaces["demo"].commands.len(), 5);
    let bad = [
        suppress("hold"),
        suppress("hold [start_time] [end_time] [duration]"),
        suppress("hold the [branch] until [end_time] or [end_at]"),
        command("stay until [end_time]", "schedule_suppression", "delay_seconds = 5\n"),
        command("go on with [branch]", "cancel_suppression", ""),
    ];
    let world = World::demo(TRUSTED, &format!("{jobs}{}", bad.concat()));
    insta::assert_snapshot!(world.check(), @r#"
error: nothing says when the suppression ends
 --> workspace/demo/namespace.toml:4:11
  |
4 | command = "hold"
  |           ^^^^^^ this command
  |
  = help: its parameters are `[start_time]`, and `[end_time]` or `[duration]`

error: a suppression ends at a time or after a while, not both
 --> workspace/demo/namespace.toml:9:11
  |
9 | command = "hold [start_time] [end_time] [duration]"
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this command
  |
  = help: its parameters are `[start_time]`, and `[end_time]` or `[duration]`

error: `schedule_suppression` does not use `branch`
  --> workspace/demo/namespace.toml:14:21
   |
14 | command = "hold the [branch] until [end_time] or [end_at]"
   |                     ^^^^^^^^ not used
   |
   = help: its parameters are `[start_time]`, and `[end_time]` or `[duration]`

error: `end_at` says the same as another parameter
  --> workspace/demo/namespace.toml:14:50
   |
14 | command = "hold the [branch] until [end_time] or [end_at]"
   |                                                  ^^^^^^^^ not used
   |
   = help: its parameters are `[start_time]`, and `[end_time]` or `[duration]`

error: `schedule_suppression` has no delay
  --> workspace/demo/namespace.toml:23:1
   |
23 | delay_seconds = 5
   | ^^^^^^^^^^^^^ nothing to delay
   |
   = help: remove `delay_seconds`

error: `cancel_suppression` takes no parameters
  --> workspace/demo/namespace.toml:25:23
   |
25 | command = "go on with [branch]"
   |                       ^^^^^^^^ not used
   |
   = help: it takes every suppression of the job away
"#);
}

#[test]
fn commands_that_match_the_same_text() {
    let command = |text: &str| format!("[[slack]]\ncommand = \"{text}\"\nhelp = \"\"\njob_type = \"any\"\n");
    let world = World::demo(
        "",
        &format!(
            "[jobs.any]\ncomponent = \"any.wasm\"\n{}{}{}{}",
            command("show [target] now"),
            command("show all [when]"),
            command("other"),
            command("list all"),
        ),
    )
    .file("workspace/demo/any.wasm", "component");
    insta::assert_snapshot!(world.check(), @r#"
error: two commands match `show all now`
 --> workspace/demo/namespace.toml:8:11
  |
4 | command = "show [target] now"
  |           ------------------- this one?
...
8 | command = "show all [when]"
  |           ^^^^^^^^^^^^^^^^^ this one, or
  |
  = help: neither is the more specific: give one of them other words
"#);
}

#[test]
fn templates_and_patterns_that_cannot_be_read_are_shown_in_place() {
    let world = World::demo(
        TRUSTED,
        "[jobs.x]\nrun_args_template = \"echo \\\"x\\\" '{a}'\"\n[jobs.y]\nrun_args_template = \"echo '{a}'\"\n\
         [[slack]]\ncommand = \"say []\"\nhelp = \"\"\njob_type = \"x\"\n",
    );
    let problems = world.load().unwrap_err();
    let places: Vec<(usize, usize)> = problems
        .iter()
        .map(|problem| problem.place().line_and_column())
        .collect();
    // In a string with escapes the whole string is shown.
    assert_eq!(places, [(2, 21), (4, 28), (6, 16)]);
}

#[test]
fn components() {
    let job = |name: &str, component: &str| format!("[jobs.{name}]\ncomponent = \"{component}\"\n");
    let world = World::demo(
        "",
        &[
            job("a", "missing.wasm"),
            job("b", "notes.txt"),
            job("c", "odd.wasm"),
            job("d", "/etc/passwd"),
            job("e", "../other/x.wasm"),
            job("f", "folder"),
            job("g", "link.wasm"),
            job("h", "ghcr.io/owner/name:1.0"),
            job("i", "good.wasm"),
            job("Bad", "good.wasm"),
        ]
        .concat(),
    )
    .file("workspace/demo/notes.txt", "is no component")
    .file("workspace/demo/odd.wasm", "imports an unknown package `acme:db`")
    .file("workspace/demo/good.wasm", "component")
    .file("workspace/demo/folder/x", "")
    .file("outside.wasm", "component");
    std::os::unix::fs::symlink(world.path("outside.wasm"), world.path("workspace/demo/link.wasm")).unwrap();
    insta::assert_snapshot!(world.check(), @r#"
error: there is no component `missing.wasm`: No such file or directory (os error 2)
 --> workspace/demo/namespace.toml:2:13
  |
2 | component = "missing.wasm"
  |             ^^^^^^^^^^^^^^ expected a WebAssembly component
  |
  = help: build it, and put it at `workspace/demo/missing.wasm`

error: `notes.txt` cannot run here
 --> workspace/demo/namespace.toml:4:13
  |
4 | component = "notes.txt"
  |             ^^^^^^^^^^^ is no component
  |
  = help: build it as a component of WASI 0.2, for example with `cargo build --release --target wasm32-wasip2`

error: `odd.wasm` cannot run here
 --> workspace/demo/namespace.toml:6:13
  |
6 | component = "odd.wasm"
  |             ^^^^^^^^^^ imports an unknown package `acme:db`
  |
  = help: build it as a component of WASI 0.2, for example with `cargo build --release --target wasm32-wasip2`

error: `/etc/passwd` leads out of the namespace
 --> workspace/demo/namespace.toml:8:13
  |
8 | component = "/etc/passwd"
  |             ^^^^^^^^^^^^^ expected a path in the namespace's folder
  |
  = help: put a copy of the component in the namespace's folder

error: `../other/x.wasm` leads out of the namespace
  --> workspace/demo/namespace.toml:10:13
   |
10 | component = "../other/x.wasm"
   |             ^^^^^^^^^^^^^^^^^ expected a path in the namespace's folder
   |
   = help: put a copy of the component in the namespace's folder

error: `folder` is not a file of at most 32 MiB
  --> workspace/demo/namespace.toml:12:13
   |
12 | component = "folder"
   |             ^^^^^^^^ expected a WebAssembly component
   |
   = help: build it for release, without debug information

error: `link.wasm` leads out of the namespace
  --> workspace/demo/namespace.toml:14:13
   |
14 | component = "link.wasm"
   |             ^^^^^^^^^^^ a link to `outside.wasm`
   |
   = help: put a copy of the component in the namespace's folder

error: `ghcr.io/owner/name:1.0` names no component in a registry
  --> workspace/demo/namespace.toml:16:13
   |
16 | component = "ghcr.io/owner/name:1.0"
   |             ^^^^^^^^^^^^^^^^^^^^^^^^ a component in a registry is written with `oci://` in front
   |
   = help: for example `oci://ghcr.io/owner/name:1.0`

error: bad name `Bad`
  --> workspace/demo/namespace.toml:19:7
   |
19 | [jobs.Bad]
   |       ^^^ cannot be a job
   |
   = help: a job is a lower-case letter, then up to 63 lower-case letters, digits, `-` and `_`
"#);
}

#[test]
fn bash_without_trust_and_needs_without_grants() {
    let world = World::demo(
        "[namespaces.other]\nenv = [\"A\"]\n",
        r##"
default_channel = "#tech"
[needs]
trust = "trusted"
env = ["A", "B"]
limits = { timeout_seconds = 7200 }
[jobs.one]
run_args_template = "true"
[jobs.two]
report_stdout = true
[[github]]
event = "push"
job_type = "one"
channel = "#ops"
"##,
    )
    .namespace(
        "other",
        "[needs]\nenv = [\"A\", \"B\", \"C\"]\nfiles = [{ guest = \"/data\", write = true }]\nmentions = \"channel\"\n\
         limits = { memory_mb = 128 }\n\
         [jobs.x]\ncomponent = \"x.wasm\"\n[jobs.x.needs]\nlimits = { stdout_bytes = 2000000 }\n",
    )
    .file("workspace/other/x.wasm", "component");
    insta::assert_snapshot!(world.check(), @r##"
error: need not granted: channels `#tech`
 --> workspace/demo/namespace.toml:2:19
  |
2 | default_channel = "#tech"
  |                   ^^^^^^^ needs a grant of this channel
 ::: innkeeper.toml
  = note: `demo` is not named here, so it has the untrusted defaults
  = help: to grant it, add to `innkeeper.toml`
          [namespaces.demo]
          channels = ["#tech"]

error: need not granted: trust `trusted`
 --> workspace/demo/namespace.toml:4:9
  |
4 | trust = "trusted"
  |         ^^^^^^^^^ needed here
 ::: innkeeper.toml
  = note: `demo` is not named here, so it has the untrusted defaults
  = help: to grant it, add to `innkeeper.toml`
          [namespaces.demo]
          trust = "trusted"

error: need not granted: env `A` and `B`
 --> workspace/demo/namespace.toml:5:8
  |
5 | env = ["A", "B"]
  |        ^^^ needed here
 ::: innkeeper.toml
  = note: `demo` is not named here, so it has the untrusted defaults
  = help: to grant it, add to `innkeeper.toml`
          [namespaces.demo]
          env = ["A", "B"]

error: need not granted: timeout_seconds `7200`
 --> workspace/demo/namespace.toml:6:30
  |
6 | limits = { timeout_seconds = 7200 }
  |                              ^^^^ needed here
 ::: innkeeper.toml
  = note: `demo` is not named here, so it has the untrusted defaults
  = help: to grant it, add to `innkeeper.toml`
          [namespaces.demo]
          limits = { timeout_seconds = 7200 }

error: `demo` has bash jobs and is not trusted
 --> workspace/demo/namespace.toml:7:7
  |
7 | [jobs.one]
  |       ^^^ runs bash
8 | run_args_template = "true"
9 | [jobs.two]
  |       --- runs bash
 ::: innkeeper.toml
  = note: `demo` is not named here, so it has the untrusted defaults
  = help: to grant it, add to `innkeeper.toml`
          [namespaces.demo]
          trust = "trusted"

error: `two` has neither `run_args_template` nor `component`
 --> workspace/demo/namespace.toml:9:7
  |
9 | [jobs.two]
  |       ^^^ nothing to run
  |
  = help: add `run_args_template = "…"` for bash, or `component = "….wasm"`

error: need not granted: triggers `github`
  --> workspace/demo/namespace.toml:11:1
   |
11 | [[github]]
   | ^^^^^^^^^^ a GitHub rule needs this trigger
  ::: innkeeper.toml
   = note: `demo` is not named here, so it has the untrusted defaults
   = help: to grant it, add to `innkeeper.toml`
           [namespaces.demo]
           triggers = ["slack", "github"]
           github = { secret = "NAME_OF_A_SECRET", repos = ["owner/name"] }

error: need not granted: channels `#ops`
  --> workspace/demo/namespace.toml:14:11
   |
14 | channel = "#ops"
   |           ^^^^^^ needs a grant of this channel
  ::: innkeeper.toml
   = note: `demo` is not named here, so it has the untrusted defaults
   = help: to grant it, add to `innkeeper.toml`
           [namespaces.demo]
           channels = ["#ops"]

error: need not granted: env `B` and `C`
 --> workspace/other/namespace.toml:2:13
  |
2 | env = ["A", "B", "C"]
  |             ^^^ needed here
  |
 ::: innkeeper.toml:2:7
  |
2 | env = ["A"]
  |       ----- all that is granted
  |
  = help: to grant it, let `[namespaces.other]` in `innkeeper.toml` say
          env = ["A", "B", "C"]

error: need not granted: files `/data (to write)`
 --> workspace/other/namespace.toml:3:9
  |
3 | files = [{ guest = "/data", write = true }]
  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ needed here
  |
 ::: innkeeper.toml:1:13
  |
1 | [namespaces.other]
  |             ----- says nothing of `files`
  |
  = help: to grant it, add to `[namespaces.other]` in `innkeeper.toml`
          files = [{ host = "/a/folder/of/the/host", guest = "/data", write = true }]

error: need not granted: mentions `channel`
 --> workspace/other/namespace.toml:4:12
  |
4 | mentions = "channel"
  |            ^^^^^^^^^ needed here
  |
 ::: innkeeper.toml:1:13
  |
1 | [namespaces.other]
  |             ----- says nothing of `mentions`
  |
  = help: to grant it, add to `[namespaces.other]` in `innkeeper.toml`
          mentions = "channel"

error: need not granted: memory_mb `128`
 --> workspace/other/namespace.toml:5:24
  |
5 | limits = { memory_mb = 128 }
  |                        ^^^ needed here
  |
 ::: innkeeper.toml:1:13
  |
1 | [namespaces.other]
  |             ----- says nothing of `memory_mb`
  |
  = help: to grant it, add to `[namespaces.other]` in `innkeeper.toml`
          limits = { memory_mb = 128 }

error: need not granted: stdout_bytes `2000000`
 --> workspace/other/namespace.toml:9:27
  |
9 | limits = { stdout_bytes = 2000000 }
  |                           ^^^^^^^ needed here
  |
 ::: innkeeper.toml:1:13
  |
1 | [namespaces.other]
  |             ----- says nothing of `stdout_bytes`
  |
  = help: to grant it, add to `[namespaces.other]` in `innkeeper.toml`
          limits = { stdout_bytes = 2000000 }
"##);
}

#[test]
fn needs_that_leave_out_what_the_namespace_itself_uses() {
    let world = World::demo(
        TRUSTED,
        r##"
default_channel = "#tech"
[needs]
channels = ["#other"]
env = ["A"]
triggers = ["github"]
[jobs.x]
run_args_template = "true"
[jobs.x.needs]
env = ["A", "B"]
[[slack]]
command = "x"
help = ""
job_type = "x"
"##,
    );
    insta::assert_snapshot!(world.check(), @r##"
error: need not granted: channels `#tech`
 --> workspace/demo/namespace.toml:2:19
  |
2 | default_channel = "#tech"
  |                   ^^^^^^^ needs a grant of this channel
3 | [needs]
4 | channels = ["#other"]
  |            ---------- all that the namespace asks
  |
  = help: add it to `channels` in the `needs` that leave it out

error: the job needs more than its namespace: env `B`
  --> workspace/demo/namespace.toml:10:13
   |
 5 | env = ["A"]
   |       ----- all that the namespace asks
...
10 | env = ["A", "B"]
   |             ^^^ needed here
   |
   = help: add it to `env` in `[needs]`, which narrows what every job gets

error: need not granted: triggers `slack`
  --> workspace/demo/namespace.toml:11:1
   |
 6 | triggers = ["github"]
   |            ---------- all that is asked for here
...
11 | [[slack]]
   | ^^^^^^^^^ a Slack command needs this trigger
   |
   = help: add `"slack"` to it
"##);
}

#[test]
fn the_host_s_own_secrets_are_nobody_s_need() {
    let world = World::demo(
        "[namespaces.demo]\ntrust = \"trusted\"\ngithub = { secret = \"A_HOOK\" }\n",
        "[needs]\nenv = [\"SLACK_BOT_TOKEN_FILE\", \"PATH\"]\n[jobs.x]\nrun_args_template = \"true\"\n\
         [jobs.x.needs]\nenv = [\"A_HOOK\"]\n",
    );
    insta::assert_snapshot!(world.check(), @r#"
error: `SLACK_BOT_TOKEN_FILE` is the host's own secret
 --> workspace/demo/namespace.toml:2:8
  |
2 | env = ["SLACK_BOT_TOKEN_FILE", "PATH"]
  |        ^^^^^^^^^^^^^^^^^^^^^^ no job gets this
  |
  = help: give the job a secret of its own, under another name

error: `A_HOOK` is the host's own secret
 --> workspace/demo/namespace.toml:6:8
  |
6 | env = ["A_HOOK"]
  |        ^^^^^^^^ no job gets this
  |
  = help: give the job a secret of its own, under another name

error: the job needs more than its namespace: env `A_HOOK`
 --> workspace/demo/namespace.toml:6:8
  |
2 | env = ["SLACK_BOT_TOKEN_FILE", "PATH"]
  |       -------------------------------- all that the namespace asks
...
6 | env = ["A_HOOK"]
  |        ^^^^^^^^ needed here
  |
  = help: add it to `env` in `[needs]`, which narrows what every job gets
"#);
}

#[test]
fn grants_that_bash_cannot_be_held_to() {
    let world = World::demo(
        "[namespaces.demo]\ntrust = \"trusted\"\nfiles = [{ host = \"srv\", guest = \"/data\" }]\n\
         limits = { memory_mb = 32 }\n",
        "[needs]\nfiles = []\n[jobs.x]\nrun_args_template = \"true\"\n[jobs.x.needs]\nlimits = { memory_mb = 16 }\n",
    )
    .file("srv/x", "");
    insta::assert_snapshot!(world.check(), @r#"
error: `files` means nothing to bash
 --> innkeeper.toml:3:1
  |
3 | files = [{ host = "srv", guest = "/data" }]
  | ^^^^^ every job of `demo` runs bash
  |
  = help: a bash job is trusted code and not kept from files, network or memory: remove it, or make the job a component

error: `memory_mb` means nothing to bash
 --> innkeeper.toml:4:12
  |
4 | limits = { memory_mb = 32 }
  |            ^^^^^^^^^ every job of `demo` runs bash
  |
  = help: a bash job is trusted code and not kept from files, network or memory: remove it, or make the job a component

error: `files` means nothing to bash
 --> workspace/demo/namespace.toml:2:1
  |
2 | files = []
  | ^^^^^ every job of `demo` runs bash
  |
  = help: a bash job is trusted code and not kept from files, network or memory: remove it, or make the job a component

error: `memory_mb` means nothing to bash
 --> workspace/demo/namespace.toml:6:12
  |
6 | limits = { memory_mb = 16 }
  |            ^^^^^^^^^ `x` runs bash
  |
  = help: a bash job is trusted code and not kept from files, network or memory: remove it, or make the job a component
"#);
}

#[test]
fn github_rules() {
    let world = World::demo(
        TRUSTED,
        r##"
[jobs.deploy]
run_args_template = "./deploy {ref} {who}"
[[github]]
event = "Pull Request"
job_type = "deploy"
args = { ref = "ref", who = "/a~2", more = "/x" }
[[github]]
event = "push"
job_type = "deply"
channel = "tech"
[[github]]
event = "push"
job_type = "deploy"
channel = "tech"
args = { ref = "/ref" }
"##,
    );
    insta::assert_snapshot!(world.check(), @r#"
error: bad event `Pull Request`
 --> workspace/demo/namespace.toml:5:9
  |
5 | event = "Pull Request"
  |         ^^^^^^^^^^^^^^ GitHub sends no such thing
  |
  = help: lower-case words with `_` between them, for example `pull_request` and `closed`

error: `ref` is not a JSON pointer
 --> workspace/demo/namespace.toml:7:16
  |
7 | args = { ref = "ref", who = "/a~2", more = "/x" }
  |                ^^^^^ expected a JSON pointer
  |
  = help: for example `/pull_request/number`; `~` is written `~0`, a `/` in a key `~1`

error: `/a~2` is not a JSON pointer
 --> workspace/demo/namespace.toml:7:29
  |
7 | args = { ref = "ref", who = "/a~2", more = "/x" }
  |                             ^^^^^^ expected a JSON pointer
  |
  = help: for example `/pull_request/number`; `~` is written `~0`, a `/` in a key `~1`

error: the job `deploy` does not use `more`
 --> workspace/demo/namespace.toml:7:37
  |
3 | run_args_template = "./deploy {ref} {who}"
  |                     ---------------------- and not used here
...
7 | args = { ref = "ref", who = "/a~2", more = "/x" }
  |                                     ^^^^ given here
  |
  = help: add `{more}` to the template, or take it out here

error: unknown job `deply`
  --> workspace/demo/namespace.toml:10:12
   |
10 | job_type = "deply"
   |            ^^^^^^^ no job of this namespace
   |
   = help: did you mean `deploy`?

error: bad channel `tech`
  --> workspace/demo/namespace.toml:15:11
   |
15 | channel = "tech"
   |           ^^^^^^ not a channel
   |
   = help: a channel is `#name`, or an id that begins with C, G or D

error: the job `deploy` uses `who`, which is not given
  --> workspace/demo/namespace.toml:16:8
   |
 3 | run_args_template = "./deploy {ref} {who}"
   |                                     ----- used here
...
16 | args = { ref = "/ref" }
   |        ^^^^^^^^^^^^^^^^ does not give `who`
   |
   = help: add `who = "/…"` here, or take `{who}` out of the template
"#);
}

#[test]
fn warnings_do_not_refuse_the_start() {
    let world = World::demo(
        "[namespaces.demo]\ntrust = \"trusted\"\ngithub = { repos = [\"a/b\"] }\n[namespaces.dmo]\n[namespaces.lib]\n",
        "[jobs.deploy]\nrun_args_template = \"./deploy {what}\"\nreport_format = \"code\"\n",
    )
    .file("workspace/lib/x.py", "");
    assert_eq!(world.load().unwrap().problems.summary(), "4 warnings");
    insta::assert_snapshot!(world.check(), @r#"
warning: there is no namespace `dmo`
 --> innkeeper.toml:4:13
  |
4 | [namespaces.dmo]
  |             ^^^ these grants go to nobody
  |
  = help: did you mean `demo`?

warning: `workspace/lib` has no `namespace.toml`
 --> innkeeper.toml:5:13
  |
5 | [namespaces.lib]
  |             ^^^ these grants go to nobody
  |
  = help: write one, or remove these grants

warning: a merged pull request will not start `deploy`
 --> workspace/demo/namespace.toml:1:7
  |
1 | [jobs.deploy]
  |       ^^^^^^ takes `what`
  |
  = help: write a `[[github]]` rule with `args` for it

warning: `report_format` has no effect
 --> workspace/demo/namespace.toml:3:1
  |
3 | report_format = "code"
  | ^^^^^^^^^^^^^ stdout is not reported
  |
  = help: add `report_stdout = true`, or remove it
"#);
}

#[test]
fn files_that_cannot_be_read() {
    let world = World::demo("workspace = \"elsewhere\"", "");
    insta::assert_snapshot!(world.check(), @r#"
error: cannot read the workspace `elsewhere`: No such file or directory (os error 2)
 --> innkeeper.toml:1:13
  |
1 | workspace = "elsewhere"
  |             ^^^^^^^^^^^ expected a folder with a folder for each namespace
  |
  = help: make the folder, or name it with `workspace = "…"`
"#);
    std::fs::remove_file(world.path("innkeeper.toml")).unwrap();
    insta::assert_snapshot!(world.check(), @r#"
error: cannot read `innkeeper.toml`: No such file or directory (os error 2)
--> innkeeper.toml
 = help: make the file, or name another one
"#);

    let world = World::demo("", "").namespace("Bad_Name", "colour = 1");
    std::fs::write(world.path("workspace/demo/namespace.toml"), b"a = 1\n# \xff").unwrap();
    std::fs::create_dir_all(world.path("workspace/odd/namespace.toml")).unwrap();
    insta::assert_snapshot!(world.check(), @"
error: bad name `Bad_Name`
--> workspace/Bad_Name/namespace.toml
 = note: the folder's name is the namespace's
 = help: a namespace is a lower-case letter, then up to 31 lower-case letters, digits and `-`

error: unknown key `colour` at the top level
 --> workspace/Bad_Name/namespace.toml:1:1
  |
1 | colour = 1
  | ^^^^^^ not known here
  |
  = help: the keys at the top level are `description`, `restricted`, `default_channel`, `fabfile`, `needs`, `jobs`, `slack`, `github`, `schedule`, `keyword`, `hooks`, `services` and `checks`

error: `namespace.toml` is not UTF-8: a bad byte in line 2
--> workspace/demo/namespace.toml
 = help: save the file as UTF-8

error: `namespace.toml` is not a regular file
--> workspace/odd/namespace.toml
 = help: put a text file in its place
");
}

#[test]
fn a_component_that_no_run_has_room_for() {
    let world = World::demo(
        "max_guest_memory_mb = 32",
        "[jobs.x]\ncomponent = \"x.wasm\"\n[jobs.y]\ncomponent = \"x.wasm\"\n",
    )
    .file("workspace/demo/x.wasm", "component");
    insta::assert_snapshot!(world.check(), @r#"
error: `max_guest_memory_mb` leaves no room for one component
 --> innkeeper.toml:1:23
  |
1 | max_guest_memory_mb = 32
  |                       ^^ less than 64
  |
  = help: a component gets 64 MiB where `limits` says nothing else
"#);
}

#[test]
fn a_hostile_file_is_answered_in_bearable_time_and_length() {
    let keys: String = (0..15_000).map(|index| format!("k{index} = {index}\n")).collect();
    let world = World::demo("", &keys);
    let said = world.check();
    assert!(said.contains("… and 14900 more in"), "{}", said.len());
    let said = World::demo("", &format!("x = [{}]", "1,".repeat(30_000))).check();
    assert!(said.contains("there are more than 20000 values"), "{said}");
    let said = World::demo("", &format!("[{}]\nx = 1\n", "a".repeat(500_000))).check();
    assert!(said.contains("a key has more than 128 bytes"), "{}", said.len());
    let commands = "[[slack]]\ncommand = \"a [x] [y]\"\nhelp = \"\"\njob_type = \"x\"\n".repeat(4000);
    let said = World::demo("", &commands).check();
    assert!(said.contains("more than 250 of `[[slack]]`"), "{said}");
}

#[test]
fn a_granted_folder_holds_files_only() {
    let world = World::new(
        r#"[[namespaces.demo.files]]
host = "srv"
guest = "/g"
[[namespaces.demo.files]]
host = "/proc/self"
guest = "/p"
"#,
    )
    .namespace("demo", "")
    .file("srv/deep/x", "");
    let _socket = std::os::unix::net::UnixListener::bind(world.path("srv/deep/socket")).unwrap();
    let shown = world.check().replace(&world.path("").display().to_string(), "…/");
    insta::assert_snapshot!(shown, @r#"
warning: `srv` holds something that is no file
 --> innkeeper.toml:2:8
  |
2 | host = "srv"
  |        ^^^^^ `srv/deep/socket` is a pipe, a socket or a device
  |
  = help: a component that opens it waits until its time is over, and a thread of the host with it: move it

error: a files grant reaches the kernel's own files
 --> innkeeper.toml:5:8
  |
5 | host = "/proc/self"
  |        ^^^^^^^^^^^^ `/proc/self` lies in `/proc`
  |
  = help: grant a folder that is apart from what the host itself lives on
"#);
}

#[test]
fn a_folder_inside_one_that_guests_may_write_to_is_not_granted() {
    let host = "[[namespaces.demo.files]]\nhost = 'srv'\nguest = '/srv'\nwrite = true\n\
                [[namespaces.other.files]]\nhost = 'srv/inner'\nguest = '/data'\n";
    let world = World::demo(host, "").namespace("other", "").file("srv/inner/x", "");
    let said = world.check();
    assert!(
        said.contains("`srv/inner` is granted inside a folder that guests may write to"),
        "{said}"
    );
    let apart = host.replace("srv/inner", "apart");
    let world = World::demo(&apart, "")
        .namespace("other", "")
        .file("srv/x", "")
        .file("apart/x", "");
    assert_eq!(world.check(), "");
}

#[test]
fn fabfiles() {
    let world = World::new(
        r##"
[namespaces.demo]
trust = "trusted"
[namespaces.kept-from]
trust = "trusted"
fabfile = false
[namespaces.stranger]
fabfile = true
"##,
    )
    .namespace(
        "demo",
        "fabfile = \"http://example.com/fabfile.py\"\n[needs]\nfabfile = true\n[jobs.x]\nrun_args_template = \"true\"\n",
    )
    .namespace(
        "kept-from",
        "fabfile = \"https://example.com/fabfile.py\"\n[jobs.x]\nrun_args_template = \"true\"\n",
    )
    .namespace(
        "stranger",
        "fabfile = \"https://example.com/fabfile.py\"\n[jobs.x]\ncomponent = \"x.wasm\"\n",
    )
    .file("workspace/stranger/x.wasm", "component");
    insta::assert_snapshot!(world.check(), @r#"
error: a fabfile is granted to an untrusted namespace
 --> innkeeper.toml:8:11
  |
8 | fabfile = true
  |           ^^^^ for trusted namespaces only
  |
  = help: take `fabfile` away: only bash jobs use one, and bash needs `trust = "trusted"`

error: `fabfile` cannot be fetched from there: without TLS somebody on the way could change what is run: `http://` is for addresses of this machine, such as `http://127.0.0.1:8000/…`
 --> workspace/demo/namespace.toml:1:11
  |
1 | fabfile = "http://example.com/fabfile.py"
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected the address of a file
  |
  = help: for example `https://raw.githubusercontent.com/owner/name/main/fabfile.py`

error: unknown key `fabfile` in `[needs]`
 --> workspace/demo/namespace.toml:3:1
  |
3 | fabfile = true
  | ^^^^^^^ not known here
  |
  = help: `fabfile` belongs at the top of the file, before the first `[table]`

error: need not granted: fabfile
 --> workspace/kept-from/namespace.toml:1:1
  |
1 | fabfile = "https://example.com/fabfile.py"
  | ^^^^^^^ fetched before bash jobs
  |
 ::: innkeeper.toml:6:11
  |
6 | fabfile = false
  |           ----- all that is granted
  |
  = help: to grant it, let `[namespaces.kept-from]` in `innkeeper.toml` say
          fabfile = true

warning: `fabfile` has no effect: no job of `stranger` runs bash
 --> workspace/stranger/namespace.toml:1:1
  |
1 | fabfile = "https://example.com/fabfile.py"
  | ^^^^^^^ only bash jobs see it
  |
  = help: remove it
"#);
    let world = World::demo(
        TRUSTED,
        "fabfile = \"https://example.com/fabfile.py\"\n[jobs.x]\ncomponent = \"x.wasm\"\n",
    )
    .file("workspace/demo/x.wasm", "component")
    .namespace("nobody", "fabfile = \"https://example.com/fabfile.py\"\n");
    insta::assert_snapshot!(world.check(), @r#"
warning: `fabfile` has no effect: no job of `demo` runs bash
 --> workspace/demo/namespace.toml:1:1
  |
1 | fabfile = "https://example.com/fabfile.py"
  | ^^^^^^^ only bash jobs see it
  |
  = help: remove it

error: need not granted: fabfile
 --> workspace/nobody/namespace.toml:1:1
  |
1 | fabfile = "https://example.com/fabfile.py"
  | ^^^^^^^ fetched before bash jobs
 ::: innkeeper.toml
  = note: `nobody` is not named here, so it has the untrusted defaults
  = help: to grant it, add to `innkeeper.toml`
          [namespaces.nobody]
          trust = "trusted"
"#);
}
