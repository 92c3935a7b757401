//! The smallest alert plugin: a direct message in Slack for everybody who is told. The tutorial walks through it.
//!
//! ```toml
//! [plugins.skeleton]
//! component = "workspace/demo/alert-skeleton.wasm"
//! ```

use innkeeper_guest::alert::{Alert, Deliveries, Delivery, Metadata, Plugin};
use innkeeper_guest::{Result, alert_plugin, escape};

struct Skeleton;

#[alert_plugin]
impl Plugin for Skeleton {
    fn describe() -> Metadata {
        Metadata::new("Skeleton", "Writes a direct message in Slack")
    }

    fn send_alert(alert: Alert) -> Result<Deliveries> {
        let text = escape(&alert.summary());
        let people = alert.users.iter().filter_map(|user| user.slack.as_deref());
        people.map(|id| Delivery::slack(id, text.as_str())).collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn everybody_with_an_id_in_slack_gets_a_message() {
        let mut alert = Alert::for_test();
        alert.users[1].slack = None;
        let deliveries = Skeleton::send_alert(alert).unwrap();
        assert_eq!(deliveries.len(), 1);
        let message = deliveries[0].as_slack().unwrap();
        assert_eq!(message.to, "UANN");
        assert!(
            message.text().starts_with("The web site is critical\n"),
            "{}",
            message.text()
        );
    }
}
