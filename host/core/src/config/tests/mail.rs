//! What is said about the mail server: what becomes of it, and what is wrong with it.

use std::time::Duration;

use super::World;
use crate::config::{MailSecurity, MailServer};

fn with(lines: &str) -> World {
    World::demo(&format!("[mail]\n{lines}"), "")
}

fn titles(lines: &str) -> String {
    let problems = with(lines).load().unwrap_err();
    problems
        .iter()
        .map(|problem| problem.title())
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn a_server_who_asks_it_and_who_the_mail_is_from() {
    let config = with(
        "smtp = 'smtps://smtp.example.com'\nusername = 'inn'\npassword_secret = 'MAIL_PASSWORD'\n\
         from = 'Innkeeper <inn@example.com>'\ntimeout = '5s'\n",
    )
    .config();
    let expected = MailServer {
        host: "smtp.example.com".into(),
        port: 465,
        security: MailSecurity::Tls,
        login: Some(("inn".into(), "MAIL_PASSWORD".into())),
        from: "Innkeeper <inn@example.com>".into(),
        timeout: Duration::from_secs(5),
    };
    assert_eq!(config.mail, Some(expected));
    assert!(config.webhook_secrets.contains("MAIL_PASSWORD"), "no job sees it");
    assert_eq!(World::demo("", "").config().mail, None);
}

#[test]
fn tls_is_what_goes_without_saying() {
    let security = |lines: &str| {
        let mail = with(&format!("{lines}\nfrom = 'inn@example.com'\n"))
            .config()
            .mail
            .unwrap();
        (mail.host, mail.port, mail.security)
    };
    let host = |host: &str, port, security| (host.to_owned(), port, security);
    assert_eq!(
        security("smtp = 'smtp://a.example:2525'"),
        host("a.example", 2525, MailSecurity::StartTls)
    );
    assert_eq!(
        security("smtp = 'smtp://a.example'"),
        host("a.example", 587, MailSecurity::StartTls)
    );
    assert_eq!(
        security("smtp = 'smtp://127.0.0.1'\nstarttls = false\nusername = 'a'\npassword_secret = 'B'"),
        host("127.0.0.1", 25, MailSecurity::None)
    );
    assert_eq!(
        security("smtp = 'smtps://[::1]:4650'"),
        host("::1", 4650, MailSecurity::Tls)
    );
}

#[test]
fn what_is_wrong_is_said() {
    let from = "from = 'inn@example.com'\n";
    for smtp in [
        "smtp.example.com",
        "https://a.example",
        "smtps://u:p@a.example",
        "smtps://",
        "smtp://a.example/x",
        "smtp://a:0x",
    ] {
        let said = titles(&format!("smtp = '{smtp}'\n{from}"));
        assert_eq!(said, format!("`{smtp}` is no mail server"));
    }
    let smtp = "smtp = 'smtp://a.example'\n";
    for wrong in [
        "inn",
        "inn@",
        "a@b@c",
        "Inn <inn@example.com",
        "inn@example.com, b@example.com",
        "a@b\\nBcc: c@d",
    ] {
        let said = titles(&format!("{smtp}from = \"{wrong}\"\n"));
        assert!(said.ends_with("is no address for mail"), "{wrong}: {said}");
    }
    assert_eq!(
        titles(&format!("{smtp}{from}username = 'a'")),
        "`[mail]` lacks `password_secret`"
    );
    assert_eq!(
        titles(&format!("{smtp}{from}password_secret = 'A'")),
        "`[mail]` lacks `username`"
    );
    assert_eq!(
        titles(&format!("{smtp}{from}username = 'a'\npassword_secret = 'hunter 2'")),
        "`password_secret` is not the name of an environment variable"
    );
    assert_eq!(
        titles(&format!(
            "{smtp}{from}starttls = false\nusername = 'a'\npassword_secret = 'A'"
        )),
        "a password without TLS"
    );
    assert_eq!(
        titles(&format!("smtp = 'smtps://a.example'\n{from}starttls = false")),
        "`starttls` with `smtps://`"
    );
    assert_eq!(titles(&format!("{smtp}{from}timeout = '2m'")), "`timeout` is too long");
    assert_eq!(titles(smtp), "`[mail]` has no `from`");
}
