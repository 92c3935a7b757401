//! Duty officers from a feed in iCalendar (RFC 5545): events whose summary is a name.
//!
//! `calcard` reads the text and counts out the days of a rule; what belongs together, time zones and exceptions are put
//! together here. Rules are counted on the clock's face, as the RFC has it, and each start is then found in its zone.
//!
//! A feed comes from elsewhere and may be hostile: its length, the number of its events, and the steps that all its rules
//! take together are bounded. What is left out because of that, or could not be read, is said ([`Feed::faults`]): somebody
//! may think that they are not on duty.

mod parts;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarFrequency, ICalendarParameterName,
    ICalendarPeriod, ICalendarProperty, ICalendarValue,
};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub(super) use parts::civil;
use parts::{Length, dates, duration, has, is_cancelled, is_date, is_utc, moment, name_of, tzid};
pub(super) use rule::{Steps, starts};

use super::Shift;
use super::zone::{Zone, Zones, text};
use crate::clock::Timestamp;

/// The longest feed, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;
/// The most events of a feed, exceptions included.
const MOST_EVENTS: usize = 10_000;
/// The most starts that are counted for all rules of a feed together.
const MOST_STEPS: usize = 100_000;
/// The most shifts that are looked at.
const MOST_SHIFTS: usize = 10_000;
/// The most faults that are told.
const MOST_FAULTS: usize = 20;

/// A feed that was read.
#[derive(Clone, Debug)]
pub struct Calendar {
    feed: ICalendar,
}

/// What is in a feed for some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// The shifts, by their start.
    pub shifts: Vec<Shift>,
    /// What could not be read, in words; the first of it.
    pub faults: Vec<String>,
}

impl Calendar {
    /// Reads a feed.
    ///
    /// # Errors
    /// What is wrong with it as a whole, as a sentence without its full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("it is longer than {} MiB", LONGEST >> 20));
        }
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if !text
            .get(..15)
            .is_some_and(|begin| begin.eq_ignore_ascii_case("BEGIN:VCALENDAR"))
        {
            return Err("it is no iCalendar feed: it does not begin with `BEGIN:VCALENDAR`".into());
        }
        let feed = ICalendar::parse(text).map_err(|_| "it is no iCalendar feed: it breaks off".to_owned())?;
        let events = feed.components.iter().filter(|component| is_event(component)).count();
        if events > MOST_EVENTS {
            return Err(format!(
                "it has {events} events, of which at most {MOST_EVENTS} are read"
            ));
        }
        Ok(Self { feed })
    }

    /// The shifts that have something of the time from `from` to `until`. Times that name no zone are those of `floating`.
    pub fn shifts(&self, floating: &TimeZone, from: Timestamp, until: Timestamp) -> Feed {
        let mut steps = Steps(MOST_STEPS);
        let zones = Zones::of(&self.feed, floating, until, &mut steps);
        let mut reading = Reading {
            zones,
            from,
            until,
            steps,
            out: Feed::default(),
        };
        for events in self.series().values() {
            reading.series(events);
        }
        if reading.steps.0 == 0 {
            reading.fault("", "its rules repeat too often to be counted to their ends");
        }
        reading.out.shifts.sort();
        reading.out.shifts.dedup();
        reading.out
    }

    /// The events that belong together: those with one UID. One without is alone.
    fn series(&self) -> BTreeMap<(&str, usize), Vec<&ICalendarComponent>> {
        let mut series: BTreeMap<(&str, usize), Vec<&ICalendarComponent>> = BTreeMap::new();
        let events = self.feed.components.iter().filter(|component| is_event(component));
        for (number, event) in events.enumerate() {
            let key = match text(event, &ICalendarProperty::Uid) {
                Some(uid) => (uid, 0),
                None => ("", number + 1),
            };
            series.entry(key).or_default().push(event);
        }
        series
    }
}

fn is_event(component: &ICalendarComponent) -> bool {
    component.component_type == ICalendarComponentType::VEvent
}

struct Reading<'a> {
    zones: Zones<'a>,
    from: Timestamp,
    until: Timestamp,
    steps: Steps,
    out: Feed,
}

impl<'a> Reading<'a> {
    /// Reads the events of one UID: one that may repeat, and the exceptions to it.
    fn series(&mut self, events: &[&'a ICalendarComponent]) {
        let is_exception = |event: &&&ICalendarComponent| has(event, &ICalendarProperty::RecurrenceId);
        let mut replaced = BTreeSet::new();
        for exception in events.iter().filter(is_exception) {
            if let Some(of) = self.moments(exception, &ICalendarProperty::RecurrenceId).first() {
                replaced.insert(*of);
            }
            let mut entries = exception.entries.iter();
            let ranges = |entry: &ICalendarEntry| entry.parameters(&ICalendarParameterName::Range).next().is_some();
            if entries.any(|entry| entry.name == ICalendarProperty::RecurrenceId && ranges(entry)) {
                self.fault(
                    name_of(exception),
                    "a change of all that follows is read as one of a single day",
                );
            }
            self.event(exception, &BTreeSet::new());
        }
        for event in events.iter().filter(|event| !is_exception(event)) {
            self.event(event, &replaced);
        }
    }

    /// Adds the shifts of an event, but for those that exceptions replace.
    fn event(&mut self, event: &'a ICalendarComponent, replaced: &BTreeSet<Timestamp>) {
        if is_cancelled(event) {
            return;
        }
        let person = name_of(event);
        if person.is_empty() {
            return self.fault("", "an event has no summary, so nobody is on duty");
        }
        let Some(first) = civil(event, &ICalendarProperty::Dtstart) else {
            return self.fault(person, "its event has no start");
        };
        let Some(zone) = self.zone(event, &ICalendarProperty::Dtstart) else {
            return;
        };
        let length = match self.length(event, first, &zone) {
            Ok(length) => length,
            Err(why) => return self.fault(person, why),
        };
        let mut starts: BTreeSet<Timestamp> = self.repeated(event, first, &zone).into_iter().collect();
        starts.extend(self.moments(event, &ICalendarProperty::Rdate));
        let left_out: BTreeSet<Timestamp> = self.moments(event, &ICalendarProperty::Exdate).into_iter().collect();
        let days = dates(event, &ICalendarProperty::Exdate);
        let stays = |start: &Timestamp| {
            let on = zone.clock(*start).date();
            !left_out.contains(start) && !replaced.contains(start) && !days.contains(&on)
        };
        for start in starts.into_iter().filter(stays) {
            let end = match length {
                Length::Exact(exact) => Some(start.plus(exact.unsigned_abs())),
                Length::Clock(span) => zone
                    .clock(start)
                    .checked_add(span)
                    .ok()
                    .and_then(|end| zone.moment(end)),
            };
            self.add(person, start, end.unwrap_or(start));
        }
    }

    fn add(&mut self, person: &str, start: Timestamp, end: Timestamp) {
        if start >= end || end <= self.from || start >= self.until {
            return;
        }
        if self.out.shifts.len() == MOST_SHIFTS {
            return self.fault("", "there are too many shifts: the rest is left out");
        }
        self.out.shifts.push(Shift {
            start,
            end,
            person: person.to_owned(),
        });
    }

    /// The starts of an event by its rule, and its first one, which belongs to it whatever the rule says.
    fn repeated(&mut self, event: &ICalendarComponent, first: DateTime, zone: &Zone) -> Vec<Timestamp> {
        let rules = event.entries.iter().flat_map(|entry| &entry.values);
        let mut rules = rules.filter_map(|value| match value {
            ICalendarValue::RecurrenceRule(rule) => Some(rule),
            _ => None,
        });
        if rules.any(|rule| rule.freq > ICalendarFrequency::Daily) {
            self.fault(
                name_of(event),
                "what repeats more than once a day is no shift: only its first day is read",
            );
            return zone.moment(first).into_iter().collect();
        }
        let last = zone.clock(self.until);
        let on_the_clock = |until: Timestamp| Some(zone.clock(until));
        let clocks = starts(event, first, last, on_the_clock, &mut self.steps);
        clocks.into_iter().filter_map(|clock| zone.moment(clock)).collect()
    }

    fn length(&mut self, event: &'a ICalendarComponent, first: DateTime, zone: &Zone) -> Result<Length, &'static str> {
        let day = SignedDuration::from_hours(24);
        let whole_days = is_date(event, &ICalendarProperty::Dtstart);
        let length = if let Some(end) = civil(event, &ICalendarProperty::Dtend) {
            let ends = self.moments(event, &ICalendarProperty::Dtend);
            let one_zone = tzid(event, &ICalendarProperty::Dtend) == tzid(event, &ICalendarProperty::Dtstart)
                && is_utc(event, &ICalendarProperty::Dtend) == is_utc(event, &ICalendarProperty::Dtstart);
            match (one_zone, ends.first(), zone.moment(first)) {
                (true, ..) => Length::Clock(end.duration_since(first)),
                (false, Some(end), Some(start)) => Length::Exact(SignedDuration::from_micros(
                    end.as_micros().saturating_sub(start.as_micros()),
                )),
                _ => return Err("its event ends at no moment that is known"),
            }
        } else if let Some(duration) = duration(event) {
            duration
        } else if whole_days {
            Length::Clock(day)
        } else {
            return Err("its event has no end, so it is over as it begins");
        };
        let (Length::Clock(span) | Length::Exact(span)) = length;
        match span.is_positive() {
            true => Ok(length),
            false => Err("its event ends before it begins, or as it begins"),
        }
    }

    /// The moments of a property that is a list of times, or of periods by their starts.
    fn moments(&mut self, event: &'a ICalendarComponent, name: &ICalendarProperty) -> Vec<Timestamp> {
        let mut moments = Vec::new();
        let entries = event.entries.iter().filter(|entry| entry.name == *name);
        for entry in entries {
            let Some(zone) = self.zone_named(event, entry.tz_id()) else {
                continue;
            };
            for value in &entry.values {
                let value = match value {
                    ICalendarValue::PartialDateTime(value) => &**value,
                    ICalendarValue::Period(
                        ICalendarPeriod::Range { start, .. } | ICalendarPeriod::Duration { start, .. },
                    ) => start,
                    _ => continue,
                };
                moments.extend(moment(value, &zone));
            }
        }
        moments
    }

    /// The zone of a property. One that nobody knows is said, and taken for that of times without one.
    fn zone(&mut self, event: &'a ICalendarComponent, name: &ICalendarProperty) -> Option<Zone> {
        if is_utc(event, name) {
            return Some(Zone::Known(TimeZone::UTC));
        }
        self.zone_named(event, tzid(event, name))
    }

    fn zone_named(&mut self, event: &'a ICalendarComponent, name: Option<&'a str>) -> Option<Zone> {
        let Some(name) = name else {
            return Some(self.zones.floating.clone());
        };
        let zone = self.zones.get(name);
        if zone.is_none() {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            self.fault(
                name_of(event),
                &format!("nobody knows the time zone `{shown}`: it is read as the host's"),
            );
        }
        Some(zone.unwrap_or_else(|| self.zones.floating.clone()))
    }

    fn fault(&mut self, person: &str, what: &str) {
        let fault = match person {
            "" => what.to_owned(),
            person => format!(
                "{}: {what}",
                person.chars().filter(|c| !c.is_control()).take(60).collect::<String>()
            ),
        };
        if self.out.faults.len() < MOST_FAULTS && !self.out.faults.contains(&fault) {
            self.out.faults.push(fault);
        }
    }
}

#[cfg(test)]
mod tests;
