//! What happens, and exactly what goes out.

use super::*;

/// A name, what happens, and what goes out because of it, to the last alert.
type Scenario = (&'static str, &'static str, &'static str);

const SCENARIOS: &[Scenario] = &[
    (
        "it fails, goes on failing, and recovers",
        "0:00 e fails
         0:05 e fails
         0:25 e passes
         1:00 nothing",
        "0:00 failing: passing -> error
         0:10 again: error
         0:20 again: error
         0:25 recovered: error -> passing",
    ),
    (
        "again comes on time, though no check ends: better than once a check",
        "0:00 e fails
         0:35 nothing",
        "0:00 failing: passing -> error
         0:10 again: error
         0:20 again: error
         0:30 again: error",
    ),
    (
        "a warning is said every two hours",
        "0:00 w fails
         5:00 w passes",
        "0:00 failing: passing -> warning
         2:00 again: warning
         4:00 again: warning
         5:00 recovered: warning -> passing",
    ),
    (
        "what passes and goes on passing is not worth a word",
        "0:00 e passes
         0:01 w passes
         2d 0:00 c passes",
        "",
    ),
    (
        "flapping: a recovery starts anew, so each failure is said at once",
        "0:00 e fails
         0:01 e passes
         0:02 e fails
         0:03 e passes
         0:09 e fails
         0:20 nothing",
        "0:00 failing: passing -> error
         0:01 recovered: error -> passing
         0:02 failing: passing -> error
         0:03 recovered: error -> passing
         0:09 failing: passing -> error
         0:19 again: error",
    ),
    (
        "debounce: two failures in a row are forgiven, the third is not",
        "0:00 d fails
         0:05 d fails
         0:10 d passes
         0:15 d fails
         0:20 d fails
         0:25 d fails
         0:30 d passes",
        "0:25 failing: passing -> error
         0:30 recovered: error -> passing",
    ),
    (
        "worsening is said at once, whatever the interval, and starts an interval of its own",
        "0:00 w fails
         0:01 e fails
         0:03 c fails
         0:14 nothing",
        "0:00 failing: passing -> warning
         0:01 worse: warning -> error
         0:03 worse: error -> critical
         0:13 again: critical",
    ),
    (
        "a second check that is no worse is not said",
        "0:00 c fails
         0:02 e fails
         0:04 w fails
         0:09 nothing",
        "0:00 failing: passing -> critical",
    ),
    (
        "getting better is not said; from then on the other interval counts",
        "0:00 c fails
         0:00 w fails
         0:05 c passes
         1:59 nothing
         2:01 nothing",
        "0:00 failing: passing -> critical
         2:00 again: warning",
    ),
    (
        "getting worse is measured against the status just before",
        "0:00 c fails
         0:00 w fails
         0:02 c passes
         0:04 c fails",
        "0:00 failing: passing -> critical
         0:04 worse: warning -> critical",
    ),
    (
        "a warning that was due long ago by the interval of errors is due when it is an error again",
        "0:00 e fails
         0:00 w fails
         0:01 e passes
         1:00 e fails",
        "0:00 failing: passing -> error
         1:00 worse: warning -> error",
    ),
    (
        "acknowledged: followers get updates, the others nothing; then it is said to everybody again",
        "0:00 e fails
         0:02 ack Bob
         0:30 nothing",
        "0:00 failing: passing -> error
         0:02 update: error (to followers)
         0:12 update: error (to followers)
         0:22 again: error",
    ),
    (
        "acknowledged, worse: an update at once; the others are told how bad it is when it expires",
        "0:00 w fails
         0:01 ack
         0:03 c fails
         0:21 nothing",
        "0:00 failing: passing -> warning
         0:01 update: warning (to followers)
         0:03 update: warning -> critical (to followers)
         0:13 update: critical (to followers)
         0:21 worse: warning -> critical",
    ),
    (
        "acknowledged, recovered: an update, and a recovery to those who know of the failure only",
        "0:00 e fails
         0:02 ack
         0:05 e passes
         0:30 nothing",
        "0:00 failing: passing -> error
         0:02 update: error (to followers)
         0:05 update: error -> passing (to followers)
         0:05 recovered: error -> passing (to others)",
    ),
    (
        "acknowledged, flapping: the others hear nothing more until it expires, and then of a new failure",
        "0:00 e fails
         0:02 ack
         0:05 e passes
         0:06 e fails
         0:08 e passes
         0:09 e fails
         0:23 nothing",
        "0:00 failing: passing -> error
         0:02 update: error (to followers)
         0:05 update: error -> passing (to followers)
         0:05 recovered: error -> passing (to others)
         0:06 update: passing -> error (to followers)
         0:08 update: error -> passing (to followers)
         0:09 update: passing -> error (to followers)
         0:19 update: error (to followers)
         0:22 failing: passing -> error",
    ),
    (
        "recovered after it was acknowledged, told to followers only: only they hear that it is over",
        "0:00 e fails
         0:01 ack
         0:02 e passes
         0:03 e fails
         0:04 disable
         0:22 nothing
         0:23 e passes
         0:24 enable",
        "0:00 failing: passing -> error
         0:01 update: error (to followers)
         0:02 update: error -> passing (to followers)
         0:02 recovered: error -> passing (to others)
         0:03 update: passing -> error (to followers)
         0:24 recovered: error -> passing (to followers)",
    ),
    (
        "an expired acknowledgement of a warning: not before its interval has passed",
        "0:00 w fails
         0:01 ack
         0:22 nothing
         2:01 nothing",
        "0:00 failing: passing -> warning
         0:01 update: warning (to followers)
         0:21 update: warning (to followers)
         2:00 again: warning",
    ),
    (
        "withdrawn before an alert was due: an update, and the alert on time",
        "0:00 e fails
         0:02 ack
         0:04 unack
         0:11 nothing",
        "0:00 failing: passing -> error
         0:02 update: error (to followers)
         0:04 update: error (to followers)
         0:10 again: error",
    ),
    (
        "withdrawn after one was due: the alert at once",
        "0:00 e fails
         0:02 ack
         0:15 unack",
        "0:00 failing: passing -> error
         0:02 update: error (to followers)
         0:12 update: error (to followers)
         0:15 again: error",
    ),
    (
        "one acknowledgement at a time, of what fails; another one when it is over",
        "0:00 ack Ann
         0:01 e fails
         0:02 ack Ann
         0:03 ack Bob
         0:04 unack
         0:04 unack
         0:05 ack Bob",
        "0:00 refused: nothing fails: there is nothing to acknowledge
         0:01 failing: passing -> error
         0:02 update: error (to followers)
         0:03 refused: Ann has acknowledged it already
         0:04 update: error (to followers)
         0:04 refused: nobody has acknowledged it
         0:05 update: error (to followers)",
    ),
    (
        "disabled: nothing, ever",
        "0:00 disable
         0:01 e fails
         0:02 c fails
         0:03 ack
         1:00 c passes
         2d 0:00 e passes",
        "",
    ),
    (
        "disabled while it fails, enabled while it fails: as if it had been silent",
        "0:00 e fails
         0:02 disable
         0:30 nothing
         0:33 enable
         0:44 nothing",
        "0:00 failing: passing -> error
         0:33 again: error
         0:43 again: error",
    ),
    (
        "disabled and enabled within the interval: nothing is said twice",
        "0:00 e fails
         0:02 disable
         0:04 enable
         0:11 nothing",
        "0:00 failing: passing -> error
         0:10 again: error",
    ),
    (
        "it got worse while disabled",
        "0:00 w fails
         0:02 disable
         0:03 c fails
         0:04 enable",
        "0:00 failing: passing -> warning
         0:04 worse: warning -> critical",
    ),
    (
        "it recovered while disabled: that is owed, and said when it is enabled",
        "0:00 e fails
         0:02 disable
         0:05 e passes
         8:00 enable
         9:00 nothing",
        "0:00 failing: passing -> error
         8:00 recovered: error -> passing",
    ),
    (
        "it failed while disabled: nobody knows, so it is said when it is enabled",
        "0:00 disable
         0:05 e fails
         0:30 enable",
        "0:30 failing: passing -> error",
    ),
    (
        "it failed and recovered while disabled: nobody needs to know",
        "0:00 disable
         0:05 e fails
         0:07 e passes
         0:30 enable",
        "",
    ),
    (
        "a restart in the middle changes nothing",
        "0:00 e fails
         0:05 restart
         0:12 ack
         0:13 restart
         0:40 restart
         0:43 e passes
         0:44 restart
         0:45 e fails",
        "0:00 failing: passing -> error
         0:10 again: error
         0:12 update: error (to followers)
         0:22 update: error (to followers)
         0:32 again: error
         0:42 again: error
         0:43 recovered: error -> passing
         0:45 failing: passing -> error",
    ),
    (
        "silenced: nothing until it ends, then what is so",
        "0:00 silence 120
         0:05 e fails
         1:00 c fails
         2:11 nothing",
        "2:00 failing: passing -> critical
         2:10 again: critical",
    ),
    (
        "silenced while it fails: again when it ends, unless that is too soon",
        "0:00 e fails
         0:01 silence 5
         0:20 nothing",
        "0:00 failing: passing -> error
         0:10 again: error
         0:20 again: error",
    ),
    (
        "silenced, recovered: those who were told of the failure are told, once",
        "0:00 e fails
         0:01 silence 120
         0:20 e passes
         0:25 e fails
         0:30 e passes
         3:00 nothing",
        "0:00 failing: passing -> error
         0:20 recovered: error -> passing",
    ),
    (
        "a silence is ended by hand, and takes the place of another",
        "0:00 unsilence
         0:01 silence 60
         0:02 silence 180
         0:03 e fails
         2:00 unsilence
         2:01 silence 0",
        "0:00 refused: it is not silenced
         2:00 failing: passing -> error
         2:01 refused: that time is past already",
    ),
    (
        "acknowledged while silenced: no updates either",
        "0:00 e fails
         0:01 silence 30
         0:02 ack
         0:31 nothing",
        "0:00 failing: passing -> error
         0:31 again: error",
    ),
    (
        "a check that is switched off while it fails: the service recovers",
        "0:00 e fails
         0:05 e inactive
         0:06 e fails",
        "0:00 failing: passing -> error
         0:05 recovered: error -> passing",
    ),
    (
        "an interval that is changed counts from the last alert",
        "0:00 e fails
         0:05 alert_interval 30
         0:31 alert_interval 5
         0:37 nothing",
        "0:00 failing: passing -> error
         0:30 again: error
         0:35 again: error",
    ),
];

#[test]
fn exactly_these_alerts_go_out() {
    for (name, story, expected) in SCENARIOS {
        let expected: Vec<&str> = expected.lines().map(str::trim).collect();
        // Neither how often it is looked at nor how often the host ends and begins makes a difference.
        for (restless, forgetful) in [(false, false), (true, false), (false, true)] {
            let (said, _) = play(story, restless, forgetful);
            assert_eq!(said, expected, "{name} (restless: {restless}, forgetful: {forgetful})");
        }
    }
}

/// Days of a service in milliseconds.
#[test]
fn a_week_of_failing_is_an_alert_every_ten_minutes_and_a_year_of_passing_is_none() {
    let (said, _) = play("0:00 e fails\n7d 0:00 e passes\n365d 0:00 nothing", false, true);
    assert_eq!(said.len(), 1 + (7 * 24 * 6) + 1);
}

#[test]
fn an_incident_has_one_number_from_its_first_alert_to_its_last() {
    let story = "0:00 e fails\n0:01 ack\n0:05 c fails\n0:25 c passes\n0:26 e passes\n0:30 w fails\n0:31 w passes";
    let (_, world) = play(story, false, false);
    let numbers: Vec<u64> = world.alerts.iter().map(|alert| alert.incident).collect();
    assert_eq!(numbers, [1, 1, 1, 1, 1, 1, 2, 2], "{:?}", world.said);
    let began: Vec<String> = world.alerts.iter().map(|alert| clock(alert.began)).collect();
    assert_eq!((began[5].as_str(), began[7].as_str()), ("0:00", "0:30"));
}

#[test]
fn one_calls_by_telephone_when_it_becomes_critical_and_not_at_each_interval() {
    let (said, world) = play("0:00 w fails\n0:01 c fails\n0:22 c passes\n0:23 c fails", false, false);
    let called: Vec<&String> = said
        .iter()
        .zip(&world.alerts)
        .filter_map(|(said, alert)| alert.is_newly_critical().then_some(said))
        .collect();
    assert_eq!(
        called,
        ["0:01 worse: warning -> critical", "0:23 worse: warning -> critical"]
    );
    assert_eq!(said.len(), 5, "{said:?}");
}

#[test]
fn people_are_shown_that_somebody_is_on_it() {
    let shown = |story| {
        let (_, world) = play(story, false, false);
        world.state.shown(&world.rules)
    };
    assert_eq!(shown("0:00 w fails"), Shown::Warning);
    assert_eq!(shown("0:00 c fails\n0:01 ack"), Shown::Acknowledged);
    assert_eq!(shown("0:00 c fails\n0:01 ack\n0:22 nothing"), Shown::Critical);
    assert_eq!(shown("0:00 c fails\n0:01 ack\n0:02 c passes"), Shown::Passing);
    assert_eq!(shown("0:00 c fails\n0:01 disable"), Shown::Disabled);
}

#[test]
fn a_clock_that_was_put_back_keeps_nobody_waiting() {
    let mut world = World::new();
    world.until(minute(365 * 1440));
    world.act("e fails");
    world.act("ack");
    world.now = minute(0);
    world.step(&Event::Tick);
    world.until(minute(45));
    assert_eq!(
        world.said[2..],
        [
            "0:10 update: error (to followers)",
            "0:20 again: error",
            "0:30 again: error",
            "0:40 again: error"
        ],
    );
}

#[test]
fn a_step_that_comes_late_says_what_is_so_once() {
    let mut world = World::new();
    world.act("e fails");
    world.act("ack");
    // The host was down for a day: an expiry and many intervals are past, and it recovers as it wakes.
    world.now = minute(1440);
    world.step(&Event::Tick);
    world.step(&Event::Tick);
    assert_eq!(world.said[2..], ["1d 0:00 again: error"]);
    world.now = minute(2880);
    world.act("e passes");
    assert_eq!(world.said[3..], ["2d 0:00 recovered: error -> passing"]);
}
