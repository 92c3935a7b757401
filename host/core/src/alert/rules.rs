//! When alerts go out: a state machine for each service. Pure.
//!
//! A [`State`] says what a service is, and what those who are alerted were last told of it. Something happens (an
//! [`Event`]), or time passes; [`State::step`] says what the state is then, which alerts go out, and when to look again
//! though nothing happened. What decides is the difference between what is so and what was told:
//!
//! ```text
//!   was told      is now       goes out
//!   nothing       failing      failing, at once
//!   failing       worse        worse, at once: it is measured against the status just before
//!   failing       as bad       again, an interval after the last alert: `alert_interval` for error and critical,
//!                              `notification_interval` for warning; it comes on time, whether a check ends then or not
//!   failing       better       nothing; from then on the interval of that status counts
//!   failing       passing      recovered, at once; the next failure starts anew
//!   nothing       passing      nothing
//! ```
//!
//! What holds alerts back:
//!
//! - `alerts_enabled = false`: nothing ever goes out. What was told before is remembered: when alerts are enabled again,
//!   what is so then is measured against it. So a failure that nobody was told of is `failing`, one that goes on is `again`
//!   or `worse`, and a recovery that was missed goes out then: no alert stays open that is over.
//! - A **silence**: nothing goes out but the recovery of what was told before. It ends by itself, and what is so then is
//!   measured in the same way.
//! - An **acknowledgement** turns alerts into updates. Plugins that want updates (the *followers*) get one for each alert
//!   that would have gone out, and one when it is made, withdrawn or expires. The others get nothing; except that a recovery
//!   goes out to them as `recovered`, where they were told of the failure: an incident that somebody else's system holds
//!   open is closed. When the acknowledgement ends, what is so is measured against what *they* were told last; since an
//!   interval has mostly passed meanwhile, a failure that goes on is an alert again at once. It lasts its time, also over a
//!   recovery: who restarts a service is not told of each time that it fails.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decision::{Alert, Audience, Change, Event, Kind, Refused};
use super::status::{Shown, Status};
use crate::clock::Timestamp;

/// What a service's configuration says of its alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether anything ever goes out.
    pub alerts_enabled: bool,
    /// From one alert to the next while it is error or critical.
    pub alert_interval: Duration,
    /// The same while it is warning.
    pub notification_interval: Duration,
    /// How long an acknowledgement lasts.
    pub acknowledgement_expiry: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self {
            alerts_enabled: true,
            alert_interval: minutes(10),
            notification_interval: minutes(120),
            acknowledgement_expiry: minutes(20),
        }
    }
}

impl Rules {
    fn interval(&self, status: Status) -> Duration {
        match status {
            Status::Passing | Status::Warning => self.notification_interval,
            Status::Error | Status::Critical => self.alert_interval,
        }
    }
}

/// What a service is, and what was told of it. It is kept, and survives restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The worst importance among its failing active checks, when it was last looked at.
    pub status: Status,
    /// Since when. None: it has been passing from the start.
    pub since: Option<Timestamp>,
    /// When it began to fail, this time or, where it passes, the last time.
    pub began: Option<Timestamp>,
    /// The number of the last incident that somebody was told of; from 1 on, for each service by itself.
    pub incident: u64,
    /// Who is on it.
    pub acknowledged: Option<Acknowledgement>,
    /// Until when nobody is to be disturbed.
    pub silenced: Option<Silence>,
    /// What everybody was told last. None: that it passes.
    told: Option<Told>,
    /// What followers were told last. Where everybody was told something, they were, too.
    followed: Option<Told>,
}

/// What was told, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    status: Status,
    at: Timestamp,
}

/// Somebody is on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who, as the trigger names them.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// When it expires.
    pub until: Timestamp,
}

/// Nobody is to be disturbed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Who said so.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// When it ends.
    pub until: Timestamp,
}

/// What follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What the service is now, and what was told once the alerts are out.
    pub state: State,
    /// The change of its status, where there is one.
    pub change: Option<Change>,
    /// What goes out. To no plugin go two of them.
    pub alerts: Vec<Alert>,
    /// When to look again, with [`Event::Tick`], if nothing happens before. None: never.
    pub next: Option<Timestamp>,
}

impl State {
    /// What follows when `event` happens at `now`. A step that comes late is as good as one on time, but for the times in
    /// it: what would have gone out in between goes out once.
    ///
    /// # Errors
    /// The event means nothing here, and nothing changes.
    pub fn step(&self, rules: &Rules, event: &Event, now: Timestamp) -> Result<Step, Refused> {
        let mut state = self.clone();
        state.mind_the_clock(now);
        let mut news = state.expire(now);
        let mut change = None;
        match event {
            Event::Tick => {}
            Event::Status(status) => change = state.turn(*status, now),
            Event::Acknowledge { by } => {
                state.acknowledge(by, rules.acknowledgement_expiry, now)?;
                news = true;
            }
            Event::Withdraw { .. } => {
                state.acknowledged.take().ok_or(Refused::NotAcknowledged)?;
                news = true;
            }
            Event::Silence { by, until } => state.silence(by, *until, now)?,
            Event::Unsilence => {
                state.silenced.take().ok_or(Refused::NotSilenced)?;
            }
        }
        let alerts = state.speak(rules, news, now);
        Ok(Step {
            next: state.next(rules),
            state,
            change,
            alerts,
        })
    }

    /// What people are shown of it.
    pub fn shown(&self, rules: &Rules) -> Shown {
        if !rules.alerts_enabled {
            Shown::Disabled
        } else if self.acknowledged.is_some() && self.status.is_failing() {
            Shown::Acknowledged
        } else {
            self.status.into()
        }
    }

    /// When to look again, though nothing happens.
    pub fn next(&self, rules: &Rules) -> Option<Timestamp> {
        let silence = self.silenced.as_ref().map(|silence| silence.until);
        let acknowledgement = self.acknowledged.as_ref().map(|acknowledged| acknowledged.until);
        let told = match self.acknowledged {
            Some(_) => self.followed,
            None => self.told,
        };
        let speaks = rules.alerts_enabled && self.silenced.is_none() && self.status.is_failing();
        let again = told
            .filter(|_| speaks)
            .map(|told| told.at.plus(rules.interval(self.status)));
        [silence, acknowledgement, again].into_iter().flatten().min()
    }

    /// A clock that was put back leaves moments that lie ahead. They are taken for now, and what is to last keeps its length:
    /// else nobody would be told anything until the clock is there again.
    fn mind_the_clock(&mut self, now: Timestamp) {
        let back = |at: &mut Timestamp| *at = (*at).min(now);
        [&mut self.since, &mut self.began].into_iter().flatten().for_each(back);
        for told in [&mut self.told, &mut self.followed].into_iter().flatten() {
            back(&mut told.at);
        }
        let spans = [
            self.acknowledged.as_mut().map(|span| (&mut span.at, &mut span.until)),
            self.silenced.as_mut().map(|span| (&mut span.at, &mut span.until)),
        ];
        for (at, until) in spans.into_iter().flatten() {
            if *at > now {
                *until = now.plus(until.since(*at));
                *at = now;
            }
        }
    }

    /// Ends what has lasted its time. Says whether an acknowledgement did.
    fn expire(&mut self, now: Timestamp) -> bool {
        self.silenced.take_if(|silence| silence.until <= now);
        self.acknowledged
            .take_if(|acknowledged| acknowledged.until <= now)
            .is_some()
    }

    fn turn(&mut self, status: Status, now: Timestamp) -> Option<Change> {
        let change = Change {
            from: self.status,
            to: status,
        };
        if change.from == change.to {
            return None;
        }
        // What was told and is not over yet is the same incident, however often it passed meanwhile, unheard.
        if !self.status.is_failing() && self.told.is_none() && self.followed.is_none() {
            self.began = Some(now);
        }
        self.status = status;
        self.since = Some(now);
        Some(change)
    }

    fn acknowledge(&mut self, by: &str, expiry: Duration, now: Timestamp) -> Result<(), Refused> {
        if let Some(acknowledged) = &self.acknowledged {
            return Err(Refused::Acknowledged(acknowledged.clone()));
        }
        if !self.status.is_failing() {
            return Err(Refused::Passing);
        }
        self.acknowledged = Some(Acknowledgement {
            by: by.to_owned(),
            at: now,
            until: now.plus(expiry),
        });
        Ok(())
    }

    fn silence(&mut self, by: &str, until: Timestamp, now: Timestamp) -> Result<(), Refused> {
        if until <= now {
            return Err(Refused::Over);
        }
        self.silenced = Some(Silence {
            by: by.to_owned(),
            at: now,
            until,
        });
        Ok(())
    }

    /// What goes out. `news`: an acknowledgement began or ended.
    fn speak(&mut self, rules: &Rules, news: bool, now: Timestamp) -> Vec<Alert> {
        if !rules.alerts_enabled {
            return Vec::new();
        }
        if !self.status.is_failing() {
            return self.close(now);
        }
        if self.silenced.is_some() {
            return Vec::new();
        }
        let (interval, status) = (rules.interval(self.status), self.status);
        let said = Some(Told { status, at: now });
        if self.acknowledged.is_some() {
            let due = due(&mut self.followed, status, interval, now);
            return match due.is_some() || news {
                true => self.update(said, now),
                false => Vec::new(),
            };
        }
        match due(&mut self.told, status, interval, now) {
            Some(kind) => {
                self.number();
                let alert = self.alert(kind, Audience::Everybody, self.told, now);
                (self.told, self.followed) = (said, said);
                vec![alert]
            }
            None if news => self.update(said, now),
            None => Vec::new(),
        }
    }

    fn update(&mut self, said: Option<Told>, now: Timestamp) -> Vec<Alert> {
        self.number();
        let update = self.alert(Kind::Update, Audience::Followers, self.followed, now);
        self.followed = said;
        vec![update]
    }

    /// Says that it passes, to those who were told that it does not.
    fn close(&mut self, now: Timestamp) -> Vec<Alert> {
        let (told, followed) = (self.told.take(), self.followed.take());
        let mut alerts = Vec::new();
        if followed.is_some() && (self.acknowledged.is_some() || told.is_none()) {
            let kind = match self.acknowledged {
                Some(_) => Kind::Update,
                None => Kind::Recovered,
            };
            alerts.push(self.alert(kind, Audience::Followers, followed, now));
        }
        if told.is_some() {
            let to = match alerts.is_empty() {
                true => Audience::Everybody,
                false => Audience::Others,
            };
            alerts.push(self.alert(Kind::Recovered, to, told, now));
        }
        alerts
    }

    /// A first alert begins an incident.
    fn number(&mut self) {
        if self.told.is_none() && self.followed.is_none() {
            self.incident = self.incident.saturating_add(1);
        }
    }

    fn alert(&self, kind: Kind, to: Audience, told: Option<Told>, now: Timestamp) -> Alert {
        Alert {
            kind,
            to,
            old: told.map_or(Status::Passing, |told| told.status),
            new: self.status,
            at: now,
            began: self.began.unwrap_or(now),
            incident: self.incident,
            acknowledged: self.acknowledged.clone(),
        }
    }
}

/// What those who were `told` this are due, of a service that fails. That it got better is noted, and not said.
fn due(told: &mut Option<Told>, status: Status, interval: Duration, now: Timestamp) -> Option<Kind> {
    let Some(told) = told else {
        return Some(Kind::Failing);
    };
    if status > told.status {
        return Some(Kind::Worse);
    }
    if now >= told.at.plus(interval) {
        return Some(Kind::Again);
    }
    told.status = status;
    None
}

#[cfg(test)]
mod tests;
