//! Suppressions: spans of time in which a job must not start. What people type becomes one, and one becomes words. Pure;
//! the rows are in `store`.
//!
//! A moment is typed as `14:00`, `1400`, `now`, `today 14:00`, `tomorrow 9:00`, `2026-12-24 18:00`, or a day alone, which
//! is its midnight. A time without a day is today's for a start, and for an end the first one after the start: so
//! `22:00` to `6:00` is a night. A length is typed as `30m`, `2 hours`, `1 day 6h`.

use std::time::Duration;

use jiff::Zoned;
use jiff::civil::{Date, Time};
use jiff::fmt::friendly::SpanParser;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::request::Arguments;

/// The latest that a suppression may end: one that nobody remembers should not hold a job for ever.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A span of time. The start belongs to it, the end does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// From when on the job does not start.
    pub start: Timestamp,
    /// When it may start again. Later than `start`.
    pub end: Timestamp,
}

/// What a parameter of a command that suppresses says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// When it starts. Left out: now.
    Start,
    /// When it ends.
    End,
    /// How long it lasts, in place of an end.
    Length,
}

impl Part {
    /// What a parameter of this name says; none where it has no meaning here.
    pub fn of(parameter: &str) -> Option<Self> {
        match parameter {
            "start_time" | "start_at" => Some(Self::Start),
            "end_time" | "end_at" => Some(Self::End),
            "duration" => Some(Self::Length),
            _ => None,
        }
    }
}

impl Suppression {
    /// Reads what somebody typed at `now` for the parameters of a command, in the time of `zone`. A parameter without a
    /// value counts as left out.
    ///
    /// # Errors
    /// A text for the person who typed it: what is wrong, and what can be written. Not escaped.
    pub fn read(arguments: &Arguments, now: Timestamp, zone: &TimeZone) -> Result<Self, String> {
        let said = |part| {
            let named = arguments.0.iter().find(|(name, _)| Part::of(name) == Some(part));
            named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
        };
        let clock = whole_seconds(now).to_jiff().to_zoned(zone.clone());
        let start = match said(Part::Start) {
            None => clock.clone(),
            Some(text) => match moment(text, &clock)? {
                Moment::At(moment) => moment,
                Moment::Time(time) => on_day(clock.date(), time, zone, text)?,
            },
        };
        let end = match (said(Part::End), said(Part::Length)) {
            (None, None) => return Err("Say when it ends: `16:00`, `tomorrow 9:00`, or for how long.".to_owned()),
            (Some(_), Some(_)) => return Err("Say when it ends or for how long, not both.".to_owned()),
            (Some(text), None) => match moment(text, &clock)? {
                Moment::At(moment) => moment,
                Moment::Time(time) => first_after(&start, time, zone, text)?,
            },
            (None, Some(text)) => after(&start, text)?,
        };
        if end <= start {
            return Err(
                "That ends before it starts, or as it starts. Write the start first: `from 14:00 to 16:00`.".to_owned(),
            );
        }
        let span = Self {
            start: start.timestamp().into(),
            end: end.timestamp().into(),
        };
        if span.end <= now {
            return Err(format!(
                "That is over already: it ended at {}. For another day write `tomorrow 9:00` or `2026-12-24 18:00`.",
                clock_face(&end, &clock)
            ));
        }
        if span.end > now.plus(LONGEST) {
            return Err(
                "That ends in more than a year. Suppress it for less, and again when the time comes.".to_owned(),
            );
        }
        Ok(span)
    }

    /// In words, as people read it at `now` in the time of `zone`: `from 14:00 to 16:00 GMT`. Days are named where they are
    /// not today.
    pub fn in_words(&self, now: Timestamp, zone: &TimeZone) -> String {
        let [now, start, end] = [now, self.start, self.end].map(|time| time.to_jiff().to_zoned(zone.clone()));
        let start_zone = match (zone_name(&start), zone_name(&end)) {
            (start, end) if start == end => String::new(),
            (start, _) => format!(" {start}"),
        };
        format!(
            "from {}{start_zone} to {} {}",
            clock_face(&start, &now),
            clock_face(&end, &now),
            zone_name(&end)
        )
    }
}

/// A moment in words, as in [`Suppression::in_words`]: `16:00 GMT`.
pub fn moment_in_words(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let [moment, now] = [moment, now].map(|time| time.to_jiff().to_zoned(zone.clone()));
    format!("{} {}", clock_face(&moment, &now), zone_name(&moment))
}

fn clock_face(moment: &Zoned, now: &Zoned) -> String {
    let day = if moment.date() == now.date() { "" } else { "%Y-%m-%d " };
    let seconds = if moment.second() == 0 { "" } else { ":%S" };
    moment.strftime(&format!("{day}%H:%M{seconds}")).to_string()
}

fn zone_name(moment: &Zoned) -> String {
    moment.strftime("%Z").to_string()
}

/// A moment as it was typed.
enum Moment {
    /// A certain one.
    At(Zoned),
    /// A time of a day that was not said.
    Time(Time),
}

fn moment(text: &str, clock: &Zoned) -> Result<Moment, String> {
    let zone = clock.time_zone();
    let at = |day: &str, time: &str| {
        let (date, time) = (date(day, clock)?, time_of_day(time)?);
        Some(on_day(date, time, zone, text).map(Moment::At))
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let read = match words.as_slice() {
        ["now"] => Some(Ok(Moment::At(clock.clone()))),
        [day, time] | [day, "at", time] => at(day, time),
        [one] => match (time_of_day(one), one.split_once('T')) {
            (Some(time), _) => Some(Ok(Moment::Time(time))),
            (None, Some((day, time))) => at(day, time),
            (None, None) => at(one, "00:00"),
        },
        _ => None,
    };
    read.unwrap_or_else(|| {
        Err(format!(
            "`{}` is not a time. Write `14:00`, `tomorrow 9:00` or `2026-12-24 18:00`.",
            shown(text)
        ))
    })
}

fn date(text: &str, clock: &Zoned) -> Option<Date> {
    match text {
        "today" => Some(clock.date()),
        "tomorrow" => clock.date().tomorrow().ok(),
        // jiff reads more than this; people should not have to guess what.
        written if written.len() == 10 => Date::strptime("%Y-%m-%d", written).ok(),
        _ => None,
    }
}

/// `14:00`, `9:05` or `1400`.
fn time_of_day(text: &str) -> Option<Time> {
    let (hours, minutes) = match text.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None => text.split_at_checked(2)?,
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = matches!(hours.len(), 1..=2) && minutes.len() == 2 && digits(hours) && digits(minutes);
    let time = fits.then(|| Time::new(hours.parse().ok()?, minutes.parse().ok()?, 0, 0).ok());
    time.flatten()
}

/// A time of a day that daylight saving skips is as much later as it skips.
fn on_day(date: Date, time: Time, zone: &TimeZone, text: &str) -> Result<Zoned, String> {
    let moment = date.to_datetime(time).to_zoned(zone.clone());
    moment.map_err(|_| out_of_range(text))
}

/// The first such time after the start. Which day it is, the clock's face tells: an hour that comes twice is still of today.
fn first_after(start: &Zoned, time: Time, zone: &TimeZone, text: &str) -> Result<Zoned, String> {
    if time >= start.time() {
        let same_day = start.date().to_datetime(time);
        let first = on_day(start.date(), time, zone, text)?;
        return match first >= *start {
            true => Ok(first),
            // Of an hour that comes twice, the second.
            false => {
                let second = zone.to_ambiguous_zoned(same_day).later();
                second.map_err(|_| out_of_range(text))
            }
        };
    }
    let next = start.date().tomorrow().map_err(|_| out_of_range(text))?;
    on_day(next, time, zone, text)
}

fn after(start: &Zoned, text: &str) -> Result<Zoned, String> {
    let written = text.strip_prefix("for ").unwrap_or(text).trim();
    let span = SpanParser::new()
        .parse_span(written)
        .ok()
        .filter(|span| span.is_positive())
        .ok_or_else(|| {
            format!(
                "`{}` is not a length of time. Write `30m`, `2 hours` or `1 day`.",
                shown(text)
            )
        })?;
    start.checked_add(span).map_err(|_| out_of_range(text))
}

fn out_of_range(text: &str) -> String {
    format!("`{}` is further away than clocks go.", shown(text))
}

/// What somebody typed, as far as it helps to see it again.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.as_micros() - moment.as_micros().rem_euclid(1_000_000))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    fn london() -> TimeZone {
        TimeZone::get("Europe/London").unwrap()
    }

    /// What becomes of `arguments` in London on a Tuesday in December, at five past three and a bit.
    fn said(arguments: &[(&str, &str)]) -> String {
        let now = at("2026-12-22T15:05:07.25Z");
        let arguments = arguments.iter().copied().collect();
        match Suppression::read(&arguments, now, &london()) {
            Ok(span) => span.in_words(now, &london()),
            Err(why) => why,
        }
    }

    #[test]
    fn times_days_and_lengths() {
        let from_to = |start, end| said(&[("start_time", start), ("end_time", end)]);
        assert_eq!(from_to("16:00", "17:30"), "from 16:00 to 17:30 GMT");
        assert_eq!(from_to("1600", "1730"), "from 16:00 to 17:30 GMT");
        assert_eq!(
            from_to("9:00", "16:00"),
            "from 09:00 to 16:00 GMT",
            "it has begun already"
        );
        assert_eq!(
            from_to("22:00", "6:00"),
            "from 22:00 to 2026-12-23 06:00 GMT",
            "a night"
        );
        assert_eq!(
            from_to("tomorrow 9:00", "17:00"),
            "from 2026-12-23 09:00 to 2026-12-23 17:00 GMT"
        );
        assert_eq!(
            from_to("2026-12-24 at 18:00", "2026-12-28"),
            "from 2026-12-24 18:00 to 2026-12-28 00:00 GMT"
        );
        assert_eq!(from_to("now", "today 18:00"), "from 15:05:07 to 18:00 GMT");
        assert_eq!(
            from_to("2026-12-24T18:00", "tomorrow"),
            "That ends before it starts, or as it starts. Write the start first: `from 14:00 to 16:00`."
        );
        assert_eq!(said(&[("end_at", "14:00")]), "from 15:05:07 to 2026-12-23 14:00 GMT");
        assert_eq!(said(&[("duration", "2 hours")]), "from 15:05:07 to 17:05:07 GMT");
        assert_eq!(said(&[("duration", "for 30m")]), "from 15:05:07 to 15:35:07 GMT");
        assert_eq!(
            said(&[("start_at", "16:00"), ("duration", "1 day, 6h")]),
            "from 16:00 to 2026-12-23 22:00 GMT"
        );
        assert_eq!(
            said(&[("start_time", ""), ("end_time", ""), ("duration", "1h")]),
            "from 15:05:07 to 16:05:07 GMT",
            "without a value it is left out"
        );
    }

    #[test]
    fn what_is_no_suppression_is_answered_with_what_was_expected() {
        let from_to = |start, end| said(&[("start_time", start), ("end_time", end)]);
        let answers = [
            from_to("25:00", "26:00"),
            from_to("9:0", "10:00"),
            from_to("soon", "17:00"),
            from_to("16:00", "2026-02-30 10:00"),
            from_to("16:00", "16:00"),
            from_to("9:00", "10:00"),
            from_to("16:00", "2030-01-01"),
            said(&[]),
            said(&[("end_time", "16:00"), ("duration", "1h")]),
            said(&[("duration", "a while")]),
            said(&[("duration", "-2h")]),
            said(&[("duration", "0 minutes")]),
            said(&[("duration", "900000 years")]),
        ];
        insta::assert_snapshot!(answers.join("\n"), @r"
        `25:00` is not a time. Write `14:00`, `tomorrow 9:00` or `2026-12-24 18:00`.
        `9:0` is not a time. Write `14:00`, `tomorrow 9:00` or `2026-12-24 18:00`.
        `soon` is not a time. Write `14:00`, `tomorrow 9:00` or `2026-12-24 18:00`.
        `2026-02-30 10:00` is not a time. Write `14:00`, `tomorrow 9:00` or `2026-12-24 18:00`.
        That ends before it starts, or as it starts. Write the start first: `from 14:00 to 16:00`.
        That is over already: it ended at 10:00. For another day write `tomorrow 9:00` or `2026-12-24 18:00`.
        That ends in more than a year. Suppress it for less, and again when the time comes.
        Say when it ends: `16:00`, `tomorrow 9:00`, or for how long.
        Say when it ends or for how long, not both.
        `a while` is not a length of time. Write `30m`, `2 hours` or `1 day`.
        `-2h` is not a length of time. Write `30m`, `2 hours` or `1 day`.
        `0 minutes` is not a length of time. Write `30m`, `2 hours` or `1 day`.
        `900000 years` is not a length of time. Write `30m`, `2 hours` or `1 day`.
        ");
    }

    #[test]
    fn a_night_in_which_the_clocks_change_names_both_zones() {
        let now = at("2026-10-24T20:00:00Z");
        let arguments = [("start_time", "22:00"), ("end_time", "6:00")].into_iter().collect();
        let night = Suppression::read(&arguments, now, &london()).unwrap();
        assert_eq!(night.end.since(night.start), Duration::from_secs(9 * 60 * 60));
        assert_eq!(night.in_words(now, &london()), "from 22:00 BST to 2026-10-25 06:00 GMT");
    }

    #[test]
    fn an_hour_that_comes_twice_is_of_the_same_day() {
        let now = at("2026-10-25T01:20:00Z");
        let until = [("end_time", "1:50")].into_iter().collect();
        let span = Suppression::read(&until, now, &london()).unwrap();
        assert_eq!(span.end, at("2026-10-25T01:50:00Z"), "the second of two");
    }

    proptest! {
        #[test]
        fn any_text_is_a_span_that_is_not_over_or_a_reason(
            start in "(now|today |tomorrow |2026-12-2[0-9] ?)?([0-2]?[0-9]:?[0-6][0-9])?",
            end in "(today |tomorrow |2026-12-2[0-9] ?)?([0-2]?[0-9]:?[0-6][0-9])?|.{0,8}",
            length in "([0-9]{1,3} ?(m|h|d|weeks|y) ?){0,2}",
        ) {
            let now = at("2026-12-22T15:05:07Z");
            let arguments = [("start_time", start), ("end_time", end), ("duration", length)].into_iter().collect();
            if let Ok(span) = Suppression::read(&arguments, now, &london()) {
                prop_assert!(span.start < span.end && span.end > now && span.end <= now.plus(LONGEST));
            }
        }
    }
}
