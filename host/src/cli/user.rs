//! `innkeeper user`: who is told of services, and what they enter for alert plugins. A running host does it, or this process
//! where none runs.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context;
use clap::{Args, Subcommand};
use hyper::Method;
use innkeeper_core::config::Config;
use innkeeper_core::store::Person;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::client::Host;
use super::{Ended, Misuse, print};
use crate::alerts::people::{Entered, FieldView, NewUser, PluginView, UserChange, UserView};

/// What is done.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Lists every user.
    List {
        /// Prints them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows a user, and what they entered for each plugin. Secrets are never shown.
    Show {
        /// The name, or the id in Slack.
        name: String,
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes a user. With a token for Slack, what is left out is looked up there.
    Add(Add),
    /// Changes a user.
    Change(Change),
    /// Forgets a user, and all that they entered.
    Remove {
        /// The name, or the id in Slack.
        name: String,
    },
    /// Enters something into fields of a plugin. Where no value is given, it is asked for; from a pipe, a line a field.
    Set {
        /// The name of the user, or the id in Slack.
        name: String,
        /// The plugin.
        plugin: String,
        /// The fields. A secret takes no value here: everybody on this machine sees the arguments of a program.
        #[arg(required = true, value_name = "FIELD[=VALUE]")]
        fields: Vec<String>,
    },
    /// Empties fields of a plugin.
    Unset {
        /// The name of the user, or the id in Slack.
        name: String,
        /// The plugin.
        plugin: String,
        /// The fields.
        #[arg(required = true, value_name = "FIELD")]
        fields: Vec<String>,
    },
}

/// Somebody new.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// The name, as the rota and services have it. Left out: as Slack knows them.
    #[arg(required_unless_present = "slack")]
    name: Option<String>,
    /// The e-mail address.
    #[arg(long)]
    email: Option<String>,
    /// The id in Slack.
    #[arg(long, value_name = "U…")]
    slack: Option<String>,
    /// They are told nothing for now.
    #[arg(long)]
    inactive: bool,
    /// They are told when nobody is on duty.
    #[arg(long)]
    fallback: bool,
}

/// What is to be different.
#[derive(Debug, Args)]
pub(super) struct Change {
    /// The name, or the id in Slack.
    name: String,
    /// Another name.
    #[arg(long = "name", value_name = "NAME")]
    new_name: Option<String>,
    /// Another e-mail address.
    #[arg(long)]
    email: Option<String>,
    /// No e-mail address.
    #[arg(long, conflicts_with = "email")]
    no_email: bool,
    /// Another id in Slack.
    #[arg(long, value_name = "U…")]
    slack: Option<String>,
    /// No id in Slack.
    #[arg(long, conflicts_with = "slack")]
    no_slack: bool,
    /// They are told again.
    #[arg(long)]
    active: bool,
    /// They are told nothing for now.
    #[arg(long, conflicts_with = "active")]
    inactive: bool,
    /// They are told when nobody is on duty, and nobody else is.
    #[arg(long)]
    fallback: bool,
    /// They are not told any more when nobody is on duty.
    #[arg(long, conflicts_with = "fallback")]
    no_fallback: bool,
}

pub(super) async fn run(config: &Config, action: Action) -> anyhow::Result<Ended> {
    let host = Host::find(config).await?;
    let done = act(&host, action).await;
    host.leave().await?;
    done.map(|()| Ended::Done)
}

async fn act(host: &Host, action: Action) -> anyhow::Result<()> {
    match action {
        Action::List { json } => {
            let people: Vec<Person> = get(host, &route(&[])?).await?;
            match json {
                true => print(serde_json::to_string_pretty(&people)?),
                false if people.is_empty() => print("Nobody. `innkeeper user add` makes a user."),
                false => print(listed(&people)),
            }
        }
        Action::Show { name, json } => {
            let user: UserView = get(host, &route(&[&name])?).await?;
            match json {
                true => print(serde_json::to_string_pretty(&user)?),
                false => print(shown(&user)),
            }
        }
        Action::Add(add) => {
            let new = NewUser {
                name: add.name,
                email: add.email,
                slack: add.slack,
                active: !add.inactive,
                fallback: add.fallback,
            };
            let person = ask(host, Method::POST, &route(&[])?, &new).await?;
            tell(&format!("{} is a user now", one_line(&person)));
            Ok(())
        }
        Action::Change(change) => {
            let route = route(&[&change.name])?;
            let change = UserChange::from(change);
            if change == UserChange::default() {
                let why = "say what is to be different, for example --email ann@example.com; see `innkeeper user change --help`";
                return Err(Misuse(why.to_owned()).into());
            }
            let person = ask(host, Method::PATCH, &route, &change).await?;
            tell(&one_line(&person));
            Ok(())
        }
        Action::Remove { name } => {
            let person = ask(host, Method::DELETE, &route(&[&name])?, &Value::Null).await?;
            tell(&format!("`{}` is no user any more", person.name));
            Ok(())
        }
        Action::Set { name, plugin, fields } => {
            let user: UserView = get(host, &route(&[&name])?).await?;
            let entered = read_values(&user, &plugin, &fields)?;
            enter(host, &name, &plugin, entered).await
        }
        Action::Unset { name, plugin, fields } => {
            let fields = fields.into_iter().map(|field| (field, None)).collect();
            enter(host, &name, &plugin, fields).await
        }
    }
}

async fn get<T: DeserializeOwned>(host: &Host, route: &str) -> anyhow::Result<T> {
    host.users(Method::GET, route, &Value::Null).await
}

async fn ask(host: &Host, method: Method, route: &str, body: &impl Serialize) -> anyhow::Result<Person> {
    host.users(method, route, body).await
}

async fn enter(host: &Host, name: &str, plugin: &str, fields: BTreeMap<String, Option<String>>) -> anyhow::Result<()> {
    let route = route(&[name, "plugins", plugin])?;
    host.users::<()>(Method::PATCH, &route, &Entered { fields }).await?;
    tell("kept");
    Ok(())
}

/// A route below the users', whatever is in names.
fn route(parts: &[&str]) -> anyhow::Result<String> {
    for part in parts {
        // They mean something else in an address.
        if matches!(*part, "" | "." | "..") {
            return Err(Misuse(format!("nobody and nothing is called `{part}`")).into());
        }
    }
    let mut url = Url::parse("http://innkeeper/api/users")?;
    url.path_segments_mut()
        .map_err(|()| anyhow::anyhow!("an address without a path"))?
        .extend(parts);
    Ok(url.path().to_owned())
}

impl From<Change> for UserChange {
    fn from(change: Change) -> Self {
        let text = |new: Option<String>, none: bool| match none {
            true => Some(None),
            false => new.map(Some),
        };
        let flag = |yes: bool, no: bool| (yes || no).then_some(yes);
        Self {
            name: change.new_name,
            email: text(change.email, change.no_email),
            slack: text(change.slack, change.no_slack),
            active: flag(change.active, change.inactive),
            fallback: flag(change.fallback, change.no_fallback),
        }
    }
}

/// What is entered into each field: as it stands there, or as it is asked for.
fn read_values(user: &UserView, plugin: &str, fields: &[String]) -> anyhow::Result<BTreeMap<String, Option<String>>> {
    let declared = user.plugins.iter().find(|view| view.plugin == plugin);
    let mut entered = BTreeMap::new();
    for written in fields {
        let (name, value) = match written.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (written.as_str(), None),
        };
        let field = declared.and_then(|view| view.fields.iter().find(|field| field.name == name));
        let value = match (field, value) {
            (Some(field), Some(_)) if field.secret => {
                return Err(Misuse(format!(
                    "`{name}` is a secret, and everybody on this machine sees the arguments of a program: write `{name}` \
                     without a value, and it is asked for, or read from a pipe"
                ))
                .into());
            }
            (Some(field), None) => asked_for(field)?,
            (_, Some(value)) => value,
            // The host says what there is; nobody is asked for what it would refuse.
            (None, None) => String::new(),
        };
        entered.insert(name.to_owned(), Some(value));
    }
    Ok(entered)
}

/// Asks for a value: a secret without showing what is typed.
fn asked_for(field: &FieldView) -> anyhow::Result<String> {
    let prompt = format!("{}: ", field.label);
    let stdin = std::io::stdin();
    if field.secret && stdin.is_terminal() {
        return rpassword::prompt_password(prompt).context("the terminal cannot be asked");
    }
    if stdin.is_terminal() {
        let mut stderr = std::io::stderr();
        write!(stderr, "{prompt}").and_then(|()| stderr.flush())?;
    }
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line).context("stdin cannot be read")?;
    if read == 0 {
        return Err(Misuse(format!("nothing was said for `{}`", field.name)).into());
    }
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// Talk goes to stderr. Whoever closed it does not want to know.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn marks(person: &Person) -> String {
    let marks = [(!person.active, "not active"), (person.fallback, "fallback")];
    let marks = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark);
    marks.collect::<Vec<_>>().join(", ")
}

fn one_line(person: &Person) -> String {
    let parts = [
        person.name.clone(),
        person.email.clone().unwrap_or_default(),
        person.slack.clone().unwrap_or_default(),
        marks(person),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn listed(people: &[Person]) -> String {
    let lines: Vec<String> = people.iter().map(one_line).collect();
    lines.join("\n")
}

fn shown(user: &UserView) -> String {
    let mut text = one_line(&user.person);
    for PluginView {
        plugin,
        title,
        fields,
        problem,
    } in &user.plugins
    {
        text += &format!("\n\n{title} ({plugin})");
        if let Some(problem) = problem {
            text += &format!("\n  {problem}");
        }
        for field in fields {
            text += &format!("\n  {} ({}): {}", field.name, field.label, state(field));
        }
    }
    text
}

fn state(field: &FieldView) -> String {
    match (&field.value, field.entered, &field.default) {
        (Some(value), ..) if !value.is_empty() => value.clone(),
        (Some(_), ..) => "empty".to_owned(),
        (None, true, _) => "entered, never shown".to_owned(),
        (None, false, Some(default)) => format!("{default} (by default)"),
        (None, false, None) if field.optional => "nothing".to_owned(),
        (None, false, None) => "MISSING".to_owned(),
    }
}
