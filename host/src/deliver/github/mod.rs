//! Delivers to GitHub: commit statuses, comments and reactions. A comment carries its delivery's id where nobody sees it, so
//! that one that may have been written already is looked for, and not written twice. Statuses and reactions are as they were
//! when they are sent again. GitHub's answer is sorted in `sort`; when it is tried again is the outbox's to say.

mod sort;

use std::sync::Arc;

use innkeeper_core::BoxFuture;
use innkeeper_core::config::secrets::Secret;
use innkeeper_core::message::{Address, Content, Delivery, GithubPlace, Message, Status};
use innkeeper_core::outbox::{Failure, Receipt, Target};
use innkeeper_core::report::markdown;
use uuid::Uuid;

use crate::current::Derived;
use crate::github::{Access, ApiError, Comment, GithubApi};

/// How many pages of comments are looked through for one that was written before.
const MOST_PAGES: usize = 50;

/// Sends deliveries to GitHub.
#[derive(Debug)]
pub struct GithubTarget {
    api: GithubApi,
    access: Arc<Derived<Access>>,
}

/// Where something is written, and with what.
struct Desk<'d> {
    api: &'d GithubApi,
    token: &'d Secret,
    repository: &'d str,
}

impl GithubTarget {
    /// Writes through `api`, as `access` allows.
    pub fn new(api: GithubApi, access: Arc<Derived<Access>>) -> Self {
        Self { api, access }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, Failure> {
        let Address::Github {
            namespace,
            repository,
            place,
            mentions,
        } = &delivery.address
        else {
            return Err(impossible(delivery));
        };
        let access = self.access.get();
        let pen = access
            .pen(namespace, repository)
            .map_err(|denied| sort::denied(denied, namespace, repository))?;
        let desk = Desk {
            api: &self.api,
            token: pen.token,
            repository,
        };
        // Both then and now.
        let mentions = *mentions && pen.mentions;
        let done = match (place, &delivery.content) {
            (GithubPlace::Issue(_) | GithubPlace::Commit(_), Content::Message(message)) => {
                desk.comment(delivery, place, message, mentions).await
            }
            (GithubPlace::Commit(commit), Content::Status(status)) => desk.set_status(commit, status).await,
            (GithubPlace::Comment(comment), Content::Reaction { name }) => desk.react(*comment, name).await,
            _ => return Err(impossible(delivery)),
        };
        done.map_err(|error| sort::failure(&error, namespace, repository))
    }
}

impl Desk<'_> {
    async fn set_status(&self, commit: &str, status: &Status) -> Result<Receipt, ApiError> {
        self.api.set_status(self.token, self.repository, commit, status).await?;
        Ok(self.receipt(None))
    }

    async fn react(&self, comment: u64, name: &str) -> Result<Receipt, ApiError> {
        self.api
            .react(self.token, self.repository, comment, reaction(name))
            .await?;
        Ok(self.receipt(Some(comment)))
    }

    async fn comment(
        &self,
        delivery: &Delivery,
        place: &GithubPlace,
        message: &Message,
        mentions: bool,
    ) -> Result<Receipt, ApiError> {
        let marker = marker(delivery.id);
        let body = markdown::comment(message, mentions, &marker);
        // An earlier attempt may have got through without our hearing of it.
        let earlier = match delivery.attempts {
            0 | 1 => None,
            _ => self.find(delivery, place, &marker).await?,
        };
        let (api, token, repository) = (self.api, self.token, self.repository);
        let id = match (place, earlier) {
            (GithubPlace::Issue(_), Some(known)) => {
                api.edit_issue_comment(token, repository, known, &body).await?;
                known
            }
            (_, Some(known)) => {
                api.edit_commit_comment(token, repository, known, &body).await?;
                known
            }
            (GithubPlace::Issue(issue), None) => api.comment_on_issue(token, repository, *issue, &body).await?.id,
            (GithubPlace::Commit(commit), None) => api.comment_on_commit(token, repository, commit, &body).await?.id,
            (GithubPlace::Comment(known), None) => *known,
        };
        Ok(self.receipt(Some(id)))
    }

    /// The comment that this delivery made before, if it did.
    async fn find(&self, delivery: &Delivery, place: &GithubPlace, marker: &str) -> Result<Option<u64>, ApiError> {
        let mut list = match place {
            GithubPlace::Issue(issue) => Some(self.api.issue_comments(self.repository, *issue, delivery.created)),
            GithubPlace::Commit(commit) => Some(self.api.commit_comments(self.repository, commit)),
            GithubPlace::Comment(_) => None,
        };
        for _ in 0..MOST_PAGES {
            let Some(url) = list else { break };
            let page = self.api.page::<Comment>(self.token, &url).await?;
            // At the end: whoever writes before it, writes no such end.
            let ours = |comment: &&Comment| {
                comment
                    .body
                    .as_deref()
                    .is_some_and(|body| body.trim_end().ends_with(marker))
            };
            if let Some(found) = page.items.iter().find(ours) {
                return Ok(Some(found.id));
            }
            list = page.next;
        }
        Ok(None)
    }

    fn receipt(&self, comment: Option<u64>) -> Receipt {
        Receipt {
            channel: Some(self.repository.to_owned()),
            ts: comment.map(|comment| comment.to_string()),
        }
    }
}

impl Target for GithubTarget {
    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, Failure>> {
        Box::pin(self.deliver(delivery))
    }
}

/// What a comment ends with. GitHub shows nothing of it.
fn marker(delivery: Uuid) -> String {
    format!("<!-- innkeeper:{delivery} -->")
}

/// GitHub has eight reactions; these are the ones for what is said in Slack with an emoji.
fn reaction(emoji: &str) -> &'static str {
    match emoji {
        "eyes" => "eyes",
        "white_check_mark" => "rocket",
        _ => "-1",
    }
}

fn impossible(delivery: &Delivery) -> Failure {
    Failure::Refused {
        why: format!(
            "this is not something that GitHub can be sent (lane {})",
            delivery.address.lane()
        ),
    }
}
