//! Out of office: windows in which nobody is there, by dates, weekdays and hours.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::clock::Timestamp;

/// A window in which nobody is there. All that it says must hold.
#[derive(Clone, Debug)]
pub struct Away {
    /// From when on. None: always.
    pub from: Option<DateTime>,
    /// Up to, and without, when. None: for ever.
    pub until: Option<DateTime>,
    /// On these days. None: on every day.
    pub days: Vec<Weekday>,
    /// At these hours. None: all day.
    pub hours: Option<Hours>,
    /// Where the clock hangs that is meant.
    pub zone: TimeZone,
    /// What who calls is told.
    pub text: String,
}

/// A span of the day. Where it ends before it begins, or as it begins, it goes over midnight, and belongs to the day that
/// it begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// It begins.
    pub from: Time,
    /// It has ended.
    pub until: Time,
}

impl Hours {
    /// Whether `time` is in it, of a span that began on the day before: then true. None: it is not in it.
    fn began_yesterday(self, time: Time) -> Option<bool> {
        if self.from < self.until {
            return (self.from <= time && time < self.until).then_some(false);
        }
        match time {
            time if time >= self.from => Some(false),
            time if time < self.until => Some(true),
            _ => None,
        }
    }
}

impl Away {
    /// Whether nobody is there at this moment.
    pub fn holds(&self, moment: Timestamp) -> bool {
        let clock = moment.to_jiff().to_zoned(self.zone.clone()).datetime();
        if self.from.is_some_and(|from| clock < from) || self.until.is_some_and(|until| clock >= until) {
            return false;
        }
        let yesterday = match self.hours.map(|hours| hours.began_yesterday(clock.time())) {
            None => false,
            Some(None) => return false,
            Some(Some(yesterday)) => yesterday,
        };
        let today = clock.weekday();
        let day = if yesterday { today.previous() } else { today };
        self.days.is_empty() || self.days.contains(&day)
    }
}
