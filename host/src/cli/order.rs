//! `innkeeper say` and `innkeeper run`: one order, and everything that comes of it.

use innkeeper_core::config::Config;
use innkeeper_core::request::Arguments;

use super::Ended;
use super::client::Host;
use super::show::Show;
use crate::deliver::terminal::Event;
use crate::trigger::cli::Order;

pub(super) fn job(namespace: String, job: String, arguments: Vec<(String, String)>) -> Order {
    Order::Run {
        namespace,
        job,
        arguments: Arguments(arguments),
    }
}

pub(super) async fn say(config: &Config, text: String, json: bool) -> anyhow::Result<Ended> {
    give(config, Order::Say { text }, json).await
}

pub(super) async fn give(config: &Config, order: Order, json: bool) -> anyhow::Result<Ended> {
    let host = Host::find(config).await?;
    let ended = converse(&host, order, &mut Show::new(json)).await?;
    host.leave().await?;
    Ok(ended)
}

/// Gives one order and shows what comes of it, to its end.
pub(super) async fn converse(host: &Host, order: Order, show: &mut Show) -> anyhow::Result<Ended> {
    let mut events = host.give(order).await?;
    let (mut ended, mut open, mut messages_due) = (Ended::Done, Vec::new(), 0_i64);
    while let Some(event) = show.wait_for(events.next()).await? {
        match &event {
            Event::Accepted {
                requests,
                answered,
                refused,
                suppressed_until: _,
            } => {
                open.clone_from(requests);
                messages_due += i64::from(*answered);
                if *refused {
                    ended = Ended::Misused;
                }
            }
            Event::Ended {
                request,
                ending,
                reported,
                ..
            } => {
                open.retain(|open| open != request);
                messages_due += i64::from(*reported);
                if !ending.is_success() {
                    ended = Ended::Failed;
                }
            }
            Event::Cancelled { request } => {
                open.retain(|open| open != request);
                ended = Ended::Failed;
            }
            Event::Message { .. } => messages_due -= 1,
            Event::Started { .. } | Event::Progress { .. } => {}
        }
        show.event(event)?;
    }
    if !open.is_empty() || messages_due > 0 {
        eprintln!("innkeeper: it is over before its report came; see `innkeeper status`");
        ended = Ended::Failed;
    }
    Ok(ended)
}
