//! `[needs]` and `[jobs.X.needs]`: their values checked, and what of them is not granted reported.

use super::checks::{check_guest_path, check_http, check_names, check_registries, resolve};
use super::grants::{Asked, FilesAsked, Refusal, narrow};
use super::host::Host;
use super::model::Grants;
use super::names::{channel_fault, repository_fault, tick, ticks};
use super::namespace::Room;
use super::problem::{Problem, Problems};
use super::raw::{RawJobNeeds, RawNeeds, RawTrust};
use super::source::{Document, child};

impl From<&RawJobNeeds> for RawNeeds {
    fn from(raw: &RawJobNeeds) -> Self {
        Self {
            trust: None,
            triggers: raw.triggers.clone(),
            channels: raw.channels.clone(),
            mentions: raw.mentions,
            env: raw.env.clone(),
            files: raw.files.clone(),
            http: raw.http.clone(),
            github: None,
            registries: raw.registries.clone(),
            notify: None,
            limits: raw.limits.clone(),
        }
    }
}

/// What the needs at `pointer` ask, their names checked.
fn asked(host: &Host, document: &Document, pointer: &str, raw: &RawNeeds, problems: &mut Problems) -> Asked {
    let at = |key: &str| format!("{pointer}/{key}");
    let repos = raw.github.as_ref().and_then(|github| github.repos.as_ref());
    check_names(
        document,
        &at("channels"),
        raw.channels.as_deref(),
        "channel",
        channel_fault,
        problems,
    );
    host.check_env(document, &at("env"), raw.env.as_deref(), problems);
    let repos_at = at("github/repos");
    check_names(
        document,
        &repos_at,
        repos.map(Vec::as_slice),
        "repository",
        repository_fault,
        problems,
    );
    Asked {
        trusted: raw.trust == Some(RawTrust::Trusted),
        triggers: raw
            .triggers
            .as_ref()
            .map(|list| list.iter().map(|trigger| (*trigger).into()).collect()),
        channels: raw.channels.clone().map(FromIterator::from_iter),
        mentions: raw.mentions.map(Into::into),
        env: raw.env.clone().map(FromIterator::from_iter),
        files: raw.files.as_ref().map(|files| {
            let folders = files.iter().enumerate().filter_map(|(index, raw)| {
                let at = at(&format!("files/{index}"));
                let guest = check_guest_path(document, &at, raw.guest.as_ref()?, problems)?;
                Some(FilesAsked {
                    host: raw.host.as_ref().map(|path| resolve(&host.folder.join(path))),
                    guest,
                    write: raw.write,
                })
            });
            folders.collect()
        }),
        http: raw
            .http
            .as_ref()
            .map(|entries| check_http(document, &at("http"), entries, problems)),
        repos: repos.cloned().map(FromIterator::from_iter),
        github_write: raw.github.as_ref().and_then(|github| github.write),
        registries: raw
            .registries
            .as_ref()
            .map(|entries| check_registries(document, &at("registries"), entries, problems)),
    }
}

/// What the namespace asks, and what is in effect for it.
pub(super) fn of_namespace(room: &Room<'_>, problems: &mut Problems) -> (Asked, Grants) {
    let asked = asked(room.host, &room.document, "/needs", &room.raw.needs, problems);
    let (grants, refused) = narrow(&room.given.grants(), &asked);
    for refusal in refused {
        room.report_need("/needs", &refusal, problems);
    }
    (asked, grants)
}

/// What is in effect for one job of it.
pub(super) fn of_job(room: &Room<'_>, job: &str, raw: &RawJobNeeds, problems: &mut Problems) -> Grants {
    let pointer = format!("{}/needs", child("/jobs", job));
    let asked = asked(room.host, &room.document, &pointer, &raw.into(), problems);
    let (_, not_given) = narrow(&room.given.grants(), &asked);
    for refusal in &not_given {
        room.report_need(&pointer, refusal, problems);
    }
    let (grants, left_out) = narrow(&room.grants, &asked);
    for refusal in left_out {
        if not_given.iter().all(|other| other.key != refusal.key) {
            problems.push(left_out_by_needs(room, &pointer, &refusal));
        }
    }
    grants
}

impl Room<'_> {
    /// Reports a need of `[needs]` or `[jobs.X.needs]` (at `pointer`) that `innkeeper.toml` does not grant.
    pub(super) fn report_need(&self, pointer: &str, refusal: &Refusal, problems: &mut Problems) {
        let key = refusal.key.rsplit('/').next().unwrap_or_default();
        let title = format!(
            "need not granted: {key} {}",
            ticks(refusal.what.iter().map(String::as_str), "and")
        );
        let first = refusal.what.first().map_or("", String::as_str);
        let place = self
            .document
            .element(&format!("{pointer}/{}", refusal.key), first, "needed here");
        self.report_refused(Problem::error(title, place), refusal.key, &refusal.line, problems);
    }

    /// Completes a problem with the place that does not grant what is needed, and the line that would.
    pub(super) fn report_refused(&self, problem: Problem, key: &str, line: &str, problems: &mut Problems) {
        if self.judge_grants {
            let problem = problem
                .also(self.host.granted_at(&self.name, key))
                .help(self.host.how_to_grant(&self.name, line));
            problems.push(problem);
        }
    }
}

/// A job needs what was granted, and what the namespace's own `[needs]` does not ask.
fn left_out_by_needs(room: &Room<'_>, pointer: &str, refusal: &Refusal) -> Problem {
    let what = ticks(refusal.what.iter().map(String::as_str), "and");
    let first = refusal.what.first().map_or("", String::as_str);
    let place = room
        .document
        .element(&format!("{pointer}/{}", refusal.key), first, "needed here");
    let ours = room
        .document
        .value(&format!("/needs/{}", refusal.key), "all that the namespace asks");
    Problem::error(
        format!("the job needs more than its namespace: {} {what}", refusal.key),
        place,
    )
    .also(ours)
    .help(format!(
        "add it to {} in `[needs]`, which narrows what every job gets",
        tick(refusal.key)
    ))
}
