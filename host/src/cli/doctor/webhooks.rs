//! Webhooks: whether the secrets are there that sign what namespaces wait for, and the tokens that answer at GitHub.

use std::collections::{BTreeMap, BTreeSet};

use innkeeper_core::config::{Config, GithubRule};

use super::{Case, Finding};
use crate::github::{Access, Gap};

const ABOUT: &str = "webhooks";
const TOKENS: &str = "GitHub token";

/// A secret that signs webhooks, and who waits for them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    by: BTreeSet<String>,
    /// Whether somebody wrote down that they wait: a job `deploy` alone may have nothing to do with GitHub.
    in_writing: bool,
}

/// The secrets of all webhooks.
pub(super) fn secrets(case: &Case) -> Vec<Finding> {
    let wanted = wanted(&case.config);
    wanted
        .iter()
        .map(|(name, wanted)| finding(name, wanted, &case.secret(name).map(|secret| secret.is_some())))
        .collect()
}

/// By the names of the secrets.
fn wanted(config: &Config) -> BTreeMap<String, Wanted> {
    let mut all: BTreeMap<String, Wanted> = BTreeMap::new();
    let mut wants = |secret: &str, by: String, in_writing: bool| {
        let wanted = all.entry(secret.to_owned()).or_default();
        wanted.by.insert(by);
        wanted.in_writing |= in_writing;
    };
    for namespace in config.namespaces.values() {
        let comments = namespace.comment_commands.is_some();
        if let Some(grant) = &namespace.grants.github
            && (comments || !namespace.github.is_empty())
        {
            let in_writing = comments || namespace.github != [GithubRule::deploy_after_merge()];
            wants(&grant.secret, format!("/github/{}/", namespace.name), in_writing);
        }
        for hook in namespace.hooks.values() {
            wants(
                &hook.grant.secret,
                format!("/hooks/{}/{}", namespace.name, hook.name),
                true,
            );
        }
    }
    all
}

fn finding(name: &str, wanted: &Wanted, there: &Result<bool, String>) -> Finding {
    let by: Vec<&str> = wanted.by.iter().map(String::as_str).collect();
    let by = by.join(", ");
    let missing = || format!("{name} is missing: webhooks to {by} are refused");
    let remedy = format!("give the host {name}, or {name}_FILE, with the secret that their sender signs with");
    match there {
        Ok(true) => Finding::ok(ABOUT, format!("{name} is there, for {by}")),
        Ok(false) if wanted.in_writing => Finding::problem(ABOUT, missing(), remedy),
        Ok(false) => Finding::note(
            ABOUT,
            missing(),
            format!("where merged pull requests are to deploy: {remedy}"),
        ),
        Err(why) => Finding::problem(ABOUT, why, remedy),
    }
}

/// What cannot be done at GitHub for want of a token.
pub(super) fn tokens(case: &Case) -> Vec<Finding> {
    let access = Access::of(&case.config, |name| case.secret(name).ok().flatten());
    let gaps = access.gaps();
    gaps.iter()
        .map(|gap| of_gap(gap, case.secret(&gap.token).err()))
        .collect()
}

/// `unreadable` says why the token cannot be read, where it is there.
fn of_gap(gap: &Gap, unreadable: Option<String>) -> Finding {
    let token = &gap.token;
    let remedy = format!("give the host {token}, or {token}_FILE; see docs/github.md");
    match unreadable {
        Some(why) => Finding::problem(TOKENS, why, remedy),
        None if gap.is_asked_for => Finding::problem(TOKENS, &gap.says, remedy),
        None => Finding::note(
            TOKENS,
            &gap.says,
            "where that matters: name `repos` in the grant, and give the token; see docs/github.md",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;

    #[test]
    fn what_is_said_of_tokens() {
        let gap = |is_asked_for| Gap {
            says: "`ops` writes nothing".into(),
            token: "GITHUB_TOKEN".into(),
            is_asked_for,
        };
        let findings = [
            of_gap(&gap(true), None),
            of_gap(&gap(false), None),
            of_gap(&gap(false), Some("`GITHUB_TOKEN_FILE` cannot be read".into())),
        ];
        insta::assert_snapshot!(told(&findings), @"
PROBLEM  GitHub token  `ops` writes nothing
                       -> give the host GITHUB_TOKEN, or GITHUB_TOKEN_FILE; see docs/github.md
note     GitHub token  `ops` writes nothing
                       -> where that matters: name `repos` in the grant, and give the token; see docs/github.md
PROBLEM  GitHub token  `GITHUB_TOKEN_FILE` cannot be read
                       -> give the host GITHUB_TOKEN, or GITHUB_TOKEN_FILE; see docs/github.md

2 problems, 1 note.
");
    }

    #[test]
    fn what_is_said_of_secrets() {
        let wanted = |in_writing| Wanted {
            by: ["/github/ops/".to_owned(), "/hooks/ops/bell".to_owned()].into(),
            in_writing,
        };
        let findings = [
            finding("GITHUB_WEBHOOK_SECRET", &wanted(true), &Ok(true)),
            finding("GITHUB_WEBHOOK_SECRET", &wanted(true), &Ok(false)),
            finding("GITHUB_WEBHOOK_SECRET", &wanted(false), &Ok(false)),
            finding(
                "A",
                &wanted(true),
                &Err("both `A` and `A_FILE` are set: remove one of them".into()),
            ),
        ];
        insta::assert_snapshot!(told(&findings), @"
ok       webhooks  GITHUB_WEBHOOK_SECRET is there, for /github/ops/, /hooks/ops/bell
PROBLEM  webhooks  GITHUB_WEBHOOK_SECRET is missing: webhooks to /github/ops/, /hooks/ops/bell are refused
                   -> give the host GITHUB_WEBHOOK_SECRET, or GITHUB_WEBHOOK_SECRET_FILE, with the secret that their sender signs with
note     webhooks  GITHUB_WEBHOOK_SECRET is missing: webhooks to /github/ops/, /hooks/ops/bell are refused
                   -> where merged pull requests are to deploy: give the host GITHUB_WEBHOOK_SECRET, or GITHUB_WEBHOOK_SECRET_FILE, with the secret that their sender signs with
PROBLEM  webhooks  both `A` and `A_FILE` are set: remove one of them
                   -> give the host A, or A_FILE, with the secret that their sender signs with

2 problems, 1 note.
");
    }
}
