//! What goes wrong beside the runs is told to the logs channel, through the outbox.

use std::sync::Arc;

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::Clock;
use innkeeper_core::message::{Address, Message, NewDelivery, Post};
use innkeeper_core::store::Store;

use crate::bell::{Bells, lanes_of};
use crate::current::Current;
use crate::notices::Notices;

/// The channel where the host says what goes wrong with it.
pub(super) struct LogsChannel {
    /// Where none is configured, nobody is told: it is in the log.
    pub(super) current: Current,
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bells: Bells,
}

impl Notices for LogsChannel {
    fn tell(&self, text: String) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let config = self.current.get();
            let Some(channel) = &config.slack.logs_channel else {
                return Ok(());
            };
            let message = Message::Post(Post::text(text));
            let deliveries = vec![NewDelivery::message(Address::slack_channel(channel), message, None)];
            let lanes = lanes_of(&deliveries);
            self.store.append(deliveries, self.clock.now()).await?;
            self.bells.ring_outbox(lanes);
            Ok(())
        })
    }
}
