//! `[[schedule]]`: what is made of right ones, and what is said of wrong ones.

use std::time::Duration;

use super::{TRUSTED, World};
use crate::schedule::{Missed, When};

const JOB: &str = "default_channel = '#team'\n[jobs.rota]\nrun_args_template = 'echo {who}'\n";

#[test]
fn a_schedule_has_its_defaults() {
    let host = format!("timezone = 'Europe/London'\n{TRUSTED}");
    let schedules = "[[schedule]]\ncron = '0 9 * * MON-FRI'\njob_type = 'rota'\nargs = { who = 'me' }\n[[schedule]]\nevery = \
                     '1h 30m'\njitter = '30s'\nmissed = 'skip'\njob_type = 'rota'\nargs = { who = 'you' }\nchannel = '#all'\n";
    let config = World::demo(&host, &format!("{JOB}{schedules}")).config();
    let [cron, every] = config.namespaces["demo"].schedules.as_slice() else {
        panic!("two schedules")
    };
    let When::Cron { zone, .. } = &cron.when else {
        panic!("{cron:?}")
    };
    assert_eq!(zone.iana_name(), Some("Europe/London"));
    assert_eq!((cron.jitter, cron.missed), (Duration::ZERO, Missed::RunOnce));
    assert_eq!(cron.channel.as_deref(), Some("#team"));
    assert_eq!(cron.arguments.get("who"), Some("me"));
    assert!(matches!(every.when, When::Every(span) if span == Duration::from_secs(90 * 60)));
    assert_eq!((every.jitter, every.missed), (Duration::from_secs(30), Missed::Skip));
    assert_eq!(
        (every.written.as_str(), every.channel.as_deref()),
        ("every 1h 30m", Some("#all"))
    );
    assert_ne!(cron.key, every.key);
}

#[test]
fn mistakes_in_schedules() {
    let schedules = r#"[[schedule]]
cron = "0 25 * * *"
timezone = "Europe/Londn"
job_type = "rota"
args = { who = "me" }
[[schedule]]
cron = "0 9 30 2 *"
job_type = "rota"
[[schedule]]
cron = "@daily"
every = "1d"
job_type = "rotta"
[[schedule]]
every = "1d"
jitter = "soon"
job_type = "rota"
args = { who = "me" }
[[schedule]]
every = "10ms"
timezone = "UTC"
missed = "run"
job_type = "rota"
args = { who = "me", whom = "you" }
[[schedule]]
every = "5m"
jitter = "5m"
job_type = "rota"
args = { who = "me" }
[[schedule]]
every = "5m"
job_type = "rota"
args = { who = "me" }
[[schedule]]
job_type = "rota"
args = { who = "me" }
"#;
    let world = World::demo(TRUSTED, &format!("{JOB}{schedules}"));
    insta::assert_snapshot!(world.check(), @r#"
error: `25` does not fit the field hour
 --> workspace/demo/namespace.toml:5:11
  |
5 | cron = "0 25 * * *"
  |           ^^
  |
  = help: hours are 0 to 23: `9`, `9,17`, `9-17`, `*/2`

error: unknown time zone `Europe/Londn`
 --> workspace/demo/namespace.toml:6:12
  |
6 | timezone = "Europe/Londn"
  |            ^^^^^^^^^^^^^^ not in the time zone database
  |
  = help: did you mean `Europe/London`?

error: the job `rota` uses `who`, which is not given
 --> workspace/demo/namespace.toml:9:1
  |
3 | run_args_template = 'echo {who}'
  |                           ----- used here
...
9 | [[schedule]]
  | ^^^^^^^^^^^^ does not give `who`
  |
  = help: add `who = "…"` here, or take `{who}` out of the template

warning: this schedule never starts anything
  --> workspace/demo/namespace.toml:10:8
   |
10 | cron = "0 9 30 2 *"
   |        ^^^^^^^^^^^^ no day is like this
   |
   = help: look at the days and the months: 30 February is in no year

error: `cron` and `every` in one schedule
  --> workspace/demo/namespace.toml:14:1
   |
13 | cron = "@daily"
   | ---- this one
14 | every = "1d"
   | ^^^^^ this one, or
   |
   = help: write two schedules, or remove one of them

error: unknown job `rotta`
  --> workspace/demo/namespace.toml:15:12
   |
15 | job_type = "rotta"
   |            ^^^^^^^ no job of this namespace
   |
   = help: did you mean `rota`?

error: `1d` is no span of time
  --> workspace/demo/namespace.toml:17:9
   |
17 | every = "1d"
   |         ^^^^ expected a span of time
   |
   = help: for example `30s`, `5m` or `1h 30m`; what is longer is written in hours, `48h`

error: `soon` is no span of time
  --> workspace/demo/namespace.toml:18:10
   |
18 | jitter = "soon"
   |          ^^^^^^ expected a span of time
   |
   = help: for example `30s`, `5m` or `1h 30m`; what is longer is written in hours, `48h`

error: `every` is too short
  --> workspace/demo/namespace.toml:22:9
   |
22 | every = "10ms"
   |         ^^^^^^ from `1s` to `744h`

error: `timezone` has no effect
  --> workspace/demo/namespace.toml:23:1
   |
23 | timezone = "UTC"
   | ^^^^^^^^ `every` has none
   |
   = help: remove it: an hour is an hour everywhere. Times of day take `cron`

error: `run` is not a value of `missed`
  --> workspace/demo/namespace.toml:24:10
   |
24 | missed = "run"
   |          ^^^^^ expected `run-once` or `skip`

error: the job `rota` does not use `whom`
  --> workspace/demo/namespace.toml:26:22
   |
 3 | run_args_template = 'echo {who}'
   |                     ------------ and not used here
...
26 | args = { who = "me", whom = "you" }
   |                      ^^^^ given here
   |
   = help: add `{whom}` to the template, or take it out here

error: `jitter` reaches over the next start
  --> workspace/demo/namespace.toml:29:10
   |
29 | jitter = "5m"
   |          ^^^^ as long as the time between two starts
   |
   = help: make it shorter than the time from one start to the next

error: the same schedule twice
  --> workspace/demo/namespace.toml:32:1
   |
27 | [[schedule]]
   | ------------ this one
...
32 | [[schedule]]
   | ^^^^^^^^^^^^ this one, and
   |
   = help: remove one of them: the job would start once all the same

error: a schedule that does not say when
  --> workspace/demo/namespace.toml:36:1
   |
36 | [[schedule]]
   | ^^^^^^^^^^^^ add `cron` or `every`
   |
   = help: for example `cron = "0 9 * * MON-FRI"` or `every = "5m"`
"#);
}

#[test]
fn a_schedule_needs_its_trigger() {
    let host = "[namespaces.demo]\ntrust = 'trusted'\ntriggers = ['slack']\n";
    let schedule = "[[schedule]]\nevery = '5m'\njob_type = 'rota'\nargs = { who = 'me' }\n";
    insta::assert_snapshot!(World::demo(host, &format!("{JOB}{schedule}")).check(), @r#"
error: need not granted: triggers `schedule`
 --> workspace/demo/namespace.toml:4:1
  |
4 | [[schedule]]
  | ^^^^^^^^^^^^ a schedule needs this trigger
  |
 ::: innkeeper.toml:3:12
  |
3 | triggers = ['slack']
  |            --------- all that is granted
  |
  = help: to grant it, let `[namespaces.demo]` in `innkeeper.toml` say
          triggers = ["slack", "schedule"]
"#);
    let host = "[namespaces.demo]\nchannels = ['#team']\ntriggers = ['schedule']\n";
    let component = "default_channel = '#team'\n[jobs.rota]\ncomponent = 'rota.wasm'\n";
    let world = World::demo(host, &format!("{component}{schedule}")).file("workspace/demo/rota.wasm", "component");
    assert_eq!(
        world.config().namespaces["demo"].schedules.len(),
        1,
        "of a stranger, too"
    );
}

#[test]
fn a_hostile_file_of_schedules_that_never_come_takes_little_time() {
    let never =
        "[[schedule]]\ncron = '* * 31 2,4,6,9,11 *'\njitter = '30s'\njob_type = 'rota'\nargs = { who = 'me' }\n";
    let world = World::demo(TRUSTED, &format!("{JOB}{}", never.repeat(250)));
    let began = std::time::Instant::now();
    let namespaces = world.load().unwrap().config.namespaces;
    assert!(namespaces["demo"].schedules.is_empty(), "nothing is left to wait for");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
