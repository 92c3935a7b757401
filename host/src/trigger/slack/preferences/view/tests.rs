//! What people see, and what is read of what they entered.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

fn field(name: &str, kind: &str) -> FieldView {
    FieldView {
        name: name.into(),
        label: name.to_uppercase(),
        kind: kind.into(),
        max_length: 20,
        optional: false,
        secret: false,
        default: None,
        entered: false,
        value: None,
    }
}

fn pager(fields: Vec<FieldView>) -> PluginView {
    PluginView {
        plugin: "pager".into(),
        title: "Pager".into(),
        fields,
        problem: None,
    }
}

fn values(given: &[(&str, Value)]) -> Value {
    let values = given.iter();
    let element = |value: &Value| json!({INPUT: {"type": "plain_text_input", "value": value}});
    values
        .map(|(field, value)| (format!("pager:{field}"), element(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn texts(plugin: PluginView, values: &Value) -> Vec<(String, Option<String>)> {
    let mut entered = entered(values, &[plugin]);
    entered.remove("pager").unwrap_or_default().fields.into_iter().collect()
}

#[test]
fn a_plugin_is_a_heading_and_an_input_a_field() {
    let phone = FieldView {
        value: Some("+44".into()),
        entered: true,
        ..field("phone", "text")
    };
    let urgent = FieldView {
        default: Some("false".into()),
        optional: true,
        ..field("urgent", "boolean")
    };
    let form = form(&[pager(vec![phone, field("delay", "number"), urgent])]);
    insta::assert_snapshot!(form["blocks"].as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join("\n"), @r#"
    {"type":"header","text":{"type":"plain_text","text":"Pager","emoji":false}}
    {"type":"input","block_id":"pager:phone","label":{"type":"plain_text","text":"PHONE","emoji":false},"element":{"action_id":"entered","type":"plain_text_input","max_length":20,"initial_value":"+44"},"optional":false}
    {"type":"input","block_id":"pager:delay","label":{"type":"plain_text","text":"DELAY","emoji":false},"element":{"action_id":"entered","type":"number_input","is_decimal_allowed":false},"optional":false}
    {"type":"input","block_id":"pager:urgent","label":{"type":"plain_text","text":"URGENT","emoji":false},"element":{"action_id":"entered","type":"static_select","initial_option":{"text":{"type":"plain_text","text":"No","emoji":false},"value":"false"},"options":[{"text":{"type":"plain_text","text":"Yes","emoji":false},"value":"true"},{"text":{"type":"plain_text","text":"No","emoji":false},"value":"false"}]},"optional":true}
    "#);
    assert_eq!(form["submit"]["text"], "Save");
}

#[test]
fn a_secret_that_is_left_empty_stays() {
    let secret = |entered| FieldView {
        secret: true,
        entered,
        ..field("token", "text")
    };
    let input = &form(&[pager(vec![secret(true)])])["blocks"][1];
    assert_eq!(input["optional"], true);
    assert!(input["element"].get("initial_value").is_none());
    assert_eq!(texts(pager(vec![secret(true)]), &values(&[("token", Value::Null)])), []);
    let new = [("token".to_owned(), Some("new".to_owned()))];
    assert_eq!(
        texts(pager(vec![secret(true)]), &values(&[("token", "new".into())])),
        new
    );
    let none = [("token".to_owned(), Some(String::new()))];
    assert_eq!(
        texts(pager(vec![secret(false)]), &values(&[("token", Value::Null)])),
        none
    );
}

#[test]
fn a_default_that_is_left_stays_a_default() {
    let delay = FieldView {
        default: Some("5".into()),
        optional: true,
        ..field("delay", "number")
    };
    let texts = |value: Value| texts(pager(vec![delay.clone()]), &values(&[("delay", value)]));
    assert_eq!(texts("5".into()), []);
    assert_eq!(texts("6".into()), [("delay".to_owned(), Some("6".to_owned()))]);
    assert_eq!(texts(Value::Null), [("delay".to_owned(), Some(String::new()))]);
}

#[test]
fn what_was_not_asked_for_is_not_read() {
    let values = values(&[("phone", "1".into()), ("admin", "true".into())]);
    let phone = [("phone".to_owned(), Some("1".to_owned()))];
    assert_eq!(
        texts(pager(vec![field("phone", "text"), field("fax", "text")]), &values),
        phone
    );
}

#[test]
fn slack_s_limits_are_kept() {
    let long = FieldView {
        label: "x".repeat(3000),
        max_length: 9000,
        ..field("phone", "text")
    };
    let plugin = PluginView {
        title: String::new(),
        ..pager(vec![long; 150])
    };
    let form = form(std::slice::from_ref(&plugin));
    let blocks = form["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), MOST_BLOCKS);
    assert_eq!(
        blocks[1]["label"]["text"].as_str().unwrap().chars().count(),
        LONGEST_LABEL
    );
    assert_eq!(blocks[1]["element"]["max_length"], 3000);
    assert!(form["title"]["text"].as_str().unwrap().len() <= LONGEST_TITLE);
    let home = home(None, &vec![plugin; 150]);
    assert_eq!(home["blocks"].as_array().unwrap().len(), MOST_BLOCKS);
}

#[test]
fn what_is_wrong_is_shown_at_its_field() {
    let wrong = BTreeMap::from([("phone".to_owned(), "it may not be empty".to_owned())]);
    insta::assert_snapshot!(faults(&BTreeMap::from([("pager".to_owned(), wrong)])), @r#"{"response_action":"errors","errors":{"pager:phone":"It may not be empty"}}"#);
    let first = fault(&values(&[("phone", Value::Null)]), "The disk is full.");
    assert_eq!(first["errors"]["pager:phone"], "The disk is full.");
}

#[test]
fn who_wants_to_see_what() {
    assert_eq!(Wanted::read(" me "), Some(Wanted::All));
    assert_eq!(Wanted::read("preferences pager"), Some(Wanted::Plugin("pager".into())));
    for other in ["", "me me me", "tell me", "melon"] {
        assert_eq!(Wanted::read(other), None, "{other}");
    }
}
