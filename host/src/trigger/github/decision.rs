//! What follows from one delivery. Pure: headers and bytes in, orders or a reason out.

use std::borrow::Cow;
use std::cell::LazyCell;

use http::HeaderMap;
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::{Allowed, GithubFields, GithubRule, Mentions, ReportTo};
use innkeeper_core::request::{Arguments, Bytes, GithubOrigin, NewAsking, NewRequest, Origin, WriteBack};
use serde_json::value::RawValue;
use url::form_urlencoded;

use super::comment::{self, Comment, as_said};
use super::filter::{Facts, Misfit, Places, string};
use super::{Answer, Argument, Hook, Refusal, Rule};
use crate::trigger::Said;
use crate::trigger::payload::{self, Pointer, Unfit, pick};
use crate::trigger::signature::{verify_sha1, verify_sha256};

pub(super) const DELIVERY: &str = "x-github-delivery";
pub(super) const EVENT: &str = "x-github-event";

/// How many rules are named that do not fit.
const RULES_NAMED: usize = 3;

/// A delivery id is a UUID and an event a word; this is generous, and keeps keys and logs short.
const LONGEST_NAME: usize = 100;

/// What follows from a delivery that was authenticated and understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing has to be kept.
    Answer(Answer),
    /// What to hand to the intake.
    Do {
        /// An asking for each place that hears of it.
        orders: Vec<(NewAsking, Vec<NewRequest>)>,
        /// What somebody wrote in a comment.
        said: Option<Box<Heard>>,
        /// Of the rules that fit, those that could not be carried out, and why.
        failed: Vec<Refusal>,
    },
}

/// A comment that is a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Of somebody whose comments count.
    Said(Said),
    /// Of somebody else.
    Refused(NewAsking, String),
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
    let delivery = Delivery {
        hook,
        id: delivery,
        event,
        payload: &payload,
        now,
    };
    let (matching, misfits) = payload.matching();
    let said = delivery.comment();
    if matching.is_empty() && said.is_none() {
        return Ok(Decision::Answer(Answer::Nothing(nothing_fits(
            hook, event, &payload, &misfits,
        ))));
    }
    let (requests, mut failed) = delivery.requests(&matching, &json);
    if requests.is_empty() && said.is_none() && !failed.is_empty() {
        return Err(failed.swap_remove(0));
    }
    Ok(Decision::Do {
        orders: delivery.orders(requests),
        said: said.map(Box::new),
        failed,
    })
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
    repository: Option<String>,
    facts: Facts<'h>,
    commit: Option<String>,
    number: Option<u64>,
    comment: Option<Comment>,
    /// The rules for the event, whatever else they ask for.
    candidates: Vec<Candidate<'h>>,
}

struct Candidate<'h> {
    rule: &'h Rule,
    /// What was found for each of its arguments, in their order.
    found: Vec<Option<&'h RawValue>>,
}

impl Candidate<'_> {
    fn arguments(&self) -> Result<Arguments, Refusal> {
        let both = self.rule.arguments.iter().zip(&self.found);
        let values = both.map(|(argument, raw)| value(self.rule, argument, *raw));
        values.collect::<Result<_, _>>().map(Arguments)
    }
}

impl<'h> Payload<'h> {
    fn read(hook: &'h Hook, event: &str, json: &'h [u8]) -> Result<Self, Refusal> {
        let fields = GithubFields::of(event);
        let places = Places::of(fields);
        let about = [
            "/repository/full_name",
            fields.commit.unwrap_or("/\0"),
            fields.number.unwrap_or("/\0"),
            "/repository/id",
            fields.number_of.unwrap_or("/repository/id"),
        ];
        let about = about.map(Pointer::parse);
        let of_comment = comment::places();
        let rules: Vec<&Rule> = hook.rules.iter().filter(|rule| rule.rule.event == event).collect();
        let arguments = rules
            .iter()
            .flat_map(|rule| rule.arguments.iter().map(|argument| &argument.pointer));
        let wanted: Vec<&Pointer> = about
            .iter()
            .chain(&places.0)
            .chain(&of_comment)
            .chain(arguments)
            .collect();
        let found = pick(json, &wanted)
            .map_err(|error| Refusal::Malformed(format!("the payload is not JSON as GitHub sends it: {error}")))?;
        let (about, rest) = found.split_at(about.len());
        let (facts, rest) = rest.split_at(places.0.len());
        let (of_comment, mut values) = rest.split_at(of_comment.len());
        let candidates = rules.into_iter().map(|rule| {
            let (own, rest) = values.split_at(rule.arguments.len());
            values = rest;
            Candidate {
                rule,
                found: own.to_vec(),
            }
        });
        let raw = |index: usize| about.get(index).copied().flatten();
        let same_repository = raw(3).map(RawValue::get) == raw(4).map(RawValue::get);
        Ok(Self {
            repository: raw(0).and_then(string),
            facts: Facts::read(facts),
            commit: raw(1).and_then(string).filter(|sha| is_commit(sha)),
            number: raw(2)
                .filter(|_| same_repository)
                .and_then(|raw| raw.get().parse().ok()),
            comment: (event == "issue_comment").then(|| Comment::read(of_comment)).flatten(),
            candidates: candidates.collect(),
        })
    }

    /// The rules that fit, and what of the others does not.
    fn matching(&self) -> (Vec<&Candidate<'h>>, Vec<Option<Misfit>>) {
        let wanted: Vec<_> = self
            .candidates
            .iter()
            .map(|candidate| (&candidate.rule.rule.filters, candidate.rule.rule.merged_into_default))
            .collect();
        let misfits = self.facts.misfits(&wanted);
        let both = self.candidates.iter().zip(&misfits);
        (
            both.filter(|(_, misfit)| misfit.is_none())
                .map(|(fits, _)| fits)
                .collect(),
            misfits,
        )
    }
}

/// A commit that is there: all zeros say that there is none.
fn is_commit(sha: &str) -> bool {
    matches!(sha.len(), 40 | 64) && sha.bytes().all(|c| c.is_ascii_hexdigit()) && sha.bytes().any(|c| c != b'0')
}

/// Whether a name can be part of an address: payloads are signed, and not by us.
fn is_repository(name: &str) -> bool {
    let part = |part: &str| {
        !matches!(part, "" | "." | "..") && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
    };
    name.split_once('/')
        .is_some_and(|(owner, name)| part(owner) && part(name))
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

fn nothing_fits(hook: &Hook, event: &str, payload: &Payload<'_>, misfits: &[Option<Misfit>]) -> String {
    let reads_comments = event == "issue_comment" && hook.commands.is_some();
    if misfits.is_empty() && reads_comments {
        return "the comment is no command: a new comment of a person with a line that begins with `/` would be"
            .to_owned();
    }
    if misfits.iter().flatten().all(|misfit| *misfit == Misfit::Action) {
        let action = payload.facts.action.as_ref().filter(|_| !misfits.is_empty());
        let action = action
            .map(|action| format!(" with the action {action}"))
            .unwrap_or_default();
        return format!("no rule of the namespace is for the event {event}{action}");
    }
    // What wants another action is about something else.
    let told = payload.candidates.iter().zip(misfits);
    let told = told.filter_map(|(candidate, misfit)| Some((candidate, misfit.as_ref()?)));
    let told: Vec<String> = told
        .filter(|(_, misfit)| **misfit != Misfit::Action)
        .map(|(candidate, misfit)| misfit.sentence(&candidate.rule.rule.job))
        .collect();
    let more = match told.len().saturating_sub(RULES_NAMED) {
        0 => String::new(),
        more => format!("; and {more} more rules do not fit"),
    };
    let named: Vec<&str> = told.iter().take(RULES_NAMED).map(String::as_str).collect();
    named.join("; ") + &more
}

/// A delivery of which something comes.
struct Delivery<'d> {
    hook: &'d Hook,
    id: &'d str,
    event: &'d str,
    payload: &'d Payload<'d>,
    now: Timestamp,
}

impl Delivery<'_> {
    /// What each of these rules asks for, and of those that cannot ask for it, why: a wrong pointer of one rule is no reason to
    /// do nothing of what the others want.
    fn requests<'r>(
        &self,
        matching: &[&'r Candidate<'_>],
        json: &[u8],
    ) -> (Vec<(&'r GithubRule, NewRequest)>, Vec<Refusal>) {
        let namespace = &self.hook.namespace;
        // One copy, whichever rules tell their jobs; none where none does.
        let told = LazyCell::new(|| Bytes::from(json));
        let (mut requests, mut failed) = (Vec::new(), Vec::new());
        for candidate in matching {
            let rule = &candidate.rule.rule;
            let arguments = match candidate.arguments() {
                Ok(arguments) => arguments,
                Err(refusal) => {
                    failed.push(refusal);
                    continue;
                }
            };
            let request = NewRequest {
                namespace: namespace.name.clone(),
                job: rule.job.clone(),
                arguments,
                due: self.now.plus(rule.delay),
                payload: namespace.tells(&rule.job).then(|| Bytes::clone(&told)),
            };
            requests.push((rule, request));
        }
        (requests, failed)
    }

    /// One asking for each place that a report goes to, in the order of the rules.
    fn orders(&self, requests: Vec<(&GithubRule, NewRequest)>) -> Vec<(NewAsking, Vec<NewRequest>)> {
        let mut orders: Vec<(Option<String>, bool, Vec<NewRequest>)> = Vec::new();
        for (rule, request) in requests {
            let channel = self.channel(rule.channel.as_ref(), rule.report_to);
            let back = rule.report_to.github;
            let known = orders
                .iter_mut()
                .find(|(other, other_back, _)| *other == channel && *other_back == back);
            match known {
                Some((_, _, requests)) => requests.push(request),
                None => orders.push((channel, back, vec![request])),
            }
        }
        let base = format!("github:{}:{}", self.hook.namespace.name, self.id);
        orders
            .into_iter()
            .enumerate()
            .map(|(index, (channel, back, requests))| {
                let key = match index {
                    0 => base.clone(),
                    _ => format!(
                        "{base}:{}{}",
                        channel.as_deref().unwrap_or_default(),
                        if back { ":github" } else { "" }
                    ),
                };
                (self.asking(key, self.origin(channel, back)), requests)
            })
            .collect()
    }

    /// What somebody wrote, where comments are commands.
    fn comment(&self) -> Option<Heard> {
        let (commands, comment) = (self.hook.commands.as_ref()?, self.payload.comment.as_ref()?);
        let fits = self.payload.facts.misfits(&[(&commands.filters, false)]);
        if fits.iter().any(Option::is_some) {
            return None;
        }
        let namespace = &self.hook.namespace.name;
        let repository = self.payload.repository.as_deref().unwrap_or_default();
        // Two webhooks may tell of one comment, each with a delivery of its own.
        let key = format!("github:{namespace}:comment:{repository}:{}", comment.id);
        let channel = self.channel(commands.channel.as_ref(), commands.report_to);
        let mut origin = self.origin(channel, commands.report_to.github);
        origin.comment = true;
        origin.sender = Some(comment.login.clone());
        origin.write_back = self.write_back(commands.report_to.github).map(|back| WriteBack {
            comment: Some(comment.id),
            ..back
        });
        let text = as_said(namespace, &comment.command);
        if comment.author.is_some_and(|author| commands.authors.contains(&author)) {
            return Some(Heard::Said(Said {
                key: Some(key),
                origin: Origin::Github(origin),
                text,
                edit: false,
            }));
        }
        let asking = NewAsking {
            text: Some(text),
            ..self.asking(key, origin)
        };
        let why = format!(
            "comments of {} are no commands here: its author is not one of `authors`",
            comment.login
        );
        Some(Heard::Refused(asking, why))
    }

    fn channel(&self, of_rule: Option<&String>, report_to: ReportTo) -> Option<String> {
        let channel = of_rule.or(self.hook.namespace.default_channel.as_ref());
        channel.filter(|_| report_to.slack).cloned()
    }

    fn origin(&self, channel: Option<String>, report_back: bool) -> GithubOrigin {
        GithubOrigin {
            delivery: self.id.to_owned(),
            event: self.event.to_owned(),
            action: self.payload.facts.action.clone(),
            repository: self.payload.repository.clone(),
            sender: self.payload.facts.sender.clone(),
            channel,
            comment: false,
            write_back: report_back.then(|| self.write_back(true)).flatten(),
        }
    }

    /// What of it is on GitHub, where the namespace may write there.
    fn write_back(&self, reports: bool) -> Option<WriteBack> {
        let repository = self.payload.repository.as_ref();
        Some(WriteBack {
            namespace: self.hook.namespace.name.clone(),
            repository: repository
                .filter(|name| self.hook.writes && is_repository(name))?
                .clone(),
            commit: self.payload.commit.clone(),
            issue: self.payload.number,
            comment: None,
            reports,
            mentions: self.hook.namespace.grants.mentions >= Mentions::Users,
        })
    }

    fn asking(&self, key: String, origin: GithubOrigin) -> NewAsking {
        NewAsking {
            key: Some(key),
            origin: Origin::Github(origin),
            text: None,
            edit: false,
            at: self.now,
        }
    }
}
