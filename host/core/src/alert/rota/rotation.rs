//! A rotation: people who are on duty one after the other, each for some days.

use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Shift;
use crate::clock::Timestamp;

/// People who take turns. The handover is at one time of day, whatever the clocks do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Who takes turns, in this order. Not empty.
    pub people: Vec<String>,
    /// When the first turn begins. Nobody is on duty before.
    pub from: DateTime,
    /// How many days each turn has. At least one.
    pub days: u16,
    /// Where its clock hangs.
    pub zone: TimeZone,
    /// Who is on duty instead, for a while. Of two at one time the later in the list counts.
    pub overrides: Vec<Override>,
}

/// Somebody is on duty instead of whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// When it begins.
    pub from: DateTime,
    /// When it ends.
    pub until: DateTime,
    /// Who.
    pub person: String,
}

impl Rotation {
    /// The shift that goes on at `now`, where there is one, and the one after it. Nobody's own turn is split but where an
    /// override begins or ends.
    pub fn around(&self, now: Timestamp) -> Vec<Shift> {
        let Some(first) = self.moment(self.from) else {
            return Vec::new();
        };
        let mut shifts = Vec::new();
        let mut at = now.max(first);
        while shifts.len() < 2 {
            let Some(shift) = self.shift_at(at) else {
                break;
            };
            at = shift.end;
            shifts.push(shift);
        }
        shifts
    }

    /// Who is on duty at a moment, and from when to when.
    fn shift_at(&self, now: Timestamp) -> Option<Shift> {
        let spans = self.overrides.iter().filter_map(|instead| {
            let (from, until) = (self.moment(instead.from)?, self.moment(instead.until)?);
            (from < until).then_some((from, until, instead))
        });
        let spans: Vec<_> = spans.collect();
        let holds = |(from, until, _): &&(Timestamp, Timestamp, &Override)| *from <= now && now < *until;
        let instead = spans.iter().rposition(|span| holds(&span));
        let (mut start, mut end, person) = match instead {
            Some(index) => {
                let (from, until, instead) = spans[index];
                (from, until, instead.person.clone())
            }
            None => self.turn_at(now)?,
        };
        // What comes later in the list cuts it short.
        for (from, until, _) in spans.iter().skip(instead.map_or(0, |index| index + 1)) {
            if *until <= now {
                start = start.max(*until);
            } else {
                end = end.min(*from);
            }
        }
        let person = person.trim().to_owned();
        Some(Shift { start, end, person })
    }

    /// Whose turn it is, overrides left aside.
    fn turn_at(&self, now: Timestamp) -> Option<(Timestamp, Timestamp, String)> {
        let clock = now.to_jiff().to_zoned(self.zone.clone()).datetime();
        let days = i64::from(self.days.max(1));
        let since = clock.date().since((jiff::Unit::Day, self.from.date())).ok()?.get_days();
        let mut turn = i64::from(since).div_euclid(days);
        let start = |turn: i64| {
            let days = jiff::Span::new().try_days(turn.checked_mul(days)?).ok()?;
            self.moment(self.from.checked_add(days).ok()?)
        };
        // The clock's face tells the day; the hour before the handover is still the turn before.
        while start(turn)? > now {
            turn -= 1;
        }
        while start(turn + 1)? <= now {
            turn += 1;
        }
        let index = usize::try_from(turn).ok()?.checked_rem(self.people.len())?;
        Some((start(turn)?, start(turn + 1)?, self.people.get(index)?.clone()))
    }

    fn moment(&self, at: DateTime) -> Option<Timestamp> {
        let zoned: Zoned = at.to_zoned(self.zone.clone()).ok()?;
        Some(zoned.timestamp().into())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn weekly(overrides: &[(&str, &str, &str)]) -> Rotation {
        let overrides = overrides.iter().map(|(from, until, person)| Override {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
            person: (*person).to_owned(),
        });
        Rotation {
            people: ["Ann", "Bob", "Cat"].map(str::to_owned).into(),
            from: "2026-03-16T09:00".parse().unwrap(),
            days: 7,
            zone: TimeZone::get("Europe/London").unwrap(),
            overrides: overrides.collect(),
        }
    }

    fn around(rotation: &Rotation, now: &str) -> String {
        let now: jiff::Timestamp = now.parse().unwrap();
        let shifts = rotation.around(now.into()).into_iter();
        let shifts = shifts.map(|shift| {
            let [start, end] = [shift.start, shift.end].map(|at| at.to_jiff().strftime("%m-%d %H:%M").to_string());
            format!("{} {start} to {end}", shift.person)
        });
        shifts.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn people_take_turns_and_the_handover_is_at_the_same_time_of_day_when_clocks_change() {
        let rotation = weekly(&[]);
        assert_eq!(
            around(&rotation, "2026-03-16T09:00:00Z"),
            "Ann 03-16 09:00 to 03-23 09:00, Bob 03-23 09:00 to 03-30 08:00"
        );
        assert_eq!(
            around(&rotation, "2026-03-23T08:59:59Z"),
            "Ann 03-16 09:00 to 03-23 09:00, Bob 03-23 09:00 to 03-30 08:00"
        );
        // Summer time begins on the 29th: nine o'clock is eight.
        assert_eq!(
            around(&rotation, "2026-03-30T08:00:00Z"),
            "Cat 03-30 08:00 to 04-06 08:00, Ann 04-06 08:00 to 04-13 08:00"
        );
        assert!(
            around(&rotation, "2036-03-17T12:00:00Z").starts_with("Ann 03-17 09:00"),
            "ten years on"
        );
    }

    #[test]
    fn nobody_is_on_duty_before_the_first_turn() {
        assert_eq!(
            around(&weekly(&[]), "2026-03-01T00:00:00Z"),
            "Ann 03-16 09:00 to 03-23 09:00, Bob 03-23 09:00 to 03-30 08:00"
        );
        let now: jiff::Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let duty = super::super::Duty::at(now.into(), weekly(&[]).around(now.into()));
        assert_eq!((duty.officers().len(), duty.next[0].person.as_str()), (0, "Ann"));
    }

    #[test]
    fn somebody_stands_in_and_the_turn_goes_on_after_it() {
        let rotation = weekly(&[
            ("2026-03-18T00:00", "2026-03-20T00:00", "Dan"),
            ("2026-03-19T00:00", "2026-03-21T00:00", "Eve"),
        ]);
        let at = |now| around(&rotation, now);
        assert_eq!(
            at("2026-03-17T00:00:00Z"),
            "Ann 03-16 09:00 to 03-18 00:00, Dan 03-18 00:00 to 03-19 00:00"
        );
        assert_eq!(
            at("2026-03-18T12:00:00Z"),
            "Dan 03-18 00:00 to 03-19 00:00, Eve 03-19 00:00 to 03-21 00:00"
        );
        assert_eq!(
            at("2026-03-20T12:00:00Z"),
            "Eve 03-19 00:00 to 03-21 00:00, Ann 03-21 00:00 to 03-23 09:00"
        );
    }

    #[test]
    fn a_handover_in_an_hour_that_comes_twice_happens_once() {
        let rotation = Rotation {
            from: "2026-10-24T01:30".parse().unwrap(),
            days: 1,
            ..weekly(&[])
        };
        // On the 25th it is half past one at 00:30 and at 01:30, UTC.
        assert!(around(&rotation, "2026-10-25T00:29:00Z").starts_with("Ann"));
        assert!(around(&rotation, "2026-10-25T00:31:00Z").starts_with("Bob"));
        assert!(around(&rotation, "2026-10-25T01:10:00Z").starts_with("Bob"));
    }
}
