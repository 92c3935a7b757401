//! The timetable of a host: every schedule with its next start, and what is due.

use std::sync::Arc;
use std::time::Duration;

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
}

#[derive(Debug)]
struct Line {
    schedule: Arc<Schedule>,
    mark: Mark,
    next: Option<Timestamp>,
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
        let line = |namespace: &str, schedule: &Arc<Schedule>| Line {
            mark: Mark {
                namespace: namespace.to_owned(),
                key: schedule.key.clone(),
                at: now,
            },
            next: schedule.when.next_after(now),
            schedule: Arc::clone(schedule),
        };
        let lines = config.namespaces.values().flat_map(|namespace| {
            let schedules = namespace.schedules.iter();
            schedules.map(move |schedule| line(&namespace.name, schedule))
        });
        Self { lines: lines.collect() }
    }

    /// The mark of each schedule, in an order that stays.
    pub fn marks(&self) -> Vec<Mark> {
        self.lines.iter().map(|line| line.mark.clone()).collect()
    }

    /// Goes on from where an earlier host was: a moment for each of [`marks`](Self::marks), in their order.
    pub fn resume(&mut self, marks: &[Timestamp]) {
        for (line, at) in self.lines.iter_mut().zip(marks) {
            line.go_on_from(*at);
        }
    }

    /// What is due: of each schedule the last start until `now`, in the order of their times. Those before it are passed
    /// over. Until [`decided`](Self::decided) is called, it is due again.
    pub fn due(&mut self, now: Timestamp) -> Vec<Start> {
        let lines = self.lines.iter_mut().enumerate();
        let mut due: Vec<Start> = lines.filter_map(|(number, line)| line.due(number, now)).collect();
        due.sort_by_key(|start| start.mark.at);
        due
    }

    /// Notes that a start was decided about.
    pub fn decided(&mut self, start: &Start) {
        if let Some(line) = self.lines.get_mut(start.line) {
            line.go_on_from(start.mark.at);
        }
    }

    /// When the next start is due. None: none ever is.
    pub fn next(&self) -> Option<Timestamp> {
        self.lines.iter().filter_map(|line| line.next).min()
    }
}

impl Line {
    fn go_on_from(&mut self, at: Timestamp) {
        self.mark.at = at;
        self.next = self.schedule.when.next_after(at);
    }

    fn due(&mut self, number: usize, now: Timestamp) -> Option<Start> {
        if self.mark.at > now {
            // The clock was put back. Starts that come again were kept with their moments, and are recognised.
            self.go_on_from(now);
        }
        let next = self.next.filter(|next| *next <= now)?;
        let last = self.schedule.when.last_until(now).map_or(next, |last| last.max(next));
        Some(Start {
            mark: Mark {
                at: last,
                ..self.mark.clone()
            },
            missed: now.since(last) > PUNCTUAL,
            schedule: Arc::clone(&self.schedule),
            line: number,
        })
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
