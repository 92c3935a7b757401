#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use innkeeper_guest::{Ending, File, Finished, Message, Post, json};

use super::format;

fn post(run: Finished) -> Post {
    match format(run).unwrap() {
        Message::Post(post) => post,
        Message::File(file) => panic!("a file: {:?}", file.comment),
    }
}

fn file(run: Finished) -> File {
    match format(run).unwrap() {
        Message::File(file) => file,
        Message::Post(post) => panic!("a post: {post:?}"),
    }
}

/// The cells of the table.
fn cells(stdout: &str) -> Vec<Vec<String>> {
    let post = post(Finished::for_test(stdout));
    let row = |row: &json::Value| {
        let cells = row.as_array().unwrap().iter();
        cells.map(|cell| cell["text"].as_str().unwrap().to_owned()).collect()
    };
    post.blocks[0]["rows"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn csv_is_a_table_with_numbers_on_the_right() {
    let post = post(Finished::for_test("name,days\nAda,12\n\"Bob, too\",\n"));
    assert_eq!(post.text, "test_test: 2 rows of 2 columns");
    let table = &post.blocks[0];
    assert_eq!(table["rows"][2][0]["text"], "Bob, too");
    assert_eq!(table["rows"][2][1]["text"], "–");
    assert_eq!(
        table["column_settings"],
        json::json!([{"align": "left"}, {"align": "right"}])
    );
    assert_eq!(post.blocks[1]["elements"][0]["text"], "2 rows of 2 columns");
}

#[test]
fn other_marks_and_uneven_rows_are_read() {
    assert_eq!(cells("a;b\n1;2,5\n"), [["a", "b"], ["1", "2,5"]]);
    assert_eq!(cells("a\tb\n\"x\ty\"\t2\n"), [["a", "b"], ["x\ty", "2"]]);
    assert_eq!(cells("a|b\n1|2|3\n"), [["a", "b", "–"], ["1", "2", "3"]]);
    assert_eq!(cells("\u{feff}only\none\n"), [["only"], ["one"]]);
}

#[test]
fn json_has_a_column_for_each_key() {
    let expected = [["b", "a", "c"], ["1", "x", "–"], ["–", "y", "[1]"]];
    assert_eq!(
        cells("{\"b\": 1, \"a\": \"x\"}\n\n{\"a\": \"y\", \"c\": [1], \"b\": null}\n"),
        expected
    );
    assert_eq!(
        cells("[{\"b\": 1, \"a\": \"x\"}, {\"a\": \"y\", \"c\": [1]}]"),
        expected
    );
}

#[test]
fn what_is_too_large_is_a_file_that_says_how_much_it_is() {
    let rows: String = (0..1234).map(|n| format!("{n},x\n")).collect();
    let many = file(Finished::for_test(format!("n,x\n{rows}")));
    assert_eq!(many.name, "test_test-1.csv");
    assert_eq!(
        many.comment.as_deref(),
        Some("1,234 rows of 2 columns. A table in Slack has at most 99 of them below its head")
    );
    assert!(many.content.ends_with(b"1233,x\n"));

    let lines = "{\"n\": 1}\n".repeat(1000);
    assert!(
        file(Finished::for_test(lines))
            .comment
            .unwrap()
            .starts_with("1,000 rows of 1 column.")
    );
    let array = format!("[{}]", vec!["{\"n\": 1}"; 1000].join(","));
    let array = file(Finished::for_test(array));
    assert_eq!(array.name, "test_test-1.json");
    assert!(array.comment.unwrap().starts_with("1,000 rows of 1 column."));

    let wide = file(Finished::for_test(vec!["x"; 21].join(",")));
    assert!(wide.comment.unwrap().ends_with("at most 20 columns"));

    let long = file(Finished::for_test(format!("{{\"a\": \"{}\"}}", "é".repeat(10_000))));
    assert_eq!(long.name, "test_test-1.jsonl");
    assert_eq!(
        long.comment.as_deref(),
        Some("1 row of 1 column. A table in Slack holds at most 10,000 characters, these are 10,001")
    );
}

#[test]
fn the_largest_tables_are_tables() {
    let rows: String = (0..99).map(|n| format!("{n}\n")).collect();
    assert_eq!(cells(&format!("n\n{rows}")).len(), 100);
    assert_eq!(cells(&vec!["x"; 20].join(","))[0].len(), 20);
    assert_eq!(cells(&format!("a\n{}", "é".repeat(9_999))).len(), 2);
}

#[test]
fn what_was_cut_or_failed_says_so() {
    let mut run = Finished::for_test("{\"a\": 1}\n{\"a\": ");
    run.outcome.stdout.lost = 7;
    run.outcome.ending = Ending::Exited(3);
    assert_eq!(
        post(run).blocks[1]["elements"][0]["text"],
        "1 row of 1 column. The output was cut: 7 bytes are lost. The job failed: exit code 3"
    );
    assert!(
        post(Finished::for_test(""))
            .text
            .starts_with("`test_test` wrote nothing: ")
    );
}

#[test]
fn mistakes_are_named() {
    let why = |stdout: &str| format(Finished::for_test(stdout)).unwrap_err().message;
    assert_eq!(why("{\"a\": 1}\nhello\n"), "line 2 of the output is no JSON object");
    assert_eq!(why("[1, 2]"), "the output is no JSON array of objects");
}
