//! Webhooks of a namespace's own. How a sender proves who it is stands in `[namespaces.X.hooks]`, since that is the host's
//! owner's to say; what follows, in `[hooks]` of the namespace.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::checks::{check_secret, check_span};
use super::commands::{Start, Written, check_pointers, check_start, report_trigger};
use super::given::Table;
use super::grants::triggers_line;
use super::model::{Hook, HookGrant, HookScheme, Job};
use super::names::{job_fault, tick};
use super::namespace::Room;
use super::problem::{Problem, Problems};
use super::raw::{RawGrants, RawHook, RawHookGrant, RawHookScheme};
use super::source::{Document, child};
use crate::request::Trigger;

/// How long a sender may wait. Most give up sooner by themselves.
const WAIT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// Checks what is granted to one namespace.
pub(super) fn check_grants(
    table: &Table<'_>,
    raw: &RawGrants,
    trigger_granted: bool,
    problems: &mut Problems,
) -> BTreeMap<String, HookGrant> {
    let document = &table.host.document;
    let at = table.at("hooks");
    if !raw.hooks.is_empty() && !trigger_granted {
        let have = raw.triggers.iter().flatten().map(|trigger| Trigger::from(*trigger));
        let have = match &raw.triggers {
            Some(_) => have.collect(),
            None => [Trigger::Slack].into(),
        };
        let line = triggers_line(&have, &[Trigger::Hook]);
        let place = document.key(&at, "no webhook would start anything");
        problems.push(
            Problem::error("webhooks are granted, the trigger `hook` is not", place)
                .help(format!("let `triggers` say {}", tick(&line))),
        );
    }
    let grants = raw.hooks.iter().filter_map(|(name, raw)| {
        let at = child(&at, name);
        check_name(document, &at, name, problems);
        Some((name.clone(), check_grant(table, &at, raw, problems)?))
    });
    grants.collect()
}

/// Whether a hook can be called `name`, which is part of an address.
fn check_name(document: &Document, at: &str, name: &str, problems: &mut Problems) -> bool {
    let Some(fault) = job_fault(name) else {
        return true;
    };
    let place = document.key(at, "cannot be a hook");
    let help = fault.replacen("a job", "a hook", 1);
    problems.push(Problem::error(format!("bad name {}", tick(name)), place).help(help));
    false
}

fn check_grant(table: &Table<'_>, at: &str, raw: &RawHookGrant, problems: &mut Problems) -> Option<HookGrant> {
    let document = &table.host.document;
    // What is missing was reported with the shape.
    let (secret, scheme) = (raw.secret.clone()?, raw.scheme?);
    check_secret(document, at, "secret", &secret, problems);
    let mut has_no = |key: &str, said: bool, help: &str| {
        if said {
            let place = document.key(&format!("{at}/{key}"), "not used");
            let title = format!("{} has no effect for the scheme {}", tick(key), tick(scheme.as_str()));
            problems.push(Problem::error(title, place).help(help));
        }
    };
    let signs_in_its_own_way = scheme == RawHookScheme::HmacSha256;
    has_no("prefix", raw.prefix.is_some() && !signs_in_its_own_way, "remove it");
    has_no("encoding", raw.encoding.is_some() && !signs_in_its_own_way, "remove it");
    let names_header = signs_in_its_own_way || scheme == RawHookScheme::Token;
    has_no(
        "header",
        raw.header.is_some() && !names_header,
        "remove it: the scheme says which headers count",
    );
    let header = raw.header.clone().filter(|_| names_header);
    if let Some(header) = header.as_deref().filter(|header| !is_header(header)) {
        let place = document.value(&format!("{at}/header"), "expected the name of a header");
        problems.push(
            Problem::error(format!("{} is no header", tick(header)), place)
                .help("letters, digits, `-` and `_`, for example `X-Signature`"),
        );
        return None;
    }
    let scheme = match scheme {
        RawHookScheme::StandardWebhooks => HookScheme::StandardWebhooks,
        RawHookScheme::Github => HookScheme::Github,
        RawHookScheme::Stripe => HookScheme::Stripe,
        RawHookScheme::Slack => HookScheme::Slack,
        RawHookScheme::Token => HookScheme::Token { header },
        RawHookScheme::HmacSha256 => {
            let Some(header) = header else {
                let place = document.value(at, "add `header`");
                problems.push(
                    Problem::error("the scheme `hmac-sha256` has no `header`", place)
                        .help("name the header with the signature, for example `header = \"X-Signature\"`"),
                );
                return None;
            };
            HookScheme::HmacSha256 {
                header,
                prefix: raw.prefix.clone().unwrap_or_default(),
                encoding: raw.encoding.unwrap_or_default(),
            }
        }
    };
    Some(HookGrant { secret, scheme })
}

fn is_header(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Checks the hooks of a namespace. Those with errors are left out.
pub(super) fn check(
    room: &Room<'_>,
    jobs: &BTreeMap<String, Job>,
    problems: &mut Problems,
) -> BTreeMap<String, Arc<Hook>> {
    let hooks = room.raw.hooks.iter();
    hooks
        .filter_map(|(name, raw)| Some((name.clone(), Arc::new(check_hook(room, name, raw, jobs, problems)?))))
        .collect()
}

fn check_hook(
    room: &Room<'_>,
    name: &str,
    raw: &RawHook,
    jobs: &BTreeMap<String, Job>,
    problems: &mut Problems,
) -> Option<Hook> {
    let at = child("/hooks", name);
    if !check_name(&room.document, &at, name, problems) {
        return None;
    }
    let args = check_pointers(room, &at, &raw.args, problems);
    let start = Start {
        at: &at,
        job_type: raw.job_type.as_deref(),
        trigger: Trigger::Hook,
        what: "a webhook",
        channel: raw.channel.as_deref(),
        given: args.iter().map(|(name, _)| name.as_str()).collect(),
        written: Written::AsPointer,
    };
    let job = check_start(room, &start, jobs, problems);
    let wait = match raw.wait.as_deref() {
        Some(wait) => Some(check_wait(room, &at, wait, raw.delay_seconds, problems)?),
        None => None,
    };
    let grant = granted(room, name, &at, "standard-webhooks", problems);
    Some(Hook {
        name: name.to_owned(),
        grant: grant?.clone(),
        job: job?.name.clone(),
        args,
        delay: Duration::from_secs(raw.delay_seconds),
        wait,
        channel: raw.channel.clone().or_else(|| room.raw.default_channel.clone()),
        beats: false,
    })
}

/// What the host's owner said of how the sender of a message proves who it is; `scheme` is what they are likely to want.
fn granted<'r>(
    room: &'r Room<'_>,
    name: &str,
    at: &str,
    scheme: &str,
    problems: &mut Problems,
) -> Option<&'r HookGrant> {
    let grant = room.given.hooks.get(name);
    if grant.is_none() {
        let place = room.document.key(at, "nobody could prove who sent it");
        let problem = Problem::error(format!("need not granted: the webhook {}", tick(name)), place);
        let line = format!("hooks.{name} = {{ secret = \"NAME_OF_A_SECRET\", scheme = \"{scheme}\" }}");
        room.report_refused(problem, "hooks", &line, problems);
    }
    grant
}

/// Checks that the messages of a heartbeat can arrive, at the address of a webhook with the check's name.
pub(super) fn check_heartbeat(room: &Room<'_>, name: &str, at: &str, problems: &mut Problems) {
    if !room.grants.triggers.contains(&Trigger::Hook) {
        report_trigger(room, at, "/needs/triggers", Trigger::Hook, "a heartbeat", problems);
    }
    granted(room, name, at, "token", problems);
    if room.raw.hooks.contains_key(name) {
        let place = room.document.key(at, "this one, or");
        problems.push(
            Problem::error(format!("the webhook {} has two meanings", tick(name)), place)
                .also(room.document.key(&child("/hooks", name), "this one"))
                .help("give the check, or the webhook, another name"),
        );
    }
}

/// Where the messages of a heartbeat arrive. None: nobody can send any.
pub(super) fn of_heartbeat(room: &Room<'_>, check: &str) -> Option<Hook> {
    Some(Hook {
        name: check.to_owned(),
        grant: room.given.hooks.get(check)?.clone(),
        job: check.to_owned(),
        args: Vec::new(),
        delay: Duration::ZERO,
        wait: None,
        channel: None,
        beats: true,
    })
}

fn check_wait(room: &Room<'_>, at: &str, wait: &str, delay_seconds: u64, problems: &mut Problems) -> Option<Duration> {
    let at = format!("{at}/wait");
    let wait = check_span(&room.document, &at, wait, &WAIT, problems)?;
    if wait <= Duration::from_secs(delay_seconds) {
        let place = room.document.value(&at, "over before the job may start");
        problems.push(
            Problem::error("`wait` is shorter than `delay_seconds`", place).help("remove one of them, or wait longer"),
        );
    }
    Some(wait)
}
