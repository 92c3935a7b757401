//! Other people's clients and servers, as `cargo xtask test` installs them.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::{guests, within};

/// Runs `tests/clients/slack/client.py` with Slack's own SDK: `verb` is what it does with `given`.
pub async fn slack_sdk(verb: &str, given: &Value) -> Value {
    let mut client = python("slack-sdk", "slack/client.py")
        .arg(verb)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(given.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = within("Slack's SDK", client.wait_with_output()).await.unwrap();
    assert!(output.status.success(), "Slack's SDK failed: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A script of `tests/clients`, with the packages that were installed for it.
fn python(tool: &str, script: &str) -> Command {
    let installed = std::fs::read_to_string(guests::tool_file(tool)).unwrap();
    let (python, packages) = installed
        .trim_end()
        .split_once('\n')
        .unwrap_or((installed.trim_end(), ""));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
    let mut command = Command::new(python);
    command
        .arg(script)
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A mail server of the real world, `tests/clients/mail/server.py`. Dropped, it ends.
pub struct MailServer {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    mails: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl MailServer {
    /// Starts it; the script says what its arguments are.
    pub async fn start(arguments: &[&str]) -> Self {
        let mut process = python("aiosmtpd", "mail/server.py").args(arguments).spawn().unwrap();
        let mut mails = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = within("the mail server to listen", mails.next_line())
            .await
            .unwrap()
            .unwrap();
        Self {
            port: port.parse().unwrap(),
            mails,
            _process: process,
        }
    }

    /// The next mail that it takes.
    pub async fn next(&mut self) -> Value {
        let mail = within("a mail", self.mails.next_line()).await.unwrap();
        serde_json::from_str(&mail.expect("the mail server ended")).unwrap()
    }
}
