#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn london() -> TimeZone {
    TimeZone::get("Europe/London").unwrap()
}

fn feed(lines: &str) -> String {
    let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n",
        lines.join("\r\n")
    )
}

fn read(lines: &str, from: &str, until: &str) -> Feed {
    Calendar::parse(&feed(lines))
        .unwrap()
        .shifts(&london(), at(from), at(until))
}

/// The shifts of these lines, in UTC: `Ann 03-01 09:00 to 03-02 09:00`. Nothing may be wrong with them.
fn shifts(lines: &str, from: &str, until: &str) -> Vec<String> {
    let read = read(lines, from, until);
    assert_eq!(read.faults, [""; 0]);
    read.shifts.iter().map(in_words).collect()
}

fn in_words(shift: &Shift) -> String {
    let [start, end] = [shift.start, shift.end].map(|at| at.to_jiff().strftime("%m-%d %H:%M").to_string());
    format!("{} {start} to {end}", shift.person)
}

/// An event of Ann's with these lines.
fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\nUID:1\nSUMMARY:  Ann \n{lines}\nEND:VEVENT\n")
}

const MARCH: (&str, &str) = ("2026-03-01T00:00:00Z", "2026-04-15T00:00:00Z");

#[test]
fn the_summary_is_a_name_and_times_are_utc_named_or_the_host_s() {
    let times = [
        (
            "DTSTART:20260301T090000Z\nDTEND:20260301T170000Z",
            "Ann 03-01 09:00 to 03-01 17:00",
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20260301T090000\nDTEND;TZID=Europe/Berlin:20260301T170000",
            "Ann 03-01 08:00 to 03-01 16:00",
        ),
        (
            "DTSTART:20260401T090000\nDTEND:20260401T170000",
            "Ann 04-01 08:00 to 04-01 16:00",
        ),
        (
            "DTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260303",
            "Ann 03-01 00:00 to 03-03 00:00",
        ),
        ("DTSTART;VALUE=DATE:20260401", "Ann 03-31 23:00 to 04-01 23:00"),
        (
            "DTSTART:20260301T090000Z\nDURATION:PT90M",
            "Ann 03-01 09:00 to 03-01 10:30",
        ),
        (
            "DTSTART;TZID=W. Europe Standard Time:20260301T090000\nDURATION:P1D",
            "Ann 03-01 08:00 to 03-02 08:00",
        ),
        (
            "DTSTART;TZID=/mozilla.org/20050126_1/Europe/Berlin:20260301T090000\nDURATION:P1W",
            "Ann 03-01 08:00 to 03-08 08:00",
        ),
        (
            "DTSTART;TZID=Europe/London:20260301T090000\nDTEND;TZID=America/New_York:20260301T090000",
            "Ann 03-01 09:00 to 03-01 14:00",
        ),
    ];
    for (lines, expected) in times {
        assert_eq!(shifts(&event(lines), MARCH.0, MARCH.1), [expected], "{lines}");
    }
}

#[test]
fn a_week_from_nine_to_nine_is_so_when_the_clocks_change() {
    let lines = event(
        "DTSTART;TZID=Europe/London:20260316T090000\nDTEND;TZID=Europe/London:20260323T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2",
    );
    assert_eq!(
        shifts(&lines, MARCH.0, MARCH.1),
        [
            "Ann 03-16 09:00 to 03-23 09:00",
            "Ann 03-30 08:00 to 04-06 08:00",
            "Ann 04-13 08:00 to 04-20 08:00"
        ]
    );
    // A rule that began years ago is counted up to now.
    let old = lines.replace("20260316", "20180312").replace("20260323", "20180319");
    assert_eq!(
        shifts(&old, MARCH.0, "2026-03-20T00:00:00Z"),
        ["Ann 03-02 09:00 to 03-09 09:00", "Ann 03-16 09:00 to 03-23 09:00"]
    );
}

#[test]
fn rules_end_by_count_by_a_moment_and_by_a_day() {
    let daily = |rule: &str| {
        let lines = event(&format!(
            "DTSTART;TZID=America/New_York:20260302T200000\nDURATION:PT1H\nRRULE:FREQ=DAILY;{rule}"
        ));
        shifts(&lines, MARCH.0, MARCH.1).len()
    };
    assert_eq!(daily("COUNT=3"), 3);
    assert_eq!(
        daily("UNTIL=20260304T235959Z"),
        2,
        "on the 4th at eight in New York it is the 5th, UTC"
    );
    assert_eq!(daily("UNTIL=20260305T010000Z"), 3, "its end belongs to it");
    assert_eq!(daily("UNTIL=20260304"), 3, "a day is over when it is over");
    assert_eq!(daily("UNTIL=20250101"), 1, "it begins all the same");
    assert_eq!(daily("BYDAY=MO,WE;COUNT=4"), 4);
}

#[test]
fn monthly_and_yearly_rules() {
    let lines = event("DTSTART;VALUE=DATE:20260130\nRRULE:FREQ=MONTHLY;BYDAY=-1FR");
    assert_eq!(shifts(&lines, MARCH.0, MARCH.1), ["Ann 03-27 00:00 to 03-28 00:00"]);
    let lines = event("DTSTART;VALUE=DATE:20200229\nRRULE:FREQ=YEARLY");
    assert_eq!(
        shifts(&lines, "2024-01-01T00:00:00Z", "2029-01-01T00:00:00Z").len(),
        2,
        "leap years"
    );
}

#[test]
fn days_are_added_and_taken_out() {
    let lines = event(
        "DTSTART;TZID=Europe/London:20260302T090000\nDTEND;TZID=Europe/London:20260302T170000\nRRULE:FREQ=DAILY;COUNT=4
         EXDATE;TZID=Europe/London:20260303T090000,20260305T090000\nRDATE;TZID=Europe/London:20260401T090000",
    );
    assert_eq!(
        shifts(&lines, MARCH.0, MARCH.1),
        [
            "Ann 03-02 09:00 to 03-02 17:00",
            "Ann 03-04 09:00 to 03-04 17:00",
            "Ann 04-01 08:00 to 04-01 16:00"
        ]
    );
    let whole_days = event("DTSTART;VALUE=DATE:20260302\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260303");
    assert_eq!(shifts(&whole_days, MARCH.0, MARCH.1).len(), 2);
    // Some write the moment in UTC, some the day of what has a time.
    for exdate in ["EXDATE:20260303T090000Z", "EXDATE;VALUE=DATE:20260303"] {
        let lines = event(&format!(
            "DTSTART;TZID=Europe/London:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\n{exdate}"
        ));
        assert_eq!(shifts(&lines, MARCH.0, MARCH.1).len(), 2, "{exdate}");
    }
}

#[test]
fn one_of_many_is_moved_given_to_somebody_else_or_cancelled() {
    let series =
        event("DTSTART;TZID=Europe/London:20260302T090000\nDURATION:PT8H\nRRULE:FREQ=DAILY;COUNT=4\nSEQUENCE:0");
    let exceptions = "BEGIN:VEVENT\nUID:1\nSUMMARY:Bob\nSEQUENCE:3\nRECURRENCE-ID;TZID=Europe/London:20260303T090000\nDTSTART;TZID=Europe/London:20260303T100000\nDURATION:PT8H\nEND:VEVENT
        BEGIN:VEVENT\nUID:1\nSUMMARY:Ann\nSTATUS:CANCELLED\nRECURRENCE-ID:20260304T090000Z\nDTSTART:20260304T090000Z\nDURATION:PT8H\nEND:VEVENT";
    let expected = [
        "Ann 03-02 09:00 to 03-02 17:00",
        "Bob 03-03 10:00 to 03-03 18:00",
        "Ann 03-05 09:00 to 03-05 17:00",
    ];
    assert_eq!(shifts(&format!("{series}{exceptions}"), MARCH.0, MARCH.1), expected);
    assert_eq!(
        shifts(&format!("{exceptions}\n{series}"), MARCH.0, MARCH.1),
        expected,
        "in whatever order"
    );
    // Another event at the same time is another one.
    let other = series.replace("UID:1", "UID:2").replace("Ann", "Cat");
    assert_eq!(
        shifts(&format!("{series}{other}{exceptions}"), MARCH.0, MARCH.1).len(),
        7
    );
}

#[test]
fn a_zone_that_nobody_knows_is_read_by_its_own_rules() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Our office
        BEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD
        BEGIN:DAYLIGHT\nDTSTART:19700329T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT
        END:VTIMEZONE\n";
    let lines = event(
        "DTSTART;TZID=Our office:20260323T090000\nDTEND;TZID=Our office:20260323T170000\nRRULE:FREQ=WEEKLY;COUNT=2",
    );
    assert_eq!(
        shifts(&format!("{zone}{lines}"), MARCH.0, MARCH.1),
        ["Ann 03-23 08:00 to 03-23 16:00", "Ann 03-30 07:00 to 03-30 15:00"]
    );
    // Hours that are skipped and that come twice are the same as in the zone whose rules these are.
    for time in [
        "20260329T023000",
        "20261025T023000",
        "20260329T030000",
        "20260101T000000",
        "20260701T120000",
    ] {
        let by_name = |name: &str| {
            let lines = event(&format!("DTSTART;TZID={name}:{time}\nDURATION:PT1H"));
            shifts(
                &format!("{zone}{lines}"),
                "2026-01-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
            )
        };
        assert_eq!(by_name("Our office"), by_name("Europe/Berlin"), "{time}");
    }
    // A name that the calendar's owner made up for a place that is known.
    let named = zone.replace("TZID:Our office", "TZID:Our office\nX-LIC-LOCATION:America/New_York");
    assert_eq!(
        shifts(&format!("{named}{lines}"), MARCH.0, MARCH.1)[0],
        "Ann 03-23 13:00 to 03-23 21:00"
    );
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_read() {
    let lines = [
        event("DTSTART;TZID=Nowhere/Land:20260301T090000\nDURATION:PT1H"),
        event("DTSTART:20260302T090000Z"),
        event("DTSTART:20260302T090000Z\nDTEND:20260302T080000Z"),
        event("DTEND:20260302T080000Z"),
        event("DTSTART:20260303T090000Z\nDURATION:PT1H\nRRULE:FREQ=MINUTELY"),
        "BEGIN:VEVENT\nDTSTART:20260302T090000Z\nDURATION:PT1H\nEND:VEVENT\n".to_owned(),
    ];
    let lines: String = lines
        .iter()
        .enumerate()
        .map(|(n, event)| event.replace("UID:1", &format!("UID:{n}")))
        .collect();
    let read = read(&lines, MARCH.0, MARCH.1);
    let shifts: Vec<String> = read.shifts.iter().map(in_words).collect();
    assert_eq!(
        shifts,
        ["Ann 03-01 09:00 to 03-01 10:00", "Ann 03-03 09:00 to 03-03 10:00"]
    );
    let mut faults = read.faults;
    faults.sort();
    assert_eq!(
        faults,
        [
            "Ann: its event ends before it begins, or as it begins",
            "Ann: its event has no end, so it is over as it begins",
            "Ann: its event has no start",
            "Ann: nobody knows the time zone `Nowhere/Land`: it is read as the host's",
            "Ann: what repeats more than once a day is no shift: only its first day is read",
            "an event has no summary, so nobody is on duty",
        ]
    );
}

#[test]
fn what_is_no_feed_is_refused_as_a_whole() {
    let why = |text: &str| Calendar::parse(text).unwrap_err();
    assert_eq!(
        why("<html>"),
        "it is no iCalendar feed: it does not begin with `BEGIN:VCALENDAR`"
    );
    assert_eq!(why(""), why("<html>"));
    assert_eq!(why(&"x".repeat(LONGEST + 1)), "it is longer than 4 MiB");
    let many = feed(&event("DTSTART:20260302T090000Z").repeat(MOST_EVENTS + 1));
    assert_eq!(why(&many), "it has 10001 events, of which at most 10000 are read");
}

#[test]
fn rules_of_a_hostile_feed_are_counted_to_a_bound() {
    let began = std::time::Instant::now();
    let rules = [
        "FREQ=DAILY",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23",
        "FREQ=DAILY;COUNT=4000000000",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYYEARDAY=200",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;INTERVAL=1",
        "FREQ=WEEKLY;BYSETPOS=300;BYDAY=MO",
    ];
    let events = (0..2000).map(|n| {
        let rule = rules[n % rules.len()];
        event(&format!("DTSTART:19000101T000000Z\nDURATION:P3650D\nRRULE:{rule}")).replace("UID:1", &format!("UID:{n}"))
    });
    let read = read(&events.collect::<String>(), MARCH.0, MARCH.1);
    assert!(read.shifts.len() <= MOST_SHIFTS);
    assert!(
        read.faults.iter().any(|fault| fault.contains("too often")),
        "{:?}",
        read.faults
    );
    // A tenth of it would take that long where the rules were counted to their ends.
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

#[test]
fn nesting_costs_no_stack() {
    let deep = format!(
        "{}{}",
        "BEGIN:VEVENT\r\n".repeat(100_000),
        "END:VEVENT\r\n".repeat(100_000)
    );
    let deep = format!("BEGIN:VCALENDAR\r\n{deep}END:VCALENDAR\r\n");
    assert!(Calendar::parse(&deep).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No feed makes it panic, and every shift is in the time that was asked for.
    #[test]
    fn any_text_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[\\PC]{0,3}|[0-9]{1,4}|[;:,=]|\r\n|RRULE:|;TZID=|DATE|Z|-"), 0..8)
    ) {
        let lines = format!(
            "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n{}{}",
            event("DTSTART;TZID=X:20260302T090000\nDTEND;TZID=X:20260302T170000\nRRULE:FREQ=MONTHLY;COUNT=400;INTERVAL=2;BYDAY=MO,-1TU;BYSETPOS=-1;WKST=SU\nEXDATE:20260303T090000Z\nRDATE;VALUE=PERIOD:20260305T000000Z/PT5H"),
            event("RECURRENCE-ID;RANGE=THISANDFUTURE:20260303T090000Z\nDTSTART;VALUE=DATE:20260303\nDURATION:-P1DT3H"),
        );
        let mut text = feed(&lines);
        for (at, insert) in changes {
            let at = text.floor_char_boundary(at.index(text.len().max(1)));
            let end = text.ceil_char_boundary((at + insert.len()).min(text.len()));
            text.replace_range(at..end, &insert);
        }
        if let Ok(calendar) = Calendar::parse(&text) {
            let (from, until) = (at(MARCH.0), at(MARCH.1));
            for shift in calendar.shifts(&london(), from, until).shifts {
                prop_assert!(shift.start < shift.end && shift.end > from && shift.start < until);
            }
        }
    }
}
