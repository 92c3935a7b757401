#![allow(clippy::unwrap_used, reason = "a test may")]

use proptest::prelude::*;
use serde_json::json;

use super::super::tests::Ended;
use super::*;
use crate::config::{Format, Mentions};

const TRUSTED: Voice = Voice {
    trusted: true,
    mentions: Mentions::Users,
};
const UNTRUSTED: Voice = Voice {
    trusted: false,
    mentions: Mentions::None,
};

fn checked(blocks: Value, voice: Voice) -> Result<Value, String> {
    let Value::Array(blocks) = blocks else {
        return Err("no list".to_owned());
    };
    check(blocks, voice).map(Value::Array)
}

fn refusals(blocks: &[Value], voice: Voice) -> String {
    let said: Vec<String> = blocks
        .iter()
        .map(|block| checked(json!([block]), voice).expect_err("passed"))
        .collect();
    said.join("\n")
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

fn rich(elements: Value) -> Value {
    json!({ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": elements }] })
}

/// One of each, as Slack's own documentation writes them.
fn one_of_each() -> Value {
    json!([
        { "type": "header", "text": { "type": "plain_text", "text": "The rota", "emoji": true } },
        { "type": "section", "block_id": "a", "text": { "type": "mrkdwn", "text": "*On duty*: <@U1>" },
          "accessory": { "type": "image", "image_url": "https://example.com/a.png", "alt_text": "a duck" } },
        { "type": "section", "fields": [{ "type": "mrkdwn", "text": "*Mon*" }, { "type": "plain_text", "text": "Ann & Bob" }],
          "accessory": { "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": "https://example.com" } },
        { "type": "divider" },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "_until Friday_" }, { "type": "plain_text", "text": "UTC" }] },
        { "type": "actions", "elements": [{ "type": "button", "style": "primary", "action_id": "b", "url": "https://example.com/b",
          "text": { "type": "plain_text", "text": "Swap" } }] },
        { "type": "image", "image_url": "https://example.com/c.png", "alt_text": "a chart" },
        { "type": "markdown", "text": "# Title\n[link](https://example.com)" },
        { "type": "rich_text", "elements": [
            { "type": "rich_text_section", "elements": [
                { "type": "text", "text": "Hello ", "style": { "bold": true } }, { "type": "user", "user_id": "U1" },
                { "type": "emoji", "name": "wave" }, { "type": "channel", "channel_id": "C1" },
                { "type": "link", "url": "https://example.com", "text": "here" },
                { "type": "date", "timestamp": 1_720_710_212, "format": "{date}", "fallback": "July" } ] },
            { "type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": "first" }] } ] },
            { "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": "a < b" }] },
            { "type": "rich_text_quote", "elements": [{ "type": "text", "text": "so it is" }] } ] },
        { "type": "table", "column_settings": [null, { "align": "right", "is_wrapped": true }], "rows": [
            [{ "type": "raw_text", "text": "who" }, { "type": "raw_text", "text": "days" }],
            [{ "type": "raw_text", "text": "Ann" }, rich(json!([{ "type": "text", "text": "5" }]))] ] },
        { "type": "video", "alt_text": "a talk", "title": { "type": "plain_text", "text": "Talk" },
          "thumbnail_url": "https://example.com/t.png", "video_url": "https://example.com/v" },
    ])
}

#[test]
fn what_slack_takes_passes_unchanged() {
    assert_eq!(checked(one_of_each(), TRUSTED), Ok(one_of_each()));
}

#[test]
fn notifications_say_the_texts() {
    let Value::Array(blocks) = one_of_each() else {
        return;
    };
    insta::assert_snapshot!(fallback::text(&blocks), @"
    The rota
    *On duty*: <@U1>
    a duck
    *Mon*
    Ann &amp; Bob
    Open
    _until Friday_
    UTC
    Swap
    a chart
    # Title
    [link](https://example.com)
    Hello <@U1>:wave:<#C1>hereJuly
    first
    a &lt; b
    so it is
    who
    days
    Ann
    5
    a talk
    ");
}

#[test]
fn no_job_makes_a_button_of_the_host() {
    for id in ["innkeeper-say-0", "innkeeper\u{0}-say-0"] {
        let button = json!([{ "type": "actions", "elements": [{
            "type": "button", "action_id": id, "value": "ops deploy", "url": "https://example.com",
            "text": { "type": "plain_text", "text": "A duck" } }] }]);
        assert_eq!(
            checked(button, TRUSTED),
            Err(
                "block 1 of it is refused: `elements[0].action_id` is one of the host's own: choose another."
                    .to_owned()
            )
        );
    }
}

#[test]
fn what_slack_refuses_is_refused_with_the_reason() {
    let blocks = [
        json!(5),
        json!({ "text": "x" }),
        json!({ "type": "setcion" }),
        json!({ "type": "input" }),
        json!({ "type": "section" }),
        json!({ "type": "section", "text": "Hello" }),
        json!({ "type": "section", "text": { "type": "markdown", "text": "x" } }),
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": "" } }),
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x", "emoji": true } }),
        section(&"x".repeat(3_001)),
        json!({ "type": "section", "fields": [] }),
        json!({ "type": "section", "fields": [{ "type": "mrkdwn", "text": "x".repeat(2_001) }] }),
        json!({ "type": "section", "text": { "type": "plain_text", "text": "x" }, "accessory": { "type": "static_select" } }),
        json!({ "type": "header", "text": { "type": "mrkdwn", "text": "x" } }),
        json!({ "type": "header", "text": { "type": "plain_text", "text": "x".repeat(151) } }),
        json!({ "type": "divider", "txet": 1 }),
        json!({ "type": "divider", "block_id": "x".repeat(256) }),
        json!({ "type": "context", "elements": vec![json!({ "type": "mrkdwn", "text": "x" }); 11] }),
        json!({ "type": "actions", "elements": [{ "type": "datepicker" }] }),
        json!({ "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "x" } }] }),
        json!({ "type": "image", "alt_text": "x" }),
        json!({ "type": "image", "alt_text": "x", "image_url": "file:///etc/passwd" }),
        rich(json!([{ "type": "user", "user_id": "bob" }])),
        rich(json!([{ "type": "broadcast", "range": "all" }])),
        json!({ "type": "table", "rows": [vec![json!({ "type": "raw_text", "text": "x" }); 21]] }),
    ];
    insta::assert_snapshot!(refusals(&blocks, TRUSTED), @"
    block 1 of it is refused: must be an object, and is a number.
    block 1 of it is refused: must have a `type`, a string.
    block 1 of it is refused: is of the type `setcion`, and here may be `section`, `header`, `divider`, `context`, `actions`, `image`, `rich_text`, `table`, `markdown`, `video`.
    block 1 of it is refused: is of the type `input`: nothing reads what people would enter.
    block 1 of it is refused: lacks `text` or `fields`.
    block 1 of it is refused: `text` must be an object, and is a string.
    block 1 of it is refused: `text` must be a text object of the type `mrkdwn` or `plain_text`.
    block 1 of it is refused: `text.text` must not be empty.
    block 1 of it is refused: `text` has an unknown key, `emoji`.
    block 1 of it is refused: `text.text` has 3,001 characters, and may have 3,000.
    block 1 of it is refused: `fields` must not be empty.
    block 1 of it is refused: `fields[0].text` has 2,001 characters, and may have 2,000.
    block 1 of it is refused: `accessory` is of the type `static_select`, and here may be `image`, `button`.
    block 1 of it is refused: `text` must be a text object of the type `plain_text`.
    block 1 of it is refused: `text.text` has 151 characters, and may have 150.
    block 1 of it is refused: has an unknown key, `txet`.
    block 1 of it is refused: `block_id` has 256 characters, and may have 255.
    block 1 of it is refused: `elements` has 11 items, and may have 10.
    block 1 of it is refused: `elements[0]` is of the type `datepicker`: nothing answers it in this version; a `button` with a `url` works.
    block 1 of it is refused: `elements[0]` lacks `url`.
    block 1 of it is refused: lacks `image_url` or `slack_file`.
    block 1 of it is refused: `image_url` must be an absolute URL, `https://…`.
    block 1 of it is refused: `elements[0].elements[0].user_id` must be an id as Slack writes them, `U…`.
    block 1 of it is refused: `elements[0].elements[0].range` must be one of `here`, `channel`, `everyone`.
    block 1 of it is refused: `rows[0]` has 21 items, and may have 20.
    ");
}

#[test]
fn what_an_untrusted_namespace_may_not_use_is_refused_with_the_reason() {
    let image = json!({ "type": "image", "alt_text": "x", "image_url": "https://example.com/?secret" });
    let button =
        json!({ "type": "button", "text": { "type": "plain_text", "text": "x" }, "url": "https://example.com" });
    let blocks = [
        image.clone(),
        json!({ "type": "context", "elements": [image] }),
        json!({ "type": "actions", "elements": [button] }),
        json!({ "type": "markdown", "text": "[bank](https://evil.example)" }),
        rich(json!([{ "type": "link", "url": "slack://open" }])),
    ];
    insta::assert_snapshot!(refusals(&blocks, UNTRUSTED), @"
    block 1 of it is refused: is of the type `image`: Slack would fetch it from an address of the job's choice, and the namespace is not trusted.
    block 1 of it is refused: `elements[0]` is of the type `image`: Slack would fetch it from an address of the job's choice, and the namespace is not trusted.
    block 1 of it is refused: `elements[0]` is of the type `button`: its text hides where it leads, and the namespace is not trusted.
    block 1 of it is refused: is of the type `markdown`: its links show another text than their address, and the namespace is not trusted.
    block 1 of it is refused: `elements[0].elements[0].url` must be an absolute URL, `https://…`.
    ");
}

#[test]
fn a_message_has_limits_that_no_single_block_breaks() {
    let ids = |id: &str| json!({ "type": "divider", "block_id": id });
    let table = json!({ "type": "table", "rows": [[{ "type": "raw_text", "text": "x" }]] });
    let cases = [
        Value::Array(vec![json!({ "type": "divider" }); 51]),
        json!([table, table]),
        json!([ids("a"), ids("b"), ids("a")]),
        Value::Array(vec![section(&"x".repeat(2_700)); 5]),
        Value::Array(vec![json!({ "type": "markdown", "text": "x".repeat(6_001) }); 2]),
    ];
    let said: Vec<String> = cases
        .into_iter()
        .map(|case| checked(case, TRUSTED).unwrap_err())
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    it has 51 blocks, and a message has at most 50.
    it has more than one table, and a message has at most one.
    two of its blocks have the `block_id` `a`.
    its blocks together have 13,500 characters of text, and a message takes at most 13,000.
    its markdown blocks together have 12,002 characters of text, and a message takes at most 12,000.
    ");
    assert!(checked(Value::Array(vec![json!({ "type": "divider" }); 50]), TRUSTED).is_ok());
    assert!(checked(Value::Array(vec![section(&"x".repeat(2_600)); 5]), TRUSTED).is_ok());
}

#[test]
fn what_an_untrusted_namespace_says_is_shown_and_mentions_nobody() {
    let blocks = json!([
        section("<!channel> <@U1> a < b"),
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "<https://evil.example|bank> @here", "verbatim": false }] },
        rich(json!([
            { "type": "user", "user_id": "U1", "style": { "bold": true } },
            { "type": "usergroup", "usergroup_id": "S1" },
            { "type": "broadcast", "range": "channel" },
            { "type": "link", "url": "https://evil.example", "text": "https://bank.example", "unsafe": true },
            { "type": "link", "url": "https://example.com", "text": "https://example.com" },
            { "type": "date", "timestamp": 1, "format": "{date}", "url": "https://evil.example" },
        ])),
    ]);
    let shown = serde_json::to_string_pretty(&checked(blocks, UNTRUSTED).unwrap()).unwrap();
    insta::assert_snapshot!(shown.replace('\u{200b}', "·"), @r#"
    [
      {
        "type": "section",
        "text": {
          "type": "mrkdwn",
          "text": "@·channel @·U1 a &lt; b",
          "verbatim": true
        }
      },
      {
        "type": "context",
        "elements": [
          {
            "type": "mrkdwn",
            "text": "&lt;https://evil.example|bank&gt; @·here",
            "verbatim": true
          }
        ]
      },
      {
        "type": "rich_text",
        "elements": [
          {
            "type": "rich_text_section",
            "elements": [
              {
                "type": "text",
                "text": "@·U1",
                "style": {
                  "bold": true
                }
              },
              {
                "type": "text",
                "text": "@·S1"
              },
              {
                "type": "text",
                "text": "@·channel"
              },
              {
                "type": "text",
                "text": "https://bank.example (https://evil.example)"
              },
              {
                "type": "link",
                "url": "https://example.com",
                "text": "https://example.com"
              },
              {
                "type": "date",
                "timestamp": 1,
                "format": "{date}"
              }
            ]
          }
        ]
      }
    ]
    "#);
}

#[test]
fn a_trusted_namespace_mentions_only_whom_it_may() {
    let shout = json!([
        section("<!here> <@U1>"),
        rich(json!([{ "type": "broadcast", "range": "here" }]))
    ]);
    let users = checked(shout.clone(), TRUSTED).unwrap();
    assert_eq!(users[0]["text"]["text"], "@\u{200b}here <@U1>");
    assert_eq!(users[1]["elements"][0]["elements"][0]["type"], "text");
    let channel = Voice {
        mentions: Mentions::Channel,
        ..TRUSTED
    };
    assert_eq!(checked(shout.clone(), channel), Ok(shout));
}

#[test]
fn an_escaped_text_is_measured_as_it_is_posted() {
    assert!(checked(json!([section(&"<".repeat(800))]), TRUSTED).is_ok());
    insta::assert_snapshot!(checked(json!([section(&"<".repeat(800))]), UNTRUSTED).unwrap_err(), @"block 1 of it is refused: `text.text` has 3,200 characters, and may have 3,000.");
    let context = json!([{ "type": "context", "elements": [{ "type": "mrkdwn", "text": "<".repeat(800) }] }]);
    insta::assert_snapshot!(checked(context, UNTRUSTED).unwrap_err(), @"block 1 of it is refused: `elements[0].text` has 3,200 characters, and may have 3,000.");
}

#[test]
fn output_that_is_no_list_of_blocks_is_attached_with_the_reason() {
    let said = |stdout: &str| {
        let file = Ended::well(Format::Blocks, stdout).file();
        assert_eq!(
            (file.name.as_str(), file.content),
            ("demo_rota-7.json", stdout.as_bytes().to_vec())
        );
        file.comment.unwrap()
    };
    insta::assert_snapshot!(said("Traceback (most recent call last):"), @r#"The report of `demo_rota` (run 7) cannot be shown as blocks: it is no JSON: expected value at line 1 column 1. What it wrote is in the file."#);
    insta::assert_snapshot!(said("{\"text\": \"x\"}"), @r#"The report of `demo_rota` (run 7) cannot be shown as blocks: it must be a JSON array of blocks, and is an object. What it wrote is in the file."#);
    insta::assert_snapshot!(said("[{\"type\": \"<!channel> ```\"}]").replace('\u{200b}', "·"), @"The report of `demo_rota` (run 7) cannot be shown as blocks: block 1 of it is refused: is of the type `&lt;!channel&gt; '''`, and here may be `section`, `header`, `divider`, `context`, `actions`, `image`, `rich_text`, `table`, `markdown`, `video`. What it wrote is in the file.");
}

#[test]
fn blocks_are_taken_as_the_block_kit_builder_shows_them() {
    let stdout = json!({ "blocks": [{ "type": "divider" }] }).to_string();
    let Some(Message::Post(post)) = Ended::well(Format::Blocks, stdout).said() else {
        unreachable!("blocks are posted");
    };
    assert_eq!(post.blocks, [json!({ "type": "divider" })]);
    assert_eq!(post.text, "The report of `demo_rota` (run 7).");
}

/// JSON that is near to being blocks.
fn near_blocks() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "section",
        "header",
        "context",
        "rich_text",
        "rich_text_section",
        "rich_text_list",
        "mrkdwn",
        "plain_text",
        "text",
        "link",
        "user",
        "broadcast",
        "here",
        "table",
        "raw_text",
        "button",
        "image",
        "<!channel>",
        "<@U1>",
        "U1",
        "https://example.com",
        "<a|b>",
        "",
        "bullet",
    ]);
    let leaf = prop_oneof![
        4 => words.clone().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<u32>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let keys = prop::sample::select(vec![
        "type",
        "type",
        "text",
        "elements",
        "fields",
        "rows",
        "url",
        "user_id",
        "range",
        "style",
        "accessory",
        "title",
    ]);
    leaf.prop_recursive(6, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((keys.clone(), inner), 0..5)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// Blocks that are right but for what their texts hold.
fn right_blocks() -> impl Strategy<Value = Value> {
    let text = || "[<>&@!|^a-zU1\u{1b} ]{1,40}";
    prop_oneof![
        text().prop_map(|text| section(&text)),
        text().prop_map(|text| json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text }] })),
        text().prop_map(
            |text| rich(json!([{ "type": "link", "url": "https://example.com/x", "text": text },
            { "type": "user", "user_id": "U1" }, { "type": "broadcast", "range": "here" }]))
        ),
        text().prop_map(|text| json!({ "type": "header", "text": { "type": "plain_text", "text": text } })),
    ]
}

/// Every `mrkdwn` text, and every element that mentions or links.
fn interpreted<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| interpreted(item, found)),
        Value::Object(object) => {
            if matches!(
                value["type"].as_str(),
                Some("mrkdwn" | "link" | "user" | "broadcast" | "usergroup")
            ) {
                found.push(value);
            }
            object.values().for_each(|value| interpreted(value, found));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(blocks in prop::collection::vec(near_blocks(), 0..5), trusted: bool) {
        let _ = check(blocks, if trusted { TRUSTED } else { UNTRUSTED });
    }

    #[test]
    fn what_passes_is_within_limits_and_passes_again(blocks in prop::collection::vec(right_blocks(), 0..60)) {
        match check(blocks.clone(), TRUSTED) {
            Ok(passed) => {
                prop_assert!(passed.len() <= limits::BLOCKS);
                prop_assert!(fallback::text(&passed).chars().count() <= limits::TEXT);
                prop_assert_eq!(check(passed.clone(), TRUSTED), Ok(passed));
            }
            Err(why) => prop_assert!(blocks.len() > limits::BLOCKS || why.contains("must not be empty"), "{why}"),
        }
    }

    #[test]
    fn untrusted_blocks_mention_nobody_and_hide_no_link(blocks in prop::collection::vec(right_blocks(), 1..10)) {
        let Ok(passed) = check(blocks, UNTRUSTED) else {
            return Ok(());
        };
        prop_assert!(!fallback::text(&passed).contains('<'));
        let all = Value::Array(passed);
        let mut found = Vec::new();
        interpreted(&all, &mut found);
        for value in found {
            match value["type"].as_str() {
                Some("mrkdwn") => prop_assert!(!value["text"].as_str().unwrap_or("<").contains('<')),
                Some("link") => prop_assert!(value["text"].is_null() || value["text"] == value["url"]),
                other => prop_assert!(false, "{other:?} was let through"),
            }
        }
    }
}
