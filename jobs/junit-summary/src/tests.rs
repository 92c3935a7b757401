#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use innkeeper_guest::{Finished, Post, json};

use super::format;

const MIXED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="99" time="1,002.345">
  <testsuite name="web">
    <properties><property name="a" value="b"/></properties>
    <testcase classname="web.login" name="takes a password" time="0.1"/>
    <testcase classname="web.login" name="refuses &lt;!channel&gt;" time="0.2">
      <failure message="expected 401" type="AssertionError">expected 401
got 200
  at login.rs:12</failure>
    </testcase>
    <testsuite name="nested">
      <testcase classname="web::logout" name="web::logout::ends"><error><![CDATA[boom & more]]></error></testcase>
      <testcase name="later"><skipped/></testcase>
    </testsuite>
  </testsuite>
</testsuites>"#;

fn post(xml: &str) -> Post {
    format(Finished::for_test(xml)).unwrap()
}

fn why(output: &str) -> String {
    format(Finished::for_test(output)).unwrap_err().message
}

#[test]
fn failures_come_with_their_first_lines() {
    let post = post(MIXED);
    let all = "2 of 4 tests failed";
    assert_eq!(
        post.text,
        format!("test_test: {all}. 1 passed, 2 failed, 1 skipped, 1002.3 s")
    );
    assert_eq!(
        post.blocks[0]["text"]["text"],
        format!("*{all}*\n1 passed, 2 failed, 1 skipped, 1002.3 s")
    );
    let text = |block: usize, part: usize| post.blocks[block]["elements"][part]["elements"][0]["text"].clone();
    assert_eq!(text(1, 0), "web.login › refuses <!channel>");
    assert_eq!(text(1, 1), "expected 401\ngot 200\n  at login.rs:12");
    assert_eq!(text(2, 0), "web::logout::ends");
    assert_eq!(text(2, 1), "boom & more");
}

#[test]
fn a_clean_run_says_so_in_a_line() {
    let verdict = |tests: &str| {
        let text = post(&format!("<testsuite>{tests}</testsuite>")).blocks[0]["text"]["text"].clone();
        text.as_str().unwrap().to_owned()
    };
    let (passed, skipped) = (r#"<testcase name="a"/>"#, r#"<testcase name="b"><skipped/></testcase>"#);
    assert_eq!(verdict(""), "*There are no tests*\n0 passed");
    assert_eq!(verdict(passed), "*The only test passed*\n1 passed");
    assert_eq!(verdict(&passed.repeat(3)), "*All 3 tests passed*\n3 passed");
    assert_eq!(
        verdict(&format!("{passed}{skipped}")),
        "*All tests passed that ran, 1 of 2*\n1 passed, 1 skipped"
    );
    assert_eq!(
        verdict(&skipped.repeat(2)),
        "*All 2 tests were skipped*\n0 passed, 2 skipped"
    );
}

#[test]
fn a_flood_of_failures_is_cut() {
    let message = "x".repeat(5_000);
    let test = format!(
        r#"<testcase name="{}"><failure>{message}</failure></testcase>"#,
        "n".repeat(500)
    );
    let flood = post(&format!("<testsuite>{}</testsuite>", test.repeat(300)));
    assert_eq!(flood.blocks.len(), 12);
    assert_eq!(
        flood.blocks[11]["elements"][0]["text"],
        json::json!("and 290 more; the log has them all")
    );
    let lines = r#"<testcase name="a"><failure>1
2
3
4
5
6</failure></testcase>"#;
    let short = post(&format!("<testsuite>{lines}</testsuite>"));
    assert_eq!(
        short.blocks[1]["elements"][1]["elements"][0]["text"],
        "1\n2\n3\n4\n5\n…"
    );
}

#[test]
fn lines_around_the_xml_are_passed_over() {
    let output = format!("running <tests>\n{MIXED}\ndone <ok>\n");
    assert_eq!(post(&output), post(MIXED));
    let output = format!("<?xml version=\"1.0\"?>\n<!-- by hand -->\n{}", &MIXED[39..]);
    assert_eq!(post(&output), post(MIXED));
    assert_eq!(
        post("<testsuite/>").blocks[0]["text"]["text"],
        "*There are no tests*\n0 passed"
    );
}

#[test]
fn what_is_no_junit_is_said_so() {
    assert_eq!(
        why("all well"),
        "the output is no JUnit XML: there is no `<testsuites>` or `<testsuite>` in it"
    );
    assert_eq!(
        why(&MIXED[..300]),
        "the output is JUnit XML without an end; was it cut at its limit?"
    );
    assert_eq!(why("<testsuite><testcase>"), why(&MIXED[..300]));
    let broken = format(Finished::for_test("<testsuite>\n<a></b></testsuite>")).unwrap_err();
    assert_eq!(
        broken.message,
        "the output is no JUnit XML that can be read; the log says where it is wrong"
    );
    let details = broken.details.unwrap();
    assert!(
        details.contains("`</a>`") && details.ends_with("at line 2"),
        "{details}"
    );
}
