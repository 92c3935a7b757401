//! What a plugin is told.

use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use super::Values;

/// What is to be told, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// Its id: the same each time that the plugin is called with this alert, and no other's.
    pub id: String,
    /// Why.
    pub kind: Kind,
    /// When it was decided.
    pub at: SystemTime,
    /// The number of the incident, for each service by itself: the same from `Failing` to `Recovered`.
    pub incident: u64,
    /// Whether it is a test, of a service that is made up: for the users, and for nobody else who could be told.
    pub test: bool,
    /// Of what.
    pub service: Service,
    /// The service's people, those on duty among them.
    pub users: Vec<User>,
    /// Who is on duty.
    pub duty_officers: Vec<User>,
    /// The plugin's settings.
    pub settings: Values,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The service was passing and is not any more.
    Failing,
    /// It still is not passing, and it is time to say so again.
    Again,
    /// It got worse.
    Worse,
    /// It is passing again.
    Recovered,
    /// Somebody has acknowledged it; this is what happened since.
    Update,
}

/// The status of a service. The order is that of badness, up to `Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Every active check passes.
    Passing,
    /// The worst check that fails is of importance `Warning`.
    Warning,
    /// The worst check that fails is of importance `Error`.
    Error,
    /// The worst check that fails is of importance `Critical`.
    Critical,
    /// It fails, and somebody has said that they are on it.
    Acknowledged,
}

/// How much the failure of a check matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Importance {
    /// It can wait.
    Warning,
    /// It cannot wait long.
    Error,
    /// It cannot wait.
    Critical,
}

/// A service whose status is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Service {
    /// Its name, for example `web`. It never changes.
    pub name: String,
    /// What people call it, for example `The web site`.
    pub title: String,
    /// Where it is.
    pub url: Option<String>,
    /// Where it says what to do.
    pub runbook: Option<String>,
    /// The status that was told last.
    pub before: Status,
    /// Its status now.
    pub now: Status,
    /// Since when it fails or, where it passes again, when it began to fail.
    pub since: SystemTime,
    /// All its active checks.
    pub checks: Vec<Check>,
    /// Who is on it.
    pub acknowledgement: Option<Acknowledgement>,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// A check and what came of it last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// Its name.
    pub name: String,
    /// How much its failure matters.
    pub importance: Importance,
    /// Whether it passes.
    pub passing: bool,
    /// The number of its last run, as people type it (`logs 12`).
    pub run: Option<i64>,
    /// The last lines of what that run wrote, at most 2,000 characters. Somebody else's text:
    /// [`escape`](crate::escape) it where mrkdwn is read.
    pub output: String,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Somebody has said that they are on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// The name of who said so.
    pub by: String,
    /// When.
    pub at: SystemTime,
    /// When it expires.
    pub until: SystemTime,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

/// Somebody who is to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The id in Slack, `U…`.
    pub slack: Option<String>,
    /// What was entered into the plugin's fields.
    pub fields: Values,
    /// What a newer host has to say. Ignore names that you do not know.
    pub extra: Vec<(String, String)>,
}

impl Kind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Again => "again",
            Self::Worse => "worse",
            Self::Recovered => "recovered",
            Self::Update => "update",
        }
    }
}

impl Status {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Acknowledged => "acknowledged",
        }
    }
}

impl Importance {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

macro_rules! shows_as_its_word {
    ($($name:ident)*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        })*
    };
}

shows_as_its_word! { Kind Status Importance }

impl Alert {
    /// What happened, in one line of plain text: `The web site is critical`.
    pub fn headline(&self) -> String {
        let Service { title, now, .. } = &self.service;
        let said = match self.kind {
            Kind::Failing | Kind::Update => format!("{title} is {now}"),
            Kind::Again => format!("{title} is still {now}"),
            Kind::Worse => format!("{title} got worse: it is {now}"),
            Kind::Recovered => format!("{title} is {now} again"),
        };
        match self.test {
            true => format!("Test: {said}"),
            false => said,
        }
    }

    /// All of it in plain text, some lines: the headline, what fails, where to look.
    pub fn summary(&self) -> String {
        let mut text = self.headline();
        // Writing to a String cannot fail.
        for check in self.service.failing() {
            let _ = write!(text, "\n- {} ({})", check.name, check.importance);
            if let Some(line) = check.last_line() {
                let _ = write!(text, ": {line}");
            }
        }
        let known = [
            ("", &self.service.url),
            ("What to do: ", &self.service.runbook),
            (
                "Acknowledged by ",
                &self.service.acknowledgement.as_ref().map(|it| it.by.clone()),
            ),
        ];
        for (before, what) in known {
            if let Some(what) = what {
                let _ = write!(text, "\n{before}{what}");
            }
        }
        text
    }

    /// Whether somebody is on duty.
    pub fn is_on_duty(&self, user: &User) -> bool {
        self.duty_officers.iter().any(|officer| officer.name == user.name)
    }

    /// Whether it is critical, and was not when somebody was told last: what one wakes people for.
    pub fn is_newly_critical(&self) -> bool {
        self.service.now == Status::Critical && self.service.before != Status::Critical
    }
}

impl Service {
    /// The checks that fail, the worst ones first.
    pub fn failing(&self) -> Vec<&Check> {
        let mut failing: Vec<&Check> = self.checks.iter().filter(|check| !check.passing).collect();
        failing.sort_by_key(|check| std::cmp::Reverse(check.importance));
        failing
    }
}

impl Check {
    /// The last line of its output that is not empty.
    pub fn last_line(&self) -> Option<&str> {
        let mut lines = self.output.lines().map(str::trim);
        lines.rfind(|line| !line.is_empty())
    }

    /// A check for a unit test, that fails or passes.
    pub fn for_test(name: &str, importance: Importance, passing: bool) -> Self {
        Self {
            name: name.to_owned(),
            importance,
            passing,
            run: Some(1),
            output: String::new(),
            extra: Vec::new(),
        }
    }
}

impl Acknowledgement {
    /// An acknowledgement for a unit test: twenty minutes from the beginning of 2026.
    pub fn for_test(by: &str) -> Self {
        Self {
            by: by.to_owned(),
            at: beginning(),
            until: beginning() + Duration::from_secs(20 * 60),
            extra: Vec::new(),
        }
    }
}

impl User {
    /// A user for a unit test, with a mail address and an id in Slack.
    pub fn for_test(name: &str) -> Self {
        let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            name: name.to_owned(),
            email: Some(format!("{}@example.com", word.to_lowercase())),
            slack: Some(format!("U{}", word.to_uppercase())),
            ..Self::default()
        }
    }

    /// The same user, who entered this.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl ToString) -> Self {
        self.fields.set(name, value);
        self
    }
}

/// For unit tests.
impl Alert {
    /// An alert: `web`, called "The web site", was passing and is critical, since its check `http` fails. Ann and Bob are told,
    /// and Ann is on duty. Change what matters to the test.
    ///
    /// ```
    /// use innkeeper_guest::alert::{Alert, Kind, Status};
    ///
    /// let mut alert = Alert::for_test().kind(Kind::Recovered).status(Status::Critical, Status::Passing);
    /// alert.service.title = "The shop".to_owned();
    /// assert_eq!(alert.headline(), "The shop is passing again");
    /// ```
    pub fn for_test() -> Self {
        let http = Check {
            output: "GET https://www.example.com\n503 Service Unavailable\n".to_owned(),
            run: Some(12),
            ..Check::for_test("http", Importance::Critical, false)
        };
        Self {
            id: "0190a1f2-0000-7000-8000-000000000001".to_owned(),
            kind: Kind::Failing,
            at: beginning(),
            incident: 1,
            test: false,
            service: Service {
                name: "web".to_owned(),
                title: "The web site".to_owned(),
                url: Some("https://www.example.com".to_owned()),
                runbook: Some("https://wiki.example.com/web".to_owned()),
                before: Status::Passing,
                now: Status::Critical,
                since: beginning(),
                checks: vec![http, Check::for_test("backup", Importance::Warning, true)],
                acknowledgement: None,
                extra: Vec::new(),
            },
            users: vec![User::for_test("Ann"), User::for_test("Bob")],
            duty_officers: vec![User::for_test("Ann")],
            settings: Values::default(),
            extra: Vec::new(),
        }
    }

    /// The same alert, of this kind.
    #[must_use]
    pub const fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same alert, of a service that was this and is that.
    #[must_use]
    pub const fn status(mut self, before: Status, now: Status) -> Self {
        self.service.before = before;
        self.service.now = now;
        self
    }

    /// The same alert, with this setting.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.set(name, value);
        self
    }

    /// The same alert, with this secret setting: its value is the placeholder `{{secret:NAME}}`.
    #[must_use]
    pub fn secret(self, name: &str) -> Self {
        self.setting(name, format_args!("{{{{secret:{name}}}}}"))
    }

    /// The same alert, in which the user called Ann, who is on duty, entered this.
    #[must_use]
    pub fn officer_field(mut self, name: &str, value: impl ToString) -> Self {
        let officers = self.duty_officers.iter_mut();
        let ann = officers.chain(&mut self.users).filter(|user| user.name == "Ann");
        ann.for_each(|user| user.fields.set(name, value.to_string()));
        self
    }

    /// The same alert, that goes to this user and nobody else. Nobody is on duty.
    #[must_use]
    pub fn only_to(mut self, user: User) -> Self {
        self.users = vec![user];
        self.duty_officers = Vec::new();
        self
    }
}

/// The beginning of 2026.
fn beginning() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}
