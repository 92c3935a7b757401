//! Who is on duty: from calendars and from rotations. Pure.
//!
//! ```text
//!   a feed (iCalendar) ─► calendar ─┐
//!                                   ├─► Shift: a person, from then to then ─► Duty: who is on now, and next
//!   [[rota]] ──────────► rotation ──┘
//! ```
//!
//! A name is whose it is where a user has it; see [`told`](super::told). Fetching feeds is the edge's.

mod calendar;
mod rotation;
mod zone;

use std::collections::BTreeMap;

use serde::Serialize;

pub use calendar::{Calendar, Feed};
pub use rotation::{Override, Rotation};

use super::people::fold_name;
use crate::clock::Timestamp;

/// A time for which somebody is on duty. The start belongs to it, the end does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Shift {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends. Later than its start.
    pub end: Timestamp,
    /// Who is on duty, as it is written, without the space around it.
    pub person: String,
}

/// Who is on duty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duty {
    /// The shifts that go on: one of each person, the one that ends last.
    pub now: Vec<Shift>,
    /// The shifts that begin first of all that come: one, or several that begin at once.
    pub next: Vec<Shift>,
}

impl Duty {
    /// Who is on duty at `now`, and who is next, by these shifts.
    pub fn at(now: Timestamp, shifts: impl IntoIterator<Item = Shift>) -> Self {
        let mut on: BTreeMap<String, Shift> = BTreeMap::new();
        let mut next: Vec<Shift> = Vec::new();
        for shift in shifts {
            if shift.end <= now {
                continue;
            }
            if shift.start <= now {
                let known = on.entry(fold_name(&shift.person)).or_insert_with(|| shift.clone());
                if known.end < shift.end {
                    *known = shift;
                }
            } else {
                let first = next.first().map(|first| first.start);
                if first.is_none_or(|first| shift.start < first) {
                    next.clear();
                }
                if next.first().is_none_or(|first| shift.start == first.start) && !next.contains(&shift) {
                    next.push(shift);
                }
            }
        }
        let mut now: Vec<Shift> = on.into_values().collect();
        now.sort();
        next.sort();
        Self { now, next }
    }

    /// The names of who is on duty now.
    pub fn officers(&self) -> Vec<String> {
        self.now.iter().map(|shift| shift.person.clone()).collect()
    }

    /// When it is to be asked again, since somebody comes or goes. None: never, by these shifts.
    pub fn until(&self) -> Option<Timestamp> {
        let ends = self.now.iter().map(|shift| shift.end);
        ends.chain(self.next.iter().map(|shift| shift.start)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(person: &str, start: i64, end: i64) -> Shift {
        let at = Timestamp::from_micros;
        Shift {
            start: at(start),
            end: at(end),
            person: person.to_owned(),
        }
    }

    #[test]
    fn who_is_on_now_and_who_is_next() {
        let shifts = [
            shift("Ann", 0, 10),
            shift("Bob", 10, 20),
            shift("Cat", 10, 30),
            shift("Ann", 20, 30),
            shift("Bob", 15, 25),
        ];
        let at = |now| Duty::at(Timestamp::from_micros(now), shifts.clone());
        let names = |shifts: &[Shift]| shifts.iter().map(|shift| shift.person.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&at(5).now), names(&at(5).next)),
            (vec!["Ann".into()], vec!["Bob".into(), "Cat".into()])
        );
        assert_eq!(
            at(10).officers(),
            ["Bob", "Cat"],
            "the end of one is the start of another"
        );
        assert_eq!(at(16).now, [shift("Cat", 10, 30), shift("Bob", 15, 25)], "each once");
        assert_eq!(at(16).until(), Some(Timestamp::from_micros(20)));
        assert_eq!(at(-1).officers(), [""; 0]);
        assert_eq!(at(30), Duty::default());
    }
}
