//! Alert plugins: what happened to a service, turned into messages, requests and mails that the host sends.
//!
//! ```
//! use innkeeper_guest::alert::{Alert, Deliveries, Delivery, Field, Metadata, Plugin, UserFields};
//! use innkeeper_guest::{Result, alert_plugin, json};
//!
//! struct Pager;
//!
//! #[alert_plugin]
//! impl Plugin for Pager {
//!     fn describe() -> Metadata {
//!         Metadata::new("Pager", "Sends a text message").setting(Field::text("token", "API token").secret())
//!     }
//!
//!     fn user_fields() -> Option<UserFields> {
//!         Some(UserFields::new("Pager").field(Field::text("phone", "Mobile telephone").max_length(20).optional()))
//!     }
//!
//!     fn send_alert(alert: Alert) -> Result<Deliveries> {
//!         let token = alert.settings.require("token")?;
//!         let phones = alert.duty_officers.iter().filter_map(|user| user.fields.get("phone"));
//!         let message = |phone| {
//!             let body = json::json!({ "to": phone, "text": alert.headline() });
//!             Delivery::http("https://sms.example/v1/messages").bearer(token).idempotency_key("Idempotency-Key").json(&body)
//!         };
//!         phones.map(message).collect()
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let alert = Alert::for_test().secret("token").officer_field("phone", "+44 20 7946 0000");
//! let deliveries = Pager::send_alert(alert)?;
//! let request = deliveries[0].as_http().unwrap();
//! assert_eq!(request.header_value("authorization"), Some("Bearer {{secret:token}}"));
//! assert_eq!(request.body_json()?["text"], "The web site is critical");
//! # Ok(())
//! # }
//! ```
//!
//! A plugin decides nothing about when: it is called once for each thing that is to be told, and returns what is to be sent.
//! The host keeps that before it sends any of it, sends it again until it arrives, and calls the plugin again after a failure
//! only. So a plugin is a function without a memory, and is tested like one.
//!
//! # Secrets
//!
//! A plugin never sees one. The value of a secret setting or field is a placeholder, `{{secret:token}}`: put it where the
//! secret belongs, in an HTTP request's address (not its host), a header, the body or [`HttpRequest::basic_auth`]. The
//! host fills it in as it sends the request. It is filled into nothing else, so do not encode it, cut it or compare it.

mod about;
#[cfg(target_family = "wasm")]
pub(crate) mod convert;
mod delivery;
mod told;
mod values;

pub use about::{Field, FieldKind, Metadata, UserFields};
pub use delivery::{BasicAuth, Deliveries, Delivery, HttpRequest, Mail, Signature, SlackMessage, SlackPlace};
pub use told::{Acknowledgement, Alert, Check, Importance, Kind, Service, Status, User};
pub use values::Values;

use crate::Result;

/// An alert plugin. [`alert_plugin`](crate::alert_plugin) before the `impl` makes a component of it.
pub trait Plugin {
    /// What it is. Always the same.
    fn describe() -> Metadata;

    /// What it wants to know of each person. Always the same.
    fn user_fields() -> Option<UserFields> {
        None
    }

    /// What is to be sent because of this. Nothing is fine.
    ///
    /// # Errors
    /// Why not. The plugin is called again later, and whoever runs the host is told if that goes on.
    fn send_alert(alert: Alert) -> Result<Deliveries>;
}

#[cfg(test)]
mod tests;
