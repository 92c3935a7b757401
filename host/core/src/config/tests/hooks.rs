//! Webhooks: what is granted in `innkeeper.toml`, what is made of it in `namespace.toml`, and what is said of mistakes.

use std::time::Duration;

use super::{TRUSTED, World};
use crate::config::secrets::hidden_variables;
use crate::config::{Encoding, HookScheme};

const JOB: &str = "default_channel = '#team'\n[jobs.note]\nrun_args_template = 'echo {title}'\n";

#[test]
fn a_hook_has_its_grant_and_its_defaults() {
    let host = format!(
        "{TRUSTED}hooks.sentry = {{ secret = 'SENTRY_SECRET', scheme = 'hmac-sha256', header = 'Sentry-Hook-Signature' }}\n\
         hooks.shop = {{ secret = 'SHOP_SECRET', scheme = 'standard-webhooks' }}\n"
    );
    let hooks = "[hooks.sentry]\njob_type = 'note'\nargs = { title = '/event/title' }\n[hooks.shop]\njob_type = 'note'\nargs \
                 = { title = '/type' }\nwait = '10s'\nchannel = '#shop'\n";
    let world = World::demo(&host, &format!("{JOB}{hooks}"));
    let config = world.config();
    let hooks = &config.namespaces["demo"].hooks;
    let sentry = &hooks["sentry"];
    assert_eq!(sentry.grant.secret, "SENTRY_SECRET");
    let scheme = HookScheme::HmacSha256 {
        header: "Sentry-Hook-Signature".into(),
        prefix: String::new(),
        encoding: Encoding::Hex,
    };
    assert_eq!((&sentry.grant.scheme, sentry.wait), (&scheme, None));
    assert_eq!(sentry.channel.as_deref(), Some("#team"));
    assert_eq!(hooks["shop"].wait, Some(Duration::from_secs(10)));
    let accounts = &world.load().unwrap().accounts["demo"];
    let account = accounts.iter().find(|line| line.key == "hooks").unwrap();
    assert_eq!(
        (account.asks.as_deref(), account.gets.as_str()),
        (Some("sentry, shop"), "sentry, shop")
    );
    let hidden = hidden_variables(&config);
    assert!(
        hidden.contains("SENTRY_SECRET") && hidden.contains("SHOP_SECRET_FILE"),
        "{hidden:?}"
    );
}

#[test]
fn mistakes_in_grants_of_hooks() {
    let host = r#"[namespaces.demo]
triggers = ["slack"]
[namespaces.demo.hooks]
a = { secret = "s3cr3t-value", scheme = "token", prefix = "x" }
b = { secret = "B", scheme = "hmac-sha256" }
c = { secret = "C", scheme = "github", header = "X-Mine" }
d = { secret = "D", scheme = "hmac-sha512" }
e = { scheme = "token", header = "X Mine" }
"Bad Name" = { secret = "F", scheme = "stripe" }
"#;
    insta::assert_snapshot!(World::demo(host, "").check(), @r#"
error: webhooks are granted, the trigger `hook` is not
 --> innkeeper.toml:3:18
  |
3 | [namespaces.demo.hooks]
  |                  ^^^^^ no webhook would start anything
  |
  = help: let `triggers` say `triggers = ["slack", "hook"]`

error: `secret` is not the name of an environment variable
 --> innkeeper.toml:4:16
  |
4 | a = { secret = "s3cr3t-value", scheme = "token", prefix = "x" }
  |                ^^^^^^^^^^^^^^ expected a name, not the secret itself
  |
  = help: an environment variable is letters, digits and `_`, and begins with no digit; the secret itself never stands in a configuration file

error: `prefix` has no effect for the scheme `token`
 --> innkeeper.toml:4:50
  |
4 | a = { secret = "s3cr3t-value", scheme = "token", prefix = "x" }
  |                                                  ^^^^^^ not used
  |
  = help: remove it

error: the scheme `hmac-sha256` has no `header`
 --> innkeeper.toml:5:5
  |
5 | b = { secret = "B", scheme = "hmac-sha256" }
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ add `header`
  |
  = help: name the header with the signature, for example `header = "X-Signature"`

error: `header` has no effect for the scheme `github`
 --> innkeeper.toml:6:40
  |
6 | c = { secret = "C", scheme = "github", header = "X-Mine" }
  |                                        ^^^^^^ not used
  |
  = help: remove it: the scheme says which headers count

error: `hmac-sha512` is not a value of `scheme`
 --> innkeeper.toml:7:30
  |
7 | d = { secret = "D", scheme = "hmac-sha512" }
  |                              ^^^^^^^^^^^^^ expected `standard-webhooks`, `github`, `stripe`, `slack`, `hmac-sha256` or `token`
  |
  = help: did you mean `hmac-sha256`?

error: `[namespaces.demo.hooks.e]` has no `secret`
 --> innkeeper.toml:8:5
  |
8 | e = { scheme = "token", header = "X Mine" }
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ add `secret`
  |
  = help: `secret`: the name of the environment variable or credential with the secret

error: bad name `Bad Name`
 --> innkeeper.toml:9:1
  |
9 | "Bad Name" = { secret = "F", scheme = "stripe" }
  | ^^^^^^^^^^ cannot be a hook
  |
  = help: a hook is a lower-case letter, then up to 63 lower-case letters, digits, `-` and `_`
"#);
}

#[test]
fn mistakes_in_hooks() {
    let host = "[namespaces.demo]\ntrust = 'trusted'\nhooks.a = { secret = 'A', scheme = 'token' }\n";
    let hooks = r#"[hooks.a]
job_type = "note"
args = { title = "event/title", body = "/body" }
wait = "2m"
[hooks.b]
job_type = "note"
args = { title = "/title" }
delay_seconds = 30
wait = "20s"
[hooks.C]
job_type = "note"
"#;
    insta::assert_snapshot!(World::demo(host, &format!("{JOB}{hooks}")).check(), @r#"
error: `event/title` is not a JSON pointer
 --> workspace/demo/namespace.toml:6:18
  |
6 | args = { title = "event/title", body = "/body" }
  |                  ^^^^^^^^^^^^^ expected a JSON pointer
  |
  = help: for example `/pull_request/number`; `~` is written `~0`, a `/` in a key `~1`

error: the job `note` does not use `body`
 --> workspace/demo/namespace.toml:6:33
  |
3 | run_args_template = 'echo {title}'
  |                     -------------- and not used here
...
6 | args = { title = "event/title", body = "/body" }
  |                                 ^^^^ given here
  |
  = help: add `{body}` to the template, or take it out here

error: `wait` is too long
 --> workspace/demo/namespace.toml:7:8
  |
7 | wait = "2m"
  |        ^^^^ from `1s` to `1m`

error: need not granted: the webhook `b`
 --> workspace/demo/namespace.toml:8:8
  |
8 | [hooks.b]
  |        ^ nobody could prove who sent it
  |
 ::: innkeeper.toml:3:1
  |
3 | hooks.a = { secret = 'A', scheme = 'token' }
  | ----- all that is granted
  |
  = help: to grant it, add to `[namespaces.demo]` in `innkeeper.toml`
          hooks.b = { secret = "NAME_OF_A_SECRET", scheme = "standard-webhooks" }

error: `wait` is shorter than `delay_seconds`
  --> workspace/demo/namespace.toml:12:8
   |
12 | wait = "20s"
   |        ^^^^^ over before the job may start
   |
   = help: remove one of them, or wait longer

error: bad name `C`
  --> workspace/demo/namespace.toml:13:8
   |
13 | [hooks.C]
   |        ^ cannot be a hook
   |
   = help: a hook is a lower-case letter, then up to 63 lower-case letters, digits, `-` and `_`
"#);
}

#[test]
fn a_job_never_sees_a_secret_that_signs_webhooks() {
    let host = "[namespaces.demo]\ntrust = 'trusted'\nenv = ['A']\nhooks.a = { secret = 'A', scheme = 'token' }\n";
    insta::assert_snapshot!(World::demo(host, "").check(), @r#"
error: `A` is the host's own secret
 --> innkeeper.toml:3:8
  |
3 | env = ['A']
  |        ^^^ no job gets this
  |
  = help: give the job a secret of its own, under another name
"#);
}
