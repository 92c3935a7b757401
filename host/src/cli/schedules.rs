//! `innkeeper schedules`: what the clock starts next, by the configuration alone.

use innkeeper_core::clock::{Clock, SystemClock};
use innkeeper_core::config::Config;
use innkeeper_core::schedule::{listing, views};

use super::{Ended, print};

pub(super) fn run(config: &Config, json: bool) -> anyhow::Result<Ended> {
    let views = views(config, SystemClock.now());
    if json {
        print(serde_json::to_string_pretty(&views)?)?;
    } else {
        print(listing(&views, &config.timezone))?;
    }
    Ok(Ended::Done)
}
