#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use innkeeper_guest::testing::{self, Said};
use innkeeper_guest::{Request, Trigger};

use super::run;

const ARGUMENTS: [(&str, &str); 4] = [
    ("service", "web & co"),
    ("environment", "Production"),
    ("count", "2"),
    ("note", "as agreed"),
];

fn written(request: Request) -> String {
    run(request).unwrap().to_json().unwrap()
}

#[test]
fn it_says_what_goes_where() {
    let json = written(Request::for_test(ARGUMENTS).asked_by(Trigger::slack("C0000TECH", "U0000ADA0")));
    assert!(json.contains("*Deploys web &amp; co*"), "{json}");
    assert!(json.contains(r"*To*\n:rotating_light: production"), "{json}");
    assert!(json.contains("> as agreed"), "{json}");
    assert!(json.contains("Asked by <@U0000ADA0>"), "{json}");
}

#[test]
fn every_trigger_says_who_asked() {
    let push = r#"{"compare": "https://github.example/a...b"}"#;
    let cases = [
        (Trigger::cli("ada"), "ada on the command line"),
        (Trigger::hook("ci", ""), "the hook `ci`"),
        (
            Trigger::github("push", push),
            "somebody on GitHub: https://github.example/a...b",
        ),
        (Trigger::Other("pigeon".to_owned()), "pigeon"),
    ];
    for (trigger, expected) in cases {
        let json = written(Request::for_test(ARGUMENTS).asked_by(trigger));
        assert!(json.contains(&format!("Asked by {expected}")), "{json}");
    }
}

#[test]
fn it_says_how_far_it_is() {
    let (_, said) = testing::capture(|| run(Request::for_test(ARGUMENTS)));
    assert_eq!(
        said.first(),
        Some(&Said::Progress {
            fraction: Some(0.5),
            line: "looking at machine 1 of 2".to_owned(),
        })
    );
    assert_eq!(said.len(), 3);
}

#[test]
fn mistakes_are_said_to_whoever_asked() {
    let why = |name: &str, value: &str| {
        let arguments = ARGUMENTS.map(|(key, old)| (key, if key == name { value } else { old }));
        run(Request::for_test(arguments)).unwrap_err().message
    };
    assert_eq!(
        why("count", "many"),
        "`count` is \"many\", and has to be a whole number"
    );
    assert_eq!(
        why("count", "0"),
        "nothing to deploy to: `count` is 0, and has to be 1 or more"
    );
    assert_eq!(
        why("environment", "moon"),
        "`environment` is \"moon\", and has to be `staging` or `production`"
    );
}
