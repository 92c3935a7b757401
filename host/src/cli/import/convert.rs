//! BennettBot's definitions as namespaces. Pure.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Context as _;
use innkeeper_core::command::Pattern;
use innkeeper_core::command::template::ScriptTemplate;
use innkeeper_core::config::{FabfileUrl, job_fault, namespace_fault};
use serde::Deserialize;
use toml::{Table, Value};

/// What `job_configs.py` prints.
#[derive(Debug, Deserialize)]
pub(super) struct Read {
    config: Node,
    leftovers: Vec<Node>,
}

/// A value, and the line that it stands in.
#[derive(Clone, Debug, Deserialize)]
struct Node {
    line: u64,
    #[serde(flatten)]
    value: Literal,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "lowercase")]
enum Literal {
    Text(String),
    Flag(bool),
    Number(i64),
    Nothing,
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
    Unreadable(String),
}

/// A namespace to be written.
#[derive(Debug)]
pub(super) struct Imported {
    pub(super) name: String,
    /// The line that it was defined in.
    pub(super) line: u64,
    /// Its `namespace.toml`.
    pub(super) text: String,
}

/// Something that could not be carried over.
#[derive(Debug)]
pub(super) struct Leftover {
    what: String,
    line: u64,
    why: String,
}

impl Leftover {
    pub(super) fn of(what: &str, line: u64, why: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            line,
            why: why.into(),
        }
    }
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = format!("line {}: {}: {}", self.line, self.what, self.why);
        f.write_str(&one_line(&all))
    }
}

/// The keys that mean the same here, with the kind of their values.
const OF_NAMESPACE: &[&str] = &["description", "restricted", "default_channel"];
const OF_JOB: &[&str] = &[
    "report_stdout",
    "report_success",
    "report_format",
    "suppress_empty",
    "call_tech_support_on_error",
];
const OF_COMMAND: &[&str] = &["command", "help", "action", "job_type", "delay_seconds"];

/// The keys among them that are not texts.
const FLAGS: &[&str] = &[
    "restricted",
    "report_stdout",
    "report_success",
    "suppress_empty",
    "call_tech_support_on_error",
];
const NUMBERS: &[&str] = &["delay_seconds"];

/// The keys among them that are one of a few words.
const WORDS: &[(&str, &[&str])] = &[
    ("report_format", &["text", "blocks", "code", "file"]),
    (
        "action",
        &[
            "schedule_job",
            "cancel_job",
            "schedule_suppression",
            "cancel_suppression",
        ],
    ),
];

/// Where BennettBot says what came of a merged pull request, unless a namespace says otherwise.
const DEFAULT_CHANNEL: &str = "#tech";

/// The namespaces, and what of the file is in none of them.
///
/// # Errors
/// A namespace cannot be written as TOML.
pub(super) fn convert(read: Read) -> anyhow::Result<(Vec<Imported>, Vec<Leftover>)> {
    let mut leftovers: Vec<Leftover> = read.leftovers.iter().map(|node| unread("raw_config", node)).collect();
    let Literal::Table(entries) = read.config.value else {
        leftovers.push(unread("raw_config", &read.config));
        return Ok((Vec::new(), leftovers));
    };
    let mut imported = Vec::new();
    for (name, node) in entries {
        let line = node.line;
        let mut namespace = Namespace {
            name: name.clone(),
            ..Namespace::default()
        };
        namespace.read(node);
        match namespace_fault(&name) {
            Some(fault) => leftovers.push(Leftover::of(&name, line, format!("not carried over: {fault}"))),
            None => imported.push(Imported {
                name,
                line,
                text: namespace.text()?,
            }),
        }
        leftovers.append(&mut namespace.leftovers);
    }
    Ok((imported, leftovers))
}

fn unread(what: &str, node: &Node) -> Leftover {
    let why = match &node.value {
        Literal::Unreadable(source) => format!("only running it could tell what it is: {}", one_line(source)),
        _ => "it is not of the kind that was expected".to_owned(),
    };
    Leftover::of(what, node.line, why)
}

/// A text as one line, in which nothing but spaces parts words, and no control character is left: not for a comment in TOML,
/// which may hold none, nor for a terminal, which would obey.
fn one_line(source: &str) -> String {
    let line = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c.is_control() {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

#[derive(Default)]
struct Namespace {
    name: String,
    table: Table,
    jobs: Table,
    commands: Vec<Value>,
    /// Where its jobs are defined.
    lines: Vec<(String, u64)>,
    /// Jobs that are defined and could not be carried over.
    lost: BTreeSet<String>,
    leftovers: Vec<Leftover>,
}

impl Namespace {
    fn read(&mut self, node: Node) {
        let line = node.line;
        let Literal::Table(entries) = node.value else {
            return self.leftovers.push(unread(&self.name, &node));
        };
        let mut commands = None;
        for (key, node) in entries {
            match key.as_str() {
                "jobs" => self.read_jobs(node),
                "slack" => commands = Some(node),
                "fabfile" => self.read_fabfile(node),
                "workspace_dir" => self.leave("workspace_dir", node.line, "its jobs run in the namespace's own folder"),
                key => {
                    if let Some(value) = self.plain(key, key, OF_NAMESPACE, node) {
                        self.table.insert(key.to_owned(), value);
                    }
                }
            }
        }
        // After the jobs that they start.
        if let Some(node) = commands {
            self.read_commands(node);
        }
        if self.table.contains_key("fabfile") {
            let lines = std::mem::take(&mut self.lines);
            self.look_for_own_files(&lines);
        }
        if self.jobs.contains_key("deploy") && !self.table.contains_key("default_channel") {
            let why = format!(
                "written as `{DEFAULT_CHANNEL}`, where BennettBot reports what merged pull requests deployed: name another, or \
                 take it away"
            );
            self.leave("default_channel", line, why);
            self.table.insert("default_channel".into(), DEFAULT_CHANNEL.into());
        }
    }

    fn read_fabfile(&mut self, node: Node) {
        let Literal::Text(text) = &node.value else {
            return self.leftovers.push(unread(&format!("{}: fabfile", self.name), &node));
        };
        match FabfileUrl::parse(text) {
            Ok(_) => {
                self.table.insert("fabfile".into(), text.as_str().into());
            }
            Err(fault) => self.leave(
                "fabfile",
                node.line,
                format!("it is not fetched from `{text}`: {fault}"),
            ),
        }
    }

    fn leave(&mut self, what: &str, line: u64, why: impl Into<String>) {
        let what = format!("{}: {what}", self.name);
        self.leftovers.push(Leftover::of(&what, line, why));
    }

    /// The value of a key of `known` ones. None is none here, too.
    fn plain(&mut self, what: &str, key: &str, known: &[&str], node: Node) -> Option<Value> {
        if !known.contains(&key) {
            self.leave(what, node.line, format!("the key `{key}` means nothing here"));
            return None;
        }
        let (line, source) = (node.line, unread(&format!("{}: {what}", self.name), &node));
        let value = match node.value {
            Literal::Text(text) => Value::String(text),
            Literal::Flag(flag) => Value::Boolean(flag),
            Literal::Number(number) => Value::Integer(number),
            Literal::Nothing => return None,
            // A text in parentheses, with a comma where there should be none.
            Literal::List(parts) if key == "help" => Value::String(joined(&parts)),
            Literal::List(_) | Literal::Table(_) | Literal::Unreadable(_) => {
                self.leftovers.push(source);
                return None;
            }
        };
        if let Some(wanted) = wrong(key, &value) {
            self.leave(what, line, format!("`{key}` is `{value}`, and has to be {wanted}"));
            return None;
        }
        Some(value)
    }

    fn read_jobs(&mut self, node: Node) {
        let Literal::Table(jobs) = node.value else {
            return self.leftovers.push(unread(&format!("{}: jobs", self.name), &node));
        };
        for (name, node) in jobs {
            let line = node.line;
            self.lines.push((name.clone(), line));
            match self.job(&name, node) {
                Some(job) => {
                    self.jobs.insert(name, Value::Table(job));
                }
                None => {
                    self.leave(&format!("job `{name}`"), line, "left out, and its commands with it");
                    self.lost.insert(name);
                }
            }
        }
    }

    fn job(&mut self, name: &str, node: Node) -> Option<Table> {
        let what = format!("job `{name}`");
        let line = node.line;
        if let Some(fault) = job_fault(name) {
            self.leave(&what, line, fault);
            return None;
        }
        let Literal::Table(entries) = node.value else {
            self.leftovers.push(unread(&format!("{}: {what}", self.name), &node));
            return None;
        };
        let mut job = Table::new();
        for (key, node) in entries {
            if key == "run_args_template" {
                let template = self.template(&what, node)?;
                job.insert(key, Value::String(template));
            } else if let Some(value) = self.plain(&what, &key, OF_JOB, node) {
                job.insert(key, value);
            }
        }
        if !job.contains_key("run_args_template") {
            self.leave(&what, line, "it has no `run_args_template`");
            return None;
        }
        Some(job)
    }

    /// Points out jobs that would look for their files in the namespace's folder, and run beside its fabfile.
    fn look_for_own_files(&mut self, lines: &[(String, u64)]) {
        for (name, line) in lines {
            let job = self.jobs.get(name).and_then(|job| job.get("run_args_template"));
            let template = job.and_then(Value::as_str).unwrap_or_default();
            let is_fab = template.split_whitespace().next() == Some("fab");
            if !is_fab && !template.contains("fabfile.py") && self.jobs.contains_key(name) {
                let why = "it runs in the folder with the fabfile: files of the namespace's own folder are in `$NAMESPACE_DIR`";
                self.leave(&format!("job `{name}`"), *line, why);
            }
        }
    }

    /// The template, if arguments are data in it. Quotes right around a parameter are taken away: arguments arrive quoted,
    /// and a second pair would undo the first.
    fn template(&mut self, what: &str, node: Node) -> Option<String> {
        let Literal::Text(text) = node.value else {
            self.leftovers.push(unread(&format!("{}: {what}", self.name), &node));
            return None;
        };
        let errors = match ScriptTemplate::parse(&text) {
            Ok(_) => return Some(text),
            Err(errors) => errors,
        };
        let unquoted = without_quotes(&text);
        if ScriptTemplate::parse(&unquoted).is_ok() {
            let why = format!("written as `{unquoted}`: arguments arrive quoted, and quotes around them undo that");
            self.leave(what, node.line, why);
            return Some(unquoted);
        }
        let error = errors.first()?;
        let help = error.help.as_deref().unwrap_or("write it anew");
        self.leave(what, node.line, format!("`{}`: {error} ({help})", one_line(&text)));
        None
    }

    fn read_commands(&mut self, node: Node) {
        let Literal::List(commands) = node.value else {
            return self.leftovers.push(unread(&format!("{}: slack", self.name), &node));
        };
        for node in commands {
            if let Some(command) = self.command(node) {
                self.commands.push(Value::Table(command));
            }
        }
    }

    fn command(&mut self, node: Node) -> Option<Table> {
        let line = node.line;
        let Literal::Table(entries) = node.value else {
            self.leftovers.push(unread(&format!("{}: slack", self.name), &node));
            return None;
        };
        let mut command = Table::new();
        for (key, node) in entries {
            match self.plain("a command", &key, OF_COMMAND, node) {
                Some(value) => drop(command.insert(key, value)),
                None if key == "action" => {
                    self.leave("a command", line, "left out: what it does is not known");
                    return None;
                }
                None => {}
            }
        }
        let text = |key: &str| command.get(key).and_then(Value::as_str).unwrap_or_default();
        let what = format!("command `{}`", text("command"));
        let job = text("job_type");
        if self.lost.contains(job) {
            return None;
        }
        if !self.jobs.contains_key(job) {
            let why = format!("there is no job `{job}`");
            self.leave(&what, line, why);
            return None;
        }
        let pattern = match Pattern::parse(text("command")) {
            Ok(pattern) => pattern,
            Err(error) => {
                let help = error.help.as_deref().unwrap_or("write it anew");
                let why = format!("{} ({help})", error.message);
                self.leave(&what, line, why);
                return None;
            }
        };
        let (action, job) = (text("action").to_owned(), job.to_owned());
        let action = if action.is_empty() { "schedule_job" } else { &action };
        if let Some(why) = self.mismatch(action, &pattern, &job) {
            self.leave(&what, line, why);
            return None;
        }
        let delay = command.get("delay_seconds").and_then(Value::as_integer);
        if action != "schedule_job" && delay.is_some() {
            if delay != Some(0) {
                self.leave(&what, line, format!("`delay_seconds` means nothing to `{action}`"));
            }
            command.remove("delay_seconds");
        }
        if !command.contains_key("help") {
            let help = format!("Runs {job}");
            self.leave(&what, line, format!("written with `help = \"{help}\"`"));
            command.insert("help".into(), help.into());
        }
        Some(command)
    }

    /// Why the parameters of a command are not those that its job takes.
    fn mismatch(&self, action: &str, pattern: &Pattern, job: &str) -> Option<String> {
        let ours: BTreeSet<&str> = pattern.parameters().into_iter().collect();
        let template = self.jobs.get(job)?.get("run_args_template")?.as_str()?;
        let parsed = ScriptTemplate::parse(template).ok()?;
        let wanted: BTreeSet<&str> = match action {
            "schedule_job" => parsed.parameters().into_iter().collect(),
            "schedule_suppression" => return None,
            _ => BTreeSet::new(),
        };
        let listed = |names: &BTreeSet<&str>| match names.len() {
            0 => "none".to_owned(),
            _ => names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", "),
        };
        (ours != wanted).then(|| {
            let (ours, wanted) = (listed(&ours), listed(&wanted));
            format!("its parameters are {ours}, and `{action}` of `{job}` takes {wanted}")
        })
    }

    /// Its file: what was carried over, and as a comment what was not.
    fn text(&self) -> anyhow::Result<String> {
        let mut table = self.table.clone();
        table.insert("jobs".into(), Value::Table(self.jobs.clone()));
        if !self.commands.is_empty() {
            table.insert("slack".into(), Value::Array(self.commands.clone()));
        }
        let mut text = toml::to_string_pretty(&table)
            .with_context(|| format!("the namespace {} cannot be written as TOML", one_line(&self.name)))?;
        if !self.leftovers.is_empty() {
            text.push_str("\n# Not carried over, or not as it was:\n");
        }
        for leftover in &self.leftovers {
            text.push_str(&format!("# {leftover}\n"));
        }
        Ok(text)
    }
}

/// The texts of a list as one.
fn joined(parts: &[Node]) -> String {
    let texts = parts.iter().filter_map(|part| match &part.value {
        Literal::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// What a value of `key` has to be, if it is something else.
fn wrong(key: &str, value: &Value) -> Option<String> {
    if FLAGS.contains(&key) {
        return (!value.is_bool()).then(|| "true or false".to_owned());
    }
    if NUMBERS.contains(&key) {
        let good = value.as_integer().is_some_and(|number| number >= 0);
        return (!good).then(|| "a whole number from 0".to_owned());
    }
    let Some(text) = value.as_str() else {
        return Some("a text".to_owned());
    };
    let (_, words) = WORDS.iter().find(|(name, _)| *name == key)?;
    (!words.contains(&text)).then(|| format!("one of {}", words.join(", ")))
}

/// The text without the quotation marks that stand right around a parameter: `'{x}'` is `{x}`.
fn without_quotes(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['\'', '"']) {
        let (before, quoted) = rest.split_at(at);
        let mark = &quoted[..1];
        out.push_str(before);
        let inside = quoted[1..].split_once(mark).map(|(inside, _)| inside);
        match inside {
            Some(inside) if is_parameter(inside) => {
                out.push_str(inside);
                rest = &quoted[inside.len() + 2..];
            }
            _ => {
                out.push_str(mark);
                rest = &quoted[1..];
            }
        }
    }
    out + rest
}

fn is_parameter(text: &str) -> bool {
    let name = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn quotes_go_only_from_around_a_parameter() {
        insta::assert_snapshot!(without_quotes(r#"echo '{a}' "{b}" 'x {c}' "it's" {d}"#), @r#"echo {a} {b} 'x {c}' "it's" {d}"#);
    }

    #[test]
    fn what_is_said_and_commented_has_no_control_characters() {
        let leftover = Leftover::of("a\n\u{1b}[2J", 3, "b\0\u{7f}\u{9b}\tc ü");
        assert_eq!(leftover.to_string(), r"line 3: a \u{1b}[2J: b\u{0}\u{7f}\u{9b} c ü");
        let mut namespace = Namespace::default();
        namespace.leave("x\u{1b}", 1, "y\0");
        assert!(namespace.text().unwrap().parse::<Table>().is_ok());
    }

    #[test]
    fn what_is_no_table_is_left_over() {
        let node = |value| Node { line: 3, value };
        let read = Read {
            config: node(Literal::Unreadable("load(\n  'x')".into())),
            leftovers: Vec::new(),
        };
        let (namespaces, leftovers) = convert(read).unwrap();
        assert!(namespaces.is_empty());
        insta::assert_snapshot!(leftovers[0], @"line 3: raw_config: only running it could tell what it is: load( 'x')");
    }
}
