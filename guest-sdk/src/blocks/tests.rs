#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::json;

use super::*;

fn value(blocks: &Blocks) -> serde_json::Value {
    serde_json::from_str(&blocks.to_json().unwrap()).unwrap()
}

#[test]
fn a_message_is_the_json_that_slack_documents() {
    let message = Blocks::new()
        .header("On duty")
        .section("*Ada*")
        .fields(["*Until*\nFriday", "*Then*\nBob"])
        .divider()
        .image("https://example.org/a.png", "A chart")
        .context([Text::plain("a < b")]);
    assert_eq!(
        value(&message),
        json!([
            {"type": "header", "text": {"type": "plain_text", "text": "On duty"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Ada*"}},
            {"type": "section", "fields": [
                {"type": "mrkdwn", "text": "*Until*\nFriday"},
                {"type": "mrkdwn", "text": "*Then*\nBob"},
            ]},
            {"type": "divider"},
            {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "A chart"},
            {"type": "context", "elements": [{"type": "plain_text", "text": "a < b"}]},
        ])
    );
}

#[test]
fn a_button_opens_a_page() {
    let message = Blocks::new().buttons([
        Button::link("Dashboard", "https://example.org"),
        Button::link("Roll back", "https://example.org/back").danger(),
    ]);
    assert_eq!(
        value(&message),
        json!([{"type": "actions", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Dashboard"}, "url": "https://example.org"},
            {"type": "button", "text": {"type": "plain_text", "text": "Roll back"},
             "url": "https://example.org/back", "style": "danger"},
        ]}])
    );
}

#[test]
fn a_section_has_something_beside_it_and_small_print_has_pictures() {
    let message = Blocks::new()
        .section_with(
            "Go?",
            Button::link("Go", "https://example.org").confirm(Confirm::new("Sure?", "There is no way back")),
        )
        .section_with("Ada", Picture::new("https://example.org/ada.png", "Ada"))
        .context([
            Small::from(Picture::new("https://example.org/ok.png", "ok")),
            "all well".into(),
        ])
        .markdown("# Hi");
    let plain = |text: &str| json!({"type": "plain_text", "text": text});
    assert_eq!(
        value(&message),
        json!([
            {"type": "section", "text": {"type": "mrkdwn", "text": "Go?"}, "accessory": {
                "type": "button", "text": plain("Go"), "url": "https://example.org",
                "confirm": {"title": plain("Sure?"), "text": {"type": "mrkdwn", "text": "There is no way back"},
                            "confirm": plain("Yes"), "deny": plain("No")},
            }},
            {"type": "section", "text": {"type": "mrkdwn", "text": "Ada"}, "accessory": {
                "type": "image", "image_url": "https://example.org/ada.png", "alt_text": "Ada",
            }},
            {"type": "context", "elements": [
                {"type": "image", "image_url": "https://example.org/ok.png", "alt_text": "ok"},
                {"type": "mrkdwn", "text": "all well"},
            ]},
            {"type": "markdown", "text": "# Hi"},
        ])
    );
}

#[test]
fn rich_text_is_the_json_that_slack_documents() {
    let message = Blocks::new().rich_text(
        RichText::new()
            .paragraph([
                Span::text("see ").bold(),
                Span::link("this", "https://example.org").italic(),
            ])
            .bullets(["a", "b"])
            .quote([Span::user("U024BE7LH"), Span::emoji("wave"), Span::channel("C024BE91L")])
            .preformatted("x = 1"),
    );
    let section = |elements: serde_json::Value| json!({"type": "rich_text_section", "elements": elements});
    assert_eq!(
        value(&message),
        json!([{"type": "rich_text", "elements": [
            section(json!([
                {"type": "text", "text": "see ", "style": {"bold": true}},
                {"type": "link", "url": "https://example.org", "text": "this", "style": {"italic": true}},
            ])),
            {"type": "rich_text_list", "style": "bullet", "elements": [
                section(json!([{"type": "text", "text": "a"}])),
                section(json!([{"type": "text", "text": "b"}])),
            ]},
            {"type": "rich_text_quote", "elements": [
                {"type": "user", "user_id": "U024BE7LH"},
                {"type": "emoji", "name": "wave"},
                {"type": "channel", "channel_id": "C024BE91L"},
            ]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x = 1"}]},
        ]}])
    );
}

#[test]
fn a_cell_may_be_a_link() {
    let cell: Cell = RichText::new()
        .paragraph([Span::link("7", "https://example.org/7")])
        .into();
    let message = Blocks::new().table(Table::new(["Run"]).row([cell]));
    assert_eq!(value(&message)[0]["rows"][1][0]["type"], "rich_text");
}
