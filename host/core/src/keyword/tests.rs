//! Which words call, and when nobody is there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::civil::{Weekday, date, time};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::matching::{LONGEST_TEXT, said};
use super::*;
use crate::clock::Timestamp;

fn words(words: &[&str]) -> Keyword {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    Keyword::words(&words).unwrap()
}

fn found(keyword: &Keyword, text: &str) -> Option<String> {
    keyword.find(&said(text)).map(str::to_owned)
}

#[test]
fn a_keyword_is_a_whole_word_with_its_hyphens() {
    let keyword = words(&["tech-support"]);
    for text in [
        "tech-support",
        "please, Tech-Support!",
        "(tech-support)",
        "@tech-support: help",
        "*tech-support*",
        "one\ntech-support\ntwo",
        "&gt; tech-support",
        "my-tech-support-x and tech-support",
        "“tech-support”",
    ] {
        assert!(found(&keyword, text).is_some(), "{text}");
    }
    for text in [
        "",
        "tech support",
        "my-tech-support-x",
        "tech-supporter",
        "tech-support-rota",
        "non-tech-support",
        "tech_support",
        "_tech-support_rota_",
        "tech-support\u{e9}",
        "wiki/tech-support",
    ] {
        assert_eq!(found(&keyword, text), None, "{text}");
    }
    assert_eq!(found(&keyword, "TECH-Support!").as_deref(), Some("TECH-Support"));
}

#[test]
fn links_and_references_call_nobody() {
    let keyword = words(&["tech-support"]);
    for text in [
        "see <https://example.com/tech-support>",
        "see <https://example.com/x|tech-support>",
        "see https://example.com/tech-support?tech-support",
        "ask in <#C1|tech-support>",
        "<!subteam^S1|@tech-support>",
        "<mailto:tech-support@example.com|tech-support@example.com>",
    ] {
        assert_eq!(found(&keyword, text), None, "{text}");
    }
    assert!(found(&keyword, "<@U1> tech-support <https://a.b>").is_some());
    assert!(found(&keyword, "1 &lt; 2 tech-support").is_some());
}

#[test]
fn the_longer_of_two_words_is_found_too() {
    let keyword = words(&["tech", "tech-support", "help  me"]);
    assert_eq!(found(&keyword, "tech-support").as_deref(), Some("tech-support"));
    assert_eq!(found(&keyword, "some tech").as_deref(), Some("tech"));
    assert_eq!(found(&keyword, "please help\nme").as_deref(), Some("help me"));
}

#[test]
fn a_pattern_matches_whole_words_in_any_case() {
    let keyword = Keyword::pattern("bennett?-admins?|it-(help|aid)").unwrap();
    for text in ["Bennet-admin", "ask bennett-admins!", "it-aid?"] {
        assert!(found(&keyword, text).is_some(), "{text}");
    }
    for text in ["bennett-administration", "it-helper", "the-it-aid"] {
        assert_eq!(found(&keyword, text), None, "{text}");
    }
    assert!(keyword.as_words().is_empty());
}

#[test]
fn what_cannot_be_a_keyword_is_refused() {
    let pattern = |pattern: &str| Keyword::pattern(pattern).unwrap_err().why;
    insta::assert_snapshot!(
        ["", "x?", "(", "a)|(?:b", "(?=a)b", "a{1000}{1000}"].map(pattern).join("\n"),
        @r"
    it matches nothing at all, and so every message
    it matches nothing at all, and so every message
    unclosed group
    unopened group
    look-around, including look-ahead and look-behind, is not supported
    it is too large: repeat less, or match classes that are smaller
    "
    );
    assert!(pattern(&"a".repeat(300)).contains("300 bytes"));
    let one = |word: &str| Keyword::words(&[word.to_owned()]).unwrap_err();
    for word in ["", " x", "-x-", ":sos:", "a\nb"] {
        assert_eq!(one(word).word, Some(0), "{word:?}");
    }
    assert!(Keyword::words(&[]).is_err());
    assert!(Keyword::words(&vec!["x".to_owned(); 21]).is_err());
    let long = "é".repeat(LONGEST_WORD);
    assert!(
        Keyword::words(&vec![long; MOST_WORDS]).is_ok(),
        "the most that is taken can be compiled"
    );
}

#[test]
fn a_hostile_text_takes_linear_time() {
    let keyword = Keyword::pattern("(a*)*b").unwrap();
    let began = std::time::Instant::now();
    assert_eq!(found(&keyword, &"a".repeat(1_000_000)), None);
    assert_eq!(found(&keyword, &"<".repeat(1_000_000)), None);
    assert!(
        began.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn neither_a_pattern_nor_a_text_makes_a_message_dear() {
    assert!(Keyword::pattern("[ab ]{1,1000}c").is_err(), "many states for each byte");
    assert!(
        Keyword::pattern(r"help-\w+").is_ok(),
        "letters of all languages are large, and few states"
    );
    let keyword = Keyword::pattern("[ab ]{1,400}c").unwrap();
    let text = "ab ".repeat(13_333);
    assert!(said(&text).len() <= LONGEST_TEXT);
    assert_eq!(found(&keyword, &text), None);
    assert!(found(&keyword, &format!("ab c {text}")).is_some());
    assert_eq!(
        found(&words(&["help"]), &format!("{text} help")),
        None,
        "too far behind"
    );
}

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn always() -> Away {
    Away {
        from: None,
        until: None,
        days: Vec::new(),
        hours: None,
        zone: TimeZone::get("Europe/London").unwrap(),
        text: "gone".to_owned(),
    }
}

#[test]
fn an_office_is_closed_over_the_holidays() {
    let away = Away {
        from: Some(date(2026, 12, 24).at(18, 0, 0, 0)),
        until: Some(date(2027, 1, 3).at(0, 0, 0, 0)),
        ..always()
    };
    assert!(!away.holds(at("2026-12-24T17:59:59Z")));
    assert!(away.holds(at("2026-12-24T18:00:00Z")) && away.holds(at("2027-01-02T23:59:59Z")));
    assert!(!away.holds(at("2027-01-03T00:00:00Z")));
}

#[test]
fn an_office_is_closed_at_night_by_its_own_clock() {
    let night = Away {
        hours: Some(Hours {
            from: time(18, 0, 0, 0),
            until: time(9, 0, 0, 0),
        }),
        ..always()
    };
    // In summer London is an hour ahead.
    for (moment, holds) in [
        ("2026-07-01T16:59:00Z", false),
        ("2026-07-01T17:00:00Z", true),
        ("2026-07-02T07:59:00Z", true),
        ("2026-07-02T08:00:00Z", false),
        ("2026-12-01T17:00:00Z", false),
        ("2026-12-01T18:00:00Z", true),
    ] {
        assert_eq!(night.holds(at(moment)), holds, "{moment}");
    }
    let of_friday = Away {
        days: vec![Weekday::Friday],
        ..night
    };
    assert!(of_friday.holds(at("2026-11-27T20:00:00Z")), "Friday evening");
    assert!(of_friday.holds(at("2026-11-28T03:00:00Z")), "the night after it");
    assert!(!of_friday.holds(at("2026-11-27T03:00:00Z")), "the night before it");
    assert!(!of_friday.holds(at("2026-11-28T20:00:00Z")), "Saturday evening");
}

#[test]
fn an_office_is_closed_at_lunch_and_on_sundays() {
    let lunch = Away {
        hours: Some(Hours {
            from: time(12, 0, 0, 0),
            until: time(13, 0, 0, 0),
        }),
        ..always()
    };
    assert!(lunch.holds(at("2026-12-01T12:30:00Z")) && !lunch.holds(at("2026-12-01T13:00:00Z")));
    let sunday = Away {
        days: vec![Weekday::Sunday],
        ..always()
    };
    assert!(sunday.holds(at("2026-11-29T12:00:00Z")) && !sunday.holds(at("2026-11-30T00:00:00Z")));
    assert!(always().holds(at("2026-11-29T12:00:00Z")));
}

fn rule(channels: &[&str]) -> Rule {
    let (keyword, channels) = (
        words(&["help"]),
        channels.iter().map(|channel| (*channel).to_owned()).collect::<Vec<_>>(),
    );
    Rule {
        key: RuleKey::new(&keyword, &channels, "#support"),
        keyword,
        channels,
        reaction: "sos".into(),
        support_channel: "#support".into(),
        text: None,
        away: Vec::new(),
        job: None,
    }
}

#[test]
fn a_private_channel_is_heard_by_the_trusted_and_by_rules_that_name_it() {
    let place = |name, private| Place {
        id: "C1",
        known: Some(Known { name, private }),
    };
    let unknown = Place { id: "C1", known: None };
    let (anywhere, named) = (rule(&[]), rule(&["C1"]));
    assert_eq!(anywhere.listens_in(place("secret", true), true), Some(true));
    assert_eq!(anywhere.listens_in(place("secret", true), false), Some(false));
    assert_eq!(anywhere.listens_in(place("open", false), false), Some(true));
    assert_eq!(named.listens_in(place("secret", true), false), Some(true));
    assert_eq!(anywhere.listens_in(unknown, false), None);
    assert!(place("open", false).is_public() && !place("secret", true).is_public() && !unknown.is_public());
}

#[test]
fn while_a_channel_is_unknown_only_rules_that_name_ids_are_sure() {
    let unknown = Place { id: "C1", known: None };
    for (channels, listens) in [
        (&["C1"][..], None),
        (&["C2"], Some(false)),
        (&["#a", "C2"], None),
        (&["#a", "C1"], None),
    ] {
        assert_eq!(rule(channels).listens_in(unknown, true), listens, "{channels:?}");
    }
    let mut by_id = rule(&["#a", "C1"]);
    by_id.support_channel = "C3".into();
    assert_eq!(by_id.listens_in(unknown, true), Some(true));
    by_id.support_channel = "C1".into();
    assert_eq!(by_id.listens_in(unknown, true), Some(false), "whatever it is called");
}

#[test]
fn arguments_are_parts_of_the_message() {
    let call = KeywordOrigin {
        namespace: "ops".into(),
        rule: RuleKey::new(&words(&["help"]), &[], "#support"),
        keyword: "Help".into(),
        team: "T1".into(),
        channel: "C1".into(),
        public: true,
        user: "U1".into(),
        user_team: None,
        message: "1.1".into(),
        thread: None,
        link: "https://x".into(),
        support_channel: "#support".into(),
    };
    let job = RuleJob {
        name: "note".into(),
        arguments: Part::ALL.iter().map(|part| (part.as_str().to_owned(), *part)).collect(),
    };
    let arguments = job.arguments_of(&call, "Help &amp; a \0 <https://a.b|link>");
    let values: Vec<&str> = arguments.0.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(
        values,
        [
            "Help",
            "Help & a \u{fffd} https://a.b",
            "U1",
            "C1",
            "1.1",
            "1.1",
            "https://x"
        ]
    );
    let long = job.arguments_of(&call, &"é".repeat(40_000));
    assert!(crate::command::check_argument("text", long.get("text").unwrap()).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_taken(text in "([<>|&;/ \\-]|https?://|tech-support|é|&lt;){0,60}") {
        found(&words(&["tech-support"]), &text);
    }
}
