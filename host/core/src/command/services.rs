//! The words about services: what they are, who is on them, and who is not to be disturbed.

use super::Understood;
use super::words::Words;
use crate::request::Arguments;

/// What somebody says to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceOrder {
    /// That they are on it.
    Acknowledge,
    /// That nobody is any more.
    Withdraw,
    /// That nobody is to be told of it for a while: `end_time` or `duration`, to be read as a suppression's.
    Silence(Arguments),
    /// That they may be told again.
    Unsilence,
}

/// Reads a text whose first words are these, where it is about services.
pub(super) fn read(plain: &[&str], words: &Words<'_>) -> Option<Understood> {
    let tell = |service: &str, order| {
        Some(Understood::Tell {
            service: service.to_owned(),
            order,
        })
    };
    let silence = |service, parameter: &str, from| {
        let until = [(parameter, words.text_from(from).to_owned())].into_iter().collect();
        tell(service, ServiceOrder::Silence(until))
    };
    let refused = |why: &str| Some(Understood::Refused(why.to_owned()));
    match plain {
        ["services"] => Some(Understood::Services),
        ["service", name] => Some(Understood::Service((*name).to_owned())),
        ["on", "call"] | ["on-call"] => Some(Understood::OnCall),
        ["ack", name] => tell(name, ServiceOrder::Acknowledge),
        ["unack", name] => tell(name, ServiceOrder::Withdraw),
        ["silence", name, "until", _, ..] => silence(name, "end_time", 3),
        ["silence", name, "for", _, ..] => silence(name, "duration", 3),
        ["silence", name, _, ..] => silence(name, "duration", 2),
        ["unsilence", name] => tell(name, ServiceOrder::Unsilence),
        ["service"] => refused("Say which service: `service web`. `services` lists them."),
        ["ack"] => refused("Say which service you are on: `ack web`. `services` lists them."),
        ["unack"] => refused("Say which service nobody is on any more: `unack web`. `services` lists them."),
        ["silence"] | ["silence", _] => refused(
            "Say which service, and for how long: `silence web 2h`, or `silence web until 18:00`. `services` lists them.",
        ),
        ["unsilence"] => refused("Say which service: `unsilence web`. `services` lists them."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test that cannot go on fails")]

    use super::super::catalogue::Catalogue;
    use super::super::interpret::{interpret, tests::catalogue};
    use super::*;

    fn said(text: &str) -> String {
        match interpret(text, &catalogue()) {
            Understood::Tell { service, order } => match order {
                ServiceOrder::Silence(until) => format!("silence {service} {:?}", until.0),
                order => format!("{order:?} {service}"),
            },
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_is_said_of_services_is_understood() {
        let all = [
            "services",
            "service web.",
            "on call",
            "on-call",
            "ack web",
            " unack  web ",
            "silence web 2h",
            "silence web for 1 day 6h",
            "silence web until 18:00",
            "silence web until 2026-12-24 at 18:00.",
            "unsilence web",
        ];
        let understood: Vec<String> = all.into_iter().map(said).collect();
        insta::assert_snapshot!(understood.join("\n"), @r#"
        Services
        Service("web")
        OnCall
        OnCall
        Acknowledge web
        Withdraw web
        silence web [("duration", "2h")]
        silence web [("duration", "1 day 6h")]
        silence web [("end_time", "18:00")]
        silence web [("end_time", "2026-12-24 at 18:00")]
        Unsilence web
        "#);
    }

    #[test]
    fn what_lacks_something_is_answered_with_how_it_is_said() {
        for text in ["service", "ack", "unack", "silence", "silence web", "unsilence"] {
            assert!(
                matches!(interpret(text, &catalogue()), Understood::Refused(_)),
                "{text}"
            );
        }
        for text in [
            "services of mine",
            "service web now",
            "ack web now",
            "on calls",
            "Ack web",
        ] {
            let understood = interpret(text, &catalogue());
            assert!(
                matches!(understood, Understood::NotUnderstood { .. }),
                "{text}: {understood:?}"
            );
        }
    }

    #[test]
    fn slips_are_answered_with_these_words_where_there_are_services() {
        let near = |text: &str, catalogue: &Catalogue| match interpret(text, catalogue) {
            Understood::NotUnderstood { nearest } => nearest,
            other => panic!("{other:?}"),
        };
        let with = catalogue().with_services(true);
        assert_eq!(near("servces", &with), ["services"]);
        assert_eq!(near("akc web", &with), ["ack [service]"]);
        assert_eq!(near("oncall", &catalogue()), [""; 0]);
    }
}
