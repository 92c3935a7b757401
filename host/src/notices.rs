//! How a part of the house tells whoever runs it what goes wrong beside the runs, and what works again.

use innkeeper_core::BoxFuture;

/// Tells whoever runs the host what goes wrong beside the runs, and what works again.
pub trait Notices: Send + Sync {
    /// Tells it, in Slack's mrkdwn. When this returns Ok, it will be told whatever happens to the host.
    fn tell(&self, text: String) -> BoxFuture<'_, anyhow::Result<()>>;
}

/// Nobody is told: it is in the log.
impl Notices for () {
    fn tell(&self, _: String) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
