#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::Blocks;

#[test]
fn the_headline_says_what_happened() {
    use Kind::{Again, Failing, Recovered, Update, Worse};
    let said = |kind, before, now| Alert::for_test().kind(kind).status(before, now).headline();
    let (passing, error, critical) = (Status::Passing, Status::Error, Status::Critical);
    assert_eq!(said(Failing, passing, error), "The web site is error");
    assert_eq!(said(Again, error, error), "The web site is still error");
    assert_eq!(said(Worse, error, critical), "The web site got worse: it is critical");
    assert_eq!(said(Recovered, critical, passing), "The web site is passing again");
    assert_eq!(
        said(Update, critical, Status::Acknowledged),
        "The web site is acknowledged"
    );
    let mut test = Alert::for_test();
    test.test = true;
    assert_eq!(test.headline(), "Test: The web site is critical");
}

#[test]
fn the_summary_has_what_fails_and_where_to_look() {
    let mut alert = Alert::for_test();
    alert.service.acknowledgement = Some(Acknowledgement::for_test("Bob"));
    assert_eq!(
        alert.summary(),
        "The web site is critical\n- http (critical): 503 Service Unavailable\nhttps://www.example.com\n\
         What to do: https://wiki.example.com/web\nAcknowledged by Bob"
    );
}

#[test]
fn the_worst_checks_come_first() {
    let mut service = Alert::for_test().service;
    service
        .checks
        .insert(0, Check::for_test("disk", Importance::Warning, false));
    let names: Vec<&str> = service.failing().iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["http", "disk"]);
}

#[test]
fn who_is_on_duty_and_what_they_entered() {
    let alert = Alert::for_test().officer_field("phone", "+1");
    let entered: Vec<(bool, Option<&str>)> = alert
        .users
        .iter()
        .map(|user| (alert.is_on_duty(user), user.fields.get("phone")))
        .collect();
    assert_eq!(entered, [(true, Some("+1")), (false, None)]);
    assert!(alert.is_newly_critical());
}

#[test]
fn values_are_read_as_what_they_are() {
    let values: Values = [("a", "12"), ("b", "true"), ("c", ""), ("d", "x")]
        .into_iter()
        .collect();
    assert_eq!(values.number("a").unwrap(), Some(12));
    assert_eq!(values.number("none").unwrap(), None);
    assert_eq!(values.number("d").unwrap_err().message, "`d` is no whole number");
    assert!(values.is_true("b") && !values.is_true("a"));
    assert_eq!(values.get("c"), None);
    assert_eq!(values.require("c").unwrap_err().message, "`c` is not set");
}

#[test]
fn placeholders_stay_what_they_are_in_queries_and_forms() {
    let request = Delivery::http("https://sms.example/send?v=1")
        .query("to", "+44 20")
        .query("key", "{{secret:api key}}&x");
    assert_eq!(
        request.url,
        "https://sms.example/send?v=1&to=%2B44%2020&key={{secret:api key}}%26x"
    );
    let form = Delivery::http("https://sms.example").form([("a b", "{{secret:3/pin}}"), ("c", "{{secret:")]);
    assert_eq!(form.body_text(), "a%20b={{secret:3/pin}}&c=%7B%7Bsecret%3A");
    assert_eq!(
        form.header_value("content-type"),
        Some("application/x-www-form-urlencoded")
    );
}

#[test]
fn deliveries_of_all_kinds_are_collected() {
    let mut deliveries =
        Deliveries::one(Delivery::mail("ann@example.com", "Down", "It is down.").and_to("b@example.com"));
    deliveries.push(
        Delivery::slack("#tech", Blocks::new().section("Down"))
            .unwrap()
            .incident()
            .buttons(),
    );
    deliveries.extend([Delivery::http("https://a.example").text("down").sign("{{secret:s}}")]);
    assert_eq!(deliveries[0].as_mail().unwrap().to.len(), 2);
    let slack = deliveries[1].as_slack().unwrap();
    assert_eq!((slack.place, slack.buttons), (SlackPlace::Incident, true));
    assert_eq!(deliveries[2].as_http().unwrap().body_text(), "down");
    let refused: crate::Result<Deliveries> = [Delivery::slack("#tech", Blocks::new().section(""))]
        .into_iter()
        .collect();
    assert!(refused.is_err());
}
