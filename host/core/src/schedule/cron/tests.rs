#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// The next starts after a moment, as a clock in London shows them.
fn starts(line: &str, after: &str, count: usize) -> Vec<String> {
    let line = Cron::parse(line).unwrap();
    let after: Zoned = format!("{after}[Europe/London]").parse().unwrap();
    let zone = after.time_zone().clone();
    let next = |moment: &Timestamp| line.next_after(*moment, &zone);
    std::iter::successors(Some(after.timestamp()), next)
        .skip(1)
        .take(count)
        .map(|start| start.to_zoned(zone.clone()).strftime("%d %H:%M %Z").to_string())
        .collect()
}

#[test]
fn in_spring_a_time_that_is_left_out_is_when_the_clock_is_put_forward() {
    // 2026-03-29, 01:00 GMT is 02:00 BST.
    let saturday = "2026-03-28T12:00";
    assert_eq!(
        starts("30 1 * * *", saturday, 3),
        ["29 02:00 BST", "30 01:30 BST", "31 01:30 BST"]
    );
    assert_eq!(
        starts("0 1,13 * * *", saturday, 4),
        ["28 13:00 GMT", "29 02:00 BST", "29 13:00 BST", "30 01:00 BST"]
    );
    // Two that are left out are one.
    assert_eq!(starts("15,45 1 * * *", saturday, 2), ["29 02:00 BST", "30 01:15 BST"]);
    assert_eq!(starts("0 2 * * *", saturday, 2), ["29 02:00 BST", "30 02:00 BST"]);
}

#[test]
fn in_autumn_a_time_that_comes_twice_is_the_first() {
    // 2026-10-25, 02:00 BST is 01:00 GMT.
    let saturday = "2026-10-24T12:00";
    assert_eq!(
        starts("30 1 * * *", saturday, 3),
        ["25 01:30 BST", "26 01:30 GMT", "27 01:30 GMT"]
    );
    assert_eq!(
        starts("15,45 1 * * *", saturday, 3),
        ["25 01:15 BST", "25 01:45 BST", "26 01:15 GMT"]
    );
    assert_eq!(starts("0 9 * * *", saturday, 2), ["25 09:00 GMT", "26 09:00 GMT"]);
}

#[test]
fn what_repeats_follows_the_clock_on_the_wall() {
    assert_eq!(
        starts("*/30 * * * *", "2026-03-29T00:20", 3),
        ["29 00:30 GMT", "29 02:00 BST", "29 02:30 BST"]
    );
    assert_eq!(
        starts("30 * * * *", "2026-10-25T00:00", 4),
        ["25 00:30 BST", "25 01:30 BST", "25 01:30 GMT", "25 02:30 GMT"]
    );
}

#[test]
fn days_are_those_of_the_zone() {
    let line = Cron::parse("0 9 * * MON-FRI").unwrap();
    // A Friday evening in London is Saturday morning in Auckland.
    let friday: Timestamp = "2026-11-20T21:00:00Z".parse().unwrap();
    let next = |name: &str| line.next_after(friday, &zone(name)).unwrap().to_string();
    assert_eq!(next("Europe/London"), "2026-11-23T09:00:00Z");
    assert_eq!(next("Pacific/Auckland"), "2026-11-22T20:00:00Z");
    assert_eq!(next("America/New_York"), "2026-11-23T14:00:00Z");
}

#[test]
fn a_day_that_the_zone_left_out_has_its_start_when_the_next_one_began() {
    // Samoa had no 30 December 2011.
    let line = Cron::parse("0 9 * * *").unwrap();
    let apia = zone("Pacific/Apia");
    let after: Timestamp = "2011-12-30T08:00:00Z".parse().unwrap();
    let next = line.next_after(after, &apia).unwrap();
    assert_eq!(next.to_string(), "2011-12-30T10:00:00Z");
    assert_eq!(
        line.next_after(next, &apia).unwrap().to_string(),
        "2011-12-30T19:00:00Z"
    );
}

#[test]
fn a_word_is_a_line() {
    assert_eq!(starts("@daily", "2026-11-20T12:00", 1), ["21 00:00 GMT"]);
    assert_eq!(starts(" @Weekly ", "2026-11-20T12:00", 1), ["22 00:00 GMT"]);
    assert_eq!(starts("0 12 L * ?", "2026-11-20T12:00", 1), ["30 12:00 GMT"]);
    assert_eq!(starts("0 12 * * MON#1", "2026-11-20T12:00", 1), ["07 12:00 GMT"]);
    assert_eq!(starts("0 12 * * friL", "2026-11-20T12:00", 1), ["27 12:00 GMT"]);
}

#[test]
fn what_never_comes_is_found_out_soon() {
    for never in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31W 2 *"] {
        let line = Cron::parse(never).unwrap();
        assert_eq!(line.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC), None, "{never}");
        assert_eq!(line.last_until(Timestamp::UNIX_EPOCH, &TimeZone::UTC), None, "{never}");
    }
    assert_eq!(starts("0 0 29 2 *", "2026-11-20T12:00", 1), ["29 00:00 GMT"]);
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let told = |text: &str| {
        let fault = Cron::parse(text).unwrap_err();
        format!("{:?}: {}; {}", &text[fault.span], fault.message, fault.help)
    };
    insta::assert_snapshot!(told("60 9 * * *"),
        @r#""60": `60` does not fit the field minute; minutes are 0 to 59: `5`, `0,30`, `10-20`, `*/15`"#);
    insta::assert_snapshot!(told("0 9,25 * * *"),
        @r#""25": `25` does not fit the field hour; hours are 0 to 23: `9`, `9,17`, `9-17`, `*/2`"#);
    insta::assert_snapshot!(told("0 9 * * MONDAY"), @r#""MONDAY": `MONDAY` does not fit the field day of the week; days of the week are `SUN` to `SAT`, or 0 to 7 with Sunday at both ends: `MON-FRI`, `SAT,SUN`, `MON#1` for the first Monday, `FRIL` for the last Friday"#);
    insta::assert_snapshot!(told("0 9 * JANUARY *"),
        @r#""JANUARY": `JANUARY` does not fit the field month; months are 1 to 12 or `JAN` to `DEC`: `1`, `MAR,SEP`, `4-6`, `*/3`"#);
    insta::assert_snapshot!(told("0,, 9 * * *"), @r#""0,,": an item of the field minute is missing; minutes are 0 to 59: `5`, `0,30`, `10-20`, `*/15`"#);
    insta::assert_snapshot!(told("0 9 * *"), @r#""0 9 * *": a line of cron has five fields, this one has 4; minute, hour, day of the month, month, day of the week: `0 9 * * MON-FRI`"#);
    insta::assert_snapshot!(told("*/10 * * * * *"), @r#""*/10 * * * * *": a line of cron has five fields, this one has 6; there is no field for seconds or years; for seconds there is `every = "10s"`"#);
    insta::assert_snapshot!(told("@reboot"),
        @r#""@reboot": there is no such word for a line of cron; the words are `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly`"#);
    for bad in [
        "",
        "MON 9 * * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "/5 * * * *",
        "5/5 * * * *",
        "* * 0 * *",
        "ﬁ * * * *",
        "* * * * 5#9",
        "* * * * L",
        "* * 1-7 * +MON#5",
    ] {
        assert!(Cron::parse(bad).is_err(), "{bad}");
    }
    assert!(Cron::parse(&"1".repeat(300)).is_err());
}

/// Fields that are mostly right.
fn line() -> impl Strategy<Value = String> {
    let field = |most: u32| {
        prop_oneof![
            3 => Just("*".to_owned()),
            1 => (1..=most).prop_map(|step| format!("*/{step}")),
            3 => prop::collection::vec(0..=most, 1..4)
                .prop_map(|items| items.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
        ]
    };
    (field(59), field(23), field(31), field(12), field(7))
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

proptest! {
    #[test]
    fn the_last_start_until_the_next_is_the_next(line in line(), hours in 0..24 * 365 * 4_i64, city in 0..4_usize) {
        // Half an hour at a change, midnight changes, a long way from Greenwich, and the usual.
        let zone = zone(["Australia/Lord_Howe", "Africa/Cairo", "America/St_Johns", "Europe/London"][city]);
        let Ok(line) = Cron::parse(&line) else { return Ok(()) };
        let mut moment: Timestamp = "2024-01-01T00:17:00Z".parse().unwrap();
        moment += SignedDuration::from_hours(hours);
        for _ in 0..5 {
            let Some(next) = line.next_after(moment, &zone) else { break };
            prop_assert!(next > moment);
            prop_assert_eq!(line.last_until(next, &zone), Some(next));
            let before = next - SignedDuration::from_secs(1);
            prop_assert!(line.last_until(before, &zone).is_none_or(|last| last <= moment), "one between {moment} and {next}");
            moment = next;
        }
    }

    #[test]
    fn no_text_is_too_much(text in "[ -~]{0,40}|([*0-9,/#LW?+-]{1,6} ){4}[*0-9,/#LW?+A-Z-]{1,6}") {
        match Cron::parse(&text) {
            Ok(line) => {
                line.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC);
            }
            Err(fault) => prop_assert!(text.get(fault.span).is_some()),
        }
    }
}
