//! What a plugin is told: the core's types as those of `wit/`. Nothing in them looks like a secret but what was given as one.

use innkeeper_core::alert::plugin::{CheckTold, ServiceTold, Telling, UserTold};
use innkeeper_core::alert::{Acknowledgement, Importance, Kind, Shown};

use super::super::bindings::alerting as wit;
use super::secrets::{Given, plain};

/// What the plugin is called with.
pub(super) fn alert(telling: Telling, secrets: &Given) -> wit::Alert {
    let Telling {
        id,
        kind: why,
        at,
        incident,
        test,
        service: of,
        users,
        duty_officers,
        settings,
    } = telling;
    wit::Alert {
        id,
        kind: kind(why),
        at: at.as_micros(),
        incident,
        test,
        service: service(of),
        users: users.into_iter().map(|it| user(it, secrets)).collect(),
        duty_officers: duty_officers.into_iter().map(|it| user(it, secrets)).collect(),
        settings: values(settings, secrets),
        extra: Vec::new(),
    }
}

fn service(service: ServiceTold) -> wit::Service {
    let ServiceTold {
        name,
        title,
        url,
        runbook,
        before,
        now,
        since,
        checks,
        acknowledgement: acknowledged,
    } = service;
    wit::Service {
        name,
        title: plain(title),
        url: url.map(plain),
        runbook: runbook.map(plain),
        before: status(before),
        now: status(now),
        since: since.as_micros(),
        checks: checks.into_iter().map(check).collect(),
        acknowledgement: acknowledged.map(acknowledgement),
        extra: Vec::new(),
    }
}

fn check(check: CheckTold) -> wit::Check {
    let CheckTold {
        name,
        importance: how_much,
        passing,
        run,
        output,
    } = check;
    wit::Check {
        name,
        importance: importance(how_much),
        passing,
        run: run.map(|run| run.0),
        output: plain(output),
        extra: Vec::new(),
    }
}

fn acknowledgement(acknowledgement: Acknowledgement) -> wit::Acknowledgement {
    let Acknowledgement { by, at, until } = acknowledgement;
    wit::Acknowledgement {
        by: plain(by),
        at: at.as_micros(),
        until: until.as_micros(),
        extra: Vec::new(),
    }
}

fn user(user: UserTold, secrets: &Given) -> wit::User {
    let UserTold {
        name,
        email,
        slack,
        fields,
    } = user;
    wit::User {
        name: plain(name),
        email: email.map(plain),
        slack: slack.map(plain),
        fields: values(fields, secrets),
        extra: Vec::new(),
    }
}

fn values(values: Vec<(String, String)>, secrets: &Given) -> Vec<(String, String)> {
    let values = values.into_iter();
    values.map(|(name, value)| (name, secrets.value(value))).collect()
}

fn kind(kind: Kind) -> wit::Kind {
    match kind {
        Kind::Failing => wit::Kind::Failing,
        Kind::Again => wit::Kind::Again,
        Kind::Worse => wit::Kind::Worse,
        Kind::Recovered => wit::Kind::Recovered,
        Kind::Update => wit::Kind::Update,
    }
}

fn status(status: Shown) -> wit::Status {
    match status {
        // Nobody is told of a service whose alerts are switched off.
        Shown::Passing | Shown::Disabled => wit::Status::Passing,
        Shown::Warning => wit::Status::Warning,
        Shown::Error => wit::Status::Error,
        Shown::Critical => wit::Status::Critical,
        Shown::Acknowledged => wit::Status::Acknowledged,
    }
}

fn importance(importance: Importance) -> wit::Importance {
    match importance {
        Importance::Warning => wit::Importance::Warning,
        Importance::Error => wit::Importance::Error,
        Importance::Critical => wit::Importance::Critical,
    }
}
