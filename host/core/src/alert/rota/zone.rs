//! Time zones of a feed: by their names, or by the rules that the feed itself gives.

use std::collections::HashMap;
use std::str::FromStr;

use calcard::common::timezone::Tz;
use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::calendar::{Steps, civil, starts};
use crate::clock::Timestamp;

/// Where a clock hangs.
#[derive(Clone, Debug)]
pub(super) enum Zone {
    /// One that is known by its name.
    Known(TimeZone),
    /// One of the feed's own.
    Own(OwnZone),
}

/// A zone that is known by the moments at which its offset changes.
#[derive(Clone, Debug)]
pub(super) struct OwnZone {
    /// Before the first change.
    first: Offset,
    /// From these moments on, in their order, as seconds since 1970.
    changes: Vec<(i64, Offset)>,
}

impl Zone {
    /// The moment when the clock shows this. Of two the first; a time that is skipped is as much later as is skipped.
    pub(super) fn moment(&self, clock: DateTime) -> Option<Timestamp> {
        let moment = match self {
            Self::Known(zone) => clock.to_zoned(zone.clone()).ok()?.timestamp(),
            Self::Own(own) => own.moment(clock)?,
        };
        Some(moment.into())
    }

    /// What the clock shows at a moment.
    pub(super) fn clock(&self, moment: Timestamp) -> DateTime {
        let moment = moment.to_jiff();
        match self {
            Self::Known(zone) => zone.to_datetime(moment),
            Self::Own(own) => own.offset(moment.as_second()).to_datetime(moment),
        }
    }
}

impl OwnZone {
    fn offset(&self, seconds: i64) -> Offset {
        let after = self.changes.partition_point(|(from, _)| *from <= seconds);
        let last = after.checked_sub(1).and_then(|index| self.changes.get(index));
        last.map_or(self.first, |(_, offset)| *offset)
    }

    fn moment(&self, clock: DateTime) -> Option<jiff::Timestamp> {
        let at = |offset: Offset| offset.to_timestamp(clock).ok();
        let shows = |offset: &Offset| at(*offset).is_some_and(|moment| self.offset(moment.as_second()) == *offset);
        let offsets = || {
            [&self.first]
                .into_iter()
                .chain(self.changes.iter().map(|(_, offset)| offset))
        };
        let first = offsets()
            .filter(|offset| shows(offset))
            .filter_map(|offset| at(*offset))
            .min();
        // No clock shows it: the one from before the change goes on.
        first.or_else(|| {
            let before = at(self.first)?.as_second().saturating_sub(24 * 60 * 60);
            at(self.offset(before))
        })
    }
}

/// The zones that a feed names.
pub(super) struct Zones<'a> {
    given: HashMap<&'a str, Zone>,
    /// Of times that name no zone.
    pub(super) floating: Zone,
}

impl<'a> Zones<'a> {
    /// Those of a feed. Changes of their own zones are known until `until`.
    pub(super) fn of(feed: &'a ICalendar, floating: &TimeZone, until: Timestamp, steps: &mut Steps) -> Self {
        let mut given = HashMap::new();
        let zones = feed.components.iter();
        for component in zones.filter(|component| component.component_type == ICalendarComponentType::VTimezone) {
            let Some(name) = text(component, &ICalendarProperty::Tzid) else {
                continue;
            };
            let lies_in = ICalendarProperty::Other("X-LIC-LOCATION".to_owned());
            let known = known(name).or_else(|| known(text(component, &lies_in)?));
            let zone = match known {
                Some(zone) => Some(Zone::Known(zone)),
                None => own(feed, component, until, steps).map(Zone::Own),
            };
            given.extend(zone.map(|zone| (name, zone)));
        }
        Self {
            given,
            floating: Zone::Known(floating.clone()),
        }
    }

    /// The zone of this name.
    pub(super) fn get(&self, name: &str) -> Option<Zone> {
        let given = self.given.get(name).cloned();
        given.or_else(|| known(name).map(Zone::Known))
    }
}

/// A zone of the IANA database, by the names that calendars have for it: its own, those with something in front, and those
/// of Windows.
fn known(name: &str) -> Option<TimeZone> {
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let named = Tz::from_str(name).ok()?;
    TimeZone::get(&named.name()?).ok()
}

/// A zone by its rules.
fn own(feed: &ICalendar, zone: &ICalendarComponent, until: Timestamp, steps: &mut Steps) -> Option<OwnZone> {
    let mut found: Vec<(i64, Offset, Offset)> = Vec::new();
    for id in &zone.component_ids {
        let rules = feed.components.get(usize::try_from(*id).ok()?)?;
        let (from, to) = (
            offset(rules, &ICalendarProperty::Tzoffsetfrom)?,
            offset(rules, &ICalendarProperty::Tzoffsetto)?,
        );
        let first = civil(rules, &ICalendarProperty::Dtstart)?;
        let last = from.to_datetime(until.to_jiff());
        for clock in starts(
            rules,
            first,
            last,
            |until| Some(from.to_datetime(until.to_jiff())),
            steps,
        ) {
            found.push((from.to_timestamp(clock).ok()?.as_second(), from, to));
        }
    }
    found.sort_by_key(|(at, ..)| *at);
    Some(OwnZone {
        first: found.first()?.1,
        changes: found.into_iter().map(|(at, _, to)| (at, to)).collect(),
    })
}

fn offset(rules: &ICalendarComponent, name: &ICalendarProperty) -> Option<Offset> {
    let value = rules.entries.iter().find(|entry| entry.name == *name)?.values.first()?;
    let ICalendarValue::PartialDateTime(value) = value else {
        return None;
    };
    let seconds = i32::from(value.tz_hour?) * 3600 + i32::from(value.tz_minute.unwrap_or(0)) * 60;
    Offset::from_seconds(if value.tz_minus { -seconds } else { seconds }).ok()
}

/// The text of a property.
pub(super) fn text<'a>(component: &'a ICalendarComponent, name: &ICalendarProperty) -> Option<&'a str> {
    let entry = component.entries.iter().find(|entry| entry.name == *name)?;
    match entry.values.first()? {
        ICalendarValue::Text(text) => Some(text),
        _ => None,
    }
}
