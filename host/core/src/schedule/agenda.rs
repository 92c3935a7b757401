//! What comes next of many things that each have a time: looking costs as much as is due, not as much as there is.

use std::collections::BTreeSet;

use crate::clock::Timestamp;

/// Times, each of a thing that is known by its number.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    by_time: BTreeSet<(Timestamp, usize)>,
    by_number: Vec<Option<Timestamp>>,
}

impl Agenda {
    /// Gives a thing another time, or none.
    pub(super) fn set(&mut self, number: usize, time: Option<Timestamp>) {
        if self.by_number.len() <= number {
            self.by_number.resize(number + 1, None);
        }
        if let Some(before) = std::mem::replace(&mut self.by_number[number], time) {
            self.by_time.remove(&(before, number));
        }
        if let Some(time) = time {
            self.by_time.insert((time, number));
        }
    }

    /// The first time of all.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(time, _)| *time)
    }

    /// Those whose time has come, the earliest first. They keep it until they are given another one.
    pub(super) fn due(&self, now: Timestamp) -> Vec<usize> {
        self.by_time
            .range(..=(now, usize::MAX))
            .map(|(_, number)| *number)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn the_earliest_comes_first_and_a_thing_has_one_time() {
        let mut agenda = Agenda::default();
        assert_eq!(agenda.first(), None);
        agenda.set(2, Some(at(30)));
        agenda.set(0, Some(at(20)));
        agenda.set(1, Some(at(40)));
        assert_eq!((agenda.first(), agenda.due(at(30))), (Some(at(20)), vec![0, 2]));
        agenda.set(0, Some(at(50)));
        agenda.set(2, None);
        assert_eq!((agenda.first(), agenda.due(at(30))), (Some(at(40)), vec![]));
    }

    proptest! {
        /// It is the same as a list that is looked through.
        #[test]
        fn nothing_is_lost_or_early(changes in prop::collection::vec((0..8_usize, prop::option::of(0..20_i64)), 0..50), now in 0..20_i64) {
            let mut agenda = Agenda::default();
            let mut list = [None; 8];
            for (number, time) in changes {
                agenda.set(number, time.map(at));
                list[number] = time.map(at);
            }
            prop_assert_eq!(agenda.first(), list.iter().flatten().min().copied());
            let mut due: Vec<_> = list.iter().enumerate().filter_map(|(n, time)| Some((time.filter(|time| *time <= at(now))?, n))).collect();
            due.sort_unstable();
            prop_assert_eq!(agenda.due(at(now)), due.into_iter().map(|(_, n)| n).collect::<Vec<_>>());
        }
    }
}
