//! From a message to a report: what people say in Slack and what they are told.

use innkeeper_tests::http;
use innkeeper_tests::slack::{SIGNING_SECRET, signature};
use innkeeper_tests::{FakeSlack, Host, guests};

use crate::{bash, bash_with, guest};

fn hello() -> String {
    bash("hello [name]", "echo Hello {name}")
}

async fn demo(slack: &FakeSlack, namespace: &str) -> Host {
    Host::setup().slack(slack).trusted("demo", namespace).start().await
}

#[tokio::test]
async fn a_message_becomes_a_report_in_its_channel() {
    let slack = FakeSlack::start().await;
    let _inn = demo(&slack, &hello()).await;
    let sent = slack
        .user("U1")
        .says("#general", "Good morning @innkeeper demo  hello Bob.")
        .await;
    let report = slack.await_post("the report", |_| true).await;
    assert_eq!(report.text.trim(), "Hello Bob");
    assert_eq!((report.channel_name.as_str(), report.thread), ("#general", None));
    slack.await_reaction(&sent).await;
}

#[tokio::test]
async fn who_asks_in_a_thread_is_answered_in_it() {
    let slack = FakeSlack::start().await;
    let _inn = demo(&slack, &hello()).await;
    let topic = slack.user("U2").says("#general", "Who is here?").await;
    let ada = slack.user("U1").in_thread_of(&topic);
    ada.says("#general", "@innkeeper demo hello Bob").await;
    let report = slack.await_post("the report", |_| true).await;
    assert_eq!(report.thread.as_deref(), Some(topic.ts.as_str()));
}

#[tokio::test]
async fn a_direct_message_needs_no_mention() {
    let slack = FakeSlack::start().await;
    let _inn = demo(&slack, &hello()).await;
    slack.user("U1").direct_message("demo hello Bob").await;
    let report = slack.await_post("the report", |_| true).await;
    assert_eq!((report.channel_name.as_str(), report.text.trim()), ("@U1", "Hello Bob"));
}

#[tokio::test]
async fn a_slash_command_is_answered_also_where_the_bot_is_not() {
    let slack = FakeSlack::start().await;
    let _inn = demo(&slack, &hello()).await;
    slack.user("U1").slash_command("#general", "demo hello Bob").await;
    slack
        .await_post("the report", |post| post.channel_name == "#general")
        .await;
    slack.user("U1").slash_command("#elsewhere", "demo hello Cora").await;
    let report = slack
        .await_post("the other report", |post| post.text.contains("Cora"))
        .await;
    assert_eq!(report.channel_name, "@U1");
}

#[tokio::test]
async fn by_http_it_is_the_same_conversation() {
    let slack = FakeSlack::start().await;
    let setup = Host::setup().slack(&slack).by_http().trusted("demo", &hello());
    let _inn = setup.start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo hello Bob").await;
    ada.direct_message("demo hello Cora").await;
    ada.slash_command("#tech", "demo hello Dora").await;
    for (channel, name) in [("#general", "Bob"), ("@U1", "Cora"), ("#tech", "Dora")] {
        let found = slack.await_post(name, |post| post.text.contains(name)).await;
        assert_eq!(found.channel_name, channel);
    }
}

#[tokio::test]
async fn what_slack_did_not_sign_is_refused() {
    let slack = FakeSlack::start().await;
    let setup = Host::setup().slack(&slack).by_http().trusted("demo", &hello());
    let inn = setup.start().await;
    let url = format!("{}/slack/commands", inn.url());
    let body = "team_id=T0HOME&channel_id=C0GENERAL&user_id=U1&command=%2Finnkeeper&text=demo+hello+Eve&\
                response_url=https%3A%2F%2Fexample.org&trigger_id=1.2.3";
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for (secret, at) in [("guessed", now), (SIGNING_SECRET, now - 600)] {
        let (at, signed) = (at.to_string(), signature(secret, &at.to_string(), body));
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-slack-request-timestamp", at.as_str()),
            ("x-slack-signature", signed.as_str()),
        ];
        let reply = http::post(&url, &headers, body).await;
        assert!(matches!(reply.status, 400..=403), "{reply:?}");
    }
    slack.user("U1").slash_command("#general", "demo hello Bob").await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello"))
        .await;
    assert!(slack.posts().iter().all(|post| !post.text.contains("Eve")));
}

#[tokio::test]
async fn the_four_formats() {
    let slack = FakeSlack::start().await;
    let namespace = [
        bash("plain", "echo '*bold* <@U2>'"),
        bash_with("layout", r#"echo '[{"type":"divider"}]'"#, "report_format = 'blocks'"),
        bash_with("listing", r"printf 'a\n``` <b>\n'", "report_format = 'code'"),
        bash_with("long", "seq 1 2000", "report_format = 'code'"),
        bash_with("data", "seq 1 3", "report_format = 'file'"),
    ];
    let _inn = demo(&slack, &namespace.concat()).await;
    let ada = slack.user("U1");
    for command in ["plain", "layout", "listing", "long", "data"] {
        ada.says("#general", &format!("@innkeeper demo {command}")).await;
    }
    slack
        .await_post("text", |post| post.text.trim() == "*bold* <@U2>")
        .await;
    slack
        .await_post("blocks", |post| post.blocks == [serde_json::json!({"type": "divider"})])
        .await;
    let code = slack.await_post("code", |post| post.text.starts_with("```")).await;
    assert_eq!(
        code.text.matches("```").count(),
        2,
        "it breaks out of its fence: {}",
        code.text
    );
    assert!(code.text.contains("&lt;b&gt;"), "{}", code.text);
    let file = |lines: &str| {
        let lines = lines.to_owned();
        move |post: &innkeeper_tests::Post| post.file.as_ref().is_some_and(|file| file.content.ends_with(&lines))
    };
    slack.await_post("long code as a file", file("1999\n2000\n")).await;
    slack.await_post("a file", file("1\n2\n3\n")).await;
}

#[tokio::test]
async fn blocks_that_slack_would_refuse_are_reported_as_such_with_the_output() {
    let slack = FakeSlack::start().await;
    let script = r#"echo '[{"type":"section"}]'"#;
    let _inn = demo(&slack, &bash_with("layout", script, "report_format = 'blocks'")).await;
    slack.user("U1").says("#general", "@innkeeper demo layout").await;
    let report = slack.await_post("the report", |post| post.file.is_some()).await;
    assert!(report.text.contains("demo_layout"), "{}", report.text);
    assert!(report.file.unwrap().content.contains("section"));
    assert!(slack.calls("chat.postMessage").iter().all(|call| call.outcome == "ok"));
}

#[tokio::test]
async fn help_tells_what_can_be_said() {
    let slack = FakeSlack::start().await;
    let _inn = demo(&slack, &format!("description = 'Tests of tests'\n{}", hello())).await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper help").await;
    slack
        .await_post("the list of namespaces", |post| post.text.contains("Tests of tests"))
        .await;
    ada.says("#general", "@innkeeper demo help").await;
    slack
        .await_post("the list of commands", |post| post.text.contains("hello [name]"))
        .await;
    ada.says("#tech", "@innkeeper demo helo Bob").await;
    let apology = slack
        .await_post("an apology", |post| post.channel_name == "#tech")
        .await;
    assert!(apology.text.contains("hello"), "{}", apology.text);
}

#[tokio::test]
async fn a_restricted_namespace_is_for_members() {
    let slack = FakeSlack::start().await;
    let namespace = format!("restricted = true\n{}", hello());
    let _inn = demo(&slack, &namespace).await;
    for outsider in ["U9", "U7"] {
        slack.user(outsider).says("#tech", "@innkeeper demo hello Eve").await;
    }
    slack
        .await_posts("two refusals", 2, |post| post.channel_name == "#tech")
        .await;
    slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
    slack
        .await_post("the greeting", |post| post.text.contains("Hello Bob"))
        .await;
    assert!(slack.posts().iter().all(|post| !post.text.contains("Hello Eve")));
}

#[tokio::test]
async fn who_is_no_member_is_told_nothing_of_restricted_namespaces() {
    let slack = FakeSlack::start().await;
    let secret = format!(
        "restricted = true\ndescription = 'Behind the bar'\n{}",
        bash("brew", "sleep 60")
    );
    let _inn = Host::setup()
        .slack(&slack)
        .trusted("bar", &secret)
        .trusted("demo", &hello())
        .start()
        .await;
    let (ada, guest) = (slack.user("U1"), slack.user("U9"));
    ada.says("#general", "@innkeeper bar brew").await;
    ada.says("#general", "@innkeeper status").await;
    slack
        .await_post("what runs", |post| post.text.contains("bar_brew"))
        .await;
    ada.says("#general", "@innkeeper help").await;
    slack
        .await_post("all namespaces", |post| post.text.contains("Behind the bar"))
        .await;
    for said in ["help", "status", "bar help", "bar bre"] {
        guest.says("#tech", &format!("@innkeeper {said}")).await;
    }
    let told = slack
        .await_posts("four answers", 4, |post| post.channel_name == "#tech")
        .await;
    for post in told {
        let secret = ["Behind the bar", "bar_brew", "bar brew"];
        assert!(secret.iter().all(|word| !post.text.contains(word)), "{}", post.text);
    }
}

#[tokio::test]
async fn what_it_says_itself_is_no_order() {
    let slack = FakeSlack::start().await;
    let namespace = bash("echo [words]", "echo '<@U0INNKEEPER> demo echo again' {words}");
    let _inn = demo(&slack, &namespace).await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo echo first").await;
    slack.await_post("the first", |post| post.text.contains("first")).await;
    ada.says("#general", "@innkeeper demo echo second").await;
    slack
        .await_post("the second", |post| post.text.contains("second"))
        .await;
    assert_eq!(slack.posts().len(), 2);
}

#[tokio::test]
async fn what_an_untrusted_namespace_writes_mentions_nobody() {
    let slack = FakeSlack::start().await;
    let setup = Host::setup()
        .slack(&slack)
        .untrusted("lab", &guest("greet [name]", "hello.wasm", ""))
        .component("lab", &guests::rust("hello"));
    let _inn = setup.start().await;
    slack
        .user("U1")
        .says("#general", "@innkeeper lab greet &lt;!channel&gt; &lt;@U2&gt;")
        .await;
    let report = slack.await_post("the report", |post| post.text.contains("Hello")).await;
    assert!(
        !report.text.contains("<!") && !report.text.contains("<@"),
        "{}",
        report.text
    );
}

#[tokio::test]
async fn a_trusted_job_mentions_people_but_not_the_channel() {
    let slack = FakeSlack::start().await;
    let _inn = demo(&slack, &bash("rota", "echo '<@U2> is on duty <!channel> <!here>'")).await;
    slack.user("U1").says("#general", "@innkeeper demo rota").await;
    let report = slack
        .await_post("the report", |post| post.text.contains("on duty"))
        .await;
    assert!(report.text.contains("<@U2>"), "{}", report.text);
    assert!(!report.text.contains("<!"), "{}", report.text);
}

#[tokio::test]
async fn a_connection_that_slack_refreshes_is_opened_again() {
    let slack = FakeSlack::start().await;
    let _inn = demo(&slack, &hello()).await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo hello Bob").await;
    slack.refresh_connections();
    ada.says("#general", "@innkeeper demo hello Cora").await;
    slack
        .await_post("the other greeting", |post| post.text.contains("Hello Cora"))
        .await;
}

#[tokio::test]
async fn parameters_may_be_left_out_or_have_choices_or_a_pattern() {
    let slack = FakeSlack::start().await;
    let namespace = [
        bash("greet [name?]", "echo Hello {name}!"),
        bash("deploy [what] to [env:staging|production]", "echo {what} is on {env}"),
        bash(r"close [n=/\\d+/]", "echo Closed {n}"),
    ];
    let inn = demo(&slack, &namespace.concat()).await;
    assert_eq!(inn.say("demo greet").await.success().trim(), "Hello !");
    assert_eq!(
        inn.say("demo greet Bob and Ann").await.success().trim(),
        "Hello Bob and Ann!"
    );
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper demo deploy web to prod.").await;
    let answer = slack.await_post("what was expected", |_| true).await;
    assert!(
        answer.text.contains("expected `staging` or `production`"),
        "{}",
        answer.text
    );
    ada.says("#general", "@innkeeper demo deploy web to staging.").await;
    slack
        .await_post("the report", |post| post.text.contains("web is on staging"))
        .await;
    ada.says("#general", "@innkeeper demo close it").await;
    slack
        .await_post("what was expected", |post| post.text.contains("one word that fits"))
        .await;
    ada.says("#general", "@innkeeper demo close 12").await;
    slack
        .await_post("the report", |post| post.text.contains("Closed 12"))
        .await;
}
