//! The last run of a workflow of GitHub Actions that ended.

use serde::Deserialize;

use super::web::{Ask, Login, below};
use super::words::quote;
use super::{Room, Verdict};

#[derive(Deserialize)]
struct Repository {
    default_branch: String,
}

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    run_number: u64,
    conclusion: Option<String>,
    html_url: String,
}

/// What counts as a success: what GitHub itself lets a pull request be merged with.
const GOOD: [&str; 3] = ["success", "neutral", "skipped"];

/// Looks at the last run on `branch` (or the repository's default one) that ended.
pub(super) async fn look(
    room: &Room<'_>,
    repo: &str,
    workflow: &str,
    branch: Option<&str>,
    token: Option<&str>,
) -> Verdict {
    let token = token.map(|name| room.secret(name)).transpose()?;
    let login = token.map(Login::Bearer);
    let (owner, name) = repo.split_once('/').unwrap_or((repo, ""));
    let branch = match branch {
        Some(branch) => branch.to_owned(),
        None => {
            let url = below(&room.runner.settings.github_api, &["repos", owner, name])?;
            ask::<Repository>(room, url, login.clone(), repo).await?.default_branch
        }
    };
    let path = ["repos", owner, name, "actions", "workflows", workflow, "runs"];
    let mut url = below(&room.runner.settings.github_api, &path)?;
    url.query_pairs_mut()
        .append_pair("branch", &branch)
        .append_pair("status", "completed")
        .append_pair("per_page", "1");
    let what = format!("{workflow} of {repo}");
    let runs: Runs = ask(room, url, login, &what).await?;
    let Some(run) = runs.workflow_runs.first() else {
        return Err(format!("{what} has no run on {} that ended", quote(&branch)));
    };
    match run.conclusion.as_deref() {
        Some(good) if GOOD.contains(&good) => Ok(()),
        other => Err(format!(
            "run {} of {what} on {} ended as {}: {}",
            run.run_number,
            quote(&branch),
            quote(other.unwrap_or("nothing")),
            quote(&run.html_url)
        )),
    }
}

async fn ask<T: serde::de::DeserializeOwned>(
    room: &Room<'_>,
    url: url::Url,
    login: Option<Login>,
    what: &str,
) -> Result<T, String> {
    let ask = Ask {
        login,
        accept: "application/vnd.github+json",
        ..Ask::json(url)
    };
    let answer = room.web().get(room.grants(), &ask).await?;
    match answer.status {
        200 => answer
            .json()
            .map_err(|why| format!("GitHub answered what is none of its answers: {why}")),
        404 => Err(format!(
            "GitHub knows no {what}, or the token may not see it (it needs to read Actions)"
        )),
        401 => Err("GitHub does not know the token".into()),
        403 | 429 => Err(format!(
            "GitHub refused to tell of {what} ({}): the token may not, or has asked too often",
            answer.status
        )),
        status => Err(format!("GitHub answered {status}")),
    }
}
