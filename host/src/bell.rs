//! How one part tells another that there is work: the dispatcher, the outbox and who calls alert plugins sleep until they are
//! rung or until the next thing is due, and never poll. A ring carries no data; what there is to do stands in the store.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::message::NewDelivery;
use tokio::sync::{Notify, mpsc};

/// The bells of the house.
#[derive(Clone, Debug)]
pub struct Bells {
    queue: Arc<Notify>,
    alerts: Arc<Notify>,
    outbox: mpsc::UnboundedSender<String>,
}

impl Bells {
    /// New bells, and where the outbox hears in which lanes there is work.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<String>) {
        let (outbox, lanes) = mpsc::unbounded_channel();
        (
            Self {
                queue: Arc::default(),
                alerts: Arc::default(),
                outbox,
            },
            lanes,
        )
    }

    /// Tells the dispatcher that a request came or went, or that a run ended.
    pub fn ring_queue(&self) {
        self.queue.notify_one();
    }

    /// Waits until the dispatcher is rung. A ring while nobody waited is kept.
    pub async fn queue_rung(&self) {
        self.queue.notified().await;
    }

    /// Tells who calls plugins that a service was told something: by the end of a check, or by somebody.
    pub fn ring_alerts(&self) {
        self.alerts.notify_one();
    }

    /// Waits until somebody rings about alerts. A ring while nobody waited is kept.
    pub async fn alerts_rung(&self) {
        self.alerts.notified().await;
    }

    /// Tells the outbox that these lanes have work.
    pub fn ring_outbox(&self, lanes: impl IntoIterator<Item = String>) {
        for lane in lanes {
            // The sender has gone at shutdown; what is in the store is sent after the next start.
            let _ = self.outbox.send(lane);
        }
    }
}

/// Sleeps for as long as there is nothing to do. None: until whoever sleeps is rung, which is another's to wait for.
pub async fn rest(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

/// The lanes that deliveries are about to be put in, each once.
pub fn lanes_of(deliveries: &[NewDelivery]) -> Vec<String> {
    let mut lanes: Vec<String> = deliveries.iter().map(|delivery| delivery.address.lane()).collect();
    lanes.sort_unstable();
    lanes.dedup();
    lanes
}
