//! `innkeeper doctor`: looks at everything that the host needs, and says what to mend. It changes nothing.
//!
//! ```text
//!   configuration    what `check` says
//!   slack            tokens, scopes, channels
//!   webhooks         secrets that sign them, and tokens for GitHub
//!   people           the key that encrypts what they enter
//!   data             the data folder, and who is at work in it
//!   machine          bash, the clock, the time zone, the address to listen on
//!   tools            what guests are built with, and what jobs may call
//! ```
//!
//! A check is a function that returns findings. What would keep something that the configuration names from working is a
//! problem; what may be as it should be is a note.

mod configuration;
mod data;
mod machine;
mod people;
mod slack;
mod tools;
mod webhooks;

use std::path::Path;
use std::sync::Arc;

use innkeeper_core::BoxFuture;
use innkeeper_core::config::Config;
use innkeeper_core::config::secrets::{Secret, Secrets};
use serde::Serialize;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use self::data::Occupant;
use super::{Ended, print};

/// Every check, in the order in which it is told what they found.
const CHECKS: &[Check] = &[
    |case| Box::pin(slack::tokens(case)),
    |case| Box::pin(slack::way_in(case)),
    |case| Box::pin(slack::channels(case)),
    |case| Box::pin(slack::search(case)),
    |case| Box::pin(async { webhooks::secrets(case) }),
    |case| Box::pin(async { webhooks::tokens(case) }),
    |case| Box::pin(async { people::key(case) }),
    |case| Box::pin(data::folder(case)),
    |case| Box::pin(async { data::occupant(case) }),
    |case| Box::pin(async { machine::bash(case) }),
    |case| Box::pin(async { machine::clock(case) }),
    |case| Box::pin(async { machine::timezone(case) }),
    |case| Box::pin(async { machine::listen(case) }),
    |case| Box::pin(tools::tools(case)),
];

type Check = for<'c> fn(&'c Case) -> BoxFuture<'c, Vec<Finding>>;

/// What the checks look at.
struct Case {
    config: Config,
    secrets: Arc<Secrets>,
    /// What Slack says, where it was asked.
    slack: slack::Heard,
    /// Who is at work in the data folder.
    occupant: Occupant,
}

impl Case {
    /// A secret, or why it cannot be read.
    fn secret(&self, name: &str) -> Result<Option<Secret>, String> {
        self.secrets.get(name).map_err(|error| error.to_string())
    }
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Something that is configured does not work.
    Problem,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Problem => "PROBLEM",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at.
    about: &'static str,
    state: State,
    /// What was found, as a sentence without its full stop.
    says: String,
    /// What to do about it.
    remedy: Option<String>,
}

impl Finding {
    fn ok(about: &'static str, says: impl Into<String>) -> Self {
        Self {
            about,
            state: State::Ok,
            says: says.into(),
            remedy: None,
        }
    }

    fn note(about: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Note,
            remedy: Some(remedy.into()),
            ..Self::ok(about, says)
        }
    }

    fn problem(about: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Problem,
            ..Self::note(about, says, remedy)
        }
    }
}

pub(super) async fn run(file: &Path, as_json: bool) -> anyhow::Result<Ended> {
    let (mut findings, config) = configuration::look(file);
    if let Some(config) = config {
        let secrets = Arc::new(Secrets::from_env());
        let case = Case {
            slack: slack::Heard::ask(&secrets).await,
            occupant: Occupant::of(&config.data_dir),
            config,
            secrets,
        };
        for check in CHECKS {
            findings.extend(check(&case).await);
        }
    }
    match as_json {
        true => print(serde_json::to_string_pretty(&json!({ "findings": findings }))?)?,
        false => print(told(&findings))?,
    }
    Ok(match count(&findings, State::Problem) {
        0 => Ended::Done,
        _ => Ended::Failed,
    })
}

fn count(findings: &[Finding], state: State) -> usize {
    findings.iter().filter(|finding| finding.state == state).count()
}

/// A line a finding, what to do below it, and the sum.
fn told(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.about.width()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding {
        about,
        state,
        says,
        remedy,
    } in findings
    {
        text += &format!("{:<8} {about:<width$}  {says}\n", state.as_str());
        if let Some(remedy) = remedy {
            text += &format!("{:<8} {:<width$}  -> {remedy}\n", "", "");
        }
    }
    let (problems, notes) = (count(findings, State::Problem), count(findings, State::Note));
    let plural = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    };
    text.push('\n');
    text + &match (problems, notes) {
        (0, 0) => "All is well.".to_owned(),
        (0, notes) => format!("All is well; {}.", plural(notes, "note")),
        (problems, 0) => format!("{}.", plural(problems, "problem")),
        (problems, notes) => format!("{}, {}.", plural(problems, "problem"), plural(notes, "note")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_finding_and_what_to_do_below_it() {
        insta::assert_snapshot!(
            told(&[
                Finding::ok("Slack", "the bot is U1"),
                Finding::problem("Slack scopes", "the token lacks `users:read`", "add it"),
                Finding::note("fab", "it is not there", "pip install fabric"),
            ]),
            @"
ok       Slack         the bot is U1
PROBLEM  Slack scopes  the token lacks `users:read`
                       -> add it
note     fab           it is not there
                       -> pip install fabric

1 problem, 1 note.
"
        );
        insta::assert_snapshot!(told(&[Finding::ok("Slack", "the bot is U1")]), @"
ok       Slack  the bot is U1

All is well.
");
    }
}
