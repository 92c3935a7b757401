//! What follows from one delivery. Pure: headers and bytes in, orders or a reason out.

use std::borrow::Cow;
use std::cell::LazyCell;

use http::HeaderMap;
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Allowed;
use innkeeper_core::request::{Arguments, Bytes, GithubOrigin, NewAsking, NewRequest, Origin};
use serde_json::value::RawValue;
use url::form_urlencoded;

use super::{Answer, Argument, Hook, Refusal, Rule};
use crate::trigger::payload::{self, Pointer, Unfit, pick};
use crate::trigger::signature::{verify_sha1, verify_sha256};

pub(super) const DELIVERY: &str = "x-github-delivery";
pub(super) const EVENT: &str = "x-github-event";

/// A delivery id is a UUID and an event a word; this is generous, and keeps keys and logs short.
const LONGEST_NAME: usize = 100;

/// What follows from a delivery that was authenticated and understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing has to be kept.
    Answer(Answer),
    /// What to hand to the intake: an asking for each channel that hears of it.
    Orders(Vec<(NewAsking, Vec<NewRequest>)>),
}

/// Decides, in this order: who sent it, whether it is a delivery, and what the namespace's rules make of it. Nothing
/// in the body is looked at before its signature fits.
pub(super) fn decide(
    hook: Option<&Hook>,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let hook = authenticate(hook, headers, body)?;
    let delivery = required(headers, DELIVERY, "X-GitHub-Delivery")?;
    let json = json(headers, body)?;
    let event = required(headers, EVENT, "X-GitHub-Event")?;
    if event == "ping" {
        return Ok(Decision::Answer(Answer::Pong));
    }
    let payload = Payload::read(hook, event, &json)?;
    authorise(hook, payload.repository.as_deref())?;
    let matching: Vec<&Candidate> = payload.candidates.iter().filter(|c| payload.fits(c.rule)).collect();
    if matching.is_empty() {
        return Ok(Decision::Answer(Answer::Nothing(nothing_fits(event, &payload))));
    }
    orders(hook, delivery, event, &payload, &json, &matching, now).map(Decision::Orders)
}

/// A header's value, where it is one word of a sensible length.
pub(super) fn word<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    header(headers, name)
        .filter(|value| (1..=LONGEST_NAME).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic()))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// An unknown namespace takes as long as a wrong signature, and is answered alike.
fn authenticate<'h>(hook: Option<&'h Hook>, headers: &HeaderMap, body: &[u8]) -> Result<&'h Hook, Refusal> {
    let secret = hook.map_or(&b"nobody's secret"[..], |hook| hook.secret.expose().as_bytes());
    let signed = match (
        header(headers, "x-hub-signature-256"),
        header(headers, "x-hub-signature"),
    ) {
        (Some(sha256), _) => verify_sha256(secret, body, sha256),
        (None, Some(sha1)) => verify_sha1(secret, body, sha1) && hook.is_some_and(|hook| hook.sha1),
        (None, None) => false,
    };
    hook.filter(|_| signed).ok_or(Refusal::Unauthorised)
}

fn required<'h>(headers: &'h HeaderMap, name: &str, shown: &str) -> Result<&'h str, Refusal> {
    word(headers, name).ok_or_else(|| {
        Refusal::Malformed(format!(
            "the header {shown} is missing or is not one word: GitHub sends it with every delivery"
        ))
    })
}

/// The JSON of either content type that GitHub offers for webhooks.
fn json<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Refusal> {
    let kind = header(headers, "content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(Cow::Borrowed(body));
    }
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::ContentType);
    }
    form_urlencoded::parse(body)
        .find(|(key, _)| key == "payload")
        .map(|(_, json)| Cow::Owned(json.into_owned().into_bytes()))
        .ok_or_else(|| Refusal::Malformed("the form has no field `payload`: GitHub sends the JSON in it".into()))
}

fn authorise(hook: &Hook, repository: Option<&str>) -> Result<(), Refusal> {
    let allowed = match (&hook.repos, repository) {
        (Allowed::All, _) => true,
        // Two names on GitHub never differ in case alone.
        (Allowed::Only(names), Some(repository)) => names.iter().any(|name| name.eq_ignore_ascii_case(repository)),
        (Allowed::Only(_), None) => false,
    };
    if allowed {
        return Ok(());
    }
    let what = repository.map_or("a delivery without a repository".to_owned(), |name| {
        format!("the repository {name}")
    });
    Err(Refusal::Repository(format!(
        "{what} is not granted to the namespace {}: add it to `github.repos` of the namespace in innkeeper.toml",
        hook.namespace.name
    )))
}

/// What is wanted of a payload.
struct Payload<'h> {
    action: Option<String>,
    repository: Option<String>,
    sender: Option<String>,
    merged_into_default: bool,
    /// The rules for the event, whatever else they ask for.
    candidates: Vec<Candidate<'h>>,
}

struct Candidate<'h> {
    rule: &'h Rule,
    /// For each of its arguments, in their order.
    arguments: Result<Arguments, Refusal>,
}

impl<'h> Payload<'h> {
    fn read(hook: &'h Hook, event: &str, json: &[u8]) -> Result<Self, Refusal> {
        let about = [
            "/action",
            "/repository/full_name",
            "/sender/login",
            "/pull_request/merged",
            "/pull_request/base/ref",
            "/repository/default_branch",
        ]
        .map(Pointer::parse);
        let rules: Vec<&Rule> = hook.rules.iter().filter(|rule| rule.rule.event == event).collect();
        let arguments = rules
            .iter()
            .flat_map(|rule| rule.arguments.iter().map(|argument| &argument.pointer));
        let wanted: Vec<&Pointer> = about.iter().chain(arguments).collect();
        let found = pick(json, &wanted)
            .map_err(|error| Refusal::Malformed(format!("the payload is not JSON as GitHub sends it: {error}")))?;
        let (about, mut values) = found.split_at(about.len());
        let word = |index: usize| about.get(index).copied().flatten().and_then(string);
        let merged = about[3].is_some_and(|raw| raw.get() == "true");
        let branch = word(4);
        let candidates = rules.into_iter().map(|rule| {
            let (own, rest) = values.split_at(rule.arguments.len());
            values = rest;
            Candidate {
                rule,
                arguments: rule
                    .arguments
                    .iter()
                    .zip(own)
                    .map(|(argument, raw)| value(rule, argument, *raw))
                    .collect::<Result<_, _>>()
                    .map(Arguments),
            }
        });
        Ok(Self {
            action: word(0),
            repository: word(1),
            sender: word(2),
            merged_into_default: merged && branch.is_some() && branch == word(5),
            candidates: candidates.collect(),
        })
    }

    fn fits(&self, rule: &Rule) -> bool {
        let rule = &rule.rule;
        let action = rule.action.is_none() || rule.action == self.action;
        action && (!rule.merged_into_default || self.merged_into_default)
    }
}

fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

fn value(rule: &Rule, argument: &Argument, raw: Option<&RawValue>) -> Result<(String, String), Refusal> {
    let text = payload::argument(raw).map_err(|unfit| {
        let why = match unfit {
            Unfit::Absent => "is not there: correct the pointer, or ask for another event or action",
            Unfit::Null => "is null: correct the pointer, or ask for another event or action",
            Unfit::NoText => "is not valid text: correct the pointer",
            Unfit::Nul => "holds a NUL character: no argument may",
            Unfit::TooLong => "is over 32 KiB: point at less",
        };
        Refusal::Argument(format!(
            "the argument {} of the job {} is taken from `{}` of the payload, which {why}",
            argument.name, rule.rule.job, argument.text
        ))
    })?;
    Ok((argument.name.clone(), text))
}

fn nothing_fits(event: &str, payload: &Payload<'_>) -> String {
    let action = payload
        .action
        .as_ref()
        .map(|action| format!(" with the action {action}"))
        .unwrap_or_default();
    match payload.candidates.as_slice() {
        [] => format!("no rule of the namespace is for the event {event}"),
        [one] if one.rule.rule.merged_into_default && one.rule.rule.action == payload.action => {
            "the pull request was not merged into the repository's default branch".to_owned()
        }
        _ => format!("no rule of the namespace is for the event {event}{action}"),
    }
}

/// One asking for each channel that a report goes to, in the order of the rules.
fn orders(
    hook: &Hook,
    delivery: &str,
    event: &str,
    payload: &Payload<'_>,
    json: &[u8],
    matching: &[&Candidate<'_>],
    now: Timestamp,
) -> Result<Vec<(NewAsking, Vec<NewRequest>)>, Refusal> {
    // One copy, whichever rules tell their jobs; none where none does.
    let told = LazyCell::new(|| Bytes::from(json));
    let mut orders: Vec<(Option<&String>, Vec<NewRequest>)> = Vec::new();
    for candidate in matching {
        let rule = &candidate.rule.rule;
        let channel = rule.channel.as_ref().or(hook.namespace.default_channel.as_ref());
        let request = NewRequest {
            namespace: hook.namespace.name.clone(),
            job: rule.job.clone(),
            arguments: candidate.arguments.clone()?,
            due: now.plus(rule.delay),
            payload: hook.namespace.tells(&rule.job).then(|| Bytes::clone(&told)),
        };
        match orders.iter_mut().find(|(other, _)| *other == channel) {
            Some((_, requests)) => requests.push(request),
            None => orders.push((channel, vec![request])),
        }
    }
    let base = format!("github:{}:{delivery}", hook.namespace.name);
    let asking = |(index, (channel, requests)): (usize, (Option<&String>, Vec<NewRequest>))| {
        let key = match index {
            0 => base.clone(),
            _ => format!("{base}:{}", channel.map_or("", String::as_str)),
        };
        let origin = Origin::Github(GithubOrigin {
            delivery: delivery.to_owned(),
            event: event.to_owned(),
            action: payload.action.clone(),
            repository: payload.repository.clone(),
            sender: payload.sender.clone(),
            channel: channel.cloned(),
        });
        let asking = NewAsking {
            key: Some(key),
            origin,
            text: None,
            edit: false,
            at: now,
        };
        (asking, requests)
    };
    Ok(orders.into_iter().enumerate().map(asking).collect())
}
