//! GitHub's webhooks: who may send them, what a delivery asks for, and its way to the queue.
//!
//! Owns the signature check, the rules and the repetition key. How an answer looks in HTTP is left to `web`; what is
//! accepted, and that it is durable, to the [intake](super::Intake).
//!
//! GitHub wants its answer within 10 s and never sends a delivery again by itself
//! (<https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks>), so an answer is given
//! after the commit and at once.

mod comment;
mod decision;
mod filter;
pub mod missed;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use http::HeaderMap;
use innkeeper_core::clock::Clock;
use innkeeper_core::config::secrets::Secret;
use innkeeper_core::config::{Allowed, CommentCommands, GithubRule, Namespace};
use innkeeper_core::request::{NewAsking, NewRequest, RequestId, Trigger};

use self::decision::{Decision, decide};
use super::payload::Pointer;
use super::{Heard, Reception};
use crate::current::{Current, Derived};
use crate::github::Access;

/// Bodies over this are checked off the async threads: signing and reading one of 25 MB takes tens of milliseconds.
const LARGE: usize = 512 * 1024;

/// Takes GitHub's deliveries for all namespaces.
pub struct GithubTrigger {
    /// By namespace.
    hooks: Derived<BTreeMap<String, Arc<Hook>>>,
    intake: Arc<dyn Reception>,
    clock: Arc<dyn Clock>,
}

/// A namespace that may be sent webhooks.
#[derive(Debug)]
struct Hook {
    namespace: Arc<Namespace>,
    secret: Secret,
    /// Whether the legacy SHA-1 header is enough.
    sha1: bool,
    repos: Allowed,
    rules: Vec<Rule>,
    /// What makes commands of comments.
    commands: Option<CommentCommands>,
    /// Whether results may be written back, and can be.
    writes: bool,
}

#[derive(Debug)]
struct Rule {
    rule: GithubRule,
    arguments: Vec<Argument>,
}

#[derive(Debug)]
struct Argument {
    name: String,
    text: String,
    pointer: Pointer,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was GitHub's `ping`, sent when a webhook is set up.
    Pong,
    /// It was understood, and nothing follows from it; the sentence says why.
    Nothing(String),
    /// It had been accepted before.
    Repeated,
    /// It is durable, and these requests were accepted or joined.
    Accepted(Vec<RequestId>),
    /// The same, and rules that fit besides could not be carried out; the sentences say why.
    InPart {
        /// What was accepted or joined.
        requests: Vec<RequestId>,
        /// What was not.
        failed: Vec<String>,
    },
    /// It is a comment, and was answered without a run; the answer is durable.
    Answered,
}

/// Why a delivery was not taken. Each is a sentence for GitHub's list of deliveries, where the owner of the webhook
/// reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such namespace, no grant, or a wrong signature. They look alike, so that nobody learns which names exist.
    #[error(
        "the signature does not fit: check the namespace in the URL, the webhook's secret, and that the namespace \
         is granted the trigger `github`"
    )]
    Unauthorised,
    /// It is signed, but it is not a delivery as GitHub sends them.
    #[error("{0}")]
    Malformed(String),
    /// It is neither of the two content types that GitHub offers.
    #[error("the content type must be application/json: choose it in the settings of the webhook")]
    ContentType,
    /// The namespace's grant does not name the repository.
    #[error("{0}")]
    Repository(String),
    /// The payload lacks what an argument of a job is taken from.
    #[error("{0}")]
    Argument(String),
    /// It could not be kept.
    #[error("the delivery could not be kept: send it again from the webhook's list of recent deliveries")]
    Unavailable,
}

impl GithubTrigger {
    /// The trigger for the namespaces that may have it; `secret` gives a secret's value by its name.
    pub fn new(
        current: Current,
        secret: impl Fn(&str) -> Option<Secret> + Send + Sync + 'static,
        intake: Arc<dyn Reception>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let hooks = Derived::new(current, move |config| {
            let access = Access::of(config, &secret);
            let hook = |namespace: &Arc<Namespace>| {
                let hook = Hook::of(namespace, &secret, &access)?;
                Some((namespace.name.clone(), Arc::new(hook)))
            };
            config.namespaces.values().filter_map(hook).collect()
        });
        Self { hooks, intake, clock }
    }

    /// Takes one delivery: checks who sent it, decides what follows, and has it kept. When this returns
    /// [`Answer::Accepted`], it is durable.
    ///
    /// # Errors
    /// Why it was not taken. Nothing was kept.
    pub async fn deliver(&self, namespace: &str, headers: &HeaderMap, body: Bytes) -> Result<Answer, Refusal> {
        let hook = self.hooks.get().get(namespace).cloned();
        let known_as = hook.as_ref().map_or("unknown", |_| namespace);
        let answer = match self.decide(hook, headers, body).await {
            Ok(Decision::Do { orders, said, failed }) => {
                for why in &failed {
                    tracing::warn!(namespace, %why, "a GitHub rule that fits could not be carried out");
                }
                let answer = self.carry_out(orders, said.map(|said| *said)).await;
                answer.map(|answer| answer.but(&failed))
            }
            Ok(Decision::Answer(answer)) => Ok(answer),
            Err(refusal) => Err(refusal),
        };
        let delivery = decision::word(headers, decision::DELIVERY).unwrap_or_default();
        let event = decision::word(headers, decision::EVENT).unwrap_or_default();
        match &answer {
            Ok(Answer::Accepted(requests) | Answer::InPart { requests, .. }) => {
                tracing::info!(namespace, delivery, event, ?requests, "GitHub delivery accepted");
            }
            Ok(answer) => tracing::info!(namespace, delivery, event, ?answer, "GitHub delivery starts nothing"),
            Err(why) => tracing::warn!(namespace = known_as, delivery, event, %why, "GitHub delivery refused"),
        }
        answer
    }

    async fn decide(&self, hook: Option<Arc<Hook>>, headers: &HeaderMap, body: Bytes) -> Result<Decision, Refusal> {
        let now = self.clock.now();
        if body.len() <= LARGE {
            return decide(hook.as_deref(), headers, &body, now);
        }
        let headers = headers.clone();
        tokio::task::spawn_blocking(move || decide(hook.as_deref(), &headers, &body, now))
            .await
            .map_err(|error| {
                tracing::error!(%error, "a large GitHub delivery could not be read");
                Refusal::Unavailable
            })?
    }

    /// Hands over what comes of a delivery. All that its rules ask for is one commit; what somebody wrote is another, with a
    /// key of its own: what is lost between the two, a repetition of the delivery makes good.
    async fn carry_out(
        &self,
        orders: Vec<(NewAsking, Vec<NewRequest>)>,
        said: Option<decision::Heard>,
    ) -> Result<Answer, Refusal> {
        let mut heard = match orders.is_empty() {
            true => Vec::new(),
            false => self.intake.order_together(orders).await.map_err(unavailable)?,
        };
        match said {
            Some(decision::Heard::Said(said)) => heard.push(self.intake.hear(said).await.map_err(unavailable)?),
            Some(decision::Heard::Refused(asking, why)) => {
                tracing::info!(why, "a comment on GitHub is refused");
                heard.push(self.intake.refuse(asking).await.map_err(unavailable)?);
            }
            None => {}
        }
        let answered = heard
            .iter()
            .any(|heard| !matches!(heard, Heard::Repeated | Heard::Accepted { .. }));
        let accepted = heard.iter().any(|heard| matches!(heard, Heard::Accepted { .. }));
        let requests = heard.into_iter().flat_map(|heard| match heard {
            Heard::Accepted { requests, .. } => requests,
            Heard::Repeated | Heard::Answered { .. } | Heard::Undecided { .. } => Vec::new(),
        });
        Ok(match (accepted, answered) {
            (true, _) => Answer::Accepted(requests.map(|request| request.id).collect()),
            (false, true) => Answer::Answered,
            (false, false) => Answer::Repeated,
        })
    }
}

impl Answer {
    /// The same of a delivery of which not all could be carried out.
    fn but(self, failed: &[Refusal]) -> Self {
        match self {
            Self::Accepted(requests) if !failed.is_empty() => Self::InPart {
                requests,
                failed: failed.iter().map(ToString::to_string).collect(),
            },
            other => other,
        }
    }
}

fn unavailable(error: anyhow::Error) -> Refusal {
    tracing::error!(error = format!("{error:#}"), "a GitHub delivery could not be kept");
    Refusal::Unavailable
}

impl Hook {
    /// The hook of `namespace`; none where it may not have one, or where its secret is missing.
    fn of(namespace: &Arc<Namespace>, secret: impl Fn(&str) -> Option<Secret>, access: &Access) -> Option<Self> {
        if !namespace.grants.triggers.contains(&Trigger::Github) {
            return None;
        }
        let grant = namespace.grants.github.as_ref()?;
        let value = secret(&grant.secret).filter(|secret| !secret.expose().is_empty());
        if value.is_none() && (!namespace.github.is_empty() || namespace.comment_commands.is_some()) {
            tracing::warn!(
                namespace = namespace.name,
                secret = grant.secret,
                "GitHub's webhooks for this namespace are refused: the secret that signs them is not set"
            );
        }
        Some(Self {
            secret: value?,
            sha1: grant.sha1,
            repos: grant.repos.clone(),
            rules: namespace.github.iter().cloned().map(Rule::new).collect(),
            commands: namespace.comment_commands.clone(),
            writes: access.may_write(&namespace.name),
            namespace: Arc::clone(namespace),
        })
    }
}

impl Rule {
    fn new(rule: GithubRule) -> Self {
        let argument = |(name, text): &(String, String)| Argument {
            name: name.clone(),
            text: text.clone(),
            pointer: Pointer::parse(text),
        };
        Self {
            arguments: rule.args.iter().map(argument).collect(),
            rule,
        }
    }
}

#[cfg(test)]
mod tests;
