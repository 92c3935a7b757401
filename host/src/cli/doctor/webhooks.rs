//! Webhooks: whether the secrets are there that sign what namespaces wait for.

use std::collections::{BTreeMap, BTreeSet};

use innkeeper_core::config::{Config, GithubRule};

use super::{Case, Finding};

const ABOUT: &str = "webhooks";

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
        if let (Some(grant), false) = (&namespace.grants.github, namespace.github.is_empty()) {
            let in_writing = namespace.github != [GithubRule::deploy_after_merge()];
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

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;

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
