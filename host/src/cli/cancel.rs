//! `innkeeper cancel`: a request that has not started does not start.

use innkeeper_core::config::Config;
use innkeeper_core::request::RequestId;
use innkeeper_core::store::Cancel;

use super::Ended;
use super::client::Host;

pub(super) async fn run(config: &Config, request: RequestId) -> anyhow::Result<Ended> {
    let host = Host::find(config).await?;
    let (ended, said) = match host.cancel(request).await? {
        Cancel::Cancelled { .. } => (Ended::Done, format!("request {request} is cancelled")),
        Cancel::Running { .. } => (
            Ended::Failed,
            format!("request {request} runs already; it cannot be cancelled"),
        ),
        Cancel::Ended => (Ended::Failed, format!("request {request} has ended already")),
        Cancel::Unknown => (
            Ended::Failed,
            format!("there is no request {request}; see `innkeeper status`"),
        ),
    };
    eprintln!("{said}");
    host.leave().await?;
    Ok(ended)
}
