//! Lines of cron: five fields, read with the place of a mistake, and the moments that they name in a time zone.
//!
//! `croner` knows the fields and finds the next time that fits. What is added here: where in the line a mistake is, and
//! what happens where clocks are put forward or back. A line with a `*` as hour or minute repeats: it follows the clock
//! on the wall, so it has no start in an hour that is left out, and starts twice in an hour that comes twice. Any other
//! names times of day: each is met once a day, the first time that it comes; one that is left out, when the clock has
//! been put forward. (That is what cron does on Debian. `croner` itself does it for a single time, and not for `15,45`.)

use std::ops::Range;

use croner::Cron as Fields;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned, civil};

/// A line that is longer is not written by hand.
const LONGEST: usize = 256;

/// The years that are searched. A line that never fits costs a millisecond.
const YEARS: &str = "1970-2199";

/// The words that stand for a line.
const NICKNAMES: &[(&str, &str)] = &[
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * SUN"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// What stands at one place of a line.
struct Field {
    name: &'static str,
    words: &'static [&'static str],
    help: &'static str,
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        words: &[],
        help: "minutes are 0 to 59: `5`, `0,30`, `10-20`, `*/15`",
    },
    Field {
        name: "hour",
        words: &[],
        help: "hours are 0 to 23: `9`, `9,17`, `9-17`, `*/2`",
    },
    Field {
        name: "day of the month",
        words: &["L", "W", "LW"],
        help: "days are 1 to 31: `1`, `1,15`, `1-7`, `*/2`, `L` for the last, `15W` for the weekday nearest to it",
    },
    Field {
        name: "month",
        words: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
        help: "months are 1 to 12 or `JAN` to `DEC`: `1`, `MAR,SEP`, `4-6`, `*/3`",
    },
    Field {
        name: "day of the week",
        words: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "L"],
        help: "days of the week are `SUN` to `SAT`, or 0 to 7 with Sunday at both ends: `MON-FRI`, `SAT,SUN`, `MON#1` \
               for the first Monday, `FRIL` for the last Friday",
    },
];

/// What is wrong with a line, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronFault {
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// What is wrong with them.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// A line of cron, without a time zone.
#[derive(Clone, Debug)]
pub struct Cron {
    fields: Fields,
    /// Whether it repeats through the day, and does not name times of day.
    repeats: bool,
}

impl Cron {
    /// Reads five fields, or one of the words `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str) -> Result<Self, CronFault> {
        if text.len() > LONGEST {
            return Err(CronFault {
                span: 0..text.len(),
                message: format!("a line of cron has more than {LONGEST} bytes"),
                help: "write several schedules".into(),
            });
        }
        if text.trim().starts_with('@') {
            return Self::read(nickname(text)?, text);
        }
        let parts: Vec<Range<usize>> = words_of(text).collect();
        if parts.len() != FIELDS.len() {
            return Err(count_fault(text, parts.len()));
        }
        for (field, span) in FIELDS.iter().zip(&parts) {
            check_field(field, text, span)?;
        }
        Self::read(text, text)
    }

    fn read(line: &str, written: &str) -> Result<Self, CronFault> {
        // Each field was read by itself, so that nothing should be left to be wrong.
        let fields = parser()
            .parse(&format!("0 {line} {YEARS}"))
            .map_err(|error| CronFault {
                span: 0..written.len(),
                message: format!("it is no line of cron: {error}"),
                help: "for example `0 9 * * MON-FRI`".into(),
            })?;
        let repeats = line.split_whitespace().take(2).any(|field| field.contains('*'));
        Ok(Self { fields, repeats })
    }

    /// The first moment after `after` that it names. None: it names none any more, or never did.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let after = after.to_zoned(zone.clone());
        if self.repeats {
            return Some(self.fields.find_next_occurrence(&after, false).ok()?.timestamp());
        }
        let mut time = after.datetime();
        loop {
            time = self.fields.find_next_occurrence(&time, false).ok()?;
            let moment = moment_of(time, zone)?;
            if moment > after.timestamp() {
                return Some(moment);
            }
        }
    }

    /// The last moment up to `until` that it names. None: it named none yet.
    pub fn last_until(&self, until: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let until = until.to_zoned(zone.clone());
        if self.repeats {
            return Some(self.fields.find_previous_occurrence(&until, true).ok()?.timestamp());
        }
        let mut time = latest_reading(&until);
        let mut inclusive = true;
        loop {
            time = self.fields.find_previous_occurrence(&time, inclusive).ok()?;
            inclusive = false;
            let moment = moment_of(time, zone)?;
            if moment <= until.timestamp() {
                return Some(moment);
            }
        }
    }
}

/// When a clock on the wall shows `time` first. Where it never does, when it is put forward past it.
fn moment_of(time: civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(time).ok()
        }
        AmbiguousOffset::Gap { before, .. } => {
            // By the old offset it would be at the change or after it.
            let at_or_after = before.to_timestamp(time).ok()?;
            let past = at_or_after.checked_add(SignedDuration::from_secs(1)).ok()?;
            zone.preceding(past).next().map(|change| change.timestamp())
        }
    }
}

/// The latest that a clock on the wall has shown until this moment: in the second pass of an hour, the end of the first.
fn latest_reading(moment: &Zoned) -> civil::DateTime {
    let shown = moment.datetime();
    match moment.time_zone().to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Fold { before, after } if moment.offset() == after => {
            // What comes twice is never longer than the step back.
            let step = after.duration_until(before);
            shown.checked_add(step).unwrap_or(shown)
        }
        _ => shown,
    }
}

fn parser() -> CronParser {
    CronParser::builder()
        .seconds(Seconds::Required)
        .year(Year::Required)
        .build()
}

fn nickname(text: &str) -> Result<&'static str, CronFault> {
    let word = text.trim().to_ascii_lowercase();
    let known = NICKNAMES.iter().find(|(name, _)| *name == word);
    known.map(|(_, line)| *line).ok_or_else(|| CronFault {
        span: 0..text.len(),
        message: "there is no such word for a line of cron".into(),
        help: "the words are `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly`".into(),
    })
}

/// Where the words of a text are.
fn words_of(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        start..start + word.len()
    })
}

fn count_fault(text: &str, count: usize) -> CronFault {
    let help = match count {
        6 | 7 => "there is no field for seconds or years; for seconds there is `every = \"10s\"`",
        _ => "minute, hour, day of the month, month, day of the week: `0 9 * * MON-FRI`",
    };
    CronFault {
        span: 0..text.len(),
        message: format!("a line of cron has five fields, this one has {count}"),
        help: help.into(),
    }
}

/// Reads one field by itself, and its items one by one, to find the one that is wrong.
fn check_field(field: &Field, text: &str, span: &Range<usize>) -> Result<(), CronFault> {
    let mut start = span.start;
    for item in text[span.clone()].split(',') {
        let place = start..start + item.len();
        start = place.end + 1;
        if !is_item(field, item) {
            return Err(CronFault {
                message: match item {
                    "" => format!("an item of the field {} is missing", field.name),
                    _ => format!("`{item}` does not fit the field {}", field.name),
                },
                span: if place.is_empty() { span.clone() } else { place },
                help: field.help.into(),
            });
        }
    }
    Ok(())
}

fn is_item(field: &Field, item: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphabetic();
    let words = item.split(|c: char| !letters(c)).filter(|word| !word.is_empty());
    let known = |word: &str| {
        let word = word.to_ascii_uppercase();
        // `FRIL`: the last Friday.
        let last = word.strip_suffix('L').unwrap_or(&word);
        field.words.contains(&word.as_str()) || (field.words.contains(&"L") && field.words.contains(&last))
    };
    // `croner` takes two things that may never come, and looks at every day of the years to find that out: the last of no
    // weekday, and with a `+` a weekday that has to be on a day of the month, too.
    let dear = item.contains('+') || (field.name == "day of the week" && item.eq_ignore_ascii_case("L"));
    if item.is_empty() || dear || !item.is_ascii() || !words.clone().all(known) {
        return false;
    }
    let fields = FIELDS
        .iter()
        .map(|other| if std::ptr::eq(other, field) { item } else { "*" });
    let line = fields.collect::<Vec<_>>().join(" ");
    parser().parse(&format!("0 {line} {YEARS}")).is_ok()
}

#[cfg(test)]
mod tests;
