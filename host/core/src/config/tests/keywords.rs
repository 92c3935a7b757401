//! `[[keyword]]`: what is made of right ones, and what is said of wrong ones.

use super::{TRUSTED, World};
use crate::keyword::{Known, Part, Place, Rule};

const SUPPORT: &str = "[slack]\nsupport_channel = '#tech-support'\n";
const JOB: &str = "[jobs.note]\nrun_args_template = 'echo {who} {what}'\n";

#[test]
fn a_keyword_has_its_defaults() {
    let rules = "[[keyword]]\nwords = ['tech-support', 'IT help']\n[[keyword]]\npattern = 'bennett?-admins?'\nchannels = \
                 ['#ops', 'C0OPS']\nreaction = 'flamingo'\nsupport_channel = '#admins'\ntext = 'Help!'\ntimezone = \
                 'Europe/London'\nout_of_office = [{ from = '2026-12-24 18:00', until = '2027-01-02', text = 'Gone' }, { \
                 days = ['SAT', 'SUN'], hours = '18:00-24:00', text = 'Asleep' }]\njob_type = 'note'\nargs = { who = \
                 'user', what = 'text' }\n";
    let config = World::demo(&format!("{SUPPORT}{TRUSTED}"), &format!("{JOB}{rules}")).config();
    let [plain, full] = config.namespaces["demo"].keywords.as_slice() else {
        panic!("two rules")
    };
    assert_eq!(
        (plain.reaction.as_str(), plain.support_channel.as_str()),
        ("sos", "#tech-support")
    );
    assert!(plain.job.is_none() && plain.away.is_empty() && plain.text.is_none());
    assert_eq!(plain.keyword.find("some it  HELP here"), Some("it  HELP"));
    let listens = |rule: &Rule, id, name: Option<&str>| {
        let known = name.map(|name| Known { name, private: false });
        rule.listens_in(Place { id, known }, true)
    };
    assert_eq!(listens(plain, "C1", Some("tech")), Some(true));
    assert_eq!(listens(plain, "C1", Some("tech-support")), Some(false));
    assert_eq!(listens(plain, "C1", None), None, "it may be its support channel");
    assert_eq!(
        (full.reaction.as_str(), full.support_channel.as_str()),
        ("flamingo", "#admins")
    );
    assert_eq!(listens(full, "C0OPS", Some("x")), Some(true));
    assert_eq!(listens(full, "C1", Some("ops")), Some(true));
    assert_eq!(listens(full, "C1", Some("x")), Some(false));
    assert_eq!(listens(full, "C1", None), None, "it may be #ops");
    let job = full.job.as_ref().unwrap();
    assert_eq!(job.arguments, [("who".into(), Part::User), ("what".into(), Part::Text)]);
    let away = |moment: &str| full.away_at(moment.parse::<jiff::Timestamp>().unwrap().into());
    assert_eq!(away("2027-01-02T23:59:00Z"), Some("Gone"), "the last day belongs to it");
    assert_eq!(away("2027-01-03T18:00:00Z"), Some("Asleep"), "a Sunday evening");
    assert_eq!(away("2027-01-04T18:00:00Z"), None);
    assert_ne!(plain.key, full.key);
}

#[test]
fn mistakes_in_keywords() {
    let rules = r#"[[keyword]]
words = ["-x-"]
reaction = ":sos:"
channels = ["tech"]
text = " "
[[keyword]]
pattern = "(?=x)y"
words = ["x"]
[[keyword]]
pattern = "x?"
job_type = "notes"
[[keyword]]
args = { who = "user" }
[[keyword]]
words = ["help"]
job_type = "note"
args = { who = "usr", which = "text" }
[[keyword]]
words = ["help me"]
timezone = "UTC"
[[keyword]]
words = ["help me"]
[[keyword]]
words = ["help us"]
out_of_office = [
  { from = "tomorrow", text = "x" },
  { from = "2026-12-24", until = "2026-12-23", text = "x" },
  { days = ["Sat"], hours = "night" },
]
"#;
    let world = World::demo(&format!("{SUPPORT}{TRUSTED}"), &format!("{JOB}{rules}"));
    insta::assert_snapshot!(world.check(), @r#"
error: bad keyword
 --> workspace/demo/namespace.toml:4:10
  |
4 | words = ["-x-"]
  |          ^^^^^ it does not begin and end with a letter or a digit
  |
  = help: for example `tech-support`: letters and digits, with hyphens or spaces between them

error: bad reaction `:sos:`
 --> workspace/demo/namespace.toml:5:12
  |
5 | reaction = ":sos:"
  |            ^^^^^^^ not a reaction
  |
  = help: the name of an emoji without colons, for example `sos`

error: bad channel `tech`
 --> workspace/demo/namespace.toml:6:13
  |
6 | channels = ["tech"]
  |             ^^^^^^ not a channel
  |
  = help: a channel is `#name`, or an id that begins with C, G or D

error: bad `text`
 --> workspace/demo/namespace.toml:7:8
  |
7 | text = " "
  |        ^^^ says nothing

error: `words` and `pattern` in one rule
  --> workspace/demo/namespace.toml:9:1
   |
 9 | pattern = "(?=x)y"
   | ^^^^^^^ this one, or
10 | words = ["x"]
   | ----- this one
   |
   = help: write two rules, or remove one of them

error: bad `pattern`
  --> workspace/demo/namespace.toml:12:11
   |
12 | pattern = "x?"
   |           ^^^^ it matches nothing at all, and so every message
   |
   = help: a regular expression without look-around, for example `tech-?support|it-help`

error: unknown job `notes`
  --> workspace/demo/namespace.toml:13:12
   |
13 | job_type = "notes"
   |            ^^^^^^^ no job of this namespace
   |
   = help: did you mean `note`?

error: a keyword that does not say which word
  --> workspace/demo/namespace.toml:14:1
   |
14 | [[keyword]]
   | ^^^^^^^^^^^ add `words` or `pattern`
   |
   = help: for example `words = ["tech-support"]` or `pattern = 'tech-?support'`

error: `args` without `job_type`
  --> workspace/demo/namespace.toml:15:1
   |
15 | args = { who = "user" }
   | ^^^^ no job takes them
   |
   = help: name the job, or remove them

error: the job `note` uses `what`, which is not given
  --> workspace/demo/namespace.toml:19:8
   |
 2 | run_args_template = 'echo {who} {what}'
   |                                 ------ used here
...
19 | args = { who = "usr", which = "text" }
   |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ does not give `what`
   |
   = help: add `what = "text"` here, or take `{what}` out of the template

error: unknown part `usr`
  --> workspace/demo/namespace.toml:19:16
   |
19 | args = { who = "usr", which = "text" }
   |                ^^^^^ no part of a message
   |
   = help: did you mean `user`?

error: the job `note` does not use `which`
  --> workspace/demo/namespace.toml:19:23
   |
 2 | run_args_template = 'echo {who} {what}'
   |                     ------------------- and not used here
...
19 | args = { who = "usr", which = "text" }
   |                       ^^^^^ given here
   |
   = help: add `{which}` to the template, or take it out here

error: `timezone` has no effect
  --> workspace/demo/namespace.toml:22:1
   |
22 | timezone = "UTC"
   | ^^^^^^^^ there is no `out_of_office`
   |
   = help: remove it

error: the same keyword twice
  --> workspace/demo/namespace.toml:23:1
   |
20 | [[keyword]]
   | ----------- this one
...
23 | [[keyword]]
   | ^^^^^^^^^^^ this one, and
   |
   = help: remove one of them, or let them listen in different channels

error: `tomorrow` is no day
  --> workspace/demo/namespace.toml:28:12
   |
28 |   { from = "tomorrow", text = "x" },
   |            ^^^^^^^^^^ expected a day
   |
   = help: for example `"2026-12-24"` or `"2026-12-24 18:00"`

error: nobody is ever out of this office
  --> workspace/demo/namespace.toml:29:34
   |
29 |   { from = "2026-12-24", until = "2026-12-23", text = "x" },
   |                                  ^^^^^^^^^^^^ not after `from`
   |
   = help: let it end after it begins

error: `[[keyword.out_of_office]]` has no `text`
  --> workspace/demo/namespace.toml:30:3
   |
30 |   { days = ["Sat"], hours = "night" },
   |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ add `text`
   |
   = help: `text`: what who calls is told, in the thread of their message

error: bad day `Sat`
  --> workspace/demo/namespace.toml:30:13
   |
30 |   { days = ["Sat"], hours = "night" },
   |             ^^^^^ not a day
   |
   = help: days are `MON`, `TUE`, `WED`, `THU`, `FRI`, `SAT` and `SUN`

error: `night` are no hours
  --> workspace/demo/namespace.toml:30:29
   |
30 |   { days = ["Sat"], hours = "night" },
   |                             ^^^^^^^ expected two times
   |
   = help: for example `18:00-09:00`, which is from the evening to the next morning
"#);
}

#[test]
fn a_keyword_calls_somebody() {
    insta::assert_snapshot!(World::demo(TRUSTED, "[[keyword]]\nwords = ['help']\n").check(), @r#"
error: a keyword without a support channel
 --> workspace/demo/namespace.toml:1:1
  |
1 | [[keyword]]
  | ^^^^^^^^^^^ nobody would be called
  |
  = help: add `support_channel`, here or in `[slack]` of the host's file
"#);
}

#[test]
fn a_keyword_needs_its_trigger_and_its_channel() {
    let rule = "[[keyword]]\nwords = ['help']\nsupport_channel = '#admins'\n";
    insta::assert_snapshot!(World::demo("", rule).check(), @r##"
error: need not granted: triggers `keyword`
 --> workspace/demo/namespace.toml:1:1
  |
1 | [[keyword]]
  | ^^^^^^^^^^^ a keyword needs this trigger
 ::: innkeeper.toml
  = note: `demo` is not named here, so it has the untrusted defaults
  = help: to grant it, add to `innkeeper.toml`
          [namespaces.demo]
          triggers = ["slack", "keyword"]

error: need not granted: channels `#admins`
 --> workspace/demo/namespace.toml:3:19
  |
3 | support_channel = '#admins'
  |                   ^^^^^^^^^ needs a grant of this channel
 ::: innkeeper.toml
  = note: `demo` is not named here, so it has the untrusted defaults
  = help: to grant it, add to `innkeeper.toml`
          [namespaces.demo]
          channels = ["#admins"]
"##);
    let granted = "[namespaces.demo]\nchannels = ['#admins']\ntriggers = ['keyword']\n";
    assert_eq!(World::demo(granted, rule).config().namespaces["demo"].keywords.len(), 1);
    let to_the_host_s = "[[keyword]]\nwords = ['help']\n";
    let host = format!("{SUPPORT}[namespaces.demo]\ntriggers = ['keyword']\n");
    assert_eq!(
        World::demo(&host, to_the_host_s).config().namespaces["demo"]
            .keywords
            .len(),
        1,
        "the host's own support channel needs no grant"
    );
    let narrowed = format!("[needs]\ntriggers = ['slack']\n{to_the_host_s}");
    insta::assert_snapshot!(World::demo(&format!("{SUPPORT}{TRUSTED}"), &narrowed).check(), @r#"
error: need not granted: triggers `keyword`
 --> workspace/demo/namespace.toml:3:1
  |
2 | triggers = ['slack']
  |            --------- all that is asked for here
3 | [[keyword]]
  | ^^^^^^^^^^^ a keyword needs this trigger
  |
  = help: add `"keyword"` to it
"#);
}

#[test]
fn shared_channels_are_joined_only_besides_the_others() {
    let world = World::demo(&format!("{SUPPORT}join_shared_channels = true\n{TRUSTED}"), "");
    insta::assert_snapshot!(world.check(), @r#"
error: `join_shared_channels` has no effect
 --> innkeeper.toml:3:1
  |
3 | join_shared_channels = true
  | ^^^^^^^^^^^^^^^^^^^^ only besides `join_public_channels`
  |
  = help: add `join_public_channels = true`, or remove it
"#);
}
