//! What holds for any sequence of results, acknowledgements, silences and restarts.

use proptest::prelude::*;

use super::*;

/// What a plugin was sent, as it would see it.
struct Plugin {
    wants_updates: bool,
    open: bool,
    /// The last alert, and when.
    last: Option<Alert>,
}

impl Plugin {
    fn receive(&mut self, alert: &Alert, rules: &Rules) {
        if !alert.to.includes(self.wants_updates) {
            return;
        }
        assert!(
            self.wants_updates || alert.kind != Kind::Update,
            "an update to who wants none: {alert:?}"
        );
        match alert.kind {
            Kind::Failing => {
                assert!(!self.open || self.wants_updates, "it knew: {alert:?}");
                assert!(alert.new.is_failing());
            }
            Kind::Again => {
                let last = self.last.as_ref().unwrap();
                let interval = rules.interval(alert.new);
                assert!(self.open, "again, of what? {alert:?}");
                // Followers have heard updates meanwhile, which are no alerts.
                let long_enough = alert.at.since(last.at) >= interval;
                assert!(
                    long_enough || last.kind == Kind::Update,
                    "twice in an interval: {last:?} {alert:?}"
                );
            }
            Kind::Worse => assert!(self.open && alert.new > alert.old, "{alert:?}"),
            Kind::Recovered => assert!(self.open && !alert.new.is_failing(), "{alert:?}"),
            Kind::Update => assert!(alert.acknowledged.is_some() || self.open, "{alert:?}"),
        }
        self.open = alert.new.is_failing();
        self.last = Some(alert.clone());
    }
}

fn line() -> impl Strategy<Value = String> {
    let check = prop::sample::select(vec!["w", "e", "c", "d"]);
    prop_oneof![
        6 => (check, any::<bool>()).prop_map(|(check, fails)| format!("{check} {}", if fails { "fails" } else { "passes" })),
        2 => Just("ack".to_owned()),
        1 => Just("unack".to_owned()),
        1 => (1..200_u32).prop_map(|minutes| format!("silence {minutes}")),
        1 => Just("unsilence".to_owned()),
        1 => Just("disable".to_owned()),
        2 => Just("enable".to_owned()),
        1 => Just("restart".to_owned()),
        2 => Just("nothing".to_owned()),
    ]
}

/// Lines with the minutes that pass before each.
fn story() -> impl Strategy<Value = Vec<(i64, String)>> {
    let pause = prop_oneof![3 => 0..3_i64, 3 => 3..30_i64, 1 => 30..300_i64];
    prop::collection::vec((pause, line()), 1..60)
}

fn told(story: &[(i64, String)], restless: bool, forgetful: bool) -> World {
    let mut world = World {
        restless,
        forgetful,
        ..World::new()
    };
    let mut at = 0;
    for (pause, what) in story {
        at += pause;
        world.until(minute(at));
        world.act(what);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// At most one alert per interval and change; a recovery after every failure that was told; nothing to who wants none.
    #[test]
    fn every_plugin_hears_a_story_that_makes_sense(story in story()) {
        let mut world = told(&story, false, false);
        // In the end everything passes, and everybody may speak.
        let last = world.now.plus(Duration::from_secs(600 * 60));
        world.until(last);
        world.act("enable");
        for check in ["w", "e", "c", "d"] {
            world.act(&format!("{check} passes"));
        }
        for wants_updates in [false, true] {
            let mut plugin = Plugin { wants_updates, open: false, last: None };
            for alert in &world.alerts {
                plugin.receive(alert, &world.rules);
            }
            prop_assert!(!plugin.open, "it never heard that it is over: {:?}", world.said);
        }
    }

    /// Each alert but `again` and updates is for a change: there are no more of them than changes of status and of what
    /// holds alerts back.
    #[test]
    fn alerts_are_for_changes(story in story()) {
        let world = told(&story, false, false);
        let changes = story.iter().filter(|(_, what)| what != "nothing" && what != "restart").count();
        // An acknowledgement and a silence end by themselves, too.
        let ends = story.iter().filter(|(_, what)| what == "ack" || what.starts_with("silence")).count();
        let said = world.alerts.iter().filter(|alert| alert.kind != Kind::Again && alert.kind != Kind::Update).count();
        prop_assert!(said <= changes + ends, "{:?}", world.said);
        let twice = world.alerts.windows(2).find(|pair| {
            pair[0].at == pair[1].at && pair[0].kind == pair[1].kind && pair[0].new == pair[1].new
                && pair[0].kind != Kind::Update && pair[0].kind != Kind::Failing
        });
        prop_assert!(twice.is_none(), "{twice:?}");
    }

    /// Restarts, and looking when nothing is due, change nothing; and what is told does not wait for a check to end.
    #[test]
    fn it_is_the_same_with_restarts_and_with_more_looking(story in story()) {
        let plain = told(&story, false, false);
        prop_assert_eq!(&plain.said, &told(&story, false, true).said);
        prop_assert_eq!(&plain.said, &told(&story, true, false).said);
    }

    /// While it fails, may speak, and nobody is on it, everybody has been told within the interval.
    #[test]
    fn nobody_is_left_in_the_dark(story in story()) {
        let mut world = told(&story, false, false);
        for minutes in 0..300 {
            let State { status, silenced, acknowledged, told, .. } = &world.state;
            let speaks = world.rules.alerts_enabled && silenced.is_none() && acknowledged.is_none();
            if status.is_failing() && speaks {
                let told = told.unwrap();
                prop_assert!(told.status >= *status);
                prop_assert!(world.now.since(told.at) <= world.rules.interval(*status), "{minutes} {:?}", world.said);
            }
            let next = world.now.plus(Duration::from_secs(60));
            world.until(next);
        }
    }
}
