//! `innkeeper chat`: `say` as a conversation.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context;
use innkeeper_core::config::Config;

use super::Ended;
use super::client::Host;
use super::order::converse;
use super::show::Show;
use crate::trigger::cli::Order;

pub(super) async fn run(config: &Config) -> anyhow::Result<Ended> {
    let host = Host::find(config).await?;
    let at_a_terminal = std::io::stdin().is_terminal();
    if at_a_terminal {
        eprintln!("Type a command, `help`, or `bye`.");
    }
    let mut show = Show::new(false);
    loop {
        let line = tokio::select! {
            line = read_line(at_a_terminal) => line?,
            () = host.interrupted() => None,
        };
        let Some(line) = line else { break };
        let text = line.trim().to_owned();
        match text.as_str() {
            "" => {}
            "bye" | "exit" | "quit" => break,
            _ => {
                if let Err(error) = converse(&host, Order::Say { text }, &mut show).await {
                    eprintln!("innkeeper: {error:#}");
                }
            }
        }
    }
    host.leave().await?;
    Ok(Ended::Done)
}

/// The next line of stdin; none at its end.
async fn read_line(prompt: bool) -> anyhow::Result<Option<String>> {
    let read = move || -> std::io::Result<Option<String>> {
        if prompt {
            eprint!("> ");
            std::io::stderr().flush()?;
        }
        let mut line = String::new();
        let bytes = std::io::stdin().lock().read_line(&mut line)?;
        Ok((bytes > 0).then_some(line))
    };
    tokio::task::spawn_blocking(read).await?.context("stdin cannot be read")
}
