//! What a plugin wants sent, as deliveries of the outbox.

use innkeeper_core::alert::plugin::{Sending, SlackMessage, SlackPlace};
use innkeeper_core::message::{Address, Content, Mail, Message, NewDelivery};
use innkeeper_core::report::{Button, put_buttons_below};
use innkeeper_core::store::AlertCall;
use uuid::Uuid;

/// What ids of the messages of incidents are made in.
const INCIDENTS: Uuid = Uuid::from_u128(0x6d1a_8a0f_3c35_4c0e_9f5e_2b7d_41a6_c9d3);

/// What `call` gave. Each of several addressees gets a mail of their own: one that is refused is the only one.
pub(super) fn of(call: &AlertCall, sendings: Vec<Sending>) -> Vec<NewDelivery> {
    sendings.into_iter().flat_map(|sending| one(call, sending)).collect()
}

fn one(call: &AlertCall, sending: Sending) -> Vec<NewDelivery> {
    let (plugin, service) = (call.plugin.clone(), call.service.clone());
    let new = |address, content| NewDelivery {
        id: Uuid::now_v7(),
        address,
        content,
        run: None,
    };
    match sending {
        Sending::Slack(message) => vec![slack(call, message)],
        Sending::Http(request) => vec![new(Address::Http { plugin, service }, Content::Request(request))],
        Sending::Mail(mail) => {
            let to_each = mail.to.iter().map(|to| {
                let address = Address::Mail {
                    plugin: plugin.clone(),
                    service: service.clone(),
                    mailbox: to.clone(),
                };
                let to = vec![to.clone()];
                new(address, Content::Mail(Mail { to, ..mail.clone() }))
            });
            to_each.collect()
        }
    }
}

fn slack(call: &AlertCall, sent: SlackMessage) -> NewDelivery {
    let address = Address::slack_channel(sent.to.clone());
    let message = match sent.buttons {
        true => put_buttons_below(sent.message, &buttons(call)),
        false => sent.message,
    };
    let of = incident(call, &sent.to);
    match (sent.place, message) {
        (SlackPlace::Thread, Message::Post(post)) => NewDelivery {
            id: Uuid::now_v7(),
            address,
            content: Content::Reply { of, post },
            run: None,
        },
        (SlackPlace::Incident, message @ Message::Post(_)) => NewDelivery {
            id: of,
            ..NewDelivery::message(address, message, None)
        },
        (_, message) => NewDelivery::message(address, message, None),
    }
}

/// What people may do about a service: nothing, where it passes.
fn buttons(call: &AlertCall) -> Vec<Button> {
    let service = &call.service;
    if !call.alert.new.is_failing() {
        return Vec::new();
    }
    let acknowledge = match call.alert.acknowledged {
        None => Button::acknowledge(service),
        Some(_) => Button::unacknowledge(service),
    };
    vec![acknowledge, Button::silence(service, "1h")]
}

/// The id of the message of an incident in a channel: it is the same for each of its alerts.
fn incident(call: &AlertCall, channel: &str) -> Uuid {
    let AlertCall {
        plugin, service, alert, ..
    } = call;
    // A service that was taken out and put in again counts from one.
    let began = alert.began.as_micros();
    let name = format!("{plugin}\0{service}\0{channel}\0{began}\0{}", alert.incident);
    Uuid::new_v5(&INCIDENTS, name.as_bytes())
}
