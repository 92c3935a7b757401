//! Mail of alert plugins, through a mail server of the real world.

mod needs_aiosmtpd {
    use innkeeper_tests::clients::MailServer;
    use innkeeper_tests::{FakeSlack, Host};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use crate::decide;

    /// A certificate for `localhost`, and who signed it.
    const LOCALHOST: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../host/src/guest/http/tests/localhost.pem"
    );
    const AUTHORITY: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../host/src/guest/http/tests/authority.pem"
    );

    /// A host with these lines under `[mail]` that does not run: as it is after its first start.
    async fn inn(slack: &FakeSlack, mail: &str) -> Host {
        let setup = Host::setup().slack(slack).setting(mail).env("MAIL_PASSWORD", "hunter2");
        let mut inn = setup.env("SSL_CERT_FILE", AUTHORITY).start().await;
        inn.kill_9().await;
        inn
    }

    fn plain(server: &MailServer) -> String {
        let port = server.port;
        format!("[mail]\nsmtp = 'smtp://127.0.0.1:{port}'\nstarttls = false\nfrom = 'inn@example.com'")
    }

    fn mail_to(inn: &Host, mailbox: &str, subject: &str, text: &str) -> Uuid {
        let to = format!("{mailbox}@example.org");
        let address = json!({ "to": "mail", "plugin": "mail", "service": "web", "mailbox": to });
        let content = json!({ "what": "mail", "to": [to], "subject": subject, "text": text });
        decide(inn, &format!("mail:mail:web:{to}"), &address, &content)
    }

    fn to(mail: &Value) -> &str {
        mail["to"][0].as_str().unwrap()
    }

    #[tokio::test]
    async fn a_mail_arrives_whole_over_tls_from_who_knows_the_password() {
        let slack = FakeSlack::start().await;
        for (way, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
            let mut server = MailServer::start(&[way, LOCALHOST, "inn", "hunter2"]).await;
            let mut inn = inn(
                &slack,
                &format!(
                    "[mail]\nsmtp = '{scheme}://localhost:{}'\nusername = 'inn'\npassword_secret = 'MAIL_PASSWORD'\n\
                     from = 'Das Gästehaus <inn@example.com>'",
                    server.port
                ),
            )
            .await;
            let text = format!("It is down.\n.\nFrom here on: {}\n", "ä".repeat(2000));
            let id = mail_to(&inn, "bob", "Störung\r\nBcc: eve@example.org — web", &text);
            inn.serve().await;
            let mail = server.next().await;
            assert_eq!(
                (to(&mail), &mail["from"]),
                ("bob@example.org", &json!("inn@example.com"))
            );
            assert_eq!(mail["user"], "inn");
            assert_eq!(mail["defects"], json!([]));
            let headers = &mail["headers"];
            assert_eq!(headers["from"], "Das Gästehaus <inn@example.com>");
            assert_eq!(headers["subject"], "Störung  Bcc: eve@example.org — web");
            assert_eq!(headers["bcc"], Value::Null);
            assert_eq!(headers["auto-submitted"], "auto-generated");
            assert_eq!(headers["message-id"], format!("<{id}@example.com>"));
            assert_eq!(mail["text"].as_str().unwrap().replace("\r\n", "\n"), text);
            inn.await_log(&["delivered", &id.to_string()]).await;
            assert!(!inn.log_text().contains("hunter2"));
        }
    }

    #[tokio::test]
    async fn a_mailbox_that_is_not_there_or_busy_holds_up_no_other() {
        let slack = FakeSlack::start().await;
        let mut server = MailServer::start(&[]).await;
        let mut inn = inn(&slack, &plain(&server)).await;
        for mailbox in ["nobody", "later", "bob"] {
            mail_to(&inn, mailbox, "web is down", "Look at it.");
        }
        inn.serve().await;
        let mut came = [server.next().await, server.next().await].map(|mail| to(&mail).to_owned());
        came.sort();
        assert_eq!(came, ["bob@example.org", "later@example.org"]);
        let told = slack
            .await_post("that one is given up", |post| {
                post.channel_name == "#bot-logs" && post.text.contains("550")
            })
            .await;
        assert!(told.text.contains("nobody@example.org"), "{}", told.text);
    }

    #[tokio::test]
    async fn mail_waits_until_there_is_a_server() {
        let slack = FakeSlack::start().await;
        let mut server = MailServer::start(&[]).await;
        let mut inn = inn(&slack, "").await;
        mail_to(&inn, "bob", "web is down", "Look at it.");
        inn.serve().await;
        inn.await_log(&["there is no `[mail]`"]).await;
        let file = inn.path("innkeeper.toml");
        let written = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{written}\n{}\n", plain(&server))).unwrap();
        inn.sighup();
        assert_eq!(to(&server.next().await), "bob@example.org");
    }

    #[tokio::test]
    async fn the_plugin_for_mail_writes_to_the_address_of_a_user() {
        let slack = FakeSlack::start().await;
        let mut server = MailServer::start(&[]).await;
        let inn = Host::setup()
            .slack(&slack)
            .setting(&plain(&server))
            .plugin("mail", "")
            .start()
            .await;
        inn.cli(&["user", "add", "Ann", "--email", "ann@example.org"])
            .await
            .success();
        let test = ["alert", "test", "mail", "--user", "Ann", "--send"];
        inn.cli(&test).await.success();
        let mail = server.next().await;
        assert_eq!(to(&mail), "ann@example.org");
        let subject = mail["headers"]["subject"].as_str().unwrap();
        assert!(
            subject.contains("is error") || subject.contains("is critical"),
            "{subject}"
        );
        inn.cli(&["user", "set", "Ann", "mail", "address=night@example.org"])
            .await
            .success();
        inn.cli(&test).await.success();
        assert_eq!(to(&server.next().await), "night@example.org");
    }
}
