//! What is read of one event: the values of its properties.

use std::collections::BTreeSet;

use calcard::common::PartialDateTime;
use calcard::icalendar::{ICalendarComponent, ICalendarEntry, ICalendarProperty, ICalendarStatus, ICalendarValue};
use chrono::{Datelike, Timelike};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::super::zone::{Zone, text};
use crate::clock::Timestamp;

/// How long an event is.
pub(super) enum Length {
    /// So long on the clock's face: a week from nine to nine, also when the clocks change.
    Clock(SignedDuration),
    /// Exactly so long.
    Exact(SignedDuration),
}

pub(super) fn entry<'a>(event: &'a ICalendarComponent, name: &ICalendarProperty) -> Option<&'a ICalendarEntry> {
    event.entries.iter().find(|entry| entry.name == *name)
}

pub(super) fn has(event: &ICalendarComponent, name: &ICalendarProperty) -> bool {
    entry(event, name).is_some()
}

pub(super) fn time<'a>(event: &'a ICalendarComponent, name: &ICalendarProperty) -> Option<&'a PartialDateTime> {
    match entry(event, name)?.values.first()? {
        ICalendarValue::PartialDateTime(time) => Some(time),
        _ => None,
    }
}

/// What a property's clock shows.
pub(in super::super) fn civil(event: &ICalendarComponent, name: &ICalendarProperty) -> Option<DateTime> {
    clock_of(time(event, name)?)
}

pub(super) fn is_date(event: &ICalendarComponent, name: &ICalendarProperty) -> bool {
    time(event, name).is_some_and(|time| !time.has_time())
}

pub(super) fn is_utc(event: &ICalendarComponent, name: &ICalendarProperty) -> bool {
    time(event, name).is_some_and(|time| time.tz_hour.is_some())
}

pub(super) fn tzid<'a>(event: &'a ICalendarComponent, name: &ICalendarProperty) -> Option<&'a str> {
    entry(event, name)?.tz_id()
}

/// The days of a list of times that are whole days.
pub(super) fn dates(event: &ICalendarComponent, name: &ICalendarProperty) -> BTreeSet<Date> {
    let entries = event.entries.iter().filter(|entry| entry.name == *name);
    let values = entries.flat_map(|entry| &entry.values);
    let days = values.filter_map(|value| match value {
        ICalendarValue::PartialDateTime(time) if !time.has_time() => Some(clock_of(time)?.date()),
        _ => None,
    });
    days.collect()
}

pub(super) fn is_cancelled(event: &ICalendarComponent) -> bool {
    let status = entry(event, &ICalendarProperty::Status).and_then(|entry| entry.values.first());
    matches!(status, Some(ICalendarValue::Status(ICalendarStatus::Cancelled)))
}

pub(super) fn name_of(event: &ICalendarComponent) -> &str {
    text(event, &ICalendarProperty::Summary).unwrap_or_default().trim()
}

pub(super) fn duration(event: &ICalendarComponent) -> Option<Length> {
    let entry = event
        .entries
        .iter()
        .find(|entry| entry.name == ICalendarProperty::Duration)?;
    let ICalendarValue::Duration(duration) = entry.values.first()? else {
        return None;
    };
    let days = i64::from(duration.weeks) * 7 + i64::from(duration.days);
    let rest = i64::from(duration.hours) * 3600 + i64::from(duration.minutes) * 60 + i64::from(duration.seconds);
    let sign = if duration.neg { -1 } else { 1 };
    // Days are the clock's, hours are exact.
    Some(match rest {
        0 => Length::Clock(SignedDuration::from_secs(sign * days * 24 * 60 * 60)),
        rest => Length::Exact(SignedDuration::from_secs(sign * (days * 24 * 60 * 60 + rest))),
    })
}

pub(super) fn moment(value: &PartialDateTime, zone: &Zone) -> Option<Timestamp> {
    let clock = clock_of(value)?;
    match value.tz_hour {
        // RFC 5545 has no offsets but `Z`.
        Some(_) => Zone::Known(TimeZone::UTC).moment(clock),
        None => zone.moment(clock),
    }
}

pub(super) fn clock_of(value: &PartialDateTime) -> Option<DateTime> {
    from_chrono(&value.to_date_time()?.date_time)
}

pub(super) fn from_chrono(clock: &chrono::NaiveDateTime) -> Option<DateTime> {
    let small = |number: u32| i8::try_from(number).ok();
    let date = Date::new(
        i16::try_from(clock.year()).ok()?,
        small(clock.month())?,
        small(clock.day())?,
    )
    .ok()?;
    Some(date.at(
        small(clock.hour())?,
        small(clock.minute())?,
        small(clock.second())?.min(59),
        0,
    ))
}
