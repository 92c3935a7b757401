//! Other people's clients, as `cargo xtask test` installs them.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::{guests, within};

/// Runs `tests/clients/slack/client.py` with Slack's own SDK: `verb` is what it does with `given`.
pub async fn slack_sdk(verb: &str, given: &Value) -> Value {
    let installed = std::fs::read_to_string(guests::tool_file("slack-sdk")).unwrap();
    let (python, packages) = installed
        .trim_end()
        .split_once('\n')
        .unwrap_or((installed.trim_end(), ""));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/slack/client.py");
    let mut client = Command::new(python)
        .arg(script)
        .arg(verb)
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(given.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = within("Slack's SDK", client.wait_with_output()).await.unwrap();
    assert!(output.status.success(), "Slack's SDK failed: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
