//! `namespace.toml`: read, checked, and made into a [`Namespace`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::account::{AccountLine, ByName, Notify, account};
use super::alerts::{self, Claimed, Local};
use super::checks::check_name;
use super::grants::{Given, names_line};
use super::host::Host;
use super::model::{Allowed, Grants, Namespace};
use super::names::{channel_fault, tick};
use super::problem::{Problem, Problems};
use super::raw::RawNamespace;
use super::source::Document;
use super::{ComponentInspector, commands, fabfile, github, hooks, jobs, keywords, needs, schedules, schema, shape};

/// A namespace under check: what its file says, and what the host says of it.
pub(super) struct Room<'a> {
    pub host: &'a Host,
    pub document: Document,
    pub raw: RawNamespace,
    pub name: String,
    /// Absolute.
    pub folder: PathBuf,
    /// What `innkeeper.toml` gives.
    pub given: Given,
    /// Whether what it gives is clear. Otherwise no need is reported as not granted: the fault lies there.
    pub judge_grants: bool,
    /// What is in effect for the namespace.
    pub grants: Grants,
    /// The names of the jobs, those with errors too.
    pub jobs: BTreeSet<String>,
}

/// Reads a namespace. None where it has errors.
pub(super) fn read(
    host: &Host,
    name: &str,
    folder: &Path,
    shown: &Path,
    inspector: &dyn ComponentInspector,
    claimed: &mut Claimed,
    problems: &mut Problems,
) -> Option<(Namespace, Vec<AccountLine>, Local)> {
    let stranger = host.given(name).is_some_and(|given| !given.trusted);
    let file = folder.join(super::workspace::FILE);
    let mut document = Document::read(&file, shown, stranger.then_some(folder), problems)?;
    let jobs = names_in(document.value.get("jobs"));
    let raw: RawNamespace = shape::read(&mut document, &schema::schema_namespace(), problems);
    if !document.whole {
        return None;
    }
    let given = host.given(name);
    let judge_grants = given.is_some();
    let given = given.unwrap_or_else(|| Given {
        trusted: true,
        ..Given::default()
    });
    let mut room = Room {
        host,
        document,
        raw,
        name: name.to_owned(),
        folder: folder.to_owned(),
        grants: given.grants(),
        given,
        judge_grants,
        jobs,
    };
    let (asked, grants) = needs::of_namespace(&room, problems);
    let fabfile = fabfile::check(&room, problems);
    let heartbeats = room.raw.checks.iter().filter(|(_, check)| check.heartbeat.is_some());
    let notify = Notify {
        asked: room.raw.needs.notify.as_deref(),
        granted: room.given.notify(),
    };
    let by_name = ByName {
        notify: (!room.host.raw.plugins.is_empty()).then_some(notify),
        fabfile: fabfile.as_ref(),
        hooks_asked: room
            .raw
            .hooks
            .keys()
            .chain(heartbeats.map(|(name, _)| name))
            .map(String::as_str)
            .collect(),
        hooks_granted: room.given.hooks.keys().map(String::as_str).collect(),
    };
    let account = account(&asked, &grants, &by_name);
    room.grants = grants;
    room.check_default_channel(problems);
    let jobs = jobs::check(&room, inspector, problems);
    let commands = commands::check_slack(&room, &jobs, problems);
    let (github, comment_commands) = github::check(&room, &jobs, problems);
    let mut schedules = schedules::check(&room, &jobs, problems);
    let mut local = alerts::check_local(&room, &jobs, claimed, &mut schedules, problems);
    let keywords = keywords::check(&room, &jobs, problems);
    let mut hooks = hooks::check(&room, &jobs, problems);
    hooks.extend(std::mem::take(&mut local.hooks));
    // Only now: what else starts jobs is not to start these.
    let jobs = jobs.into_iter().map(|(name, job)| (name, Arc::new(job)));
    let jobs = jobs.chain(std::mem::take(&mut local.jobs)).collect();
    let namespace = Namespace {
        name: room.name,
        description: room.raw.description,
        restricted: room.raw.restricted,
        default_channel: room.raw.default_channel,
        fabfile,
        folder: room.folder,
        max_runs: room.given.share(room.host.capacity().runs),
        grants: room.grants,
        jobs,
        commands,
        github,
        comment_commands,
        schedules,
        keywords,
        hooks,
    };
    Some((namespace, account, local))
}

fn names_in(table: Option<&Value>) -> BTreeSet<String> {
    let table = table.and_then(Value::as_object);
    table.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

impl Room<'_> {
    fn check_default_channel(&self, problems: &mut Problems) {
        if let Some(channel) = &self.raw.default_channel {
            self.check_channel("/default_channel", channel, &self.grants.channels, problems);
        }
    }

    /// Checks a channel that the host is to post to without being asked there.
    pub(super) fn check_channel(&self, pointer: &str, channel: &str, allowed: &Allowed, problems: &mut Problems) {
        if channel_fault(channel).is_some() {
            check_name(&self.document, pointer, channel, "channel", channel_fault, problems);
        } else if !allowed.allows(channel) {
            let place = self.document.value(pointer, "needs a grant of this channel");
            let problem = Problem::error(format!("need not granted: channels {}", tick(channel)), place);
            let given = self.given.grants().channels;
            if given.allows(channel) {
                let ours = self.document.value("/needs/channels", "all that the namespace asks");
                problems.push(
                    problem
                        .also(ours)
                        .help("add it to `channels` in the `needs` that leave it out"),
                );
            } else {
                self.report_refused(
                    problem,
                    "channels",
                    &names_line("channels", &given, [channel]),
                    problems,
                );
            }
        }
    }
}
