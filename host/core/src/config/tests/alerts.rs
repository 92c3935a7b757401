//! What is said about alerts: what becomes of it, and what is wrong with it.

use std::time::Duration;

use super::{ByContent, World};
use crate::alert::rota::{Duty, Rotation};
use crate::alert::{CheckRules, Importance, KeepsUp, Rules};
use crate::config::{
    CalendarSource, Comparison, ComponentSource, Config, Expectation, HttpProbe, Loaded, MetricProbe, Probe, Problems,
    Program,
};
use crate::schedule::{Missed, When};

const HOST: &str = r#"
timezone = "Europe/London"
[plugins.slack]
component = "slack.wasm"
[plugins.sms]
component = "oci://ghcr.io/owner/sms:1.0"
settings = { from = "+44" }
secrets = { token = "SMS_TOKEN" }
http = ["api.sms.example"]
limits = { timeout_seconds = 5 }
[alerts]
alert_interval = "5m"
calendar = "https://calendar.example/rota.ics"
fallback = "Dan"
[[rota]]
people = ["Ann", "Bob"]
from = "2026-01-05 09:00"
[[rota.override]]
from = "2026-01-07"
until = "2026-01-08 12:00"
person = "Cat"
[namespaces.demo]
trust = "trusted"
"#;

const SERVICE: &str = r#"
[services.web]
name = "The web site"
url = "https://www.example.com"
runbook = "https://wiki.example.com/web"
checks = ["http", "backup"]
users_to_notify = ["Ann"]
alerts = ["sms", "slack"]
notification_interval = "1h"
[checks.http]
every = "1m"
importance = "critical"
debounce = 2
http = { url = "https://www.example.com/health", text = "(?i)ok", expires_within_days = 14, username = "u", password_secret = "WEB_PASSWORD" }
[checks.backup]
every = "12h"
active = false
[jobs.backup]
run_args_template = "true"
"#;

impl World {
    fn alerting(host: &str, namespace: &str) -> Self {
        Self::demo(host, namespace).file("slack.wasm", "plugin")
    }

    fn load_with_alerts(&self) -> Result<Loaded, Problems> {
        Config::load_what_runs(&self.path("innkeeper.toml"), &ByContent)
    }

    /// Every problem: `title | label | help`.
    fn problems_with_alerts(&self) -> Vec<String> {
        let problems = match self.load_with_alerts() {
            Ok(loaded) => loaded.problems,
            Err(problems) => problems,
        };
        // The component of `sms` is in a registry, and was never pulled.
        let problems = problems
            .iter()
            .filter(|problem| !problem.title().ends_with("was never pulled"));
        let said = problems.map(|problem| {
            let help = problem.advice().unwrap_or_default().replace('\n', " / ");
            format!("{} | {} | {help}", problem.title(), problem.place().label())
        });
        said.collect()
    }
}

#[test]
fn a_service_its_checks_and_its_plugins() {
    let world = World::alerting(HOST, SERVICE);
    let loaded = world.load_with_alerts().unwrap();
    assert_eq!(world.problems_with_alerts(), [""; 0]);
    let alerts = &loaded.config.alerts;
    let web = &alerts.services["web"];
    assert_eq!(
        (web.namespace.as_str(), web.title.as_deref()),
        ("demo", Some("The web site"))
    );
    assert_eq!(web.runbook.as_deref(), Some("https://wiki.example.com/web"));
    assert_eq!(web.users_to_notify, ["Ann"]);
    let plugins: Vec<&str> = web.plugins.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(plugins, ["slack", "sms"]);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let rules = Rules {
        alert_interval: minutes(5),
        notification_interval: minutes(60),
        ..Rules::default()
    };
    assert_eq!(web.rules, rules, "its own, the host's, and the defaults");
    let http = CheckRules {
        importance: Importance::Critical,
        debounce: 2,
        active: true,
    };
    assert_eq!(web.checks["http"], http);
    assert!(!web.checks["backup"].active);
    let services_of = |namespace: &str, check: &str| {
        let of = alerts
            .services
            .values()
            .filter(|service| service.namespace == namespace);
        of.filter(|service| service.checks.contains_key(check)).count()
    };
    assert_eq!(services_of("demo", "http"), 1);
    assert_eq!(services_of("other", "http"), 0);
    let sms = &alerts.plugins["sms"];
    assert_eq!(
        (sms.secrets["token"].as_str(), sms.limits.wall_time),
        ("SMS_TOKEN", Duration::from_secs(5))
    );
    assert!(matches!(sms.component, ComponentSource::Registry(_)));
    assert_eq!(
        (alerts.keep_results, alerts.keep_history),
        (20, Duration::from_secs(90 * 24 * 60 * 60))
    );
}

#[test]
fn what_checks_do() {
    let checks = r#"
[checks.web]
http = { url = "https://www.example.com/", verify = false }
[checks.db]
tcp = { address = "[::1]:5432", timeout = "2s" }
[checks.router]
ping = { host = "10.0.0.1" }
[checks.load]
prometheus = { url = "http://prometheus:9090", query = "avg(load)", expect = "< 0.9" }
[checks.queue]
graphite = { url = "https://graphite.example.com", query = "queue.length", expect = ">= 1", allowed_failures = 2 }
[checks.build]
github = { repo = "owner/name", workflow = "ci.yml", branch = "main" }
[checks.nightly]
jenkins = { url = "https://ci.example.com", job = "nightly", username = "u", token_secret = "CI_TOKEN", queued_for = "10m" }
"#;
    let world = World::alerting(HOST, checks);
    let loaded = world.load_with_alerts().unwrap();
    assert_eq!(world.problems_with_alerts(), [""; 0]);
    let probe = |name: &str| {
        loaded.config.alerts.checks[&("demo".to_owned(), name.to_owned())]
            .probe
            .clone()
            .unwrap()
    };
    let seconds = Duration::from_secs;
    let web = HttpProbe {
        url: "https://www.example.com/".into(),
        status: 200,
        text: None,
        timeout: seconds(30),
        verify: false,
        valid_for: None,
        login: None,
    };
    assert_eq!(probe("web"), Probe::Http(web));
    let db = Probe::Tcp {
        host: "::1".into(),
        port: 5432,
        timeout: seconds(2),
    };
    assert_eq!(probe("db"), db);
    let expect = Expectation {
        comparison: Comparison::Less,
        limit: 0.9,
    };
    let load = MetricProbe {
        url: "http://prometheus:9090".into(),
        query: "avg(load)".into(),
        expect,
        allowed_failures: 0,
        series: 1,
        timeout: seconds(30),
    };
    assert_eq!(probe("load"), Probe::Prometheus(load));
    assert!(matches!(probe("queue"), Probe::Graphite(metric) if metric.allowed_failures == 2));
    assert!(matches!(probe("build"), Probe::Github { branch: Some(branch), token: None, .. } if branch == "main"));
    let login = Some(("u".to_owned(), "CI_TOKEN".to_owned()));
    assert!(
        matches!(probe("nightly"), Probe::Jenkins { login: found, queued_for: Some(span), .. } if found == login && span == seconds(600))
    );
}

#[test]
fn a_heartbeat_has_a_webhook_and_the_host_is_looked_at_past_the_queue() {
    let checks = r#"
[checks.backup]
heartbeat = { within = "26h" }
[checks.innkeeper]
every = "30s"
host = { queue = "5m", schedule = "1m" }
"#;
    let host = HOST.replace(
        "[namespaces.demo]",
        "[namespaces.demo]\nhooks.backup = { secret = 'BACKUP_TOKEN', scheme = 'token' }",
    );
    let world = World::alerting(&host, checks);
    let loaded = world.load_with_alerts().unwrap();
    assert_eq!(world.problems_with_alerts(), [""; 0]);
    let check = |name: &str| loaded.config.alerts.checks[&("demo".to_owned(), name.to_owned())].clone();
    let (backup, innkeeper) = (check("backup"), check("innkeeper"));
    let within = Duration::from_secs(26 * 60 * 60);
    assert_eq!(
        (backup.probe.clone(), backup.every),
        (Some(Probe::Heartbeat { within }), Duration::from_secs(60))
    );
    let limits = KeepsUp {
        queue: Some(Duration::from_secs(300)),
        outbox: None,
        schedule: Some(Duration::from_secs(60)),
    };
    assert_eq!(innkeeper.probe, Some(Probe::Host(limits)));
    let demo = &loaded.config.namespaces["demo"];
    let hook = &demo.hooks["backup"];
    assert!(hook.beats);
    assert_eq!(
        (hook.job.as_str(), hook.grant.secret.as_str()),
        ("backup", "BACKUP_TOKEN")
    );
    let started: Vec<_> = demo.schedules.iter().map(|schedule| schedule.job.as_str()).collect();
    assert_eq!(
        started,
        ["backup"],
        "the clock of schedules does not start what watches it"
    );
}

#[test]
fn a_check_of_the_hosts_own_is_a_job_that_nothing_else_starts() {
    let check = "[checks.web]\nactive = false\nhttp = { url = 'https://a.example', timeout = '5s' }\n";
    let loaded = World::alerting(HOST, check).load_with_alerts().unwrap();
    let job = &loaded.config.namespaces["demo"].jobs["web"];
    assert_eq!(job.full_name(), "demo_web");
    assert!(matches!(&job.program, Program::Probe(Probe::Http(_))));
    assert_eq!(job.limits.wall_time, Duration::from_secs(5));
    assert!(!job.report.call_tech_support_on_error);

    for starts in [
        "[[slack]]\ncommand = 'look'\nhelp = 'Looks'\naction = 'schedule_job'\njob_type = 'web'\n",
        "[[schedule]]\nevery = '1h'\njob_type = 'web'\n",
    ] {
        let problems = World::alerting(HOST, &format!("{check}{starts}")).load_with_alerts();
        let problems = problems.unwrap_err().to_string();
        assert!(problems.contains("unknown job `web`"), "{problems}");
    }
}

#[test]
fn active_checks_are_started_by_the_clock_at_a_place_of_their_own() {
    let loaded = World::alerting(HOST, SERVICE).load_with_alerts().unwrap();
    let schedules = &loaded.config.namespaces["demo"].schedules;
    let shown: Vec<_> = schedules
        .iter()
        .map(|schedule| (schedule.job.as_str(), schedule.written.as_str()))
        .collect();
    assert_eq!(shown, [("http", "every 1m")], "the other one is not active");
    assert!(matches!(schedules[0].when, When::Spread { every, .. } if every == Duration::from_secs(60)));
    assert_eq!(
        (schedules[0].missed, schedules[0].channel.as_deref()),
        (Missed::Skip, None)
    );
}

#[test]
fn who_is_on_duty() {
    let alerts = World::alerting(HOST, SERVICE).load_with_alerts().unwrap().config.alerts;
    assert_eq!(
        alerts.calendar,
        Some(CalendarSource::Url("https://calendar.example/rota.ics".into()))
    );
    assert_eq!(alerts.fallback.as_deref(), Some("Dan"));
    let on = |now: &str| {
        let now = now.parse::<jiff::Timestamp>().unwrap().into();
        let shifts = alerts.rota.iter().flat_map(|rotation: &Rotation| rotation.around(now));
        Duty::at(now, shifts).officers().join(" ")
    };
    assert_eq!(on("2026-01-05T08:00:00Z"), "");
    assert_eq!(
        (on("2026-01-05T09:00:00Z"), on("2026-01-07T00:00:00Z")),
        ("Ann".into(), "Cat".into())
    );
    assert_eq!(
        (on("2026-01-08T12:00:00Z"), on("2026-01-12T09:00:00Z")),
        ("Ann".into(), "Bob".into())
    );
    let secret = HOST.replace(
        "calendar = \"https://calendar.example/rota.ics\"",
        "calendar_secret = \"ROTA_URL\"",
    );
    let alerts = World::alerting(&secret, "").load_with_alerts().unwrap().config.alerts;
    assert_eq!(alerts.calendar, Some(CalendarSource::Secret("ROTA_URL".into())));
}

/// What is wrong in a namespace that is trusted, and what is said of it.
const MISTAKES: &[(&str, &[&str])] = &[
    (
        "[services.Web]\nchecks = ['a']",
        &[
            "bad name `Web` | cannot be a service | a service is a lower-case letter, then up to 63 lower-case letters, digits, `-` and `_`",
        ],
    ),
    (
        "[services.web]",
        &[
            "a service without checks | nothing could ever fail | name some of `[checks]`, for example `checks = [\"http\"]`",
        ],
    ),
    (
        "[services.web]\nchecks = ['aa', 'a', 'a']",
        &[
            "unknown check `aa` | not under `[checks]` | did you mean `a`?",
            "the check `a` twice | once is enough | remove one of them",
        ],
    ),
    (
        "[services.web]\nchecks = ['a']\nalerts = ['slak', 'slack', 'slack', 'pager']",
        &[
            "unknown plugin `slak` | not under `[plugins]` of `innkeeper.toml` | did you mean `slack`?",
            "the plugin `slack` twice | once is enough | remove one of them",
            "unknown plugin `pager` | not under `[plugins]` of `innkeeper.toml` | there are `slack` and `sms`",
        ],
    ),
    (
        "[services.web]\nchecks = ['a']\nurl = 'www.example.com'\nrunbook = 'https://u:p@example.com'\nusers_to_notify = [' ']",
        &[
            "`www.example.com` is no address | expected an address | for example `https://example.com/health`",
            "`https://u:p@example.com` is no address | expected an address | a password never stands in a configuration file: take what is before the `@` out",
            "a user without a name | expected a name | write the name of a user, or remove it",
        ],
    ),
    (
        "[services.web]\nchecks = ['a']\nalert_interval = '30s'\nacknowledgement_expiry = 'soon'",
        &[
            "`alert_interval` is too short | from `1m` to `744h` | ",
            "`soon` is no span of time | expected a span of time | for example `30s`, `5m` or `1h 30m`; what is longer is written in hours, `48h`",
        ],
    ),
    (
        "[checks.b]\n[checks.jo]\n[checks.J]\nhttp = { url = 'https://a.example' }",
        &[
            "the check `b` does nothing | no job, and nothing that it does | write the job `[jobs.b]`, or what it does, for example `http = { url = \"https://example.com\" }`",
            "the check `jo` does nothing | no job, and nothing that it does | did you mean the job `job`?",
            "bad name `J` | cannot be a check | a check is a lower-case letter, then up to 63 lower-case letters, digits, `-` and `_`",
        ],
    ),
    (
        "[checks.job]\nping = { host = 'a' }\n[checks.b]\nping = { host = 'a' }\ntcp = { address = 'a:1' }",
        &[
            "the check `job` is a job, and something else | this one, or | give the check another name, or take this key out",
            "the check `b` does two things | this one, or | write two checks, or remove one of them",
        ],
    ),
    (
        "[checks.asks]\n[jobs.asks]\nrun_args_template = 'echo {name}'",
        &[
            "the job `asks` uses `name`, which a check does not give | runs without arguments | take `{name}` out of its template",
        ],
    ),
    (
        "[checks.b]\nevery = '1s'\nimportance = 'fatal'\ndebounce = 2000\nping = { host = '-f', timeout = '1h' }",
        &[
            "`every` is too short | from `10s` to `24h` | ",
            "`fatal` is not a value of `importance` | expected `warning`, `error` or `critical` | ",
            "`debounce` is too large | must be at most 1000 | ",
            "`timeout` is too long | from `1s` to `5m` | ",
            "`-f` is no host | expected a name or an address | for example `db.example.com` or `10.0.0.5`",
        ],
    ),
    (
        "[checks.b]\ntcp = { address = 'db.example.com' }\n[checks.c]\ntcp = { }",
        &[
            "`db.example.com` is no address | expected a host and a port | for example `db.example.com:5432` or `[::1]:5432`",
            "`[checks.c.tcp]` has no `address` | add `address` | `address`: where to, `host:port`",
        ],
    ),
    (
        "[checks.b]\nhttp = { url = 'http://a.example', text = '(', verify = false, expires_within_days = 3, username = 'u' }",
        &[
            "`verify` has no effect for `http://` | there is no certificate | remove it",
            "`expires_within_days` has no effect for `http://` | there is no certificate | remove it",
            "`text` is no regular expression | expected a regular expression | unclosed group",
            "`expires_within_days` has no effect with `verify = false` | of a certificate that is not looked at | remove one of them",
            "`username` without `password_secret` | this one | write both, or none",
        ],
    ),
    (
        "[checks.b]\nhttp = { url = 'https://a.example', username = 'u', password_secret = 's3cret!' }\n[checks.c]\nhttp = { url = 'https://a.example', username = 'u', password_secret = 'SLACK_BOT_TOKEN' }",
        &[
            "bad variable `s3cret!` | not a variable | an environment variable is letters, digits and `_`, and begins with no digit",
            "`SLACK_BOT_TOKEN` is the host's own secret | no job gets this | give the job a secret of its own, under another name",
        ],
    ),
    (
        "[checks.b]\nprometheus = { url = 'https://a.example', query = ' ', expect = 'below 3' }",
        &[
            "an empty `query` | asks nothing | write what to ask for",
            "`below 3` is no limit | expected a comparison and a number | for example `< 0.9` or `>= 1`",
        ],
    ),
    (
        "[checks.b]\ngithub = { repo = 'name', workflow = '../ci.yml' }\n[checks.c]\njenkins = { url = 'https://a.example', job = '', token_secret = 'T', queued_for = '1s' }",
        &[
            "bad repository `name` | not a repository | a repository is `owner/name`",
            "`../ci.yml` is no workflow | expected the name of a file | for example `ci.yml`",
            "an empty `job` | expected the name of a job | write its name as Jenkins shows it",
            "`token_secret` without `username` | this one | write both, or none",
            "`queued_for` is too short | from `1m` to `168h` | ",
        ],
    ),
    (
        "[checks.b]\nheartbeat = { within = '1s' }\n[checks.c]\nheartbeat = { }\n[hooks.c]\njob_type = 'job'",
        &[
            "need not granted: the webhook `b` | nobody could prove who sent it | to grant it, add to `[namespaces.demo]` in `innkeeper.toml` / hooks.b = { secret = \"NAME_OF_A_SECRET\", scheme = \"token\" }",
            "`within` is too short | from `1m` to `9600h` | ",
            "`[checks.c.heartbeat]` has no `within` | add `within` | `within`: how long it may be silent, for example `26h`",
            "the webhook `c` has two meanings | this one, or | give the check, or the webhook, another name",
            "need not granted: the webhook `c` | nobody could prove who sent it | to grant it, add to `[namespaces.demo]` in `innkeeper.toml` / hooks.c = { secret = \"NAME_OF_A_SECRET\", scheme = \"token\" }",
            "need not granted: the webhook `c` | nobody could prove who sent it | to grant it, add to `[namespaces.demo]` in `innkeeper.toml` / hooks.c = { secret = \"NAME_OF_A_SECRET\", scheme = \"standard-webhooks\" }",
        ],
    ),
    (
        "[checks.b]\nhost = { }\n[checks.c]\nhost = { queue = '1ms', outbox = 'long' }",
        &[
            "an empty `host` | nothing to look at | write what is not to fall behind, for example `{ queue = \"5m\", outbox = \"10m\", schedule = \"1m\" }`",
            "`queue` is too short | from `1s` to `24h` | ",
            "`long` is no span of time | expected a span of time | for example `30s`, `5m` or `1h 30m`; what is longer is written in hours, `48h`",
        ],
    ),
];

#[test]
fn each_mistake_of_a_namespace_is_said_where_it_is() {
    for (text, expected) in MISTAKES {
        let text =
            format!("{text}\n[checks.a]\nping = {{ host = 'a.example' }}\n[jobs.job]\nrun_args_template = 'true'\n");
        let mut said = World::alerting(HOST, &text).problems_with_alerts();
        let mut expected: Vec<&str> = expected.to_vec();
        said.sort();
        expected.sort_unstable();
        assert_eq!(said, expected, "{text}");
    }
}

/// What is wrong in `innkeeper.toml`.
const HOST_MISTAKES: &[(&str, &[&str])] = &[
    (
        "[alerts]\nalert_interval = '10'\nkeep_results = 0\nfallback = ''",
        &[
            "`10` is no span of time | expected a span of time | for example `30s`, `5m` or `1h 30m`; what is longer is written in hours, `48h`",
            "`keep_results` is too small | must be at least 1 | ",
            "a user without a name | expected a name | write the name of a user, or remove it",
        ],
    ),
    (
        "[alerts]\ncalendar = 'rota.ics'\ncalendar_secret = 'ROTA'",
        &["`calendar` and `calendar_secret` | this one, or | remove one of them: there is one calendar"],
    ),
    (
        "[alerts]\ncalendar = 'rota.ics'",
        &[
            "there is no calendar `rota.ics` | expected an address, or a file that is there | for example `https://calendar.example.com/rota.ics`, or `rota.ics` beside this file",
        ],
    ),
    (
        "[alerts]\ncalendar = 'webcal://calendar.example'",
        &["`webcal://calendar.example` is no address | expected an address | for example `https://example.com/health`"],
    ),
    (
        "[alerts]\ncalendar_secret = 'https://calendar.example/private'",
        &[
            "bad variable `https://calendar.example/private` | not a variable | an environment variable is letters, digits and `_`, and begins with no digit",
        ],
    ),
    (
        "[[rota]]\npeople = []\nfrom = '2026-01-05'\n[[rota]]\npeople = ['']\nfrom = 'Monday'\ntimezone = 'Europe/Londn'\ndays = 0",
        &[
            "a rota without people | nobody would be on duty | name users, for example `[\"Ann\", \"Bob\"]`",
            "a user without a name | expected a name | write the name of a user, or remove it",
            "`Monday` is no moment | expected a day and a time | for example `2026-01-05 09:00`, in quotes",
            "unknown time zone `Europe/Londn` | not in the time zone database | did you mean `Europe/London`?",
            "`days` is too small | must be at least 1 | ",
        ],
    ),
    (
        "[[rota]]\npeople = ['Ann']\nfrom = '2026-01-05'\noverride = [{ from = '2026-01-06', until = '2026-01-06', person = 'Bob' }]",
        &["an override that ends before it begins | not after `from` | write the later time here"],
    ),
    (
        "[plugins.Slack]\ncomponent = 'gone.wasm'\n[plugins.b]\ncomponent = 'http://a.example/x.wasm'\n[plugins.c]",
        &[
            "`[plugins.c]` has no `component` | add `component` | `component`: a WebAssembly component of the world `alert`: a file, relative to this one, or one in a registry, / `oci://HOST/NAME:TAG`",
            "`http://a.example/x.wasm` names no component in a registry | only `oci://` leads to a registry | for example `oci://ghcr.io/owner/name:1.0`",
            "bad name `Slack` | cannot be a plugin | a plugin is a lower-case letter, then up to 63 lower-case letters, digits, `-` and `_`",
            "there is no component `gone.wasm` | not a file that is there | build it, or name the file relative to this one",
        ],
    ),
    (
        "max_guest_memory_mb = 50\n[plugins.a]\ncomponent = 'slack.wasm'\nsettings = { token = 'x' }\nsecrets = { token = 'T', other = 'a b' }\nhttp = ['ftp://a']\nlimits = { memory_mb = 60 }",
        &[
            "bad variable `a b` | not a variable | an environment variable is letters, digits and `_`, and begins with no digit",
            "the setting `token` has two values | this one, or | remove one of them",
            "bad host for HTTP `ftp://a` | not a host for HTTP | only `https://` and `http://` can be in front; for example `api.example.com/v1` or `http://10.0.0.5:8080`",
            "`memory_mb` is beyond `max_guest_memory_mb` | more than 50 | the plugin could never be called: lower it, or raise `max_guest_memory_mb`",
        ],
    ),
];

#[test]
fn each_mistake_of_the_host_s_owner_is_said_where_it_is() {
    for (text, expected) in HOST_MISTAKES {
        let mut said = World::alerting(text, "").problems_with_alerts();
        let mut expected: Vec<&str> = expected.to_vec();
        said.sort();
        expected.sort_unstable();
        assert_eq!(said, expected, "{text}");
    }
}

#[test]
fn a_stranger_pages_nobody_and_asks_nothing_that_was_not_granted() {
    let stranger = |grants: &str, text: &str| {
        let host = format!("{HOST}[namespaces.guest]\n{grants}\n");
        World::alerting(&host, "")
            .namespace("guest", text)
            .problems_with_alerts()
    };
    let service =
        "[services.mine]\nchecks = ['a']\nalerts = ['sms']\n[checks.a]\nhttp = { url = 'https://a.example/x' }\n";
    assert_eq!(
        stranger("", service),
        [
            "need not granted: notify `sms` | pages people | to grant it, add to `[namespaces.guest]` in `innkeeper.toml` / notify = [\"sms\"]",
            "need not granted: triggers `schedule` | a check needs this trigger | to grant it, add to `[namespaces.guest]` in `innkeeper.toml` / triggers = [\"slack\", \"schedule\"]",
            "need not granted: http `a.example` | asks it | to grant it, add to `[namespaces.guest]` in `innkeeper.toml` / http = [\"a.example\"]",
        ]
    );
    let granted = "triggers = ['schedule']\nnotify = ['sms']\nhttp = ['a.example/x']";
    assert_eq!(stranger(granted, service), [""; 0]);
    let asks_for_less = format!("[needs]\nnotify = []\n{service}");
    assert_eq!(
        stranger(granted, &asks_for_less),
        ["need not granted: notify `sms` | pages people | add `\"sms\"` to it"]
    );
    assert_eq!(
        stranger(granted, "[needs]\nnotify = ['slack']\n"),
        [
            "need not granted: notify `slack` | needs a grant of this plugin | to grant it, let `[namespaces.guest]` in `innkeeper.toml` say / notify = [\"slack\", \"sms\"]"
        ]
    );
    let raw = "[checks.a]\ntcp = { address = 'db:1' }\n[checks.b]\nping = { host = 'db' }\n[checks.c]\nhttp = { url = 'https://a.example/x', username = 'u', password_secret = 'P' }\n[checks.d]\nhttp = { url = 'https://a.example/y' }\n[checks.e]\nhost = { queue = '5m' }\n[checks.f]\nheartbeat = { within = '1h' }\n";
    let said = stranger(granted, raw);
    let titles: Vec<&str> = said.iter().map(|said| said.split(" | ").next().unwrap()).collect();
    assert_eq!(
        titles,
        [
            "TCP connections of an untrusted namespace",
            "pings of an untrusted namespace",
            "need not granted: env `P`",
            "need not granted: http `a.example`",
            "a look at the host of an untrusted namespace",
            "need not granted: triggers `hook`",
            "need not granted: the webhook `f`",
        ]
    );
}

#[test]
fn the_account_says_by_which_plugins_a_namespace_notifies_people() {
    let notify = |grants: &str, needs: &str| {
        let host = format!("{HOST}[namespaces.guest]\n{grants}\n");
        let loaded = World::alerting(&host, "").namespace("guest", needs).load_with_alerts();
        let accounts = loaded.unwrap().accounts;
        let mut lines = accounts["guest"].iter().filter(|line| line.key == "notify");
        lines.next().map(|line| (line.asks.clone(), line.gets.clone()))
    };
    assert_eq!(notify("", ""), None);
    assert_eq!(notify("notify = ['sms']", ""), Some((None, "sms".into())));
    assert_eq!(
        notify("notify = ['sms', 'slack']", "[needs]\nnotify = ['slack']\n"),
        Some((Some("slack".into()), "slack".into()))
    );
    assert_eq!(notify("trust = 'trusted'", ""), Some((None, "all".into())));
}

#[test]
fn a_service_has_its_name_alone_in_the_whole_workspace() {
    let service = "[services.web]\nchecks = ['a']\n[checks.a]\nhttp = { url = 'https://a.example' }\n";
    let host = "[namespaces.z]\ntrust = 'trusted'\n[namespaces.guest]\ntriggers = ['schedule']\nhttp = ['a.example']\n";
    let world = World::new(host).namespace("guest", service).namespace("z", service);
    let said = world.problems_with_alerts();
    assert_eq!(
        said,
        ["two services `web` | this one, and | give one of them another name: people say it without the namespace"]
    );
    // It is the stranger who is left out, whatever the names of the namespaces.
    let loaded = world.load_with_alerts().unwrap();
    assert_eq!(loaded.config.left_out, ["guest"]);
    assert_eq!(loaded.config.alerts.services["web"].namespace, "z");
}

#[test]
fn the_schemas_are_valid() {
    for schema in [crate::config::schema_host(), crate::config::schema_namespace()] {
        assert!(jsonschema::meta::is_valid(&schema));
        assert!(!schema.to_string().contains("null"), "{schema:#}");
    }
}

#[test]
fn a_plugin_s_component_is_an_alert_plugin_and_one_that_was_never_pulled_may_be() {
    let said = |component: &str| {
        let world = World::alerting("[plugins.a]\ncomponent = 'a.wasm'", "");
        world.file("a.wasm", component).problems_with_alerts()
    };
    assert_eq!(said("plugin"), [""; 0]);
    assert_eq!(
        said("component"),
        [
            "`a.wasm` is a job, not an alert plugin | exports no `send-alert` | name a component of the world `alert`; `innkeeper new alert NAME` begins one"
        ]
    );
    assert_eq!(
        said("format"),
        [
            "`a.wasm` is a report format, not an alert plugin | exports no `send-alert` | name a component of the world `alert`; `innkeeper new alert NAME` begins one"
        ]
    );
    assert_eq!(
        said("is no component"),
        ["`a.wasm` cannot run here | is no component | `innkeeper new alert NAME` writes a plugin that can"]
    );
    let problems = World::alerting(HOST, SERVICE).load_with_alerts().unwrap().problems;
    let titles: Vec<&str> = problems.iter().map(|problem| problem.title()).collect();
    assert_eq!(titles, ["`oci://ghcr.io/owner/sms:1.0` was never pulled"]);
}

#[test]
fn an_alert_plugin_is_no_job() {
    let said = World::demo("", "[jobs.a]\ncomponent = 'a.wasm'\n")
        .file("workspace/demo/a.wasm", "plugin")
        .problems_with_alerts();
    assert!(
        said[0].starts_with("`a.wasm` is an alert plugin, not a job | exports `send-alert`, not `run`"),
        "{said:?}"
    );
}
