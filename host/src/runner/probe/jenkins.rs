//! The last build of a job of Jenkins that ended, and how long the next one waits.

use std::time::Duration;

use innkeeper_core::clock::Timestamp;
use serde::Deserialize;

use super::web::{Ask, below};
use super::words::{count, quote};
use super::{Room, Verdict};

/// What is asked of a job, which has much more to tell.
const TREE: &str = "queueItem[inQueueSince,why],lastCompletedBuild[number,result,url]";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    #[serde(default)]
    queue_item: Option<Waiting>,
    #[serde(default)]
    last_completed_build: Option<Build>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    /// Milliseconds since 1970.
    in_queue_since: i64,
    #[serde(default)]
    why: Option<String>,
}

#[derive(Deserialize)]
struct Build {
    number: u64,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    url: String,
}

/// Looks at the job, which may be in folders: `folder/job`.
pub(super) async fn look(
    room: &Room<'_>,
    url: &str,
    job: &str,
    login: Option<&(String, String)>,
    queued_for: Option<Duration>,
) -> Verdict {
    let names = job.split('/').filter(|name| !name.is_empty());
    let path: Vec<&str> = names.flat_map(|name| ["job", name]).chain(["api", "json"]).collect();
    let mut url = below(url, &path)?;
    url.query_pairs_mut().append_pair("tree", TREE);
    let ask = Ask {
        login: room.login(login)?,
        ..Ask::json(url)
    };
    let answer = room.web().get(room.grants(), &ask).await?;
    match answer.status {
        200 => {}
        404 => return Err(format!("Jenkins knows no job {job}, or does not show it to who asks")),
        401 | 403 => return Err(format!("Jenkins does not show {job} to who asks ({})", answer.status)),
        status => return Err(format!("Jenkins answered {status}")),
    }
    let found: Job = answer
        .json()
        .map_err(|why| format!("Jenkins answered what is none of its answers: {why}"))?;
    if let (Some(waiting), Some(most)) = (found.queue_item, queued_for) {
        judge_queue(job, &waiting, most, room.clock().now())?;
    }
    let Some(build) = found.last_completed_build else {
        return Err(format!("{job} has no build that ended"));
    };
    match build.result.as_deref() {
        Some("SUCCESS") => Ok(()),
        other => Err(format!(
            "build {} of {job} ended as {}: {}",
            build.number,
            quote(other.unwrap_or("nothing")),
            quote(&build.url)
        )),
    }
}

fn judge_queue(job: &str, waiting: &Waiting, most: Duration, now: Timestamp) -> Verdict {
    let since = Timestamp::from_micros(waiting.in_queue_since.saturating_mul(1000));
    let waits = now.since(since);
    if waits <= most {
        return Ok(());
    }
    let why = waiting.why.as_deref().map(|why| format!(": {}", quote(why)));
    Err(format!(
        "a build of {job} has waited for {}; {} allowed{}",
        count(waits.as_secs() / 60, "minute"),
        count(most.as_secs() / 60, "minute"),
        why.unwrap_or_default()
    ))
}
