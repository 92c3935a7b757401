//! Writes down that somebody deploys something: typed arguments, progress, and who asked.
//!
//! ```toml
//! [jobs.deploy-note]
//! component = "deploy-note.wasm"
//!
//! [[slack]]
//! command = "note deploy of [service] to [environment]"
//! job_type = "deploy-note"
//! ```

use innkeeper_guest::{Blocks, Request, Result, Trigger, bail, escape, info, job, json, progress};
use serde::Deserialize;

/// The arguments, as the command names them.
#[derive(Deserialize)]
struct Deploy {
    service: String,
    environment: Environment,
    /// How many machines.
    #[serde(default = "one")]
    count: u32,
    #[serde(default)]
    dry_run: bool,
    note: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Environment {
    Staging,
    Production,
}

const fn one() -> u32 {
    1
}

#[job]
fn run(request: Request) -> Result<Blocks> {
    let deploy: Deploy = request.arguments()?;
    if deploy.count == 0 {
        bail!("nothing to deploy to: `count` is 0, and has to be 1 or more");
    }
    for machine in 1..=deploy.count {
        progress::update(
            f64::from(machine) / f64::from(deploy.count),
            format!("looking at machine {machine} of {}", deploy.count),
        );
    }
    info!("{} machines looked at", deploy.count);
    Ok(note(&deploy, &asked_by(request.trigger())?))
}

fn note(deploy: &Deploy, asked_by: &str) -> Blocks {
    let environment = match deploy.environment {
        Environment::Staging => "staging",
        Environment::Production => ":rotating_light: production",
    };
    let title = if deploy.dry_run { "Would deploy" } else { "Deploys" };
    let service = escape(&deploy.service);
    let message = Blocks::new()
        .section(format!("*{title} {service}*"))
        .fields([format!("*To*\n{environment}"), format!("*Machines*\n{}", deploy.count)]);
    let message = match &deploy.note {
        Some(note) => message.section(format!("> {}", escape(note))),
        None => message,
    };
    message.context([format!("Asked by {asked_by}")])
}

/// Who asked, in a few words: each trigger knows something else.
fn asked_by(trigger: Option<&Trigger>) -> Result<String> {
    Ok(match trigger {
        Some(Trigger::Slack(slack)) => format!("<@{}>", slack.user),
        Some(Trigger::Keyword(keyword)) => format!("<@{}>, who said “{}”", keyword.user, escape(&keyword.keyword)),
        Some(Trigger::Github(github)) => {
            let payload: json::Value = github.json()?;
            let page = payload["compare"].as_str().unwrap_or("no page of its own");
            let sender = github.sender.as_deref().unwrap_or("somebody");
            format!("{} on GitHub: {}", escape(sender), escape(page))
        }
        Some(Trigger::Hook(hook)) => format!("the hook `{}`", hook.hook),
        Some(Trigger::Schedule(schedule)) => format!("the schedule `{}`", schedule.schedule),
        Some(Trigger::Cli(cli)) => format!("{} on the command line", escape(&cli.user)),
        Some(Trigger::Api(api)) => format!("{}, by the API", escape(&api.client)),
        Some(Trigger::Other(name)) => escape(name),
        None => "nobody".to_owned(),
    })
}

#[cfg(test)]
mod tests;
