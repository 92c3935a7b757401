//! The command line, one file a verb. Data goes to stdout, talk to stderr. Exit codes: 0 done, 1 the job or the check
//! failed, 2 wrong use or wrong configuration.

mod accepted;
mod alert;
mod build;
mod cancel;
mod chat;
mod check;
mod client;
mod doctor;
mod import;
mod init;
mod inspect;
mod logs;
mod manifest;
mod matching;
mod new;
mod order;
mod pull;
mod schedules;
mod schema;
mod serve;
mod services;
mod show;
mod slack_app;
mod status;
mod user;
mod watch;

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use innkeeper_core::config::oci::RegistryPrefix;
use innkeeper_core::config::{Config, Problems};
use innkeeper_core::request::RequestId;
use innkeeper_core::run::RunId;

use crate::guest::inspect::Inspector;
use crate::guest::wing::Edition;
use crate::{guest, memory, telemetry};

/// A job host with a sandbox: commands from Slack, webhooks and a terminal run as bash or as WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "innkeeper", version)]
struct Arguments {
    /// The host's configuration.
    #[arg(
        long,
        value_name = "FILE",
        env = "INNKEEPER_CONFIG",
        default_value = "innkeeper.toml",
        global = true
    )]
    config: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Takes orders until it is told to stop (SIGTERM).
    Serve,
    /// Checks the configuration and every namespace, and runs nothing.
    Check {
        /// Prints the problems as JSON.
        #[arg(long)]
        json: bool,
        /// Writes down what each component could ask for, beside the configuration. From then on it is pointed out when
        /// one changes and could ask for more.
        #[arg(long)]
        accept: bool,
    },
    /// Looks at everything that the host needs: configuration, Slack, webhooks, the data folder, tools. Says what to mend.
    Doctor {
        /// Prints what was found as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints a JSON Schema, so that an editor can complete a file.
    Schema {
        /// Which file.
        #[arg(value_enum)]
        file: schema::Of,
    },
    /// Gives a command as a chat message would, and prints the report.
    Say {
        /// The command, for example: demo hello Bob
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        text: Vec<String>,
        /// Prints what happens as JSON, an event a line.
        #[arg(long)]
        json: bool,
    },
    /// Says which command a text is, with which arguments, and who may give it. Does nothing.
    Match {
        /// The text, for example: demo hello Bob
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        text: Vec<String>,
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// A conversation in the terminal.
    Chat,
    /// Runs one job, and prints the report.
    Run {
        /// The namespace.
        namespace: String,
        /// The job's short name.
        job: String,
        /// An argument of the job. May be given several times.
        #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = argument)]
        arguments: Vec<(String, String)>,
        /// Prints what happens as JSON, an event a line.
        #[arg(long)]
        json: bool,
        /// Builds the job's guest first; and builds and runs it again whenever its source changes.
        #[arg(long)]
        watch: bool,
    },
    /// Begins a job: a project that builds as it stands, and its lines in namespace.toml.
    New {
        /// What to begin.
        #[arg(value_enum)]
        kind: new::Kind,
        /// The job's short name.
        name: String,
        /// The language.
        #[arg(long, value_enum)]
        lang: build::Language,
        /// The namespace, which may be new. Left out: the only one there is.
        #[arg(long)]
        namespace: Option<String>,
    },
    /// Begins a host: a configuration and a first namespace, that run as they stand.
    Init {
        /// What the namespace is called.
        #[arg(default_value = "first")]
        namespace: String,
    },
    /// Prints the manifest of the Slack app that the configuration needs, with its scopes and events.
    SlackManifest {
        /// What the bot is called.
        #[arg(long, default_value = "Innkeeper")]
        name: String,
        /// Where Slack reaches the host, for example https://bot.example.com. Only with `mode = "http"`.
        #[arg(long)]
        url: Option<String>,
        /// Lets the app search for keywords in the name of who installs it, whose token is SLACK_USER_TOKEN then.
        #[arg(long)]
        search: bool,
    },
    /// Makes namespaces of another bot's configuration, and lists what could not be carried over. Runs nothing of it.
    Import {
        /// Whose it is.
        #[arg(value_enum)]
        from: import::From,
        /// The file.
        file: PathBuf,
    },
    /// Builds the guests whose source is in the workspace, where something changed. Runs their build with your rights.
    Build {
        /// Only this namespace. Untrusted ones are built only where they are named.
        namespace: Option<String>,
        /// Only this job.
        job: Option<String>,
        /// Pushes each guest that is built to a registry, as PREFIX/<namespace>/<name>, and prints the line that runs it
        /// from there.
        #[arg(long, value_name = "PREFIX", value_parser = RegistryPrefix::parse)]
        push: Option<RegistryPrefix>,
        /// The tag that it gets there.
        #[arg(long, value_name = "TAG", default_value = "latest", requires = "push")]
        tag: String,
    },
    /// Pulls the components that jobs name in registries, and pins them in the lock file beside the configuration.
    Pull {
        /// Looks where tags lead now, and moves their pins there.
        #[arg(long)]
        update: bool,
    },
    /// Says what a component is, what it could ask for, and which namespace could run it.
    Inspect {
        /// The component.
        file: PathBuf,
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says what runs, what waits, and what is still to be delivered.
    Status {
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says how the services are, the worst first.
    Services {
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says all that is known of a service: its checks, who is told of it, its last changes.
    Service {
        /// The service.
        name: String,
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says that you are on a service: until that expires, nobody is alerted.
    Ack {
        /// The service.
        name: String,
    },
    /// Says that nobody is on a service any more.
    Unack {
        /// The service.
        name: String,
    },
    /// Has nobody told of a service for a while.
    Silence {
        /// The service.
        name: String,
        /// For how long, for example: 2h, or: until 18:00
        #[arg(required = true, trailing_var_arg = true)]
        time: Vec<String>,
    },
    /// Has people told of a service again.
    Unsilence {
        /// The service.
        name: String,
    },
    /// Says who is on duty, and who is next.
    OnCall {
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Who is told of services: lists, shows and changes users, and what they enter for alert plugins.
    User {
        #[command(subcommand)]
        action: user::Action,
    },
    /// Says what the clock starts next.
    Schedules {
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints what a run wrote.
    Logs {
        /// The run's number.
        run: RunId,
        /// What it wrote to stderr instead of stdout.
        #[arg(long)]
        stderr: bool,
    },
    /// Cancels a request that has not started.
    Cancel {
        /// The request's number.
        request: RequestId,
    },
    /// What concerns alerts and the plugins that send them.
    Alert {
        #[command(subcommand)]
        what: alert::Alerting,
    },
    /// Compiles a component in a process of its own. The host calls this.
    #[command(name = guest::compile::VERB, hide = true)]
    CompileGuest {
        /// The file to make.
        output: PathBuf,
        /// The edition of WASI whose engine it is for.
        edition: Edition,
    },
}

/// What a verb can end with, apart from an error.
enum Ended {
    /// It did what was asked.
    Done,
    /// The job or the check failed.
    Failed,
    /// What was asked for makes no sense, which has been said already.
    Misused,
}

/// A problem with how the program was called or configured: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misuse(String);

/// Runs the verb that the process was called with.
pub fn main() -> ExitCode {
    memory::return_large_pieces();
    let arguments = Arguments::parse();
    if let Verb::CompileGuest { output, edition } = &arguments.verb {
        return guest::compile::child_main(output, *edition);
    }
    match run(arguments) {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Failed) => ExitCode::from(1),
        Ok(Ended::Misused) => ExitCode::from(2),
        Err(error) => {
            eprintln!("innkeeper: {error:#}");
            ExitCode::from(if error.is::<Misuse>() { 2 } else { 1 })
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<Ended> {
    let file = arguments.config;
    match arguments.verb {
        Verb::Serve => block_on("info,rusqlite_migration=warn", serve::run(&file)),
        Verb::Check { json, accept } => check::run(&file, json, accept),
        Verb::Doctor { json } => block_on("error", doctor::run(&file, json)),
        Verb::Schema { file } => schema::run(file),
        Verb::Say { text, json } => block_on("warn", order::say(&load(&file)?, text.join(" "), json)),
        Verb::Match { text, json } => matching::run(&load(&file)?, &text.join(" "), json),
        Verb::Chat => block_on("warn", chat::run(&load(&file)?)),
        Verb::Run {
            namespace,
            job,
            arguments,
            json,
            watch: true,
        } => {
            let watched = watch::Watched {
                namespace,
                job,
                arguments,
                json,
            };
            block_on("warn", watch::run(&file, watched))
        }
        Verb::Run {
            namespace,
            job,
            arguments,
            json,
            watch: false,
        } => {
            let order = order::job(namespace, job, arguments);
            block_on("warn", order::give(&load(&file)?, order, json))
        }
        Verb::New {
            kind,
            name,
            lang,
            namespace,
        } => new::run(&file, kind, &name, lang, namespace.as_deref()),
        Verb::Init { namespace } => init::run(&file, &namespace),
        Verb::SlackManifest { name, url, search } => manifest::run(&load(&file)?, &name, url.as_deref(), search),
        Verb::Import { from, file: foreign } => import::run(&file, from, &foreign),
        Verb::Build {
            namespace,
            job,
            push,
            tag,
        } => {
            let push = push.map(|prefix| build::Destination { prefix, tag });
            build::run(&file, namespace.as_deref(), job.as_deref(), push.as_ref())
        }
        Verb::Pull { update } => block_on("warn", pull::run(&pull::load(&file)?, update)),
        Verb::Inspect { file: component, json } => inspect::run(&file, &component, json),
        Verb::Status { json } => block_on("warn", status::run(&load(&file)?, json)),
        Verb::Services { json } => block_on("warn", services::list(&load(&file)?, json)),
        Verb::Service { name, json } => block_on("warn", services::show(&load(&file)?, &name, json)),
        Verb::Ack { name } => block_on("warn", order::say(&load(&file)?, format!("ack {name}"), false)),
        Verb::Unack { name } => block_on("warn", order::say(&load(&file)?, format!("unack {name}"), false)),
        Verb::Silence { name, time } => {
            let text = format!("silence {name} {}", time.join(" "));
            block_on("warn", order::say(&load(&file)?, text, false))
        }
        Verb::Unsilence { name } => block_on("warn", order::say(&load(&file)?, format!("unsilence {name}"), false)),
        Verb::OnCall { json } => block_on("warn", services::on_call(&load(&file)?, json)),
        Verb::User { action } => block_on("warn", user::run(&load(&file)?, action)),
        Verb::Schedules { json } => schedules::run(&load(&file)?, json),
        Verb::Logs { run, stderr } => block_on("warn", logs::run(&load(&file)?, run, stderr)),
        Verb::Cancel { request } => block_on("warn", cancel::run(&load(&file)?, request)),
        Verb::Alert { what } => block_on("warn", alert::run(&load(&file)?, what)),
        Verb::CompileGuest { .. } => unreachable!("answered before"),
    }
}

/// Starts logging and the runtime, and runs a verb on it.
fn block_on(filter: &str, verb: impl Future<Output = anyhow::Result<Ended>>) -> anyhow::Result<Ended> {
    telemetry::start(filter)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    let ended = runtime.block_on(verb);
    // A guest or a child may hold a blocking thread for ever; it must not hold the process.
    runtime.shutdown_background();
    ended
}

/// Loads the configuration; its problems are printed. Errors end the program, but for those of untrusted namespaces:
/// these are left out.
fn load(file: &Path) -> anyhow::Result<Config> {
    match Config::load_what_runs(file, &Inspector) {
        Ok(loaded) => {
            print_problems(&loaded.problems);
            for name in &loaded.config.left_out {
                // Whoever closed stderr does not want to know.
                let _ = writeln!(
                    std::io::stderr(),
                    "innkeeper: the namespace `{name}` is left out, since its configuration has errors; all others are there\n"
                );
            }
            Ok(loaded.config)
        }
        Err(problems) => {
            print_problems(&problems);
            Err(Misuse(format!(
                "the configuration has {}; nothing was started",
                problems.summary()
            ))
            .into())
        }
    }
}

/// Prints data. A reader that has seen enough (`| head`) is no error.
fn print(text: impl Display) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("stdout cannot be written to"),
        _ => Ok(()),
    }
}

fn print_problems(problems: &Problems) {
    use std::io::IsTerminal;
    let text = problems.render(std::io::stderr().is_terminal());
    if !text.is_empty() {
        // Whoever closed stderr does not want to know.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

fn argument(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".into()),
    }
}
