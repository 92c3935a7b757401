//! `[[github]]`: which of GitHub's events starts which job, what else must be true of it, and who is told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::commands::{MOST, Start, Written, check_pointers, check_start, has_too_many};
use super::globs::Globs;
use super::model::Job;
use super::names::{tick, toml_string};
use super::namespace::Room;
use super::problem::{Problem, Problems};
use super::raw::{OneOrMany, RawGithubRule, RawReportTo};
use super::source::child;
use crate::request::Trigger;

/// How many globs the rules of a namespace may have: each takes memory in the host.
const MOST_GLOBS: usize = 200;

/// What a GitHub delivery starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubRule {
    /// `X-GitHub-Event`.
    pub event: String,
    /// What else must be true of it.
    pub filters: GithubFilters,
    /// Whether the pull request must have been merged, and into the repository's default branch. Default false.
    pub merged_into_default: bool,
    /// The short name of the job.
    pub job: String,
    /// Arguments of the job by name: JSON pointers into the payload, in the order of the file.
    pub args: Vec<(String, String)>,
    /// How long after the delivery it may start.
    pub delay: Duration,
    /// Where the report goes; none: the namespace's default channel.
    pub channel: Option<String>,
    /// Who gets the report.
    pub report_to: ReportTo,
}

impl GithubRule {
    /// The rule of a namespace that has a job `deploy` and no rule: a pull request merged into the default branch
    /// deploys after a minute, time to think again.
    pub fn deploy_after_merge() -> Self {
        Self {
            event: "pull_request".into(),
            filters: GithubFilters {
                actions: vec!["closed".into()],
                ..GithubFilters::default()
            },
            merged_into_default: true,
            job: "deploy".into(),
            args: Vec::new(),
            delay: Duration::from_secs(60),
            channel: None,
            report_to: ReportTo::default(),
        }
    }
}

/// What must be true of a delivery. An empty list, and `None`, want nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GithubFilters {
    /// The payload's `action` is one of these.
    pub actions: Vec<String>,
    /// The branch fits one of these; see [`GithubFields::branch`].
    pub branches: Option<Globs>,
    /// One of these is among the labels, whatever the case; see [`GithubFields::labels`].
    pub labels: Vec<String>,
    /// A file that was pushed fits one of these.
    pub paths: Option<Globs>,
    /// The login of the sender is one of these, whatever the case.
    pub senders: Vec<String>,
    /// Whether the pull request was merged.
    pub merged: Option<bool>,
}

/// Who gets the report of what a delivery started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportTo {
    /// The channel.
    pub slack: bool,
    /// A commit status, and a comment on the pull request, issue or commit.
    pub github: bool,
}

impl Default for ReportTo {
    /// The channel.
    fn default() -> Self {
        Self {
            slack: true,
            github: false,
        }
    }
}

/// The rule that makes commands of comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentCommands {
    /// What else must be true of the comment's delivery.
    pub filters: GithubFilters,
    /// Whose comments count.
    pub authors: BTreeSet<Author>,
    /// Where reports go; none: the namespace's default channel.
    pub channel: Option<String>,
    /// Who gets reports.
    pub report_to: ReportTo,
}

/// What the author of a comment is to the repository (`author_association`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Author {
    /// Its owner.
    Owner,
    /// A member of the organisation that owns it.
    Member,
    /// Somebody who was invited to it.
    Collaborator,
    /// Somebody whose changes were merged.
    Contributor,
    /// Somebody who has never contributed to anything on GitHub.
    FirstTimer,
    /// Somebody who has never contributed to it.
    FirstTimeContributor,
    /// A placeholder for somebody who was imported.
    Mannequin,
    /// Anybody.
    None,
}

impl Author {
    /// Those who have rights in the repository.
    const INSIDERS: [Self; 3] = [Self::Owner, Self::Member, Self::Collaborator];
}

/// Where the payload of an event has what filters and reports want, as JSON pointers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GithubFields {
    /// The branch: what was pushed to, what a pull request is for, what a workflow ran on. Of a release, what its tag is made
    /// from. It may begin with `refs/heads/`; what begins with `refs/tags/` is none.
    pub branch: Option<&'static str>,
    /// The list of labels. Where an event is about one label (`labeled`), that one counts: `/label/name`.
    pub labels: Option<&'static str>,
    /// The commit that a status can be put on.
    pub commit: Option<&'static str>,
    /// The number of the pull request or issue that can be commented on.
    pub number: Option<&'static str>,
}

impl GithubFields {
    /// Those of an event.
    pub fn of(event: &str) -> Self {
        let none = Self::default();
        let of_runs = |branch, commit, number| Self {
            branch: Some(branch),
            commit: Some(commit),
            number: Some(number),
            ..none
        };
        match event {
            "pull_request" | "pull_request_review" | "pull_request_review_comment" | "pull_request_review_thread" => {
                Self {
                    branch: Some("/pull_request/base/ref"),
                    labels: Some("/pull_request/labels"),
                    commit: Some("/pull_request/head/sha"),
                    number: Some("/pull_request/number"),
                }
            }
            "issues" | "issue_comment" => Self {
                labels: Some("/issue/labels"),
                number: Some("/issue/number"),
                ..none
            },
            "discussion" | "discussion_comment" => Self {
                labels: Some("/discussion/labels"),
                ..none
            },
            "label" => Self {
                labels: Some("/label"),
                ..none
            },
            "push" => Self {
                branch: Some("/ref"),
                commit: Some("/after"),
                ..none
            },
            "create" | "delete" => Self {
                branch: Some("/ref"),
                ..none
            },
            "release" => Self {
                branch: Some("/release/target_commitish"),
                ..none
            },
            "workflow_run" => of_runs(
                "/workflow_run/head_branch",
                "/workflow_run/head_sha",
                "/workflow_run/pull_requests/0/number",
            ),
            "check_run" => of_runs(
                "/check_run/check_suite/head_branch",
                "/check_run/head_sha",
                "/check_run/pull_requests/0/number",
            ),
            "check_suite" => of_runs(
                "/check_suite/head_branch",
                "/check_suite/head_sha",
                "/check_suite/pull_requests/0/number",
            ),
            "workflow_job" => Self {
                branch: Some("/workflow_job/head_branch"),
                commit: Some("/workflow_job/head_sha"),
                ..none
            },
            "deployment" | "deployment_status" => Self {
                branch: Some("/deployment/ref"),
                commit: Some("/deployment/sha"),
                ..none
            },
            "merge_group" => Self {
                branch: Some("/merge_group/base_ref"),
                commit: Some("/merge_group/head_sha"),
                ..none
            },
            "commit_comment" => Self {
                commit: Some("/comment/commit_id"),
                ..none
            },
            "status" => Self {
                commit: Some("/sha"),
                ..none
            },
            _ => none,
        }
    }

    /// Whether a report can be written anywhere.
    fn can_be_written_back_to(self) -> bool {
        self.commit.is_some() || self.number.is_some()
    }
}

/// Checks the rules, and adds the one that every namespace with a job `deploy` has where it writes none. Those with errors
/// are left out.
pub(super) fn check(
    room: &Room<'_>,
    jobs: &BTreeMap<String, Job>,
    problems: &mut Problems,
) -> (Vec<GithubRule>, Option<CommentCommands>) {
    if has_too_many(room, "/github", room.raw.github.len(), MOST, problems) {
        return (Vec::new(), None);
    }
    if !room.document.has("/github") {
        return (deploy_rule(room, jobs, problems).into_iter().collect(), None);
    }
    let (mut rules, mut commands, mut globs) = (Vec::new(), None, 0);
    for (index, raw) in room.raw.github.iter().enumerate() {
        let at = format!("/github/{index}");
        let globs_written = [&raw.branch, &raw.path].into_iter().flatten();
        globs += globs_written.map(|globs| globs.all().len()).sum::<usize>();
        if globs > MOST_GLOBS {
            let place = room.document.key(&at, "one too many");
            let title = format!("more than {MOST_GLOBS} globs in the rules");
            problems.push(Problem::error(title, place).help("write wider ones: `{main,release/*}` is one"));
            break;
        }
        if raw.commands {
            let rule = check_commands(room, &at, raw, problems);
            if commands.is_some() {
                let place = room.document.key(&at, "one is enough");
                problems.push(Problem::error("two rules with `commands`", place).help("make one rule of them"));
            }
            commands = commands.or(rule);
        } else {
            rules.extend(check_rule(room, &at, raw, jobs, problems));
        }
    }
    (rules, commands)
}

fn deploy_rule(room: &Room<'_>, jobs: &BTreeMap<String, Job>, problems: &mut Problems) -> Option<GithubRule> {
    let rule = GithubRule::deploy_after_merge();
    let job = jobs.get(&rule.job)?;
    if room.grants.github.is_none() || !job.grants.triggers.contains(&Trigger::Github) {
        return None;
    }
    if let Some(parameter) = job.parameters().first() {
        // Only where webhooks are expected: a job `deploy` may be there for Slack alone.
        if room.given.github.is_some() {
            let place = room
                .document
                .key(&child("/jobs", &rule.job), format!("takes {}", tick(parameter)));
            problems.push(
                Problem::warning("a merged pull request will not start `deploy`", place)
                    .help("write a `[[github]]` rule with `args` for it"),
            );
        }
        return None;
    }
    Some(rule)
}

fn check_rule(
    room: &Room<'_>,
    at: &str,
    raw: &RawGithubRule,
    jobs: &BTreeMap<String, Job>,
    problems: &mut Problems,
) -> Option<GithubRule> {
    let filters = check_filters(room, at, raw, problems);
    let report_to = check_report_to(room, at, raw, problems);
    let args = check_pointers(room, at, &raw.args, problems);
    let written = |key: &str| room.document.has(&format!("{at}/{key}"));
    if !written("job_type") {
        let place = room.document.value(at, "add `job_type`");
        problems.push(Problem::error("`[[github]]` has no `job_type`", place).help(
            "`job_type`: the job, by its name under `[jobs]`; or let `commands = true` make commands of comments",
        ));
    }
    if written("authors") {
        let place = room.document.key(&format!("{at}/authors"), "not used");
        problems.push(
            Problem::error("`authors` has no effect without `commands`", place)
                .help("add `commands = true`, or name people with `sender`"),
        );
    }
    let start = Start {
        at,
        job_type: raw.job_type.as_deref(),
        trigger: Trigger::Github,
        what: "a GitHub rule",
        channel: raw.channel.as_deref(),
        // Arguments that were taken out of the table were reported with the shape.
        given: args.iter().map(|(name, _)| name.as_str()).collect(),
        written: Written::AsPointer,
    };
    let job = check_start(room, &start, jobs, problems);
    Some(GithubRule {
        event: raw.event.clone()?,
        filters: filters?,
        merged_into_default: false,
        job: job?.name.clone(),
        args,
        delay: Duration::from_secs(raw.delay_seconds),
        channel: raw.channel.clone(),
        report_to,
    })
}

/// A rule with `commands`.
fn check_commands(room: &Room<'_>, at: &str, raw: &RawGithubRule, problems: &mut Problems) -> Option<CommentCommands> {
    if raw.event.as_deref().is_some_and(|event| event != "issue_comment") {
        let place = room.document.value(&format!("{at}/event"), "expected `issue_comment`");
        problems.push(
            Problem::error("`commands` is for comments", place)
                .help("comments on issues and on pull requests are both the event `issue_comment`"),
        );
    }
    for (key, why) in [
        ("job_type", "the command that somebody writes names the job"),
        ("args", "the command that somebody writes has its arguments"),
        ("delay_seconds", "it stands with the command, under `[[slack]]`"),
        ("action", "new comments are commands, and no others"),
    ] {
        let at = format!("{at}/{key}");
        if room.document.has(&at) {
            let place = room.document.key(&at, "not used");
            let title = format!("{} has no effect with `commands`", tick(key));
            problems.push(Problem::error(title, place).help(format!("remove it: {why}")));
        }
    }
    if room.raw.slack.is_empty() {
        let place = room.document.key(at, "there is nothing to write");
        problems.push(
            Problem::warning("the namespace has no commands", place)
                .help("they are those of `[[slack]]`: add one, or remove this rule"),
        );
    }
    if let Some(channel) = &raw.channel {
        room.check_channel(&format!("{at}/channel"), channel, &room.grants.channels, problems);
    }
    check_granted(room, at, problems);
    let filters = check_filters(room, at, raw, problems);
    let report_to = check_report_to(room, at, raw, problems);
    Some(CommentCommands {
        filters: filters?,
        authors: check_authors(room, at, raw, problems),
        channel: raw.channel.clone(),
        report_to,
    })
}

/// Checks that comments may start anything. Whether they may start one job is looked at when it is asked for.
fn check_granted(room: &Room<'_>, at: &str, problems: &mut Problems) {
    if !room.grants.triggers.contains(&Trigger::Github) {
        let place = room.document.key(at, "comments need this trigger");
        let problem = Problem::error("need not granted: triggers `github`", place);
        let given = room.given.grants().triggers;
        if given.contains(&Trigger::Github) {
            let ours = room.document.value("/needs/triggers", "all that is asked for here");
            problems.push(problem.also(ours).help("add `\"github\"` to it"));
        } else {
            let line = super::commands::github_line(room, &given);
            room.report_refused(problem, "triggers", &line, problems);
        }
    }
}

fn check_authors(room: &Room<'_>, at: &str, raw: &RawGithubRule, problems: &mut Problems) -> BTreeSet<Author> {
    let Some(authors) = &raw.authors else {
        return Author::INSIDERS.into();
    };
    let at = format!("{at}/authors");
    if authors.is_empty() && room.document.has(&at) {
        let place = room.document.value(&at, "nobody's comment would be a command");
        problems.push(Problem::error("`authors` is empty", place).help("leave it out, or name whose comments count"));
    }
    let stranger = authors.iter().position(|author| !Author::INSIDERS.contains(author));
    if let (true, Some(index)) = (room.raw.restricted, stranger) {
        let place = room.document.value(&format!("{at}/{index}"), "may be anybody");
        problems.push(
            Problem::error("the commands of a restricted namespace are for strangers", place)
                .help("of a `restricted` namespace only `OWNER`, `MEMBER` and `COLLABORATOR` may write them"),
        );
    }
    authors.iter().copied().collect()
}

/// None where something is wrong with them.
fn check_filters(room: &Room<'_>, at: &str, raw: &RawGithubRule, problems: &mut Problems) -> Option<GithubFilters> {
    let before = problems.errors_met();
    let event = raw.event.as_deref().unwrap_or_default();
    check_word(room, &format!("{at}/event"), "event", event, problems);
    let actions = list(room, &format!("{at}/action"), raw.action.as_ref(), problems);
    for (index, action) in actions.iter().enumerate() {
        check_word(
            room,
            &item(raw.action.as_ref(), &format!("{at}/action"), index),
            "action",
            action,
            problems,
        );
    }
    let fields = GithubFields::of(event);
    for (key, known, why) in [
        ("branch", fields.branch.is_some(), "its payload names no branch"),
        ("label", fields.labels.is_some(), "its payload has no labels"),
        (
            "path",
            event == "push",
            "only a push lists the files that it changes; a pull request does not",
        ),
        ("merged", event == "pull_request", "only a pull request is merged"),
    ] {
        let at = format!("{at}/{key}");
        if room.document.has(&at) && !known && raw.event.is_some() {
            let place = room.document.key(&at, "not used");
            let title = format!("{} has no effect for the event {}", tick(key), tick(event));
            problems.push(Problem::error(title, place).help(format!("remove it: {why}")));
        }
    }
    let branches = globs(room, &format!("{at}/branch"), raw.branch.as_ref(), problems);
    if let Some(branches) = &branches {
        for (index, glob) in branches.texts().iter().enumerate() {
            if glob.starts_with("refs/") {
                let at = item(raw.branch.as_ref(), &format!("{at}/branch"), index);
                let place = room.document.value(&at, "no branch is called so");
                problems.push(
                    Problem::error(format!("{} is a ref, not a branch", tick(glob)), place)
                        .help("write what comes after `refs/heads/`"),
                );
            }
        }
    }
    let filters = GithubFilters {
        actions,
        branches,
        labels: list(room, &format!("{at}/label"), raw.label.as_ref(), problems),
        paths: globs(room, &format!("{at}/path"), raw.path.as_ref(), problems),
        senders: list(room, &format!("{at}/sender"), raw.sender.as_ref(), problems),
        merged: raw.merged,
    };
    (problems.errors_met() == before).then_some(filters)
}

/// The place of one of them.
fn item(written: Option<&OneOrMany>, at: &str, index: usize) -> String {
    match written {
        Some(OneOrMany::Many(_)) => format!("{at}/{index}"),
        _ => at.to_owned(),
    }
}

fn list(room: &Room<'_>, at: &str, written: Option<&OneOrMany>, problems: &mut Problems) -> Vec<String> {
    let all = written.map(OneOrMany::all).unwrap_or_default();
    if written.is_some() && (all.is_empty() || all.iter().any(String::is_empty)) {
        let key = at.rsplit('/').next().unwrap_or_default();
        let place = room.document.value(at, "nothing would fit");
        problems.push(
            Problem::error(format!("{} is empty", tick(key)), place).help("leave it out, or write what has to fit"),
        );
    }
    all.to_vec()
}

fn globs(room: &Room<'_>, at: &str, written: Option<&OneOrMany>, problems: &mut Problems) -> Option<Globs> {
    let texts = list(room, at, written, problems);
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return None;
    }
    match Globs::parse(&texts) {
        Ok(globs) => Some(globs),
        Err((index, why)) => {
            let text = texts.get(index).map_or("", String::as_str);
            let place = room.document.value(&item(written, at, index), "expected a glob");
            problems.push(
                Problem::error(format!("{} is no glob: {why}", tick(text)), place)
                    .help("for example `main`, `release/*`, `docs/**` or `{main,next}`"),
            );
            None
        }
    }
}

/// Events and actions are lower-case words with digits and underscores (docs.github.com, "Webhook events and payloads").
fn check_word(room: &Room<'_>, at: &str, key: &str, said: &str, problems: &mut Problems) {
    // What is missing or empty was reported.
    let good = said
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if good && (!said.is_empty() || key == "action" || !room.document.has(at)) {
        return;
    }
    let place = room.document.value(at, "GitHub sends no such thing");
    problems.push(
        Problem::error(format!("bad {key} {}", tick(said)), place)
            .help("lower-case words with `_` between them, for example `pull_request` and `closed`"),
    );
}

fn check_report_to(room: &Room<'_>, at: &str, raw: &RawGithubRule, problems: &mut Problems) -> ReportTo {
    let Some(written) = &raw.report_to else {
        return ReportTo::default();
    };
    let at = format!("{at}/report_to");
    let to = ReportTo {
        slack: written.contains(&RawReportTo::Slack),
        github: written.contains(&RawReportTo::Github),
    };
    if written.is_empty() && room.document.has(&at) {
        let place = room.document.value(&at, "nobody would be told");
        problems.push(
            Problem::error("`report_to` is empty", place)
                .help("for example `[\"slack\", \"github\"]`; a job that says nothing has `report_success = false`"),
        );
    }
    if to.github {
        check_write(room, &at, raw, problems);
    }
    to
}

/// Checks that results may be written back, and that there is something that they can be written to.
fn check_write(room: &Room<'_>, at: &str, raw: &RawGithubRule, problems: &mut Problems) {
    let event = raw.event.as_deref().unwrap_or_default();
    if !event.is_empty() && !GithubFields::of(event).can_be_written_back_to() {
        let place = room.document.element(at, "github", "there is nothing to write to");
        problems.push(
            Problem::error(
                format!("no report can be written back for the event {}", tick(event)),
                place,
            )
            .help("its payload names no commit, no pull request and no issue: report to `slack`"),
        );
    }
    if room.grants.github.as_ref().is_some_and(|grant| grant.write) {
        return;
    }
    let place = room.document.element(at, "github", "writes to GitHub");
    let problem = Problem::error("need not granted: github `write`", place);
    match &room.given.grants().github {
        Some(grant) if grant.write => {
            let ours = room.document.value("/needs/github", "asks not to write");
            problems.push(
                problem
                    .also(ours)
                    .help("let it say `write = true`, or leave `write` out"),
            );
        }
        grant => {
            let line = write_line(grant.as_ref().map(|grant| (grant.secret.as_str(), &grant.repos)), &[]);
            room.report_refused(problem, "github", &line, problems);
        }
    }
}

/// The line that lets a namespace write back, to these repositories besides those that it has.
pub(super) fn write_line(have: Option<(&str, &super::model::Allowed)>, more: &[&str]) -> String {
    let secret = have.map_or("NAME_OF_A_SECRET", |(secret, _)| secret);
    let none = super::model::Allowed::default();
    let repos = have.map_or(&none, |(_, repos)| repos);
    let named = matches!(repos, super::model::Allowed::Only(names) if !names.is_empty()) || !more.is_empty();
    let example = if named { more } else { &["owner/name"][..] };
    let repos = super::grants::names_line("repos", repos, example.iter().copied());
    format!("github = {{ secret = {}, {repos}, write = true }}", toml_string(secret))
}
