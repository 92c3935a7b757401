//! `innkeeper status`: reads the queue beside a running `serve` or without one.

use innkeeper_core::clock::{Clock, SystemClock};
use innkeeper_core::config::Config;
use innkeeper_core::store::Store;

use super::{Ended, print};
use crate::trigger::answers;

pub(super) async fn run(config: &Config, json: bool) -> anyhow::Result<Ended> {
    let store = Store::open_read_only(&config.data_dir)?;
    let status = store.status(SystemClock.now()).await?;
    if json {
        print(serde_json::to_string_pretty(&status)?)?;
        return Ok(Ended::Done);
    }
    print(answers::status(&status, &config.timezone))?;
    print(answers::outbox(&status))?;
    Ok(Ended::Done)
}
