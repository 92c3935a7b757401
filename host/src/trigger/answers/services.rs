//! What is said about services and about who is on duty. Pure; each text is a function, in Slack's mrkdwn.

use std::fmt::Write as _;

use innkeeper_core::alert::rota::{Duty, Shift};
use innkeeper_core::alert::{Acknowledgement, Refused, Shown, Silence, State, Status};
use innkeeper_core::clock::Timestamp;
use innkeeper_core::command::help::{code, line, list};
use innkeeper_core::store::{Person, StatusChangeView};
use innkeeper_core::suppression::moment_in_words;
use jiff::tz::TimeZone;

use crate::alerts::{CheckLine, OnCall, ServiceDetail, ServiceLine, WhoIsTold};

/// When something is said, and to whom: what time it is there, and what goes before a command.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Now.
    pub now: Timestamp,
    /// Where the clock of whoever reads it hangs.
    pub zone: &'a TimeZone,
    /// What is typed before a command.
    pub prefix: &'a str,
}

impl Setting<'_> {
    fn time(&self, moment: Timestamp) -> String {
        // Nobody cares for the seconds of an outage.
        let minute = moment.as_micros() - moment.as_micros().rem_euclid(60_000_000);
        moment_in_words(Timestamp::from_micros(minute), self.now, self.zone)
    }

    fn command(&self, words: &str) -> String {
        code(&format!("{}{words}", self.prefix))
    }
}

/// Neither Slack nor a command line asks.
pub fn not_from_here() -> String {
    "Services are spoken of in Slack and on the command line only.".to_owned()
}

/// There is no such service; perhaps one of a name that is near.
pub fn unknown(name: &str, nearest: Option<&str>) -> String {
    let shown: String = name.chars().take(64).collect();
    let meant = nearest.map(|nearest| format!(" Did you mean {}?", code(nearest)));
    format!("There is no service {}.{}", code(&shown), meant.unwrap_or_default())
}

/// How all services are, the worst first. `hidden` more are not for everybody who reads along.
pub fn services(lines: &[ServiceLine], hidden: usize, setting: Setting<'_>) -> String {
    let mut text = match lines.len() {
        0 if hidden > 0 => String::new(),
        0 => return "There are no services.".to_owned(),
        1 => "There is 1 service:\n".to_owned(),
        count => format!("There are {count} services:\n"),
    };
    text.push_str(&list(lines.iter().map(|line| format!("• {}", service(line, setting)))));
    if hidden > 0 {
        let more = if lines.is_empty() { "" } else { "more " };
        let end = if lines.is_empty() { "" } else { "\n" };
        let (are, services) = if hidden == 1 {
            ("is", "service")
        } else {
            ("are", "services")
        };
        let _ = write!(
            text,
            "{end}There {are} {hidden} {more}{services} that not everybody here may see: ask me in a direct message."
        );
    }
    text
}

/// A service in one line.
fn service(one: &ServiceLine, setting: Setting<'_>) -> String {
    let title = one.title.as_deref().map(|title| format!(" ({})", line(title)));
    format!(
        "{} {}{} {}{}",
        light(one.shown),
        code(&one.name),
        title.unwrap_or_default(),
        is(one, setting),
        more(one, setting)
    )
}

fn light(shown: Shown) -> &'static str {
    match shown {
        Shown::Passing => "🟢",
        Shown::Warning => "🟡",
        Shown::Error => "🟠",
        Shown::Critical => "🔴",
        Shown::Acknowledged => "🔵",
        Shown::Disabled => "⚪",
    }
}

/// `is critical since 14:02 GMT`.
fn is(one: &ServiceLine, setting: Setting<'_>) -> String {
    let since = one.since.map(|since| format!(" since {}", setting.time(since)));
    let is = match one.status {
        Status::Passing => "passes".to_owned(),
        failing => format!("is {}", word(failing)),
    };
    format!("{is}{}", since.unwrap_or_default())
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Passing => "passing",
        Status::Warning => "at warning",
        Status::Error => "at error",
        Status::Critical => "critical",
    }
}

/// Who is on it, and who is not to be disturbed.
fn more(one: &ServiceLine, setting: Setting<'_>) -> String {
    let on_it = one.acknowledged.as_ref().map(|on_it| on_it_until(on_it, setting));
    let silenced = one.silenced.as_ref().map(|silence| silenced_until(silence, setting));
    let disabled = (one.shown == Shown::Disabled).then(|| "its alerts are switched off".to_owned());
    let all = [on_it, silenced, disabled].into_iter().flatten();
    all.map(|part| format!("; {part}")).collect()
}

fn on_it_until(on_it: &Acknowledgement, setting: Setting<'_>) -> String {
    format!("{} is on it until {}", who(&on_it.by), setting.time(on_it.until))
}

fn silenced_until(silence: &Silence, setting: Setting<'_>) -> String {
    format!("silenced by {} until {}", who(&silence.by), setting.time(silence.until))
}

/// Somebody, by name; who has none here by their id in Slack, which Slack shows as a name.
fn who(by: &str) -> String {
    let is_id = by.len() > 8 && by.starts_with(['U', 'W']);
    match is_id
        && by
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        true => format!("<@{by}>"),
        false => line(by),
    }
}

/// All that is known of a service.
pub fn detail(service: &ServiceDetail, setting: Setting<'_>) -> String {
    let one = &service.line;
    let title = one.title.as_deref().unwrap_or(&one.name);
    let mut lines = vec![format!(
        "{} *{}* ({}) {}{}",
        light(one.shown),
        line(title).replace('*', "∗"),
        code(&one.name),
        is(one, setting),
        more(one, setting)
    )];
    if one.shown != Shown::Disabled && one.status.is_failing() && one.acknowledged.is_none() {
        let ack = setting.command(&format!("ack {}", one.name));
        lines.push(format!("Nobody is on it. To say that you are: {ack}"));
    }
    let links = [("It is at", &service.url), ("What to do:", &service.runbook)];
    let links = links
        .into_iter()
        .filter_map(|(what, link)| Some((what, link.as_deref()?)));
    lines.extend(links.map(|(what, link)| format!("{what} {}", line(link))));
    if !service.checks.is_empty() {
        lines.push("\nIts checks:".to_owned());
        lines.push(list(
            service.checks.iter().map(|one| format!("• {}", check(one, setting))),
        ));
    }
    lines.push(told(&service.told, &service.plugins));
    if !service.changes.is_empty() {
        lines.push("\nIts last changes:".to_owned());
        lines.push(list(
            service.changes.iter().map(|one| format!("• {}", change(one, setting))),
        ));
    }
    lines.join("\n")
}

fn check(check: &CheckLine, setting: Setting<'_>) -> String {
    let name = format!("{} ({})", code(&check.name), check.importance.as_str());
    if !check.active {
        return format!("⚪ {name} is not active");
    }
    let (Some(run), Some(at)) = (check.run, check.at) else {
        return format!("⚪ {name} has not run yet");
    };
    let logs = setting.command(&format!("logs tail {run}"));
    let at = setting.time(at);
    match (check.failing, check.failures) {
        (_, 0) => format!("🟢 {name} passed at {at}: {logs}"),
        (failing, failures) => {
            let light = if failing { "🔴" } else { "🟡" };
            let times = if failures == 1 {
                "once".to_owned()
            } else {
                format!("{failures} times in a row")
            };
            let since = check
                .since
                .filter(|_| failures > 1)
                .map(|since| format!(" since {}", setting.time(since)));
            let forgiven = match failing {
                true => String::new(),
                false if check.debounce == 1 => " (1 in a row is forgiven)".to_owned(),
                false => format!(" ({} in a row are forgiven)", check.debounce),
            };
            format!(
                "{light} {name} failed {times}{}, last at {at}{forgiven}: {logs}",
                since.unwrap_or_default()
            )
        }
    }
}

fn told(told: &WhoIsTold, plugins: &[String]) -> String {
    let by: Vec<String> = plugins.iter().map(|plugin| code(plugin)).collect();
    let users: Vec<String> = told.users.iter().map(|name| line(name)).collect();
    let on_duty: Vec<String> = told.on_duty.iter().map(|name| line(name)).collect();
    let people = match (users.is_empty(), on_duty.is_empty()) {
        (true, true) => "nobody".to_owned(),
        (false, true) => users.join(", "),
        (true, false) => format!("{} (on duty)", on_duty.join(", ")),
        (false, false) => format!("{}; on duty: {}", users.join(", "), on_duty.join(", ")),
    };
    let mut text = match by.is_empty() {
        true => format!("\nIt has no alert plugin, so nobody is told of it. Its people: {people}."),
        false => format!("\nTold of it, by {}: {people}.", by.join(", ")),
    };
    text.push_str(&strangers(&told.unknown));
    text
}

/// A sentence about names that are to be told and that nobody has.
fn strangers(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| code(name)).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(
            " No active user is called {}: nobody of that name is told.",
            names.join(", ")
        ),
    }
}

fn change(change: &StatusChangeView, setting: Setting<'_>) -> String {
    let cause = match change.run {
        Some(run) => format!("run {run}"),
        None => "the configuration changed".to_owned(),
    };
    format!(
        "{}: {} → {} ({cause})",
        setting.time(change.at),
        change.old.as_str(),
        change.new.as_str()
    )
}

/// Somebody said that they are on it.
pub fn acknowledged(name: &str, state: &State, setting: Setting<'_>) -> String {
    let on_it = state.acknowledged.as_ref();
    let on_it = on_it.map(|on_it| on_it_until(on_it, setting)).unwrap_or_default();
    format!(
        "{}: {on_it}. Until then nobody is alerted; plugins that want updates tell what happens. {} takes it back.",
        code(name),
        setting.command(&format!("unack {name}"))
    )
}

/// Nobody is on it any more.
pub fn withdrawn(name: &str) -> String {
    format!("Nobody is on {} any more: alerts go out again.", code(name))
}

/// Nobody is told of it for a while.
pub fn silenced(name: &str, state: &State, setting: Setting<'_>) -> String {
    let until = state
        .silenced
        .as_ref()
        .map(|silence| setting.time(silence.until))
        .unwrap_or_default();
    format!(
        "{} is silenced until {until}: nobody is told anything of it, but that it recovered. {} ends it.",
        code(name),
        setting.command(&format!("unsilence {name}"))
    )
}

/// They are again.
pub fn unsilenced(name: &str) -> String {
    format!("{} is not silenced any more: alerts go out again.", code(name))
}

/// It means nothing here.
pub fn refused(name: &str, why: &Refused, setting: Setting<'_>) -> String {
    match why {
        Refused::Acknowledged(on_it) => format!(
            "{}: {} already. {} takes that back.",
            code(name),
            on_it_until(on_it, setting),
            setting.command(&format!("unack {name}"))
        ),
        other => format!("{}: {}.", code(name), line(&other.to_string())),
    }
}

/// Who is on duty now and next, and whom of these `people` that is.
pub fn on_call(on_call: &OnCall, people: &[Person], setting: Setting<'_>) -> String {
    let officers: Vec<String> = on_call.officers().iter().map(|name| line(name)).collect();
    let now = officers.join("*, *");
    let mut lines = vec![match (officers.is_empty(), on_call.stands_in(people)) {
        (false, None) => format!("On call now: *{now}*"),
        (false, Some(instead)) => format!("On call now: *{now}*; *{}* is told instead.", line(instead)),
        (true, Some(instead)) => format!("Nobody is on call now; *{}* is told instead.", line(instead)),
        (true, None) => "Nobody is on call now, and nobody stands in.".to_owned(),
    }];
    for rota in &on_call.rotas {
        let people: Vec<String> = rota.people.iter().map(|name| line(name)).collect();
        lines.push(format!(
            "• Rota of {}: {}",
            people.join(", "),
            duty(&rota.duty, setting)
        ));
    }
    if let Some(calendar) = &on_call.calendar {
        let trouble = calendar.trouble.as_deref().map(|why| line(why.trim_end_matches('.')));
        lines.push(match (calendar.missing, trouble) {
            (true, why) => format!("• Calendar: it is not here: {}.", why.unwrap_or_default()),
            (false, None) => format!("• Calendar: {}", duty(&calendar.duty, setting)),
            (false, Some(why)) => format!(
                "• Calendar: {} This is from the last copy, since it cannot be read now: {why}.",
                duty(&calendar.duty, setting)
            ),
        });
        lines.extend(
            calendar
                .faults
                .iter()
                .map(|fault| format!("    It could not be read wholly: {}.", line(fault))),
        );
    }
    if on_call.rotas.is_empty() && on_call.calendar.is_none() {
        lines.push("There is no rota, and no calendar.".to_owned());
    }
    let strangers = strangers(&on_call.unknown(people));
    lines.extend((!strangers.is_empty()).then(|| strangers.trim_start().to_owned()));
    lines.join("\n")
}

fn duty(duty: &Duty, setting: Setting<'_>) -> String {
    let now = |shift: &Shift| format!("{} until {}", line(&shift.person), setting.time(shift.end));
    let now: Vec<String> = duty.now.iter().map(now).collect();
    let now = match now.is_empty() {
        true => "nobody".to_owned(),
        false => now.join(", "),
    };
    let names: Vec<String> = duty.next.iter().map(|shift| line(&shift.person)).collect();
    match duty.next.first() {
        Some(first) => format!("{now}. Next: {}, from {}.", names.join(", "), setting.time(first.start)),
        None => format!("{now}."),
    }
}

#[cfg(test)]
mod tests;
