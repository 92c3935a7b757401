//! Whether a delivery is what a rule wants: pure, and said in words where it is not.

use std::collections::BTreeSet;

use innkeeper_core::config::{GithubFields, GithubFilters};
use serde_json::value::RawValue;

use crate::trigger::payload::{Pointer, strings};

/// How many files of a push are looked at. What changes more fits every path, as with GitHub's own workflows: nobody can
/// tell what it leaves alone.
const MOST_FILES: usize = 50_000;

/// How many labels of a delivery are looked at: GitHub allows no more.
const MOST_LABELS: usize = 100;

/// How much of a word of a payload is said again, in characters.
const SHOWN: usize = 80;

/// Where a payload has what filters want.
#[derive(Debug)]
pub(super) struct Places(pub(super) [Pointer; 11]);

impl Places {
    /// Of an event.
    pub(super) fn of(fields: GithubFields) -> Self {
        // A pointer that leads nowhere, for what the event does not have.
        let nowhere = "/\u{0}";
        Self(
            [
                "/action",
                "/sender/login",
                "/pull_request/merged",
                "/pull_request/base/ref",
                "/repository/default_branch",
                fields.branch.unwrap_or(nowhere),
                fields.labels.unwrap_or(nowhere),
                "/label/name",
                "/commits",
                fields.branch_of.unwrap_or("/repository/full_name"),
                "/repository/full_name",
            ]
            .map(Pointer::parse),
        )
    }
}

/// What a payload says of what filters ask.
#[derive(Debug, Default)]
pub(super) struct Facts<'p> {
    pub(super) action: Option<String>,
    pub(super) sender: Option<String>,
    merged: bool,
    merged_into_default: bool,
    branch: Option<String>,
    /// In lower case.
    labels: BTreeSet<String>,
    commits: Option<&'p RawValue>,
}

impl<'p> Facts<'p> {
    /// Reads what was found at [`Places`], in their order.
    pub(super) fn read(found: &[Option<&'p RawValue>]) -> Self {
        let raw = |index: usize| found.get(index).copied().flatten();
        let word = |index: usize| raw(index).and_then(string);
        let merged = raw(2).is_some_and(|raw| raw.get() == "true");
        let base = word(3);
        // A fork's `main` is not ours.
        let of_fork = word(9) != word(10);
        Self {
            action: word(0),
            sender: word(1),
            merged,
            merged_into_default: merged && base.is_some() && base == word(4),
            branch: word(5).filter(|_| !of_fork).and_then(branch),
            labels: labels(raw(6), word(7)),
            commits: raw(8),
        }
    }

    /// For each of these rules, what of it does not fit; none where all does. `true`: it wants a merge into the default
    /// branch besides.
    pub(super) fn misfits(&self, wanted: &[(&GithubFilters, bool)]) -> Vec<Option<Misfit>> {
        let mut misfits: Vec<Option<Misfit>> = wanted
            .iter()
            .map(|(filters, merge)| self.misfit(filters, *merge))
            .collect();
        let mut open: Vec<usize> = (0..wanted.len())
            .filter(|index| misfits[*index].is_none() && wanted[*index].0.paths.is_some())
            .collect();
        for index in &open {
            misfits[*index] = Some(Misfit::Path);
        }
        let mut left = MOST_FILES;
        if let (Some(commits), false) = (self.commits, open.is_empty()) {
            strings(commits, &["added", "modified", "removed"], &mut |file| {
                left -= 1;
                open.retain(|index| {
                    let fits = left == 0 || wanted[*index].0.paths.as_ref().is_some_and(|paths| paths.fit(file));
                    if fits {
                        misfits[*index] = None;
                    }
                    !fits
                });
                !open.is_empty()
            });
        }
        misfits
    }

    /// Everything but files, the cheapest first.
    fn misfit(&self, wanted: &GithubFilters, merge: bool) -> Option<Misfit> {
        let one_of = |wanted: &[String], have: Option<&String>| {
            wanted.is_empty() || have.is_some_and(|have| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(have)))
        };
        if !one_of(&wanted.actions, self.action.as_ref()) {
            return Some(Misfit::Action);
        }
        if merge && !self.merged_into_default {
            return Some(Misfit::NotMergedIntoDefault);
        }
        if wanted.merged.is_some_and(|merged| merged != self.merged) {
            return Some(Misfit::Merged(self.merged));
        }
        let branch = self.branch.as_deref();
        if let Some(branches) = &wanted.branches
            && !branch.is_some_and(|branch| branches.fit(branch))
        {
            return Some(Misfit::other("branch", branches.texts(), branch));
        }
        if !one_of(&wanted.senders, self.sender.as_ref()) {
            return Some(Misfit::other("sender", &wanted.senders, self.sender.as_deref()));
        }
        if !wanted.labels.is_empty() && !wanted.labels.iter().any(|label| self.labels.contains(label)) {
            return Some(Misfit::Label(list(&wanted.labels)));
        }
        None
    }
}

/// Where the event is about one label, that one counts: otherwise any other label that comes or goes would start again what a
/// label started.
fn labels(all: Option<&RawValue>, one: Option<String>) -> BTreeSet<String> {
    if let Some(label) = one {
        return BTreeSet::from([label.to_lowercase()]);
    }
    let mut labels = BTreeSet::new();
    if let Some(all) = all.filter(|all| all.get().starts_with('[')) {
        strings(all, &["name"], &mut |label| {
            labels.insert(label.to_lowercase());
            labels.len() < MOST_LABELS
        });
    }
    labels
}

/// The branch that a ref names; tags are none.
fn branch(reference: String) -> Option<String> {
    match reference.strip_prefix("refs/") {
        None => Some(reference),
        Some(rest) => rest.strip_prefix("heads/").map(str::to_owned),
    }
}

pub(super) fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// What of a rule does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    Action,
    NotMergedIntoDefault,
    /// It was merged, or it was not, and the other is wanted.
    Merged(bool),
    /// A word: what it is of, which are wanted, and what it is.
    Other {
        what: &'static str,
        wanted: String,
        is: String,
    },
    Label(String),
    Path,
}

impl Misfit {
    fn other(what: &'static str, wanted: &[String], is: Option<&str>) -> Self {
        Self::Other {
            what,
            wanted: list(wanted),
            is: is.map_or_else(|| "none".to_owned(), short),
        }
    }

    /// What is said of a rule that starts `starts`.
    pub(super) fn sentence(&self, starts: &str) -> String {
        match self {
            Self::Action => format!("the rule for {starts} wants another action"),
            Self::NotMergedIntoDefault => {
                "the pull request was not merged into the repository's default branch".to_owned()
            }
            Self::Merged(true) => format!("the rule for {starts} wants a pull request that was not merged"),
            Self::Merged(false) => format!("the rule for {starts} wants a pull request that was merged"),
            Self::Other { what, wanted, is } => {
                format!("the rule for {starts} wants the {what} {wanted}; this is {is}")
            }
            Self::Label(wanted) => format!("the rule for {starts} wants the label {wanted}"),
            Self::Path => format!("the rule for {starts} wants other files than those that were pushed"),
        }
    }
}

fn list(wanted: &[String]) -> String {
    let shown: Vec<String> = wanted.iter().take(5).map(|wanted| short(wanted)).collect();
    let more = if wanted.len() > shown.len() { ", …" } else { "" };
    shown.join(" or ") + more
}

fn short(word: &str) -> String {
    match word.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}
