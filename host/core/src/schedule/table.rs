//! The timetable of a host: every schedule with its next start, and what is due. What it costs to look grows with what is
//! due, not with what exists.

use std::sync::Arc;
use std::time::Duration;

use super::agenda::Agenda;
use super::{Mark, Missed, Schedule};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::request::{NewAsking, NewRequest, Origin, ScheduleOrigin};

/// A start that is decided about this much later was not missed: a host takes its time to wake.
const PUNCTUAL: Duration = Duration::from_secs(60);

/// Every schedule of every namespace.
#[derive(Debug)]
pub struct Timetable {
    lines: Vec<Line>,
    /// The next start of each line, by its number.
    agenda: Agenda,
    /// The latest moment that was seen: the clock was put back where it is past that.
    seen: Timestamp,
    /// How many lines were looked at.
    #[cfg(test)]
    pub(super) looked_at: usize,
}

#[derive(Debug)]
struct Line {
    schedule: Arc<Schedule>,
    mark: Mark,
}

/// A start that is due.
#[derive(Clone, Debug)]
pub struct Start {
    /// What the schedule's mark is once this start is decided about.
    pub mark: Mark,
    /// Whether its time is past by more than a moment.
    pub missed: bool,
    schedule: Arc<Schedule>,
    line: usize,
}

impl Timetable {
    /// The schedules of `config`, all of them seen for the first time at `now`.
    pub fn new(config: &Config, now: Timestamp) -> Self {
        let namespaces = config.namespaces.values();
        let schedules = namespaces.flat_map(|namespace| {
            let schedules = namespace.schedules.iter().map(Arc::clone);
            schedules.map(|schedule| (namespace.name.clone(), schedule))
        });
        Self::of(schedules, now)
    }

    /// These schedules of these namespaces.
    pub(super) fn of(schedules: impl IntoIterator<Item = (String, Arc<Schedule>)>, now: Timestamp) -> Self {
        let line = |(namespace, schedule): (String, Arc<Schedule>)| Line {
            mark: Mark {
                namespace,
                key: schedule.key.clone(),
                at: now,
            },
            schedule,
        };
        let mut table = Self {
            lines: schedules.into_iter().map(line).collect(),
            agenda: Agenda::default(),
            seen: now,
            #[cfg(test)]
            looked_at: 0,
        };
        for number in 0..table.lines.len() {
            table.go_on_from(number, now);
        }
        table
    }

    /// The mark of each schedule, in an order that stays.
    pub fn marks(&self) -> Vec<Mark> {
        self.lines.iter().map(|line| line.mark.clone()).collect()
    }

    /// Goes on from where an earlier host was: a moment for each of [`marks`](Self::marks), in their order.
    pub fn resume(&mut self, marks: &[Timestamp]) {
        for (number, at) in marks.iter().enumerate() {
            self.go_on_from(number, *at);
            self.seen = self.seen.max(*at);
        }
    }

    /// What is due: of each schedule the last start until `now`, in the order of their times. Those before it are passed
    /// over. Until [`decided`](Self::decided) is called, it is due again.
    pub fn due(&mut self, now: Timestamp) -> Vec<Start> {
        if now < self.seen {
            self.put_back(now);
        }
        self.seen = now;
        let numbers = self.agenda.due(now);
        #[cfg(test)]
        {
            self.looked_at += numbers.len();
        }
        let lines = numbers
            .into_iter()
            .filter_map(|number| Some((number, self.lines.get(number)?)));
        let mut due: Vec<Start> = lines.map(|(number, line)| line.start(number, now)).collect();
        due.sort_by_key(|start| start.mark.at);
        due
    }

    /// Notes that a start was decided about.
    pub fn decided(&mut self, start: &Start) {
        self.go_on_from(start.line, start.mark.at);
    }

    /// When the next start is due. None: none ever is.
    pub fn next(&self) -> Option<Timestamp> {
        self.agenda.first()
    }

    /// The clock was put back. Starts that come again were kept with their moments, and are recognised.
    fn put_back(&mut self, now: Timestamp) {
        for number in 0..self.lines.len() {
            if self.lines.get(number).is_some_and(|line| line.mark.at > now) {
                self.go_on_from(number, now);
            }
        }
    }

    fn go_on_from(&mut self, number: usize, at: Timestamp) {
        if let Some(line) = self.lines.get_mut(number) {
            line.mark.at = at;
            self.agenda.set(number, line.schedule.when.next_after(at));
            #[cfg(test)]
            {
                self.looked_at += 1;
            }
        }
    }
}

impl Line {
    /// The start of this line, which is due.
    fn start(&self, number: usize, now: Timestamp) -> Start {
        let last = self.schedule.when.last_until(now);
        let next = self.schedule.when.next_after(self.mark.at);
        let at = last.max(next.filter(|next| *next <= now)).unwrap_or(now);
        Start {
            mark: Mark {
                at,
                ..self.mark.clone()
            },
            missed: now.since(at) > PUNCTUAL,
            schedule: Arc::clone(&self.schedule),
            line: number,
        }
    }
}

impl Start {
    /// Whether nothing is to be done about it but to note that it was missed.
    pub fn is_skipped(&self) -> bool {
        self.missed && self.schedule.missed == Missed::Skip
    }

    /// The schedule, as it is written.
    pub fn schedule(&self) -> &str {
        &self.schedule.written
    }

    /// What asks for it, and what is asked for.
    pub fn order(&self, now: Timestamp) -> (NewAsking, NewRequest) {
        let Mark { namespace, key, at } = &self.mark;
        let asking = NewAsking {
            key: Some(format!("schedule:{namespace}:{}:{}", key.as_str(), at.as_micros())),
            origin: Origin::Schedule(ScheduleOrigin {
                due: *at,
                schedule: self.schedule.written.clone(),
                channel: self.schedule.channel.clone(),
            }),
            text: None,
            edit: false,
            at: now,
        };
        // Many hosts and jobs start again at one time: what was missed is spread, too.
        let from = if self.missed { now } else { *at };
        let request = NewRequest {
            namespace: namespace.clone(),
            job: self.schedule.job.clone(),
            arguments: self.schedule.arguments.clone(),
            due: from.plus(self.schedule.delay_of(*at)),
            payload: None,
        };
        (asking, request)
    }
}
