//! Slack's own SDK for Python: requests that it signs, and blocks that it judges.

mod needs_slack_sdk {
    use innkeeper_tests::clients::slack_sdk;
    use innkeeper_tests::slack::SIGNING_SECRET;
    use innkeeper_tests::{FakeSlack, Gate, Host};
    use serde_json::{Value, json};

    use crate::{bash, bash_with};

    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";

    fn event(ts: &str, text: &str) -> String {
        let event = json!({
            "type": "message", "user": "U1", "text": text, "ts": ts, "channel": "D0U1", "channel_type": "im",
        });
        let callback = json!({ "type": "event_callback", "team_id": "T0HOME", "event_id": "Ev1", "event": event });
        callback.to_string()
    }

    fn command(trigger: &str, text: &str) -> String {
        format!(
            "team_id=T0HOME&channel_id=D0U1&user_id=U1&command=%2Finnkeeper&text={text}&trigger_id={trigger}&\
             response_url=https%3A%2F%2Fexample.org"
        )
    }

    fn press(at: &str, said: &str) -> String {
        let payload = json!({
            "type": "block_actions", "user": { "id": "U1", "team_id": "T0HOME" },
            "container": { "type": "message", "message_ts": "1.1", "channel_id": "D0U1" },
            "actions": [{ "type": "button", "action_id": "innkeeper-say-0", "action_ts": at, "value": said }],
        });
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("payload", &payload.to_string()).finish()
    }

    #[tokio::test]
    async fn what_it_signs_is_taken_and_what_it_would_refuse_is_refused() {
        let slack = FakeSlack::start().await;
        let hello = bash("hello [name]", "echo Hello {name}");
        let setup = Host::setup().slack(&slack).by_http().trusted("demo", &hello);
        let inn = setup.start().await;
        // So that the bot has a direct message to answer in.
        slack.user("U1").direct_message("help").await;
        let bodies = [
            ("events", JSON, event("1700000000.000100", "demo hello Ann")),
            ("commands", FORM, command("1.2.3", "demo+hello+Bob")),
            ("interactive", FORM, press("2.1", "demo hello Cora")),
        ];
        let request = |(path, kind, body): &(&str, &str, String), more: Value| {
            let mut request = json!({
                "url": format!("{}/slack/{path}", inn.url()), "content_type": kind, "body": body,
                "secret": SIGNING_SECRET,
            });
            for (name, value) in more.as_object().unwrap() {
                request[name] = value.clone();
            }
            request
        };
        let bad = [
            json!({ "secret": "guessed" }),
            json!({ "seconds": -400 }),
            json!({ "seconds": 400 }),
            json!({ "unsigned": true }),
            json!({ "sent": "type=forged" }),
        ];
        let refused: Vec<Value> = bodies
            .iter()
            .flat_map(|body| bad.iter().map(|bad| request(body, bad.clone())))
            .collect();
        let answers = slack_sdk("requests", &refused.clone().into()).await;
        for (answer, request) in answers.as_array().unwrap().iter().zip(&refused) {
            assert_eq!(
                (&answer["status"], &answer["body"]),
                (&json!(401), &json!("")),
                "{request}"
            );
            let stale = request.get("seconds").is_some();
            assert_eq!(answer["fresh"], json!(!stale), "the SDK's own verifier: {request}");
        }
        let late = |body| request(body, json!({ "seconds": -200 }));
        let taken: Vec<Value> = bodies
            .iter()
            .map(|body| request(body, json!({})))
            .chain(bodies.iter().map(late))
            .collect();
        let answers = slack_sdk("requests", &taken.into()).await;
        for answer in answers.as_array().unwrap() {
            assert_eq!(answer["status"], 200, "{answer}");
        }
        for name in ["Ann", "Bob", "Cora"] {
            slack
                .await_post(name, |post| post.text.contains(&format!("Hello {name}")))
                .await;
        }
        // The first of each was no order: what it would have said was refused, and the late ones are repetitions.
        let greetings = slack.posts().into_iter().filter(|post| post.text.starts_with("Hello"));
        assert_eq!(greetings.count(), 3);
        let challenge = json!([{
            "url": format!("{}/slack/events", inn.url()), "content_type": JSON, "secret": SIGNING_SECRET,
            "body": r#"{"type":"url_verification","token":"t","challenge":"3eZbrw1a"}"#,
        }]);
        assert_eq!(slack_sdk("requests", &challenge).await[0]["body"], "3eZbrw1a");
    }

    /// Every kind of answer that has blocks, and answers that have none.
    #[tokio::test]
    async fn every_block_that_the_bot_posts_is_one_that_it_knows() {
        let (slack, gate) = (FakeSlack::start().await, Gate::new().await);
        let blocks = json!([
            { "type": "header", "text": { "type": "plain_text", "text": "The rota" } },
            { "type": "section", "text": { "type": "mrkdwn", "text": "*Ada* has duty" },
              "accessory": { "type": "button", "text": { "type": "plain_text", "text": "Swap" },
                "url": "https://example.com/swap", "action_id": "swap" } },
            { "type": "divider" },
            { "type": "context", "elements": [{ "type": "mrkdwn", "text": "until Monday" }] },
            { "type": "image", "image_url": "https://example.com/a.png", "alt_text": "A picture" },
        ]);
        // In a template, `}}` is one brace.
        let blocks = blocks.to_string().replace('}', "} ");
        let namespace = [
            bash("hello [name]", "echo Hello {name}"),
            bash("break", "echo It is broken >&2; exit 3"),
            bash("wait", &gate.knock("here")),
            bash_with("rota", &format!("echo '{blocks}'"), "report_format = 'blocks'"),
            "[[keyword]]\nwords = ['tech-support']\n".to_owned(),
        ];
        let _inn = Host::setup()
            .slack(&slack)
            .trusted("demo", &namespace.concat())
            .start()
            .await;
        let ada = slack.user("U1");
        for said in [
            "help",
            "demo help",
            "status",
            "demo helo Bob",
            "demo break",
            "demo rota",
            "demo wait",
        ] {
            ada.says("#general", &format!("@innkeeper {said}")).await;
        }
        let _waits = gate.visitor().await;
        ada.says("#general", "@innkeeper status").await;
        slack
            .await_post("what runs", |post| post.text.contains("demo_wait"))
            .await;
        ada.says("#general", "@innkeeper demo wait").await;
        ada.says("#tech", "tech-support").await;
        let with_blocks = |words: &'static str| {
            move |post: &innkeeper_tests::Post| {
                let blocks = serde_json::to_string(&post.blocks).unwrap();
                !post.blocks.is_empty() && blocks.contains(words)
            }
        };
        for words in ["demo hello Bob", "Run again", "The rota", "Cancel"] {
            slack.await_post(words, with_blocks(words)).await;
        }
        slack
            .await_post("the call", |post| post.text.contains("/archives/"))
            .await;
        let posted: Vec<Value> = slack.posts().into_iter().flat_map(|post| post.blocks).collect();
        assert!(posted.len() >= 10, "{posted:?}");
        let faults = slack_sdk("blocks", &posted.clone().into()).await;
        for (faults, block) in faults.as_array().unwrap().iter().zip(&posted) {
            assert_eq!(*faults, json!([]), "{block}");
        }
    }

    /// A judge that finds no fault in anything would have shown nothing.
    #[tokio::test]
    async fn it_refuses_blocks_that_slack_refuses() {
        let bad = json!([
            { "type": "section" },
            { "type": "headline", "text": { "type": "plain_text", "text": "x" } },
            { "type": "header", "text": { "type": "plain_text", "text": "x".repeat(151) } },
            { "type": "actions", "elements": [{ "type": "button", "action_id": "a",
              "text": { "type": "plain_text", "text": "x".repeat(76) } }] },
            { "type": "divider", "colour": "red" },
        ]);
        let faults = slack_sdk("blocks", &bad).await;
        for (faults, block) in faults.as_array().unwrap().iter().zip(bad.as_array().unwrap()) {
            assert_ne!(*faults, json!([]), "{block}");
        }
    }
}
