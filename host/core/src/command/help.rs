//! The texts of help, apology and status, in Slack's mrkdwn. Pure, and the same each time.
//!
//! `prefix` is what is typed before a command: `@bot ` in a channel, nothing in a direct message or on a terminal.
//! What comes from configuration or from people is escaped here; the result is ready for
//! [`Post::text`](crate::message::Post::text).

use jiff::tz::TimeZone;

use super::catalogue::{Catalogue, CatalogueCommand, CatalogueNamespace};
use crate::clock::Timestamp;
use crate::suppression::Suppression;

/// A longer list is cut: Slack takes 40,000 characters in a message.
const MAX_LIST_BYTES: usize = 30_000;

/// What there is: the namespaces and the built-in commands.
pub fn general_help(catalogue: &Catalogue, prefix: &str) -> String {
    let mut namespaces = catalogue
        .namespaces()
        .filter(|namespace| !namespace.commands.is_empty())
        .peekable();
    let Some(first) = namespaces.peek() else {
        let none = format!(
            "There are no commands yet. Type {} to see what runs.",
            code(&format!("{prefix}status"))
        );
        return std::iter::once(none)
            .chain(services_help(catalogue, prefix))
            .collect::<Vec<_>>()
            .join("\n");
    };
    let example = code(&format!("{prefix}{} help", first.name));
    let lines = [
        "These kinds of commands are available:".to_owned(),
        list(namespaces.map(namespace_line)),
        String::new(),
        format!(
            "Type {} to see the commands of a kind, for example {example}",
            code(&format!("{prefix}[kind] help"))
        ),
        format!(
            "Type {} to see what runs and what waits",
            code(&format!("{prefix}status"))
        ),
        format!(
            "Type {} to cancel what waits, by its number in the status",
            code(&format!("{prefix}cancel [number]"))
        ),
        format!(
            "Type {} to see what a run wrote, by the number in its report",
            code(&format!("{prefix}logs tail [run]"))
        ),
    ];
    let lines = lines.into_iter().chain(services_help(catalogue, prefix));
    lines.collect::<Vec<_>>().join("\n")
}

/// The words about services, where there are some.
fn services_help(catalogue: &Catalogue, prefix: &str) -> Vec<String> {
    if !catalogue.has_services() {
        return Vec::new();
    }
    let typed = |command: &str| code(&format!("{prefix}{command}"));
    vec![
        format!(
            "Type {} to see how services are, {} to see all of one",
            typed("services"),
            typed("service [name]")
        ),
        format!(
            "Type {} to say that you are on it, {} so that nobody is told of it for a while; {} and {} take that back",
            typed("ack [service]"),
            typed("silence [service] 2h"),
            typed("unack [service]"),
            typed("unsilence [service]")
        ),
        format!("Type {} to see who is on duty", typed("on call")),
    ]
}

fn namespace_line(namespace: &CatalogueNamespace) -> String {
    let lock = if namespace.restricted { ":lock: " } else { "" };
    let description = namespace
        .description
        .as_deref()
        .map(|description| format!(": {}", line(description)));
    format!("• {lock}{}{}", code(&namespace.name), description.unwrap_or_default())
}

/// What a namespace can do: its commands, sorted.
pub fn namespace_help(namespace: &CatalogueNamespace, prefix: &str) -> String {
    if namespace.commands.is_empty() {
        return format!("There are no commands for {}.", code(&namespace.name));
    }
    let mut lines = vec![format!("These are the commands for {}:", code(&namespace.name))];
    if namespace.restricted {
        lines.push(":lock: They are for members of this Slack workspace only. :lock:".to_owned());
    }
    let mut commands: Vec<&CatalogueCommand> = namespace.commands.iter().collect();
    commands.sort_by_key(|command| command.pattern.to_string());
    lines.push(list(commands.into_iter().map(|command| {
        let typed = code(&format!("{prefix}{} {}", namespace.name, command.pattern.shown()));
        match line(&command.help) {
            nothing if nothing.is_empty() => format!("• {typed}"),
            help => format!("• {typed}: {help}"),
        }
    })));
    lines.join("\n")
}

/// The apology for what is no command: with the nearest ones, or, where nothing is near, with general help.
pub fn not_understood(catalogue: &Catalogue, nearest: &[String], prefix: &str) -> String {
    let sorry = "I'm sorry, I did not understand that.";
    if nearest.is_empty() {
        return format!("{sorry}\n\n{}", general_help(catalogue, prefix));
    }
    let meant = if nearest.len() == 1 {
        "Did you mean this?"
    } else {
        "Did you mean one of these?"
    };
    let commands = list(
        nearest
            .iter()
            .map(|command| format!("• {}", code(&format!("{prefix}{command}")))),
    );
    let help = code(&format!("{prefix}help"));
    format!("{sorry} {meant}\n{commands}\n\nType {help} to see what there is")
}

/// Something that runs or waits, for [`status`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The request's number.
    pub request: i64,
    /// The job's full name.
    pub job: String,
    /// When it started, or when it may start at the earliest.
    pub at: Timestamp,
}

/// A job that does not start for a while, for [`status`] and [`suppressions`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The job's full name.
    pub job: String,
    /// When.
    pub span: Suppression,
}

/// Which jobs do not start for a while, as a paragraph; none where all may.
pub fn suppressions(suppressed: &[Suppressed], now: Timestamp, zone: &TimeZone) -> Option<String> {
    let line = |one: &Suppressed| {
        let when = one.span.in_words(now, zone);
        format!("• {} does not start {when}", code(&one.job))
    };
    let there_are = format!("{}:", there_is(suppressed.len(), "suppression"));
    (!suppressed.is_empty()).then(|| format!("{there_are}\n{}", list(suppressed.iter().map(line))))
}

/// What runs and what waits, at `now`, in the time of `zone`. `more_pending` wait that are not in `pending`.
pub fn status(
    now: Timestamp,
    zone: &TimeZone,
    running: &[Activity],
    (pending, more_pending): (&[Activity], usize),
    suppressed: &[Suppressed],
) -> String {
    let clock = now.to_jiff().to_zoned(zone.clone());
    let mut lines = vec![format!("It is {}", clock.strftime("%Y-%m-%d %H:%M:%S %Z"))];
    if running.is_empty() && pending.is_empty() && more_pending == 0 {
        lines.push("Nothing runs, and nothing waits".to_owned());
    }
    if !running.is_empty() {
        lines.push(format!("\n{} running:", there_is(running.len(), "job")));
        lines.push(list(
            running.iter().map(|one| activity_line(one, "started at", now, zone)),
        ));
    }
    if !pending.is_empty() || more_pending > 0 {
        lines.push(format!(
            "\n{} waiting:",
            there_is(pending.len() + more_pending, "request")
        ));
        lines.push(list(
            pending.iter().map(|one| activity_line(one, "starts after", now, zone)),
        ));
    }
    if more_pending > 0 {
        lines.push(format!("… and {more_pending} more"));
    }
    lines.extend(suppressions(suppressed, now, zone).map(|paragraph| format!("\n{paragraph}")));
    lines.join("\n")
}

fn there_is(count: usize, what: &str) -> String {
    match count {
        1 => format!("There is 1 {what}"),
        _ => format!("There are {count} {what}s"),
    }
}

fn activity_line(activity: &Activity, verb: &str, now: Timestamp, zone: &TimeZone) -> String {
    let [at, now] = [activity.at, now].map(|time| time.to_jiff().to_zoned(zone.clone()));
    let format = if at.date() == now.date() {
        "%H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    format!(
        "• [{}] {} {verb} {}",
        activity.request,
        code(&activity.job),
        at.strftime(format)
    )
}

/// The lines, cut where the whole would be too long for a message.
pub fn list(lines: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    let mut left_out = 0;
    for line in lines {
        if left_out > 0 || text.len() + line.len() > MAX_LIST_BYTES {
            left_out += 1;
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    if left_out > 0 {
        text.push_str(&format!("\n… and {left_out} more"));
    }
    text
}

/// Text as code, escaped. There is no way to write a backtick inside, so it becomes a character that looks like one.
pub fn code(text: &str) -> String {
    format!("`{}`", line(text).replace('`', "ˋ"))
}

/// Text on one line, escaped as Slack wants it.
pub fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::super::interpret::tests::{catalogue, namespace};
    use super::*;

    #[test]
    fn general_help_lists_namespaces_and_built_in_commands() {
        let mut secret = namespace("secret", &[("open", "Opens")]);
        secret.restricted = true;
        secret.description = Some("Only <!channel> & `friends`\nof ours".into());
        let mut quiet = namespace("quiet", &[("hush", "")]);
        quiet.description = None;
        let all: Catalogue = catalogue()
            .namespaces()
            .cloned()
            .chain([secret, quiet, namespace("empty", &[])])
            .collect();
        insta::assert_snapshot!(general_help(&all, "@bot "), @r#"
These kinds of commands are available:
• `demo`: What demo does
• `ops`: What ops does
• `quiet`
• :lock: `secret`: Only &lt;!channel&gt; &amp; `friends` of ours

Type `@bot [kind] help` to see the commands of a kind, for example `@bot demo help`
Type `@bot status` to see what runs and what waits
Type `@bot cancel [number]` to cancel what waits, by its number in the status
Type `@bot logs tail [run]` to see what a run wrote, by the number in its report
"#);
    }

    #[test]
    fn help_lists_the_words_about_services_where_there_are_some() {
        let help = general_help(&Catalogue::default().with_services(true), "@bot ");
        insta::assert_snapshot!(help, @r"
        There are no commands yet. Type `@bot status` to see what runs.
        Type `@bot services` to see how services are, `@bot service [name]` to see all of one
        Type `@bot ack [service]` to say that you are on it, `@bot silence [service] 2h` so that nobody is told of it for a while; `@bot unack [service]` and `@bot unsilence [service]` take that back
        Type `@bot on call` to see who is on duty
        ");
        assert!(general_help(&catalogue().with_services(true), "").contains("\nType `services` to see"));
    }

    #[test]
    fn a_host_without_commands_says_so() {
        insta::assert_snapshot!(general_help(&Catalogue::default(), ""), @"There are no commands yet. Type `status` to see what runs.");
    }

    #[test]
    fn namespace_help_lists_commands() {
        let mut demo = catalogue().namespace("demo").unwrap().clone();
        insta::assert_snapshot!(namespace_help(&demo, "@bot "), @r#"
These are the commands for `demo`:
• `@bot demo copy [from] to [to]`: Copies
• `@bot demo say hello to [name]`: Says hello to [name]
• `@bot demo show [target]`: Shows [target]
• `@bot demo show all`: Shows everything
"#);
        let kinds = [
            ("close issue [n=/#?\\d{1,6}/]", "Closes it"),
            ("deploy [what?] to [env:staging|production]", "Deploys"),
        ];
        insta::assert_snapshot!(namespace_help(&namespace("ops", &kinds), ""), @r"
These are the commands for `ops`:
• `ops close issue [n]`: Closes it
• `ops deploy [what?] to [env:staging|production]`: Deploys
");
        demo.restricted = true;
        demo.commands.truncate(1);
        insta::assert_snapshot!(namespace_help(&demo, ""), @r#"
These are the commands for `demo`:
:lock: They are for members of this Slack workspace only. :lock:
• `demo show [target]`: Shows [target]
"#);
        insta::assert_snapshot!(namespace_help(&namespace("empty", &[]), ""), @"There are no commands for `empty`.");
    }

    #[test]
    fn the_apology_offers_what_is_near() {
        let nearest = ["demo show all".to_owned(), "demo say `<x>` to [name]".to_owned()];
        insta::assert_snapshot!(not_understood(&catalogue(), &nearest, "@bot "), @r#"
I'm sorry, I did not understand that. Did you mean one of these?
• `@bot demo show all`
• `@bot demo say ˋ&lt;x&gt;ˋ to [name]`

Type `@bot help` to see what there is
"#);
        insta::assert_snapshot!(not_understood(&catalogue(), &nearest[..1], ""), @r#"
I'm sorry, I did not understand that. Did you mean this?
• `demo show all`

Type `help` to see what there is
"#);
        assert!(not_understood(&catalogue(), &[], "").ends_with(&general_help(&catalogue(), "")));
    }

    #[test]
    fn status_lists_what_runs_and_what_waits() {
        let at = |text: &str| Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        let zone = TimeZone::get("Europe/London").unwrap();
        let now = at("2026-07-01T12:00:00Z");
        let activity = |request, job: &str, time| Activity {
            request,
            job: job.to_owned(),
            at: at(time),
        };
        let running = [activity(7, "demo_hello", "2026-07-01T11:59:58Z")];
        let pending = [
            activity(8, "demo_hello", "2026-07-01T12:01:00Z"),
            activity(9, "ops_deploy", "2026-07-01T23:30:00Z"),
        ];
        insta::assert_snapshot!(status(now, &zone, &running, (&pending, 0), &[]), @r#"
It is 2026-07-01 13:00:00 BST

There is 1 job running:
• [7] `demo_hello` started at 12:59:58

There are 2 requests waiting:
• [8] `demo_hello` starts after 13:01:00
• [9] `ops_deploy` starts after 2026-07-02 00:30:00
"#);
        insta::assert_snapshot!(status(now, &zone, &[], (&pending[..1], 41), &[]), @r#"
It is 2026-07-01 13:00:00 BST

There are 42 requests waiting:
• [8] `demo_hello` starts after 13:01:00
… and 41 more
"#);
        insta::assert_snapshot!(status(now, &TimeZone::UTC, &[], (&[], 0), &[]), @r#"
It is 2026-07-01 12:00:00 UTC
Nothing runs, and nothing waits
"#);
        let suppressed = |job: &str, start, end| Suppressed {
            job: job.to_owned(),
            span: Suppression {
                start: at(start),
                end: at(end),
            },
        };
        let suppressed = [
            suppressed("ops_deploy", "2026-07-01T11:30:00Z", "2026-07-01T13:00:00Z"),
            suppressed("demo_hello", "2026-07-01T22:00:00Z", "2026-07-02T06:00:00Z"),
        ];
        insta::assert_snapshot!(status(now, &zone, &[], (&[], 0), &suppressed), @r#"
It is 2026-07-01 13:00:00 BST
Nothing runs, and nothing waits

There are 2 suppressions:
• `ops_deploy` does not start from 12:30 to 14:00 BST
• `demo_hello` does not start from 23:00 to 2026-07-02 07:00 BST
"#);
        assert_eq!(suppressions(&[], now, &zone), None);
    }

    #[test]
    fn a_long_list_is_cut() {
        let commands: Vec<String> = (0..1000).map(|n| format!("command{n} {}", "x".repeat(100))).collect();
        let commands: Vec<(&str, &str)> = commands.iter().map(|command| (command.as_str(), "Does it")).collect();
        let help = namespace_help(&namespace("big", &commands), "");
        assert!(help.len() < 31_000 && help.contains("… and "), "{}", help.len());
    }
}
