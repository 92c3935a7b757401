//! What is shown beside a commit on GitHub: that something waits or runs, and how it went.

use std::collections::HashSet;
use std::time::Duration;

use super::{limits, wording};
use crate::message::{NewDelivery, Status, StatusState};
use crate::request::{Arguments, Asking, Origin, RequestId};
use crate::run::{Ending, Run};

/// How much of a job's arguments a status is called after, in characters.
const LONGEST_TAG: usize = 60;

/// What a status tells of.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The namespace's name.
    pub namespace: &'a str,
    /// The job's short name.
    pub job: &'a str,
    /// What it was asked to do.
    pub arguments: &'a Arguments,
}

impl About<'_> {
    /// The name of the status. Two requests of a job with other arguments have one each, or else the success of one would hide
    /// the failure of the other.
    fn context(self) -> String {
        let name = format!("innkeeper/{}_{}", self.namespace, self.job);
        if self.arguments.is_empty() {
            return name;
        }
        let values: Vec<&str> = self.arguments.0.iter().map(|(_, value)| value.as_str()).collect();
        let plain: String = values
            .join(", ")
            .chars()
            .map(|char| if char.is_control() { ' ' } else { char })
            .collect();
        format!("{name} ({})", cut(&plain, LONGEST_TAG))
    }
}

/// That a request was accepted. `why` it does not start at once, where that is so.
pub fn accepted(origin: &Origin, about: About<'_>, request: RequestId, why: Option<&str>) -> Option<NewDelivery> {
    let description = match why {
        Some(why) => format!("Request {request} waits: {why}"),
        None => format!("Request {request} is accepted"),
    };
    let status = status(StatusState::Pending, about, &description);
    Some(NewDelivery::status(origin.commit_status()?, status, None))
}

/// How a run ended, at every commit that asked for it.
pub fn ended(run: &Run, ending: &Ending, duration: Duration) -> Vec<NewDelivery> {
    let state = match ending {
        Ending::Exited { code: 0 } => StatusState::Success,
        Ending::NotStarted { .. } | Ending::Interrupted => StatusState::Error,
        Ending::Exited { .. }
        | Ending::Failed { .. }
        | Ending::Signalled { .. }
        | Ending::TimedOut { .. }
        | Ending::LimitReached { .. }
        | Ending::Trapped { .. } => StatusState::Failure,
    };
    let description = format!("Run {}: {}", run.id, wording::ended(ending, duration));
    let about = About {
        namespace: &run.namespace,
        job: &run.job,
        arguments: &run.arguments,
    };
    let status = status(state, about, &description);
    at_every_commit(&run.askings)
        .map(|address| NewDelivery::status(address, status.clone(), Some(run.id)))
        .collect()
}

/// That a request was cancelled before it started, at every commit that asked for it.
pub fn cancelled(about: About<'_>, request: RequestId, askings: &[Asking]) -> Vec<NewDelivery> {
    let description = format!("Request {request} was cancelled");
    let status = status(StatusState::Error, about, &description);
    at_every_commit(askings)
        .map(|address| NewDelivery::status(address, status.clone(), None))
        .collect()
}

fn at_every_commit(askings: &[Asking]) -> impl Iterator<Item = crate::message::Address> {
    let mut known = HashSet::new();
    let commits = askings.iter().filter_map(|asking| asking.origin.commit_status());
    commits.filter(move |address| known.insert(address.place()))
}

fn status(state: StatusState, about: About<'_>, description: &str) -> Status {
    Status {
        state,
        context: about.context(),
        description: cut(description, limits::GITHUB_STATUS),
    }
}

/// At most so many characters of it.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::message::Content;
    use crate::request::{AskingId, GithubOrigin, WriteBack};
    use crate::run::RunId;

    fn asking(id: i64, commit: &str, reports: bool) -> Asking {
        let origin = GithubOrigin {
            delivery: id.to_string(),
            event: "push".into(),
            action: None,
            repository: Some("octo/shop".into()),
            sender: None,
            channel: None,
            comment: false,
            write_back: Some(WriteBack {
                namespace: "shop".into(),
                repository: "octo/shop".into(),
                commit: Some(commit.into()),
                reports,
                ..WriteBack::default()
            }),
        };
        Asking {
            id: AskingId(id),
            origin: Origin::Github(origin),
            text: None,
            at: Timestamp::from_micros(0),
        }
    }

    fn shown(deliveries: &[NewDelivery]) -> Vec<String> {
        let shown = |delivery: &NewDelivery| match &delivery.content {
            Content::Status(status) => format!("{:?} {}: {}", status.state, status.context, status.description),
            other => format!("{other:?}"),
        };
        deliveries.iter().map(shown).collect()
    }

    #[test]
    fn every_commit_that_asked_is_told_once_how_it_ended() {
        let run = Run {
            id: RunId(7),
            request: RequestId(12),
            namespace: "shop".into(),
            job: "deploy".into(),
            arguments: Arguments::default(),
            started: Timestamp::from_micros(0),
            askings: vec![
                asking(1, "aa", true),
                asking(2, "aa", true),
                asking(3, "bb", true),
                asking(4, "cc", false),
            ],
            payload: None,
        };
        let end = |ending: &Ending| shown(&ended(&run, ending, Duration::from_secs(3)));
        assert_eq!(
            end(&Ending::Exited { code: 0 }),
            ["Success innkeeper/shop_deploy: Run 7: succeeded after 3 s"; 2]
        );
        insta::assert_snapshot!(end(&Ending::Exited { code: 3 })[0], @"Failure innkeeper/shop_deploy: Run 7: exit code 3 after 3 s");
        assert!(end(&Ending::Interrupted)[0].starts_with("Error innkeeper/shop_deploy: Run 7: interrupted"));
        let long = Ending::Failed {
            message: "é\u{1b}[31m\n".repeat(500),
        };
        let long = end(&long).remove(0);
        assert_eq!(long.split_once(": ").map(|(_, text)| text.chars().count()), Some(140));
        assert!(!long.contains(['\u{1b}', '\n']) && long.ends_with('…'), "{long}");
    }

    #[test]
    fn what_waits_is_pending_and_says_why() {
        let origin = asking(1, "aa", true).origin;
        let none = Arguments::default();
        let job = About {
            namespace: "shop",
            job: "deploy",
            arguments: &none,
        };
        let accepted = |why| shown(accepted(&origin, job, RequestId(12), why).as_slice());
        assert_eq!(
            accepted(None),
            ["Pending innkeeper/shop_deploy: Request 12 is accepted"]
        );
        assert_eq!(
            accepted(Some("suppressed until 09:00")),
            ["Pending innkeeper/shop_deploy: Request 12 waits: suppressed until 09:00"]
        );
        let cancelled = shown(&cancelled(job, RequestId(12), &[asking(1, "aa", true)]));
        assert_eq!(cancelled, ["Error innkeeper/shop_deploy: Request 12 was cancelled"]);
    }

    #[test]
    fn other_arguments_have_a_status_of_their_own() {
        let context = |pairs: &[(&str, &str)]| {
            let arguments: Arguments = pairs.iter().copied().collect();
            let about = About {
                namespace: "shop",
                job: "deploy",
                arguments: &arguments,
            };
            about.context()
        };
        assert_eq!(context(&[]), "innkeeper/shop_deploy");
        assert_eq!(context(&[("env", "staging")]), "innkeeper/shop_deploy (staging)");
        assert_eq!(
            context(&[("env", "staging"), ("who", "a\nb")]),
            "innkeeper/shop_deploy (staging, a b)"
        );
        let long = context(&[("text", &"é".repeat(40_000))]);
        assert_eq!(long.chars().count(), "innkeeper/shop_deploy ()".len() + LONGEST_TAG);
        assert!(long.ends_with("…)"), "{long}");
    }
}
