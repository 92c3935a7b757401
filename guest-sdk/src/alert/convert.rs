//! The host's types and the author's, both ways. Every case and field is named, so that a change of `wit/` does not
//! compile until it is dealt with.

use super::{
    Acknowledgement, Alert, BasicAuth, Check, Deliveries, Delivery, Field, FieldKind, HttpRequest, Importance, Kind,
    Mail, Metadata, Service, Signature, SlackMessage, SlackPlace, Status, User, UserFields,
};
use crate::bindings::alerting as wit;
use crate::convert::time;

// What comes from the host.

impl From<wit::Alert> for Alert {
    fn from(alert: wit::Alert) -> Self {
        let wit::Alert {
            id,
            kind,
            at,
            incident,
            test,
            service,
            users,
            duty_officers,
            settings,
            extra,
        } = alert;
        Self {
            id,
            kind: kind.into(),
            at: time(at),
            incident,
            test,
            service: service.into(),
            users: users.into_iter().map(Into::into).collect(),
            duty_officers: duty_officers.into_iter().map(Into::into).collect(),
            settings: settings.into_iter().collect(),
            extra,
        }
    }
}

impl From<wit::Service> for Service {
    fn from(service: wit::Service) -> Self {
        let wit::Service {
            name,
            title,
            url,
            runbook,
            before,
            now,
            since,
            checks,
            acknowledgement,
            extra,
        } = service;
        Self {
            name,
            title,
            url,
            runbook,
            before: before.into(),
            now: now.into(),
            since: time(since),
            checks: checks.into_iter().map(Into::into).collect(),
            acknowledgement: acknowledgement.map(Into::into),
            extra,
        }
    }
}

impl From<wit::Check> for Check {
    fn from(check: wit::Check) -> Self {
        let wit::Check {
            name,
            importance,
            passing,
            run,
            output,
            extra,
        } = check;
        Self {
            name,
            importance: importance.into(),
            passing,
            run,
            output,
            extra,
        }
    }
}

impl From<wit::Acknowledgement> for Acknowledgement {
    fn from(acknowledgement: wit::Acknowledgement) -> Self {
        let wit::Acknowledgement { by, at, until, extra } = acknowledgement;
        Self {
            by,
            at: time(at),
            until: time(until),
            extra,
        }
    }
}

impl From<wit::User> for User {
    fn from(user: wit::User) -> Self {
        let wit::User {
            name,
            email,
            slack,
            fields,
            extra,
        } = user;
        Self {
            name,
            email,
            slack,
            fields: fields.into_iter().collect(),
            extra,
        }
    }
}

/// Enums with the same cases on both sides.
macro_rules! same_cases {
    ($($name:ident { $($case:ident),* $(,)? })*) => {
        $(impl From<wit::$name> for $name {
            fn from(from: wit::$name) -> Self {
                match from {
                    $(wit::$name::$case => Self::$case,)*
                }
            }
        })*
    };
}

same_cases! {
    Kind { Failing, Again, Worse, Recovered, Update }
    Status { Passing, Warning, Error, Critical, Acknowledged }
    Importance { Warning, Error, Critical }
}

// What goes to the host. `extra` is empty: it refuses names that it does not know.

impl From<Metadata> for wit::Metadata {
    fn from(metadata: Metadata) -> Self {
        let Metadata {
            name,
            author,
            version,
            description,
            wants_updates,
            settings,
        } = metadata;
        Self {
            name,
            author,
            version,
            description,
            wants_updates,
            settings: settings.into_iter().map(Into::into).collect(),
            extra: Vec::new(),
        }
    }
}

impl From<UserFields> for wit::UserFields {
    fn from(user_fields: UserFields) -> Self {
        let UserFields { title, fields } = user_fields;
        Self {
            title,
            fields: fields.into_iter().map(Into::into).collect(),
            extra: Vec::new(),
        }
    }
}

impl From<Field> for wit::Field {
    fn from(field: Field) -> Self {
        let Field {
            name,
            label,
            kind,
            max_length,
            optional,
            secret,
            default,
        } = field;
        Self {
            name,
            label,
            kind: match kind {
                FieldKind::Text => wit::FieldKind::Text,
                FieldKind::Number => wit::FieldKind::Number,
                FieldKind::Boolean => wit::FieldKind::Boolean,
            },
            max_length,
            optional,
            secret,
            default,
            extra: Vec::new(),
        }
    }
}

impl From<Deliveries> for Vec<wit::Delivery> {
    fn from(deliveries: Deliveries) -> Self {
        deliveries.into_iter().map(Into::into).collect()
    }
}

impl From<Delivery> for wit::Delivery {
    fn from(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Slack(message) => Self::Slack(message.into()),
            Delivery::Http(request) => Self::Http(request.into()),
            Delivery::Mail(mail) => Self::Mail(mail.into()),
        }
    }
}

impl From<SlackMessage> for wit::SlackMessage {
    fn from(message: SlackMessage) -> Self {
        let SlackMessage {
            to,
            message,
            place,
            buttons,
        } = message;
        Self {
            to,
            message: message.into(),
            place: match place {
                SlackPlace::Alone => wit::SlackPlace::Alone,
                SlackPlace::Incident => wit::SlackPlace::Incident,
                SlackPlace::Thread => wit::SlackPlace::Thread,
            },
            buttons,
            extra: Vec::new(),
        }
    }
}

impl From<HttpRequest> for wit::HttpRequest {
    fn from(request: HttpRequest) -> Self {
        let HttpRequest {
            method,
            url,
            headers,
            body,
            idempotency_key,
            basic_auth,
            signature,
        } = request;
        Self {
            method,
            url,
            headers,
            body,
            idempotency_key,
            basic_auth: basic_auth.map(|BasicAuth { user, password }| wit::BasicAuth { user, password }),
            signature: signature.map(|Signature::StandardWebhooks(secret)| wit::Signature::StandardWebhooks(secret)),
            extra: Vec::new(),
        }
    }
}

impl From<Mail> for wit::Mail {
    fn from(mail: Mail) -> Self {
        let Mail { to, subject, text } = mail;
        Self {
            to,
            subject,
            text,
            extra: Vec::new(),
        }
    }
}
