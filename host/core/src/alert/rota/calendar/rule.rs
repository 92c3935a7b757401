//! Days by a rule, counted on the clock's face.

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarDuration, ICalendarEntry, ICalendarProperty,
    ICalendarRecurrenceRule, ICalendarValue,
};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::zone::Zone;
use super::parts::{clock_of, from_chrono, moment};
use crate::clock::Timestamp;

/// What a rule counts for that names no day at all: it was looked for in years to come.
const FRUITLESS: usize = 1000;

/// How many starts may still be counted.
pub(in super::super) struct Steps(pub(super) usize);

/// The starts of what begins at `first` and repeats by its rule, on the clock's face, up to `last`. `on_the_clock` shows the
/// moment at which a rule says that it ends.
pub(in super::super) fn starts(
    component: &ICalendarComponent,
    first: DateTime,
    last: DateTime,
    on_the_clock: impl Fn(Timestamp) -> Option<DateTime>,
    steps: &mut Steps,
) -> Vec<DateTime> {
    let mut found = vec![first];
    let rules = component
        .entries
        .iter()
        .filter(|entry| entry.name == ICalendarProperty::Rrule);
    for value in rules.flat_map(|entry| &entry.values) {
        let ICalendarValue::RecurrenceRule(rule) = value else {
            continue;
        };
        if steps.0 == 0 {
            break;
        }
        let mut rule = (**rule).clone();
        let until = rule.until.take().and_then(|until| end_of(&until, &on_the_clock));
        let end = until.map_or(last, |until| until.min(last));
        // A rule with a count ends by itself; what is counted before the time that matters counts.
        if rule.count.is_none() {
            if end < first {
                continue;
            }
            rule.until = Some(partial(end));
        }
        let counted = count(first, rule, steps.0);
        let taken = if counted.is_empty() { FRUITLESS } else { counted.len() };
        steps.0 = steps.0.saturating_sub(taken);
        found.extend(counted.into_iter().filter(|clock| *clock <= end));
    }
    found
}

/// Counts out a rule, at most so many starts.
fn count(first: DateTime, rule: ICalendarRecurrenceRule, most: usize) -> Vec<DateTime> {
    let entry = |name, value| ICalendarEntry {
        name,
        params: Vec::new(),
        values: vec![value],
    };
    let event = ICalendarComponent {
        component_type: ICalendarComponentType::VEvent,
        entries: vec![
            entry(
                ICalendarProperty::Dtstart,
                ICalendarValue::PartialDateTime(Box::new(partial(first))),
            ),
            entry(
                ICalendarProperty::Duration,
                ICalendarValue::Duration(ICalendarDuration::default()),
            ),
            entry(ICalendarProperty::Rrule, ICalendarValue::RecurrenceRule(Box::new(rule))),
        ],
        component_ids: Vec::new(),
    };
    let feed = ICalendar {
        components: vec![event],
    };
    let events = feed.expand_dates(Tz::Floating, most).events.into_iter();
    events
        .filter_map(|event| from_chrono(&event.start.naive_local()))
        .collect()
}

/// When a rule ends, on the clock's face: a day is over when it is over.
fn end_of(until: &PartialDateTime, on_the_clock: impl Fn(Timestamp) -> Option<DateTime>) -> Option<DateTime> {
    let clock = clock_of(until)?;
    if !until.has_time() {
        return Some(clock.date().at(23, 59, 59, 0));
    }
    match until.tz_hour {
        Some(_) => on_the_clock(moment(until, &Zone::Known(TimeZone::UTC))?),
        None => Some(clock),
    }
}

fn partial(clock: DateTime) -> PartialDateTime {
    let small = |number: i8| u8::try_from(number).ok();
    PartialDateTime {
        year: u16::try_from(clock.year()).ok(),
        month: small(clock.month()),
        day: small(clock.day()),
        hour: small(clock.hour()),
        minute: small(clock.minute()),
        second: small(clock.second()),
        ..PartialDateTime::default()
    }
}
