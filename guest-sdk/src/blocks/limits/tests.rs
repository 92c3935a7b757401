#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::super::{Blocks, Button, Confirm, Picture, RichText, Small, Span, Table, Text};

fn refusal(blocks: &Blocks) -> String {
    blocks.to_json().unwrap_err().to_string()
}

#[test]
fn what_slack_takes_at_its_limits_is_taken() {
    let message = (0..49).fold(Blocks::new().header("é".repeat(150)), |message, _| message.divider());
    message.to_json().unwrap();
    Blocks::new().section("x".repeat(3000)).to_json().unwrap();
    Blocks::new().fields(vec!["x"; 10]).to_json().unwrap();
}

#[test]
fn what_slack_refuses_is_refused_with_the_block_and_the_limit() {
    assert_eq!(
        refusal(&(0..51).fold(Blocks::new(), |message, _| message.divider())),
        "a message has at most 50 blocks, this one has 51: leave some out, or report a file"
    );
    assert_eq!(
        refusal(&Blocks::new().divider().section("x".repeat(3001))),
        "block 2: a section's text has at most 3000 characters, this one has 3001"
    );
    assert_eq!(
        refusal(&Blocks::new().section("")),
        "block 1: a section's text is empty"
    );
    assert_eq!(
        refusal(&Blocks::new().header("x".repeat(151))),
        "block 1: a header has at most 150 characters, this one has 151"
    );
    assert_eq!(
        refusal(&Blocks::new().fields(Vec::<String>::new())),
        "block 1: a section needs a text or fields"
    );
    assert_eq!(
        refusal(&Blocks::new().buttons(vec![Button::link("Go", "https://example.org"); 26])),
        "block 1: at most 25 buttons, here are 26"
    );
}

#[test]
fn a_table_is_bounded_in_every_direction() {
    let rows = (0..100).fold(Table::new(["a"]), |table, _| table.row(["b"]));
    assert_eq!(
        refusal(&Blocks::new().table(rows)),
        "block 1: at most 100 rows, here are 101"
    );
    assert_eq!(
        refusal(&Blocks::new().table(Table::new(vec!["a"; 21]))),
        "block 1: at most 20 cells, here are 21"
    );
    assert_eq!(
        refusal(&Blocks::new().table(Table::new(["x".repeat(6000), "y".repeat(6000)]))),
        "block 1: the cells of a table hold at most 10000 characters, these hold 12000"
    );
    assert_eq!(
        refusal(&Blocks::new().table(Table::new(["a"])).table(Table::new(["b"]))),
        "a message shows one table: print the others as sections"
    );
}

#[test]
fn the_sum_of_all_texts_is_bounded() {
    let message = (0..5).fold(Blocks::new(), |message, _| message.section("x".repeat(2900)));
    assert_eq!(
        refusal(&message),
        "the blocks hold 14500 characters, Slack takes about 13000: leave some out, or report a file"
    );
}

#[test]
fn what_is_beside_and_inside_is_bounded_too() {
    let asks = |title: &str| Button::link("Go", "https://example.org").confirm(Confirm::new(title, "Sure?"));
    assert_eq!(
        refusal(&Blocks::new().section_with("x", asks(&"x".repeat(101)))),
        "block 1: the title of a question has at most 100 characters, this one has 101"
    );
    assert_eq!(
        refusal(&Blocks::new().section_with("x", Picture::new("example.org/a.png", "a"))),
        "block 1: a picture's address is not a whole one, as `https://…` is: `example.org/a.png`"
    );
    assert_eq!(
        refusal(&Blocks::new().context([Small::from(Text::plain("a")), Picture::new("https://a.b", "").into()])),
        "block 1: a picture's alt text is empty"
    );
    assert_eq!(
        refusal(&Blocks::new().rich_text(RichText::new().quote([Span::text("")]))),
        "block 1: a piece of rich text is empty"
    );
    assert_eq!(
        refusal(&Blocks::new().markdown("x".repeat(7000)).markdown("y".repeat(5001))),
        "the Markdown of a message has at most 12000 characters, this one has 12001"
    );
    assert_eq!(
        refusal(&Blocks::new().table(Table::new([RichText::new()]))),
        "block 1: rich text without anything in it"
    );
}

#[test]
fn main_shows_the_sentence() {
    let refused = Blocks::new().section("").to_json().unwrap_err();
    assert_eq!(format!("{refused:?}"), "block 1: a section's text is empty");
}
