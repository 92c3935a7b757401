//! `innkeeper match`: what a text would do, without doing it.

use innkeeper_core::clock::{Clock, SystemClock, Timestamp};
use innkeeper_core::command::{Catalogue, LogsWanted, ServiceOrder, Understood, interpret_plain};
use innkeeper_core::config::{Action, Command, Config, Namespace};
use innkeeper_core::request::{Arguments, Trigger};
use innkeeper_core::suppression::Suppression;
use serde::Serialize;

use super::{Ended, print};

/// What a text asks for.
#[derive(Debug, Serialize)]
#[serde(tag = "asks_for", rename_all = "kebab-case")]
enum Asks {
    /// A command of a namespace.
    Command(Box<Matched>),
    /// What there is, or what a namespace can do.
    Help {
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
    },
    /// What runs and what waits.
    Status,
    /// That a request be cancelled.
    Cancel { request: i64 },
    /// What a run wrote.
    Logs { run: i64 },
    /// How services are, or one.
    Services {
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
    /// Something for a service.
    Tell { service: String, order: &'static str },
    /// Who is on duty.
    OnCall,
    /// To say how one is told of services.
    Preferences,
    /// Who is told of services.
    Users {
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
    /// No command. These are near.
    Nothing { nearest: Vec<String> },
    /// What cannot be taken as it is.
    Refused { why: String },
}

/// A command that a text matches.
#[derive(Debug, Serialize)]
struct Matched {
    namespace: String,
    /// As it stands in `namespace.toml`.
    command: String,
    action: &'static str,
    job: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u64>,
    /// Names and values, in their order.
    arguments: Arguments,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppresses: Option<Span>,
    from_slack: Who,
}

/// From when to when a job would not start.
#[derive(Debug, Serialize)]
struct Span {
    start: Timestamp,
    end: Timestamp,
    #[serde(skip)]
    in_words: String,
}

/// Who may give a command in Slack. The command line belongs to the host's owner and may give each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Who {
    /// Whoever can write to the bot.
    Everybody,
    /// Full members of the workspace.
    Members,
    /// Nobody: the trigger `slack` is not granted.
    Nobody,
}

impl Who {
    fn of(namespace: &Namespace) -> Self {
        match (
            namespace.grants.triggers.contains(&Trigger::Slack),
            namespace.restricted,
        ) {
            (false, _) => Self::Nobody,
            (true, true) => Self::Members,
            (true, false) => Self::Everybody,
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Everybody => "everybody in Slack, and the command line",
            Self::Members => "full members of the Slack workspace, and the command line",
            Self::Nobody => "the command line only: its namespace is not granted the trigger `slack`",
        }
    }
}

pub(super) fn run(config: &Config, text: &str, json: bool) -> anyhow::Result<Ended> {
    let asks = look(config, text, SystemClock.now());
    if json {
        print(serde_json::to_string_pretty(&asks)?)?;
    } else {
        print(in_words(&asks))?;
    }
    Ok(match asks {
        Asks::Nothing { .. } | Asks::Refused { .. } => Ended::Misused,
        _ => Ended::Done,
    })
}

fn look(config: &Config, text: &str, now: Timestamp) -> Asks {
    match interpret_plain(text, &Catalogue::new(config)) {
        Understood::Run {
            namespace,
            command,
            arguments,
        } => {
            let found = config.namespaces.get(&namespace);
            let found = found.and_then(|namespace| Some((namespace, namespace.commands.get(command)?)));
            match found {
                Some((namespace, command)) => matched(config, namespace, command, arguments, now),
                None => Asks::Nothing { nearest: Vec::new() },
            }
        }
        Understood::Help => Asks::Help { namespace: None },
        Understood::HelpFor(namespace) => Asks::Help {
            namespace: Some(namespace),
        },
        Understood::Status => Asks::Status,
        Understood::CancelRequest(request) => Asks::Cancel { request },
        Understood::Logs(LogsWanted { run, .. }) => Asks::Logs { run },
        Understood::Services => Asks::Services { service: None },
        Understood::Service(service) => Asks::Services { service: Some(service) },
        Understood::OnCall => Asks::OnCall,
        Understood::Tell { service, order } => match order {
            ServiceOrder::Acknowledge => Asks::Tell { service, order: "ack" },
            ServiceOrder::Withdraw => Asks::Tell {
                service,
                order: "unack",
            },
            ServiceOrder::Silence(until) => match Suppression::read(&until, now, &config.timezone) {
                Ok(_) => Asks::Tell {
                    service,
                    order: "silence",
                },
                Err(why) => Asks::Refused { why },
            },
            ServiceOrder::Unsilence => Asks::Tell {
                service,
                order: "unsilence",
            },
        },
        Understood::Preferences => Asks::Preferences,
        Understood::Users => Asks::Users { user: None },
        Understood::User(user) => Asks::Users { user: Some(user) },
        Understood::NotUnderstood { nearest } => Asks::Nothing { nearest },
        Understood::Refused(why) => Asks::Refused { why },
    }
}

fn matched(config: &Config, namespace: &Namespace, command: &Command, arguments: Arguments, now: Timestamp) -> Asks {
    let (action, delay_seconds) = match command.action {
        Action::ScheduleJob { delay } => ("schedule_job", Some(delay.as_secs())),
        Action::CancelJob => ("cancel_job", None),
        Action::ScheduleSuppression => ("schedule_suppression", None),
        Action::CancelSuppression => ("cancel_suppression", None),
    };
    let suppresses = match command.action {
        Action::ScheduleSuppression => match Suppression::read(&arguments, now, &config.timezone) {
            Ok(span) => Some(Span {
                start: span.start,
                end: span.end,
                in_words: span.in_words(now, &config.timezone),
            }),
            Err(why) => return Asks::Refused { why },
        },
        _ => None,
    };
    Asks::Command(Box::new(Matched {
        namespace: namespace.name.clone(),
        command: command.pattern.to_string(),
        action,
        job: command.job.clone(),
        delay_seconds,
        arguments,
        suppresses,
        from_slack: Who::of(namespace),
    }))
}

fn in_words(asks: &Asks) -> String {
    match asks {
        Asks::Command(matched) => command_in_words(matched),
        Asks::Help { namespace: None } => "built in: lists the namespaces".to_owned(),
        Asks::Help { namespace: Some(name) } => format!("built in: lists the commands of `{name}`"),
        Asks::Status => "built in: says what runs and what waits".to_owned(),
        Asks::Cancel { request } => format!("built in: cancels request {request}, if it has not started"),
        Asks::Logs { run } => format!("built in: shows what run {run} wrote, to full members of the Slack workspace"),
        Asks::Services { service: None } => {
            "built in: says how services are, to full members of the Slack workspace".to_owned()
        }
        Asks::Services { service: Some(name) } => {
            format!("built in: says all of the service `{name}`, to full members of the Slack workspace")
        }
        Asks::Tell { service, order } => {
            format!("built in: `{order}` of the service `{service}`, by full members of the Slack workspace")
        }
        Asks::OnCall => "built in: says who is on duty, to full members of the Slack workspace".to_owned(),
        Asks::Preferences => "built in: opens the preferences of whoever says it in Slack".to_owned(),
        Asks::Users { user: None } => {
            "built in: lists who is told of services, to full members of the Slack workspace".to_owned()
        }
        Asks::Users { user: Some(name) } => {
            format!("built in: says how `{name}` is told of services, to full members of the Slack workspace")
        }
        Asks::Nothing { nearest } if nearest.is_empty() => "no command, and none is near".to_owned(),
        Asks::Nothing { nearest } => format!("no command; the nearest:\n    {}", nearest.join("\n    ")),
        Asks::Refused { why } => format!("refused: {why}"),
    }
}

/// The command, and below it what it does, with what, and for whom.
fn command_in_words(matched: &Matched) -> String {
    let job = format!("{}_{}", matched.namespace, matched.job);
    let does = match (matched.action, matched.delay_seconds, &matched.suppresses) {
        (_, Some(0), _) => format!("runs {job}"),
        (_, Some(seconds), _) => format!("runs {job}, {seconds} s later"),
        (_, _, Some(span)) => format!("keeps {job} from starting {}", span.in_words),
        ("cancel_job", ..) => format!("cancels every pending request of {job}"),
        _ => format!("cancels the suppressions of {job}"),
    };
    let mut lines = vec![
        format!("{} {}", matched.namespace, matched.command),
        format!("    {does}"),
    ];
    for (name, value) in &matched.arguments.0 {
        // As Rust writes a string: white space at its ends and line ends can be seen.
        lines.push(format!("    {name} = {value:?}"));
    }
    lines.push(format!("    for {}", matched.from_slack.in_words()));
    lines.join("\n")
}
