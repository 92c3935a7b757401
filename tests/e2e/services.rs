//! Services: what people say of them in Slack and on the command line, and who is on duty.

use innkeeper_tests::{FakeSlack, Host, Post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::bash;

/// A service whose one check passes while there is a file `up` in its namespace.
fn web() -> String {
    let probe = bash("probe", r#"test -e "$NAMESPACE_DIR/up""#);
    format!(
        "{probe}\n[checks.probe]\nevery = '1h'\nimportance = 'critical'\n\n[services.web]\nname = 'The web site'\n\
         url = 'https://example.com'\nchecks = ['probe']\nusers_to_notify = ['Ann']\n"
    )
}

/// Looks whether it is up, as the clock would; it is not.
async fn goes_down(inn: &Host) {
    let run = inn.cli(&["run", "ops", "probe"]).await;
    assert_eq!(run.code, 1, "{run:?}");
}

fn labels(post: &Post) -> Vec<String> {
    let elements = post.blocks.iter().filter_map(|block| block["elements"].as_array());
    let label = |element: &serde_json::Value| element["text"]["text"].as_str().map(str::to_owned);
    elements.flatten().filter_map(label).collect()
}

#[tokio::test]
async fn people_ask_how_services_are_and_say_that_they_are_on_them() {
    let slack = FakeSlack::start().await;
    let mut inn = Host::setup().slack(&slack).trusted("ops", &web()).start().await;
    let ada = slack.user("U1");
    ada.says("#general", "@innkeeper services").await;
    let all = slack.await_post("the services", |_| true).await;
    assert_eq!(all.text, "There is 1 service:\n• 🟢 `web` (The web site) passes");
    goes_down(&inn).await;
    ada.says("#general", "@innkeeper service web").await;
    let web = slack
        .await_post("the service", |post| post.text.contains("Nobody is on it"))
        .await;
    for told in [
        "🔴 *The web site* (`web`) is critical since",
        "`probe` (critical) failed once",
        "@bot logs tail 1`",
    ] {
        assert!(web.text.contains(told), "{told}: {}", web.text);
    }
    assert_eq!(labels(&web), ["Acknowledge", "Silence 1h"]);

    let pressed = ada.presses(&web, "Acknowledge").await;
    let on_it = slack
        .await_post("who is on it", |post| post.text.contains("U1 is on it until"))
        .await;
    assert_eq!(
        on_it.thread.as_deref(),
        Some(web.ts.as_str()),
        "in the thread of the message"
    );
    assert_eq!(labels(&on_it), ["Withdraw", "Silence 1h"]);
    pressed.redeliver().await;
    slack.user("U2").says("#tech", "@innkeeper ack web").await;
    let already = slack
        .await_post("that somebody is", |post| post.text.contains("already"))
        .await;
    assert!(already.text.starts_with("`web`: U1 is on it until"), "{}", already.text);
    assert_eq!(
        slack.posts_in(&web.channel_name).len(),
        3,
        "what Slack sends again is one press"
    );

    inn.kill_9().await;
    inn.serve().await;
    slack.user("U2").direct_message("services").await;
    slack
        .await_post("that it still is so", |post| {
            post.channel_name == "@U2" && post.text.contains("🔵 `web` (The web site) is critical since")
        })
        .await;
    slack.user("U2").direct_message("unack web").await;
    slack
        .await_post("that nobody is on it", |post| {
            post.text.contains("Nobody is on `web` any more")
        })
        .await;

    std::fs::write(inn.path("workspace/ops/up"), "").unwrap();
    inn.cli(&["run", "ops", "probe"]).await.success();
    let history = inn.cli(&["service", "web", "--json"]).await.json();
    let changes = history["changes"].as_array().unwrap();
    assert_eq!(
        (&changes[0]["new"], &changes[1]["new"]),
        (&"passing".into(), &"critical".into())
    );
}

#[tokio::test]
async fn nobody_is_told_of_a_service_that_is_silenced() {
    let slack = FakeSlack::start().await;
    let _inn = Host::setup().slack(&slack).trusted("ops", &web()).start().await;
    let ada = slack.user("U1");
    for (said, answer) in [
        ("silence web", "Say which service, and for how long"),
        ("silence web a while", "`a while` is not a length of time"),
        ("silence web 2h", "`web` is silenced until"),
        ("silence web until tomorrow 18:00", "18:00 UTC: nobody is told anything"),
        ("unsilence web", "`web` is not silenced any more"),
        ("unsilence web", "`web`: it is not silenced."),
        ("ack web", "`web`: nothing fails"),
        ("ack wbe", "There is no service `wbe`. Did you mean `web`?"),
        ("servces", "• `services`"),
        ("help", "Type `ack [service]`"),
    ] {
        ada.direct_message(said).await;
        slack.await_post(said, |post| post.text.contains(answer)).await;
    }
}

#[tokio::test]
async fn services_are_for_members_and_what_is_restricted_is_shown_to_the_asker_alone() {
    let slack = FakeSlack::start().await;
    let restricted = format!("restricted = true\n{}", web());
    let _inn = Host::setup().slack(&slack).trusted("ops", &restricted).start().await;
    slack.makes_guest("U2", true).await;
    for said in ["services", "service web", "ack web", "silence web 2h", "on call"] {
        slack.user("U2").says("#general", &format!("@innkeeper {said}")).await;
    }
    let refused = |post: &Post| post.text.contains("only full members");
    slack.await_posts("the refusals", 5, refused).await;
    let ada = slack.user("U1");
    ada.says("#tech", "@innkeeper services").await;
    slack
        .await_post("how many there are", |post| {
            post.channel_name == "#tech" && post.text.starts_with("There is 1 service that not everybody")
        })
        .await;
    ada.says("#tech", "@innkeeper service web").await;
    slack
        .await_post("the service, alone", |post| {
            post.channel_name == "@U1" && post.text.contains("*The web site*")
        })
        .await;
    assert!(
        slack
            .posts_in("#tech")
            .iter()
            .all(|post| !post.text.contains("The web site"))
    );
}

#[tokio::test]
async fn who_is_on_call_is_said_in_slack_and_on_the_command_line() {
    let slack = FakeSlack::start().await;
    let always = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART:20200101T000000Z\nDTEND:20900101T000000Z\n\
                  SUMMARY:Bob\nEND:VEVENT\nEND:VCALENDAR\n";
    let setup = Host::setup()
        .slack(&slack)
        .trusted("ops", &web())
        .setting("alerts.calendar = 'rota.ics'")
        .file("rota.ics", always);
    let mut inn = setup.start().await;
    slack.user("U1").says("#general", "@innkeeper on call").await;
    let answer = slack.await_post("who is", |_| true).await;
    assert!(
        answer
            .text
            .starts_with("On call now: *Bob*\n• Calendar: Bob until 2090-01-01"),
        "{}",
        answer.text
    );
    assert!(
        answer.text.contains("No active user is called `Bob`"),
        "{}",
        answer.text
    );
    std::fs::write(inn.path("rota.ics"), always.replace("Bob", "Cat")).unwrap();
    assert!(
        inn.cli(&["on-call"])
            .await
            .success()
            .contains("Calendar: Cat until 2090-01-01")
    );
    inn.kill_9().await;
    let json = inn.cli(&["on-call", "--json"]).await.json();
    assert_eq!(json["calendar"]["now"][0]["person"], "Cat");
}

#[tokio::test]
async fn the_command_line_has_the_same_words_with_and_without_serve() {
    let slack = FakeSlack::start().await;
    let mut inn = Host::setup().slack(&slack).trusted("ops", &web()).write();
    goes_down(&inn).await;
    let listed = inn.cli(&["services"]).await.success();
    assert!(listed.contains("🔴 `web` (The web site) is critical since"), "{listed}");
    assert!(inn.cli(&["ack", "web"]).await.success().contains("is on it until"));
    inn.serve().await;
    let again = inn.cli(&["ack", "web"]).await;
    assert_eq!(again.code, 2, "{again:?}");
    assert_eq!(
        inn.cli(&["services", "--json"]).await.json()[0]["shown"],
        "acknowledged"
    );
    assert!(
        inn.cli(&["unack", "web"])
            .await
            .success()
            .contains("Nobody is on `web`")
    );
    assert!(
        inn.cli(&["silence", "web", "until", "23:59"])
            .await
            .success()
            .contains("23:59 UTC")
    );
    assert!(
        inn.cli(&["unsilence", "web"])
            .await
            .success()
            .contains("not silenced any more")
    );
    let unknown = inn.cli(&["service", "wbe"]).await;
    assert_eq!(unknown.code, 2, "{unknown:?}");
}

/// What the API on the socket answers: the status line and the body.
async fn api(inn: &Host, method: &str, path: &str, body: &str) -> (String, serde_json::Value) {
    let mut socket = UnixStream::connect(inn.path("data/innkeeper.sock")).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: innkeeper\r\nx-innkeeper-user: ann\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().to_owned();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn the_socket_s_api_says_and_does_the_same() {
    let slack = FakeSlack::start().await;
    let inn = Host::setup().slack(&slack).trusted("ops", &web()).start().await;
    goes_down(&inn).await;
    let (status, all) = api(&inn, "GET", "/api/services", "").await;
    assert_eq!((status.as_str(), &all[0]["status"]), ("200", &"critical".into()));
    let (_, web) = api(&inn, "GET", "/api/services/web", "").await;
    assert_eq!(
        (&web["checks"][0]["failing"], &web["told"]["unknown"][0]),
        (&true.into(), &"Ann".into())
    );
    let (status, acknowledged) = api(&inn, "POST", "/api/services/web/ack", "").await;
    assert_eq!(
        (status.as_str(), &acknowledged["acknowledged"]["by"]),
        ("200", &"ann".into())
    );
    let refused = [
        ("POST", "/api/services/web/ack", "", "409"),
        ("POST", "/api/services/web/silence", "{\"duration\":\"soon\"}", "422"),
        ("POST", "/api/services/web/unsilence", "", "409"),
        ("GET", "/api/services/shop", "", "404"),
        ("POST", "/api/services/web/silence", "{\"duration\":\"2h\"}", "200"),
        ("GET", "/api/on-call", "", "200"),
    ];
    for (method, path, body, expected) in refused {
        let (status, answer) = api(&inn, method, path, body).await;
        assert_eq!(status, expected, "{path}: {answer}");
    }
}
