use proptest::prelude::*;
use serde_json::json;

use super::*;

fn shown(text: &str, colour: bool) -> String {
    render(&Message::Post(Post::text(text)), 60, colour).replace('\x1b', "^")
}

fn shown_blocks(blocks: serde_json::Value, width: usize, colour: bool) -> String {
    let post = Post {
        text: "not shown".into(),
        blocks: blocks.as_array().cloned().unwrap_or_default(),
        unfurl: false,
    };
    render(&Message::Post(post), width, colour).replace('\x1b', "^")
}

const ROTA: &str = "*On duty* this _week_: <@U1|bob>, <!subteam^S2|@devs>, <!here> in <#C3|team>\n\
                    `a &lt; b` &amp; <https://example.com|the rota> or <https://example.org>, <mailto:a@b.example|a@b.example>";

#[test]
fn mrkdwn_is_written_out() {
    insta::assert_snapshot!(shown(ROTA, false), @"
    *On duty* this _week_: @bob, @devs, @here in #team
    `a < b` & the rota (https://example.com) or https://example.org, a@b.example
    ");
    insta::assert_snapshot!(shown(ROTA, true), @"
    ^[1mOn duty^[22m this ^[3mweek^[23m: @bob, @devs, @here in #team
    ^[36ma < b^[39m & the rota (https://example.com) or https://example.org, a@b.example
    ");
}

#[test]
fn what_only_looks_like_a_style_is_left_alone() {
    let text = "2 * 3 * 4, a_b_c, *.rs and *.toml, ~/x ~/y, ** a **, `";
    assert_eq!(shown(text, true), text);
}

#[test]
fn a_failure_shows_its_fence_indented() {
    let text = "failed:\n```\na `·`· &lt;b&gt;\n\n  c\n```\nThe whole log: `innkeeper logs 7`".replace('·', "\u{200b}");
    insta::assert_snapshot!(shown(&text, false), @"
    failed:
        a `` <b>

          c
    The whole log: `innkeeper logs 7`
    ");
    insta::assert_snapshot!(shown("```\nall of it\n```", false), @"    all of it");
    insta::assert_snapshot!(shown("an open ``` fence", false), @"an open ``` fence");
}

#[test]
fn blocks_are_laid_out() {
    let blocks = json!([
        { "type": "header", "text": { "type": "plain_text", "text": "The rota" } },
        { "type": "section", "text": { "type": "mrkdwn", "text": "*On duty*: <@U1>" },
          "accessory": { "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": "https://example.com" } },
        { "type": "section", "fields": [
            { "type": "mrkdwn", "text": "*Mon*\nAnn" }, { "type": "mrkdwn", "text": "*Tue*\nBob" }, { "type": "plain_text", "text": "Wed" } ] },
        { "type": "divider" },
        { "type": "table", "column_settings": [{ "align": "left" }, { "align": "right" }], "rows": [
            [{ "type": "raw_text", "text": "who" }, { "type": "raw_text", "text": "days" }],
            [{ "type": "raw_text", "text": "Ann" }, { "type": "raw_text", "text": "12" }] ] },
        { "type": "rich_text", "elements": [
            { "type": "rich_text_section", "elements": [
                { "type": "text", "text": "Hello ", "style": { "bold": true } }, { "type": "user", "user_id": "U1" } ] },
            { "type": "rich_text_list", "style": "ordered", "elements": [
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": "first" }] },
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": "second" }] } ] },
            { "type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": "deeper" }] } ] },
            { "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": "let x = 1;\nx" }] },
            { "type": "rich_text_quote", "elements": [{ "type": "text", "text": "so\nit is" }] } ] },
        { "type": "image", "image_url": "https://example.com/c.png", "alt_text": "a chart" },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "until _Friday_" }, { "type": "plain_text", "text": "UTC" }] },
        { "type": "new\nkind" },
    ]);
    insta::assert_snapshot!(shown_blocks(blocks.clone(), 40, false), @"
    The rota
    *On duty*: @U1
    [Open] (https://example.com)
    *Mon*  *Tue*
    Ann    Bob
    Wed
    ────────────────────────────────────────
    who  days
    ───  ────
    Ann    12
    Hello @U1
    1. first
    2. second
      • deeper
        let x = 1;
        x
    > so
    > it is
    [image: a chart] (https://example.com/c.png)
    until _Friday_  UTC
    (new kind)
    ");
    insta::assert_snapshot!(shown_blocks(blocks, 40, true), @"
    ^[1mThe rota^[22m
    ^[1mOn duty^[22m: @U1
    [Open] (https://example.com)
    ^[1mMon^[22m  ^[1mTue^[22m
    Ann  Bob
    Wed
    ^[2m────────────────────────────────────────^[22m
    who  days
    ───  ────
    Ann    12
    ^[1mHello ^[22m@U1
    1. first
    2. second
      • deeper
        let x = 1;
        x
    > so
    > it is
    [image: a chart] (https://example.com/c.png)
    ^[2muntil ^[3mFriday^[23m  UTC^[22m
    (new kind)
    ");
}

#[test]
fn a_file_is_shown_with_its_beginning() {
    let file = |content: &[u8]| {
        let file = File {
            name: "demo_rota-7.txt".into(),
            comment: Some("The report of `demo_rota` (run 7).".into()),
            content: content.to_vec(),
        };
        render(&Message::File(file), 60, false)
    };
    insta::assert_snapshot!(file(b"one\n\x1b[2Jtwo\n"), @"
    The report of `demo_rota` (run 7).
    demo_rota-7.txt (12 bytes)
    one
    two
    ");
    insta::assert_snapshot!(file(b"\0asm"), @"
    The report of `demo_rota` (run 7).
    demo_rota-7.txt (4 bytes)
    (not text)
    ");
    let long = file("é".repeat(20_000).as_bytes());
    assert!(long.ends_with("éé\n(and 7 KiB more)"), "{} bytes", long.len());
}

#[test]
fn a_job_does_not_drive_the_terminal() {
    let attack = "\x1b[2J\x1b]0;owned\x07\u{9b}31m<https://example.com|\x1b[8mhidden>\u{202e}";
    assert_eq!(shown(attack, true), "hidden (https://example.com)");
    let blocks = json!([
        { "type": "header", "text": { "type": "plain_text", "text": attack } },
        { "type": "context", "elements": [{ "type": "plain_text", "text": "\x1b[8m" }] },
        { "type": "\x1b[2Jx" },
        { "type": "table", "rows": [[{ "type": "raw_text", "text": "a\x1b[1A\nb" }]] },
    ]);
    assert!(!shown_blocks(blocks, 60, false).contains(['^', '\x07', '\u{9b}', '\u{202e}']));
}

proptest! {
    #[test]
    fn without_colour_no_escape_sequence_leaves_whatever_the_message(text in any::<String>(), code in "[`*_~<>|@#!&\x1b\n a-c;]{0,60}") {
        let blocks = vec![json!({ "type": "section", "text": { "type": "mrkdwn", "text": code } }), json!({ "type": text })];
        for message in [
            Message::Post(Post::text(code.clone())),
            Message::Post(Post { text: String::new(), blocks, unfurl: false }),
            Message::File(File { name: text.clone(), comment: Some(code.clone()), content: text.into_bytes() }),
        ] {
            let shown = render(&message, 40, false);
            prop_assert!(shown.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{shown:?}");
            // Styles never break it either.
            let coloured = render(&message, 40, true);
            prop_assert_eq!(coloured.matches("\x1b[1m").count() + coloured.matches("\x1b[2m").count(), coloured.matches("\x1b[22m").count());
        }
    }
}
