//! The rules, played: what happens to a service, and exactly which alerts go out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod properties;
mod scenarios;

use std::collections::BTreeMap;

use super::super::check::{CheckRules, CheckState, status_of};
use super::super::status::Importance;
use super::*;
use crate::run::RunId;

const MINUTE: i64 = 60_000_000;

/// The moment so many minutes after the story begins.
fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + minutes * MINUTE)
}

/// `1:05`, or `2d 1:05` where it is later than a day.
fn clock(at: Timestamp) -> String {
    let minutes = (at.as_micros() - minute(0).as_micros()) / MINUTE;
    let (days, minutes) = (minutes / 1440, minutes % 1440);
    let day = if days > 0 { format!("{days}d ") } else { String::new() };
    format!("{day}{}:{:02}", minutes / 60, minutes % 60)
}

/// The minutes of `1:05` or `2d 1:05`.
fn minutes(text: &str) -> i64 {
    let (days, time) = text.split_once("d ").unwrap_or(("0", text));
    let (hours, minutes) = time.split_once(':').unwrap();
    let number = |text: &str| text.trim().parse::<i64>().unwrap();
    number(days) * 1440 + number(hours) * 60 + number(minutes)
}

/// A service with the checks `w`, `e` and `c`, of the three importances; `d`, which forgives two failures; and a clock that
/// is told the time.
struct World {
    rules: Rules,
    checks: BTreeMap<String, CheckRules>,
    results: BTreeMap<String, CheckState>,
    state: State,
    now: Timestamp,
    said: Vec<String>,
    alerts: Vec<Alert>,
    /// Whether it is looked at every minute, too, though nothing is due.
    restless: bool,
    /// Whether it is written down and read again after each step.
    forgetful: bool,
}

impl World {
    fn new() -> Self {
        let check = |importance, debounce| CheckRules {
            importance,
            debounce,
            active: true,
        };
        Self {
            rules: Rules::default(),
            checks: BTreeMap::from([
                ("w".to_owned(), check(Importance::Warning, 0)),
                ("e".to_owned(), check(Importance::Error, 0)),
                ("c".to_owned(), check(Importance::Critical, 0)),
                ("d".to_owned(), check(Importance::Error, 2)),
            ]),
            results: BTreeMap::new(),
            state: State::default(),
            now: minute(0),
            said: Vec::new(),
            alerts: Vec::new(),
            restless: false,
            forgetful: false,
        }
    }

    fn step(&mut self, event: &Event) {
        match self.state.step(&self.rules, event, self.now) {
            Ok(step) => {
                assert!(
                    step.next.is_none_or(|next| next > self.now),
                    "to look again is no use: {step:?}"
                );
                self.said.extend(step.alerts.iter().map(in_words));
                self.alerts.extend(step.alerts);
                self.state = step.state;
            }
            Err(refused) => self.said.push(format!("{} refused: {refused}", clock(self.now))),
        }
        if self.forgetful {
            self.restart();
        }
    }

    /// The host ends, and another one reads what it wrote.
    fn restart(&mut self) {
        let written = serde_json::to_string(&self.state).unwrap();
        self.state = serde_json::from_str(&written).unwrap();
    }

    /// Lets time pass, and looks when it is time to.
    fn until(&mut self, moment: Timestamp) {
        while let Some(next) = self.state.next(&self.rules).filter(|next| *next <= moment) {
            self.pass_minutes(next);
            self.now = next.max(self.now);
            self.step(&Event::Tick);
        }
        self.pass_minutes(moment);
        self.now = moment;
    }

    fn pass_minutes(&mut self, until: Timestamp) {
        while self.restless && self.now.plus(Duration::from_secs(60)) < until {
            self.now = self.now.plus(Duration::from_secs(60));
            let alerts = self.alerts.len();
            self.step(&Event::Tick);
            assert_eq!(alerts, self.alerts.len(), "nothing was due at {}", clock(self.now));
        }
    }

    fn result(&mut self, check: &str, passed: bool) {
        let known = self.results.entry(check.to_owned()).or_default();
        *known = known.after(passed, RunId(1), self.now);
        self.look();
    }

    fn look(&mut self) {
        let status = status_of(&self.checks, &self.results);
        self.step(&Event::Status(status));
    }

    /// Does what a line of a scenario says.
    fn act(&mut self, line: &str) {
        let by = |words: &[&str]| words.first().unwrap_or(&"Ann").to_string();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [check, "fails"] => self.result(check, false),
            [check, "passes"] => self.result(check, true),
            ["ack", who @ ..] => self.step(&Event::Acknowledge { by: by(who) }),
            ["unack"] => self.step(&Event::Withdraw { by: by(&[]) }),
            ["silence", minutes] => {
                let until = self.now.plus(Duration::from_secs(60 * minutes.parse::<u64>().unwrap()));
                self.step(&Event::Silence { by: by(&[]), until });
            }
            ["unsilence"] => self.step(&Event::Unsilence),
            ["disable"] => self.reconfigure(|rules, _| rules.alerts_enabled = false),
            ["enable"] => self.reconfigure(|rules, _| rules.alerts_enabled = true),
            ["alert_interval", minutes] => {
                let interval = Duration::from_secs(60 * minutes.parse::<u64>().unwrap());
                self.reconfigure(|rules, _| rules.alert_interval = interval);
            }
            [check, "inactive"] => self.reconfigure(|_, checks| checks.get_mut(*check).unwrap().active = false),
            ["restart"] => self.restart(),
            ["nothing"] => {}
            _ => panic!("what is `{line}`?"),
        }
    }

    fn reconfigure(&mut self, change: impl FnOnce(&mut Rules, &mut BTreeMap<String, CheckRules>)) {
        change(&mut self.rules, &mut self.checks);
        self.look();
    }
}

/// `0:10 again: error`; with an arrow where they knew of another status, and with whom it goes to where it is not everybody.
fn in_words(alert: &Alert) -> String {
    let status = match alert.old == alert.new {
        true => alert.new.as_str().to_owned(),
        false => format!("{} -> {}", alert.old.as_str(), alert.new.as_str()),
    };
    let to = match alert.to {
        Audience::Everybody => String::new(),
        other => format!(" (to {})", other.as_str()),
    };
    format!("{} {}: {status}{to}", clock(alert.at), alert.kind.as_str())
}

/// Plays a story: a line a minute at which something happens, `0:05 e fails`. Says what went out.
fn play(story: &str, restless: bool, forgetful: bool) -> (Vec<String>, World) {
    let mut world = World {
        restless,
        forgetful,
        ..World::new()
    };
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (time, what) = split(line);
        world.until(minute(minutes(time)));
        world.act(what);
    }
    (world.said.clone(), world)
}

/// The time of a line, and the rest of it.
fn split(line: &str) -> (&str, &str) {
    let colon = line.find(':').unwrap();
    let end = line[colon..].find(' ').unwrap() + colon;
    (&line[..end], &line[end + 1..])
}

#[test]
fn an_incident_that_was_told_is_the_same_though_it_passed_while_nothing_went_out() {
    let on = Rules::default();
    let off = Rules {
        alerts_enabled: false,
        ..on.clone()
    };
    let mut state = State::default();
    let steps = [
        (&on, Event::Status(Status::Error)),
        (&off, Event::Status(Status::Passing)),
        (&off, Event::Status(Status::Error)),
        (&on, Event::Tick),
        (&on, Event::Status(Status::Passing)),
    ];
    let mut said = Vec::new();
    for (at, (rules, event)) in (0..).step_by(20).zip(steps) {
        let step = state.step(rules, &event, minute(at)).unwrap();
        said.extend(
            step.alerts
                .iter()
                .map(|alert| (alert.kind, alert.incident, alert.began)),
        );
        state = step.state;
    }
    let expected = [Kind::Failing, Kind::Again, Kind::Recovered].map(|kind| (kind, 1, minute(0)));
    assert_eq!(said, expected);
}
