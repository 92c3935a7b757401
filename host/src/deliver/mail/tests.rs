//! The target against a server that says what a test tells it to. What a real one makes of it is in `tests/e2e/mail.rs`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::Mutex;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Config;
use innkeeper_core::message::Address;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::*;
use crate::guest::inspect::Inspector;

const ID: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);

/// Replies by the first word of what is said; 250 where nothing is told. None: it hangs up.
type Replies = HashMap<&'static str, Option<&'static str>>;

struct Server {
    port: u16,
    /// Every line that was said to it.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(replies: &[(&'static str, Option<&'static str>)]) -> Self {
        let replies: Replies = replies.iter().copied().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let hears = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that hangs up is the test's business.
                let _ = talk(stream, &replies, &hears).await;
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> String {
        // Nobody waits until it has heard the farewell.
        let heard = self.heard.lock().unwrap();
        let lines: Vec<&str> = heard
            .iter()
            .map(String::as_str)
            .filter(|line| *line != "QUIT")
            .collect();
        lines.join("\n")
    }
}

async fn talk(stream: TcpStream, replies: &Replies, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test ESMTP\r\n").await?;
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        heard.lock().unwrap().push(line.clone());
        let word = match in_data {
            true if line == "." => "the end",
            true => continue,
            false => line.split([' ', ':']).next().unwrap(),
        };
        in_data = word == "DATA";
        let usual = match word {
            "EHLO" => "250-test\r\n250 AUTH PLAIN",
            "AUTH" => "235 ok",
            "DATA" => "354 go on",
            _ => "250 ok",
        };
        let Some(reply) = replies.get(word).copied().unwrap_or(Some(usual)) else {
            return Ok(());
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
}

fn target(mail: &str) -> MailTarget {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("workspace")).unwrap();
    let file = folder.path().join("innkeeper.toml");
    std::fs::write(&file, mail).unwrap();
    let config = match Config::load_what_runs(&file, &Inspector) {
        Ok(loaded) => loaded.config,
        Err(problems) => panic!("{problems}"),
    };
    let secrets = Secrets::new(|name| (name == "MAIL_PASSWORD").then(|| OsString::from("hunter2")));
    MailTarget::new(Current::fixed(Arc::new(config)), Arc::new(secrets))
}

fn through(server: &Server, lines: &str) -> MailTarget {
    let port = server.port;
    target(&format!(
        "[mail]\nsmtp = 'smtp://127.0.0.1:{port}'\nstarttls = false\nfrom = 'The Inn <inn@example.com>'\n{lines}"
    ))
}

fn delivery(to: &[&str], subject: &str, text: &str) -> Delivery {
    Delivery {
        id: ID,
        address: Address::Mail {
            plugin: "mail".into(),
            service: "web".into(),
            mailbox: to.first().copied().unwrap_or_default().into(),
        },
        content: Content::Mail(Mail {
            to: to.iter().map(|&to| to.to_owned()).collect(),
            subject: subject.into(),
            text: text.into(),
        }),
        run: None,
        attempts: 1,
        created: Timestamp::from_micros(1_700_000_000_000_000),
        edited: None,
    }
}

fn to_bob() -> Delivery {
    delivery(&["bob@example.org"], "web is down", "Look at it.")
}

#[tokio::test]
async fn a_mail_is_from_us_to_one_and_has_the_id_of_its_delivery() {
    let server = Server::start(&[]).await;

    through(&server, "username = 'inn'\npassword_secret = 'MAIL_PASSWORD'\n")
        .send(&to_bob())
        .await
        .unwrap();

    insta::assert_snapshot!(server.heard(), @r#"
    EHLO example.com
    AUTH PLAIN AGlubgBodW50ZXIy
    MAIL FROM:<inn@example.com>
    RCPT TO:<bob@example.org>
    DATA
    From: "The Inn" <inn@example.com>
    To: bob@example.org
    Subject: web is down
    Message-ID: <01920000-0000-7000-8000-000000000001@example.com>
    Date: Tue, 14 Nov 2023 22:13:20 +0000
    Auto-Submitted: auto-generated
    MIME-Version: 1.0
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    Look at it.

    .
    "#);
}

#[tokio::test]
async fn nothing_that_a_plugin_writes_begins_a_header_or_ends_the_mail() {
    let server = Server::start(&[]).await;
    let subject = "web\r\nBcc: eve@example.org\r\n\r\nHello";
    let text = "down\r\n.\r\nMAIL FROM:<eve@example.org>\r\n.hidden";

    through(&server, "")
        .send(&delivery(&["bob@example.org"], subject, text))
        .await
        .unwrap();

    let heard = server.heard();
    assert!(!heard.contains("\nBcc:"), "{heard}");
    assert!(heard.contains("Subject: web  Bcc: eve@example.org    Hello"), "{heard}");
    assert_eq!(
        heard.matches("\n.\n").count() + usize::from(heard.ends_with("\n.")),
        1,
        "{heard}"
    );
    assert!(heard.contains("\n..\nMAIL FROM:<eve@example.org>\n..hidden"), "{heard}");
    for to in [
        "bob@example.org\r\nRCPT TO:<eve@example.org>",
        "bob@example.org, eve@example.org",
        "bob",
        "",
    ] {
        let failure = through(&server, "").send(&delivery(&[to], "", "")).await.unwrap_err();
        assert!(matches!(failure, Failure::Refused { .. }), "{failure}");
    }
    let both = delivery(&["bob@example.org", "eve@example.org"], "", "");
    assert!(matches!(
        through(&server, "").send(&both).await,
        Err(Failure::Refused { .. })
    ));
}

#[tokio::test]
async fn a_reply_of_5xx_refuses_and_everything_else_passes() {
    let refuses = |reply: (&'static str, Option<&'static str>)| async move {
        let server = Server::start(&[reply]).await;
        let lines = "username = 'inn'\npassword_secret = 'MAIL_PASSWORD'\n";
        let failure = through(&server, lines).send(&to_bob()).await.unwrap_err();
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
        matches!(failure, Failure::Refused { .. })
    };
    assert!(refuses(("RCPT", Some("550 5.1.1 no such mailbox"))).await);
    assert!(refuses(("the end", Some("554 5.7.1 spam"))).await);
    assert!(!refuses(("RCPT", Some("450 4.2.0 greylisted"))).await);
    assert!(!refuses(("the end", Some("452 4.3.1 disk full"))).await);
    assert!(
        !refuses(("AUTH", Some("535 5.7.8 wrong password"))).await,
        "every mail needs it"
    );
    assert!(!refuses(("DATA", None)).await, "it hung up");
    assert!(!refuses(("the end", None)).await, "it hung up");
}

#[tokio::test]
async fn mail_waits_for_a_server_and_for_its_password() {
    let failure = target("").send(&to_bob()).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "there is no `[mail]` in innkeeper.toml: mail waits until there is"
    );
    let server = Server::start(&[]).await;
    let nameless = through(&server, "username = 'inn'\npassword_secret = 'NOT_SET'\n");
    let failure = nameless.send(&to_bob()).await.unwrap_err();
    assert!(matches!(failure, Failure::Later { .. }), "{failure}");
    assert!(failure.to_string().contains("`NOT_SET`"), "{failure}");
    assert_eq!(server.heard(), "");
}

#[tokio::test]
async fn a_server_without_tls_is_told_nothing() {
    let server = Server::start(&[]).await;
    let port = server.port;
    let lines = "username = 'inn'\npassword_secret = 'MAIL_PASSWORD'\nfrom = 'inn@example.com'\n";
    let strict = target(&format!("[mail]\nsmtp = 'smtp://127.0.0.1:{port}'\n{lines}"));

    let failure = strict.send(&to_bob()).await.unwrap_err();

    assert!(matches!(failure, Failure::Later { .. }), "{failure}");
    let heard = server.heard();
    assert!(!heard.contains("AUTH") && !heard.contains("MAIL"), "{heard}");
}
