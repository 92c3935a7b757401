//! No argument is ever code: bash gets arguments quoted, components get a list.

use innkeeper_tests::{FakeSlack, Host, guests};

use crate::{bash_with, guest};

/// What should stay as it is. None of it may make a file called `pwned`.
const HOSTILE: &[&str] = &[
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned #",
    "it's \"quoted\" $HOME \\ !! * ? ~",
    "a && touch pwned || b | c > pwned",
    "{word} {{word}} [word]",
    "two\nlines\ttab",
    "-rf",
    "naïve 雨 👩‍🚀",
    "",
];

/// Bash and a component that say what they were given: one as a file, the other as JSON.
async fn inn(slack: Option<&FakeSlack>) -> Host {
    let namespace = [
        bash_with(
            "say [word]",
            "printf '%s|' {word} after{word}",
            "report_format = 'file'",
        ),
        guest("list [word]", "args.wasm", "report_format = 'file'"),
    ];
    let mut setup = Host::setup()
        .trusted("demo", &namespace.concat())
        .component("demo", &guests::rust("args"));
    if let Some(slack) = slack {
        setup = setup.slack(slack);
    }
    setup.start().await
}

#[tokio::test]
async fn what_the_command_line_passes_arrives_byte_for_byte() {
    let inn = inn(None).await;
    for word in HOSTILE {
        let argument = format!("word={word}");
        let said = inn.cli(&["run", "demo", "say", "--arg", &argument]).await.success();
        assert!(
            said.contains(&format!("{word}|after{word}|")),
            "{word:?} became {said:?}"
        );
        let listed = inn.cli(&["run", "demo", "list", "--arg", &argument]).await.success();
        let expected = serde_json::json!([word]).to_string();
        assert!(listed.contains(&expected), "{word:?} became {listed:?}");
    }
    assert!(!inn.path("workspace/demo/pwned").exists());
}

#[tokio::test]
async fn what_slack_escapes_arrives_as_it_was_typed() {
    let slack = FakeSlack::start().await;
    let inn = inn(Some(&slack)).await;
    let ada = slack.user("U1");
    let typed = [
        ("$(touch pwned); a &lt;b&gt; &amp;&amp; c", "$(touch pwned); a <b> && c"),
        ("`touch pwned`", "`touch pwned`"),
        (
            "see <https://example.org/a?b=1&amp;c=2|the page>",
            "see https://example.org/a?b=1&c=2",
        ),
    ];
    for (sent, word) in typed {
        ada.says("#general", &format!("@innkeeper demo say {sent}")).await;
        let expected = format!("{word}|after{word}|");
        slack
            .await_post(&format!("{word} as it was typed"), |post| {
                post.file.as_ref().is_some_and(|file| file.content == expected)
            })
            .await;
    }
    assert!(!inn.path("workspace/demo/pwned").exists());
}

#[tokio::test]
async fn what_no_program_can_be_given_is_refused_with_a_reason() {
    let inn = inn(None).await;
    let long = format!("word={}", "x".repeat(33 * 1024));
    let refused = inn.cli(&["run", "demo", "say", "--arg", &long]).await;
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("32768"), "{}", refused.stderr);
}
